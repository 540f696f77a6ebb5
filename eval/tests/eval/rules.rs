//! Rules that a choice breaks, and conflicts between those who choose.

use expect_test::{Expect, expect};

use crate::common::{Fixture, show_options};

fn check(files: &str, wishes: &[&str], expected: Expect) {
    expected.assert_eq(&show_options(&Fixture::new(files, wishes).run()));
}

const CURL: &str = r#"
//- /r/curl.kiln
recipe curl
version = 8
include unix
step build = sh"""true"""
feature http3 = off
feature ldap = off
knob tls: enum { openssl, gnutls } = openssl
knob jobs: Int(1..=100) = 4 join max
knob sets: Set<enum { a, b, c }> = {a}
conflict http3 & tls != openssl "HTTP/3 needs the QUIC API of OpenSSL"
require !ldap | tls == gnutls "LDAP goes with gnutls"
unavailable when platform.os == windows "use the built-in one"
//- /r/one.kiln
recipe one
version = 1
include unix
step build = sh"""true"""
host curl[http3, jobs = 10, sets += b]
//- /r/two.kiln
recipe two
version = 1
include unix
step build = sh"""true"""
host curl[tls = gnutls, jobs = 20, sets += c]
//- /r/three.kiln
recipe three
version = 1
include unix
step build = sh"""true"""
host curl[~http3, sets -= b]
"#;

#[test]
fn a_broken_conflict_names_both_sides() {
    check(
        CURL,
        &["curl[http3, tls = gnutls]"],
        expect![[r#"
            error[conflict]: `curl` cannot be built like this: HTTP/3 needs the QUIC API of OpenSSL
              /r/curl.kiln:10 `conflict http3 & tls != openssl "HTTP/3 needs the QUIC API of OpenSSL"`
              command line:1 `http3`: `http3` is on: command line
              command line:1 `tls = gnutls`: `tls` is gnutls: command line
              help: with `curl[~http3]` there is a solution
              help: with `curl[tls = openssl]` there is a solution
        "#]],
    );
}

#[test]
fn a_broken_requirement_says_why() {
    check(
        CURL,
        &["curl[ldap]"],
        expect![[r#"
            error[conflict]: `curl` cannot be built like this: LDAP goes with gnutls
              /r/curl.kiln:11 `require !ldap | tls == gnutls "LDAP goes with gnutls"`
              command line:1 `ldap`: `ldap` is on: command line
              /r/curl.kiln:7 `tls`: `tls` is openssl by default
              help: with `curl[~ldap]` there is a solution
              help: with `curl[tls = gnutls]` there is a solution
        "#]],
    );
}

#[test]
fn needs_join_as_their_options_say() {
    check(
        CURL,
        &["one"],
        expect![[r#"
        curl 8
          http3 = on (needed)
            default: = off (overruled)
            needed by one 1: = on
          ldap = off (default)
          tls = openssl (default)
          jobs = 10 (needed)
            default: = 4 (overruled)
            needed by one 1: = 10
          sets = {a, b} (needed)
            default: = {a}
            needed by one 1: +b
        one 1
    "#]],
    );
    check(
        CURL,
        &["two"],
        expect![[r#"
        curl 8
          http3 = off (default)
          ldap = off (default)
          tls = gnutls (needed)
            default: = openssl (overruled)
            needed by two 1: = gnutls
          jobs = 20 (needed)
            default: = 4 (overruled)
            needed by two 1: = 20
          sets = {a, c} (needed)
            default: = {a}
            needed by two 1: +c
        two 1
    "#]],
    );
}

#[test]
fn needs_that_break_a_rule_together_are_a_conflict() {
    check(
        CURL,
        &["one", "two"],
        expect![[r#"
            error[conflict]: `curl` cannot be built like this: HTTP/3 needs the QUIC API of OpenSSL
              /r/curl.kiln:10 `conflict http3 & tls != openssl "HTTP/3 needs the QUIC API of OpenSSL"`
              /r/one.kiln:5 `http3`: `http3` is on: needed by one 1
              /r/two.kiln:5 `tls = gnutls`: `tls` is gnutls: needed by two 1
              help: `curl` is needed by one 1
        "#]],
    );
}

#[test]
fn one_needs_what_another_refuses() {
    check(
        CURL,
        &["one", "three"],
        expect![[r#"
            error[conflict]: one 1 needs `curl` with `http3`, three 1 needs it without `http3`
              /r/three.kiln:5 `~http3`
              /r/one.kiln:5 `http3`: with `http3`, by one 1
              help: there is one `curl` for both; do without one of them, or configure it otherwise
            error[conflict]: one 1 needs `curl` with `b`, three 1 needs it without `b`
              /r/three.kiln:5 `sets -= b`
              /r/one.kiln:5 `sets += b`: with `b`, by one 1
              help: there is one `curl` for both; do without one of them, or configure it otherwise
        "#]],
    );
}

#[test]
fn what_a_layer_fixes_is_not_changed_by_a_need() {
    check(
        &format!(
            "{CURL}\n//- /project.kiln\nproject\ncurl {{ http3 = off; sets = {{a}}; jobs = 5 }}\n"
        ),
        &["one"],
        expect![[r#"
            error[conflict]: one 1 needs `curl[http3]`, but `http3` is fixed to off
              /r/one.kiln:5 `http3`
              /project.kiln:2 `http3 = off`: fixed here: project
              help: to allow it, set `http3 = on` there
              help: or do without one 1
              help: `curl[http3]` ends this conflict
            error[conflict]: one 1 needs `curl[jobs = 10]`, but `jobs` is fixed to 5
              /r/one.kiln:5 `jobs = 10`
              /project.kiln:2 `jobs = 5`: fixed here: project
              help: to allow it, set `jobs = 10` there
              help: or do without one 1
              help: `curl[jobs = 10]` ends this conflict
            error[conflict]: one 1 needs `curl[b]`, but `b` is fixed out of `sets`
              /r/one.kiln:5 `sets += b`
              /project.kiln:2 `sets = {a}`: fixed here: project
              help: `sets += …` in place of `=` sets only what it names, and leaves `b` to others
              help: to allow it, set `sets = {a, b}` there
              help: or do without one 1
              help: `curl[sets += b]` ends this conflict
        "#]],
    );
    // Fixing more than is asked is enough.
    check(
        &format!("{CURL}\n//- /project.kiln\nproject\ncurl {{ jobs = 50 }}\n"),
        &["one"],
        expect![[r#"
            curl 8
              http3 = on (needed)
                default: = off (overruled)
                needed by one 1: = on
              ldap = off (default)
              tls = openssl (default)
              jobs = 50 (fixed)
                default: = 4 (overruled)
                project: = 50
                needed by one 1: = 10 (overruled)
              sets = {a, b} (needed)
                default: = {a}
                needed by one 1: +b
            one 1
        "#]],
    );
}

#[test]
fn a_policy_cannot_be_overruled() {
    let project =
        "\n//- /project.kiln\nproject\npolicy curl[http3, ~ldap] \"site rule 12\"\nwant curl\n";
    check(
        &format!("{CURL}{project}"),
        &["curl"],
        expect![[r#"
        curl 8
          http3 = on (needed)
            default: = off (overruled)
            policy: = on
          ldap = off (default)
            default: = off
            policy: = off
          tls = openssl (default)
          jobs = 4 (default)
          sets = {a} (default)
    "#]],
    );
    check(
        &format!("{CURL}{project}"),
        &["curl[~http3]"],
        expect![[r#"
            error[conflict]: the project's policy (site rule 12) demands `curl[http3]`, but `http3` is fixed to off
              /project.kiln:2 `http3`
              command line:1 `~http3`: fixed here: command line
              help: to allow it, set `http3 = on` there
              help: with `curl[http3]` there is a solution
        "#]],
    );
}

#[test]
fn a_need_placed_through_a_dependent_does_not_bring_the_package() {
    check(
        CURL,
        &["one[curl.jobs = 40]"],
        expect![[r#"
        curl 8
          http3 = on (needed)
            default: = off (overruled)
            needed by one 1: = on
          ldap = off (default)
          tls = openssl (default)
          jobs = 40 (needed)
            default: = 4 (overruled)
            needed by command line: = 40
            needed by one 1: = 10 (overruled)
          sets = {a, b} (needed)
            default: = {a}
            needed by one 1: +b
        one 1
    "#]],
    );
}

#[test]
fn an_overlay_can_take_a_package_away() {
    check(
        &format!("{CURL}\n//- /project.kiln\nproject\ncurl unavailable \"we have our own\"\n"),
        &["one"],
        expect![[r#"
            error[unavailable]: `curl` is not available: we have our own
              /project.kiln:2 `unavailable "we have our own"`
              /r/one.kiln:5 `host curl[http3, jobs = 10, sets += b]`: needed by one 1
        "#]],
    );
}

#[test]
fn versions_that_exclude_each_other_are_named_with_who_asks() {
    let files = r#"
//- /r/lib.kiln
recipe lib
versions { 2.1 {}; 2.0 {}; 1.9 {} }
include unix
step build = sh"""true"""
//- /r/old.kiln
recipe old
version = 1
include unix
step build = sh"""true"""
host lib < 2
//- /r/new.kiln
recipe new
version = 1
include unix
step build = sh"""true"""
host lib >= 2
//- /r/mid.kiln
recipe mid
version = 1
include unix
step build = sh"""true"""
host lib <= 2.0
"#;
    check(
        files,
        &["new", "mid"],
        expect![[r#"
            lib 2.0
              version: needed by mid 1 `host lib <= 2.0`
              version: needed by new 1 `host lib >= 2`
            mid 1
            new 1
        "#]],
    );
    check(
        files,
        &["old", "new"],
        expect![[r#"
            error[conflict]: no version of `lib` is < 2 and >= 2
              /r/new.kiln:5 `host lib >= 2`
              /r/old.kiln:5 `host lib < 2`: old 1 asks for < 2
              help: the recipe has `2.1`, `2.0` and `1.9`
        "#]],
    );
    check(
        &format!("{files}\n//- /project.kiln\nproject\nlib {{ version = 2.1 }}\n"),
        &["old"],
        expect![[r#"
            error[conflict]: old 1 needs `lib` < 2, but the project fixes version 2.1
              /r/old.kiln:5 `host lib < 2`
              /project.kiln:2 `version = 2.1`: fixed here
              help: change one of the two
        "#]],
    );
}

#[test]
fn packages_that_decide_each_other_without_end_are_named() {
    let files = r#"
//- /r/a.kiln
recipe a
version = 1
include unix
step build = sh"""true"""
feature x = off
run b[y] when !x
//- /r/b.kiln
recipe b
version = 1
include unix
step build = sh"""true"""
feature y = off
run a[x] when y
"#;
    check(
        files,
        &["a", "b"],
        expect![[r#"
        error[conflict]: these packages decide each other, and no choice satisfies all: `a`, `b`
          command line:1 `a`
          help: set an option of one of them, so that it does not depend on the others
    "#]],
    );
}
