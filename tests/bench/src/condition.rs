//! Specs and conditions of the source as those of the language.

use serde_json::Value;

use crate::names::{enumerator, ident, option, quoted, series, value, version};
use crate::tally::Tally;
use crate::world::{Kind, World, list, scalar, str, strings};

/// What is converted, and what is known of it.
pub(crate) struct Context<'a> {
    pub(crate) world: &'a World,
    /// The package; none in a fragment.
    pub(crate) package: &'a str,
    /// The options that conditions can name.
    pub(crate) options: &'a dyn Fn(&str) -> Option<Kind>,
    /// The build system, where there is but one.
    pub(crate) system: Option<&'a str>,
    pub(crate) tally: &'a mut Tally,
    /// How deep in conditions of conditions.
    pub(crate) depth: usize,
}

/// Whether something always or never holds, or sometimes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Cond {
    Always,
    Never,
    When(String),
}

impl Cond {
    pub(crate) fn and(self, other: Cond) -> Cond {
        match (self, other) {
            (Cond::Never, _) | (_, Cond::Never) => Cond::Never,
            (Cond::Always, it) | (it, Cond::Always) => it,
            (Cond::When(a), Cond::When(b)) => Cond::When(format!("{a} & {b}")),
        }
    }

    /// ` when …`, or nothing.
    pub(crate) fn tail(&self) -> String {
        match self {
            Cond::When(text) => format!(" when {text}"),
            Cond::Always | Cond::Never => String::new(),
        }
    }
}

impl Context<'_> {
    /// Everything in `when` holds.
    pub(crate) fn when(&mut self, fact: &Value) -> Cond {
        let mut all = Cond::Always;
        for constraint in list(fact, "when") {
            let one = self.constraint(constraint);
            all = all.and(one);
        }
        all
    }

    /// A constraint on this package, or on another one of the graph.
    pub(crate) fn constraint(&mut self, spec: &Value) -> Cond {
        let name = str(spec, "name");
        let mut all = if !name.is_empty() && name != self.package {
            return self.other(spec, None);
        } else {
            Cond::Always
        };
        if !spec["versions"].is_null() {
            all = all.and(self.versions_hold(&spec["versions"]));
        }
        if let Some(variants) = spec["variants"].as_object() {
            for (name, wanted) in variants {
                let one = self.variant(name, wanted);
                all = all.and(one);
            }
        }
        all = all.and(self.place(spec));
        for dep in list(spec, "deps") {
            let one =
                self.other(&dep["spec"], list(dep, "virtuals").next().and_then(Value::as_str));
            all = all.and(one);
        }
        if !spec["flags"].is_null() {
            self.tally.add("conditions on flags of the compiler", self.package);
            return Cond::Never;
        }
        all
    }

    /// Another package of the graph is there, and is like this.
    fn other(&mut self, spec: &Value, interface: Option<&str>) -> Cond {
        let name = str(spec, "name");
        if name.is_empty() {
            return self.constraint(spec);
        }
        if !self.world.packages.contains_key(name) && !self.world.interfaces.contains_key(name) {
            self.tally.add(
                "slip: conditions on packages that are not there",
                format!("{} on {name}", self.package),
            );
            return Cond::Never;
        }
        let Some(text) = self.spec(spec) else { return Cond::Never };
        let (head, reqs) = text;
        let alias = interface
            .filter(|it| *it != name)
            .map(|it| format!(" as {}", ident(it)))
            .unwrap_or_default();
        let with = format!("with {head}{alias}{reqs}");
        Cond::When(with).and(self.place(spec))
    }

    fn versions_hold(&mut self, versions: &Value) -> Cond {
        let mut alternatives = Vec::new();
        for range in versions.as_array().into_iter().flatten() {
            match bounds(range) {
                None => self.tally.add("versions of a repository", self.package),
                Some(bounds) if bounds.is_empty() => return Cond::Always,
                Some(bounds) => alternatives.push(
                    bounds.iter().map(|it| format!("version {it}")).collect::<Vec<_>>().join(" & "),
                ),
            }
        }
        match &alternatives[..] {
            [] => Cond::Never,
            [one] => Cond::When(one.clone()),
            several => Cond::When(format!("({})", several.join(" | "))),
        }
    }

    /// An option of this package has a value.
    fn variant(&mut self, name: &str, wanted: &Value) -> Cond {
        if name == "build_system"
            && let Some(system) = self.system
        {
            return if strings(wanted).iter().any(|it| it == system) {
                Cond::Always
            } else {
                Cond::Never
            };
        }
        let Some(kind) = (self.options)(name) else {
            self.tally.add(
                "slip: conditions on options that are not there",
                format!("{}.{name}", self.package),
            );
            return Cond::Never;
        };
        let own = option(name);
        // In the source, a variant that does not exist has no value.
        let exists = self.exists(name);
        if exists != Cond::Always {
            let has = self.has_value(name, &kind, own, wanted);
            return exists.and(has);
        }
        self.has_value(name, &kind, own, wanted)
    }

    /// Whether a variant exists.
    fn exists(&mut self, name: &str) -> Cond {
        if self.depth > 4 {
            return Cond::Always;
        }
        let world = self.world;
        let body = world.packages.get(self.package).or(world.fragments.get(self.package));
        let inherited = body.map(|it| strings(&it["inherits"])).unwrap_or_default();
        let bodies = inherited.iter().filter_map(|it| world.fragments.get(it)).chain(body);
        let declared: Vec<&Value> = bodies
            .flat_map(|it| list(it, "variants"))
            .filter(|it| str(it, "name") == name)
            .collect();
        let mut alternatives = Vec::new();
        for declaration in declared {
            self.depth += 1;
            let when = self.when(declaration);
            self.depth -= 1;
            match when {
                Cond::Always => return Cond::Always,
                Cond::Never => {}
                Cond::When(text) if alternatives.contains(&text) => {}
                Cond::When(text) => alternatives.push(text),
            }
        }
        match &alternatives[..] {
            [] => Cond::Always,
            [one] => Cond::When(format!("({one})")),
            several => {
                let several: Vec<String> = several.iter().map(|it| format!("({it})")).collect();
                Cond::When(format!("({})", several.join(" | ")))
            }
        }
    }

    fn has_value(&mut self, name: &str, kind: &Kind, own: String, wanted: &Value) -> Cond {
        match (kind, wanted) {
            (Kind::Switch, Value::Bool(true)) => Cond::When(own),
            (Kind::Switch, Value::Bool(false)) => Cond::When(format!("!{own}")),
            (Kind::One(values), Value::Array(items)) => {
                let items: Vec<String> = items.iter().map(scalar).collect();
                match &items[..] {
                    [item] if values.contains(item) => {
                        Cond::When(format!("{own} == {}", value(item)))
                    }
                    [item] => {
                        self.slip_value(name, item);
                        Cond::Never
                    }
                    // A knob has one value.
                    _ => Cond::Never,
                }
            }
            (Kind::Many(values), Value::Array(items)) => {
                let items: Vec<String> = items.iter().map(scalar).filter(|it| it != "*").collect();
                if let Some(item) = items.iter().find(|it| !values.contains(it)) {
                    self.slip_value(name, item);
                    return Cond::Never;
                }
                match &items[..] {
                    [] => Cond::Always,
                    [item] => Cond::When(format!("{own} has {}", value(item))),
                    several => Cond::When(format!("{own} has all {}", set(several))),
                }
            }
            (Kind::Many(values), Value::Object(exactly)) => {
                let items: Vec<String> = exactly.get("exactly").map(strings).unwrap_or_default();
                if let Some(item) = items.iter().find(|it| !values.contains(it)) {
                    self.slip_value(name, item);
                    return Cond::Never;
                }
                let rest: Vec<String> =
                    values.iter().filter(|it| !items.contains(it)).cloned().collect();
                let has = Cond::When(format!("{own} has all {}", set(&items)));
                if rest.is_empty() {
                    has
                } else {
                    has.and(Cond::When(format!("!({own} has any {})", set(&rest))))
                }
            }
            (Kind::Text, Value::Array(items)) => match items.first() {
                Some(item) => Cond::When(format!("{own} == {}", quoted(&scalar(item)))),
                None => Cond::Always,
            },
            (Kind::Number, Value::Array(items)) => match items.first().map(scalar) {
                Some(item) if item.parse::<i64>().is_ok() => Cond::When(format!("{own} == {item}")),
                Some(item) => {
                    self.slip_value(name, &item);
                    Cond::Never
                }
                None => Cond::Always,
            },
            _ => {
                self.tally.add(
                    "slip: conditions of another type than their option",
                    format!("{}.{name}", self.package),
                );
                Cond::Never
            }
        }
    }

    fn slip_value(&mut self, name: &str, item: &str) {
        self.tally.add(
            "slip: values that an option does not have",
            format!("{}.{name} = {item}", self.package),
        );
    }

    /// The platform is like this.
    fn place(&mut self, spec: &Value) -> Cond {
        let mut all = Cond::Always;
        for platform in list(spec, "platform").filter_map(Value::as_str) {
            let os = match platform {
                "linux" => "linux",
                "darwin" => "macos",
                "windows" | "win32" => "windows",
                "freebsd" => "freebsd",
                _ => {
                    self.tally.add(
                        "conditions on operating systems of long ago",
                        format!("{}: {platform}", self.package),
                    );
                    return Cond::Never;
                }
            };
            all = all.and(Cond::When(format!("platform.os == {os}")));
        }
        let targets = list(spec, "target").chain(spec["arch"].as_str().map(|_| &spec["arch"]));
        for target in targets.filter_map(Value::as_str) {
            let cpu = match target.trim_end_matches(':') {
                "x86_64" => "x86_64",
                "aarch64" => "aarch64",
                "ppc64le" | "power8le" | "power9le" => "ppc64le",
                "riscv64" => "riscv64",
                "arm" => "armv7",
                "x86" => "i686",
                _ => {
                    self.tally.add(
                        "conditions on generations of processors",
                        format!("{}: {target}", self.package),
                    );
                    return Cond::Never;
                }
            };
            all = all.and(Cond::When(format!("platform.cpu == {cpu}")));
        }
        if spec["os"].is_array() {
            self.tally
                .add("conditions on distributions", format!("{}: {}", self.package, spec["os"]));
            return Cond::Never;
        }
        all
    }

    /// A spec as the head (name and items), and the requirement on its version.
    pub(crate) fn spec(&mut self, spec: &Value) -> Option<(String, String)> {
        let name = str(spec, "name");
        let mut items = Vec::new();
        if let Some(variants) = spec["variants"].as_object() {
            for (option_name, wanted) in variants {
                if let Some(item) = self.item(name, option_name, wanted)? {
                    items.push(item);
                }
            }
        }
        if list(spec, "deps").next().is_some() {
            self.tally.add(
                "needs of dependencies of dependencies",
                format!("{} of {name}", self.package),
            );
        }
        let mut alternatives = Vec::new();
        for range in list(spec, "versions") {
            match bounds(range) {
                None => {
                    self.tally.add("versions of a repository", self.package);
                    return None;
                }
                Some(bounds) => alternatives.push(bounds.join(" ")),
            }
        }
        let reqs = match &alternatives[..] {
            [] => String::new(),
            _ if alternatives.iter().any(String::is_empty) => String::new(),
            [one] => format!(" {one}"),
            several => format!(" ({})", several.join(" | ")),
        };
        let items =
            if items.is_empty() { String::new() } else { format!("[{}]", items.join(", ")) };
        Some((format!("{}{items}", ident(name)), reqs))
    }

    /// What is asked of an option; `Some(None)` if that is so anyway, `None` if it never is.
    fn item(&mut self, of: &str, name: &str, wanted: &Value) -> Option<Option<String>> {
        let kind = self.world.options.get(of).and_then(|it| it.get(name)).cloned();
        if name == "build_system" && kind.is_none() {
            let has = self.world.packages.get(of).map(crate::world::systems).unwrap_or_default();
            return if strings(wanted).iter().all(|it| has.contains(it)) {
                Some(None)
            } else {
                self.tally
                    .add("slip: values that an option does not have", format!("{of}.build_system"));
                None
            };
        }
        let Some(kind) = kind else {
            self.tally.add(
                "slip: needs of options that are not there",
                format!("{} of {of}.{name}", self.package),
            );
            return None;
        };
        let own = option(name);
        let known =
            |values: &[String], items: &[String]| items.iter().all(|it| values.contains(it));
        let text = match (&kind, wanted) {
            (Kind::Switch, Value::Bool(true)) => own,
            (Kind::Switch, Value::Bool(false)) => format!("~{own}"),
            (Kind::One(values), Value::Array(_)) => match &strings(wanted)[..] {
                [item] if values.contains(item) => format!("{own} = {}", value(item)),
                items => {
                    self.slip_value(&format!("{of}.{name}"), &items.join(","));
                    return None;
                }
            },
            (Kind::Many(values), Value::Array(_)) => {
                let items = strings(wanted);
                if !known(values, &items) {
                    self.slip_value(&format!("{of}.{name}"), &items.join(","));
                    return None;
                }
                format!("{own} += {}", set(&items))
            }
            (Kind::Many(values), Value::Object(exactly)) => {
                let items = exactly.get("exactly").map(strings).unwrap_or_default();
                if !known(values, &items) {
                    self.slip_value(&format!("{of}.{name}"), &items.join(","));
                    return None;
                }
                format!("{own} = {}", set(&items))
            }
            (Kind::Text, Value::Array(items)) => {
                format!("{own} = {}", quoted(&items.first().map(scalar).unwrap_or_default()))
            }
            (Kind::Number, Value::Array(items)) => match items.first().map(scalar) {
                Some(item) if item.parse::<i64>().is_ok() => format!("{own} = {item}"),
                _ => return None,
            },
            _ => {
                self.tally.add(
                    "slip: needs of another type than their option",
                    format!("{} of {of}.{name}", self.package),
                );
                return None;
            }
        };
        Some(Some(text))
    }
}

/// A set of values.
pub(crate) fn set(items: &[String]) -> String {
    let items: Vec<String> = items.iter().map(|it| value(it)).collect();
    format!("{{{}}}", items.join(", "))
}

/// The body of an enum without conditions.
pub(crate) fn body(values: &[String]) -> String {
    let values: Vec<String> = values.iter().map(|it| enumerator(it)).collect();
    format!("enum {{ {} }}", values.join(", "))
}

/// A range of versions as comparisons; none for every version. Not if it is of a repository.
pub(crate) fn bounds(range: &Value) -> Option<Vec<String>> {
    let ends = range.as_array()?;
    Some(match &ends[..] {
        [exact] => vec![format!("== {}", version(&scalar(exact)))],
        [lo, hi] if lo.is_null() && hi.is_null() => Vec::new(),
        [lo, hi] if lo == hi => vec![format!("== {}", series(&scalar(lo)))],
        [lo, hi] => {
            let mut bounds = Vec::new();
            if !lo.is_null() {
                bounds.push(format!(">= {}", version(&scalar(lo))));
            }
            if !hi.is_null() {
                bounds.push(format!("<= {}", series(&scalar(hi))));
            }
            bounds
        }
        _ => return None,
    })
}
