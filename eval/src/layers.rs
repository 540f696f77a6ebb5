//! Layers: settings from outside the recipes, and wishes.
//!
//! ```text
//! recipe < overlays in order < presets < project < override files in order < command line
//! ```
//!
//! Within a layer order means nothing; a later layer overrules an earlier one. There are no
//! priorities. Rules: `spec/lang/layers.md`.

mod order;
mod wishes;

use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_lang::check::Res;
use kiln_lang::module::{
    ExprId, GuardId, Module, ModuleKind, Name, OptionKind, PartKind, Setting, SettingOp, StmtKind,
    WantSpec,
};
use kiln_lang::schema::OptionTable;
use kiln_lang::{Checked, Code, Database, Diagnostic, FastMap, FileId};

use crate::condition::Cond;
use crate::evaluate::Evaluation;
use crate::globals::{GlobalFacts, globals, missing_fact, missing_in};
use crate::package::{AskDecl, ItemDecl, Locals, Package, Place, Reqs, ValueDecl};
use crate::preferences::Preferences;
use crate::solution::{Globals, Node};
use crate::value::Value;

/// A layer of settings.
#[derive(Debug, Clone)]
pub struct Layer {
    /// What it is called in messages: `overlay musl_static`, `command line`.
    pub label: String,
    /// The file.
    pub checked: Arc<Checked>,
    /// Its settings, what is more special behind what is less so.
    pub settings: Vec<LayerSetting>,
    /// The packages that it declares unavailable, and why.
    pub unavailable: Vec<LayerUnavailable>,
}

/// A setting of a layer.
#[derive(Debug, Clone)]
pub struct LayerSetting {
    /// Whose setting it is.
    pub target: Target,
    /// The option, and what of it.
    pub path: Vec<Name>,
    /// How it changes what is there.
    pub op: SettingOp,
    /// To what.
    pub value: ExprId,
    /// On which platforms and toolchains, and of which facts.
    pub cond: Cond,
    /// The conditions that it stands under, in its file.
    pub guard: Option<GuardId>,
    /// Where it is written.
    pub place: Place,
    /// How it is written.
    pub text: String,
}

/// Whose setting it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Target {
    /// Of a package, wherever it is used.
    Package(Name),
    /// Of every package that has this option.
    Having(Name, OptionKind),
    /// Of the toolchain of packages, or of build tools.
    Toolchain {
        /// Whether of build tools.
        for_build: bool,
    },
    /// Of what is given of the machine that packages are for, or of the one that builds.
    Facts {
        /// Whether of the one that builds.
        for_build: bool,
    },
    /// Which package provides an interface.
    Provider(Name),
}

/// A package that a layer declares unavailable.
#[derive(Debug, Clone)]
pub struct LayerUnavailable {
    /// The package.
    pub package: Name,
    /// When.
    pub cond: Cond,
    /// Why.
    pub message: Option<ExprId>,
    /// Where it is written.
    pub place: Place,
}

/// A package that is wanted.
#[derive(Debug, Clone)]
pub struct Wish {
    /// The package.
    pub package: Name,
    /// The output of it that is meant.
    pub output: Option<Box<Name>>,
    /// What is set for this wish only, on top of all layers.
    pub items: Vec<ItemDecl>,
    /// Whether it is no wish itself, and only says how the project wants what a spec behind it names.
    pub is_below: bool,
    /// Of which version.
    pub reqs: Reqs,
    /// Under which name, if a second instance is meant.
    pub alias: Option<Name>,
    /// On which platforms.
    pub cond: Cond,
    /// Who wishes: `command line`, `project`.
    pub label: String,
    /// How many layers it stands above: what the project wants is of its layer, and what the command
    /// line does is above all.
    pub layers_below: usize,
    /// The file in which it is written.
    pub checked: Arc<Checked>,
    /// Where.
    pub place: Place,
    /// How it is written.
    pub text: String,
}

/// A demand of the project that no layer can overrule.
#[derive(Debug, Clone)]
pub struct Policy {
    /// The package.
    pub package: Name,
    /// What is demanded of its options.
    pub items: Vec<ItemDecl>,
    /// What is demanded of its version.
    pub reqs: Reqs,
    /// Why.
    pub message: Option<String>,
    /// The file in which it is written.
    pub checked: Arc<Checked>,
    /// Where.
    pub place: Place,
}

/// What is to be solved: layers, wishes and the machines.
#[derive(Debug, Clone, Default)]
pub struct Setup {
    /// The layers, lowest first.
    pub layers: Vec<Layer>,
    /// What is wanted.
    pub wishes: Vec<Wish>,
    /// What the project demands.
    pub policies: Vec<Policy>,
    /// What the project publishes to caches.
    pub publish: Vec<Wish>,
    /// What is taken where nothing speaks against it: what a lock says.
    pub prefer: Preferences,
    /// Who provides interfaces, whatever the layers say.
    pub providers: BTreeMap<Name, Name>,
    /// The machine that packages are for: values of `platform`'s knobs by name.
    pub platform: BTreeMap<Name, Value>,
    /// The machine that builds.
    pub machine: BTreeMap<Name, Value>,
    /// What layers, platform and machine say of packages for the target.
    pub host: Arc<Globals>,
    /// What they say of build tools.
    pub build: Arc<Globals>,
}

/// What a setup is made of.
#[derive(Debug, Clone, Default)]
pub struct SetupRequest {
    /// The project file.
    pub project: Option<FileId>,
    /// Override files, lowest first.
    pub overrides: Vec<FileId>,
    /// Specs from the command line, as made by [`Database::add_spec`].
    pub specs: Vec<FileId>,
    /// What the wishes of the project are to it.
    pub project_wishes: ProjectWishes,
    /// The machine that packages are for, as `cpu-os`; this machine if `None`.
    pub target: Option<(String, String)>,
    /// The machine that builds, as `cpu` and `os`.
    pub machine: (String, String),
}

/// What the wishes of the project are to a request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ProjectWishes {
    /// They are what is wanted, with what specs name.
    #[default]
    Wanted,
    /// They say how what specs name is wanted. [solve.8]
    Named,
    /// They do not count.
    Ignored,
}

/// Reads layers and wishes from their files.
///
/// # Errors
///
/// Everything that is wrong with the files, all of it. Warnings are in the second part of a
/// success.
pub fn setup(
    db: &Database,
    request: &SetupRequest,
) -> Result<(Setup, Vec<Diagnostic>), Vec<Diagnostic>> {
    kiln_lang::with_stack(|| read(db, request))
}

fn read(
    db: &Database,
    request: &SetupRequest,
) -> Result<(Setup, Vec<Diagnostic>), Vec<Diagnostic>> {
    let mut reading = Reading { db, setup: Setup::default(), diagnostics: Vec::new() };
    if let Some(project) = request.project {
        reading.project(project);
    }
    let project = match request.project_wishes {
        ProjectWishes::Wanted => Vec::new(),
        ProjectWishes::Named => std::mem::take(&mut reading.setup.wishes),
        ProjectWishes::Ignored => {
            reading.setup.wishes.clear();
            Vec::new()
        }
    };
    for file in &request.overrides {
        reading.override_file(*file);
    }
    for file in &request.specs {
        reading.spec(*file, &project);
    }
    reading.platforms(request);
    reading.forget_what_layers_below_change();
    let Reading { mut setup, mut diagnostics, .. } = reading;
    let mut wishes = std::mem::take(&mut setup.wishes);
    let mut publish = std::mem::take(&mut setup.publish);
    let (host, wrong) = globals(db, &setup, false);
    diagnostics.extend(wrong);
    let (build, wrong) = globals(db, &setup, true);
    for wrong in wrong {
        if !diagnostics.contains(&wrong) {
            diagnostics.push(wrong);
        }
    }
    for list in [&mut wishes, &mut publish] {
        list.retain(|it| is_wished(db, it, &host, &mut diagnostics));
    }
    let setup = Setup { wishes, publish, ..setup };
    let mut reading = Reading { db, setup, diagnostics };
    reading.contradicting_wishes();
    reading.contradicting_settings(&host, &build);
    let Reading { setup, diagnostics, .. } = reading;
    let setup = Setup { host: Arc::new(host), build: Arc::new(build), ..setup };
    if diagnostics.iter().any(Diagnostic::is_error) {
        Err(diagnostics)
    } else {
        Ok((setup, diagnostics))
    }
}

struct Reading<'a> {
    db: &'a Database,
    setup: Setup,
    diagnostics: Vec<Diagnostic>,
}

impl Reading<'_> {
    fn checked(&mut self, file: FileId) -> Arc<Checked> {
        let checked = self.db.checked(file);
        for diagnostic in &checked.diagnostics {
            if !self.diagnostics.contains(diagnostic) {
                self.diagnostics.push(diagnostic.clone());
            }
        }
        checked
    }

    fn place(&self, file: FileId, span: kiln_lang::module::SpanId) -> Place {
        Place::new(file, self.db.span(file, span))
    }

    fn text(&self, place: Place) -> String {
        text(self.db, place)
    }

    fn project(&mut self, file: FileId) {
        let checked = self.checked(file);
        if !self.is(&checked, ModuleKind::Project) {
            return;
        }
        for overlay in kiln_lang::overlays(self.db, file) {
            let checked = self.checked(overlay);
            let name = checked.schema.name().to_owned();
            self.layer(&checked, format!("overlay {name}"));
        }
        self.layer(&checked, "project".to_owned());
        self.wishes(&checked, "project", self.setup.layers.len());
    }

    /// Reports a file that is not what it is used as.
    fn is(&mut self, checked: &Checked, wanted: ModuleKind) -> bool {
        let found = checked.module().kind;
        if found == Some(wanted) {
            return true;
        }
        if let Some(found) = found {
            let range = kiln_lang::TextRange::default();
            let path = self.db.path(checked.file);
            let message = format!("`{path}` is used as {wanted}, but begins with `{found}`");
            self.diagnostics.push(Diagnostic::new(
                Code::MissingHeader,
                checked.file,
                range,
                message,
            ));
        }
        false
    }

    fn override_file(&mut self, file: FileId) {
        let checked = self.checked(file);
        match checked.module().kind {
            Some(ModuleKind::Override) => {
                let name = checked.schema.name().to_owned();
                self.layer(&checked, format!("override {name}"));
            }
            Some(ModuleKind::Overlay) => {
                let name = checked.schema.name().to_owned();
                self.layer(&checked, format!("overlay {name}"));
            }
            _ => {
                self.is(&checked, ModuleKind::Override);
            }
        }
    }

    /// Adds what a spec wants, and below that what the project asks of the same.
    fn spec(&mut self, file: FileId, project: &[Wish]) {
        let checked = self.checked(file);
        let before = self.setup.wishes.len();
        self.wishes(&checked, "command line", usize::MAX);
        for spec in self.setup.wishes.split_off(before) {
            self.setup.wishes.extend(wishes::below(project, &spec));
            self.setup.wishes.push(spec);
        }
    }

    /// Adds the layer of a file, and before it the layers of the presets that it includes.
    fn layer(&mut self, checked: &Arc<Checked>, label: String) {
        self.presets(checked);
        let module = checked.module();
        let own = match module.kind {
            Some(ModuleKind::Override) => module.name.as_ref().map(|it| it.name.clone()),
            _ => None,
        };
        let mut layer = Layer {
            label,
            checked: checked.clone(),
            settings: Vec::new(),
            unavailable: Vec::new(),
        };
        let empty = OptionTable::default();
        let mut evaluation = Evaluation::new(self.db, &empty);
        for stmt in stmts(module) {
            match &stmt.kind {
                StmtKind::Setting(setting) => {
                    let cond = evaluation.guard(checked, setting.guard, &Locals::NONE);
                    if let Some((target, path)) = self.target(setting, own.as_ref()) {
                        layer.settings.push(self.setting(checked, setting, target, path, cond));
                    }
                }
                StmtKind::PkgsWhere { option, kind, settings } => {
                    for setting in settings {
                        let cond = evaluation.guard(checked, setting.guard, &Locals::NONE);
                        let target = Target::Having(option.name.clone(), *kind);
                        let path = setting.path.iter().map(|it| it.name.clone()).collect();
                        layer.settings.push(self.setting(checked, setting, target, path, cond));
                    }
                }
                StmtKind::Unavailable { package, when, message, .. } => {
                    let guard = evaluation.guard(checked, stmt.guard, &Locals::NONE);
                    let when =
                        when.map_or(Cond::True, |it| evaluation.cond(checked, it, &Locals::NONE));
                    if let Some(package) = package.as_ref().map(|it| &it.name).or(own.as_ref()) {
                        layer.unavailable.push(LayerUnavailable {
                            package: package.clone(),
                            cond: Cond::all([guard, when]),
                            message: *message,
                            place: self.place(checked.file, stmt.span),
                        });
                    }
                }
                _ => {}
            }
        }
        order::less_special_first(&mut layer);
        self.setup.layers.push(layer);
    }

    fn setting(
        &self,
        checked: &Checked,
        setting: &Setting,
        target: Target,
        path: Vec<Name>,
        cond: Cond,
    ) -> LayerSetting {
        let place = self.place(checked.file, setting.span);
        let text = self.text(place);
        let Setting { op, value, guard, .. } = *setting;
        LayerSetting { target, path, op, value, cond, guard, place, text }
    }

    /// Whose setting it is, and the rest of its path.
    fn target(&self, setting: &Setting, own: Option<&Name>) -> Option<(Target, Vec<Name>)> {
        let names: Vec<Name> = setting.path.iter().map(|it| it.name.clone()).collect();
        if let Some(own) = own {
            return Some((Target::Package(own.clone()), names));
        }
        let (first, rest) = names.split_first()?;
        Some(match first.as_str() {
            "toolchain" => (Target::Toolchain { for_build: false }, rest.to_vec()),
            "facts" => (Target::Facts { for_build: false }, rest.to_vec()),
            "build" if rest.first().is_some_and(|it| it == "toolchain") => {
                (Target::Toolchain { for_build: true }, rest[1..].to_vec())
            }
            "build" if rest.first().is_some_and(|it| it == "facts") => {
                (Target::Facts { for_build: true }, rest[1..].to_vec())
            }
            "providers" => (Target::Provider(rest.first()?.clone()), Vec::new()),
            _ => (Target::Package(first.clone()), rest.to_vec()),
        })
    }

    /// The presets that a file includes, each as a layer.
    fn presets(&mut self, checked: &Arc<Checked>) {
        let module = checked.module();
        let own = match module.kind {
            Some(ModuleKind::Override) => module.name.as_ref().map(|it| it.name.clone()),
            _ => None,
        };
        for stmt in stmts(module) {
            let StmtKind::Include(include) = &stmt.kind else { continue };
            let (package, preset) = match (&*include.path, &own) {
                ([preset], Some(own)) => (own.clone(), &preset.name),
                ([package, preset], _) => (package.name.clone(), &preset.name),
                _ => continue,
            };
            let Some(file) = self.db.package(&package) else { continue };
            let recipe = self.checked(file);
            let Some(body) = recipe.schema.part(PartKind::Preset, preset) else { continue };
            let mut layer = Layer {
                label: format!("preset {package}.{preset}"),
                checked: recipe.clone(),
                settings: Vec::new(),
                unavailable: Vec::new(),
            };
            let table = recipe.schema.table.clone();
            let mut evaluation = Evaluation::new(self.db, &table);
            for stmt in &recipe.module().bodies[body].stmts {
                if let StmtKind::Setting(setting) = &stmt.kind {
                    let cond = evaluation.guard(&recipe, setting.guard, &Locals::NONE);
                    let path = setting.path.iter().map(|it| it.name.clone()).collect();
                    let target = Target::Package(package.clone());
                    layer.settings.push(self.setting(&recipe, setting, target, path, cond));
                }
            }
            order::less_special_first(&mut layer);
            self.setup.layers.push(layer);
        }
    }

    fn wishes(&mut self, checked: &Arc<Checked>, label: &str, layers_below: usize) {
        let module = checked.module();
        for stmt in stmts(module) {
            match &stmt.kind {
                StmtKind::Want(wants) | StmtKind::Publish(wants) => {
                    let is_wanted = matches!(&stmt.kind, StmtKind::Want(_));
                    // What is published is built as it is named, whatever else is given.
                    let (label, layers_below) =
                        if is_wanted { (label, layers_below) } else { (PUBLISHED, usize::MAX) };
                    for want in wants {
                        let guard = (stmt.guard, &Locals::NONE);
                        let Some(wish) = wish(self.db, checked, want, guard, label) else {
                            continue;
                        };
                        let wish = Wish { layers_below, ..wish };
                        match is_wanted {
                            true => self.setup.wishes.push(wish),
                            false => self.setup.publish.push(wish),
                        }
                    }
                }
                StmtKind::Policy { spec, reqs, message } => {
                    let Some(package) = spec.package_name() else { continue };
                    let Some(file) = self.db.package(package) else { continue };
                    let table = self.db.schema(file).table.clone();
                    let mut evaluation = Evaluation::new(self.db, &table);
                    let items = evaluation.items(checked, package, &table, spec, &Locals::NONE);
                    let reqs = evaluation.reqs(checked, reqs, &Locals::NONE);
                    let message =
                        message.and_then(|it| evaluation.constant(checked, it, &Locals::NONE));
                    self.setup.policies.push(Policy {
                        package: package.clone(),
                        items,
                        reqs,
                        message: message.map(|it| it.to_string()),
                        checked: checked.clone(),
                        place: self.place(checked.file, stmt.span),
                    });
                }
                _ => {}
            }
        }
    }

    /// Takes back that a setting repeats the default where a layer below says otherwise: a file
    /// alone does not know what it is put on top of.
    fn forget_what_layers_below_change(&mut self) {
        let layers = &self.setup.layers;
        let is_below = |at: usize, setting: &LayerSetting| {
            layers[..at].iter().flat_map(|it| &it.settings).any(|it| {
                let target = match &it.target {
                    Target::Having(..) => true,
                    target => *target == setting.target,
                };
                target && it.path.first() == setting.path.first()
            })
        };
        self.diagnostics.retain(|diagnostic| {
            // What is said twice in one file is so whatever lies below.
            let of_default = diagnostic.code == Code::RedundantSetting
                && diagnostic.secondary.iter().all(|it| it.file != diagnostic.primary.file);
            !of_default
                || !layers.iter().enumerate().any(|(at, layer)| {
                    layer.settings.iter().any(|it| {
                        it.place == Place::new(diagnostic.primary.file, diagnostic.primary.range)
                            && is_below(at, it)
                    })
                })
        });
    }

    /// The values of `platform` and `machine`.
    fn platforms(&mut self, request: &SetupRequest) {
        let machine = &request.machine;
        let target = request.target.as_ref().unwrap_or(machine);
        self.setup.machine = platform(self.db, machine).unwrap_or_default();
        match platform(self.db, target) {
            Ok(platform) => self.setup.platform = platform,
            Err(message) => {
                let range = kiln_lang::TextRange::default();
                let file = Database::PLATFORM;
                self.diagnostics.push(Diagnostic::new(Code::UnknownValue, file, range, message));
            }
        }
    }
}

/// Who wishes what is published.
const PUBLISHED: &str = "published";

/// Returns what a recipe publishes to caches on the platform of a setup, in the order of the file, and
/// what is wrong with the conditions around it. What else is wrong, the recipe's diagnostics say.
#[must_use]
pub fn published(db: &Database, setup: &Setup, recipe: FileId) -> (Vec<Wish>, Vec<Diagnostic>) {
    let checked = db.checked(recipe);
    let mut wishes = Vec::new();
    let mut diagnostics = Vec::new();
    for stmt in stmts(checked.module()) {
        let StmtKind::Publish(wants) = &stmt.kind else { continue };
        let empty = OptionTable::default();
        for locals in Evaluation::new(db, &empty).rounds(&checked, stmt.guard).iter() {
            let wish = |it| wish(db, &checked, it, (stmt.guard, locals), PUBLISHED);
            wishes.extend(wants.iter().filter_map(wish));
        }
    }
    wishes.retain(|it| is_wished(db, it, &setup.host, &mut diagnostics));
    (wishes, diagnostics)
}

/// Whether a wish counts on the platform, with the toolchain; it is a mistake if these do not decide
/// it.
fn is_wished(
    db: &Database,
    wish: &Wish,
    globals: &Globals,
    diagnostics: &mut Vec<Diagnostic>,
) -> bool {
    match wish.cond.holds(&mut GlobalFacts(globals)) {
        Some(holds) => holds,
        None => {
            let Place { file, .. } = wish.place;
            let diagnostic = match missing_in(&wish.cond, globals) {
                Some(name) => missing_fact(db, &name, false, "this wish", wish.place)
                    .here("its condition reads it"),
                None => {
                    let message =
                        "whether this is wanted depends on more than platform, toolchain and facts";
                    Diagnostic::new(Code::NotACondition, file, wish.place.range(), message).help(
                        "a condition around a wish may read `platform`, `toolchain`, `machine` and `facts`",
                    )
                }
            };
            if !diagnostics.contains(&diagnostic) {
                diagnostics.push(diagnostic);
            }
            false
        }
    }
}

/// A wish as data; none if there is no such package.
fn wish(
    db: &Database,
    checked: &Arc<Checked>,
    want: &WantSpec,
    (guard, locals): (Option<GuardId>, &Locals),
    label: &str,
) -> Option<Wish> {
    let package = want.spec.package_name()?;
    let table = db.schema(db.package(package)?).table.clone();
    let mut evaluation = Evaluation::new(db, &table);
    let items = evaluation.items(checked, package, &table, &want.spec, locals);
    let reqs = evaluation.reqs(checked, &want.reqs, locals);
    let place = Place::new(checked.file, db.span(checked.file, want.spec.span));
    let text = match locals.is_empty() {
        true => text(db, place),
        // What is written is the same in every round of a loop; what is wished is not.
        false => format!("{package}{}", items_text(&table, &items)),
    };
    Some(Wish {
        package: package.clone(),
        output: want.spec.output.as_ref().map(|it| Box::new(it.name.clone())),
        items,
        is_below: false,
        reqs,
        alias: want.alias.as_ref().map(|it| it.name.clone()),
        cond: evaluation.guard(checked, guard, locals),
        label: label.to_owned(),
        layers_below: usize::MAX,
        checked: checked.clone(),
        place,
        text,
    })
}

/// The settings of all layers, found by the package that they are for.
pub(crate) struct SettingsByPackage<'s> {
    setup: &'s Setup,
    /// Of packages by name: layer, setting.
    named: FastMap<&'s str, Vec<(usize, usize)>>,
    /// Of packages that have an option.
    patterns: Vec<(usize, usize)>,
}

impl<'s> SettingsByPackage<'s> {
    pub(crate) fn new(setup: &'s Setup) -> Self {
        let mut all = SettingsByPackage { setup, named: FastMap::default(), patterns: Vec::new() };
        for (layer_index, layer) in setup.layers.iter().enumerate() {
            for (index, setting) in layer.settings.iter().enumerate() {
                let at = (layer_index, index);
                match &setting.target {
                    Target::Package(name) => all.named.entry(name).or_default().push(at),
                    Target::Having(..) => all.patterns.push(at),
                    Target::Toolchain { .. } | Target::Facts { .. } | Target::Provider(_) => {}
                }
            }
        }
        all
    }

    /// The settings of a package in all layers, lowest first: layer, setting.
    pub(crate) fn of(&self, package: &Package) -> Vec<(usize, usize)> {
        let mut all = self.named.get(package.name.as_str()).cloned().unwrap_or_default();
        for (layer, index) in &self.patterns {
            if let Target::Having(option, kind) = &self.setup.layers[*layer].settings[*index].target
                && package.schema.table.get(option).is_some_and(|it| it.kind == *kind)
            {
                all.push((*layer, *index));
            }
        }
        all.sort_unstable();
        all
    }

    /// The settings of a package of a solution, lowest first: in which layer, and what is set. Of a
    /// compilation that is without its name: `curl { static_build.args += … }`.
    pub(crate) fn of_node(&self, node: &Node) -> Vec<(&'s Layer, &'s [Name], &'s LayerSetting)> {
        let compile = node.compile().map(|it| &it.name);
        let all = self.of(&node.package).into_iter().map(|(layer, index)| {
            let layer = &self.setup.layers[layer];
            let setting = &layer.settings[index];
            let path = match &setting.path[..] {
                [first, rest @ ..] if Some(first) == compile && !rest.is_empty() => rest,
                all => all,
            };
            (layer, path, setting)
        });
        all.collect()
    }
}

/// Items as they could be written: `[http2, ~ldap, tls = mbedtls]`.
fn items_text(table: &OptionTable, items: &[ItemDecl]) -> String {
    let texts: Vec<String> = items
        .iter()
        .map(|it| {
            let of = it.of.as_ref().map_or(String::new(), |of| format!("{of}."));
            let name = format!("{of}{}", it.option);
            let words = table.get(&it.option).and_then(|it| it.ty.words());
            match &it.ask {
                AskDecl::Switch(true) => name,
                AskDecl::Switch(false) => format!("~{name}"),
                AskDecl::Has(bit) => match words.and_then(|it| it.values.get(*bit as usize)) {
                    Some(value) => format!("{name} += {{{value}}}"),
                    None => name,
                },
                AskDecl::Value(op, ValueDecl::Known(value)) => {
                    format!("{name} {op} {}", value.source())
                }
                AskDecl::Value(..) => name,
            }
        })
        .collect();
    if texts.is_empty() { String::new() } else { format!("[{}]", texts.join(", ")) }
}

impl Wish {
    /// Returns all of the wish as it could stand behind `want`: `curl[http3] >= 8 as curl-h3`.
    #[must_use]
    pub fn spec(&self) -> String {
        let mut spec = self.text.clone();
        if let Reqs::Known(req) = &self.reqs
            && !req.is_any()
        {
            spec.push_str(&format!(" {req}"));
        }
        if let Some(alias) = &self.alias {
            spec.push_str(&format!(" as {alias}"));
        }
        spec
    }
}

/// What stands at a place, in one line.
fn text(db: &Database, place: Place) -> String {
    let text = db.text(place.file);
    text[place.range()].split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The values of the platform's knobs on a machine.
fn platform(db: &Database, (cpu, os): &(String, String)) -> Result<BTreeMap<Name, Value>, String> {
    let schema = db.schema(Database::PLATFORM);
    let mut values = BTreeMap::new();
    let Some((_, _, table)) = schema.mixin("platform") else { return Ok(values) };
    for (name, text) in [("cpu", cpu), ("os", os)] {
        let Some(option) = table.get(name) else { continue };
        let Some(words) = option.ty.words() else { continue };
        match words.position(text) {
            Some(at) => {
                values.insert(option.name.clone(), Value::Enum(words.clone(), at));
            }
            None => {
                let near = kiln_lang::nearest(text, words.values.iter().map(|it| it.as_str()));
                let known: Vec<&str> = words.values.iter().map(|it| it.as_str()).collect();
                return Err(format!(
                    "there is no {name} called `{text}`{}; there are {}",
                    kiln_lang::did_you_mean(&near),
                    kiln_lang::list(&known, "and")
                ));
            }
        }
    }
    Ok(values)
}

/// The statements at the top of a file.
fn stmts(module: &Module) -> &[kiln_lang::module::Stmt] {
    match module.root {
        Some(root) => &module.bodies[root].stmts,
        None => &[],
    }
}

/// The packages that `providers.mpi = openmpi` names, or `providers.mpi = auto(openmpi, mpich)`.
pub(crate) fn provider_names(checked: &Checked, value: ExprId) -> Vec<Name> {
    let name = |it: ExprId| match checked.res(it) {
        Res::Local(name) => Some(name.clone()),
        _ => None,
    };
    match checked.module().auto(value) {
        Some(choices) => choices.filter_map(name).collect(),
        None => name(value).into_iter().collect(),
    }
}
