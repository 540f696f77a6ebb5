//! What changes an id, and what does not.

use std::collections::BTreeMap;

use kiln_store::DerivationId;

use crate::common::Fixture;

const APP: &str = r#"
//- /r/autotools.kiln
module autotools
/// Configure, make.
mixin autotools {
    include unix
    field configure: String = "./configure"
    env.PATH = deps.build.map((it) -> it.bin).join(":")
    step configure = sh"""\(configure) --prefix=\(out) \(args)"""
    step build = sh"""make"""
}
fn flag(name: String): String = "--\(name)"
//- /r/zlib.kiln
recipe zlib
version = 1.3
steps autotools
//- /r/tool.kiln
recipe tool
version = 2
steps autotools
//- /r/other.kiln
recipe other
version = 3
steps autotools
//- /r/patches/fix.patch
--- a
+++ b
//- /r/app.kiln
//! An application.
recipe app

use autotools

version = 8.18.0
source = fetch("https://example.org/app-\(version).tar.gz", sha256 = "1111111111111111111111111111111111111111111111111111111111111111")
license = "MIT"
homepage = "https://example.org"
maintainers = ["somebody"]
patches = [file("patches/fix.patch")]

// A comment.
steps autotools

build tool
host zlib
run other

let level = 2

/// A feature.
feature fast = on {
    arg "--fast" else "--slow"
}
knob jobs: Int(1..=64) = 4
knob unused: Int(1..=64) = 4

arg autotools.flag("x")
args += ["--level=\(level)", "--jobs=\(jobs)"]
env.LIBC = "\(toolchain.libc)"
env.ZLIB = "\(dep.zlib.version)"

build_time_max = 1 h

test "runs" = sh"""app --version"""
preset small { jobs = 1 }
"#;

fn app() -> Fixture {
    Fixture::new(APP, &["app"])
}

fn ids(fixture: &Fixture) -> BTreeMap<String, DerivationId> {
    fixture.ids()
}

/// Edits of a file after which nothing would be built differently.
#[test]
fn what_no_build_can_see_changes_no_id() {
    let before = ids(&app());
    let edits: &[(&str, &str, &str, &str)] = &[
        ("a comment", "/r/app.kiln", "// A comment.", "// Another comment.\n// Or two."),
        (
            "formatting",
            "/r/app.kiln",
            "    arg \"--fast\" else \"--slow\"",
            "  arg   \"--fast\"\n   else \"--slow\" ;",
        ),
        ("the description", "/r/app.kiln", "//! An application.", "//! The application."),
        ("documentation", "/r/app.kiln", "/// A feature.", "/// One feature.\n/// In many words."),
        ("the maintainers", "/r/app.kiln", "[\"somebody\"]", "[\"somebody\", \"else\"]"),
        ("the licence", "/r/app.kiln", "\"MIT\"", "\"Apache-2.0\""),
        (
            "the homepage",
            "/r/app.kiln",
            "homepage = \"https://example.org\"",
            "homepage = \"https://example.com\"",
        ),
        (
            "the URL of a source",
            "/r/app.kiln",
            "https://example.org/app",
            "https://mirror.example/app",
        ),
        ("another mirror", "/r/app.kiln", "fetch(", "fetch(\"https://second.example/x\", "),
        ("a test", "/r/app.kiln", "app --version", "app --help"),
        ("no test", "/r/app.kiln", "test \"runs\" = sh\"\"\"app --version\"\"\"\n", ""),
        ("a preset", "/r/app.kiln", "preset small { jobs = 1 }", "preset small { jobs = 2 }"),
        ("the time limit", "/r/app.kiln", "1 h", "2 h"),
        ("what is needed only to run", "/r/app.kiln", "run other", ""),
        ("what is needed only to test", "/r/app.kiln", "run other", "run other\ntest tool"),
        ("the version of what is needed to run", "/r/other.kiln", "version = 3", "version = 4"),
        (
            "the order of declarations",
            "/r/app.kiln",
            "build tool\nhost zlib\nrun other\n",
            "run other\nhost zlib\nbuild tool\n",
        ),
        (
            "the order of knobs",
            "/r/app.kiln",
            "knob jobs: Int(1..=64) = 4\nknob unused: Int(1..=64) = 4",
            "knob unused: Int(1..=64) = 4\nknob jobs: Int(1..=64) = 4",
        ),
        ("the name of a let", "/r/app.kiln", "level", "height"),
        (
            "an option that nothing reads",
            "/r/app.kiln",
            "unused: Int(1..=64) = 4",
            "unused: Int(1..=64) = 5",
        ),
        ("a version that only a URL reads", "/r/app.kiln", "version = 8.18.0", "version = 8.18.1"),
        ("a rule", "/r/app.kiln", "build_time_max", "require jobs >= 1 \"must\"\nbuild_time_max"),
        ("an equal expression", "/r/app.kiln", "let level = 2", "let level = 1 + 1"),
        (
            "a function that is not called",
            "/r/autotools.kiln",
            "fn flag",
            "fn unused(x: Int): Int = x\nfn flag",
        ),
        ("a mixin's documentation", "/r/autotools.kiln", "/// Configure, make.", "/// Make."),
        (
            "a package that nothing needs",
            "/r/other.kiln",
            "recipe other",
            "recipe other\nfeature x = on",
        ),
    ];
    for (what, path, from, to) in edits {
        // `level` is also part of a text that the build sees.
        let from_text = if *what == "the name of a let" {
            let fixture =
                app().edit(path, "let level", "let height").edit(path, "\\(level)", "\\(height)");
            assert_eq!(ids(&fixture), before, "{what} must not change an id");
            continue;
        } else {
            from
        };
        assert_eq!(ids(&app().edit(path, from_text, to)), before, "{what} must not change an id");
    }
}

/// Edits of a file after which something would be built differently.
#[test]
fn what_a_build_can_see_changes_its_id() {
    let before = ids(&app());
    let edits: &[(&str, &str, &str, &str)] = &[
        (
            "a step",
            "/r/app.kiln",
            "steps autotools\n",
            "steps autotools { build += sh\"\"\"more\"\"\" }\n",
        ),
        (
            "a further step",
            "/r/app.kiln",
            "test \"runs\"",
            "step more = sh\"\"\"more\"\"\"\ntest \"runs\"",
        ),
        ("a step's name", "/r/autotools.kiln", "step build", "step compile"),
        ("an argument", "/r/app.kiln", "--level", "--height"),
        (
            "the order of arguments",
            "/r/app.kiln",
            "\"--level=\\(level)\", \"--jobs=\\(jobs)\"",
            "\"--jobs=\\(jobs)\", \"--level=\\(level)\"",
        ),
        ("an option that is read", "/r/app.kiln", "jobs: Int(1..=64) = 4", "jobs: Int(1..=64) = 5"),
        ("a feature", "/r/app.kiln", "fast = on", "fast = off"),
        ("the environment", "/r/app.kiln", "env.LIBC", "env.LIBRARY"),
        ("a version that is read", "/r/zlib.kiln", "version = 1.3", "version = 1.4"),
        ("the hash of the source", "/r/app.kiln", "sha256 = \"1", "sha256 = \"2"),
        ("a patch", "/r/patches/fix.patch", "+++ b", "+++ c"),
        ("no patch", "/r/app.kiln", "patches = [file(\"patches/fix.patch\")]", ""),
        ("a dependency", "/r/app.kiln", "host zlib\n", "host zlib\nhost tool\n"),
        ("the role of a dependency", "/r/app.kiln", "build tool", "host tool"),
        (
            "a dependency's steps",
            "/r/zlib.kiln",
            "steps autotools",
            "steps autotools\nargs = [\"--x\"]",
        ),
        ("a tool", "/r/tool.kiln", "version = 2", "version = 2\nargs = [\"--x\"]"),
        ("a mixin", "/r/autotools.kiln", "\"make\"", "\"make all\""),
        ("a function that is called", "/r/autotools.kiln", "\"--\\(name)\"", "\"-\\(name)\""),
        ("a field's default", "/r/autotools.kiln", "./configure", "./config"),
        ("the shell", "/r/unix.kiln", "-eu", "-e"),
        ("how the source is unpacked", "/r/app.kiln", "fetch(", "fetch(root = \"x\", "),
    ];
    for (what, path, from, to) in edits {
        // Patches are inputs only where a step reads them.
        let reads = |fixture: Fixture| {
            fixture.edit("/r/autotools.kiln", "sh\"\"\"make", "sh\"\"\"make \\(patches)")
        };
        if what.contains("patch") {
            let before = ids(&reads(app()));
            assert_ne!(
                ids(&reads(app()).edit(path, from, to)),
                before,
                "{what} must change the id"
            );
            continue;
        }
        assert_ne!(ids(&app().edit(path, from, to)), before, "{what} must change the id");
    }
}

#[test]
fn a_toolchain_changes_only_those_who_read_it() {
    let fixture = |libc: &str| {
        Fixture::new(APP, &["app", "zlib"])
            .with("/project.kiln", &format!("project\ntoolchain.libc = {libc}\n"))
    };
    let (musl, glibc) = (ids(&fixture("musl")), ids(&fixture("glibc")));
    assert_ne!(musl["app"], glibc["app"]);
    assert_eq!(musl["zlib"], glibc["zlib"]);
}

#[test]
fn an_override_that_says_what_is_so_anyway_changes_nothing() {
    let before = ids(&app());
    for text in ["jobs = 4", "fast = on", "args = prev", "jobs = default"] {
        let fixture = app().with("/o/app.kiln", &format!("override app\n{text}\n"));
        assert_eq!(ids(&fixture), before, "`{text}`");
    }
    let fixture = app().with("/o/app.kiln", "override app\njobs = 5\n");
    assert_ne!(ids(&fixture), before);
}

#[test]
fn the_same_option_from_any_layer_gives_the_same_id() {
    let mut all = vec![
        app().with("/o/app.kiln", "override app\njobs = 5\n").ids(),
        app().with("/project.kiln", "project\napp { jobs = 5 }\n").ids(),
        app().with("/project.kiln", "project\npolicy app[jobs = 5]\n").ids(),
        app().edit("/r/app.kiln", "jobs: Int(1..=64) = 4", "jobs: Int(1..=64) = 5").ids(),
        Fixture::new(APP, &["app[jobs = 5]"]).ids(),
    ];
    all.dedup();
    assert_eq!(all.len(), 1);
}

#[test]
fn moving_the_recipes_changes_nothing() {
    let before = ids(&app());
    let mut moved = app();
    moved.files = std::mem::take(&mut moved.files)
        .into_iter()
        .map(|(path, text)| match path.strip_prefix("/r/") {
            Some(rest) => (format!("/r/deep/er/{rest}"), text),
            None => (path, text),
        })
        .collect();
    assert_eq!(ids(&moved), before);
}
