//! `kiln realise --dry-run`: what would be built.

use kiln_eval::Derived;
use kiln_store::Store as _;

use super::How;
use crate::about::About;
use crate::evaluated::Wanted;
use crate::fail::Fail;
use crate::terminal::print;
use crate::workshop::Workshop;

/// Says what would be built.
pub(super) fn dry_run(
    workshop: &Workshop,
    derived: &Derived,
    wanted: &[Wanted],
    how: How,
) -> Result<(), Fail> {
    let ids: Vec<_> = wanted.iter().map(|it| it.input.derivation).collect();
    let known = workshop.store.memos(&ids)?;
    let mut text = String::new();
    for (it, action) in wanted.iter().zip(&known.actions) {
        let node = derived.graph.node(&it.input.derivation);
        // What each is by itself is often one package in several ways.
        let title = node.filter(|_| how.about == About::Wanted).map_or(&it.spec, |it| &it.title);
        let done = match action {
            Some(action) => {
                workshop.store.realisations(&[*action])?.into_iter().flatten().next().is_some()
            }
            None => false,
        };
        let words = if done { "is built" } else { "is to be built, or something below it" };
        text.push_str(&format!("{title} {words}\n"));
    }
    print(&text);
    Ok(())
}
