//! What the numbers were measured on, and what it can do at best.

use std::fs::{self, File};
use std::io::Write;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use super::measure::{median, remove, time};
use super::program::write_program;

/// What a machine is and what it can do at best.
pub(super) struct Machine {
    /// Names and values, to be printed.
    pub(super) facts: Vec<(&'static str, String)>,
    /// Whether others keep it busy: then what the clock says is too much.
    pub(super) is_busy: bool,
    /// To write a page and to wait until it is on the disk.
    pub(super) fsync_ms: f64,
    /// To start the smallest static program and to wait for its end.
    pub(super) exec_ms: f64,
    /// To write 10,000 files of 4 KiB and to wait until they are on the disk, by `sync`.
    pub(super) files_ms: f64,
    /// To copy memory, in GiB a second.
    pub(super) copy_gib_s: f64,
}

/// Looks at this machine. `folder` is where the benchmarks work.
pub(super) fn look(folder: &Path) -> Result<Machine, String> {
    let read = |path: &str| fs::read_to_string(path).unwrap_or_default().trim().to_owned();
    let cores = std::thread::available_parallelism().map_or(1, usize::from);
    let processor = read("/proc/cpuinfo")
        .lines()
        .find_map(|it| it.strip_prefix("model name")?.split_once(':'))
        .map_or_else(|| std::env::consts::ARCH.to_owned(), |it| it.1.trim().to_owned());
    let memory = read("/proc/meminfo")
        .lines()
        .find_map(|it| it.strip_prefix("MemTotal:")?.trim().strip_suffix(" kB")?.parse().ok())
        .map_or_else(|| "unknown".to_owned(), |it: u64| format!("{} GiB", it >> 20));
    let load = read("/proc/loadavg");
    let last_minute: f64 = load.split(' ').next().and_then(|it| it.parse().ok()).unwrap_or(0.0);
    let is_busy = last_minute > cores as f64 / 2.0;
    let fail = |error: std::io::Error| format!("{}: {error}", folder.display());
    let fsync_ms = fsync_ms(folder).map_err(fail)?;
    let files_ms = files_ms(folder).map_err(fail)?;
    let exec_ms = exec_ms(folder)?;
    let copy_gib_s = copy_gib_s();
    let facts = vec![
        ("processor", format!("{processor}, {cores} cores")),
        ("memory", memory),
        (
            "kernel",
            format!("{} {}", read("/proc/sys/kernel/ostype"), read("/proc/sys/kernel/osrelease")),
        ),
        ("file system", format!("{} at {}", file_system(folder), folder.display())),
        ("load", load.split(' ').take(3).collect::<Vec<_>>().join(" ")),
        ("write 4 KiB and fsync", format!("{fsync_ms:.2} ms")),
        ("start and end of a static program", format!("{exec_ms:.2} ms")),
        ("write 10,000 files of 4 KiB and sync", format!("{files_ms:.0} ms")),
        ("copy memory", format!("{copy_gib_s:.1} GiB/s")),
    ];
    Ok(Machine { facts, is_busy, fsync_ms, exec_ms, files_ms, copy_gib_s })
}

/// The type of the file system that a folder is on.
fn file_system(folder: &Path) -> String {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap_or_default();
    let folder = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    mounts
        .lines()
        .filter_map(|it| {
            let mut words = it.split(' ').skip(1);
            Some((words.next()?, words.next()?))
        })
        .filter(|(at, _)| folder.starts_with(at))
        .max_by_key(|(at, _)| at.len())
        .map_or_else(|| "unknown".to_owned(), |it| it.1.to_owned())
}

fn fsync_ms(folder: &Path) -> std::io::Result<f64> {
    let path = folder.join("fsync");
    let mut file = File::create(&path)?;
    let mut all = Vec::new();
    for _ in 0..30 {
        let start = Instant::now();
        file.write_all(&[7; 4096])?;
        file.sync_data()?;
        all.push(start.elapsed().as_secs_f64() * 1e3);
    }
    fs::remove_file(path)?;
    Ok(median(all))
}

fn files_ms(folder: &Path) -> std::io::Result<f64> {
    let root = folder.join("files");
    let mut all = Vec::new();
    for _ in 0..3 {
        let start = Instant::now();
        for number in 0..10_000 {
            let folder = root.join((number / 100).to_string());
            if number % 100 == 0 {
                fs::create_dir_all(&folder)?;
            }
            fs::write(folder.join(number.to_string()), [number as u8; 4096])?;
        }
        sync(&root)?;
        all.push(start.elapsed().as_secs_f64() * 1e3);
        remove(&root);
    }
    Ok(median(all))
}

/// Waits until a file system has written everything: `sync -f`.
pub(super) fn sync(path: &Path) -> std::io::Result<()> {
    Command::new("sync").arg("-f").arg(path).status().map(drop)
}

fn exec_ms(folder: &Path) -> Result<f64, String> {
    let path = folder.join("exec");
    let output = folder.join("exec-output");
    write_program(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let mut all = Vec::new();
    for _ in 0..200 {
        all.push(time(Command::new(&path).arg(&output).arg("x"))?.wall_ms);
    }
    Ok(median(all))
}

fn copy_gib_s() -> f64 {
    const BYTES: usize = 256 << 20;
    let from = vec![7_u8; BYTES];
    let mut to = vec![0_u8; BYTES];
    let best_s = (0..5)
        .map(|_| {
            let start = Instant::now();
            to.copy_from_slice(std::hint::black_box(&from));
            std::hint::black_box(&mut to);
            start.elapsed().as_secs_f64()
        })
        .fold(f64::INFINITY, f64::min);
    BYTES as f64 / best_s / f64::from(1 << 30)
}
