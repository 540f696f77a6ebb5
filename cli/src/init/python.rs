//! `pyproject.toml`: the project's own words, and its build backend.

use super::cmake::tool;
use super::draft::{Draft, System};
use super::tree::Tree;

pub(super) fn read(tree: &Tree, draft: &mut Draft) -> bool {
    let project = tree.text("pyproject.toml");
    if project.is_none() && !tree.has("setup.py") {
        return false;
    }
    draft.system = System::Python;
    let table: toml::Table = project.and_then(|it| it.parse().ok()).unwrap_or_default();
    let of = |section: &str, key: &str| {
        let value = table.get(section)?.as_table()?.get(key)?;
        value.as_str().map(str::to_owned)
    };
    if let Some(version) = of("project", "version") {
        draft.version.get_or_insert(version);
    }
    draft.doc = of("project", "description");
    draft.license = of("project", "license");
    let requires = table.get("build-system").and_then(|it| it.get("requires"));
    let backends = requires.and_then(toml::Value::as_array).cloned().unwrap_or_default();
    let names: Vec<String> =
        backends.iter().filter_map(|it| it.as_str()).map(requirement).collect();
    let names = if names.is_empty() { vec!["setuptools".to_owned()] } else { names };
    for name in names {
        draft.need(tool(&name, "pyproject.toml".into()));
    }
    let wanted = table.get("project").and_then(|it| it.get("dependencies"));
    for name in wanted.and_then(toml::Value::as_array).into_iter().flatten() {
        if let Some(name) = name.as_str() {
            let mut need = tool(&requirement(name), "pyproject.toml".into());
            need.is_tool = false;
            draft.need(need);
        }
    }
    true
}

/// The name in a requirement such as `setuptools >= 61; python_version > "3.8"`.
fn requirement(text: &str) -> String {
    let is_part = |it: char| it.is_ascii_alphanumeric() || matches!(it, '-' | '_' | '.');
    text.trim().split(|it| !is_part(it)).next().unwrap_or_default().to_lowercase()
}
