//! `CMakeLists.txt`: commands are read in order, and none is run.

use std::collections::{BTreeMap, BTreeSet};

use super::draft::{Draft, DraftOption, Need, OptionKind, Says, System};
use super::tree::Tree;

/// How many files are read.
const FILES_MAX: usize = 200;

/// A command with its arguments, in which variables stand as they are written.
struct Command {
    name: String,
    args: Vec<String>,
    line: usize,
}

pub(super) fn read(tree: &Tree, draft: &mut Draft) -> bool {
    if !tree.has("CMakeLists.txt") {
        return false;
    }
    draft.system = System::CMake;
    let mut reader =
        Reader { tree, draft, variables: BTreeMap::new(), seen: BTreeSet::new(), languages: None };
    reader.file("", "CMakeLists.txt", &mut Vec::new());
    let languages = reader.languages.take();
    // Without a word on languages, a project means C and C++, and CMake looks for both compilers.
    draft.is_cxx = languages.is_none_or(|it| it.iter().any(|it| it == "CXX"));
    true
}

/// What a block asks for: a feature, and whether it is on; nothing if it asks for something else.
type Around = Option<(String, bool)>;

struct Reader<'t, 'd> {
    tree: &'t Tree,
    draft: &'d mut Draft,
    variables: BTreeMap<String, String>,
    seen: BTreeSet<String>,
    languages: Option<Vec<String>>,
}

impl Reader<'_, '_> {
    /// Reads a file; `within` are the blocks around it.
    fn file(&mut self, folder: &str, name: &str, within: &mut Vec<Around>) {
        let path = if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        if self.seen.len() >= FILES_MAX || !self.seen.insert(path.clone()) {
            return;
        }
        let Some(text) = self.tree.text(&path) else { return };
        let depth = within.len();
        for command in commands(&text) {
            self.command(folder, &path, &command, within);
        }
        within.truncate(depth);
    }

    fn command(&mut self, folder: &str, path: &str, command: &Command, within: &mut Vec<Around>) {
        let args: Vec<String> = command.args.iter().map(|it| self.expand(it)).collect();
        let place = format!("{path}:{}", command.line);
        match command.name.as_str() {
            "project" => self.project(&args),
            "set" => {
                if let [name, value, ..] = &args[..] {
                    self.variables.insert(name.clone(), value.clone());
                }
            }
            "option" => self.option(&args, args.get(2)),
            "cmake_dependent_option" => self.option(&args, args.get(2)),
            "find_package" => self.find_package(&args, place, within),
            "pkg_check_modules" | "pkg_search_module" => {
                self.pkg_config(&args, place, within);
            }
            "if" => within.push(self.one_option(&command.args)),
            "elseif" => {
                if let Some(last) = within.last_mut() {
                    *last = None;
                }
            }
            "else" => {
                if let Some(Some((_, is_on))) = within.last_mut() {
                    *is_on = !*is_on;
                }
            }
            "endif" => {
                within.pop();
            }
            "add_subdirectory" | "include" => {
                let Some(below) = args.first() else { return };
                let below = below.trim_start_matches("./");
                if command.name == "include" {
                    // Modules are looked for in a folder of that name, and files by their path.
                    let candidates = [
                        below.to_owned(),
                        format!("cmake/{below}.cmake"),
                        format!("{below}.cmake"),
                    ];
                    let found = candidates.iter().find(|it| self.tree.has(it)).cloned();
                    if let Some(found) = found {
                        self.file("", &found, within);
                    }
                } else {
                    let folder = if folder.is_empty() {
                        below.to_owned()
                    } else {
                        format!("{folder}/{below}")
                    };
                    self.file(&folder, "CMakeLists.txt", within);
                }
            }
            _ => {}
        }
    }

    fn project(&mut self, args: &[String]) {
        // The first one counts: others are parts of it.
        if self.languages.is_some() || self.variables.contains_key("PROJECT_NAME") {
            return;
        }
        let Some(name) = args.first() else { return };
        self.variables.insert("PROJECT_NAME".into(), name.clone());
        let words = ["VERSION", "DESCRIPTION", "HOMEPAGE_URL", "LANGUAGES"];
        let behind = |word: &str| {
            let at = args.iter().position(|it| it == word)?;
            args.get(at + 1).filter(|it| !it.contains("${"))
        };
        if let Some(version) = behind("VERSION").filter(|it| is_version(it)) {
            self.variables.insert("PROJECT_VERSION".into(), version.clone());
            self.draft.version.get_or_insert(version.clone());
        }
        if let Some(doc) = behind("DESCRIPTION") {
            self.draft.doc = Some(doc.clone());
        }
        if let Some(url) = behind("HOMEPAGE_URL") {
            self.draft.homepage = Some(url.clone());
        }
        let languages: Vec<String> = match args.iter().position(|it| it == "LANGUAGES") {
            Some(at) => args[at + 1..]
                .iter()
                .take_while(|it| !words.contains(&it.as_str()))
                .cloned()
                .collect(),
            None => {
                args[1..].iter().take_while(|it| !words.contains(&it.as_str())).cloned().collect()
            }
        };
        if !languages.is_empty() {
            self.languages = Some(languages);
        }
    }

    fn option(&mut self, args: &[String], default: Option<&String>) {
        let Some(name) = args.first().filter(|it| is_name(it)) else { return };
        // What every project of CMake has is said by the template.
        if matches!(name.as_str(), "BUILD_SHARED_LIBS" | "CMAKE_POSITION_INDEPENDENT_CODE") {
            return;
        }
        let is_word = |it: &str| {
            matches!(it.to_uppercase().as_str(), "ON" | "OFF" | "TRUE" | "FALSE" | "YES" | "NO")
        };
        // Some leave the text out.
        let doc = args.get(1).filter(|it| default.is_some() || !is_word(it)).cloned();
        let default = default.or(args.get(1));
        let is_on = default.is_some_and(|it| {
            matches!(it.to_uppercase().as_str(), "ON" | "1" | "TRUE" | "YES" | "Y")
        });
        // An option that leaves something out is a feature the other way round.
        let (doc, kind) = if super::draft::leaves_out(name) {
            let doc = doc.unwrap_or_default();
            let doc = if doc.is_empty() { doc } else { format!("Off means: {doc}") };
            let says = Says::Words { on: "OFF", off: "ON" };
            (doc, OptionKind::Switch { is_on: !is_on, says })
        } else {
            let says = Says::Words { on: "ON", off: "OFF" };
            (doc.unwrap_or_default(), OptionKind::Switch { is_on, says })
        };
        self.draft.option(DraftOption { name: name.clone(), doc, kind, is_auto: false });
    }

    fn find_package(&mut self, args: &[String], place: String, within: &[Around]) {
        let Some(name) = args.first().filter(|it| is_name(it)) else { return };
        let version = args.get(1).filter(|it| is_version(it)).map(|it| format!(">= {it}"));
        self.need(name, version, args.iter().any(|it| it == "REQUIRED"), place, within);
    }

    fn pkg_config(&mut self, args: &[String], place: String, within: &[Around]) {
        let is_required = args.iter().any(|it| it == "REQUIRED");
        for module in args.iter().skip(1) {
            if matches!(module.as_str(), "REQUIRED" | "QUIET" | "IMPORTED_TARGET" | "GLOBAL") {
                continue;
            }
            let at = module.find(['>', '<', '=']).unwrap_or(module.len());
            let (name, version) = module.split_at(at);
            let bound = version.strip_prefix(">=").filter(|it| is_version(it));
            let version = bound.map(|it| format!(">= {it}"));
            if is_name(name) {
                self.need(name, version, is_required, place.clone(), within);
            }
        }
        self.draft.need(tool("pkgconf", String::new()));
    }

    fn need(
        &mut self,
        name: &str,
        version: Option<String>,
        is_required: bool,
        place: String,
        within: &[Around],
    ) {
        let option = within.iter().rev().flatten().find(|it| it.1).map(|it| it.0.clone());
        let is_tool = matches!(
            name,
            "Python3" | "Python" | "PythonInterp" | "Perl" | "BISON" | "FLEX" | "PkgConfig"
        );
        // What stands in a block that nobody can switch is there or not. What is needed without a
        // feature that is off is needed.
        let is_usual =
            |it: &Around| it.as_ref().is_some_and(|(name, is_on)| *is_on || self.is_off(name));
        let is_required = is_required && (option.is_some() || within.iter().all(is_usual));
        self.draft.need(Need {
            name: name.to_owned(),
            version,
            is_tool,
            is_required,
            option,
            place,
        });
    }

    /// Whether an option is off if nobody says.
    fn is_off(&self, name: &str) -> bool {
        let option = self.draft.options.iter().find(|it| it.name == name);
        option.is_some_and(|it| matches!(it.kind, OptionKind::Switch { is_on: false, .. }))
    }

    /// The feature that a condition asks for, if it asks for nothing else.
    fn one_option(&self, condition: &[String]) -> Around {
        let (name, is_said) = match condition {
            [name] => (name, true),
            [not, name] if not == "NOT" => (name, false),
            _ => return None,
        };
        let is_option = self.draft.options.iter().any(|it| it.name == *name);
        is_option.then(|| (name.clone(), is_said != super::draft::leaves_out(name)))
    }

    /// Fills in the variables that are known.
    fn expand(&self, text: &str) -> String {
        let mut out = text.to_owned();
        for (name, value) in &self.variables {
            let place = format!("${{{name}}}");
            if out.contains(&place) {
                out = out.replace(&place, value);
            }
        }
        out
    }
}

pub(super) fn tool(name: &str, place: String) -> Need {
    Need {
        name: name.to_owned(),
        version: None,
        is_tool: true,
        is_required: true,
        option: None,
        place,
    }
}

pub(super) fn is_version(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_digit())
        && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_'))
}

fn is_name(text: &str) -> bool {
    text.starts_with(|it: char| it.is_ascii_alphabetic() || it == '_')
        && text.chars().all(|it| it.is_ascii_alphanumeric() || matches!(it, '.' | '-' | '_' | '+'))
}

/// The commands of a file. What cannot be read is skipped.
fn commands(text: &str) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut scan = Scan { rest: text, line: 1 };
    loop {
        scan.skip_blank();
        let Some(first) = scan.rest.chars().next() else { return commands };
        if !(first.is_ascii_alphabetic() || first == '_') {
            scan.bump(first.len_utf8());
            continue;
        }
        let line = scan.line;
        let name = scan.take(|it| it.is_ascii_alphanumeric() || it == '_').to_lowercase();
        scan.skip_blank();
        if !scan.rest.starts_with('(') {
            continue;
        }
        scan.bump(1);
        let args = scan.args();
        commands.push(Command { name, args, line });
    }
}

struct Scan<'a> {
    rest: &'a str,
    line: usize,
}

impl<'a> Scan<'a> {
    fn bump(&mut self, bytes: usize) -> &'a str {
        let (taken, rest) = self.rest.split_at(bytes.min(self.rest.len()));
        self.line += taken.bytes().filter(|it| *it == b'\n').count();
        self.rest = rest;
        taken
    }

    fn take(&mut self, is_part: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|it| !is_part(it)).unwrap_or(self.rest.len());
        self.bump(end)
    }

    /// White space and comments.
    fn skip_blank(&mut self) {
        loop {
            self.take(char::is_whitespace);
            if self.bracket("#[").is_some() {
                continue;
            }
            if !self.rest.starts_with('#') {
                return;
            }
            self.take(|it| it != '\n');
        }
    }

    /// A text between `[==[` and `]==]`, behind a prefix that ends in the first bracket.
    fn bracket(&mut self, prefix: &str) -> Option<&'a str> {
        let inner = self.rest.strip_prefix(prefix)?;
        let equals = inner.len() - inner.trim_start_matches('=').len();
        let body = inner[equals..].strip_prefix('[')?;
        let close = format!("]{}]", "=".repeat(equals));
        let end = body.find(&close).unwrap_or(body.len());
        let found = &body[..end];
        let begin = prefix.len() + equals + 1;
        self.bump(begin + end + close.len().min(body.len() - end));
        Some(found)
    }

    /// The arguments up to the parenthesis that closes the command.
    fn args(&mut self) -> Vec<String> {
        let mut args = Vec::new();
        let mut depth = 0;
        loop {
            self.skip_blank();
            if let Some(text) = self.bracket("[") {
                args.push(text.to_owned());
                continue;
            }
            let Some(first) = self.rest.chars().next() else { return args };
            match first {
                ')' if depth == 0 => {
                    self.bump(1);
                    return args;
                }
                '(' | ')' => {
                    depth = if first == '(' { depth + 1 } else { depth - 1 };
                    args.push(self.bump(1).to_owned());
                }
                '"' => {
                    self.bump(1);
                    let mut text = String::new();
                    while let Some(next) = self.rest.chars().next() {
                        self.bump(next.len_utf8());
                        match next {
                            '"' => break,
                            '\\' => {
                                if let Some(escaped) = self.rest.chars().next() {
                                    self.bump(escaped.len_utf8());
                                    text.push(escaped);
                                }
                            }
                            other => text.push(other),
                        }
                    }
                    args.push(text);
                }
                _ => {
                    let word =
                        self.take(|it| !it.is_whitespace() && !matches!(it, '(' | ')' | '"' | '#'));
                    if word.is_empty() {
                        self.bump(first.len_utf8());
                    } else {
                        args.push(word.to_owned());
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::init::tree::noise;

    #[test]
    fn arguments_are_texts_words_and_brackets() {
        let text =
            "# set(NO 1)\nSet(NAME \"a \\\"b\" c[d] [=[e ]] f]=])\n#[[ set(NO) ]]\nif(A AND (B)) ";
        let read: Vec<(String, Vec<String>, usize)> =
            commands(text).into_iter().map(|it| (it.name, it.args, it.line)).collect();
        let words = |all: &[&str]| all.iter().map(|it| (*it).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            read,
            [
                ("set".to_owned(), words(&["NAME", "a \"b", "c[d]", "e ]] f"]), 2),
                ("if".to_owned(), words(&["A", "AND", "(", "B", ")"]), 4),
            ]
        );
    }

    #[test]
    fn whatever_the_text_it_is_read_to_its_end() {
        for seed in 0..400 {
            commands(&noise(seed, "ab()[]=\"#\\\n ${}"));
        }
        commands(&"a((".repeat(20_000));
    }
}
