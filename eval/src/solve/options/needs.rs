//! Needs and refusals: what dependents and policies ask of options, joined with what is there.

use std::collections::BTreeSet;

use kiln_lang::Code;
use kiln_lang::module::Name;
use kiln_lang::schema::{Join, OptionSchema};
use kiln_lang::types::{EnumTy, Ty};

use super::{Options, Stack};
use crate::interpret::as_bits;
use crate::solution::{Influence, Influencer, Says};
use crate::solve::unit::{Ask, AskWhat, Need};
use crate::value::{Value, conform};

impl Options<'_> {
    /// Joins what dependents ask for; returns whether that decided anything.
    pub(super) fn join(
        &mut self,
        option: &OptionSchema,
        needs: &[(&Need, &Ask)],
        stack: &mut Stack,
    ) -> bool {
        if needs.is_empty() {
            return false;
        }
        match option.ty.without_opt() {
            Ty::Set(of) => self.join_set(option, &of.clone(), needs, stack),
            _ => self.join_value(option, needs, stack),
        }
    }

    fn join_set(
        &mut self,
        option: &OptionSchema,
        of: &EnumTy,
        needs: &[(&Need, &Ask)],
        stack: &mut Stack,
    ) -> bool {
        let mut value = as_bits(&stack.value).unwrap_or_default();
        let mut wanted: Vec<(u32, &Need, &Ask)> = Vec::new();
        let mut refused: Vec<(u32, &Need, &Ask)> = Vec::new();
        for (need, ask) in needs {
            let AskWhat::Elements { on, off } = &ask.what else { continue };
            wanted.extend(on.iter().map(|it| (it, *need, *ask)));
            refused.extend(off.iter().map(|it| (it, *need, *ask)));
        }
        let mut conflicts = BTreeSet::new();
        let mut decided = false;
        for (list, on) in [(&wanted, true), (&refused, false)] {
            for (bit, need, ask) in list {
                if value.has(*bit) == on {
                    continue;
                }
                let element = &of.values[*bit as usize];
                if stack.fixed.has(*bit)
                    || (stack.all_fixed && option.ty != Ty::Error)
                    || option.sticky
                {
                    if conflicts.insert(*bit) {
                        self.against_fixed(option, need, ask, Some(element), stack);
                    }
                    continue;
                }
                // Wanted by one and refused by another: neither gives way.
                if let Some(other) = wanted.iter().find(|it| it.0 == *bit).filter(|_| !on) {
                    if conflicts.insert(*bit) {
                        self.against_each_other(option, need, ask, other.1, other.2, Some(element));
                    }
                    continue;
                }
                value.set(*bit, on);
                decided = true;
            }
        }
        for (need, ask) in needs {
            let AskWhat::Elements { on, off } = &ask.what else { continue };
            self.needed(need, ask, Says::Elements { on: on.clone(), off: off.clone() }, stack);
        }
        stack.value = Value::Set(of.clone(), value);
        decided
    }

    fn join_value(
        &mut self,
        option: &OptionSchema,
        needs: &[(&Need, &Ask)],
        stack: &mut Stack,
    ) -> bool {
        let mut asked: Vec<(&Need, &Ask, Value)> = Vec::new();
        for (need, ask) in needs {
            if let AskWhat::Value(value) = &ask.what {
                asked.push((need, ask, conform(value.clone(), &option.ty)));
            }
        }
        for (need, ask, value) in &asked {
            self.needed(need, ask, Says::Value(value.clone()), stack);
        }
        let before = stack.value.clone();
        let is_fixed = stack.all_fixed || option.sticky;
        let mut joined: Option<(&Need, &Ask, Value)> = None;
        for (need, ask, value) in &asked {
            let fits = |held: &Value| satisfies(option.join, held, value);
            if is_fixed {
                if !fits(&stack.value) {
                    self.against_fixed(option, need, ask, None, stack);
                }
                continue;
            }
            joined = Some(match joined {
                None => (need, ask, value.clone()),
                Some((other_need, other_ask, other)) => match option.join {
                    Join::Max | Join::Min => {
                        let keep = satisfies(option.join, &other, value);
                        if keep {
                            (other_need, other_ask, other)
                        } else {
                            (need, ask, value.clone())
                        }
                    }
                    Join::Or | Join::Union | Join::Agree => {
                        if other != *value {
                            self.against_each_other(option, need, ask, other_need, other_ask, None);
                        }
                        (other_need, other_ask, other)
                    }
                },
            });
        }
        if let Some((_, _, value)) = joined {
            let keeps_default = match option.join {
                // The default counts among what is joined; for `agree` the needs alone do.
                Join::Max | Join::Min => satisfies(option.join, &stack.value, &value),
                Join::Or | Join::Union | Join::Agree => false,
            };
            if !keeps_default {
                stack.value = value;
            }
        }
        told_of(option.join, stack);
        stack.value != before
    }

    /// Whether all that dependents ask of a number that is joined by size would be content with a
    /// value.
    pub(super) fn is_enough(option: &OptionSchema, needs: &[(&Need, &Ask)], held: &Value) -> bool {
        needs.iter().all(|(_, ask)| match &ask.what {
            AskWhat::Value(value) => {
                satisfies(option.join, held, &conform(value.clone(), &option.ty))
            }
            AskWhat::Elements { .. } => true,
        })
    }

    fn needed(&self, need: &Need, ask: &Ask, says: Says, stack: &mut Stack) {
        let by =
            if need.is_policy { Influencer::Policy } else { Influencer::Need(need.by.clone()) };
        stack.history.push(Influence {
            by,
            place: Some(ask.place),
            text: need.text.clone(),
            says,
            overruled: false,
        });
    }

    fn against_fixed(
        &mut self,
        option: &OptionSchema,
        need: &Need,
        ask: &Ask,
        element: Option<&Name>,
        stack: &Stack,
    ) {
        self.contested.insert(option.name.clone());
        let package = &self.package.name;
        let wanted = match (&ask.what, element) {
            (_, Some(element)) => element.to_string(),
            (AskWhat::Value(Value::Bool(true)), None) => option.name.to_string(),
            (AskWhat::Value(Value::Bool(false)), None) => format!("~{}", option.name),
            (AskWhat::Value(value), None) => format!("{} = {}", option.name, value.source()),
            (AskWhat::Elements { .. }, None) => option.name.to_string(),
        };
        let fixed = stack
            .history
            .iter()
            .rev()
            .find(|it| matches!(it.by, Influencer::Layer(_)) && !it.overruled);
        let now = match element {
            Some(element) => {
                let is_in = as_bits(&stack.value)
                    .zip(option.ty.words())
                    .is_some_and(|(bits, of)| of.position(element).is_some_and(|it| bits.has(it)));
                format!(
                    "`{element}` is {} `{}`",
                    if is_in { "fixed in" } else { "fixed out of" },
                    option.name
                )
            }
            None => format!("`{}` is fixed to {}", option.name, stack.value.source()),
        };
        let who = if need.is_policy {
            format!("the project's policy ({}) demands", need.text)
        } else {
            format!("{} needs", need.by)
        };
        let because = match fixed {
            Some(_) => now,
            None => format!("`{}` is sticky: only a setting may change it", option.name),
        };
        let mut diagnostic = self
            .at(Code::Conflict, ask.place, format!("{who} `{package}[{wanted}]`, but {because}"))
            .here("needed here");
        if let Some(influence) = fixed
            && let Some(place) = influence.place
        {
            diagnostic = diagnostic.label(
                place.file,
                place.range(),
                format!("fixed here: {}", influence.by.text()),
            );
            let whole = matches!(&influence.says, Says::Elements { on, off } if !on.is_empty() && !off.is_empty());
            if let (Some(element), true) = (element, whole) {
                diagnostic = diagnostic.help(format!(
                    "`{} += …` in place of `=` sets only what it names, and leaves `{element}` to others",
                    option.name
                ));
            }
        }
        let set_at_once = fixed.is_some_and(|it| {
            matches!(&it.says, Says::Elements { on, off } if !on.is_empty() && !off.is_empty())
        });
        diagnostic = diagnostic.help(match (&ask.what, element) {
            // Beside `=`, which says all that is in it, `+=` would contradict it.
            (AskWhat::Elements { on, .. }, Some(element))
                if set_at_once && with_element(&stack.value, element, !on.is_empty()).is_some() =>
            {
                let value = with_element(&stack.value, element, !on.is_empty());
                let value = value.map(|it| it.source()).unwrap_or_default();
                format!("to allow it, set `{} = {value}` there", option.name)
            }
            (AskWhat::Elements { on, .. }, Some(element)) if !on.is_empty() => {
                format!("to allow it, set `{} += {element}` there", option.name)
            }
            (AskWhat::Elements { .. }, Some(element)) => {
                format!("to allow it, set `{} -= {element}` there", option.name)
            }
            (AskWhat::Value(value), _) => {
                format!("to allow it, set `{} = {}` there", option.name, value.source())
            }
            (AskWhat::Elements { .. }, None) => "change one of the two".to_owned(),
        });
        if !need.is_policy {
            diagnostic = diagnostic.help(match &*need.by {
                "project" | "command line" => "or do without what is needed here".to_owned(),
                by => format!("or do without {by}"),
            });
        }
        self.report(diagnostic);
    }

    fn against_each_other(
        &mut self,
        option: &OptionSchema,
        need: &Need,
        ask: &Ask,
        other: &Need,
        other_ask: &Ask,
        element: Option<&Name>,
    ) {
        self.contested.insert(option.name.clone());
        let package = &self.package.name;
        let show = |ask: &Ask| match (&ask.what, element) {
            (AskWhat::Elements { on, .. }, Some(element)) => {
                let in_ = option
                    .ty
                    .words()
                    .and_then(|it| it.position(element))
                    .is_some_and(|it| on.has(it));
                if in_ { format!("with `{element}`") } else { format!("without `{element}`") }
            }
            (AskWhat::Value(Value::Bool(true)), _) => format!("with `{}`", option.name),
            (AskWhat::Value(Value::Bool(false)), _) => format!("without `{}`", option.name),
            (AskWhat::Value(value), _) => format!("with `{}` = {}", option.name, value.source()),
            (AskWhat::Elements { .. }, None) => format!("with other `{}`", option.name),
        };
        let message = format!(
            "{} needs `{package}` {}, {} needs it {}",
            other.by,
            show(other_ask),
            need.by,
            show(ask)
        );
        let diagnostic = self
            .at(Code::Conflict, ask.place, message)
            .here(format!("{}, by {}", show(ask), need.by))
            .label(other_ask.place.file, other_ask.place.range(), format!("{}, by {}", show(other_ask), other.by))
            .help(format!("there is one `{package}` for both; do without one of them, or configure it otherwise"));
        self.report(diagnostic);
    }
}

/// Whether a value that is held is enough for one that is asked for.
pub(super) fn satisfies(join: Join, held: &Value, asked: &Value) -> bool {
    match join {
        Join::Max => held.order(asked).is_some_and(std::cmp::Ordering::is_ge),
        Join::Min => held.order(asked).is_some_and(std::cmp::Ordering::is_le),
        Join::Or | Join::Union | Join::Agree => held == asked,
    }
}

/// Marks what did not decide a value that dependents ask for: a default that is replaced, and of a
/// number that is joined by size who asks for less.
pub(super) fn told_of(join: Join, stack: &mut Stack) {
    for influence in &mut stack.history {
        let Says::Value(says) = &influence.says else { continue };
        match influence.by {
            Influencer::Default | Influencer::Recipe if !stack.all_fixed => {
                influence.overruled |= *says != stack.value;
            }
            Influencer::Need(_) | Influencer::Policy if matches!(join, Join::Max | Join::Min) => {
                influence.overruled = *says != stack.value;
            }
            _ => {}
        }
    }
}

/// A set with a value in it, or without.
fn with_element(value: &Value, element: &str, on: bool) -> Option<Value> {
    let Value::Set(of, bits) = value else { return None };
    let mut bits = bits.clone();
    bits.set(of.position(element)?, on);
    Some(Value::Set(of.clone(), bits))
}
