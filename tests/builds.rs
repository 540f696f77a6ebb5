//! Real builds in the sandbox, from the two seeds: what the README promises, and what is rebuilt
//! when something changes.
//!
//! They need a machine on which builds can run, and the seeds and sources from the machine's own
//! mirrors. Where there is neither, they are ignored and say why; with `KILN_TEST_BUILDS=required`, as
//! in `cargo xtask ci` where the kernel allows builds, a sandbox that is refused fails them. What they
//! build is kept below the target folder (`tmp/builds`) for the next run; `KILN_TEST_KILLS` says how often the test of kills
//! kills. What compiles for many minutes is run by `--include-ignored`, and by the name of its test
//! with `--ignored`.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::thread;
use std::time::Duration;

use libtest_mimic::{Arguments, Failed, Trial};
use nix::pty::{OpenptyResult, openpty};
use nix::sys::signal::{Signal, kill};
use nix::sys::termios::tcgetattr;
use nix::unistd::Pid;

fn main() {
    let arguments = Arguments::from_args();
    let trials: [(&str, Test); 18] = [
        ("the first command of the README", the_first_command),
        ("a library's comment does not reach its users", comment_in_a_library),
        ("what a build cannot see changes no id", unseen_changes),
        ("a feature rebuilds its own package alone", one_feature),
        ("a recalled request sees every change of a file", recalled_request),
        ("a file beside a recipe can be run if it could there", file_that_is_run),
        ("what a program needs when it runs is there", needed_when_it_runs),
        ("a program that nothing can start says what is missing", not_started),
        ("tests run when something that they see has changed", tests_of_packages),
        ("an output has the files that it takes, and no others", several_outputs),
        ("a link leads to a program, and says what that needs", links_to_programs),
        ("two stores get the same objects", two_stores),
        ("stores that differ are told apart, and sets are summed up", stores_that_differ),
        ("what is published is taken from a cache", published),
        ("the log of a build that failed is found, and stays", log_of_a_build),
        ("a shell that is ended leaves the terminal and the log as they were", ended_shell),
        ("a folder of processes that are others is refused", foreign_proc),
        ("kills lose nothing that was done", kills),
    ];
    let long: [(&str, Test); 5] = [
        ("micromamba's libraries are one static program", libraries_of_micromamba),
        ("a program has the DPDK drivers that were asked for", drivers_of_dpdk),
        ("what is built for another machine is tested by an emulator", other_machine),
        ("what is built for glibc 2.17 needs no newer one", programs_for_glibc),
        ("programs find the shared libraries that they are linked with", shared_libraries),
    ];
    let reason = if arguments.list { None } else { why_not() };
    if let Some(reason) = &reason {
        let (Reason::Sandbox(text) | Reason::Network(text)) = reason;
        eprintln!("builds are not tested on this machine: {text}");
        // A mistake of Kiln's own may look like a refusal.
        let is_required = std::env::var_os("KILN_TEST_BUILDS").is_some_and(|it| it == "required");
        if is_required && matches!(reason, Reason::Sandbox(_)) {
            eprintln!("KILN_TEST_BUILDS=required: that is a failure");
            std::process::exit(1);
        }
    }
    let trials = trials
        .into_iter()
        .map(|(name, run)| Trial::test(name, run).with_ignored_flag(reason.is_some()))
        .chain(long.into_iter().map(|(name, run)| Trial::test(name, run).with_ignored_flag(true)))
        .collect();
    libtest_mimic::run(&arguments, trials).exit();
}

type Test = fn() -> Result<(), Failed>;

/// Why builds are not tested.
enum Reason {
    /// What the sandbox says of this machine.
    Sandbox(String),
    /// What was said when the seeds could not be fetched.
    Network(String),
}

/// Why this machine can build nothing, or has no way to the sources.
fn why_not() -> Option<Reason> {
    let doctor = said(&kiln(&shared_store(), ["doctor"]));
    let sandbox = doctor.lines().find(|it| it.starts_with("sandbox"))?;
    if !sandbox.contains("works") {
        return Some(Reason::Sandbox(doctor));
    }
    let fetched = kiln(&shared_store(), ["realise", "busybox-seed", "zig"]);
    let text = said(&fetched);
    // Only a network that is not there is a reason; what answers wrongly is a failure.
    let is_away = !fetched.status.success() && text.contains("cannot connect");
    is_away.then_some(Reason::Network(text))
}

/// A store that the runs of these tests share.
fn shared_store() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("builds")
}

fn command<A: AsRef<OsStr>>(store: &Path, arguments: impl IntoIterator<Item = A>) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kiln-under-test"));
    command.arg("--store").arg(store).args(arguments).stdin(Stdio::null());
    command
}

fn kiln<A: AsRef<OsStr>>(store: &Path, arguments: impl IntoIterator<Item = A>) -> Output {
    command(store, arguments).output().expect("the command starts")
}

fn said(output: &Output) -> String {
    let out = String::from_utf8_lossy(&output.stdout);
    format!("{out}{}", String::from_utf8_lossy(&output.stderr))
}

/// Runs `kiln`, which must succeed, and returns its standard output and its standard error.
fn succeed<A: AsRef<OsStr>>(
    store: &Path,
    arguments: impl IntoIterator<Item = A>,
) -> Result<(String, String), Failed> {
    let output = kiln(store, arguments);
    if !output.status.success() {
        return Err(format!("{}\n{}", output.status, said(&output)).into());
    }
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    Ok((text(&output.stdout), text(&output.stderr)))
}

/// A copy of the recipes of `builds/`, to change.
struct Recipes {
    folder: tempfile::TempDir,
}

impl Recipes {
    fn new() -> Result<Recipes, Failed> {
        let folder = tempfile::tempdir()?;
        let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("builds");
        for name in
            ["greet/greet.kiln", "greet/greet.c", "greeter/greeter.kiln", "greeter/greeter.c"]
        {
            let to = folder.path().join(name);
            fs::create_dir_all(to.parent().unwrap_or(folder.path()))?;
            fs::copy(from.join(name), to)?;
        }
        Ok(Recipes { folder })
    }

    fn replace(&self, name: &str, from: &str, to: &str) -> Result<(), Failed> {
        let path = self.folder.path().join(name);
        let text = fs::read_to_string(&path)?;
        if !text.contains(from) {
            return Err(format!("{name} does not contain {from:?}").into());
        }
        Ok(fs::write(path, text.replacen(from, to, 1))?)
    }

    fn arguments<'a>(&'a self, command: &'a str, spec: &'a str) -> [&'a OsStr; 4] {
        [command.as_ref(), "--recipes".as_ref(), self.folder.path().as_ref(), spec.as_ref()]
    }

    /// What `kiln realise` prints of `spec`: the objects, and what was done for them.
    fn realise(&self, spec: &str) -> Result<(String, String), Failed> {
        succeed(&shared_store(), self.arguments("realise", spec))
    }
}

fn expect(text: &str, wanted: &[&str], unwanted: &[&str]) -> Result<(), Failed> {
    for wanted in wanted {
        if !text.contains(wanted) {
            return Err(format!("expected {wanted:?} in:\n{text}").into());
        }
    }
    for unwanted in unwanted {
        if text.contains(unwanted) {
            return Err(format!("expected no {unwanted:?} in:\n{text}").into());
        }
    }
    Ok(())
}

fn the_first_command() -> Result<(), Failed> {
    let spec = "curl[http2, tls = mbedtls]";
    let (out, _) = succeed(&shared_store(), ["run", spec, "--", "--version"])?;
    expect(&out, &["curl 7.88.1", "mbedTLS/2.28.3", "nghttp2/1.52.0"], &["OpenSSL", "libssh2"])?;
    // It is there now: nothing is done for it a second time.
    let (again, done) = succeed(&shared_store(), ["realise", spec])?;
    expect(&done, &[], &["built", "fetched"])?;
    expect(&again, &["-curl"], &[])
}

fn libraries_of_micromamba() -> Result<(), Failed> {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("builds");
    let run = ["run".as_ref(), "--recipes".as_ref(), recipes.as_os_str(), "mamba-set".as_ref()];
    let (out, _) = succeed(&shared_store(), run)?;
    let lines = [
        "yaml-cpp: kiln wants app >=2",
        "nlohmann-json: 5 packages",
        // By conda's order of versions, in which 1.10 is the newest below 2.
        "libsolv: lib-1.10.noarch, app-2.1.noarch",
        "libarchive: bzip2 came back, xz came back",
        "reproc: \"a child says hello\" and 7, no error",
        "spdlog: [kiln] [warning] one line is logged",
        "curl: transferred, http2 true, kerberos false, OpenSSL/3.0.22",
    ];
    expect(&out, &lines, &[])
}

fn drivers_of_dpdk() -> Result<(), Failed> {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("builds");
    let layer = tempfile::NamedTempFile::new()?;
    fs::write(
        &layer,
        "override dpdk\n\ndrivers = {null, ring, mlx5}\nlibs = {}\nmax_ethports = 7\nmax_lcores = 16\n\
         pkt_mbuf_headroom = 256\n",
    )?;
    let mut run: Vec<&OsStr> = vec!["run".as_ref(), "--no-project".as_ref(), "--recipes".as_ref()];
    run.extend([recipes.as_os_str(), "-f".as_ref(), layer.path().as_os_str()]);
    run.extend(["dpdk-drivers", "--", "--no-huge", "-m", "64", "--no-pci"].map(OsStr::new));
    run.extend(["--no-shconf", "--vdev=net_null0", "--vdev=net_ring0"].map(OsStr::new));
    let (out, _) = succeed(&shared_store(), run)?;
    let lines = [
        "DPDK 22.11.11: at most 7 ports and 16 cores, 256 bytes before a packet\n2 devices\n",
        "\ndrivers: mlx5_common_driver mlx5_common_pci mlx5_eth net_null net_ring\n",
    ];
    expect(&out, &lines, &[])
}

fn other_machine() -> Result<(), Failed> {
    for target in ["aarch64-linux", "riscv64-linux"] {
        let (out, _) = succeed(
            &shared_store(),
            ["test", "--no-project", "--target", target, "hello", "zlib"],
        )?;
        expect(&out, &["ok       greets", "ok       packs and unpacks", "2 tests: 2 ok"], &[])?;
    }
    Ok(())
}

fn programs_for_glibc() -> Result<(), Failed> {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("builds");
    let layer = tempfile::NamedTempFile::new()?;
    fs::write(&layer, "overlay old\n\ntoolchain.libc = glibc\ntoolchain.glibc = 2.17\n")?;
    let with = |command: &str, specs: &[&str]| {
        let mut arguments: Vec<&OsStr> = vec![command.as_ref(), "--no-project".as_ref()];
        arguments.extend(["--recipes".as_ref(), recipes.as_os_str()]);
        arguments.extend(["-f".as_ref(), layer.path().as_os_str()]);
        arguments.extend(specs.iter().map(OsStr::new));
        kiln(&shared_store(), arguments)
    };
    let tested = said(&with("test", &["hello", "zlib", "make"]));
    expect(&tested, &["3 tests: 3 ok"], &[])?;
    // What is brought along is looked at as well.
    let refused = said(&with("realise", &["brought-along"]));
    let lines = [
        "step `audit` ended with exit code 1",
        "audit: lib/libnsl.so.1 does not run with glibc 2.17, for it needs:",
        "of libc.so.6",
    ];
    expect(&refused, &lines, &[])
}

fn shared_libraries() -> Result<(), Failed> {
    let layer = tempfile::NamedTempFile::new()?;
    fs::write(&layer, "overlay shared\n\ntoolchain { link = shared; libc = glibc }\n")?;
    let with = |command: &str, specs: &[&str]| {
        let mut arguments: Vec<&OsStr> = vec![command.as_ref(), "--no-project".as_ref()];
        arguments.extend(["-f".as_ref(), layer.path().as_os_str()]);
        arguments.extend(specs.iter().map(OsStr::new));
        kiln(&shared_store(), arguments)
    };
    let tested = said(&with("test", &["zlib", "xz", "libarchive", "curl[~http2, tls = mbedtls]"]));
    expect(&tested, &["4 tests: 4 ok"], &[])?;
    let zlib = said(&with("realise", &["zlib"]));
    let folder = zlib.lines().find(|it| it.starts_with('/')).ok_or("no path")?;
    if Path::new(folder).join("lib/libz.so.1").exists() { Ok(()) } else { Err(zlib.into()) }
}

fn comment_in_a_library() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    let (before, _) = recipes.realise("greeter")?;
    // A comment that no run before this one had.
    let comment = format!("/* {} */", recipes.folder.path().display());
    recipes.replace("greet/greet.c", "/* A comment. */", &comment)?;
    let (after, done) = recipes.realise("greeter")?;
    expect(&done, &["building greet 1.0"], &["building greeter"])?;
    if before == after { Ok(()) } else { Err(format!("{before} became {after}").into()) }
}

fn unseen_changes() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    let (before, _) = recipes.realise("greeter")?;
    recipes.replace("greet/greet.kiln", "//! A library", "// A comment.\n//! Another library")?;
    recipes.replace(
        "greet/greet.kiln",
        "\"MIT\"",
        "\"Apache-2.0\"\nhomepage = \"https://x.test\"",
    )?;
    recipes.replace("greeter/greeter.kiln", "host greet", "\n\nhost   greet // Links.")?;
    recipes.replace(
        "greeter/greeter.kiln",
        "step build",
        "test \"greets\" = sh\"\"\"greeter\"\"\"\nstep build",
    )?;
    let (after, done) = recipes.realise("greeter")?;
    expect(&done, &[], &["building"])?;
    if before == after { Ok(()) } else { Err(format!("{before} became {after}").into()) }
}

fn one_feature() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    // Programs that no run before this one had.
    let unique = format!("/* {} */\n#include <stdio.h>", recipes.folder.path().display());
    recipes.replace("greeter/greeter.c", "#include <stdio.h>", &unique)?;
    recipes.realise("greeter")?;
    let (_, done) = recipes.realise("greeter[loud]")?;
    expect(&done, &["building greeter 1.0"], &["building greet 1.0", "building cc"])?;
    let (out, done) = succeed(&shared_store(), recipes.arguments("run", "greeter[loud]"))?;
    expect(&done, &[], &["building"])?;
    expect(&out, &["good day!\n"], &[])
}

fn recalled_request() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    let home = tempfile::tempdir()?;
    let realise = || {
        let mut command = command(&shared_store(), recipes.arguments("realise", "greeter"));
        let output = command.env("XDG_CACHE_HOME", home.path()).output()?;
        Ok::<_, Failed>((said(&output), output.status.success()))
    };
    let first = realise()?;
    // What was changed a moment ago is not trusted to be the same.
    expect(&entries(home.path()), &[], &["requests/"])?;
    thread::sleep(Duration::from_millis(1500));
    let second = realise()?;
    let kept = entries(home.path());
    expect(&kept, &["requests/"], &[])?;
    let third = realise()?;
    if (&second, &third) != (&first, &first) && !first.0.contains("building") {
        return Err(format!("{first:?}, {second:?}, {third:?}").into());
    }
    // A changed file, a mistake, and a recipe that takes the place of another are all seen.
    let unique = format!("/* {} */\n#include <stdio.h>", recipes.folder.path().display());
    recipes.replace("greeter/greeter.c", "#include <stdio.h>", &unique)?;
    expect(&realise()?.0, &["building greeter 1.0"], &[])?;
    thread::sleep(Duration::from_millis(1500));
    realise()?;
    fs::write(recipes.folder.path().join("cc.kiln"), "recipe cc\nversion = banana\n")?;
    let (said, done) = realise()?;
    if done { Err(format!("a broken recipe was not seen:\n{said}").into()) } else { Ok(()) }
}

fn not_started() -> Result<(), Failed> {
    let recipes = Path::new(env!("CARGO_MANIFEST_DIR")).join("builds");
    let run = |bin: &str| {
        let recipes = ["--no-project".as_ref(), "--recipes".as_ref(), recipes.as_os_str()];
        let rest = ["not-started", "--bin", bin].map(OsStr::new);
        said(&kiln(&shared_store(), ["run".as_ref()].into_iter().chain(recipes).chain(rest)))
    };
    let program = "`program` cannot be started: this machine has no `/nowhere/ld-linux.so.2`";
    expect(&run("program"), &[program, "it is a part of glibc", "libc6"], &[])?;
    let script = "`script` cannot be started: it is a script for `/nowhere/perl`";
    expect(&run("script"), &[script, "names an interpreter of the store"], &[])
}

fn file_that_is_run() -> Result<(), Failed> {
    let recipes = tempfile::tempdir()?;
    let script = recipes.path().join("greet");
    fs::write(&script, "#!/bin/sh\necho hello > $1\n")?;
    let text = "//! For a test.\nrecipe beside\n\nversion = 1.0\nbuild busybox-seed\n\
         links = {\"/bin/sh\": \"\\(dep.busybox-seed)/busybox\"}\nshell = [\"/bin/sh\", \"-eu\"]\n\
         step install = sh\"\"\"\\(file(\"greet\")) \\(out)\"\"\"\n";
    fs::write(recipes.path().join("beside.kiln"), text)?;
    let folder = recipes.path().as_os_str();
    let arguments = ["realise", "beside", "--recipes"].map(OsStr::new).into_iter().chain([folder]);
    for (mode, code) in [(0o644, 3), (0o755, 0)] {
        fs::set_permissions(&script, fs::Permissions::from_mode(mode))?;
        let output = kiln(&shared_store(), arguments.clone());
        if output.status.code() != Some(code) {
            return Err(format!("with mode {mode:o}:\n{}", said(&output)).into());
        }
    }
    Ok(())
}

fn needed_when_it_runs() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    // A library says so, too.
    recipes.replace("greet/greet.kiln", "include unix", "include unix\nrun asker")?;
    let asker = r#"recipe asker
version = 1.0
license = "MIT"
include unix
step build = sh"""
    echo 'int main(void) { return execlp("relay", "relay", (char *)0); }' > asker.c
    cc $CFLAGS -include unistd.h asker.c -o asker
    """
step install = sh"mkdir -p \(out)/bin; cp asker \(out)/bin/"
"#;
    let relay = asker
        .replace("asker", "relay")
        .replace("include unix", "include unix\nrun greeter")
        .replace(r#"execlp("relay", "relay""#, r#"execlp("greeter", "greeter""#);
    fs::write(recipes.folder.path().join("asker.kiln"), asker)?;
    fs::write(recipes.folder.path().join("relay.kiln"), relay)?;
    // relay runs greeter, which is linked with greet, which runs asker.
    let arguments = recipes.arguments("run", "relay");
    let (out, _) = succeed(&shared_store(), arguments)?;
    expect(&out, &["good day\n"], &[])?;
    let home = tempfile::tempdir()?;
    let bin = |name: &str| -> Result<String, Failed> {
        let mut command = command(&shared_store(), arguments);
        let output = command.args(["--bin", name]).env("XDG_CACHE_HOME", home.path()).output()?;
        Ok(said(&output))
    };
    // Its own programs are those of the package; what is recalled is as whole as what is solved.
    expect(&bin("asker")?, &["`relay` has no program `asker`"], &[])?;
    thread::sleep(Duration::from_millis(1500));
    for _ in 0..2 {
        expect(&bin("relay")?, &["good day\n"], &["asker"])?;
    }
    Ok(())
}

/// The paths of all files below a folder, one a line.
fn entries(folder: &Path) -> String {
    let mut out = String::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() {
            out.push_str(&entries(&path))
        } else {
            out.push_str(&format!("{}\n", path.display()))
        }
    }
    out
}

fn tests_of_packages() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    let unique = recipes.folder.path().display().to_string();
    let declared = format!(
        r#"test "greets" = sh"""test "$(greeter)" = "good day" # {unique}"""
test "links with its library" {{
    test cc
    test greet
    script = sh"""
        echo 'int greet(void); int main(void) {{ return 0; }}' > main.c
        cc main.c -lgreet -o main
        ./main
        """
}}
test "shouts" = sh"""test "$(greeter)" = "GOOD DAY!" # {unique}""" when loud
step build"#
    );
    recipes.replace("greeter/greeter.kiln", "step build", &declared)?;
    recipes.replace("greeter/greeter.c", "#include <stdio.h>", "#include  <stdio.h>")?;
    let test = |spec: &str| {
        let output = kiln(&shared_store(), recipes.arguments("test", spec));
        (said(&output), output.status.code())
    };
    let (text, code) = test("greeter");
    let running = "running greeter 1.0 test \"greets\"";
    expect(&text, &[running, "ok       greets", "ok       links with its library"], &["shouts"])?;
    expect(&format!("{code:?}"), &["Some(0)"], &[])?;
    // Neither asking again nor a comment that reaches no object runs them again.
    let comment = format!("/* Tested: {unique} */");
    recipes.replace("greet/greet.c", "/* A comment. */", &comment)?;
    let (text, _) = test("greeter");
    expect(&text, &["building greet 1.0", "greets (as before)"], &["running", "building greeter"])?;
    // Another program is tested again, and a test that fails says why.
    let (text, code) = test("greeter[loud]");
    expect(
        &text,
        &["ok       links with its library", "failed   shouts", "3 tests: 1 ok, 2 failed"],
        &["kiln shell"],
    )?;
    expect(&format!("{code:?}"), &["Some(3)"], &[])
}

fn two_stores() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    let (first, _) = recipes.realise("greeter[loud]")?;
    let other = tempfile::tempdir()?;
    let (second, done) = succeed(other.path(), recipes.arguments("realise", "greeter[loud]"))?;
    expect(&done, &["built cc", "built greet 1.0", "built greeter 1.0"], &[])?;
    // A store path names the content, so equal paths are equal bits.
    let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
    if name(&first) != name(&second) {
        return Err(format!("{first} and {second}").into());
    }
    let (said, _) = compare(&shared_store(), other.path(), 0)?;
    expect(&said, &["equal bit for bit", "; "], &["differs", "0 of "])
}

/// Runs `kiln store compare`, which must end with this code.
fn compare(store: &Path, other: &Path, code: i32) -> Result<(String, String), Failed> {
    let output = kiln(store, ["store".as_ref(), "compare".as_ref(), other.as_os_str()]);
    let text = |it: &[u8]| String::from_utf8_lossy(it).into_owned();
    if output.status.code() != Some(code) {
        return Err(format!("{} instead of {code}\n{}", output.status, said(&output)).into());
    }
    Ok((text(&output.stdout), text(&output.stderr)))
}

/// A recipe of one step that needs no compiler.
fn small_recipe(name: &str, version: &str, needs: &str, step: &str) -> String {
    format!(
        "//! For a test.\nrecipe {name}\n\nversion = {version}\nbuild busybox\n{needs}\n\
         shell = [\"\\(dep.busybox)/bin/sh\", \"-eu\"]\nenv.PATH = \"\\(dep.busybox)/bin\"\n\
         step install = sh\"\"\"\n    {step}\n    \"\"\"\n"
    )
}

fn stores_that_differ() -> Result<(), Failed> {
    let recipes = tempfile::tempdir()?;
    let write = |name: &str, version: &str, needs: &str, step: &str| {
        let text = small_recipe(name, version, needs, step);
        fs::write(recipes.path().join(format!("{name}.kiln")), text)
    };
    let chance = r"mkdir \(out); echo same > \(out)/same; head -c 8 /dev/urandom > \(out)/bytes";
    write("chance", "1.0", "", chance)?;
    write("user", "2.0", "build chance", r"cp \(dep.chance)/bytes \(out)")?;
    let folder = recipes.path().display().to_string();
    let arguments = ["realise", "--no-project", "--recipes", &folder, "--all", "--summary"];
    let (first, second) = (tempfile::tempdir()?, tempfile::tempdir()?);
    let (table, _) = succeed(first.path(), arguments)?;
    let rows = ["chance 1.0  built", "user 2.0    built", "2 of 2 packages are realised"];
    expect(&table, &rows, &["busybox", "failed"])?;
    let (table, _) = succeed(first.path(), arguments)?;
    expect(&table, &["chance 1.0  was there", "user 2.0    was there"], &[])?;
    compare(first.path(), first.path(), 2)?;
    let (_, nowhere) = compare(first.path(), &second.path().join("nowhere"), 1)?;
    expect(&nowhere, &["there is no store at", "KILN_STORE"], &[])?;
    // A store that is empty has nothing to compare with.
    succeed(second.path(), ["store", "verify"])?;
    let (said, why) = compare(first.path(), second.path(), 3)?;
    expect(&said, &["0 of 0 builds and downloads"], &[])?;
    expect(&why, &["have done nothing from the same inputs"], &[])?;
    succeed(second.path(), arguments)?;
    let (said, _) = compare(first.path(), second.path(), 3)?;
    let differs = "differs chance 1.0\n  out: bytes differs from byte ";
    expect(&said, &[differs, "made of what differs: user 2.0\n"], &["same differs"])?;
    // What fails, and what needs it, is in the table, too.
    write("chance", "1.1", "", "exit 3")?;
    write("other", "3.0", "", r"echo > \(out)")?;
    let output = command(first.path(), arguments).arg("-k").output()?;
    let table = String::from_utf8_lossy(&output.stdout);
    let rows = ["chance 1.1  failed", "other 3.0   built", "needs chance 1.1", "1 of 3 packages"];
    expect(&table, &rows, &[])?;
    expect(&format!("{:?}", output.status.code()), &["Some(3)"], &[])
}

fn log_of_a_build() -> Result<(), Failed> {
    let recipes = tempfile::tempdir()?;
    let write = |step: &str| {
        let bytes = recipes.path().join("bytes");
        let sha256 = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        // What is downloaded is the usual input of a build.
        let source = format!(
            "source = fetch(\"file://{}\", sha256 = \"{sha256}\", unpack = off)",
            bytes.display()
        );
        fs::write(bytes, "abc")?;
        let text = small_recipe("loud", "1.0", &source, step);
        fs::write(recipes.path().join("loud.kiln"), text)
    };
    let store = tempfile::tempdir()?;
    let run = |words: &[&str]| {
        let recipes = recipes.path().to_str().unwrap_or_default();
        let layers = ["--no-project", "--recipes", recipes, "loud"];
        said(&kiln(store.path(), words.iter().copied().chain(layers)))
    };
    write("echo all that it prints; exit 3")?;
    expect(&run(&["realise"]), &["ended with exit code 3", "kiln log "], &[])?;
    expect(&run(&["log"]), &["all that it prints\n"], &["there is no log"])?;
    // What a second build prints is not the log of the first.
    write(r"cat /proc/sys/kernel/random/uuid; echo > \(out)")?;
    expect(&run(&["realise"]), &["built loud 1.0"], &[])?;
    let log = run(&["log"]);
    expect(&run(&["realise", "--check"]), &["equal bit for bit"], &[])?;
    let after = run(&["log"]);
    if log == after && log.len() > 30 { Ok(()) } else { Err(format!("{log}{after}").into()) }
}

fn ended_shell() -> Result<(), Failed> {
    let recipes = tempfile::tempdir()?;
    let text = small_recipe("broken", "1.0", "", "echo why it fails; exit 3");
    fs::write(recipes.path().join("broken.kiln"), text)?;
    let store = tempfile::tempdir()?;
    let layers = ["--no-project".as_ref(), "--recipes".as_ref(), recipes.path().as_os_str()];
    let words = |name: &'static str| [&[name.as_ref()], &layers[..], &["broken".as_ref()]].concat();
    expect(&said(&kiln(store.path(), words("realise"))), &["ended with exit code 3"], &[])?;
    let OpenptyResult { master, slave } = openpty(None, None)?;
    let mode = || tcgetattr(&slave).map(|it| it.local_flags);
    let before = mode()?;
    // Somebody has to read what a terminal shows.
    thread::spawn(move || std::io::copy(&mut fs::File::from(master), &mut std::io::sink()));
    let mut child = command(store.path(), words("shell"))
        .stdin(slave.try_clone()?)
        .stdout(slave.try_clone()?)
        .stderr(slave.try_clone()?)
        .spawn()?;
    let mut waits = 0;
    while mode()? == before {
        waits += 1;
        if waits > 1200 || child.try_wait()?.is_some() {
            return Err("there was no shell".into());
        }
        thread::sleep(Duration::from_millis(50));
    }
    kill(Pid::from_raw(i32::try_from(child.id())?), Signal::SIGTERM)?;
    let end = child.wait()?;
    if (end.code(), mode()?) != (Some(130), before) {
        return Err(format!("{end}, and the terminal went from {before:?} to {:?}", mode()?).into());
    }
    expect(&said(&kiln(store.path(), words("log"))), &["why it fails\n"], &[])
}

fn several_outputs() -> Result<(), Failed> {
    let recipes = tempfile::tempdir()?;
    let write = |name: &str, text: &str| fs::write(recipes.path().join(name), text);
    let from = Path::new(env!("CARGO_MANIFEST_DIR")).join("builds/several-outputs");
    let net = fs::read_to_string(from.join("net.kiln"))?;
    write("net.kiln", &net)?;
    write("app.kiln", &fs::read_to_string(from.join("app.kiln"))?)?;
    let folder = recipes.path().display().to_string();
    let store = tempfile::tempdir()?;
    let realise =
        |spec: &str| succeed(store.path(), ["realise", "--no-project", "--recipes", &folder, spec]);
    let (path, said) = realise("net")?;
    expect(&said, &["built net/shared_build 1.0", "built net 1.0"], &["static_build"])?;
    // What it needs when it runs comes with it, and is not what was asked for.
    expect(&said, &["built net.libnet 1.0"], &[])?;
    expect(&path, &["-net\n"], &["libnet"])?;
    let files = entries(Path::new(path.trim_end()));
    expect(&files, &["bin/net", "share/man/net.1"], &["lib", "include"])?;
    // The program is one of its compilation, and runs with what the output needs.
    let run = ["run", "--no-project", "--recipes", &folder, "net", "--", "net"];
    expect(&succeed(store.path(), run)?.0, &["net with shared, http3"], &[])?;
    // An output has the log of its compilation.
    for spec in ["net", "net.libnet"] {
        let (log, _) = succeed(store.path(), ["log", "--no-project", "--recipes", &folder, spec])?;
        expect(&log, &["installed net with shared, http3"], &[])?;
    }
    let (path, said) = realise("app")?;
    expect(&said, &["built net/static_build 1.0", "built net.libnet-static 1.0"], &["shared"])?;
    let seen = fs::read_to_string(Path::new(path.trim_end()).join("seen"))?;
    expect(&seen, &["libnet.a", "static, no http3"], &["libnet.so", "net.1"])?;
    // Another pattern compiles nothing.
    write("net.kiln", &net.replace("\"share/man\"", "\"share/man/*\", \"include/*.h\""))?;
    let (path, said) = realise("net")?;
    expect(&said, &["built net 1.0"], &["_build"])?;
    let files = entries(Path::new(path.trim_end()));
    expect(&files, &["bin/net", "include/net.h"], &["lib"])?;
    // One that finds nothing is said, with what there is.
    write("net.kiln", &net.replace("\"share/man\"", "\"share/doc\""))?;
    let output = kiln(store.path(), ["realise", "--no-project", "--recipes", &folder, "net"]);
    let wanted = ["no file is like 'share/doc'", "share/man/net.1"];
    expect(&String::from_utf8_lossy(&output.stderr), &wanted, &[])
}

/// What runs outside of the sandbox by a link, and what does not.
fn links_to_programs() -> Result<(), Failed> {
    let (recipes, home) = (Recipes::new()?, tempfile::tempdir()?);
    let tied = r#"mkdir -p \(out)/bin; printf '#!\(dep.busybox)/bin/sh\ncat \(out)/text\n' > \(out)/bin/tied; chmod +x \(out)/bin/tied; echo there > \(out)/text"#;
    fs::write(recipes.folder.path().join("tied.kiln"), small_recipe("tied", "1.0", "", tied))?;
    let realise = |spec: &str, link: &Path| {
        let arguments = recipes.arguments("realise", spec).into_iter();
        succeed(&shared_store(), arguments.chain(["--link".as_ref(), link.as_os_str()]))
    };
    let link = home.path().join("greeter");
    let (path, said) = realise("greeter", &link)?;
    expect(&said, &["linked `"], &["refers to"])?;
    let ran = Command::new(link.join("bin/greeter")).env_clear().output()?;
    expect(&String::from_utf8_lossy(&ran.stdout), &["good day\n"], &[])?;
    if fs::read_link(&link)? != Path::new(path.trim_end()) {
        return Err(format!("{} is not a link to {path}", link.display()).into());
    }
    let link = home.path().join("tied");
    let (_, said) = realise("tied", &link)?;
    expect(&said, &["refers to itself and another object in /kiln/store", "`kiln run`"], &[])?;
    let run = recipes.arguments("run", "tied");
    expect(&succeed(&shared_store(), run)?.0, &["there\n"], &[])
}

fn published() -> Result<(), Failed> {
    let recipes = Recipes::new()?;
    let cache = tempfile::tempdir()?;
    let to = cache.path().display().to_string();
    let mut export = vec!["store".to_owned(), "export".to_owned()];
    export.extend(["--to".to_owned(), to.clone(), "--published".to_owned()]);
    export.extend(["--no-project".to_owned(), "--recipes".to_owned()]);
    export.push(recipes.folder.path().display().to_string());
    export.push("greeter".to_owned());
    succeed(&shared_store(), &export)?;
    // A consumer asks for what it needs, not for what is published: equal ids are found.
    let other = tempfile::tempdir()?;
    let settings = tempfile::tempdir()?;
    let config = settings.path().join("config.toml");
    fs::write(&config, format!("substituters = [{to:?}]\n"))?;
    for spec in ["greeter[loud]", "greeter"] {
        let arguments = recipes.arguments("realise", spec);
        let output = command(other.path(), arguments).env("KILN_CONFIG", &config).output()?;
        // What it was made of is neither built nor downloaded.
        let wanted = ["substituted greeter 1.0"];
        expect(&said(&output), &wanted, &["building", "fetching", "substituted greet 1.0"])?;
    }
    Ok(())
}

fn foreign_proc() -> Result<(), Failed> {
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "--pid", "--fork"]);
    command.arg(env!("CARGO_BIN_EXE_kiln-under-test")).arg("--store").arg(shared_store());
    let output = command.arg("doctor").stdin(Stdio::null()).output()?;
    let wanted = ["/proc is not mounted here, or shows", "mount -t proc proc /proc"];
    expect(&said(&output), &wanted, &["works"])
}

fn kills() -> Result<(), Failed> {
    let kills: u64 =
        std::env::var("KILN_TEST_KILLS").ok().and_then(|it| it.parse().ok()).unwrap_or(12);
    let recipes = Recipes::new()?;
    let store = tempfile::tempdir()?;
    let seeds = succeed(store.path(), ["realise", "cc", "make"])?.0;
    let mut done = String::new();
    for kill in 0..kills {
        // Something new is to be built each time.
        fs::write(
            recipes.folder.path().join("greet/greet.c"),
            format!("const char *greeting(void) {{ return \"good day {kill}\"; }}\n"),
        )?;
        let mut child = command(store.path(), recipes.arguments("realise", "greeter"))
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        // Spread over the time that it takes, which differs from machine to machine.
        thread::sleep(Duration::from_millis(5 + kill * 7919 % 400));
        child.kill()?;
        child.wait()?;
        let (said, _) = succeed(store.path(), ["store", "verify"])?;
        if let Some(path) = done.lines().find(|it| !store_has(store.path(), it)) {
            return Err(format!("{path} was done before kill {kill} and is lost\n{said}").into());
        }
        done = succeed(store.path(), recipes.arguments("realise", "greeter"))?.0;
    }
    let (again, did) = succeed(store.path(), ["realise", "cc", "make"])?;
    expect(&did, &[], &["building"])?;
    if seeds == again { Ok(()) } else { Err(format!("{seeds} became {again}").into()) }
}

/// Whether the object that programs see at `path` is in `store`.
fn store_has(store: &Path, path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or(path);
    store.join("store").join(name).exists()
}
