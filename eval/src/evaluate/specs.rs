//! Dependencies: what is asked of packages, of their options and of their versions.

use std::sync::Arc;

use kiln_lang::module::{Dep, ExprId, Name, PackageRef, Req, SettingOp, Spec};
use kiln_lang::schema::OptionTable;
use kiln_lang::types::Ty;
use kiln_lang::{Checked, Code, Comparison, Diagnostic, VersionBound, VersionReq};
use thin_vec::ThinVec;

use super::Evaluation;
use super::readers::Early;
use crate::condition::Cond;
use crate::interpret::Interpreter;
use crate::package::{AskDecl, ComputedReqs, DepDecl, ItemDecl, Locals, Place, Reqs, ValueDecl};
use crate::value::Value;

/// How many alternatives a requirement on a version may have, multiplied out. Real ones have 3.
const ALTERNATIVES_MAX: usize = 1_000;

impl Evaluation<'_> {
    pub(super) fn dep(
        &mut self,
        checked: &Arc<Checked>,
        dep: &Dep,
        guard: Cond,
        place: Place,
        locals: &Locals,
    ) -> Option<DepDecl> {
        let package = match &dep.spec.package {
            PackageRef::Named(ident) => ident.name.clone(),
            PackageRef::Made(expr) => match self.constant(checked, *expr, locals) {
                Some(Value::Text(text)) => Name::from(text.as_plain()?),
                _ => return None,
            },
            PackageRef::Missing(_) => return None,
        };
        let when = dep.when.map_or(Cond::True, |it| self.cond(checked, it, locals));
        let asks = !dep.spec.items.is_empty();
        let items = match asks.then(|| self.db.package(&package)).flatten() {
            Some(file) => {
                let table = self.db.schema(file).table.clone();
                self.items(checked, &package, &table, &dep.spec, locals).into_iter().collect()
            }
            None => ThinVec::new(),
        };
        Some(DepDecl {
            role: dep.role,
            package,
            output: dep.spec.output.as_ref().map(|it| Box::new(it.name.clone())),
            alias: dep.alias.as_ref().map(|it| Box::new(it.name.clone())),
            items,
            reqs: if dep.exact { Reqs::Same } else { self.reqs(checked, &dep.reqs, locals) },
            cond: guard.and(when),
            place,
            text: self.text(place),
        })
    }

    /// What a spec asks of the options of a package.
    pub(crate) fn items(
        &mut self,
        checked: &Arc<Checked>,
        package: &Name,
        table: &OptionTable,
        spec: &Spec,
        locals: &Locals,
    ) -> Vec<ItemDecl> {
        let mut items = Vec::new();
        for item in &spec.items {
            let place = self.place(checked, item.span);
            let (of, option) = match &*item.path {
                [first] => (None, first),
                [first, second, ..]
                    if table.get(&first.name).is_none() && first.name != *package =>
                {
                    (Some(first.name.clone()), second)
                }
                [_, second, ..] => (None, second),
                [] => continue,
            };
            let inner;
            let table = match &of {
                None => table,
                Some(of) => match self.db.package(of) {
                    Some(file) => {
                        inner = self.db.schema(file);
                        &*inner.table
                    }
                    None => continue,
                },
            };
            let renamed = table.renamed.iter().find(|it| it.from == option.name);
            let name = renamed.map_or_else(|| option.name.clone(), |it| it.to.clone());
            let ask = match &item.value {
                Some((op, value)) => {
                    let value = match self.constant(checked, *value, locals) {
                        Some(value) => ValueDecl::Known(value),
                        None => ValueDecl::Computed {
                            file: checked.file,
                            expr: *value,
                            locals: locals.clone(),
                        },
                    };
                    AskDecl::Value(*op, value)
                }
                None if table.get(&name).is_some() => AskDecl::Switch(!item.off),
                // A value of one of its sets.
                None => match &table.sets_with(&name)[..] {
                    [(set, at)] => {
                        let option = set.name.clone();
                        let ask = if item.off {
                            let Ty::Set(ty) = &set.ty else { continue };
                            let bits = [*at].into_iter().collect();
                            AskDecl::Value(
                                SettingOp::Remove,
                                ValueDecl::Known(Value::Set(ty.clone(), bits)),
                            )
                        } else {
                            AskDecl::Has(*at)
                        };
                        items.push(ItemDecl { of, option, ask, place });
                        continue;
                    }
                    _ => continue,
                },
            };
            items.push(ItemDecl { of, option: name, ask, place });
        }
        items
    }

    pub(crate) fn reqs(&mut self, checked: &Arc<Checked>, reqs: &[Req], locals: &Locals) -> Reqs {
        if reqs.is_empty() {
            return Reqs::Known(VersionReq::any());
        }
        let known = self.alternatives(checked, reqs, |it, version| {
            match it.constant(checked, version, locals)? {
                Value::Version(version) => Some(VersionBound::Exact(version)),
                Value::Series(version) => Some(VersionBound::Series(version)),
                _ => None,
            }
        });
        if let Some(any_of) = known {
            return Reqs::Known(VersionReq::new(any_of));
        }
        let any_of = self.alternatives(checked, reqs, |_, version| Some(version));
        Reqs::Computed(Box::new(ComputedReqs {
            file: checked.file,
            any_of: any_of.unwrap_or_default(),
            locals: locals.clone(),
        }))
    }

    /// Requirements one after the other, which all hold: alternatives are multiplied out. There are
    /// none if `make` makes nothing of one of the versions.
    fn alternatives<T: Clone>(
        &mut self,
        checked: &Arc<Checked>,
        reqs: &[Req],
        mut make: impl FnMut(&mut Self, ExprId) -> Option<T>,
    ) -> Option<Vec<Vec<(Comparison, T)>>> {
        let mut any_of = vec![Vec::with_capacity(reqs.len())];
        for req in reqs {
            if any_of.len() > ALTERNATIVES_MAX {
                self.too_many_alternatives(checked, req);
                return Some(vec![Vec::new()]);
            }
            match req {
                Req::Compare(op, version) => {
                    let Some(op) = op.comparison() else { continue };
                    let version = make(self, *version)?;
                    any_of.iter_mut().for_each(|it| it.push((op, version.clone())));
                }
                Req::Any(alternatives) => {
                    let mut made: Vec<Vec<(Comparison, T)>> = Vec::new();
                    for alternative in alternatives {
                        let mut all = Vec::new();
                        for (op, version) in alternative {
                            let Some(op) = op.comparison() else { continue };
                            all.push((op, make(self, *version)?));
                        }
                        made.push(all);
                    }
                    let joined = any_of.iter().flat_map(|all| {
                        made.iter().map(|more| all.iter().chain(more).cloned().collect())
                    });
                    any_of = joined.collect();
                }
            }
        }
        Some(any_of)
    }

    fn too_many_alternatives(&mut self, checked: &Arc<Checked>, req: &Req) {
        let version = match req {
            Req::Compare(_, version) => Some(*version),
            Req::Any(alternatives) => alternatives.first().and_then(|it| it.first()).map(|it| it.1),
        };
        let range = version.map(|it| checked.schema.env.lowered.map.expr(it)).unwrap_or_default();
        let message = format!("this requirement has more than {ALTERNATIVES_MAX} alternatives");
        let diagnostic = Diagnostic::new(Code::EvaluationLimit, checked.file, range, message)
            .help("alternatives one after the other multiply: write them in one group");
        self.mistake(diagnostic);
    }

    /// A version requirement that reads the version of the package that says it.
    pub(crate) fn version_req(
        &mut self,
        checked: &Arc<Checked>,
        reqs: &ComputedReqs,
        version: &kiln_lang::Version,
    ) -> VersionReq {
        let mut reader = Early { fuel: &mut self.fuel, db: self.db, version: Some(version) };
        let mut alternatives = Vec::new();
        for all in &reqs.any_of {
            let mut bounds = Vec::new();
            for (op, expr) in all {
                let mut interpreter = Interpreter::new(self.db, checked, &mut reader);
                interpreter.locals = reqs.locals.clone();
                match interpreter.eval(*expr) {
                    Ok(Value::Version(version)) => bounds.push((*op, VersionBound::Exact(version))),
                    Ok(Value::Series(version)) => bounds.push((*op, VersionBound::Series(version))),
                    _ => {}
                }
            }
            alternatives.push(bounds);
        }
        VersionReq::new(alternatives)
    }
}
