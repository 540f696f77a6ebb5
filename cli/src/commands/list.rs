//! `kiln list`: packages with their newest versions, what they are, and what is published of them.

use kiln_lang::module::ModuleKind;

use crate::args::{Common, Layers};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Terminal, print};
use crate::workspace::Workspace;

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    filter: Option<&str>,
    layers: &Layers,
) -> Result<Exit, Fail> {
    let workspace = Workspace::open(layers, terminal, common.quiet)?;
    let db = &workspace.db;
    let names: Vec<String> = db.stems().map(str::to_owned).collect();
    let mut rows = Vec::new();
    for name in names {
        if filter.is_some_and(|it| !name.contains(it)) {
            continue;
        }
        let Some(file) = db.find(&name, &[ModuleKind::Recipe]) else { continue };
        let schema = db.schema(file);
        let version = schema.versions.first().map_or(String::new(), |it| it.version.to_string());
        let doc = schema.env.module().doc.clone().unwrap_or_default();
        let about = first_sentence(&doc);
        rows.push((name, version, about, kiln_lang::published_specs(db, file)));
    }
    if rows.is_empty()
        && let Some(filter) = filter
    {
        let near = kiln_lang::nearest(filter, db.stems());
        return Err(Fail::NotFound {
            message: format!(
                "no package's name contains `{filter}`{}",
                kiln_lang::did_you_mean(&near)
            ),
            advice: None,
        });
    }
    let name_width = rows.iter().map(|it| it.0.len()).max().unwrap_or(0);
    let version_width = rows.iter().map(|it| it.1.len()).max().unwrap_or(0);
    let text: String = rows
        .iter()
        .map(|(name, version, about, published)| {
            let line = format!("{name:name_width$}  {version:version_width$}  {about}");
            let mut line = format!("{}\n", line.trim_end());
            if !published.is_empty() {
                let specs = published.join(", ");
                line.push_str(&format!("{:name_width$}  published: {specs}\n", ""));
            }
            line
        })
        .collect();
    print(&text);
    Ok(Exit::Done)
}

/// The first sentence of a text, or its first paragraph if that is shorter, on one line.
fn first_sentence(doc: &str) -> String {
    let paragraph: Vec<&str> = doc.lines().take_while(|it| !it.trim().is_empty()).collect();
    let paragraph = paragraph.join(" ");
    match paragraph.find(". ") {
        Some(end) => paragraph[..=end].to_owned(),
        None => paragraph,
    }
}
