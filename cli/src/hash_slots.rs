//! Where a recipe writes the hashes of its downloads, found out by writing others there.
//!
//! ```text
//! recipe ─slots─▶ recipe with a hash of its own in each slot ─downloads─▶ which slot each one reads
//! ```
//!
//! A hash may reach `fetch` in any way that the language has: through a version, a let, a function,
//! a condition. Instead of following it, each text that may be one is replaced by a marker; what a
//! download then has as its hash says where it is written.

use kiln_lang::module::{Arg, Expr, ExprId, Module, VersionEntry};
use kiln_lang::schema::plain_text;
use kiln_lang::{Database, FileId, TextRange, TextSize};
use kiln_store::FetchHash;

/// How many digits a hash has.
const DIGITS: usize = 64;

/// The beginning of all markers: what no file has as its hash but by chance.
const MARK: &str = "6b696c6e20757064617465206861736820";

/// The texts of a recipe that may be hashes, and places where one is missing.
#[derive(Debug, Default)]
pub(crate) struct Slots {
    slots: Vec<Slot>,
    /// What else must be written so that the hashes are read.
    additions: Vec<(TextSize, String)>,
}

/// A text that may be a hash, or a place where one is missing.
#[derive(Debug)]
pub(crate) struct Slot {
    /// What is replaced.
    range: TextRange,
    before: String,
    after: String,
    /// What is written there.
    pub(crate) old: Option<String>,
}

impl Slots {
    /// Finds them in a file.
    pub(crate) fn of(db: &Database, file: FileId) -> Slots {
        let mut slots = Slots::default();
        let lowered = db.lowered(file);
        let (module, text) = (&lowered.module, db.text(file));
        let range = |expr: ExprId| db.expr_range(file, expr);
        let named = hash_values(module);
        for (id, expr) in module.exprs.iter() {
            let Some(old) = plain(expr) else { continue };
            if named.contains(&id) || is_hash(&old) {
                let (before, after) = ("\"".to_owned(), "\"".to_owned());
                slots.slots.push(Slot { range: range(id), before, after, old: Some(old) });
            }
        }
        let versions: Vec<&VersionEntry> =
            module.bodies.values().iter().flat_map(|it| &it.versions).collect();
        let unpinned = unpinned(module);
        let by_version = unpinned.len() == 1 && !versions.is_empty();
        for args in unpinned {
            let Some(last) = args.last() else { continue };
            let end = range(last.value).end();
            if by_version {
                slots.additions.push((end, ", sha256 = sha256".to_owned()));
            } else {
                slots.insert(end, ", sha256 = \"".into(), "\"".into());
            }
        }
        if by_version || reads_field(module) {
            for entry in versions {
                let has = |name: &str| {
                    entry.settings.iter().any(|it| matches!(&*it.path, [it] if it.name == *name))
                };
                if !has("sha256") {
                    let end = db.span(file, entry.version.span).end();
                    slots.insert_in_block(&text, end);
                }
            }
        }
        // By number they are in the order of the file, which is how people are told of them.
        slots.slots.sort_by_key(|it| it.range.start());
        slots
    }

    fn insert(&mut self, at: TextSize, before: String, after: String) {
        self.slots.push(Slot { range: TextRange::empty(at), before, after, old: None });
    }

    /// Adds `sha256 = "…"` to the block of the version that ends at `end`.
    fn insert_in_block(&mut self, text: &str, end: TextSize) {
        let rest = &text[usize::from(end)..];
        let blank = rest.len() - rest.trim_start_matches([' ', '\t']).len();
        let Some(inside) = rest[blank..].strip_prefix('{') else {
            return self.insert(end, " { sha256 = \"".into(), "\" }".into());
        };
        let at = end + TextSize::of(&rest[..=blank]);
        let space = &inside[..inside.len() - inside.trim_start().len()];
        if inside.trim_start().starts_with('}') {
            self.insert(
                at,
                " sha256 = \"".into(),
                "\"".to_owned() + if space.is_empty() { " " } else { "" },
            );
        } else if let Some((_, indent)) = space.rsplit_once('\n') {
            self.insert(at, format!("\n{indent}sha256 = \""), "\"".into());
        } else {
            self.insert(at, " sha256 = \"".into(), "\";".into());
        }
    }

    /// The slots, by their numbers.
    pub(crate) fn all(&self) -> &[Slot] {
        &self.slots
    }

    /// The line of a slot, counted from 1.
    pub(crate) fn line(&self, text: &str, slot: usize) -> usize {
        let at = usize::from(self.slots[slot].range.start());
        text[..at].matches('\n').count() + 1
    }

    /// The text with a marker in every slot.
    pub(crate) fn marked(&self, text: &str) -> String {
        self.write(text, |slot| Some(marker(slot)))
    }

    /// The slot whose marker a download has as its hash.
    pub(crate) fn slot(&self, hash: FetchHash) -> Option<usize> {
        let text = hash.to_string();
        let digits = text.rsplit(':').next().unwrap_or(&text);
        let number = digits.strip_prefix(MARK)?;
        usize::from_str_radix(number, 16).ok().filter(|it| *it < self.slots.len())
    }

    /// The text with these hashes in the slots; a slot without one stays as it is.
    pub(crate) fn write(&self, text: &str, hash: impl Fn(usize) -> Option<String>) -> String {
        let mut edits: Vec<(TextRange, String)> = self
            .additions
            .iter()
            .map(|(at, addition)| (TextRange::empty(*at), addition.clone()))
            .collect();
        for (number, slot) in self.slots.iter().enumerate() {
            if let Some(hash) = hash(number) {
                edits.push((slot.range, format!("{}{hash}{}", slot.before, slot.after)));
            }
        }
        edits.sort_by_key(|it| it.0.start());
        let (mut out, mut done) = (String::with_capacity(text.len()), 0);
        for (range, new) in edits {
            out.push_str(&text[done..range.start().into()]);
            out.push_str(&new);
            done = range.end().into();
        }
        out.push_str(&text[done..]);
        out
    }
}

fn marker(slot: usize) -> String {
    format!("{MARK}{slot:0width$x}", width = DIGITS - MARK.len())
}

/// Whether a text is a hash as this or another tool writes it.
fn is_hash(text: &str) -> bool {
    let bare = text.strip_prefix("sha256:").or(text.strip_prefix("blake3:")).unwrap_or(text);
    bare.len() == DIGITS && bare.bytes().all(|it| it.is_ascii_hexdigit())
}

/// A text without interpolations.
fn plain(expr: &Expr) -> Option<String> {
    let Expr::Str(_) = expr else { return None };
    plain_text(expr).map(String::from)
}

fn is_hash_name(name: &str) -> bool {
    matches!(name, "sha256" | "blake3")
}

/// The arguments of every call of `fetch`.
fn calls(module: &Module) -> impl Iterator<Item = &[Arg]> {
    module.exprs.iter().filter_map(|(_, expr)| match expr {
        Expr::Call(call)
            if matches!(&module.exprs[call.callee], Expr::Name(name) if name == "fetch") =>
        {
            Some(&call.args[..])
        }
        _ => None,
    })
}

fn hash_of(args: &[Arg]) -> Option<ExprId> {
    let is_it = |it: &&Arg| it.name.as_ref().is_some_and(|it| is_hash_name(&it.name));
    args.iter().find(is_it).map(|it| it.value)
}

/// The calls of `fetch` that name no hash at all.
fn unpinned(module: &Module) -> Vec<&[Arg]> {
    calls(module).filter(|it| hash_of(it).is_none()).collect()
}

/// Whether a download takes the hash of its version.
fn reads_field(module: &Module) -> bool {
    calls(module)
        .filter_map(hash_of)
        .any(|it| matches!(&module.exprs[it], Expr::Name(name) if name == "sha256"))
}

/// What is given as a hash, whatever it looks like.
fn hash_values(module: &Module) -> Vec<ExprId> {
    let mut values: Vec<ExprId> = calls(module).filter_map(hash_of).collect();
    for entry in module.bodies.values().iter().flat_map(|it| &it.versions) {
        for setting in &entry.settings {
            if matches!(&*setting.path, [name] if is_hash_name(&name.name)) {
                values.push(setting.value);
            }
        }
    }
    for body in module.bodies.values() {
        for stmt in &body.stmts {
            if let kiln_lang::module::StmtKind::Setting(setting) = &stmt.kind
                && matches!(&*setting.path, [name] if is_hash_name(&name.name))
            {
                values.push(setting.value);
            }
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use kiln_lang::MemoryWorld;

    /// Writes `#0`, `#1` … into the slots.
    fn check(text: &str, expected: Expect) {
        let mut world = MemoryWorld::new();
        world.insert("/set/it.kiln", text);
        let db = Database::new(std::sync::Arc::new(world), vec!["/set".to_owned()]);
        let slots = Slots::of(&db, db.file("/set/it.kiln"));
        for number in 0..slots.all().len() {
            let bytes = kiln_store::parse_hex(&marker(number)).unwrap();
            assert_eq!(slots.slot(FetchHash::Sha256(bytes)), Some(number));
        }
        expected.assert_eq(&slots.write(text, |it| Some(format!("#{it}"))));
    }

    #[test]
    fn hashes_of_versions_are_slots_whatever_they_look_like() {
        check(
            "recipe it\n\nversions {\n    3\n    2 { sha256 = \"\" }\n    1 {}\n    0.9 { license = \"MIT\" }\n    0.8 {\n        license = \"MIT\"\n    }\n}\nsource = fetch(\"https://a.test\", sha256 = sha256)\n",
            expect![[r##"
                recipe it

                versions {
                    3 { sha256 = "#0" }
                    2 { sha256 = "#1" }
                    1 { sha256 = "#2" }
                    0.9 { sha256 = "#3"; license = "MIT" }
                    0.8 {
                        sha256 = "#4"
                        license = "MIT"
                    }
                }
                source = fetch("https://a.test", sha256 = sha256)
            "##]],
        );
    }

    #[test]
    fn a_download_without_a_hash_gets_one() {
        check(
            "recipe it\n\nsource = fetch(\"https://a.test\")\nsources.b = fetch(\"https://b.test\", root = \".\")\n",
            expect![[r##"
                recipe it

                source = fetch("https://a.test", sha256 = "#0")
                sources.b = fetch("https://b.test", root = ".", sha256 = "#1")
            "##]],
        );
        check(
            "recipe it\n\nversions { 2; 1 }\nsource = fetch(\"https://a.test/\\(version)\")\n",
            expect![[r##"
                recipe it

                versions { 2 { sha256 = "#0" }; 1 { sha256 = "#1" } }
                source = fetch("https://a.test/\(version)", sha256 = sha256)
            "##]],
        );
    }

    #[test]
    fn any_text_that_is_a_hash_is_a_slot() {
        let hash = "ab".repeat(32);
        check(
            &format!(
                "recipe it\n\nlet h = \"{hash}\"\nlet i = \"sha256:{hash}\"\nlet j = \"abc\"\n"
            ),
            expect![[r##"
                recipe it

                let h = "#0"
                let i = "#1"
                let j = "abc"
            "##]],
        );
    }
}
