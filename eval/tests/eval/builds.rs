//! Derivations: what a build sees and does.

use expect_test::{Expect, expect};

use crate::common::{Fixture, show_derivations};

fn check(files: &str, wishes: &[&str], expected: Expect) {
    expected.assert_eq(&show_derivations(&Fixture::new(files, wishes).run()));
}

#[test]
fn sources_patches_files_and_folders_are_inputs() {
    check(
        r#"
//- /r/app.kiln
recipe app
version = 2.0
include unix
source = fetch("https://example.org/app-\(version).tar.gz", "mirror://debian/pool/a/app_\(version).tar.gz", sha256 = "1111111111111111111111111111111111111111111111111111111111111111")
sources = { "extra": fetch("https://example.org/extra.zip", sha256 = "2222222222222222222222222222222222222222222222222222222222222222"), "own": dir("own") }
patches = [file("a/fix.patch"), file("b/fix.patch")]
env.NAME = "it's \(name)"
step patch = sh"""
    \([for it in patches => sh"patch -p1 -i \(it)\n"])
    """
step build = sh"""make \(["a b", "c"]) \(env.get("NAME").or("")) > \(out)/log"""
//- /r/a/fix.patch
a
//- /r/b/fix.patch
b
//- /r/own/main.c
int main;
"#,
        &["app"],
        expect![[r#"
            fix.patch of app 2.0
              import fix.patch
            fix.patch of app 2.0
              import fix.patch
            source of app 2.0
              fetch sha256:1111111111111111111111111111111111111111111111111111111111111111 from https://example.org/app-2.0.tar.gz, mirror://debian/pool/a/app_2.0.tar.gz
            source extra of app 2.0
              fetch sha256:2222222222222222222222222222222222222222222222222222222222222222 from https://example.org/extra.zip
            source own of app 2.0
              import app-source-own
            app 2.0
              file.fix.patch: fix.patch of app 2.0
              file.fix.patch.2: fix.patch of app 2.0
              source: source of app 2.0
              source.extra: source extra of app 2.0
              source.own: source own of app 2.0
              extra <- source.extra
              own <- source.own
              src <- source
              NAME=it's app
              patch: patch -p1 -i <file.fix.patch>\npatch -p1 -i <file.fix.patch.2>\n
              build: make 'a b' c 'it'\''s app' > <out>/log
        "#]],
    );
}

#[test]
fn a_package_without_steps_is_its_source() {
    check(
        r#"
//- /r/data.kiln
recipe data
version = 1
source = fetch("https://example.org/data", sha256 = "1111111111111111111111111111111111111111111111111111111111111111")
"#,
        &["data"],
        expect![[r#"
            data 1
              fetch sha256:1111111111111111111111111111111111111111111111111111111111111111 from https://example.org/data
        "#]],
    );
}

#[test]
fn a_package_without_anything_says_so() {
    check(
        "\n//- /r/none.kiln\nrecipe none\nversion = 1\n",
        &["none"],
        expect![[r#"
        error[evaluation-error]: `none` has neither steps nor a source: there is nothing to build
          /r/none.kiln:1 `none`
          help: choose a build system, as in `steps autotools`, or write `source = fetch(…)`
    "#]],
    );
}

#[test]
fn steps_stand_where_they_say_and_can_be_replaced() {
    check(
        r#"
//- /r/tools.kiln
module tools
mixin tools {
    include unix
    step configure = sh"""./configure"""
    step build = sh"""make"""
    step install = sh"""make install"""
}
//- /r/app.kiln
recipe app
version = 1
steps tools {
    build = sh"""ninja"""
    install += sh"""strip"""
}
feature check = off
step check after build = sh"""make check"""
step first before configure = sh"""autoreconf"""
when check { step more = sh"""more""" }
steps.configure = prev + sh""" --quiet"""
//- /o/app.kiln
override app
steps.check = sh""" """
"#,
        &["app"],
        expect![[r#"
            app 1
              first: autoreconf
              configure: ./configure --quiet
              build: ninja
              install: make install
            strip
        "#]],
    );
}

#[test]
fn what_cannot_be_read_is_said_where_it_is_written() {
    check(
        r#"
//- /r/app.kiln
recipe app
version = 1
include unix
source = dir("nowhere")
patches = [file("none.patch")]
step build = sh"""\(patches)"""
"#,
        &["app"],
        expect![[r#"
            error[unreadable-file]: cannot read `nowhere`: there is no such file
              /r/app.kiln:4 `"nowhere"`
              help: the path is relative to the folder of the file that it is written in
            error[unreadable-file]: cannot read `none.patch`: there is no such file
              /r/app.kiln:5 `"none.patch"`
              help: the path is relative to the folder of the file that it is written in
        "#]],
    );
}

#[test]
fn a_dependency_that_is_not_there_cannot_be_read() {
    check(
        r#"
//- /r/lib.kiln
recipe lib
version = 1
include unix
step build = sh"""true"""
//- /r/app.kiln
recipe app
version = 1
include unix
feature x = off { host lib }
step build = sh"""\(dep.lib)"""
"#,
        &["app"],
        expect![[r#"
            error[evaluation-error]: `lib` is no dependency of this build: it is not needed as the package is configured here
              /r/app.kiln:5 `dep.lib`
              help: read it only where its condition holds: in the block of its feature, or behind `if`
        "#]],
    );
}

#[test]
fn a_hash_that_is_missing_for_this_version_is_asked_for() {
    check(
        r#"
//- /r/app.kiln
recipe app
versions { 2 {}; 1 { sha256 = "1111111111111111111111111111111111111111111111111111111111111111" } }
include unix
source = fetch("https://example.org/\(version)", sha256 = sha256)
step build = sh"""true"""
"#,
        &["app"],
        expect![[r#"
            error[evaluation-error]: the hash of this download is not known for this version
              /r/app.kiln:4 `fetch("https://example.org/\(version)", sha256 = sha256)`
              help: give it in the block of the version: `2 { sha256 = "…" }`
        "#]],
    );
}

#[test]
fn what_a_version_says_goes_over_what_all_say() {
    check(
        r#"
//- /r/app.kiln
recipe app
versions {
    1 {
        source = fetch("https://example.org/old", sha256 = "1111111111111111111111111111111111111111111111111111111111111111")
        words += ["--old"]
    }
}
source = fetch("https://example.org/\(version)", sha256 = sha256)
steps tools
words = ["--quiet"]
//- /r/tools.kiln
module tools
mixin tools {
    include unix
    field words: List<String> = []
    step configure = sh"""./configure \(words)"""
}
"#,
        &["app"],
        expect![[r#"
            source of app 1
              fetch sha256:1111111111111111111111111111111111111111111111111111111111111111 from https://example.org/old
            app 1
              source: source of app 1
              src <- source
              configure: ./configure --quiet --old
        "#]],
    );
}

#[test]
fn one_mistake_in_a_library_is_one_message() {
    check(
        r#"
//- /r/lib.kiln
recipe lib
version = 1
include unix
step build = sh"""\(fail("not today"))"""
//- /r/app.kiln
recipe app
version = 1
include unix
host lib
step build = sh"""\(dep.lib)"""
"#,
        &["app"],
        expect![[r#"
            error[evaluation-error]: not today
              /r/lib.kiln:4 `fail("not today")`
        "#]],
    );
}

#[test]
fn a_source_with_a_name_that_cannot_be_one_is_said() {
    let hash = "a".repeat(64);
    check(
        &format!(
            r#"
//- /r/app.kiln
recipe app
version = 1
include unix
sources = {{ "a b": fetch("https://a.test/x.tar.gz", sha256 = "{hash}") }}
step build = sh"""true"""
"#
        ),
        &["app"],
        expect![[r#"
            error[evaluation-error]: `sources` of `app` has the name `a b`: `app-source-a b` has ` ` at byte 12; a store name consists of letters, digits and `_`, and after the first also `-`, `.` and `+`
              /r/app.kiln:1 `app`
        "#]],
    );
}
