//! Taking a folder of many small files into the store, and once more when it is there.

use std::fs;
use std::path::Path;

use super::{Bench, Contest};
use crate::bench::machine::sync;
use crate::bench::measure::{remove, time};
use crate::bench::table::{Line, Target};

const FILES: usize = 10_000;
const BYTES: usize = 4096;

/// The most that it may take, on the disk and recorded.
const NEW_MS: f64 = 700.0;

/// The most that it may take when all is there: a tenth.
const AGAIN_MS: f64 = NEW_MS / 10.0;

pub(super) fn run(bench: &Bench<'_>) -> Result<Vec<Line>, String> {
    let tools = bench.tools;
    let (store, state) = (bench.path("store"), bench.path("nix"));
    let nix = tools.nix("nix-store", &state);
    // All that they do must be new to both: each round has files of its own.
    let files = |round: usize| bench.path(&format!("files-{round}"));
    let new = Contest::new(|round| {
        make(&files(round), round)?;
        time(&mut tools.ingest(&store, &files(round)))
    })
    .peer("Nix", &nix, |round| {
        make(&files(round), round)?;
        time(tools.nix("nix-store", &state)?.arg("--add").arg(files(round)))
    });
    let runs = bench.few();
    let (kiln, peers) = new.measure(runs)?;
    let limit = Some((bench.machine.files_ms, "write, sync"));
    let (name, target) = ("ingest", Target::Most(NEW_MS));
    let what = "take in 10,000 files of 4 KiB, durable".to_owned();
    let new = Line { name, what, kiln, peers, target, limit };

    let last = files(runs);
    let again = Contest::new(|_| time(&mut tools.ingest(&store, &last)))
        .peer("Nix", &nix, |_| time(tools.nix("nix-store", &state)?.arg("--add").arg(&last)));
    let (kiln, peers) = again.measure(bench.runs)?;
    let read_ms = (FILES * BYTES) as f64 / f64::from(1 << 30) / bench.machine.copy_gib_s * 1e3;
    let limit = Some((read_ms, "copy 40 MB"));
    let what = "the same when it is there".to_owned();
    let again = Line { name, what, kiln, peers, target: Target::Most(AGAIN_MS), limit };
    for round in 0..=runs {
        remove(&files(round));
    }
    Ok(vec![new, again])
}

/// Makes files that no other round has, a hundred in a folder, and waits until they are written.
fn make(folder: &Path, round: usize) -> Result<(), String> {
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    if !folder.exists() {
        for number in 0..FILES {
            let part = folder.join((number / 100).to_string());
            if number % 100 == 0 {
                fs::create_dir_all(&part).map_err(fail)?;
            }
            let mut bytes = vec![0; BYTES];
            let mut state = (round * FILES + number) as u64 + 1;
            for eight in bytes.chunks_exact_mut(8) {
                // Xorshift: bytes that nothing else has, and that cannot be compressed.
                state ^= state << 13;
                state ^= state >> 7;
                state ^= state << 17;
                eight.copy_from_slice(&state.to_le_bytes());
            }
            fs::write(part.join(number.to_string()), bytes).map_err(fail)?;
        }
    }
    sync(folder).map_err(fail)
}
