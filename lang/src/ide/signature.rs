//! The parameters of the call around a position.

use super::FilePosition;
use super::context::Context;
use super::describe::{function, method_doc};
use crate::check::{Builtin, Method};
use crate::database::Database;
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;
use crate::syntax::ast::{self, AstNode};

/// A call with its parameters.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignatureHelp {
    /// The function, with its parameters.
    pub label: String,
    /// Where in the label each parameter is, in bytes.
    pub params: Vec<std::ops::Range<usize>>,
    /// Which one the cursor is at.
    pub active: Option<usize>,
    /// What the function does.
    pub doc: String,
}

/// Returns the call around a position.
#[must_use]
pub fn signature(db: &Database, position: FilePosition) -> Option<SignatureHelp> {
    let position = position.in_text(db);
    let context = Context::new(db, position)?;
    let list = context.around(&[ARG_LIST])?;
    // Inside a lambda or a nested bracket, it is another call's turn.
    let call = ast::Call::cast(list.parent()?)?;
    let callee = call.expr()?;
    let (label, doc) = described(&context, &callee)?;
    let params = params(&label);
    let active = active(&list, &context, &label, &params);
    Some(SignatureHelp { label, params, active, doc })
}

fn described(context: &Context<'_>, callee: &ast::Expr) -> Option<(String, String)> {
    let text = callee.syntax().text().to_string();
    let text = text.trim();
    let env = &context.schema().env;
    if let ast::Expr::NameExpr(_) = callee {
        if let Some(index) = env.function(text) {
            let doc = env.function_decl(index).doc.as_deref().unwrap_or("").to_owned();
            return Some((function(env, index)?, doc));
        }
        let (head, doc) = Builtin::from_name(text)?.doc();
        return Some((head.to_owned(), doc.to_owned()));
    }
    let ast::Expr::Member(member) = callee else { return None };
    let name = member.name_ref()?.text();
    let of = member.expr()?;
    let word = of.syntax().text().to_string();
    let file = env.used(word.trim()).or_else(|| context.db.module(word.trim()));
    if let Some(env) = file.map(|it| context.db.env(it))
        && let Some(index) = env.function(&name)
    {
        let doc = env.function_decl(index).doc.as_deref().unwrap_or("").to_owned();
        return Some((function(&env, index)?, doc));
    }
    let method = METHODS.iter().find(|it| it.0 == name)?.1;
    let (head, doc) = method_doc(method);
    Some((head.trim_start_matches('.').to_owned(), doc.to_owned()))
}

/// Every method that takes something. Names mean the same for all types that have them.
const METHODS: &[(&str, Method)] = &[
    ("map", Method::Map),
    ("filter", Method::Filter),
    ("any", Method::Any),
    ("all", Method::All),
    ("join", Method::Join),
    ("get", Method::Get),
    ("or", Method::Or),
    ("split", Method::Split),
    ("replace", Method::Replace),
    ("starts_with", Method::StartsWith),
    ("ends_with", Method::EndsWith),
    ("contains", Method::Contains),
    ("matches", Method::Matches),
    ("up_to", Method::UpTo),
    ("pin", Method::Pin),
    ("below", Method::Below),
];

/// Where the parameters are in `name(a: A, b: B): C`.
fn params(label: &str) -> Vec<std::ops::Range<usize>> {
    let Some(open) = label.find('(') else { return Vec::new() };
    let mut params = Vec::new();
    let (mut depth, mut start) = (0_usize, open + 1);
    for (at, c) in label.char_indices().skip_while(|it| it.0 < open) {
        match c {
            '(' | '<' | '[' | '{' => depth += 1,
            '>' if label[..at].ends_with('-') => {}
            ')' | '>' | ']' | '}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    push(label, start..at, &mut params);
                    break;
                }
            }
            ',' if depth == 1 => {
                push(label, start..at, &mut params);
                start = at + 1;
            }
            _ => {}
        }
    }
    params
}

fn push(label: &str, range: std::ops::Range<usize>, out: &mut Vec<std::ops::Range<usize>>) {
    let text = &label[range.clone()];
    let trimmed = text.trim();
    if trimmed.is_empty() {
        return;
    }
    let start = range.start + (text.len() - text.trim_start().len());
    out.push(start..start + trimmed.len());
}

fn active(
    list: &SyntaxNode,
    context: &Context<'_>,
    label: &str,
    params: &[std::ops::Range<usize>],
) -> Option<usize> {
    let cursor = context.token.text_range().start();
    let arg = list
        .children()
        .filter(|it| it.kind() == CALL_ARG)
        .find(|it| it.text_range().contains_inclusive(cursor));
    // A named argument is that parameter, wherever it stands.
    if let Some(name) =
        arg.and_then(|it| it.children().find_map(ast::Name::cast)).map(|it| it.text())
    {
        let at = params.iter().position(|it| {
            let param = &label[it.clone()];
            param.split([':', '=']).next().is_some_and(|it| it.trim() == name)
        });
        if at.is_some() {
            return at;
        }
    }
    let commas = list
        .children_with_tokens()
        .filter_map(|it| it.into_token())
        .filter(|it| it.kind() == COMMA && it.text_range().end() <= cursor)
        .count();
    if params.is_empty() {
        return None;
    }
    // The last parameter of some takes as many as there are.
    let last = params.len() - 1;
    match commas.checked_sub(last) {
        None | Some(0) => Some(commas),
        Some(_) if label[params[last].clone()].contains('…') => Some(last),
        Some(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let shown = match signature(&fixture.db, fixture.position()) {
            None => "nothing\n".to_owned(),
            Some(help) => {
                let active = help.active.map(|it| help.label[help.params[it].clone()].to_owned());
                format!("{}\n{}\n", help.label, active.unwrap_or_default())
            }
        };
        expected.assert_eq(&shown);
    }

    #[test]
    fn functions_of_files_and_of_the_language() {
        let head = "//- /recipes/a.kiln\nrecipe a\nversion = 1\nfn two(a: Int, b: List<String>): Int = a\n";
        check(
            &format!("{head}let x = two(1, $0)\n"),
            expect![[r#"
                fn two(a: Int, b: List<String>): Int
                b: List<String>
            "#]],
        );
        check(
            &format!("{head}let x = two(b = $0)\n"),
            expect![[r#"
                fn two(a: Int, b: List<String>): Int
                b: List<String>
            "#]],
        );
        check(
            &format!("{head}source = fetch(\"x\", sha256 = $0)\n"),
            expect![[r#"
                fetch(url…, sha256 = String, blake3 = String, unpack = Bool, root = String, executables = List<String>): Source
                sha256 = String
            "#]],
        );
        check(
            &format!("{head}homepage = [\"a\"].join($0)\n"),
            expect![[r#"
                join(between: String): String
                between: String
            "#]],
        );
        check(&format!("{head}homepage = $0\n"), expect!["nothing\n"]);
    }
}
