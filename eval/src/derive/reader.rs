//! What build expressions read: everything that is chosen, and the places of dependencies.

use std::sync::Arc;

use kiln_lang::check::Fact;
use kiln_lang::module::{ExprId, Name, OptionKind, Role};
use kiln_lang::schema::BodyRef;
use kiln_lang::types::{EnumTy, Object};
use kiln_lang::{Code, Diagnostic, FileId};
use kiln_store::{Label, OutputName, Piece, StoreName, Template};

use super::build::{Input, NodeBuilder, linked};
use super::testing::tested;
use crate::evaluate::allowed;
use crate::explain::NodeFacts;
use crate::globals::missing_fact;
use crate::interpret::{Failure, Fuel, Reader, eval_let};
use crate::package::{DepDecl, Place};
use crate::solution::Edge;
use crate::text::Text;
use crate::value::{Bits, LocalFile, Value};

impl Reader for NodeBuilder<'_> {
    fn all(&mut self, of: &EnumTy, _: (FileId, ExprId)) -> Result<Bits, Failure> {
        self.reads = true;
        let mut facts = NodeFacts { solution: self.context.solution, node: self.id };
        Ok(allowed(self.context.db, &self.package.schema.table, of, &mut facts).0)
    }

    fn option(&mut self, name: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        let table = &self.package.schema.table;
        let found = match table.position(name) {
            Some(index) if table.options[index].kind == OptionKind::Field => self.field_at(index),
            Some(_) => self.context.solution.node(self.id).option(name).map(|it| it.value.clone()),
            None => None,
        };
        self.reads = true;
        found.ok_or_else(|| {
            // What is wrong with the option is said once, not again by each who reads it.
            if let Some(said) = self.said() {
                return Box::new(said.clone());
            }
            let range = self.context.db.expr_range(at.0, at.1);
            let message = format!("`{name}` has no value here");
            Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message))
        })
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        // A let may be known from before, and have read something then.
        self.reads = true;
        if let Some(value) = self.lets.get(&(at, index)) {
            return Ok(value.clone());
        }
        let checked = self.checked(at.file);
        let db = self.context.db;
        let value = eval_let(db, &checked, (at, index), self)?;
        self.lets.insert((at, index), value.clone());
        Ok(value)
    }

    fn fact(&mut self, fact: Fact, _: (FileId, ExprId)) -> Result<Value, Failure> {
        self.reads = true;
        Ok(match fact {
            Fact::Version => Value::Version(self.context.solution.node(self.id).version.clone()),
            Fact::Name => Value::text(&self.package.name),
            Fact::Out => Value::Text(self.own_path(OutputName::default_output())),
            Fact::Src => {
                self.reads_source = true;
                Value::text("/build/src")
            }
        })
    }

    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure> {
        self.reads = true;
        let db = self.context.db;
        let fail = |message: String| -> Failure {
            Box::new(Diagnostic::new(
                Code::EvaluationError,
                at.0,
                db.expr_range(at.0, at.1),
                message,
            ))
        };
        let solution = self.context.solution;
        let node = solution.node(self.id);
        match object {
            Object::Platform | Object::Machine | Object::Toolchain => {
                let globals = &solution.unit(node.unit).globals;
                globals
                    .values
                    .get(&(object, name.clone()))
                    .cloned()
                    .ok_or_else(|| fail(format!("`{}.{name}` is not known", object.text())))
            }
            Object::Facts => {
                let unit = solution.unit(node.unit);
                let found = unit.globals.values.get(&(object, name.clone())).cloned();
                found.ok_or_else(|| {
                    let place = Place::new(at.0, db.expr_range(at.0, at.1));
                    let who = format!("`{}`", node.package.name);
                    Box::new(missing_fact(db, name, unit.is_build, &who, place))
                })
            }
            Object::Dep => {
                if let Some(dep) =
                    self.testing.iter().flat_map(|it| &it.deps).find(|it| it.name == *name)
                {
                    return Ok(Value::Dep(dep.value.clone()));
                }
                // A package that is both linked with and a tool is meant as the former.
                let edges = || node.edges.iter().enumerate().filter(|it| it.1.name == *name);
                let found = edges()
                    .find(|it| it.1.role == Role::Host)
                    .or_else(|| edges().find(|it| it.1.role == Role::Build));
                let Some((place, edge)) = found else {
                    let range = db.expr_range(at.0, at.1);
                    let why = if edges().next().is_some() {
                        "it is needed only when the package runs"
                    } else {
                        "it is not needed as the package is configured here"
                    };
                    let message = format!("`{name}` is no dependency of this build: {why}");
                    let diagnostic = Diagnostic::new(Code::EvaluationError, at.0, range, message)
                        .help("read it only where its condition holds: in the block of its feature, or behind `if`");
                    return Err(Box::new(diagnostic));
                };
                let is_other = |it: &&Edge| it.role == edge.role && it.to != edge.to;
                let other = edges().map(|it| it.1).find(is_other);
                if let Some(other) = other.filter(|it| it.injected.is_none()) {
                    return Err(Box::new(self.ambiguous(name, [edge, other], at)));
                }
                match self.edge_label(place) {
                    Some(label) => Ok(self.dep_value(edge.to, label)),
                    None => Err(fail(format!("`{name}` could not be built"))),
                }
            }
            Object::Deps => {
                if let Some(testing) = &self.testing {
                    let seen = match name.as_str() {
                        "test" => Some(&testing.deps),
                        "run" => Some(&testing.run),
                        _ => None,
                    };
                    if let Some(seen) = seen {
                        let values = seen.iter().map(|it| Value::Dep(it.value.clone())).collect();
                        for it in seen {
                            let input = Input::Ready(it.input.clone());
                            self.inputs.insert(it.value.label.clone(), input);
                        }
                        return Ok(Value::List(values));
                    }
                }
                let role = match name.as_str() {
                    "build" => Role::Build,
                    "run" => Role::Run,
                    "test" => Role::Test,
                    _ => Role::Host,
                };
                let mut values = Vec::new();
                if name == "link" {
                    let all = match &self.linked {
                        Some(all) => all.clone(),
                        None => linked(solution, self.id),
                    };
                    self.linked = Some(all.clone());
                    for to in all {
                        let direct =
                            node.edges.iter().position(|it| it.to == to && it.role == Role::Host);
                        let label = match direct {
                            Some(edge) => self.edge_label(edge),
                            None => {
                                self.node_label(to, &format!("link.{}", solution.node(to).name()))
                            }
                        };
                        if let Some(label) = label {
                            values.push(self.dep_value(to, label));
                        }
                    }
                } else {
                    for (place, edge) in node.edges.iter().enumerate() {
                        if edge.role == role
                            && role != Role::Run
                            && let Some(label) = self.edge_label(place)
                        {
                            values.push(self.dep_value(edge.to, label));
                        }
                    }
                }
                Ok(Value::List(values.into()))
            }
            Object::Outputs => match OutputName::new(&**name) {
                Ok(output) if output == OutputName::default_output() => {
                    Ok(Value::Text(self.own_path(output)))
                }
                _ => Err(fail(format!("this package has no output `{name}`"))),
            },
            Object::Sources => Ok(Value::text(&format!("/build/{name}"))),
            Object::Steps => Err(fail("steps are no values".to_owned())),
        }
    }

    fn file(&mut self, file: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        self.reads = true;
        let label = match self.files.get(&file.path) {
            Some(label) => label.clone(),
            None => {
                let stem = file.path.rsplit('/').next().unwrap_or("file");
                let stem: String = stem
                    .chars()
                    .filter(|it| it.is_ascii_alphanumeric() || matches!(it, '-' | '.' | '_'))
                    .collect();
                let stem = stem.trim_start_matches(['.', '-']);
                let stem = if stem.is_empty() { "file" } else { stem };
                let place = Place::new(at.0, self.context.db.expr_range(at.0, at.1));
                let fail = |message: String| -> Failure {
                    Box::new(Diagnostic::new(
                        Code::EvaluationError,
                        place.file,
                        place.range(),
                        message,
                    ))
                };
                let name = StoreName::new(stem).map_err(|error| fail(error.to_string()))?;
                let title = format!("{stem} of {}", self.context.solution.node(self.id).title());
                let input = self.import(file, name, title, place)?;
                // Two files of one name have labels of their own.
                let mut label = format!("file.{stem}");
                let mut number = 2;
                while let Ok(taken) = Label::new(&label)
                    && self.inputs.contains_key(&taken)
                {
                    label = format!("file.{stem}.{number}");
                    number += 1;
                }
                let label = Label::new(label).map_err(|error| fail(error.to_string()))?;
                self.inputs.insert(label.clone(), input);
                self.files.insert(file.path.clone(), label.clone());
                label
            }
        };
        Ok(Text::from_template(Template::from_pieces([Piece::Input(label)])))
    }

    fn fuel(&mut self) -> &mut Fuel {
        &mut self.fuel
    }
}

impl NodeBuilder<'_> {
    /// Says that a name may mean two outputs of a package.
    fn ambiguous(&self, name: &Name, edges: [&Edge; 2], at: (FileId, ExprId)) -> Diagnostic {
        let solution = self.context.solution;
        let [one, other] = edges.map(|it| solution.node(it.to).name());
        let range = self.context.db.expr_range(at.0, at.1);
        let message = format!("`dep.{name}` may be `{one}` or `{other}`");
        let mut diagnostic = Diagnostic::new(Code::AmbiguousName, at.0, range, message);
        for edge in edges {
            let mut deps = self.package.deps.iter();
            let is_it = |it: &&DepDecl| {
                it.package == *name && it.output == edge.output && it.role == edge.role
            };
            if let Some(dep) = deps.find(is_it) {
                diagnostic =
                    diagnostic.label(dep.place.file, dep.place.range(), "it is needed here");
            }
        }
        diagnostic.help(format!(
            "give one of them a name of its own, as in `{} {one} as {}`",
            edges[0].role,
            one.replace('.', "-")
        ))
    }

    /// The path of an output: where the build makes it, or where a test finds it.
    fn own_path(&self, output: OutputName) -> Text {
        let piece = match &self.testing {
            Some(_) => Piece::Input(tested()),
            None => Piece::Output(output),
        };
        Text::from_template(Template::from_pieces([piece]))
    }
}
