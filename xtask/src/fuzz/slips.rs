//! How well the parser recovers: one token is taken out of a text without mistakes, at each place.
//!
//! Counted are the messages, and the items elsewhere in the file that are parsed as before.

use kiln_lang::syntax::{SyntaxKind, SyntaxNode, parse};

use super::corpus::Sample;

/// Prints what single deletions do to the parse of `samples`.
pub(crate) fn run(samples: &[Sample], show: bool) {
    let (mut all, mut silent, mut one, mut more) = (0_u32, 0_u32, 0_u32, 0_u32);
    let (mut kept, mut lost) = (0_u32, 0_u32);
    for sample in samples {
        let text = &sample.text;
        let whole = parse(text);
        if !whole.errors().is_empty() {
            continue;
        }
        let items = items(&whole.syntax());
        for token in whole.syntax().descendants_with_tokens().filter_map(|it| it.into_token()) {
            let trivia = [
                SyntaxKind::WHITESPACE,
                SyntaxKind::COMMENT,
                SyntaxKind::DOC,
                SyntaxKind::INNER_DOC,
                SyntaxKind::STRING_TEXT,
            ];
            if trivia.contains(&token.kind()) {
                continue;
            }
            let range = std::ops::Range::<usize>::from(token.text_range());
            let text = format!("{}{}", &text[..range.start], &text[range.end..]);
            let parsed = parse(&text);
            all += 1;
            match parsed.errors().len() {
                0 => silent += 1,
                1 => one += 1,
                _ => {
                    more += 1;
                    if show {
                        let line = text[..range.start].matches('\n').count() + 1;
                        println!("{}:{line} without {:?}:", sample.name, token.text());
                        for error in parsed.errors() {
                            let at = text[..usize::from(error.range.start())].matches('\n').count();
                            println!("    {}: {:?}", at + 1, error.kind);
                        }
                    }
                }
            }
            let left = self::items(&parsed.syntax());
            let mut lost_here = 0;
            for (start, end, item) in &items {
                if *end <= range.start || *start >= range.end {
                    if left.iter().any(|it| it.2 == *item) {
                        kept += 1;
                    } else {
                        lost += 1;
                        lost_here += 1;
                    }
                }
            }
            if show && lost_here > 1 {
                let line = text[..range.start].matches('\n').count() + 1;
                println!("{}:{line} without {:?} loses {lost_here}", sample.name, token.text());
            }
        }
    }
    println!("{all} deletions: {silent} without a message, {one} with one, {more} with more");
    println!("other items: {kept} parsed as before, {lost} not");
}

/// The items at the top of a file: where they stand, and their trees.
fn items(file: &SyntaxNode) -> Vec<(usize, usize, String)> {
    file.children()
        .map(|it| {
            let range = std::ops::Range::<usize>::from(it.text_range());
            let mut tree = format!("{:?}", it.kind());
            for part in it.descendants_with_tokens() {
                let kind = part.kind();
                if kind != SyntaxKind::WHITESPACE && kind != SyntaxKind::COMMENT {
                    tree.push_str(&format!(" {kind:?}"));
                }
            }
            tree.push_str(it.text().to_string().trim());
            (range.start, range.end, tree)
        })
        .collect()
}
