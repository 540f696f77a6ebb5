//! New names for things, everywhere at once.
//!
//! ```text
//! word ─references─▶ Edits ─with_file─▶ another Database ─same─▶ every other word means what it did
//! ```

mod refusal;
mod same;

use text_size::TextRange;

use self::same::{differs, options, value_in_pattern};
use super::occurrences::occurrence_at;
use super::references::references_of;
use super::{FilePosition, Symbol};
use crate::check::{fact_in_words, is_reserved_word, object};
use crate::database::{Database, FileId};
use crate::diagnostic::Edit;
use crate::module::Name;
use crate::syntax::{SyntaxKind, is_name, quote};

pub use refusal::{Meant, Place, RenameRefusal};

/// What is to be renamed.
struct Target {
    symbol: Symbol,
    /// How it is called now.
    name: Name,
    /// Where it is declared.
    declared: Place,
    /// The word that was asked about.
    range: TextRange,
}

/// Returns the word at a position that can be renamed, and how it is called now.
///
/// # Errors
///
/// As [`RenameRefusal`]. `can_edit` says whether a file can be changed.
pub fn renameable(
    db: &Database,
    position: FilePosition,
    can_edit: &dyn Fn(FileId) -> bool,
) -> Result<(TextRange, Name), RenameRefusal> {
    let target = target(db, position, can_edit)?;
    Ok((target.range, target.name))
}

/// Returns the edits in `files` that give what the word at a position stands for a new name.
///
/// # Errors
///
/// As [`RenameRefusal`]. `can_edit` says whether a file can be changed; places in files that cannot
/// are left.
pub fn rename(
    db: &Database,
    position: FilePosition,
    new_name: &str,
    files: &[FileId],
    can_edit: &dyn Fn(FileId) -> bool,
) -> Result<Vec<Edit>, RenameRefusal> {
    let Target { symbol, name, declared, .. } = target(db, position, can_edit)?;
    let is_text = matches!(&symbol, Symbol::Value(..))
        || matches!(&symbol, Symbol::Part(..)) && symbol.kind(db) == "test";
    if !is_text && !is_name(new_name) || new_name.is_empty() {
        return Err(RenameRefusal::NotAName { name: new_name.to_owned() });
    }
    if new_name == name {
        return Ok(Vec::new());
    }
    if let Some(meaning) = meaning(&symbol, new_name) {
        return Err(RenameRefusal::OfMeaning { name: new_name.to_owned(), meaning });
    }
    if let Some(by) = taken(db, &symbol, new_name) {
        let name = new_name.to_owned();
        return Err(RenameRefusal::Taken { name, by, renamed: declared });
    }
    let needs_quotes = is_text && (!is_name(new_name) || SyntaxKind::keyword(new_name).is_some());
    let mut edits = Vec::new();
    for reference in references_of(db, &symbol, position.file, files) {
        if !can_edit(reference.file) {
            continue;
        }
        let text = db.text(reference.file);
        let written = &text[reference.range];
        // A former name stays as it is: it is an old spelling that still works.
        let plain = written.trim_matches('"');
        if plain != name && !written.starts_with('"') {
            continue;
        }
        let new_text = if written.starts_with('"') || needs_quotes {
            quote(new_name)
        } else {
            new_name.to_owned()
        };
        edits.push(Edit { file: reference.file, range: reference.range, text: new_text });
    }
    let refusal = differs(db, &edits, files, [&name, new_name])
        .or_else(|| value_in_pattern(db, &symbol, files, [&name, new_name]));
    match refusal {
        Some(refusal) => Err(refusal),
        None => Ok(edits),
    }
}

fn target(
    db: &Database,
    position: FilePosition,
    can_edit: &dyn Fn(FileId) -> bool,
) -> Result<Target, RenameRefusal> {
    let position = position.in_text(db);
    let occurrence = occurrence_at(db, position).ok_or(RenameRefusal::NothingHere)?;
    let symbol = match &occurrence.symbol {
        of_all @ Symbol::OptionOfAll(name, _) => {
            let options = options(db, of_all);
            match &options[..] {
                [] => return Err(RenameRefusal::NothingHere),
                [option] => option.clone(),
                _ => {
                    let declared = options.iter().filter_map(|it| Place::of(db, it)).collect();
                    let kind = of_all.kind(db);
                    let name = name.clone();
                    return Err(RenameRefusal::OfSeveral { name, kind, declared });
                }
            }
        }
        symbol => symbol.clone(),
    };
    let Some(declaration) = symbol.declaration(db) else {
        return Err(RenameRefusal::OfTheLanguage { kind: symbol.kind(db) });
    };
    let path = db.path(declaration.file).to_string();
    if matches!(symbol, Symbol::Package(_) | Symbol::File(_)) {
        let name = declaration.name;
        return Err(RenameRefusal::NamedAfterFile { name, path });
    }
    // The main mixin of a module is found by the module's name.
    if let Symbol::Part(file, _) = &symbol
        && symbol.kind(db) == "mixin"
        && db.lowered(*file).module.name.as_ref().is_some_and(|it| it.name == declaration.name)
    {
        return Err(RenameRefusal::NamedAfterFile { name: declaration.name, path });
    }
    if matches!(symbol, Symbol::Version(..)) {
        return Err(RenameRefusal::OfTheLanguage { kind: "version" });
    }
    if Database::is_builtin(declaration.file) {
        return Err(RenameRefusal::OfTheLanguage { kind: symbol.kind(db) });
    }
    if !can_edit(declaration.file) {
        return Err(RenameRefusal::ReadOnly { name: declaration.name, path });
    }
    let declared = Place { file: declaration.file, range: declaration.name_range };
    Ok(Target { symbol, name: declaration.name, declared, range: occurrence.range })
}

/// What a name means wherever something like the symbol is named, if it means anything.
fn meaning(symbol: &Symbol, name: &str) -> Option<&'static str> {
    match symbol {
        // These are named where nothing else can stand.
        Symbol::Part(..) | Symbol::Step(..) => return None,
        // Where they are no bare words, they stand in quotes.
        Symbol::Value(..) if !is_reserved_word(name) && name != "it" => return None,
        // `it` is what parameters are called for which there is no better name.
        Symbol::Local(..) if name == "it" => return None,
        _ => {}
    }
    if is_reserved_word(name) || name == "it" || SyntaxKind::keyword(name).is_some() {
        return Some("a word of the language");
    }
    match symbol {
        Symbol::Option(..) if object(name).is_some() => Some("an object of the language"),
        Symbol::Option(..) => fact_in_words(name),
        _ => None,
    }
}

/// What has the new name where the symbol is declared.
fn taken(db: &Database, symbol: &Symbol, name: &str) -> Option<Meant> {
    let by = match symbol {
        Symbol::Option(at, _) => {
            let schema = db.schema(at.file);
            let mixin = schema.mixins.iter().find(|it| it.1 == at.body).map(|it| &it.2);
            let found = mixin.unwrap_or(&schema.table).get(name)?;
            Symbol::Option(found.at, found.index)
        }
        Symbol::Value(file, id, _) | Symbol::Group(file, id, _) => {
            let env = db.env(*file);
            let of = env.enums.get(id.index())?;
            match of.position(name) {
                Some(at) => Symbol::Value(*file, *id, at),
                None => {
                    let at = of.groups.iter().position(|it| it.0 == name)?;
                    Symbol::Group(*file, *id, at as u32)
                }
            }
        }
        Symbol::Type(file, _) => {
            let lowered = db.lowered(*file);
            let at = lowered.module.type_names.iter().position(|it| it.ident.name == name)?;
            Symbol::Type(*file, at as u32)
        }
        Symbol::RecordField(file, id, _) => {
            let lowered = db.lowered(*file);
            let record = lowered.module.records.values().get(id.index())?;
            let at = record.fields.iter().position(|it| it.ident.name == name)?;
            Symbol::RecordField(*file, *id, at as u32)
        }
        Symbol::Function(file, _) => {
            let lowered = db.lowered(*file);
            let mut functions = lowered.module.functions.iter();
            let (id, _) = functions.find(|it| it.1.ident.name == name)?;
            Symbol::Function(*file, id)
        }
        Symbol::Step(at, _) => {
            let schema = db.schema(at.file);
            let mixin = schema.mixins.iter().find(|it| it.1 == at.body).map(|it| &it.2);
            let found = mixin.unwrap_or(&schema.table).step(name)?;
            Symbol::Step(found.at, found.index)
        }
        Symbol::Part(file, body) => {
            let lowered = db.lowered(*file);
            let parts = || lowered.module.bodies.values().iter().flat_map(|it| &it.parts);
            let kind = parts().find(|it| it.body == *body)?.kind;
            let found = parts().find(|it| it.kind == kind && it.ident.name == name)?;
            Symbol::Part(*file, found.body)
        }
        _ => return None,
    };
    Some(Meant::new(db, &by))
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    /// Renames what is at the cursor, and shows every file that changes.
    fn check(text: &str, new_name: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let can_edit = |file: FileId| !fixture.db.path(file).starts_with("/recipes/std");
        let edits = rename(&fixture.db, fixture.position(), new_name, &fixture.files, &can_edit);
        let shown = match edits {
            Err(refusal) => {
                let show = |it: Place| fixture.show(it.file, it.range);
                format!("refused: {}\n", refusal.message(&show))
            }
            Ok(edits) => {
                let mut out = String::new();
                for file in &fixture.files {
                    let mut text = fixture.db.text(*file).to_string();
                    let mut own: Vec<&Edit> = edits.iter().filter(|it| it.file == *file).collect();
                    own.sort_by_key(|it| std::cmp::Reverse(it.range.start()));
                    for edit in &own {
                        text.replace_range(std::ops::Range::<usize>::from(edit.range), &edit.text);
                    }
                    if !own.is_empty() {
                        out.push_str(&format!("//- {}\n{}", fixture.db.path(*file), text));
                    }
                }
                out
            }
        };
        expected.assert_eq(&shown);
    }

    const FILES: &str = "
//- /recipes/curl.kiln
recipe curl
version = 8
feature ht$0tp2 = on { arg \"--http2\" }
knob tls: enum { openssl, \"gnu-tls\" } = openssl { openssl => arg \"x\" }
let two = 2
require http2 \"why\"
//- /my.kiln
override curl
http2 = off
tls = openssl
//- /project.kiln
project
want curl[http2, tls = openssl]
";

    #[test]
    fn an_option_is_renamed_in_recipes_and_layers() {
        check(
            FILES,
            "h2",
            expect![[r#"
                //- /recipes/curl.kiln
                recipe curl
                version = 8
                feature h2 = on { arg "--http2" }
                knob tls: enum { openssl, "gnu-tls" } = openssl { openssl => arg "x" }
                let two = 2
                require h2 "why"
                //- /my.kiln
                override curl
                h2 = off
                tls = openssl
                //- /project.kiln
                project
                want curl[h2, tls = openssl]
            "#]],
        );
    }

    #[test]
    fn a_value_is_renamed_and_quoted_if_need_be() {
        let files = FILES.replace("$0", "").replacen("{ openssl,", "{ open$0ssl,", 1);
        check(
            &files,
            "open ssl",
            expect![[r#"
                //- /recipes/curl.kiln
                recipe curl
                version = 8
                feature http2 = on { arg "--http2" }
                knob tls: enum { "open ssl", "gnu-tls" } = "open ssl" { "open ssl" => arg "x" }
                let two = 2
                require http2 "why"
                //- /my.kiln
                override curl
                http2 = off
                tls = "open ssl"
                //- /project.kiln
                project
                want curl[http2, tls = "open ssl"]
            "#]],
        );
    }

    #[test]
    fn what_cannot_be_renamed_says_why() {
        check(
            FILES,
            "tls",
            expect![[r#"
            refused: there is a knob `tls` at /recipes/curl.kiln:4 `tls` already; what is to be renamed is declared at /recipes/curl.kiln:3 `http2`
        "#]],
        );
        check(
            FILES,
            "a b",
            expect![[
                "refused: `a b` is no name: names begin with a letter, and have letters, digits, `_` and inner `-`\n"
            ]],
        );
        let package = FILES.replace("$0", "").replace("override curl", "override cu$0rl");
        check(
            &package,
            "wget",
            expect![[
                "refused: `curl` is called after its file /recipes/curl.kiln: rename the file, then change its header\n"
            ]],
        );
        let word = FILES.replace("$0", "").replace("http2 = off", "http2 = o$0ff");
        check(
            &word,
            "no",
            expect!["refused: this word is part of the language, and cannot be renamed\n"],
        );
        check(
            "//- /recipes/std-a.kiln\nrecipe std-a\nversion = 1\nfeature f = on\n//- /my.kiln\noverride std-a\n$0f = off\n",
            "g",
            expect![["refused: `f` is declared in /recipes/std-a.kiln, which cannot be changed\n"]],
        );
        check(
            "//- /my.kiln\nproject\n$0\n",
            "g",
            expect!["refused: there is no name here that could be changed\n"],
        );
    }

    #[test]
    fn a_former_name_stays() {
        check(
            "
//- /recipes/curl.kiln
recipe curl
version = 8
@renamed(from = gssapi)
feature krb5 = off
//- /my.kiln
override curl
gssapi = on
//- /our.kiln
override curl
kr$0b5 = on
",
            "kerberos",
            expect![[r#"
                //- /recipes/curl.kiln
                recipe curl
                version = 8
                @renamed(from = gssapi)
                feature kerberos = off
                //- /our.kiln
                override curl
                kerberos = on
            "#]],
        );
    }

    /// What each of these words is refused for, or "renamed".
    fn refusals(text: &str, renames: &[(&str, &str)], expected: Expect) {
        let mut out = String::new();
        for (from, to) in renames {
            let fixture = Fixture::new(&text.replacen(from, &format!("$0{from}"), 1));
            let edits = rename(&fixture.db, fixture.position(), to, &fixture.files, &|_| true);
            let said = match edits {
                Ok(_) => "renamed".to_owned(),
                Err(refusal) => refusal.message(&|it| fixture.show(it.file, it.range)),
            };
            let from = from.lines().next().unwrap_or("");
            out.push_str(&format!("{from} -> {to}: {said}\n"));
        }
        expected.assert_eq(&out.replace("/recipes/", ""));
    }

    const SCOPES: &str = "
//- /recipes/cap.kiln
recipe cap
version = 1.0
enum E { a, b, c }
knob ports: Int(1..=64) = 3
knob es: Set<E> = {a}
let n = 7
fn f(k: Int): Int = k + n
field l: List<Int> = [for x in [1, 2] => x + ports]
field l2: List<Int> = [1].map((y) -> y + ports + n)
field m: Int = match es.any((e) -> e == a) { on => 1; off => ports }
record R { field port: Int = 2 }
field r: R = R(port = 3)
for z in [\"u\"] { arg \"\\(z)\\(ports)\" }
when es has a { arg \"x\" }
step b = sh\"\\(l) \\(l2) \\(m) \\(f(1)) \\(args) \\(r.port)\"
//- /o.kiln
override cap
ports = prev + 1
l = [for q in prev => q + ports]
";

    #[test]
    fn a_new_name_that_a_loop_or_a_parameter_would_capture_is_refused() {
        refusals(
            SCOPES,
            &[("ports", "x"), ("ports", "y"), ("ports", "z"), ("ports", "q"), ("n = 7", "k")],
            expect![[r#"
                ports -> x: `x` at cap.kiln:8 `ports` would mean the name declared at cap.kiln:8 `x`, and no longer the knob declared at cap.kiln:4 `ports`
                ports -> y: `y` at cap.kiln:9 `ports` would mean the name declared at cap.kiln:9 `y`, and no longer the knob declared at cap.kiln:4 `ports`
                ports -> z: `z` at cap.kiln:13 `ports` would mean the name declared at cap.kiln:13 `z`, and no longer the knob declared at cap.kiln:4 `ports`
                ports -> q: `q` at /o.kiln:3 `ports` would mean the name declared at /o.kiln:3 `q`, and no longer the knob declared at cap.kiln:4 `ports`
                n = 7 -> k: `k` at cap.kiln:7 `n` would mean the name declared at cap.kiln:7 `k`, and no longer the let declared at cap.kiln:6 `n`
            "#]],
        );
        // Nobody reads it where this one is in use.
        refusals(
            SCOPES,
            &[("ports", "e"), ("ports", "k"), ("n = 7", "x")],
            expect![[r#"
            ports -> e: renamed
            ports -> k: renamed
            n = 7 -> x: renamed
        "#]],
        );
    }

    #[test]
    fn a_loop_or_a_parameter_whose_new_name_would_capture_another_is_refused() {
        refusals(
            SCOPES,
            &[
                ("x in", "ports"),
                ("y)", "n"),
                ("k: Int", "n"),
                ("e)", "a"),
                ("z in", "ports"),
                ("q in", "ports"),
            ],
            expect![[r#"
                x in -> ports: `ports` at cap.kiln:8 `ports` would mean the name declared at cap.kiln:8 `x`, and no longer the knob declared at cap.kiln:4 `ports`
                y) -> n: `n` at cap.kiln:9 `n` would mean the name declared at cap.kiln:9 `y`, and no longer the let declared at cap.kiln:6 `n`
                k: Int -> n: `n` at cap.kiln:7 `n` would mean the name declared at cap.kiln:7 `k`, and no longer the let declared at cap.kiln:6 `n`
                e) -> a: `a` at cap.kiln:10 `a` would mean the name declared at cap.kiln:10 `e`, and no longer the value declared at cap.kiln:3 `a`
                z in -> ports: `ports` at cap.kiln:13 `ports` would mean the name declared at cap.kiln:13 `z`, and no longer the knob declared at cap.kiln:4 `ports`
                q in -> ports: `ports` at /o.kiln:3 `ports` would mean the name declared at /o.kiln:3 `q`, and no longer the knob declared at cap.kiln:4 `ports`
            "#]],
        );
        refusals(
            SCOPES,
            &[("x in", "n"), ("y)", "it"), ("z in", "n")],
            expect![[r#"
            x in -> n: renamed
            y) -> it: renamed
            z in -> n: renamed
        "#]],
        );
    }

    #[test]
    fn a_new_name_that_is_declared_is_refused() {
        refusals(
            SCOPES,
            &[
                ("ports", "n"),
                ("ports", "args"),
                ("ports", "b"),
                ("n = 7", "ports"),
                ("a, b", "b"),
                ("R {", "E"),
                ("f(k", "min"),
            ],
            expect![[r#"
                ports -> n: there is a let `n` at cap.kiln:6 `n` already; what is to be renamed is declared at cap.kiln:4 `ports`
                ports -> args: there is a field `args` at builtin:package.kiln:15 `args` already; what is to be renamed is declared at cap.kiln:4 `ports`
                ports -> b: renamed
                n = 7 -> ports: there is a knob `ports` at cap.kiln:4 `ports` already; what is to be renamed is declared at cap.kiln:6 `n`
                a, b -> b: there is a value `b` at cap.kiln:3 `b` already; what is to be renamed is declared at cap.kiln:3 `a`
                R { -> E: there is a type `E` at cap.kiln:3 `E` already; what is to be renamed is declared at cap.kiln:11 `R`
                f(k -> min: renamed
            "#]],
        );
    }

    #[test]
    fn words_of_the_language_are_no_new_names() {
        let words = [
            "prev", "default", "version", "on", "off", "true", "null", "all", "it", "when", "out",
            "platform", "7zip", "12", "",
        ];
        refusals(
            SCOPES,
            &words.map(|it| ("ports", it)),
            expect![[r#"
            ports -> prev: `prev` means something already: a word of the language
            ports -> default: `default` means something already: a word of the language
            ports -> version: `version` means something already: the version of the package
            ports -> on: `on` means something already: a word of the language
            ports -> off: `off` means something already: a word of the language
            ports -> true: `true` means something already: a word of the language
            ports -> null: `null` means something already: a word of the language
            ports -> all: `all` means something already: a word of the language
            ports -> it: `it` means something already: a word of the language
            ports -> when: `when` means something already: a word of the language
            ports -> out: `out` means something already: where the package's files go
            ports -> platform: `platform` means something already: an object of the language
            ports -> 7zip: `7zip` is no name: names begin with a letter, and have letters, digits, `_` and inner `-`
            ports -> 12: `12` is no name: names begin with a letter, and have letters, digits, `_` and inner `-`
            ports -> : `` is no name: names begin with a letter, and have letters, digits, `_` and inner `-`
        "#]],
        );
        refusals(
            SCOPES,
            &[("a, b", "all"), ("a, b", "on"), ("k: Int", "prev"), ("q in", "prev")],
            expect![[r#"
                a, b -> all: `all` means something already: a word of the language
                a, b -> on: `on` means something already: a word of the language
                k: Int -> prev: `prev` means something already: a word of the language
                q in -> prev: `prev` means something already: a word of the language
            "#]],
        );
        refusals(
            SCOPES,
            &[("b = sh", "build"), ("port:", "version")],
            expect![[r#"
            b = sh -> build: renamed
            port: -> version: renamed
        "#]],
        );
    }

    const PATTERNS: &str = "
//- /recipes/app.kiln
recipe app
version = 1.0
feature tls3 = off { arg \"x\" }
feature lto = off
feature both = off
//- /recipes/lib.kiln
recipe lib
version = 1.0
feature both = off
//- /site.kiln
overlay site
pkgs where has feature tls3 { tls3 = on }
pkgs where has feature both { both = on }
pkgs where has feature zz { zz = on }
";

    #[test]
    fn what_a_pattern_sets_is_renamed_too() {
        for (word, at) in [("tls3", "$0tls3"), ("feature tls3 { tls3", "feature tls3 { $0tls3")] {
            check(
                &PATTERNS.replacen(word, at, 1),
                "tls",
                expect![[r#"
                    //- /recipes/app.kiln
                    recipe app
                    version = 1.0
                    feature tls = off { arg "x" }
                    feature lto = off
                    feature both = off
                    //- /site.kiln
                    overlay site
                    pkgs where has feature tls { tls = on }
                    pkgs where has feature both { both = on }
                    pkgs where has feature zz { zz = on }
                "#]],
            );
        }
    }

    #[test]
    fn a_pattern_that_would_be_about_other_packages_is_refused() {
        refusals(
            PATTERNS,
            &[
                ("tls3 =", "both"),
                ("both", "b"),
                ("both { both", "b"),
                ("tls3", "zz"),
                ("lto", "tls3"),
            ],
            expect![[r#"
                tls3 = -> both: there is a feature `both` at app.kiln:5 `both` already; what is to be renamed is declared at app.kiln:3 `tls3`
                both -> b: `b` at /site.kiln:3 `both` would no longer mean the feature declared at lib.kiln:3 `both`
                both { both -> b: `both` stands here for the feature of several packages, declared at app.kiln:5 `both`, lib.kiln:3 `both`: rename them by hand, all at once
                tls3 -> zz: `zz` at /site.kiln:4 `zz` would mean the feature declared at app.kiln:3 `tls3`, which it does not mean now
                lto -> tls3: there is a feature `tls3` at app.kiln:3 `tls3` already; what is to be renamed is declared at app.kiln:4 `lto`
            "#]],
        );
    }

    #[test]
    fn a_value_that_a_pattern_gives_to_every_package_is_not_renamed_in_one() {
        refusals(
            "
//- /recipes/app.kiln
recipe app
version = 1.0
knob tls: enum { openssl, none } = none
knob link: enum { shared, static } = static
//- /site.kiln
overlay site
pkgs where has knob tls { tls = openssl }
",
            &[
                ("openssl,", "ossl"),
                ("none }", "off_"),
                ("none }", "openssl"),
                ("shared", "openssl"),
            ],
            expect![[r#"
                openssl, -> ossl: `openssl` at /site.kiln:2 `openssl` would no longer mean the value declared at app.kiln:3 `openssl`
                none } -> off_: renamed
                none } -> openssl: there is a value `openssl` at app.kiln:3 `openssl` already; what is to be renamed is declared at app.kiln:3 `none`
                shared -> openssl: renamed
            "#]],
        );
    }

    #[test]
    fn a_use_that_was_renamed_by_hand_is_no_hindrance() {
        let files = FILES.replace("http2 = off", "h2 = off");
        check(
            &files,
            "h2",
            expect![[r#"
            //- /recipes/curl.kiln
            recipe curl
            version = 8
            feature h2 = on { arg "--http2" }
            knob tls: enum { openssl, "gnu-tls" } = openssl { openssl => arg "x" }
            let two = 2
            require h2 "why"
            //- /project.kiln
            project
            want curl[h2, tls = openssl]
        "#]],
        );
    }

    #[test]
    fn mixins_that_meet_in_a_recipe_do_not_take_names_of_each_other() {
        refusals(
            "
//- /recipes/a.kiln
module a
mixin a { field one: Int = 1 }
//- /recipes/b.kiln
module b
mixin b { field two: Int = 2 }
//- /recipes/app.kiln
recipe app
version = 1
include a
include b
",
            &[("one", "two")],
            expect![[r#"
                one -> two: there would be a mistake at app.kiln:4 `b`: two mixins declare `two` (declared here: a.kiln:2 `one`)
            "#]],
        );
    }
}
