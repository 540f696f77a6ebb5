//! Where a cursor stands: the text is parsed with a word put in at the cursor, so that there is a
//! node to ask.

use std::sync::Arc;

use text_size::{TextRange, TextSize};

use super::FilePosition;
use crate::database::{Database, FileId};
use crate::globals::{facts_of_module, global_table};
use crate::module::{ModuleKind, Name};
use crate::schema::{OptionTable, Schema};
use crate::syntax::SyntaxKind::*;
use crate::syntax::ast::{self, AstNode};
use crate::syntax::{SyntaxKind, SyntaxNode, SyntaxToken, parse};
use crate::types::{Object, Ty};

/// The word that is put in at the cursor: a name that nobody has.
const MARKER: &str = "kilnCursorHere";

/// Where a cursor stands.
pub(super) struct Context<'a> {
    pub(super) db: &'a Database,
    pub(super) file: FileId,
    /// What the file is.
    pub(super) kind: Option<ModuleKind>,
    /// The word at the cursor, with the marker in it.
    pub(super) token: SyntaxToken,
    /// The same word in the text itself.
    pub(super) replace: TextRange,
    /// What of it stands before the cursor.
    pub(super) typed: String,
    /// The text with the marker.
    pub(super) marked: String,
    schema: Arc<Schema>,
}

/// What a path of names leads to.
#[derive(Clone)]
pub(super) struct PathTarget {
    /// The options that the rest of the path is of.
    pub(super) table: Arc<OptionTable>,
    /// The package, `toolchain`, `facts` or `platform`.
    pub(super) owner: Option<Name>,
    /// The rest of the path.
    pub(super) rest: Vec<Name>,
}

impl<'a> Context<'a> {
    /// Finds out where a cursor stands; nothing inside comments and plain text.
    pub(super) fn new(db: &'a Database, position: FilePosition) -> Option<Context<'a>> {
        let position = position.in_text(db);
        let text = db.text(position.file);
        let at = usize::from(position.offset);
        let mut marked = String::with_capacity(text.len() + MARKER.len());
        marked.push_str(&text[..at]);
        marked.push_str(MARKER);
        marked.push_str(&text[at..]);
        let root = parse(&marked).syntax();
        let token = root.token_at_offset(position.offset).find(|it| it.text().contains(MARKER))?;
        if matches!(token.kind(), COMMENT | DOC | INNER_DOC | STRING_TEXT | ERROR_TOKEN | REGEX) {
            return None;
        }
        let start = token.text_range().start();
        let end = token.text_range().end() - TextSize::of(MARKER);
        let typed = text.get(usize::from(start)..at)?.to_owned();
        // A header alone is one only with something behind it, such as the marker.
        let header = ast::File::cast(root).and_then(|it| it.header());
        let kind = header.and_then(|it| it.kind_token()).and_then(|it| kind_of(it.kind()));
        Some(Context {
            db,
            file: position.file,
            kind,
            token,
            replace: TextRange::new(start, end.max(start)),
            typed,
            marked,
            schema: db.schema(position.file),
        })
    }

    /// Whether the file holds settings from outside the recipes.
    pub(super) fn is_layer(&self) -> bool {
        matches!(self.kind, Some(ModuleKind::Override | ModuleKind::Overlay | ModuleKind::Project))
    }

    /// What the file offers.
    pub(super) fn schema(&self) -> &Arc<Schema> {
        &self.schema
    }

    /// The package that an override changes, or that a recipe describes.
    pub(super) fn own_package(&self) -> Option<Name> {
        match self.kind {
            Some(ModuleKind::Override | ModuleKind::Recipe | ModuleKind::Interface) => {
                self.schema.env.module().name.as_ref().map(|it| it.name.clone())
            }
            _ => None,
        }
    }

    /// The schema of a package.
    pub(super) fn package(&self, name: &str) -> Option<Arc<Schema>> {
        if self.kind == Some(ModuleKind::Recipe) && self.schema.name() == name {
            return Some(self.schema.clone());
        }
        self.db.package(name).map(|it| self.db.schema(it))
    }

    /// The options that can be read at a node.
    pub(super) fn table(&self, node: &SyntaxNode) -> Option<Arc<OptionTable>> {
        if self.is_layer() {
            let path = self.prefix(node);
            let package = match self.kind {
                Some(ModuleKind::Override) => self.own_package(),
                _ => path.first().cloned().or_else(|| self.setting_head(node)),
            };
            return self.package(&package?).map(|it| it.table.clone());
        }
        let mixin = node.ancestors().find_map(ast::Mixin::cast).and_then(|it| it.name());
        match mixin {
            Some(name) => self.schema.mixin(&name.text()).map(|it| it.2.clone()),
            None => Some(self.schema.table.clone()),
        }
    }

    /// The first name of the setting around a node.
    fn setting_head(&self, node: &SyntaxNode) -> Option<Name> {
        let setting = node.ancestors().find_map(ast::Setting::cast)?;
        Some(setting.path()?.name_refs().next()?.text().into())
    }

    /// The names of the blocks around a node: `dpdk` in `dpdk { … }`.
    pub(super) fn prefix(&self, node: &SyntaxNode) -> Vec<Name> {
        let mut parts: Vec<Vec<Name>> = Vec::new();
        for block in node.ancestors().filter(|it| it.kind() == BLOCK) {
            match block.parent() {
                Some(of) if of.kind() == AMEND => {
                    let path = ast::Amend::cast(of).and_then(|it| it.path());
                    parts.push(path.map(|it| names(&it)).unwrap_or_default());
                }
                Some(of) if of.kind() == STEPS => parts.push(vec!["steps".into()]),
                _ => {}
            }
        }
        parts.into_iter().rev().flatten().collect()
    }

    /// What the path of a setting at `node` leads to.
    pub(super) fn path_target(&self, node: &SyntaxNode, path: &[Name]) -> Option<PathTarget> {
        let mut whole = self.prefix(node);
        whole.extend_from_slice(path);
        match self.kind {
            Some(ModuleKind::Override) => {
                let package = self.own_package()?;
                self.in_package(package, whole)
            }
            Some(ModuleKind::Overlay | ModuleKind::Project) => {
                let mut rest = whole;
                if rest.first().is_some_and(|it| it == "build") {
                    rest.remove(0);
                }
                let first = rest.first()?.clone();
                rest.remove(0);
                match first.as_str() {
                    "toolchain" | "platform" | "facts" => {
                        let object = match first.as_str() {
                            "toolchain" => Object::Toolchain,
                            "facts" => Object::Facts,
                            _ => Object::Platform,
                        };
                        let mut table = global_table(self.db, object);
                        if let (Object::Facts, Some(module)) = (object, rest.first())
                            && let Some((_, declared)) = facts_of_module(self.db, module)
                        {
                            table = declared;
                            rest.remove(0);
                        }
                        Some(PathTarget { table, owner: Some(first), rest })
                    }
                    _ => self.in_package(first, rest),
                }
            }
            _ => {
                let table = self.table(node)?;
                Some(PathTarget { table, owner: self.own_package(), rest: whole })
            }
        }
    }

    fn in_package(&self, package: Name, mut rest: Vec<Name>) -> Option<PathTarget> {
        let schema = self.package(&package)?;
        // `curl { shared_build.http3 = on }`: of one compilation.
        if rest.len() > 1
            && schema.table.get(&rest[0]).is_none()
            && schema.part(crate::module::PartKind::Compile, &rest[0]).is_some()
        {
            rest.remove(0);
        }
        Some(PathTarget { table: schema.table.clone(), owner: Some(package), rest })
    }

    /// The type of what a path in a table names.
    pub(super) fn path_type(&self, target: &PathTarget) -> Option<Ty> {
        let (first, rest) = target.rest.split_first()?;
        if first == "steps" {
            return match rest {
                [step] if target.table.step(step).is_some() => Some(Ty::Script),
                [option, ..] => {
                    let rest = rest.to_vec();
                    let _ = option;
                    self.path_type(&PathTarget { rest, ..target.clone() })
                }
                [] => None,
            };
        }
        if first == "version" && rest.is_empty() {
            return Some(Ty::Version);
        }
        let option = target.table.get(first).or_else(|| {
            let renamed = target.table.renamed.iter().find(|it| it.from == *first)?;
            target.table.get(&renamed.to)
        })?;
        let mut ty = option.ty.clone();
        for part in rest {
            ty = match ty.without_opt() {
                Ty::Map(of) => (**of).clone(),
                Ty::Record(record) => {
                    let env = self.db.env(record.file);
                    let fields = &env.records[record.id.index()].fields;
                    fields.iter().find(|it| it.name == *part)?.ty.clone()
                }
                _ => return None,
            };
        }
        Some(ty)
    }

    /// The range of a node in the text itself. The marker is taken out where it is in the node.
    pub(super) fn original(&self, range: TextRange) -> TextRange {
        let marker = self.replace.start() + TextSize::of(self.typed.as_str());
        let len = TextSize::of(MARKER);
        let back = |it: TextSize| if it > marker { it.max(marker + len) - len } else { it };
        TextRange::new(back(range.start()), back(range.end()))
    }

    /// The type of an expression that stands somewhere in the text itself.
    pub(super) fn type_of(&self, node: &SyntaxNode) -> Option<Ty> {
        let range = self.original(crate::syntax::range_of(node));
        let checked = self.db.checked(self.file);
        let lowered = checked.schema.env.lowered.clone();
        let mut found = None;
        for (id, _) in lowered.module.exprs.iter() {
            if lowered.map.expr(id) == range && checked.types[id.index()] != Ty::Error {
                found = Some(checked.types[id.index()].clone());
            }
        }
        found
    }

    /// The significant token before the cursor's word, if it is in the same line.
    pub(super) fn before_in_line(&self) -> Option<SyntaxToken> {
        let mut token = self.token.prev_token();
        while let Some(it) = token {
            match it.kind() {
                WHITESPACE if it.text().contains('\n') => return None,
                WHITESPACE | COMMENT => token = it.prev_token(),
                _ => return Some(it),
            }
        }
        None
    }

    /// The nearest node around the cursor of one of these kinds.
    pub(super) fn around(&self, kinds: &[SyntaxKind]) -> Option<SyntaxNode> {
        self.token.parent_ancestors().find(|it| kinds.contains(&it.kind()))
    }
}

fn kind_of(word: SyntaxKind) -> Option<ModuleKind> {
    Some(match word {
        RECIPE_KW => ModuleKind::Recipe,
        OVERRIDE_KW => ModuleKind::Override,
        OVERLAY_KW => ModuleKind::Overlay,
        PROJECT_KW => ModuleKind::Project,
        MODULE_KW => ModuleKind::Module,
        INTERFACE_KW => ModuleKind::Interface,
        _ => return None,
    })
}

/// The names of a path.
pub(super) fn names(path: &ast::Path) -> Vec<Name> {
    path.name_refs().map(|it| it.text().into()).collect()
}
