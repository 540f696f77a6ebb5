//! What evaluation knows, as `kiln why` says it.

use std::sync::Arc;

use kiln_eval::{Influence, Node, NodeId, Solution};
use kiln_lang::Database;
use kiln_lang::ide::{Effective, Facts, Origin};

use crate::evaluation::Evaluated;
use crate::paths::file_name;

/// How many that had a say are shown.
const CHAIN_MAX: usize = 8;

/// What evaluation knows that matters to a file; what is closest to it comes first.
pub(crate) struct KnownFacts {
    pub(crate) known: Vec<Arc<Evaluated>>,
    /// How many edits there are now.
    pub(crate) generation: u64,
}

impl KnownFacts {
    /// The first solution that has the package.
    fn find(&self, package: &str) -> Option<(&Evaluated, &Node)> {
        self.known.iter().find_map(|it| {
            let solution = it.solution.as_ref()?;
            let id = find(solution, package)?;
            Some((&**it, solution.node(id)))
        })
    }

    fn effective(&self, from: &Evaluated, value: String, chain: Vec<Origin>) -> Effective {
        let stale = from.generation != self.generation;
        Effective { value, chain, of: from.label.clone(), stale }
    }
}

/// The package that is for the target, or else a build tool.
fn find(solution: &Solution, name: &str) -> Option<NodeId> {
    let mut units: Vec<_> = solution.units.iter().collect();
    units.sort_by_key(|it| it.is_build);
    units.into_iter().find_map(|it| it.by_name.get(name).copied())
}

impl Facts for KnownFacts {
    fn option(&self, package: &str, option: &str) -> Option<Effective> {
        let (from, node) = self.find(package)?;
        let found = node.option(option)?;
        let declared = node.package.schema.table.get(option)?;
        let history = found.whole_history(&from.db, declared);
        let chain = history.iter().rev().take(CHAIN_MAX);
        let chain = chain
            .map(|it| {
                let says = it.says.short().unwrap_or_else(|| it.text.to_string());
                origin(&from.db, it, says, it.overruled)
            })
            .collect();
        Some(self.effective(from, found.value.to_string(), chain))
    }

    fn element(&self, package: &str, option: &str, value: &str) -> Option<Effective> {
        let (from, node) = self.find(package)?;
        let found = node.option(option)?;
        let declared = node.package.schema.table.get(option)?;
        let bit = declared.ty.words()?.position(value)?;
        let is_on = found.value.has_element(bit)?;
        let mut chain = Vec::new();
        for influence in found.whole_history(&from.db, declared).iter().rev() {
            let Some(on) = influence.says.of_element(bit) else { continue };
            // Of one element, only the last word counts.
            let overruled = !chain.is_empty();
            let word = if on { "on" } else { "off" };
            chain.push(origin(&from.db, influence, word.to_owned(), overruled));
        }
        chain.truncate(CHAIN_MAX);
        let word = if is_on { "on" } else { "off" };
        Some(self.effective(from, word.to_owned(), chain))
    }

    fn version(&self, package: &str) -> Option<Effective> {
        let (from, node) = self.find(package)?;
        let chain = node.version_history.iter().rev().take(CHAIN_MAX);
        let chain =
            chain.map(|it| origin(&from.db, it, it.text.to_string(), it.overruled)).collect();
        Some(self.effective(from, node.version.to_string(), chain))
    }
}

fn origin(db: &Database, influence: &Influence, says: String, overruled: bool) -> Origin {
    let place = influence.place.map(|it| {
        let text = db.text(it.file);
        let at = (it.start as usize).min(text.len());
        let line = text.as_bytes()[..at].iter().filter(|it| **it == b'\n').count() + 1;
        format!("{}:{line}", file_name(&db.path(it.file)))
    });
    Origin {
        says,
        by: influence.by.text(),
        place: place.unwrap_or_default(),
        text: influence.text.lines().next().unwrap_or("").to_owned(),
        overruled,
    }
}
