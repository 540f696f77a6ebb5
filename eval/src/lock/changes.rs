//! What is otherwise than a [`Lock`] has it, in sentences.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use kiln_lang::list;

use super::record::tool_names;
use super::write::quoted;
use super::{Lock, LockedOption, LockedPackage, LockedRequest, LockedValue, RequestKind};

/// How many packages one sentence names.
const NAMES_MAX: usize = 12;

/// How many digits of a hash are shown.
const DIGITS: usize = 12;

/// Something that is otherwise than it was locked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LockChange {
    /// What sort of change it is.
    pub kind: LockChangeKind,
    /// The package that it is about, if it is about one.
    pub package: Option<String>,
    /// Whether that is a build tool.
    pub is_tool: bool,
    /// The key of the line of the lock that has it otherwise, such as `version`; may be empty.
    pub key: String,
    /// One sentence, without a full stop.
    pub text: String,
}

/// What sort of change it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum LockChangeKind {
    /// Something else is asked for.
    Wish,
    /// The platform or the toolchain is another.
    Fact,
    /// A package was not there.
    New,
    /// A package is not there any more.
    Gone,
    /// A package has another version.
    Version,
    /// An option has another value.
    Option,
    /// An option has its value from somebody else. Nothing follows from it.
    Origin,
    /// A package depends on others.
    Need,
    /// An interface is provided by another package.
    Provider,
    /// An export is applied, or is not any more.
    Export,
    /// A source has another hash.
    Source,
    /// A recipe makes something else of the same choices.
    Recipe,
}

impl LockChangeKind {
    /// Returns the word for programs.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            LockChangeKind::Wish => "wish",
            LockChangeKind::Fact => "fact",
            LockChangeKind::New => "new",
            LockChangeKind::Gone => "gone",
            LockChangeKind::Version => "version",
            LockChangeKind::Option => "option",
            LockChangeKind::Origin => "origin",
            LockChangeKind::Need => "need",
            LockChangeKind::Provider => "provider",
            LockChangeKind::Export => "export",
            LockChangeKind::Source => "source",
            LockChangeKind::Recipe => "recipe",
        }
    }
}

impl LockChange {
    /// Whether it is made for another machine, so that nothing else was compared.
    #[must_use]
    pub fn is_elsewhere(&self) -> bool {
        self.key.starts_with("[platform]") || self.key.starts_with("[machine]")
    }

    /// Whether something is chosen otherwise; else only the reason for it has changed.
    #[must_use]
    pub fn is_choice(&self) -> bool {
        self.kind != LockChangeKind::Origin
    }

    /// Returns the line of the lock's text that has it otherwise, in bytes; where there is none, one
    /// that is about the package, or about what is asked for.
    #[must_use]
    pub fn place_in(&self, text: &str) -> Range<usize> {
        let name = self.package.as_ref().map(|it| format!("name = {}", quoted(it)));
        let (mut at, mut table, mut is_there) = (0, "", false);
        let (mut wants, mut block) = (None, None);
        for line in text.split_inclusive('\n') {
            let content = line.trim_end();
            let range = at..at + content.len();
            at += line.len();
            if content.starts_with('[') {
                (table, is_there) = (content, false);
            } else if content.starts_with("wants = ") {
                wants = wants.or(Some(range.clone()));
            }
            if (table == "[[tool]]") == self.is_tool && Some(content) == name.as_deref() {
                is_there = true;
                block = block.or(Some(range.clone()));
            }
            let own = match &self.package {
                Some(_) => is_there && is_key(content, &self.key),
                None => format!("{table}.{content}").starts_with(&format!("{} = ", self.key)),
            };
            if own && !self.key.is_empty() {
                return range;
            }
        }
        block.or(wants).unwrap_or(0..text.find('\n').unwrap_or(text.len()))
    }
}

fn is_key(line: &str, key: &str) -> bool {
    line.strip_prefix(key).is_some_and(|it| it.starts_with(" ="))
}

impl Lock {
    /// Returns what is otherwise in `now`, which may have only some of the requests. A request that is
    /// not locked is compared by the packages in it: each must be locked with this version, and be
    /// made of the same; its options are what the request makes them.
    #[must_use]
    pub fn changes(&self, now: &Lock) -> Vec<LockChange> {
        let mut comparison = Comparison::new(self, now);
        if comparison.facts() {
            for request in &now.requests {
                match self.like(request) {
                    Some(before) => comparison.request(before, request),
                    None => comparison.unlocked(request),
                }
            }
            comparison.tools();
        }
        comparison.finish()
    }

    /// As [`changes`](Self::changes), where `now` is to take the place of this lock: says also what it
    /// no longer has.
    #[must_use]
    pub fn replaced_by(&self, now: &Lock) -> Vec<LockChange> {
        let mut comparison = Comparison::new(self, now);
        comparison.facts();
        for request in &now.requests {
            match now_of(self, request) {
                Some(before) => comparison.request(before, request),
                None => {
                    let text = format!("{} is locked now", asked(request));
                    comparison.say(LockChangeKind::Wish, "", text);
                }
            }
        }
        for before in &self.requests {
            if now_of(now, before).is_none() {
                let text = format!("{} is not locked any more", asked(before));
                comparison.say(LockChangeKind::Wish, "", text);
            }
        }
        comparison.tools();
        comparison.tools_gone();
        comparison.finish()
    }

    /// The request that asks for the same: by whoever, if the command line does.
    fn like(&self, request: &LockedRequest) -> Option<&LockedRequest> {
        let kinds = [request.kind, RequestKind::Project, RequestKind::Published];
        let kinds = if request.kind == RequestKind::Asked { &kinds[..] } else { &kinds[..1] };
        kinds.iter().find_map(|kind| {
            let found = self.request(*kind, &request.wants)?;
            let same = found.kind == request.kind || is_same_set(&found.wants, &request.wants);
            same.then_some(found)
        })
    }
}

fn now_of<'l>(lock: &'l Lock, request: &LockedRequest) -> Option<&'l LockedRequest> {
    lock.request(request.kind, &request.wants)
}

fn is_same_set(a: &[String], b: &[String]) -> bool {
    a.iter().collect::<BTreeSet<_>>() == b.iter().collect::<BTreeSet<_>>()
}

fn asked(request: &LockedRequest) -> String {
    let wants = &request.wants;
    match request.kind {
        RequestKind::Project => "what the project wants".to_owned(),
        RequestKind::Published => format!("what is published, {},", list(wants, "and")),
        RequestKind::Asked => format!("what `kiln lock` was asked for, {},", list(wants, "and")),
    }
}

struct Comparison<'a> {
    before: &'a Lock,
    now: &'a Lock,
    /// Titles of tools by the names that stand for them.
    tools_before: BTreeMap<String, String>,
    tools_now: BTreeMap<String, String>,
    /// Packages that only the recipes make otherwise.
    recipes: BTreeMap<(String, bool), (String, String)>,
    changes: Vec<LockChange>,
}

impl<'a> Comparison<'a> {
    fn new(before: &'a Lock, now: &'a Lock) -> Self {
        Comparison {
            before,
            now,
            tools_before: titles(before),
            tools_now: titles(now),
            recipes: BTreeMap::new(),
            changes: Vec::new(),
        }
    }

    fn finish(mut self) -> Vec<LockChange> {
        let recipes = std::mem::take(&mut self.recipes);
        match recipes.len() {
            0 => {}
            1 => {
                for ((name, is_tool), (before, now)) in recipes {
                    let text = format!(
                        "the recipe of `{name}` makes something else of the same choices: recipe {} \
                         now, before {}",
                        short(&now),
                        short(&before)
                    );
                    self.changes.push(LockChange {
                        kind: LockChangeKind::Recipe,
                        package: Some(first_word(&name)),
                        is_tool,
                        key: "recipe".to_owned(),
                        text,
                    });
                }
            }
            count => {
                let mut names: Vec<String> =
                    recipes.keys().take(NAMES_MAX).map(|it| format!("`{}`", it.0)).collect();
                names.dedup();
                if count > NAMES_MAX {
                    names.push(format!("{} more", count - NAMES_MAX));
                }
                let text = format!(
                    "the recipes of {} make something else of the same choices",
                    and(&names)
                );
                self.say(LockChangeKind::Recipe, "", text);
            }
        }
        let mut seen = BTreeSet::new();
        self.changes.retain(|it| seen.insert(it.text.clone()));
        self.changes
    }

    /// Says something that is about no package.
    fn say(&mut self, kind: LockChangeKind, key: &str, text: String) {
        let (package, key) = (None, key.to_owned());
        self.changes.push(LockChange { kind, package, is_tool: false, key, text });
    }

    /// Says something about a package.
    fn say_of(
        &mut self,
        kind: LockChangeKind,
        package: &LockedPackage,
        key: impl Into<String>,
        text: String,
    ) {
        let is_tool = is_in(&self.now.tools, package) || is_in(&self.before.tools, package);
        let package = Some(package.name.to_string());
        self.changes.push(LockChange { kind, package, is_tool, key: key.into(), text });
    }

    /// Whether it was made for these machines: if not, all else follows.
    fn facts(&mut self) -> bool {
        let mut same_machines = true;
        for (table, now) in &self.now.facts {
            let Some(before) = self.before.facts.get(table) else { continue };
            for (name, value) in now {
                let key = format!("[{table}].{name}");
                match before.get(name) {
                    Some(old) if old == value => continue,
                    Some(old) => {
                        let text = format!("`{table}.{name}` is {value} now, before {old}");
                        self.say(LockChangeKind::Fact, &key, text);
                    }
                    None => {
                        let text = format!("`{table}.{name}` is new, and is {value}");
                        self.say(LockChangeKind::Fact, &key, text);
                    }
                }
                same_machines &= !matches!(table.as_str(), "platform" | "machine");
            }
        }
        same_machines
    }

    //------ requests

    fn request(&mut self, before: &LockedRequest, now: &LockedRequest) {
        if now.kind == RequestKind::Project {
            for want in now.wants.iter().filter(|it| !before.wants.contains(it)) {
                let text = format!("the project wants `{want}` now");
                self.say(LockChangeKind::Wish, "", text);
            }
            for want in before.wants.iter().filter(|it| !now.wants.contains(it)) {
                let text = format!("the project no longer wants `{want}`");
                self.say(LockChangeKind::Wish, "", text);
            }
        }
        let names = |packages: &[LockedPackage]| -> BTreeSet<String> {
            packages.iter().map(|it| it.name.to_string()).collect()
        };
        let fresh: BTreeSet<String> =
            names(&now.packages).difference(&names(&before.packages)).cloned().collect();
        let gone: BTreeSet<String> =
            names(&before.packages).difference(&names(&now.packages)).cloned().collect();
        for package in &now.packages {
            let same = |it: &&LockedPackage| {
                (&it.instance, &it.name) == (&package.instance, &package.name)
            };
            match before.packages.iter().find(same) {
                Some(old) => self.package(old, package, &fresh, &gone),
                None => self.new_package(package, &now.packages),
            }
        }
        for old in &before.packages {
            let same = |it: &LockedPackage| (&it.instance, &it.name) == (&old.instance, &old.name);
            if !now.packages.iter().any(same) {
                let text = format!("`{}` {} is not needed any more", called(old), old.version);
                self.say_of(LockChangeKind::Gone, old, "", text);
            }
        }
    }

    fn new_package(&mut self, package: &LockedPackage, all: &[LockedPackage]) {
        let mut by: Vec<String> = Vec::new();
        for user in all.iter().filter(|it| it.instance == package.instance) {
            // Those of the role `build` are build tools, even if they are called the same.
            let roles = user.needs.iter().filter(|(role, needs)| {
                *role != "build" && needs.iter().any(|it| *it == *package.name)
            });
            by.extend(roles.map(|(role, _)| format!("{role} of `{}`", user.name)));
        }
        by.truncate(NAMES_MAX);
        let why = if by.is_empty() { String::new() } else { format!(": {}", and(&by)) };
        let text = format!("`{}` {} is new{why}", called(package), package.version);
        self.say_of(LockChangeKind::New, package, "", text);
    }

    /// A request that is not locked as a whole.
    fn unlocked(&mut self, request: &LockedRequest) {
        for package in &request.packages {
            let locked: Vec<&LockedPackage> = self
                .before
                .requests
                .iter()
                .flat_map(|it| &it.packages)
                .filter(|it| it.name == package.name)
                .collect();
            let Some(first) = locked.first() else {
                let text = format!("`{}` {} is not locked", package.name, package.version);
                self.say_of(LockChangeKind::New, package, "", text);
                continue;
            };
            let with_version: Vec<&&LockedPackage> =
                locked.iter().filter(|it| it.version == package.version).collect();
            if with_version.is_empty() {
                self.version(first, package, "");
            } else if let Some(same) = with_version.iter().find(|it| has_same_values(it, package)) {
                self.made(same, package);
            }
        }
    }

    //------ build tools

    fn tools(&mut self) {
        let mut by_name: BTreeMap<&str, Vec<&LockedPackage>> = BTreeMap::new();
        for tool in &self.now.tools {
            by_name.entry(&tool.name).or_default().push(tool);
        }
        for (name, tools) in by_name {
            let before: Vec<&LockedPackage> =
                self.before.tools.iter().filter(|it| it.name == *name).collect();
            let mut left: Vec<&LockedPackage> =
                before.iter().copied().filter(|it| !tools.contains(it)).collect();
            for tool in tools.into_iter().filter(|it| !before.contains(it)) {
                let same = left.iter().position(|it| it.version == tool.version);
                let at = same.or(if left.is_empty() { None } else { Some(0) });
                match at {
                    Some(at) => {
                        let old = left.remove(at);
                        self.package(old, tool, &BTreeSet::new(), &BTreeSet::new());
                    }
                    None => {
                        let again = if before.is_empty() { "" } else { "one more " };
                        let text =
                            format!("{again}`{}` {} is a new build tool", tool.name, tool.version);
                        self.say_of(LockChangeKind::New, tool, "", text.trim().to_owned());
                    }
                }
            }
        }
    }

    fn tools_gone(&mut self) {
        let names: BTreeSet<&str> = self.now.tools.iter().map(|it| it.name.as_str()).collect();
        for tool in self.before.tools.iter().filter(|it| !names.contains(it.name.as_str())) {
            let text = format!("`{}` {} is no build tool any more", tool.name, tool.version);
            self.say_of(LockChangeKind::Gone, tool, "", text);
        }
    }

    //------ one package

    fn package(
        &mut self,
        before: &LockedPackage,
        now: &LockedPackage,
        fresh: &BTreeSet<String>,
        gone: &BTreeSet<String>,
    ) {
        let what = if is_in(&self.now.tools, now) { "the build tool " } else { "" };
        if before.version != now.version {
            self.version(before, now, what);
        }
        self.options(before, now);
        let needs_same = self.needs(before, now, fresh, gone);
        for (interface, provider) in &now.providers {
            match before.providers.get(interface) {
                Some(old) if old != provider => {
                    let text = format!(
                        "`{}` gets `{interface}` from `{provider}` now, before from `{old}`",
                        called(now)
                    );
                    self.say_of(
                        LockChangeKind::Provider,
                        now,
                        format!("provider.{interface}"),
                        text,
                    );
                }
                _ => {}
            }
        }
        for export in now.exports.iter().filter(|it| !before.exports.contains(it)) {
            let text = format!("`{}` gets an export now: {export}", called(now));
            self.say_of(LockChangeKind::Export, now, "exports", text);
        }
        for export in before.exports.iter().filter(|it| !now.exports.contains(it)) {
            let text = format!("`{}` no longer gets an export: {export}", called(now));
            self.say_of(LockChangeKind::Export, now, "exports", text);
        }
        if before.version == now.version && has_same_values(before, now) && needs_same {
            self.made(before, now);
        }
    }

    fn version(&mut self, before: &LockedPackage, now: &LockedPackage, what: &str) {
        let name = called(now);
        let text = format!("{what}`{name}` is {} now, before {}", now.version, before.version);
        self.say_of(LockChangeKind::Version, now, "version", text);
    }

    fn options(&mut self, before: &LockedPackage, now: &LockedPackage) {
        for (name, option) in &now.options {
            let whole = format!("`{}.{name}`", called(now));
            match before.options.get(name) {
                Some(old) if old.value == option.value => {
                    if old.by != option.by {
                        let text = format!(
                            "{whole} is still {}, now by {}, before by {}",
                            shown(&option.value),
                            by(option),
                            by(old)
                        );
                        self.say_of(LockChangeKind::Origin, now, format!("option.{name}"), text);
                    }
                }
                Some(old) => {
                    let text = moved(&whole, old, option);
                    self.say_of(LockChangeKind::Option, now, format!("option.{name}"), text);
                }
                None => {
                    let text = format!(
                        "{whole} is a new option, and is {} ({})",
                        shown(&option.value),
                        by(option)
                    );
                    self.say_of(LockChangeKind::Option, now, format!("option.{name}"), text);
                }
            }
        }
        for name in before.options.keys().filter(|it| !now.options.contains_key(*it)) {
            let text = format!("`{}` no longer has the option `{name}`", called(now));
            self.say_of(LockChangeKind::Option, now, format!("option.{name}"), text);
        }
    }

    /// Whether it needs the same as before; packages that are new or gone are told of as such.
    fn needs(
        &mut self,
        before: &LockedPackage,
        now: &LockedPackage,
        fresh: &BTreeSet<String>,
        gone: &BTreeSet<String>,
    ) -> bool {
        let mut same = true;
        let roles: BTreeSet<&String> = now.needs.keys().chain(before.needs.keys()).collect();
        for role in roles {
            let all = |package: &LockedPackage, tools: &BTreeMap<String, String>| {
                let needs = package.needs.get(role).into_iter().flatten();
                let is_build = role == "build";
                needs
                    .map(|it| match tools.get(it).filter(|_| is_build) {
                        Some(title) => (first_word(title), title.clone()),
                        None => (it.clone(), it.clone()),
                    })
                    .collect::<BTreeMap<String, String>>()
            };
            let (old, new) = (all(before, &self.tools_before), all(now, &self.tools_now));
            for (name, title) in &new {
                if old.get(name) == Some(title) {
                    continue;
                }
                // That a tool moved is told of the tool, once, unless there are several of it.
                if old.contains_key(name) && self.is_alone(name) {
                    continue;
                }
                same = false;
                if !fresh.contains(name) {
                    let text = format!("`{}` needs `{title}` now ({role})", called(now));
                    self.say_of(LockChangeKind::Need, now, role.as_str(), text);
                }
            }
            for (name, title) in &old {
                if new.contains_key(name) {
                    continue;
                }
                same = false;
                if !gone.contains(name) {
                    let text = format!("`{}` no longer needs `{title}` ({role})", called(now));
                    self.say_of(LockChangeKind::Need, now, role.as_str(), text);
                }
            }
        }
        same
    }

    fn is_alone(&self, tool: &str) -> bool {
        let count = |lock: &Lock| lock.tools.iter().filter(|it| it.name == *tool).count();
        count(self.before) <= 1 && count(self.now) <= 1
    }

    /// What is made of the same choices: sources and steps.
    fn made(&mut self, before: &LockedPackage, now: &LockedPackage) {
        if before.sources != now.sources {
            let hashes = |package: &LockedPackage, but: &LockedPackage| {
                let others: Vec<&String> =
                    package.sources.iter().filter(|it| !but.sources.contains(it)).collect();
                let is_shown = |it: &&String| {
                    but.sources.iter().any(|but| short_source(but) == short_source(it))
                };
                let hash = if others.iter().any(is_shown) { first_word } else { short_source };
                let hashes: Vec<String> = others.iter().map(|it| hash(it)).collect();
                if hashes.is_empty() { "none".to_owned() } else { and(&hashes) }
            };
            let text = format!(
                "the sources of `{}` {} are others: {} now, before {}",
                called(now),
                now.version,
                hashes(now, before),
                hashes(before, now)
            );
            self.say_of(LockChangeKind::Source, now, "sources", text);
        }
        if let (Some(old), Some(new)) = (&before.recipe, &now.recipe)
            && old != new
        {
            let is_tool = is_in(&self.now.tools, now);
            self.recipes.insert((called(now), is_tool), (old.clone(), new.clone()));
        }
    }
}

fn is_in(tools: &[LockedPackage], package: &LockedPackage) -> bool {
    tools.iter().any(|it| std::ptr::eq(it, package))
}

/// The titles of tools by the names that stand for them.
fn titles(lock: &Lock) -> BTreeMap<String, String> {
    let order: Vec<usize> = (0..lock.tools.len()).collect();
    let names = tool_names(&lock.tools, &order);
    names.into_iter().zip(&lock.tools).map(|(name, tool)| (name, tool.title())).collect()
}

fn first_word(text: &str) -> String {
    text.split(' ').next().unwrap_or(text).to_owned()
}

fn called(package: &LockedPackage) -> String {
    package.instance.as_ref().map_or_else(
        || package.name.to_string(),
        |instance| {
            if *instance == package.name {
                package.name.to_string()
            } else {
                format!("{instance}/{}", package.name)
            }
        },
    )
}

fn has_same_values(a: &LockedPackage, b: &LockedPackage) -> bool {
    a.options.len() == b.options.len()
        && a.options
            .iter()
            .all(|(name, it)| b.options.get(name).is_some_and(|b| b.value == it.value))
}

fn by(option: &LockedOption) -> &str {
    option.by.as_deref().unwrap_or("default")
}

/// A value that is not too long for a sentence.
fn shown(value: &LockedValue) -> String {
    const WIDTH: usize = 60;
    let text = value.to_string();
    if text.chars().count() <= WIDTH {
        return text;
    }
    format!("{} …", text.chars().take(WIDTH - 2).collect::<String>())
}

/// How an option went from one value to another.
fn moved(whole: &str, before: &LockedOption, now: &LockedOption) -> String {
    let is_default = before.by.is_none() && now.by.is_none();
    if let (LockedValue::Set(old), LockedValue::Set(new)) = (&before.value, &now.value) {
        let only = |of: &[String], than: &[String]| -> Vec<String> {
            of.iter().filter(|it| !than.contains(it)).cloned().collect()
        };
        let (gained, lost) = (only(new, old), only(old, new));
        let words = match (gained.is_empty(), lost.is_empty()) {
            (false, true) => format!("has {} now", list(&gained, "and")),
            (true, false) => format!("no longer has {}", list(&lost, "and")),
            _ => format!("has {} now, and no longer {}", list(&gained, "and"), list(&lost, "or")),
        };
        return format!("{whole} {words} ({})", by(now));
    }
    let (old, new) = (shown(&before.value), shown(&now.value));
    if is_default {
        return format!("the default of {whole} moved from {old} to {new}");
    }
    format!("{whole} is {new} now ({}), before {old} ({})", by(now), by(before))
}

/// `a, b and c`
fn and(words: &[String]) -> String {
    match words {
        [] => String::new(),
        [one] => one.clone(),
        [rest @ .., last] => format!("{} and {last}", rest.join(", ")),
    }
}

fn short(hash: &str) -> String {
    hash.chars().take(DIGITS).collect()
}

/// `sha256:…` with the first digits.
fn short_source(source: &str) -> String {
    let hash = first_word(source);
    match hash.split_once(':') {
        Some((kind, digits)) => format!("{kind}:{}", short(digits)),
        None => hash,
    }
}
