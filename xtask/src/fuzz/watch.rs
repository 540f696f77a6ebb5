//! Ends the program if one text takes too long: a hang is a find like any other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How much of a processor a text may take. None of those that are made takes a hundredth of it.
const PROCESSOR_SECONDS_MAX: u64 = 60;

/// How long a text may take by the clock: on a busy machine, the processor has others to serve.
const SECONDS_MAX: u64 = 3600;

/// Nothing is being looked at.
const RESTING: u64 = u64::MAX;

/// Looks every second at how long the text of a seed has taken.
pub(crate) struct Watch(Arc<AtomicU64>);

impl Watch {
    /// Begins to look.
    pub(crate) fn start() -> Watch {
        let current = Arc::new(AtomicU64::new(RESTING));
        let seen = current.clone();
        thread::spawn(move || {
            let (mut last, mut seconds, mut processor) = (RESTING, 0, processor_seconds());
            loop {
                thread::sleep(Duration::from_secs(1));
                let now = seen.load(Ordering::Relaxed);
                if now != last || now == RESTING {
                    (last, seconds, processor) = (now, 0, processor_seconds());
                    continue;
                }
                seconds += 1;
                let used = match (processor, processor_seconds()) {
                    (Some(before), Some(now)) => now.saturating_sub(before),
                    // Where the system does not say, the clock has to do.
                    _ => seconds,
                };
                if used > PROCESSOR_SECONDS_MAX || seconds > SECONDS_MAX {
                    println!("seed {now}: takes longer than {PROCESSOR_SECONDS_MAX} seconds");
                    std::process::exit(1);
                }
            }
        });
        Watch(current)
    }

    /// The text of a seed is looked at now.
    pub(crate) fn begin(&self, seed: u64) {
        self.0.store(seed, Ordering::Relaxed);
    }

    /// What goes on now may take its time.
    pub(crate) fn rest(&self) {
        self.0.store(RESTING, Ordering::Relaxed);
    }
}

/// How much of a processor the first thread has had, which does the work.
fn processor_seconds() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let ns: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(ns / 1_000_000_000)
}
