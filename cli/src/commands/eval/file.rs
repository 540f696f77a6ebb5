//! `kiln eval FILE.kiln`: what a file says, as data, with nothing chosen.
//!
//! Of a module, the values of its lets. Of a recipe, its versions, its options with their defaults,
//! its fields and lets, as far as they are the same whatever is chosen; what depends on the version
//! stands at each version, and what depends on more is named under `unknown`.

use std::path::Path;

use kiln_eval::{Assume, Constants, Unvalued, Value};
use kiln_lang::module::{ModuleKind, OptionKind};
use kiln_lang::schema::{OptionSchema, Schema};
use kiln_lang::{Checked, Diagnostic, FileId};

use crate::args::{Common, Wishes};
use crate::data::{Data, Format};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::terminal::{Terminal, harmless, print};
use crate::workspace::Workspace;

/// The file that the command line names instead of packages.
///
/// # Errors
///
/// When it names something else besides.
pub(super) fn named(wishes: &Wishes) -> Result<Option<&Path>, Fail> {
    let is_file = |it: &&String| it.ends_with(".kiln") && !it.contains(['[', ':']);
    let Some(file) = wishes.specs.iter().find(is_file) else { return Ok(None) };
    if wishes.specs.len() > 1 {
        return Err(Fail::Usage(format!(
            "`{file}` is a file, and stands alone: evaluate the others by themselves"
        )));
    }
    if !wishes.layers.overrides.is_empty() {
        return Err(Fail::Usage(format!(
            "a file is evaluated without layers: name the package, as in `kiln eval {} -f …`",
            Path::new(file).file_stem().unwrap_or_default().to_string_lossy()
        )));
    }
    Ok(Some(Path::new(file)))
}

pub(super) fn run(
    common: &Common,
    terminal: Terminal,
    wishes: &Wishes,
    path: &Path,
    format: Option<Format>,
) -> Result<Exit, Fail> {
    let workspace = Workspace::open(&wishes.layers, terminal, common.quiet)?;
    let absolute = std::path::absolute(path)
        .map_err(|source| Fail::Io { what: format!("cannot find {}", path.display()), source })?;
    let file = workspace.db.file(&absolute.display().to_string());
    workspace.show(&workspace.db.diagnostics(file))?;
    let checked = workspace.db.checked(file);
    let reading = Reading { workspace: &workspace, file, checked: &checked };
    let data = match checked.module().kind {
        Some(ModuleKind::Module) => reading.lets().map(Data::Map),
        Some(kind @ (ModuleKind::Recipe | ModuleKind::Interface)) => reading.package(kind),
        Some(kind @ (ModuleKind::Override | ModuleKind::Overlay)) => {
            return Err(Fail::Usage(format!(
                "{} is an {kind}, which has no values of its own: `kiln eval PACKAGE -f {0}` shows what it does",
                path.display()
            )));
        }
        Some(ModuleKind::Project) | None => {
            return Err(Fail::Usage(format!(
                "{} is a project, which has no values of its own: `kiln eval --project {0}` shows what it wants",
                path.display()
            )));
        }
    };
    let data = match data {
        Ok(data) => data,
        Err(diagnostics) => {
            workspace.show(&diagnostics)?;
            return Err(Fail::Shown(Exit::Author));
        }
    };
    match format {
        Some(format) => print(&data.write(format)),
        None => print(&harmless(&reading.text(&data))),
    }
    Ok(Exit::Done)
}

struct Reading<'a> {
    workspace: &'a Workspace,
    file: FileId,
    checked: &'a Checked,
}

/// What is known, and the names of what is not; or all that fails.
type Known = Result<(Vec<(String, Data)>, Vec<String>), Vec<Diagnostic>>;

impl Reading<'_> {
    fn schema(&self) -> &Schema {
        &self.checked.schema
    }

    fn constants(&self, assume: Assume) -> Constants<'_> {
        Constants::new(&self.workspace.db, self.file, assume)
    }

    /// The lets of the file itself, in order. All of a module must be known.
    fn lets(&self) -> Result<Vec<(String, Data)>, Vec<Diagnostic>> {
        let mut constants = self.constants(Assume::default());
        let (mut values, mut wrong) = (Vec::new(), Vec::new());
        for option in self.own_lets() {
            match constants.let_named(&option.name) {
                Some(Ok(value)) => values.push((option.name.to_string(), Data::from(&value))),
                Some(Err(why)) => wrong.push(why.into_diagnostic()),
                None => {}
            }
        }
        if wrong.is_empty() { Ok(values) } else { Err(wrong) }
    }

    fn own_lets(&self) -> impl Iterator<Item = &OptionSchema> {
        let own = |it: &&OptionSchema| it.kind == OptionKind::Let && it.at.file == self.file;
        self.schema().table.options.iter().map(|it| &**it).filter(own)
    }

    fn package(&self, kind: ModuleKind) -> Result<Data, Vec<Diagnostic>> {
        let schema = self.schema();
        let table = &schema.table;
        let lets: Vec<&OptionSchema> = self.own_lets().collect();
        let of = |kind| move |it: &&OptionSchema| it.kind == kind;
        let fields: Vec<&OptionSchema> =
            table.options.iter().map(|it| &**it).filter(of(OptionKind::Field)).collect();
        let mut unknown = Vec::new();
        let (lets_known, missing) = self.known(&lets, Assume::default())?;
        unknown.extend(missing);
        let (fields_known, missing) = self.known(&fields, Assume::default())?;
        let open: Vec<&OptionSchema> =
            fields.into_iter().filter(|it| missing.contains(&it.name.to_string())).collect();
        let mut versions = Vec::new();
        let mut by_version: Vec<String> = Vec::new();
        for version in &schema.versions {
            let assume = Assume { version: Some(version.version.clone()), ..Assume::default() };
            let (known, _) = self.known(&open, assume)?;
            by_version.extend(known.iter().map(|it| it.0.clone()));
            versions.push(Data::map([
                ("version", Data::text(version.version.as_str())),
                ("preferred", Data::Bool(version.preferred)),
                ("deprecated", maybe(version.history.deprecated.as_deref())),
                ("fields", Data::Map(known)),
            ]));
        }
        unknown.extend(missing.into_iter().filter(|it| !by_version.contains(it)));
        let module = self.checked.module();
        Ok(Data::map([
            ("schema", Data::text("kiln-recipe/1")),
            ("kind", Data::text(kind.to_string())),
            ("name", Data::text(schema.name())),
            ("description", maybe(module.doc.as_deref())),
            ("versions", Data::List(versions)),
            ("options", Data::Map(self.options()?)),
            ("fields", Data::Map(fields_known)),
            ("lets", Data::Map(lets_known)),
            ("unknown", Data::List(unknown.into_iter().map(Data::Text).collect())),
        ]))
    }

    /// The values that can be known under an assumption, in order.
    fn known(&self, options: &[&OptionSchema], assume: Assume) -> Known {
        let mut constants = self.constants(assume);
        let (mut values, mut unknown, mut wrong) = (Vec::new(), Vec::new(), Vec::new());
        for option in options {
            let value = match option.kind {
                OptionKind::Let => constants.let_named(&option.name),
                _ => constants.option_named(&option.name),
            };
            match value {
                Some(Ok(value)) => values.push((option.name.to_string(), Data::from(&value))),
                Some(Err(Unvalued::Unknown(_))) | None => unknown.push(option.name.to_string()),
                Some(Err(Unvalued::Wrong(it))) => wrong.push(*it),
            }
        }
        if wrong.is_empty() { Ok((values, unknown)) } else { Err(wrong) }
    }

    /// Features and knobs with what they are when nothing asks for anything else.
    fn options(&self) -> Result<Vec<(String, Data)>, Vec<Diagnostic>> {
        let newest = self.schema().versions.first().map(|it| it.version.clone());
        let assume = Assume { version: newest, defaults: true, ..Assume::default() };
        let mut constants = self.constants(assume);
        let (mut options, mut wrong) = (Vec::new(), Vec::new());
        for option in self.schema().table.choices() {
            let default = match constants.option_named(&option.name) {
                Some(Ok(value)) => Some(value),
                Some(Err(Unvalued::Wrong(it))) => {
                    wrong.push(*it);
                    continue;
                }
                Some(Err(Unvalued::Unknown(_))) | None => None,
            };
            options.push((option.name.to_string(), self.option(option, default.as_ref())));
        }
        if wrong.is_empty() { Ok(options) } else { Err(wrong) }
    }

    fn option(&self, option: &OptionSchema, default: Option<&Value>) -> Data {
        let db = &self.workspace.db;
        let written = option
            .default
            .map(|it| db.text(option.at.file)[db.expr_range(option.at.file, it)].to_owned());
        let values = option
            .ty
            .words()
            .map(|it| Data::List(it.values.iter().map(|it| Data::text(it.as_str())).collect()));
        Data::map([
            ("kind", Data::text(option.kind.to_string())),
            ("type", Data::text(option.ty.to_string())),
            ("values", values.unwrap_or(Data::Null)),
            ("default", default.map_or(Data::Null, Data::from)),
            ("default_text", maybe(written.as_deref())),
            ("description", maybe(option.doc(db).as_deref())),
        ])
    }

    //------ for people

    fn text(&self, data: &Data) -> String {
        match (self.checked.module().kind, data) {
            (Some(ModuleKind::Module), Data::Map(_)) => self.lets_text(),
            (_, data) => data.write(Format::Yaml),
        }
    }

    /// `name: Type = value`, a line for each let.
    fn lets_text(&self) -> String {
        let mut constants = self.constants(Assume::default());
        let mut out = String::new();
        for option in self.own_lets() {
            let Some(Ok(value)) = constants.let_named(&option.name) else { continue };
            let inferred = option.default.map(|it| self.checked.types[it.index()].to_string());
            let ty = match &option.ty {
                kiln_lang::types::Ty::Error => inferred.unwrap_or_default(),
                ty => ty.to_string(),
            };
            out.push_str(&format!("{}: {ty} = {}\n", option.name, value.source()));
        }
        out
    }
}

fn maybe(text: Option<&str>) -> Data {
    text.map_or(Data::Null, |it| Data::text(it.trim()))
}
