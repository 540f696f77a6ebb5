//! The options of one compilation: those of the package, but for what it pins.

use std::sync::Arc;

use kiln_lang::Code;

use super::{Options, Slot, Slots, Stack, overrule};
use crate::package::{CompileDecl, Locals};
use crate::solution::{Influence, Influencer, OptionState, OptionValue, OptionValues};
use crate::value::Bits;

impl Options<'_> {
    /// Takes the values of a package that is settled.
    pub(in crate::solve) fn values_of(&mut self, values: &OptionValues) {
        self.slots = Slots::Known(values.clone());
    }

    /// Computes every feature and knob as it is in a compilation, of a package with these values.
    ///
    /// An option that is `split` is what the compilation says. Any other that it pins must not be
    /// decided otherwise by anybody; a layer can set it for this compilation alone.
    pub(in crate::solve) fn pinned(&mut self, compile: &CompileDecl, values: &OptionValues) {
        let package = self.package.clone();
        let table = &package.schema.table;
        self.slots = Slots::empty(&package);
        for setting in &compile.settings {
            let [name, part @ ..] = &setting.path[..] else { continue };
            let Some(at) = table.position(name) else { continue };
            let option = &table.options[at];
            let is_option = option.kind.is_choice();
            let (true, Some(of_package)) = (is_option, values.get(at)) else { continue };
            if setting.cond.holds(self) != Some(true) {
                continue;
            }
            let before = match self.slots.value(at) {
                Some(pinned) => pinned.clone(),
                None => of_package.clone(),
            };
            let mut stack = Stack {
                value: before.value.clone(),
                fixed: Bits::new(),
                all_fixed: false,
                history: before.whole_history(self.db, option).into_owned(),
            };
            let expr = (&package.bodies[setting.body], setting.value, &setting.locals);
            let change = (part, setting.op, setting.place);
            let Some(says) = self.set(option, change, expr, &of_package.value, &mut stack) else {
                continue;
            };
            let is_decided = matches!(of_package.state, OptionState::Fixed | OptionState::Needed);
            if !option.split && is_decided && stack.value != of_package.value {
                let of_layer = self.layers.iter().any(|it| {
                    matches!(&it.1.path[..], [first, second, ..]
                        if *first == compile.name && *second == option.name)
                });
                if !of_layer {
                    self.pinned_otherwise(compile, setting.place, &option.name, &stack, of_package);
                    continue;
                }
            }
            let text = self.db.text(setting.place.file)[setting.place.range()].to_owned();
            overrule(&mut stack.history, &says);
            stack.history.push(Influence {
                by: Influencer::Recipe,
                place: Some(setting.place),
                text: text.into(),
                says,
                overruled: false,
            });
            self.set_pinned(at, stack, OptionState::Default);
        }
        self.layers_of(compile, values);
        self.fill_all();
    }

    /// `curl { static_build.http3 = on }`: what layers say of this compilation.
    fn layers_of(&mut self, compile: &CompileDecl, values: &OptionValues) {
        let package = self.package.clone();
        let table = &package.schema.table;
        for (layer, setting) in self.layers {
            let [first, name, part @ ..] = &setting.path[..] else { continue };
            let Some(at) = table.position(name).filter(|_| *first == compile.name) else {
                continue;
            };
            let option = &table.options[at];
            let Some(of_package) = values.get(at) else { continue };
            if setting.cond.holds(self) != Some(true) {
                continue;
            }
            let before = match self.slots.value(at) {
                Some(pinned) => pinned.clone(),
                None => of_package.clone(),
            };
            let mut stack = Stack {
                value: before.value.clone(),
                fixed: Bits::new(),
                all_fixed: false,
                history: before.whole_history(self.db, option).into_owned(),
            };
            let layer = &self.setup.layers[*layer];
            let expr = (&layer.checked, setting.value, &Locals::NONE);
            let change = (part, setting.op, setting.place);
            let Some(says) = self.set(option, change, expr, &of_package.value, &mut stack) else {
                continue;
            };
            overrule(&mut stack.history, &says);
            stack.history.push(Influence {
                by: Influencer::Layer(layer.label.clone()),
                place: Some(setting.place),
                text: setting.text.as_str().into(),
                says,
                overruled: false,
            });
            self.set_pinned(at, stack, OptionState::Fixed);
        }
    }

    fn set_pinned(&mut self, at: usize, stack: Stack, state: OptionState) {
        let package = self.package.clone();
        self.allowed(&package.schema.table.options[at], &stack);
        let Stack { value, history, .. } = stack;
        let value = Arc::new(OptionValue { value, state, history: history.into() });
        self.slots.set(at, Slot::Done(Some(value)));
    }

    /// Says that a compilation pins an option that somebody decides otherwise.
    fn pinned_otherwise(
        &mut self,
        compile: &CompileDecl,
        place: crate::package::Place,
        option: &kiln_lang::module::Name,
        pinned: &Stack,
        of_package: &OptionValue,
    ) {
        let name = &self.package.name;
        let (here, there) = (pinned.value.source(), of_package.value.source());
        let message = format!(
            "`{option}` of `{name}` is {there}, and its compilation `{}` is made with {here}",
            compile.name
        );
        let mut diagnostic = self
            .at(Code::Conflict, place, message)
            .here(format!("`{option}` is pinned to {here} here"));
        let last = of_package.history.iter().rev().find(|it| !it.overruled);
        if let Some((influence, place)) = last.and_then(|it| Some((it, it.place?))) {
            let text = format!("`{option}` is {there}: {}", influence.by.text());
            diagnostic = diagnostic.label(place.file, place.range(), text);
        }
        let outputs: Vec<String> = self
            .package
            .outputs
            .iter()
            .filter(|it| {
                it.compile.is_some_and(|it| self.package.compiles[it].name == compile.name)
            })
            .map(|it| format!("`{name}.{}`", it.name))
            .collect();
        diagnostic = diagnostic.help(format!(
            "set it for this compilation alone: `{name} {{ {}.{option} = {there} }}`; or do without what it is made for: {}",
            compile.name,
            outputs.join(", ")
        ));
        self.report(diagnostic);
    }
}
