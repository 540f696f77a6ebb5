//! One package of a unit: its version, its options, its rules, and what it needs.

use std::sync::Arc;

use kiln_lang::module::{Name, Role};
use kiln_lang::{Code, Diagnostic, Version, VersionReq};

use super::Solver;
use super::interfaces::InterfaceUse;
use super::options::Options;
use super::unit::{Draftboard, Need, ask};
use crate::condition::{Cond, Facts};
use crate::evaluate::Evaluation;
use crate::package::{AskDecl, ExportDecl, ExportKey, Package, PackageVersion, Place, ValueDecl};
use crate::solution::{Influence, Influencer, NodeId, OptionValue, Says};
use crate::value::Value;

/// A package while its unit is settled.
pub(super) struct Draft {
    pub(super) package: Arc<Package>,
    pub(super) version: Version,
    pub(super) version_history: Vec<Influence>,
    pub(super) options: Vec<Option<OptionValue>>,
    pub(super) edges: Vec<DraftEdge>,
    pub(super) build_edges: Vec<DraftEdge>,
    pub(super) build_unit: Option<crate::solution::UnitId>,
    pub(super) needed_by: Vec<String>,
    /// The interfaces that it provides as it is.
    pub(super) provides: Vec<(Name, VersionReq)>,
    /// The interfaces that it needs others to provide.
    pub(super) interfaces: Vec<InterfaceUse>,
    /// What it needs, before that is taken to the others.
    pub(super) wanted: Vec<Wanted>,
}

/// A dependency before it is taken to the package that it is on.
pub(super) struct Wanted {
    pub(super) role: Role,
    pub(super) edge: DraftEdge,
    pub(super) need: Need,
    /// Needs that it places on further packages, should they be there.
    pub(super) others: Vec<(Name, Need)>,
}

/// A dependency of a draft, by name.
#[derive(Debug, Clone)]
pub(super) struct DraftEdge {
    pub(super) role: Role,
    pub(super) to: Name,
    pub(super) name: Name,
    pub(super) output: Option<Name>,
    pub(super) injected: Option<DraftInjection>,
}

/// An export that was applied to a draft.
#[derive(Debug, Clone)]
pub(super) struct DraftInjection {
    pub(super) by: InjectedBy,
    pub(super) key: ExportKey,
    pub(super) place: Place,
}

/// Who exports.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum InjectedBy {
    /// A build tool, in the unit of build tools.
    Tool(NodeId),
    /// A package of the same unit.
    Package(Name),
}

impl Draft {
    pub(super) fn title(&self) -> String {
        format!("{} {}", self.package.name, self.version)
    }

    /// Whether the package compiles nothing.
    pub(super) fn is_noarch(&self) -> bool {
        self.package.schema.env.module().attrs.iter().any(|it| it.ident.name == "noarch")
    }

    /// Adds what an export brings.
    pub(super) fn inject(&mut self, target: &Name, export: &ExportDecl, by: InjectedBy) {
        if self.edges.iter().any(|it| it.to == *target && it.role == export.key.to) {
            return;
        }
        self.edges.push(DraftEdge {
            role: export.key.to,
            to: target.clone(),
            name: target.clone(),
            output: export.dep.output.clone(),
            injected: Some(DraftInjection { by, key: export.key, place: export.dep.place }),
        });
    }

    /// Whether the package does not take an export.
    pub(super) fn ignores(
        &self,
        solver: &Solver<'_>,
        board: &Draftboard,
        exporter: &Name,
        export: &ExportDecl,
    ) -> bool {
        self.package.ignores.iter().any(|it| {
            let named =
                if it.from { it.package == *exporter } else { it.package == export.dep.package };
            let to = it.to.is_none_or(|to| to == export.key.to);
            named && to && holds(solver, board, self, &it.cond)
        })
    }
}

/// Answers conditions about a draft.
struct DraftFacts<'d> {
    draft: &'d Draft,
    board: &'d Draftboard,
}

impl Facts for DraftFacts<'_> {
    fn option(&mut self, name: &Name) -> Option<Value> {
        let at = self.draft.package.schema.table.position(name)?;
        self.draft.options[at].as_ref().map(|it| it.value.clone())
    }

    fn version(&mut self) -> Option<Version> {
        Some(self.draft.version.clone())
    }

    fn global(&mut self, object: kiln_lang::types::Object, name: &Name) -> Option<Value> {
        self.board.globals.values.get(&(object, name.clone())).cloned()
    }

    fn with(&mut self, with: &crate::condition::WithAtom) -> Option<bool> {
        self.board.with(with)
    }
}

fn holds(_: &Solver<'_>, board: &Draftboard, draft: &Draft, cond: &Cond) -> bool {
    cond.holds(&mut DraftFacts { draft, board }) == Some(true)
}

impl Solver<'_> {
    /// Whether a condition of a settled package of this unit holds.
    pub(super) fn draft_holds(&self, board: &Draftboard, name: &Name, cond: &Cond) -> bool {
        board.drafts.get(name).is_some_and(|draft| holds(self, board, draft, cond))
    }

    /// Whether a condition of a package of a finished unit holds.
    pub(super) fn node_holds(&self, node: NodeId, cond: &Cond) -> bool {
        cond.holds(&mut crate::explain::NodeFacts { solution: &self.solution, node }) == Some(true)
    }

    /// Chooses version and options of a package from what is asked of it.
    pub(super) fn draft(
        &mut self,
        board: &Draftboard,
        package: &Arc<Package>,
        needs: &[Arc<Need>],
    ) -> Draft {
        self.own_mistakes(package);
        self.unavailable_in_layers(package, &board.globals, needs);
        let (version, version_history) = self.version(package, needs, board.is_build);
        let layer_settings = self.settings_of(package);
        let mut options =
            Options::new(self.db, self.setup, package, &version, board, &layer_settings, needs);
        options.all();
        let provides = package
            .provides
            .iter()
            .filter(|it| it.cond.holds(&mut options) == Some(true))
            .flat_map(|it| it.interfaces.clone())
            .collect();
        let mut wanted = Vec::new();
        let mut interfaces = Vec::new();
        for dep in &package.deps {
            if dep.cond.holds(&mut options) != Some(true) {
                continue;
            }
            let req = match &dep.reqs {
                crate::package::Reqs::Computed { file, any_of, locals } => {
                    let checked = self.db.checked(*file);
                    let table = package.schema.table.clone();
                    let mut evaluation = Evaluation::new(self.db, &table);
                    evaluation.version_req(&checked, any_of, locals, &version)
                }
                reqs => self.req_for(reqs, package, &version),
            };
            let mut need = Need {
                by: format!("{} {version}", package.name),
                asks: Vec::new(),
                req,
                place: dep.place,
                text: dep.text.clone(),
                present: true,
                is_wish: false,
                is_policy: false,
            };
            let mut others = Vec::new();
            let target = match self.provider(&dep.package) {
                Some(provider) => {
                    // What is asked of the interface's version is no matter of the provider's own.
                    interfaces.push(InterfaceUse {
                        role: dep.role,
                        interface: dep.package.clone(),
                        provider: provider.clone(),
                        req: std::mem::replace(&mut need.req, VersionReq::any()),
                        place: dep.place,
                    });
                    provider
                }
                None => dep.package.clone(),
            };
            for item in &dep.items {
                let value = match &item.ask {
                    AskDecl::Value(_, ValueDecl::Known(value)) => Some(value.clone()),
                    AskDecl::Value(_, ValueDecl::Computed { file, expr, locals }) => {
                        options.evaluate(*file, *expr, locals)
                    }
                    AskDecl::Switch(_) | AskDecl::Has(_) => None,
                };
                let of = item.of.as_ref().unwrap_or(&target);
                let Some(of_package) = self.packages.get(of) else { continue };
                let Some(ask) = ask(&of_package, item, value) else { continue };
                match &item.of {
                    None => need.asks.push(ask),
                    Some(of) => {
                        let placed = Need {
                            asks: vec![ask],
                            req: VersionReq::any(),
                            present: false,
                            ..need.clone()
                        };
                        others.push((of.clone(), placed));
                    }
                }
            }
            let edge = DraftEdge {
                role: if dep.role == Role::Extends { Role::Host } else { dep.role },
                to: dep.package.clone(),
                name: dep.alias.clone().unwrap_or_else(|| dep.package.clone()),
                output: dep.output.clone(),
                injected: None,
            };
            if dep.role == Role::Extends {
                let run = DraftEdge { role: Role::Run, ..edge.clone() };
                let need = need.clone();
                wanted.push(Wanted { role: Role::Run, edge: run, need, others: Vec::new() });
            }
            wanted.push(Wanted { role: dep.role, edge, need, others });
        }
        let (values, diagnostics) = options.finish();
        // Where a file is wrong, what evaluation stumbles over follows from that.
        let is_wrong = package.bodies.iter().any(|it| it.has_errors());
        for diagnostic in diagnostics {
            if !is_wrong || diagnostic.code != Code::EvaluationError {
                self.report(diagnostic);
            }
        }
        let mut needed_by: Vec<String> =
            needs.iter().filter(|it| it.present).map(|it| it.by.clone()).collect();
        needed_by.sort();
        needed_by.dedup();
        Draft {
            package: package.clone(),
            version,
            version_history,
            options: values,
            edges: Vec::new(),
            build_edges: Vec::new(),
            build_unit: None,
            needed_by,
            provides,
            interfaces,
            wanted,
        }
    }

    /// Reports what is wrong with the files that a package is made of, once.
    fn own_mistakes(&mut self, package: &Package) {
        let mut files: Vec<&Arc<kiln_lang::Checked>> = package.bodies.iter().collect();
        let own;
        if !files.iter().any(|it| it.file == package.file) {
            own = self.db.checked(package.file);
            files.push(&own);
        }
        let mut found = Vec::new();
        for checked in files {
            if self.seen.insert(checked.file) {
                found.extend(checked.diagnostics.iter().filter(|it| it.is_error()).cloned());
            }
        }
        found.extend(package.mistakes.iter().cloned());
        for diagnostic in found {
            self.report(diagnostic);
        }
    }

    //------ versions

    /// Chooses the newest version that all needs allow; one that is not for everyone only if it is
    /// asked for. A version that the lock has comes first, if it is allowed.
    fn version(
        &mut self,
        package: &Package,
        needs: &[Arc<Need>],
        is_build: bool,
    ) -> (Version, Vec<Influence>) {
        let mut history = Vec::new();
        let mut fixed: Option<(Version, Place, String)> = None;
        for (layer, setting) in self.settings_of(package) {
            if setting.path.len() != 1 || setting.path[0] != "version" {
                continue;
            }
            let layer = &self.setup.layers[layer];
            let mut evaluation = Evaluation::new(self.db, &package.schema.table);
            if let Some(Value::Version(version)) =
                evaluation.constant(&layer.checked, setting.value, &Vec::new())
            {
                for influence in &mut history {
                    let influence: &mut Influence = influence;
                    influence.overruled = true;
                }
                history.push(Influence {
                    by: Influencer::Layer(layer.label.clone()),
                    place: Some(setting.place),
                    text: setting.text.clone(),
                    says: Says::Value(Value::Version(version.clone())),
                    overruled: false,
                });
                fixed = Some((version, setting.place, layer.label.clone()));
            }
        }
        for need in needs.iter().filter(|it| !it.req.is_any()) {
            history.push(Influence {
                by: Influencer::Need(need.by.clone()),
                place: Some(need.place),
                text: need.text.clone(),
                says: Says::Text,
                overruled: false,
            });
        }
        let allowed = |version: &PackageVersion| {
            fixed.as_ref().is_none_or(|it| it.0 == version.version)
                && needs.iter().all(|it| it.req.matches(&version.version))
        };
        let candidates: Vec<&PackageVersion> =
            package.versions.iter().filter(|it| allowed(it)).collect();
        let asked = fixed.is_some();
        let best = candidates
            .iter()
            .find(|it| it.preferred && (!it.reluctant || asked))
            .or_else(|| candidates.iter().find(|it| !it.reluctant || asked))
            .or_else(|| candidates.first());
        let locked = self
            .setup
            .prefer
            .versions(&package.name, is_build)
            .iter()
            .find_map(|version| candidates.iter().find(|it| it.version == *version));
        if let (Some(locked), Some(best)) = (locked, best)
            && locked.version != best.version
        {
            history.push(Influence {
                by: Influencer::Lock,
                place: None,
                text: format!("stays at {}", locked.version),
                says: Says::Value(Value::Version(locked.version.clone())),
                overruled: false,
            });
        }
        if let Some(best) = locked.or(best) {
            return (best.version.clone(), history);
        }
        self.no_version(package, needs, fixed.as_ref());
        let any =
            package.versions.first().map_or_else(|| Version::new("0"), |it| it.version.clone());
        (any, history)
    }

    fn no_version(
        &mut self,
        package: &Package,
        needs: &[Arc<Need>],
        fixed: Option<&(Version, Place, String)>,
    ) {
        let Some(first) = needs.iter().find(|it| !it.req.is_any()).or(needs.first()) else {
            return;
        };
        let has: Vec<String> =
            package.versions.iter().take(6).map(|it| it.version.to_string()).collect();
        let more = if package.versions.len() > 6 { " and older ones" } else { "" };
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
                    self.at(Code::UnknownVersion, *place, message)
                        .help(format!("it has {}{more}", kiln_lang::list(&has, "and")))
                }
            }
            None => {
                let mut wanted: Vec<String> = needs
                    .iter()
                    .filter(|it| !it.req.is_any())
                    .map(|it| it.req.to_string())
                    .collect();
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
                let here = match first.is_wish {
                    true => "asked for here".to_owned(),
                    false => format!("asked for by {}", first.by),
                };
                self.at(Code::Conflict, first.place, message)
                    .here(here)
                    .help(format!("the recipe has {}{more}", kiln_lang::list(&has, "and")))
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
        self.report(diagnostic);
    }

    //------ rules

    /// Reports the rules of the packages of a unit that are broken.
    pub(super) fn check_rules(&mut self, board: &Draftboard) {
        for (name, draft) in &board.drafts {
            for rule in &draft.package.rules {
                if !holds(self, board, draft, &rule.broken) {
                    continue;
                }
                let why = match &rule.message {
                    Some((file, expr, locals)) => {
                        let checked = self.db.checked(*file);
                        let mut evaluation = Evaluation::new(self.db, &draft.package.schema.table);
                        match evaluation.constant(&checked, *expr, locals) {
                            Some(value) => value.to_string(),
                            None => self.db.text(*file)[self.db.expr_range(*file, *expr)]
                                .trim_matches('"')
                                .to_owned(),
                        }
                    }
                    None => "the recipe does not say why".to_owned(),
                };
                let (code, message) = match rule.word {
                    "unavailable" => {
                        (Code::Unavailable, format!("`{name}` is not available like this: {why}"))
                    }
                    _ => (Code::Conflict, format!("`{name}` cannot be built like this: {why}")),
                };
                let diagnostic = self.at(code, rule.place, message).here("this rule is broken");
                let diagnostic = self.blame(diagnostic, draft, &rule.broken);
                self.report(diagnostic);
            }
        }
    }

    /// Adds the places that made a rule's condition true, and ways out.
    fn blame(&self, mut diagnostic: Diagnostic, draft: &Draft, cond: &Cond) -> Diagnostic {
        let mut names: Vec<Name> = Vec::new();
        cond.atoms(&mut |atom| match atom {
            crate::condition::Atom::Option(name, ..) | crate::condition::Atom::Has(name, _)
                if !names.contains(name) =>
            {
                names.push(name.clone());
            }
            _ => {}
        });
        for name in names {
            let table = &draft.package.schema.table;
            let Some(at) = table.position(&name) else { continue };
            let Some(value) = &draft.options[at] else { continue };
            let last =
                value.history.iter().rev().find(|it| !it.overruled && it.by != Influencer::Default);
            let shown = value.value.source();
            match last.and_then(|it| it.place.map(|place| (it, place))) {
                Some((influence, place)) => {
                    let text = format!("`{name}` is {shown}: {}", influence.by.text());
                    diagnostic = diagnostic.label(place.file, place.range(), text);
                }
                None => {
                    let option = &table.options[at];
                    let place = self.db.span(option.at.file, option.span);
                    diagnostic = diagnostic.label(
                        option.at.file,
                        place,
                        format!("`{name}` is {shown} by default"),
                    );
                    let suggestion = match &value.value {
                        Value::Bool(true) => Some(format!("{}[~{name}]", draft.package.name)),
                        Value::Bool(false) => Some(format!("{}[{name}]", draft.package.name)),
                        _ => None,
                    };
                    if let Some(suggestion) = suggestion {
                        diagnostic = diagnostic.help(format!("`{suggestion}` sets it otherwise"));
                    }
                }
            }
        }
        // Who wishes for a package knows that it is needed.
        let is_wisher = |by: &str| self.setup.wishes.iter().any(|it| it.label == by);
        if let Some(by) = draft.needed_by.iter().find(|it| !is_wisher(it)) {
            diagnostic = diagnostic.help(format!("`{}` is needed by {by}", draft.package.name));
        }
        diagnostic
    }
}
