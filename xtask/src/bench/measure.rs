//! Measuring: commands one after the other, contenders in turn, medians.

use std::fs::{self, File};
use std::ops::{Add, Div, Sub};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::Instant;

use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeVal;

/// How long something took, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Took {
    /// By the clock.
    pub(super) wall_ms: f64,
    /// On processors, in the program and in the kernel, with all processes that were waited for.
    /// Other work on the machine changes it little.
    pub(super) cpu_ms: f64,
}

impl Sub for Took {
    type Output = Took;

    fn sub(self, other: Took) -> Took {
        Took { wall_ms: self.wall_ms - other.wall_ms, cpu_ms: self.cpu_ms - other.cpu_ms }
    }
}

impl Add for Took {
    type Output = Took;

    fn add(self, other: Took) -> Took {
        Took { wall_ms: self.wall_ms + other.wall_ms, cpu_ms: self.cpu_ms + other.cpu_ms }
    }
}

impl Div<usize> for Took {
    type Output = Took;

    fn div(self, count: usize) -> Took {
        Took { wall_ms: self.wall_ms / count as f64, cpu_ms: self.cpu_ms / count as f64 }
    }
}

/// One measurement of a contender, given the number of the round: prepares, and returns how long
/// what counts took.
pub(super) type Take<'a> = Box<dyn FnMut(usize) -> Result<Took, String> + 'a>;

/// What several measurements gave, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Times {
    pub(super) median_ms: f64,
    pub(super) best_ms: f64,
    pub(super) cpu_median_ms: f64,
    pub(super) runs: usize,
}

impl Times {
    pub(super) fn of(all: &[Took]) -> Times {
        let wall_ms = || all.iter().map(|it| it.wall_ms);
        Times {
            median_ms: median(wall_ms()),
            best_ms: wall_ms().reduce(f64::min).unwrap_or(f64::NAN),
            cpu_median_ms: median(all.iter().map(|it| it.cpu_ms)),
            runs: all.len(),
        }
    }
}

/// The value in the middle, or between the two in the middle; not a number if there is none.
pub(super) fn median(all: impl IntoIterator<Item = f64>) -> f64 {
    let mut all: Vec<f64> = all.into_iter().collect();
    all.sort_by(f64::total_cmp);
    let half = all.len() / 2;
    match all.len() % 2 {
        _ if all.is_empty() => f64::NAN,
        0 => f64::midpoint(all[half - 1], all[half]),
        _ => all[half],
    }
}

/// Measures contenders in turn, so that what else the machine does meets all of them: one round that
/// does not count, then `runs` that do. Every other round goes backwards.
pub(super) fn in_turn(runs: usize, takes: &mut [Take<'_>]) -> Result<Vec<Times>, String> {
    let mut all = vec![Vec::new(); takes.len()];
    for round in 0..=runs {
        let mut order: Vec<usize> = (0..takes.len()).collect();
        if round % 2 == 1 {
            order.reverse();
        }
        for at in order {
            let took = takes[at](round)?;
            if round > 0 {
                all[at].push(took);
            }
        }
    }
    Ok(all.iter().map(|it| Times::of(it)).collect())
}

/// Runs a command to its end and returns how long that took: from before it is started until it was
/// waited for. What it prints is thrown away, unless it fails.
pub(super) fn time(command: &mut Command) -> Result<Took, String> {
    let errors = std::env::temp_dir().join(format!("{PREFIX}{}.err", std::process::id()));
    let result = time_with(command, &errors);
    let _ = fs::remove_file(&errors);
    result
}

fn time_with(command: &mut Command, errors: &Path) -> Result<Took, String> {
    let file = File::create(errors).map_err(|it| format!("{}: {it}", errors.display()))?;
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(file);
    let cpu_before_ms = children_cpu_ms()?;
    let start = Instant::now();
    let mut child = command.spawn().map_err(|it| format!("cannot start {command:?}: {it}"))?;
    let status = child.wait().map_err(|it| format!("cannot wait for {command:?}: {it}"))?;
    let wall_ms = start.elapsed().as_secs_f64() * 1e3;
    if status.success() {
        return Ok(Took { wall_ms, cpu_ms: children_cpu_ms()? - cpu_before_ms });
    }
    let said = fs::read_to_string(errors).unwrap_or_default();
    let said: Vec<&str> = said.lines().take(20).collect();
    Err(format!("{command:?} ended with {status}:\n{}", said.join("\n")))
}

/// What all children so far, and theirs, took of processors.
fn children_cpu_ms() -> Result<f64, String> {
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).map_err(|it| format!("getrusage: {it}"))?;
    let ms = |it: TimeVal| it.tv_sec() as f64 * 1e3 + it.tv_usec() as f64 / 1e3;
    Ok(ms(usage.user_time()) + ms(usage.system_time()))
}

/// A folder that goes with everything in it, even what is write-protected.
pub(super) struct Temp(PathBuf);

impl Temp {
    pub(super) fn new(parent: &Path) -> Result<Temp, String> {
        remove_old(parent);
        let path = parent.join(format!("{PREFIX}{}", std::process::id()));
        fs::create_dir_all(&path)
            .map_err(|error| format!("cannot make {}: {error}", path.display()))?;
        Ok(Temp(path))
    }

    pub(super) fn path(&self) -> &Path {
        &self.0
    }
}

impl Drop for Temp {
    fn drop(&mut self) {
        remove(&self.0);
    }
}

/// What the names of temporary folders begin with, before the number of the process.
const PREFIX: &str = "kiln-bench-";

/// Removes the folders of processes that were stopped before they did it themselves.
fn remove_old(parent: &Path) {
    for entry in fs::read_dir(parent).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|it| it.strip_prefix(PREFIX)?.parse::<u32>().ok());
        if number.is_some_and(|it| !Path::new(&format!("/proc/{it}")).exists()) {
            remove(&entry.path());
        }
    }
}

/// Removes a folder with write-protected ones in it.
pub(super) fn remove(path: &Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fn open(path: &Path) {
        if fs::symlink_metadata(path).is_ok_and(|it| it.is_dir()) {
            let _ = fs::set_permissions(path, fs::Permissions::from_mode(0o755));
            for entry in fs::read_dir(path).into_iter().flatten().flatten() {
                open(&entry.path());
            }
        }
    }
    if fs::remove_dir_all(path).is_err() {
        open(path);
        let _ = fs::remove_dir_all(path);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(median([3.0, 1.0, 2.0]), 2.0);
        assert_eq!(median([4.0, 1.0, 2.0, 3.0]), 2.5);
        assert!(median([]).is_nan());
    }

    #[test]
    fn contenders_take_turns_and_the_first_round_does_not_count() {
        let order = std::cell::RefCell::new(String::new());
        let take = |name: char| -> Take<'_> {
            let order = &order;
            Box::new(move |round| {
                order.borrow_mut().push(name);
                Ok(Took { wall_ms: round as f64, cpu_ms: 0.5 })
            })
        };
        let times = in_turn(3, &mut [take('a'), take('b')]);
        assert_eq!(*order.borrow(), "abbaabba");
        let first = times.unwrap_or_default()[0];
        assert_eq!((first.median_ms, first.best_ms), (2.0, 1.0));
        assert_eq!((first.cpu_median_ms, first.runs), (0.5, 3));
    }

    #[test]
    fn folders_of_processes_that_are_gone_are_removed() {
        let parent = Temp(std::env::temp_dir().join(format!("xtask-test-{}", std::process::id())));
        // No process has so great a number, and the first one always runs.
        let folder = |number: u32| parent.path().join(format!("{PREFIX}{number}"));
        let (gone, alive, other) = (folder(u32::MAX), folder(1), parent.path().join("other"));
        for path in [&gone, &alive, &other] {
            assert!(fs::create_dir_all(path).is_ok());
        }
        remove_old(parent.path());
        assert_eq!([gone.exists(), alive.exists(), other.exists()], [false, true, true]);
    }

    #[test]
    fn a_command_that_fails_says_what_it_said() {
        let error = time(Command::new("sh").args(["-c", "echo no >&2; exit 3"])).err();
        let error = error.unwrap_or_default();
        assert!(error.contains("exit status: 3") && error.ends_with(":\nno"), "{error}");
    }
}
