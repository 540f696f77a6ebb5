//! The smallest edits between two texts, by lines, so that cursors stay where they are.

use kiln_lang::{TextRange, TextSize};

/// How many lines are compared with how many; what is more is replaced as one.
const CELLS_MAX: usize = 4_000_000;

/// Returns the edits that make `new` of `old`, in order and apart.
pub(crate) fn changes(old: &str, new: &str) -> Vec<(TextRange, String)> {
    let a: Vec<&str> = old.split_inclusive('\n').collect();
    let b: Vec<&str> = new.split_inclusive('\n').collect();
    let same_start = a.iter().zip(&b).take_while(|it| it.0 == it.1).count();
    let (rest_a, rest_b) = (&a[same_start..], &b[same_start..]);
    let same_end =
        rest_a.iter().rev().zip(rest_b.iter().rev()).take_while(|it| it.0 == it.1).count();
    let (mid_a, mid_b) = (&rest_a[..rest_a.len() - same_end], &rest_b[..rest_b.len() - same_end]);
    let start: usize = a[..same_start].iter().map(|it| it.len()).sum();
    if mid_a.is_empty() && mid_b.is_empty() {
        return Vec::new();
    }
    if mid_a.len().saturating_mul(mid_b.len()) > CELLS_MAX {
        let end = start + mid_a.iter().map(|it| it.len()).sum::<usize>();
        return vec![(range(start, end), mid_b.concat())];
    }
    let mut edits = Vec::new();
    let mut at = start;
    for (removed, inserted) in hunks(mid_a, mid_b) {
        match removed {
            // Kept lines.
            None => at += inserted.len(),
            Some(removed) => {
                edits.push((range(at, at + removed), inserted));
                at += removed;
            }
        }
    }
    edits
}

fn range(start: usize, end: usize) -> TextRange {
    TextRange::new(TextSize::new(start as u32), TextSize::new(end as u32))
}

/// Lines that are kept (`None` and their text), and runs that change: how many bytes go, and what
/// comes.
fn hunks(a: &[&str], b: &[&str]) -> Vec<(Option<usize>, String)> {
    // The longest common lines, by the usual table from the end.
    let width = b.len() + 1;
    let mut table = vec![0_u32; (a.len() + 1) * width];
    for i in (0..a.len()).rev() {
        for j in (0..b.len()).rev() {
            table[i * width + j] = if a[i] == b[j] {
                table[(i + 1) * width + j + 1] + 1
            } else {
                table[(i + 1) * width + j].max(table[i * width + j + 1])
            };
        }
    }
    let mut hunks: Vec<(Option<usize>, String)> = Vec::new();
    let (mut i, mut j) = (0, 0);
    while i < a.len() || j < b.len() {
        let keep = i < a.len() && j < b.len() && a[i] == b[j];
        if keep {
            hunks.push((None, a[i].to_owned()));
            i += 1;
            j += 1;
            continue;
        }
        let remove =
            i < a.len() && (j == b.len() || table[(i + 1) * width + j] >= table[i * width + j + 1]);
        if !matches!(hunks.last(), Some((Some(_), _))) {
            hunks.push((Some(0), String::new()));
        }
        if let Some((Some(removed), inserted)) = hunks.last_mut() {
            if remove {
                *removed += a[i].len();
            } else {
                inserted.push_str(b[j]);
            }
        }
        if remove {
            i += 1;
        } else {
            j += 1;
        }
    }
    hunks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(old: &str, new: &str, edits: usize) {
        let found = changes(old, new);
        assert_eq!(found.len(), edits, "{found:?}");
        let mut text = old.to_owned();
        for (range, inserted) in found.iter().rev() {
            text.replace_range(std::ops::Range::<usize>::from(*range), inserted);
        }
        assert_eq!(text, new);
    }

    #[test]
    fn only_lines_that_differ_change() {
        check("", "", 0);
        check("a\nb\nc\n", "a\nb\nc\n", 0);
        check("a\nb\nc\n", "a\nB\nc\n", 1);
        check("a\nb\nc\nd\ne\n", "A\nb\nc\nd\nE\n", 2);
        check("a\nb\n", "a\nx\ny\nb\n", 1);
        check("a\nb\nc", "c", 1);
        check("", "a", 1);
        check("a\r\nb", "a\nb", 1);
    }
}
