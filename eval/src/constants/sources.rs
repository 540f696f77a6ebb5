//! What a recipe downloads, version by version, without a solution.
//!
//! ```text
//! recipe ─each version─▶ settings of `source` and `sources` that may count ─▶ Download…
//! ```
//!
//! A setting in a block of a feature counts whether the feature is on or not: which of them are
//! needed is known only once something is chosen, and who wants all wants these too.

use std::borrow::Cow;
use std::sync::Arc;

use kiln_lang::module::Name;
use kiln_lang::types::Object;
use kiln_lang::{Database, Diagnostic, FileId, Version};
use kiln_store::{Derivation, FetchHash, Limits, Node, StoreName};

use super::{Assume, Constants};
use crate::condition::{Cond, Facts, WithAtom};
use crate::derive::download;
use crate::evaluate::Evaluation;
use crate::package::{Locals, Package};
use crate::value::{Source, Value};

/// Something that a recipe downloads for one of its versions.
#[derive(Debug, Clone)]
pub struct Download {
    /// The hash of its bytes.
    pub hash: FetchHash,
    /// What realises it, the same as where a build has it as an input.
    pub node: Node,
}

/// Returns what the recipe in `file` downloads for any of its versions, newest first, each once; and
/// what is wrong where that cannot be known. `assume` says which machines are meant; its version
/// and defaults do not count.
///
/// The recipe's mistakes are the caller's to look at before.
#[must_use]
pub fn downloads(db: &Database, file: FileId, assume: &Assume) -> (Vec<Download>, Vec<Diagnostic>) {
    let (mut all, mut wrong): (Vec<Download>, Vec<Diagnostic>) = (Vec::new(), Vec::new());
    let schema = db.schema(file);
    let mut versions: Vec<Option<Version>> =
        schema.versions.iter().map(|it| Some(it.version.clone())).collect();
    if versions.is_empty() {
        versions.push(None);
    }
    for version in versions {
        let assume = Assume { version: version.clone(), defaults: true, ..assume.clone() };
        let mut constants = Constants::new(db, file, assume);
        let title = match &version {
            Some(version) => format!("{} {version}", schema.name()),
            None => schema.name().to_owned(),
        };
        let (found, mistakes) = constants.sources();
        let is_source = !constants.has_steps();
        for (target, source) in found {
            let Some(download) =
                named(schema.name(), &title, target.as_deref(), is_source, &source)
            else {
                continue;
            };
            let same = |it: &Download| {
                it.node.derivation.id() == download.node.derivation.id()
                    && it.node.urls == download.node.urls
            };
            if !all.iter().any(same) {
                all.push(download);
            }
        }
        for mistake in mistakes {
            if !wrong.contains(&mistake) {
                wrong.push(mistake);
            }
        }
    }
    (all, wrong)
}

/// The download of a source, under the name that the inputs of builds have.
fn named(
    package: &str,
    title: &str,
    target: Option<&str>,
    is_source: bool,
    source: &Source,
) -> Option<Download> {
    let Source::Fetch { urls, hash, .. } = source else { return None };
    let (name, title) = match target {
        // A package without steps is its source.
        None if is_source => (package.to_owned(), title.to_owned()),
        None => (format!("{package}-source"), format!("source of {title}")),
        Some(target) => {
            (format!("{package}-source-{target}"), format!("source {target} of {title}"))
        }
    };
    let fetch = download(StoreName::new(name).ok()?, source)?;
    let node = Node {
        derivation: Arc::new(Derivation::Fetch(fetch)),
        title,
        urls: urls.clone(),
        import: None,
        limits: Limits::default(),
    };
    Some(Download { hash: *hash, node })
}

/// What a recipe names as its source (`None`) and as further ones.
type Named = Vec<(Option<String>, Arc<Source>)>;

impl Constants<'_> {
    fn sources(&mut self) -> (Named, Vec<Diagnostic>) {
        let (mut found, mut wrong) = (Named::new(), Vec::new());
        let Some(package) = self.package.clone() else { return (found, wrong) };
        for setting in &package.settings {
            let target = match &setting.path[..] {
                [name] if name == "source" || name == "sources" => None,
                [name, target] if name == "sources" => Some(target.to_string()),
                _ => continue,
            };
            if self.may_hold(&setting.cond) == Some(false) {
                continue;
            }
            let is_overruled = package.settings.iter().any(|it| {
                it.path == setting.path
                    && it.rank() > setting.rank()
                    && self.is_own_of_version(&package, it)
            });
            if is_overruled {
                continue;
            }
            let checked = &package.bodies[setting.body];
            let value = self.valued(|it| {
                let below = Some((&Value::Null, &Value::Null));
                it.with_locals(checked, setting.value, &setting.locals, below)
            });
            match value {
                Ok(value) => collect(target, value, &mut found),
                Err(why) => wrong.push(why.into_diagnostic()),
            }
        }
        // Defaults of the fields themselves, where a mixin gives one.
        for field in ["source", "sources"] {
            let is_set =
                package.settings.iter().any(|it| it.path.first().is_some_and(|it| it == field));
            if !is_set && let Some(Ok(value)) = self.option_named(field) {
                collect(None, value, &mut found);
            }
        }
        (found, wrong)
    }

    /// Whether the package is more than its source.
    fn has_steps(&mut self) -> bool {
        let Some(package) = self.package.clone() else { return false };
        let is_patched =
            package.settings.iter().any(|it| it.path.first().is_some_and(|it| it == "patches"));
        is_patched || self.has_step(&package)
    }

    fn has_step(&mut self, package: &Package) -> bool {
        package.schema.table.steps.iter().any(|schema| {
            let checked = self.db.checked(schema.at.file);
            let step = &checked.module().bodies[schema.at.body].steps[schema.index as usize];
            let guard = Evaluation::new(self.db, &package.schema.table).guard(
                &checked,
                step.guard,
                &Locals::NONE,
            );
            guard.holds(self) != Some(false)
        })
    }

    /// Whether a condition holds, whatever is chosen of the options.
    fn may_hold(&mut self, cond: &Cond) -> Option<bool> {
        let unknown = self.unknown;
        let holds = cond.holds(&mut Open(self));
        self.unknown = unknown;
        holds
    }
}

fn collect(target: Option<String>, value: Value, found: &mut Named) {
    match value {
        Value::Source(source) => {
            let one = (target, source);
            if !found.contains(&one) {
                found.push(one);
            }
        }
        Value::Map(map) => {
            for (target, value) in map.iter() {
                collect(Some(target.clone()), value.clone(), found);
            }
        }
        _ => {}
    }
}

/// What is known while every option is still to be chosen.
struct Open<'a, 'b>(&'a mut Constants<'b>);

impl Facts for Open<'_, '_> {
    fn option(&mut self, _: &Name, _: Option<u32>) -> Option<Cow<'_, Value>> {
        None
    }

    fn version(&mut self) -> Option<Version> {
        self.0.known_version()
    }

    fn global(&mut self, object: Object, name: &Name) -> Option<Value> {
        self.0.global(object, name)
    }

    fn with(&mut self, _: &WithAtom) -> Option<bool> {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};
    use kiln_lang::MemoryWorld;

    fn check(text: &str, expected: Expect) {
        let mut world = MemoryWorld::new();
        world.insert("/set/it.kiln", text);
        let db = Database::new(Arc::new(world), vec!["/set".to_owned()]);
        let file = db.file("/set/it.kiln");
        assert_eq!(db.diagnostics(file), Vec::new());
        let (found, wrong) = downloads(&db, file, &Assume::default());
        let mut out = String::new();
        for it in found {
            let hash = it.hash.to_string();
            let (title, urls) = (&it.node.title, it.node.urls.join(" "));
            let name = it.node.derivation.name();
            out.push_str(&format!("{title}: {name} {}… {urls}\n", &hash[..9]));
        }
        for it in wrong {
            out.push_str(&format!("wrong: {}\n", it.message));
        }
        expected.assert_eq(&out);
    }

    fn hash(digit: char) -> String {
        format!("\"{}\"", digit.to_string().repeat(64))
    }

    #[test]
    fn every_version_and_every_feature_counts() {
        let text = format!(
            "recipe it\n\nversions {{\n    2 {{ sha256 = {} }}\n    1 {{ sha256 = {} }}\n    0\n}}\n\
             source = fetch(\"https://a.test/\\(version)\", sha256 = sha256)\n\
             feature docs {{\n    sources.docs = fetch(\"https://d.test/d\", sha256 = {})\n}}\n\
             when version >= 2 {{\n    sources.more = fetch(\"https://m.test/m\", blake3 = {})\n}}\n\
             step build = sh\"\"\"true\"\"\"\n",
            hash('a'),
            hash('b'),
            hash('d'),
            hash('e'),
        );
        check(
            &text,
            expect![[r#"
            source of it 2: it-source sha256:aa… https://a.test/2
            source docs of it 2: it-source-docs sha256:dd… https://d.test/d
            source more of it 2: it-source-more blake3:ee… https://m.test/m
            source of it 1: it-source sha256:bb… https://a.test/1
            wrong: the hash of this download is not known for this version
        "#]],
        );
    }

    #[test]
    fn a_version_with_a_source_of_its_own_needs_no_hash_for_the_other() {
        let text = format!(
            "recipe it\n\nversions {{\n    2 {{ sha256 = {} }}\n    1 {{ source = fetch(\"https://b.test/old\", sha256 = {}) }}\n}}\n\
             source = fetch(\"https://a.test/\\(version)\", sha256 = sha256)\n\
             step build = sh\"\"\"true\"\"\"\n",
            hash('a'),
            hash('b'),
        );
        check(
            &text,
            expect![[r#"
            source of it 2: it-source sha256:aa… https://a.test/2
            source of it 1: it-source sha256:bb… https://b.test/old
        "#]],
        );
    }

    #[test]
    fn a_package_without_steps_is_its_source() {
        let text = format!(
            "recipe it\n\nversions {{ 1 }}\nsource = fetch(\"https://a.test/1\", sha256 = {})\n",
            hash('a')
        );
        check(
            &text,
            expect![[r#"
            it 1: it sha256:aa… https://a.test/1
        "#]],
        );
    }
}
