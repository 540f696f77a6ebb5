//! `kiln facts`: what this machine is, to be looked at or to be given to evaluation as a file.

use std::fmt::Write as _;
use std::path::Path;

use kiln_lang::module::ModuleKind;
use kiln_lang::syntax::is_name;
use kiln_lang::{Database, FACTS_MIXIN, facts_of_module, is_fact};

use crate::args::{Common, Layers};
use crate::data::{Data, Format};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::machine::{FactValue, Machine, look};
use crate::rewrite::create;
use crate::terminal::{Style, Terminal, harmless, print};
use crate::workspace::Workspace;

/// What is done with the facts.
pub(crate) struct How<'a> {
    /// Whether they are printed for other programs.
    pub(crate) json: bool,
    /// The file to write.
    pub(crate) write: Option<&'a Path>,
    /// Where the machine's files are.
    pub(crate) root: Option<&'a Path>,
}

/// A fact that a module declares, which nobody finds out.
struct Declared {
    /// As expressions name it: `facts.cluster.fabric`.
    path: String,
    ty: String,
    doc: String,
}

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    layers: &Layers,
    how: &How<'_>,
) -> Result<Exit, Fail> {
    let root = how.root.unwrap_or(Path::new("/"));
    if !root.is_dir() {
        let root = harmless(&root.display().to_string());
        return Err(Fail::Usage(format!(
            "{root} is no folder: --root names one with proc and sys"
        )));
    }
    let machine = look(root);
    if let Some(file) = how.write {
        return write(common, terminal, &machine, file);
    }
    let workspace = Workspace::open(layers, terminal, common.quiet)?;
    let declared = declared(&workspace.db);
    if how.json {
        print(&data(&machine, &declared).write(Format::Json));
    } else {
        print(&harmless(&text(&machine, &declared, terminal.width)));
    }
    Ok(Exit::Done)
}

/// The facts that modules of the sets of recipes declare, by module and in their order.
fn declared(db: &Database) -> Vec<Declared> {
    let mut found = Vec::new();
    for stem in db.stems() {
        let Some(file) = db.find(stem, &[ModuleKind::Module]) else { continue };
        // Most modules declare none, and need not be looked at closely.
        if !db.text(file).contains(FACTS_MIXIN) {
            continue;
        }
        let Some((_, table)) = facts_of_module(db, stem) else { continue };
        found.extend(table.options.iter().filter(|it| is_fact(it)).map(|it| Declared {
            path: format!("facts.{stem}.{}", it.name),
            ty: it.ty.to_string(),
            doc: it.doc(db).as_deref().unwrap_or("").lines().next().unwrap_or("").to_owned(),
        }));
    }
    found
}

fn text(machine: &Machine, declared: &[Declared], width: usize) -> String {
    let mut out = String::new();
    let indent = machine.facts.iter().map(|it| it.name.len()).max().unwrap_or(0) + 2;
    for fact in &machine.facts {
        let _ = write!(out, "{:indent$}", fact.name);
        match &fact.value {
            Ok(FactValue::One(value)) => {
                let _ = writeln!(out, "{value}");
            }
            Ok(FactValue::Set(values)) if values.is_empty() => out.push_str("none\n"),
            Ok(FactValue::Set(values)) => wrapped(&mut out, values, indent, width),
            Err(why) => {
                let _ = writeln!(out, "unknown: {why}");
            }
        }
        if fact.name == "gpus" {
            for gpu in &machine.gpus {
                let device = gpu.device.as_deref().unwrap_or("");
                let chip = gpu.chip.as_deref().unwrap_or("not known to Kiln");
                let vendor = gpu.vendor;
                let line = format!("{:indent$}{}  {device:9}  {vendor} {chip}", "", gpu.address);
                let _ = writeln!(out, "{}", line.trim_end());
            }
        }
    }
    if !declared.is_empty() {
        out.push_str("\ndeclared by modules, and given by hand:\n");
        let width = declared.iter().map(|it| it.path.len() + it.ty.len()).max().unwrap_or(0) + 2;
        for Declared { path, ty, doc } in declared {
            let head = format!("{path}: {ty}");
            let _ = writeln!(out, "  {}", format!("{head:width$}  {doc}").trim_end());
        }
    }
    out
}

/// Words in lines that are not wider than `width`, the first of which has begun.
fn wrapped(out: &mut String, words: &[String], indent: usize, width: usize) {
    let mut column = indent;
    for (at, word) in words.iter().enumerate() {
        if at > 0 && column + 1 + word.len() > width {
            let _ = write!(out, "\n{:indent$}", "");
            column = indent;
        } else if at > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out.push('\n');
}

fn data(machine: &Machine, declared: &[Declared]) -> Data {
    let (mut facts, mut unknown) = (Vec::new(), Vec::new());
    for fact in &machine.facts {
        let name = fact.name.to_owned();
        match &fact.value {
            Ok(FactValue::One(value)) => facts.push((name, Data::text(value))),
            Ok(FactValue::Set(values)) => {
                facts.push((name, Data::List(values.iter().map(Data::text).collect())));
            }
            Err(why) => unknown.push((name, Data::text(why))),
        }
    }
    let optional = |text: &Option<String>| text.as_ref().map_or(Data::Null, Data::text);
    let gpus = machine.gpus.iter().map(|it| {
        Data::map([
            ("address", Data::text(&it.address)),
            ("vendor", Data::text(it.vendor)),
            ("device", optional(&it.device)),
            ("chip", optional(&it.chip)),
            ("architecture", Data::text(&it.architecture)),
        ])
    });
    let declared = declared.iter().map(|it| {
        Data::map([
            ("name", Data::text(&it.path)),
            ("type", Data::text(&it.ty)),
            ("doc", Data::text(&it.doc)),
        ])
    });
    Data::map([
        ("cpu", machine.cpu.as_ref().map_or(Data::Null, |it| Data::text(it.family))),
        ("facts", Data::Map(facts)),
        ("unknown", Data::Map(unknown)),
        ("gpus", Data::List(gpus.collect())),
        ("declared", Data::List(declared.collect())),
    ])
}

/// Writes an overlay that gives the facts.
fn write(
    common: &Common,
    terminal: Terminal,
    machine: &Machine,
    file: &Path,
) -> Result<Exit, Fail> {
    let shown = harmless(&file.display().to_string());
    let Some(cpu) = &machine.cpu else {
        let why = machine.facts.iter().find_map(|it| it.value.as_ref().err());
        let why = why.map_or("nothing of it is known", String::as_str);
        return Err(Fail::NotFound {
            message: format!("cannot tell what this machine is: {why}"),
            advice: Some("`kiln facts` says what is known and what is not".into()),
        });
    };
    let text = overlay(machine, cpu.family, file);
    if file.symlink_metadata().is_ok() {
        if std::fs::read_to_string(file).is_ok_and(|it| it == text) {
            if !common.quiet {
                eprintln!("{} {shown}: nothing has changed", terminal.paint(Style::Green, "kept"));
            }
            return Ok(Exit::Done);
        }
        return Err(Fail::NotFound {
            message: format!("{shown} is there already, and says something else"),
            advice: Some("remove it to have it written anew, or name another file".into()),
        });
    }
    create(file, file, &text).map_err(Fail::File)?;
    if !common.quiet {
        eprintln!("{} {shown}", terminal.paint(Style::Green, "wrote"));
        eprintln!(
            "  {} `-f {shown}` gives it to a command, `overlays [\"./{}\"]` in project.kiln to all",
            terminal.paint(Style::Cyan, "next:"),
            harmless(&file.file_name().unwrap_or_default().to_string_lossy())
        );
    }
    Ok(Exit::Done)
}

fn overlay(machine: &Machine, cpu: &str, file: &Path) -> String {
    let stem = file.file_stem().and_then(|it| it.to_str()).unwrap_or("");
    let is_type = stem.contains(|it: char| it.is_ascii_uppercase());
    let name = if is_name(stem) && !is_type { stem } else { "machine" };
    let mut out = format!(
        "//! What a machine is, as `kiln facts --write` found it.\noverlay {name}\n\n\
         when platform.cpu == {cpu} & platform.os == linux {{\n    facts {{\n"
    );
    for fact in &machine.facts {
        let _ = match &fact.value {
            Ok(value) => writeln!(out, "        {} = {}", fact.name, value.source()),
            Err(why) => writeln!(out, "        // {}: {}", fact.name, why.replace('\n', " ")),
        };
    }
    out.push_str("    }\n}\n");
    kiln_lang::format(&out).text
}
