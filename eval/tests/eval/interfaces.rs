//! Who provides an interface where nobody says so, and what else is tried.

use expect_test::{Expect, expect};

use crate::common::{Fixture, show_diagnostics, show_edges};

fn check(files: &str, wishes: &[&str], expected: Expect) {
    expected.assert_eq(&show(&Fixture::new(files, wishes)));
}

/// What each package depends on, and who provides what and why.
fn show(fixture: &Fixture) -> String {
    use std::fmt::Write as _;
    let outcome = fixture.run();
    let mut out = show_edges(&outcome);
    let Ok(done) = &outcome.result else { return out };
    for unit in &done.solution.units {
        for (interface, provider) in &unit.providers {
            let name = &done.solution.node(provider.node).package.name;
            let fixed = if provider.is_fixed { ", fixed" } else { "" };
            let tool = if unit.is_build { " (tool)" } else { "" };
            let _ = writeln!(out, "{interface}{tool}: {name}{fixed}");
            for influence in &provider.history {
                let _ = writeln!(out, "  {}: {}", influence.by.text(), influence.text);
            }
            let others: Vec<&str> = provider.others.iter().map(|it| it.as_str()).collect();
            if !others.is_empty() {
                let _ = writeln!(out, "  or {}", others.join(", "));
            }
        }
    }
    out
}

const MPI: &str = r#"
//- /r/mpi.kiln
interface mpi
//- /r/openmpi.kiln
recipe openmpi
versions {
    5 {}
    4 {}
}
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
fn where_nobody_says_who_provides_an_interface_the_first_by_name_does() {
    check(
        MPI,
        &["hdf5"],
        expect![[r#"
        target
          hdf5 1.14
            host mpich 4
          mpich 4
        mpi: mpich
          or openmpi
    "#]],
    );
}

#[test]
fn a_wish_for_an_interface_is_a_wish_for_who_provides_it() {
    check(
        MPI,
        &["mpi"],
        expect![[r#"
        target
          mpich 4
        mpi: mpich
          or openmpi
    "#]],
    );
    check(
        MPI,
        &["mpi < 4"],
        expect![[r#"
            target
              openmpi 5
            mpi: openmpi
              needed by command line: mpich provides == 4.0, and not < 4
        "#]],
    );
}

#[test]
fn a_version_of_an_interface_is_provided_by_who_has_it() {
    let fixture = Fixture::new(MPI, &["hdf5"]).edit("/r/hdf5.kiln", "host mpi", "host mpi < 4");
    expect![[r#"
        target
          hdf5 1.14
            host openmpi 5
          openmpi 5
        mpi: openmpi
          needed by hdf5 1.14: mpich provides == 4.0, and not < 4
    "#]]
    .assert_eq(&show(&fixture));
    let none = fixture.again().edit("/r/hdf5.kiln", "host mpi < 4", "host mpi > 9");
    expect![[r#"
        error[conflict]: nothing provides `mpi` > 9
          /r/hdf5.kiln:4 `host mpi > 9`
          help: `mpich` provides == 4.0; `openmpi` provides == 3.1
    "#]]
    .assert_eq(&show(&none));
    let tool = fixture.edit("/r/hdf5.kiln", "host mpi", "build mpi");
    expect![[r#"
        build tools
          openmpi 5
          seed 1
        target
          hdf5 1.14
            build openmpi 5
        mpi (tool): openmpi
          needed by hdf5 1.14: mpich provides == 4.0, and not < 4
    "#]]
    .assert_eq(&show(&tool));
}

#[test]
fn a_list_of_providers_is_tried_in_its_order() {
    let files =
        format!("{MPI}\n//- /project.kiln\nproject\nproviders.mpi = auto(openmpi, mpich)\n");
    check(
        &files,
        &["hdf5"],
        expect![[r#"
        target
          hdf5 1.14
            host openmpi 5
          openmpi 5
        mpi: openmpi
          project: providers.mpi = auto(openmpi, mpich)
          or mpich
    "#]],
    );
    let fixture = Fixture::new(&files, &["hdf5"]).edit("/r/hdf5.kiln", "host mpi", "host mpi >= 4");
    expect![[r#"
        target
          hdf5 1.14
            host mpich 4
          mpich 4
        mpi: mpich
          project: providers.mpi = auto(openmpi, mpich)
          needed by hdf5 1.14: openmpi provides == 3.1, and not >= 4
    "#]]
    .assert_eq(&show(&fixture));
}

#[test]
fn what_is_needed_by_its_own_name_provides_the_interface() {
    let fixture = Fixture::new(MPI, &["hdf5", "openmpi"]);
    expect![[r#"
        target
          hdf5 1.14
            host openmpi 5
          openmpi 5
        mpi: openmpi
          needed by command line: `openmpi` is needed by its own name
          or mpich
    "#]]
    .assert_eq(&show(&fixture));
    let host =
        Fixture::new(MPI, &["hdf5"]).edit("/r/hdf5.kiln", "host mpi", "host mpi\nrun openmpi < 5");
    expect![[r#"
        target
          hdf5 1.14
            host openmpi 4
            run openmpi 4
          openmpi 4
        mpi: openmpi
          needed by hdf5 1.14: `openmpi` is needed by its own name
          or mpich
    "#]]
    .assert_eq(&show(&host));
}

/// Something that does not go together with one provider.
const CLASH: &str = r#"
//- /r/zlib.kiln
recipe zlib
versions {
    2 {}
    1 {}
}
include unix
step build = sh"""true"""
//- /r/game.kiln
recipe game
version = 1
include unix
host zlib == 2
host hdf5
step build = sh"""true"""
"#;

#[test]
fn another_provider_is_tried_where_one_leads_to_a_conflict() {
    let files = format!("{MPI}{CLASH}");
    let fixture = || {
        Fixture::new(&files, &["game"]).edit(
            "/r/mpich.kiln",
            "provides",
            "host zlib == 1\nprovides",
        )
    };
    expect![[r#"
        target
          game 1
            host zlib 2
            host hdf5 1.14
          hdf5 1.14
            host openmpi 5
          openmpi 5
          zlib 2
        mpi: openmpi
          conflict: mpich would not do: no version of `zlib` is == 1 and == 2
    "#]]
    .assert_eq(&show(&fixture()));
    // What a layer says is not overruled.
    let fixed = fixture().with("/project.kiln", "project\nproviders.mpi = mpich\n");
    expect![[r#"
        error[conflict]: no version of `zlib` is == 1 and == 2
          /r/game.kiln:4 `host zlib == 2`
          /r/game.kiln:5 `host hdf5`: game 1 needs `hdf5`
          /r/hdf5.kiln:4 `host mpi`: hdf5 1.14 needs `mpi`, here from `mpich`
          /project.kiln:2 `providers.mpi = mpich`: `mpich` provides `mpi`: project
          /r/mpich.kiln:4 `host zlib == 1`: mpich 4 asks for == 1
          help: the recipe has `2` and `1`
          help: with `providers.mpi = openmpi` there is a solution
    "#]]
    .assert_eq(&show(&fixed));
    // Nobody will do.
    let none = fixture().edit("/r/openmpi.kiln", "provides", "host zlib < 2\nprovides");
    expect![[r#"
        error[conflict]: no version of `zlib` is == 1 and == 2
          /r/game.kiln:4 `host zlib == 2`
          /r/game.kiln:5 `host hdf5`: game 1 needs `hdf5`
          /r/hdf5.kiln:4 `host mpi`: hdf5 1.14 needs `mpi`, here from `mpich`
          /r/mpich.kiln:4 `host zlib == 1`: mpich 4 asks for == 1
          help: the recipe has `2` and `1`
          help: nothing that provides `mpi` will do: `mpich`: no version of `zlib` is == 1 and == 2; `openmpi`: no version of `zlib` is < 2 and == 2
    "#]]
    .assert_eq(&show(&none));
}

#[test]
fn who_provides_an_interface_under_a_condition_does_so_only_then() {
    let fixture = |cond: &str| {
        Fixture::new(MPI, &["hdf5"]).edit(
            "/r/mpich.kiln",
            "provides mpi == 4.0",
            &format!("feature c = off\nprovides mpi == 4.0 when {cond}"),
        )
    };
    expect![[r#"
        target
          hdf5 1.14
            host openmpi 5
          openmpi 5
        mpi: openmpi
          conflict: mpich would not do: `mpich` could provide `mpi`, but not as it is configured here
    "#]].assert_eq(&show(&fixture("c")));
    expect![[r#"
        target
          hdf5 1.14
            host mpich 4
          mpich 4
        mpi: mpich
          or openmpi
    "#]]
    .assert_eq(&show(&fixture("!c")));
    expect![[r#"
        target
          hdf5 1.14
            host openmpi 5
          openmpi 5
        mpi: openmpi
          needed by hdf5 1.14: mpich does not provide it here
    "#]]
    .assert_eq(&show(&fixture("platform.os == macos")));
    // A feature that somebody wants is on.
    let wanted = fixture("c").with("/project.kiln", "project\nmpich { c = on }\n");
    expect![[r#"
        target
          hdf5 1.14
            host mpich 4
          mpich 4
        mpi: mpich
          or openmpi
    "#]]
    .assert_eq(&show(&wanted));
}

#[test]
fn conditions_ask_who_provides_an_interface() {
    let files = format!(
        "{MPI}//- /r/extra.kiln\nrecipe extra\nversion = 1\ninclude unix\nstep build = sh\"true\"\n"
    );
    let fixture = |cond: &str, wishes: &[&str]| {
        Fixture::new(&files, wishes).edit(
            "/r/hdf5.kiln",
            "host mpi",
            &format!("host mpi\nrun extra when {cond}"),
        )
    };
    let has_extra = |fixture: Fixture| {
        let outcome = fixture.run();
        match &outcome.result {
            Ok(done) => done.solution.find("extra").is_some().to_string(),
            Err(said) => show_diagnostics(&outcome.db, said),
        }
    };
    assert_eq!(has_extra(fixture("with mpich as mpi", &["hdf5"])), "true");
    assert_eq!(has_extra(fixture("with openmpi as mpi", &["hdf5"])), "false");
    assert_eq!(has_extra(fixture("with mpi", &["hdf5"])), "true");
    assert_eq!(has_extra(fixture("with mpi >= 4", &["hdf5"])), "true");
    assert_eq!(has_extra(fixture("with mpi < 4", &["hdf5"])), "false");
    // Who is there by its own name does not provide it for that.
    let both = ["hdf5", "openmpi", "mpich"];
    assert_eq!(has_extra(fixture("with openmpi as mpi", &both)), "false");
    assert_eq!(has_extra(fixture("with openmpi", &both)), "true");
}

#[test]
fn what_an_interface_exports_goes_to_where_its_provider_does() {
    let files = format!(
        "{MPI}//- /r/lib.kiln\nrecipe lib\nversion = 1\ninclude unix\nexports {{ host_to_host mpi >= 4 }}\nstep build = sh\"true\"\n"
    );
    let fixture = Fixture::new(&files, &["hdf5"])
        .edit("/r/hdf5.kiln", "host mpi", "host lib")
        .edit("/r/hdf5.kiln", "\\(dep.mpi)", "true");
    expect![[r#"
        target
          hdf5 1.14
            host lib 1
            host mpich 4, exported by lib
          lib 1
          mpich 4
        mpi: mpich
          needed by hdf5 1.14 (exported by lib): openmpi provides == 3.1, and not >= 4
    "#]]
    .assert_eq(&show(&fixture));
}

#[test]
fn a_locked_provider_is_preferred() {
    let fixture = Fixture::new(MPI, &["hdf5"]);
    assert!(fixture.run().result.unwrap().solution.find("mpich").is_some());
    let db = kiln_lang::Database::new(fixture.world(), vec!["/r".to_owned()]);
    let (mut setup, _) = kiln_eval::setup(&db, &fixture.request(&db)).unwrap();
    setup.prefer.prefer_provider("mpi".into(), "openmpi".into());
    let packages = kiln_eval::Packages::new(&db);
    let (solution, _) = kiln_eval::solve(&packages, &setup, fixture.threads).unwrap();
    assert!(solution.find("openmpi").is_some() && solution.find("mpich").is_none());
}
