//! Recipes without end: each stops with a clear message, soon.

use std::fmt::Write as _;

use expect_test::{Expect, expect};

use crate::common::Fixture;

fn recipe(body: &str) -> Fixture {
    let text = format!("//- /r/big.kiln\nrecipe big\nversion = 1\ninclude unix\n{body}\n");
    Fixture::new(&text, &["big"])
}

/// Shows what is said, without the help of other places, and cuts what is long.
fn check(body: &str, expected: Expect) {
    let said = recipe(body).mistakes();
    let lines: Vec<String> = said
        .lines()
        .filter(|it| !it.starts_with("  /"))
        .map(|it| it.chars().take(160).collect())
        .collect();
    let mut text = lines.iter().take(6).fold(String::new(), |mut out, it| {
        let _ = writeln!(out, "{it}");
        out
    });
    if lines.len() > 6 {
        text.push_str("…\n");
    }
    expected.assert_eq(&text);
}

/// `let x0 = FIRST`, and then each from the one before it, as `next` writes it.
fn chain(count: usize, first: &str, next: impl Fn(&str) -> String) -> String {
    let mut text = format!("let x0 = {first}\n");
    for number in 1..=count {
        let _ = writeln!(text, "let x{number} = {}", next(&format!("x{}", number - 1)));
    }
    text
}

#[test]
fn a_text_that_doubles_again_and_again() {
    let body = chain(200, "\"xxxxxxxx\"", |it| format!("{it} + {it}"));
    check(
        &format!("{body}step build = sh\"\"\"\\(x200)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this value has more than 16777216 bytes
          help: what is that large belongs into a file: `file("…")`
    "#]],
    );
    let body = chain(200, "\"xxxxxxxx\"", |it| format!("\"\\({it})\\({it})\""));
    check(
        &format!("{body}step build = sh\"\"\"\\(x200)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this value has more than 16777216 bytes
          help: what is that large belongs into a file: `file("…")`
    "#]],
    );
    let body = chain(200, "\"xxxxxxxx\"", |it| format!("{it}.replace(\"x\", {it})"));
    check(
        &format!("{body}step build = sh\"\"\"\\(x200)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this value has more than 16777216 bytes
          help: what is that large belongs into a file: `file("…")`
    "#]],
    );
}

#[test]
fn a_list_that_doubles_again_and_again() {
    let body = chain(200, "[1]", |it| format!("{it} + {it}"));
    check(
        &format!("{body}step build = sh\"\"\"\\(x200.length)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this value has more than 16777216 bytes
          help: what is that large belongs into a file: `file("…")`
    "#]],
    );
    let body = chain(200, "[1]", |it| format!("[..{it}, ..{it}]"));
    check(
        &format!("{body}step build = sh\"\"\"\\(x200.length)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this value has more than 16777216 bytes
          help: what is that large belongs into a file: `file("…")`
    "#]],
    );
}

#[test]
fn a_list_of_lists_of_lists() {
    let body = chain(200, "[\"x\"]", |it| format!("[{it}, {it}]"));
    check(
        &format!("{body}step build = sh\"\"\"\\(x200.map((it) -> \"\\(it.length)\"))\"\"\""),
        expect![[r#"
            error[evaluation-limit]: this value has more than 16777216 bytes
              help: what is that large belongs into a file: `file("…")`
        "#]],
    );
}

#[test]
fn a_map_of_maps_of_maps() {
    let body = chain(200, "{\"k\": \"x\"}", |it| format!("{{\"a\": {it}, \"b\": {it}}}"));
    check(
        &format!("{body}step build = sh\"\"\"\\(if x200 == x200 then \"a\" else \"b\")\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this value has more than 16777216 bytes
          help: what is that large belongs into a file: `file("…")`
    "#]],
    );
}

#[test]
fn loops_in_loops_in_loops() {
    let mut element = String::from("1");
    for number in 0..12 {
        element = format!("for a{number} in xs => {element}");
    }
    check(
        &format!(
            "let xs = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]\nlet every = [{element}]\nstep build = sh\"\"\"\\(\"\\(every.length)\")\"\"\""
        ),
        expect![[r#"
            error[evaluation-limit]: this value has more than 16777216 bytes
              help: what is that large belongs into a file: `file("…")`
        "#]],
    );
}

#[test]
fn loops_around_statements_in_loops() {
    let mut body = "arg \"x\"".to_owned();
    for number in 0..12 {
        body = format!("for a{number} in [1, 2, 3, 4, 5, 6, 7, 8, 9, 10] {{ {body} }}");
    }
    check(
        &format!("{body}\nstep build = sh\"\"\"\\(args)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: these loops go round more than 10000 times
          help: loops in loops multiply
    "#]],
    );
}

#[test]
fn functions_that_call_two_of_the_next() {
    let mut text = String::from("fn f0(x: Int): Int = x\n");
    for number in 1..200 {
        let below = number - 1;
        let _ = writeln!(text, "fn f{number}(x: Int): Int = f{below}(x) + f{below}(x)");
    }
    check(
        &format!("{text}step build = sh\"\"\"\\(f199(1))\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this package takes more than 2000000 steps to evaluate
          help: this expression was evaluated when the limit was reached; loops in loops multiply, and large values cost more
    "#]],
    );
}

#[test]
fn a_long_chain_of_lets() {
    let body = chain(3_000, "1", |it| format!("{it} + 1"));
    check(
        &format!("{body}step build = sh\"\"\"\\(x3000)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: more than 2000 expressions wait for each other here
          help: options, lets and functions that read each other make a long chain; a list says the same in one place
    "#]],
    );
}

#[test]
fn a_long_chain_of_knobs() {
    let mut text = String::from("knob k0: Int = 1\n");
    for number in 1..=5_000 {
        let _ = writeln!(text, "knob k{number}: Int = k{} + 1", number - 1);
    }
    check(
        &format!("{text}step build = sh\"\"\"\\(k5000)\"\"\""),
        expect![[r#"
        no mistake
    "#]],
    );
}

#[test]
fn a_long_chain_of_fields() {
    let mut text = String::from("field k0: Int = 1\n");
    for number in 1..=5_000 {
        let _ = writeln!(text, "field k{number}: Int = k{} + 1", number - 1);
    }
    check(
        &format!("{text}step build = sh\"\"\"\\(k5000)\"\"\""),
        expect![[r#"
        error[evaluation-limit]: more than 2000 expressions wait for each other here
          help: options, lets and functions that read each other make a long chain; a list says the same in one place
    "#]],
    );
}

#[test]
fn a_long_chain_of_functions() {
    let mut text = String::from("fn f0(x: Int): Int = x\n");
    for number in 1..=5_000 {
        let _ = writeln!(text, "fn f{number}(x: Int): Int = f{}(x)", number - 1);
    }
    check(
        &format!("{text}step build = sh\"\"\"\\(f5000(1))\"\"\""),
        expect![[r#"
        error[evaluation-limit]: more than 2000 expressions wait for each other here
          help: options, lets and functions that read each other make a long chain; a list says the same in one place
    "#]],
    );
}

#[test]
fn a_long_sum() {
    let sum = vec!["1"; 20_000].join(" + ");
    check(
        &format!("step build = sh\"\"\"\\({sum})\"\"\""),
        expect![[r#"
        error[nested-too-deep]: this is nested deeper than 200 levels
          help: give parts of it names, with `let`
    "#]],
    );
}

#[test]
fn a_long_chain_of_conditions() {
    let conds = vec!["a"; 20_000].join(" & ");
    check(
        &format!("feature a = on\nrequire {conds} \"all\"\nstep build = sh\"\"\"x\"\"\""),
        expect![[r#"
        error[nested-too-deep]: this is nested deeper than 200 levels
          help: give parts of it names, with `let`
    "#]],
    );
}

#[test]
fn a_large_number_is_no_other_number() {
    check(
        "let big = 9223372036854775807\nstep build = sh\"\"\"\\(big + 1)\"\"\"",
        expect![[r#"
            error[evaluation-error]: the result of this is too large for a number
        "#]],
    );
    check(
        "let big = 9223372036854775807 GiB\nstep build = sh\"\"\"\\(big.bytes)\"\"\"",
        expect![[r#"
        error[number-too-large]: this number is too large
          help: sizes go up to 8388607 TiB
    "#]],
    );
    check(
        "let big = -9223372036854775807 - 1\nstep build = sh\"\"\"\\(-big)\"\"\"",
        expect![[r#"
            error[evaluation-error]: this is too large for a number
        "#]],
    );
    check(
        "let big = 10000000 TiB\nstep build = sh\"\"\"\\(big.bytes)\"\"\"",
        expect![[r#"
        error[number-too-large]: this number is too large
          help: sizes go up to 8388607 TiB
    "#]],
    );
}

#[test]
fn alternatives_of_versions_multiply() {
    let group = "(>= 1 | >= 2 | >= 3 | >= 4 | >= 5 | >= 6 | >= 7 | >= 8)";
    let all = vec![group; 20].join(" ");
    check(
        &format!("host seed {all}\nstep build = sh\"\"\"x\"\"\""),
        expect![[r#"
        error[evaluation-limit]: this requirement has more than 1000 alternatives
          help: alternatives one after the other multiply: write them in one group
    "#]],
    );
}

#[test]
fn a_ring_of_options_is_found_before_evaluation() {
    check(
        "knob a: Int = b + 1\nknob b: Int = c\nknob c: Int = a\nstep build = sh\"\"\"\\(a)\"\"\"",
        expect![[r#"
            error[option-cycle]: these options are defined by each other: `a` → `b` → `c` → `a`
              help: give one of them a value that does not read the others
        "#]],
    );
    check(
        "let a = b\nlet b = a\nstep build = sh\"\"\"\\(a)\"\"\"",
        expect![[r#"
        error[option-cycle]: these options are defined by each other: `a` → `b` → `a`
          help: give one of them a value that does not read the others
    "#]],
    );
    check(
        "fn f(x: Int): Int = f(x)\nstep build = sh\"\"\"\\(f(1))\"\"\"",
        expect![[r#"
        error[recursive-function]: `f` calls itself
          help: functions of Kiln always end, so none may call itself; go through a list with `.map`, `.filter` or `for`
    "#]],
    );
    check(
        "field a: String = b\nfield b: String = a\nstep build = sh\"\"\"\\(a)\"\"\"",
        expect![[r#"
        error[option-cycle]: these options are defined by each other: `a` → `b` → `a`
          help: give one of them a value that does not read the others
    "#]],
    );
    check(
        "feature a = b\nfeature b = a\nstep build = sh\"\"\"x\"\"\"",
        expect![[r#"
        error[option-cycle]: these options are defined by each other: `a` → `b` → `a`
          help: give one of them a value that does not read the others
    "#]],
    );
    check(
        "knob a: Int = 1 when b > 0\nknob b: Int = a\nstep build = sh\"\"\"x\"\"\"",
        expect![[r#"
        error[option-cycle]: these options are defined by each other: `a` → `b` → `a`
          help: give one of them a value that does not read the others
    "#]],
    );
}

#[test]
fn options_that_are_read_by_what_decides_them_elsewhere() {
    // An override may make a ring that neither file has alone.
    let fixture = recipe("knob a: Int = 1\nknob b: Int = a\nstep build = sh\"\"\"x\"\"\"")
        .with("/o/a.kiln", "override big\na = b\n");
    expect![[r#"
        error[option-cycle]: these options are defined by each other: `a` → `b` → `a`
          /o/a.kiln:2 `b`
          /r/big.kiln:5 `a`: `b` reads `a`
          help: give one of them a value that does not read the others
    "#]]
    .assert_eq(&fixture.mistakes());
}

#[test]
fn a_long_chain_of_packages_is_no_problem() {
    let mut text = String::new();
    for number in 0..3_000 {
        let next = number + 1;
        let host = if next < 3_000 { format!("host p{next}\n") } else { String::new() };
        let _ = writeln!(
            text,
            "//- /r/p{number}.kiln\nrecipe p{number}\nversion = 1\ninclude unix\n{host}step build = sh\"\"\"x\"\"\""
        );
    }
    assert_eq!(Fixture::new(&text, &["p0"]).ids().len(), 1);
}

#[test]
fn a_long_chain_of_build_tools_ends_with_a_message() {
    let mut text = String::new();
    for number in 0..200 {
        let next = number + 1;
        let build = if next < 200 { format!("build p{next}\n") } else { String::new() };
        let _ = writeln!(
            text,
            "//- /r/p{number}.kiln\nrecipe p{number}\nversion = 1\ninclude unix\n{build}step build = sh\"\"\"x\"\"\""
        );
    }
    let said = Fixture::new(&text, &["p0"]).mistakes();
    let first: String = said.lines().next().unwrap().chars().take(90).collect();
    expect![
        "error[dependency-cycle]: more than 64 packages wait for each other as build tools, up to `"
    ]
    .assert_eq(&first);
}

#[test]
fn files_that_use_each_other_in_a_ring() {
    let mut fixture = Fixture::new(
        "//- /r/m.kiln\nmodule m\nuse n\nmixin m { include n }\n//- /r/n.kiln\nmodule n\nuse m\nmixin n { include m }\n//- /r/big.kiln\nrecipe big\nversion = 1\ninclude m\n",
        &["big"],
    );
    expect![[r#"
        error[option-cycle]: including `n` here includes it in itself
          /r/m.kiln:3 `n`
          help: move what both need into a mixin that includes neither
    "#]]
    .assert_eq(&fixture.mistakes());
    let first = fixture.mistakes();
    for threads in [2, 8, 2, 8] {
        fixture.threads = threads.try_into().unwrap();
        assert_eq!(fixture.mistakes(), first);
    }
}
