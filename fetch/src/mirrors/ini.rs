//! Files of `key = value` lines, with or without sections: pip's and npm's.

/// One setting of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Setting<'a> {
    /// The line of the key, counted from 1.
    pub(crate) line: usize,
    /// The `[section]` it stands in; empty before the first.
    pub(crate) section: &'a str,
    pub(crate) key: &'a str,
    /// The values: one, or one for each indented line after the key.
    pub(crate) values: Vec<&'a str>,
}

/// Reads all settings, in order; lines that are none are skipped.
pub(crate) fn settings(text: &str) -> Vec<Setting<'_>> {
    let mut settings: Vec<Setting<'_>> = Vec::new();
    let mut section = "";
    for (index, line) in text.lines().enumerate() {
        let trimmed = line.trim();
        if trimmed.is_empty() || trimmed.starts_with(['#', ';']) {
            continue;
        }
        if line.starts_with([' ', '\t'])
            && let Some(last) = settings.last_mut()
        {
            last.values.push(trimmed);
            continue;
        }
        if let Some(name) = trimmed.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
            section = name.trim();
            continue;
        }
        let Some((key, value)) = trimmed.split_once(['=', ':']) else { continue };
        let value = value.trim();
        let values = if value.is_empty() { Vec::new() } else { vec![value] };
        settings.push(Setting { line: index + 1, section, key: key.trim(), values });
    }
    settings
}
