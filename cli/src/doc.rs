//! The documentation of a set of recipes as a site of HTML files, which needs no server, no network
//! and no JavaScript.
//!
//! ```text
//! index.html           every package and module, with a search
//! style.css
//! packages/NAME.html   a recipe or an interface
//! modules/NAME.html    a module
//! messages/SLUG.html   a diagnostic
//! ```
//!
//! **Invariants:** equal recipes give equal bytes; what recipes say is text (`html.rs`); every link
//! inside leads somewhere.

mod body;
mod catalog;
mod diagnostics;
mod index;
mod markdown;
mod module;
mod options;
mod page;
mod recipe;

use std::collections::BTreeMap;

use kiln_lang::Database;

use catalog::Catalog;

/// The files of the site, by path.
pub(crate) type Site = BTreeMap<String, String>;

/// What the first page of every site says, by which a folder is known to be one.
pub(crate) const MARK: &str = "<meta name=\"generator\" content=\"kiln doc\">";

/// Makes the site of all recipes and modules that can be reached.
pub(crate) fn site(db: &Database) -> Site {
    let catalog = Catalog::new(db);
    let mut site = Site::new();
    site.insert("style.css".to_owned(), include_str!("doc/style.css").to_owned());
    site.insert("index.html".to_owned(), index::page(&catalog));
    for entry in &catalog.packages {
        site.insert(entry.path.clone(), recipe::page(&catalog, entry));
    }
    for entry in &catalog.modules {
        site.insert(entry.path.clone(), module::page(&catalog, entry));
    }
    diagnostics::pages(&mut site);
    site
}

#[cfg(test)]
mod tests;
