//! Methods.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use kiln_lang::Pattern;
use kiln_lang::check::Method;
use kiln_lang::module::{Arg, Expr, ExprId, Ident, Lambda};

use super::{Failure, Interpreter, Reader, shown};
use crate::text::{Text, TextBuilder};
use crate::value::{Bits, ENTRY_BYTES, Value};

impl<R: Reader> Interpreter<'_, R> {
    pub(super) fn call_method(
        &mut self,
        expr: ExprId,
        method: Method,
        of: Value,
        args: &[Arg],
    ) -> Result<Value, Failure> {
        let first = args.first().map(|it| it.value);
        match (method, of) {
            (Method::Or, Value::Null) => self.arg(expr, first),
            (Method::Or, value) => Ok(value),
            (method @ (Method::Map | Method::Filter | Method::Any | Method::All), of) => {
                self.each(expr, method, of, first)
            }
            (Method::Join, of) => {
                let separator = self.text_arg(expr, first)?;
                let mut out = TextBuilder::default();
                for (index, item) in elements(&of).iter().enumerate() {
                    if index > 0 {
                        out.push(&separator);
                    }
                    self.push_textual(expr, item, &mut out)?;
                    self.fits(expr, out.len())?;
                }
                Ok(Value::Text(out.finish()))
            }
            (Method::Reversed, Value::List(items)) => {
                Ok(Value::List(items.iter().rev().cloned().collect()))
            }
            (Method::Unique, Value::List(items)) => {
                let mut unique: Vec<Value> = Vec::new();
                for item in &*items {
                    self.spend(expr, unique.len() / ENTRY_BYTES)?;
                    if !unique.contains(item) {
                        unique.push(item.clone());
                    }
                }
                Ok(Value::List(unique.into()))
            }
            (Method::Get, Value::Map(map)) => {
                let key = self.plain_arg(expr, first)?;
                Ok(map.get(&key).cloned().unwrap_or(Value::Null))
            }
            (Method::UpTo, Value::Version(version)) => {
                let count = self.count_arg(expr, first)?;
                Ok(Value::Version(version.up_to(count)))
            }
            (Method::Pin, Value::Version(version)) => {
                let count = self.count_arg(expr, first)?;
                Ok(Value::Series(version.up_to(count)))
            }
            (Method::Below, Value::Version(version)) => {
                let count = self.count_arg(expr, first)?;
                match version.bump(count) {
                    Some(version) => Ok(Value::Version(version)),
                    None => {
                        Err(self
                            .error(expr, format!("part {count} of version {version} is no number")))
                    }
                }
            }
            (method, Value::Text(text)) => self.text_method(expr, method, &text, args),
            (_, of) => Err(self.error(expr, format!("`{}` has no such method", shown(&of)))),
        }
    }

    fn each(
        &mut self,
        expr: ExprId,
        method: Method,
        of: Value,
        lambda: Option<ExprId>,
    ) -> Result<Value, Failure> {
        let checked = self.checked;
        let Some(Expr::Lambda(lambda)) = lambda.map(|it| &checked.module().exprs[it]) else {
            return Err(self.error(expr, "this needs a function"));
        };
        let Lambda { params, body } = &**lambda;
        if let Value::Map(map) = &of {
            return self.each_entry(expr, map, params, *body);
        }
        let Some(param) = params.first() else {
            return Err(self.error(expr, "this function takes nothing"));
        };
        let mut kept = Vec::new();
        for item in &*elements(&of) {
            self.locals.push(param.name.clone(), item.clone());
            let result = self.eval(*body);
            self.locals.pop();
            match (method, result?) {
                (Method::Map, value) => kept.push(value),
                (Method::Filter, Value::Bool(true)) => kept.push(item.clone()),
                (Method::Any, Value::Bool(true)) => return Ok(Value::Bool(true)),
                (Method::All, Value::Bool(false)) => return Ok(Value::Bool(false)),
                _ => {}
            }
        }
        Ok(match (method, &of) {
            (Method::Any, _) => Value::Bool(false),
            (Method::All, _) => Value::Bool(true),
            (Method::Filter, Value::Set(of, _)) => {
                let bits: Bits = kept
                    .iter()
                    .filter_map(|it| if let Value::Enum(_, at) = it { Some(*at) } else { None })
                    .collect();
                Value::Set(of.clone(), bits)
            }
            _ => Value::List(kept.into()),
        })
    }

    /// What a function makes of each entry of a map, in the order of the keys.
    fn each_entry(
        &mut self,
        expr: ExprId,
        map: &BTreeMap<String, Value>,
        params: &[Ident],
        body: ExprId,
    ) -> Result<Value, Failure> {
        let [key, value] = params else {
            return Err(self.error(expr, "this function does not take a key and a value"));
        };
        let mut made = Vec::new();
        for entry in map {
            self.locals.push(key.name.clone(), Value::text(entry.0));
            self.locals.push(value.name.clone(), entry.1.clone());
            let result = self.eval(body);
            self.locals.pop();
            self.locals.pop();
            made.push(result?);
            self.fits(expr, made.len() * ENTRY_BYTES)?;
        }
        Ok(Value::List(made.into()))
    }

    fn text_method(
        &mut self,
        expr: ExprId,
        method: Method,
        text: &Text,
        args: &[Arg],
    ) -> Result<Value, Failure> {
        let first = args.first().map(|it| it.value);
        // Some methods can look at the text before and after a place without knowing the place.
        if let (Method::Replace, Text::Template(_)) = (method, text) {
            return Err(self.unknown_yet(expr));
        }
        let Some(plain) = text.as_plain() else { return Err(self.unknown_yet(expr)) };
        let list = |items: Vec<&str>| {
            Value::List(items.into_iter().map(Value::text).collect::<Arc<[Value]>>())
        };
        Ok(match method {
            Method::Split => {
                let separator = self.plain_arg(expr, first)?;
                if separator.is_empty() {
                    return Err(self.error(expr, "a text cannot be split at an empty text"));
                }
                self.fits(expr, plain.matches(&*separator).count() * ENTRY_BYTES)?;
                list(plain.split(&*separator).collect())
            }
            Method::Lines => {
                self.fits(expr, plain.lines().count() * ENTRY_BYTES)?;
                list(plain.lines().collect())
            }
            Method::Replace => {
                let from = self.plain_arg(expr, first)?;
                let to = self.plain_arg(expr, args.get(1).map(|it| it.value))?;
                if from.is_empty() {
                    return Err(self.error(expr, "an empty text cannot be replaced"));
                }
                let more = plain.matches(&*from).count().saturating_mul(to.len());
                self.fits(expr, more)?;
                Value::text(&plain.replace(&*from, &to))
            }
            Method::Trim => Value::text(plain.trim()),
            Method::Upper => Value::text(&plain.to_uppercase()),
            Method::Lower => Value::text(&plain.to_lowercase()),
            Method::StartsWith => Value::Bool(plain.starts_with(&*self.plain_arg(expr, first)?)),
            Method::EndsWith => Value::Bool(plain.ends_with(&*self.plain_arg(expr, first)?)),
            Method::Contains => Value::Bool(plain.contains(&*self.plain_arg(expr, first)?)),
            Method::Matches => {
                let pattern = self.plain_arg(expr, first)?;
                match Pattern::new(&pattern) {
                    Ok(pattern) => Value::Bool(pattern.matches(plain)),
                    Err(error) => {
                        return Err(
                            self.error(expr, format!("`/{pattern}/` is no pattern: {error}"))
                        );
                    }
                }
            }
            _ => return Err(self.error(expr, "a text has no such method")),
        })
    }

    fn arg(&mut self, expr: ExprId, arg: Option<ExprId>) -> Result<Value, Failure> {
        match arg {
            Some(arg) => self.eval(arg),
            None => Err(self.error(expr, "an argument is missing")),
        }
    }

    fn text_arg(&mut self, expr: ExprId, arg: Option<ExprId>) -> Result<Text, Failure> {
        match self.arg(expr, arg)? {
            Value::Text(text) => Ok(text),
            other => Err(self.error(expr, format!("expected a text, found `{}`", shown(&other)))),
        }
    }

    fn plain_arg(&mut self, expr: ExprId, arg: Option<ExprId>) -> Result<String, Failure> {
        match self.text_arg(expr, arg)?.as_plain() {
            Some(text) => Ok(text.to_owned()),
            None => Err(self.unknown_yet(expr)),
        }
    }

    fn count_arg(&mut self, expr: ExprId, arg: Option<ExprId>) -> Result<usize, Failure> {
        match self.arg(expr, arg)? {
            Value::Int(count @ 1..=16) => Ok(count as usize),
            other => {
                Err(self.error(expr, format!("a version has 1 to 16 parts, not {}", shown(&other))))
            }
        }
    }
}

/// The elements of a list or a set, in order.
fn elements(of: &Value) -> Cow<'_, [Value]> {
    match of {
        Value::List(items) => Cow::Borrowed(items),
        Value::Set(of, bits) => bits.iter().map(|it| Value::Enum(of.clone(), it)).collect(),
        _ => Cow::default(),
    }
}
