//! Compilations and outputs: which there are, what is pinned in them, what they need and take.

use expect_test::{Expect, expect};

use crate::common::{Fixture, show_derivations};

/// A library in two ways, with three outputs.
const LIBRARY: &str = r#"
//- /r/zlib.kiln
recipe zlib
version = 1.3
include unix
step build = sh"make zlib"
//- /r/quic.kiln
recipe quic
version = 2
include unix
step build = sh"make quic"
//- /r/net.kiln
recipe net
version = 8.1
include unix
host zlib
/// HTTP/3.
feature http3 = on { host quic }
/// Speaks more.
feature loud
knob libs: Set<enum { shared, static }> = {shared} split
take = sh"copy $files from $from"
step build = sh"""make \(libs) \(if http3 then "h3" else "h1") \(deps.host.map((it) -> it.lib))"""
compile shared_build { libs = {shared} }
compile static_build { libs = {static}; http3 = off; steps.build += sh"strip" }
output net from shared_build {
    files = ["bin/**", "share/man"]
    run net.libnet exact
}
output libnet from shared_build when libs has shared { files = ["lib/*.so*"] }
output libnet-static from static_build when libs has static { files = ["lib/*.a"] }
"#;

fn check(more: &str, wishes: &[&str], expected: Expect) {
    let files = format!("{LIBRARY}{more}");
    expected.assert_eq(&show_derivations(&Fixture::new(&files, wishes).run()));
}

#[test]
fn the_name_of_a_package_means_the_output_of_that_name() {
    check(
        "",
        &["net"],
        expect![[r#"
            zlib 1.3
              build: make zlib
            quic 2
              build: make quic
            net/shared_build 8.1
              host.quic: quic 2
              host.zlib: zlib 1.3
              build: make shared h3 <host.zlib>/lib <host.quic>/lib
            net 8.1
              from: net/shared_build 8.1
              files=bin/.*
            bin/**
            share/man(/.*)?
            share/man
              from=<from>
              take: copy $files from $from
            net.libnet 8.1
              from: net/shared_build 8.1
              files=lib/[^/]*\.so[^/]*
            lib/*.so*
              from=<from>
              take: copy $files from $from
        "#]],
    );
}

#[test]
fn only_the_compilation_that_is_asked_for_is_there() {
    check(
        "",
        &["net.libnet-static[libs += {static}]"],
        expect![[r#"
            zlib 1.3
              build: make zlib
            net/static_build 8.1
              host.zlib: zlib 1.3
              build: make static h1 <host.zlib>/lib
            strip
            net.libnet-static 8.1
              from: net/static_build 8.1
              files=lib/[^/]*\.a
            lib/*.a
              from=<from>
              take: copy $files from $from
        "#]],
    );
}

#[test]
fn a_dependent_is_linked_with_an_output_and_what_that_is_linked_with() {
    check(
        r#"
//- /r/app.kiln
recipe app
version = 1
include unix
host net.libnet-static[libs += {static}]
step build = sh"""make \(dep.net) \(deps.link.map((it) -> it.lib))"""
"#,
        &["app"],
        expect![[r#"
            zlib 1.3
              build: make zlib
            net/static_build 8.1
              host.zlib: zlib 1.3
              build: make static h1 <host.zlib>/lib
            strip
            net.libnet-static 8.1
              from: net/static_build 8.1
              files=lib/[^/]*\.a
            lib/*.a
              from=<from>
              take: copy $files from $from
            app 1
              host.net.libnet-static: net.libnet-static 8.1
              link.zlib: zlib 1.3
              build: make <host.net.libnet-static> <host.net.libnet-static>/lib <link.zlib>/lib
        "#]],
    );
}

#[test]
fn two_outputs_of_one_package_are_two_inputs() {
    check(
        r#"
//- /r/app.kiln
recipe app
version = 1
include unix
host net.libnet
host net.libnet-static[libs += {static}] as still
build net as tool
step build = sh"""make \(dep.net) \(dep.still) \(dep.tool.bin)"""
"#,
        &["app"],
        expect![[r#"
            zlib 1.3
              build: make zlib
            quic 2
              build: make quic
            net/shared_build 8.1
              host.quic: quic 2
              host.zlib: zlib 1.3
              build: make shared h3 <host.zlib>/lib <host.quic>/lib
            net.libnet 8.1
              from: net/shared_build 8.1
              files=lib/[^/]*\.so[^/]*
            lib/*.so*
              from=<from>
              take: copy $files from $from
            net/static_build 8.1
              host.zlib: zlib 1.3
              build: make static h1 <host.zlib>/lib
            strip
            net.libnet-static 8.1
              from: net/static_build 8.1
              files=lib/[^/]*\.a
            lib/*.a
              from=<from>
              take: copy $files from $from
            net 8.1
              from: net/shared_build 8.1
              files=bin/.*
            bin/**
            share/man(/.*)?
            share/man
              from=<from>
              take: copy $files from $from
            app 1
              build.tool.net: net 8.1
              host.net.libnet: net.libnet 8.1
              host.still.libnet-static: net.libnet-static 8.1
              build: make <host.net.libnet> <host.still.libnet-static> <build.tool.net>/bin
        "#]],
    );
}

#[test]
fn an_output_is_not_there_where_its_condition_does_not_hold() {
    check(
        "",
        &["net.libnet-static"],
        expect![[r#"
        error[conflict]: `net` has no output `libnet-static` as it is configured
          command line:1 `net.libnet-static`
          /r/net.kiln:19 `libnet-static`: there is one only when libs has static
          /r/net.kiln:9 `libs`: `libs` is {shared} by default
    "#]],
    );
    check(
        r#"
//- /r/app.kiln
recipe app
version = 1
include unix
host net.libnet
step build = sh"make"
//- /project.kiln
project
net { libs = {static} }
"#,
        &["app"],
        expect![[r#"
            error[conflict]: `net` has no output `libnet` as it is configured
              /r/app.kiln:4 `host net.libnet`
              /r/net.kiln:18 `libnet`: there is one only when libs has shared
              /project.kiln:2 `libs = {static}`: `libs` is {static}: project
        "#]],
    );
}

#[test]
fn what_a_compilation_pins_is_not_silently_what_nobody_asked_for() {
    check(
        "",
        &["net.libnet-static[libs += {static}, http3]"],
        expect![[r#"
        error[conflict]: `http3` of `net` is on, and its compilation `static_build` is made with off
          /r/net.kiln:13 `http3 = off`
          command line:1 `http3`: `http3` is on: command line
          help: set it for this compilation alone: `net { static_build.http3 = on }`; or do without what it is made for: `net.libnet-static`
    "#]],
    );
}

#[test]
fn a_layer_sets_what_it_likes_in_one_compilation() {
    check(
        r#"
//- /project.kiln
project
net { libs += {static}; http3 = on; static_build.http3 = on; static_build.steps.build += sh"size" }
"#,
        &["net.libnet-static"],
        expect![[r#"
            zlib 1.3
              build: make zlib
            quic 2
              build: make quic
            net/static_build 8.1
              host.quic: quic 2
              host.zlib: zlib 1.3
              build: make static h3 <host.zlib>/lib <host.quic>/lib
            strip
            size
            net.libnet-static 8.1
              from: net/static_build 8.1
              files=lib/[^/]*\.a
            lib/*.a
              from=<from>
              take: copy $files from $from
        "#]],
    );
}

#[test]
fn without_an_output_of_its_name_a_package_compiled_twice_says_which() {
    let files =
        LIBRARY.replace("output net from", "output tool from").replace("run net.libnet exact", "");
    let shown = |wish: &str| show_derivations(&Fixture::new(&files, &[wish]).run());
    expect![[r#"
        error[conflict]: `net` is compiled in several ways, and none of its outputs is meant by its name
          command line:1 `net`
          help: say which: there are `net.tool`, `net.libnet`, `net.libnet-static`
    "#]].assert_eq(&shown("net"));
    expect![[r#"
        error[conflict]: `net` is compiled in several ways, and none of its outputs is meant by its name
          command line:1 `net.out`
          help: say which: there are `net.tool`, `net.libnet`, `net.libnet-static`
    "#]].assert_eq(&shown("net.out"));
}

#[test]
fn without_compilations_a_package_is_all_that_it_makes() {
    let files = r#"
//- /r/png.kiln
recipe png
version = 1.6
include unix
feature tools = on
take = sh"copy"
step build = sh"make"
output bin when tools { files = ["bin"] }
output dev {
    files = ["include/**", when tools => "share/**"]
    run png.lib
    exports { host_to_host png.lib }
}
output lib { files = ["lib/*.a"] }
test "it runs" in bin = sh"""\(out)/bin/png"""
//- /r/app.kiln
recipe app
version = 1
include unix
host png.dev
step build = sh"""make \(deps.link.map((it) -> it.lib))"""
//- /r/all.kiln
recipe all
version = 1
include unix
host png
step build = sh"""make \(dep.png)"""
"#;
    let shown = |wish: &str| show_derivations(&Fixture::new(files, &[wish]).run());
    expect![[r#"
        png 1.6
          build: make
        png.dev 1.6
          from: png 1.6
          files=include/.*
        include/**
        share/.*
        share/**
          from=<from>
          take: copy
        png.lib 1.6
          from: png 1.6
          files=lib/[^/]*\.a
        lib/*.a
          from=<from>
          take: copy
        app 1
          host.png.dev: png.dev 1.6
          host.png.lib: png.lib 1.6
          build: make <host.png.dev>/lib <host.png.lib>/lib
    "#]]
    .assert_eq(&shown("app"));
    expect![[r#"
        png 1.6
          build: make
        all 1
          host.png: png 1.6
          build: make <host.png>
    "#]]
    .assert_eq(&shown("all"));
    expect![[r#"
        error[conflict]: `png` has no output `bin` as it is configured
          command line:1 `png.bin[~tools]`
          /r/png.kiln:7 `bin`: there is one only when tools
          command line:1 `~tools`: `tools` is off: command line
    "#]]
    .assert_eq(&shown("png.bin[~tools]"));
}

#[test]
fn what_an_output_cannot_take_is_said() {
    let with = |files: &str, take: &str| {
        let text = format!(
            "//- /r/a.kiln\nrecipe a\nversion = 1\ninclude unix\n{take}\nstep build = sh\"make\"\nlet none: List<String> = []\noutput lib {{ files = {files} }}\n"
        );
        show_derivations(&Fixture::new(&text, &["a.lib"]).run())
    };
    expect![[r#"
        error[evaluation-error]: `/lib` cannot be a file of the output `lib`: a pattern is relative to where the compilation installs, such as `lib/*.so*`
          /r/a.kiln:7 `["/lib"]`
    "#]].assert_eq(&with("[\"/lib\"]", "take = sh\"copy\""));
    expect![[r#"
        error[evaluation-error]: the output `lib` takes no files
          /r/a.kiln:7 `lib`
          help: write `files = ["lib/*.so*"]` in its block; `**` stands for folders of any depth
    "#]]
    .assert_eq(&with("none", "take = sh\"copy\""));
    expect![[r#"
        error[evaluation-error]: nothing says how the output `lib` gets its files: `take` of `a` is empty
          /r/a.kiln:7 `lib`
          help: build systems such as `steps autotools` say it, and so does `include tools` of the module `unix`
    "#]].assert_eq(&with("[\"lib\"]", ""));
}

#[test]
fn a_compilation_is_there_under_its_conditions() {
    let files = r#"
//- /r/twice.kiln
recipe twice
version = 1
include unix
feature big
knob width: enum { one, two } = one split
take = sh"copy"
step build = sh"""make \(width)"""
compile a { width = one }
when big { compile b { width = two } }
output twice from a { files = ["bin/one"]; run twice.b when big }
output all from a { files = ["bin"]; run twice.b }
output b from b { files = ["bin"]; run twice }
"#;
    let shown = |wish: &str| show_derivations(&Fixture::new(files, &[wish]).run());
    expect![[r#"
        twice/a 1
          build: make one
        twice 1
          from: twice/a 1
          files=bin/one(/.*)?
        bin/one
          from=<from>
          take: copy
    "#]]
    .assert_eq(&shown("twice"));
    expect![[r#"
        twice/a 1
          build: make one
        twice 1
          from: twice/a 1
          files=bin/one(/.*)?
        bin/one
          from=<from>
          take: copy
        twice/b 1
          build: make two
        twice.b 1
          from: twice/b 1
          files=bin(/.*)?
        bin
          from=<from>
          take: copy
    "#]]
    .assert_eq(&shown("twice[big]"));
    expect![[r#"
        error[conflict]: `twice` has no output `b` as it is configured
          /r/twice.kiln:11 `run twice.b`
          /r/twice.kiln:12 `b`: the condition that it stands under does not hold
          /r/twice.kiln:4 `big`: `big` is off by default
    "#]]
    .assert_eq(&shown("twice.all"));
    expect![[r#"
        error[conflict]: `twice` has no output `b` as it is configured
          command line:1 `twice.b`
          /r/twice.kiln:12 `b`: the condition that it stands under does not hold
          /r/twice.kiln:4 `big`: `big` is off by default
    "#]]
    .assert_eq(&shown("twice.b"));
}
