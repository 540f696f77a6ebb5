use std::time::Duration;

use expect_test::{Expect, expect};
use tempfile::TempDir;

use super::*;
use crate::args::{Layers, Locking};

/// How many packages the set has, so that a trace of it is kept.
const COUNT: usize = PACKAGES_MIN + 2;

/// A set of recipes on the disk, each of which needs the one before, and the place of its trace.
struct Set {
    folder: TempDir,
    kept: Kept,
}

impl Set {
    fn new() -> Set {
        let folder = tempfile::tempdir().unwrap();
        let recipes = folder.path().join("recipes");
        fs::create_dir_all(recipes.join("p0")).unwrap();
        fs::write(recipes.join("p0/seed"), "seed").unwrap();
        fs::write(recipes.join("p0.kiln"), "recipe p0\nversion = 1\nsource = dir(\"p0\")\n")
            .unwrap();
        let module = "module m\nmixin mx {\n    build p0\n    shell = [\"\\(dep.p0)/seed\"]\n}\n";
        fs::write(recipes.join("m.kiln"), module).unwrap();
        for at in 1..COUNT {
            let host = if at > 1 { format!("host p{}\n", at - 1) } else { String::new() };
            let text = format!(
                "recipe p{at}\nversion = 1\ninclude m.mx\n{host}knob level: Int = 3\narg \"\\(level)\"\nstep build = sh\"make \\(args)\"\n"
            );
            fs::write(recipes.join(format!("p{at}.kiln")), text).unwrap();
        }
        fs::write(folder.path().join("my.kiln"), "override p5\nlevel = 4\n").unwrap();
        // What was written just now may be written again without a trace of it.
        std::thread::sleep(Duration::from_millis(1100));
        let kept = Kept { path: folder.path().join("cache/trace") };
        Set { folder, kept }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn wishes(&self) -> Wishes {
        let layers = Layers {
            no_project: true,
            recipes: vec![self.path("recipes")],
            overrides: vec![self.path("my.kiln")],
            ..Layers::default()
        };
        let specs = vec![format!("p{}", COUNT - 1)];
        Wishes { specs, layers, locking: Locking::default() }
    }

    fn evaluate(&self, kept: Option<&Kept>) -> Result<Evaluated, Fail> {
        let terminal = Terminal { color: false, live: false, width: 80 };
        evaluate_with(kept, &self.wishes(), terminal, false)
    }

    /// How many derivations differ from those before, and whether the trace tells.
    fn outcome(&self, before: &Evaluated) -> String {
        let terminal = Terminal { color: false, live: false, width: 80 };
        let workspace = Workspace::with(&self.wishes(), terminal, false).unwrap();
        let content = Content::read(&self.kept.path);
        let followed = content.and_then(|it| it.resume(&self.kept, &workspace)).is_some();
        let how = if followed { "followed" } else { "anew" };
        match (self.evaluate(Some(&self.kept)), self.evaluate(None)) {
            (Ok(is), Ok(anew)) => {
                assert_eq!(is.derived.graph.ids(), anew.derived.graph.ids());
                assert_eq!((&is.wanted, &is.beside), (&anew.wanted, &anew.beside));
                let ids = is.derived.graph.ids().iter();
                let new = ids.filter(|it| before.derived.graph.node(it).is_none()).count();
                format!("{how}: {new} of {} are others\n", is.derived.graph.ids().len())
            }
            (Err(_), Err(_)) => format!("{how}: wrong\n"),
            (is, _) => panic!("with a trace, right is {}", is.is_ok()),
        }
    }
}

/// Changes a set and puts it right again; `what` says what changes, and how.
fn check(set: &Set, before: &Evaluated, path: &str, from: &str, to: &str, expected: Expect) {
    let path = set.path(path);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from), "{text}");
    fs::write(&path, text.replacen(from, to, 1)).unwrap();
    expected.assert_eq(&set.outcome(before));
    fs::write(&path, text).unwrap();
}

#[test]
fn a_trace_tells_what_an_evaluation_of_everything_would() {
    let set = Set::new();
    let before = set.evaluate(Some(&set.kept)).unwrap();
    let trace = fs::read(&set.kept.path).unwrap();
    expect![[r#"
        followed: 0 of 66 are others
    "#]]
    .assert_eq(&set.outcome(&before));
    let check = |path: &str, from: &str, to: &str, expected: Expect| {
        check(&set, &before, path, from, to, expected);
    };
    check(
        "recipes/p60.kiln",
        "recipe",
        "// why\nrecipe",
        expect![[r#"
        followed: 0 of 66 are others
    "#]],
    );
    check(
        "recipes/p60.kiln",
        "= 3",
        "= 5",
        expect![[r#"
        followed: 6 of 66 are others
    "#]],
    );
    check(
        "recipes/p60.kiln",
        "make",
        "make -k",
        expect![[r#"
        followed: 6 of 66 are others
    "#]],
    );
    // The override has a say in it.
    check(
        "recipes/p5.kiln",
        "= 3",
        "= 5",
        expect![[r#"
        anew: 0 of 66 are others
    "#]],
    );
    check(
        "recipes/p60.kiln",
        "host p59",
        "host p58",
        expect![[r#"
        anew: 6 of 65 are others
    "#]],
    );
    check(
        "recipes/m.kiln",
        "shell",
        "env.A = \"b\"; shell",
        expect![[r#"
        anew: 65 of 66 are others
    "#]],
    );
    check(
        "my.kiln",
        "= 4",
        "= 5",
        expect![[r#"
        anew: 61 of 66 are others
    "#]],
    );
    check(
        "recipes/p60.kiln",
        "(args)",
        "(arsg)",
        expect![[r#"
        anew: wrong
    "#]],
    );

    // Files come and go.
    let other = set.path("recipes/other.kiln");
    fs::write(&other, "recipe other\nversion = 1\n").unwrap();
    expect![[r#"
        anew: 0 of 66 are others
    "#]]
    .assert_eq(&set.outcome(&before));
    fs::remove_file(&other).unwrap();
    // As an editor saves: the folder is another, and has the same files.
    let recipe = set.path("recipes/p60.kiln");
    let text = fs::read_to_string(&recipe).unwrap();
    fs::write(set.path("recipes/p60.kiln~"), text.replace("make", "ninja")).unwrap();
    fs::rename(set.path("recipes/p60.kiln~"), &recipe).unwrap();
    expect![[r#"
        followed: 6 of 66 are others
    "#]]
    .assert_eq(&set.outcome(&before));
    fs::write(&recipe, text).unwrap();

    // An input that is no recipe.
    check(
        "recipes/p0/seed",
        "seed",
        "other",
        expect![[r#"
        anew: 66 of 66 are others
    "#]],
    );
    fs::write(set.path("recipes/p0/more"), "more").unwrap();
    expect![[r#"
        anew: 66 of 66 are others
    "#]]
    .assert_eq(&set.outcome(&before));
    fs::remove_file(set.path("recipes/p0/more")).unwrap();

    // Whatever is wrong with a trace, it is as if it were not there.
    for cut in [0, 1, HEAD_LEN, HEAD_LEN + 1, trace.len() / 2, trace.len() - 1] {
        fs::write(&set.kept.path, &trace[..cut]).unwrap();
        let said = set.outcome(&before);
        assert!(said.ends_with(": 0 of 66 are others\n"), "{said}");
        let mut garbled = trace.clone();
        garbled[cut] ^= 0x40;
        fs::write(&set.kept.path, &garbled).unwrap();
        let said = set.outcome(&before);
        assert!(said.ends_with(": 0 of 66 are others\n"), "{said}");
    }
}
