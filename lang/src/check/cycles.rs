//! Options that are defined by themselves, and functions that call themselves.
//!
//! The names of options are static, so what reads what is known before anything is evaluated. A
//! ring is reported once, at the place where it is easiest to mend: the setting that closes it.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Checked, Checker, PerExpr, Res};
use crate::database::Lowered;
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{ExprId, FunctionId, Ident, Name, Setting, SettingOp, StmtKind};
use crate::schema::{BodyRef, OptionTable};
use crate::types::Ty;

/// An option that reads another one, and where.
#[derive(Clone)]
struct Edge {
    to: Name,
    /// Where the other one is read.
    file: crate::database::FileId,
    range: text_size::TextRange,
}

/// The options that read others.
type Graph = BTreeMap<Name, Vec<Edge>>;

/// A file, and what the words in it mean.
struct Resolved<'b> {
    file: crate::database::FileId,
    lowered: &'b Lowered,
    res: &'b PerExpr<Res>,
}

impl<'b> Resolved<'b> {
    fn reads(&self, expr: ExprId) -> Vec<ExprId> {
        let mut reads = Vec::new();
        self.lowered.module.walk(expr, &mut |it| {
            if matches!(
                self.res[it.index()],
                Res::Option
                    | Res::Let(..)
                    | Res::ObjectMember(_)
                    | Res::GivenFact(_)
                    | Res::Fact(_)
            ) {
                reads.push(it);
            }
        });
        reads
    }

    /// Calls `visit` with each option of a body that reads an option, with that, and where.
    fn body_edges(&self, at: BodyRef, visit: &mut impl FnMut(&'b Name, &'b Name, ExprId)) {
        let body = &self.lowered.module.bodies[at.body];
        for decl in &body.options {
            for expr in [decl.default, decl.when].into_iter().flatten() {
                self.edges(expr, &mut |to, read| visit(&decl.ident.name, to, read));
            }
        }
        for stmt in &body.stmts {
            let StmtKind::Setting(setting) = &stmt.kind else { continue };
            let Some(name) = setting.path.first().filter(|it| it.name != "steps") else { continue };
            self.edges(setting.value, &mut |to, read| visit(&name.name, to, read));
        }
    }

    /// Calls `visit` with each option that an expression reads, and where.
    fn edges(&self, expr: ExprId, visit: &mut impl FnMut(&'b Name, ExprId)) {
        self.lowered.module.walk(expr, &mut |read| match &self.res[read.index()] {
            Res::Option => visit(self.lowered.module.word(read), read),
            Res::Let(at, index) if at.file == self.file => {
                let body = &self.lowered.module.bodies[at.body];
                visit(&body.options[*index as usize].ident.name, read);
            }
            _ => {}
        });
    }

    fn edge(&self, to: &Name, read: ExprId) -> Edge {
        Edge { to: to.clone(), file: self.file, range: self.lowered.map.expr(read) }
    }
}

impl<'a> Checker<'a> {
    /// Returns the expressions below `expr`, itself included, that read something.
    pub(super) fn reads(&self, expr: ExprId) -> Vec<ExprId> {
        self.resolved().reads(expr)
    }

    /// Reports rings among the options of this file's own bodies.
    pub(super) fn option_cycles(&mut self) {
        let schema = self.schema;
        for table in [&schema.table].into_iter().chain(schema.mixins.iter().map(|it| &it.2)) {
            let others = self.others(table);
            if self.may_have_ring(&others) {
                let graph = self.graph(table, &others);
                self.rings(&graph);
            }
        }
    }

    /// Reports rings that settings of this layer close.
    pub(super) fn setting_cycles(&mut self, settings: &[(Name, &'a Setting, Vec<Ident>)]) {
        let packages: BTreeSet<&Name> = settings.iter().map(|it| &it.0).collect();
        for package in packages {
            let Some(schema) = self.package(package) else { continue };
            let own: Vec<_> = settings.iter().filter(|it| it.0 == *package).collect();
            // Without a read of an option in this file, it closes no ring.
            let reads_options = own.iter().any(|it| {
                self.reads(it.1.value).iter().any(|it| self.res[it.index()] == Res::Option)
            });
            if !reads_options {
                continue;
            }
            let mut graph = self.graph(&schema.table, &self.others(&schema.table));
            for (_, setting, path) in own {
                let [name, ..] = &path[..] else { continue };
                if name.name == "steps" {
                    continue;
                }
                let entry = graph.entry(name.name.clone()).or_default();
                if setting.op == SettingOp::Set {
                    entry.clear();
                }
                let resolved = self.resolved();
                resolved.edges(setting.value, &mut |to, read| entry.push(resolved.edge(to, read)));
            }
            self.rings(&graph);
        }
    }

    /// The other files with bodies of a table, checked; in the order of the bodies.
    fn others(&self, table: &OptionTable) -> Vec<Option<Arc<Checked>>> {
        let is_other = |at: &BodyRef| at.file != self.file;
        table.bodies.iter().map(|it| is_other(it).then(|| self.db.checked(it.file))).collect()
    }

    /// The bodies of a table in which an option may be read.
    fn bodies<'c>(
        &'c self,
        table: &'c OptionTable,
        others: &'c [Option<Arc<Checked>>],
    ) -> impl Iterator<Item = (Resolved<'c>, BodyRef)> {
        let bodies = table.bodies.iter().zip(others).map(|(at, other)| match other {
            None => (self.resolved(), *at),
            Some(it) => {
                (Resolved { file: at.file, lowered: &it.schema.env.lowered, res: &it.res }, *at)
            }
        });
        // What every package has reads none.
        let reads = |it: &Res| matches!(it, Res::Option | Res::Let(..));
        bodies.filter(move |it| it.0.res.iter().any(reads))
    }

    /// Whether options of this file and others read each other in a ring, whether or not these are in
    /// one table; of few files they do.
    fn may_have_ring(&self, others: &[Option<Arc<Checked>>]) -> bool {
        let mut edges: Vec<(&Name, &Name)> = self.edges.clone();
        for other in others.iter().flatten() {
            edges.extend(other.edges.iter().map(|it| (&it.0, &it.1)));
        }
        edges.sort_unstable();
        // What is read and reads nothing is in no ring, and then what read only that is not, either.
        while !edges.is_empty() {
            let reads = |name: &Name| edges.binary_search_by(|it| it.0.cmp(name)).is_ok();
            let inner: Vec<_> = edges.iter().filter(|it| reads(it.1)).copied().collect();
            if inner.len() == edges.len() {
                return true;
            }
            edges = inner;
        }
        false
    }

    /// What the options of a table read: in defaults, conditions, and settings of its bodies.
    fn graph(&self, table: &OptionTable, others: &[Option<Arc<Checked>>]) -> Graph {
        let mut graph = Graph::new();
        for (of, at) in self.bodies(table, others) {
            of.body_edges(at, &mut |from, to, read| {
                graph.entry(from.clone()).or_default().push(of.edge(to, read));
            });
        }
        graph
    }

    fn resolved(&self) -> Resolved<'_> {
        Resolved { file: self.file, lowered: &self.env.lowered, res: &self.res }
    }

    /// Reports each ring of a graph once.
    fn rings(&mut self, graph: &Graph) {
        let mut done: BTreeSet<&Name> = BTreeSet::new();
        let mut path: Vec<(&Name, usize)> = Vec::new();
        for start in graph.keys() {
            path.push((start, 0));
            // Depth first with an explicit stack: what is on it is the way from the start.
            while let Some((name, next)) = path.last_mut() {
                if done.contains(*name) {
                    path.pop();
                    continue;
                }
                let Some(edge) = graph.get(*name).and_then(|it| it.get(*next)) else {
                    done.insert(*name);
                    path.pop();
                    continue;
                };
                *next += 1;
                let Some((to, _)) = graph.get_key_value(&edge.to) else { continue };
                if let Some(begin) = path.iter().position(|it| it.0 == to) {
                    let ring: Vec<(Name, Edge)> = path[begin..]
                        .iter()
                        .filter_map(|(name, next)| {
                            let edge = graph.get(*name)?.get(*next - 1)?;
                            Some(((*name).clone(), edge.clone()))
                        })
                        .collect();
                    self.ring(&ring);
                } else if !done.contains(to) {
                    path.push((to, 0));
                }
            }
        }
    }

    fn ring(&mut self, ring: &[(Name, Edge)]) {
        // It is reported in the file that is being checked, if any of it is there.
        let Some(at) = ring.iter().rposition(|it| it.1.file == self.file) else { return };
        let (name, edge) = &ring[at];
        let message = match ring.len() {
            1 => format!("`{name}` is defined by itself"),
            _ => {
                let mut names: Vec<String> = ring.iter().map(|it| format!("`{}`", it.0)).collect();
                names.push(format!("`{}`", ring[0].0));
                format!("these options are defined by each other: {}", names.join(" → "))
            }
        };
        let mut diagnostic = Diagnostic::new(Code::OptionCycle, edge.file, edge.range, message)
            .here(format!("this reads the final value of `{}`", edge.to));
        for (index, (name, edge)) in ring.iter().enumerate() {
            if index != at {
                diagnostic = diagnostic.label(
                    edge.file,
                    edge.range,
                    format!("`{name}` reads `{}`", edge.to),
                );
            }
        }
        diagnostic = if ring.len() == 1 {
            self.self_reference(diagnostic, name, edge)
        } else {
            diagnostic.help("give one of them a value that does not read the others")
        };
        if self
            .diagnostics
            .iter()
            .all(|it| it.code != Code::OptionCycle || it.primary != diagnostic.primary)
        {
            self.report(diagnostic);
        }
    }

    /// `drivers = drivers + {mlx5}`: says what to write instead.
    fn self_reference(&self, diagnostic: Diagnostic, name: &Name, edge: &Edge) -> Diagnostic {
        let found = self.settings_of_file().find(|setting| {
            setting.path.last().is_some_and(|it| it.name == *name)
                && self.range(setting.value).contains_range(edge.range)
        });
        let Some(setting) = found else {
            return diagnostic.help("a default cannot read the option that it is the default of");
        };
        let text = self.db.text(self.file);
        let value = &text[self.range(setting.value)];
        let range = self.span(setting.span);
        let left: Vec<&str> = setting.path.iter().map(|it| it.name.as_str()).collect();
        // The path as it is written here, without the names of blocks around.
        let written = text[range].split(['=', '+', '-']).next().unwrap_or("").trim().to_owned();
        let left = if written.is_empty() { left.join(".") } else { written };
        if value == name.as_str() {
            return diagnostic.help("remove this setting: without it, the option keeps its value");
        }
        // Numbers and texts are computed, from what is there.
        let is_collection = !matches!(
            self.types[setting.value.index()],
            Ty::Int(_) | Ty::Size(_) | Ty::Duration(_) | Ty::String(_)
        );
        for (sign, op) in [("+", "+="), ("-", "-=")].into_iter().filter(|_| is_collection) {
            let prefix = format!("{name} {sign} ");
            if let Some(rest) = value.strip_prefix(&prefix).filter(|it| !it.contains(name.as_str()))
            {
                let inner = rest.trim().strip_prefix('{').and_then(|it| it.strip_suffix('}'));
                let short = match inner {
                    Some(inner) if !inner.contains([',', '.', ' ']) => inner.trim().to_owned(),
                    _ => rest.trim().to_owned(),
                };
                let fixed = format!("{left} {op} {short}");
                let verb = if sign == "+" {
                    "to add to what is there"
                } else {
                    "to take from what is there"
                };
                let from_default = value.replacen(name.as_str(), "default", 1);
                return diagnostic
                    .help(format!("{verb}, write `{fixed}`"))
                    .help(format!(
                        "to start from the recipe's default, write `{left} = {from_default}`"
                    ))
                    .fix_at(format!("write `{fixed}`"), self.file, range, fixed.clone());
            }
        }
        let replaced = value.replacen(name.as_str(), "prev", 1);
        diagnostic
            .help(format!("`prev` is the value under this setting: `{left} = {replaced}`"))
            .fix_at("write `prev`", edge.file, edge.range, "prev")
    }

    fn settings_of_file(&self) -> impl Iterator<Item = &'a Setting> {
        let module = self.module();
        module.bodies.values().iter().flat_map(|it| &it.stmts).filter_map(|it| match &it.kind {
            StmtKind::Setting(setting) => Some(setting),
            _ => None,
        })
    }

    //------ functions

    /// Reports functions that call themselves: evaluation must end.
    pub(super) fn recursion(&mut self) {
        let module = self.module();
        let mut calls: Vec<Vec<(usize, ExprId)>> = Vec::new();
        for function in module.functions.values() {
            let mut called = Vec::new();
            module.walk(function.body, &mut |it| {
                if let Res::Function(file, id) = &self.res[it.index()]
                    && *file == self.file
                {
                    called.push((FunctionId::index(*id), it));
                }
            });
            calls.push(called);
        }
        // Depth first; a call of a function that is on the way closes a ring.
        let mut done = vec![false; calls.len()];
        for start in 0..calls.len() {
            let mut path: Vec<(usize, usize)> = vec![(start, 0)];
            while let Some((at, next)) = path.last_mut() {
                let at = *at;
                let call = (!done[at]).then(|| calls[at].get(*next)).flatten();
                let Some((to, expr)) = call else {
                    done[at] = true;
                    path.pop();
                    continue;
                };
                *next += 1;
                if let Some(begin) = path.iter().position(|it| it.0 == *to) {
                    let ring: Vec<usize> = path[begin..].iter().map(|it| it.0).collect();
                    self.calls_itself(&ring, *expr);
                } else if !done[*to] {
                    path.push((*to, 0));
                }
            }
        }
    }

    fn calls_itself(&mut self, ring: &[usize], closing: ExprId) {
        let functions = self.module().functions.values();
        let names: Vec<&str> = ring.iter().map(|it| functions[*it].ident.name.as_str()).collect();
        let message = match &names[..] {
            [name] => format!("`{name}` calls itself"),
            [first, ..] => {
                let all: Vec<String> =
                    names.iter().chain([first]).map(|it| format!("`{it}`")).collect();
                format!("these functions call each other: {}", all.join(" → "))
            }
            [] => return,
        };
        let mut diagnostic = self
            .at_expr(Code::RecursiveFunction, closing, message)
            .help("functions of Kiln always end, so none may call itself; go through a list with `.map`, `.filter` or `for`");
        if let [first, _, ..] = ring {
            let ident = &functions[*first].ident;
            diagnostic = diagnostic.here("this closes the ring").label(
                self.file,
                self.span(ident.span),
                "it begins here",
            );
        }
        self.report(diagnostic);
    }
}
