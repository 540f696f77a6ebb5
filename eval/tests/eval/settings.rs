//! Settings and the layers that they stand in: the last word counts, and everyone's word is kept.

use expect_test::{Expect, expect};

use crate::common::{Fixture, show_options};

const DPDK: &str = r#"
//- /r/dpdk.kiln
recipe dpdk
version = 24.11
include unix
step build = sh"""true"""
knob drivers: Set<enum { mlx4, mlx5, ice, qat, group nvidia { mlx4, mlx5 } }> = {mlx4, ice}
knob max_ethports: Int(1..=65536) = 32
feature lto = off
preset small { drivers = {qat}; max_ethports = 4 }
"#;

fn check(files: &str, wish: &str, expected: Expect) {
    let outcome = Fixture::new(&format!("{DPDK}{files}"), &[wish]).run();
    expected.assert_eq(&show_options(&outcome));
}

#[test]
fn without_layers_the_recipe_decides() {
    check(
        "",
        "dpdk",
        expect![[r#"
        dpdk 24.11
          drivers = {mlx4, ice} (default)
          max_ethports = 32 (default)
          lto = off (default)
    "#]],
    );
}

#[test]
fn an_override_adds_and_removes_elements_and_replaces_numbers() {
    check(
        r#"
//- /o/dpdk.kiln
override dpdk
drivers += mlx5
drivers -= ice
max_ethports = 64
"#,
        "dpdk",
        expect![[r#"
            dpdk 24.11
              drivers = {mlx4, mlx5} (fixed)
                default: = {mlx4, ice}
                override dpdk: +mlx5
                override dpdk: -ice
              max_ethports = 64 (fixed)
                default: = 32 (overruled)
                override dpdk: = 64
              lto = off (default)
        "#]],
    );
}

#[test]
fn layers_apply_overlay_preset_project_override_command_line() {
    check(
        r#"
//- /r/low.kiln
overlay low
dpdk { max_ethports = 1; drivers = {ice} }
//- /r/high.kiln
overlay high
dpdk { max_ethports = 2; drivers += mlx4 }
//- /project.kiln
project
overlays [low, high]
include dpdk.small
dpdk { drivers += {mlx5} }
want dpdk
//- /o/a.kiln
override dpdk
max_ethports = 6
drivers -= qat
//- /o/b.kiln
override dpdk
max_ethports = 7
"#,
        "dpdk[max_ethports = 8, lto]",
        expect![[r#"
            dpdk 24.11
              drivers = {mlx5} (fixed)
                default: = {mlx4, ice} (overruled)
                overlay low: +ice -mlx4 -mlx5 -qat (overruled)
                overlay high: +mlx4 (overruled)
                preset dpdk.small: +qat -mlx4 -mlx5 -ice
                project: +mlx5
                override dpdk: -qat
              max_ethports = 8 (fixed)
                default: = 32 (overruled)
                overlay low: = 1 (overruled)
                overlay high: = 2 (overruled)
                preset dpdk.small: = 4 (overruled)
                override dpdk: = 6 (overruled)
                override dpdk: = 7 (overruled)
                command line: = 8
              lto = on (fixed)
                default: = off (overruled)
                command line: = on
        "#]],
    );
}

#[test]
fn default_is_the_recipes_and_prev_what_is_below() {
    check(
        r#"
//- /o/a.kiln
override dpdk
drivers = {qat}
max_ethports = 100
//- /o/b.kiln
override dpdk
drivers = default + mlx5
max_ethports = prev + 1
//- /o/c.kiln
override dpdk
drivers = prev - mlx4
max_ethports = prev + default
"#,
        "dpdk",
        expect![[r#"
            dpdk 24.11
              drivers = {mlx5, ice} (fixed)
                default: = {mlx4, ice} (overruled)
                override dpdk: +qat -mlx4 -mlx5 -ice (overruled)
                override dpdk: +mlx4 +mlx5 +ice -qat (overruled)
                override dpdk: +mlx5 +ice -mlx4 -qat
              max_ethports = 133 (fixed)
                default: = 32 (overruled)
                override dpdk: = 100 (overruled)
                override dpdk: = 101 (overruled)
                override dpdk: = 133
              lto = off (default)
        "#]],
    );
}

#[test]
fn a_group_stands_for_its_values() {
    check(
        r#"
//- /o/a.kiln
override dpdk
drivers += nvidia
drivers -= {ice}
"#,
        "dpdk[drivers -= {mlx4}]",
        expect![[r#"
            error[unknown-value]: `nvidia` is a group of values, not a value
              /o/a.kiln:2 `nvidia`
              /r/dpdk.kiln:5 `enum { mlx4, mlx5, ice, qat, group nvidia { mlx4, mlx5 } }`: 4 values are declared here
              help: `..nvidia` stands for its values: mlx4, mlx5
        "#]],
    );
}

#[test]
fn all_but_some() {
    check(
        r#"
//- /o/a.kiln
override dpdk
drivers = all - {..nvidia}
"#,
        "dpdk",
        expect![[r#"
            dpdk 24.11
              drivers = {ice, qat} (fixed)
                default: = {mlx4, ice} (overruled)
                override dpdk: +ice +qat -mlx4 -mlx5
              max_ethports = 32 (default)
              lto = off (default)
        "#]],
    );
}

#[test]
fn a_value_of_a_set_is_switched_by_its_name() {
    check(
        "",
        "dpdk[mlx5, ~ice]",
        expect![[r#"
        dpdk 24.11
          drivers = {mlx4, mlx5} (fixed)
            default: = {mlx4, ice}
            command line: +mlx5
            command line: -ice
          max_ethports = 32 (default)
          lto = off (default)
    "#]],
    );
}

#[test]
fn patterns_reach_every_package_that_has_the_option() {
    check(
        r#"
//- /r/other.kiln
recipe other
version = 1
include unix
step build = sh"""true"""
host dpdk
feature lto = off
feature fast = off
//- /r/all.kiln
overlay all
pkgs where has feature lto { lto = on }
//- /project.kiln
project
overlays [all]
other { fast = on }
"#,
        "other",
        expect![[r#"
            dpdk 24.11
              drivers = {mlx4, ice} (default)
              max_ethports = 32 (default)
              lto = on (fixed)
                default: = off (overruled)
                overlay all: = on
            other 1
              lto = on (fixed)
                default: = off (overruled)
                overlay all: = on
              fast = on (fixed)
                default: = off (overruled)
                project: = on
        "#]],
    );
}

#[test]
fn settings_under_a_platform_count_only_there() {
    let files = r#"
//- /project.kiln
project
when platform.cpu == aarch64 { dpdk { max_ethports = 64 } } else { dpdk { max_ethports = 16 } }
when toolchain.link == static { dpdk { lto = on } }
"#;
    check(
        files,
        "dpdk",
        expect![[r#"
        dpdk 24.11
          drivers = {mlx4, ice} (default)
          max_ethports = 16 (fixed)
            default: = 32 (overruled)
            project: = 16
          lto = on (fixed)
            default: = off (overruled)
            project: = on
    "#]],
    );
    let mut fixture = Fixture::new(&format!("{DPDK}{files}"), &["dpdk"]);
    fixture.target = Some(("aarch64".into(), "linux".into()));
    expect![[r#"
        dpdk 24.11
          drivers = {mlx4, ice} (default)
          max_ethports = 64 (fixed)
            default: = 32 (overruled)
            project: = 64
          lto = on (fixed)
            default: = off (overruled)
            project: = on
    "#]]
    .assert_eq(&show_options(&fixture.run()));
}

#[test]
fn within_a_layer_the_order_means_nothing() {
    let a = Fixture::new(
        &format!(
            "{DPDK}\n//- /o/a.kiln\noverride dpdk\ndrivers += mlx5\ndrivers -= ice\nlto = on\n"
        ),
        &["dpdk"],
    );
    let b = Fixture::new(
        &format!(
            "{DPDK}\n//- /o/a.kiln\noverride dpdk\nlto = on\ndrivers -= ice\ndrivers += mlx5\n"
        ),
        &["dpdk"],
    );
    assert_eq!(a.ids(), b.ids());
}

#[test]
fn two_words_in_one_layer_that_contradict_each_other_are_a_mistake() {
    check(
        r#"
//- /o/a.kiln
override dpdk
max_ethports = 1
max_ethports = 2
drivers += mlx5
drivers -= mlx5
"#,
        "dpdk",
        expect![[r#"
            error[contradicting-settings]: two settings of `max_ethports` contradict each other: it is set to `1` and to `2`
              /o/a.kiln:3 `max_ethports = 2`
              /o/a.kiln:2 `max_ethports = 1`: the first one
              help: in one file, order means nothing: remove one of them
            error[contradicting-settings]: two settings of `drivers` contradict each other: `mlx5` is added and removed
              /o/a.kiln:5 `drivers -= mlx5`
              /o/a.kiln:4 `drivers += mlx5`: the first one
              help: in one file, order means nothing: remove one of them
        "#]],
    );
}

#[test]
fn settings_reach_fields_steps_and_entries_of_maps() {
    let fixture = Fixture::new(
        &format!(
            "{DPDK}
//- /r/low.kiln
overlay low
dpdk {{ env.A = \"low\"; args += [\"--low\"]; steps.build += sh\"\"\"low\"\"\" }}
//- /project.kiln
project
overlays [low]
dpdk {{
    env.A = \"\\(prev) then project\"
    env.B = \"new\"
    args = prev.filter((it) -> it != \"--low\") + [\"--project\"]
    steps.build += sh\"\"\"run \\(args)\"\"\"
}}
"
        ),
        &["dpdk"],
    );
    expect![[r#"
        dpdk 24.11
          A=low then project
          B=new
          build: true
        low
        run --project
    "#]]
    .assert_eq(&crate::common::show_derivations(&fixture.run()));
}

#[test]
fn a_renamed_option_is_set_by_its_former_name() {
    let files = r#"
//- /r/new.kiln
recipe new
version = 1
include unix
step build = sh"""true"""
@renamed(from = gssapi, since = 1)
feature krb5 = off
//- /o/a.kiln
override new
gssapi = on
"#;
    check(
        files,
        "new",
        expect![[r#"
        new 1
          krb5 = on (fixed)
            default: = off (overruled)
            override new: = on
        warning[renamed-option]: `gssapi` of `new` is called `krb5` since 1
          /o/a.kiln:2 `gssapi`
          /r/new.kiln:6 `krb5`: declared here
    "#]],
    );
}

#[test]
fn a_wish_may_depend_on_the_toolchain() {
    let files = "
//- /r/lib.kiln
recipe lib
version = 1
include unix
step build = sh\"true\"
//- /r/tool.kiln
recipe tool
version = 1
include unix
step build = sh\"true\"
//- /project.kiln
project
want lib
when toolchain.link == shared { want tool }
when platform.os == linux { toolchain.link = shared }
";
    let wanted = |fixture: Fixture| -> Vec<String> {
        let done = fixture.run().result.unwrap();
        let roots = done.solution.roots.iter();
        roots.map(|it| done.solution.node(it.node).package.name.to_string()).collect()
    };
    assert_eq!(wanted(Fixture::new(files, &[])), ["lib", "tool"]);
    let other = Fixture::new(files, &[]).edit("/project.kiln", "== linux", "== macos");
    assert_eq!(wanted(other), ["lib"]);
    let published = |fixture: Fixture| {
        let db = kiln_lang::Database::new(fixture.world(), vec!["/r".to_owned()]);
        let (setup, _) = kiln_eval::setup(&db, &fixture.request(&db)).unwrap();
        setup.publish.len()
    };
    let fixture =
        || Fixture::new(files, &[]).edit("/project.kiln", "{ want tool", "{ publish tool");
    assert_eq!(published(fixture()), 1);
    assert_eq!(published(fixture().edit("/project.kiln", "== linux", "== macos")), 0);
}
