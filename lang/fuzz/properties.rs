//! What must hold of the parser and the formatter for every text. The fuzzer and the tests of what
//! it once found both check it.

use kiln_lang::syntax::{SyntaxErrorKind, parse, parse_expr, parse_spec, parser_steps};

/// How often the parser may look at each token, on average, before it counts as not linear.
const STEPS_PER_TOKEN_MAX: u64 = 120;

/// Checks what must hold of the parser: the tree has every byte of the text, in order, the errors
/// lie inside it, and the work is in proportion to the number of tokens.
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
    let (tokens, steps) = parser_steps(text);
    if steps > STEPS_PER_TOKEN_MAX * (tokens as u64 + 10) {
        return Err(format!("{steps} steps for {tokens} tokens"));
    }
    Ok(())
}
