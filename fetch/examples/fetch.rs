//! Fetches one source by hand, and prints what a user of Kiln would read.
//!
//! ```text
//! cargo run -p kiln-fetch --example fetch -- <hash> <url>... --to DIR [--file] [--root FOLDER]
//! cargo run -p kiln-fetch --example fetch -- --mirrors
//! ```
//!
//! The hash is SHA-256, or `blake3:` and BLAKE3. `KILN_MIRROR_<NAME>` is obeyed, with bases
//! separated by commas.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Mutex;
use std::time::{Duration, Instant};

use kiln_fetch::{Machine, MirrorConfig, Mirrors, WebFetcher, WebOptions};
use kiln_store::{
    Attempt, Cancel, Fetch, FetchError, FetchHash, FetchProgress, FetchRequest, Fetcher as _,
    StoreName, Unpack, UnpackRoot, parse_hex,
};

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("error: {message}");
            ExitCode::from(3)
        }
    }
}

fn run() -> Result<(), String> {
    let mut words = Vec::new();
    let (mut to, mut is_file, mut root, mut only_mirrors) = (None, false, UnpackRoot::Auto, false);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--to" => to = arguments.next().map(PathBuf::from),
            "--file" => is_file = true,
            "--all" => root = UnpackRoot::All,
            "--root" => {
                root = UnpackRoot::Folder(arguments.next().ok_or("--root wants a folder")?);
            }
            "--mirrors" => only_mirrors = true,
            _ => words.push(argument),
        }
    }
    let cancel = Cancel::new().map_err(|error| error.to_string())?;
    let fetcher = WebFetcher::new(Mirrors::new(config(), Machine::this()), WebOptions::default());
    if only_mirrors {
        for name in fetcher.mirrors().names() {
            let report = fetcher.mirrors().describe(&name, &cancel);
            print!("{}", report.map_err(|error| error.to_string())?);
        }
        return Ok(());
    }
    let usage = "usage: fetch <hash> <url>... --to DIR [--file] [--all] [--root FOLDER]";
    let (Some((hash, urls)), Some(to)) = (words.split_first(), to) else {
        return Err(usage.to_owned());
    };
    let hash = match hash.strip_prefix("blake3:") {
        Some(hash) => FetchHash::Blake3(parse_hex(hash).map_err(|error| error.to_string())?),
        None => {
            let hash = hash.strip_prefix("sha256:").unwrap_or(hash);
            FetchHash::Sha256(parse_hex(hash).map_err(|error| error.to_string())?)
        }
    };
    let unpack = if is_file {
        Unpack::File { executable: false }
    } else {
        Unpack::Tree { root, executables: Vec::new() }
    };
    let name = StoreName::new("source").map_err(|error| error.to_string())?;
    let fetch = Fetch { name, hash, unpack };
    let partial = std::env::temp_dir().join("kiln-fetch-partial");
    let progress = Progress { began: Instant::now(), told: Mutex::new(None) };
    let request = FetchRequest {
        fetch: &fetch,
        title: "source",
        urls,
        target: &absolute(&to)?,
        partial: &partial,
        progress: &|it| progress.tell(it),
        cancel: &cancel,
    };
    let fetched = fetcher.fetch(&request).map_err(|error| explain(&error))?;
    let seconds = progress.began.elapsed().as_secs_f32();
    eprintln!("\rfetched {} bytes from {} in {seconds:.2} s", fetched.bytes, fetched.url);
    Ok(())
}

fn config() -> MirrorConfig {
    let mut config = MirrorConfig::default();
    for (variable, value) in std::env::vars() {
        if let Some(name) = variable.strip_prefix("KILN_MIRROR_") {
            let bases = value.split(',').map(|it| it.trim().to_owned()).collect();
            config.bases.insert(name.to_ascii_lowercase().replace('_', "-"), bases);
        }
    }
    config
}

fn absolute(path: &Path) -> Result<PathBuf, String> {
    std::path::absolute(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// Prints a line at most every tenth of a second.
struct Progress {
    began: Instant,
    told: Mutex<Option<Instant>>,
}

impl Progress {
    fn tell(&self, progress: FetchProgress) {
        match progress {
            FetchProgress::Trying { url } => eprintln!("\rtrying {url}"),
            FetchProgress::Refused { url, reason } => eprintln!("\r{url}: {reason}"),
            FetchProgress::Unpacking => eprintln!("\runpacking                    "),
            FetchProgress::Received { bytes, bytes_total } => {
                let Ok(mut told) = self.told.lock() else { return };
                if told.is_some_and(|it| it.elapsed() < Duration::from_millis(100)) {
                    return;
                }
                *told = Some(Instant::now());
                let total = bytes_total.map(|it| format!(" of {it}")).unwrap_or_default();
                eprint!("\r  {bytes}{total} bytes  ");
            }
        }
    }
}

/// The error as a terminal would show it.
fn explain(error: &FetchError) -> String {
    let list = |attempts: &[Attempt]| -> String {
        attempts.iter().map(|it| format!("\n  {}: {}", it.url, it.reason)).collect()
    };
    match error {
        FetchError::HashMismatch { bytes, others, .. } => {
            format!("{error} ({bytes} bytes){}", list(others))
        }
        FetchError::Unreachable { attempts, setting, .. } => {
            let help = setting.as_ref().map(|it| format!("\nhelp: {it}")).unwrap_or_default();
            format!("{error}{}{help}", list(attempts))
        }
        FetchError::Unpack { .. } | FetchError::Write { .. } | FetchError::Cancelled => {
            error.to_string()
        }
    }
}
