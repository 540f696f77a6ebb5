//! Settings of one layer, in an order that does not depend on where they stand: what is more special
//! is applied behind what is less so, and over it. What is left would depend on the order, and is a
//! mistake. Rule: [lang.layers.4].

use std::cmp::Reverse;

use kiln_lang::Diagnostic;
use kiln_lang::module::SettingOp;
use kiln_lang::schema::OptionTable;

use super::{Layer, LayerSetting, Reading, Target};
use crate::amend::option_and_part;
use crate::evaluate::Evaluation;
use crate::globals::GlobalFacts;
use crate::interpret::as_bits;
use crate::package::Locals;
use crate::solution::Globals;
use crate::value::Value;

/// Sorts the settings of a layer: those of packages with an option before those of a package by name,
/// the whole of a value before its parts, and what stands under fewer conditions before what stands
/// under more.
///
/// Parts come before conditions, because those of a part and of the whole may have nothing to do with
/// each other, and how many there are around says nothing then.
pub(super) fn less_special_first(layer: &mut Layer) {
    let module = layer.checked.module();
    layer.settings.sort_by_cached_key(|it| {
        let is_pattern = matches!(it.target, Target::Having(..));
        // A block of `steps` is no whole that its options are parts of.
        let depth = it.path.iter().skip_while(|it| *it == "steps").count();
        (Reverse(is_pattern), depth, module.guards_of(it.guard).count())
    });
}

impl Reading<'_> {
    /// Reports two settings of one layer that hold together, contradict each other, and of which none
    /// is more special. Those under the same conditions have been told when the file was checked.
    pub(super) fn contradicting_settings(&mut self, host: &Globals, build: &Globals) {
        let mut found: Vec<Diagnostic> = Vec::new();
        for layer in &self.setup.layers {
            let module = layer.checked.module();
            let holds = |it: &LayerSetting| {
                let globals = match it.target {
                    Target::Toolchain { for_build: true } | Target::Facts { for_build: true } => {
                        build
                    }
                    _ => host,
                };
                it.cond.holds(&mut GlobalFacts(globals)) == Some(true)
            };
            // What stands under no condition is less special than whatever stands under one.
            let guarded: Vec<&LayerSetting> =
                layer.settings.iter().filter(|it| it.guard.is_some()).collect();
            for (at, setting) in guarded.iter().enumerate() {
                let beside = guarded[..at].iter().filter(|it| {
                    it.target == setting.target
                        && self.is_same_thing(it, setting)
                        && !module.is_within(it.guard, setting.guard)
                        && !module.is_within(setting.guard, it.guard)
                });
                for other in beside.filter(|it| holds(it) && holds(setting)) {
                    if self.contradict(layer, other, setting) {
                        let (first, second) = match other.place < setting.place {
                            true => (other, setting),
                            false => (setting, other),
                        };
                        found.push(contradicting(first, second));
                        break;
                    }
                }
            }
        }
        self.diagnostics.extend(found);
    }

    /// Whether two settings are of one option or part, by whatever name it has now or had.
    fn is_same_thing(&self, a: &LayerSetting, b: &LayerSetting) -> bool {
        let Target::Package(name) = &a.target else { return a.path == b.path };
        let Some(file) = self.db.package(name) else { return a.path == b.path };
        let table = &self.db.schema(file).table;
        option_and_part(&a.path, table) == option_and_part(&b.path, table)
    }

    fn contradict(&self, layer: &Layer, a: &LayerSetting, b: &LayerSetting) -> bool {
        let empty = OptionTable::default();
        let table = match &a.target {
            Target::Package(name) => {
                self.db.package(name).map(|it| self.db.schema(it).table.clone())
            }
            _ => None,
        };
        let mut evaluation = Evaluation::new(self.db, table.as_deref().unwrap_or(&empty));
        let mut value =
            |it: &LayerSetting| evaluation.constant(&layer.checked, it.value, &Locals::NONE);
        let (left, right) = (value(a), value(b));
        match (a.op, b.op) {
            // What is not known as it is written is meant to be something else.
            (SettingOp::Set, SettingOp::Set) => left.is_none() || left != right,
            (SettingOp::Add, SettingOp::Remove) | (SettingOp::Remove, SettingOp::Add) => {
                let (left, right) =
                    (left.as_ref().and_then(as_bits), right.as_ref().and_then(as_bits));
                left.zip(right).is_some_and(|(a, b)| a.iter().any(|it| b.has(it)))
            }
            (SettingOp::Set, op) => against_set(left.as_ref(), op, right.as_ref()),
            (op, SettingOp::Set) => against_set(right.as_ref(), op, left.as_ref()),
            _ => false,
        }
    }
}

/// Whether adding to, or taking from, what `=` says all of would change it; of anything but a set it
/// does.
fn against_set(set: Option<&Value>, op: SettingOp, values: Option<&Value>) -> bool {
    match (set.and_then(as_bits), values.and_then(as_bits)) {
        (Some(set), Some(values)) => match op {
            SettingOp::Add => values.iter().any(|it| !set.has(it)),
            _ => values.iter().any(|it| set.has(it)),
        },
        _ => true,
    }
}

fn contradicting(first: &LayerSetting, second: &LayerSetting) -> Diagnostic {
    let names: Vec<&str> = second.path.iter().map(|it| it.as_str()).collect();
    let name = match &second.target {
        Target::Provider(interface) => format!("providers.{interface}"),
        Target::Package(_)
        | Target::Having(..)
        | Target::Toolchain { .. }
        | Target::Facts { .. } => names.join("."),
    };
    let of = format!("settings of `{name}`");
    let what = "the conditions of both hold here";
    Diagnostic::contradiction(&of, what, first.place.in_file(), second.place.in_file())
        .help("in one file, order means nothing: put one condition into the block of the other, or in its `else`")
}
