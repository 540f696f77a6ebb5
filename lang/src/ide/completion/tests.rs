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
