//! Tests of packages: what they see, and that nothing sees them.

use std::num::NonZeroUsize;

use expect_test::{Expect, expect};
use kiln_eval::{Packages, derive, derive_tests, setup, solve};
use kiln_lang::Database;

use crate::common::{Fixture, show_derivations, show_diagnostics, show_nodes};

const FILES: &str = r#"
//- /r/lib.kiln
recipe lib
versions {
    2.0
    1.0
}
include unix
/// A second half.
feature more = off
step build = sh"""make lib \(version)"""
//- /r/checker.kiln
recipe checker
version = 1
include unix
host lib == 1.0
run helper
step build = sh"""make checker"""
//- /r/helper.kiln
recipe helper
version = 1
include unix
step build = sh"""make helper"""
//- /r/app.kiln
recipe app
version = 3.1
include unix
host lib
run helper
test checker
source = fetch("https://example.org/app.tar.gz", sha256 = "1111111111111111111111111111111111111111111111111111111111111111")
/// Loud.
feature loud = off
step build = sh"""make app"""
test_env.PATH = (["\(out)/bin"] + (deps.test + deps.run).map((it) -> it.bin)).join(":")
test "runs" = sh"""\(out)/bin/app \(version)"""
test "shouts" when loud {
    test lib[more = loud]
    script = sh"""check \(dep.checker) \(dep.lib) \(src)/data"""
}
"#;

/// Derives the tests of what is wanted; shows all that is new by that.
fn check(files: &str, wishes: &[&str], expected: Expect) {
    let fixture = Fixture::new(files, wishes);
    let db = Database::new(fixture.world(), vec!["/r".to_owned()]);
    let packages = Packages::new(&db);
    let one = NonZeroUsize::MIN;
    let (setup, _) = setup(&db, &fixture.request(&db)).unwrap();
    let (solution, _) = solve(&packages, &setup, one).unwrap();
    let (derived, _) = derive(&db, &setup, &solution, one).unwrap();
    let before: Vec<_> = derived.graph.ids().to_vec();
    let roots: Vec<_> = solution.roots.iter().map(|it| it.node).collect();
    let shown = match derive_tests(&packages, &setup, &solution, derived, &roots, one) {
        Ok((derived, tests, _)) => {
            assert_eq!(derived.graph.ids()[..before.len()], before);
            let titles: String = tests.iter().map(|it| format!("{}\n", it.title)).collect();
            titles + &show_nodes(&derived.graph, before.len())
        }
        Err(diagnostics) => show_diagnostics(&db, &diagnostics),
    };
    expected.assert_eq(&shown);
}

#[test]
fn a_test_sees_what_was_built_and_what_it_asks_for() {
    check(
        FILES,
        &["app"],
        expect![[r#"
            runs
            lib 1.0
              build: make lib 1.0
            checker 1
              host.lib: lib 1.0
              build: make checker
            app 3.1 test "runs"
              output report
              run.helper: helper 1
              test.checker: checker 1
              test.helper: helper 1
              tested: app 3.1
              PATH=<tested>/bin:<test.checker>/bin:<test.helper>/bin:<run.helper>/bin
              out=<tested>
              test: <tested>/bin/app 3.1
        "#]],
    );
}

#[test]
fn what_a_test_depends_on_is_a_request_of_its_own() {
    check(
        FILES,
        &["app[loud]"],
        expect![[r#"
            runs
            shouts
            lib 1.0
              build: make lib 1.0
            checker 1
              host.lib: lib 1.0
              build: make checker
            app 3.1 test "runs"
              output report
              run.helper: helper 1
              test.checker: checker 1
              test.helper: helper 1
              tested: app 3.1
              PATH=<tested>/bin:<test.checker>/bin:<test.helper>/bin:<run.helper>/bin
              out=<tested>
              test: <tested>/bin/app 3.1
            app 3.1 test "shouts"
              output report
              run.helper: helper 1
              source: source of app 3.1
              test.checker: checker 1
              test.helper: helper 1
              test.lib: lib 1.0
              tested: app 3.1
              src <- source
              PATH=<tested>/bin:<test.checker>/bin:<test.lib>/bin:<test.helper>/bin:<run.helper>/bin
              out=<tested>
              test: check <test.checker> <test.lib> /build/src/data
        "#]],
    );
}

#[test]
fn what_a_test_cannot_have_is_said_at_the_test() {
    let files = FILES.replace("test lib[more = loud]", "test lib >= 3");
    check(
        &files,
        &["app[loud]"],
        expect![[r#"
        error[conflict]: `lib` has no version >= 3
          /r/app.kiln:14 `test lib >= 3`
          /r/app.kiln:13 `"shouts"`: needed by the test "shouts"
          help: the recipe has `2.0` and `1.0`
    "#]],
    );
}

#[test]
fn no_build_sees_a_test() {
    let begin = FILES.find("test_env.PATH").unwrap();
    let without = FILES[..begin].replace("test checker\n", "");
    let shown = |files: &str| show_derivations(&Fixture::new(files, &["app[loud]"]).run());
    assert_eq!(shown(FILES), shown(&without));
}
