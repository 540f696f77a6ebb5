//! The options of one package: defaults, layers, needs, in this order and each with its right.
//!
//! ```text
//! declaration ─▶ settings in the recipe and its mixins   = the default
//!             ─▶ layers, lowest first                    fix the value, or elements of it
//!             ─▶ needs and refusals of dependents        raise or refuse what is not fixed
//! ```
//!
//! An option is computed when it is first asked for; the checker has seen to it that this ends.

mod needs;
mod pins;

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use kiln_lang::check::Fact;
use kiln_lang::module::{ExprId, GuardKind, Name, OptionKind, SettingOp};
use kiln_lang::schema::{BodyRef, Join, OptionSchema};
use kiln_lang::types::{EnumTy, Object, Ty};
use kiln_lang::{Checked, Code, Database, Diagnostic, FileId, Version};
use thin_vec::ThinVec;

use self::needs::{satisfies, told_of};
use super::board::Drafts;
use super::node::Draft;
use super::search::{Choice, Clash, Nogoods, Pick, Var};
use super::unit::{Ask, AskWhat, Need};
use crate::amend::{Unamended, amend, combine, no_whole, part_of_option};
use crate::condition::{Facts, WithAtom};
use crate::evaluate::{allowed, condition_of, declared};
use crate::globals::missing_fact;
use crate::interpret::{Failure, Fuel, Interpreter, Reader, as_bits, eval_let};
use crate::layers::{LayerSetting, Setup};
use crate::package::{Locals, Package, Place};
use crate::refine::{Refiner, complaint};
use crate::solution::{Influence, Influencer, OptionState, OptionValue, OptionValues, Says};
use crate::text::Text;
use crate::value::{Bits, LocalFile, Value, conform};

/// Computes the options of one package.
pub(super) struct Options<'a> {
    db: &'a Database,
    setup: &'a Setup,
    package: &'a Arc<Package>,
    version: &'a Version,
    board: &'a Drafts,
    layers: &'a [(usize, &'a LayerSetting)],
    needs: &'a [Arc<Need>],
    /// Whether a need asks something of an option.
    has_asks: bool,
    slots: Slots,
    lets: std::collections::HashMap<(BodyRef, u32), Value>,
    fuel: Fuel,
    /// The packages and interfaces that conditions asked for.
    read: BTreeSet<Name>,
    /// The options that somebody would have otherwise.
    contested: BTreeSet<Name>,
    diagnostics: Vec<Diagnostic>,
    /// What the search has learned, and how it is told.
    pub(super) learned: Option<(&'a Nogoods, &'a [Diagnostic])>,
    /// Which of its values each option has that is `auto(…)`, where nobody decides it.
    autos: BTreeMap<u32, u32>,
    /// The options in `autos` that each option reads, by its place in the table.
    read_autos: BTreeMap<usize, BTreeSet<u32>>,
    /// Those that what is being computed reads, outermost first.
    reading: Vec<BTreeSet<u32>>,
    /// Why there is no value left for an option that is `auto(…)`.
    exhausted: ThinVec<Clash>,
}

/// What comes out of computing options.
pub(super) struct Finished {
    /// By their place in the package's table; nothing for fields.
    pub(super) values: OptionValues,
    pub(super) diagnostics: Vec<Diagnostic>,
    /// The packages and interfaces that conditions asked for.
    pub(super) read: BTreeSet<Name>,
    /// The options that somebody would have otherwise.
    pub(super) contested: BTreeSet<Name>,
    /// Which of its values each option has that is `auto(…)`, where nobody decides it.
    pub(super) autos: BTreeMap<u32, u32>,
    /// The options in `autos` that each option reads, itself among them.
    pub(super) read_autos: BTreeMap<Name, BTreeSet<u32>>,
    /// Why there is no value left for an option that is `auto(…)`.
    pub(super) exhausted: ThinVec<Clash>,
}

enum Slot {
    Empty,
    /// Being computed: asked for again, it would be a ring.
    Open,
    Done(Option<Arc<OptionValue>>),
}

/// What is known of the values of all options, by their places in the package's table.
enum Slots {
    /// All of them are known.
    Known(OptionValues),
    /// They are computed here.
    Own(Vec<Slot>),
}

impl Slots {
    /// Nothing is computed yet.
    fn empty(package: &Package) -> Self {
        Slots::Own(package.schema.table.options.iter().map(|_| Slot::Empty).collect())
    }

    /// The value of an option, if it has been computed.
    fn value(&self, at: usize) -> Option<&Arc<OptionValue>> {
        match self {
            Slots::Known(values) => values.get(at),
            Slots::Own(slots) => slots[at].value(),
        }
    }

    /// Puts in what is computed here.
    fn set(&mut self, at: usize, slot: Slot) {
        if let Slots::Own(slots) = self {
            slots[at] = slot;
        }
    }
}

impl Slot {
    fn value(&self) -> Option<&Arc<OptionValue>> {
        match self {
            Slot::Done(value) => value.as_ref(),
            Slot::Empty | Slot::Open => None,
        }
    }
}

/// A value on its way through the layers.
struct Stack {
    value: Value,
    /// Of a set: the elements that layers have fixed, in or out.
    fixed: Bits,
    /// Whether all of it is fixed.
    all_fixed: bool,
    history: Vec<Influence>,
}

impl<'a> Options<'a> {
    pub(super) fn new(
        db: &'a Database,
        setup: &'a Setup,
        package: &'a Arc<Package>,
        version: &'a Version,
        board: &'a Drafts,
        layers: &'a [(usize, &'a LayerSetting)],
        needs: &'a [Arc<Need>],
    ) -> Self {
        let has_asks = needs.iter().any(|it| !it.asks.is_empty());
        // Of most packages nobody says anything: they share what is found out of the recipe.
        let slots = match package.is_plain && layers.is_empty() && !has_asks {
            true => Slots::Known(package.plain.clone()),
            false => Slots::empty(package),
        };
        Options {
            db,
            setup,
            package,
            version,
            board,
            layers,
            needs,
            has_asks,
            slots,
            lets: Default::default(),
            fuel: Fuel::default(),
            read: BTreeSet::new(),
            contested: BTreeSet::new(),
            diagnostics: Vec::new(),
            learned: None,
            autos: BTreeMap::new(),
            read_autos: BTreeMap::new(),
            reading: Vec::new(),
            exhausted: ThinVec::new(),
        }
    }

    /// The options of a package that is settled.
    pub(super) fn of_draft(
        db: &'a Database,
        setup: &'a Setup,
        draft: &'a Draft,
        board: &'a Drafts,
    ) -> Self {
        let mut options = Options::new(db, setup, &draft.package, &draft.version, board, &[], &[]);
        options.values_of(&draft.options);
        options
    }

    /// Computes every feature and knob.
    pub(super) fn all(&mut self) {
        self.fill_all();
        self.unknown_asks();
    }

    /// Begins to note which options that are `auto(…)` are read.
    pub(super) fn begin_reading(&mut self) {
        self.reading.push(BTreeSet::new());
    }

    /// Returns those that were read since.
    pub(super) fn end_reading(&mut self) -> BTreeSet<u32> {
        let read = self.reading.pop().unwrap_or_default();
        if let Some(outer) = self.reading.last_mut() {
            outer.extend(&read);
        }
        read
    }

    /// Returns the options, and what else came out.
    pub(super) fn finish(self) -> Finished {
        let table = &self.package.schema.table;
        let read_autos =
            self.read_autos.into_iter().map(|(at, read)| (table.options[at].name.clone(), read));
        let read_autos = read_autos.collect();
        let values = match self.slots {
            Slots::Known(values) => values,
            Slots::Own(slots) => slots.iter().map(|it| it.value().cloned()).collect(),
        };
        Finished {
            values,
            diagnostics: self.diagnostics,
            read: self.read,
            contested: self.contested,
            autos: self.autos,
            read_autos,
            exhausted: self.exhausted,
        }
    }

    /// Evaluates an expression that reads options of this package.
    pub(super) fn evaluate(
        &mut self,
        file: FileId,
        expr: ExprId,
        locals: &Locals,
    ) -> Option<Value> {
        let checked = self.db.checked(file);
        let db = self.db;
        let mut interpreter = Interpreter::new(db, &checked, self);
        interpreter.locals = locals.clone();
        match interpreter.eval(expr) {
            Ok(value) => Some(value),
            Err(failure) => {
                self.report(*failure);
                None
            }
        }
    }

    fn report(&mut self, diagnostic: Diagnostic) {
        if !self.diagnostics.contains(&diagnostic) {
            self.diagnostics.push(diagnostic);
        }
    }

    fn at(&self, code: Code, place: Place, message: impl Into<String>) -> Diagnostic {
        Diagnostic::new(code, place.file, place.range(), message)
    }

    /// The value of an option by its place in the package's table.
    fn slot(&mut self, at: usize) -> Option<&Value> {
        // Of what is computed already, it is known what that has read.
        if let (Some(read), Some(outer)) = (self.read_autos.get(&at), self.reading.last_mut()) {
            outer.extend(read);
        }
        self.fill(at);
        self.slots.value(at).map(|it| &it.value)
    }

    /// Computes every option that has not been computed.
    fn fill_all(&mut self) {
        if let Slots::Own(slots) = &self.slots {
            (0..slots.len()).for_each(|at| self.fill(at));
        }
    }

    /// Computes an option, if that has not been done.
    fn fill(&mut self, at: usize) {
        match &self.slots {
            Slots::Own(slots) if matches!(slots[at], Slot::Empty) => {}
            Slots::Own(_) | Slots::Known(_) => return,
        }
        if let Some(plain) = self.plain(at) {
            self.slots.set(at, Slot::Done(Some(plain.clone())));
            return;
        }
        let package: &'a Package = self.package;
        let option = &package.schema.table.options[at];
        if matches!(option.kind, OptionKind::Field | OptionKind::Let) {
            self.slots.set(at, Slot::Done(None));
            return;
        }
        self.slots.set(at, Slot::Open);
        self.begin_reading();
        let value = Arc::new(self.compute(at, option));
        if self.autos.contains_key(&(at as u32))
            && let Some(reading) = self.reading.last_mut()
        {
            reading.insert(at as u32);
        }
        let read = self.end_reading();
        if !read.is_empty() {
            self.read_autos.insert(at, read);
        }
        self.slots.set(at, Slot::Done(Some(value)));
    }

    /// The value of an option that is as declared, if nobody says anything about it.
    fn plain(&self, at: usize) -> Option<&'a Arc<OptionValue>> {
        let plain = self.package.plain.get(at)?;
        let name = &self.package.schema.table.options[at].name;
        let is_asked = self.has_asks
            && self.needs.iter().any(|need| need.asks.iter().any(|it| it.option == *name));
        (self.layers.is_empty() && !is_asked).then_some(plain)
    }

    fn checked(&self, file: FileId) -> Arc<Checked> {
        match self.package.bodies.iter().find(|it| it.file == file) {
            Some(checked) => checked.clone(),
            None => self.db.checked(file),
        }
    }

    fn declared(&self, option: &OptionSchema) -> Place {
        Place::new(option.at.file, self.db.span(option.at.file, option.span))
    }

    //------ the value

    fn compute(&mut self, at: usize, option: &OptionSchema) -> OptionValue {
        let mut stack = self.default(option);
        let package = self.package.clone();
        let effect = package.effects.get(&(at as u32));
        let has_effect = effect.is_none_or(|it| it.holds(self) != Some(false));
        let default = stack.value.clone();
        let (mut wishes, mut needs) = (Vec::new(), Vec::new());
        for need in self.needs {
            for ask in need.asks.iter().filter(|it| it.option == option.name) {
                match need.wish_above {
                    Some(layers) => wishes.push((layers, &**need, ask)),
                    None => needs.push((&**need, ask)),
                }
            }
        }
        wishes.sort_by_key(|it| it.0);
        let mut wishes = wishes.into_iter().peekable();
        for (layer, setting) in self.layers {
            while let Some((_, need, ask)) = wishes.next_if(|it| it.0 <= *layer) {
                self.wish(option, need, ask, &mut stack);
            }
            self.layer_setting(option, *layer, setting, &default, has_effect, &mut stack);
        }
        for (_, need, ask) in wishes {
            self.wish(option, need, ask, &mut stack);
        }
        let fixed = stack.all_fixed || !stack.fixed.is_empty();
        // What nobody decides is for the search to decide; who needs at least a number leaves the
        // rest to it.
        let is_open = !fixed && stack.history.len() == 1;
        let is_by_size = matches!(option.join, Join::Max | Join::Min) && !option.sticky;
        let mut needed = self.join(option, &needs, &mut stack);
        let mut is_other = false;
        if is_open && (needs.is_empty() || is_by_size) {
            (is_other, needed) = self.auto(at, option, &needs, needed, &mut stack);
        }
        let state = if is_other {
            OptionState::Auto
        } else if fixed && !needed {
            OptionState::Fixed
        } else if needed {
            OptionState::Needed
        } else {
            OptionState::Default
        };
        self.allowed(option, &stack);
        OptionValue { value: stack.value, state, history: stack.history.into() }
    }

    /// Takes the first value of `auto(a, b)` that is enough for all who need one and that nothing was
    /// learned against, and behind those what is needed itself. `needed` is whether that is what the
    /// value is so far. Returns whether it is another than the first one of all, and whether it is
    /// what is needed.
    fn auto(
        &mut self,
        at: usize,
        option: &OptionSchema,
        needs: &[(&Need, &Ask)],
        needed: bool,
        stack: &mut Stack,
    ) -> (bool, bool) {
        let package = self.package.clone();
        let index = at as u32;
        let (Some(choices), Some((nogoods, told))) = (package.autos.get(&index), self.learned)
        else {
            return (false, needed);
        };
        // What the search decides before it: what was declared before it.
        for earlier in package.autos.keys().take_while(|it| **it < index) {
            self.slot(*earlier as usize);
        }
        let name = &package.name;
        let mut own: Vec<Choice> = vec![(Var::of(name), Pick::Version(self.version.clone()))];
        own.extend(
            self.autos.iter().map(|(option, at)| (Var::auto(name, *option), Pick::Value(*at))),
        );
        let var = Var::auto(name, index);
        let mut clash = Clash::default();
        let mut tried = Vec::new();
        let mut chosen = None;
        // The place behind them all stands for what is needed.
        let least = joined(option.join, needs, &option.ty);
        for place in 0..=choices.len() {
            let value = match choices.get(place) {
                // The first one is what the value is.
                Some(_) if place == 0 && needs.is_empty() => Some(stack.value.clone()),
                Some(expr) => self
                    .evaluate(option.at.file, *expr, &Locals::NONE)
                    .map(|it| conform(it, &option.ty)),
                None => least.clone(),
            };
            let Some(value) = value else { continue };
            if !Self::is_enough(option, needs, &value) {
                continue;
            }
            let pick = Pick::Value(place as u32);
            let Some(nogood) = nogoods.against(self.board, &own, &var, &pick) else {
                chosen = Some((place as u32, value));
                break;
            };
            clash.choices.extend(nogood.others.iter().cloned());
            clash.causes.extend(&nogood.causes);
            if let Some(told) = nogood.causes.first().and_then(|it| told.get(*it)) {
                tried.push(Influence::would_not_do(&value.source(), told));
            }
        }
        let Some((chosen, value)) = chosen else {
            // Somebody else's need may be what leaves no other value.
            clash.sources.extend(needs.iter().flat_map(|it| it.0.sources()));
            self.exhausted.push(clash);
            self.autos.insert(index, 0);
            return (false, needed);
        };
        self.autos.insert(index, chosen);
        let is_first = chosen == 0;
        if needs.is_empty() && is_first {
            return (false, needed);
        }
        stack.value = value;
        let is_needed = !is_first && least.as_ref() == Some(&stack.value);
        for influence in &mut stack.history {
            if influence.by == Influencer::Default {
                influence.overruled = !is_first;
            }
        }
        // Who decided it comes last.
        let at = if is_needed { 1 } else { stack.history.len() };
        stack.history.splice(at..at, tried);
        told_of(option.join, stack);
        (!is_first && !is_needed, is_needed)
    }

    /// The default: what the declaration says, and what the recipe and its mixins set.
    fn default(&mut self, option: &OptionSchema) -> Stack {
        let checked = self.checked(option.at.file);
        let value = match option.default {
            Some(expr) => {
                let expr = first_choice(&checked, expr);
                match self.evaluate(option.at.file, expr, &Locals::NONE) {
                    Some(value) => conform(value, &option.ty),
                    None => fallback(&option.ty),
                }
            }
            None => match &option.ty {
                Ty::Bool => Value::Bool(false),
                Ty::Opt(_) => Value::Null,
                ty => fallback(ty),
            },
        };
        let history = vec![declared(self.db, option, &value)];
        let mut stack = Stack { value, fixed: Bits::new(), all_fixed: false, history };
        let package = self.package.clone();
        for setting in &package.settings {
            let table = &package.schema.table;
            let Some(part) = part_of_option(&setting.path, &option.name, table) else { continue };
            if setting.cond.holds(self) != Some(true) {
                continue;
            }
            let text = self.db.text(setting.place.file)[setting.place.range()].to_owned();
            let declared = stack.history.first().map(|it| it.says.clone());
            let default = match declared {
                Some(Says::Value(value)) => value,
                _ => stack.value.clone(),
            };
            let expr = (&package.bodies[setting.body], setting.value, &setting.locals);
            let change = (part, setting.op, setting.place);
            if let Some(says) = self.set(option, change, expr, &default, &mut stack) {
                overrule(&mut stack.history, &says);
                stack.history.push(Influence {
                    by: Influencer::Recipe,
                    place: Some(setting.place),
                    text: text.into(),
                    says,
                    overruled: false,
                });
            }
        }
        // What the recipe sets is still the default.
        stack.fixed = Bits::new();
        stack.all_fixed = false;
        stack
    }

    fn setting_value(
        &mut self,
        checked: &Arc<Checked>,
        expr: ExprId,
        locals: &Locals,
        prev: &Value,
        default: &Value,
    ) -> Option<Value> {
        let db = self.db;
        let mut interpreter = Interpreter::new(db, checked, self);
        interpreter.locals = locals.clone();
        interpreter.prev = Some(prev.clone());
        interpreter.default = Some(default.clone());
        match interpreter.eval(expr) {
            Ok(value) => Some(value),
            Err(failure) => {
                self.report(*failure);
                None
            }
        }
    }

    fn layer_setting(
        &mut self,
        option: &OptionSchema,
        layer: usize,
        setting: &LayerSetting,
        default: &Value,
        has_effect: bool,
        stack: &mut Stack,
    ) {
        let table = &self.package.schema.table;
        let Some(part) = part_of_option(&setting.path, &option.name, table) else { return };
        if setting.cond.holds(self) != Some(true) {
            return;
        }
        if !has_effect {
            // A pattern for many packages is skipped where it means nothing.
            if matches!(setting.target, crate::layers::Target::Package(_)) {
                let message = format!("`{}` has no effect here", option.name);
                let mut diagnostic = self.at(Code::NoEffect, setting.place, message);
                for (place, label) in self.effect_places(option) {
                    diagnostic = diagnostic.label(place.file, place.range(), label);
                }
                self.report(diagnostic);
            }
            return;
        }
        let layer = &self.setup.layers[layer];
        let expr = (&layer.checked, setting.value, &Locals::NONE);
        let change = (part, setting.op, setting.place);
        let Some(says) = self.set(option, change, expr, default, stack) else { return };
        overrule(&mut stack.history, &says);
        stack.history.push(Influence {
            by: Influencer::Layer(layer.label.clone()),
            place: Some(setting.place),
            text: setting.text.as_str().into(),
            says,
            overruled: false,
        });
    }

    /// Applies a setting to what is there, or to the part of it that `part` names; returns what was
    /// said. There is nothing if that could not be found out.
    fn set(
        &mut self,
        option: &OptionSchema,
        (part, op, place): (&[Name], SettingOp, Place),
        (checked, expr, locals): (&Arc<Checked>, ExprId, &Locals),
        default: &Value,
        stack: &mut Stack,
    ) -> Option<Says> {
        if part.is_empty() {
            let value = self.setting_value(checked, expr, locals, &stack.value, default)?;
            return Some(self.apply(option, op, value, stack));
        }
        let (db, before) = (self.db, stack.value.clone());
        let amended = amend(db, before, default, part, &option.ty, &mut |prev, default, ty| {
            let new = self.setting_value(checked, expr, locals, &prev, default).ok_or(())?;
            Ok(combine(op, prev, conform(new, ty)))
        });
        match amended {
            Ok(value) => {
                stack.value = value.clone();
                stack.all_fixed = true;
                Some(Says::Part(value))
            }
            Err(Unamended::NoWhole) => {
                self.report(no_whole(&option.name, part, place));
                None
            }
            // It has been reported.
            Err(Unamended::Failed(())) => None,
        }
    }

    /// The conditions under which an option has an effect, behind its declaration and around it, each with
    /// what to say of it.
    fn effect_places(&self, option: &OptionSchema) -> Vec<(Place, &'static str)> {
        let file = option.at.file;
        let checked = self.checked(file);
        let map = &checked.schema.env.lowered.map;
        let (under, unless) = (
            "it has an effect only under this condition",
            "it has an effect only where this does not hold",
        );
        let around = checked.module().guards_of(option.guard).filter_map(|it| match &it.kind {
            GuardKind::When(cond) => Some((map.expr(*cond), under)),
            GuardKind::Unless(cond) => Some((map.expr(*cond), unless)),
            GuardKind::Feature(name) => Some((map.span(name.span), under)),
            GuardKind::Arm { patterns, .. } => Some((map.expr(*patterns.first()?), under)),
            GuardKind::ElseArm { patterns, .. } => Some((map.expr(*patterns.first()?), unless)),
            GuardKind::For { .. } => None,
        });
        let behind = option.when.map(|it| (map.expr(it), under));
        behind.into_iter().chain(around).map(|it| (Place::new(file, it.0), it.1)).collect()
    }

    /// Applies an operator to what is there; returns what was said.
    fn apply(
        &mut self,
        option: &OptionSchema,
        op: SettingOp,
        value: Value,
        stack: &mut Stack,
    ) -> Says {
        let value = conform(value, &option.ty);
        let Ty::Set(of) = option.ty.without_opt() else {
            stack.value = value.clone();
            stack.all_fixed = true;
            return Says::Value(value);
        };
        let all = Bits::all(of.values.len());
        let bits = as_bits(&value).unwrap_or_default();
        let before = as_bits(&stack.value).unwrap_or_default();
        let (after, on, off) = match op {
            SettingOp::Set => (bits.clone(), bits.clone(), all.difference(&bits)),
            SettingOp::Add => (before.union(&bits), bits, Bits::new()),
            SettingOp::Remove => (before.difference(&bits), Bits::new(), bits),
        };
        stack.fixed = stack.fixed.union(&on).union(&off);
        stack.all_fixed |= op == SettingOp::Set;
        stack.value = Value::Set(of.clone(), after);
        Says::Elements { on, off }
    }

    /// A wish on the command line, or of the project.
    fn wish(&mut self, option: &OptionSchema, need: &Need, ask: &Ask, stack: &mut Stack) {
        let says = match (&ask.what, option.ty.without_opt()) {
            (AskWhat::Elements { on, off }, Ty::Set(of)) => {
                let before = as_bits(&stack.value).unwrap_or_default();
                stack.value = Value::Set(of.clone(), before.union(on).difference(off));
                stack.fixed = stack.fixed.union(on).union(off);
                Says::Elements { on: on.clone(), off: off.clone() }
            }
            (AskWhat::Value(value), _) => {
                let value = conform(value.clone(), &option.ty);
                stack.value = value.clone();
                stack.all_fixed = true;
                Says::Value(value)
            }
            (AskWhat::Elements { .. }, _) => return,
        };
        overrule(&mut stack.history, &says);
        stack.history.push(Influence {
            by: Influencer::Layer(need.by.to_string()),
            place: Some(ask.place),
            text: need.text.clone(),
            says,
            overruled: false,
        });
    }

    //------ what is allowed

    /// Checks the final value against ranges, patterns, predicates and conditions of values.
    fn allowed(&mut self, option: &OptionSchema, stack: &Stack) {
        let place = stack
            .history
            .iter()
            .rev()
            .find(|it| !it.overruled)
            .and_then(|it| it.place)
            .unwrap_or_else(|| self.declared(option));
        let found = complaint(self.db, &option.name, &stack.value, &option.ty, self);
        if let Some(message) = found {
            let declared = self.declared(option);
            let mut diagnostic = self.at(Code::OutOfRange, place, message);
            if place != declared {
                let label = format!("declared here, as {}", option.ty);
                diagnostic = diagnostic.label(declared.file, declared.range(), label);
            }
            self.report(diagnostic);
        }
    }

    /// What is asked of options that the package has not.
    fn unknown_asks(&mut self) {
        let table = self.package.schema.table.clone();
        for need in self.needs {
            for ask in &need.asks {
                if table.get(&ask.option).is_none() {
                    let message = format!("`{}` has no option `{}`", self.package.name, ask.option);
                    let diagnostic = self.at(Code::UnknownOption, ask.place, message);
                    self.report(diagnostic);
                }
            }
        }
    }
}

impl Refiner for Options<'_> {
    fn predicate(&mut self, file: FileId, cond: ExprId, it: &Locals) -> Option<Value> {
        self.evaluate(file, cond, it)
    }

    /// `mlx5 when platform.os == linux`: a value that is allowed only under a condition.
    fn forbidden(&mut self, of: &EnumTy, at: u32) -> Option<String> {
        let (when, cond) = condition_of(self.db, &self.package.schema.table, of, at)?;
        let fails = cond.holds(self) == Some(false);
        fails.then(|| self.db.text(of.file)[self.db.expr_range(of.file, when)].to_owned())
    }
}

/// Marks what a new word overrules.
fn overrule(history: &mut [Influence], says: &Says) {
    for influence in history {
        influence.overruled |= match (says, &influence.says) {
            (Says::Elements { on, off }, Says::Elements { on: was_on, off: was_off }) => {
                // Overruled as a whole only if nothing of it is left.
                let said = on.union(off);
                was_on.union(was_off).difference(&said).is_empty()
            }
            (Says::Elements { on, off }, Says::Value(Value::Set(of, _))) => {
                on.union(off).len() == of.values.len()
            }
            (Says::Elements { .. } | Says::Part(_), _) => false,
            _ => true,
        };
    }
}

/// `auto(a, b)`: the first one, until something needs another.
fn first_choice(checked: &Checked, expr: ExprId) -> ExprId {
    checked.module().auto(expr).and_then(|mut it| it.next()).unwrap_or(expr)
}

/// The greatest or the smallest number that dependents ask for.
fn joined(join: Join, needs: &[(&Need, &Ask)], ty: &Ty) -> Option<Value> {
    let asked = needs.iter().filter_map(|(_, ask)| match &ask.what {
        AskWhat::Value(value) => Some(conform(value.clone(), ty)),
        AskWhat::Elements { .. } => None,
    });
    asked.reduce(|held, value| if satisfies(join, &held, &value) { held } else { value })
}

/// A value to go on with where a mistake has left none.
fn fallback(ty: &Ty) -> Value {
    match ty.without_opt() {
        Ty::Bool => Value::Bool(false),
        Ty::Int(_) => Value::Int(0),
        Ty::Size(_) => Value::Size(0),
        Ty::Duration(_) => Value::Duration(0),
        Ty::String(_) | Ty::Path => Value::text(""),
        Ty::Enum(of) if !of.values.is_empty() => Value::Enum(of.clone(), 0),
        Ty::Set(of) => Value::Set(of.clone(), Bits::new()),
        Ty::Version => Value::Version(Version::new("0")),
        _ => Value::Null,
    }
}

impl Facts for Options<'_> {
    fn option(&mut self, name: &Name, at: Option<u32>) -> Option<Cow<'_, Value>> {
        let at = self.package.schema.table.place(name, at)?;
        self.slot(at).map(Cow::Borrowed)
    }

    fn version(&mut self) -> Option<Version> {
        Some(self.version.clone())
    }

    fn global(&mut self, object: Object, name: &Name) -> Option<Value> {
        self.board.globals.values.get(&(object, name.clone())).cloned()
    }

    fn with(&mut self, with: &WithAtom) -> Option<bool> {
        self.read.insert(with.package.clone());
        self.read.extend(with.interface.clone());
        Some(self.board.with(with))
    }
}

impl Reader for Options<'_> {
    fn all(&mut self, of: &EnumTy, _: (FileId, ExprId)) -> Result<Bits, Failure> {
        let package = self.package.clone();
        Ok(allowed(self.db, &package.schema.table, of, self).0)
    }

    fn option(&mut self, name: &Name, at: (FileId, ExprId)) -> Result<Value, Failure> {
        match Facts::option(self, name, None) {
            Some(value) => Ok(value.into_owned()),
            None => {
                let range = self.db.expr_range(at.0, at.1);
                let message = format!("`{name}` is not known here");
                Err(Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message)))
            }
        }
    }

    fn let_(&mut self, at: BodyRef, index: u32) -> Result<Value, Failure> {
        if let Some(value) = self.lets.get(&(at, index)) {
            return Ok(value.clone());
        }
        let checked = self.checked(at.file);
        let db = self.db;
        let value = eval_let(db, &checked, (at, index), self)?;
        self.lets.insert((at, index), value.clone());
        Ok(value)
    }

    fn fact(&mut self, fact: Fact, at: (FileId, ExprId)) -> Result<Value, Failure> {
        match fact {
            Fact::Version => Ok(Value::Version(self.version.clone())),
            Fact::Name => Ok(Value::text(&self.package.name)),
            Fact::Out | Fact::Src => Err(self.only_when_building(at)),
        }
    }

    fn member(
        &mut self,
        object: Object,
        name: &Name,
        at: (FileId, ExprId),
    ) -> Result<Value, Failure> {
        match self.global(object, name) {
            Some(value) => Ok(value),
            None if object == Object::Facts => {
                let place = Place::new(at.0, self.db.expr_range(at.0, at.1));
                let who = format!("`{}`", self.package.name);
                Err(Box::new(missing_fact(self.db, name, self.board.globals.is_build, &who, place)))
            }
            None => Err(self.only_when_building(at)),
        }
    }

    fn file(&mut self, _: &Arc<LocalFile>, at: (FileId, ExprId)) -> Result<Text, Failure> {
        Err(self.only_when_building(at))
    }

    fn fuel(&mut self) -> &mut Fuel {
        &mut self.fuel
    }
}

impl Options<'_> {
    fn only_when_building(&self, at: (FileId, ExprId)) -> Failure {
        let range = self.db.expr_range(at.0, at.1);
        let text = &self.db.text(at.0)[range];
        let message = format!("`{text}` is known only when building");
        Box::new(Diagnostic::new(Code::EvaluationError, at.0, range, message))
    }
}
