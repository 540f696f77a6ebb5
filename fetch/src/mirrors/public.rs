//! Networks of mirrors that upstream projects run for their own releases.
//!
//! These are the addresses that the projects ask people to use. Package registries do not belong
//! here: where those are is the business of the machine's own tools.

use crate::mirrors::{Bases, Origin, Rule};
use crate::place::Place;

/// A mirror's name and its bases.
const NETWORKS: &[(&str, &[&str])] = &[
    // https://www.gnu.org/prep/ftp.html: the first forwards to a mirror nearby.
    ("gnu", &["https://ftpmirror.gnu.org/gnu/", "https://ftp.gnu.org/gnu/"]),
    // https://www.kernel.org/category/about.html: the first is the content network of the second.
    ("kernel", &["https://cdn.kernel.org/pub/", "https://mirrors.edge.kernel.org/pub/"]),
    // https://savannah.gnu.org/maintenance/DownloadArea/: forwards to a mirror nearby.
    ("savannah", &["https://download.savannah.gnu.org/releases/"]),
    // https://sourceforge.net/p/forge/documentation/Release%20Files%20for%20Download/: forwards
    // to a mirror; paths begin with the project's name.
    ("sourceforge", &["https://downloads.sourceforge.net/project/"]),
];

pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    NETWORKS.iter().map(|(name, _)| *name)
}

/// Adds the bases of a network; none if there is no such network.
pub(crate) fn find(name: &str, found: &mut Bases) {
    let bases = NETWORKS.iter().find(|(it, _)| *it == name).map_or(&[][..], |(_, bases)| *bases);
    for base in bases {
        if let Ok(place) = Place::parse(base) {
            found.push(Origin::BuiltIn, Rule::Join(place));
        }
    }
}
