//! Where npm gets packages from: npmrc(5).

use std::path::PathBuf;

use kiln_store::Cancel;

use crate::mirrors::machine::Machine;
use crate::mirrors::program::ask;
use crate::mirrors::{Bases, Origin, Rule};
use crate::place::{Place, shown_text};

/// Which packages a registry is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Packages {
    /// Those whose name begins with this `@scope`.
    OfScope(String),
    /// All but those of these scopes, which have registries of their own: a company's names are
    /// nobody else's business.
    Others { scopes: Vec<String> },
}

impl Packages {
    pub(crate) fn all() -> Self {
        Packages::Others { scopes: Vec::new() }
    }

    /// Whether a package, such as `left-pad` or `@corp/tool`, is one of them.
    pub(crate) fn contain(&self, package: &str) -> bool {
        let scope = package.split_once('/').map(|(scope, _)| scope);
        match self {
            Packages::OfScope(own) => scope == Some(own),
            Packages::Others { scopes } => !scope.is_some_and(|it| scopes.iter().any(|o| o == it)),
        }
    }
}

/// Adds the machine's registries: those of scopes first, then the one for all packages.
pub(crate) fn find(machine: &Machine, cancel: &Cancel, found: &mut Bases) {
    let configured = !found.bases.is_empty();
    let mut registry = None;
    let mut scopes: Vec<(String, Origin, String)> = Vec::new();
    // `//host/path/` to a token.
    let mut tokens: Vec<(String, String)> = Vec::new();
    for path in config_files(machine) {
        let text = match machine.read(&path) {
            Ok(Some(text)) => text,
            Ok(None) => continue,
            Err(reason) => {
                found.note(reason);
                continue;
            }
        };
        for setting in settings(&text) {
            let origin = Origin::File { path: path.clone(), line: setting.line };
            let value = fill(machine, setting.value);
            // A later file overrides an earlier one.
            if setting.key == "registry" {
                registry = Some((origin, value));
            } else if let Some(scope) = setting.key.strip_suffix(":registry") {
                scopes.retain(|(it, _, _)| it != scope);
                scopes.push((scope.to_owned(), origin, value));
            } else if let Some(prefix) = setting.key.strip_suffix(":_authToken") {
                tokens.retain(|(it, _)| it != prefix);
                tokens.push((prefix.to_owned(), value));
            }
        }
    }
    for name in ["npm_config_registry", "NPM_CONFIG_REGISTRY"] {
        if let Some(url) = machine.variable(name) {
            registry = Some((Origin::Variable(name.to_owned()), url.to_owned()));
            break;
        }
    }
    if registry.is_none() && !configured {
        match ask(machine, "npm", &["config", "get", "registry"], cancel) {
            Ok(answer) => {
                let answer = answer.trim();
                let command = "npm config get registry".to_owned();
                registry = Some((Origin::Program(command), answer.to_owned()));
            }
            Err(reason) => {
                found.note(format!("npm names no registry, and cannot be asked: {reason}"));
            }
        }
    }
    let others = Packages::Others { scopes: scopes.iter().map(|(it, _, _)| it.clone()).collect() };
    let scopes = scopes.into_iter().map(|(it, origin, url)| (Packages::OfScope(it), origin, url));
    let registry = registry.map(|(origin, url)| (others, origin, url));
    for (packages, origin, url) in scopes.chain(registry) {
        match Place::parse(&url) {
            Ok(place) => {
                let registry = with_token(place, &tokens);
                found.push(origin, Rule::Npm { registry, packages });
            }
            Err(reason) => found.note(format!(
                "the registry `{}` of npm ({origin}) is left out: {reason}",
                shown_text(&url)
            )),
        }
    }
}

/// The configuration files of npm that apply outside a project, in the order in which later ones
/// override earlier ones.
fn config_files(machine: &Machine) -> Vec<PathBuf> {
    let named = |lower: &str, upper: &str| {
        machine.variable(lower).or_else(|| machine.variable(upper)).map(PathBuf::from)
    };
    let mut files: Vec<PathBuf> = match named("npm_config_globalconfig", "NPM_CONFIG_GLOBALCONFIG")
    {
        Some(file) => vec![file],
        // `<prefix>/etc/npmrc` for the usual prefixes; Debian's npm has `/etc/npmrc`.
        None => ["/etc/npmrc", "/usr/etc/npmrc", "/usr/local/etc/npmrc"].map(PathBuf::from).into(),
    };
    let user = named("npm_config_userconfig", "NPM_CONFIG_USERCONFIG");
    files.extend(user.or_else(|| machine.home().map(|it| it.join(".npmrc"))));
    files
}

struct NpmSetting<'a> {
    line: usize,
    key: &'a str,
    value: &'a str,
}

/// Reads `key=value` lines. Keys have colons in them, so that only `=` ends one.
fn settings(text: &str) -> Vec<NpmSetting<'_>> {
    let lines = text.lines().enumerate();
    lines
        .filter(|(_, line)| !line.trim_start().starts_with(['#', ';', '[']))
        .filter_map(|(index, line)| {
            let (key, value) = line.split_once('=')?;
            let value = value.trim();
            let value =
                value.strip_prefix('"').and_then(|it| it.strip_suffix('"')).unwrap_or(value);
            Some(NpmSetting { line: index + 1, key: key.trim(), value })
        })
        .collect()
}

/// Replaces `${NAME}` by the variable's value; an unset one stays as it is, as npm has it.
fn fill(machine: &Machine, value: &str) -> String {
    let mut filled = String::new();
    let mut rest = value;
    while let Some((before, after)) = rest.split_once("${") {
        filled.push_str(before);
        match after.split_once('}') {
            Some((name, after)) => {
                match machine.variable(name) {
                    Some(value) => filled.push_str(value),
                    None => filled.push_str(&format!("${{{name}}}")),
                }
                rest = after;
            }
            None => {
                filled.push_str("${");
                rest = after;
            }
        }
    }
    filled + rest
}

/// Adds the token whose `//host/path/` fits a registry best.
fn with_token(registry: Place, tokens: &[(String, String)]) -> Place {
    let url = registry.url();
    let port = url.port().map(|it| format!(":{it}")).unwrap_or_default();
    let path = url.path().trim_end_matches('/');
    let address = format!("//{}{port}{path}/", url.host_str().unwrap_or_default());
    let fitting = tokens
        .iter()
        .filter(|(prefix, _)| address.starts_with(&format!("{}/", prefix.trim_end_matches('/'))))
        .max_by_key(|(prefix, _)| prefix.len());
    match fitting {
        Some((_, token)) => registry.with_token(token),
        None => registry,
    }
}
