//! What may follow in a line: operators behind a value, and what a statement has at its end.

use super::super::expected::{expected, side_type};
use super::{Completion, CompletionKind, List, rank};
use crate::syntax::SyntaxKind::*;
use crate::syntax::ast::{self, AstNode};
use crate::syntax::{SyntaxKind, SyntaxNode, SyntaxToken};
use crate::types::Ty;

impl List<'_> {
    /// What may follow behind a token in its line.
    pub(super) fn tails(&mut self, before: &SyntaxToken) {
        if let Some(value) = value_before(before) {
            self.operators(&value);
        }
        let mut outer = before.parent_ancestors();
        let Some(statement) = outer.find(|it| is_statement(it.kind())) else { return };
        for word in words_behind(&statement) {
            self.keyword(word, None);
        }
    }

    /// The operators of a value: first those that give what is expected.
    fn operators(&mut self, value: &ast::Expr) {
        let ty = side_type(self.context, value);
        let (comparing, computing) = match value {
            // Comparisons do not chain.
            _ if is_compared(value) => (&[][..], &["&", "|"][..]),
            ast::Expr::Literal(_) => return,
            ast::Expr::NameExpr(it) if it.name_ref().is_some_and(|it| is_constant(&it.text())) => {
                return;
            }
            _ => operators_of(ty.as_ref().map(Ty::without_opt)),
        };
        let wanted = expected(self.context, value.syntax()).ty;
        let is_bool = |it: &Ty| *it.without_opt() == Ty::Bool;
        let wants_bool = wanted.as_ref().map(is_bool);
        let is_itself_bool = is_compared(value) || ty.as_ref().is_some_and(is_bool);
        for (words, gives_bool) in [(comparing, true), (computing, is_itself_bool)] {
            let fits = wants_bool.is_none_or(|it| it == gives_bool);
            for word in words {
                let rank = if fits { rank::EXPECTED } else { rank::FITTING };
                let mut item = self.item(word, CompletionKind::Keyword, rank);
                item.detail = operator_doc(word).to_owned();
                self.add(Completion { rank, ..item });
            }
        }
    }
}

/// Whether a value is what another one is compared with.
fn is_compared(value: &ast::Expr) -> bool {
    let binary = value.syntax().parent().and_then(ast::Binary::cast);
    binary.is_some_and(|it| {
        matches!(it.op(), Some(EQ_EQ | NEQ | LT | LE | GT | GE | HAS_KW | IN_KW))
            && it.rhs().is_some_and(|it| it.syntax() == value.syntax())
    })
}

/// Whether nobody computes with a word.
fn is_constant(word: &str) -> bool {
    matches!(word, "on" | "off" | "true" | "false" | "null")
}

/// The value that ends with a token, where operators can follow.
fn value_before(before: &SyntaxToken) -> Option<ast::Expr> {
    let end = before.text_range().end();
    let ending =
        before.parent_ancestors().take_while(|it| crate::syntax::range_of(it).end() == end);
    let is_value = |it: &SyntaxNode| {
        matches!(
            it.kind(),
            NAME_EXPR | MEMBER | DOT_NAME | CALL | PAREN | LITERAL | SET_LIT | LIST_LIT
        )
    };
    let value = ending.filter(is_value).last().and_then(ast::Expr::cast)?;
    // The version of a need is one number.
    let mut around = value.syntax().ancestors();
    let outer = around.find(|it| is_statement(it.kind()) || it.kind() == VERSION_REQ)?;
    (outer.kind() != VERSION_REQ).then_some(value)
}

fn is_statement(kind: SyntaxKind) -> bool {
    matches!(
        kind,
        FEATURE
            | KNOB
            | FIELD
            | LET
            | FUNCTION
            | DEP
            | EXPORT
            | PROVIDES
            | RULE
            | UNAVAILABLE
            | ARG
            | STEP
            | STEPS
            | INCLUDE
            | USE
            | OUTPUT
            | IGNORE_EXPORTS
            | TEST
            | WHEN
            | FOR
            | SETTING
            | WANT_SPEC
            | WANT
            | PUBLISH
            | POLICY
    )
}

/// The words that a statement can go on with.
fn words_behind(statement: &SyntaxNode) -> &'static [&'static str] {
    let has = |kind: SyntaxKind| statement.descendants().any(|it| it.kind() == kind);
    match statement.kind() {
        FEATURE | KNOB if has(WHEN_TAIL) => &["join", "split", "sticky"],
        FEATURE | KNOB => &["when", "join", "split", "sticky"],
        DEP | EXPORT if has(WHEN_TAIL) => &["exact", "as"],
        DEP | EXPORT => &["when", "exact", "as"],
        WANT | WANT_SPEC | PUBLISH => &["as"],
        PROVIDES => &["when", "with"],
        RULE | UNAVAILABLE | INCLUDE => &["when"],
        ARG => &["else"],
        USE => &["as", "from"],
        OUTPUT => &["from", "when"],
        IGNORE_EXPORTS if has(NAME_REF) => &["to", "when"],
        IGNORE_EXPORTS => &["from", "of"],
        STEP => &["before", "after"],
        TEST => &["in", "when"],
        LET | FIELD | SETTING | FUNCTION => {
            let open = statement.descendants().filter_map(ast::If::cast).last();
            match open {
                Some(it) if it.then_token().is_none() => &["then"],
                Some(it) if it.else_token().is_none() => &["else"],
                _ => &[],
            }
        }
        _ => &[],
    }
}

/// The operators that compare a value of a type, and those that compute another one from it.
fn operators_of(ty: Option<&Ty>) -> (&'static [&'static str], &'static [&'static str]) {
    match ty {
        Some(Ty::Bool) => (&["==", "!="], &["&", "|"]),
        Some(Ty::Set(_)) => (&["has", "has any", "has all", "==", "!="], &["+", "-", "&"]),
        Some(Ty::Enum(_)) => (&["==", "!=", "in"], &[]),
        Some(Ty::Int(_)) => (&["==", "!=", "<", "<=", ">", ">=", "in"], &["+", "-", "*", "%"]),
        Some(Ty::Size(_) | Ty::Duration(_)) => {
            (&["==", "!=", "<", "<=", ">", ">=", "in"], &["+", "-", "*", "%"])
        }
        Some(Ty::Version) => (&["==", "!=", "<", "<=", ">", ">=", "in"], &[]),
        Some(Ty::List(_)) => (&["has", "==", "!="], &["+", "-"]),
        Some(Ty::String(_)) => (&["==", "!=", "in"], &["+"]),
        Some(_) => (&["==", "!="], &[]),
        None => (&["==", "!=", "<", "<=", ">", ">=", "has", "in"], &[]),
    }
}

fn operator_doc(word: &str) -> &'static str {
    match word {
        "&" => "and; of sets, what is in both",
        "|" => "or",
        "==" => "is equal",
        "!=" => "is not equal",
        "<" => "is less",
        "<=" => "is at most",
        ">" => "is more",
        ">=" => "is at least",
        "has" => "the value is in the set",
        "has any" => "one of the values is in the set",
        "has all" => "all of the values are in the set",
        "in" => "is one of several",
        "+" => "sum; of sets, lists and texts, too",
        "-" => "difference; of sets, too",
        "*" => "product",
        "%" => "remainder",
        _ => "",
    }
}
