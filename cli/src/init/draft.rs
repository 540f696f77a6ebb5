//! What is known of a project, and the text of its recipe.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

/// What a source tree says of itself.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(crate) name: String,
    pub(crate) version: Option<String>,
    pub(crate) doc: Option<String>,
    pub(crate) license: Option<String>,
    pub(crate) homepage: Option<String>,
    pub(crate) system: System,
    /// Whether a C++ compiler is needed.
    pub(crate) is_cxx: bool,
    pub(crate) options: Vec<DraftOption>,
    pub(crate) needs: Vec<Need>,
    /// The folder of the project in the source, if it is not the whole of it.
    pub(crate) project: Option<String>,
    /// The SHA-256 of each crate of Cargo as 64 digits, by its name and version.
    pub(crate) crates: BTreeMap<String, String>,
    /// What the user is to look at.
    notes: Vec<String>,
}

/// What builds it.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
pub(crate) enum System {
    CMake,
    Meson,
    Autotools,
    Make,
    Cargo,
    Python,
    Zig,
    #[default]
    Unknown,
}

/// Something that whoever builds it can choose.
#[derive(Debug)]
pub(crate) struct DraftOption {
    /// As the build system calls it.
    pub(crate) name: String,
    pub(crate) doc: String,
    pub(crate) kind: OptionKind,
    /// Whether it is on if what it needs is found, where nobody says.
    pub(crate) is_auto: bool,
}

/// What can be chosen.
#[derive(Debug)]
pub(crate) enum OptionKind {
    /// On or off.
    Switch { is_on: bool, says: Says },
    /// One of several words, which the build system is told.
    Choice { values: Vec<String>, default: String },
    /// A number, which the build system is told.
    Number { min: Option<i64>, max: Option<i64>, default: i64 },
}

/// How the build system is told what is on.
#[derive(Debug)]
pub(crate) enum Says {
    /// By one argument or another.
    Args { on: String, off: String },
    /// By an option with one value or another.
    Words { on: &'static str, off: &'static str },
    /// By its name in the field `features`, or by none.
    Listed,
}

/// Another package that the build looks for.
#[derive(Debug)]
pub(crate) struct Need {
    /// As the build system calls it.
    pub(crate) name: String,
    /// `>= 1.2`
    pub(crate) version: Option<String>,
    /// Whether it is a program that the build runs.
    pub(crate) is_tool: bool,
    /// Whether there is no building without it.
    pub(crate) is_required: bool,
    /// The option that it is looked for with, as the build system calls it.
    pub(crate) option: Option<String>,
    /// The file and line that looks for it.
    pub(crate) place: String,
}

/// Where the source comes from.
pub(crate) enum DraftSource {
    /// A download, and its SHA-256 as 64 digits.
    Url { url: String, sha256: String },
    /// A folder beside the recipe.
    Folder(String),
}

impl Draft {
    /// Makes one of what the tree is called by.
    pub(super) fn new(name: &str, version: Option<&str>) -> Draft {
        // What stands behind a plus says how the archive was made anew.
        let version = version.map(|it| it.split('+').next().unwrap_or(it).to_owned());
        Draft { name: kiln_name(name, ""), version, ..Draft::default() }
    }

    /// Notes something that the user is to look at.
    pub(super) fn note(&mut self, text: &str) {
        if !self.notes.iter().any(|it| it == text) {
            self.notes.push(text.to_owned());
        }
    }

    /// Adds an option, unless there is one of that name.
    pub(super) fn option(&mut self, mut option: DraftOption) {
        if self.options.iter().any(|it| it.name == option.name) {
            return;
        }
        let name = option.name.to_lowercase();
        // What is not installed costs time, and may look for what is not there.
        let is_extra = ["test", "example", "bench", "doc", "fuzz", "sample", "regress"]
            .iter()
            .any(|word| name.split(['_', '-']).any(|it| it.starts_with(word)));
        if let (OptionKind::Switch { is_on, .. }, true) = (&mut option.kind, is_extra) {
            *is_on = false;
            option.is_auto = false;
        }
        self.options.push(option);
    }

    /// Adds a need, unless it is known; what is needed in any case is so whoever asks again.
    pub(super) fn need(&mut self, need: Need) {
        match self.needs.iter_mut().find(|it| it.name == need.name) {
            Some(known) => {
                if need.is_required && need.option.is_none() {
                    (known.is_required, known.option) = (true, None);
                }
                known.version = known.version.take().or(need.version);
            }
            None => self.needs.push(need),
        }
    }

    /// Writes the recipe. `recipe` finds the recipe of a package by a name that it might have.
    pub(crate) fn write(&self, source: &DraftSource, recipe: &dyn Fn(&str) -> bool) -> String {
        let mut out = String::new();
        let doc = self.doc.as_deref().unwrap_or("What it is, in a sentence").trim();
        let _ = writeln!(out, "//! {}", sentence(doc));
        let _ = writeln!(out, "recipe {}\n", self.name);
        let is_cmake_told = self.system == System::CMake
            && self.options.iter().any(|it| matches!(it.kind, OptionKind::Switch { .. }));
        if is_cmake_told {
            out.push_str("use cmake\n\n");
        }
        self.source(source, &mut out);
        if let Some(license) = &self.license {
            let _ = writeln!(out, "license = {}", quoted(license));
        }
        if let Some(homepage) = &self.homepage {
            let _ = writeln!(out, "homepage = {}", quoted(homepage));
        }
        out.push('\n');
        let steps = match self.system {
            System::CMake => "steps cmake",
            System::Meson => "steps meson",
            System::Autotools => "steps autotools",
            System::Make => "steps makefile",
            System::Cargo => "steps cargo",
            System::Python => "steps python.pep517",
            System::Zig => "steps zig",
            System::Unknown => "include unix",
        };
        let _ = writeln!(out, "{steps}");
        // The template of CMake brings it.
        if self.is_cxx && self.system != System::CMake {
            let _ = writeln!(out, "build cxx[cpu = platform.cpu]");
        }
        let names = self.names();
        let option_of = |need: &Need| {
            let names = names.iter().map(|it| it.0);
            need.option.as_deref().and_then(|it| names.into_iter().find(|of| *of == it))
        };
        let packages: Vec<Option<String>> =
            self.needs.iter().map(|it| provider(&it.name, recipe)).collect();
        // What an option or everything needs is not what may be there or not.
        let certain: BTreeSet<&String> = (self.needs.iter().zip(&packages))
            .filter(|(it, _)| it.is_required || it.is_tool || option_of(it).is_some())
            .filter_map(|(_, package)| package.as_ref())
            .collect();
        let mut of_options: BTreeMap<&str, OptionNeeds> = BTreeMap::new();
        let mut missing: BTreeMap<String, String> = BTreeMap::new();
        let mut said: BTreeSet<&String> = BTreeSet::new();
        for (need, package) in self.needs.iter().zip(&packages) {
            let option = option_of(need);
            let Some(package) = package else {
                if let Some(option) = option {
                    of_options.entry(option).or_default().missing.push(need.name.clone());
                }
                if need.is_required {
                    let what = format!("{} ({})", need.name, need.place);
                    missing.entry(usual_name(&need.name)).or_insert(what);
                }
                continue;
            };
            if package.is_empty() {
                continue;
            }
            let line = dependency(need, package);
            if let Some(option) = option {
                of_options.entry(option).or_default().add(package, line);
                continue;
            }
            let is_certain = need.is_required || need.is_tool;
            if !is_certain && certain.contains(package) || !said.insert(package) {
                continue;
            }
            if is_certain {
                let _ = writeln!(out, "{line}");
            } else {
                let _ = writeln!(out, "// {line}  // taken if it is there ({})", need.place);
            }
        }
        for missing in missing.values() {
            let _ = writeln!(out, "// The build looks for {missing}: no recipe is known for it.");
        }
        if let Some(project) = &self.project {
            let _ = writeln!(out, "project = {}", quoted(project));
        }
        for (option, name) in self.options.iter().zip(&names) {
            out.push('\n');
            let needs = of_options.remove(name.0).unwrap_or_default();
            option.write(&name.1, &needs, &mut out);
        }
        self.listed(&names, &mut out);
        self.write_crates(&mut out);
        if self.system == System::Unknown {
            out.push_str(
                "\nstep build = sh\"\"\"\n    echo 'how it is built'\n    exit 1\n    \"\"\"\n",
            );
        }
        if !self.notes.is_empty() {
            out.push('\n');
        }
        for note in &self.notes {
            let _ = writeln!(out, "// {note}");
        }
        out
    }

    /// What is still to be done by hand.
    pub(crate) fn notes(&self) -> &[String] {
        &self.notes
    }

    fn source(&self, source: &DraftSource, out: &mut String) {
        let version = self.version.as_deref().unwrap_or("0");
        match source {
            DraftSource::Url { url, sha256 } => {
                let _ = writeln!(out, "versions {{\n    {version} {{ sha256 = \"{sha256}\" }}\n}}");
                // The last place of a version is the file; one before may be a folder of a series.
                let url = match url.rsplit_once(version) {
                    Some((before, after)) if version.len() > 2 => {
                        let before = before.replace(version, "\u{1}");
                        format!("{}\u{1}{}", before, after)
                    }
                    _ => url.clone(),
                };
                let url = quoted(&url).replace('\u{1}', "\\(version)");
                let _ = writeln!(out, "source = fetch({url}, sha256 = sha256)");
            }
            DraftSource::Folder(folder) => {
                let _ = writeln!(out, "version = {version}");
                let _ = writeln!(out, "source = dir({})", quoted(folder));
            }
        }
    }

    /// Writes which options are told by a list of those that are on.
    fn listed(&self, names: &[(&str, String)], out: &mut String) {
        let is_listed =
            |it: &&DraftOption| matches!(it.kind, OptionKind::Switch { says: Says::Listed, .. });
        let listed: Vec<&str> =
            self.options.iter().filter(is_listed).map(|it| it.name.as_str()).collect();
        if listed.is_empty() {
            return;
        }
        out.push_str("\ndefault_features = off\nfeatures = [\n");
        for (name, own) in names.iter().filter(|it| listed.contains(&it.0)) {
            let _ = writeln!(out, "    when {own} => {},", quoted(name));
        }
        out.push_str("]\n");
    }

    fn write_crates(&self, out: &mut String) {
        if self.crates.is_empty() {
            return;
        }
        out.push_str("\ncrates = {\n");
        for (name, sha256) in &self.crates {
            let _ = writeln!(out, "    {}: {},", quoted(name), quoted(sha256));
        }
        out.push_str("}\n");
    }

    /// The names of the options: as the build system has them, and in the recipe.
    fn names(&self) -> Vec<(&str, String)> {
        let mut used: BTreeSet<String> = BTreeSet::new();
        let mut names = Vec::new();
        for option in &self.options {
            let mut name = kiln_name(&option.name, &self.name);
            if !used.insert(name.clone()) {
                name = kiln_name(&option.name, "");
                while !used.insert(name.clone()) {
                    name.push('_');
                }
            }
            names.push((option.name.as_str(), name));
        }
        names
    }
}

/// What an option needs.
#[derive(Default)]
struct OptionNeeds {
    /// The lines that say so, by package.
    lines: BTreeMap<String, String>,
    /// What no recipe is known for, as the build system calls it.
    missing: Vec<String>,
}

impl OptionNeeds {
    /// Adds a line; of two about one package, the one with more in it counts.
    fn add(&mut self, package: &str, line: String) {
        let known = self.lines.entry(package.to_owned()).or_default();
        if known.len() < line.len() {
            *known = line;
        }
    }
}

impl DraftOption {
    fn write(&self, name: &str, needs: &OptionNeeds, out: &mut String) {
        let doc = self.doc.split_whitespace().collect::<Vec<_>>().join(" ");
        let doc = if doc.is_empty() { self.name.clone() } else { doc };
        let _ = writeln!(out, "/// {}", sentence(&doc));
        match &self.kind {
            OptionKind::Switch { is_on, says } => {
                // What upstream takes where it is found, a recipe takes where it can be given.
                let is_on = match (self.is_auto, needs.missing.is_empty()) {
                    (true, true) => *is_on || !needs.lines.is_empty(),
                    (true, false) => !needs.lines.is_empty(),
                    (false, _) => *is_on,
                };
                if self.is_auto && !is_on {
                    let what = match &needs.missing[..] {
                        [] => "what it needs".to_owned(),
                        missing => missing.join(" or "),
                    };
                    let _ = writeln!(out, "// Upstream turns it on where it finds {what}.");
                }
                let word = if is_on { "on" } else { "off" };
                let _ = write!(out, "feature {name} = {word}");
                let args = match says {
                    Says::Args { on, off } => {
                        vec![format!("arg {} else {}", quoted(on), quoted(off))]
                    }
                    Says::Words { .. } | Says::Listed => Vec::new(),
                };
                let lines: Vec<&String> = args.iter().chain(needs.lines.values()).collect();
                if lines.is_empty() {
                    out.push('\n');
                } else {
                    out.push_str(" {\n");
                    for line in lines {
                        let _ = writeln!(out, "    {line}");
                    }
                    out.push_str("}\n");
                }
                if let Says::Words { on, off } = says {
                    let value = match (*on, *off) {
                        ("ON", "OFF") => format!("cmake.on_off({name})"),
                        ("OFF", "ON") => format!("cmake.on_off(!{name})"),
                        (on, off) => format!("if {name} then \"{on}\" else \"{off}\""),
                    };
                    let _ = writeln!(out, "options.{} = {value}", self.name);
                }
            }
            OptionKind::Choice { values, default } => {
                let list = values.join(", ");
                let _ = writeln!(out, "knob {name}: enum {{ {list} }} = {default}");
                let _ = writeln!(out, "options.{} = \"\\({name})\"", self.name);
            }
            OptionKind::Number { min, max, default } => {
                let bound = |it: &Option<i64>| it.map_or_else(String::new, |it| it.to_string());
                let (lo, hi) = (bound(min), bound(max));
                let ty = if lo.is_empty() && hi.is_empty() {
                    "Int".to_owned()
                } else {
                    let hi = if hi.is_empty() { hi } else { format!("={hi}") };
                    format!("Int({lo}..{hi})")
                };
                let _ = writeln!(out, "knob {name}: {ty} = {default}");
                let _ = writeln!(out, "options.{} = \"\\({name})\"", self.name);
            }
        }
    }
}

/// A text as a sentence.
fn sentence(text: &str) -> String {
    let mut letters = text.trim().trim_end_matches('.').chars();
    let first = letters.next().map(|it| it.to_uppercase().to_string()).unwrap_or_default();
    format!("{first}{}.", letters.as_str())
}

fn dependency(need: &Need, package: &str) -> String {
    let role = if need.is_tool { "build" } else { "host" };
    match &need.version {
        Some(version) => format!("{role} {package} {version}"),
        None => format!("{role} {package}"),
    }
}

/// The words that build systems have for packages whose recipes are called otherwise; an empty name
/// for what every compiler has.
const PROVIDERS: &[(&str, &str)] = &[
    ("threads", ""),
    ("dl", ""),
    ("m", ""),
    ("libm", ""),
    ("rt", ""),
    ("iconv", ""),
    ("intl", ""),
    ("pkgconfig", "pkgconf"),
    ("pkg-config", "pkgconf"),
    ("python3", "python"),
    ("pythoninterp", "python"),
    ("sh", ""),
    ("z", "zlib"),
    ("libz", "zlib"),
    ("libssl", "openssl"),
    ("libcrypto", "openssl"),
    ("liblzma", "xz"),
    ("lzma", "xz"),
    ("bz2", "bzip2"),
    ("sqlite3", "sqlite"),
    ("pcre", "pcre2"),
    ("libpcre2-8", "pcre2"),
    ("ncursesw", "ncurses"),
    ("tinfo", "ncurses"),
    ("tinfow", "ncurses"),
    ("termcap", "ncurses"),
    ("terminfo", "ncurses"),
    ("magic", "file"),
    ("libmagic", "file"),
    ("event", "libevent"),
    ("libevent_core", "libevent"),
    ("ssl", "openssl"),
    ("crypto", "openssl"),
    ("curses", "ncurses"),
    ("gssapi", "krb5"),
    ("krb5-gssapi", "krb5"),
    ("ldap", "openldap"),
    ("numa", "numactl"),
    ("ffi", "libffi"),
    ("cxx", "cxx"),
];

/// What recipes call what a build looks for, as far as that is known; empty for what every compiler
/// has.
pub(super) fn usual_name(name: &str) -> String {
    let name = name.to_lowercase();
    match PROVIDERS.iter().find(|it| it.0 == name) {
        Some((_, known)) => (*known).to_owned(),
        None => name,
    }
}

/// The recipe of what a build looks for: empty if nothing is needed for it.
fn provider(name: &str, recipe: &dyn Fn(&str) -> bool) -> Option<String> {
    let name = usual_name(name);
    if name.is_empty() {
        return Some(name);
    }
    let bare = name.strip_prefix("lib").unwrap_or(&name);
    let candidates = [
        name.clone(),
        name.replace('_', "-"),
        bare.to_owned(),
        bare.trim_end_matches(|it: char| it.is_ascii_digit() || it == '.' || it == '-').to_owned(),
        format!("lib{name}"),
    ];
    candidates.into_iter().find(|it| !it.is_empty() && recipe(it))
}

/// The words by which options of CMake say that they leave something out.
const LEAVE_OUT: &[&str] = &["disable", "without", "no"];

/// Whether an option of CMake leaves something out: `FOO_DISABLE_HTTP2`.
pub(super) fn leaves_out(option: &str) -> bool {
    let lower = option.to_lowercase();
    let mut words = lower.split('_');
    // What it leaves out stands behind it.
    words.any(|it| LEAVE_OUT.contains(&it)) && words.next().is_some()
}

/// A name of the language for one of another: `FOO_ENABLE_HTTP2` of `foo` is `http2`.
pub(super) fn kiln_name(text: &str, project: &str) -> String {
    let lower = text.to_lowercase();
    let mut words: Vec<&str> =
        lower.split(|it: char| !it.is_ascii_alphanumeric()).filter(|it| !it.is_empty()).collect();
    if !project.is_empty() {
        // `libfoo` calls itself `foo` in its options.
        let own = || project.split(['-', '_']).chain(project.strip_prefix("lib"));
        let leaves_out = leaves_out(text);
        while words.len() > 1
            && (matches!(words[0], "enable" | "with" | "build" | "use" | "option")
                || leaves_out && LEAVE_OUT.contains(&words[0])
                || own().any(|it| it == words[0]))
        {
            words.remove(0);
        }
    }
    let mut name = String::new();
    for word in words {
        let is_digit = word.starts_with(|it: char| it.is_ascii_digit());
        match (name.is_empty(), is_digit) {
            (true, true) => name.push('_'),
            (true, false) => {}
            (false, true) => name.push('_'),
            (false, false) => name.push('-'),
        }
        name.push_str(word);
    }
    if name.is_empty() || RESERVED.contains(&name.as_str()) {
        name = format!("with-{name}").trim_end_matches('-').to_owned();
    }
    name
}

/// Names that every package has, and words that mean something at the beginning of a line.
const RESERVED: &[&str] = &[
    "args",
    "bins",
    "build",
    "conflict",
    "crates",
    "default",
    "dep",
    "deps",
    "else",
    "env",
    "exports",
    "facts",
    "false",
    "feature",
    "features",
    "field",
    "for",
    "host",
    "if",
    "include",
    "knob",
    "let",
    "license",
    "links",
    "match",
    "name",
    "null",
    "out",
    "output",
    "outputs",
    "package",
    "patches",
    "platform",
    "prev",
    "profile",
    "provides",
    "publish",
    "recipe",
    "require",
    "run",
    "rustflags",
    "sha256",
    "shell",
    "source",
    "sources",
    "src",
    "step",
    "steps",
    "test",
    "toolchain",
    "true",
    "use",
    "version",
    "versions",
    "when",
    "with",
    "on",
    "off",
    "options",
    "project",
];

fn quoted(text: &str) -> String {
    format!("\"{}\"", escaped(text))
}

fn escaped(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
