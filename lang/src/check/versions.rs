//! Versions that are asked for and that no recipe lists.

use text_size::{TextRange, TextSize};

use super::{Checker, Res};
use crate::diagnostic::{Code, Diagnostic};
use crate::module::{BinaryOp, ExprId, GuardId, ModuleKind, Name, PackageRef, Req, Spec, WantSpec};
use crate::nearest::some_of;
use crate::schema::{Schema, VersionSchema};
use crate::version::{Comparison, Version, VersionBound, VersionReq};

/// How many versions a message lists.
const LISTED_MAX: usize = 6;

/// Whether what is asked for is needed whatever is chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Needed {
    Always,
    Sometimes,
}

impl<'a> Checker<'a> {
    /// Reports a wish that no version of the package meets.
    pub(super) fn unmet_wish(&mut self, want: &'a WantSpec, guard: Option<GuardId>) {
        let needed = if guard.is_none() { Needed::Always } else { Needed::Sometimes };
        if let Some(package) = want.spec.package_name()
            && let Some(schema) = self.package(package)
        {
            self.unmet_reqs(&want.spec, &want.reqs, needed, &schema);
        }
    }

    /// Reports requirements that no version of the package, which has this schema, meets.
    pub(super) fn unmet_reqs(
        &mut self,
        spec: &'a Spec,
        reqs: &'a [Req],
        needed: Needed,
        schema: &Schema,
    ) {
        let PackageRef::Named(package) = &spec.package else { return };
        if reqs.is_empty() || schema.versions.is_empty() {
            return;
        }
        // The first version meets most needs: nothing else of the package is gone to for these.
        let meets_all =
            |version| reqs.iter().try_fold(true, |all, req| Some(self.meets(req, version)? && all));
        for version in &schema.versions {
            match meets_all(&version.version) {
                Some(false) => {}
                Some(true) | None => return,
            }
        }
        // Of an interface, those that provide it say which versions there are.
        if schema.env.module().kind != Some(ModuleKind::Recipe)
            || !schema.env.lowered.syntax_errors.is_empty()
        {
            return;
        }
        let (Some(range), Some(asked)) = (
            self.reqs_range(spec, reqs),
            reqs.iter().map(|it| self.known_req(it)).collect::<Option<Vec<_>>>(),
        ) else {
            return;
        };
        let words: Vec<String> = asked.iter().map(ToString::to_string).collect();
        let words = words.join(" ");
        // One version is a name: `==` says nothing more.
        let words = words.strip_prefix("== ").filter(|it| !it.contains(' ')).unwrap_or(&words);
        let message = format!("`{}` has no version {words}", package.name);
        let diagnostic = match needed {
            Needed::Always => Diagnostic::new(Code::UnknownVersion, self.file, range, message),
            Needed::Sometimes => {
                let message = format!("{message}: where this is needed, there is no solution");
                Diagnostic::new(Code::UnmetNeed, self.file, range, message)
            }
        };
        let mut diagnostic = self.with_versions(diagnostic, schema);
        if let [one] = &asked[..]
            && let [all] = one.any_of()
            && let [(comparison, bound)] = &all[..]
            && let Some(text) = near_req(*comparison, bound, &schema.versions)
        {
            diagnostic = diagnostic.fix(format!("write `{text}`"), text);
        }
        self.report(diagnostic);
    }

    /// From the first operator of a requirement to its end.
    fn reqs_range(&self, spec: &Spec, reqs: &[Req]) -> Option<TextRange> {
        let last = match reqs.last()? {
            Req::Compare(_, version) => *version,
            Req::Any(alternatives) => alternatives.last()?.last()?.1,
        };
        let text = self.db.text(self.file);
        let after = self.span(spec.span).end();
        let text = &text[usize::from(after)..];
        let start = after + TextSize::of(text) - TextSize::of(text.trim_start());
        let mut end = self.range(last).end();
        if matches!(reqs.last(), Some(Req::Any(_))) {
            let rest = &self.db.text(self.file)[usize::from(end)..];
            let spaces = TextSize::of(rest) - TextSize::of(rest.trim_start());
            if rest.trim_start().starts_with(')') {
                end += spaces + TextSize::of(')');
            }
        }
        (start < end).then(|| TextRange::new(start, end))
    }

    /// Whether a version meets a requirement, if all of that is known as it is written.
    fn meets(&self, req: &Req, version: &Version) -> Option<bool> {
        let holds = |(op, bound): (BinaryOp, ExprId)| {
            let (comparison, bound) = self.known_bound(op, bound)?;
            Some(bound.holds(version, comparison))
        };
        match req {
            Req::Compare(op, bound) => holds((*op, *bound)),
            Req::Any(alternatives) => alternatives.iter().try_fold(false, |any, all| {
                let all = all.iter().try_fold(true, |all, it| Some(holds(*it)? && all))?;
                Some(any || all)
            }),
        }
    }

    /// What a requirement asks for, if all of it is known as it is written.
    fn known_req(&self, req: &Req) -> Option<VersionReq> {
        let bound = |(op, version): (BinaryOp, ExprId)| {
            let (comparison, bound) = self.known_bound(op, version)?;
            Some((comparison, bound.clone()))
        };
        let any_of = match req {
            Req::Compare(op, version) => vec![vec![bound((*op, *version))?]],
            Req::Any(alternatives) => {
                let all = alternatives.iter();
                all.map(|it| it.iter().map(|it| bound(*it)).collect()).collect::<Option<_>>()?
            }
        };
        Some(VersionReq::new(any_of))
    }

    fn known_bound(&self, op: BinaryOp, version: ExprId) -> Option<(Comparison, &VersionBound)> {
        match &self.res[version.index()] {
            Res::Version(bound) => Some((op.comparison()?, bound)),
            _ => None,
        }
    }

    /// Checks a version that a layer sets against those that the recipe lists.
    pub(super) fn known_version(&mut self, value: ExprId, package: &Name, schema: &Schema) {
        let Res::Version(VersionBound::Exact(version)) = &self.res[value.index()] else { return };
        let found = schema.versions.iter().find(|it| it.version == *version);
        if let Some(found) = found {
            if let Some(why) = &found.history.deprecated {
                let message = format!("{package} {version} should not be used any more: {why}");
                let diagnostic = self.at_expr(Code::Deprecated, value, message).label(
                    schema.file,
                    self.db.span(schema.file, found.span),
                    "declared here",
                );
                self.report(diagnostic);
            }
            return;
        }
        let Some(near) = most_alike(version, &schema.versions).map(ToString::to_string) else {
            return;
        };
        let message = format!("the recipe of `{package}` has no version {version}");
        let diagnostic = self.at_expr(Code::UnknownVersion, value, message);
        let diagnostic =
            self.with_versions(diagnostic, schema).fix(format!("write `{near}`"), near);
        self.report(diagnostic);
    }

    /// Says which versions there are, and where.
    fn with_versions(&self, diagnostic: Diagnostic, schema: &Schema) -> Diagnostic {
        let versions: Vec<&str> = schema.versions.iter().map(|it| it.version.as_str()).collect();
        let label = match &versions[..] {
            [_] => "its only version",
            _ => "its versions are here",
        };
        diagnostic
            .label(schema.file, self.db.span(schema.file, schema.versions[0].span), label)
            .help(format!("it has {}", some_of(&versions, LISTED_MAX)))
    }
}

/// The version that begins with most of another; of several, the newest.
fn most_alike<'v>(version: &Version, all: &'v [VersionSchema]) -> Option<&'v Version> {
    let alike = |it: &&Version| {
        let (a, b) = (it.as_str().bytes(), version.as_str().bytes());
        a.zip(b).take_while(|it| it.0 == it.1).count()
    };
    all.iter().rev().map(|it| &it.version).max_by_key(alike)
}

/// The requirement nearest to one that some version meets, with the same kind of bound.
fn near_req(comparison: Comparison, bound: &VersionBound, all: &[VersionSchema]) -> Option<String> {
    let releases =
        || all.iter().map(|it| &it.version).filter(|it| !it.is_branch() && !it.is_prerelease());
    Some(match (comparison, bound) {
        (Comparison::Equal, VersionBound::Exact(version)) => {
            format!("== {}", most_alike(version, all)?)
        }
        (Comparison::Equal, VersionBound::Series(series)) => {
            let count = (0..).take_while(|it| series.part(*it).is_some()).count();
            format!("== {}.*", most_alike(series, all)?.up_to(count))
        }
        (Comparison::Greater | Comparison::GreaterOrEqual, _) => {
            format!(">= {}", releases().max()?)
        }
        (Comparison::Less | Comparison::LessOrEqual, _) => format!("<= {}", releases().min()?),
        (Comparison::NotEqual, _) => return None,
    })
}
