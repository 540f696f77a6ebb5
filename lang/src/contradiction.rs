//! Two places that contradict each other: what one file says is seen when it is checked, what holds
//! together under several conditions or in several files when layers are applied. Both say it in the
//! same words, and here they are.

use text_size::TextRange;

use crate::database::{Database, FileId};
use crate::diagnostic::{Code, Diagnostic};

/// A place in a file.
type Place = (FileId, TextRange);

impl Diagnostic {
    /// Says that two things contradict each other: of what they are, how they do, and where.
    #[must_use]
    pub fn contradiction(of: &str, what: &str, first: Place, second: Place) -> Self {
        let message = format!("two {of} contradict each other: {what}");
        Diagnostic::new(Code::ContradictingSettings, second.0, second.1, message)
            .second_of(first.0, first.1)
    }

    /// Says that two wishes for one instance of a package ask for opposite things. `alias` is what
    /// the instance is called; `wish` is the second one, where another name would help.
    #[must_use]
    pub fn opposite_wishes(
        db: &Database,
        package: &str,
        alias: Option<&str>,
        wish: Option<Place>,
        first: Place,
        second: Place,
    ) -> Self {
        let shown =
            |it: Place| db.text(it.0)[it.1].split_whitespace().collect::<Vec<_>>().join(" ");
        let what = format!(
            "`{package}` is asked for with `{}` and with `{}`",
            shown(first),
            shown(second)
        );
        let help = match (alias, wish) {
            (Some(alias), _) => {
                format!("there is one `{alias}` for both: give one of them another name")
            }
            (None, Some(wish)) => {
                format!("for a second instance, give it a name: `want {} as …`", shown(wish))
            }
            (None, None) => "there is one instance of it for both: remove one of them".to_owned(),
        };
        Diagnostic::contradiction("wishes", &what, first, second).help(help)
    }

    /// Says that two packages are wanted by one name.
    #[must_use]
    pub fn wishes_of_one_name(
        packages: [&str; 2],
        alias: &str,
        first: Place,
        second: Place,
    ) -> Self {
        let [one, other] = packages;
        let what = format!("`{one}` and `{other}` are both wanted as `{alias}`");
        Diagnostic::contradiction("wishes", &what, first, second)
            .help("give one of them another name")
    }

    /// Says that something is said twice.
    #[must_use]
    pub(crate) fn said_twice(first: Place, second: Place) -> Self {
        Diagnostic::new(Code::RedundantSetting, second.0, second.1, "this is said twice")
            .second_time(first.0, first.1)
    }
}
