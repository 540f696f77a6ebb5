//! Specs on the command line, in both spellings.
//!
//! ```text
//! curl[http2, ~ldap, tls = mbedtls]      as in files; needs quotes in some shells
//! curl:http2,-ldap,tls=mbedtls           the same, for every shell
//! curl@8.18:http2                        of version 8.18, or one that begins so
//! dpdk:drivers+=mlx5+mlx4                sets are joined by `+`
//! ```

use kiln_lang::module::Name;

/// Returns the spec in the spelling of files.
pub(crate) fn canonical(text: &str) -> String {
    let head_end = text.find([':', '[']).unwrap_or(text.len());
    let (head, rest) = text.split_at(head_end);
    let (name, version) = match head.split_once('@') {
        Some((name, version)) => (name, Some(version)),
        None => (head, None),
    };
    let items = match rest.strip_prefix(':') {
        Some("") => String::new(),
        Some(items) => {
            let items: Vec<String> = items.split(',').map(|it| item(it.trim())).collect();
            format!("[{}]", items.join(", "))
        }
        None => rest.to_owned(),
    };
    // A version may also stand behind the brackets: `curl[http2]@8.18`.
    let (items, version) = match (version, items.rsplit_once("]@")) {
        (None, Some((items, version))) => (format!("{items}]"), Some(version.to_owned())),
        (version, _) => (items, version.map(str::to_owned)),
    };
    match version {
        Some(version) if !version.is_empty() => {
            let series = if version.ends_with(".*") { version } else { format!("{version}.*") };
            format!("{name}{items} == {series}")
        }
        _ => format!("{name}{items}"),
    }
}

/// Returns a spec in the spelling of files with the package in place of the name by which the project
/// wants a second instance of it: `curl[http3] as curl-h3`. The others stay as they are.
pub(crate) fn of_instance(spec: &str, aliases: &[(Name, Name)]) -> String {
    let is_of_name = |it: char| it.is_ascii_alphanumeric() || "-_+".contains(it);
    let end = spec.find(|it| !is_of_name(it)).unwrap_or(spec.len());
    let (name, rest) = spec.split_at(end);
    match aliases.iter().find(|it| it.0 == name) {
        Some((alias, package)) if !rest.contains(" as ") => format!("{package}{rest} as {alias}"),
        Some(_) | None => spec.to_owned(),
    }
}

/// One item of the shell-safe spelling.
fn item(text: &str) -> String {
    let at = ["+=", "-=", "="].into_iter().filter_map(|op| text.find(op).map(|at| (at, op))).min();
    match at {
        Some((at, op)) => {
            let (path, value) = (text[..at].trim(), text[at + op.len()..].trim());
            let is_list = value.contains('+') && !value.starts_with(['"', '{']);
            let value = if is_list {
                format!("{{{}}}", value.replace('+', ", "))
            } else {
                value.to_owned()
            };
            format!("{path} {op} {value}")
        }
        None => match text.strip_prefix('-') {
            Some(name) => format!("~{name}"),
            None => text.to_owned(),
        },
    }
}

/// Writes a spec, in the spelling of files, in the one that every shell takes as it is.
///
/// What that spelling cannot say stays as it is, and needs quotes.
pub(crate) fn for_shell(spec: &str) -> String {
    let written = shell_spelling(spec);
    let says_the_same = !written.contains('"') && canonical(&written) == spec;
    if says_the_same { written } else { spec.to_owned() }
}

fn shell_spelling(spec: &str) -> String {
    let (spec, version) = match spec.split_once(" == ") {
        Some((spec, series)) => (spec, format!("@{}", series.trim_end_matches(".*"))),
        None => (spec, String::new()),
    };
    let Some((name, items)) = spec.split_once('[') else { return format!("{spec}{version}") };
    let items = items.trim_end_matches(']');
    let items: Vec<String> = split(items)
        .into_iter()
        .map(|it| {
            let it = it.trim();
            match it.strip_prefix('~') {
                Some(name) => format!("-{name}"),
                None => it
                    .replace(" += ", "+=")
                    .replace(" -= ", "-=")
                    .replace(" = ", "=")
                    .replace(['{', '}'], "")
                    .replace(", ", "+"),
            }
        })
        .collect();
    format!("{name}{version}:{}", items.join(","))
}

/// Splits items at commas that are not in braces.
fn split(items: &str) -> Vec<&str> {
    let mut parts = Vec::new();
    let (mut depth, mut start) = (0, 0);
    for (at, c) in items.char_indices() {
        match c {
            '{' => depth += 1,
            '}' => depth -= 1,
            ',' if depth == 0 => {
                parts.push(&items[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    parts.push(&items[start..]);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        expected.assert_eq(&canonical(text));
    }

    #[test]
    fn both_spellings_mean_the_same() {
        check("curl", expect!["curl"]);
        check("curl[http2, ~ldap]", expect!["curl[http2, ~ldap]"]);
        check("curl:http2,-ldap", expect!["curl[http2, ~ldap]"]);
        check(
            "dpdk:drivers+=mlx5+mlx4,max_ethports=64",
            expect!["dpdk[drivers += {mlx5, mlx4}, max_ethports = 64]"],
        );
        check("curl:tls=mbedtls", expect!["curl[tls = mbedtls]"]);
        check("curl@8.18:http2", expect!["curl[http2] == 8.18.*"]);
        check("curl[http2]@8", expect!["curl[http2] == 8.*"]);
        check("curl@8.*", expect!["curl == 8.*"]);
        check("curl.libcurl:http2", expect!["curl.libcurl[http2]"]);
    }

    #[test]
    fn an_instance_is_named_as_the_project_does() {
        let aliases = [("curl-h3", "curl"), ("zlib", "zlib-ng")];
        let aliases = aliases.map(|it| (Name::from(it.0), Name::from(it.1)));
        let check = |spec: &str, expected: Expect| {
            expected.assert_eq(&of_instance(&canonical(spec), &aliases));
        };
        check("curl", expect!["curl"]);
        check("curl-h3", expect!["curl as curl-h3"]);
        check("curl-h3@8:http2,-ldap", expect!["curl[http2, ~ldap] == 8.* as curl-h3"]);
        check("curl-h3.libcurl", expect!["curl.libcurl as curl-h3"]);
        check("zlib", expect!["zlib-ng as zlib"]);
        check("curl-h33", expect!["curl-h33"]);
        check("curl-h3 as other", expect!["curl-h3 as other"]);
    }

    fn shell(text: &str, expected: Expect) {
        let written = for_shell(text);
        expected.assert_eq(&written);
        assert_eq!(canonical(&written), text);
    }

    #[test]
    fn what_is_printed_for_shells_reads_back() {
        shell("zlib", expect!["zlib"]);
        shell("curl[http2, ~ldap]", expect!["curl:http2,-ldap"]);
        shell(
            "dpdk[drivers += {mlx5, mlx4}, max_ethports = 64]",
            expect!["dpdk:drivers+=mlx5+mlx4,max_ethports=64"],
        );
        shell("curl[http2] == 8.18.*", expect!["curl@8.18:http2"]);
        shell("curl[suffix = \"a, b\"]", expect![[r#"curl[suffix = "a, b"]"#]]);
    }
}
