//! `kiln why`: why an option, a version or a package is as it is.
//!
//! ```text
//! $ kiln why dpdk.drivers.mlx5
//! mlx5 in dpdk.drivers: on
//! on   command line     dpdk:drivers+=mlx5
//! off  overlay site     site.kiln:9    drivers -= {..nvidia}      (overruled)
//! off  default          dpdk.kiln:31   all - {..nvidia, qat}
//! brings  host rdma-core >= 50         dpdk.kiln:32
//! ```

use kiln_eval::{
    Atom, Cond, Fields, Influence, Influencer, Node, NodeId, NodePart, OptionValue, OutputDecl,
    Place, Provider, Solution, Unit, Value, field_value,
};
use kiln_lang::module::{Name, OptionKind};

use crate::args::{Common, Layers};
use crate::exit::Exit;
use crate::fail::Fail;
use crate::render;
use crate::terminal::{Terminal, print};
use crate::workspace::{Solved, Workspace};

pub(crate) fn run(
    common: &Common,
    terminal: Terminal,
    words: &[String],
    layers: &Layers,
) -> Result<Exit, Fail> {
    let Some((what, specs)) = words.split_last() else {
        return Err(Fail::Usage("say what is asked about, such as `curl.tls`".into()));
    };
    let mut workspace = Workspace::open(layers, terminal, common.quiet)?;
    let path: Vec<&str> = what.split('.').collect();
    let specs = if specs.is_empty() && workspace.request.project.is_none() {
        // Nothing is wanted: the package itself, as it is by default.
        own_wishes(&workspace, &path)
    } else {
        specs.to_vec()
    };
    workspace.wish(&specs)?;
    let solved = workspace.solve()?;
    let Some((nodes, path)) = asked_about(&solved.solution, &path) else {
        if let ([interface], Some(found)) = (&path[..], provider(&solved.solution, path[0])) {
            print(&provided(&workspace, &solved.solution, interface, found));
            return Ok(Exit::Done);
        }
        let instances = solved.solution.roots.iter().filter_map(|it| it.alias.as_ref());
        let packages = solved.solution.nodes.iter().map(|it| &it.package.name);
        let names: Vec<&str> = packages.chain(instances).map(|it| it.as_str()).collect();
        let near = kiln_lang::nearest(path[0], names.iter().copied());
        let whole = match specs.is_empty() {
            true => format!("what the project wants: {}", solved.wants().join(", ")),
            false => specs.join(", "),
        };
        let is_package = workspace.db.package(path[0]).is_some();
        let near = if is_package { String::new() } else { kiln_lang::did_you_mean(&near) };
        return Err(Fail::NotFound {
            message: format!("`{}` is not part of {whole}{near}", path[0]),
            advice: not_exported(&workspace, &solved.solution, path[0])
                .or_else(|| option_of_a_root(&solved.solution, &path))
                .or_else(|| {
                    let own = is_package.then_some(path[0])?;
                    Some(format!("of the package by itself: `kiln why {own} {what}`"))
                })
                .or_else(|| {
                    let is_all = near.is_empty();
                    is_all.then(|| {
                        "`kiln graph` shows what is part of it, `kiln list` all packages".to_owned()
                    })
                }),
        });
    };
    let mut texts = Vec::new();
    // All compilations of a package have its version.
    let nodes_max = if path[..] == ["version"] { 1 } else { nodes.len() };
    for id in nodes.into_iter().take(nodes_max) {
        texts.push(match path[..] {
            [] => package(&workspace, &solved, id),
            ["version"] => version(&workspace, solved.solution.node(id)),
            ["steps", _] | ["steps"] => field(&workspace, &solved, id, &path.join("."), None),
            [name] if is_field(&solved, id, name) => field(&workspace, &solved, id, name, None),
            [name, of] if is_field(&solved, id, name) => {
                field(&workspace, &solved, id, name, Some(of))
            }
            [option] => self::option(&workspace, &solved, id, option, None)?,
            [option, element] => self::option(&workspace, &solved, id, option, Some(element))?,
            _ => {
                return Err(Fail::Usage(format!(
                    "`{what}` has too many parts: PACKAGE.OPTION or PACKAGE.OPTION.VALUE"
                )));
            }
        });
    }
    print(&texts.join("\n"));
    Ok(Exit::Done)
}

/// How many options are named in a message.
const OPTIONS_SHOWN: usize = 12;

/// What is wanted for a question about a package as it is by default: the output or the outputs of the
/// compilation that the question names, or else the package; if it has nothing of its name, all outputs.
fn own_wishes(workspace: &Workspace, path: &[&str]) -> Vec<String> {
    let own = path[0];
    let packages = workspace.packages();
    let Some(package) = packages.get(&Name::from(own)) else { return vec![own.to_owned()] };
    let named = |is: &dyn Fn(&OutputDecl) -> bool| -> Vec<String> {
        let outputs = package.outputs.iter().filter(|it| is(it));
        outputs.map(|it| format!("{own}.{}", it.name)).collect()
    };
    let part = path.get(1).filter(|it| package.schema.table.get(it).is_none());
    let asked = part.map_or_else(Vec::new, |part| {
        let of = package.compiles.iter().position(|it| it.name == *part);
        named(&|it| it.name == *part || of.is_some() && it.compile == of)
    });
    if !asked.is_empty() {
        return asked;
    }
    match package.compiles.len() > 1 && package.output(own).is_none() {
        true => named(&|_| true),
        false => vec![own.to_owned()],
    }
}

/// The nodes that a question is about, and what it asks about them: of an option, those of all
/// compilations, unless it names one, or an output.
fn asked_about<'p, 'w>(
    solution: &Solution,
    path: &'p [&'w str],
) -> Option<(Vec<NodeId>, &'p [&'w str])> {
    // A second instance has a name of its own.
    let instance =
        solution.roots.iter().find(|it| it.alias.as_ref().is_some_and(|it| it == path[0]));
    let (name, unit) = match instance.map(|it| solution.node(it.node)) {
        Some(node) => (node.package.name.as_str(), solution.unit(node.unit)),
        None => (path[0], unit_of(solution, path[0])?),
    };
    let alias = instance.and_then(|it| it.alias.as_ref());
    let roots = solution.roots.iter().filter(|it| it.alias.as_ref() == alias).map(|it| it.node);
    let mut of_roots = roots.filter(|it| solution.node(*it).package.name == name);
    let outputs = unit.outputs.get(name);
    let by_name = of_roots.next().or_else(|| unit.by_name.get(name).copied());
    let all = || by_name.into_iter().chain(outputs.into_iter().flat_map(|it| it.values().copied()));
    let compilation = |id: NodeId| solution.node(id).made_by().unwrap_or(id);
    let any = solution.node(all().next()?);
    let Some((first, rest)) = path[1..].split_first() else {
        let whole = by_name.map_or_else(|| all().collect(), |it| vec![it]);
        return Some((whole, &[]));
    };
    let is_option = any.package.schema.table.get(first).is_some();
    if let Some(id) = outputs.and_then(|it| it.get(*first)).filter(|_| !is_option) {
        let id = if rest.is_empty() { *id } else { compilation(*id) };
        return Some((vec![id], rest));
    }
    let mut compilations: Vec<NodeId> = all().map(compilation).collect();
    compilations.sort_unstable();
    compilations.dedup();
    let is_named = |id: &NodeId| match &solution.node(*id).part {
        Some(NodePart::Compile(name)) => name == first,
        Some(NodePart::Output { .. }) | None => false,
    };
    match compilations.iter().copied().find(is_named).filter(|_| !is_option) {
        Some(id) => Some((vec![id], rest)),
        None => Some((compilations, &path[1..])),
    }
}

/// The unit that has a package: one for the target, or else of build tools.
fn unit_of<'s>(solution: &'s Solution, name: &str) -> Option<&'s Unit> {
    let has = |it: &&Unit| it.by_name.contains_key(name) || it.outputs.contains_key(name);
    units(solution).find(has)
}

/// All units, those for the target first.
fn units(solution: &Solution) -> impl Iterator<Item = &Unit> {
    let of = |is_build| solution.units.iter().filter(move |it| it.is_build == is_build);
    of(false).chain(of(true))
}

/// What to write if the question is about an option of what is wanted, without its package.
fn option_of_a_root(solution: &Solution, path: &[&str]) -> Option<String> {
    let mut roots = solution.roots.iter().map(|it| &solution.node(it.node).package);
    let root = roots.find(|it| path[0] == "version" || it.schema.table.get(path[0]).is_some())?;
    Some(format!("it belongs to `{}`: write `{}.{}`", root.name, root.name, path.join(".")))
}

/// Who provides an interface for the target, or else for a build tool.
fn provider<'s>(solution: &'s Solution, interface: &str) -> Option<&'s Provider> {
    units(solution).find_map(|it| it.providers.get(interface))
}

/// Who provides an interface, why, and what else could.
fn provided(
    workspace: &Workspace,
    solution: &Solution,
    interface: &str,
    provider: &Provider,
) -> String {
    let mut rows = Vec::new();
    for influence in provider.history.iter().rev() {
        rows.push(vec![
            influence.by.text(),
            place_text(workspace, influence.place),
            influence.text.to_string(),
        ]);
    }
    let node = solution.node(provider.node);
    if !provider.others.is_empty() {
        let others: Vec<&str> = provider.others.iter().map(|it| it.as_str()).collect();
        let advice = format!("`providers.{interface} = {}` chooses", others[0]);
        rows.push(vec!["could be".to_owned(), kiln_lang::list(&others, "or"), advice]);
    } else if provider.is_fixed {
        let fixed = "a layer says so, and nothing else is tried".to_owned();
        rows.push(vec!["fixed".to_owned(), String::new(), fixed]);
    }
    format!("{interface}: {}\n{}", node.title(), table(&rows))
}

/// Which package of the solution has an export of this name without an effect here.
fn not_exported(workspace: &Workspace, solution: &Solution, name: &str) -> Option<String> {
    for node in &solution.nodes {
        let Some(export) = node.package.exports.iter().find(|it| it.dep.package == name) else {
            continue;
        };
        let place = export.dep.place;
        let text = workspace.db.text(place.file)[place.range()].to_owned();
        let why = if export.key.limit {
            "which limits it and brings nothing"
        } else if export.dep.cond != Cond::True {
            "and that condition does not hold here, or nobody takes it"
        } else {
            "and nobody takes it: it is ignored, or for other packages than these"
        };
        return Some(format!(
            "{} has the export `{text}` ({}), {why}",
            node.title(),
            place_text(workspace, Some(place))
        ));
    }
    None
}

fn place_text(workspace: &Workspace, place: Option<Place>) -> String {
    let Some(place) = place else { return String::new() };
    let path = workspace.db.path(place.file);
    if &*path == "command line" {
        return String::new();
    }
    let text = workspace.db.text(place.file);
    let (line, _) = render::line_column(&text, place.start as usize);
    format!("{}:{line}", path.rsplit('/').next().unwrap_or(&path))
}

/// Rows of columns as wide as they must be.
fn table(rows: &[Vec<String>]) -> String {
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let widths: Vec<usize> = (0..columns)
        .map(|at| {
            rows.iter().filter_map(|it| it.get(at)).map(|it| it.chars().count()).max().unwrap_or(0)
        })
        .collect();
    let mut out = String::new();
    for row in rows {
        let line: Vec<String> =
            row.iter().zip(&widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        out.push_str(line.join("  ").trim_end());
        out.push('\n');
    }
    out
}

fn package(workspace: &Workspace, solved: &Solved, id: NodeId) -> String {
    let node = solved.solution.node(id);
    let mut out = format!("{}\n", node.spec());
    if let Some(from) = node.made_by() {
        out.push_str(&format!("from  {}\n", solved.solution.node(from).title()));
    }
    for user in &solved.solution.nodes {
        if user.made_by() == Some(id) {
            out.push_str(&format!("makes  {}\n", user.title()));
        }
        for edge in user.edges.iter().filter(|it| it.to == id) {
            let deps = user.package.deps.iter();
            let place = deps
                .chain(user.package.outputs.iter().flat_map(|it| &it.deps))
                .find(|it| it.package == node.package.name && it.output == edge.output)
                .map(|it| it.place);
            let by = match &edge.injected {
                Some(injection) => format!(
                    "exported by {} ({})",
                    solved.solution.node(injection.by).title(),
                    place_text(workspace, Some(injection.place))
                ),
                None => place_text(workspace, place),
            };
            out.push_str(&format!("needed by  {}  as {}  {by}\n", user.title(), edge.role));
        }
    }
    if solved.solution.roots.iter().any(|it| it.node == id) {
        out.push_str("wanted\n");
    }
    let mut lines: Vec<&str> = out.lines().collect();
    lines.dedup();
    format!("{}\n", lines.join("\n"))
}

/// A package as questions name it, with the compilation if there are several.
fn called(node: &Node) -> String {
    match &node.part {
        Some(NodePart::Compile(compilation)) => format!("{}.{compilation}", node.package.name),
        Some(NodePart::Output { .. }) | None => node.package.name.to_string(),
    }
}

fn version(workspace: &Workspace, node: &Node) -> String {
    let mut rows = Vec::new();
    for influence in node.version_history.iter().rev() {
        rows.push(vec![
            influence.by.text(),
            place_text(workspace, influence.place),
            influence.text.to_string(),
            if influence.overruled { "(overruled)".to_owned() } else { String::new() },
        ]);
    }
    let newest =
        node.package.versions.iter().find(|it| !it.reluctant).or(node.package.versions.first());
    if let Some(newest) = newest {
        let is_locked = node.version_history.iter().any(|it| it.by == Influencer::Lock);
        let what = if newest.version == node.version {
            "the newest that the recipe has"
        } else if is_locked {
            "the newest that the recipe has; `kiln lock --update` would move to it if it may"
        } else {
            "newer, but not allowed"
        };
        rows.push(vec![
            "recipe".to_owned(),
            String::new(),
            newest.version.to_string(),
            format!("({what})"),
        ]);
    }
    format!("{} {}\n{}", node.package.name, node.version, table(&rows))
}

/// Whether a package has a field of this name.
fn is_field(solved: &Solved, id: NodeId, name: &str) -> bool {
    let table = &solved.solution.node(id).package.schema.table;
    table.get(name).is_some_and(|it| it.kind == OptionKind::Field)
}

/// A field, or what a map of that name has at `key`: its value, and all that is said of it.
fn field(
    workspace: &Workspace,
    solved: &Solved,
    id: NodeId,
    name: &str,
    key: Option<&str>,
) -> String {
    let (db, setup, solution) = (&workspace.db, &solved.setup, &solved.solution);
    let id = solution.node(id).made_by().unwrap_or(id);
    let mut called = format!("{}.{name}", called(solution.node(id)));
    let mut history = Fields::new(db, setup, solution).history(id, name);
    let mut value = field_value(db, setup, solution, id, name);
    if let Some(key) = key {
        called.push_str(&format!(".{key}"));
        let path = format!("{name}.{key}");
        history.retain(|it| is_about(&it.text, name, &path));
        value = match value {
            Some(Value::Map(map)) => map.get(key).cloned(),
            _ => None,
        };
    }
    let rows: Vec<Vec<String>> = history
        .iter()
        .rev()
        .map(|it| {
            let row = row(workspace, it, String::new());
            row.into_iter().skip(1).collect()
        })
        .collect();
    let head = match value {
        Some(value) => {
            let value = value.to_string();
            let lines: Vec<&str> = value.trim().lines().collect();
            match &lines[..] {
                [one] => format!("{called} = {one}\n"),
                _ => format!("{called} =\n{}\n", indented(&lines)),
            }
        }
        None => format!("{called}\n"),
    };
    if rows.is_empty() {
        return format!("{head}nothing is said of it\n");
    }
    format!("{head}{}", table(&rows))
}

/// Whether a setting is about all of a map, or about what stands in it at `path`.
fn is_about(text: &str, name: &str, path: &str) -> bool {
    let written = text.split_whitespace().next().unwrap_or_default();
    let ends_in = |it: &str| written == it || written.ends_with(&format!(".{it}"));
    ends_in(name) || ends_in(path)
}

fn indented(lines: &[&str]) -> String {
    let lines: Vec<String> =
        lines.iter().map(|it| format!("    {it}").trim_end().to_owned()).collect();
    lines.join("\n")
}

fn option(
    workspace: &Workspace,
    solved: &Solved,
    id: NodeId,
    name: &str,
    element: Option<&str>,
) -> Result<String, Fail> {
    let node = solved.solution.node(id);
    let schema = &node.package.schema.table;
    let (Some(declared), Some(option)) = (schema.get(name), node.option(name)) else {
        let names: Vec<&str> = schema.choices().map(|it| it.name.as_str()).collect();
        let all = schema.options.iter().map(|it| it.name.as_str());
        let near = kiln_lang::nearest(name, all);
        return Err(Fail::NotFound {
            message: format!(
                "`{}` has no feature, knob or field `{name}`{}",
                node.package.name,
                kiln_lang::did_you_mean(&near)
            ),
            advice: Some(match names.len() {
                0 => "it has none".to_owned(),
                1..=OPTIONS_SHOWN => format!("it has {}", kiln_lang::list(&names, "and")),
                _ => format!("`kiln eval {}` shows all {}", node.package.name, names.len()),
            }),
        });
    };
    let Some(element) = element else {
        let rows = option
            .whole_history(&workspace.db, declared)
            .iter()
            .rev()
            .map(|it| row(workspace, it, it.says.short().unwrap_or_default()))
            .collect::<Vec<_>>();
        let head = format!("{}.{name} = {}\n", called(node), option.value);
        let brings = brings(workspace, node, &declared.name, None, option);
        return Ok(format!("{head}{}{brings}", table(&rows)));
    };
    let bit = match declared.ty.words().and_then(|it| it.position(element)) {
        Some(bit) => bit,
        None => {
            let values: Vec<&str> = declared
                .ty
                .words()
                .map(|it| it.values.iter().map(|it| it.as_str()).collect())
                .unwrap_or_default();
            let near = kiln_lang::nearest(element, values);
            return Err(Fail::NotFound {
                message: format!(
                    "`{name}` has no value `{element}`{}",
                    kiln_lang::did_you_mean(&near)
                ),
                advice: None,
            });
        }
    };
    let mut rows = Vec::new();
    let mut decided = false;
    for influence in option.whole_history(&workspace.db, declared).iter().rev() {
        let Some(says) = influence.says.of_element(bit) else { continue };
        let mut row = row(workspace, influence, if says { "on" } else { "off" }.to_owned());
        // Of one element, only the last word counts.
        if let Some(last) = row.last_mut() {
            *last = if decided { "(overruled)".to_owned() } else { String::new() };
        }
        decided = true;
        rows.push(row);
    }
    let is_on = option.value.has_element(bit) == Some(true);
    let head =
        format!("{element} in {}.{name}: {}\n", called(node), if is_on { "on" } else { "off" });
    let brings = brings(workspace, node, &declared.name, Some(bit), option);
    Ok(format!("{head}{}{brings}", table(&rows)))
}

fn row(workspace: &Workspace, influence: &Influence, value: String) -> Vec<String> {
    let text = influence.text.lines().next().unwrap_or("").to_owned();
    let value = if value.chars().count() > 24 { "…".to_owned() } else { value };
    vec![
        value,
        influence.by.text(),
        place_text(workspace, influence.place),
        text,
        if influence.overruled { "(overruled)".to_owned() } else { String::new() },
    ]
}

/// What the option brings: dependencies whose condition names it.
fn brings(
    workspace: &Workspace,
    node: &Node,
    name: &Name,
    bit: Option<u32>,
    option: &OptionValue,
) -> String {
    let mut rows = Vec::new();
    for dep in &node.package.deps {
        let mut named = false;
        dep.cond.atoms(&mut |atom| {
            named |= match atom {
                Atom::Has(set, _, at, _) => set == name && bit.is_none_or(|it| it == *at),
                Atom::Option(option, ..) => option == name,
                _ => false,
            };
        });
        if !named {
            continue;
        }
        let taken = node.edges.iter().any(|it| it.name == *dep.name());
        let verb = if taken { "brings" } else { "would bring" };
        rows.push(vec![
            verb.to_owned(),
            dep.text.to_string(),
            place_text(workspace, Some(dep.place)),
            when(&dep.cond, taken),
        ]);
    }
    let _ = option;
    table(&rows)
}

fn when(cond: &Cond, taken: bool) -> String {
    if taken {
        return String::new();
    }
    format!("when {cond}")
}
