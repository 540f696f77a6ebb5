//! Places in a file that lead elsewhere: files beside it, pages.

use text_size::TextRange;

use crate::check::{Builtin, Res};
use crate::database::{Database, FileId};
use crate::module::{Element, Expr, ModuleKind, StmtKind, StrPart};
use crate::schema::plain_text;

/// A place that leads elsewhere.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// The place.
    pub range: TextRange,
    /// Where it leads.
    pub target: LinkTarget,
}

/// Where a link leads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LinkTarget {
    /// A file or folder of the world.
    Path(String),
    /// A page of the web.
    Page(String),
}

/// Returns the links of a file.
#[must_use]
pub fn links(db: &Database, file: FileId) -> Vec<Link> {
    let checked = db.checked(file);
    let lowered = checked.schema.env.lowered.clone();
    let module = &lowered.module;
    let here = db.path(file);
    let mut links = Vec::new();
    // What is inside the quotes.
    let inside = |range: TextRange| {
        let one = text_size::TextSize::new(1);
        if range.len() > one + one {
            TextRange::new(range.start() + one, range.end() - one)
        } else {
            range
        }
    };
    for (id, expr) in module.exprs.iter() {
        let range = lowered.map.expr(id);
        match expr {
            Expr::Str(parts) => {
                if let [StrPart::Text(text)] = &**parts
                    && (text.starts_with("https://") || text.starts_with("http://"))
                    && !text.contains(char::is_whitespace)
                {
                    let target = LinkTarget::Page(text.to_string());
                    links.push(Link { range: inside(range), target });
                }
            }
            Expr::Call(call) => {
                let is_path =
                    matches!(checked.res(call.callee), Res::Builtin(Builtin::File | Builtin::Dir));
                if let Some(arg) = call.args.first().filter(|_| is_path)
                    && let Some(text) = plain_text(&module.exprs[arg.value])
                {
                    let target = LinkTarget::Path(crate::env::resolve(&here, &text));
                    links.push(Link { range: inside(lowered.map.expr(arg.value)), target });
                }
            }
            _ => {}
        }
    }
    for stmt in module.bodies.values().iter().flat_map(|it| &it.stmts) {
        match &stmt.kind {
            StmtKind::Use(it) if it.is_path => {
                let target = LinkTarget::Path(crate::env::resolve(&here, &it.target.name));
                links.push(Link { range: inside(lowered.map.span(it.target.span)), target });
            }
            StmtKind::Overlays(list) => {
                let Expr::List(elements) = &module.exprs[*list] else { continue };
                for element in elements {
                    let Element::Expr(expr) = element else { continue };
                    let range = lowered.map.expr(*expr);
                    let path = match &module.exprs[*expr] {
                        Expr::Name(name) => db
                            .find(name, &[ModuleKind::Overlay])
                            .map(|it| (range, db.path(it).to_string())),
                        text => plain_text(text)
                            .map(|it| (inside(range), crate::env::resolve(&here, &it))),
                    };
                    if let Some((range, path)) = path {
                        links.push(Link { range, target: LinkTarget::Path(path) });
                    }
                }
            }
            _ => {}
        }
    }
    links.sort_by_key(|it| it.range.start());
    links
}

#[cfg(test)]
mod tests {
    use super::super::fixture::Fixture;
    use super::*;
    use expect_test::{Expect, expect};

    fn check(text: &str, expected: Expect) {
        let fixture = Fixture::new(text);
        let file = fixture.cursor.file;
        let lines: Vec<String> = links(&fixture.db, file)
            .iter()
            .map(|it| format!("{} -> {:?}\n", fixture.show_text(file, it.range), it.target))
            .collect();
        expected.assert_eq(&lines.concat());
    }

    #[test]
    fn files_beside_and_pages() {
        check(
            "//- /recipes/a.kiln\nrecipe a\nversion = 1\nhomepage = \"https://a.example\"\npatches = [file(\"./fix.patch\")]\n",
            expect![[r#"
                https://a.example -> Page("https://a.example")
                ./fix.patch -> Path("/recipes/fix.patch")
            "#]],
        );
        check(
            "//- /recipes/musl.kiln\noverlay musl\n//- /w/project.kiln\nproject\nuse \"./recipes\"\noverlays [musl, \"./site.kiln\"]$0\n",
            expect![[r#"
                ./recipes -> Path("/w/recipes")
                musl -> Path("/recipes/musl.kiln")
                ./site.kiln -> Path("/w/site.kiln")
            "#]],
        );
    }
}
