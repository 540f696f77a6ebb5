//! `meson.build` and the file of options: calls with texts, lists and keywords.

use std::collections::BTreeSet;

use super::cmake::{is_version, tool};
use super::draft::{Draft, DraftOption, Need, OptionKind, Says, System};
use super::tree::Tree;

/// How many files are read.
const FILES_MAX: usize = 300;

/// How deep values stand in each other.
const DEPTH_MAX: usize = 64;

#[derive(Debug, Clone, PartialEq)]
enum Value {
    Text(String),
    Word(String),
    List(Vec<Value>),
    Call(Box<Call>),
}

#[derive(Debug, Clone, PartialEq)]
struct Call {
    name: String,
    positional: Vec<Value>,
    keywords: Vec<(String, Value)>,
    line: usize,
}

pub(super) fn read(tree: &Tree, draft: &mut Draft) -> bool {
    if !tree.has("meson.build") {
        return false;
    }
    draft.system = System::Meson;
    for name in ["meson.options", "meson_options.txt"] {
        if let Some(text) = tree.text(name) {
            calls(&text).iter().filter(|it| it.name == "option").for_each(|it| option(it, draft));
            break;
        }
    }
    file(tree, draft, "", &mut BTreeSet::new());
    true
}

fn file(tree: &Tree, draft: &mut Draft, folder: &str, seen: &mut BTreeSet<String>) {
    let path =
        if folder.is_empty() { "meson.build".to_owned() } else { format!("{folder}/meson.build") };
    if seen.len() >= FILES_MAX || !seen.insert(path.clone()) {
        return;
    }
    let Some(text) = tree.text(&path) else { return };
    for call in calls(&text) {
        let place = format!("{path}:{}", call.line);
        match call.name.as_str() {
            "project" if folder.is_empty() => project(&call, draft),
            "add_languages" => {
                draft.is_cxx |= call.texts().any(|it| it == "cpp");
            }
            "dependency" => dependency(&call, place, draft),
            "find_program" => {
                let required = call.keyword("required");
                let is_required = required != Some(&Value::Word("false".into()));
                // What lies in the tree is found there.
                let is_own = |it: &&str| {
                    tree.has(it) || tree.has(&format!("{folder}/{it}")) || it.contains('/')
                };
                if let Some(name) = call.texts().next().filter(|it| is_required && !is_own(it)) {
                    draft.need(tool(name, place));
                }
            }
            "subdir" => {
                if let Some(below) = call.texts().next() {
                    let below = if folder.is_empty() {
                        below.to_owned()
                    } else {
                        format!("{folder}/{below}")
                    };
                    file(tree, draft, &below, seen);
                }
            }
            _ => {}
        }
    }
}

fn project(call: &Call, draft: &mut Draft) {
    draft.is_cxx |= call.texts().skip(1).any(|it| it == "cpp");
    if let Some(Value::Text(version)) = call.keyword("version")
        && is_version(version)
    {
        draft.version.get_or_insert(version.clone());
    }
    let license = match call.keyword("license") {
        Some(Value::List(items)) => items.first(),
        other => other,
    };
    if let Some(Value::Text(license)) = license
        && license.chars().all(|it| it.is_ascii_alphanumeric() || " .-+()".contains(it))
        && license.contains(['-', 'M', 'Z'])
    {
        draft.license = Some(license.clone());
    }
}

fn dependency(call: &Call, place: String, draft: &mut Draft) {
    let Some(name) = call.texts().next() else { return };
    let bound = match call.keyword("version") {
        Some(Value::Text(text)) => Some(text.as_str()),
        Some(Value::List(items)) => items.iter().find_map(|it| match it {
            Value::Text(text) if text.starts_with(">=") => Some(text.as_str()),
            _ => None,
        }),
        _ => None,
    };
    let version = bound
        .and_then(|it| it.strip_prefix(">="))
        .map(str::trim)
        .filter(|it| is_version(it))
        .map(|it| format!(">= {it}"));
    let (is_required, option) = match call.keyword("required") {
        None => (true, None),
        Some(Value::Word(word)) => (word == "true", None),
        Some(Value::Call(of)) if of.name == "get_option" => {
            (true, of.texts().next().map(str::to_owned))
        }
        Some(_) => (false, None),
    };
    draft.need(Need { name: name.to_owned(), version, is_tool: false, is_required, option, place });
}

fn option(call: &Call, draft: &mut Draft) {
    let Some(name) = call.texts().next().map(str::to_owned) else { return };
    let doc = match call.keyword("description") {
        Some(Value::Text(text)) => text.clone(),
        _ => String::new(),
    };
    let text_of = |value: Option<&Value>| match value {
        Some(Value::Text(text) | Value::Word(text)) => Some(text.clone()),
        _ => None,
    };
    let default = text_of(call.keyword("value"));
    let word = text_of(call.keyword("type"));
    let kind_name = word.as_deref();
    let is_auto =
        kind_name == Some("feature") && !matches!(default.as_deref(), Some("enabled" | "disabled"));
    let number = |key: &str| text_of(call.keyword(key)).and_then(|it| it.parse::<i64>().ok());
    let kind = match kind_name {
        Some("boolean") => OptionKind::Switch {
            is_on: default.as_deref() != Some("false"),
            says: Says::Words { on: "true", off: "false" },
        },
        Some("feature") => OptionKind::Switch {
            is_on: default.as_deref() == Some("enabled"),
            says: Says::Words { on: "enabled", off: "disabled" },
        },
        Some("combo") => {
            let Some(Value::List(items)) = call.keyword("choices") else { return };
            let values: Vec<String> = items.iter().filter_map(|it| text_of(Some(it))).collect();
            // Values that are no names cannot be values of an enum; upstream's default then stands.
            if values.is_empty() || !values.iter().all(|it| is_word(it)) {
                return;
            }
            let default =
                default.filter(|it| values.contains(it)).unwrap_or_else(|| values[0].clone());
            OptionKind::Choice { values, default }
        }
        Some("integer") => {
            let (min, max) = (number("min"), number("max"));
            let Some(default) = number("value") else { return };
            OptionKind::Number { min, max, default }
        }
        // What is free text has a default that fits, and can be added to `args`.
        _ => return,
    };
    draft.option(DraftOption { name, doc, kind, is_auto });
}

fn is_word(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || it == '_')
        && !matches!(text, "true" | "false" | "null")
}

impl Call {
    /// Its arguments without a name that are texts.
    fn texts(&self) -> impl Iterator<Item = &str> {
        let flat = self.positional.iter().flat_map(|it| match it {
            Value::List(items) => items.as_slice(),
            one => std::slice::from_ref(one),
        });
        flat.filter_map(|it| match it {
            Value::Text(text) => Some(text.as_str()),
            _ => None,
        })
    }

    fn keyword(&self, name: &str) -> Option<&Value> {
        self.keywords.iter().find(|it| it.0 == name).map(|it| &it.1)
    }
}

/// The calls of a file, wherever they stand, outer ones before those in their arguments.
fn calls(text: &str) -> Vec<Call> {
    let tokens = tokens(text);
    let mut found = Vec::new();
    let mut at = 0;
    while at < tokens.len() {
        match call(&tokens, &mut at, 0) {
            Some(call) => gather(call, &mut found),
            None => at += 1,
        }
    }
    found
}

fn gather(call: Call, found: &mut Vec<Call>) {
    let inner: Vec<Value> =
        call.positional.iter().chain(call.keywords.iter().map(|it| &it.1)).cloned().collect();
    found.push(call);
    for value in inner {
        match value {
            Value::Call(call) => gather(*call, found),
            Value::List(items) => {
                for item in items {
                    if let Value::Call(call) = item {
                        gather(*call, found);
                    }
                }
            }
            Value::Text(_) | Value::Word(_) => {}
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Text(String),
    Sign(char),
}

fn tokens(text: &str) -> Vec<(Token, usize)> {
    let mut tokens = Vec::new();
    let mut line = 1;
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '\'' => {
                let quote = if rest.starts_with("'''") { "'''" } else { "'" };
                let body = &rest[quote.len()..];
                let mut end = body.find(quote).unwrap_or(body.len());
                while quote == "'" && body[..end].ends_with('\\') && end < body.len() {
                    end = body[end + 1..].find(quote).map_or(body.len(), |it| end + 1 + it);
                }
                tokens.push((Token::Text(body[..end].replace("\\'", "'")), line));
                (quote.len() + end + quote.len()).min(rest.len())
            }
            it if it.is_ascii_alphanumeric() || it == '_' || it == '-' => {
                let is_part = |it: char| it.is_ascii_alphanumeric() || it == '_' || it == '-';
                let end = rest.find(|it| !is_part(it)).unwrap_or(rest.len());
                tokens.push((Token::Word(rest[..end].to_owned()), line));
                end
            }
            it => {
                if !it.is_whitespace() {
                    tokens.push((Token::Sign(it), line));
                }
                it.len_utf8()
            }
        };
        line += rest[..length].bytes().filter(|it| *it == b'\n').count();
        rest = &rest[length..];
    }
    tokens
}

/// A call that begins at a token.
fn call(tokens: &[(Token, usize)], at: &mut usize, depth: usize) -> Option<Call> {
    let (Token::Word(name), line) = tokens.get(*at)? else { return None };
    if tokens.get(*at + 1).map(|it| &it.0) != Some(&Token::Sign('(')) || depth > DEPTH_MAX {
        return None;
    }
    *at += 2;
    let mut call =
        Call { name: name.clone(), positional: Vec::new(), keywords: Vec::new(), line: *line };
    while let Some((token, _)) = tokens.get(*at) {
        match token {
            Token::Sign(')') => {
                *at += 1;
                return Some(call);
            }
            Token::Word(key) if tokens.get(*at + 1).map(|it| &it.0) == Some(&Token::Sign(':')) => {
                *at += 2;
                let value = value(tokens, at, depth + 1)?;
                call.keywords.push((key.clone(), value));
            }
            Token::Sign(',') => *at += 1,
            _ => match value(tokens, at, depth + 1) {
                Some(value) => call.positional.push(value),
                None => *at += 1,
            },
        }
    }
    Some(call)
}

fn value(tokens: &[(Token, usize)], at: &mut usize, depth: usize) -> Option<Value> {
    if depth > DEPTH_MAX {
        return None;
    }
    if let Some(call) = call(tokens, at, depth) {
        return Some(Value::Call(Box::new(call)));
    }
    match &tokens.get(*at)?.0 {
        Token::Text(text) => {
            *at += 1;
            Some(Value::Text(text.clone()))
        }
        Token::Word(word) => {
            *at += 1;
            Some(Value::Word(word.clone()))
        }
        Token::Sign('[') => {
            *at += 1;
            let mut items = Vec::new();
            while let Some((token, _)) = tokens.get(*at) {
                match token {
                    Token::Sign(']') => {
                        *at += 1;
                        break;
                    }
                    _ => match value(tokens, at, depth + 1) {
                        Some(value) => items.push(value),
                        None => *at += 1,
                    },
                }
            }
            Some(Value::List(items))
        }
        Token::Sign(_) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::tree::noise;

    #[test]
    fn calls_are_read_wherever_they_stand() {
        let text = "project('a', ['c', 'cpp'], version : '1.2') # dependency('no')\n\
                    x = [dependency('zlib', required : get_option('z'))]\n'''find_program('no')'''";
        let names: Vec<String> = calls(text).into_iter().map(|it| it.name).collect();
        assert_eq!(names, ["project", "dependency", "get_option"]);
    }

    #[test]
    fn whatever_the_text_it_is_read_to_its_end() {
        for seed in 0..400 {
            calls(&noise(seed, "abf(),:[]'\"#\\\n= {}"));
        }
        calls(&"a([".repeat(20_000));
    }
}
