//! The typed tree. Generated from `kiln.ungram` by `cargo xtask codegen`.

use super::{AstChildren, AstNode, Node, support};
use crate::syntax::{SyntaxKind, SyntaxKind::*, SyntaxNode};

/// A node of the rule `File`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct File<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for File<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FILE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(File { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> File<N> {
    /// The child `Header`.
    pub fn header(&self) -> Option<Header<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Item`, in order.
    pub fn items(&self) -> AstChildren<Item<N>> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `Header`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Header<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Header<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == HEADER
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Header { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Header<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `kind`.
    pub fn kind_token(&self) -> Option<N::Token> {
        support::token(
            &self.syntax,
            &[RECIPE_KW, OVERRIDE_KW, OVERLAY_KW, PROJECT_KW, MODULE_KW, INTERFACE_KW],
        )
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `Item`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Item<N = SyntaxNode> {
    /// `Feature`
    Feature(Feature<N>),
    /// `Knob`
    Knob(Knob<N>),
    /// `Field`
    Field(Field<N>),
    /// `EnumDecl`
    EnumDecl(EnumDecl<N>),
    /// `RecordDecl`
    RecordDecl(RecordDecl<N>),
    /// `TypeAlias`
    TypeAlias(TypeAlias<N>),
    /// `Function`
    Function(Function<N>),
    /// `Let`
    Let(Let<N>),
    /// `Versions`
    Versions(Versions<N>),
    /// `Dep`
    Dep(Dep<N>),
    /// `Provides`
    Provides(Provides<N>),
    /// `Rule`
    Rule(Rule<N>),
    /// `Unavailable`
    Unavailable(Unavailable<N>),
    /// `Arg`
    Arg(Arg<N>),
    /// `Step`
    Step(Step<N>),
    /// `Steps`
    Steps(Steps<N>),
    /// `Include`
    Include(Include<N>),
    /// `Use`
    Use(Use<N>),
    /// `Mixin`
    Mixin(Mixin<N>),
    /// `Compile`
    Compile(Compile<N>),
    /// `Output`
    Output(Output<N>),
    /// `Exports`
    Exports(Exports<N>),
    /// `IgnoreExports`
    IgnoreExports(IgnoreExports<N>),
    /// `Test`
    Test(Test<N>),
    /// `Preset`
    Preset(Preset<N>),
    /// `When`
    When(When<N>),
    /// `For`
    For(For<N>),
    /// `Want`
    Want(Want<N>),
    /// `Overlays`
    Overlays(Overlays<N>),
    /// `Policy`
    Policy(Policy<N>),
    /// `Publish`
    Publish(Publish<N>),
    /// `PkgsWhere`
    PkgsWhere(PkgsWhere<N>),
    /// `Setting`
    Setting(Setting<N>),
    /// `Amend`
    Amend(Amend<N>),
    /// `SpecStmt`
    SpecStmt(SpecStmt<N>),
    /// `Arm`
    Arm(Arm<N>),
}

impl<N: Node> AstNode for Item<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(
            kind,
            FEATURE
                | KNOB
                | FIELD
                | ENUM_DECL
                | RECORD_DECL
                | TYPE_ALIAS
                | FUNCTION
                | LET
                | VERSIONS
                | DEP
                | PROVIDES
                | RULE
                | UNAVAILABLE
                | ARG
                | STEP
                | STEPS
                | INCLUDE
                | USE
                | MIXIN
                | COMPILE
                | OUTPUT
                | EXPORTS
                | IGNORE_EXPORTS
                | TEST
                | PRESET
                | WHEN
                | FOR
                | WANT
                | OVERLAYS
                | POLICY
                | PUBLISH
                | PKGS_WHERE
                | SETTING
                | AMEND
                | SPEC_STMT
                | ARM
        )
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            FEATURE => Item::Feature(Feature { syntax }),
            KNOB => Item::Knob(Knob { syntax }),
            FIELD => Item::Field(Field { syntax }),
            ENUM_DECL => Item::EnumDecl(EnumDecl { syntax }),
            RECORD_DECL => Item::RecordDecl(RecordDecl { syntax }),
            TYPE_ALIAS => Item::TypeAlias(TypeAlias { syntax }),
            FUNCTION => Item::Function(Function { syntax }),
            LET => Item::Let(Let { syntax }),
            VERSIONS => Item::Versions(Versions { syntax }),
            DEP => Item::Dep(Dep { syntax }),
            PROVIDES => Item::Provides(Provides { syntax }),
            RULE => Item::Rule(Rule { syntax }),
            UNAVAILABLE => Item::Unavailable(Unavailable { syntax }),
            ARG => Item::Arg(Arg { syntax }),
            STEP => Item::Step(Step { syntax }),
            STEPS => Item::Steps(Steps { syntax }),
            INCLUDE => Item::Include(Include { syntax }),
            USE => Item::Use(Use { syntax }),
            MIXIN => Item::Mixin(Mixin { syntax }),
            COMPILE => Item::Compile(Compile { syntax }),
            OUTPUT => Item::Output(Output { syntax }),
            EXPORTS => Item::Exports(Exports { syntax }),
            IGNORE_EXPORTS => Item::IgnoreExports(IgnoreExports { syntax }),
            TEST => Item::Test(Test { syntax }),
            PRESET => Item::Preset(Preset { syntax }),
            WHEN => Item::When(When { syntax }),
            FOR => Item::For(For { syntax }),
            WANT => Item::Want(Want { syntax }),
            OVERLAYS => Item::Overlays(Overlays { syntax }),
            POLICY => Item::Policy(Policy { syntax }),
            PUBLISH => Item::Publish(Publish { syntax }),
            PKGS_WHERE => Item::PkgsWhere(PkgsWhere { syntax }),
            SETTING => Item::Setting(Setting { syntax }),
            AMEND => Item::Amend(Amend { syntax }),
            SPEC_STMT => Item::SpecStmt(SpecStmt { syntax }),
            ARM => Item::Arm(Arm { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
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
pub struct Attr<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Attr<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ATTR
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Attr { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Attr<N> {
    /// The token `at`.
    pub fn at_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[AT])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `ArgList`.
    pub fn arg_list(&self) -> Option<ArgList<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Name`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Name<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Name<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAME
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Name { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Name<N> {
    /// The token `ident`.
    pub fn ident_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[IDENT])
    }
}

/// A node of the rule `NameRef`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameRef<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for NameRef<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAME_REF
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(NameRef { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> NameRef<N> {
    /// The token `ident`.
    pub fn ident_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[IDENT])
    }
}

/// A node of the rule `Path`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Path<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PATH
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Path { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Path<N> {
    /// The children `NameRef`, in order.
    pub fn name_refs(&self) -> AstChildren<NameRef<N>> {
        support::children(&self.syntax)
    }

    /// The token `dot`.
    pub fn dot_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[DOT])
    }
}

/// A node of the rule `Feature`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Feature<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Feature<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FEATURE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Feature { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Feature<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `feature`.
    pub fn feature_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FEATURE_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Tail`, in order.
    pub fn tails(&self) -> AstChildren<Tail<N>> {
        support::children(&self.syntax)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Knob`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Knob<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Knob<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == KNOB
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Knob { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Knob<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `knob`.
    pub fn knob_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[KNOB_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Tail`, in order.
    pub fn tails(&self) -> AstChildren<Tail<N>> {
        support::children(&self.syntax)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Field`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Field<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FIELD
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Field { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Field<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `field`.
    pub fn field_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FIELD_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `EnumDecl`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumDecl<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for EnumDecl<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUM_DECL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(EnumDecl { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> EnumDecl<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `enum`.
    pub fn enum_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ENUM_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `EnumBody`.
    pub fn enum_body(&self) -> Option<EnumBody<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `RecordDecl`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordDecl<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for RecordDecl<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RECORD_DECL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(RecordDecl { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> RecordDecl<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `record`.
    pub fn record_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[RECORD_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `RecordBody`.
    pub fn record_body(&self) -> Option<RecordBody<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `TypeAlias`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypeAlias<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for TypeAlias<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == TYPE_ALIAS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(TypeAlias { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> TypeAlias<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `type`.
    pub fn type_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[TYPE_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Function`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Function<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Function<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FUNCTION
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Function { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Function<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `fn`.
    pub fn fn_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FN_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `ParamList`.
    pub fn param_list(&self) -> Option<ParamList<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Let`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Let<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Let<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LET
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Let { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Let<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `let`.
    pub fn let_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[LET_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Versions`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Versions<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Versions<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == VERSIONS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Versions { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Versions<N> {
    /// The token `versions`.
    pub fn versions_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[VERSIONS_KW])
    }

    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `VersionEntry`, in order.
    pub fn version_entries(&self) -> AstChildren<VersionEntry<N>> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `Dep`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Dep<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Dep<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == DEP
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Dep { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Dep<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `role`.
    pub fn role_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[BUILD_KW, HOST_KW, RUN_KW, TEST_KW, EXTENDS_KW])
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req<N>> {
        support::children(&self.syntax)
    }

    /// The children `DepTail`, in order.
    pub fn dep_tails(&self) -> AstChildren<DepTail<N>> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `Provides`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Provides<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Provides<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PROVIDES
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Provides { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Provides<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `provides`.
    pub fn provides_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[PROVIDES_KW])
    }

    /// The children `NameRef`, in order.
    pub fn name_refs(&self) -> AstChildren<NameRef<N>> {
        support::children(&self.syntax)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req<N>> {
        support::children(&self.syntax)
    }

    /// The token `with`.
    pub fn with_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WITH_KW])
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Rule`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Rule<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Rule<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RULE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Rule { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Rule<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `kind`.
    pub fn kind_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[REQUIRE_KW, CONFLICT_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `when`.
    pub fn when_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `when`.
    pub fn when(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 1)
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Unavailable`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Unavailable<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Unavailable<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == UNAVAILABLE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Unavailable { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Unavailable<N> {
    /// The token `unavailable`.
    pub fn unavailable_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[UNAVAILABLE_KW])
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Arg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arg<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Arg<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARG
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Arg { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Arg<N> {
    /// The token `arg`.
    pub fn arg_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ARG_KW])
    }

    /// The child `then`.
    pub fn then(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `else`.
    pub fn else_(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `Step`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Step<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Step<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STEP
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Step { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Step<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `step`.
    pub fn step_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[STEP_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `place`.
    pub fn place_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[BEFORE_KW, AFTER_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Steps`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Steps<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Steps<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STEPS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Steps { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Steps<N> {
    /// The token `steps`.
    pub fn steps_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[STEPS_KW])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Include`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Include<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Include<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == INCLUDE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Include { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Include<N> {
    /// The token `include`.
    pub fn include_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[INCLUDE_KW])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Use`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Use<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Use<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == USE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Use { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Use<N> {
    /// The token `use`.
    pub fn use_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[USE_KW])
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `as`.
    pub fn as_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[AS_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `from`.
    pub fn from_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FROM_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Mixin`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mixin<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Mixin<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MIXIN
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Mixin { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Mixin<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `mixin`.
    pub fn mixin_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[MIXIN_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Compile`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Compile<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Compile<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == COMPILE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Compile { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Compile<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `compile`.
    pub fn compile_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMPILE_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Output`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Output<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Output<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == OUTPUT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Output { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Output<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `output`.
    pub fn output_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[OUTPUT_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `from`.
    pub fn from_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FROM_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Exports`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Exports<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Exports<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORTS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Exports { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Exports<N> {
    /// The token `exports`.
    pub fn exports_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EXPORTS_KW])
    }

    /// The child `ExportList`.
    pub fn export_list(&self) -> Option<ExportList<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `IgnoreExports`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct IgnoreExports<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for IgnoreExports<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == IGNORE_EXPORTS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(IgnoreExports { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> IgnoreExports<N> {
    /// The token `ignore`.
    pub fn ignore_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[IGNORE_KW])
    }

    /// The token `exports`.
    pub fn exports_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EXPORTS_KW])
    }

    /// The token `how`.
    pub fn how_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FROM_KW, OF_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `to`.
    pub fn to_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[TO_KW])
    }

    /// The child `to`.
    pub fn to(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 1)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Test`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Test<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Test<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == TEST
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Test { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Test<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `test`.
    pub fn test_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[TEST_KW])
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `in`.
    pub fn in_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[IN_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Preset`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Preset<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Preset<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PRESET
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Preset { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Preset<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `preset`.
    pub fn preset_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[PRESET_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `When`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct When<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for When<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHEN
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(When { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> When<N> {
    /// The token `when`.
    pub fn when_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `ElseBlock`.
    pub fn else_block(&self) -> Option<ElseBlock<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `For`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct For<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for For<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FOR
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(For { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> For<N> {
    /// The token `for`.
    pub fn for_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FOR_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `in`.
    pub fn in_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[IN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Want`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Want<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Want<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WANT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Want { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Want<N> {
    /// The token `want`.
    pub fn want_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WANT_KW])
    }

    /// The children `WantSpec`, in order.
    pub fn want_specs(&self) -> AstChildren<WantSpec<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `Overlays`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Overlays<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Overlays<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == OVERLAYS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Overlays { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Overlays<N> {
    /// The token `overlays`.
    pub fn overlays_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[OVERLAYS_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Policy`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Policy<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Policy<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == POLICY
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Policy { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Policy<N> {
    /// The token `policy`.
    pub fn policy_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[POLICY_KW])
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req<N>> {
        support::children(&self.syntax)
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Publish`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Publish<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Publish<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PUBLISH
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Publish { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Publish<N> {
    /// The token `publish`.
    pub fn publish_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[PUBLISH_KW])
    }

    /// The children `WantSpec`, in order.
    pub fn want_specs(&self) -> AstChildren<WantSpec<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `PkgsWhere`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct PkgsWhere<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for PkgsWhere<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PKGS_WHERE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(PkgsWhere { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> PkgsWhere<N> {
    /// The token `pkgs`.
    pub fn pkgs_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[PKGS_KW])
    }

    /// The token `where`.
    pub fn where_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHERE_KW])
    }

    /// The token `has`.
    pub fn has_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[HAS_KW])
    }

    /// The token `kind`.
    pub fn kind_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FEATURE_KW, KNOB_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Setting`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Setting<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Setting<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SETTING
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Setting { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Setting<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ, PLUS_EQ, MINUS_EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Amend`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Amend<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Amend<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == AMEND
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Amend { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Amend<N> {
    /// The token `question`.
    pub fn question_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[QUESTION])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Unavailable`.
    pub fn unavailable(&self) -> Option<Unavailable<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `SpecStmt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpecStmt<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for SpecStmt<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC_STMT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(SpecStmt { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> SpecStmt<N> {
    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Arm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Arm<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Arm<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARM
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Arm { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Arm<N> {
    /// The children `ArmPattern`, in order.
    pub fn arm_patterns(&self) -> AstChildren<ArmPattern<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Item`.
    pub fn item(&self) -> Option<Item<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ArgList`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArgList<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ArgList<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARG_LIST
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ArgList { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ArgList<N> {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `CallArg`, in order.
    pub fn call_args(&self) -> AstChildren<CallArg<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Block`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Block<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Block<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == BLOCK
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Block { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Block<N> {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Item`, in order.
    pub fn items(&self) -> AstChildren<Item<N>> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// One of the nodes of the rule `Expr`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Expr<N = SyntaxNode> {
    /// `Literal`
    Literal(Literal<N>),
    /// `StringLit`
    StringLit(StringLit<N>),
    /// `NameExpr`
    NameExpr(NameExpr<N>),
    /// `DotName`
    DotName(DotName<N>),
    /// `Member`
    Member(Member<N>),
    /// `Call`
    Call(Call<N>),
    /// `Paren`
    Paren(Paren<N>),
    /// `Lambda`
    Lambda(Lambda<N>),
    /// `Binary`
    Binary(Binary<N>),
    /// `Prefix`
    Prefix(Prefix<N>),
    /// `Range`
    Range(Range<N>),
    /// `If`
    If(If<N>),
    /// `Match`
    Match(Match<N>),
    /// `SetLit`
    SetLit(SetLit<N>),
    /// `ListLit`
    ListLit(ListLit<N>),
    /// `With`
    With(With<N>),
}

impl<N: Node> AstNode for Expr<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(
            kind,
            LITERAL
                | STRING_LIT
                | NAME_EXPR
                | DOT_NAME
                | MEMBER
                | CALL
                | PAREN
                | LAMBDA
                | BINARY
                | PREFIX
                | RANGE
                | IF
                | MATCH
                | SET_LIT
                | LIST_LIT
                | WITH
        )
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            LITERAL => Expr::Literal(Literal { syntax }),
            STRING_LIT => Expr::StringLit(StringLit { syntax }),
            NAME_EXPR => Expr::NameExpr(NameExpr { syntax }),
            DOT_NAME => Expr::DotName(DotName { syntax }),
            MEMBER => Expr::Member(Member { syntax }),
            CALL => Expr::Call(Call { syntax }),
            PAREN => Expr::Paren(Paren { syntax }),
            LAMBDA => Expr::Lambda(Lambda { syntax }),
            BINARY => Expr::Binary(Binary { syntax }),
            PREFIX => Expr::Prefix(Prefix { syntax }),
            RANGE => Expr::Range(Range { syntax }),
            IF => Expr::If(If { syntax }),
            MATCH => Expr::Match(Match { syntax }),
            SET_LIT => Expr::SetLit(SetLit { syntax }),
            LIST_LIT => Expr::ListLit(ListLit { syntax }),
            WITH => Expr::With(With { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
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
pub enum Tail<N = SyntaxNode> {
    /// `JoinTail`
    JoinTail(JoinTail<N>),
    /// `WhenTail`
    WhenTail(WhenTail<N>),
    /// `SplitTail`
    SplitTail(SplitTail<N>),
    /// `StickyTail`
    StickyTail(StickyTail<N>),
}

impl<N: Node> AstNode for Tail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(kind, JOIN_TAIL | WHEN_TAIL | SPLIT_TAIL | STICKY_TAIL)
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            JOIN_TAIL => Tail::JoinTail(JoinTail { syntax }),
            WHEN_TAIL => Tail::WhenTail(WhenTail { syntax }),
            SPLIT_TAIL => Tail::SplitTail(SplitTail { syntax }),
            STICKY_TAIL => Tail::StickyTail(StickyTail { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
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
pub enum Type<N = SyntaxNode> {
    /// `NamedType`
    NamedType(NamedType<N>),
    /// `EnumType`
    EnumType(EnumType<N>),
    /// `OptType`
    OptType(OptType<N>),
}

impl<N: Node> AstNode for Type<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(kind, NAMED_TYPE | ENUM_TYPE | OPT_TYPE)
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            NAMED_TYPE => Type::NamedType(NamedType { syntax }),
            ENUM_TYPE => Type::EnumType(EnumType { syntax }),
            OPT_TYPE => Type::OptType(OptType { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
        match self {
            Type::NamedType(it) => it.syntax(),
            Type::EnumType(it) => it.syntax(),
            Type::OptType(it) => it.syntax(),
        }
    }
}

/// A node of the rule `JoinTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct JoinTail<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for JoinTail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == JOIN_TAIL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(JoinTail { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> JoinTail<N> {
    /// The token `join`.
    pub fn join_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[JOIN_KW])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `WhenTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WhenTail<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for WhenTail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHEN_TAIL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(WhenTail { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> WhenTail<N> {
    /// The token `when`.
    pub fn when_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `SplitTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SplitTail<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for SplitTail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPLIT_TAIL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(SplitTail { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> SplitTail<N> {
    /// The token `split`.
    pub fn split_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[SPLIT_KW])
    }
}

/// A node of the rule `StickyTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StickyTail<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for StickyTail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STICKY_TAIL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(StickyTail { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> StickyTail<N> {
    /// The token `sticky`.
    pub fn sticky_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[STICKY_KW])
    }
}

/// A node of the rule `EnumBody`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumBody<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for EnumBody<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUM_BODY
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(EnumBody { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> EnumBody<N> {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Enumerator`, in order.
    pub fn enumerators(&self) -> AstChildren<Enumerator<N>> {
        support::children(&self.syntax)
    }

    /// The children `Group`, in order.
    pub fn groups(&self) -> AstChildren<Group<N>> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `Enumerator`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Enumerator<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Enumerator<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUMERATOR
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Enumerator { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Enumerator<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `WhenTail`.
    pub fn when_tail(&self) -> Option<WhenTail<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `Group`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Group<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Group<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == GROUP
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Group { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Group<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The token `group`.
    pub fn group_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[GROUP_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `GroupBody`.
    pub fn group_body(&self) -> Option<GroupBody<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }
}

/// A node of the rule `StringLit`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StringLit<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for StringLit<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STRING_LIT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(StringLit { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> StringLit<N> {
    /// The token `string_open`.
    pub fn string_open_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[STRING_OPEN])
    }

    /// The children `StringPart`, in order.
    pub fn string_parts(&self) -> AstChildren<StringPart<N>> {
        support::children(&self.syntax)
    }

    /// The token `string_close`.
    pub fn string_close_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[STRING_CLOSE])
    }
}

/// A node of the rule `GroupBody`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GroupBody<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for GroupBody<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == GROUP_BODY
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(GroupBody { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> GroupBody<N> {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `NameRef`, in order.
    pub fn name_refs(&self) -> AstChildren<NameRef<N>> {
        support::children(&self.syntax)
    }

    /// The children `StringLit`, in order.
    pub fn string_lits(&self) -> AstChildren<StringLit<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `RecordBody`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordBody<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for RecordBody<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RECORD_BODY
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(RecordBody { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> RecordBody<N> {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Field`, in order.
    pub fn fields(&self) -> AstChildren<Field<N>> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `ParamList`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ParamList<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ParamList<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PARAM_LIST
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ParamList { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ParamList<N> {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `Param`, in order.
    pub fn params(&self) -> AstChildren<Param<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Param`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Param<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Param<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PARAM
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Param { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Param<N> {
    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `Type`.
    pub fn type_(&self) -> Option<Type<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `VersionEntry`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionEntry<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for VersionEntry<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == VERSION_ENTRY
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(VersionEntry { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> VersionEntry<N> {
    /// The children `Attr`, in order.
    pub fn attrs(&self) -> AstChildren<Attr<N>> {
        support::children(&self.syntax)
    }

    /// The child `Literal`.
    pub fn literal(&self) -> Option<Literal<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Literal`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Literal<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Literal<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LITERAL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Literal { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Literal<N> {
    /// The token `value`.
    pub fn value_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[INT, VERSION, SERIES, QUANTITY, REGEX])
    }
}

/// A node of the rule `Spec`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Spec<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Spec<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Spec { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Spec<N> {
    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `StringLit`.
    pub fn string_lit(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `SpecItems`.
    pub fn spec_items(&self) -> Option<SpecItems<N>> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `Req`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Req<N = SyntaxNode> {
    /// `VersionReq`
    VersionReq(VersionReq<N>),
    /// `ReqGroup`
    ReqGroup(ReqGroup<N>),
}

impl<N: Node> AstNode for Req<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(kind, VERSION_REQ | REQ_GROUP)
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            VERSION_REQ => Req::VersionReq(VersionReq { syntax }),
            REQ_GROUP => Req::ReqGroup(ReqGroup { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
        match self {
            Req::VersionReq(it) => it.syntax(),
            Req::ReqGroup(it) => it.syntax(),
        }
    }
}

/// One of the nodes of the rule `DepTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DepTail<N = SyntaxNode> {
    /// `WhenTail`
    WhenTail(WhenTail<N>),
    /// `ExactTail`
    ExactTail(ExactTail<N>),
    /// `AsTail`
    AsTail(AsTail<N>),
}

impl<N: Node> AstNode for DepTail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(kind, WHEN_TAIL | EXACT_TAIL | AS_TAIL)
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            WHEN_TAIL => DepTail::WhenTail(WhenTail { syntax }),
            EXACT_TAIL => DepTail::ExactTail(ExactTail { syntax }),
            AS_TAIL => DepTail::AsTail(AsTail { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
        match self {
            DepTail::WhenTail(it) => it.syntax(),
            DepTail::ExactTail(it) => it.syntax(),
            DepTail::AsTail(it) => it.syntax(),
        }
    }
}

/// A node of the rule `SpecItems`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpecItems<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for SpecItems<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC_ITEMS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(SpecItems { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> SpecItems<N> {
    /// The token `l_bracket`.
    pub fn l_bracket_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACKET])
    }

    /// The children `SpecItem`, in order.
    pub fn spec_items(&self) -> AstChildren<SpecItem<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_bracket`.
    pub fn r_bracket_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACKET])
    }
}

/// A node of the rule `SpecItem`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SpecItem<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for SpecItem<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPEC_ITEM
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(SpecItem { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> SpecItem<N> {
    /// The token `tilde`.
    pub fn tilde_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[TILDE])
    }

    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ, PLUS_EQ, MINUS_EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `VersionReq`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VersionReq<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for VersionReq<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == VERSION_REQ
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(VersionReq { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> VersionReq<N> {
    /// The token `op`.
    pub fn op_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ_EQ, NEQ, GE, LE, GT, LT])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ReqGroup`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReqGroup<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ReqGroup<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == REQ_GROUP
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ReqGroup { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ReqGroup<N> {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `ReqAlt`, in order.
    pub fn req_alts(&self) -> AstChildren<ReqAlt<N>> {
        support::children(&self.syntax)
    }

    /// The token `pipe`.
    pub fn pipe_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[PIPE])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `ReqAlt`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReqAlt<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ReqAlt<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == REQ_ALT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ReqAlt { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ReqAlt<N> {
    /// The children `VersionReq`, in order.
    pub fn version_reqs(&self) -> AstChildren<VersionReq<N>> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `ExactTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExactTail<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ExactTail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXACT_TAIL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ExactTail { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ExactTail<N> {
    /// The token `exact`.
    pub fn exact_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EXACT_KW])
    }
}

/// A node of the rule `AsTail`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct AsTail<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for AsTail<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == AS_TAIL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(AsTail { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> AsTail<N> {
    /// The token `as`.
    pub fn as_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[AS_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ExportList`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExportList<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ExportList<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORT_LIST
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ExportList { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ExportList<N> {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Export`, in order.
    pub fn exports(&self) -> AstChildren<Export<N>> {
        support::children(&self.syntax)
    }

    /// The children `ExportWhen`, in order.
    pub fn export_whens(&self) -> AstChildren<ExportWhen<N>> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `Export`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Export<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Export<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Export { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Export<N> {
    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req<N>> {
        support::children(&self.syntax)
    }

    /// The children `DepTail`, in order.
    pub fn dep_tails(&self) -> AstChildren<DepTail<N>> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `ExportWhen`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExportWhen<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ExportWhen<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPORT_WHEN
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ExportWhen { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ExportWhen<N> {
    /// The token `when`.
    pub fn when_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `ExportList`.
    pub fn export_list(&self) -> Option<ExportList<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ElseBlock`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ElseBlock<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ElseBlock<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ELSE_BLOCK
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ElseBlock { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ElseBlock<N> {
    /// The token `else`.
    pub fn else_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `Block`.
    pub fn block(&self) -> Option<Block<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ArmPattern`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ArmPattern<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ArmPattern<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ARM_PATTERN
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ArmPattern { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ArmPattern<N> {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `WantSpec`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WantSpec<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for WantSpec<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WANT_SPEC
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(WantSpec { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> WantSpec<N> {
    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req<N>> {
        support::children(&self.syntax)
    }

    /// The child `AsTail`.
    pub fn as_tail(&self) -> Option<AsTail<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `NamedType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NamedType<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for NamedType<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAMED_TYPE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(NamedType { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> NamedType<N> {
    /// The child `Path`.
    pub fn path(&self) -> Option<Path<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `TypeArgs`.
    pub fn type_args(&self) -> Option<TypeArgs<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Refinement`.
    pub fn refinement(&self) -> Option<Refinement<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `EnumType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumType<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for EnumType<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENUM_TYPE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(EnumType { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> EnumType<N> {
    /// The token `enum`.
    pub fn enum_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ENUM_KW])
    }

    /// The child `EnumBody`.
    pub fn enum_body(&self) -> Option<EnumBody<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `OptType`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct OptType<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for OptType<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == OPT_TYPE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(OptType { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> OptType<N> {
    /// The child `Type`.
    pub fn type_(&self) -> Option<Type<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `question`.
    pub fn question_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[QUESTION])
    }
}

/// A node of the rule `TypeArgs`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct TypeArgs<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for TypeArgs<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == TYPE_ARGS
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(TypeArgs { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> TypeArgs<N> {
    /// The token `lt`.
    pub fn lt_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[LT])
    }

    /// The children `Type`, in order.
    pub fn types(&self) -> AstChildren<Type<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `gt`.
    pub fn gt_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[GT])
    }
}

/// A node of the rule `Refinement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Refinement<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Refinement<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == REFINEMENT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Refinement { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Refinement<N> {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `Where`.
    pub fn where_(&self) -> Option<Where<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Where`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Where<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Where<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHERE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Where { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Where<N> {
    /// The token `where`.
    pub fn where_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHERE_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `message`.
    pub fn message(&self) -> Option<StringLit<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `NameExpr`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameExpr<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for NameExpr<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == NAME_EXPR
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(NameExpr { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> NameExpr<N> {
    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `DotName`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct DotName<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for DotName<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == DOT_NAME
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(DotName { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> DotName<N> {
    /// The token `dot`.
    pub fn dot_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[DOT])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Member`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Member<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Member<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MEMBER
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Member { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Member<N> {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `dot`.
    pub fn dot_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[DOT])
    }

    /// The child `NameRef`.
    pub fn name_ref(&self) -> Option<NameRef<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Call`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Call<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Call<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == CALL
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Call { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Call<N> {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `ArgList`.
    pub fn arg_list(&self) -> Option<ArgList<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Paren`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Paren<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Paren<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PAREN
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Paren { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Paren<N> {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_PAREN])
    }
}

/// A node of the rule `Lambda`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Lambda<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Lambda<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LAMBDA
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Lambda { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Lambda<N> {
    /// The token `l_paren`.
    pub fn l_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_PAREN])
    }

    /// The children `LambdaParam`, in order.
    pub fn lambda_params(&self) -> AstChildren<LambdaParam<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_PAREN])
    }

    /// The token `arrow`.
    pub fn arrow_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ARROW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Binary`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Binary<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Binary<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == BINARY
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Binary { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Binary<N> {
    /// The child `lhs`.
    pub fn lhs(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<N::Token> {
        support::token(
            &self.syntax,
            &[PIPE, AMP, EQ_EQ, NEQ, LT, LE, GT, GE, HAS_KW, IN_KW, PLUS, MINUS, STAR, PERCENT],
        )
    }

    /// The token `quantifier`.
    pub fn quantifier_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ANY_KW, ALL_KW])
    }

    /// The child `rhs`.
    pub fn rhs(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `Prefix`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Prefix<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Prefix<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == PREFIX
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Prefix { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Prefix<N> {
    /// The token `op`.
    pub fn op_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[BANG, MINUS])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `Range`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Range<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Range<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == RANGE
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Range { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Range<N> {
    /// The child `lo`.
    pub fn lo(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `op`.
    pub fn op_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[DOT_DOT, DOT_DOT_EQ])
    }

    /// The child `hi`.
    pub fn hi(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `If`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct If<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for If<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == IF
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(If { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> If<N> {
    /// The token `if`.
    pub fn if_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[IF_KW])
    }

    /// The child `cond`.
    pub fn cond(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `then`.
    pub fn then_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[THEN_KW])
    }

    /// The child `then`.
    pub fn then(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 1)
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The child `else`.
    pub fn else_(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 2)
    }
}

/// A node of the rule `Match`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Match<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Match<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MATCH
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Match { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Match<N> {
    /// The token `match`.
    pub fn match_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[MATCH_KW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `MatchArm`, in order.
    pub fn match_arms(&self) -> AstChildren<MatchArm<N>> {
        support::children(&self.syntax)
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `SetLit`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SetLit<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for SetLit<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SET_LIT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(SetLit { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> SetLit<N> {
    /// The token `l_brace`.
    pub fn l_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACE])
    }

    /// The children `Element`, in order.
    pub fn elements(&self) -> AstChildren<Element<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_brace`.
    pub fn r_brace_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACE])
    }
}

/// A node of the rule `ListLit`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ListLit<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ListLit<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LIST_LIT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ListLit { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ListLit<N> {
    /// The token `l_bracket`.
    pub fn l_bracket_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[L_BRACKET])
    }

    /// The children `Element`, in order.
    pub fn elements(&self) -> AstChildren<Element<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `r_bracket`.
    pub fn r_bracket_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_BRACKET])
    }
}

/// A node of the rule `With`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct With<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for With<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WITH
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(With { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> With<N> {
    /// The token `with`.
    pub fn with_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WITH_KW])
    }

    /// The child `Spec`.
    pub fn spec(&self) -> Option<Spec<N>> {
        support::child(&self.syntax, 0)
    }

    /// The child `AsTail`.
    pub fn as_tail(&self) -> Option<AsTail<N>> {
        support::child(&self.syntax, 0)
    }

    /// The children `Req`, in order.
    pub fn reqs(&self) -> AstChildren<Req<N>> {
        support::children(&self.syntax)
    }
}

/// A node of the rule `CallArg`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct CallArg<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for CallArg<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == CALL_ARG
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(CallArg { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> CallArg<N> {
    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `eq`.
    pub fn eq_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[EQ])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `LambdaParam`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct LambdaParam<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for LambdaParam<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == LAMBDA_PARAM
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(LambdaParam { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> LambdaParam<N> {
    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `MatchArm`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchArm<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for MatchArm<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MATCH_ARM
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(MatchArm { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> MatchArm<N> {
    /// The children `MatchPattern`, in order.
    pub fn match_patterns(&self) -> AstChildren<MatchPattern<N>> {
        support::children(&self.syntax)
    }

    /// The token `comma`.
    pub fn comma_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COMMA])
    }

    /// The token `else`.
    pub fn else_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[ELSE_KW])
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `MatchPattern`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MatchPattern<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for MatchPattern<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == MATCH_PATTERN
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(MatchPattern { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> MatchPattern<N> {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `Element`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Element<N = SyntaxNode> {
    /// `SpreadElement`
    SpreadElement(SpreadElement<N>),
    /// `ForElement`
    ForElement(ForElement<N>),
    /// `WhenElement`
    WhenElement(WhenElement<N>),
    /// `EntryElement`
    EntryElement(EntryElement<N>),
    /// `ExprElement`
    ExprElement(ExprElement<N>),
}

impl<N: Node> AstNode for Element<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(kind, SPREAD_ELEMENT | FOR_ELEMENT | WHEN_ELEMENT | ENTRY_ELEMENT | EXPR_ELEMENT)
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            SPREAD_ELEMENT => Element::SpreadElement(SpreadElement { syntax }),
            FOR_ELEMENT => Element::ForElement(ForElement { syntax }),
            WHEN_ELEMENT => Element::WhenElement(WhenElement { syntax }),
            ENTRY_ELEMENT => Element::EntryElement(EntryElement { syntax }),
            EXPR_ELEMENT => Element::ExprElement(ExprElement { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
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
pub struct SpreadElement<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for SpreadElement<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == SPREAD_ELEMENT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(SpreadElement { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> SpreadElement<N> {
    /// The token `dot_dot`.
    pub fn dot_dot_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[DOT_DOT])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `ForElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ForElement<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ForElement<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == FOR_ELEMENT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ForElement { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ForElement<N> {
    /// The token `for`.
    pub fn for_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FOR_KW])
    }

    /// The child `Name`.
    pub fn name(&self) -> Option<Name<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `in`.
    pub fn in_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[IN_KW])
    }

    /// The child `in`.
    pub fn in_(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `when`.
    pub fn when_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `when`.
    pub fn when(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 1)
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Element`.
    pub fn element(&self) -> Option<Element<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `WhenElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct WhenElement<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for WhenElement<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == WHEN_ELEMENT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(WhenElement { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> WhenElement<N> {
    /// The token `when`.
    pub fn when_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[WHEN_KW])
    }

    /// The child `when`.
    pub fn when(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `fat_arrow`.
    pub fn fat_arrow_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[FAT_ARROW])
    }

    /// The child `Element`.
    pub fn element(&self) -> Option<Element<N>> {
        support::child(&self.syntax, 0)
    }
}

/// A node of the rule `EntryElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EntryElement<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for EntryElement<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == ENTRY_ELEMENT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(EntryElement { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> EntryElement<N> {
    /// The child `key`.
    pub fn key(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `colon`.
    pub fn colon_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[COLON])
    }

    /// The child `value`.
    pub fn value(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 1)
    }
}

/// A node of the rule `ExprElement`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ExprElement<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for ExprElement<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == EXPR_ELEMENT
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(ExprElement { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> ExprElement<N> {
    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }
}

/// One of the nodes of the rule `StringPart`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum StringPart<N = SyntaxNode> {
    /// `StringChunk`
    StringChunk(StringChunk<N>),
    /// `Interpolation`
    Interpolation(Interpolation<N>),
}

impl<N: Node> AstNode for StringPart<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        matches!(kind, STRING_CHUNK | INTERPOLATION)
    }

    fn cast(syntax: N) -> Option<Self> {
        Some(match syntax.borrowed().kind() {
            STRING_CHUNK => StringPart::StringChunk(StringChunk { syntax }),
            INTERPOLATION => StringPart::Interpolation(Interpolation { syntax }),
            _ => return None,
        })
    }

    fn syntax(&self) -> &N {
        match self {
            StringPart::StringChunk(it) => it.syntax(),
            StringPart::Interpolation(it) => it.syntax(),
        }
    }
}

/// A node of the rule `StringChunk`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct StringChunk<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for StringChunk<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == STRING_CHUNK
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(StringChunk { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> StringChunk<N> {
    /// The token `string_text`.
    pub fn string_text_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[STRING_TEXT])
    }
}

/// A node of the rule `Interpolation`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Interpolation<N = SyntaxNode> {
    pub(crate) syntax: N,
}

impl<N: Node> AstNode for Interpolation<N> {
    type Node = N;

    fn can_cast(kind: SyntaxKind) -> bool {
        kind == INTERPOLATION
    }

    fn cast(syntax: N) -> Option<Self> {
        Self::can_cast(syntax.borrowed().kind()).then_some(Interpolation { syntax })
    }

    fn syntax(&self) -> &N {
        &self.syntax
    }
}

impl<N: Node> Interpolation<N> {
    /// The token `interpolation_open`.
    pub fn interpolation_open_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[INTERPOLATION_OPEN])
    }

    /// The child `Expr`.
    pub fn expr(&self) -> Option<Expr<N>> {
        support::child(&self.syntax, 0)
    }

    /// The token `r_paren`.
    pub fn r_paren_token(&self) -> Option<N::Token> {
        support::token(&self.syntax, &[R_PAREN])
    }
}
