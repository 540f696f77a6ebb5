//! Fuzzing with stable Rust: `cargo run --release -p xtask -- fuzz WHAT [--seconds N] [--seed S]`.
//!
//! ```text
//! fuzz parse     mutations of all recipes and examples: what must hold of the parser
//! fuzz format    the same texts: what must hold of the formatter
//! fuzz grammar   texts made by the rules of `kiln.ungram`: they parse, and are formatted well
//! fuzz slips     what one missing token costs; with --show, where it costs more than one message
//! fuzz check     sets of files that need each other, right and wrong: what must hold of the checker
//! fuzz eval      the same sets with wishes and layers: what must hold of the evaluator; with
//!                --show, how far the sets get
//! fuzz traces    the same sets with small edits: what must hold of an evaluation that goes on from
//!                an earlier one
//! fuzz lsp       the same sets with edits: what must hold of the editor features
//! ```
//!
//! What is found is shrunk and written to `lang/fuzz/finds/` or `eval/fuzz/finds/`, where a test
//! looks at it from then on. What must hold is in `lang/fuzz/properties.rs`, `lang/fuzz/sets.rs` and
//! `eval/fuzz/properties.rs`. What takes longer than any text may ends the run.

mod corpus;
mod grammar;
mod mutate;
#[path = "../../lang/fuzz/properties.rs"]
mod properties;
#[path = "../../eval/fuzz/properties.rs"]
mod properties_of_evaluation;
#[path = "../../lang/fuzz/sets.rs"]
pub(crate) mod properties_of_sets;
mod random;
mod sets;
mod shrink;
mod slips;
mod watch;

use std::path::Path;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use corpus::Sample;
use random::Random;

/// A property of a text.
type Property = fn(&str) -> Result<(), String>;

/// Where finds go, by what found them.
const TEXT: &str = "lang/fuzz/finds/SEED.kiln";
const SET: &str = "lang/fuzz/finds/SEED.set";
const EVAL_SET: &str = "eval/fuzz/finds/SEED.set";

/// Runs what the words of the command line ask for.
pub(crate) fn run(root: &Path, words: &[&str]) -> Result<(), String> {
    let usage = "usage: cargo xtask fuzz parse|format|grammar|slips|check|eval|traces|lsp [--seconds N] [--seed S] [--show]";
    let (&what, mut rest) = words.split_first().ok_or(usage)?;
    let mut seconds = 60;
    let mut show = false;
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let mut seed = now.as_nanos() as u64;
    loop {
        match rest {
            [] => break,
            ["--seconds", number, more @ ..] => {
                seconds = number.parse().map_err(|_| usage)?;
                rest = more;
            }
            ["--seed", number, more @ ..] => {
                seed = number.parse().map_err(|_| usage)?;
                rest = more;
            }
            ["--show", more @ ..] => {
                show = true;
                rest = more;
            }
            _ => return Err(usage.to_owned()),
        }
    }
    let samples = corpus::collect(root);
    println!("seed {seed}, {} texts", samples.len());
    let time = Duration::from_secs(seconds);
    match what {
        "parse" => {
            let make = |random: &mut Random| mutation(&samples, random);
            run_for(root, time, seed, (properties::parser, TEXT), make)
        }
        "format" => {
            let make = |random: &mut Random| mutation(&samples, random);
            run_for(root, time, seed, (properties::formatter, TEXT), make)
        }
        "grammar" => {
            let grammar = grammar::Rules::read(root)?;
            let make = |random: &mut Random| grammar.text(random);
            run_for(root, time, seed, (follows_the_grammar, TEXT), make)
        }
        "slips" => {
            slips::run(&samples, show);
            Ok(())
        }
        "check" => run_for(root, time, seed, (properties_of_sets::checker, SET), sets::set),
        "eval" if show => {
            stages(seed);
            Ok(())
        }
        "eval" => {
            run_for(root, time, seed, (properties_of_evaluation::evaluator, EVAL_SET), sets::set)
        }
        "traces" => {
            let make = |random: &mut Random| sets::with_small_edits(&sets::set(random), random);
            run_for(root, time, seed, (properties_of_evaluation::traces, EVAL_SET), make)
        }
        "lsp" => {
            let make = |random: &mut Random| sets::with_edits(&sets::set(random), random);
            run_for(root, time, seed, (properties_of_sets::editor, SET), make)
        }
        _ => Err(usage.to_owned()),
    }
}

/// Prints how far the sets get that are made: a fuzzer whose sets all fail early looks at little.
fn stages(seed: u64) {
    let mut counts = std::collections::BTreeMap::new();
    let mut reasons = std::collections::BTreeMap::new();
    for at in 0..2_000 {
        let set =
            properties_of_sets::Set::read(&sets::set(&mut Random::new(seed.wrapping_add(at))));
        let threads = std::num::NonZeroUsize::MIN;
        let text = properties_of_evaluation::outcome(&set, &set.database(false), threads);
        let is_stage = |it: &&str| STAGES.contains(it);
        let last = text.lines().rfind(is_stage).unwrap_or("nothing").to_owned();
        // What stops most of them, without the places.
        if let Some(line) = text.lines().find(|it| it.contains(" [") && it.starts_with("/w/")) {
            let words: Vec<&str> = line.split(' ').skip(2).take(9).collect();
            *reasons.entry(format!("{last}: {}", words.join(" "))).or_insert(0_u32) += 1;
        }
        *counts.entry(last).or_insert(0_u32) += 1;
    }
    for (stage, count) in counts {
        println!("{count:6} {stage}");
    }
    let mut reasons: Vec<(u32, String)> = reasons.into_iter().map(|it| (it.1, it.0)).collect();
    reasons.sort_unstable();
    for (count, reason) in reasons.iter().rev().take(30) {
        println!("{count:6} {reason}");
    }
}

/// The stages in what comes out of a set.
const STAGES: &[&str] = &["no setup", "no solution", "not derived", "derived"];

/// What the grammar makes, the parser accepts, and the formatter writes well.
fn follows_the_grammar(text: &str) -> Result<(), String> {
    let parsed = kiln_lang::syntax::parse(text);
    if let Some(error) = parsed.errors().first() {
        let before = &text[..error.range.start().into()];
        let line = text.lines().nth(before.matches('\n').count()).unwrap_or("");
        return Err(format!("does not parse: {:?} in {line:?}", error.kind));
    }
    properties::parser(text)?;
    properties::formatter(text)
}

fn mutation(samples: &[Sample], random: &mut Random) -> String {
    let (one, other) = (random.pick(samples), random.pick(samples));
    mutate::mutate(&one.text, &other.text, random)
}

/// Checks texts until the time is over or one does not have the property; it goes to `find` then.
fn run_for(
    root: &Path,
    time: Duration,
    seed: u64,
    (property, find): (Property, &'static str),
    make: impl Fn(&mut Random) -> String,
) -> Result<(), String> {
    let start = Instant::now();
    let mut count = 0_u64;
    let mut bytes = 0_u64;
    let watch = {
        let root = root.to_owned();
        watch::Watch::start(move |seed, text| keep(&root, find, seed, text))
    };
    while start.elapsed() < time {
        // Each text has a seed of its own, so that it can be made again alone.
        let own = seed.wrapping_add(count);
        let text = make(&mut Random::new(own));
        watch.begin(own, &text);
        count += 1;
        bytes += text.len() as u64;
        if let Err(message) = hold(property, &text) {
            let first: String = message.chars().take(200).collect();
            println!("seed {own}: {first}\nshrinking {} bytes", text.len());
            watch.rest();
            if message.starts_with("does not parse") {
                return Err(format!("{message}\n{text}"));
            }
            // A smaller text may fail in another way, which is another find.
            let class = |it: &str| it.split(':').next().unwrap_or_default().to_owned();
            let text = shrink::shrink(text, |it| {
                hold(property, it).is_err_and(|other| class(&other) == class(&message))
            });
            let message = hold(property, &text).err().unwrap_or_default();
            let name = keep(root, find, own, &text)?;
            return Err(format!("{message}\n{name}:\n{text:?}"));
        }
    }
    println!("{count} texts, {} kB: nothing found", bytes / 1000);
    Ok(())
}

/// Keeps a text as a find, such as `lang/fuzz/finds/SEED.kiln`; returns its path below the root.
fn keep(root: &Path, find: &str, seed: u64, text: &str) -> Result<String, String> {
    let name = find.replace("SEED", &format!("{seed:016x}"));
    let path = root.join(&name);
    let folder = path.parent().unwrap_or(root);
    std::fs::create_dir_all(folder)
        .and_then(|()| std::fs::write(&path, text))
        .map_err(|error| format!("{name}: {error}"))?;
    Ok(name)
}

/// Checks a property; a panic is a failure like any other.
fn hold(property: Property, text: &str) -> Result<(), String> {
    let text = text.to_owned();
    match std::panic::catch_unwind(move || property(&text)) {
        Ok(result) => result,
        Err(panic) => {
            let message = panic
                .downcast_ref::<String>()
                .cloned()
                .or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
            Err(format!("panic: {}", message.unwrap_or_default()))
        }
    }
}
