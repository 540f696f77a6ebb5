//! Roles of dependencies, exports, and interfaces.

use expect_test::{Expect, expect};

use crate::common::{Fixture, show_derivations, show_edges};

fn check(files: &str, wishes: &[&str], expected: Expect) {
    expected.assert_eq(&show_edges(&Fixture::new(files, wishes).run()));
}

const ROLES: &str = r#"
//- /r/tool.kiln
recipe tool
version = 5
include unix
step build = sh"""true"""
feature big = off
knob cpu: platform.Cpu = x86_64
//- /r/lib.kiln
recipe lib
version = 1
include unix
step build = sh"""true"""
host deep
//- /r/deep.kiln
recipe deep
version = 1
include unix
step build = sh"""true"""
//- /r/data.kiln
recipe data
version = 1
include unix
step build = sh"""true"""
//- /r/checker.kiln
recipe checker
version = 1
include unix
step build = sh"""true"""
//- /r/app.kiln
recipe app
version = 1
include unix
build tool[cpu = platform.cpu]
host lib
run data
test checker
step build = sh"""tool \(dep.lib) \(deps.link.map((it) -> it.lib).join(":"))"""
"#;

#[test]
fn each_role_has_its_place() {
    check(
        ROLES,
        &["app"],
        expect![[r#"
        build tools
          seed 1
          tool 5
        target
          app 1
            host lib 1
            run data 1
            build tool 5
          data 1
          deep 1
          lib 1
            host deep 1
    "#]],
    );
}

#[test]
fn a_build_sees_what_it_is_built_and_linked_with_and_nothing_else() {
    let outcome = Fixture::new(ROLES, &["app"]).run();
    expect![[r#"
        deep 1
          build: true
        lib 1
          host.deep: deep 1
          build: true
        tool 5
          build: true
        app 1
          build.tool: tool 5
          host.lib: lib 1
          link.deep: deep 1
          build: tool <host.lib> <host.lib>/lib:<link.deep>/lib
        data 1
          build: true
    "#]]
    .assert_eq(&show_derivations(&outcome));
}

#[test]
fn build_tools_that_are_asked_for_differently_are_two() {
    let files = format!(
        "{ROLES}
//- /r/other.kiln
recipe other
version = 1
include unix
build tool[big]
host app
step build = sh\"\"\"true\"\"\"
"
    );
    check(
        &files,
        &["other"],
        expect![[r#"
        build tools
          seed 1
          tool 5
        build tools
          seed 1
          tool 5
        target
          app 1
            host lib 1
            run data 1
            build tool 5
          data 1
          deep 1
          lib 1
            host deep 1
          other 1
            host app 1
            build tool 5
    "#]],
    );
}

#[test]
fn build_tools_run_on_this_machine_and_packages_on_the_target() {
    let mut fixture = Fixture::new(ROLES, &["app"]);
    fixture.target = Some(("aarch64".into(), "linux".into()));
    let outcome = fixture.run();
    expect![[r#"
        app 1
        data 1
        deep 1
        lib 1
    "#]]
    .assert_eq(&crate::common::show_options(&outcome));
}

const EXPORTS: &str = r#"
//- /r/cc.kiln
recipe cc
version = 13
include unix
step build = sh"""true"""
exports { build_to_run libgcc >= 1; build_to_host crt; build_to_build binutils }
//- /r/binutils.kiln
recipe binutils
version = 2
include unix
step build = sh"""true"""
//- /r/libgcc.kiln
recipe libgcc
version = 2
include unix
step build = sh"""true"""
//- /r/crt.kiln
recipe crt
version = 1
include unix
step build = sh"""true"""
//- /r/zlib.kiln
recipe zlib
version = 1.3
include unix
step build = sh"""true"""
feature headers = on
exports { host_to_run zlib >= version.pin(1); host_to_host deep when headers }
//- /r/deep.kiln
recipe deep
versions { 2 {}; 1 {} }
include unix
step build = sh"""true"""
//- /r/app.kiln
recipe app
version = 1
include unix
build cc
host zlib
step build = sh"""true"""
//- /project.kiln
project
toolchain.link = shared
"#;

#[test]
fn exports_go_one_step_and_say_who_exports() {
    check(
        EXPORTS,
        &["app"],
        expect![[r#"
        build tools
          binutils 2
          cc 13
          seed 1
        target
          app 1
            host zlib 1.3
            run libgcc 2, exported by cc
            host crt 1, exported by cc
            run zlib 1.3, exported by zlib
            host deep 2, exported by zlib
            build cc 13
            build binutils 2, exported by cc
          crt 1
          deep 2
          libgcc 2
          zlib 1.3
    "#]],
    );
}

#[test]
fn an_ignored_export_does_not_come() {
    let fixture = Fixture::new(EXPORTS, &["app"]).edit(
        "/r/app.kiln",
        "host zlib",
        "host zlib\nignore exports from zlib to host\nignore exports of libgcc",
    );
    expect![[r#"
        build tools
          binutils 2
          cc 13
          seed 1
        target
          app 1
            host zlib 1.3
            host crt 1, exported by cc
            run zlib 1.3, exported by zlib
            build cc 13
            build binutils 2, exported by cc
          crt 1
          zlib 1.3
    "#]]
    .assert_eq(&show_edges(&fixture.run()));
}

#[test]
fn what_is_linked_statically_is_not_needed_at_run_time() {
    let fixture = Fixture::new(EXPORTS, &["app"]).edit("/project.kiln", "shared", "static");
    expect![[r#"
        build tools
          binutils 2
          cc 13
          seed 1
        target
          app 1
            host zlib 1.3
            run libgcc 2, exported by cc
            host crt 1, exported by cc
            host deep 2, exported by zlib
            build cc 13
            build binutils 2, exported by cc
          crt 1
          deep 2
          libgcc 2
          zlib 1.3
    "#]]
    .assert_eq(&show_edges(&fixture.run()));
}

const MPI: &str = r#"
//- /r/mpi.kiln
interface mpi
//- /r/openmpi.kiln
recipe openmpi
version = 5
include unix
provides mpi == 3.1
step build = sh"""true"""
//- /r/mpich.kiln
recipe mpich
version = 4
include unix
provides mpi == 4.0
step build = sh"""true"""
//- /r/hdf5.kiln
recipe hdf5
version = 1.14
include unix
host mpi
step build = sh"""\(dep.mpi)"""
"#;

#[test]
fn an_interface_is_provided_by_whom_the_project_names() {
    check(
        &format!("{MPI}\n//- /project.kiln\nproject\nproviders.mpi = mpich\n"),
        &["hdf5"],
        expect![[r#"
            target
              hdf5 1.14
                host mpich 4
              mpich 4
        "#]],
    );
}

#[test]
fn an_interface_that_nothing_provides_is_a_mistake() {
    check(
        "//- /r/mpi.kiln\ninterface mpi\n//- /r/hdf5.kiln\nrecipe hdf5\nversion = 1\nhost mpi\n",
        &["hdf5"],
        expect![[r#"
            error[conflict]: `mpi` is an interface, and no recipe provides it
              /r/hdf5.kiln:3 `host mpi`
              help: a recipe does with `provides mpi`; or choose another one in the project: `providers.mpi = …`
        "#]],
    );
}

#[test]
fn what_is_asked_of_an_interface_is_asked_of_what_is_provided() {
    let choose = "\n//- /project.kiln\nproject\nproviders.mpi = mpich\n";
    let fixture = |req: &str| {
        Fixture::new(&format!("{MPI}{choose}"), &["hdf5"]).edit(
            "/r/hdf5.kiln",
            "host mpi",
            &format!("host mpi {req}"),
        )
    };
    expect![[r#"
        target
          hdf5 1.14
            host mpich 4
          mpich 4
    "#]]
    .assert_eq(&show_edges(&fixture(">= 3").run()));
    expect![[r#"
        error[conflict]: hdf5 1.14 needs `mpi` < 4, but `mpich` provides == 4.0
          /r/hdf5.kiln:4 `host mpi < 4`
          /project.kiln:2 `providers.mpi = mpich`: chosen here
          help: choose who provides it in the project: `providers.mpi = …`; `mpich` and `openmpi` can
          help: with `providers.mpi = openmpi` there is a solution
    "#]].assert_eq(&show_edges(&fixture("< 4").run()));
    let mut tool = fixture(">= 3").edit("/r/hdf5.kiln", "host mpi", "build mpi");
    expect![[r#"
        build tools
          mpich 4
          seed 1
        target
          hdf5 1.14
            build mpich 4
    "#]]
    .assert_eq(&show_edges(&tool.run()));
    tool = tool.edit(
        "/r/mpich.kiln",
        "provides mpi == 4.0",
        "feature c = off\nprovides mpi == 4.0 when c",
    );
    expect![[r#"
        error[conflict]: `mpich` was chosen to provide `mpi`, but not as it is configured here
          /r/hdf5.kiln:4 `build mpi >= 3`
          /project.kiln:2 `providers.mpi = mpich`: chosen here
          help: choose who provides it in the project: `providers.mpi = …`; `mpich` and `openmpi` can
    "#]].assert_eq(&show_edges(&tool.run()));
}

#[test]
fn a_provider_that_does_not_provide_is_refused() {
    let files = format!("{MPI}{ROLES}\n//- /project.kiln\nproject\nproviders.mpi = tool\n");
    check(
        &files,
        &["hdf5"],
        expect![[r#"
            error[conflict]: `tool` was chosen to provide `mpi`, but it does not
              /r/hdf5.kiln:4 `host mpi`
              /project.kiln:2 `providers.mpi = tool`: chosen here
              help: choose who provides it in the project: `providers.mpi = …`; `mpich` and `openmpi` can
              help: with `providers.mpi = mpich` there is a solution
              help: with `providers.mpi = openmpi` there is a solution
        "#]],
    );
}

#[test]
fn packages_linked_with_each_other_in_a_ring_are_named() {
    let files = r#"
//- /r/a.kiln
recipe a
version = 1
include unix
host b
step build = sh"""true"""
//- /r/b.kiln
recipe b
version = 1
include unix
host c
step build = sh"""true"""
//- /r/c.kiln
recipe c
version = 1
include unix
host a
step build = sh"""true"""
"#;
    let outcome = Fixture::new(files, &["b"]).run();
    expect![[r#"
        error[dependency-cycle]: these packages are inputs of each other: `b` → `c` → `a` → `b`
          /r/b.kiln:4 `host c`
          /r/c.kiln:4 `host a`: `c` needs `a`
          /r/a.kiln:4 `host b`: `a` needs `b`
          help: switch off a feature of one of them, or make one dependency `run` if it is needed only then
    "#]].assert_eq(&show_derivations(&outcome));
}

#[test]
fn tools_that_build_each_other_are_named() {
    let files = r#"
//- /r/a.kiln
recipe a
version = 1
include unix
build b
step build = sh"""true"""
//- /r/b.kiln
recipe b
version = 1
include unix
build a
step build = sh"""true"""
"#;
    check(
        files,
        &["a"],
        expect![[r#"
            error[dependency-cycle]: these packages are needed to build each other: `b` → `a` → `b`
              /r/b.kiln:1 `b`
              /r/b.kiln:4 `build a`: b 1 needs `a`
              /r/a.kiln:4 `build b`: a 1 needs `b`
              help: build the first of them with tools that need none of the others, as a recipe of its own (a bootstrap stage)
        "#]],
    );
}

#[test]
fn a_run_dependency_may_need_its_dependent() {
    let files = r#"
//- /r/a.kiln
recipe a
version = 1
include unix
run b
step build = sh"""true"""
//- /r/b.kiln
recipe b
version = 1
include unix
host a
step build = sh"""true"""
"#;
    check(
        files,
        &["a"],
        expect![[r#"
        target
          a 1
            run b 1
          b 1
            host a 1
    "#]],
    );
}

#[test]
fn a_second_instance_is_a_unit_of_its_own() {
    let files =
        format!("{ROLES}\n//- /project.kiln\nproject\nwant tool, tool[big] as big-tool, app\n");
    let outcome = Fixture::new(&files, &[]).run();
    expect![[r#"
        build tools
          seed 1
          tool 5
        target
          app 1
            host lib 1
            run data 1
            build tool 5
          data 1
          deep 1
          lib 1
            host deep 1
          tool 5
        target
          tool 5
    "#]]
    .assert_eq(&show_edges(&outcome));
}

/// The chain of exports that has every kind of step in it.
#[test]
fn what_exports_bring_exports_in_turn() {
    let leaf = |name: &str, exports: &str| {
        format!(
            "//- /r/{name}.kiln\nrecipe {name}\nversion = 1\ninclude unix\nstep build = sh\"\"\"true\"\"\"\nexports {{ {exports} }}\n"
        )
    };
    let mut files = String::new();
    for (name, exports) in [
        ("foo", "build_to_build bar"),
        ("bar", "build_to_build fizz"),
        ("fizz", "build_to_host bang"),
        ("bang", "host_to_run boink"),
        ("baz", "build_to_run bla"),
        ("qux", ""),
        ("boink", ""),
        ("bla", ""),
    ] {
        files.push_str(&leaf(name, exports));
    }
    files.push_str(
        "//- /r/mypkg.kiln\nrecipe mypkg\nversion = 1\ninclude unix\nbuild foo\nbuild baz\nbuild qux\nstep build = sh\"\"\"true\"\"\"\n//- /project.kiln\nproject\ntoolchain.link = shared\n",
    );
    check(
        &files,
        &["mypkg"],
        expect![[r#"
        build tools
          bar 1
          baz 1
          fizz 1
          foo 1
          qux 1
          seed 1
        target
          bang 1
          bla 1
          boink 1
          mypkg 1
            run bla 1, exported by baz
            host bang 1, exported by fizz
            run boink 1, exported by bang
            build foo 1
            build baz 1
            build qux 1
            build bar 1, exported by foo
            build fizz 1, exported by bar
    "#]],
    );
}
