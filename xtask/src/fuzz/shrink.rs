//! Makes a text that fails small: takes pieces out as long as it still fails.

use super::mutate::{boundary, split};

/// How often the property may be checked.
const TRIES_MAX: usize = 20_000;

/// Returns a text not longer than `text` of which `fails` still holds.
pub(crate) fn shrink(text: String, fails: impl Fn(&str) -> bool) -> String {
    let mut tries = 0;
    let mut text = text;
    // Large pieces first; lines, then tokens, then characters.
    for pieces in [lines, split, characters] {
        let mut size = pieces(&text).len().div_ceil(2);
        while size > 0 && tries < TRIES_MAX {
            let mut at = 0;
            loop {
                let all = pieces(&text);
                if at >= all.len() || tries >= TRIES_MAX {
                    break;
                }
                let end = (at + size).min(all.len());
                let without = all[..at].concat() + &all[end..].concat();
                tries += 1;
                if fails(&without) {
                    text = without;
                } else {
                    at += size;
                }
            }
            size /= 2;
        }
    }
    text
}

fn lines(text: &str) -> Vec<String> {
    text.split_inclusive('\n').map(str::to_owned).collect()
}

fn characters(text: &str) -> Vec<String> {
    let text = &text[..boundary(text, 4000)];
    text.chars().map(String::from).collect()
}
