//! What may stand at a position.
//!
//! The kind of the node around the cursor decides who answers: statements, expressions, or one of
//! the many names that the grammar has. What stands in the file already is last.

mod exprs;
mod names;
mod stmts;
mod tails;

use std::collections::{BTreeSet, HashMap};
use std::rc::Rc;

use text_size::TextRange;

use self::names::Packages;
use super::brings::{Brought, Index, markdown};
use super::context::Context;
use super::occurrences::{Access, occurrences};
use super::{Facts, FilePosition, Symbol};
use crate::database::{Database, FileId};
use crate::module::{Name, OptionKind};
use crate::schema::{OptionSchema, Schema};
use crate::syntax::SyntaxKind::*;

/// Something that may stand at a position.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What it is called.
    pub label: String,
    /// What it is.
    pub kind: CompletionKind,
    /// A phrase about it, in one line.
    pub detail: String,
    /// More about it, as Markdown.
    pub doc: String,
    /// What is replaced.
    pub replace: TextRange,
    /// What replaces it.
    pub insert: String,
    /// The same with places to fill in, written `$1`, `${2:text}` and `$0`, for editors that can.
    pub snippet: Option<String>,
    /// Its place in the list: smaller is first, then by `label`.
    pub rank: u8,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// Whether it is there already.
    pub done: bool,
}

/// What a completion is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CompletionKind {
    /// A word of the grammar.
    Keyword,
    /// A statement to fill in.
    Snippet,
    /// A package.
    Package,
    /// A module, mixin, preset or overlay.
    Module,
    /// A feature.
    Feature,
    /// A knob.
    Knob,
    /// A field.
    Field,
    /// A let, a parameter, or the name of a loop.
    Variable,
    /// A value of an enum, or `on` and `off`.
    Value,
    /// A group of values.
    Group,
    /// A type.
    Type,
    /// A function or method.
    Function,
    /// A step.
    Step,
    /// A version.
    Version,
    /// A member of a value.
    Member,
    /// An attribute.
    Attribute,
    /// An output or a compilation.
    Part,
}

/// Ranks: what is most probably meant comes first.
mod rank {
    pub(super) const EXPECTED: u8 = 0;
    pub(super) const FITTING: u8 = 1;
    pub(super) const OPTION: u8 = 2;
    pub(super) const NAME: u8 = 3;
    pub(super) const KEYWORD: u8 = 4;
    pub(super) const FAR: u8 = 5;
    pub(super) const DONE: u8 = 9;
}

/// Returns what may stand at a position, best first.
#[must_use]
pub fn completions(db: &Database, position: FilePosition, facts: &dyn Facts) -> Vec<Completion> {
    let Some(context) = Context::new(db, position) else { return Vec::new() };
    let mut list = List {
        context: &context,
        facts,
        items: Vec::new(),
        labels: BTreeSet::new(),
        brings: HashMap::new(),
    };
    list.fill();
    let mut items = list.items;
    items.sort_by(|a, b| (a.rank, &a.label).cmp(&(b.rank, &b.label)));
    items
}

pub(super) use names::fits as name_fits;

struct List<'a> {
    context: &'a Context<'a>,
    facts: &'a dyn Facts,
    items: Vec<Completion>,
    labels: BTreeSet<String>,
    /// What the options of packages bring, by the files of the packages.
    brings: HashMap<FileId, Rc<Index>>,
}

impl List<'_> {
    fn fill(&mut self) {
        let context = self.context;
        let Some(parent) = context.token.parent() else { return };
        let outer = parent.parent();
        let outer_kind = outer.as_ref().map_or(FILE, |it| it.kind());
        match (parent.kind(), outer) {
            (NAME_REF, Some(outer)) => match outer_kind {
                PATH => self.path(&parent, &outer),
                NAME_EXPR => self.expr(&outer),
                MEMBER => self.member(&outer),
                DOT_NAME => self.dot_name(&outer),
                JOIN_TAIL => self.joins(),
                STEP => self.step_names(),
                OUTPUT => self.parts(crate::module::PartKind::Compile),
                TEST => self.parts(crate::module::PartKind::Output),
                EXPORT => self.export_keys(),
                IGNORE_EXPORTS => self.ignore_exports(),
                PROVIDES => self.packages(Packages::Interfaces),
                PKGS_WHERE => self.options_of_all(),
                GROUP_BODY => self.group_members(&outer),
                USE => self.words(&["lock"], "where the set of recipes comes from"),
                VERSION_ENTRY | ENUM_BODY | ENUMERATOR => {}
                _ => self.loose(),
            },
            (NAME, Some(outer)) => match outer.kind() {
                HEADER => self.header_name(&outer),
                ATTR => self.attributes(),
                CALL_ARG => self.expr(&outer),
                ERROR | FILE | BLOCK => self.loose(),
                _ => {}
            },
            (LITERAL, _) => self.literal(&parent),
            (ERROR | FILE | BLOCK | HEADER | RECORD_BODY, _) => self.loose(),
            _ => {}
        }
    }

    //------ adding

    fn item(&self, label: &str, kind: CompletionKind, rank: u8) -> Completion {
        Completion {
            label: label.to_owned(),
            kind,
            detail: String::new(),
            doc: String::new(),
            replace: self.context.replace,
            insert: label.to_owned(),
            snippet: None,
            rank,
            deprecated: false,
            done: false,
        }
    }

    fn add(&mut self, item: Completion) {
        if self.labels.insert(item.label.clone()) {
            self.items.push(item);
        }
    }

    fn words(&mut self, words: &[&str], detail: &str) {
        for word in words {
            let item = self.item(word, CompletionKind::Keyword, rank::KEYWORD);
            self.add(Completion { detail: detail.to_owned(), ..item });
        }
    }

    /// An option, as it is set or read.
    fn option(&mut self, schema: &Schema, option: &OptionSchema, rank: u8) -> Completion {
        let kind = match option.kind {
            OptionKind::Feature => CompletionKind::Feature,
            OptionKind::Knob => CompletionKind::Knob,
            OptionKind::Field => CompletionKind::Field,
            OptionKind::Let => CompletionKind::Variable,
        };
        let db = self.context.db;
        let brought = markdown(&self.brought(schema, option, None));
        let doc = option.doc(db).as_deref().unwrap_or("").to_owned();
        let item = self.item(&option.name, kind, rank);
        let gone = option.history.deprecated.is_some() || option.history.removed.is_some();
        Completion {
            detail: match option.kind {
                OptionKind::Feature => {
                    let default =
                        option.default.map(|it| super::describe::written(db, option.at.file, it));
                    format!("feature = {}", default.unwrap_or_else(|| "off".into()))
                }
                _ => format!("{}", option.ty),
            },
            doc: [doc, brought]
                .iter()
                .filter(|it| !it.is_empty())
                .cloned()
                .collect::<Vec<_>>()
                .join("\n\n"),
            deprecated: gone,
            rank: if gone { rank::DONE } else { rank },
            ..item
        }
    }

    /// What an option, or a value of it, brings.
    fn brought(
        &mut self,
        schema: &Schema,
        option: &OptionSchema,
        value: Option<u32>,
    ) -> Vec<Brought> {
        let db = self.context.db;
        let index =
            self.brings.entry(schema.file).or_insert_with(|| Rc::new(Index::new(db, schema)));
        index.clone().brings(db, option, value)
    }

    /// The options that are set in this file already, by the package that they are of.
    fn options_set(&self) -> Vec<(Symbol, Option<Name>)> {
        occurrences(self.context.db, self.context.file)
            .into_iter()
            .filter(|it| it.access == Access::Write && !self.is_here(it.range))
            .filter(|it| matches!(it.symbol, Symbol::Option(..)))
            .map(|it| (it.symbol, it.owner))
            .collect()
    }

    /// Whether a word is the one at the cursor.
    fn is_here(&self, range: TextRange) -> bool {
        range == self.context.replace
    }

    /// Says that something is there already, and puts it last.
    fn mark_done(item: &mut Completion, why: &str) {
        item.done = true;
        item.rank = rank::DONE;
        item.detail = if item.detail.is_empty() {
            why.to_owned()
        } else {
            format!("{} ({why})", item.detail)
        };
    }
}

#[cfg(test)]
mod tests;
