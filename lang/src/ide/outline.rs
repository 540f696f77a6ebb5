//! What a file declares, as a tree; and what all files declare, by name.

use text_size::TextRange;

use super::completion::name_fits;
use crate::database::{Database, FileId};
use crate::syntax::SyntaxKind::*;
use crate::syntax::SyntaxNode;
use crate::syntax::ast::{self, AstNode};

/// A declaration, with those in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutlineItem {
    /// Its name.
    pub name: String,
    /// A phrase beside it: a type, a value.
    pub detail: String,
    /// What it is.
    pub kind: OutlineKind,
    /// All of it.
    pub whole: TextRange,
    /// Its name.
    pub name_range: TextRange,
    /// Whether it should not be used any more.
    pub deprecated: bool,
    /// What is declared in it.
    pub children: Vec<OutlineItem>,
}

/// What a declaration is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum OutlineKind {
    /// The package, module or layer that the file is.
    File,
    /// A feature.
    Feature,
    /// A knob.
    Knob,
    /// A field.
    Field,
    /// A let.
    Let,
    /// An enum.
    Enum,
    /// A value of an enum.
    Value,
    /// A group of values.
    Group,
    /// A record.
    Record,
    /// A name of a type.
    Type,
    /// A function.
    Function,
    /// A mixin.
    Mixin,
    /// A compilation, output or preset.
    Part,
    /// A step.
    Step,
    /// A test.
    Test,
    /// A version.
    Version,
    /// A dependency.
    Dependency,
    /// A setting.
    Setting,
}

/// A declaration somewhere in the workspace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WorkspaceSymbol {
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: OutlineKind,
    /// The file.
    pub file: FileId,
    /// Its name, there.
    pub range: TextRange,
    /// What it is in: a package, a module.
    pub container: String,
}

/// Returns what a file declares.
#[must_use]
pub fn outline(db: &Database, file: FileId) -> Vec<OutlineItem> {
    let root = db.parse(file).syntax();
    children(&root, 0)
}

/// How deep declarations are looked for.
const DEPTH_MAX: usize = 32;

fn children(node: &SyntaxNode, depth: usize) -> Vec<OutlineItem> {
    if depth > DEPTH_MAX {
        return Vec::new();
    }
    let mut items = Vec::new();
    for child in node.children() {
        match item(&child) {
            Some(mut it) => {
                it.children = children(&child, depth + 1);
                items.push(it);
            }
            None => {
                // What only groups others leaves no trace.
                if matches!(
                    child.kind(),
                    BLOCK
                        | ENUM_BODY
                        | RECORD_BODY
                        | VERSIONS
                        | WHEN
                        | FOR
                        | ARM
                        | ELSE_BLOCK
                        | ENUM_TYPE
                        | NAMED_TYPE
                        | TYPE_ARGS
                        | OPT_TYPE
                        | AMEND
                ) {
                    items.extend(children(&child, depth + 1));
                }
            }
        }
    }
    items
}

fn item(node: &SyntaxNode) -> Option<OutlineItem> {
    let named = |name: Option<ast::Name>, kind, detail: String| {
        let name = name?;
        Some((name.text(), name.range(), kind, detail))
    };
    // A type and a value, in one line.
    let typed = |ty: Option<ast::Type>, value: Option<ast::Expr>| -> String {
        let ty = ty.map(|it| one_line(it.syntax()));
        let value = value.map(|it| format!("= {}", one_line(it.syntax())));
        ty.into_iter().chain(value).collect::<Vec<_>>().join(" ")
    };
    let (name, name_range, kind, detail) = match node.kind() {
        FEATURE => {
            let it = ast::Feature::cast(node.clone())?;
            named(it.name(), OutlineKind::Feature, typed(None, it.expr()))?
        }
        KNOB => {
            let it = ast::Knob::cast(node.clone())?;
            named(it.name(), OutlineKind::Knob, typed(it.type_(), it.expr()))?
        }
        FIELD => {
            let it = ast::Field::cast(node.clone())?;
            named(it.name(), OutlineKind::Field, typed(it.type_(), it.expr()))?
        }
        LET => {
            let it = ast::Let::cast(node.clone())?;
            named(it.name(), OutlineKind::Let, typed(it.type_(), it.expr()))?
        }
        ENUM_DECL => {
            let it = ast::EnumDecl::cast(node.clone())?;
            named(it.name(), OutlineKind::Enum, String::new())?
        }
        ENUMERATOR => {
            let it = ast::Enumerator::cast(node.clone())?;
            named(it.name(), OutlineKind::Value, String::new())?
        }
        GROUP => {
            let it = ast::Group::cast(node.clone())?;
            named(it.name(), OutlineKind::Group, String::new())?
        }
        RECORD_DECL => {
            let it = ast::RecordDecl::cast(node.clone())?;
            named(it.name(), OutlineKind::Record, String::new())?
        }
        TYPE_ALIAS => {
            let it = ast::TypeAlias::cast(node.clone())?;
            named(it.name(), OutlineKind::Type, typed(it.type_(), None))?
        }
        FUNCTION => {
            let it = ast::Function::cast(node.clone())?;
            let params = it.param_list().map(|it| it.syntax().text().to_string());
            named(it.name(), OutlineKind::Function, params.unwrap_or_default())?
        }
        MIXIN => {
            let it = ast::Mixin::cast(node.clone())?;
            named(it.name(), OutlineKind::Mixin, "mixin".into())?
        }
        COMPILE => {
            let it = ast::Compile::cast(node.clone())?;
            named(it.name(), OutlineKind::Part, "compile".into())?
        }
        OUTPUT => {
            let it = ast::Output::cast(node.clone())?;
            named(it.name(), OutlineKind::Part, "output".into())?
        }
        PRESET => {
            let it = ast::Preset::cast(node.clone())?;
            named(it.name(), OutlineKind::Part, "preset".into())?
        }
        STEP => {
            let it = ast::Step::cast(node.clone())?;
            named(it.name(), OutlineKind::Step, String::new())?
        }
        TEST => {
            let it = ast::Test::cast(node.clone())?.string_lit()?;
            (it.plain_text()?, it.range(), OutlineKind::Test, String::new())
        }
        VERSION_ENTRY => {
            let it = ast::VersionEntry::cast(node.clone())?;
            let range = it
                .literal()
                .map(|it| it.range())
                .or_else(|| it.name_ref().map(|it| it.range()))
                .or_else(|| it.string_lit().map(|it| it.range()))?;
            let start = range.start() - node.text_range().start();
            let text = node.text()[TextRange::at(start, range.len())].to_owned();
            (text, range, OutlineKind::Version, String::new())
        }
        DEP => {
            let it = ast::Dep::cast(node.clone())?;
            let path = it.spec()?.path()?;
            let role = it.role_token().map(|it| it.text().to_owned()).unwrap_or_default();
            (path.text(), path.range(), OutlineKind::Dependency, role)
        }
        SETTING => {
            let it = ast::Setting::cast(node.clone())?;
            let path = it.path()?;
            let sign = it.op_token()?;
            let value = it.expr().map(|it| one_line(it.syntax())).unwrap_or_default();
            let detail = format!("{} {value}", sign.text());
            (path.text(), path.range(), OutlineKind::Setting, detail)
        }
        WANT_SPEC => {
            let path = ast::WantSpec::cast(node.clone())?.spec()?.path()?;
            (path.text(), path.range(), OutlineKind::Dependency, "want".into())
        }
        _ => return None,
    };
    if name.is_empty() {
        return None;
    }
    let deprecated = node.children().filter_map(ast::Attr::cast).any(|it| {
        it.name().is_some_and(|it| matches!(it.text().as_str(), "deprecated" | "removed"))
    });
    let whole = crate::syntax::range_of(node).cover(name_range);
    Some(OutlineItem { name, detail, kind, whole, name_range, deprecated, children: Vec::new() })
}

/// The text of a node in one line, cut where it is long.
fn one_line(node: &SyntaxNode) -> String {
    /// How many characters are shown.
    const SHOWN_MAX: usize = 60;
    // Only the beginning of a long text is looked at.
    let text = node.text();
    let end = (0..=text.len().min(400)).rev().find(|it| text.is_char_boundary(*it));
    let line = text[..end.unwrap_or_default()].split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(SHOWN_MAX) {
        Some((at, _)) => format!("{}…", &line[..at]),
        None => line,
    }
}

/// How many symbols of a workspace are given at most.
const SYMBOLS_MAX: usize = 500;

/// Returns what `files` declare under names that have the letters of `query` in their order: those
/// that begin so first.
#[must_use]
pub fn workspace_symbols(db: &Database, files: &[FileId], query: &str) -> Vec<WorkspaceSymbol> {
    let mut found: Vec<(u8, WorkspaceSymbol)> = Vec::new();
    let rank = |name: &str| -> Option<u8> {
        let (name, query) = (name.to_lowercase(), query.to_lowercase());
        if name == query {
            Some(0)
        } else if name.starts_with(&query) {
            Some(1)
        } else if name.contains(&query) {
            Some(2)
        } else {
            name_fits(&name, &query).then_some(3)
        }
    };
    for file in files {
        let lowered = db.lowered(*file);
        let module = &lowered.module;
        let container = module.name.as_ref().map_or_else(String::new, |it| it.name.to_string());
        let mut add = |name: &str, span, kind| {
            if let Some(rank) = rank(name) {
                let range = lowered.map.span(span);
                let name = name.to_owned();
                let container = container.clone();
                found.push((rank, WorkspaceSymbol { name, kind, file: *file, range, container }));
            }
        };
        if let Some(name) = &module.name {
            add(&name.name, name.span, OutlineKind::File);
        }
        for name in &module.type_names {
            let kind = match name.kind {
                crate::module::TypeNameKind::Enum(_) => OutlineKind::Enum,
                crate::module::TypeNameKind::Record(_) => OutlineKind::Record,
                crate::module::TypeNameKind::Alias(_) => OutlineKind::Type,
            };
            add(&name.ident.name, name.ident.span, kind);
        }
        for value in module.enums.values().iter().flat_map(|it| &it.values) {
            add(&value.ident.name, value.ident.span, OutlineKind::Value);
        }
        for function in module.functions.values() {
            add(&function.ident.name, function.ident.span, OutlineKind::Function);
        }
        for body in module.bodies.values() {
            for option in &body.options {
                let kind = match option.kind {
                    crate::module::OptionKind::Feature => OutlineKind::Feature,
                    crate::module::OptionKind::Knob => OutlineKind::Knob,
                    crate::module::OptionKind::Field => OutlineKind::Field,
                    crate::module::OptionKind::Let => OutlineKind::Let,
                };
                add(&option.ident.name, option.ident.span, kind);
            }
            for step in &body.steps {
                add(&step.ident.name, step.ident.span, OutlineKind::Step);
            }
            for part in &body.parts {
                let kind = match part.kind {
                    crate::module::PartKind::Mixin => OutlineKind::Mixin,
                    crate::module::PartKind::Test => OutlineKind::Test,
                    _ => OutlineKind::Part,
                };
                add(&part.ident.name, part.ident.span, kind);
            }
        }
    }
    found.sort_by(|a, b| (a.0, &a.1.name, a.1.file).cmp(&(b.0, &b.1.name, b.1.file)));
    found.truncate(SYMBOLS_MAX);
    found.into_iter().map(|it| it.1).collect()
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn show(items: &[OutlineItem], depth: usize, out: &mut String) {
        for item in items {
            let detail = if item.detail.is_empty() {
                String::new()
            } else {
                format!(" — {}", item.detail)
            };
            out.push_str(&format!("{}{:?} {}{detail}\n", "  ".repeat(depth), item.kind, item.name));
            assert!(item.whole.contains_range(item.name_range), "{}", item.name);
            show(&item.children, depth + 1, out);
        }
    }

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let mut out = String::new();
        show(&outline(&fixture.db, fixture.cursor.file), 0, &mut out);
        expected.assert_eq(&out);
    }

    const RECIPE: &str = "//- /recipes/a.kiln
recipe a
versions {
    2.0 { }
    1.0 { }
}
enum Driver { mlx5, ice; group all_of { mlx5 } }
knob drivers: Set<Driver> = {ice} { mlx5 => host zlib }
feature f = on { host zlib >= 1 }
field x: String = \"\"
let two = 2
fn twice(n: Int): Int = n * 2
step build = sh\"make\"
args = [\"a\"]
test \"runs\" = sh\"a\"
";

    #[test]
    fn a_recipe() {
        check(
            RECIPE,
            expect![[r#"
            Version 2.0
            Version 1.0
            Enum Driver
              Value mlx5
              Value ice
              Group all_of
            Knob drivers — Set<Driver> = {ice}
              Dependency zlib — host
            Feature f — = on
              Dependency zlib — host
            Field x — String = ""
            Let two — = 2
            Function twice — (n: Int)
            Step build
            Setting args — = ["a"]
            Test runs
        "#]],
        );
    }

    #[test]
    fn symbols_of_a_workspace_best_first() {
        let fixture = Fixture::new(RECIPE);
        let found = workspace_symbols(&fixture.db, &fixture.files, "d");
        let lines: Vec<String> = found
            .iter()
            .map(|it| format!("{:?} {} in {}\n", it.kind, it.name, it.container))
            .collect();
        expect![[r#"
            Enum Driver in a
            Knob drivers in a
            Step build in a
        "#]]
        .assert_eq(&lines.concat());
    }
}
