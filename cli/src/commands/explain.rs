//! `kiln explain`: the page of a diagnostic.

use kiln_lang::Code;

use crate::embedded::{self, PAGES};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::print;

pub(crate) fn run(slug: Option<&str>) -> Result<Exit, Fail> {
    let Some(slug) = slug else {
        let text: String = Code::ALL
            .iter()
            .map(|it| format!("{:8} {}\n", it.severity().to_string(), it.slug()))
            .collect();
        print(&text);
        return Ok(Exit::Done);
    };
    if let Some(page) = embedded::find(PAGES, &format!("{slug}.md")) {
        print(&String::from_utf8_lossy(page));
        return Ok(Exit::Done);
    }
    let near = kiln_lang::nearest(slug, Code::ALL.iter().map(|it| it.slug()));
    Err(Fail::NotFound {
        message: format!("there is no diagnostic `{slug}`{}", kiln_lang::did_you_mean(&near)),
        advice: Some("`kiln explain` lists all".into()),
    })
}
