//! Everywhere that something is named.

use text_size::TextRange;

use super::occurrences::{Access, occurrence_at, occurrences};
use super::{FilePosition, Symbol};
use crate::database::{Database, FileId};

/// A place where something is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Reference {
    /// The file.
    pub file: FileId,
    /// The word.
    pub range: TextRange,
    /// What is done with it.
    pub access: Access,
}

/// Returns everywhere in `files` that what the word at a position stands for is named.
///
/// The file that declares it is looked at in any case.
#[must_use]
pub fn references(db: &Database, position: FilePosition, files: &[FileId]) -> Vec<Reference> {
    let position = position.in_text(db);
    match occurrence_at(db, position) {
        Some(occurrence) => references_of(db, &occurrence.symbol, position.file, files),
        None => Vec::new(),
    }
}

/// As [`references`], of a symbol that is named in the file `from`.
pub(super) fn references_of(
    db: &Database,
    symbol: &Symbol,
    from: FileId,
    files: &[FileId],
) -> Vec<Reference> {
    let declaration = symbol.declaration(db);
    let mut all: Vec<FileId> = files.to_vec();
    all.push(from);
    all.extend(declaration.as_ref().map(|it| it.file));
    all.sort_unstable();
    all.dedup();
    let names = names_of(db, symbol);
    let mut meaning = Meaning::new(db, symbol);
    let mut found = Vec::new();
    for file in all {
        // Most files do not contain the name at all, and need not be looked at.
        let text = db.text(file);
        if !names.is_empty() && !names.iter().any(|it| text.contains(it.as_str())) {
            continue;
        }
        let of_file = occurrences(db, file).into_iter().filter(|it| meaning.has(&it.symbol));
        found.extend(of_file.map(|it| Reference { file, range: it.range, access: it.access }));
    }
    found
}

/// A symbol, with what stands for it among others: `pkgs where has feature lto` for the feature `lto`
/// of each package.
struct Meaning<'a> {
    db: &'a Database,
    symbol: &'a Symbol,
    /// The options that the symbol stands for.
    options: Vec<Symbol>,
    /// Whether a symbol stands for this one; asked of few, because all packages are looked at.
    of_all: Vec<(Symbol, bool)>,
}

impl<'a> Meaning<'a> {
    fn new(db: &'a Database, symbol: &'a Symbol) -> Self {
        let options = symbol.options_of_all(db).into_iter().map(|it| it.1).collect();
        Meaning { db, symbol, options, of_all: Vec::new() }
    }

    fn has(&mut self, other: &Symbol) -> bool {
        if other == self.symbol || self.options.contains(other) {
            return true;
        }
        let (Symbol::OptionOfAll(name, _), Symbol::Option(..)) = (other, self.symbol) else {
            return false;
        };
        if let Some(known) = self.of_all.iter().find(|it| it.0 == *other) {
            return known.1;
        }
        let is_called_so = self.symbol.declaration(self.db).is_some_and(|it| it.name == *name);
        let has =
            is_called_so && other.options_of_all(self.db).iter().any(|it| it.1 == *self.symbol);
        self.of_all.push((other.clone(), has));
        has
    }
}

/// The texts that a symbol is named by; none if that is not known.
fn names_of(db: &Database, symbol: &Symbol) -> Vec<String> {
    match symbol {
        // Modules are also named by their paths and aliases.
        Symbol::File(_) => Vec::new(),
        Symbol::Option(at, index) => {
            let mut names: Vec<String> =
                symbol.declaration(db).map(|it| it.name.to_string()).into_iter().collect();
            let lowered = db.lowered(at.file);
            let bodies = lowered.module.bodies.values();
            let decl = bodies.get(at.body.index()).and_then(|it| it.options.get(*index as usize));
            // Former names.
            for arg in decl.iter().flat_map(|it| &it.attrs).flat_map(|it| &*it.args) {
                if let crate::module::Expr::Name(name) = &lowered.module.exprs[arg.value] {
                    names.push(name.to_string());
                }
                names.extend(
                    crate::schema::plain_text(&lowered.module.exprs[arg.value]).map(String::from),
                );
            }
            names
        }
        // Strings may write a value with escapes, so these are looked for everywhere.
        Symbol::Value(..) => match symbol.declaration(db) {
            Some(it) if it.name.chars().all(|it| it.is_alphanumeric() || "_-.".contains(it)) => {
                vec![it.name.to_string()]
            }
            _ => Vec::new(),
        },
        Symbol::OptionOfAll(name, _) => vec![name.to_string()],
        _ => symbol.declaration(db).map(|it| it.name.to_string()).into_iter().collect(),
    }
}

/// Returns the places in the same file that name what the word at a position stands for.
#[must_use]
pub fn highlights(db: &Database, position: FilePosition) -> Vec<Reference> {
    let position = position.in_text(db);
    let Some(occurrence) = occurrence_at(db, position) else { return Vec::new() };
    let mut meaning = Meaning::new(db, &occurrence.symbol);
    occurrences(db, position.file)
        .into_iter()
        .filter(|it| meaning.has(&it.symbol))
        .map(|it| Reference { file: position.file, range: it.range, access: it.access })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let found = references(&fixture.db, fixture.position(), &fixture.files);
        let lines: Vec<String> = found
            .iter()
            .map(|it| format!("{} {:?}\n", fixture.show(it.file, it.range), it.access))
            .collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn an_option_in_its_recipe_in_others_and_in_layers() {
        check(
            "
//- /recipes/curl.kiln
recipe curl
version = 8
feature ht$0tp2 = on { arg \"a\" }
require http2 \"why\"
preset p { http2 = off }
//- /recipes/git.kiln
recipe git
version = 2
host curl[http2]
feature http2 = off
//- /project.kiln
project
curl { http2 = off }
want curl[~http2], git[http2]
",
            expect![[r#"
                /recipes/curl.kiln:3 `http2` Declare
                /recipes/curl.kiln:4 `http2` Read
                /recipes/curl.kiln:5 `http2` Write
                /recipes/git.kiln:3 `http2` Write
                /project.kiln:2 `http2` Write
                /project.kiln:3 `http2` Write
            "#]],
        );
    }

    #[test]
    fn a_value_is_found_in_arms_groups_sets_and_specs() {
        check(
            "
//- /recipes/dpdk.kiln
recipe dpdk
version = 24
enum Driver { mlx5, ice; group all_of { mlx5 } }
knob drivers: Set<Driver> = {mlx5} { mlx5 => arg \"a\" }
//- /my.kiln
override dpdk
drivers -= {ml$0x5, ice}
//- /project.kiln
project
want dpdk[mlx5]
",
            expect![[r#"
                /recipes/dpdk.kiln:3 `mlx5` Declare
                /recipes/dpdk.kiln:3 `mlx5` Read
                /recipes/dpdk.kiln:4 `mlx5` Read
                /recipes/dpdk.kiln:4 `mlx5` Read
                /my.kiln:2 `mlx5` Read
                /project.kiln:2 `mlx5` Write
            "#]],
        );
    }

    const PATTERN: &str = "
//- /recipes/curl.kiln
recipe curl
version = 8
feature lto = off { arg \"--lto\" }
//- /recipes/git.kiln
recipe git
version = 2
feature lto = off
//- /recipes/zlib.kiln
recipe zlib
version = 1
knob lto: enum { thin, full } = thin
//- /site.kiln
overlay site
pkgs where has feature lto { lto = on }
";

    #[test]
    fn what_a_pattern_asks_every_package_for_is_a_reference_to_the_option() {
        check(
            &PATTERN.replacen("feature lto", "feature l$0to", 1),
            expect![[r#"
                /recipes/curl.kiln:3 `lto` Declare
                /site.kiln:2 `lto` Read
                /site.kiln:2 `lto` Write
            "#]],
        );
        check(
            &PATTERN.replace("has feature lto", "has feature l$0to"),
            expect![[r#"
                /recipes/curl.kiln:3 `lto` Declare
                /recipes/git.kiln:3 `lto` Declare
                /site.kiln:2 `lto` Read
                /site.kiln:2 `lto` Write
            "#]],
        );
    }

    #[test]
    fn a_former_name_counts() {
        check(
            "
//- /recipes/curl.kiln
recipe curl
version = 8
@renamed(from = gssapi)
feature kr$0b5 = off
//- /my.kiln
override curl
gssapi = on
",
            expect![[r#"
                /recipes/curl.kiln:4 `krb5` Declare
                /my.kiln:2 `gssapi` Write
            "#]],
        );
    }

    #[test]
    fn a_package_where_it_is_needed_and_read() {
        check(
            "
//- /recipes/zlib.kiln
recipe zlib
version = 1
//- /recipes/a.kiln
recipe a
version = 1
host zl$0ib
args = [\"\\(dep.zlib)\"]
exports { host_to_host zlib }
//- /project.kiln
project
zlib { version = 1 }
",
            expect![[r#"
                /recipes/zlib.kiln:1 `zlib` Declare
                /recipes/a.kiln:3 `zlib` Read
                /recipes/a.kiln:4 `zlib` Read
                /recipes/a.kiln:5 `zlib` Read
                /project.kiln:2 `zlib` Read
            "#]],
        );
    }
}
