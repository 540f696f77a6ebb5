//! The user's own folders, as the XDG Base Directory Specification has them.

use std::ffi::OsString;
use std::path::PathBuf;

/// What a folder of the user is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// What can be made anew.
    Cache,
    /// What the user has set.
    Config,
    /// What is to stay, such as the store.
    Data,
    /// What is worth keeping between runs, such as a history.
    State,
}

/// The folder of Kiln for a purpose, whether or not it is there: `~/.cache/kiln`, or what
/// `XDG_CACHE_HOME` says. A path that is not absolute counts as none, for it would lead to another
/// folder from each place; without any, there is no such folder.
pub(crate) fn folder(purpose: Purpose) -> Option<PathBuf> {
    folder_by(purpose, |name| std::env::var_os(name))
}

fn folder_by(purpose: Purpose, variable: impl Fn(&str) -> Option<OsString>) -> Option<PathBuf> {
    let (name, below_home) = match purpose {
        Purpose::Cache => ("XDG_CACHE_HOME", ".cache"),
        Purpose::Config => ("XDG_CONFIG_HOME", ".config"),
        Purpose::Data => ("XDG_DATA_HOME", ".local/share"),
        Purpose::State => ("XDG_STATE_HOME", ".local/state"),
    };
    let absolute = |name| variable(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let base = absolute(name).or_else(|| Some(absolute("HOME")?.join(below_home)))?;
    Some(base.join("kiln"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(purpose: Purpose, variables: &[(&str, &str)], expected: Option<&str>) {
        let variable = |name: &str| variables.iter().find(|it| it.0 == name).map(|it| it.1.into());
        assert_eq!(folder_by(purpose, variable), expected.map(PathBuf::from), "{variables:?}");
    }

    #[test]
    fn a_variable_comes_before_home() {
        let home = ("HOME", "/home/me");
        check(Purpose::Cache, &[home], Some("/home/me/.cache/kiln"));
        check(Purpose::Config, &[home], Some("/home/me/.config/kiln"));
        check(Purpose::Data, &[home], Some("/home/me/.local/share/kiln"));
        check(Purpose::State, &[home], Some("/home/me/.local/state/kiln"));
        check(Purpose::Data, &[home, ("XDG_DATA_HOME", "/data")], Some("/data/kiln"));
        check(Purpose::Data, &[("XDG_DATA_HOME", "/data")], Some("/data/kiln"));
    }

    #[test]
    fn a_path_that_is_not_absolute_counts_as_none() {
        let home = ("HOME", "/home/me");
        for relative in ["", "data", "./data"] {
            let variables = [home, ("XDG_DATA_HOME", relative)];
            check(Purpose::Data, &variables, Some("/home/me/.local/share/kiln"));
            check(Purpose::Data, &[("HOME", relative)], None);
        }
        check(Purpose::Cache, &[], None);
    }
}
