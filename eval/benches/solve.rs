//! How long solving takes.
//!
//! ```text
//! cargo bench -p kiln-eval --bench solve -- knobs               one package with many knobs
//! cargo bench -p kiln-eval --bench solve -- world DIR [ROOT…]   every root of a set of recipes
//! ```
//!
//! `knobs`: a package like DPDK, with 10, 100 and 1,000 drivers and a dozen numbers, of which one is
//! asked to be other than its default.
//!
//! `world`: DIR is what `convert-world` writes. The set is loaded before anything is measured, and
//! all roots are solved one after the other on one thread, each with its default request. Shown are
//! outcomes and times: by the clock, and of the processor, which other work does not change; with
//! ROOTs, only those, and what is said about them. The outcomes of the roots in DIR/hard.txt, which no
//! greedy pass solves, are counted apart.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kiln_eval::{Influencer, Node, Packages, ProjectWishes, Session, SetupRequest, setup, solve};
use kiln_lang::{Code, Database, Diagnostic, MemoryWorld, with_stack};

fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).filter(|it| it != "--bench").collect();
    match arguments.split_first().map(|it| (it.0.as_str(), it.1)) {
        // Solving is done on the thread that is measured.
        Some(("world", [dir, roots @ ..])) => with_stack(|| world(Path::new(dir), roots)),
        Some(("knobs", _)) | None => knobs(),
        Some((other, _)) => eprintln!("there is no benchmark `{other}`: `knobs`, `world DIR`"),
    }
}

fn ms(it: Duration) -> String {
    format!("{:.2} ms", it.as_secs_f64() * 1e3)
}

//------ knobs

fn knobs() {
    println!("{:>8} {:>12} {:>12}", "drivers", "solve", "per driver");
    for count in [10, 100, 150, 1_000] {
        let mut world = MemoryWorld::new();
        world.insert("/r/dpdk.kiln", dpdk(count));
        world.insert("/r/rdma_core.kiln", "recipe rdma_core\n\nversion = 50\n");
        let db = Database::new(Arc::new(world), vec!["/r".to_owned()]);
        let request = SetupRequest {
            machine: ("x86_64".into(), "linux".into()),
            specs: vec![db.add_spec("command line", "dpdk[drivers += d0]")],
            ..SetupRequest::default()
        };
        let packages = Packages::new(&db);
        let setup = match setup(&db, &request) {
            Ok((setup, _)) => setup,
            Err(said) => panic!("{said:?}"),
        };
        let mut best = Duration::MAX;
        for _ in 0..20 {
            let begin = Instant::now();
            let solution = solve(&packages, &setup, NonZeroUsize::MIN);
            best = best.min(begin.elapsed());
            match solution {
                Ok((it, _)) => assert_eq!(it.nodes.len(), 2, "the solution is another"),
                Err(said) => panic!("{}", show(&db, &said)),
            }
        }
        let each = best.as_secs_f64() * 1e6 / f64::from(count);
        println!("{count:>8} {:>12} {each:>9.2} µs", ms(best));
    }
}

/// A recipe with this many drivers, each off at first and with a dependency and an argument.
fn dpdk(count: u32) -> String {
    let mut text = String::from("recipe dpdk\n\nversions { 24.11 {}; 23.11 {} }\n\n");
    let names: Vec<String> = (0..count).map(|it| format!("d{it}")).collect();
    let _ = writeln!(
        text,
        "/// Drivers to build.\nknob drivers: Set<enum {{ {} }}> = all - {{d0, d1}} {{",
        names.join(", ")
    );
    for name in &names {
        let arg = format!("arg \"-Denable_{name}=true\"");
        let brings = match name.as_str() {
            "d0" => format!("{{ host rdma_core >= 50; {arg} }}"),
            _ => arg,
        };
        let _ = writeln!(text, "    {name} => {brings}");
    }
    text.push_str("}\n");
    for number in 0..12 {
        let _ = writeln!(
            text,
            "/// A number.\nknob n{number}: Int(1..=4096) = {}\narg \"-Dn{number}=\\(n{number})\"",
            32 + number
        );
    }
    text.push_str("conflict drivers has d0 & n0 > 1000 \"mlx5 has no room for so many\"\n");
    text
}

//------ world

/// The files of a folder, below `/r`, and the stems of those in `recipes`.
fn read(dir: &Path) -> (MemoryWorld, Vec<String>) {
    let mut world = MemoryWorld::new();
    let mut names = Vec::new();
    for folder in ["recipes", "interfaces", "modules"] {
        for entry in std::fs::read_dir(dir.join(folder)).into_iter().flatten().flatten() {
            let path = entry.path();
            let (Some(stem), Ok(text)) = (path.file_stem(), std::fs::read(&path)) else { continue };
            let stem = stem.to_string_lossy();
            world.insert(format!("/r/{folder}/{stem}.kiln"), text);
            if folder == "recipes" {
                names.push(stem.into_owned());
            }
        }
    }
    world.insert("/project.kiln", std::fs::read(dir.join("project.kiln")).unwrap_or_default());
    names.sort();
    (world, names)
}

fn world(dir: &Path, only: &[String]) {
    let begin = Instant::now();
    let (world, mut names) = read(dir);
    let db = Database::new(Arc::new(world), vec!["/r".to_owned()]);
    if !only.is_empty() {
        names.retain(|it| only.contains(it));
    }
    let request = |name: &str| SetupRequest {
        machine: ("x86_64".into(), "linux".into()),
        project: Some(db.file("/project.kiln")),
        specs: vec![db.add_spec("command line", name)],
        project_wishes: ProjectWishes::Ignored,
        ..SetupRequest::default()
    };
    let packages = Packages::new(&db);
    let threads = std::thread::available_parallelism().unwrap_or(NonZeroUsize::MIN);
    for name in &names {
        kiln_eval::prepare(&packages, &request(name), threads);
    }
    println!("loaded {} roots in {}", names.len(), ms(begin.elapsed()));
    let Some(first) = names.first() else { return };
    let (base, _) = match setup(&db, &request(first)) {
        Ok(it) => it,
        Err(said) => panic!("{}", show(&db, &said)),
    };
    let mut session = Session::new(&packages, &base);
    let mut times: Vec<(Duration, &str)> = Vec::new();
    let mut cpu_times: Vec<(Duration, &str)> = Vec::new();
    let mut outcomes: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut messages: BTreeMap<String, usize> = BTreeMap::new();
    let mut sizes: Vec<usize> = Vec::new();
    for name in &names {
        let outcome = match setup(&db, &request(name)) {
            Err(said) => {
                *messages.entry(told(&said)).or_default() += 1;
                "the request itself is wrong"
            }
            Ok((setup, _)) => {
                if std::env::var_os("KILN_TRACE").is_some() {
                    eprintln!("{name}");
                }
                let (begin, cpu_begin) = (Instant::now(), cpu_time());
                let result = session.solve(&setup.wishes);
                times.push((begin.elapsed(), name));
                let cpu = cpu_time().zip(cpu_begin).map(|(now, begin)| now.saturating_sub(begin));
                cpu_times.extend(cpu.map(|it| (it, name.as_str())));
                if !only.is_empty() {
                    match &result {
                        Ok((it, _)) => println!("{name}: {} nodes", it.nodes.len()),
                        Err(said) => println!("{name}:\n{}", show(&db, said)),
                    }
                }
                match result {
                    Ok((solution, _)) => {
                        sizes.push(solution.nodes.len());
                        let older = |it: &Node| {
                            it.version_history.iter().any(|it| it.by == Influencer::Search)
                        };
                        if solution.nodes.iter().any(older) {
                            "solution with older versions, as the newest do not go together"
                        } else {
                            "solution with the newest versions"
                        }
                    }
                    Err(said) => {
                        *messages.entry(told(&said)).or_default() += 1;
                        kind(&said)
                    }
                }
            }
        };
        outcomes.entry(outcome).or_default().push(name);
    }
    sizes.sort_unstable();
    show_times("by the clock", times);
    show_times("of the processor", cpu_times);
    if !sizes.is_empty() {
        println!("nodes: p50 {}, most {}", sizes[sizes.len() / 2], sizes[sizes.len() - 1]);
    }
    for (outcome, names) in &outcomes {
        println!("{:>6} {outcome}; {}", names.len(), sample(names));
    }
    let hard = std::fs::read_to_string(dir.join("hard.txt")).unwrap_or_default();
    // A name, and why it is hard.
    let hard: BTreeMap<&str, &str> = hard.lines().filter_map(|it| it.split_once(' ')).collect();
    for (outcome, names) in &outcomes {
        let mut of_hard: BTreeMap<&str, usize> = BTreeMap::new();
        for reasons in names.iter().filter_map(|it| hard.get(it)) {
            *of_hard.entry(*reasons).or_default() += 1;
        }
        let total: usize = of_hard.values().sum();
        let parts: Vec<String> = of_hard.iter().map(|it| format!("{} {}", it.1, it.0)).collect();
        if total > 0 {
            println!("{total:>6} hard ones: {outcome} ({})", parts.join("; "));
        }
    }
    let mut messages: Vec<(usize, String)> = messages.into_iter().map(|it| (it.1, it.0)).collect();
    messages.sort_by(|a, b| b.cmp(a));
    println!("what is said most:");
    for (count, message) in messages.iter().take(40) {
        println!("{count:>6} {message}");
    }
}

fn show_times(title: &str, mut times: Vec<(Duration, &str)>) {
    times.sort();
    println!("{title}:");
    for (part, title) in [(50, "p50"), (90, "p90"), (99, "p99"), (100, "worst")] {
        if let Some((time, name)) = times.get((times.len().max(1) - 1) * part / 100) {
            println!("{title:>6} {:>12}  {name}", ms(*time));
        }
    }
    let total: Duration = times.iter().map(|it| it.0).sum();
    println!("{:>6} {:>12}", "all", ms(total));
    let slowest: Vec<String> =
        times.iter().rev().take(12).map(|it| format!("{} {}", it.1, ms(it.0))).collect();
    println!("slowest: {}", slowest.join(", "));
}

/// How long this thread has run on a processor, where the system tells: exact to some milliseconds.
fn cpu_time() -> Option<Duration> {
    let text = std::fs::read_to_string("/proc/thread-self/schedstat").ok()?;
    text.split(' ').next()?.parse().ok().map(Duration::from_nanos)
}

fn sample(names: &[&str]) -> String {
    names.iter().take(8).copied().collect::<Vec<_>>().join(" ")
}

/// What kind of conflict it is, by what is said first.
fn kind(said: &[Diagnostic]) -> &'static str {
    match said.iter().find(|it| it.is_error()) {
        Some(it) if it.code == Code::Conflict => {
            if it.message.contains("no version ") {
                "conflict of versions"
            } else if it.message.contains("cannot be built like this") {
                "conflict with a rule"
            } else if it.message.contains("decide each other") {
                "packages that decide each other"
            } else {
                "conflict of needs"
            }
        }
        Some(it) => it.code.slug(),
        None => "nothing",
    }
}

fn told(said: &[Diagnostic]) -> String {
    said.iter().find(|it| it.is_error()).map_or_else(String::new, |it| it.message.clone())
}

fn show(db: &Database, said: &[Diagnostic]) -> String {
    let mut out = String::new();
    for it in said {
        let line = |file, range: kiln_lang::TextRange| {
            let text = db.text(file);
            let line = text[..usize::from(range.start())].matches('\n').count() + 1;
            format!("{}:{line}", db.path(file))
        };
        let _ = writeln!(out, "  {}[{}]: {}", it.code.severity(), it.code, it.message);
        let _ = writeln!(out, "    {}", line(it.primary.file, it.primary.range));
        for label in &it.secondary {
            let _ = writeln!(out, "    {}: {}", line(label.file, label.range), label.text);
        }
        for help in &it.help {
            let _ = writeln!(out, "    help: {help}");
        }
    }
    out
}
