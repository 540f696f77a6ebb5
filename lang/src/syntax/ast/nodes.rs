//! The typed tree. Generated from `kiln.ungram` by `cargo xtask codegen`.

use super::{AstChildren, AstNode, support};
use crate::syntax::{SyntaxKind, SyntaxKind::*, SyntaxNode, SyntaxToken};

/// A node of the rule `File`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct File {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for File {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FILE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(File { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl File {
    /// The child `Header`.
    pub fn header(&self) -> Option<Header> {
        support::child(&self.syntax, 0)
    }

    /// The children `Item`, in order.
    pub fn items(&self) -> AstChildren<Item> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `Header`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Header {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == HEADER
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Header { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Header {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `kind`.
    pub fn kind_token(&self) -> Option<SyntaxToken> {
        support::token(
            &self.syntax,
            &[RECIPE_KW, OVERRIDE_KW, OVERLAY_KW, PROJECT_KW, MODULE_KW, INTERFACE_KW],
        )
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `Item`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item {
    /// `Feature`
    Feature(Feature),
    /// `Knob`
    Knob(Knob),
    /// `Field`
    Field(Field),
    /// `EnumDecl`
    EnumDecl(EnumDecl),
    /// `RecordDecl`
    RecordDecl(RecordDecl),
    /// `TypeAlias`
    TypeAlias(TypeAlias),
    /// `Function`
    Function(Function),
    /// `Let`
    Let(Let),
    /// `Versions`
    Versions(Versions),
    /// `Dep`
    Dep(Dep),
    /// `Provides`
    Provides(Provides),
    /// `Rule`
    Rule(Rule),
    /// `Unavailable`
    Unavailable(Unavailable),
    /// `Arg`
    Arg(Arg),
    /// `Step`
    Step(Step),
    /// `Steps`
    Steps(Steps),
    /// `Include`
    Include(Include),
    /// `Use`
    Use(Use),
    /// `Mixin`
    Mixin(Mixin),
    /// `Compile`
    Compile(Compile),
    /// `Output`
    Output(Output),
    /// `Exports`
    Exports(Exports),
    /// `IgnoreExports`
    IgnoreExports(IgnoreExports),
    /// `Test`
    Test(Test),
    /// `Preset`
    Preset(Preset),
    /// `When`
    When(When),
    /// `For`
    For(For),
    /// `Want`
    Want(Want),
    /// `Overlays`
    Overlays(Overlays),
    /// `Policy`
    Policy(Policy),
    /// `Publish`
    Publish(Publish),
    /// `PkgsWhere`
    PkgsWhere(PkgsWhere),
    /// `Setting`
    Setting(Setting),
    /// `Amend`
    Amend(Amend),
    /// `SpecStmt`
    SpecStmt(SpecStmt),
    /// `Arm`
    Arm(Arm),
}

impl AstNode for Item {
    fn can_cast(kind: SyntaxKind) -> bool {
        Feature::can_cast(kind)
            || Knob::can_cast(kind)
            || Field::can_cast(kind)
            || EnumDecl::can_cast(kind)
            || RecordDecl::can_cast(kind)
            || TypeAlias::can_cast(kind)
            || Function::can_cast(kind)
            || Let::can_cast(kind)
            || Versions::can_cast(kind)
            || Dep::can_cast(kind)
            || Provides::can_cast(kind)
            || Rule::can_cast(kind)
            || Unavailable::can_cast(kind)
            || Arg::can_cast(kind)
            || Step::can_cast(kind)
            || Steps::can_cast(kind)
            || Include::can_cast(kind)
            || Use::can_cast(kind)
            || Mixin::can_cast(kind)
            || Compile::can_cast(kind)
            || Output::can_cast(kind)
            || Exports::can_cast(kind)
            || IgnoreExports::can_cast(kind)
            || Test::can_cast(kind)
            || Preset::can_cast(kind)
            || When::can_cast(kind)
            || For::can_cast(kind)
            || Want::can_cast(kind)
            || Overlays::can_cast(kind)
            || Policy::can_cast(kind)
            || Publish::can_cast(kind)
            || PkgsWhere::can_cast(kind)
            || Setting::can_cast(kind)
            || Amend::can_cast(kind)
            || SpecStmt::can_cast(kind)
            || Arm::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if Feature::can_cast(kind) {
            return Feature::cast(syntax).map(Item::Feature);
        }
        if Knob::can_cast(kind) {
            return Knob::cast(syntax).map(Item::Knob);
        }
        if Field::can_cast(kind) {
            return Field::cast(syntax).map(Item::Field);
        }
        if EnumDecl::can_cast(kind) {
            return EnumDecl::cast(syntax).map(Item::EnumDecl);
        }
        if RecordDecl::can_cast(kind) {
            return RecordDecl::cast(syntax).map(Item::RecordDecl);
        }
        if TypeAlias::can_cast(kind) {
            return TypeAlias::cast(syntax).map(Item::TypeAlias);
        }
        if Function::can_cast(kind) {
            return Function::cast(syntax).map(Item::Function);
        }
        if Let::can_cast(kind) {
            return Let::cast(syntax).map(Item::Let);
        }
        if Versions::can_cast(kind) {
            return Versions::cast(syntax).map(Item::Versions);
        }
        if Dep::can_cast(kind) {
            return Dep::cast(syntax).map(Item::Dep);
        }
        if Provides::can_cast(kind) {
            return Provides::cast(syntax).map(Item::Provides);
        }
        if Rule::can_cast(kind) {
            return Rule::cast(syntax).map(Item::Rule);
        }
        if Unavailable::can_cast(kind) {
            return Unavailable::cast(syntax).map(Item::Unavailable);
        }
        if Arg::can_cast(kind) {
            return Arg::cast(syntax).map(Item::Arg);
        }
        if Step::can_cast(kind) {
            return Step::cast(syntax).map(Item::Step);
        }
        if Steps::can_cast(kind) {
            return Steps::cast(syntax).map(Item::Steps);
        }
        if Include::can_cast(kind) {
            return Include::cast(syntax).map(Item::Include);
        }
        if Use::can_cast(kind) {
            return Use::cast(syntax).map(Item::Use);
        }
        if Mixin::can_cast(kind) {
            return Mixin::cast(syntax).map(Item::Mixin);
        }
        if Compile::can_cast(kind) {
            return Compile::cast(syntax).map(Item::Compile);
        }
        if Output::can_cast(kind) {
            return Output::cast(syntax).map(Item::Output);
        }
        if Exports::can_cast(kind) {
            return Exports::cast(syntax).map(Item::Exports);
        }
        if IgnoreExports::can_cast(kind) {
            return IgnoreExports::cast(syntax).map(Item::IgnoreExports);
        }
        if Test::can_cast(kind) {
            return Test::cast(syntax).map(Item::Test);
        }
        if Preset::can_cast(kind) {
            return Preset::cast(syntax).map(Item::Preset);
        }
        if When::can_cast(kind) {
            return When::cast(syntax).map(Item::When);
        }
        if For::can_cast(kind) {
            return For::cast(syntax).map(Item::For);
        }
        if Want::can_cast(kind) {
            return Want::cast(syntax).map(Item::Want);
        }
        if Overlays::can_cast(kind) {
            return Overlays::cast(syntax).map(Item::Overlays);
        }
        if Policy::can_cast(kind) {
            return Policy::cast(syntax).map(Item::Policy);
        }
        if Publish::can_cast(kind) {
            return Publish::cast(syntax).map(Item::Publish);
        }
        if PkgsWhere::can_cast(kind) {
            return PkgsWhere::cast(syntax).map(Item::PkgsWhere);
        }
        if Setting::can_cast(kind) {
            return Setting::cast(syntax).map(Item::Setting);
        }
        if Amend::can_cast(kind) {
            return Amend::cast(syntax).map(Item::Amend);
        }
        if SpecStmt::can_cast(kind) {
            return SpecStmt::cast(syntax).map(Item::SpecStmt);
        }
        if Arm::can_cast(kind) {
            return Arm::cast(syntax).map(Item::Arm);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            Item::Feature(it) => it.syntax(),
            Item::Knob(it) => it.syntax(),
            Item::Field(it) => it.syntax(),
            Item::EnumDecl(it) => it.syntax(),
            Item::RecordDecl(it) => it.syntax(),
            Item::TypeAlias(it) => it.syntax(),
            Item::Function(it) => it.syntax(),
            Item::Let(it) => it.syntax(),
            Item::Versions(it) => it.syntax(),
            Item::Dep(it) => it.syntax(),
            Item::Provides(it) => it.syntax(),
            Item::Rule(it) => it.syntax(),
            Item::Unavailable(it) => it.syntax(),
            Item::Arg(it) => it.syntax(),
            Item::Step(it) => it.syntax(),
            Item::Steps(it) => it.syntax(),
            Item::Include(it) => it.syntax(),
            Item::Use(it) => it.syntax(),
            Item::Mixin(it) => it.syntax(),
            Item::Compile(it) => it.syntax(),
            Item::Output(it) => it.syntax(),
            Item::Exports(it) => it.syntax(),
            Item::IgnoreExports(it) => it.syntax(),
            Item::Test(it) => it.syntax(),
            Item::Preset(it) => it.syntax(),
            Item::When(it) => it.syntax(),
            Item::For(it) => it.syntax(),
            Item::Want(it) => it.syntax(),
            Item::Overlays(it) => it.syntax(),
            Item::Policy(it) => it.syntax(),
            Item::Publish(it) => it.syntax(),
            Item::PkgsWhere(it) => it.syntax(),
            Item::Setting(it) => it.syntax(),
            Item::Amend(it) => it.syntax(),
            Item::SpecStmt(it) => it.syntax(),
            Item::Arm(it) => it.syntax(),
        }
    }
}

/// A node of the rule `Attr`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Attr {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Attr {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ATTR
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Attr { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Attr {
    /// The token `at`.
    pub fn at_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[AT])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `ArgList`.
    pub fn arg_list(&self) -> Option<ArgList> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Name {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAME
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Name { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Name {
    /// The token `ident`.
    pub fn ident_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[IDENT])
    }
}

/// A node of the rule `NameRef`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameRef {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for NameRef {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAME_REF
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(NameRef { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl NameRef {
    /// The token `ident`.
    pub fn ident_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[IDENT])
    }
}

/// A node of the rule `Path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Path {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PATH
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Path { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Path {
    /// The children `NameRef`, in order.
    pub fn name_refs(&self) -> AstChildren<NameRef> {
        support::children(&self.syntax)
    }

    /// The token `dot`.
    pub fn dot_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[DOT])
    }
}

/// A node of the rule `Feature`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Feature {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Feature {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FEATURE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Feature { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Feature {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `feature`.
    pub fn feature_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FEATURE_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The children `Tail`, in order.
    pub fn tails(&self) -> AstChildren<Tail> {
        support::children(&self.syntax)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Knob`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Knob {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Knob {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == KNOB
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Knob { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Knob {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `knob`.
    pub fn knob_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[KNOB_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The children `Tail`, in order.
    pub fn tails(&self) -> AstChildren<Tail> {
        support::children(&self.syntax)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Field`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Field {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FIELD
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Field { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Field {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `field`.
    pub fn field_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FIELD_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `EnumDecl`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumDecl {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for EnumDecl {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUM_DECL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(EnumDecl { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl EnumDecl {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `enum`.
    pub fn enum_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ENUM_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `EnumBody`.
    pub fn enum_body(&self) -> Option<EnumBody> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `RecordDecl`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordDecl {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for RecordDecl {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RECORD_DECL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(RecordDecl { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl RecordDecl {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `record`.
    pub fn record_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[RECORD_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `RecordBody`.
    pub fn record_body(&self) -> Option<RecordBody> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `TypeAlias`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypeAlias {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for TypeAlias {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == TYPE_ALIAS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(TypeAlias { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl TypeAlias {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `type`.
    pub fn type_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[TYPE_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Function`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Function {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FUNCTION
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Function { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Function {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `fn`.
    pub fn fn_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FN_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `ParamList`.
    pub fn param_list(&self) -> Option<ParamList> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Let`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Let {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Let {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LET
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Let { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Let {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `let`.
    pub fn let_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[LET_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Versions`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Versions {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Versions {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == VERSIONS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Versions { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Versions {
    /// The token `versions`.
    pub fn versions_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[VERSIONS_KW])
    }

    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `VersionEntry`, in order.
    pub fn version_entries(&self) -> AstChildren<VersionEntry> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `Dep`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dep {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Dep {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == DEP
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Dep { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Dep {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `role`.
    pub fn role_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[BUILD_KW, HOST_KW, RUN_KW, TEST_KW, EXTENDS_KW])
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req> {
        support::children(&self.syntax)
    }

    /// The children `DepTail`, in order.
    pub fn dep_tails(&self) -> AstChildren<DepTail> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `Provides`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Provides {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Provides {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PROVIDES
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Provides { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Provides {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `provides`.
    pub fn provides_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[PROVIDES_KW])
    }

    /// The children `NameRef`, in order.
    pub fn name_refs(&self) -> AstChildren<NameRef> {
        support::children(&self.syntax)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req> {
        support::children(&self.syntax)
    }

    /// The token `with`.
    pub fn with_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WITH_KW])
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Rule`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Rule {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RULE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Rule { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Rule {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `kind`.
    pub fn kind_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[REQUIRE_KW, CONFLICT_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `when`.
    pub fn when_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `when`.
    pub fn when(&self) -> Option<Expr> {
        support::child(&self.syntax, 1)
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Unavailable`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unavailable {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Unavailable {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == UNAVAILABLE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Unavailable { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Unavailable {
    /// The token `unavailable`.
    pub fn unavailable_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[UNAVAILABLE_KW])
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Arg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arg {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Arg {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARG
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Arg { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Arg {
    /// The token `arg`.
    pub fn arg_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ARG_KW])
    }

    /// The child `then`.
    pub fn then(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `else`.
    pub fn else_(&self) -> Option<Expr> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `Step`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Step {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STEP
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Step { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Step {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `step`.
    pub fn step_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[STEP_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `place`.
    pub fn place_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[BEFORE_KW, AFTER_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Steps`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Steps {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Steps {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STEPS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Steps { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Steps {
    /// The token `steps`.
    pub fn steps_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[STEPS_KW])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Include`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Include {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Include {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == INCLUDE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Include { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Include {
    /// The token `include`.
    pub fn include_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[INCLUDE_KW])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Use`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Use {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Use {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == USE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Use { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Use {
    /// The token `use`.
    pub fn use_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[USE_KW])
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The token `as`.
    pub fn as_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[AS_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `from`.
    pub fn from_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FROM_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Mixin`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mixin {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Mixin {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MIXIN
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Mixin { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Mixin {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `mixin`.
    pub fn mixin_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[MIXIN_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Compile`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Compile {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Compile {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == COMPILE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Compile { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Compile {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `compile`.
    pub fn compile_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMPILE_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Output`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Output {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Output {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == OUTPUT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Output { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Output {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `output`.
    pub fn output_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[OUTPUT_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `from`.
    pub fn from_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FROM_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Exports`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exports {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Exports {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORTS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Exports { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Exports {
    /// The token `exports`.
    pub fn exports_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EXPORTS_KW])
    }

    /// The child `ExportList`.
    pub fn export_list(&self) -> Option<ExportList> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `IgnoreExports`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IgnoreExports {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for IgnoreExports {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == IGNORE_EXPORTS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(IgnoreExports { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl IgnoreExports {
    /// The token `ignore`.
    pub fn ignore_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[IGNORE_KW])
    }

    /// The token `exports`.
    pub fn exports_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EXPORTS_KW])
    }

    /// The token `how`.
    pub fn how_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FROM_KW, OF_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }

    /// The token `to`.
    pub fn to_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[TO_KW])
    }

    /// The child `to`.
    pub fn to(&self) -> Option<NameRef> {
        support::child(&self.syntax, 1)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Test`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Test {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Test {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == TEST
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Test { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Test {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `test`.
    pub fn test_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[TEST_KW])
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }

    /// The token `in`.
    pub fn in_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[IN_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Preset`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Preset {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Preset {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PRESET
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Preset { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Preset {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `preset`.
    pub fn preset_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[PRESET_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `When`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct When {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for When {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHEN
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(When { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl When {
    /// The token `when`.
    pub fn when_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }

    /// The child `ElseBlock`.
    pub fn else_block(&self) -> Option<ElseBlock> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `For`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct For {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for For {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FOR
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(For { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl For {
    /// The token `for`.
    pub fn for_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FOR_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `in`.
    pub fn in_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[IN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Want`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Want {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Want {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WANT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Want { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Want {
    /// The token `want`.
    pub fn want_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WANT_KW])
    }

    /// The children `WantSpec`, in order.
    pub fn want_specs(&self) -> AstChildren<WantSpec> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `Overlays`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Overlays {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Overlays {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == OVERLAYS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Overlays { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Overlays {
    /// The token `overlays`.
    pub fn overlays_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[OVERLAYS_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Policy`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Policy {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == POLICY
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Policy { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Policy {
    /// The token `policy`.
    pub fn policy_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[POLICY_KW])
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req> {
        support::children(&self.syntax)
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Publish`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Publish {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Publish {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PUBLISH
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Publish { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Publish {
    /// The token `publish`.
    pub fn publish_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[PUBLISH_KW])
    }

    /// The children `WantSpec`, in order.
    pub fn want_specs(&self) -> AstChildren<WantSpec> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `PkgsWhere`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PkgsWhere {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for PkgsWhere {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PKGS_WHERE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(PkgsWhere { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl PkgsWhere {
    /// The token `pkgs`.
    pub fn pkgs_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[PKGS_KW])
    }

    /// The token `where`.
    pub fn where_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHERE_KW])
    }

    /// The token `has`.
    pub fn has_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[HAS_KW])
    }

    /// The token `kind`.
    pub fn kind_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FEATURE_KW, KNOB_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Setting`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Setting {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SETTING
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Setting { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Setting {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ, PLUS_EQ, MINUS_EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Amend`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amend {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Amend {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == AMEND
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Amend { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Amend {
    /// The token `question`.
    pub fn question_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[QUESTION])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }

    /// The child `Unavailable`.
    pub fn unavailable(&self) -> Option<Unavailable> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `SpecStmt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpecStmt {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for SpecStmt {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC_STMT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(SpecStmt { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl SpecStmt {
    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Arm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arm {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Arm {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARM
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Arm { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Arm {
    /// The children `ArmPattern`, in order.
    pub fn arm_patterns(&self) -> AstChildren<ArmPattern> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }

    /// The child `Item`.
    pub fn item(&self) -> Option<Item> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ArgList`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArgList {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ArgList {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARG_LIST
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ArgList { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ArgList {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `CallArg`, in order.
    pub fn call_args(&self) -> AstChildren<CallArg> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Block`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Block {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Block {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == BLOCK
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Block { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Block {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Item`, in order.
    pub fn items(&self) -> AstChildren<Item> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// One of the nodes of the rule `Expr`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expr {
    /// `Literal`
    Literal(Literal),
    /// `StringLit`
    StringLit(StringLit),
    /// `NameExpr`
    NameExpr(NameExpr),
    /// `DotName`
    DotName(DotName),
    /// `Member`
    Member(Member),
    /// `Call`
    Call(Call),
    /// `Paren`
    Paren(Paren),
    /// `Lambda`
    Lambda(Lambda),
    /// `Binary`
    Binary(Binary),
    /// `Prefix`
    Prefix(Prefix),
    /// `Range`
    Range(Range),
    /// `If`
    If(If),
    /// `Match`
    Match(Match),
    /// `SetLit`
    SetLit(SetLit),
    /// `ListLit`
    ListLit(ListLit),
    /// `With`
    With(With),
}

impl AstNode for Expr {
    fn can_cast(kind: SyntaxKind) -> bool {
        Literal::can_cast(kind)
            || StringLit::can_cast(kind)
            || NameExpr::can_cast(kind)
            || DotName::can_cast(kind)
            || Member::can_cast(kind)
            || Call::can_cast(kind)
            || Paren::can_cast(kind)
            || Lambda::can_cast(kind)
            || Binary::can_cast(kind)
            || Prefix::can_cast(kind)
            || Range::can_cast(kind)
            || If::can_cast(kind)
            || Match::can_cast(kind)
            || SetLit::can_cast(kind)
            || ListLit::can_cast(kind)
            || With::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if Literal::can_cast(kind) {
            return Literal::cast(syntax).map(Expr::Literal);
        }
        if StringLit::can_cast(kind) {
            return StringLit::cast(syntax).map(Expr::StringLit);
        }
        if NameExpr::can_cast(kind) {
            return NameExpr::cast(syntax).map(Expr::NameExpr);
        }
        if DotName::can_cast(kind) {
            return DotName::cast(syntax).map(Expr::DotName);
        }
        if Member::can_cast(kind) {
            return Member::cast(syntax).map(Expr::Member);
        }
        if Call::can_cast(kind) {
            return Call::cast(syntax).map(Expr::Call);
        }
        if Paren::can_cast(kind) {
            return Paren::cast(syntax).map(Expr::Paren);
        }
        if Lambda::can_cast(kind) {
            return Lambda::cast(syntax).map(Expr::Lambda);
        }
        if Binary::can_cast(kind) {
            return Binary::cast(syntax).map(Expr::Binary);
        }
        if Prefix::can_cast(kind) {
            return Prefix::cast(syntax).map(Expr::Prefix);
        }
        if Range::can_cast(kind) {
            return Range::cast(syntax).map(Expr::Range);
        }
        if If::can_cast(kind) {
            return If::cast(syntax).map(Expr::If);
        }
        if Match::can_cast(kind) {
            return Match::cast(syntax).map(Expr::Match);
        }
        if SetLit::can_cast(kind) {
            return SetLit::cast(syntax).map(Expr::SetLit);
        }
        if ListLit::can_cast(kind) {
            return ListLit::cast(syntax).map(Expr::ListLit);
        }
        if With::can_cast(kind) {
            return With::cast(syntax).map(Expr::With);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            Expr::Literal(it) => it.syntax(),
            Expr::StringLit(it) => it.syntax(),
            Expr::NameExpr(it) => it.syntax(),
            Expr::DotName(it) => it.syntax(),
            Expr::Member(it) => it.syntax(),
            Expr::Call(it) => it.syntax(),
            Expr::Paren(it) => it.syntax(),
            Expr::Lambda(it) => it.syntax(),
            Expr::Binary(it) => it.syntax(),
            Expr::Prefix(it) => it.syntax(),
            Expr::Range(it) => it.syntax(),
            Expr::If(it) => it.syntax(),
            Expr::Match(it) => it.syntax(),
            Expr::SetLit(it) => it.syntax(),
            Expr::ListLit(it) => it.syntax(),
            Expr::With(it) => it.syntax(),
        }
    }
}

/// One of the nodes of the rule `Tail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Tail {
    /// `JoinTail`
    JoinTail(JoinTail),
    /// `WhenTail`
    WhenTail(WhenTail),
    /// `SplitTail`
    SplitTail(SplitTail),
    /// `StickyTail`
    StickyTail(StickyTail),
}

impl AstNode for Tail {
    fn can_cast(kind: SyntaxKind) -> bool {
        JoinTail::can_cast(kind)
            || WhenTail::can_cast(kind)
            || SplitTail::can_cast(kind)
            || StickyTail::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if JoinTail::can_cast(kind) {
            return JoinTail::cast(syntax).map(Tail::JoinTail);
        }
        if WhenTail::can_cast(kind) {
            return WhenTail::cast(syntax).map(Tail::WhenTail);
        }
        if SplitTail::can_cast(kind) {
            return SplitTail::cast(syntax).map(Tail::SplitTail);
        }
        if StickyTail::can_cast(kind) {
            return StickyTail::cast(syntax).map(Tail::StickyTail);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            Tail::JoinTail(it) => it.syntax(),
            Tail::WhenTail(it) => it.syntax(),
            Tail::SplitTail(it) => it.syntax(),
            Tail::StickyTail(it) => it.syntax(),
        }
    }
}

/// One of the nodes of the rule `Type`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    /// `NamedType`
    NamedType(NamedType),
    /// `EnumType`
    EnumType(EnumType),
    /// `OptType`
    OptType(OptType),
}

impl AstNode for Type {
    fn can_cast(kind: SyntaxKind) -> bool {
        NamedType::can_cast(kind) || EnumType::can_cast(kind) || OptType::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if NamedType::can_cast(kind) {
            return NamedType::cast(syntax).map(Type::NamedType);
        }
        if EnumType::can_cast(kind) {
            return EnumType::cast(syntax).map(Type::EnumType);
        }
        if OptType::can_cast(kind) {
            return OptType::cast(syntax).map(Type::OptType);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            Type::NamedType(it) => it.syntax(),
            Type::EnumType(it) => it.syntax(),
            Type::OptType(it) => it.syntax(),
        }
    }
}

/// A node of the rule `JoinTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JoinTail {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for JoinTail {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == JOIN_TAIL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(JoinTail { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl JoinTail {
    /// The token `join`.
    pub fn join_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[JOIN_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `WhenTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WhenTail {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for WhenTail {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHEN_TAIL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(WhenTail { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl WhenTail {
    /// The token `when`.
    pub fn when_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `SplitTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SplitTail {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for SplitTail {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPLIT_TAIL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(SplitTail { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl SplitTail {
    /// The token `split`.
    pub fn split_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[SPLIT_KW])
    }
}

/// A node of the rule `StickyTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StickyTail {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for StickyTail {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STICKY_TAIL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(StickyTail { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl StickyTail {
    /// The token `sticky`.
    pub fn sticky_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[STICKY_KW])
    }
}

/// A node of the rule `EnumBody`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumBody {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for EnumBody {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUM_BODY
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(EnumBody { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl EnumBody {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Enumerator`, in order.
    pub fn enumerators(&self) -> AstChildren<Enumerator> {
        support::children(&self.syntax)
    }

    /// The children `Group`, in order.
    pub fn groups(&self) -> AstChildren<Group> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `Enumerator`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Enumerator {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Enumerator {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUMERATOR
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Enumerator { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Enumerator {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail> {
        support::child(&self.syntax, 0)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `Group`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Group {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == GROUP
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Group { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Group {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The token `group`.
    pub fn group_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[GROUP_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The child `GroupBody`.
    pub fn group_body(&self) -> Option<GroupBody> {
        support::child(&self.syntax, 0)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `StringLit`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StringLit {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for StringLit {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STRING_LIT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(StringLit { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl StringLit {
    /// The token `string_open`.
    pub fn string_open_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[STRING_OPEN])
    }

    /// The children `StringPart`, in order.
    pub fn string_parts(&self) -> AstChildren<StringPart> {
        support::children(&self.syntax)
    }

    /// The token `string_close`.
    pub fn string_close_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[STRING_CLOSE])
    }
}

/// A node of the rule `GroupBody`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupBody {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for GroupBody {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == GROUP_BODY
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(GroupBody { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl GroupBody {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `NameRef`, in order.
    pub fn name_refs(&self) -> AstChildren<NameRef> {
        support::children(&self.syntax)
    }

    /// The children `StringLit`, in order.
    pub fn string_lits(&self) -> AstChildren<StringLit> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `RecordBody`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordBody {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for RecordBody {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RECORD_BODY
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(RecordBody { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl RecordBody {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Field`, in order.
    pub fn fields(&self) -> AstChildren<Field> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `ParamList`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParamList {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ParamList {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PARAM_LIST
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ParamList { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ParamList {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `Param`, in order.
    pub fn params(&self) -> AstChildren<Param> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Param`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Param {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Param {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PARAM
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Param { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Param {
    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `VersionEntry`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionEntry {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for VersionEntry {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == VERSION_ENTRY
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(VersionEntry { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl VersionEntry {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr> {
        support::children(&self.syntax)
    }

    /// The child `Literal`.
    pub fn literal(&self) -> Option<Literal> {
        support::child(&self.syntax, 0)
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Literal`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Literal {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Literal {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LITERAL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Literal { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Literal {
    /// The token `value`.
    pub fn value_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[INT, VERSION, SERIES, QUANTITY, REGEX])
    }
}

/// A node of the rule `Spec`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spec {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Spec {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Spec { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Spec {
    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }

    /// The child `SpecItems`.
    pub fn spec_items(&self) -> Option<SpecItems> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `Req`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Req {
    /// `VersionReq`
    VersionReq(VersionReq),
    /// `ReqGroup`
    ReqGroup(ReqGroup),
}

impl AstNode for Req {
    fn can_cast(kind: SyntaxKind) -> bool {
        VersionReq::can_cast(kind) || ReqGroup::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if VersionReq::can_cast(kind) {
            return VersionReq::cast(syntax).map(Req::VersionReq);
        }
        if ReqGroup::can_cast(kind) {
            return ReqGroup::cast(syntax).map(Req::ReqGroup);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            Req::VersionReq(it) => it.syntax(),
            Req::ReqGroup(it) => it.syntax(),
        }
    }
}

/// One of the nodes of the rule `DepTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DepTail {
    /// `WhenTail`
    WhenTail(WhenTail),
    /// `ExactTail`
    ExactTail(ExactTail),
    /// `AsTail`
    AsTail(AsTail),
}

impl AstNode for DepTail {
    fn can_cast(kind: SyntaxKind) -> bool {
        WhenTail::can_cast(kind) || ExactTail::can_cast(kind) || AsTail::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if WhenTail::can_cast(kind) {
            return WhenTail::cast(syntax).map(DepTail::WhenTail);
        }
        if ExactTail::can_cast(kind) {
            return ExactTail::cast(syntax).map(DepTail::ExactTail);
        }
        if AsTail::can_cast(kind) {
            return AsTail::cast(syntax).map(DepTail::AsTail);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            DepTail::WhenTail(it) => it.syntax(),
            DepTail::ExactTail(it) => it.syntax(),
            DepTail::AsTail(it) => it.syntax(),
        }
    }
}

/// A node of the rule `SpecItems`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpecItems {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for SpecItems {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC_ITEMS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(SpecItems { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl SpecItems {
    /// The token `l_bracket`.
    pub fn l_bracket_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACKET])
    }

    /// The children `SpecItem`, in order.
    pub fn spec_items(&self) -> AstChildren<SpecItem> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_bracket`.
    pub fn r_bracket_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACKET])
    }
}

/// A node of the rule `SpecItem`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpecItem {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for SpecItem {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC_ITEM
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(SpecItem { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl SpecItem {
    /// The token `tilde`.
    pub fn tilde_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[TILDE])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ, PLUS_EQ, MINUS_EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `VersionReq`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionReq {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for VersionReq {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == VERSION_REQ
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(VersionReq { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl VersionReq {
    /// The token `op`.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ_EQ, NEQ, GE, LE, GT, LT])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ReqGroup`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReqGroup {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ReqGroup {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == REQ_GROUP
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ReqGroup { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ReqGroup {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `ReqAlt`, in order.
    pub fn req_alts(&self) -> AstChildren<ReqAlt> {
        support::children(&self.syntax)
    }

    /// The token `pipe`.
    pub fn pipe_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[PIPE])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `ReqAlt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReqAlt {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ReqAlt {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == REQ_ALT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ReqAlt { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ReqAlt {
    /// The children `VersionReq`, in order.
    pub fn version_reqs(&self) -> AstChildren<VersionReq> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `ExactTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExactTail {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ExactTail {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXACT_TAIL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ExactTail { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ExactTail {
    /// The token `exact`.
    pub fn exact_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EXACT_KW])
    }
}

/// A node of the rule `AsTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AsTail {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for AsTail {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == AS_TAIL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(AsTail { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl AsTail {
    /// The token `as`.
    pub fn as_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[AS_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ExportList`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExportList {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ExportList {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORT_LIST
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ExportList { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ExportList {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Export`, in order.
    pub fn exports(&self) -> AstChildren<Export> {
        support::children(&self.syntax)
    }

    /// The children `ExportWhen`, in order.
    pub fn export_whens(&self) -> AstChildren<ExportWhen> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `Export`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Export {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Export {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Export { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Export {
    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req> {
        support::children(&self.syntax)
    }

    /// The children `DepTail`, in order.
    pub fn dep_tails(&self) -> AstChildren<DepTail> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `ExportWhen`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExportWhen {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ExportWhen {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORT_WHEN
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ExportWhen { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ExportWhen {
    /// The token `when`.
    pub fn when_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The child `ExportList`.
    pub fn export_list(&self) -> Option<ExportList> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ElseBlock`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ElseBlock {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ElseBlock {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ELSE_BLOCK
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ElseBlock { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ElseBlock {
    /// The token `else`.
    pub fn else_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ArmPattern`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArmPattern {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ArmPattern {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARM_PATTERN
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ArmPattern { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ArmPattern {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `WantSpec`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WantSpec {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for WantSpec {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WANT_SPEC
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(WantSpec { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl WantSpec {
    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req> {
        support::children(&self.syntax)
    }

    /// The child `AsTail`.
    pub fn as_tail(&self) -> Option<AsTail> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `NamedType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedType {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for NamedType {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAMED_TYPE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(NamedType { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl NamedType {
    /// The child `Path`.
    pub fn path(&self) -> Option<Path> {
        support::child(&self.syntax, 0)
    }

    /// The child `TypeArgs`.
    pub fn type_args(&self) -> Option<TypeArgs> {
        support::child(&self.syntax, 0)
    }

    /// The child `Refinement`.
    pub fn refinement(&self) -> Option<Refinement> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `EnumType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumType {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for EnumType {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUM_TYPE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(EnumType { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl EnumType {
    /// The token `enum`.
    pub fn enum_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ENUM_KW])
    }

    /// The child `EnumBody`.
    pub fn enum_body(&self) -> Option<EnumBody> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `OptType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OptType {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for OptType {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == OPT_TYPE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(OptType { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl OptType {
    /// The child `Type`.
    pub fn type_(&self) -> Option<Type> {
        support::child(&self.syntax, 0)
    }

    /// The token `question`.
    pub fn question_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[QUESTION])
    }
}

/// A node of the rule `TypeArgs`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypeArgs {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for TypeArgs {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == TYPE_ARGS
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(TypeArgs { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl TypeArgs {
    /// The token `lt`.
    pub fn lt_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[LT])
    }

    /// The children `Type`, in order.
    pub fn types(&self) -> AstChildren<Type> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `gt`.
    pub fn gt_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[GT])
    }
}

/// A node of the rule `Refinement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refinement {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Refinement {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == REFINEMENT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Refinement { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Refinement {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The child `Where`.
    pub fn where_(&self) -> Option<Where> {
        support::child(&self.syntax, 0)
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Where`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Where {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Where {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHERE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Where { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Where {
    /// The token `where`.
    pub fn where_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHERE_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `NameExpr`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameExpr {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for NameExpr {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAME_EXPR
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(NameExpr { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl NameExpr {
    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `DotName`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DotName {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for DotName {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == DOT_NAME
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(DotName { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl DotName {
    /// The token `dot`.
    pub fn dot_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[DOT])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Member`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Member {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MEMBER
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Member { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Member {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `dot`.
    pub fn dot_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[DOT])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Call`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Call {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == CALL
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Call { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Call {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The child `ArgList`.
    pub fn arg_list(&self) -> Option<ArgList> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Paren`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Paren {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Paren {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PAREN
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Paren { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Paren {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Lambda`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lambda {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Lambda {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LAMBDA
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Lambda { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Lambda {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `LambdaParam`, in order.
    pub fn lambda_params(&self) -> AstChildren<LambdaParam> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_PAREN])
    }

    /// The token `arrow`.
    pub fn arrow_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ARROW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Binary`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binary {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Binary {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == BINARY
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Binary { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Binary {
    /// The child `lhs`.
    pub fn lhs(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        support::token(
            &self.syntax,
            &[PIPE, AMP, EQ_EQ, NEQ, LT, LE, GT, GE, HAS_KW, IN_KW, PLUS, MINUS, STAR, PERCENT],
        )
    }

    /// The token `quantifier`.
    pub fn quantifier_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ANY_KW, ALL_KW])
    }

    /// The child `rhs`.
    pub fn rhs(&self) -> Option<Expr> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `Prefix`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Prefix {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PREFIX
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Prefix { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Prefix {
    /// The token `op`.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[BANG, MINUS])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Range`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Range {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Range {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RANGE
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Range { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Range {
    /// The child `lo`.
    pub fn lo(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[DOT_DOT, DOT_DOT_EQ])
    }

    /// The child `hi`.
    pub fn hi(&self) -> Option<Expr> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `If`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct If {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for If {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == IF
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(If { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl If {
    /// The token `if`.
    pub fn if_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[IF_KW])
    }

    /// The child `cond`.
    pub fn cond(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `then`.
    pub fn then_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[THEN_KW])
    }

    /// The child `then`.
    pub fn then(&self) -> Option<Expr> {
        support::child(&self.syntax, 1)
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `else`.
    pub fn else_(&self) -> Option<Expr> {
        support::child(&self.syntax, 2)
    }
}

/// A node of the rule `Match`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Match {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Match {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MATCH
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Match { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Match {
    /// The token `match`.
    pub fn match_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[MATCH_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `MatchArm`, in order.
    pub fn match_arms(&self) -> AstChildren<MatchArm> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `SetLit`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetLit {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for SetLit {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SET_LIT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(SetLit { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl SetLit {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Element`, in order.
    pub fn elements(&self) -> AstChildren<Element> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `ListLit`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListLit {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ListLit {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LIST_LIT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ListLit { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ListLit {
    /// The token `l_bracket`.
    pub fn l_bracket_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[L_BRACKET])
    }

    /// The children `Element`, in order.
    pub fn elements(&self) -> AstChildren<Element> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_bracket`.
    pub fn r_bracket_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_BRACKET])
    }
}

/// A node of the rule `With`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct With {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for With {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WITH
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(With { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl With {
    /// The token `with`.
    pub fn with_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WITH_KW])
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec> {
        support::child(&self.syntax, 0)
    }

    /// The child `AsTail`.
    pub fn as_tail(&self) -> Option<AsTail> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `CallArg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallArg {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for CallArg {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == CALL_ARG
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(CallArg { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl CallArg {
    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `LambdaParam`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LambdaParam {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for LambdaParam {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LAMBDA_PARAM
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(LambdaParam { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl LambdaParam {
    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `MatchArm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchArm {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for MatchArm {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MATCH_ARM
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(MatchArm { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl MatchArm {
    /// The children `MatchPattern`, in order.
    pub fn match_patterns(&self) -> AstChildren<MatchPattern> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `MatchPattern`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchPattern {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for MatchPattern {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MATCH_PATTERN
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(MatchPattern { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl MatchPattern {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `Element`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Element {
    /// `SpreadElement`
    SpreadElement(SpreadElement),
    /// `ForElement`
    ForElement(ForElement),
    /// `WhenElement`
    WhenElement(WhenElement),
    /// `EntryElement`
    EntryElement(EntryElement),
    /// `ExprElement`
    ExprElement(ExprElement),
}

impl AstNode for Element {
    fn can_cast(kind: SyntaxKind) -> bool {
        SpreadElement::can_cast(kind)
            || ForElement::can_cast(kind)
            || WhenElement::can_cast(kind)
            || EntryElement::can_cast(kind)
            || ExprElement::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if SpreadElement::can_cast(kind) {
            return SpreadElement::cast(syntax).map(Element::SpreadElement);
        }
        if ForElement::can_cast(kind) {
            return ForElement::cast(syntax).map(Element::ForElement);
        }
        if WhenElement::can_cast(kind) {
            return WhenElement::cast(syntax).map(Element::WhenElement);
        }
        if EntryElement::can_cast(kind) {
            return EntryElement::cast(syntax).map(Element::EntryElement);
        }
        if ExprElement::can_cast(kind) {
            return ExprElement::cast(syntax).map(Element::ExprElement);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            Element::SpreadElement(it) => it.syntax(),
            Element::ForElement(it) => it.syntax(),
            Element::WhenElement(it) => it.syntax(),
            Element::EntryElement(it) => it.syntax(),
            Element::ExprElement(it) => it.syntax(),
        }
    }
}

/// A node of the rule `SpreadElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpreadElement {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for SpreadElement {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPREAD_ELEMENT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(SpreadElement { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl SpreadElement {
    /// The token `dot_dot`.
    pub fn dot_dot_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[DOT_DOT])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ForElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ForElement {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ForElement {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FOR_ELEMENT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ForElement { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ForElement {
    /// The token `for`.
    pub fn for_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FOR_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name> {
        support::child(&self.syntax, 0)
    }

    /// The token `in`.
    pub fn in_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[IN_KW])
    }

    /// The child `in`.
    pub fn in_(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `when`.
    pub fn when_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `when`.
    pub fn when(&self) -> Option<Expr> {
        support::child(&self.syntax, 1)
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Element`.
    pub fn element(&self) -> Option<Element> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `WhenElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WhenElement {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for WhenElement {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHEN_ELEMENT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(WhenElement { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl WhenElement {
    /// The token `when`.
    pub fn when_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `when`.
    pub fn when(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Element`.
    pub fn element(&self) -> Option<Element> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `EntryElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryElement {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for EntryElement {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENTRY_ELEMENT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(EntryElement { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl EntryElement {
    /// The child `key`.
    pub fn key(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `value`.
    pub fn value(&self) -> Option<Expr> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `ExprElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExprElement {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for ExprElement {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPR_ELEMENT
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(ExprElement { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl ExprElement {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `StringPart`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StringPart {
    /// `StringChunk`
    StringChunk(StringChunk),
    /// `Interpolation`
    Interpolation(Interpolation),
}

impl AstNode for StringPart {
    fn can_cast(kind: SyntaxKind) -> bool {
        StringChunk::can_cast(kind) || Interpolation::can_cast(kind)
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        let kind = syntax.kind();
        if StringChunk::can_cast(kind) {
            return StringChunk::cast(syntax).map(StringPart::StringChunk);
        }
        if Interpolation::can_cast(kind) {
            return Interpolation::cast(syntax).map(StringPart::Interpolation);
        }
        None
    }

    fn syntax(&self) -> &SyntaxNode {
        match self {
            StringPart::StringChunk(it) => it.syntax(),
            StringPart::Interpolation(it) => it.syntax(),
        }
    }
}

/// A node of the rule `StringChunk`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StringChunk {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for StringChunk {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STRING_CHUNK
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(StringChunk { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl StringChunk {
    /// The token `string_text`.
    pub fn string_text_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[STRING_TEXT])
    }
}

/// A node of the rule `Interpolation`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Interpolation {
    pub(crate) syntax: SyntaxNode,
}

impl AstNode for Interpolation {
    fn can_cast(kind: SyntaxKind) -> bool {
        kind == INTERPOLATION
    }

    fn cast(syntax: SyntaxNode) -> Option<Self> {
        Self::can_cast(syntax.kind()).then_some(Interpolation { syntax })
    }

    fn syntax(&self) -> &SyntaxNode {
        &self.syntax
    }
}

impl Interpolation {
    /// The token `interpolation_open`.
    pub fn interpolation_open_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[INTERPOLATION_OPEN])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr> {
        support::child(&self.syntax, 0)
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<SyntaxToken> {
        support::token(&self.syntax, &[R_PAREN])
    }
}
