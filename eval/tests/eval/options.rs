//! Features and knobs of every type, what they bring, and what they read of each other.

use expect_test::{Expect, expect};

use crate::common::{Fixture, show_derivations, show_edges, show_options};

fn check(recipe: &str, wish: &str, expected: Expect) {
    expected.assert_eq(&show_options(&Fixture::new(recipe, &[wish]).run()));
}

const EVERY: &str = r#"
//- /r/every.kiln
recipe every
version = 2.5
include unix
step build = sh"""true"""
feature f = on
knob b: Bool = off
knob i: Int(1..=65536 where it % 2 == 0 else "must be even") = 32
knob e: enum { static, shared, dlopen } = shared
knob s: Set<enum { a, b, c }> = {a}
knob t: String(/[a-z]+/) = "text"
knob v: Version = 1.20
knob z: Size(64 B | 128 B) = 64 B
knob d: Duration(1 s..=1 h) = 30 s
knob o: String? = null
"#;

#[test]
fn knobs_of_every_type_have_their_defaults() {
    check(
        EVERY,
        "every",
        expect![[r#"
        every 2.5
          f = on (default)
          b = off (default)
          i = 32 (default)
          e = shared (default)
          s = {a} (default)
          t = "text" (default)
          v = 1.20 (default)
          z = 64 B (default)
          d = 30 s (default)
          o = null (default)
    "#]],
    );
}

#[test]
fn knobs_of_every_type_can_be_set_on_the_command_line() {
    check(
        EVERY,
        "every[~f, b = on, i = 64, e = dlopen, s += {b, c}, t = \"other\", v = 1.3, z = 128 B, d = 2 min, o = \"x\"]",
        expect![[r#"
            every 2.5
              f = off (fixed)
                default: = on (overruled)
                command line: = off
              b = on (fixed)
                default: = off (overruled)
                command line: = on
              i = 64 (fixed)
                default: = 32 (overruled)
                command line: = 64
              e = dlopen (fixed)
                default: = shared (overruled)
                command line: = dlopen
              s = {a, b, c} (fixed)
                default: = {a}
                command line: +b +c
              t = "other" (fixed)
                default: = "text" (overruled)
                command line: = "other"
              v = 1.3 (fixed)
                default: = 1.20 (overruled)
                command line: = 1.3
              z = 128 B (fixed)
                default: = 64 B (overruled)
                command line: = 128 B
              d = 2 min (fixed)
                default: = 30 s (overruled)
                command line: = 2 min
              o = "x" (fixed)
                default: = null (overruled)
                command line: = "x"
        "#]],
    );
}

#[test]
fn values_out_of_range_are_found_before_anything_is_built() {
    check(
        EVERY,
        "every[i = 70000, t = \"UPPER\", z = 96 B, d = 2 h]",
        expect![[r#"
            error[out-of-range]: `i` must be 1..=65536, found 70000
              command line:1 `70000`
              /r/every.kiln:7 `i`: declared here: Int(1..=65536)
            error[out-of-range]: `t` must be a text like `/[a-z]+/`, found "UPPER"
              command line:1 `"UPPER"`
              /r/every.kiln:10 `t`: declared here: String(/[a-z]+/)
              help: the whole text must follow the pattern
            error[out-of-range]: `z` must be 64 B | 128 B, found 96 B
              command line:1 `96 B`
              /r/every.kiln:12 `z`: declared here: Size(64 B | 128 B)
            error[out-of-range]: `d` must be 1 s..=1 h, found 2 h
              command line:1 `2 h`
              /r/every.kiln:13 `d`: declared here: Duration(1 s..=1 h)
        "#]],
    );
}

#[test]
fn a_condition_on_values_is_asked_of_the_final_value() {
    check(
        &format!("{EVERY}\n//- /o/a.kiln\noverride every\ni = 33\n"),
        "every",
        expect![[r#"
        error[out-of-range]: `i` must be even, found 33
          /o/a.kiln:2 `33`
          /r/every.kiln:7 `it % 2 == 0`: this does not hold for it
    "#]],
    );
    // A later layer may repair what an earlier one has made odd.
    check(
        &format!(
            "{EVERY}\n//- /o/a.kiln\noverride every\ni = 33\n//- /o/b.kiln\noverride every\ni = prev + 1\n"
        ),
        "every",
        expect![[r#"
            error[out-of-range]: `i` must be even, found 33
              /o/a.kiln:2 `33`
              /r/every.kiln:7 `it % 2 == 0`: this does not hold for it
        "#]],
    );
}

const CURL: &str = r#"
//- /r/zlib.kiln
recipe zlib
version = 1.3
include unix
step build = sh"""true"""
//- /r/nghttp2.kiln
recipe nghttp2
versions { 1.60 {}; 1.43 {} }
include unix
step build = sh"""true"""
//- /r/openssl.kiln
recipe openssl
versions { 3.1 {}; 1.1.1w {} }
include unix
step build = sh"""true"""
feature fips = off
//- /r/mbedtls.kiln
recipe mbedtls
version = 2.28
include unix
step build = sh"""true"""
feature pic = off
//- /r/curl.kiln
recipe curl
version = 8.18.0
include unix
host zlib
feature http2 = on {
    host nghttp2 >= 1.43
    arg "--with-nghttp2" else "--without-nghttp2"
}
knob tls: enum { openssl, mbedtls, none } = openssl {
    openssl => { host openssl >= 3; arg "--with-openssl" }
    mbedtls => { host mbedtls[pic]; arg "--with-mbedtls" }
    none => arg "--without-ssl"
}
knob protocols: Set<enum { ftp, ldap, smb }> = {ftp} {
    ldap, smb => { arg "--enable-old" }
    else => arg "--modern"
}
feature http3 = off {
    host nghttp2 >= 1.50
    when tls == openssl { host openssl[fips] }
}
env.LEVEL = if http2 & http3 then "3" else if http2 then "2" else "1"
step build = sh"""configure \(args)"""
"#;

#[test]
fn a_feature_brings_its_block_and_a_knob_its_arm() {
    let show = |wish: &str| {
        let outcome = Fixture::new(CURL, &[wish]).run();
        format!("{}{}", show_edges(&outcome), show_derivations(&outcome))
    };
    expect![[r#"
        target
          curl 8.18.0
            host zlib 1.3
            host nghttp2 1.60
            host openssl 3.1
          nghttp2 1.60
          openssl 3.1
          zlib 1.3
        zlib 1.3
          build: true
        nghttp2 1.60
          build: true
        openssl 3.1
          build: true
        curl 8.18.0
          host.nghttp2: nghttp2 1.60
          host.openssl: openssl 3.1
          host.zlib: zlib 1.3
          LEVEL=2
          build: configure --with-nghttp2 --with-openssl --modern
    "#]]
    .assert_eq(&show("curl"));
    expect![[r#"
        target
          curl 8.18.0
            host zlib 1.3
            host mbedtls 2.28
            host nghttp2 1.60
          mbedtls 2.28
          nghttp2 1.60
          zlib 1.3
        zlib 1.3
          build: true
        mbedtls 2.28
          build: true
        nghttp2 1.60
          build: true
        curl 8.18.0
          host.mbedtls: mbedtls 2.28
          host.nghttp2: nghttp2 1.60
          host.zlib: zlib 1.3
          LEVEL=1
          build: configure --without-nghttp2 --with-mbedtls --enable-old
    "#]]
    .assert_eq(&show("curl[~http2, http3, tls = mbedtls, protocols += smb]"));
}

#[test]
fn needs_of_dependents_switch_features_on() {
    check(
        CURL,
        "curl[http3]",
        expect![[r#"
        curl 8.18.0
          http2 = on (default)
          tls = openssl (default)
          protocols = {ftp} (default)
          http3 = on (fixed)
            default: = off (overruled)
            command line: = on
        nghttp2 1.60
          version: needed by curl 8.18.0 `host nghttp2 >= 1.43`
          version: needed by curl 8.18.0 `host nghttp2 >= 1.50`
        openssl 3.1
          fips = on (needed)
            default: = off (overruled)
            needed by curl 8.18.0: = on
          version: needed by curl 8.18.0 `host openssl >= 3`
        zlib 1.3
    "#]],
    );
}

#[test]
fn defaults_read_final_values_of_other_options() {
    let late = r#"
//- /r/late.kiln
recipe late
version = 2.5
include unix
step build = sh"""make \(jobs) \(name) \(version.major)"""
let twice = cores * 2
knob jobs: Int(1..=1000) = twice + 1
knob cores: Int(1..=64) = if fast then 8 else 2
feature fast = big
feature big = version >= 2
knob linkage: enum { static, shared } = if toolchain.link == static then static else shared
"#;
    check(
        late,
        "late",
        expect![[r#"
        late 2.5
          jobs = 17 (default)
          cores = 8 (default)
          fast = on (default)
          big = on (default)
          linkage = static (default)
    "#]],
    );
    check(
        late,
        "late[cores = 20]",
        expect![[r#"
        late 2.5
          jobs = 41 (default)
          cores = 20 (fixed)
            default: = 8 (overruled)
            command line: = 20
          fast = on (default)
          big = on (default)
          linkage = static (default)
    "#]],
    );
    check(
        late,
        "late[~big]",
        expect![[r#"
        late 2.5
          jobs = 5 (default)
          cores = 2 (default)
          fast = off (default)
          big = off (fixed)
            default: = on (overruled)
            command line: = off
          linkage = static (default)
    "#]],
    );
    check(
        &format!(
            "{late}\n//- /project.kiln\nproject\ntoolchain.link = shared\nlate {{ jobs = cores }}\n"
        ),
        "late",
        expect![[r#"
            late 2.5
              jobs = 8 (fixed)
                default: = 17 (overruled)
                project: = 8
              cores = 8 (default)
              fast = on (default)
              big = on (default)
              linkage = shared (default)
        "#]],
    );
}

#[test]
fn an_option_without_effect_is_said_to_have_none() {
    let recipe = r#"
//- /r/dpdk.kiln
recipe dpdk
version = 1
include unix
step build = sh"""true"""
knob drivers: Set<enum { mlx5, ice }> = {ice}
knob link: enum { static, dlopen } = static when drivers has mlx5
"#;
    check(
        recipe,
        "dpdk",
        expect![[r#"
        dpdk 1
          drivers = {ice} (default)
          link = static (default)
    "#]],
    );
    check(
        &format!("{recipe}\n//- /o/a.kiln\noverride dpdk\nlink = dlopen\n"),
        "dpdk",
        expect![[r#"
            dpdk 1
              drivers = {ice} (default)
              link = static (default)
            warning[no-effect]: `link` has no effect: `drivers` does not have `mlx5`
              /o/a.kiln:2 `link = dlopen`
              /r/dpdk.kiln:6 `drivers has mlx5`: it has an effect only under this condition
              help: that is so by the defaults and this file; another layer may change it
            warning[no-effect]: `link` has no effect here
              /o/a.kiln:2 `link = dlopen`
              /r/dpdk.kiln:6 `drivers has mlx5`: it has an effect only under this condition
        "#]],
    );
    check(
        &format!("{recipe}\n//- /o/a.kiln\noverride dpdk\nlink = dlopen\ndrivers += mlx5\n"),
        "dpdk",
        expect![[r#"
            dpdk 1
              drivers = {mlx5, ice} (fixed)
                default: = {ice}
                override dpdk: +mlx5
              link = dlopen (fixed)
                default: = static (overruled)
                override dpdk: = dlopen
        "#]],
    );
}

#[test]
fn a_value_that_is_allowed_only_somewhere_is_refused_elsewhere() {
    let recipe = r#"
//- /r/dpdk.kiln
recipe dpdk
version = 1
include unix
step build = sh"""true"""
knob drivers: Set<enum { ice, qat when platform.cpu == aarch64 }> = {ice}
"#;
    check(
        recipe,
        "dpdk[drivers += qat]",
        expect![[r#"
            error[out-of-range]: `drivers` has the value `qat`, which is allowed only when `platform.cpu == aarch64`
              command line:1 `drivers += qat`
              /r/dpdk.kiln:5 `drivers`: declared here, as Set<enum { ice, qat }>
        "#]],
    );
}

#[test]
fn loops_make_dependencies_and_arguments() {
    let recipe = r#"
//- /r/py-a.kiln
recipe py-a
version = 1
include unix
step build = sh"""a"""
//- /r/py-b.kiln
recipe py-b
version = 1
include unix
step build = sh"""b"""
//- /r/app.kiln
recipe app
version = 1
include unix
feature both = on
for x in ["a", "b"] {
    host "py-\(x)" when both
    arg "--with-\(x)"
}
step build = sh"""build \(args)"""
"#;
    let show = |wish: &str| show_derivations(&Fixture::new(recipe, &[wish]).run());
    expect![[r#"
        py-a 1
          build: a
        py-b 1
          build: b
        app 1
          host.py-a: py-a 1
          host.py-b: py-b 1
          build: build --with-a --with-b
    "#]]
    .assert_eq(&show("app"));
    expect![[r#"
        app 1
          build: build --with-a --with-b
    "#]]
    .assert_eq(&show("app[~both]"));
}

#[test]
fn versions_choose_what_belongs_to_them() {
    let recipe = r#"
//- /r/lib.kiln
recipe lib
versions {
    2.0 { args = ["--two"] }
    1.5 { args = ["--one"] }
    @deprecated("use 1.5") 1.0 {}
    3.0-beta1 {}
}
include unix
when version >= 2 { feature wide = on }
step build = sh"""build \(version) \(args)"""
"#;
    let show = |wish: &str| {
        let outcome = Fixture::new(recipe, &[wish]).run();
        format!("{}{}", show_options(&outcome), show_derivations(&outcome))
    };
    expect![[r#"
        lib 2.0
          wide = on (default)
        lib 2.0
          build: build 2.0 --two
    "#]]
    .assert_eq(&show("lib"));
    expect![[r#"
        lib 1.5
          wide = on (default)
          version: needed by command line `lib`
        lib 1.5
          build: build 1.5 --one
    "#]]
    .assert_eq(&show("lib < 2"));
    expect![[r#"
        lib 1.0
          wide = on (default)
          version: needed by command line `lib`
        lib 1.0
          build: build 1.0
    "#]]
    .assert_eq(&show("lib == 1.0"));
    expect![[r#"
        error[unknown-version]: `lib` has no version >= 4
          command line:1 `>= 4`
          /r/lib.kiln:3 `2.0`: its versions are here
          help: it has `2.0`, `1.5`, `1.0` and `3.0-beta1`
        error[unknown-version]: `lib` has no version >= 4
          command line:1 `>= 4`
          /r/lib.kiln:3 `2.0`: its versions are here
          help: it has `2.0`, `1.5`, `1.0` and `3.0-beta1`
    "#]]
    .assert_eq(&show("lib >= 4"));
}

#[test]
fn a_series_in_quotes_takes_in_the_version_that_it_names() {
    let files = r#"
//- /r/lib.kiln
recipe lib
versions {
    "2024-07-01"
    "2024-06-27"
    "2024-06-27-1"
    "tr6_forwards"
}
include unix
step build = sh"true"
//- /r/app.kiln
recipe app
version = 1
include unix
step build = sh"true"
host lib == "2024-06-27.*"
conflict version == "1.*" & version > 1 "never"
"#;
    let version = |fixture: Fixture| {
        let done = fixture.run().result.unwrap();
        done.solution.node(done.solution.find("lib").unwrap()).version.to_string()
    };
    assert_eq!(version(Fixture::new(files, &["app"])), "2024-06-27-1");
    let edit = |to: &str| Fixture::new(files, &["app"]).edit("/r/app.kiln", "\"2024-06-27.*\"", to);
    assert_eq!(version(edit("\"tr6_forwards.*\"")), "tr6_forwards");
    assert_eq!(version(edit("\"2024-06-27\"")), "2024-06-27");
}
