//! Ends the program if one text takes too long: a hang is a find like any other.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread;
use std::time::Duration;

/// How long a text may take. None of those that are made takes a hundredth of it.
const SECONDS_MAX: u64 = 60;

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
            let (mut last, mut seconds) = (RESTING, 0);
            loop {
                thread::sleep(Duration::from_secs(1));
                let now = seen.load(Ordering::Relaxed);
                seconds = if now == last && now != RESTING { seconds + 1 } else { 0 };
                last = now;
                if seconds > SECONDS_MAX {
                    println!("seed {now}: takes longer than {SECONDS_MAX} seconds");
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
