//! What must hold of the parser and the formatter for every text. The fuzzer and the tests of what
//! it once found both check it.

use std::sync::Arc;

use kiln_lang::module::lower;
use kiln_lang::syntax::{SyntaxErrorKind, SyntaxKind, parse, parse_expr, parse_spec, parser_steps};
use kiln_lang::{Database, MemoryWorld, format};

/// How often the parser may look at each token, on average, before it counts as not linear.
const STEPS_PER_TOKEN_MAX: u64 = 120;

/// Checks what must hold of the parser: the tree has every byte of the text, in order, the errors
/// lie inside it, the work is in proportion to the number of tokens, and the same is lowered with or
/// without white space in the tree.
pub(crate) fn parser(text: &str) -> Result<(), String> {
    for (what, parsed) in
        [("file", parse(text)), ("spec", parse_spec(text)), ("expression", parse_expr(text))]
    {
        let tree = parsed.syntax().text().to_string();
        if tree != text {
            return Err(format!("as a {what}, the tree has other text: {tree:?}"));
        }
        for error in parsed.errors() {
            let range = std::ops::Range::<usize>::from(error.range);
            if text.get(range).is_none() {
                return Err(format!("as a {what}, an error lies outside of the text: {error:?}"));
            }
            let SyntaxErrorKind::Slip(slip) = &error.kind else { continue };
            for (place, _) in slip.explain(text, error.range).fix.into_iter().flat_map(|it| it.1) {
                if text.get(std::ops::Range::<usize>::from(place)).is_none() {
                    return Err(format!("an edit lies outside of the text: {error:?}"));
                }
            }
        }
    }
    let parsed = parse(text);
    let db = Database::new(Arc::new(MemoryWorld::new()), Vec::new());
    let lowered = db.lowered(db.add_text("text", text));
    let (module, map, errors) = lower(&parsed);
    if (&module, &map, &errors[..]) != (&lowered.module, &lowered.map, &lowered.lower_errors[..])
        || parsed.errors() != &lowered.syntax_errors[..]
    {
        return Err("without white space in its tree, the text is lowered otherwise".to_owned());
    }
    let (tokens, steps) = parser_steps(text);
    if steps > STEPS_PER_TOKEN_MAX * (tokens as u64 + 10) {
        return Err(format!("{steps} steps for {tokens} tokens"));
    }
    Ok(())
}

/// Checks what must hold of the formatter: what it makes is formatted, says the same, and has no
/// more mistakes than the text had.
pub(crate) fn formatter(text: &str) -> Result<(), String> {
    let formatted = format(text);
    let (once, skipped) = (formatted.text, formatted.skipped);
    let twice = format(&once).text;
    if once != twice {
        return Err(format!("not idempotent:\n{once}\nthen\n{twice}"));
    }
    let (before, after) = (parse(text), parse(&once));
    if after.errors().len() > before.errors().len() {
        return Err(format!("new mistakes: {:?}\n{once}", after.errors()));
    }
    let (was, is) = (significant(text), significant(&once));
    if was != is {
        let at = was.iter().zip(&is).take_while(|it| it.0 == it.1).count();
        return Err(format!("other tokens: {:?}, then {:?}\n{once}", was.get(at), is.get(at)));
    }
    // With mistakes in the text, what is made of it is not meant by anybody.
    if before.errors().is_empty() {
        if !skipped.is_empty() {
            return Err(format!("left alone, though it has no mistake:\n{once}"));
        }
        let (was, is) = (meaning(text), meaning(&once));
        if was != is {
            return Err(format!("another meaning:\n{was}\n{is}\n{once}"));
        }
    }
    Ok(())
}

/// The tokens and comments of a text in order, without what formatting adds and takes away. The
/// text of long strings may be indented anew; their values are compared elsewhere.
fn significant(text: &str) -> Vec<(SyntaxKind, String)> {
    parse(text)
        .syntax()
        .descendants_with_tokens()
        .filter_map(|it| it.into_token())
        .filter(|it| {
            let kind = it.kind();
            !matches!(kind, SyntaxKind::WHITESPACE | SyntaxKind::COMMA | SyntaxKind::SEMICOLON)
        })
        .map(|it| {
            let words: Vec<&str> = it.text().split_whitespace().collect();
            (it.kind(), words.join(" "))
        })
        .filter(|it| !it.1.is_empty())
        .collect()
}

/// What a text means, without its positions.
fn meaning(text: &str) -> String {
    let (module, _, errors) = lower(&parse(text));
    let errors: Vec<_> = errors.into_iter().map(|it| it.kind).collect();
    format!("{module:#?}\n{errors:?}")
}
