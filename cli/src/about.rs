//! What a request is about: what is wanted together, or many packages, each by itself.

use kiln_eval::{RequestKind, Wish};

use crate::args::{Common, Wishes};
use crate::fail::Fail;
use crate::terminal::Terminal;
use crate::workspace::{Solutions, Workspace};

/// What a request is about.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum About {
    /// What is wanted, together.
    Wanted,
    /// What is published, each spec by itself.
    Published,
    /// Every package of one's own recipes, or else of the standard ones, each by itself.
    All,
}

impl About {
    pub(crate) fn of(is_published: bool, is_all: bool) -> About {
        match (is_published, is_all) {
            (true, _) => About::Published,
            (false, true) => About::All,
            (false, false) => About::Wanted,
        }
    }
}

/// Solves what is wanted together, or each spec by itself that is published, or is a package. What
/// has no solution is shown, and with `keep_going` the others are solved all the same.
pub(crate) fn solve(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    about: About,
    keep_going: bool,
) -> Result<(Workspace, Solutions), Fail> {
    match about {
        About::Wanted => {
            let workspace = Workspace::with(wishes, terminal, common.quiet)?;
            let solved = vec![workspace.solve()?];
            Ok((workspace, Solutions { solved, unsolved: Vec::new() }))
        }
        About::Published => {
            let (workspace, all) = published(common, terminal, wishes)?;
            let all = workspace.solve_each(all, RequestKind::Published, keep_going)?;
            Ok((workspace, all))
        }
        About::All => {
            let mut workspace = Workspace::with_layers(wishes, terminal, common.quiet)?;
            workspace.wish_each(&workspace.package_names())?;
            let all = workspace.setup()?.wishes;
            let all = workspace.solve_each(all, RequestKind::Asked, keep_going)?;
            Ok((workspace, all))
        }
    }
}

/// What is published, each by itself: of the packages that are named, or by the project and its
/// recipes.
fn published(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
) -> Result<(Workspace, Vec<Wish>), Fail> {
    let workspace = Workspace::with_layers(wishes, terminal, common.quiet)?;
    let setup = workspace.setup()?;
    let mut all = Vec::new();
    for name in &wishes.specs {
        if workspace.db.package(name).is_none() {
            let near = kiln_lang::nearest(name, workspace.db.stems());
            let is_spec = name.contains([':', '[', '@']);
            return Err(Fail::NotFound {
                message: format!("there is no package `{name}`{}", kiln_lang::did_you_mean(&near)),
                advice: is_spec.then(|| {
                    "--published takes names of packages: what is built of them is what is published"
                        .into()
                }),
            });
        }
        let found = workspace.published_of(&setup, name)?;
        if found.is_empty() {
            return Err(Fail::NotFound {
                message: format!("nothing is published of `{name}`"),
                advice: Some(format!("`publish {name}` in its recipe or in the project does it")),
            });
        }
        all.extend(found);
    }
    if wishes.specs.is_empty() {
        all = workspace.published(&setup)?;
        if all.is_empty() {
            return Err(Fail::NotFound {
                message: "nothing is published by a project here, nor by recipes of its own".into(),
                advice: Some(
                    "add `publish …` to one of them, or name a package whose recipe publishes something"
                        .into(),
                ),
            });
        }
    }
    Ok((workspace, all))
}
