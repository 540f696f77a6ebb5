//! Random sets of files: recipes that need each other, a module, an interface, and layers over them.
//! Most is well-formed; some is not, and some is changed as the texts of the other fuzzers are.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use super::mutate::{boundary, mutate};
use super::random::Random;
use crate::fuzz::properties_of_sets::{Set, escaped};

/// Makes a set; with edits for an editor, with wishes for the evaluator.
pub(crate) fn set(random: &mut Random) -> String {
    let mut maker = Maker { random, packages: Vec::new(), said: BTreeSet::new() };
    let count = 2 + maker.random.below(5);
    for at in 0..count {
        let package = maker.package(at);
        maker.packages.push(package);
    }
    let mut files: Vec<(String, String)> = vec![
        ("/w/m.kiln".to_owned(), maker.module()),
        ("/w/i.kiln".to_owned(), "//! Something that several provide.\ninterface i\n".to_owned()),
    ];
    for at in 0..count {
        files.push((format!("/w/p{at}.kiln"), maker.recipe(at)));
    }
    let overlay = maker.random.one_in(2);
    if !maker.random.one_in(4) {
        files.push(("/w/project.kiln".to_owned(), maker.project(overlay)));
    }
    if overlay {
        files.push(("/w/over.kiln".to_owned(), maker.overlay()));
    }
    for at in 0..maker.random.below(3) {
        files.push((format!("/w/o{at}.kiln"), maker.override_file()));
    }
    // Some sets are broken as people break texts.
    if maker.random.one_in(3) {
        for _ in 0..1 + maker.random.below(2) {
            let (one, other) = (maker.random.below(files.len()), maker.random.below(files.len()));
            let other = files[other].1.clone();
            files[one].1 = mutate(&files[one].1, &other, maker.random);
        }
    }
    let mut out = String::new();
    for (path, text) in &files {
        let _ = write!(out, "//- {path}\n{text}");
        if !text.ends_with('\n') {
            out.push('\n');
        }
    }
    for _ in 0..1 + maker.random.below(2) {
        let at = maker.random.below(count);
        let spec = maker.spec(at, &Reader::NONE);
        let _ = writeln!(out, "//? {spec}");
    }
    out
}

/// Adds random edits to a set.
pub(crate) fn with_edits(text: &str, random: &mut Random) -> String {
    let set = Set::read(text);
    let paths: Vec<&String> = set.files.keys().collect();
    let mut out = text.to_owned();
    if paths.is_empty() {
        return out;
    }
    for _ in 0..1 + random.below(6) {
        let path = *random.pick(&paths);
        let file = &set.files[path];
        let at = boundary(file, random.below(file.len() + 1));
        let gone = if random.one_in(2) { 0 } else { random.below(20) };
        let other = &set.files[*random.pick(&paths)];
        let piece = match random.below(6) {
            0 => String::new(),
            1 => (*random.pick(PIECES)).to_owned(),
            2 => {
                let lines: Vec<&str> = other.split_inclusive('\n').collect();
                if lines.is_empty() { "x".to_owned() } else { (*random.pick(&lines)).to_owned() }
            }
            3 => {
                let tokens = super::mutate::split(other);
                if tokens.is_empty() { "{".to_owned() } else { random.pick(&tokens).clone() }
            }
            _ => (*random.pick(WORDS)).to_owned(),
        };
        let _ = writeln!(out, "//~ {path} {at} {gone} {}", escaped(&piece));
    }
    out
}

/// Adds random edits to a set, most of which leave it right: as people change a recipe that works.
pub(crate) fn with_small_edits(text: &str, random: &mut Random) -> String {
    let mut set = Set::read(text);
    let mut out = text.to_owned();
    let paths: Vec<String> = set.files.keys().filter(|it| it.contains("/p")).cloned().collect();
    if paths.is_empty() {
        return out;
    }
    for _ in 0..1 + random.below(6) {
        let path = random.pick(&paths).clone();
        let file = &set.files[&path];
        let (at, gone, piece) = small_edit(file, random);
        let _ = writeln!(out, "//~ {path} {at} {gone} {}", escaped(&piece));
        let changed = format!("{}{piece}{}", &file[..at], &file[at + gone..]);
        set.files.insert(path, changed);
    }
    out
}

/// A change of one place: where, how much goes, and what comes.
fn small_edit(file: &str, random: &mut Random) -> (usize, usize, String) {
    let tokens = super::mutate::split(file);
    let lines: Vec<&str> = file.split_inclusive('\n').collect();
    if tokens.is_empty() || lines.is_empty() {
        return (0, 0, "\n".to_owned());
    }
    let line = random.below(lines.len());
    let line_start: usize = lines[..line].iter().map(|it| it.len()).sum();
    match random.below(5) {
        // A line comes.
        0 | 1 => (line_start, 0, (*random.pick(LINES)).to_owned()),
        // A line goes, or comes again.
        2 => (line_start, lines[line].len(), String::new()),
        3 => (line_start, 0, lines[line].to_owned()),
        // A word becomes another.
        _ => {
            let first = random.below(tokens.len());
            let is_word = |it: &&usize| tokens[**it].starts_with(char::is_alphanumeric);
            let order: Vec<usize> = (first..tokens.len()).chain(0..first).collect();
            let Some(&at) = order.iter().find(is_word) else { return (0, 0, "\n".to_owned()) };
            let start: usize = tokens[..at].iter().map(String::len).sum();
            let other = if tokens[at].starts_with(|it: char| it.is_ascii_digit()) {
                (1 + random.below(9)).to_string()
            } else {
                (*random.pick(WORDS)).to_owned()
            };
            (start, tokens[at].len(), other)
        }
    }
}

/// Lines that stand in most recipes without a mistake.
const LINES: &[&str] = &[
    "// a comment\n",
    "arg \"--more\"\n",
    "arg \"-v=\\(version)\" else \"-n\"\n",
    "env.MORE = \"1\"\n",
    "env.V = \"\\(version)\"\n",
    "license = \"MIT\"\n",
    "args += [\"--last\"]\n",
    "when platform.os == linux { arg \"-l\" }\n",
    "when f0 { arg \"-f\" }\n",
    "when with p0 { arg \"-p\" }\n",
    "/// What it is.\n",
    "feature f8 = on { arg \"-8\" }\n",
    "knob k8: Int = 3\n",
    "let l8 = 5\n",
    "source = fetch(\"https://example.org/s\", sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\")\n",
    "source = fetch(\"https://example.org/t\", sha256 = \"0000000000000000000000000000000000000000000000000000000000000000\")\n",
    "build_time_max = 2 h\n",
    "host p0\n",
    "test \"works\" = sh\"true\"\n",
    "step more after build = sh\"ls \\(args)\"\n",
    "conflict version == 9\n",
    "for x in [\"a\", \"b\"] { arg \"-\\(x)\" }\n",
];

/// Pieces that make and mend mistakes.
const PIECES: &[&str] = &[
    "{",
    "}",
    "\"",
    "[",
    "]",
    "(",
    ")",
    " = ",
    " += ",
    "\n",
    "// c\n",
    "~",
    "..",
    "\\(",
    "sh\"ls\"",
    "feature f9 = off\n",
    "knob k9: Int = 1\n",
    "recipe p1\n",
    "module m\n",
    "include m.mx\n",
    "@deprecated(\"no\")\n",
    "@renamed(from = f9)\n",
    "when f0 { ",
    "host p1[f0]\n",
];

/// Words that mean something in some sets.
const WORDS: &[&str] = &[
    "f0", "f1", "k0", "k1", "p0", "p1", "p2", "red", "green", "on", "off", "3", "all", "m", "mx",
    "twice", "prev", "default", "version", "out", "dep", "platform", "x", "it",
];

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Feature,
    Color,
    Colors,
    Number,
    Size,
    Text,
    Maybe,
}

/// A package, as far as others have to do with it.
struct Package {
    versions: Vec<String>,
    options: Vec<(String, Kind)>,
    has_preset: bool,
    provides: bool,
}

/// Whose options an expression may read.
struct Reader<'r> {
    options: &'r [(String, Kind)],
    /// Whether the module is at hand.
    in_recipe: bool,
}

impl Reader<'_> {
    const NONE: Reader<'static> = Reader { options: &[], in_recipe: false };
}

struct Maker<'r> {
    random: &'r mut Random,
    packages: Vec<Package>,
    /// What the layer that is being made has set: most say one thing once.
    said: BTreeSet<(usize, String)>,
}

impl Maker<'_> {
    fn package(&mut self, at: usize) -> Package {
        let mut options = Vec::new();
        for at in 0..self.random.below(4) {
            options.push((format!("f{at}"), Kind::Feature));
        }
        for at in 0..self.random.below(5) {
            let kinds =
                [Kind::Color, Kind::Colors, Kind::Number, Kind::Size, Kind::Text, Kind::Maybe];
            options.push((format!("k{at}"), *self.random.pick(&kinds)));
        }
        let count = 1 + self.random.below(3);
        let versions = (0..count).rev().map(|it| format!("{}.{it}", at + 1)).collect();
        Package {
            versions,
            options,
            has_preset: self.random.one_in(3),
            provides: self.random.one_in(4),
        }
    }

    /// One of two texts; the second is a mistake, which is rare.
    fn mostly(&mut self, right: &str, wrong: &str) -> String {
        if self.random.one_in(100) { wrong.to_owned() } else { right.to_owned() }
    }

    fn chance(&mut self, n: usize) -> bool {
        self.random.one_in(n)
    }

    //------ files

    fn module(&mut self) -> String {
        let mut out = String::from(
            "module m\n\n@ordered\nenum Color { red, green, blue = \"#00f\", group warm { red } }\n",
        );
        out.push_str("fn twice(n: Int): Int = n * 2\n");
        out.push_str("fn name(c: Color): String = match c { red => \"r\"; else => \"other\" }\n");
        if self.chance(2) {
            out.push_str("record Server { field port: Int(1..=9) = 3; field host: String }\n");
        }
        let other = self.mostly("", "    include mx\n");
        let _ = write!(
            out,
            "mixin mx {{\n{other}    /// Flags.\n    field flags: List<String> = []\n    feature fast = on {{ arg \"--fast\" else \"--slow\" }}\n    shell = [\"/bin/sh\"]\n    step build = sh\"\"\"make \\(flags) \\(args)\"\"\"\n}}\n"
        );
        out
    }

    fn recipe(&mut self, at: usize) -> String {
        let mut out = format!("//! Package {at}.\nrecipe p{at}\n\nuse m\n");
        let versions = self.packages[at].versions.clone();
        if versions.len() > 1 || self.chance(2) {
            let _ = writeln!(out, "versions {{");
            for version in &versions {
                let attr = if self.chance(6) { "    @deprecated(\"old\")\n" } else { "" };
                let _ = writeln!(out, "{attr}    {version} {{ license = \"L{version}\" }}");
            }
            out.push_str("}\n");
        } else {
            let _ = writeln!(out, "version = {}", versions[0]);
        }
        if self.chance(3) {
            let _ = writeln!(out, "let own = {}", self.number(&Reader::NONE, 0));
        }
        out.push_str(match self.random.below(3) {
            0 => "steps m.mx { flags = [\"-x\"] }\n",
            1 => "include m.mx\n",
            _ => "shell = [\"/bin/sh\"]\nstep build = sh\"\"\"make \\(args)\"\"\"\n",
        });
        let options = std::mem::take(&mut self.packages[at].options);
        for index in 0..options.len() {
            // Most read what is declared above; the rest makes rings now and then.
            let read = if self.chance(12) { &options[..] } else { &options[..index] };
            self.option(&mut out, at, &options[index], &Reader { options: read, in_recipe: true });
        }
        let reader = Reader { options: &options, in_recipe: true };
        for _ in 0..self.random.below(5) {
            let line = self.statement(at, &reader, 0);
            out.push_str(&line);
        }
        if self.packages[at].provides {
            out.push_str("provides i == 2.0\n");
        }
        if self.packages[at].has_preset {
            let body = self.setting(at, &options, &reader);
            let _ = writeln!(out, "preset small {{ {body} }}");
        }
        self.packages[at].options = options;
        out
    }

    fn option(&mut self, out: &mut String, at: usize, of: &(String, Kind), reader: &Reader<'_>) {
        let (name, kind) = of;
        if self.chance(8) {
            let _ = writeln!(out, "@renamed(from = old_{name}, since = 0.5)");
        }
        let _ = writeln!(out, "/// Option {name}.");
        let when = match self.chance(6) && !reader.options.is_empty() {
            true => format!(" when {}", self.condition(reader, 0)),
            false => String::new(),
        };
        let value = self.value(*kind, reader, 0);
        let _ = match kind {
            Kind::Feature => {
                let body = self.block(at, reader);
                writeln!(out, "feature {name} = {value}{body}")
            }
            Kind::Color => {
                let arms = if self.chance(2) { self.arms(at, reader) } else { String::new() };
                writeln!(out, "knob {name}: m.Color = {value}{when}{arms}")
            }
            Kind::Colors => {
                let arms = if self.chance(2) { self.arms(at, reader) } else { String::new() };
                writeln!(out, "knob {name}: Set<m.Color> = {value}{when}{arms}")
            }
            Kind::Number => {
                let join = *self.random.pick(&["", " join max", " join min"]);
                writeln!(out, "knob {name}: Int(0..=1000) = {value}{join}{when}")
            }
            Kind::Size => writeln!(out, "knob {name}: Size(1 B..=1 GiB) = {value}{when}"),
            Kind::Text => writeln!(out, "knob {name}: String(/[a-z0-9.]*/) = {value}{when}"),
            Kind::Maybe => writeln!(out, "knob {name}: Int? = {value}{when}"),
        };
    }

    fn block(&mut self, at: usize, reader: &Reader<'_>) -> String {
        if self.chance(2) {
            return String::new();
        }
        let mut out = " {\n".to_owned();
        for _ in 0..1 + self.random.below(2) {
            let line = self.statement(at, reader, 1);
            out.push_str(&line);
        }
        out + "}"
    }

    fn arms(&mut self, at: usize, reader: &Reader<'_>) -> String {
        let first = self.statement(at, reader, 2);
        let second = self.statement(at, reader, 2);
        let names = *self.random.pick(&["red", "red, green", "warm", "blue"]);
        format!(
            " {{\n    {names} => {{ {} }}\n    else => {{ {} }}\n}}",
            first.trim(),
            second.trim()
        )
    }

    fn statement(&mut self, at: usize, reader: &Reader<'_>, depth: usize) -> String {
        match self.random.below(if depth > 1 { 7 } else { 9 }) {
            0 | 1 => {
                // Needs lead to later packages, or in a ring now and then.
                let count = self.packages.len();
                let to = if self.chance(15) { at } else { at + 1 + self.random.below(3) };
                let to = if to < count { to } else { return "arg \"--none\"\n".to_owned() };
                let role = *self.random.pick(&["host", "host", "build", "run", "test"]);
                let spec = self.spec(to, reader);
                let req = match self.random.below(5) {
                    0 => format!(" >= {}", self.version_of(to)),
                    1 => format!(" == {}.*", to + 1),
                    2 => format!(" ({} | >= {}.0)", format_args!("== {}", self.version_of(to)), to),
                    _ => String::new(),
                };
                let when = match self.chance(3) {
                    true => format!(" when {}", self.condition(reader, 0)),
                    false => String::new(),
                };
                format!("{role} {spec}{req}{when}\n")
            }
            2 if depth > 0 => format!("arg \"--a\\({})\" else \"--b\"\n", self.text(reader, 0)),
            2 | 3 => format!("arg {}\n", self.text(reader, 0)),
            4 => {
                let word = *self.random.pick(&["conflict", "require"]);
                format!("{word} {} \"why it is so\"\n", self.condition(reader, 0))
            }
            5 => format!("env.VAR = {}\n", self.text(reader, 0)),
            6 => match self.chance(8) {
                true => "host i >= 1\n".to_owned(),
                false => format!("args += [{}]\n", self.text(reader, 0)),
            },
            7 => {
                let inner = self.statement(at, reader, depth + 1);
                format!("when {} {{\n    {}}}\n", self.condition(reader, 0), inner)
            }
            _ => match self.random.below(3) {
                0 => format!("exports {{ host_to_run p{at} }}\n"),
                1 => "ignore exports from p1\n".to_owned(),
                _ => format!("unavailable when {} \"not so\"\n", self.condition(reader, 0)),
            },
        }
    }

    fn version_of(&mut self, at: usize) -> String {
        let versions = &self.packages[at].versions;
        let found = self.random.pick(versions).clone();
        self.mostly(&found, "99.0")
    }

    fn project(&mut self, overlay: bool) -> String {
        let mut out = "project\n\n".to_owned();
        if overlay || self.chance(30) {
            out.push_str("overlays [\"./over.kiln\"]\n");
        }
        for _ in 0..1 + self.random.below(3) {
            let at = self.random.below(self.packages.len());
            let spec = self.spec(at, &Reader::NONE);
            let word = if self.chance(4) { "policy" } else { "want" };
            let why = if word == "policy" { " \"site rule\"" } else { "" };
            let _ = writeln!(out, "{word} {spec}{why}");
        }
        let layer = self.layer();
        out + &layer
    }

    fn overlay(&mut self) -> String {
        let layer = self.layer();
        format!("overlay over\n\n{layer}")
    }

    fn layer(&mut self) -> String {
        self.said.clear();
        let mut out = String::new();
        for _ in 0..self.random.below(4) {
            let at = self.random.below(self.packages.len());
            let options = self.options_of(at);
            let reader = Reader { options: &options, in_recipe: false };
            let setting = self.setting(at, &options, &reader);
            let _ = match self.random.below(6) {
                0 => writeln!(out, "pkgs where has feature f0 {{ f0 = on }}"),
                1 => writeln!(out, "when platform.cpu == x86_64 {{ p{at} {{ {setting} }} }}"),
                2 if self.packages[at].has_preset => writeln!(out, "include p{at}.small"),
                3 => writeln!(out, "toolchain.link = static"),
                _ => writeln!(out, "p{at} {{ {setting} }}"),
            };
        }
        out
    }

    fn override_file(&mut self) -> String {
        let at = self.random.below(self.packages.len());
        let options = self.options_of(at);
        let reader = Reader { options: &options, in_recipe: false };
        self.said.clear();
        let mut out = format!("override p{at}\n\n");
        for _ in 0..1 + self.random.below(3) {
            let setting = self.setting(at, &options, &reader);
            out.push_str(&setting);
            out.push('\n');
        }
        out
    }

    fn options_of(&self, at: usize) -> Vec<(String, Kind)> {
        self.packages[at].options.clone()
    }

    fn setting(&mut self, at: usize, options: &[(String, Kind)], reader: &Reader<'_>) -> String {
        if options.is_empty() || self.chance(8) {
            return format!("args += [{}]", self.text(reader, 1));
        }
        let (name, kind) = self.random.pick(options).clone();
        if !self.said.insert((at, name.clone())) && !self.chance(10) {
            return format!("args += [{}]", self.text(reader, 1));
        }
        // A setting that reads its own option is a ring.
        let others: Vec<(String, Kind)> =
            options.iter().filter(|it| it.0 != name || self.random.one_in(20)).cloned().collect();
        let others = Reader { options: &others, in_recipe: reader.in_recipe };
        let reader = if reader.options.is_empty() { reader } else { &others };
        let name = if self.chance(15) { format!("old_{name}") } else { name };
        // A setting reads other options now and then.
        let reader = if self.chance(4) { reader } else { &Reader::NONE };
        match (kind, self.random.below(4)) {
            (Kind::Colors, 0) => format!("{name} += {}", self.color()),
            (Kind::Colors, 1) => format!("{name} -= {{{}}}", self.color()),
            (Kind::Colors, 2) => format!("{name} = default + {{{}}}", self.color()),
            (Kind::Number, 0) => format!("{name} = prev + 1"),
            (kind, _) => format!("{name} = {}", self.value(kind, reader, 0)),
        }
    }

    fn spec(&mut self, at: usize, reader: &Reader<'_>) -> String {
        let options = self.options_of(at);
        let mut items = Vec::new();
        for (name, kind) in &options {
            if !self.chance(4) {
                continue;
            }
            items.push(match kind {
                Kind::Feature if self.chance(3) => format!("~{name}"),
                Kind::Feature => name.clone(),
                Kind::Colors => format!("{name} += {}", self.color()),
                Kind::Color | Kind::Number | Kind::Size | Kind::Text | Kind::Maybe => {
                    let same = reader.options.iter().find(|it| it.1 == *kind);
                    match same {
                        Some((own, _)) if self.chance(2) => format!("{name} = {own}"),
                        _ => format!("{name} = {}", self.value(*kind, &Reader::NONE, 1)),
                    }
                }
            });
        }
        if self.chance(100) {
            items.push("nothing".to_owned());
        }
        let name = self.mostly(&format!("p{at}"), "p77");
        if items.is_empty() { name } else { format!("{name}[{}]", items.join(", ")) }
    }

    //------ expressions

    fn read(&mut self, kind: Kind, reader: &Reader<'_>) -> Option<String> {
        let of: Vec<&(String, Kind)> = reader.options.iter().filter(|it| it.1 == kind).collect();
        if of.is_empty() { None } else { Some(self.random.pick(&of).0.clone()) }
    }

    fn value(&mut self, kind: Kind, reader: &Reader<'_>, depth: usize) -> String {
        if self.chance(200) {
            return (*self.random.pick(&["\"text\"", "3", "mlx6", "[1]", "{}", "1.2", "null"]))
                .to_owned();
        }
        match kind {
            Kind::Feature => match self.random.below(3) {
                0 => "on".to_owned(),
                1 => "off".to_owned(),
                _ => self.condition(reader, depth),
            },
            Kind::Color => match self.random.below(4) {
                0 if depth < 3 => {
                    let cond = self.condition(reader, depth + 1);
                    format!("if {cond} then {} else {}", self.color(), self.color())
                }
                _ => self.color(),
            },
            Kind::Colors => match self.random.below(4) {
                0 => "all".to_owned(),
                1 => "all - {..warm}".to_owned(),
                2 => format!(
                    "{{{}, when {} => {}}}",
                    self.color(),
                    self.condition(reader, 3),
                    self.color()
                ),
                _ => format!("{{{}}}", self.color()),
            },
            Kind::Number => self.number(reader, depth),
            Kind::Size => format!("{} KiB", 1 + self.random.below(64)),
            Kind::Text => self.text(&Reader::NONE, 3),
            Kind::Maybe => match self.random.below(3) {
                0 => "null".to_owned(),
                _ => self.number(reader, depth),
            },
        }
    }

    fn color(&mut self) -> String {
        (*self.random.pick(&["red", "green", "blue"])).to_owned()
    }

    fn number(&mut self, reader: &Reader<'_>, depth: usize) -> String {
        if depth > 3 {
            return self.random.below(40).to_string();
        }
        match self.random.below(9) {
            0 => format!("{} + {}", self.number(reader, depth + 1), self.number(reader, depth + 1)),
            1 if reader.in_recipe => format!("m.twice({})", self.number(reader, depth + 1)),
            2 => format!(
                "min({}, {})",
                self.number(reader, depth + 1),
                self.number(reader, depth + 1)
            ),
            3 => match self.read(Kind::Number, reader) {
                Some(name) => format!("{name} % 7"),
                None => "7".to_owned(),
            },
            4 => match self.read(Kind::Maybe, reader) {
                Some(name) => format!("{name}.or(3)"),
                None => "8".to_owned(),
            },
            5 => format!("if {} then 1 else 2", self.condition(reader, depth + 1)),
            _ => self.random.below(100).to_string(),
        }
    }

    fn text(&mut self, reader: &Reader<'_>, depth: usize) -> String {
        match self.random.below(if depth > 2 { 2 } else { 6 }) {
            0 => "\"abc\"".to_owned(),
            1 => format!("\"x{}\"", self.random.below(10)),
            2 => format!("\"n\\({})\"", self.number(reader, depth + 1)),
            3 => match self.read(Kind::Color, reader) {
                Some(name) if reader.in_recipe => format!("m.name({name})"),
                _ => "\"none\"".to_owned(),
            },
            4 => format!(
                "[for n in [1, 2, 3] when n > {} => \"\\(n)\"].join(\",\")",
                self.random.below(4)
            ),
            _ => "\"\\(version)\"".to_owned(),
        }
    }

    fn condition(&mut self, reader: &Reader<'_>, depth: usize) -> String {
        if depth < 3 && self.chance(4) {
            let (a, b) = (self.condition(reader, depth + 1), self.condition(reader, depth + 1));
            return match self.random.below(3) {
                0 => format!("({a} & {b})"),
                1 => format!("({a} | {b})"),
                _ => format!("!({a})"),
            };
        }
        for _ in 0..3 {
            let found = match self.random.below(6) {
                0 | 1 => self.read(Kind::Feature, reader),
                2 => self.read(Kind::Color, reader).map(|it| format!("{it} == {}", self.color())),
                3 => self.read(Kind::Colors, reader).map(|it| format!("{it} has {}", self.color())),
                4 => self.read(Kind::Number, reader).map(|it| format!("{it} > 8")),
                _ => None,
            };
            if let Some(found) = found {
                return found;
            }
        }
        (*self.random.pick(&[
            "platform.cpu == x86_64",
            "platform.os == linux",
            "toolchain.link == static",
        ]))
        .to_owned()
    }
}
