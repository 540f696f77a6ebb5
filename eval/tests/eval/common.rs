//! Fixtures: files in one text, and what becomes of them as another.
//!
//! `//- /path` begins a file. Recipes and modules are those below `/r`; `/project.kiln` is the
//! project; files below `/o` are overrides, by name. A wish is a spec as on the command line.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::sync::Arc;

use kiln_eval::{
    Derived, Influence, Node, NodeId, OptionState, Packages, ProjectWishes, Says, SetupRequest,
    Solution, Value, derive, prepare, setup, solve,
};
use kiln_lang::module::OptionKind;
use kiln_lang::{Database, Diagnostic, FileId, MemoryWorld, World};
use kiln_store::{Derivation, DerivationId, Graph, Template};

/// What most recipes of fixtures need: a program to run steps with.
pub(crate) const SEED: &str = r#"
//- /r/seed.kiln
recipe seed
version = 1
source = fetch("https://example.org/seed", sha256 = "0000000000000000000000000000000000000000000000000000000000000000", unpack = false)
//- /r/unix.kiln
module unix
mixin unix {
    build seed
    shell = ["\(dep.seed)/sh", "-eu"]
}
"#;

/// A set of files, wishes and a machine.
pub(crate) struct Fixture {
    pub(crate) files: BTreeMap<String, String>,
    pub(crate) wishes: Vec<String>,
    pub(crate) target: Option<(String, String)>,
    pub(crate) threads: NonZeroUsize,
}

/// What came out of a fixture.
pub(crate) struct Outcome {
    pub(crate) db: Database,
    pub(crate) result: Result<Done, Vec<Diagnostic>>,
}

/// A fixture without mistakes, derived.
pub(crate) struct Done {
    pub(crate) solution: Solution,
    pub(crate) derived: Derived,
    pub(crate) warnings: Vec<Diagnostic>,
}

impl Fixture {
    /// Reads a fixture.
    pub(crate) fn new(text: &str, wishes: &[&str]) -> Self {
        let mut files: BTreeMap<String, String> = BTreeMap::new();
        let mut current: Option<String> = None;
        for line in SEED.lines().chain(text.lines()) {
            if let Some(path) = line.trim_start().strip_prefix("//- ") {
                files.insert(path.trim().to_owned(), String::new());
                current = Some(path.trim().to_owned());
            } else if let Some(file) = current.as_ref().and_then(|it| files.get_mut(it)) {
                file.push_str(line);
                file.push('\n');
            }
        }
        let wishes = wishes.iter().map(|it| (*it).to_owned()).collect();
        Fixture { files, wishes, target: None, threads: NonZeroUsize::MIN }
    }

    /// Replaces text in a file; the text must be there.
    pub(crate) fn edit(mut self, path: &str, from: &str, to: &str) -> Self {
        let file = self.files.get_mut(path).unwrap();
        assert!(file.contains(from), "`{from}` is not in {path}:\n{file}");
        *file = file.replace(from, to);
        self
    }

    /// The same files and wishes again.
    pub(crate) fn again(&self) -> Self {
        Fixture {
            files: self.files.clone(),
            wishes: self.wishes.clone(),
            target: self.target.clone(),
            threads: self.threads,
        }
    }

    /// Adds a file.
    pub(crate) fn with(mut self, path: &str, text: &str) -> Self {
        self.files.insert(path.to_owned(), text.to_owned());
        self
    }

    pub(crate) fn world(&self) -> Arc<dyn World> {
        let mut world = MemoryWorld::new();
        for (path, text) in &self.files {
            world.insert(path.clone(), text);
        }
        Arc::new(world)
    }

    /// Takes the files from a world of its own to derivations.
    pub(crate) fn run(&self) -> Outcome {
        self.run_in(self.world())
    }

    /// As [`run`](Fixture::run), in another world with the same files.
    pub(crate) fn run_in(&self, world: Arc<dyn World>) -> Outcome {
        let db = Database::new(world, vec!["/r".to_owned()]);
        let result = self.stages(&db);
        Outcome { db, result }
    }

    /// The request that the fixture stands for.
    pub(crate) fn request(&self, db: &Database) -> SetupRequest {
        SetupRequest {
            machine: ("x86_64".into(), "linux".into()),
            target: self.target.clone(),
            project: self.files.contains_key("/project.kiln").then(|| db.file("/project.kiln")),
            overrides: self
                .files
                .keys()
                .filter(|it| it.starts_with("/o/"))
                .map(|it| db.file(it))
                .collect(),
            specs: self.wishes.iter().map(|it| db.add_spec("command line", it)).collect(),
            project_wishes: match self.wishes.is_empty() {
                true => ProjectWishes::Wanted,
                false => ProjectWishes::Named,
            },
        }
    }

    fn stages(&self, db: &Database) -> Result<Done, Vec<Diagnostic>> {
        let request = self.request(db);
        let packages = Packages::new(db);
        prepare(&packages, &request, self.threads);
        let (setup, mut warnings) = setup(db, &request)?;
        let (solution, more) = solve(&packages, &setup, self.threads)?;
        warnings.extend(more);
        let (derived, more) = derive(db, &setup, &solution, self.threads)?;
        warnings.extend(more);
        Ok(Done { solution, derived, warnings })
    }

    /// The ids of everything that is wanted; fails the test if there is a mistake.
    pub(crate) fn ids(&self) -> BTreeMap<String, DerivationId> {
        let outcome = self.run();
        match &outcome.result {
            Ok(done) => done.ids(),
            Err(diagnostics) => panic!("{}", show_diagnostics(&outcome.db, diagnostics)),
        }
    }

    /// The only mistake, or all of them, as text.
    pub(crate) fn mistakes(&self) -> String {
        let outcome = self.run();
        match &outcome.result {
            Ok(done) => format!("no mistake\n{}", show_diagnostics(&outcome.db, &done.warnings)),
            Err(diagnostics) => show_diagnostics(&outcome.db, diagnostics),
        }
    }
}

impl Done {
    /// The ids of the packages that are wanted, by their names.
    pub(crate) fn ids(&self) -> BTreeMap<String, DerivationId> {
        let mut ids = BTreeMap::new();
        for root in &self.solution.roots {
            let name = self.solution.node(root.node).package.name.to_string();
            let name = root.alias.as_ref().map_or(name, ToString::to_string);
            ids.insert(name, self.derived.nodes[&root.node].derivation);
        }
        ids
    }
}

//------ as text

/// Every option of the packages for the target: its value, who decided it, and what had a say.
pub(crate) fn show_options(outcome: &Outcome) -> String {
    let done = match &outcome.result {
        Ok(done) => done,
        Err(diagnostics) => return show_diagnostics(&outcome.db, diagnostics),
    };
    let mut out = String::new();
    for unit in done.solution.units.iter().filter(|it| !it.is_build) {
        for id in unit.by_name.values() {
            let node = done.solution.node(*id);
            let _ = writeln!(out, "{}", node.title());
            for (name, option) in node.named_options() {
                let state = match option.state {
                    OptionState::Default => "default",
                    OptionState::Fixed => "fixed",
                    OptionState::Needed => "needed",
                    OptionState::Auto => "auto",
                };
                let _ = writeln!(out, "  {name} = {} ({state})", option.value.source());
                if option.history.len() > 1 {
                    for influence in &option.history {
                        let _ = writeln!(out, "    {}", show_influence(&option.value, influence));
                    }
                }
            }
            for influence in node.version_history.iter() {
                let _ = writeln!(out, "  version: {} `{}`", influence.by.text(), influence.text);
            }
        }
    }
    out + &show_diagnostics(&outcome.db, &done.warnings)
}

fn show_influence(value: &Value, influence: &Influence) -> String {
    let says = match &influence.says {
        Says::Value(value) | Says::Part(value) => format!("= {}", value.source()),
        Says::Elements { on, off } => {
            let Value::Set(of, _) = value else { return "elements of no set".to_owned() };
            let names = |bits: &kiln_eval::Bits, sign: &str| {
                bits.iter().map(|it| format!("{sign}{}", of.values[it as usize])).collect()
            };
            let mut all: Vec<String> = names(on, "+");
            all.extend::<Vec<String>>(names(off, "-"));
            all.join(" ")
        }
        Says::Text => influence.text.to_string(),
    };
    let mark = if influence.overruled { " (overruled)" } else { "" };
    format!("{}: {says}{mark}", influence.by.text())
}

/// What each package depends on.
pub(crate) fn show_edges(outcome: &Outcome) -> String {
    let done = match &outcome.result {
        Ok(done) => done,
        Err(diagnostics) => return show_diagnostics(&outcome.db, diagnostics),
    };
    let mut out = String::new();
    for unit in &done.solution.units {
        if unit.is_build && unit.by_name.keys().all(|it| it == "seed") {
            continue;
        }
        let _ = writeln!(out, "{}", if unit.is_build { "build tools" } else { "target" });
        for id in unit.by_name.values() {
            let node = done.solution.node(*id);
            let _ = writeln!(out, "  {}", node.title());
            for edge in &node.edges {
                let to = done.solution.node(edge.to).title();
                let injected = edge.injected.as_ref().map_or(String::new(), |it| {
                    format!(", exported by {}", done.solution.node(it.by).package.name)
                });
                if to != "seed 1" {
                    let _ = writeln!(out, "    {} {to}{injected}", edge.role);
                }
            }
        }
    }
    out + &show_diagnostics(&outcome.db, &done.warnings)
}

/// The derivations, inputs first: what each build sees, and does.
pub(crate) fn show_derivations(outcome: &Outcome) -> String {
    let done = match &outcome.result {
        Ok(done) => done,
        Err(diagnostics) => return show_diagnostics(&outcome.db, diagnostics),
    };
    show_nodes(&done.derived.graph, 0) + &show_diagnostics(&outcome.db, &done.warnings)
}

/// The nodes of a graph, without the first ones.
pub(crate) fn show_nodes(graph: &Graph, skipped: usize) -> String {
    let titles: BTreeMap<DerivationId, String> =
        graph.nodes().iter().map(|it| (it.derivation.id(), it.title.clone())).collect();
    let mut out = String::new();
    for node in graph.nodes().iter().skip(skipped) {
        if node.title == "seed 1" {
            continue;
        }
        let _ = writeln!(out, "{}", node.title);
        match &*node.derivation {
            Derivation::Fetch(fetch) => {
                let _ = writeln!(out, "  fetch {} from {}", fetch.hash, node.urls.join(", "));
            }
            Derivation::Import(import) => {
                let _ = writeln!(out, "  import {}", import.name);
            }
            Derivation::Build(build) => {
                for output in build.outputs.iter().filter(|it| it.to_string() != "out") {
                    let _ = writeln!(out, "  output {output}");
                }
                for (label, input) in &build.inputs {
                    if label.to_string() == "build.seed" {
                        continue;
                    }
                    let output = match input.output.to_string() {
                        it if it == "out" => String::new(),
                        it => format!(".{it}"),
                    };
                    let _ = writeln!(out, "  {label}: {}{output}", titles[&input.derivation]);
                }
                for (target, label) in &build.sources {
                    let _ = writeln!(out, "  {target} <- {label}");
                }
                for (name, text) in &build.env {
                    let _ = writeln!(out, "  {name}={}", show_template(text));
                }
                for (place, text) in &build.links {
                    let _ = writeln!(out, "  {place} -> {}", show_template(text));
                }
                for step in &build.steps {
                    let script = step.script.as_ref().map(show_template).unwrap_or_default();
                    let _ = writeln!(out, "  {}: {}", step.name, script.trim_end());
                }
            }
        }
    }
    out
}

pub(crate) fn show_template(template: &Template) -> String {
    template.render(|it| match it {
        kiln_store::Piece::Input(label) => format!("<{label}>"),
        kiln_store::Piece::Output(output) => format!("<{output}>"),
        kiln_store::Piece::Text(text) => text.to_string(),
    })
}

/// Diagnostics with their places, as text.
pub(crate) fn show_diagnostics(db: &Database, diagnostics: &[Diagnostic]) -> String {
    let place = |file: FileId, range: kiln_lang::TextRange| {
        let text = db.text(file);
        let line = text[..usize::from(range.start())].matches('\n').count() + 1;
        let shown = text[range].lines().next().unwrap_or("").trim_end().to_owned();
        format!("{}:{line} `{shown}`", db.path(file))
    };
    let mut out = String::new();
    for it in diagnostics {
        let _ = writeln!(out, "{}[{}]: {}", it.code.severity(), it.code, it.message);
        let _ = writeln!(out, "  {}", place(it.primary.file, it.primary.range));
        for label in &it.secondary {
            let _ = writeln!(out, "  {}: {}", place(label.file, label.range), label.text);
        }
        for help in &it.help {
            let _ = writeln!(out, "  help: {help}");
        }
    }
    out
}

/// The node of a package for the target.
pub(crate) fn node_of(done: &Done, name: &str) -> NodeId {
    done.solution.find(name).unwrap()
}

/// The value of an option of a package for the target, and who decided it.
pub(crate) fn option_of(done: &Done, package: &str, name: &str) -> (Value, OptionState) {
    let node = done.solution.node(node_of(done, package));
    let table = &node.package.schema.table;
    assert!(table.get(name).is_some_and(|it| it.kind != OptionKind::Field));
    let option = node.option(name).unwrap();
    (option.value.clone(), option.state)
}

/// What was chosen of each package, by its number.
pub(crate) type Chosen<T> = BTreeMap<usize, (u32, T)>;

/// What was chosen of each package `p0`, `p1`, … for the target: its version, and what `value` finds
/// of it; or what stands against all.
pub(crate) fn chosen_of<T>(
    fixture: &Fixture,
    value: impl Fn(&Node) -> T,
) -> (Option<Chosen<T>>, String) {
    let outcome = fixture.run();
    let done = match &outcome.result {
        Err(said) => return (None, show_diagnostics(&outcome.db, said)),
        Ok(done) => done,
    };
    let mut found = BTreeMap::new();
    for unit in done.solution.units.iter().filter(|it| !it.is_build) {
        for (name, node) in &unit.by_name {
            let node = done.solution.node(*node);
            let version = node.version.to_string().parse().unwrap();
            found.insert(name[1..].parse().unwrap(), (version, value(node)));
        }
    }
    (Some(found), String::new())
}
