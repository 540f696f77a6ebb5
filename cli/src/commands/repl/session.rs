//! What has been declared and loaded, and how lines are evaluated in it.
//!
//! A session is a file: that which was loaded, or an empty module, and behind it what was declared
//! since. An expression is checked as the value of one more `let`, so that all that the file can say
//! can be said, and all that is wrong is said as `kiln check` says it.

use std::collections::BTreeSet;
use std::path::Path;

use kiln_eval::{Assume, Constants, setup};
use kiln_lang::module::ModuleKind;
use kiln_lang::{Database, Diagnostic, FileId, Label, TextRange, TextSize};

use crate::render;
use crate::terminal::{Style, Terminal, harmless};
use crate::workspace::Workspace;

use super::documentation;

/// The file of a session in which nothing was loaded.
const PATH: &str = "repl:repl.kiln";
const TEXT: &str = "module repl\n";

/// The let that an expression is the value of.
const VALUE: &str = "repl_value";

/// The words that declarations begin with.
const DECLARATIONS: &[&str] = &["let", "fn", "enum", "type", "record", "use"];

/// Words of the language, for completion.
const WORDS: &[&str] = &[
    "all",
    "dir",
    "else",
    "enum",
    "facts",
    "fail",
    "fetch",
    "file",
    "fn",
    "for",
    "has",
    "if",
    "in",
    "let",
    "machine",
    "match",
    "max",
    "min",
    "null",
    "off",
    "on",
    "platform",
    "record",
    "then",
    "toolchain",
    "type",
    "use",
    "version",
    "when",
];

/// What is wrong has been shown.
#[derive(Debug)]
pub(super) struct Shown;

pub(super) struct Session {
    workspace: Workspace,
    terminal: Terminal,
    assume: Assume,
    path: String,
    /// The loaded file, which ends with a line break.
    base: String,
    /// What was declared since: the name, if it has one, and the text.
    items: Vec<(Option<String>, String)>,
}

/// A session's file with something more at its end.
struct Tried {
    db: Database,
    file: FileId,
    /// Where what was typed begins in the file, how long it is, and the text that stands for it.
    typed: Vec<(usize, usize, FileId)>,
}

impl Session {
    pub(super) fn new(workspace: Workspace, terminal: Terminal) -> Session {
        // Machines are known, and options have their defaults: what would be if nothing asked for
        // anything else.
        let machines = setup(&workspace.db, &workspace.request).ok().map(|it| it.0);
        let (platform, machine) = machines.map(|it| (it.platform, it.machine)).unzip();
        let assume = Assume { version: None, defaults: true, platform, machine };
        let (path, base, items) = (PATH.to_owned(), TEXT.to_owned(), Vec::new());
        Session { workspace, terminal, assume, path, base, items }
    }

    pub(super) fn reset(&mut self) {
        (self.path, self.base) = (PATH.to_owned(), TEXT.to_owned());
        self.items.clear();
    }

    /// Answers a declaration or an expression.
    pub(super) fn line(&mut self, text: &str) -> Result<String, Shown> {
        let word = text.split(|it: char| !it.is_alphanumeric() && it != '_').next().unwrap_or("");
        if DECLARATIONS.contains(&word) { self.declare(word, text) } else { self.expression(text) }
    }

    /// Returns the type of an expression.
    pub(super) fn type_of(&self, expr: &str) -> Result<String, Shown> {
        let tried = self.try_expression(expr)?;
        Ok(format!("{}\n", harmless(&type_of_let(&tried, VALUE))))
    }

    /// Reads a file, in which everything stands from now on.
    pub(super) fn load(&mut self, file: &Path) -> Result<String, Shown> {
        let path = match std::path::absolute(file) {
            Ok(path) => path.display().to_string(),
            Err(error) => {
                return self.complain(&format!("cannot find {}: {error}", file.display()), None);
            }
        };
        // As it is now, even if it was loaded before.
        let db = self.workspace.db.with_file(&path, None);
        let id = db.file(&path);
        let diagnostics = db.diagnostics(id);
        self.show(&db, &diagnostics);
        if diagnostics.iter().any(Diagnostic::is_error) {
            return Err(Shown);
        }
        let checked = db.checked(id);
        let kind = checked.module().kind;
        if !matches!(kind, Some(ModuleKind::Recipe | ModuleKind::Module | ModuleKind::Interface)) {
            let kind = kind.map_or_else(|| "file".to_owned(), |it| it.to_string());
            let message = format!("{} is no recipe and no module, but: {kind}", file.display());
            return self.complain(&message, Some("layers have no values of their own"));
        }
        let mut text = db.text(id).to_string();
        if !text.ends_with('\n') {
            text.push('\n');
        }
        (self.path, self.base) = (path, text);
        self.items.clear();
        let versions = &checked.schema.versions;
        let newest = versions.iter().find(|it| it.preferred).or(versions.first());
        self.assume.version = newest.map(|it| it.version.clone());
        self.workspace.db = db;
        let name = checked.schema.name().to_owned();
        Ok(match (kind, &self.assume.version) {
            (Some(kind), Some(version)) => format!("{kind} {name} {version}, by default\n"),
            (Some(kind), None) => format!("{kind} {name}\n"),
            (None, _) => String::new(),
        })
    }

    pub(super) fn documentation(&self, name: &str) -> Result<String, Shown> {
        let tried = self.try_text("", 0)?;
        match documentation::of(&tried.db, tried.file, name, &self.terminal) {
            Some(text) => Ok(text),
            None => {
                let names = documentation::names(&tried.db, tried.file);
                let near = kiln_lang::nearest(name, names.iter().map(String::as_str));
                let message =
                    format!("nothing is called `{name}`{}", kiln_lang::did_you_mean(&near));
                self.complain(&message, None)
            }
        }
    }

    /// Says what cannot be done.
    pub(super) fn complain(&self, message: &str, advice: Option<&str>) -> Result<String, Shown> {
        eprintln!("{} {}", self.terminal.paint(Style::Red, "error:"), harmless(message));
        if let Some(advice) = advice {
            eprintln!("  {} {advice}", self.terminal.paint(Style::Cyan, "help:"));
        }
        Err(Shown)
    }

    /// Whether a line goes on with the next one: a bracket or a long string has no end.
    pub(super) fn is_open(&self, text: &str) -> bool {
        let trimmed = text.trim_start();
        if trimmed.starts_with(':') || trimmed.is_empty() {
            return false;
        }
        let word = trimmed.split(|it: char| !it.is_alphanumeric()).next().unwrap_or("");
        let item = match DECLARATIONS.contains(&word) {
            true => text.to_owned(),
            false => format!("let {VALUE} = {text}"),
        };
        let whole = format!("{TEXT}{item}\n");
        let parse = kiln_lang::syntax::parse(&whole);
        use kiln_lang::syntax::SyntaxErrorKind as Kind;
        parse.errors().iter().any(|it| match &it.kind {
            // What a string on one line lacks, another line does not bring.
            Kind::UnclosedString => {
                whole[it.range].starts_with("\"\"\"") || whole[it.range].starts_with("sh\"\"\"")
            }
            Kind::Unclosed { .. } => whole[usize::from(it.range.start())..].trim().is_empty(),
            // `(1 +`: what is missed first is not the bracket.
            Kind::Expected { .. } => {
                whole[usize::from(it.range.start())..].trim().is_empty() && depth(text) > 0
            }
            _ => false,
        })
    }

    /// The names that lines may begin with.
    pub(super) fn names(&self) -> BTreeSet<String> {
        let mut names: BTreeSet<String> = WORDS.iter().map(|it| (*it).to_owned()).collect();
        names.extend(self.items.iter().filter_map(|it| it.0.clone()));
        let file = self.workspace.db.file(&self.path);
        if self.path != PATH {
            names.extend(documentation::own_names(&self.workspace.db, file));
        }
        names
    }

    //------ lines

    fn declare(&mut self, word: &str, text: &str) -> Result<String, Shown> {
        let name = text[word.len()..]
            .trim_start()
            .split(|it: char| !it.is_alphanumeric() && it != '_' && it != '-')
            .next()
            .filter(|it| !it.is_empty() && word != "use")
            .map(str::to_owned);
        // What is declared again replaces what had its name.
        let old = self.items.iter().position(|it| it.0.is_some() && it.0 == name);
        let before = self.items.clone();
        old.map(|at| self.items.remove(at));
        self.items.push((name.clone(), text.to_owned()));
        let answer = self.try_text("", 0).and_then(|tried| match (&name, word) {
            (Some(name), "let") => {
                let value = self.value_of(&tried, name)?;
                Ok(format!("{name}: {} = {value}\n", type_of_let(&tried, name)))
            }
            _ => Ok(String::new()),
        });
        if answer.is_err() {
            self.items = before;
        }
        answer.map(|it| harmless(&it))
    }

    fn expression(&self, text: &str) -> Result<String, Shown> {
        let tried = self.try_expression(text)?;
        let value = harmless(&self.value_of(&tried, VALUE)?);
        let ty = format!(": {}", harmless(&type_of_let(&tried, VALUE)));
        Ok(format!("{value} {}\n", self.terminal.paint(Style::Dim, &ty)))
    }

    fn value_of(&self, tried: &Tried, name: &str) -> Result<String, Shown> {
        let mut constants = Constants::new(&tried.db, tried.file, self.assume.clone());
        match constants.let_named(name) {
            Some(Ok(value)) => Ok(value.source()),
            Some(Err(why)) => {
                let diagnostic = tried.as_typed(why.into_diagnostic());
                self.show(&tried.db, &[diagnostic]);
                Err(Shown)
            }
            None => {
                self.complain(
                    "this has no value",
                    Some("an expression has one; a declaration begins with `let`"),
                )?;
                Err(Shown)
            }
        }
    }

    fn try_expression(&self, text: &str) -> Result<Tried, Shown> {
        let before = format!("let {VALUE} = ");
        let tried = self.try_text(&format!("{before}{text}\n"), before.len())?;
        // More than an expression would be an item of the file.
        let module = &tried.db.lowered(tried.file).module;
        let root = module.root.map(|it| &module.bodies[it]);
        let is_last = root
            .and_then(|it| it.options.last())
            .is_some_and(|it| it.ident.name == VALUE && it.default.is_some());
        if is_last {
            Ok(tried)
        } else {
            self.complain("this is no expression", None).map(|_| tried)
        }
    }

    /// Checks the session's file with a text at its end, of which the user has typed what stands
    /// behind `from`.
    fn try_text(&self, text: &str, from: usize) -> Result<Tried, Shown> {
        let mut whole = self.base.clone();
        let mut typed: Vec<(usize, usize)> = Vec::new();
        for (_, item) in &self.items {
            typed.push((whole.len(), item.len()));
            whole.push_str(item);
            whole.push('\n');
        }
        if !text.is_empty() {
            typed.push((whole.len() + from, text.trim_end().len().saturating_sub(from)));
            whole.push_str(text);
        }
        let db = self.workspace.db.with_file(&self.path, Some(&whole));
        let file = db.file(&self.path);
        let typed = typed
            .into_iter()
            .map(|(start, len)| (start, len, db.add_text("repl", &whole[start..start + len])))
            .collect();
        let tried = Tried { db, file, typed };
        let all = tried.db.diagnostics(file);
        // What is wrong with the file itself was said when it was loaded.
        let new: Vec<Diagnostic> = all
            .into_iter()
            .filter(|it| it.is_error() || usize::from(it.primary.range.start()) >= self.base.len())
            .map(|it| tried.as_typed(it))
            .collect();
        self.show(&tried.db, &new);
        if new.iter().any(Diagnostic::is_error) { Err(Shown) } else { Ok(tried) }
    }

    fn show(&self, db: &Database, diagnostics: &[Diagnostic]) {
        if !diagnostics.is_empty() {
            eprint!("{}", render::render(db, diagnostics, &self.terminal));
        }
    }
}

/// How many brackets are open at the end of a text, about: what stands in strings may be counted.
fn depth(text: &str) -> i32 {
    let mut in_string = false;
    let mut depth = 0;
    for c in text.chars() {
        match c {
            '"' => in_string = !in_string,
            '(' | '[' | '{' if !in_string => depth += 1,
            ')' | ']' | '}' if !in_string => depth -= 1,
            _ => {}
        }
    }
    depth
}

impl Tried {
    /// A diagnostic with its places in what was typed, and not in the file that it was put into.
    fn as_typed(&self, mut diagnostic: Diagnostic) -> Diagnostic {
        self.place(&mut diagnostic.primary);
        diagnostic.secondary.iter_mut().for_each(|it| self.place(it));
        diagnostic
    }

    fn place(&self, label: &mut Label) {
        if label.file != self.file {
            return;
        }
        let (start, end) = (usize::from(label.range.start()), usize::from(label.range.end()));
        let found = self.typed.iter().rev().find(|it| it.0 <= start);
        if let Some(&(begin, len, text)) = found {
            let inside = |at: usize| TextSize::new(at.saturating_sub(begin).min(len) as u32);
            label.file = text;
            label.range = TextRange::new(inside(start), inside(end.max(start)));
        }
    }
}

/// The type of a let at the top of the file.
fn type_of_let(tried: &Tried, name: &str) -> String {
    let checked = tried.db.checked(tried.file);
    let Some(option) = checked.schema.table.get(name) else { return "?".to_owned() };
    match (&option.ty, option.default) {
        (kiln_lang::types::Ty::Error, Some(expr)) => checked.types[expr.index()].to_string(),
        (ty, _) => ty.to_string(),
    }
}
