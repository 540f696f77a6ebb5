//! What others see of a recipe: all of it but what its own build alone reads.
//!
//! ```text
//! recipe zlib
//! license = "Zlib"                           nobody else's
//! /// How hard it tries.                     nobody else's
//! knob level: Int(1..=9) = 6                 the default apart: it matters to who reads `level`
//! feature shared = on { arg "--shared" }     without the argument
//! host libc >= 1                             whole
//! ```
//!
//! If the faces of two texts of a recipe are equal, the solver chooses the same with either, and
//! nothing that is said of other files changes. What is not known to be the build's own is kept, so
//! that equal faces are never a mistake.

use std::collections::BTreeMap;

use crate::module::{Name, OptionKind};
use crate::schema::OptionTable;
use crate::syntax::ast::Place;
use crate::syntax::{Child, Parse, Ref, SyntaxKind, TRIVIA};

/// What others see of a recipe.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Face {
    /// Its tokens, without those of the build, and without defaults.
    text: String,
    /// The names in it that may stand for an option whose value is read.
    reads: Vec<Name>,
    /// The defaults of features and knobs, as they are written.
    defaults: BTreeMap<Name, String>,
}

impl Face {
    /// Returns the features and knobs whose defaults are others in `new`, sorted; nothing if
    /// anything else is.
    #[must_use]
    pub fn changed_defaults(&self, new: &Face) -> Option<Vec<Name>> {
        // A default that comes or goes is a token in the text.
        if self.text != new.text || self.defaults.len() != new.defaults.len() {
            return None;
        }
        let changed = new.defaults.iter().filter(|it| self.defaults.get(it.0) != Some(it.1));
        Some(changed.map(|it| it.0.clone()).collect())
    }

    /// Returns whether the recipe may read an option of this name anywhere but in its build.
    #[must_use]
    pub fn may_read(&self, option: &str) -> bool {
        self.reads.iter().any(|it| it == option)
    }
}

/// Returns the face of a recipe whose options, with those of what it includes, are in `table`;
/// nothing if its text has mistakes.
#[must_use]
pub fn face(parse: &Parse, table: &OptionTable) -> Option<Face> {
    if !parse.errors().is_empty() {
        return None;
    }
    let face = Face { text: String::new(), reads: Vec::new(), defaults: BTreeMap::new() };
    let mut drawing = Drawing { table, face };
    let root = parse.syntax();
    drawing.items(root.borrowed());
    Some(drawing.face)
}

struct Drawing<'a> {
    table: &'a OptionTable,
    face: Face,
}

/// Where a drawing was, to go back to it.
struct Mark {
    text: usize,
    reads: usize,
}

impl Drawing<'_> {
    fn mark(&self) -> Mark {
        Mark { text: self.face.text.len(), reads: self.face.reads.len() }
    }

    fn back_to(&mut self, mark: &Mark) {
        self.face.text.truncate(mark.text);
        self.face.reads.truncate(mark.reads);
    }

    //------ tokens

    /// Adds everything in a node.
    fn all(&mut self, node: Ref<'_>) {
        for child in node.children() {
            self.child(child);
        }
    }

    fn child(&mut self, child: Child<'_>) {
        match child {
            Child::Node(node) => self.all(node),
            Child::Token(token) => self.token(token),
        }
    }

    fn token(&mut self, token: Ref<'_>) {
        if TRIVIA.contains(token.kind()) {
            return;
        }
        self.read(token);
        self.face.text.push_str(token.text());
        self.face.text.push('\n');
    }

    /// Notes a name that may be that of an option. Words of the language may be, too.
    fn read(&mut self, token: Ref<'_>) {
        let text = token.text();
        if text.starts_with(|it: char| it.is_alphabetic() || it == '_') {
            self.face.reads.push(text.into());
        }
    }

    //------ items

    /// Adds the items in a file or a block; returns whether any was more than the build's own.
    fn items(&mut self, node: Ref<'_>) -> bool {
        let mut is_more = false;
        for child in node.children() {
            if let Child::Node(item) = child {
                is_more |= self.item(item);
            }
        }
        is_more
    }

    /// Adds an item, if it is more than the build's own; returns whether it is.
    fn item(&mut self, item: Ref<'_>) -> bool {
        match item.kind() {
            SyntaxKind::ARG | SyntaxKind::TEST => false,
            SyntaxKind::SETTING | SyntaxKind::AMEND if self.is_of_build(item) => false,
            SyntaxKind::STEP | SyntaxKind::FIELD => self.without_value(item),
            SyntaxKind::FEATURE | SyntaxKind::KNOB => self.option(item),
            SyntaxKind::STEPS => {
                self.with_blocks(item);
                true
            }
            SyntaxKind::VERSIONS => {
                for child in item.children() {
                    match child {
                        Child::Node(entry) => {
                            self.with_blocks(entry);
                        }
                        Child::Token(token) => self.token(token),
                    }
                }
                true
            }
            SyntaxKind::WHEN | SyntaxKind::FOR => {
                let mark = self.mark();
                let is_more = self.with_blocks(item);
                if !is_more {
                    self.back_to(&mark);
                }
                is_more
            }
            // The other arms tell what `else` means, whatever is in them.
            SyntaxKind::ARM => self.arm(item),
            _ => {
                self.all(item);
                self.face.text.push_str(";\n");
                true
            }
        }
    }

    /// Whether a setting is of a field or a step.
    fn is_of_build(&self, setting: Ref<'_>) -> bool {
        let mut nodes = setting.children();
        let path = nodes.find(|it| it.kind() == SyntaxKind::PATH);
        let Some(Child::Node(path)) = path else { return false };
        let mut parts = path.text().split('.').map(str::trim);
        let first = parts.next().unwrap_or_default();
        // `steps.jobs = 4`: of a step, or else of the option.
        let in_steps = if first == "steps" { parts.next() } else { None };
        let head = in_steps.unwrap_or(first);
        if in_steps.is_some() && self.table.step(head).is_some() {
            return true;
        }
        match self.table.get(head) {
            Some(option) => option.kind == OptionKind::Field,
            // The version is chosen.
            None => head == "steps" || (head != "version" && self.table.step(head).is_some()),
        }
    }

    /// Adds an item with its blocks, of which nothing stays that is the build's own; returns whether
    /// anything in them is more.
    fn with_blocks(&mut self, item: Ref<'_>) -> bool {
        let mut is_more = false;
        for child in item.children() {
            match child {
                Child::Node(node) if node.kind() == SyntaxKind::BLOCK => {
                    is_more |= self.block(node)
                }
                Child::Node(node) if node.kind() == SyntaxKind::ELSE_BLOCK => {
                    self.face.text.push_str("else\n");
                    is_more |= self.with_blocks(node);
                }
                other => self.child(other),
            }
        }
        self.face.text.push_str(";\n");
        is_more
    }

    fn block(&mut self, block: Ref<'_>) -> bool {
        let mark = self.mark();
        self.face.text.push_str("{\n");
        let inner = self.face.text.len();
        let is_more = self.items(block);
        if self.face.text.len() == inner {
            self.back_to(&mark);
        } else {
            self.face.text.push_str("}\n");
        }
        is_more
    }

    fn arm(&mut self, arm: Ref<'_>) -> bool {
        let mut is_more = false;
        let mut is_body = false;
        for child in arm.children() {
            is_more |= match child {
                Child::Node(node) if node.kind() == SyntaxKind::BLOCK => self.block(node),
                Child::Node(item) if is_body => self.item(item),
                other => {
                    is_body |= other.kind() == SyntaxKind::FAT_ARROW;
                    self.child(other);
                    false
                }
            };
        }
        is_more
    }

    /// Adds a declaration without what stands behind its `=`.
    fn without_value(&mut self, item: Ref<'_>) -> bool {
        for child in item.children().take_while(|it| it.kind() != SyntaxKind::EQ) {
            self.child(child);
        }
        self.face.text.push_str(";\n");
        true
    }

    /// Adds a feature or knob, its default apart.
    fn option(&mut self, option: Ref<'_>) -> bool {
        let mut name = Name::default();
        let mut is_default = false;
        let mut is_read = false;
        for child in option.children() {
            match child {
                Child::Node(node) if node.kind() == SyntaxKind::NAME => {
                    name = node.text().trim().into();
                    self.face.text.push_str(&name);
                    self.face.text.push('\n');
                }
                Child::Node(node) if is_default => {
                    is_default = false;
                    // What it reads matters as long as it stays as it is, too.
                    let mark = self.face.text.len();
                    self.all(node);
                    let value = self.face.text.split_off(mark);
                    self.face.defaults.insert(name.clone(), value);
                }
                Child::Node(node) if node.kind() == SyntaxKind::BLOCK => {
                    is_read |= self.block(node)
                }
                other => {
                    is_default |= other.kind() == SyntaxKind::EQ;
                    self.child(other);
                }
            }
        }
        if is_read {
            self.face.reads.push(name);
        }
        self.face.text.push_str(";\n");
        true
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{Database, MemoryWorld};

    const RECIPE: &str = r#"recipe app
version = 2
field extra: String = "x"
feature fast = on { host zlib; arg "-O3" }
knob level: Int = 6
knob kind: enum { plain, odd } = plain { odd => arg "--odd"; else => host zlib }
env.A = "b"
step build = sh"""make \(level)"""
"#;

    /// What a recipe is to others after a change, compared with before.
    fn check(from: &str, to: &str, expected: &str) {
        assert!(RECIPE.contains(from), "`{from}`");
        let mut world = MemoryWorld::new();
        let after = RECIPE.replacen(from, to, 1);
        world.insert("/r/app.kiln".to_owned(), &after);
        let db = Database::new(Arc::new(world), vec!["/r".to_owned()]);
        let file = db.file("/r/app.kiln");
        let table = &db.schema(file).table;
        let old = face(&crate::syntax::parse(RECIPE), table).unwrap_or_else(|| panic!("{RECIPE}"));
        let found = match face(&db.parse(file), table) {
            None => "broken".to_owned(),
            Some(new) => match old.changed_defaults(&new) {
                None => "another".to_owned(),
                Some(names) if names.is_empty() => "the same".to_owned(),
                Some(names) => names
                    .iter()
                    .map(|it| format!("{it}{}", if new.may_read(it) { " (read)" } else { "" }))
                    .collect::<Vec<_>>()
                    .join(", "),
            },
        };
        assert_eq!(found, expected, "{from} → {to}\n{after}");
    }

    #[test]
    fn what_only_its_build_reads_is_nobody_elses() {
        check("recipe app", "//! An app.\nrecipe app", "the same");
        check("knob level", "/// How hard.\nknob level", "the same");
        check("env.A = \"b\"", "env.A = \"c\"", "the same");
        check("env.A = \"b\"", "env { A = \"b\"; B = \"c\" }", "the same");
        check("env.A = \"b\"", "license = \"MIT\"", "the same");
        check("make", "ninja", "the same");
        check("; arg \"-O3\"", "", "the same");
        check("env.A", "when fast { arg \"-v\" } else { arg \"-q\" }\nenv.A", "the same");
        check("env.A", "for x in [\"a\"] { arg \"-\\(x)\" }\nenv.A", "the same");
        check("env.A", "test \"runs\" = sh\"true\"\nenv.A", "the same");
        check("odd => arg \"--odd\"", "odd => arg \"--odder\"", "the same");
        check("= \"x\"", "= \"y\"", "the same");
        check("env.A", "steps.build = sh\"make\"\nenv.A", "the same");
    }

    #[test]
    fn a_default_matters_to_who_reads_it() {
        check("= 6", "= 7", "level");
        check("fast = on", "fast = off", "fast (read)");
        check("= plain", "= odd", "kind (read)");
    }

    #[test]
    fn what_others_see_is_not_the_builds_own() {
        check("version = 2", "version = 3", "another");
        check("Int = 6", "Int(1..=9) = 6", "another");
        check("Int = 6", "Int", "another");
        check("host zlib; arg", "host zlib >= 1; arg", "another");
        check("odd => arg \"--odd\"", "odd => host zlib", "another");
        check("odd => arg", "odd, plain => arg", "another");
        check("plain, odd", "plain, @deprecated(\"no\") odd", "another");
        check("env.A", "when fast { host zlib }\nenv.A", "another");
        check("env.A", "conflict fast\nenv.A", "another");
        check("env.A", "steps.level = 7\nenv.A", "another");
        check("env.A", "level = 7\nenv.A", "another");
        check("env.A", "let a = 1\nenv.A", "another");
        check("env.A", "step more = sh\"ls\"\nenv.A", "another");
        check("field extra", "field other", "another");
        check("recipe app", "@noarch\nrecipe app", "another");
        check("env.A", "level = 3\nenv.A", "another");
        check("env.A", "zlib.fast = on\nenv.A", "another");
        check("knob level", "knob level knob", "broken");
    }
}
