//! Types as written, and functions.

use thin_vec::ThinVec;

use super::{Attr, EnumId, ExprId, Ident, RecordId, SpanId, TypeId};

/// A type as written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeRef {
    /// Something that could not be parsed.
    Missing,
    /// `Name<Args>(refinement where … else "…")`
    Named {
        /// The name, perhaps of another module: `dpdk.Driver`.
        path: ThinVec<Ident>,
        /// The arguments.
        args: ThinVec<TypeId>,
        /// Which values are allowed: a range, a choice, a pattern.
        refinement: Option<ExprId>,
        /// A condition on `it`, and what to say where it does not hold.
        where_: Option<(ExprId, Option<Box<str>>)>,
        /// Where all of it is written.
        span: SpanId,
    },
    /// `enum { … }`
    Enum(EnumId),
    /// `T?`
    Opt(TypeId),
}

/// An enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnumDecl {
    /// Its name; inline ones have none.
    pub name: Option<Ident>,
    /// Its documentation.
    pub doc: Option<Box<str>>,
    /// Its attributes.
    pub attrs: ThinVec<Attr>,
    /// Its values in order.
    pub values: Vec<Enumerator>,
    /// Its groups in order.
    pub groups: ThinVec<Group>,
    /// Where it is written.
    pub span: SpanId,
}

/// A value of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Enumerator {
    /// The value.
    pub ident: Ident,
    /// What it stands for in build steps: `mlx5 = "net/mlx5"`.
    pub text: Option<ExprId>,
    /// When it may be chosen.
    pub when: Option<ExprId>,
    /// Its documentation.
    pub doc: Option<Box<str>>,
    /// Its attributes.
    pub attrs: ThinVec<Attr>,
}

/// A named part of an enum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Group {
    /// The name.
    pub ident: Ident,
    /// The values in it.
    pub members: Vec<Ident>,
    /// Its documentation.
    pub doc: Option<Box<str>>,
    /// Its attributes.
    pub attrs: ThinVec<Attr>,
}

/// A record type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// The name.
    pub ident: Ident,
    /// Its documentation.
    pub doc: Option<Box<str>>,
    /// Its fields in order.
    pub fields: Vec<RecordField>,
}

/// A field of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordField {
    /// The name.
    pub ident: Ident,
    /// The type.
    pub ty: TypeId,
    /// The value if none is given.
    pub default: Option<ExprId>,
    /// Its documentation.
    pub doc: Option<Box<str>>,
}

/// A name of a type.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TypeName {
    /// The name.
    pub ident: Ident,
    /// What it names.
    pub kind: TypeNameKind,
}

/// What a name of a type names.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TypeNameKind {
    /// `enum NAME { … }`
    Enum(EnumId),
    /// `record NAME { … }`
    Record(RecordId),
    /// `type NAME = T`
    Alias(TypeId),
}

/// A function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// The name.
    pub ident: Ident,
    /// The parameters.
    pub params: Vec<Param>,
    /// The type of the result.
    pub result: TypeId,
    /// The result.
    pub body: ExprId,
    /// Its documentation.
    pub doc: Option<Box<str>>,
}

/// A parameter of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Param {
    /// The name.
    pub ident: Ident,
    /// The type.
    pub ty: TypeId,
    /// The value if none is given.
    pub default: Option<ExprId>,
}
