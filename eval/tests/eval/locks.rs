//! Locks: what they hold, that they read back, what they make the solver take, and what they say of
//! a project that has moved on.

use std::collections::BTreeMap;

use expect_test::{Expect, expect};
use kiln_eval::{
    Lock, LockRecorder, LockedOption, LockedPackage, LockedRequest, LockedValue, Packages,
    RequestKind, derive, setup, solve,
};
use kiln_lang::Database;
use kiln_lang::module::Name;
use proptest::prelude::*;

use crate::common::{Fixture, show_diagnostics};

/// A project of two packages with a choice of versions, an interface, an export and a tool.
fn site() -> Fixture {
    Fixture::new(
        r#"
//- /project.kiln
project
want vpp, curl
providers.tls = openssl
toolchain.link = shared
dpdk { drivers += mlx5 }
//- /r/vpp.kiln
recipe vpp
version = 24.10
include unix
host dpdk[max_ports = 64]
build make
step build = sh"vpp"
//- /r/dpdk.kiln
recipe dpdk
versions {
    24.11
    24.03
}
include unix
knob drivers: Set<enum { ice, mlx5, qat }> = {ice}
knob max_ports: Int(1..=1024) = 32
source = fetch("https://example.org/dpdk-\(version)", sha256 = "aa00000000000000000000000000000000000000000000000000000000000000")
step build = sh"dpdk"
//- /r/curl.kiln
recipe curl
version = 8.18
include unix
feature http2 = on
host tls
step build = sh"""curl \(if http2 then "h2" else "h1")"""
//- /r/tls.kiln
interface tls
//- /r/openssl.kiln
recipe openssl
version = 3.4
include unix
provides tls
exports { host_to_run certificates }
step build = sh"openssl"
//- /r/certificates.kiln
recipe certificates
version = 2026
include unix
step build = sh"certificates"
//- /r/make.kiln
recipe make
versions {
    4.4
    4.3
}
include unix
step build = sh"make"
"#,
        &[],
    )
}

/// The lock of what the project wants, as it is chosen with `before` beside it.
fn lock(fixture: &Fixture, before: Option<&Lock>) -> Lock {
    let db = Database::new(fixture.world(), vec!["/r".to_owned()]);
    let fail = |wrong: Vec<_>| -> ! { panic!("{}", show_diagnostics(&db, &wrong)) };
    let packages = Packages::new(&db);
    let (mut setup, _) = setup(&db, &fixture.request(&db)).unwrap_or_else(|it| fail(it));
    if let Some(before) = before {
        setup.prefer = before.preferences();
    }
    let (solution, _) = solve(&packages, &setup, fixture.threads).unwrap_or_else(|it| fail(it));
    let (derived, _) =
        derive(&db, &setup, &solution, fixture.threads).unwrap_or_else(|it| fail(it));
    let kind = if fixture.wishes.is_empty() { RequestKind::Project } else { RequestKind::Asked };
    let wants = setup.wishes.iter().map(|it| it.text.clone()).collect();
    let mut recorder = LockRecorder::new(&db, "/");
    recorder.add(kind, wants, &solution, &derived);
    recorder.finish()
}

fn versions(lock: &Lock) -> String {
    lock.packages().map(LockedPackage::title).collect::<Vec<_>>().join(", ")
}

/// What is said of a project that was changed after it was locked.
fn check(changed: Fixture, expected: Expect) {
    let before = lock(&site(), None);
    let now = lock(&changed, Some(&before));
    let lines: Vec<String> = before.changes(&now).into_iter().map(|it| it.text).collect();
    expected.assert_eq(&lines.join("\n"));
}

#[test]
fn a_lock_is_text_that_can_be_read() {
    let text = lock(&site(), None).write();
    // The hashes stand for what recipes make, which other tests look at.
    let text: String = text
        .lines()
        .map(|it| {
            if it.starts_with("recipe = ") {
                "recipe = \"…\"\n".into()
            } else {
                format!("{it}\n")
            }
        })
        .collect();
    expect![[r##"
        # Written by `kiln lock`: every choice that was made for this project. Keep it with the project.
        # `kiln lock` takes in what has changed, `kiln lock --update PACKAGE` moves a package.
        format = 1

        [build-toolchain]
        cpu_level = "baseline"
        debug = "off"
        glibc = "2.28"
        isa = "{}"
        libc = "musl"
        link = "static"
        lto = "off"
        opt = "speed"
        pic = "off"
        sanitize = "none"

        [machine]
        cpu = "x86_64"
        os = "linux"

        [platform]
        cpu = "x86_64"
        os = "linux"

        [toolchain]
        cpu_level = "baseline"
        debug = "off"
        glibc = "2.28"
        isa = "{}"
        libc = "musl"
        link = "shared"
        lto = "off"
        opt = "speed"
        pic = "off"
        sanitize = "none"

        [[request]]
        kind = "project"
        wants = ["vpp", "curl"]

        [[request.package]]
        name = "certificates"
        version = "2026"
        recipe = "…"
        build = ["seed"]

        [[request.package]]
        name = "curl"
        version = "8.18"
        recipe = "…"
        build = ["seed"]
        host = ["openssl"]
        run = ["certificates"]
        provider.tls = "openssl"
        exports = ["run certificates from openssl"]
        option.http2 = "on"

        [[request.package]]
        name = "dpdk"
        version = "24.11"
        recipe = "…"
        sources = ["sha256:aa00000000000000000000000000000000000000000000000000000000000000 dpdk-source"]
        build = ["seed"]
        option.drivers = { by = "project", value = ["ice", "mlx5"] }
        option.max_ports = { value = "64", by = "need of vpp" }

        [[request.package]]
        name = "openssl"
        version = "3.4"
        recipe = "…"
        build = ["seed"]

        [[request.package]]
        name = "vpp"
        version = "24.10"
        recipe = "…"
        build = ["make", "seed"]
        host = ["dpdk"]

        [[tool]]
        name = "make"
        version = "4.4"
        recipe = "…"
        build = ["seed"]

        [[tool]]
        name = "seed"
        version = "1"
        sources = ["sha256:0000000000000000000000000000000000000000000000000000000000000000 seed"]

        # end
    "##]].assert_eq(&text);
}

#[test]
fn a_lock_reads_back_and_is_written_the_same() {
    let lock = lock(&site(), None);
    let read = Lock::read(&lock.write()).unwrap();
    assert_eq!(read, lock);
    assert_eq!(lock.changes(&read), []);
    assert_eq!(lock.replaced_by(&read), []);
}

#[test]
fn a_locked_version_stays_though_a_newer_one_appears() {
    let before = lock(&site(), None);
    let newer = || {
        site().edit("/r/dpdk.kiln", "    24.11", "    25.03\n    24.11").edit(
            "/r/make.kiln",
            "    4.4",
            "    5.0\n    4.4",
        )
    };
    expect![[
        r#"certificates 2026, curl 8.18, dpdk 25.03, openssl 3.4, vpp 24.10, make 5.0, seed 1"#
    ]]
    .assert_eq(&versions(&lock(&newer(), None)));
    expect![[
        r#"certificates 2026, curl 8.18, dpdk 24.11, openssl 3.4, vpp 24.10, make 4.4, seed 1"#
    ]]
    .assert_eq(&versions(&lock(&newer(), Some(&before))));
    assert_eq!(before.changes(&lock(&newer(), Some(&before))), []);
}

#[test]
fn a_need_moves_a_locked_version() {
    check(
        site().edit("/r/vpp.kiln", "max_ports = 64]", "max_ports = 64] < 24.06"),
        expect![[r#"`dpdk` is 24.03 now, before 24.11"#]],
    );
}

#[test]
fn a_version_that_is_gone_is_not_missed() {
    check(
        site().edit("/r/dpdk.kiln", "    24.11\n", ""),
        expect![[r#"`dpdk` is 24.03 now, before 24.11"#]],
    );
}

#[test]
fn comments_and_lines_change_nothing() {
    check(
        site().edit("/r/dpdk.kiln", "include unix", "\n// A remark.\n\ninclude unix"),
        expect![""],
    );
}

#[test]
fn changes_of_options_say_what_moved_and_by_whom() {
    check(
        site()
            .edit("/r/curl.kiln", "http2 = on", "http2 = off")
            .edit("/r/vpp.kiln", "max_ports = 64", "max_ports = 128")
            .edit("/project.kiln", "drivers += mlx5", "drivers = {qat, mlx5}"),
        expect![[r#"
            the default of `curl.http2` moved from on to off
            `dpdk.drivers` has `qat` now, and no longer `ice` (project)
            `dpdk.max_ports` is 128 now (need of vpp), before 64 (need of vpp)"#]],
    );
    check(
        site()
            .edit("/r/dpdk.kiln", "max_ports: Int(1..=1024) = 32", "ports: Int(1..=1024) = 32")
            .edit("/r/vpp.kiln", "dpdk[max_ports = 64]", "dpdk")
            .edit("/project.kiln", "dpdk { drivers += mlx5 }", "curl { http2 = on }"),
        expect![[r#"
            `curl.http2` is still on, now by project, before by default
            `dpdk.drivers` no longer has `mlx5` (default)
            `dpdk.ports` is a new option, and is 32 (default)
            `dpdk` no longer has the option `max_ports`"#]],
    );
}

#[test]
fn changes_of_recipes_and_sources_are_told_apart() {
    check(
        site().edit("/r/dpdk.kiln", "sh\"dpdk\"", "sh\"dpdk more\""),
        expect![[
            r#"the recipe of `dpdk` makes something else of the same choices: recipe 0114fd4a8d63 now, before a6fba6fb026b"#
        ]],
    );
    check(
        site().edit("/r/dpdk.kiln", "\"aa00", "\"ab00"),
        expect![
            "the sources of `dpdk` 24.11 are others: sha256:ab0000000000 now, before sha256:aa0000000000"
        ],
    );
    check(
        site().edit("/r/unix.kiln", "-eu", "-eux"),
        expect![
            "the recipes of `certificates`, `curl`, `dpdk`, `make`, `openssl` and `vpp` make something else of the same choices"
        ],
    );
}

#[test]
fn changes_of_the_graph_are_told() {
    check(
        site()
            .edit("/project.kiln", "want vpp, curl", "want curl, make")
            .edit("/r/curl.kiln", "host tls", "host tls\nhost zlib\nbuild make == 4.3")
            .edit("/r/openssl.kiln", "exports { host_to_run certificates }", "")
            .with(
                "/r/zlib.kiln",
                "recipe zlib\nversion = 1.3\ninclude unix\nstep build = sh\"z\"\n",
            ),
        expect![[r#"
            the project wants `make` now
            the project no longer wants `vpp`
            `curl` no longer gets an export: run certificates from openssl
            `make` 4.4 is new
            `zlib` 1.3 is new: host of `curl`
            `certificates` 2026 is not needed any more
            `dpdk` 24.11 is not needed any more
            `vpp` 24.10 is not needed any more
            the build tool `make` is 4.3 now, before 4.4"#]],
    );
}

#[test]
fn another_provider_is_told() {
    check(
        site().edit("/project.kiln", "providers.tls = openssl", "providers.tls = mbedtls").with(
            "/r/mbedtls.kiln",
            "recipe mbedtls\nversion = 4\ninclude unix\nprovides tls\nstep build = sh\"m\"\n",
        ),
        expect![[r#"
            `curl` gets `tls` from `mbedtls` now, before from `openssl`
            `curl` no longer gets an export: run certificates from openssl
            `mbedtls` 4 is new: host of `curl`
            `certificates` 2026 is not needed any more
            `openssl` 3.4 is not needed any more"#]],
    );
}

#[test]
fn another_platform_is_all_that_is_said() {
    let mut fixture = site();
    fixture.target = Some(("aarch64".into(), "linux".into()));
    check(fixture, expect![[r#"`platform.cpu` is aarch64 now, before x86_64"#]]);
}

#[test]
fn a_request_that_is_not_locked_is_compared_by_its_packages() {
    let with = |wish: &str| Fixture { wishes: vec![wish.to_owned()], ..site() };
    check(with("vpp"), expect![""]);
    check(with("dpdk[drivers += qat]"), expect![""]);
    check(with("dpdk == 24.03"), expect![[r#"`dpdk` is 24.03 now, before 24.11"#]]);
    check(with("make"), expect![[r#"`make` 4.4 is not locked"#]]);
    check(
        with("vpp").edit("/r/vpp.kiln", "sh\"vpp\"", "sh\"other\""),
        expect![[
            r#"the recipe of `vpp` makes something else of the same choices: recipe bbe92b63fc0b now, before a7e3280b15e0"#
        ]],
    );
}

#[test]
fn tools_that_differ_are_told_apart() {
    let fixture = site().edit("/r/curl.kiln", "host tls", "host tls\nbuild make == 4.3");
    let lock = lock(&fixture, None);
    let needs: Vec<String> = lock
        .packages()
        .filter_map(|it| Some(format!("{}: {}", it.name, it.needs.get("build")?.join(", "))))
        .collect();
    expect![[r#"
        certificates: seed
        curl: make 4.3, seed
        dpdk: seed
        openssl: seed
        vpp: make 4.4, seed
        make: seed
        make: seed"#]]
    .assert_eq(&needs.join("\n"));
    assert_eq!(Lock::read(&lock.write()).unwrap(), lock);
}

//------ broken locks

fn broken(edit: impl Fn(&str) -> String, expected: Expect) {
    let text = edit(&lock(&site(), None).write());
    let error = Lock::read(&text).unwrap_err();
    let place = &text[error.range.clone()];
    let line = text[..error.range.start].matches('\n').count() + 1;
    expected.assert_eq(&format!(
        "{}\nline {line}: {}\n{}\n",
        error.message,
        place.lines().next().unwrap_or(""),
        error.label
    ));
}

#[test]
fn what_is_wrong_with_a_lock_is_said_with_its_place() {
    broken(
        |it| it.replace("format = 1", "format = 2"),
        expect![[r#"
        it is of format 2, and this Kiln knows formats up to 1
        line 3: format = 2
        a later Kiln wrote it
    "#]],
    );
    broken(
        |it| it.replace("format = 1\n", ""),
        expect![[r#"
        it does not say its format, so it is no lock that `kiln lock` wrote
        line 1: # Written by `kiln lock`: every choice that was made for this project. Keep it with the project.

    "#]],
    );
    broken(
        |it| it.replace("format = 1", "format = one"),
        expect![[r#"
        it has no format that Kiln ever wrote, but `one`
        line 3: format = one

    "#]],
    );
    broken(
        |_| String::new(),
        expect![[r#"
        it does not say its format, so it is no lock that `kiln lock` wrote
        line 1: 

    "#]],
    );
    broken(
        |it| {
            it.replace(
                "version = \"8.18\"",
                "<<<<<<< HEAD\nversion = \"8.18\"\n=======\nversion = \"8.19\"\n>>>>>>> other",
            )
        },
        expect![[r#"
            a merge has left both sides in it
            line 49: <<<<<<< HEAD
            a side begins or ends here
        "#]],
    );
    broken(
        |it| it.replace("[[request]]", "[[request"),
        expect![[r#"
            it is no TOML: unclosed array table, expected `]]`
            line 37: 

        "#]],
    );
    broken(
        |it| it.replace("version = \"8.18\"\n", ""),
        expect![[r#"
            this is a package without its `version`
            line 47: [[request.package]]

        "#]],
    );
    broken(
        |it| it.replace("version = \"8.18\"", "version = 8.18"),
        expect![[r#"
            `version` is to be a text in quotes, and is of type float
            line 49: 8.18

        "#]],
    );
    broken(
        |it| it.replace("version = \"8.18\"", "version = \"8.18\"\nversions = 1"),
        expect![[r#"
            a package has no `versions`
            line 50: versions

        "#]],
    );
    broken(
        |it| it.replace("kind = \"project\"", "kind = \"projekt\""),
        expect![[r#"
            there is no kind of request `projekt`, only `project`, `published` and `asked`
            line 38: "projekt"

        "#]],
    );
    broken(
        |it| it.replace("name = \"curl\"", "name = \"dpdk\""),
        expect![[r#"
            `dpdk` stands twice in one request, which has one of each
            line 58: [[request.package]]

        "#]],
    );
    broken(
        |it| it.replace("# end\n", ""),
        expect![[r#"
            its end is missing: it was cut off
            line 89: sources = ["sha256:0000000000000000000000000000000000000000000000000000000000000000 seed"]
            `# end` should follow as the last line
        "#]],
    );
    broken(
        |it| it[..it.len() / 2].to_owned(),
        expect![[r#"
            its end is missing: it was cut off
            line 53: run = ["c
            `# end` should follow as the last line
        "#]],
    );
}

#[test]
fn no_beginning_of_a_lock_is_a_lock() {
    let text = lock(&site(), None).write();
    for end in (0..text.trim_end().len()).filter(|it| text.is_char_boundary(*it)) {
        assert!(Lock::read(&text[..end]).is_err(), "{}", &text[..end]);
    }
}

//------ any lock

fn word() -> impl Strategy<Value = String> {
    prop_oneof!["[a-z][a-z0-9_-]{0,6}", "\\PC{1,6}", Just("a \"b\"\\\n".to_owned())]
}

fn option() -> impl Strategy<Value = LockedOption> {
    let value = prop_oneof![
        word().prop_map(LockedValue::One),
        prop::collection::vec(word(), 0..20).prop_map(LockedValue::Set),
    ];
    (value, prop::option::of(word())).prop_map(|(value, by)| LockedOption { value, by })
}

fn package() -> impl Strategy<Value = LockedPackage> {
    let words = || prop::collection::vec(word(), 0..4);
    let map = || prop::collection::btree_map(word(), word(), 0..3);
    let options = prop::collection::btree_map(word(), option(), 0..4);
    (
        word(),
        prop::option::of(word()),
        word(),
        prop::option::of(word()),
        words(),
        words(),
        map(),
        words(),
        options,
    )
        .prop_map(
            |(name, instance, version, recipe, sources, host, providers, exports, options)| {
                LockedPackage {
                    name: Name::from(name),
                    instance: instance.map(Name::from),
                    version,
                    recipe,
                    sources,
                    needs: BTreeMap::from([("host".to_owned(), host)]),
                    providers,
                    exports,
                    options,
                }
            },
        )
}

proptest! {
    #[test]
    fn every_lock_reads_back(
        mut packages in prop::collection::vec(package(), 0..4),
        tools in prop::collection::vec(package(), 0..3),
        wants in prop::collection::vec(word(), 0..3),
    ) {
        packages.sort();
        packages.dedup_by(|a, b| (&a.instance, &a.name) == (&b.instance, &b.name));
        let mut names = std::collections::BTreeSet::new();
        packages.retain(|it| names.insert((it.instance.clone(), it.name.clone())));
        let facts = BTreeMap::from([("platform".to_owned(), BTreeMap::from([("cpu".to_owned(), "x".to_owned())]))]);
        let request = LockedRequest { kind: RequestKind::Asked, wants, packages };
        let lock = Lock { facts, requests: vec![request], tools };
        let text = lock.write();
        prop_assert_eq!(Lock::read(&text).map_err(|it| format!("{}\n{text}", it.message)), Ok(lock));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "\\PC{0,200}") {
        let _ = Lock::read(&format!("format = 1\n{text}\n# end\n"));
    }
}
