//! How fast recipes are checked, cold: `cargo bench -p kiln-lang --bench check [COUNT]`.
//!
//! The recipes have what real ones have: versions, features and knobs with blocks, conditions,
//! conflicts, arguments, and up to eight dependencies each; one override changes every tenth. With
//! twice as many recipes it must take twice as long. Prints the best of several rounds, because other
//! work on the machine only ever makes a round slower.

use std::fmt::Write as _;
use std::sync::Arc;
use std::time::{Duration, Instant};

use kiln_lang::{Database, MemoryWorld};

const ROUNDS: usize = 5;

fn main() {
    let asked = std::env::args().skip(1).find_map(|it| it.parse::<usize>().ok());
    for count in asked.map_or(vec![500, 1000, 2000], |it| vec![it]) {
        let (world, paths, bytes) = set(count);
        let world: Arc<MemoryWorld> = Arc::new(world);
        let mut best = [Duration::MAX; 3];
        for _ in 0..ROUNDS {
            let db = Database::new(world.clone(), vec!["/set".to_owned()]);
            let start = Instant::now();
            let files: Vec<_> = paths.iter().map(|it| db.file(it)).collect();
            for file in &files {
                std::hint::black_box(db.lowered(*file));
            }
            let lowered = start.elapsed();
            for file in &files {
                std::hint::black_box(db.schema(*file));
            }
            let schema = start.elapsed();
            let wrong: usize = files.iter().map(|it| db.checked(*it).diagnostics.len()).sum();
            let checked = start.elapsed();
            assert_eq!(wrong, 0, "{:?}", files.iter().find_map(|it| db.diagnostics(*it).pop()));
            for (best, now) in best.iter_mut().zip([lowered, schema - lowered, checked - schema]) {
                *best = now.min(*best);
            }
        }
        let ms = |it: Duration| it.as_secs_f64() * 1e3;
        let all: f64 = best.iter().map(|it| ms(*it)).sum();
        println!(
            "check: {count} recipes, {:.1} MB: parse {:.0} ms, names {:.0} ms, check {:.0} ms; {:.0} µs a recipe",
            bytes as f64 / 1e6,
            ms(best[0]),
            ms(best[1]),
            ms(best[2]),
            all * 1e3 / count as f64,
        );
    }
}

/// A world of `count` recipes and overrides; their paths and size.
fn set(count: usize) -> (MemoryWorld, Vec<String>, usize) {
    let mut world = MemoryWorld::new();
    let (mut paths, mut bytes) = (Vec::new(), 0);
    let mut add = |path: String, text: String| {
        bytes += text.len();
        world.insert(path.clone(), text);
        paths.push(path);
    };
    add(
        "/set/build_system.kiln".to_owned(),
        "module build_system\nmixin build_system {\n    field flags: List<String> = []\n    step build = sh\"make \\(flags)\"\n    step install = sh\"make install\"\n}\n".to_owned(),
    );
    for number in 0..count {
        add(format!("/set/p{number}.kiln"), recipe(number));
        if number % 10 == 0 {
            add(format!("/set/o{number}.kiln"), layer(number));
        }
    }
    (world, paths, bytes)
}

fn recipe(number: usize) -> String {
    let mut text = format!("//! Package {number}.\nrecipe p{number}\n\nversions {{\n");
    for minor in (0..8).rev() {
        let _ = writeln!(
            text,
            "    {}.{minor}.0 {{ sha256 = \"{:064x}\" }}",
            number % 9 + 1,
            number * 8 + minor
        );
    }
    text.push_str("}\nsource = fetch(\"https://example.org/\\(name)-\\(version).tar.gz\", sha256 = sha256)\nlicense = \"MIT\"\nsteps build_system\n\n");
    text.push_str("enum Driver {\n    group small { d0, d1, d2 }\n");
    for driver in 0..24 {
        let _ = writeln!(text, "    /// Driver {driver}.\n    d{driver} = \"net/d{driver}\"");
    }
    text.push_str("}\nknob drivers: Set<Driver> = all - {..small} {\n");
    for driver in 0..6 {
        let _ = writeln!(text, "    d{driver} => arg \"--with-d{driver}\"");
    }
    text.push_str("}\nknob ports: Int(1..=65536) = 32 join max\nknob line: Size(64 B | 128 B) = if platform.cpu == aarch64 then 128 B else 64 B\n");
    text.push_str("knob tls: enum { openssl, mbedtls, none } = openssl {\n    openssl => { arg \"--with-openssl\" }\n    mbedtls => { arg \"--with-mbedtls\" }\n    none => { arg \"--without-tls\" }\n}\n");
    for feature in 0..6 {
        let _ = writeln!(
            text,
            "/// Feature {feature}.\nfeature f{feature} = {} {{\n    arg \"--enable-f{feature}\" else \"--disable-f{feature}\"",
            if feature % 2 == 0 { "on" } else { "off" }
        );
        if number > 10 {
            let _ = writeln!(
                text,
                "    host p{}[f0, ports = 64] >= 1.2 < 99",
                (number * 7 + feature) % (number / 2)
            );
        }
        text.push_str("}\n");
    }
    for dep in 0..number.min(6) {
        let _ = writeln!(
            text,
            "host p{} >= 1 when version >= 1.{dep} & (f1 | drivers has d{dep})",
            number - dep - 1
        );
    }
    text.push_str("conflict f1 & tls == none \"f1 needs TLS\"\nconflict f3 & ports > 1024 & version < 2 \"too many ports\"\nrequire f0 | f2 \"one of them\"\nlet options = [when f0 => \"-O3\", \"-g\"]\nflags = options + [\"--ports=\\(ports)\", for it in [1, 2, 3] => \"-D\\(it)\"]\nenv.VERSION = \"\\(version)\"\noutput lib { files = [\"lib/*\"] }\n");
    text
}

fn layer(number: usize) -> String {
    format!(
        "override p{number}\n\ndrivers += d1\ndrivers -= {{d8, d9}}\nports = 64\ntls = mbedtls\nf1 = on\n"
    )
}
