//! Syntax tree to [`Module`].
//!
//! One pass over the tree. Blocks become guards and path prefixes; holes in the tree become
//! [`Expr::Missing`] or are left out, because the parser has reported them.

mod children;
mod exprs;
mod items;

use text_size::{TextRange, TextSize};
use thin_vec::ThinVec;

use super::{
    Attr, Body, BodyId, Expr, ExprId, Guard, GuardId, GuardKind, Ident, Module, ModuleKind, Name,
    SourceMap, SpanId, StrPart,
};
use crate::arena::shrink;
use crate::syntax::ast::{self, AstNode, Item};
use crate::syntax::{Parse, Ref};
use children::{Many, split};

/// Something that follows the grammar and is still wrong, whatever the names in it mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LowerError {
    /// What is wrong.
    pub kind: LowerErrorKind,
    /// Where.
    pub range: TextRange,
}

/// What is wrong.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LowerErrorKind {
    /// A number that does not fit into 64 bits.
    NumberTooLarge,
    /// `\x` in a string, where `x` begins no escape.
    UnknownEscape(char),
    /// `\u{…}` in a string that is no character.
    BadCodePoint,
    /// A line of a long string begins with less white space than its last line.
    BadIndent,
    /// An item that files of this kind, or this part of a file, do not have.
    NotHere {
        /// The item, in words.
        item: &'static str,
        /// Where it stands, in words.
        place: String,
        /// Where it belongs, in words.
        belongs: &'static str,
    },
    /// A string that must be plain text interpolates something.
    NotPlain,
    /// A file of this kind needs a name in its header, or must have none.
    HeaderName {
        /// Whether the name is missing.
        missing: bool,
        /// What the file is.
        kind: ModuleKind,
    },
}

/// Lowers a parsed file.
#[must_use]
pub fn lower(parse: &Parse) -> (Module, SourceMap, Vec<LowerError>) {
    let file = parse.file_ref();
    // Enough for most files, and given back below: vectors that grow step by step are copied at
    // each step.
    let places = file.syntax().below().len() / 3;
    let mut lowerer = Lowerer {
        module: Module::default(),
        spans: Vec::with_capacity(places),
        exprs: Vec::with_capacity(places),
        parts: Vec::new(),
        errors: Vec::new(),
    };
    lowerer.module.exprs.reserve(places);
    lowerer.file(&file);
    let Lowerer { mut module, spans, exprs, errors, .. } = lowerer;
    shrink_all(&mut module);
    let map = SourceMap::new(&spans, &exprs, file.syntax().text_range().end());
    (module, map, errors)
}

/// Gives back memory that is not used: modules are kept for as long as an editor is open, and what
/// thousands of them take has to be got from the system first.
fn shrink_all(module: &mut Module) {
    module.exprs.shrink();
    module.bodies.shrink();
    module.guards.shrink();
    module.types.shrink();
    module.enums.shrink();
    for at in 0..module.bodies.len() {
        let Body { options, steps, stmts, versions, parts } =
            &mut module.bodies[BodyId::from_index(at)];
        shrink(options);
        shrink(steps);
        shrink(stmts);
        shrink(versions);
        shrink(parts);
    }
}

struct Lowerer {
    module: Module,
    /// The places that have got a number, and those of the expressions.
    spans: Vec<TextRange>,
    exprs: Vec<TextRange>,
    /// The parts of the strings that are being lowered, of the innermost one at the end.
    parts: Vec<StrPart>,
    errors: Vec<LowerError>,
}

/// Where the lowering of items is.
#[derive(Clone)]
struct Place {
    body: BodyId,
    guard: Option<GuardId>,
    /// The names of the blocks around, which settings begin with.
    prefix: Vec<Ident>,
    lenient: bool,
    /// What the items are in.
    within: Within,
}

/// What items are in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Within {
    /// At the top of a file, or in a `when`, feature or arm there.
    File,
    /// In the block of a package, of `steps`, or of a record.
    Amend,
    Mixin,
    Preset,
    Compile,
    Output,
    Test,
    PkgsWhere,
}

impl Lowerer {
    fn file(&mut self, file: &ast::File<Ref<'_>>) {
        self.module.doc = file.doc().map(String::into_boxed_str);
        let (header, items, wants): (
            Option<ast::Header<_>>,
            Many<Item<_>>,
            Many<ast::WantSpec<_>>,
        ) = split(file);
        if let Some(header) = header {
            self.header(&header);
        }
        let stmts = Vec::with_capacity(items.len());
        let body = self.module.bodies.alloc(Body { stmts, ..Body::default() });
        self.module.root = Some(body);
        let place =
            Place { body, guard: None, prefix: Vec::new(), lenient: false, within: Within::File };
        for item in items.iter() {
            self.item(&item, &place);
        }
        // The text of one spec: a project that wants it.
        for want in wants.iter() {
            self.module.kind = Some(ModuleKind::Project);
            self.lone_want(&want, &place);
        }
    }

    fn header(&mut self, header: &ast::Header<Ref<'_>>) {
        use crate::syntax::SyntaxKind::*;
        let (attrs, name): (_, Option<ast::Name<_>>) = split(header);
        self.module.attrs = self.attrs(attrs);
        self.module.name = name.as_ref().map(|it| self.name(it));
        let kind = header.kind_token().and_then(|it| match it.kind() {
            RECIPE_KW => Some(ModuleKind::Recipe),
            OVERRIDE_KW => Some(ModuleKind::Override),
            OVERLAY_KW => Some(ModuleKind::Overlay),
            PROJECT_KW => Some(ModuleKind::Project),
            MODULE_KW => Some(ModuleKind::Module),
            INTERFACE_KW => Some(ModuleKind::Interface),
            _ => None,
        });
        self.module.kind = kind;
        if let (Some(ModuleKind::Project), Some(name)) = (kind, name) {
            let kind = LowerErrorKind::HeaderName { missing: false, kind: ModuleKind::Project };
            self.error(kind, name.range());
        }
    }

    //------ places and names

    fn span(&mut self, range: TextRange) -> SpanId {
        self.spans.push(range);
        SpanId(self.spans.len() as u32 - 1)
    }

    fn span_of(&mut self, node: &impl AstNode) -> SpanId {
        self.span(node.range())
    }

    fn alloc(&mut self, expr: Expr, range: TextRange) -> ExprId {
        self.exprs.push(range);
        self.module.exprs.alloc(expr)
    }

    fn guard(&mut self, parent: Option<GuardId>, kind: GuardKind) -> Option<GuardId> {
        Some(self.module.guards.alloc(Guard { parent, kind }))
    }

    fn error(&mut self, kind: LowerErrorKind, range: TextRange) {
        self.errors.push(LowerError { kind, range });
    }

    fn name(&mut self, name: &ast::Name<Ref<'_>>) -> Ident {
        self.ident(name.ident_token(), *name.syntax())
    }

    fn name_ref(&mut self, name: &ast::NameRef<Ref<'_>>) -> Ident {
        self.ident(name.ident_token(), *name.syntax())
    }

    fn ident(&mut self, token: Option<Ref<'_>>, node: Ref<'_>) -> Ident {
        match token {
            Some(token) => {
                Ident { name: Name::from(token.text()), span: self.span(token.text_range()) }
            }
            None => Ident { name: Name::default(), span: self.span(node.text_range()) },
        }
    }

    /// The text of a string that stands for a name.
    fn string_name(&mut self, string: &ast::StringLit<Ref<'_>>) -> Ident {
        let name = match string.plain_text() {
            Some(text) => Name::from(text),
            None => {
                self.error(LowerErrorKind::NotPlain, string.range());
                Name::default()
            }
        };
        Ident { name, span: self.span(string.range()) }
    }

    fn path(&mut self, path: &ast::Path<Ref<'_>>) -> ThinVec<Ident> {
        self.each(split(path), |it, name| Some(it.name_ref(&name)))
    }

    /// Lowers nodes into a slice that is allocated once, at its size.
    fn each<'a, A: AstNode<Node = Ref<'a>>, T>(
        &mut self,
        nodes: Many<'a, A>,
        mut lower: impl FnMut(&mut Self, A) -> Option<T>,
    ) -> ThinVec<T> {
        let mut lowered = ThinVec::with_capacity(nodes.len());
        lowered.extend(nodes.iter().filter_map(|it| lower(self, it)));
        lowered
    }

    fn attrs<'a>(&mut self, attrs: Many<'a, ast::Attr<Ref<'a>>>) -> ThinVec<Attr> {
        attrs
            .iter()
            .filter_map(|attr| {
                let ident = self.name(&attr.name()?);
                let args = attr.arg_list().map(|it| self.args(&it)).unwrap_or_default();
                Some(Attr { ident, args })
            })
            .collect()
    }
}

/// A place of `len` bytes at the beginning of `range`.
fn head(range: TextRange, len: u32) -> TextRange {
    TextRange::at(range.start(), TextSize::new(len).min(range.len()))
}
