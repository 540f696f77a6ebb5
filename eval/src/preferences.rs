//! Versions and providers that are taken where nothing speaks against them.

use std::collections::BTreeMap;

use kiln_lang::Version;
use kiln_lang::module::Name;

/// What a lock says of choices: it comes before "the newest", and after all that is asked.
///
/// A preference is no setting: what a layer fixes or a dependent needs counts as if it were not
/// there, and a version that a recipe no longer has is not missed. Rules: `spec/solve/lock.md`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Preferences {
    versions: BTreeMap<(Name, bool), Vec<Version>>,
    providers: BTreeMap<Name, Vec<Name>>,
}

impl Preferences {
    /// Prefers a version of a package, after those that were preferred before.
    pub fn prefer_version(&mut self, package: Name, is_build: bool, version: Version) {
        let versions = self.versions.entry((package, is_build)).or_default();
        if !versions.contains(&version) {
            versions.push(version);
        }
    }

    /// Prefers a provider of an interface, after those that were preferred before.
    pub fn prefer_provider(&mut self, interface: Name, provider: Name) {
        let providers = self.providers.entry(interface).or_default();
        if !providers.contains(&provider) {
            providers.push(provider);
        }
    }

    /// Forgets what is preferred of a package: its versions, and that it provides something.
    pub fn forget(&mut self, package: &str) {
        self.versions.retain(|it, _| it.0 != package);
        for providers in self.providers.values_mut() {
            providers.retain(|it| it != package);
        }
    }

    /// Returns the versions to try first of a package, best first: of a build tool, or of a package
    /// for the target.
    #[must_use]
    pub fn versions(&self, package: &Name, is_build: bool) -> &[Version] {
        self.versions.get(&(package.clone(), is_build)).map_or(&[], Vec::as_slice)
    }

    /// Returns the packages to try first as providers of an interface, best first.
    #[must_use]
    pub fn providers(&self, interface: &Name) -> &[Name] {
        self.providers.get(interface).map_or(&[], Vec::as_slice)
    }
}
