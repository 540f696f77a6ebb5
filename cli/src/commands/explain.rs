//! `kiln explain`: the page of a diagnostic.

use kiln_lang::Code;

use crate::embedded::{self, PAGES};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::markdown;
use crate::terminal::{Terminal, print};

pub(crate) fn run(slug: Option<&str>, terminal: Terminal) -> Result<Exit, Fail> {
    let Some(slug) = slug else {
        let width = Code::ALL.iter().map(|it| it.slug().len()).max().unwrap_or(0);
        let text: String = Code::ALL
            .iter()
            .map(|it| {
                let what = summary(*it);
                format!("{:7}  {:width$}  {what}\n", it.severity().to_string(), it.slug())
            })
            .collect();
        print(&text);
        return Ok(Exit::Done);
    };
    // As it stands in messages: `error[unknown-option]`.
    let slug = slug.trim();
    let slug = slug.split_once('[').map_or(slug, |it| it.1).trim_end_matches(']');
    if let Some(page) = embedded::find(PAGES, &format!("{slug}.md")) {
        print(&markdown::layout(&String::from_utf8_lossy(page), &terminal));
        return Ok(Exit::Done);
    }
    let near = kiln_lang::nearest(slug, Code::ALL.iter().map(|it| it.slug()));
    Err(Fail::NotFound {
        message: format!("there is no diagnostic `{slug}`{}", kiln_lang::did_you_mean(&near)),
        advice: Some("`kiln explain` lists all".into()),
    })
}

/// The first sentence of a page.
fn summary(code: Code) -> String {
    let page = embedded::find(PAGES, &format!("{}.md", code.slug())).unwrap_or_default();
    let page = String::from_utf8_lossy(page);
    let first = page.split("\n\n").find(|it| !it.starts_with('#')).unwrap_or("").replace('\n', " ");
    first.split_inclusive(". ").next().unwrap_or("").trim().trim_end_matches('.').to_owned()
}
