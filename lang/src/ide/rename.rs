//! New names for things, everywhere at once.

use std::fmt;

use super::occurrences::{Occurrence, occurrence_at};
use super::references::references_of;
use super::{FilePosition, Symbol};
use crate::database::{Database, FileId};
use crate::diagnostic::Edit;
use crate::module::Name;
use crate::syntax::{SyntaxKind, parse, quote};

/// Why something cannot be renamed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RenameRefusal {
    /// There is no word at the place, or it stands for nothing that is known.
    NothingHere,
    /// It is part of the language.
    OfTheLanguage {
        /// What it is.
        kind: &'static str,
    },
    /// It is declared in a file that cannot be changed.
    ReadOnly {
        /// What it is called.
        name: Name,
        /// The file.
        path: String,
    },
    /// It is called after its file.
    NamedAfterFile {
        /// What it is called.
        name: Name,
        /// The file.
        path: String,
    },
    /// The new name is no name.
    NotAName {
        /// The new name.
        name: String,
    },
    /// Something else is called so already.
    Taken {
        /// The new name.
        name: String,
        /// What has it.
        by: &'static str,
    },
}

impl fmt::Display for RenameRefusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            RenameRefusal::NothingHere => {
                f.write_str("there is no name here that could be changed")
            }
            RenameRefusal::OfTheLanguage { kind } => {
                write!(f, "this {kind} is part of the language, and cannot be renamed")
            }
            RenameRefusal::ReadOnly { name, path } => {
                write!(f, "`{name}` is declared in {path}, which cannot be changed")
            }
            RenameRefusal::NamedAfterFile { name, path } => write!(
                f,
                "`{name}` is called after its file {path}: rename the file, then change its header"
            ),
            RenameRefusal::NotAName { name } => write!(
                f,
                "`{name}` is no name: names begin with a letter, and have letters, digits, `_` and inner `-`"
            ),
            RenameRefusal::Taken { name, by } => write!(f, "there is a {by} `{name}` already"),
        }
    }
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
) -> Result<(text_size::TextRange, Name), RenameRefusal> {
    let (occurrence, name) = target(db, position, can_edit)?;
    Ok((occurrence.range, name))
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
    let (occurrence, name) = target(db, position, can_edit)?;
    let symbol = occurrence.symbol;
    let is_text = matches!(&symbol, Symbol::Value(..))
        || matches!(&symbol, Symbol::Part(..)) && symbol.kind(db) == "test";
    if !is_text && !is_name(new_name) || new_name.is_empty() {
        return Err(RenameRefusal::NotAName { name: new_name.to_owned() });
    }
    if new_name == name {
        return Ok(Vec::new());
    }
    if let Some(by) = taken(db, &symbol, new_name) {
        return Err(RenameRefusal::Taken { name: new_name.to_owned(), by });
    }
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
        let new_text = if written.starts_with('"') || (is_text && !is_name(new_name)) {
            quote(new_name)
        } else {
            new_name.to_owned()
        };
        edits.push(Edit { file: reference.file, range: reference.range, text: new_text });
    }
    Ok(edits)
}

fn target(
    db: &Database,
    position: FilePosition,
    can_edit: &dyn Fn(FileId) -> bool,
) -> Result<(Occurrence, Name), RenameRefusal> {
    let position = position.in_text(db);
    let occurrence = occurrence_at(db, position).ok_or(RenameRefusal::NothingHere)?;
    let symbol = &occurrence.symbol;
    let Some(declaration) = symbol.declaration(db) else {
        return Err(RenameRefusal::OfTheLanguage { kind: symbol.kind(db) });
    };
    let path = db.path(declaration.file).to_string();
    if matches!(symbol, Symbol::Package(_) | Symbol::File(_)) {
        let name = declaration.name;
        return Err(RenameRefusal::NamedAfterFile { name, path });
    }
    // The main mixin of a module is found by the module's name.
    if let Symbol::Part(file, _) = symbol
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
    Ok((occurrence, declaration.name))
}

/// Whether a text can stand where the grammar has a name.
fn is_name(text: &str) -> bool {
    // A knob can be called so if, written as one, it is one.
    let parsed = parse(&format!("recipe a\nlet {text} = 1\n"));
    let name =
        parsed.syntax().descendants_with_tokens().filter_map(|it| it.into_token()).find(|it| {
            it.parent().is_some_and(|it| it.kind() == SyntaxKind::NAME) && it.text() == text
        });
    parsed.errors().is_empty() && name.is_some_and(|it| it.kind() == SyntaxKind::IDENT)
}

/// What has the new name where the symbol is declared.
fn taken(db: &Database, symbol: &Symbol, name: &str) -> Option<&'static str> {
    match symbol {
        Symbol::Option(at, _) => {
            let schema = db.schema(at.file);
            let mixin = schema.mixins.iter().find(|it| it.1 == at.body).map(|it| &it.2);
            let table = mixin.unwrap_or(&schema.table);
            let found = table.get(name)?;
            Some(Symbol::Option(found.at, found.index).kind(db))
        }
        Symbol::Value(file, id, _) | Symbol::Group(file, id, _) => {
            let env = db.env(*file);
            let of = env.enums.get(id.index())?;
            if of.position(name).is_some() {
                Some("value")
            } else {
                of.group(name).map(|_| "group")
            }
        }
        Symbol::Type(file, _) => {
            let lowered = db.lowered(*file);
            lowered.module.type_names.iter().find(|it| it.ident.name == name).map(|_| "type")
        }
        Symbol::Function(file, _) => {
            let lowered = db.lowered(*file);
            let functions = lowered.module.functions.values();
            functions.iter().find(|it| it.ident.name == name).map(|_| "function")
        }
        Symbol::Step(at, _) => {
            let schema = db.schema(at.file);
            let mixin = schema.mixins.iter().find(|it| it.1 == at.body).map(|it| &it.2);
            mixin.unwrap_or(&schema.table).step(name).map(|_| "step")
        }
        Symbol::Part(file, body) => {
            let lowered = db.lowered(*file);
            let parts = lowered.module.bodies.values().iter().flat_map(|it| &it.parts);
            let parts: Vec<_> = parts.collect();
            let kind = parts.iter().find(|it| it.body == *body)?.kind;
            parts
                .iter()
                .find(|it| it.kind == kind && it.ident.name == name)
                .map(|_| symbol.kind(db))
        }
        _ => None,
    }
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
            Err(refusal) => format!("refused: {refusal}\n"),
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
        check(FILES, "tls", expect!["refused: there is a knob `tls` already\n"]);
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
}
