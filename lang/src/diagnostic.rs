//! What is wrong with a text, as data. Drawing it is the business of whoever shows it.

use std::fmt;

use text_size::TextRange;

use crate::database::FileId;

/// A mistake or a doubt, with every place that matters to it and ways to mend it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnostic {
    /// Which kind of mistake.
    pub code: Code,
    /// What is wrong: one sentence, lower case, no full stop.
    pub message: String,
    /// Where the mistake is.
    pub primary: Label,
    /// Other places that matter, such as the declaration.
    pub secondary: Vec<Label>,
    /// What to do, most useful first: sentences.
    pub help: Vec<String>,
    /// Edits that mend it.
    pub fixes: Vec<Fix>,
}

/// A place, and what is to say about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Label {
    /// The file.
    pub file: FileId,
    /// The place in it.
    pub range: TextRange,
    /// A phrase; may be empty.
    pub text: String,
}

/// A way to mend a mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fix {
    /// What it does: "write `mlx5`".
    pub title: String,
    /// The changes, all in all or none.
    pub edits: Vec<Edit>,
}

/// A change of one place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Edit {
    /// The file.
    pub file: FileId,
    /// What is replaced.
    pub range: TextRange,
    /// What replaces it.
    pub text: String,
}

/// How bad it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Severity {
    /// Evaluation does not go on.
    Error,
    /// It goes on, but probably not as meant.
    Warning,
}

impl fmt::Display for Severity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Severity::Error => "error",
            Severity::Warning => "warning",
        })
    }
}

/// Makes [`Code`]: a line is a code, its slug and its severity. Each slug has a page
/// `spec/diagnostics/<slug>.md` and a case; a test checks both.
macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $slug:literal, $severity:ident;)*) => {
        /// Which kind of mistake a [`Diagnostic`] is about.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code.
            pub const ALL: &'static [Code] = &[$(Code::$name),*];

            /// Returns the name that users see: `unknown-option`.
            #[must_use]
            pub fn slug(self) -> &'static str {
                match self {
                    $(Code::$name => $slug,)*
                }
            }

            /// Returns how bad it is.
            #[must_use]
            pub fn severity(self) -> Severity {
                match self {
                    $(Code::$name => Severity::$severity,)*
                }
            }
        }
    };
}

codes! {
    //------ syntax

    /// Something else should stand here.
    UnexpectedToken = "unexpected-token", Error;
    /// A bracket has no counterpart.
    UnclosedBracket = "unclosed-bracket", Error;
    /// A string, pattern or interpolation has no end.
    UnclosedString = "unclosed-string", Error;
    /// Characters that begin no token.
    UnknownCharacter = "unknown-character", Error;
    /// Nested deeper than allowed.
    NestedTooDeep = "nested-too-deep", Error;
    /// A file does not say what it is.
    MissingHeader = "missing-header", Error;
    /// The name in the header is missing, not allowed, or not that of the file.
    HeaderName = "header-name", Error;
    /// A number does not fit into 64 bits.
    NumberTooLarge = "number-too-large", Error;
    /// An escape in a string means nothing.
    BadEscape = "bad-escape", Error;
    /// A line of a long string is indented less than its end.
    BadIndent = "bad-indent", Error;
    /// An item stands where it cannot.
    MisplacedItem = "misplaced-item", Error;
    /// Quotes stand around what is quoted anyway.
    QuotedTwice = "quoted-twice", Warning;
    /// A string that must be plain interpolates something.
    NotPlainText = "not-plain-text", Error;

    //------ names

    /// No package has this name.
    UnknownPackage = "unknown-package", Error;
    /// A package has no such option.
    UnknownOption = "unknown-option", Error;
    /// An enum has no such value.
    UnknownValue = "unknown-value", Error;
    /// A name in an expression means nothing.
    UnknownName = "unknown-name", Error;
    /// A value has no such member.
    UnknownMember = "unknown-member", Error;
    /// No type has this name.
    UnknownType = "unknown-type", Error;
    /// No mixin, preset, module or overlay has this name.
    UnknownModule = "unknown-module", Error;
    /// A package has no such step.
    UnknownStep = "unknown-step", Error;
    /// A package has no such version.
    UnknownVersion = "unknown-version", Error;
    /// An attribute, join or export key that Kiln does not know.
    UnknownKeyword = "unknown-keyword", Error;
    /// Two declarations have one name.
    DuplicateDeclaration = "duplicate-declaration", Error;
    /// A bare word could mean several things.
    AmbiguousName = "ambiguous-name", Error;
    /// A file cannot be read.
    UnreadableFile = "unreadable-file", Error;

    //------ types

    /// A value has another type than is expected.
    TypeMismatch = "type-mismatch", Error;
    /// A number or string is not among those allowed.
    OutOfRange = "out-of-range", Error;
    /// An operator does not go with its operands.
    BadOperator = "bad-operator", Error;
    /// A call does not fit what is called.
    BadCall = "bad-call", Error;
    /// A condition uses what conditions cannot.
    NotACondition = "not-a-condition", Error;
    /// `match` does not say what happens with some values.
    MissingArm = "missing-arm", Error;
    /// A rule does not say why.
    MissingMessage = "missing-message", Warning;
    /// A type or value that is needed is not given.
    MissingValue = "missing-value", Error;
    /// A knob, type or default makes no sense by itself.
    BadDeclaration = "bad-declaration", Error;

    //------ options

    /// Options are defined by themselves.
    OptionCycle = "option-cycle", Error;
    /// Functions call themselves.
    RecursiveFunction = "recursive-function", Error;
    /// One layer says two things.
    ContradictingSettings = "contradicting-settings", Error;
    /// A setting changes nothing.
    RedundantSetting = "redundant-setting", Warning;
    /// A setting is of an option that has no effect.
    NoEffect = "no-effect", Warning;
    /// An option or value has a new name.
    RenamedOption = "renamed-option", Warning;
    /// An option, value or version is not to be used any more.
    Deprecated = "deprecated", Warning;
    /// An option or value is gone.
    RemovedOption = "removed-option", Error;

    //------ solving

    /// The packages that are wanted do not go together.
    Conflict = "conflict", Error;
    /// No version of a package is what something asks for that may not be needed.
    UnmetNeed = "unmet-need", Warning;
    /// A package is not available here.
    Unavailable = "unavailable", Error;
    /// What is wanted depends on a fact of the machine that is not given.
    MissingFact = "missing-fact", Error;
    /// Packages need each other to be built.
    DependencyCycle = "dependency-cycle", Error;

    //------ locks

    /// A lock is not as it was written.
    BadLock = "bad-lock", Error;
    /// What is chosen is not what the lock has.
    StaleLock = "stale-lock", Warning;
    /// What is chosen is not what the lock has, and must be.
    Locked = "locked", Error;

    //------ evaluation

    /// Evaluation took more steps or memory than allowed.
    EvaluationLimit = "evaluation-limit", Error;
    /// An expression has no value.
    EvaluationError = "evaluation-error", Error;
}

impl Code {
    /// Returns the code with this slug.
    #[must_use]
    pub fn from_slug(slug: &str) -> Option<Code> {
        Code::ALL.iter().copied().find(|it| it.slug() == slug)
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

impl Diagnostic {
    /// Makes a diagnostic about one place.
    pub fn new(code: Code, file: FileId, range: TextRange, message: impl Into<String>) -> Self {
        Diagnostic {
            code,
            message: message.into(),
            primary: Label { file, range, text: String::new() },
            secondary: Vec::new(),
            help: Vec::new(),
            fixes: Vec::new(),
        }
    }

    /// Says something about the place of the mistake.
    #[must_use]
    pub fn here(mut self, text: impl Into<String>) -> Self {
        self.primary.text = text.into();
        self
    }

    /// Adds another place.
    #[must_use]
    pub fn label(mut self, file: FileId, range: TextRange, text: impl Into<String>) -> Self {
        self.secondary.push(Label { file, range, text: text.into() });
        self
    }

    /// Says that the place of the mistake is the second of two, and where the first is.
    #[must_use]
    pub fn second_of(self, file: FileId, first: TextRange) -> Self {
        self.here("the second one").label(file, first, "the first one")
    }

    /// Says that what stands at the place of the mistake stood somewhere before.
    #[must_use]
    pub fn second_time(self, file: FileId, first: TextRange) -> Self {
        self.here("the second time").label(file, first, "the first time")
    }

    /// Adds a sentence on what to do.
    #[must_use]
    pub fn help(mut self, text: impl Into<String>) -> Self {
        self.help.push(text.into());
        self
    }

    /// Adds an edit of the place of the mistake that mends it.
    #[must_use]
    pub fn fix(self, title: impl Into<String>, text: impl Into<String>) -> Self {
        let (file, range) = (self.primary.file, self.primary.range);
        self.fix_at(title, file, range, text)
    }

    /// Adds an edit of another place that mends it.
    #[must_use]
    pub fn fix_at(
        mut self,
        title: impl Into<String>,
        file: FileId,
        range: TextRange,
        text: impl Into<String>,
    ) -> Self {
        let edits = vec![Edit { file, range, text: text.into() }];
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }

    /// Adds several edits that mend it together.
    #[must_use]
    pub fn fix_all(mut self, title: impl Into<String>, edits: Vec<Edit>) -> Self {
        self.fixes.push(Fix { title: title.into(), edits });
        self
    }

    /// Whether evaluation cannot go on.
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.code.severity() == Severity::Error
    }
}
