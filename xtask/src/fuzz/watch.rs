//! Ends the program if one text takes too long: a hang is a find like any other.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::Duration;

/// How much of a processor a text may take. None of those that are made takes a hundredth of it.
const PROCESSOR_SECONDS_MAX: u64 = 60;

/// How long a text may take by the clock: on a busy machine, the processor has others to serve.
const SECONDS_MAX: u64 = 3600;

/// The text that is being looked at.
struct Current {
    seed: u64,
    text: String,
}

/// Looks every second at how long the text of a seed has taken.
pub(crate) struct Watch(Arc<Mutex<Option<Current>>>);

impl Watch {
    /// Begins to look. A text that takes too long is kept with its seed by `keep`, which says where.
    pub(crate) fn start(
        keep: impl Fn(u64, &str) -> Result<String, String> + Send + 'static,
    ) -> Watch {
        let current: Arc<Mutex<Option<Current>>> = Arc::default();
        let seen = current.clone();
        thread::spawn(move || {
            let (mut last, mut seconds, mut processor) = (None, 0, processor_seconds());
            loop {
                thread::sleep(Duration::from_secs(1));
                let current = seen.lock().unwrap_or_else(PoisonError::into_inner);
                let now = current.as_ref().map(|it| it.seed);
                let Some(current) = current.as_ref().filter(|_| now == last) else {
                    (last, seconds, processor) = (now, 0, processor_seconds());
                    continue;
                };
                seconds += 1;
                let used = match (processor, processor_seconds()) {
                    (Some(before), Some(now)) => now.saturating_sub(before),
                    // Where the system does not say, the clock has to do.
                    _ => seconds,
                };
                if used > PROCESSOR_SECONDS_MAX || seconds > SECONDS_MAX {
                    let Current { seed, text } = current;
                    println!("seed {seed}: takes longer than {PROCESSOR_SECONDS_MAX} seconds");
                    let (Ok(said) | Err(said)) = keep(*seed, text);
                    println!("{said}");
                    std::process::exit(1);
                }
            }
        });
        Watch(current)
    }

    /// The text of a seed is looked at now.
    pub(crate) fn begin(&self, seed: u64, text: &str) {
        *self.current() = Some(Current { seed, text: text.to_owned() });
    }

    /// What goes on now may take its time.
    pub(crate) fn rest(&self) {
        *self.current() = None;
    }

    fn current(&self) -> MutexGuard<'_, Option<Current>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// How much of a processor the first thread has had, which does the work.
fn processor_seconds() -> Option<u64> {
    let text = std::fs::read_to_string("/proc/self/schedstat").ok()?;
    let ns: u64 = text.split_whitespace().next()?.parse().ok()?;
    Some(ns / 1_000_000_000)
}
