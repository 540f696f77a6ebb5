//! Traces: what is evaluated anew when a recipe has changed, and what is not.

use std::fmt::Write as _;
use std::num::NonZeroUsize;

use expect_test::{Expect, expect};
use kiln_eval::{NodeId, Packages, Trace, setup};
use kiln_lang::Database;

use crate::common::{Fixture, show_diagnostics};

/// Three packages in a row, and one that stands alone.
const FILES: &str = r#"
//- /r/app.kiln
recipe app
version = 2
include unix
host lib
host other
step build = sh"""make \(args) \(dep.lib) \(dep.lib.version)"""
//- /r/lib.kiln
//! A library.
recipe lib
version = 1.5
include unix
host base
source = fetch("https://example.org/lib", sha256 = "1111111111111111111111111111111111111111111111111111111111111111")
feature fast = on { arg "-O3" else "-O1" }
knob level: Int(1..=9) = 6
knob kind: enum { plain, odd } = plain { odd => host other }
arg "--level=\(level)"
step build = sh"""make \(args) > \(out)"""
//- /r/base.kiln
recipe base
version = 1
include unix
step build = sh"""touch \(out)"""
//- /r/other.kiln
recipe other
version = 1
include unix
step build = sh"""touch \(out)"""
"#;

/// Evaluates, changes a file, and says which derivations follow from the trace: `=` those that are as
/// they were, `!` the others. Whatever follows must be what an evaluation of everything gives.
fn check(path: &str, from: &str, to: &str, expected: Expect) {
    let before = Fixture::new(FILES, &["app"]);
    expected.assert_eq(&changed(&before, &before.again().edit(path, from, to), path));
}

fn changed(before: &Fixture, after: &Fixture, path: &str) -> String {
    changed_under(before, after, path, false)
}

fn changed_under(before: &Fixture, after: &Fixture, path: &str, has_lock: bool) -> String {
    let outcome = before.run();
    let done = match &outcome.result {
        Ok(done) => done,
        Err(diagnostics) => panic!("{}", show_diagnostics(&outcome.db, diagnostics)),
    };
    let roots: Vec<(NodeId, bool)> =
        done.solution.roots.iter().map(|it| (it.node, false)).collect();
    let (trace, texts) = Trace::new(&outcome.db, &done.solution, &done.derived, &roots, has_lock);
    let texts = texts.concat().into_bytes();
    let bytes = trace.encode().unwrap();
    let trace = Trace::decode(&bytes).unwrap();

    let db = Database::new(after.world(), vec!["/r".to_owned()]);
    let request = after.request(&db);
    let Ok((setup, _)) = setup(&db, &request) else { return "no setup\n".to_owned() };
    assert!(trace.has_files_of(&db));
    let packages = Packages::new(&db);
    let one = NonZeroUsize::MIN;
    let Some(resumed) = trace.resume(&packages, &setup, &[path.to_owned()], &texts[..], one) else {
        return "everything is evaluated\n".to_owned();
    };
    let mut out = String::new();
    for (node, id) in resumed.graph.nodes().iter().zip(resumed.graph.ids()) {
        let sign = if done.derived.graph.node(id).is_some() { '=' } else { '!' };
        let _ = writeln!(out, "{sign} {} {}", node.title, node.urls.join(" "));
    }
    let anew = after.run();
    let Ok(anew) = anew.result else { panic!("the change is a mistake, and was followed\n{out}") };
    assert_eq!(resumed.graph.ids(), anew.derived.graph.ids(), "{out}");
    for (is, anew) in resumed.graph.nodes().iter().zip(anew.derived.graph.nodes()) {
        assert_eq!((&is.title, &is.urls, is.limits), (&anew.title, &anew.urls, anew.limits));
    }
    out
}

/// Every derivation of [`FILES`], none of them another.
fn all_is_as_it_was() -> Expect {
    expect![[r#"
        = seed 1 https://example.org/seed
        = base 1 
        = source of lib 1.5 https://example.org/lib
        = lib 1.5 
        = other 1 
        = app 2 
    "#]]
}

/// `lib` is another, and so is what depends on it.
fn lib_and_app_are_others() -> Expect {
    expect![[r#"
        = seed 1 https://example.org/seed
        = base 1 
        = source of lib 1.5 https://example.org/lib
        ! lib 1.5 
        = other 1 
        ! app 2 
    "#]]
}

/// The trace does not tell.
fn everything_anew() -> Expect {
    expect![[r#"
        everything is evaluated
    "#]]
}

#[test]
fn a_comment_changes_nothing() {
    check("/r/lib.kiln", "//! A library.", "//! A good library.\n// Really.", all_is_as_it_was());
}

#[test]
fn what_a_build_reads_changes_it_and_its_dependents() {
    check("/r/lib.kiln", "make \\(args)", "make -k \\(args)", lib_and_app_are_others());
    check("/r/lib.kiln", "knob kind", "arg \"--more\"\nknob kind", lib_and_app_are_others());
    check("/r/lib.kiln", "-O3", "-O2", lib_and_app_are_others());
    check("/r/lib.kiln", "arg \"--level", "env.A = \"b\"\narg \"--level", lib_and_app_are_others());
    check(
        "/r/lib.kiln",
        "step build",
        "when version > 1 { arg \"-n\" }\nstep build",
        lib_and_app_are_others(),
    );
}

#[test]
fn a_default_that_only_the_build_reads_is_its_own() {
    check("/r/lib.kiln", "= 6", "= 7", lib_and_app_are_others());
    check("/r/lib.kiln", "fast = on", "fast = off", lib_and_app_are_others());
}

#[test]
fn another_place_of_the_same_source_changes_no_id() {
    check(
        "/r/lib.kiln",
        "example.org/lib",
        "example.com/lib",
        expect![[r#"
            = seed 1 https://example.org/seed
            = base 1 
            = source of lib 1.5 https://example.com/lib
            = lib 1.5 
            = other 1 
            = app 2 
        "#]],
    );
}

#[test]
fn an_input_that_nobody_has_any_more_is_gone() {
    check(
        "/r/lib.kiln",
        "source = fetch(\"https://example.org/lib\", sha256 = \"1111111111111111111111111111111111111111111111111111111111111111\")",
        "",
        expect![[r#"
            = seed 1 https://example.org/seed
            = base 1 
            ! lib 1.5 
            = other 1 
            ! app 2 
        "#]],
    );
}

#[test]
fn what_the_solver_reads_is_evaluated_with_everything() {
    check("/r/lib.kiln", "version = 1.5", "version = 1.6", everything_anew());
    check("/r/lib.kiln", "host base", "host base >= 1", everything_anew());
    check("/r/lib.kiln", "= plain", "= odd", everything_anew());
    check("/r/lib.kiln", "1..=9", "1..=8", everything_anew());
    check("/r/lib.kiln", "arg \"--level", "conflict level > 8\narg \"--level", everything_anew());
    check("/r/lib.kiln", "fast = on { arg", "fast = on { host other; arg", everything_anew());
    check("/r/unix.kiln", "-eu", "-e", everything_anew());
}

#[test]
fn what_is_wrong_is_said_by_an_evaluation_of_everything() {
    check("/r/lib.kiln", "\\(level)", "\\(levl)", everything_anew());
    check("/r/lib.kiln", "-O3\"", "-O3", everything_anew());
    check("/r/lib.kiln", "= 6", "= 12", everything_anew());
    check("/r/lib.kiln", "recipe lib", "recipe lip", everything_anew());
}

#[test]
fn a_default_that_somebody_has_a_say_in_is_not_the_builds_own() {
    let expected = everything_anew();
    let before =
        Fixture::new(FILES, &["app"]).edit("/r/app.kiln", "host lib", "host lib[level = 3]");
    let after = before.again().edit("/r/lib.kiln", "= 6", "= 7");
    expected.assert_eq(&changed(&before, &after, "/r/lib.kiln"));
    let before = Fixture::new(FILES, &["app"]).with("/o/lib.kiln", "override lib\nlevel = 2\n");
    let after = before.again().edit("/r/lib.kiln", "= 6", "= 7");
    expected.assert_eq(&changed(&before, &after, "/r/lib.kiln"));
    let before = Fixture::new(FILES, &["app"]).edit(
        "/r/app.kiln",
        "host other",
        "when with lib[level = 6] { host other }",
    );
    let after = before.again().edit("/r/lib.kiln", "= 6", "= 7");
    expected.assert_eq(&changed(&before, &after, "/r/lib.kiln"));
}

#[test]
fn what_layers_set_stays_set() {
    let before = Fixture::new(FILES, &["app"])
        .with("/o/lib.kiln", "override lib\nlevel = 2\nargs += [\"--own\"]\nkind = odd\n");
    let after = before.again().edit("/r/lib.kiln", "-O3", "-O2");
    expect![[r#"
        = seed 1 https://example.org/seed
        = base 1 
        = other 1 
        = source of lib 1.5 https://example.org/lib
        ! lib 1.5 
        ! app 2 
    "#]]
    .assert_eq(&changed(&before, &after, "/r/lib.kiln"));
}

#[test]
fn what_a_lock_has_otherwise_is_said_by_an_evaluation_of_everything() {
    let check = |from: &str, to: &str, expected: Expect| {
        let before = Fixture::new(FILES, &["app"]);
        let after = before.again().edit("/r/lib.kiln", from, to);
        expected.assert_eq(&changed_under(&before, &after, "/r/lib.kiln", true));
    };
    check("recipe lib", "// Better.\nrecipe lib", all_is_as_it_was());
    check("-O3", "-O2", everything_anew());
    check("= 6", "= 7", everything_anew());
    check("sha256 = \"1111", "sha256 = \"2222", everything_anew());
}

#[test]
fn outputs_follow_their_compilation() {
    let before = Fixture::new(
        r#"
//- /r/app.kiln
recipe app
version = 2
include unix
host png.dev
build png.tools as png-tools
step build = sh"""make \(dep.png)"""
//- /r/png.kiln
recipe png
version = 1.6
include unix
take = sh"copy"
feature fast = off { arg "-O3" else "-O1" }
compile shared { fast = on; args += ["--shared"] }
compile plain { args += ["--static"] }
output dev from plain { files = ["include"] }
output tools from shared { files = ["bin/**"] }
step build = sh"""make \(args)"""
"#,
        &["app"],
    );
    let check = |from: &str, to: &str, expected: Expect| {
        let after = before.again().edit("/r/png.kiln", from, to);
        expected.assert_eq(&changed(&before, &after, "/r/png.kiln"));
    };
    check(
        "sh\"\"\"make",
        "sh\"\"\"gmake",
        expect![[r#"
        = seed 1 https://example.org/seed
        ! png/plain 1.6 
        ! png.dev 1.6 
        ! png/shared 1.6 
        ! png.tools 1.6 
        ! app 2 
    "#]],
    );
    check(
        "-O1",
        "-O0",
        expect![[r#"
        = seed 1 https://example.org/seed
        ! png/plain 1.6 
        ! png.dev 1.6 
        = png/shared 1.6 
        = png.tools 1.6 
        ! app 2 
    "#]],
    );
    check(
        "sh\"copy\"",
        "sh\"cp\"",
        expect![[r#"
        = seed 1 https://example.org/seed
        = png/plain 1.6 
        ! png.dev 1.6 
        = png/shared 1.6 
        ! png.tools 1.6 
        ! app 2 
    "#]],
    );
    check("include\"", "inc\"", everything_anew());
}

#[test]
fn a_file_that_others_have_as_well_is_called_by_the_first_of_them() {
    let before = Fixture::new(
        r#"
//- /r/fix.patch
a
//- /r/app.kiln
recipe app
version = 2
include unix
host lib
step build = sh"""make \(file("fix.patch"))"""
//- /r/lib.kiln
recipe lib
version = 1
include unix
step build = sh"""make \(file("fix.patch"))"""
"#,
        &["app"],
    );
    let after = before.again().edit("/r/lib.kiln", "make \\(file(\"fix.patch\"))", "make");
    everything_anew().assert_eq(&changed(&before, &after, "/r/lib.kiln"));
    let after = before.again().edit("/r/app.kiln", "make \\(file(\"fix.patch\"))", "make");
    everything_anew().assert_eq(&changed(&before, &after, "/r/app.kiln"));
}
