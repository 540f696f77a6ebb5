//! What a `configure` looks for, and what it does about options that nobody gives: read line by
//! line, never run.

use std::collections::{BTreeMap, BTreeSet};

use super::cmake::{is_version, tool};
use super::draft::{Draft, Need, usual_name};

/// How deep blocks stand in each other, at most; what is deeper is read as if it were not.
const DEPTH_MAX: usize = 256;

/// How many lines behind the question whether an option was given are looked at.
const BLOCK_LINES_MAX: usize = 200;

/// How long the value of a variable of the shell may be that is filled in, in bytes.
const VALUE_BYTES_MAX: usize = 4096;

/// How many packages are looked for, and how many ends of the script are kept.
const NEEDS_MAX: usize = 500;

/// What counts for an option that nobody gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unsaid {
    /// It is on.
    On,
    /// It is off.
    Off,
    /// It is on if what it needs is found.
    Auto,
}

/// What counts for the options that nobody gives.
pub(super) struct Defaults<'t> {
    /// What the branch for options that were not given sets, by verb and name: `enable-http`.
    set: BTreeMap<&'t str, Unsaid>,
    /// The variables of the shell that are compared with `no`: what was not given is tried.
    tried: BTreeSet<&'t str>,
}

impl<'t> Defaults<'t> {
    pub(super) fn read(text: &'t str) -> Defaults<'t> {
        let mut defaults = Defaults { set: BTreeMap::new(), tried: BTreeSet::new() };
        let mut lines = text.lines();
        while let Some(line) = lines.next() {
            let option = line.strip_prefix("# Check whether --");
            if let Some(option) = option.and_then(|it| it.strip_suffix(" was given."))
                && let Some(unsaid) = otherwise(lines.clone().take(BLOCK_LINES_MAX))
            {
                defaults.set.entry(option).or_insert(unsaid);
            }
            let variables = line.split('$').skip(1).map(|it| it.trim_start_matches('{'));
            for rest in variables {
                let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
                let (variable, rest) = rest.split_at(end.unwrap_or(rest.len()));
                if is_compared(rest, "!=", "no") {
                    defaults.tried.insert(variable);
                }
            }
        }
        defaults
    }

    /// Returns what counts for an option: `verb` is `enable` or `with`.
    pub(super) fn of(&self, verb: &str, name: &str) -> Option<Unsaid> {
        let is_tried = || self.tried.contains(format!("{verb}_{}", shell_name(name)).as_str());
        let set = self.set.get(format!("{verb}-{name}").as_str()).copied();
        set.or_else(|| is_tried().then_some(Unsaid::Auto))
    }
}

/// What the branch sets that is taken where an option was not given.
fn otherwise<'t>(lines: impl Iterator<Item = &'t str>) -> Option<Unsaid> {
    let mut depth = 0usize;
    let mut is_else = false;
    for part in lines.flat_map(parts) {
        match part {
            Part::If(_) => depth += 1,
            Part::Else if depth == 1 => is_else = true,
            Part::End if depth <= 1 => return None,
            Part::End => depth -= 1,
            Part::Other(it) if is_else && depth == 1 => {
                match it.split_once('=').map_or("", |it| it.1.trim_matches(['"', '\''])) {
                    "yes" | "true" | "1" => return Some(Unsaid::On),
                    "no" | "false" | "0" => return Some(Unsaid::Off),
                    "auto" | "check" | "maybe" | "detect" => return Some(Unsaid::Auto),
                    _ => {}
                }
            }
            Part::Else | Part::Elif(_) | Part::Other(_) => {}
        }
    }
    None
}

/// Finds the modules of pkg-config and the libraries that it looks for.
pub(super) fn needs(text: &str, draft: &mut Draft) {
    let options: BTreeMap<String, String> = draft
        .options
        .iter()
        .flat_map(|it| {
            ["enable", "with"].map(|verb| (format!("{verb}_{}", shell_name(&it.name)), &it.name))
        })
        .map(|(variable, name)| (variable, name.clone()))
        .collect();
    // What ends the script if it is not there has a text of its own.
    let required: BTreeSet<&str> = text
        .split("\"Package requirements (")
        .skip(1)
        .filter_map(|it| it.split_once(") were not met").map(|it| it.0))
        .collect();
    let mut reader = Reader { options, required, ..Reader::default() };
    for (index, line) in text.lines().enumerate() {
        reader.line(index + 1, line, draft);
    }
    for need in &mut draft.needs {
        let is_refused = need.option.is_none() && reader.refusals.iter().any(|it| it.is_of(need));
        need.is_required |= is_refused;
    }
}

#[derive(Default)]
struct Reader<'t> {
    /// The options, by the variables of the shell that hold them.
    options: BTreeMap<String, String>,
    required: BTreeSet<&'t str>,
    variables: BTreeMap<&'t str, String>,
    /// The options whose blocks are around.
    around: Vec<Option<String>>,
    /// The line that ends the text which is read.
    until: Option<String>,
    asked: BTreeSet<String>,
    refusals: Vec<Refusal>,
}

impl<'t> Reader<'t> {
    fn line(&mut self, number: usize, line: &'t str, draft: &mut Draft) {
        let bare = line.trim();
        if let Some(until) = &self.until {
            if bare == until {
                self.until = None;
            }
            return;
        }
        if bare.starts_with('#') {
            return;
        }
        self.until = here_document(bare);
        for part in parts(line) {
            match part {
                Part::If(condition) if self.around.len() < DEPTH_MAX => {
                    let option = self.option(condition);
                    self.around.push(option);
                }
                Part::Elif(condition) => {
                    let option = self.option(condition);
                    if let Some(last) = self.around.last_mut() {
                        *last = option;
                    }
                }
                Part::Else => {
                    if let Some(last) = self.around.last_mut() {
                        *last = None;
                    }
                }
                Part::End => {
                    self.around.pop();
                }
                Part::Other(it) => self.assignment(it),
                Part::If(_) => {}
            }
        }
        let place = format!("configure:{number}");
        if let Some(rest) = bare.strip_prefix("($PKG_CONFIG --exists --print-errors \"")
            && let Some((spec, _)) = rest.split_once('"')
        {
            self.modules(spec, &place, draft);
        } else if let Some((_, rest)) = bare.split_once(" in -l")
            && bare.contains("$as_me:")
            && bare.contains("checking for ")
        {
            let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || "+-_.".contains(it)));
            self.library(rest.get(..end.unwrap_or(rest.len())).unwrap_or(rest), &place, draft);
        } else if let Some(libraries) = bare.strip_prefix("for ac_lib in ") {
            let libraries = libraries.trim_end_matches("; do").split_whitespace();
            libraries.for_each(|it| self.library(it, &place, draft));
        } else if let Some((_, text)) = bare.split_once("as_fn_error $? \"")
            && self.around.iter().all(Option::is_none)
        {
            let room = NEEDS_MAX.saturating_sub(self.refusals.len());
            self.refusals.extend(Refusal::new(text).into_iter().take(room));
        }
    }

    /// `mods="glib-2.0 >= 2.16"`
    fn assignment(&mut self, statement: &'t str) {
        let Some((name, value)) = statement.split_once('=') else { return };
        if !name.is_empty() && name.chars().all(|it| it.is_ascii_alphanumeric() || it == '_') {
            match self.expand(value.trim_matches(['"', '\''])) {
                Some(value) => self.variables.insert(name, value),
                None => self.variables.remove(name),
            };
        }
    }

    /// Fills in the variables; nothing if one is not known.
    fn expand(&self, text: &str) -> Option<String> {
        let mut parts = text.split('$');
        let mut out = parts.next()?.to_owned();
        for part in parts {
            let (braces, part) = match part.strip_prefix('{') {
                Some(part) => (true, part),
                None => (false, part),
            };
            let end = part.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
            let (name, rest) = part.split_at(end.unwrap_or(part.len()));
            out.push_str(self.variables.get(name)?);
            out.push_str(if braces { rest.strip_prefix('}')? } else { rest });
            if out.len() > VALUE_BYTES_MAX {
                return None;
            }
        }
        (!out.contains('`')).then_some(out)
    }

    /// The option that a condition asks to be on.
    fn option(&self, condition: &str) -> Option<String> {
        let asks = |variable: &str| {
            compares(condition, variable, "!=", "no") || compares(condition, variable, "=", "yes")
        };
        // One of two things is not this one.
        let options = self.options.iter().filter(|_| !condition.contains("||"));
        options.filter(|it| asks(it.0)).map(|it| it.1.clone()).next()
    }

    fn around(&self) -> Option<String> {
        self.around.iter().rev().find_map(Clone::clone)
    }

    /// `glib-2.0 >= 2.16, libfoo`
    fn modules(&mut self, spec: &str, place: &str, draft: &mut Draft) {
        let is_too_much = spec.len() > VALUE_BYTES_MAX || draft.needs.len() > NEEDS_MAX;
        if is_too_much || !self.asked.insert(spec.to_owned()) {
            return;
        }
        draft.need(tool("pkgconf", place.to_owned()));
        let Some(known) = self.expand(spec) else {
            draft.note(&format!(
                "{place} asks pkg-config for `{spec}`: add what stands there, as `host PACKAGE`."
            ));
            return;
        };
        let is_required = self.required.contains(spec);
        let spaced = known.replace(',', " ").replace(">=", " >= ");
        let mut words = spaced.split_whitespace().peekable();
        while let Some(name) = words.next() {
            let mut version = None;
            if words.peek().is_some_and(|it| it.starts_with(['<', '>', '=', '!'])) {
                let bound = words.next();
                let number = words.next().filter(|it| bound == Some(">=") && is_version(it));
                version = number.map(|it| format!(">= {it}"));
            }
            let (name, option) = (name.to_owned(), self.around());
            let place = place.to_owned();
            draft.need(Need { name, version, is_tool: false, is_required, option, place });
        }
    }

    fn library(&self, name: &str, place: &str, draft: &mut Draft) {
        let is_name = |it: char| it.is_ascii_alphanumeric() || "+-_.".contains(it);
        if draft.needs.len() > NEEDS_MAX || name.is_empty() || !name.chars().all(is_name) {
            return;
        }
        draft.need(Need {
            name: name.to_owned(),
            version: None,
            is_tool: false,
            is_required: false,
            option: self.around(),
            place: place.to_owned(),
        });
    }
}

/// What the script says when it ends because something is not there, word by word.
struct Refusal(Vec<String>);

impl Refusal {
    fn new(text: &str) -> Option<Refusal> {
        let lower = text.to_lowercase();
        let signs = ["not found", "required", "missing", "cannot find", "could not find", "need"];
        if !signs.iter().any(|it| lower.contains(it)) {
            return None;
        }
        let words = lower.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| it.len() > 3);
        let says_nothing = |it: &&str| {
            matches!(
                *it,
                "found" | "required" | "missing" | "library" | "cannot" | "could" | "find"
            )
        };
        Some(Refusal(words.filter(|it| !says_nothing(it)).map(str::to_owned).collect()))
    }

    fn is_of(&self, need: &Need) -> bool {
        [need.name.to_lowercase(), usual_name(&need.name)].iter().any(|name| {
            let bare = name.strip_prefix("lib").unwrap_or(name);
            self.0.iter().any(|it| name.contains(it) || bare.len() > 3 && it.contains(bare))
        })
    }
}

/// A statement of a line, as far as blocks go.
#[derive(Clone, Copy)]
enum Part<'t> {
    If(&'t str),
    Elif(&'t str),
    Else,
    End,
    Other(&'t str),
}

fn parts(line: &str) -> impl Iterator<Item = Part<'_>> {
    line.split(';').map(|it| {
        let mut it = it.trim();
        for word in ["then ", "do ", "{ "] {
            it = it.strip_prefix(word).unwrap_or(it).trim_start();
        }
        if let Some(condition) = it.strip_prefix("if ") {
            Part::If(condition)
        } else if let Some(condition) = it.strip_prefix("elif ") {
            Part::Elif(condition)
        } else if it == "else" || it.starts_with("else ") {
            Part::Else
        } else if it == "fi" || it.starts_with("fi ") {
            Part::End
        } else {
            Part::Other(it)
        }
    })
}

/// The line that ends the text that begins behind this one.
fn here_document(line: &str) -> Option<String> {
    let (_, rest) = line.split_once("<<")?;
    let rest = rest.trim_start_matches(['-', ' ', '\\', '\'', '"']);
    let end = rest.find(|it: char| !(it.is_ascii_alphanumeric() || it == '_'));
    let word = rest.get(..end.unwrap_or(rest.len()))?;
    word.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_').then(|| word.to_owned())
}

/// Whether a line compares a variable of the shell with a word: `"x$foo" != xno`.
fn compares(line: &str, variable: &str, sign: &str, word: &str) -> bool {
    line.match_indices(variable).any(|(at, _)| {
        let rest = &line[at + variable.len()..];
        line[..at].ends_with(['$', '{'])
            && !rest.starts_with(|it: char| it.is_ascii_alphanumeric() || it == '_')
            && is_compared(rest, sign, word)
    })
}

/// Whether what stands in front of this is compared with a word.
fn is_compared(rest: &str, sign: &str, word: &str) -> bool {
    (rest.trim_start_matches(['}', '"', ' ']).strip_prefix(sign))
        .is_some_and(|it| it.trim_start_matches([' ', '"', 'x', 'X']).starts_with(word))
}

/// An option as the shell has it in a name: `foo-bar` is `foo_bar`.
fn shell_name(option: &str) -> String {
    option.replace(|it: char| !it.is_ascii_alphanumeric(), "_")
}
