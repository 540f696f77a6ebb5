use std::sync::Arc;

use expect_test::{Expect, expect};
use kiln_lang::MemoryWorld;
use proptest::prelude::*;

use super::*;

const RECIPE: &str = "recipe curl

version = 8.10

enum Tls {
    @renamed(from = ssl)
    openssl
    mbedtls
}
/// TLS.
knob tls: Tls = openssl
/// Kerberos.
@renamed(from = gssapi, since = 8.10)
feature krb5 = off
/// LDAP.
feature ldap = off
/// Compile-time limit.
knob ports: Int(1..=64) = 32
/// What is on.
knob drivers: Set<enum { ice, mlx4, mlx5 }> = {ice}
/// Removed.
@removed(in = 8.0, \"use krb5\")
feature spnego = off
";

fn database(files: &[(&str, &str)]) -> (Database, Vec<FileId>) {
    let mut world = MemoryWorld::new();
    world.insert("/set/curl.kiln", RECIPE);
    for (path, text) in files {
        world.insert(format!("/set/{path}"), text);
    }
    let db = Database::new(Arc::new(world), vec!["/set".to_owned()]);
    let ids = files.iter().map(|it| db.file(&format!("/set/{}", it.0))).collect();
    (db, ids)
}

fn check_with(rules: &Rules, layer: Option<&str>, text: &str, expected: Expect) {
    let mut files = vec![("my.kiln", text)];
    files.extend(layer.map(|it| ("layer.kiln", it)));
    let (db, ids) = database(&files);
    let outcome = apply(db, &ids[..1], &ids[1..], rules);
    let mut shown = outcome.db.text(ids[0]).to_string();
    for left in &outcome.left {
        shown.push_str(&format!("// {}: {:?}\n", left.diagnostic.code, left.reason));
    }
    expected.assert_eq(&shown);
}

fn check(text: &str, expected: Expect) {
    check_with(&Rules::default(), None, text, expected);
}

fn check_guessing(text: &str, expected: Expect) {
    check_with(&Rules { guess: true, ..Rules::default() }, None, text, expected);
}

#[test]
fn what_has_another_name_now_gets_it() {
    check(
        "override curl\n\ngssapi = on\ntls = ssl\n",
        expect![[r#"
            override curl

            krb5 = on
            tls = openssl
        "#]],
    );
}

#[test]
fn slips_are_mended_round_after_round() {
    check(
        "override curl # mine\n\ngssapi: on\nports == 3\n",
        expect![[r#"
            override curl // mine

            krb5 = on
            ports = 3
        "#]],
    );
}

#[test]
fn slips_that_hide_each_other_are_mended_together() {
    check(
        "override curl\n\nhomepage: 'https://x' # mine\nports: '3'\n",
        expect![[r#"
        override curl

        homepage = "https://x" // mine
        ports: '3'
        // unexpected-token: NewError("error[unexpected-token]: expected `=`, found `:`")
    "#]],
    );
}

#[test]
fn what_is_said_twice_or_by_default_goes() {
    check(
        "override curl\n\ndrivers += ice\nldap = on\nldap = on\n",
        expect![[r#"
            override curl

            ldap = on
        "#]],
    );
}

#[test]
fn what_repeats_the_default_stays_where_another_layer_sets_it_too() {
    check_with(
        &Rules::default(),
        Some("overlay layer\n\ncurl { drivers -= ice }\n"),
        "override curl\n\ndrivers += ice\n",
        expect![[r#"
            override curl

            drivers += ice
            // redundant-setting: OtherLayer("/set/layer.kiln")
        "#]],
    );
}

#[test]
fn guesses_are_asked_for() {
    let text = "override curl\n\nldpa = on\ntls = mbedtsl\n";
    check(
        text,
        expect![[r#"
            override curl

            ldpa = on
            tls = mbedtsl
            // unknown-option: Guess
            // unknown-value: Guess
        "#]],
    );
    check_guessing(
        text,
        expect![[r#"
            override curl

            ldap = on
            tls = mbedtls
        "#]],
    );
}

#[test]
fn of_several_ways_none_is_taken() {
    check_guessing(
        "override curl\n\ndrivers += mlx6\n",
        expect![[r#"
            override curl

            drivers += mlx6
            // unknown-value: Several
        "#]],
    );
}

#[test]
fn a_number_that_is_not_allowed_stays() {
    check_guessing(
        "override curl\n\nports = 70000\n",
        expect![[r#"
            override curl

            ports = 70000
        "#]],
    );
}

#[test]
fn what_would_bring_a_new_error_is_not_done() {
    check(
        "override curl\n\ngssapi = on\nkrb5 = off\nports: 70000\n",
        expect![[r#"
            override curl

            krb5 = on
            krb5 = off
            ports: 70000
            // unexpected-token: NewError("error[out-of-range]: `ports` must be 1..=64, found 70000")
        "#]],
    );
}

#[test]
fn only_what_is_asked_for_is_done() {
    let rules = Rules { only: vec![Code::RenamedOption], guess: false };
    check_with(
        &rules,
        None,
        "override curl # x\n\nkrb5 = on\ntls = ssl\n",
        expect![[r#"
            override curl # x

            krb5 = on
            tls = openssl
        "#]],
    );
}

#[test]
fn a_file_of_nothing_but_mistakes_is_left() {
    let (db, ids) = database(&[("my.kiln", "\u{0}\u{1}(((\n\"")]);
    let outcome = apply(db, &ids, &[], &Rules::default());
    assert_eq!(&*outcome.db.text(ids[0]), "\u{0}\u{1}(((\n\"");
    assert!(outcome.applied.is_empty());
    check("", expect![[r#""#]]);
}

/// Every recipe set of the cases of `kiln check`, with what is wrong in it.
#[test]
fn no_case_has_more_errors_when_it_is_fixed() {
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/cases/check");
    let mut count_of_fixes = 0;
    for case in std::fs::read_dir(cases).unwrap().map(|it| it.unwrap().path()) {
        let mut world = MemoryWorld::new();
        let mut paths = Vec::new();
        for file in std::fs::read_dir(&case).unwrap().map(|it| it.unwrap().path()) {
            if file.extension().is_some_and(|it| it == "kiln") {
                let path = format!("/set/{}", file.file_name().unwrap().to_string_lossy());
                world.insert(&path, std::fs::read(&file).unwrap());
                paths.push(path);
            }
        }
        for guess in [false, true] {
            let db = Database::new(Arc::new(world.clone()), vec!["/set".to_owned()]);
            let ids: Vec<FileId> = paths.iter().map(|it| db.file(it)).collect();
            let before: Vec<usize> = ids.iter().map(|it| count(&db, *it)).collect();
            let outcome = apply(db, &ids, &[], &Rules { guess, only: Vec::new() });
            count_of_fixes += outcome.applied.len();
            assert!(!outcome.endless, "{} goes round", case.display());
            for (id, before) in ids.iter().zip(before) {
                let after = count(&outcome.db, *id);
                assert!(
                    after <= before,
                    "{} in {}: {before} errors, then {after}",
                    outcome.db.path(*id),
                    case.display()
                );
            }
        }
    }
    assert!(count_of_fixes > 50, "only {count_of_fixes} fixes");
}

/// Lines as people write them, right and wrong.
fn line() -> impl Strategy<Value = &'static str> {
    prop::sample::select(vec![
        "gssapi = on",
        "krb5 = on",
        "krb5 = off",
        "tls = ssl",
        "tls: openssl",
        "tls == ssl",
        "tls = mbedtsl",
        "ldpa = on",
        "ldap = on",
        "ldap = on # why",
        "ports = 70000",
        "ports = \"3\"",
        "ports 3",
        "drivers += ice",
        "drivers -= {mlx4, mlx5}",
        "drivers = {ice mlx4}",
        "drivers = drivers + {mlx4}",
        "drivers += ..mlx4",
        "drivers += mlx6",
        "drivers += [ice]",
        "spnego = on",
        "homepage = 'https://x'",
        "homepage = \"\\d\"",
        "homepage = \"open",
        "when platform.os = linux { ldap = on }",
        "if platform.os == linux && ldap { krb5 = on }",
        "/* old */",
        "}",
        "{",
        "(",
        "ünï = ✓",
    ])
}

fn count(db: &Database, file: FileId) -> usize {
    db.diagnostics(file).iter().filter(|it| it.is_error()).count()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// A file has no more errors than before, and what was done once is done.
    #[test]
    fn a_fixed_file_has_no_more_errors(lines in prop::collection::vec(line(), 0..12), guess: bool) {
        let text = format!("override curl\n\n{}\n", lines.join("\n"));
        let (db, ids) = database(&[("my.kiln", &text)]);
        let before = count(&db, ids[0]);
        let rules = Rules { guess, only: Vec::new() };
        let outcome = apply(db, &ids, &[], &rules);
        prop_assert!(count(&outcome.db, ids[0]) <= before);
        if !outcome.endless {
            let text = outcome.db.text(ids[0]);
            let again = apply(outcome.db, &ids, &[], &rules);
            prop_assert_eq!(&*again.db.text(ids[0]), &*text);
        }
    }

    /// Whatever the text is, fixing it ends, and makes nothing worse.
    #[test]
    fn any_text_can_be_fixed(text in "(override curl\n)?[a-z =+{}\\[\\]\"'#/*()&\\\\.:,0-9\n]{0,120}", guess: bool) {
        let (db, ids) = database(&[("my.kiln", &text)]);
        let before = count(&db, ids[0]);
        let outcome = apply(db, &ids, &[], &Rules { guess, only: Vec::new() });
        prop_assert!(count(&outcome.db, ids[0]) <= before);
    }
}
