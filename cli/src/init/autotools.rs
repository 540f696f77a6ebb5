//! `configure`: what it says of the package, and what its help says of options.

use super::configure::{self, Defaults, Unsaid};
use super::draft::{Draft, DraftOption, Need, OptionKind, Says, System};
use super::tree::Tree;

/// How many options of a script are read.
const OPTIONS_MAX: usize = 1000;

/// Options that every such script has, or that say how and not what is built.
const USUAL: &[&str] = &[
    "option-checking",
    "FEATURE",
    "silent-rules",
    "dependency-tracking",
    "maintainer-mode",
    "shared",
    "static",
    "fast-install",
    "libtool-lock",
    "pic",
    "gnu-ld",
    "sysroot",
    "aix-soname",
    "largefile",
    "year2038",
    "rpath",
    "PACKAGE",
    "libiconv-prefix",
    "libintl-prefix",
    "included-gettext",
    "pkg-config-libdir",
    "pkgconfigdir",
    "werror",
];

pub(super) fn read(tree: &Tree, draft: &mut Draft) -> bool {
    let Some(text) = tree.text("configure") else {
        if tree.has("configure.ac") || tree.has("configure.in") {
            draft.note(
                "There is no `configure`: releases have one, this tree would have to make it with \
                 autoconf, for which there is no recipe yet.",
            );
            draft.system = System::Autotools;
            return true;
        }
        return false;
    };
    draft.system = System::Autotools;
    // Some count their scripts, and not what they release.
    if let Some(version) = variable(&text, "PACKAGE_VERSION")
        && super::cmake::is_version(&version)
        && (version.contains('.') || draft.version.is_none())
    {
        draft.version = Some(version);
    }
    draft.homepage = variable(&text, "PACKAGE_URL").filter(|it| it.starts_with("http"));
    draft.is_cxx = text.contains("\nac_cv_prog_cxx_g") || text.contains("$CXX -c $CXXFLAGS");
    let mut values = Vec::new();
    let defaults = Defaults::read(&text);
    for line in help(&text).iter().take(OPTIONS_MAX) {
        option(&defaults, line, draft, &mut values);
    }
    configure::needs(&text, draft);
    if !values.is_empty() {
        draft.note(&format!(
            "It takes values, too, which `args += [\"…\"]` gives: {}.",
            values.join(", ")
        ));
    }
    true
}

/// `NAME='value'`
fn variable(text: &str, name: &str) -> Option<String> {
    let line = text.lines().find(|it| it.starts_with(&format!("{name}=")))?;
    let value = line.split_once('=')?.1.trim().trim_matches(['\'', '"']);
    (!value.is_empty() && !value.contains('$')).then(|| value.to_owned())
}

/// The lines of the help that say something of an option, with those that go on with it.
fn help(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    let mut is_inside = false;
    for line in text.lines() {
        let is_heading = matches!(line, "Optional Features:" | "Optional Packages:");
        if is_heading {
            is_inside = true;
        } else if is_inside && (line.starts_with("_ACEOF") || line.starts_with("Some influential"))
        {
            is_inside = false;
        } else if is_inside {
            let bare = line.trim();
            if bare.starts_with("--") {
                lines.push(bare.to_owned());
            } else if let Some(last) = lines.last_mut().filter(|_| !bare.is_empty()) {
                last.push(' ');
                last.push_str(bare);
            }
        }
    }
    lines
}

/// Adds what a line of the help says: an option, or else what takes a value of its own.
fn option(defaults: &Defaults, line: &str, draft: &mut Draft, values: &mut Vec<String>) {
    let (word, doc) = line.split_once(char::is_whitespace).unwrap_or((line, ""));
    let Some((verb, name)) = word.strip_prefix("--").and_then(|it| it.split_once('-')) else {
        return;
    };
    let value = name.split_once('=').filter(|it| !it.0.ends_with('[')).map(|it| it.1);
    let name = name.split(['=', '[']).next().unwrap_or(name);
    if name.is_empty() || USUAL.contains(&name) {
        return;
    }
    // Where a package is can be left out; a word of one's own cannot.
    let is_place = |it: &str| {
        let it = it.to_lowercase();
        ["dir", "path", "prefix", "yes", "no"].iter().any(|word| it.contains(word))
    };
    if value.is_some_and(|it| verb == "enable" || !is_place(it)) {
        values.push(format!("`{word}`"));
        return;
    }
    let (on, off) = match verb {
        "enable" | "disable" => (format!("--enable-{name}"), format!("--disable-{name}")),
        "with" | "without" => (format!("--with-{name}"), format!("--without-{name}")),
        _ => return,
    };
    // The help names what is not the default.
    let is_said_on = matches!(verb, "disable" | "without");
    // A value of a package is where it is: it is found there anyway.
    let is_package = matches!(verb, "with" | "without");
    if is_package && name.ends_with("-prefix") {
        return;
    }
    if is_package {
        draft.need(Need {
            name: name.to_owned(),
            version: None,
            is_tool: false,
            is_required: false,
            option: Some(name.to_owned()),
            place: "configure --help".into(),
        });
    }
    // The help says what the argument does; the feature is the other way round.
    let doc = doc.trim();
    let negations = ["do not ", "don't ", "disable ", "without "];
    let lower = doc.to_lowercase();
    let negation = negations.iter().find(|it| is_said_on && lower.starts_with(*it));
    let stem = if is_package { "with" } else { "enable" };
    let unsaid = defaults.of(stem, name);
    let is_on = match unsaid {
        Some(Unsaid::On) => true,
        Some(Unsaid::Off) => false,
        Some(Unsaid::Auto) | None => is_said_on,
    };
    draft.option(DraftOption {
        name: name.to_owned(),
        doc: doc.get(negation.map_or(0, |it| it.len())..).unwrap_or(doc).to_owned(),
        kind: OptionKind::Switch { is_on, says: Says::Args { on, off } },
        is_auto: unsaid == Some(Unsaid::Auto),
    });
}
