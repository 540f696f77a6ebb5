//! The source: one JSON object a line.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::path::Path;

use serde_json::Value;

/// What was read.
pub(crate) struct World {
    pub(crate) meta: Value,
    pub(crate) fragments: BTreeMap<String, Value>,
    pub(crate) packages: BTreeMap<String, Value>,
    /// Interfaces with the packages that may provide them.
    pub(crate) interfaces: BTreeMap<String, Vec<String>>,
    /// The options of each package, its fragments' included.
    pub(crate) options: BTreeMap<String, BTreeMap<String, Kind>>,
}

/// What an option takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Switch,
    One(Vec<String>),
    Many(Vec<String>),
    Text,
    Number,
}

impl World {
    pub(crate) fn read(path: &Path) -> Result<World, String> {
        let fail = |error: std::io::Error| format!("{}: {error}", path.display());
        let file = std::fs::File::open(path).map_err(fail)?;
        let mut text = String::new();
        if path.extension().is_some_and(|it| it == "zst") {
            let mut reader = zstd::Decoder::new(file).map_err(fail)?;
            reader.read_to_string(&mut text).map_err(fail)?;
        } else {
            let mut file = file;
            file.read_to_string(&mut text).map_err(fail)?;
        }
        let mut world = World {
            meta: Value::Null,
            fragments: BTreeMap::new(),
            packages: BTreeMap::new(),
            interfaces: BTreeMap::new(),
            options: BTreeMap::new(),
        };
        for (number, line) in text.lines().enumerate() {
            let record: Value = serde_json::from_str(line)
                .map_err(|error| format!("{}:{}: {error}", path.display(), number + 1))?;
            let name = str(&record, "name").to_owned();
            match str(&record, "type") {
                "meta" => world.meta = record,
                "fragment" => drop(world.fragments.insert(name, record)),
                "package" => drop(world.packages.insert(name, record)),
                other => return Err(format!("{}:{}: `{other}`?", path.display(), number + 1)),
            }
        }
        if let Some(virtuals) = world.meta["virtuals"].as_object() {
            for (name, providers) in virtuals {
                world.interfaces.insert(name.clone(), strings(providers));
            }
        }
        for (name, package) in &world.packages {
            let fragments = strings(&package["inherits"]);
            let bodies = fragments.iter().filter_map(|it| world.fragments.get(it)).chain([package]);
            let mut options = options(bodies.flat_map(|it| list(it, "variants")));
            let systems = systems(package);
            if systems.len() > 1 {
                options.insert("build_system".to_owned(), Kind::One(systems));
            }
            world.options.insert(name.clone(), options);
        }
        Ok(world)
    }

    /// Whether a package is what everything else begins with: the compiler. What it is built by is
    /// built by it, and where that begins the data does not say.
    pub(crate) fn is_given(&self, package: &str) -> bool {
        let suggested = &self.meta["suggested_provider"];
        ["c", "cxx", "fortran"].iter().any(|it| suggested[*it] == package)
    }
}

/// The options that variants declare, each with what all its declarations together take.
pub(crate) fn options<'a>(variants: impl Iterator<Item = &'a Value>) -> BTreeMap<String, Kind> {
    let mut options = BTreeMap::new();
    for variant in variants {
        merge(&mut options, variant);
    }
    options
}

/// Adds what a variant takes to what an option of its name takes already.
fn merge(options: &mut BTreeMap<String, Kind>, variant: &Value) {
    let name = str(variant, "name").to_owned();
    let new = kind(variant);
    let merged = match (options.remove(&name), new) {
        (Some(Kind::One(a)), Kind::One(b)) => Kind::One(union(a, b)),
        (Some(Kind::One(a) | Kind::Many(a)), Kind::One(b) | Kind::Many(b)) => {
            Kind::Many(union(a, b))
        }
        (_, new) => new,
    };
    options.insert(name, merged);
}

/// All values of both, each once.
fn union(a: Vec<String>, b: Vec<String>) -> Vec<String> {
    let mut all = Vec::new();
    for value in a.into_iter().chain(b) {
        if !all.contains(&value) {
            all.push(value);
        }
    }
    all
}

/// What a variant takes.
pub(crate) fn kind(variant: &Value) -> Kind {
    let values: Vec<String> = list(variant, "values")
        .map(|it| scalar(if it.is_object() { &it["value"] } else { it }))
        .collect();
    let default = defaults(variant);
    match str(variant, "kind") {
        "bool" => Kind::Switch,
        "enum" => Kind::One(union(values, default)),
        "multi" => Kind::Many(union(values, default)),
        "number" if variant["default"].is_i64() => Kind::Number,
        _ => Kind::Text,
    }
}

/// The default of a variant as values; a set may be written with commas.
pub(crate) fn defaults(variant: &Value) -> Vec<String> {
    match &variant["default"] {
        Value::Array(items) => items.iter().map(scalar).collect(),
        Value::Null => Vec::new(),
        Value::String(text) if str(variant, "kind") == "multi" => {
            text.split(',').map(|it| it.to_owned()).collect()
        }
        other => vec![scalar(other)],
    }
}

/// The build systems that a package knows; the last declaration counts.
pub(crate) fn systems(package: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for declaration in list(package, "build_system") {
        for value in list(declaration, "values") {
            let value = scalar(if value.is_object() { &value["value"] } else { value });
            if !all.contains(&value) {
                all.push(value);
            }
        }
    }
    all
}

/// The text under a key; empty if there is none.
pub(crate) fn str<'a>(value: &'a Value, key: &str) -> &'a str {
    value[key].as_str().unwrap_or_default()
}

/// The items under a key; none if there are none.
pub(crate) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> + use<'a> {
    value[key].as_array().into_iter().flatten()
}

/// An array of texts.
pub(crate) fn strings(value: &Value) -> Vec<String> {
    value.as_array().into_iter().flatten().map(scalar).collect()
}

/// A value as text.
pub(crate) fn scalar(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
