//! Habits of other languages, and other mistakes that the parser recognises for what they are.
//!
//! The parser reads on as if the right thing stood there, and each slip knows the edit that puts it
//! there.

use text_size::{TextRange, TextSize};

/// A mistake of which it is clear what was meant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Slip {
    /// `version: 1.2`
    ColonForEquals,
    /// `drivers == {mlx5}` as a setting.
    DoubleEquals,
    /// `when tls = openssl`
    SingleEquals,
    /// `version 1.2`: an `=` is missing before what stands here.
    MissingEquals,
    /// `{ key = value }`
    EqualsInMap,
    /// `a && b`, `a and b`, `not a`.
    Operator {
        /// What Kiln writes.
        right: &'static str,
        /// What stands here.
        wrong: &'static str,
    },
    /// `a ? b : c`
    Ternary,
    /// `[a b]`: commas are missing, at each of these places.
    MissingComma {
        /// Where, each an empty range.
        places: Vec<TextRange>,
    },
    /// `[a,, b]`
    ExtraComma,
    /// `let x = 1 in …`
    LetIn,
    /// `override curl { … }` in a file that sets several packages.
    OverrideItem,
    /// `if condition { … }` among items.
    IfItem,
    /// A word that begins no item, where one that does is near.
    Word {
        /// What stands here.
        found: String,
        /// What is probably meant.
        right: &'static str,
    },
    /// `}` that closes nothing.
    StrayClose {
        /// The end of the line whose `{` is probably missing.
        header: Option<TextRange>,
    },
    /// `[1, 2}`
    WrongClose {
        /// Where the bracket is that it should close.
        opened: TextRange,
        /// What should stand here, in words.
        close: &'static str,
    },
    /// `'text'`
    SingleQuotes,
    /// `# comment`
    HashComment,
    /// `/* comment */`
    BlockComment,
}

/// A slip in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SlipText {
    /// What is wrong: one sentence.
    pub message: String,
    /// About the place.
    pub label: String,
    /// What to do.
    pub help: Option<String>,
    /// What the edit does, and its parts; all or none.
    pub fix: Option<(String, Vec<(TextRange, String)>)>,
    /// Another place that matters, and what is to say about it.
    pub other: Option<(TextRange, &'static str)>,
}

/// Words of other languages, and earlier names, with what they are here.
const WORDS: &[(&str, &str)] = &[
    ("amends", "override"),
    ("conflicts", "conflict"),
    ("const", "let"),
    ("def", "fn"),
    ("depend", "host"),
    ("dependency", "host"),
    ("depends", "host"),
    ("depends_on", "host"),
    ("function", "fn"),
    ("func", "fn"),
    ("import", "use"),
    ("option", "knob"),
    ("requires", "require"),
    ("struct", "record"),
    ("class", "record"),
    ("var", "let"),
    ("variant", "knob"),
];

/// The item keyword that `word` is probably meant to be.
pub(super) fn item_word(
    word: &str,
    items: impl Iterator<Item = &'static str>,
) -> Option<&'static str> {
    if let Some((_, right)) = WORDS.iter().find(|it| it.0 == word) {
        return Some(right);
    }
    // Nobody mistypes a keyword at such a length.
    if word.len() > 24 {
        return None;
    }
    crate::nearest(word, items).first().copied()
}

impl Slip {
    /// Puts the slip into words. It stands at `range` of `text`.
    #[must_use]
    pub fn explain(&self, text: &str, range: TextRange) -> SlipText {
        let found = &text[range];
        let replace =
            |with: &str| Some((format!("write `{}`", with.trim()), vec![(range, with.to_owned())]));
        let new = |message: &str, label: &str| SlipText {
            message: message.to_owned(),
            label: label.to_owned(),
            help: None,
            fix: None,
            other: None,
        };
        match self {
            Slip::ColonForEquals => SlipText {
                help: Some("`:` stands before types and between the key and value of a map".into()),
                // The space before `=` is there if the user left one.
                fix: replace(if text[..usize::from(range.start())].ends_with(' ') {
                    "="
                } else {
                    " ="
                }),
                ..new("expected `=`, found `:`", "a value is given with `=`")
            },
            Slip::DoubleEquals => SlipText {
                help: Some("`==` compares, in conditions".into()),
                fix: replace("="),
                ..new("expected `=`, found `==`", "a setting has one `=`")
            },
            Slip::SingleEquals => SlipText {
                help: Some("`=` sets an option; `==` compares".into()),
                fix: replace("=="),
                ..new("expected `==`, found `=`", "a condition compares with `==`")
            },
            Slip::MissingEquals => SlipText {
                fix: Some((
                    "write `=`".into(),
                    vec![(TextRange::empty(range.start()), "= ".to_owned())],
                )),
                ..new(
                    &format!("expected `=`, found {}", shown(text, range)),
                    "`=` is missing before this",
                )
            },
            Slip::EqualsInMap => SlipText {
                help: Some("a map is `{ key: value }`".into()),
                fix: replace(":"),
                ..new(
                    "expected `:`, found `=`",
                    "the key and the value of a map have `:` between them",
                )
            },
            Slip::Operator { right, wrong } => SlipText {
                fix: replace(right),
                ..new(
                    &format!("expected `{right}`, found `{wrong}`"),
                    &format!("this is written `{right}`"),
                )
            },
            Slip::Ternary => SlipText {
                help: Some("write `if condition then value else other`".into()),
                ..new(
                    "expected the end of the expression, found `?`",
                    "choices are written with `if`",
                )
            },
            Slip::MissingComma { places } => SlipText {
                help: Some("elements have commas between them".into()),
                fix: Some((
                    if places.len() == 1 { "add `,`".into() } else { "add the commas".into() },
                    places.iter().map(|it| (*it, ",".to_owned())).collect(),
                )),
                ..new(
                    &format!("expected `,`, found {}", shown(text, range)),
                    "`,` is missing before this",
                )
            },
            Slip::ExtraComma => SlipText {
                fix: Some(("remove it".into(), vec![(range, String::new())])),
                ..new("expected a value, found `,`", "this comma is one too many")
            },
            Slip::OverrideItem => SlipText {
                help: Some(
                    "`override NAME` at the top makes the whole file about one package".into(),
                ),
                fix: Some(("remove `override`".into(), vec![(range, String::new())])),
                ..new(
                    "expected an item, found `override`",
                    "settings of a package begin with its name: `NAME { … }`",
                )
            },
            Slip::LetIn => SlipText {
                help: Some("what `let` names can be used in the whole file".into()),
                fix: Some(("remove `in`".into(), vec![(range, String::new())])),
                ..new("expected the end of the line, found `in`", "`let` has no `in`")
            },
            Slip::IfItem => SlipText {
                help: Some("`if … then … else …` chooses between values".into()),
                fix: replace("when"),
                ..new(
                    "expected an item, found `if`",
                    "items that depend on a condition stand in `when`",
                )
            },
            Slip::Word { found, right } => SlipText {
                fix: replace(right),
                ..match *right {
                    "recipe" | "override" | "overlay" | "project" | "module" | "interface" => new(
                        &format!("`{found}` is no kind of file; did you mean `{right}`?"),
                        "a file begins with what it is",
                    ),
                    _ => new(
                        &format!("`{found}` begins no item; did you mean `{right}`?"),
                        "expected an item or a setting",
                    ),
                }
            },
            Slip::StrayClose { header } => SlipText {
                help: header
                    .is_none()
                    .then(|| "remove it, or look for the bracket that it should close".to_owned()),
                fix: Some(match header {
                    Some(at) => ("add `{`".into(), vec![(*at, " {".to_owned())]),
                    None => ("remove it".into(), vec![(range, String::new())]),
                }),
                other: header.map(|it| (it, "a `{` is probably missing here")),
                ..new(
                    &format!("expected an item, found `{found}`"),
                    &format!("this `{found}` closes nothing"),
                )
            },
            Slip::WrongClose { opened, close } => SlipText {
                fix: replace(close.trim_matches('`')),
                other: Some((*opened, "opened here")),
                ..new(
                    &format!("expected {close}, found `{found}`"),
                    &format!("{close} should stand here"),
                )
            },
            Slip::SingleQuotes => SlipText {
                fix: double_quotes(found)
                    .map(|it| ("write double quotes".into(), vec![(range, it)])),
                ..new(
                    "expected a string in double quotes, found single quotes",
                    "strings are written `\"…\"`",
                )
            },
            Slip::HashComment => SlipText {
                fix: Some((
                    "write `//`".into(),
                    vec![(TextRange::at(range.start(), TextSize::new(1)), "//".to_owned())],
                )),
                ..new("expected `//`, found `#`", "comments begin with `//`")
            },
            Slip::BlockComment => SlipText {
                help: Some("a comment ends with its line; put `//` before each".into()),
                fix: line_comments(found).map(|it| ("write `//`".into(), vec![(range, it)])),
                ..new("expected `//`, found `/*`", "comments begin with `//`")
            },
        }
    }
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or("")
}

fn shown(text: &str, range: TextRange) -> String {
    match &text[range] {
        it if it.ends_with('"') => "a string".to_owned(),
        it => format!("`{}`", first_line(it)),
    }
}

/// `'text'` as `"text"`, if that says the same.
fn double_quotes(found: &str) -> Option<String> {
    let quotes = found.bytes().take_while(|it| *it == b'\'').count().min(3);
    let long = quotes > 1 && found.len() >= 2 * quotes;
    let marks = if long { quotes } else { 1 };
    let inner = found.get(marks..found.len().checked_sub(marks)?)?;
    if inner.contains(['"', '\\']) {
        return None;
    }
    let marks = if long { "\"\"\"" } else { "\"" };
    Some(format!("{marks}{inner}{marks}"))
}

/// `/* text */` as `// text`, if it is one line.
fn line_comments(found: &str) -> Option<String> {
    let inner = found.strip_prefix("/*")?.strip_suffix("*/")?;
    (!inner.contains('\n')).then(|| format!("// {}", inner.trim()))
}
