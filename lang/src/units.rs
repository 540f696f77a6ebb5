//! What units of sizes and times are called elsewhere.

/// Names of units elsewhere, in lower case, whether of sizes, and what they are here. Sizes are counted
/// in powers of 1024 alone.
const ELSEWHERE: &[(&str, bool, &str)] = &[
    ("byte", true, "B"),
    ("bytes", true, "B"),
    ("k", true, "KiB"),
    ("kb", true, "KiB"),
    ("kib", true, "KiB"),
    ("m", true, "MiB"),
    ("mb", true, "MiB"),
    ("mib", true, "MiB"),
    ("g", true, "GiB"),
    ("gb", true, "GiB"),
    ("gib", true, "GiB"),
    ("t", true, "TiB"),
    ("tb", true, "TiB"),
    ("tib", true, "TiB"),
    ("sec", false, "s"),
    ("secs", false, "s"),
    ("second", false, "s"),
    ("seconds", false, "s"),
    ("m", false, "min"),
    ("mins", false, "min"),
    ("minute", false, "min"),
    ("minutes", false, "min"),
    ("hr", false, "h"),
    ("hour", false, "h"),
    ("hours", false, "h"),
    ("day", false, "d"),
    ("days", false, "d"),
];

/// Returns how `64KB` or `2 MB` is written here: `64 KiB`; nothing if it is no number with a unit.
pub(crate) fn meant(text: &str, is_size: bool) -> Option<String> {
    let split = text.find(|c: char| !c.is_ascii_digit() && c != '_').filter(|it| *it > 0)?;
    let unit = text[split..].trim().to_lowercase();
    let (.., here) = ELSEWHERE.iter().find(|it| it.0 == unit && it.1 == is_size)?;
    Some(format!("{} {here}", &text[..split]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_have_one_name_here() {
        assert_eq!(meant("64KB", true).as_deref(), Some("64 KiB"));
        assert_eq!(meant("16kib", true).as_deref(), Some("16 KiB"));
        assert_eq!(meant("2 MB", true).as_deref(), Some("2 MiB"));
        assert_eq!(meant("90 sec", false).as_deref(), Some("90 s"));
        assert_eq!(meant("5m", false).as_deref(), Some("5 min"));
        assert_eq!(meant("1.0", true), None);
        assert_eq!(meant("MB", true), None);
    }
}
