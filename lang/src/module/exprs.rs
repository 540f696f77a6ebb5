//! Expressions.

use thin_vec::ThinVec;

use super::{ExprId, Ident, Name, Req, Spec};
use crate::version::Comparison;

/// An expression. There are more of these than of all else in a module together, so it is no larger
/// than the name that most are: what is longer is in a box, and so is text that few of them have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expr {
    /// Something that could not be parsed; the parser has said so.
    Missing,
    /// A whole number.
    Int(i64),
    /// A version as written: `24.10`, `1.1.1w`.
    Version(Box<Name>),
    /// A version series as written: `1.10.*`.
    Series(Box<Name>),
    /// A size, in bytes.
    Size(i64),
    /// A time, in nanoseconds.
    Duration(i64),
    /// A pattern, without its slashes.
    Regex(Box<Name>),
    /// A string: its parts in order.
    Str(ThinVec<StrPart>),
    /// Shell text: its parts in order. Interpolations are quoted for the shell.
    Shell(ThinVec<StrPart>),
    /// A name whose meaning depends on where it stands.
    Name(Name),
    /// `.name`: a value of the expected enum.
    DotName(Box<Name>),
    /// `of.name`
    Member(Box<Member>),
    /// `callee(args)`
    Call(Box<Call>),
    /// `(a, b) -> body`
    Lambda(Box<Lambda>),
    /// `lhs op rhs`
    Binary {
        /// The operator.
        op: BinaryOp,
        /// What stands before it.
        lhs: ExprId,
        /// What stands behind it.
        rhs: ExprId,
    },
    /// `!of`
    Not(ExprId),
    /// `-of`
    Neg(ExprId),
    /// `lo..hi`, `lo..=hi`
    Range {
        /// The first number in it.
        lo: Option<ExprId>,
        /// The bound above.
        hi: Option<ExprId>,
        /// Whether the bound is in it.
        inclusive: bool,
    },
    /// `if cond then then else else_`
    If {
        /// The condition.
        cond: ExprId,
        /// The value if it holds.
        then: ExprId,
        /// The value if not.
        else_: ExprId,
    },
    /// `match of { … }`
    Match(Box<Match>),
    /// `{ … }`: a set, or a map if it has entries.
    Set(ThinVec<Element>),
    /// `[ … ]`
    List(ThinVec<Element>),
    /// `with hdf5[mpi] >= 1.10`
    With(Box<With>),
}

// A name has values to spare in its last byte, which tell the other kinds apart if they leave that byte
// alone: one with a pointer and an id would make every expression larger, so those are in boxes.
const _: () = assert!(size_of::<Expr>() == size_of::<Name>());

/// `of.name`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member {
    /// What it is a member of.
    pub of: ExprId,
    /// The member.
    pub name: Ident,
}

/// `callee(args)`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    /// What is called.
    pub callee: ExprId,
    /// With what.
    pub args: ThinVec<Arg>,
}

/// `(a, b) -> body`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lambda {
    /// The parameters.
    pub params: ThinVec<Ident>,
    /// The body.
    pub body: ExprId,
}

/// `match of { … }`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Match {
    /// What is looked at.
    pub of: ExprId,
    /// The arms in order.
    pub arms: ThinVec<MatchArm>,
}

/// A part of a string.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StrPart {
    /// Text, escapes resolved. Most is as short as a name, and needs no memory of its own then.
    Text(Name),
    /// An interpolation.
    Expr(ExprId),
}

/// An argument of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Arg {
    /// The parameter it is for, if it says.
    pub name: Option<Ident>,
    /// The value.
    pub value: ExprId,
}

/// An operator between two expressions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BinaryOp {
    /// `|`
    Or,
    /// `&`
    And,
    /// `==`
    Eq,
    /// `!=`
    Ne,
    /// `<`
    Lt,
    /// `<=`
    Le,
    /// `>`
    Gt,
    /// `>=`
    Ge,
    /// `has`
    Has,
    /// `has any`
    HasAny,
    /// `has all`
    HasAll,
    /// `in`
    In,
    /// `+`
    Add,
    /// `-`
    Sub,
    /// `*`
    Mul,
    /// `%`
    Rem,
}

impl BinaryOp {
    /// Returns the comparison that the operator asks for, if it compares.
    #[must_use]
    pub fn comparison(self) -> Option<Comparison> {
        Some(match self {
            BinaryOp::Eq => Comparison::Equal,
            BinaryOp::Ne => Comparison::NotEqual,
            BinaryOp::Lt => Comparison::Less,
            BinaryOp::Le => Comparison::LessOrEqual,
            BinaryOp::Gt => Comparison::Greater,
            BinaryOp::Ge => Comparison::GreaterOrEqual,
            _ => return None,
        })
    }

    /// Returns the operator as written.
    #[must_use]
    pub fn text(self) -> &'static str {
        match self {
            BinaryOp::Or => "|",
            BinaryOp::And => "&",
            BinaryOp::Eq => "==",
            BinaryOp::Ne => "!=",
            BinaryOp::Lt => "<",
            BinaryOp::Le => "<=",
            BinaryOp::Gt => ">",
            BinaryOp::Ge => ">=",
            BinaryOp::Has => "has",
            BinaryOp::HasAny => "has any",
            BinaryOp::HasAll => "has all",
            BinaryOp::In => "in",
            BinaryOp::Add => "+",
            BinaryOp::Sub => "-",
            BinaryOp::Mul => "*",
            BinaryOp::Rem => "%",
        }
    }
}

/// An arm of `match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MatchArm {
    /// The values it is for; `None` for `else`.
    pub patterns: Option<ThinVec<ExprId>>,
    /// The value.
    pub value: ExprId,
}

/// An element of a set, list or map literal.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Element {
    /// `value`
    Expr(ExprId),
    /// `..value`
    Spread(ExprId),
    /// `key: value`
    Entry(ExprId, ExprId),
    /// `for name in list when cond => element`
    For(Box<ForElement>),
    /// `when cond => element`
    When(ExprId, Box<Element>),
}

/// `for name in list when cond => element`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ForElement {
    /// What each value is called.
    pub name: Ident,
    /// What is gone through.
    pub list: ExprId,
    /// Which values are taken.
    pub when: Option<ExprId>,
    /// What each gives.
    pub element: Element,
}

/// A condition on another node of the solved graph.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct With {
    /// Which node, with which options.
    pub spec: Spec,
    /// The interface it provides.
    pub interface: Option<Ident>,
    /// Its version.
    pub reqs: ThinVec<Req>,
}
