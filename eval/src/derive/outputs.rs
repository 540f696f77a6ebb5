//! Outputs: some of the files of a compilation, copied to an object of their own.
//!
//! What an output takes is no matter of the compilation: another pattern compiles nothing anew. A
//! file that names the place where it was installed goes on naming the compilation, which then
//! comes along.

use std::collections::BTreeMap;

use kiln_lang::Code;
use kiln_lang::module::Name;
use kiln_store::{
    Build, BuildKind, EnvName, Inputs, Label, OutputName, Piece, SANDBOX_ABI, Step, StepName,
    StoreName, Template,
};

use super::build::{Input, NodeBuilder, Plan, PlanKind};
use crate::package::OutputDecl;
use crate::solution::NodeId;
use crate::value::Value;

/// The field that says how files are copied.
const TAKE: &str = "take";

impl NodeBuilder<'_> {
    /// Evaluates what an output takes of the compilation that is evaluated. There is no plan if
    /// something is wrong.
    pub(super) fn plan_output(&mut self, id: NodeId, name: &Name) -> Option<Plan> {
        let package = self.package;
        let (_, decl) = package.output(name)?;
        let files = self.files_of(decl)?;
        let node = self.context.solution.node(id);
        let title = node.title();
        let Ok(store_name) = StoreName::new(node.name().replace('.', "-")) else {
            let message = format!("`{}` cannot be part of a path", node.name());
            self.error(decl.place, message);
            return None;
        };
        let Some(Value::Script(script)) = self.field(TAKE) else { return None };
        if script.as_plain().is_some_and(|it| it.trim().is_empty()) {
            let message = format!(
                "nothing says how the output `{}` gets its files: `{TAKE}` of `{}` is empty",
                decl.name, package.name
            );
            let diagnostic = self.diagnostic(decl.place, message).help(
                "build systems such as `steps autotools` say it, and so does `include tools` of the module `unix`",
            );
            self.report(diagnostic);
            return None;
        }
        let shell = self.shell()?;
        let links = self.map("links")?;
        let from = Label::new("from").ok()?;
        let mut env = BTreeMap::new();
        let place = Template::from_pieces([Piece::Input(from.clone())]);
        env.insert(EnvName::new("from").ok()?, place);
        env.insert(EnvName::new("files").ok()?, Template::text(&files.join("\n")));
        self.inputs.insert(from, Input::Node(self.id));
        let step = Step {
            name: StepName::new(TAKE).ok()?,
            argv: shell,
            script: Some(script.to_template()),
        };
        let build = Build {
            name: store_name,
            kind: BuildKind::Compose,
            outputs: vec![OutputName::default_output()],
            system: self.system(),
            inputs: Inputs::default(),
            sources: BTreeMap::new(),
            links,
            env,
            steps: vec![step],
            sandbox_abi: SANDBOX_ABI,
        };
        let limits = self.limits();
        let inputs = std::mem::take(&mut self.inputs);
        let kind = PlanKind::Build(Box::new(build), inputs);
        Some(Plan { kind, title, limits, place: decl.place })
    }

    /// The files that an output takes, each as a line with a regular expression, and one as it is
    /// written.
    fn files_of(&mut self, decl: &OutputDecl) -> Option<Vec<String>> {
        let mut files = Vec::new();
        let checked = self.package.bodies[decl.body].clone();
        for (cond, expr, locals) in &decl.files {
            if !self.holds(cond) {
                continue;
            }
            let Value::List(items) = self.eval(&checked, *expr, locals, None)? else { continue };
            let place = crate::package::Place::new(
                checked.file,
                checked.schema.env.lowered.map.expr(*expr),
            );
            for item in items.iter() {
                let Value::Text(text) = item else { continue };
                let written = text.as_plain().unwrap_or("");
                match expression(written) {
                    Some(expression) => files.push(format!("{expression}\n{written}")),
                    None => {
                        let message = format!(
                            "`{item}` cannot be a file of the output `{}`: a pattern is relative to where the compilation installs, such as `lib/*.so*`",
                            decl.name
                        );
                        let diagnostic = kiln_lang::Diagnostic::new(
                            Code::EvaluationError,
                            place.file,
                            place.range(),
                            message,
                        );
                        self.report(diagnostic);
                        return None;
                    }
                }
            }
        }
        if files.is_empty() {
            let message = format!("the output `{}` takes no files", decl.name);
            let diagnostic = self.diagnostic(decl.place, message).help(
                "write `files = [\"lib/*.so*\"]` in its block; `**` stands for folders of any depth",
            );
            self.report(diagnostic);
            return None;
        }
        Some(files)
    }
}

/// A pattern of files as an extended regular expression for the whole path; nothing if it cannot be
/// the path of a file below a folder.
///
/// `*` and `?` stay within one name, `**` goes through folders. What ends in a plain name may be a
/// folder, with all that is in it.
fn expression(pattern: &str) -> Option<String> {
    let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
    let is_bad = |it: &str| matches!(it, "" | "." | "..") || it.chars().any(char::is_control);
    if pattern.split('/').any(is_bad) {
        return None;
    }
    let mut expression = String::new();
    let mut rest = pattern;
    while let Some(first) = rest.chars().next() {
        let (text, taken) = match first {
            '*' if rest.starts_with("**/") => ("(.*/)?", 3),
            '*' if rest.starts_with("**") => (".*", 2),
            '*' => ("[^/]*", 1),
            '?' => ("[^/]", 1),
            _ => {
                if !(first.is_alphanumeric() || matches!(first, '/' | '_' | '-' | ',' | '@')) {
                    expression.push('\\');
                }
                expression.push(first);
                ("", first.len_utf8())
            }
        };
        expression.push_str(text);
        rest = &rest[taken..];
    }
    let last = pattern.rsplit('/').next().unwrap_or_default();
    if !last.contains(['*', '?']) {
        expression.push_str("(/.*)?");
    }
    Some(expression)
}

#[cfg(test)]
mod tests {
    use super::*;
    use expect_test::{Expect, expect};

    fn check(pattern: &str, expected: Expect) {
        expected.assert_eq(&expression(pattern).unwrap_or_else(|| "none".to_owned()));
    }

    #[test]
    fn patterns_are_regular_expressions() {
        check("bin/**", expect!["bin/.*"]);
        check("lib/*.so*", expect![r"lib/[^/]*\.so[^/]*"]);
        check("**/*.h", expect![r"(.*/)?[^/]*\.h"]);
        check("share/man/", expect!["share/man(/.*)?"]);
        check("a+b(c)", expect![r"a\+b\(c\)(/.*)?"]);
        check("lib?/x", expect!["lib[^/]/x(/.*)?"]);
    }

    #[test]
    fn what_is_no_path_below_is_refused() {
        for pattern in ["", "/", "/bin", "../x", "a/../b", "a//b", "./a", "a\nb", "a\tb"] {
            check(pattern, expect!["none"]);
        }
    }
}
