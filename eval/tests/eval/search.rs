//! Choosing among versions, rings, and what is said where nothing goes together.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use expect_test::{Expect, expect};
use proptest::prelude::*;

use crate::common::{self, Fixture, chosen_of, show_diagnostics, show_edges, show_options};

fn check(files: &str, wishes: &[&str], expected: Expect) {
    expected.assert_eq(&show_options(&Fixture::new(files, wishes).run()));
}

/// A recipe that builds nothing worth mentioning.
fn recipe(name: &str, body: &str) -> String {
    format!(
        "//- /r/{name}.kiln\nrecipe {name}\ninclude unix\nstep build = sh\"\"\"true\"\"\"\n{body}\n"
    )
}

//------ versions

#[test]
fn an_older_version_is_taken_where_the_newest_do_not_go_together() {
    let files = [
        recipe("app", "version = 1\nhost gui\nhost tls"),
        recipe("gui", "versions { 3 {}; 2 {} }\nhost tls < 2 when version >= 3\nhost tls"),
        recipe("tls", "versions { 2 {}; 1 {} }\nhost crypto >= 2 when version >= 2"),
        recipe("crypto", "versions { 2 {}; 1 {} }"),
        recipe("old", "version = 1\nhost gui\nhost tls >= 2"),
    ]
    .concat();
    // What needs others keeps its newest version, and what is needed gives way.
    check(
        &files,
        &["app"],
        expect![[r#"
            app 1
            gui 3
            tls 1
              version: needed by gui 3 `host tls < 2 when version >= 3`
        "#]],
    );
    check(
        &files,
        &["old"],
        expect![[r#"
            crypto 2
              version: needed by tls 2 `host crypto >= 2 when version >= 2`
            gui 2
              version: conflict `3 would not do: no version of `tls` is < 2 and >= 2`
            old 1
            tls 2
              version: needed by old 1 `host tls >= 2`
        "#]],
    );
}

#[test]
fn a_conflict_that_every_version_has_is_that_of_the_newest() {
    let files = [
        recipe("app", "version = 1\nhost lib"),
        recipe(
            "lib",
            "versions { 3 {}; 2 {}; 1 {} }\nfeature x = on\nconflict x & version >= 3 \"three\"\nconflict x & version < 3 \"older\"",
        ),
    ]
    .concat();
    check(
        &files,
        &["app"],
        expect![[r#"
            error[conflict]: `lib` cannot be built like this: three
              /r/lib.kiln:6 `conflict x & version >= 3 "three"`
              /r/app.kiln:5 `host lib`: app 1 needs `lib`
              /r/lib.kiln:5 `x`: `x` is on by default
              help: `lib` is needed by app 1
              help: with `lib[~x]` there is a solution
        "#]],
    );
}

#[test]
fn a_deprecated_version_is_not_taken_to_avoid_a_conflict() {
    let files = [
        recipe("app", "version = 1\nhost lib\nhost base < 2"),
        recipe(
            "lib",
            "versions { 2 {}; @deprecated(\"old\") 1 {} }\nhost base >= 2 when version >= 2",
        ),
        recipe("base", "versions { 2 {}; 1 {} }"),
    ]
    .concat();
    check(
        &files,
        &["app"],
        expect![[r#"
            error[conflict]: no version of `base` is < 2 and >= 2
              /r/app.kiln:6 `host base < 2`
              /r/app.kiln:5 `host lib`: app 1 needs `lib`
              /r/lib.kiln:5 `host base >= 2 when version >= 2`: lib 2 asks for >= 2
              help: the recipe has `2` and `1`
        "#]],
    );
}

//------ rings

#[test]
fn packages_may_need_each_other_under_conditions() {
    let files = [
        recipe("python", "version = 3\nfeature tk = off\nhost tk when tk\nhost xml"),
        recipe("tk", "version = 8\nhost fonts"),
        recipe("fonts", "version = 2\nhost xml"),
        recipe("xml", "version = 2\nfeature python = off\nhost python when python"),
    ]
    .concat();
    expect![[r#"
        target
          fonts 2
            host xml 2
          python 3
            host tk 8
            host xml 2
          tk 8
            host fonts 2
          xml 2
    "#]]
    .assert_eq(&show_edges(&Fixture::new(&files, &["python[tk]"]).run()));
}

#[test]
fn what_only_needs_each_other_is_not_there() {
    // `a` brings `b` only in its newer version, which `c` excludes.
    let files = [
        recipe("top", "version = 1\nhost a\nhost c"),
        recipe("a", "versions { 2 {}; 1 {} }\nrun b when version >= 2"),
        recipe("b", "version = 1\nrun d"),
        recipe("d", "version = 1\nrun b"),
        recipe("c", "version = 1\nhost a < 2"),
    ]
    .concat();
    expect![[r#"
        target
          a 1
          c 1
            host a 1
          top 1
            host a 1
            host c 1
    "#]]
    .assert_eq(&show_edges(&Fixture::new(&files, &["top"]).run()));
}

#[test]
fn a_tool_that_is_built_with_itself_is_taken_in_a_version_that_is_not() {
    let files = [
        recipe("app", "version = 1\nbuild packaging"),
        recipe("packaging", "versions { 26 {}; 25 {} }\nbuild wheel"),
        recipe("wheel", "versions { 2 {}; 1 {} }\nrun packaging when version >= 2"),
    ]
    .concat();
    expect![[r#"
        build tools
          seed 1
          wheel 1
        build tools
          packaging 26
            build wheel 1
          seed 1
        target
          app 1
            build packaging 26
    "#]]
    .assert_eq(&show_edges(&Fixture::new(&files, &["app"]).run()));
}

//------ what is said

#[test]
fn a_conflict_names_what_leads_to_it_and_ways_out_that_work() {
    let files = [
        recipe("petsc", "version = 3\nfeature mpi = on { host hdf5[mpi] }\nhost hdf5"),
        recipe("hdf5", "version = 1\nfeature mpi = off"),
        recipe("science", "version = 1\nhost petsc[mpi]\nhost hdf5[~mpi]"),
    ]
    .concat();
    check(
        &files,
        &["petsc[mpi]", "hdf5[~mpi]"],
        expect![[r#"
            error[conflict]: petsc 3 needs `hdf5[mpi]`, but `mpi` is fixed to off
              /r/petsc.kiln:5 `mpi`
              command line:1 `mpi`: `mpi` of `petsc` is on: command line
              command line:1 `~mpi`: fixed here: command line
              help: to allow it, set `mpi = on` there
              help: or do without petsc 3
              help: with `hdf5[mpi]` there is a solution
              help: with `petsc[~mpi]` there is a solution
        "#]],
    );
    check(
        &files,
        &["science"],
        expect![[r#"
            error[conflict]: science 1 needs `hdf5` without `mpi`, petsc 3 needs it with `mpi`
              /r/petsc.kiln:5 `mpi`
              /r/science.kiln:5 `host petsc[mpi]`: science 1 needs `petsc`
              /r/science.kiln:5 `mpi`: `mpi` of `petsc` is on: needed by science 1
              /r/science.kiln:6 `~mpi`: without `mpi`, by science 1
              help: there is one `hdf5` for both; do without one of them, or configure it otherwise
        "#]],
    );
    check(
        &format!("{files}\n//- /project.kiln\nproject\nhdf5.mpi = off\nwant petsc\n"),
        &[],
        expect![[r#"
            error[conflict]: petsc 3 needs `hdf5[mpi]`, but `mpi` is fixed to off
              /r/petsc.kiln:5 `mpi`
              /project.kiln:2 `hdf5.mpi = off`: fixed here: project
              help: to allow it, set `mpi = on` there
              help: or do without petsc 3
              help: with `hdf5[mpi]` there is a solution
              help: with `petsc[~mpi]` there is a solution
        "#]],
    );
}

/// A request that cannot be met: a chain of packages to one end of a contradiction, and one to the
/// other. Each link has the next only with a feature.
#[derive(Debug, Clone)]
struct Contradiction {
    left: usize,
    right: usize,
    kind: usize,
    off: Vec<bool>,
}

impl Contradiction {
    fn fixture(&self) -> Fixture {
        let mut files = String::new();
        let (left, right) = match self.kind {
            0 => ("lib[x]", "lib[~x]"),
            1 => ("lib[mode = fast]", "lib[mode = small]"),
            2 => ("lib[set += a]", "lib[set -= a]"),
            _ => ("lib[x]", "lib[mode = small]"),
        };
        let rule = if self.kind == 3 { "conflict x & mode == small \"not both\"" } else { "" };
        files.push_str(&recipe(
            "lib",
            &format!("versions {{ 2 {{}}; 1 {{}} }}\nfeature x = off\nknob mode: enum {{ fast, small }} = fast\nknob set: Set<enum {{ a, b }}> = {{b}}\n{rule}"),
        ));
        let mut wishes = Vec::new();
        for (side, length, end) in [("l", self.left, left), ("r", self.right, right)] {
            for number in 0..length {
                let next = if number + 1 == length {
                    end.to_owned()
                } else {
                    format!("{side}{}", number + 1)
                };
                let is_off = self.off.get(number).is_some_and(|it| *it);
                // Off by default, and then asked for by whoever needs it.
                let next = match self.off.get(number + 1) {
                    Some(true) if number + 1 < length => format!("{next}[f]"),
                    _ => next,
                };
                let default = if is_off { "off" } else { "on" };
                files.push_str(&recipe(
                    &format!("{side}{number}"),
                    &format!("version = 1\nfeature f = {default} {{ host {next} }}"),
                ));
            }
            let first = if self.off.first().is_some_and(|it| *it) { "[f]" } else { "" };
            wishes.push(format!("{side}0{first}"));
        }
        let wishes: Vec<&str> = wishes.iter().map(String::as_str).collect();
        Fixture::new(&files, &wishes)
    }
}

/// The ways out that are offered: what stands in `with `…` there is a solution`.
fn ways_out(said: &[kiln_lang::Diagnostic]) -> Vec<String> {
    let helps = said.iter().flat_map(|it| &it.help);
    helps
        .filter_map(|it| it.strip_prefix("with `")?.strip_suffix("` there is a solution"))
        .map(str::to_owned)
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 50, ..ProptestConfig::default() })]

    #[test]
    fn ways_out_work_and_no_line_is_too_many(
        left in 1_usize..4,
        right in 1_usize..4,
        kind in 0_usize..4,
        off in prop::collection::vec(any::<bool>(), 0..4),
    ) {
        let fixture = Contradiction { left, right, kind, off }.fixture();
        let outcome = fixture.run();
        let said = match &outcome.result {
            Ok(_) => return Err(TestCaseError::fail("there should be a conflict")),
            Err(said) => said.clone(),
        };
        let text = show_diagnostics(&outcome.db, &said);
        let ways = ways_out(&said);
        prop_assert!(!ways.is_empty(), "{}", text);
        for way in &ways {
            // As a user would: in the place of the wish for the same package, or beside it.
            let package = way.split('[').next().unwrap();
            let mut changed = fixture.again();
            let named = |it: &String| it.split('[').next() == Some(package);
            changed.wishes.retain(|it| !named(it));
            changed.wishes.push(way.clone());
            let outcome = changed.run();
            prop_assert!(outcome.result.is_ok(), "{}: {}", way, text);
        }
        // Whatever line of a recipe is shown: without it there is no conflict.
        for it in &said {
            let mut places: Vec<_> = it.secondary.iter().map(|it| (it.file, it.range)).collect();
            places.push((it.primary.file, it.primary.range));
            for (file, range) in places {
                let path = outcome.db.path(file).to_string();
                let Some(old) = fixture.files.get(&path) else { continue };
                let begin = old[..usize::from(range.start())].rfind('\n').map_or(0, |it| it + 1);
                let end = old[begin..].find('\n').map_or(old.len(), |it| begin + it);
                let line = &old[begin..end];
                let without = match line.split_once("{ host") {
                    Some((head, _)) => format!("{head}{{}}"),
                    None if line.starts_with("conflict") => String::new(),
                    None => continue,
                };
                let changed = fixture.again().with(&path, &old.replacen(line, &without, 1));
                let outcome = changed.run();
                prop_assert!(outcome.result.is_ok(), "without `{}` of {}: {}", line, path, text);
            }
        }
    }
}

//------ brute force

/// A package of a small model: its versions are 1 to `versions`.
#[derive(Debug, Clone)]
struct Model {
    versions: u32,
    default: bool,
    fixed: Option<bool>,
    deps: Vec<Dep>,
    /// A version and a state of the feature that do not go together.
    rule: Option<(u32, bool)>,
    /// What it exports to run, with its feature.
    export: Option<(usize, u32)>,
}

/// A dependency on a package of a higher number.
#[derive(Debug, Clone)]
struct Dep {
    to: usize,
    /// The feature must be so, and the version at least this.
    when: (Option<bool>, u32),
    at_least: u32,
    at_most: u32,
    ask: Option<bool>,
}

const PACKAGES: usize = 5;

fn dep() -> impl Strategy<Value = Dep> {
    (
        1_usize..PACKAGES,
        (prop::option::of(any::<bool>()), prop_oneof![3 => Just(0_u32), 1 => 2_u32..4]),
        0_u32..3,
        2_u32..5,
        prop::option::weighted(0.3, any::<bool>()),
    )
        .prop_map(|(to, when, at_least, at_most, ask)| Dep {
            to,
            when,
            at_least,
            at_most,
            ask,
        })
}

fn models() -> impl Strategy<Value = Vec<Model>> {
    let model = (
        1_u32..4,
        any::<bool>(),
        prop::option::weighted(0.15, any::<bool>()),
        prop::collection::vec(dep(), 0..4),
        prop::option::weighted(0.4, (1_u32..4, any::<bool>())),
        prop::option::weighted(0.25, (1_usize..PACKAGES, 1_u32..4)),
    )
        .prop_map(|(versions, default, fixed, deps, rule, export)| Model {
            versions,
            default,
            fixed,
            deps,
            rule,
            export,
        });
    prop::collection::vec(model, PACKAGES).prop_map(|mut models| {
        for (number, model) in models.iter_mut().enumerate() {
            // Dependencies go to higher numbers, so that there are no rings.
            model.deps.retain(|it| it.to > number);
            model.export = model.export.filter(|it| it.0 > number);
        }
        models
    })
}

/// The files, with what is in them, in this order: by numbers that stand for places.
fn fixture(models: &[Model], order: &[usize]) -> Fixture {
    let mut files = Vec::new();
    let mut project = "\n//- /project.kiln\nproject\ntoolchain.link = shared\n".to_owned();
    for (number, model) in models.iter().enumerate() {
        let mut body = String::from("versions {");
        for version in (1..=model.versions).rev() {
            let _ = write!(body, " {version} {{}};");
        }
        let _ = writeln!(body, " }}\nfeature f = {}", if model.default { "on" } else { "off" });
        let mut lines = Vec::new();
        for it in &model.deps {
            let mut conds = Vec::new();
            match it.when.0 {
                Some(true) => conds.push("f".to_owned()),
                Some(false) => conds.push("!f".to_owned()),
                None => {}
            }
            if it.when.1 > 0 {
                conds.push(format!("version >= {}", it.when.1));
            }
            let when = if conds.is_empty() {
                String::new()
            } else {
                format!(" when {}", conds.join(" & "))
            };
            let ask = match it.ask {
                Some(true) => "[f]",
                Some(false) => "[~f]",
                None => "",
            };
            lines.push(format!("host p{}{ask} >= {} <= {}{when}", it.to, it.at_least, it.at_most));
        }
        if let Some((version, on)) = model.rule {
            let f = if on { "f" } else { "!f" };
            lines.push(format!("conflict version == {version} & {f} \"no\""));
        }
        if let Some((to, at_most)) = model.export {
            lines.push(format!("exports {{ host_to_run p{to} <= {at_most} when f }}"));
        }
        shuffle(&mut lines, order);
        files.push(recipe(&format!("p{number}"), &format!("{body}{}", lines.join("\n"))));
        if let Some(on) = model.fixed {
            let _ = writeln!(project, "p{number}.f = {}", if on { "on" } else { "off" });
        }
    }
    shuffle(&mut files, order);
    Fixture::new(&format!("{}{project}", files.concat()), &["p0"])
}

/// The version and feature of each package that is there.
type Found = common::Chosen<bool>;

/// Brings things into the order of the numbers that stand at their places.
fn shuffle(things: &mut Vec<String>, order: &[usize]) {
    let mut numbered: Vec<(usize, String)> = things
        .drain(..)
        .enumerate()
        .map(|(at, it)| (order.get(at).copied().unwrap_or(at), it))
        .collect();
    numbered.sort_by_key(|it| it.0);
    things.extend(numbered.into_iter().map(|it| it.1));
}

/// What a choice of versions gives: the version and feature of each package that is there; nothing
/// if it does not go together.
fn settle(models: &[Model], versions: &[u32]) -> Option<Found> {
    let mut found: Found = BTreeMap::new();
    // For each package: at least, at most, and the feature, as somebody asks.
    let mut asked: Vec<Vec<(u32, u32, Option<bool>)>> = vec![Vec::new(); models.len()];
    let mut linked: Vec<Vec<usize>> = vec![Vec::new(); models.len()];
    asked[0].push((0, 9, None));
    for (number, model) in models.iter().enumerate() {
        if asked[number].is_empty() {
            continue;
        }
        let version = versions[number];
        if asked[number].iter().any(|it| version < it.0 || version > it.1) {
            return None;
        }
        let mut f = model.fixed.unwrap_or(model.default);
        let wanted: Vec<bool> = asked[number].iter().filter_map(|it| it.2).collect();
        if let Some(first) = wanted.first() {
            if wanted.iter().any(|it| it != first) || model.fixed.is_some_and(|it| it != *first) {
                return None;
            }
            f = *first;
        }
        if model.rule == Some((version, f)) {
            return None;
        }
        found.insert(number, (version, f));
        for it in &model.deps {
            if it.when.0.is_none_or(|it| it == f) && version >= it.when.1 {
                asked[it.to].push((it.at_least, it.at_most, it.ask));
                linked[it.to].push(number);
            }
        }
        // Who is linked with it gets its export, and needs it.
        if let Some((to, at_most)) = model.export
            && f
            && !linked[number].is_empty()
        {
            asked[to].push((0, at_most, None));
        }
    }
    Some(found)
}

/// The first solution of all, in the order of packages and versions.
fn brute_force(models: &[Model]) -> Option<Found> {
    let mut heights = vec![0; models.len()];
    for number in (0..models.len()).rev() {
        let below = models[number].deps.iter().map(|it| it.to);
        let below = below.chain(models[number].export.map(|it| it.0));
        heights[number] = below.map(|it| heights[it] + 1).max().unwrap_or(0);
    }
    let mut order: Vec<usize> = (0..models.len()).collect();
    order.sort_by_key(|it| (std::cmp::Reverse(heights[*it]), *it));
    let count: u32 = models.iter().map(|it| it.versions).product();
    for choice in 0..count {
        // The last package in the order changes fastest; 0 is the newest version.
        let mut rest = choice;
        let mut versions = vec![0; models.len()];
        for at in order.iter().rev() {
            versions[*at] = models[*at].versions - rest % models[*at].versions;
            rest /= models[*at].versions;
        }
        if let Some(found) = settle(models, &versions) {
            return Some(found);
        }
    }
    None
}

fn solution_of(fixture: &Fixture) -> (Option<Found>, String) {
    chosen_of(fixture, |node| node.option("f").unwrap().value == kiln_eval::Value::Bool(true))
}

/// A need that rejects the only version, which has a conflict of its own: nobody but who needs it is
/// to blame.
#[test]
fn a_conflict_is_avoided_by_a_choice_with_which_something_else_is_asked() {
    let knob = "knob tls: enum { fast, safe } = auto(fast, safe)";
    let lib = recipe(
        "lib",
        "version = 1\nknob mode: enum { big, small } = big\nconflict mode == big \"too large\"",
    );
    let helper = recipe("helper", "version = 1\nhost lib[mode = small]");
    let solve = |app: &str, expected: Expect| {
        let files = [recipe("app", app), lib.clone(), helper.clone()].concat();
        check(&files, &["app"], expected);
    };
    // Nobody asks anything of `lib` with the first choice of `app`.
    solve(
        &format!("version = 1\n{knob}\nhost lib\nhost lib[mode = small] when tls == safe"),
        expect![[r#"
            app 1
              tls = safe (auto)
                default: = fast (overruled)
                conflict: fast would not do: `lib` cannot be built like this: too large
            lib 1
              mode = small (needed)
                default: = big (overruled)
                needed by app 1: = small
        "#]],
    );
    // What is brought by another choice asks for it.
    solve(
        &format!("version = 1\n{knob}\nhost lib\nhost helper when tls == safe"),
        expect![[r#"
        app 1
          tls = safe (auto)
            default: = fast (overruled)
            conflict: fast would not do: `lib` cannot be built like this: too large
        helper 1
        lib 1
          mode = small (needed)
            default: = big (overruled)
            needed by helper 1: = small
    "#]],
    );
    solve(
        "versions { 2 {}; 1 {} }\nhost lib\nhost lib[mode = small] when version < 2",
        expect![[r#"
            app 1
              version: conflict `2 would not do: `lib` cannot be built like this: too large`
            lib 1
              mode = small (needed)
                default: = big (overruled)
                needed by app 1: = small
        "#]],
    );
    // An option that is not chosen, of which somebody else would ask something.
    solve(
        &format!(
            "version = 1\n{knob}\nfeature slim = off\nhost lib\nhost lib[mode = small] when slim\nhost slimmer when tls == safe\n\n//- /r/slimmer.kiln\nrecipe slimmer\nversion = 1\nhost helper\ninclude unix\nstep build = sh\"true\""
        ),
        expect![[r#"
            app 1
              tls = safe (auto)
                default: = fast (overruled)
                conflict: fast would not do: `lib` cannot be built like this: too large
              slim = off (default)
            helper 1
            lib 1
              mode = small (needed)
                default: = big (overruled)
                needed by helper 1: = small
            slimmer 1
        "#]],
    );
}

#[test]
fn a_version_that_is_wrong_in_two_ways_is_avoided_by_who_needs_it() {
    let files = [
        recipe("app", "versions { 2 {}; 1 {} }\nhost mid when version >= 2"),
        recipe("mid", "version = 1\nhost low >= 2"),
        recipe("low", "version = 1\nfeature f = off\nconflict version == 1 & !f \"no\""),
    ]
    .concat();
    check(
        &files,
        &["app"],
        expect![[r#"
        app 1
          version: conflict `2 would not do: `low` has no version >= 2`
    "#]],
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, ..ProptestConfig::default() })]

    #[test]
    fn the_solution_is_the_first_that_brute_force_finds(
        models in models(),
        order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let (found, said) = solution_of(&fixture(&models, &order));
        prop_assert_eq!(found, brute_force(&models), "{}", said);
    }

    #[test]
    fn one_more_need_switches_nothing_that_it_does_not_name(
        models in models(),
        to in 1..PACKAGES,
        on in any::<bool>(),
    ) {
        let (before, _) = solution_of(&fixture(&models, &[]));
        let mut more = models.clone();
        let dep = Dep { to, when: (None, 0), at_least: 0, at_most: 9, ask: Some(on) };
        more[0].deps.push(dep);
        let (after, _) = solution_of(&fixture(&more, &[]));
        if let (Some(before), Some(after)) = (before, after) {
            for (number, (_, f)) in &after {
                // A feature is as it was, or its default, or as its needs say: never otherwise.
                let model = &more[*number];
                let default = model.fixed.unwrap_or(model.default);
                let may_be_asked = |it: &Model| it.deps.iter().any(|it| {
                    it.to == *number && it.ask == Some(*f)
                });
                let is_same = before.get(number).is_some_and(|it| it.1 == *f);
                prop_assert!(is_same || *f == default || more.iter().any(may_be_asked));
                if let Some(fixed) = model.fixed {
                    prop_assert_eq!(*f, fixed);
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, ..ProptestConfig::default() })]

    #[test]
    fn shuffled_files_and_statements_give_the_same_answer(
        order in Just((0..8).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        // One that has to be searched for, with an export in it.
        let dep = |to, when, at_least, at_most, ask| Dep { to, when, at_least, at_most, ask };
        let model = |versions, deps, rule, export| Model {
            versions, default: false, fixed: None, deps, rule, export,
        };
        let models = [
            model(1, vec![dep(1, (None, 0), 0, 9, Some(true)), dep(2, (None, 0), 0, 9, None)], None, None),
            model(3, vec![dep(3, (None, 3), 0, 1, None), dep(2, (Some(true), 0), 0, 9, Some(true))], None, None),
            model(2, vec![dep(3, (Some(true), 0), 2, 9, None)], Some((2, true)), Some((4, 1))),
            model(3, vec![], Some((3, false)), None),
            model(2, vec![], None, None),
        ];
        let (found, said) = solution_of(&fixture(&models, &order));
        prop_assert_eq!(&found, &brute_force(&models), "{}", said);
        let versions: Vec<u32> = found.into_iter().flatten().map(|it| it.1.0).collect();
        prop_assert_eq!(versions, vec![1, 2, 1, 2, 1]);
    }
}
