//! What is offered where.

use expect_test::{Expect, expect};

use super::super::fixture::Fixture;
use super::super::{Effective, Facts, NoFacts};
use super::*;

const FILES: &str = "
//- /recipes/dpdk.kiln
//! Packet processing.
recipe dpdk
versions {
    24.11 { }
    23.11 { }
}
use tools
steps tools
enum Driver { mlx5, ice, af_xdp; group nvidia { mlx5 } }
knob drivers: Set<Driver> = {ice} { mlx5 => host rdma-core }
knob link: enum { static, shared, dlopen } = shared
feature pcap = off
field flags: List<String> = []
preset small { drivers = {ice} }
//- /recipes/rdma-core.kiln
//! RDMA.
recipe rdma-core
version = 50
feature man = on
//- /recipes/tools.kiln
module tools
mixin tools { step build = sh\"make\" }
fn twice(text: String): String = \"\\(text)\\(text)\"
//- /recipes/cluster.kiln
module cluster
enum Fabric { ethernet, infiniband }
mixin facts { knob fabric: Fabric; knob nodes: Int(1..=64) }
";

/// The offers at the cursor: those of the last groups are left out, there are many everywhere.
fn check_with(text: &str, facts: &dyn Facts, expected: Expect) {
    let fixture = Fixture::new(&format!("{FILES}{text}"));
    let items = completions(&fixture.db, fixture.position(), facts);
    let mut lines = Vec::new();
    for item in items.iter().filter(|it| it.rank < rank::NAME || it.done) {
        let done = if item.done { " [done]" } else { "" };
        let detail =
            if item.detail.is_empty() { String::new() } else { format!(" — {}", item.detail) };
        lines.push(format!("{:?} {}{detail}{done}\n", item.kind, item.label));
    }
    expected.assert_eq(&lines.concat());
}

fn check(text: &str, expected: Expect) {
    check_with(text, &NoFacts, expected);
}

/// Whether each of these words is offered.
fn offers(text: &str, wanted: &[&str]) {
    let fixture = Fixture::new(&format!("{FILES}{text}"));
    let items = completions(&fixture.db, fixture.position(), &NoFacts);
    let labels: Vec<&str> = items.iter().map(|it| it.label.as_str()).collect();
    for word in wanted {
        assert!(labels.contains(word), "{word} is not among {labels:?}");
    }
}

#[test]
fn options_in_an_override_with_those_that_are_set_last() {
    check(
        "//- /my.kiln\noverride dpdk\nlink = shared\n$0\n",
        expect![[r#"
        Knob drivers — Set<Driver>
        Feature pcap — feature = off
        Knob link — enum { static, shared, dlopen } (set in this file already) [done]
    "#]],
    );
}

#[test]
fn values_of_a_set_with_what_they_bring() {
    check(
        "//- /my.kiln\noverride dpdk\ndrivers += $0\n",
        expect![[r#"
        Value af_xdp
        Value ice
        Value mlx5 — brings rdma-core
        Value all — every value
        Snippet { } — a set
        Group {..nvidia} — group of mlx5
    "#]],
    );
    check(
        "//- /my.kiln\noverride dpdk\ndrivers += {ice, $0}\n",
        expect![[r#"
        Value af_xdp
        Value mlx5 — brings rdma-core
        Value ice — written here already [done]
    "#]],
    );
    check(
        "//- /my.kiln\noverride dpdk\ndrivers -= {..$0}\n",
        expect![[r#"
        Value af_xdp
        Value ice
        Value mlx5 — brings rdma-core
        Group nvidia — group of mlx5
    "#]],
    );
}

struct IceIsOn;

impl Facts for IceIsOn {
    fn option(&self, _: &str, _: &str) -> Option<Effective> {
        None
    }

    fn element(&self, package: &str, option: &str, value: &str) -> Option<Effective> {
        assert_eq!((package, option), ("dpdk", "drivers"));
        let value = if value == "ice" { "on" } else { "off" };
        Some(Effective { value: value.into(), chain: vec![], of: "p".into(), stale: false })
    }

    fn version(&self, _: &str) -> Option<Effective> {
        None
    }
}

#[test]
fn values_that_are_on_already_are_last() {
    check_with(
        "//- /my.kiln\noverride dpdk\ndrivers += $0\n",
        &IceIsOn,
        expect![[r#"
        Value af_xdp
        Value mlx5 — brings rdma-core
        Value all — every value
        Snippet { } — a set
        Group {..nvidia} — group of mlx5
        Value ice — on already [done]
    "#]],
    );
    check_with(
        "//- /my.kiln\noverride dpdk\ndrivers -= $0\n",
        &IceIsOn,
        expect![[r#"
        Value ice
        Value all — every value
        Snippet { } — a set
        Group {..nvidia} — group of mlx5
        Value af_xdp — off already [done]
        Value mlx5 — brings rdma-core (off already) [done]
    "#]],
    );
}

#[test]
fn values_of_an_enum_and_of_features() {
    check(
        "//- /my.kiln\noverride dpdk\nlink = $0\n",
        expect![[r#"
        Value dlopen
        Value shared
        Value static
    "#]],
    );
    check(
        "//- /project.kiln\nproject\ndpdk { pcap = $0 }\n",
        expect![[r#"
        Value off — The feature is off.
        Value on — The feature is on.
    "#]],
    );
    check(
        "//- /project.kiln\nproject\nwant dpdk[link = $0]\n",
        expect![[r#"
        Value dlopen
        Value shared
        Value static
    "#]],
    );
}

#[test]
fn packages_behind_roles_and_wishes() {
    check(
        "//- /project.kiln\nproject\nwant $0\n",
        expect![[r#"
        Package dpdk — Packet processing.
        Package rdma-core — RDMA.
    "#]],
    );
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nhost rd$0\n",
        expect![[r#"
        Package rdma-core — RDMA.
    "#]],
    );
    check(
        "//- /my.kiln\noverride $0\n",
        expect![[r#"
        Package dpdk — Packet processing.
        Package rdma-core — RDMA.
    "#]],
    );
}

#[test]
fn options_and_values_in_brackets() {
    check(
        "//- /project.kiln\nproject\nwant dpdk[pcap, $0]\n",
        expect![[r#"
        Value af_xdp — in drivers
        Value ice — in drivers
        Value mlx5 — in drivers
        Knob drivers — Set<Driver>
        Field flags — List<String>
        Knob link — enum { static, shared, dlopen }
        Feature pcap — feature = off (asked for already) [done]
    "#]],
    );
    check(
        "//- /project.kiln\nproject\nwant dpdk[~$0]\n",
        expect![[r#"
        Feature pcap — feature = off
    "#]],
    );
}

#[test]
fn versions() {
    check(
        "//- /my.kiln\noverride dpdk\nversion = $0\n",
        expect![[r#"
        Version 23.11 — version of dpdk
        Version 24.11 — the newest
    "#]],
    );
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nhost dpdk >= $0\n",
        expect![[r#"
        Version 23.11 — version of dpdk
        Version 24.11 — the newest
    "#]],
    );
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nhost dpdk >= 24.$0\n",
        expect![[r#"
        Version 23.11 — version of dpdk
        Version 24.11 — the newest
    "#]],
    );
}

#[test]
fn members() {
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nhost dpdk as d\nargs = [\"\\(dep.$0)\"]\n",
        expect![[r#"
            Package d — host dependency
        "#]],
    );
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nwhen platform.$0 == linux { }\n",
        expect![[r#"
            Knob cpu — Cpu
            Knob os — Os
        "#]],
    );
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nlet v = version.$0\n",
        expect![[r#"
            Member major — String
            Member minor — String
            Member patch — String
            Member text — String
            Function below — .below(parts: Int): Version
            Function pin — .pin(parts: Int)
            Function up_to — .up_to(parts: Int): Version
        "#]],
    );
    check(
        "//- /project.kiln\nproject\ntoolchain.li$0 = static\n",
        expect![[r#"
            Knob cpu_level — CpuLevel
            Feature debug — feature = off
            Knob glibc — Glibc
            Knob isa — Set<Isa>
            Knob libc — Libc
            Knob link — Link
            Feature lto — feature = off
            Knob opt — Opt
            Feature pic — feature = off
            Knob sanitize — Sanitizer
        "#]],
    );
}

#[test]
fn facts() {
    for text in [
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nrequire facts.$0 >= 5 \"new\"\n",
        "//- /project.kiln\nproject\nfacts.$0 = 5\n",
    ] {
        offers(text, &["cpu_level", "gpus", "isa", "kernel", "libc"]);
    }
    for text in [
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nrequire facts.cluster.$0 == ethernet \"slow\"\n",
        "//- /project.kiln\nproject\nfacts.cluster.$0 = ethernet\n",
    ] {
        offers(text, &["fabric", "nodes"]);
    }
    for text in [
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nrequire facts.cluster.fabric == $0 \"slow\"\n",
        "//- /project.kiln\nproject\nfacts.cluster.fabric = $0\n",
        "//- /project.kiln\nproject\nwhen facts.cluster.fabric == $0 { }\n",
    ] {
        offers(text, &["ethernet", "infiniband"]);
    }
    offers("//- /project.kiln\nproject\nfacts.gpus += $0\n", &["sm_89", "gfx90a"]);
    offers("//- /project.kiln\nproject\n$0\n", &["facts"]);
}

#[test]
fn conditions() {
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nknob tls: enum { openssl, none } = none\nrequire tls == $0\n",
        expect![[r#"
            Value none
            Value openssl
            Knob tls — enum { openssl, none }
        "#]],
    );
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nuse dpdk\nknob d: Set<enum { x, y }> = {}\nrequire d has $0\n",
        expect![[r#"
            Value x
            Value y
        "#]],
    );
    check(
        "//- /project.kiln\nproject\nwhen platform.cpu == $0 { }\n",
        expect![[r#"
        Value aarch64
        Value armv7
        Value i686
        Value ppc64le
        Value riscv64
        Value s390x
        Value x86_64
    "#]],
    );
}

#[test]
fn arms_that_are_missing_come_first() {
    check(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nknob tls: enum { openssl, none } = none {\n    openssl => arg \"a\"\n    $0\n}\n",
        expect![[r#"
            Value none
            Value openssl — has an arm already [done]
        "#]],
    );
}

#[test]
fn statements_where_they_may_stand() {
    offers(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\n$0\n",
        &["feature", "knob", "host", "steps", "test"],
    );
    offers(
        "//- /recipes/a.kiln\nrecipe a\nversion = 1\nfeature x = on {\n    $0\n}\n",
        &["host", "arg", "require"],
    );
    offers(
        "//- /project.kiln\nproject\n$0\n",
        &["want", "overlays", "policy", "toolchain", "dpdk"],
    );
    offers("//- /recipes/n.kiln\n$0", &["recipe", "override", "project"]);
    offers(
        "//- /recipes/a.kiln\nrecipe a\n@$0\nfeature f = on\n",
        &["renamed", "since", "deprecated"],
    );
    offers("//- /recipes/a.kiln\nrecipe a\nsteps $0\n", &["tools"]);
    offers("//- /project.kiln\nproject\ninclude dpdk.$0\n", &["small"]);
    offers("//- /recipes/a.kiln\nrecipe a\nknob n: $0 = 1\n", &["Int", "Set", "enum"]);
    offers("//- /recipes/a.kiln\nrecipe a\nknob n: Int = 1 join $0\n", &["max", "min"]);
    offers("//- /recipes/a.kiln\nrecipe a\nuse $0\n", &["tools"]);
    offers("//- /recipes/a.kiln\nrecipe a\nexports { $0 }\n", &["host_to_run"]);
    offers("//- /recipes/a.kiln\nrecipe a\nuse tools\nhomepage = tools.$0\n", &["twice"]);
    offers("//- /recipes/a.kiln\nrecipe a\nsource = fetch(\"a\", $0)\n", &["sha256 ="]);
    offers("//- /my.kiln\noverride dpdk\nsteps.$0\n", &["build"]);
}

#[test]
fn what_is_known_only_when_building_is_not_offered_to_choices() {
    let labels = |text: &str| -> Vec<String> {
        let fixture = Fixture::new(&format!("{FILES}{text}"));
        let items = completions(&fixture.db, fixture.position(), &NoFacts);
        items.into_iter().map(|it| it.label).collect()
    };
    let has = |labels: &[String], word: &str| labels.iter().any(|it| it == word);
    let choice = labels("//- /my.kiln\noverride dpdk\npcap = $0\n");
    assert!(has(&choice, "platform") && has(&choice, "default") && has(&choice, "if"));
    assert!(!has(&choice, "dep") && !has(&choice, "out") && !has(&choice, "flags"), "{choice:?}");
    assert!(!has(&choice, "pcap"), "an option cannot be defined by itself");
    let field = labels("//- /my.kiln\noverride dpdk\nflags = [$0]\n");
    assert!(has(&field, "dep") && has(&field, "out"), "{field:?}");
}

#[test]
fn nothing_in_comments_and_texts() {
    check("//- /my.kiln\noverride dpdk\n// li$0\n", expect![[r#""#]]);
    check("//- /recipes/a.kiln\nrecipe a\nhomepage = \"ht$0\"\n", expect![[r#""#]]);
}

/// The offers at the cursor up to those of a rank, in their order.
fn labels(text: &str, rank_max: u8) -> Vec<String> {
    let fixture = Fixture::new(&format!("{FILES}{text}"));
    let items = completions(&fixture.db, fixture.position(), &NoFacts);
    items.into_iter().filter(|it| it.rank <= rank_max).map(|it| it.label).collect()
}

fn check_labels(text: &str, rank_max: u8, expected: Expect) {
    expected.assert_eq(&labels(text, rank_max).join(" "));
}

#[test]
fn a_let_of_a_recipe_is_not_offered_to_its_overrides() {
    let app = "//- /recipes/app.kiln\nrecipe app\nversion = 1\nlet flag = \"x\"\nfield names: List<String> = []\n";
    for layer in [
        "//- /my.kiln\noverride app\nnames += [$0]\n",
        "//- /project.kiln\nproject\napp { names += [$0] }\n",
    ] {
        let all = labels(&format!("{app}{layer}"), rank::DONE);
        assert!(!all.contains(&"flag".to_owned()), "{all:?}");
    }
    offers(&app.replace("= []", "= [$0]"), &["flag"]);
}

const MODULES: &str = "
//- /recipes/more.kiln
module more
mixin common { field one: Int = 1 }
mixin build { step build = sh\"make\" }
";

#[test]
fn mixins_of_all_modules_are_offered_where_they_are_included() {
    let recipe = "//- /recipes/a.kiln\nrecipe a\nuse more\nversion = 1\nmixin own { }\n";
    check_labels(
        &format!("{MODULES}{recipe}include $0\n"),
        rank::EXPECTED,
        expect!["more.build more.common own tools"],
    );
    check_labels(
        &format!("{MODULES}{recipe}include more.$0\n"),
        rank::EXPECTED,
        expect!["build common"],
    );
    check_labels(
        &format!("{MODULES}{recipe}steps $0\n"),
        rank::EXPECTED,
        expect!["more.build tools"],
    );
    let renamed = recipe.replace("use more", "use \"../lib/far.kiln\" as far");
    let far = "//- /lib/far.kiln\nmodule far\nmixin most { }\n";
    offers(&format!("{far}{renamed}include $0\n"), &["far.most"]);
}

#[test]
fn statements_and_no_patterns_behind_the_arrow_of_an_arm() {
    let knob = "//- /recipes/a.kiln\nrecipe a\nversion = 1\nknob t: enum { o, n } = o {\n";
    for arm in ["  o => $0\n}\n", "  o => $0\n  n => arg \"n\"\n}\n", "  o => { $0 }\n}\n"] {
        let all = labels(&format!("{knob}{arm}"), rank::DONE);
        let has = |word: &str| all.iter().any(|it| it == word);
        assert!(has("host") && has("arg") && !has("n") && !has("o"), "{arm}: {all:?}");
    }
    check_labels(&format!("{knob}  o => arg \"o\"\n  $0\n}}\n"), rank::DONE, expect!["n else o"]);
}

#[test]
fn only_fields_in_a_record() {
    let recipe = "//- /recipes/a.kiln\nrecipe a\nversion = 1\n";
    check_labels(&format!("{recipe}record R {{ $0 }}\n"), rank::DONE, expect!["field"]);
    let second = "record R {\n    field a: Int\n    $0\n}\n";
    check_labels(&format!("{recipe}{second}"), rank::DONE, expect!["field"]);
}

#[test]
fn a_record_is_made_by_its_name_and_its_fields() {
    let recipe = "//- /recipes/a.kiln\nrecipe a\nversion = 1\nenum E { x, y }\nrecord R { field port: Int; field e: E = x }\n";
    check_labels(&format!("{recipe}field r: R = $0\n"), rank::EXPECTED, expect!["R"]);
    check_labels(&format!("{recipe}field r: List<R> = [$0]\n"), rank::EXPECTED, expect!["R"]);
    check_labels(&format!("{recipe}field r: R = R($0)\n"), rank::FITTING, expect!["e = port ="]);
    check_labels(&format!("{recipe}field r: R = R(e = $0)\n"), rank::EXPECTED, expect!["x y"]);
    // Elsewhere it cannot be made, and its fields are set one by one.
    let all = labels(
        &format!("{recipe}field r: R = R(port = 1)\n//- /my.kiln\noverride a\nr = $0\n"),
        rank::DONE,
    );
    assert!(!all.iter().any(|it| it == "R"), "{all:?}");
}

#[test]
fn interfaces_alone_behind_provides() {
    let files = "//- /recipes/mpi.kiln\ninterface mpi\nversion = 3\n//- /recipes/a.kiln\nrecipe a\nversion = 1\n";
    check_labels(&format!("{files}provides $0\n"), rank::DONE, expect!["mpi"]);
    check_labels(&format!("{files}host $0\n"), rank::DONE, expect!["dpdk mpi rdma-core"]);
}

#[test]
fn operators_behind_a_value_as_its_type_has_them() {
    let recipe = "//- /recipes/a.kiln\nrecipe a\nversion = 1\nknob es: Set<enum { x, y }> = {x}\nknob tls: enum { o, n } = o\nknob jobs: Int = 1\nfeature f = off\nfield l: List<String> = []\n";
    let mut out = String::new();
    for line in [
        "conflict es $0",
        "conflict tls $0",
        "conflict jobs $0",
        "conflict f $0",
        "conflict f & es $0",
        "conflict es has x $0",
        "conflict platform.os $0",
        "let v = l $0",
        "let v = if f $0",
        "let v = if f then 1 $0",
        "when version $0 { }",
    ] {
        let all = labels(&format!("{recipe}{line}\n"), rank::DONE);
        out.push_str(&format!("{line}: {}\n", all.join(" ")));
    }
    for line in ["es = prev $0", "l = prev $0", "jobs = default $0", "f = on $0"] {
        let all = labels(&format!("{recipe}//- /my.kiln\noverride a\n{line}\n"), rank::DONE);
        out.push_str(&format!("{line}: {}\n", all.join(" ")));
    }
    expect![[r#"
        conflict es $0: != == has has all has any & + - when
        conflict tls $0: != == in when
        conflict jobs $0: != < <= == > >= in % * + - when
        conflict f $0: != & == | when
        conflict f & es $0: != == has has all has any & + - when
        conflict es has x $0: & | when
        conflict platform.os $0: != == in when
        let v = l $0: != + - == has
        let v = if f $0: != & == | then
        let v = if f then 1 $0: else
        when version $0 { }: != < <= == > >= in
        es = prev $0: & + - != == has has all has any
        l = prev $0: + - != == has
        jobs = default $0: % * + - != < <= == > >= in
        f = on $0: 
    "#]]
    .assert_eq(&out);
}

#[test]
fn what_follows_a_statement_is_offered_behind_it_alone() {
    let mut out = String::new();
    for line in [
        "host rdma-core $0",
        "host rdma-core >= 1 $0",
        "feature f = off $0",
        "knob k: Int = 1 $0",
        "field l: Int = 1 $0",
        "arg \"x\" $0",
        "include tools $0",
        "use tools $0",
        "output o $0",
        "ignore exports from rdma-core $0",
        "require version > 1 $0",
        "provides mpi $0",
    ] {
        let text = format!("//- /recipes/a.kiln\nrecipe a\nversion = 1\n{line}\n");
        out.push_str(&format!("{line}: {}\n", labels(&text, rank::DONE).join(" ")));
    }
    let project = "//- /project.kiln\nproject\nwant dpdk $0\n";
    out.push_str(&format!("want dpdk $0: {}\n", labels(project, rank::DONE).join(" ")));
    expect![[r#"
        host rdma-core $0: as exact when
        host rdma-core >= 1 $0: as exact when
        feature f = off $0: join split sticky when
        knob k: Int = 1 $0: join split sticky when
        field l: Int = 1 $0: 
        arg "x" $0: else
        include tools $0: when
        use tools $0: as from
        output o $0: from when
        ignore exports from rdma-core $0: to when
        require version > 1 $0: & | when
        provides mpi $0: when with
        want dpdk $0: as
    "#]]
    .assert_eq(&out);
}
