//! Where a project has its recipes.

use crate::env::resolve;
use crate::module::{ModuleKind, StmtKind, lower};
use crate::syntax::parse;

/// Returns the folders of recipes that the project file at `path` names, in its order:
/// `use "./recipes"`. They are needed to make the database in which the file is then checked.
#[must_use]
pub fn recipe_folders(path: &str, text: &str) -> Vec<String> {
    let (module, _, _) = lower(&parse(text));
    if module.kind != Some(ModuleKind::Project) {
        return Vec::new();
    }
    let stmts = module.root.map(|it| &module.bodies[it].stmts).into_iter().flatten();
    stmts
        .filter_map(|it| match &it.kind {
            StmtKind::Use(it) if it.is_path && is_folder(&it.target.name) => {
                let folder = resolve(path, &it.target.name);
                let short = folder.trim_end_matches('/');
                Some(if short.is_empty() { folder } else { short.to_owned() })
            }
            _ => None,
        })
        .collect()
}

/// Whether what a project uses is a folder. What is none has a name: `core`.
pub(crate) fn is_folder(name: &str) -> bool {
    name.contains('/') || matches!(name, "." | "..")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_are_those_of_the_project() {
        let text = "project\nuse \"core\"\nuse \"./a/\"\nuse \".\"\nuse \"../b\"\nuse \"/c//\"\n";
        assert_eq!(recipe_folders("/w/p/project.kiln", text), ["/w/p/a", "/w/p", "/w/b", "/c"]);
        assert!(recipe_folders("/w/m.kiln", "module m\nuse \"./a\"\n").is_empty());
    }
}
