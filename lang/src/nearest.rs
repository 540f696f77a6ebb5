//! Names near to a wrong one.

/// How many names are suggested at most.
const SUGGESTIONS_MAX: usize = 3;

/// Returns the candidates nearest to `wrong`, best first, at most three.
///
/// Near is a small edit distance (with `-`, `_` and case ignored), a beginning (`Integer` is near to
/// `Int`, `len` to `length`), or the same words in part: `link` is near to `ibverbs_link`,
/// `max_ports` to `max_ethports`.
pub fn nearest<'a>(wrong: &str, candidates: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let mut scored: Vec<(usize, &str)> = candidates
        .into_iter()
        .filter(|it| *it != wrong)
        .filter_map(|it| Some((distance(wrong, it)?, it)))
        .collect();
    scored.sort();
    scored.dedup_by(|a, b| a.1 == b.1);
    // One good match is not helped by poor ones beside it.
    let best = scored.first().map_or(0, |it| it.0);
    scored.retain(|it| it.0 <= best + 4);
    scored.truncate(SUGGESTIONS_MAX);
    scored.into_iter().map(|it| it.1).collect()
}

/// Returns ``; did you mean `a`, `b` or `c`?``, or nothing.
pub fn did_you_mean(names: &[&str]) -> String {
    if names.is_empty() { String::new() } else { format!("; did you mean {}?", list(names, "or")) }
}

/// Returns `` `a`, `b` or `c` `` with the given word before the last one.
pub fn list<T: AsRef<str>>(names: &[T], word: &str) -> String {
    match names {
        [] => String::new(),
        [one] => format!("`{}`", one.as_ref()),
        [rest @ .., last] => {
            let rest: Vec<String> = rest.iter().map(|it| format!("`{}`", it.as_ref())).collect();
            format!("{} {word} `{}`", rest.join(", "), last.as_ref())
        }
    }
}

/// Returns the first `max` names as [`list`] does, and how many more there are.
pub fn some_of<T: AsRef<str>>(names: &[T], max: usize) -> String {
    match names.get(..max) {
        Some(first) if names.len() > max => {
            let first: Vec<String> = first.iter().map(|it| format!("`{}`", it.as_ref())).collect();
            format!("{} and {} more", first.join(", "), names.len() - max)
        }
        _ => list(names, "and"),
    }
}

/// How far `candidate` is from `wrong`, if it is near at all. A letter counts for two.
fn distance(wrong: &str, candidate: &str) -> Option<usize> {
    let (plain_wrong, plain_candidate) = (plain(wrong), plain(candidate));
    let (shortest, longest) = (
        plain_wrong.len().min(plain_candidate.len()),
        plain_wrong.len().max(plain_candidate.len()),
    );
    // A third of the letters may be wrong, but of a short name at least one. Names of very
    // different length need not be compared letter by letter.
    let most = (longest / 3).max(1);
    let letters = match longest - shortest <= most {
        true => edit_distance(&plain_wrong, &plain_candidate),
        false => longest,
    };
    let near = letters <= most && letters < longest;
    let begins = shortest >= 3
        && (plain_wrong.starts_with(&plain_candidate) || plain_candidate.starts_with(&plain_wrong));
    if near && letters <= 1 {
        Some(letters * 2)
    } else if begins || is_word_of(wrong, candidate) {
        Some(3)
    } else if near {
        Some(letters * 2)
    } else if shares_words(wrong, candidate) {
        Some(edit_distance(&plain_wrong, &plain_candidate) * 2 + 100)
    } else {
        None
    }
}

fn plain(name: &str) -> Vec<char> {
    name.chars().filter(|it| it.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn words(name: &str) -> Vec<String> {
    name.split(|c: char| !c.is_alphanumeric())
        .filter(|it| it.len() > 2)
        .map(str::to_lowercase)
        .collect()
}

/// Whether one of the names is a word of the other one.
fn is_word_of(a: &str, b: &str) -> bool {
    let (plain_a, plain_b) = (a.to_lowercase(), b.to_lowercase());
    words(b).contains(&plain_a) || words(a).contains(&plain_b)
}

fn shares_words(a: &str, b: &str) -> bool {
    let (a, b) = (words(a), words(b));
    a.iter().any(|word| b.contains(word))
}

/// The number of letters to insert, remove, replace or swap with the next.
fn edit_distance(a: &[char], b: &[char]) -> usize {
    let width = b.len() + 1;
    let mut table = vec![0_usize; (a.len() + 1) * width];
    for i in 0..=a.len() {
        for j in 0..=b.len() {
            table[i * width + j] = if i == 0 || j == 0 {
                i + j
            } else {
                let replace = table[(i - 1) * width + j - 1] + usize::from(a[i - 1] != b[j - 1]);
                let remove = table[(i - 1) * width + j] + 1;
                let insert = table[i * width + j - 1] + 1;
                let mut best = replace.min(remove).min(insert);
                if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                    best = best.min(table[(i - 2) * width + j - 2] + 1);
                }
                best
            };
        }
    }
    table[a.len() * width + b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(wrong: &str, expected: Expect) {
        let names = [
            "drivers",
            "max_ethports",
            "ibverbs_link",
            "mlx4",
            "mlx5",
            "ixgbe",
            "http2",
            "krb5",
            "max_lcores",
        ];
        expected.assert_eq(&list(&nearest(wrong, names), "or"));
    }

    #[test]
    fn near_names_are_found_by_letters_and_by_words() {
        check("max_ethport", expect!["`max_ethports`"]);
        check("maxEthPorts", expect!["`max_ethports`"]);
        check("link", expect!["`ibverbs_link`"]);
        check("max", expect!["`max_ethports` or `max_lcores`"]);
        check("driver_set", expect!["`drivers`"]);
        check("mlx6", expect!["`mlx4` or `mlx5`"]);
        check("htpt2", expect!["`http2`"]);
        check("zzzz", expect![""]);
        check("max_cores", expect!["`max_lcores`"]);
    }
}
