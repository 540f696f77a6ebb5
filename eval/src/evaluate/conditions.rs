//! Conditions and loops: expressions of the constraint fragment to data.

use std::borrow::Cow;
use std::sync::Arc;

use kiln_lang::check::{Fact, Res};
use kiln_lang::module::{BinaryOp, Expr, ExprId, GuardId, GuardKind, Name, SettingOp, Spec};
use kiln_lang::types::{EnumTy, Object, Ty};
use kiln_lang::{Checked, Code, Comparison, Diagnostic, VersionBound, VersionReq};

use super::Evaluation;
use crate::condition::{Atom, Cond, WithAtom, WithItem};
use crate::interpret::as_bits;
use crate::package::{AskDecl, Locals, Reqs, ValueDecl};
use crate::value::{Bits, Value};

/// How often the loops around one statement go round. The longest real list has 160 values.
const ROUNDS_MAX: usize = 10_000;

impl Evaluation<'_> {
    /// The condition of an expression of the constraint fragment.
    pub(crate) fn cond(&mut self, checked: &Arc<Checked>, expr: ExprId, locals: &Locals) -> Cond {
        match checked.res(expr) {
            Res::Bool(value) => return if *value { Cond::True } else { Cond::False },
            Res::Option => {
                let name = checked.module().word(expr).clone();
                return self.is_on(name);
            }
            Res::Error => return Cond::False,
            _ => {}
        }
        if let Some((object, name)) = checked.object_member(expr) {
            let value = Value::Bool(true);
            return Cond::is(Atom::Global(object, name.clone(), Comparison::Equal, value));
        }
        match &checked.module().exprs[expr] {
            Expr::Not(of) => self.cond(checked, *of, locals).negate(),
            Expr::Binary { op: BinaryOp::And, lhs, rhs } => {
                self.cond(checked, *lhs, locals).and(self.cond(checked, *rhs, locals))
            }
            Expr::Binary { op: BinaryOp::Or, lhs, rhs } => {
                self.cond(checked, *lhs, locals).or(self.cond(checked, *rhs, locals))
            }
            Expr::Binary { op, lhs, rhs } => self.comparison(checked, *op, *lhs, *rhs, locals),
            Expr::With(with) => {
                let Some(package) = with.spec.package_name() else { return Cond::False };
                let items = self.with_items(checked, package, &with.spec, locals);
                let req = match self.reqs(checked, &with.reqs, locals) {
                    Reqs::Known(req) => req,
                    Reqs::Computed(_) | Reqs::Same => VersionReq::any(),
                };
                let interface = with.interface.as_ref().map(|it| it.name.clone());
                Cond::is(Atom::With(Box::new(WithAtom {
                    package: package.clone(),
                    interface,
                    items,
                    req,
                })))
            }
            _ => match self.constant(checked, expr, locals) {
                Some(Value::Bool(true)) => Cond::True,
                _ => Cond::False,
            },
        }
    }

    fn comparison(
        &mut self,
        checked: &Arc<Checked>,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        locals: &Locals,
    ) -> Cond {
        if let (Some(Chosen::Global(a, x)), Some(Chosen::Global(b, y)), Some(comparison)) =
            (self.chosen(checked, lhs), self.chosen(checked, rhs), op.comparison())
        {
            return Cond::is(Atom::Globals((a, x), comparison, (b, y)));
        }
        // Something that is chosen stands on one side, a constant on the other.
        let (chosen, constant, op) = match self.chosen(checked, lhs) {
            Some(chosen) => (chosen, rhs, op),
            None => match self.chosen(checked, rhs) {
                Some(chosen) => (chosen, lhs, mirrored(op)),
                None => {
                    // Both are constants: a comparison that a loop has made.
                    return match self.constant_comparison(checked, op, lhs, rhs, locals) {
                        Some(true) => Cond::True,
                        _ => Cond::False,
                    };
                }
            },
        };
        if op == BinaryOp::In {
            return self.in_(checked, &chosen, constant, locals);
        }
        let Some(value) = self.constant(checked, constant, locals) else { return Cond::False };
        if matches!(op, BinaryOp::Has | BinaryOp::HasAny | BinaryOp::HasAll) {
            let (is_any, found) = (op == BinaryOp::HasAny, elements(&value));
            let Some((of, bits)) = found else {
                return if is_any { Cond::False } else { Cond::True };
            };
            let atoms = bits.iter().map(|it| chosen.has(&of, it));
            return if is_any { Cond::any(atoms) } else { Cond::all(atoms) };
        }
        match op.comparison() {
            Some(comparison) => chosen.compare(comparison, value),
            None => Cond::False,
        }
    }

    fn constant_comparison(
        &mut self,
        checked: &Arc<Checked>,
        op: BinaryOp,
        lhs: ExprId,
        rhs: ExprId,
        locals: &Locals,
    ) -> Option<bool> {
        let (left, right) =
            (self.constant(checked, lhs, locals)?, self.constant(checked, rhs, locals)?);
        Some(match op {
            BinaryOp::Has => match (&left, &right) {
                (Value::Set(_, bits), Value::Enum(_, at)) => bits.has(*at),
                (Value::List(items), value) => items.contains(value),
                _ => false,
            },
            BinaryOp::In => match (&left, &right) {
                (Value::Enum(_, at), Value::Set(_, bits)) => bits.has(*at),
                (value, Value::List(items)) => items.contains(value),
                (a, b) => a == b,
            },
            op => crate::condition::compare(&left, op.comparison()?, &right),
        })
    }

    fn in_(
        &mut self,
        checked: &Arc<Checked>,
        chosen: &Chosen,
        rhs: ExprId,
        locals: &Locals,
    ) -> Cond {
        if let Expr::Range { lo, hi, inclusive } = &checked.module().exprs[rhs] {
            let mut parts = Vec::new();
            if let Some(lo) = lo {
                match self.constant(checked, *lo, locals) {
                    Some(lo) => parts.push(chosen.compare(Comparison::GreaterOrEqual, lo)),
                    None => return Cond::False,
                }
            }
            if let Some(hi) = hi {
                let below = if *inclusive { Comparison::LessOrEqual } else { Comparison::Less };
                match self.constant(checked, *hi, locals) {
                    Some(hi) => parts.push(chosen.compare(below, hi)),
                    None => return Cond::False,
                }
            }
            return Cond::all(parts);
        }
        match self.constant(checked, rhs, locals) {
            Some(Value::Set(of, bits)) => Cond::any(
                bits.iter()
                    .map(|it| chosen.compare(Comparison::Equal, Value::Enum(of.clone(), it))),
            ),
            Some(Value::List(items)) => {
                Cond::any(items.iter().map(|it| chosen.compare(Comparison::Equal, it.clone())))
            }
            Some(value) => chosen.compare(Comparison::Equal, value),
            None => Cond::False,
        }
    }

    fn with_items(
        &mut self,
        checked: &Arc<Checked>,
        package: &Name,
        spec: &Spec,
        locals: &Locals,
    ) -> Vec<WithItem> {
        let Some(file) = self.db.package(package) else { return Vec::new() };
        let table = self.db.schema(file).table.clone();
        let mut items = Vec::new();
        for item in self.items(checked, package, &table, spec, locals) {
            match item.ask {
                AskDecl::Switch(on) => items.push(WithItem::Switch(item.option, on)),
                AskDecl::Has(bit) => {
                    let of = table.get(&item.option).and_then(|it| it.ty.words().cloned());
                    items.extend(of.map(|of| WithItem::Has(item.option, of, bit, true)));
                }
                AskDecl::Value(op, ValueDecl::Known(value)) => match (op, elements(&value)) {
                    (SettingOp::Add | SettingOp::Remove, Some((of, bits))) => {
                        let on = op == SettingOp::Add;
                        items.extend(
                            bits.iter()
                                .map(|it| WithItem::Has(item.option.clone(), of.clone(), it, on)),
                        );
                    }
                    _ => items.push(WithItem::Equals(item.option, value)),
                },
                AskDecl::Value(_, ValueDecl::Computed { .. }) => {}
            }
        }
        items
    }

    /// The condition of a guard and those around it, loops aside.
    pub(crate) fn guard(
        &mut self,
        checked: &Arc<Checked>,
        guard: Option<GuardId>,
        locals: &Locals,
    ) -> Cond {
        self.guard_and_outer(checked, guard, locals).0
    }

    /// As [`guard`](Self::guard), and the condition of those around it.
    pub(super) fn guard_and_outer(
        &mut self,
        checked: &Arc<Checked>,
        guard: Option<GuardId>,
        locals: &Locals,
    ) -> (Cond, Cond) {
        let Some(id) = guard else { return (Cond::True, Cond::True) };
        // What stands in one block is evaluated one after the other.
        let at = (checked.file, id);
        if let Some((last, conds)) = &self.last_guard
            && *last == at
            && locals.is_empty()
        {
            return conds.clone();
        }
        let guard = &checked.module().guards[id];
        let inner = self.one_guard(checked, &guard.kind, locals);
        let outer = self.guard(checked, guard.parent, locals);
        let conds = (outer.clone().and(inner), outer);
        if locals.is_empty() {
            self.last_guard = Some((at, conds.clone()));
        }
        conds
    }

    fn one_guard(&mut self, checked: &Arc<Checked>, kind: &GuardKind, locals: &Locals) -> Cond {
        match kind {
            GuardKind::When(cond) => self.cond(checked, *cond, locals),
            GuardKind::Unless(cond) => self.cond(checked, *cond, locals).negate(),
            GuardKind::Feature(name) => self.is_on(name.name.clone()),
            GuardKind::Arm { knob, patterns } => self.arm(checked, &knob.name, patterns, locals),
            GuardKind::ElseArm { knob, patterns } => {
                self.arm(checked, &knob.name, patterns, locals).negate()
            }
            GuardKind::For { .. } => Cond::True,
        }
    }

    /// The place of an option in the table of the package, if its own bodies are evaluated.
    fn own_place(&self, name: &Name) -> Option<u32> {
        self.is_own.then(|| self.table.position(name)).flatten().map(|it| it as u32)
    }

    /// The condition that a feature is on.
    fn is_on(&self, name: Name) -> Cond {
        let at = self.own_place(&name);
        Cond::is(Atom::Option(name, Comparison::Equal, Value::Bool(true), at))
    }

    fn chosen(&self, checked: &Checked, expr: ExprId) -> Option<Chosen> {
        match checked.res(expr) {
            Res::Option => {
                let name = checked.module().word(expr).clone();
                let at = self.own_place(&name);
                Some(Chosen::Option(name, at))
            }
            Res::Fact(Fact::Version) => Some(Chosen::Version),
            _ => checked.object_member(expr).map(|it| Chosen::Global(it.0, it.1.clone())),
        }
    }

    fn arm(
        &mut self,
        checked: &Arc<Checked>,
        knob: &Name,
        patterns: &[ExprId],
        locals: &Locals,
    ) -> Cond {
        let is_set =
            self.table.get(knob).is_some_and(|it| matches!(it.ty.without_opt(), Ty::Set(_)));
        let chosen = Chosen::Option(knob.clone(), self.own_place(knob));
        Cond::any(patterns.iter().map(|pattern| {
            if let Expr::Range { .. } = &checked.module().exprs[*pattern] {
                return self.in_(checked, &chosen, *pattern, locals);
            }
            let is = |it| chosen.compare(Comparison::Equal, it);
            match self.constant(checked, *pattern, locals) {
                Some(value @ (Value::Enum(..) | Value::Set(..))) if is_set => {
                    let Some((of, bits)) = elements(&value) else { return Cond::False };
                    Cond::any(bits.iter().map(|it| chosen.has(&of, it)))
                }
                Some(Value::Set(of, bits)) => {
                    Cond::any(bits.iter().map(|it| is(Value::Enum(of.clone(), it))))
                }
                Some(value) => is(value),
                None => Cond::False,
            }
        }))
    }

    /// The values that the loops around a guard give to their names, one list for each round.
    pub(crate) fn rounds(
        &mut self,
        checked: &Arc<Checked>,
        guard: Option<GuardId>,
    ) -> Cow<'static, [Locals]> {
        /// Nearly all that is written stands in no loop.
        const ONCE: &[Locals] = &[Locals::NONE];
        if guard.is_none() {
            return Cow::Borrowed(ONCE);
        }
        let module = checked.module();
        let mut loops: Vec<(Name, ExprId)> = module
            .guards_of(guard)
            .filter_map(|it| match &it.kind {
                GuardKind::For { name, list } => Some((name.name.clone(), *list)),
                _ => None,
            })
            .collect();
        let mut rounds = Cow::Borrowed(ONCE);
        while let Some((name, list)) = loops.pop() {
            let mut next = Vec::new();
            for round in &*rounds {
                if next.len() > ROUNDS_MAX {
                    let range = checked.schema.env.lowered.map.expr(list);
                    let message = format!("these loops go round more than {ROUNDS_MAX} times");
                    let diagnostic =
                        Diagnostic::new(Code::EvaluationLimit, checked.file, range, message)
                            .help("loops in loops multiply");
                    self.mistake(diagnostic);
                    return Cow::default();
                }
                let values = match self.constant(checked, list, round) {
                    Some(Value::List(items)) => items.to_vec(),
                    Some(Value::Set(of, bits)) => {
                        bits.iter().map(|it| Value::Enum(of.clone(), it)).collect()
                    }
                    _ => Vec::new(),
                };
                for value in values {
                    let mut locals = round.clone();
                    locals.push(name.clone(), value);
                    next.push(locals);
                }
            }
            rounds = Cow::Owned(next);
        }
        rounds
    }
}

/// The enum whose values a value is or has, and which.
fn elements(value: &Value) -> Option<(EnumTy, Bits)> {
    match value {
        Value::Set(of, _) | Value::Enum(of, _) => Some((of.clone(), as_bits(value)?)),
        _ => None,
    }
}

/// Something that is chosen, on one side of a comparison.
enum Chosen {
    /// An option, and its place in the table of the package that asks.
    Option(Name, Option<u32>),
    Version,
    Global(Object, Name),
}

impl Chosen {
    fn compare(&self, comparison: Comparison, value: Value) -> Cond {
        Cond::is(match (self, value) {
            (Chosen::Option(name, at), value) => Atom::Option(name.clone(), comparison, value, *at),
            (Chosen::Global(object, name), value) => {
                Atom::Global(*object, name.clone(), comparison, value)
            }
            (Chosen::Version, Value::Version(version)) => {
                Atom::Version(comparison, VersionBound::Exact(version))
            }
            (Chosen::Version, Value::Series(version)) => {
                Atom::Version(comparison, VersionBound::Series(version))
            }
            (Chosen::Version, _) => return Cond::False,
        })
    }
}

impl Chosen {
    /// The condition that a set has a value.
    fn has(&self, of: &EnumTy, at: u32) -> Cond {
        match self {
            Chosen::Option(name, place) => {
                Cond::is(Atom::Has(name.clone(), of.clone(), at, *place))
            }
            Chosen::Global(object, name) => {
                Cond::is(Atom::GlobalHas(*object, name.clone(), of.clone(), at))
            }
            Chosen::Version => Cond::False,
        }
    }
}

/// The operator with its sides swapped.
fn mirrored(op: BinaryOp) -> BinaryOp {
    match op {
        BinaryOp::Lt => BinaryOp::Gt,
        BinaryOp::Le => BinaryOp::Ge,
        BinaryOp::Gt => BinaryOp::Lt,
        BinaryOp::Ge => BinaryOp::Le,
        other => other,
    }
}
