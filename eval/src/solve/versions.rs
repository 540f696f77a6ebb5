//! Which version of a package is taken.

use std::sync::Arc;

use kiln_lang::{Code, Diagnostic, Version};

use super::Given;
use super::board::Board;
use super::search::{Clash, Pick, Var};
use super::unit::Need;
use crate::evaluate::Evaluation;
use crate::package::{Locals, Package, PackageVersion, Place};
use crate::solution::{Influence, Influencer, Says};
use crate::value::Value;

/// How many versions a message lists.
const LISTED_MAX: usize = 6;

/// The version that was taken, and why.
pub(super) struct Picked {
    pub(super) version: Version,
    pub(super) history: Vec<Influence>,
    /// Why none can be taken.
    pub(super) clash: Option<Clash>,
    /// Whether none can be taken whatever else there is.
    pub(super) is_impossible: bool,
}

impl Given<'_> {
    /// Chooses the newest version that all needs allow, and nothing that was learned speaks against;
    /// one that is not for everyone only if no other is allowed.
    pub(super) fn version(&self, board: &Board, package: &Package, needs: &[Arc<Need>]) -> Picked {
        let mut history = Vec::new();
        let mut fixed: Option<(Version, Place, String)> = None;
        for (layer, setting) in self.settings_of(package) {
            if setting.path.len() != 1 || setting.path[0] != "version" {
                continue;
            }
            let layer = &self.setup.layers[layer];
            let mut evaluation = Evaluation::new(self.db, &package.schema.table);
            if let Some(Value::Version(version)) =
                evaluation.constant(&layer.checked, setting.value, &Locals::NONE)
            {
                for influence in &mut history {
                    let influence: &mut Influence = influence;
                    influence.overruled = true;
                }
                history.push(Influence {
                    by: Influencer::Layer(layer.label.clone()),
                    place: Some(setting.place),
                    text: setting.text.as_str().into(),
                    says: Says::Value(Value::Version(version.clone())),
                    overruled: false,
                });
                fixed = Some((version, setting.place, layer.label.clone()));
            }
        }
        for need in needs.iter().filter(|it| !it.req.is_any()) {
            let by = Influencer::Need(need.by.clone());
            history.push(Influence::told(by, Some(need.place), need.text.clone()));
        }
        let allowed = |version: &PackageVersion| {
            fixed.as_ref().is_none_or(|it| it.0 == version.version)
                && needs.iter().all(|it| it.req.matches(&version.version))
        };
        if package.versions.is_empty() {
            // A mistake of the recipe, and told as one.
            let version = Version::new("0");
            return Picked { version, history, clash: None, is_impossible: false };
        }
        let mut candidates: Vec<&PackageVersion> =
            package.versions.iter().filter(|it| allowed(it)).collect();
        let mut clash = Clash::default();
        if candidates.is_empty() {
            clash.diagnostic = self.no_version(package, needs, fixed.as_ref());
            let is_impossible = self.blame_needs(board, package, needs, &mut clash);
            let any = package.versions[0].version.clone();
            return Picked { version: any, history, clash: Some(clash), is_impossible };
        }
        if fixed.is_none() && candidates.iter().any(|it| !it.reluctant) {
            candidates.retain(|it| !it.reluctant);
        }
        // Stable: newest first otherwise.
        candidates.sort_by_key(|it| !it.preferred);
        let newest = candidates[0].version.clone();
        // What the lock has comes before all that is allowed as well.
        let locked = self.setup.prefer.versions(&package.name, board.is_build);
        let mut kept: Vec<&PackageVersion> = Vec::new();
        for version in locked {
            kept.extend(package.versions.iter().filter(|it| it.version == *version && allowed(it)));
        }
        candidates.retain(|it| !kept.iter().any(|kept| kept.version == it.version));
        candidates.splice(0..0, kept);
        let var = Var::of(&package.name);
        for candidate in &candidates {
            let pick = Pick::Version(candidate.version.clone());
            let Some(nogood) = board.nogoods.against(&board.drafts, &[], &var, &pick) else {
                if locked.contains(&candidate.version) && candidate.version != newest {
                    history.push(Influence {
                        by: Influencer::Lock,
                        place: None,
                        text: format!("stays at {}", candidate.version).into(),
                        says: Says::Value(Value::Version(candidate.version.clone())),
                        overruled: false,
                    });
                }
                return Picked {
                    version: candidate.version.clone(),
                    history,
                    clash: None,
                    is_impossible: false,
                };
            };
            clash.choices.extend(nogood.others.iter().cloned());
            clash.causes.extend(&nogood.causes);
            if let Some(told) = nogood.causes.first().and_then(|it| board.told.get(*it)) {
                history.push(Influence::would_not_do(&candidate.version.to_string(), told));
            }
        }
        let is_impossible = self.blame_needs(board, package, needs, &mut clash);
        let version = candidates[0].version.clone();
        Picked { version, history, clash: Some(clash), is_impossible }
    }

    /// Adds to a clash who stands in the way of all versions of a package: for each that is not
    /// allowed one need that rejects it, unless something was learned against it anyway; and who
    /// needs the package at all. Returns whether nobody stands in the way: it cannot be there.
    fn blame_needs(
        &self,
        board: &Board,
        package: &Package,
        needs: &[Arc<Need>],
        clash: &mut Clash,
    ) -> bool {
        let rejecting: Vec<&Arc<Need>> = needs.iter().filter(|it| !it.req.is_any()).collect();
        for version in &package.versions {
            let mut against =
                rejecting.iter().filter(|it| !it.req.matches(&version.version)).peekable();
            if against.peek().is_none() {
                continue;
            }
            let pick = Pick::Version(version.version.clone());
            let nogood = board.nogoods.against(&board.drafts, &[], &Var::of(&package.name), &pick);
            if let Some(nogood) = nogood {
                clash.choices.extend(nogood.others.iter().cloned());
                continue;
            }
            let is_blamed = |it: &&&Arc<Need>| it.sources().all(|it| clash.sources.contains(&it));
            if against.clone().any(|it| is_blamed(&it)) {
                continue;
            }
            let first = against.next();
            let from = first.into_iter().flat_map(|it| it.sources());
            clash.sources.extend(from.collect::<Vec<_>>());
        }
        let is_impossible = clash.choices.is_empty() && clash.sources.is_empty();
        // It need not be there, if who needs it were another.
        let present = needs.iter().filter(|it| it.present);
        let is_blamed = |it: &&Arc<Need>| it.sources().all(|it| clash.sources.contains(&it));
        let need = present.clone().find(is_blamed).or_else(|| present.clone().next());
        clash.sources.extend(need.into_iter().flat_map(|it| it.sources()));
        is_impossible
    }

    fn no_version(
        &self,
        package: &Package,
        needs: &[Arc<Need>],
        fixed: Option<&(Version, Place, String)>,
    ) -> Option<Diagnostic> {
        let needs = match fixed {
            None => fewest(package, needs),
            Some(_) => needs.to_vec(),
        };
        let first = needs.iter().find(|it| !it.req.is_any()).or(needs.first())?;
        let has: Vec<&str> = package.versions.iter().map(|it| it.version.as_str()).collect();
        let has = kiln_lang::some_of(&has, LISTED_MAX);
        let mut diagnostic = match fixed {
            Some((version, place, label)) => {
                let known = package.versions.iter().any(|it| it.version == *version);
                if known {
                    let message = format!(
                        "{} needs `{}` {}, but the {label} fixes version {version}",
                        first.by, package.name, first.req
                    );
                    let against = needs.iter().find(|it| !it.req.matches(version)).unwrap_or(first);
                    let message = if against.by == first.by {
                        message
                    } else {
                        format!(
                            "{} needs `{}` {}, but the {label} fixes version {version}",
                            against.by, package.name, against.req
                        )
                    };
                    self.at(Code::Conflict, against.place, message)
                        .here("needed here")
                        .label(place.file, place.range(), "fixed here")
                        .help("change one of the two")
                } else {
                    let message =
                        format!("the recipe of `{}` has no version {version}", package.name);
                    self.at(Code::UnknownVersion, *place, message).help(format!("it has {has}"))
                }
            }
            None => {
                let mut wanted: Vec<String> = needs.iter().map(|it| it.req.to_string()).collect();
                wanted.sort();
                wanted.dedup();
                // One version is a name: `==` says nothing more.
                let message = match &wanted[..] {
                    [one] => {
                        let bare = one.strip_prefix("== ").filter(|it| !it.contains(' '));
                        let one = bare.unwrap_or(one);
                        format!("`{}` has no version {one}", package.name)
                    }
                    _ => format!("no version of `{}` is {}", package.name, wanted.join(" and ")),
                };
                let here = match first.wish_above.is_some() {
                    true => "asked for here".to_owned(),
                    false => format!("asked for by {}", first.by),
                };
                self.at(Code::Conflict, first.place, message)
                    .here(here)
                    .help(format!("the recipe has {has}"))
            }
        };
        for need in needs.iter().filter(|it| !it.req.is_any() && it.place != first.place) {
            if fixed.is_none() {
                diagnostic = diagnostic.label(
                    need.place.file,
                    need.place.range(),
                    format!("{} asks for {}", need.by, need.req),
                );
            }
        }
        Some(diagnostic)
    }
}

/// The needs without which some version would do: leaving out any one of them, it does.
fn fewest(package: &Package, needs: &[Arc<Need>]) -> Vec<Arc<Need>> {
    let excludes_all = |needs: &[Arc<Need>]| {
        package.versions.iter().all(|it| needs.iter().any(|need| !need.req.matches(&it.version)))
    };
    let mut left: Vec<Arc<Need>> = needs.iter().filter(|it| !it.req.is_any()).cloned().collect();
    // What was asked for first is what a reader knows best: the others are left out before it.
    for at in (0..left.len()).rev() {
        let without: Vec<Arc<Need>> =
            left.iter().enumerate().filter(|it| it.0 != at).map(|it| it.1.clone()).collect();
        if excludes_all(&without) {
            left = without;
        }
    }
    if left.is_empty() { needs.to_vec() } else { left }
}
