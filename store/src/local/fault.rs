//! Places at which a test makes the process end, as a crash would.
//!
//! `KILN_STORE_ABORT_AT=<n>` ends it at the n-th place that it comes to, counted from 1;
//! `KILN_STORE_ABORT_AT=count` never does, and writes each place to the file that
//! `KILN_STORE_ABORT_TRACE` names. Only builds with debug assertions look at either.

#[cfg(debug_assertions)]
mod on {
    use std::io::Write;
    use std::sync::OnceLock;
    use std::sync::atomic::{AtomicU64, Ordering};

    struct Plan {
        abort_at: u64,
        trace: Option<std::path::PathBuf>,
    }

    static PLAN: OnceLock<Option<Plan>> = OnceLock::new();
    static COUNT: AtomicU64 = AtomicU64::new(0);

    fn plan() -> Option<&'static Plan> {
        let read = || {
            let text = std::env::var("KILN_STORE_ABORT_AT").ok()?;
            let trace = std::env::var_os("KILN_STORE_ABORT_TRACE").map(Into::into);
            Some(Plan { abort_at: text.parse().unwrap_or(u64::MAX), trace })
        };
        PLAN.get_or_init(read).as_ref()
    }

    pub(crate) fn point(name: &str) {
        let Some(plan) = plan() else { return };
        let count = COUNT.fetch_add(1, Ordering::SeqCst) + 1;
        if let Some(trace) = &plan.trace
            && let Ok(mut file) = std::fs::OpenOptions::new().append(true).create(true).open(trace)
        {
            let _ = writeln!(file, "{count} {name}");
        }
        if count == plan.abort_at {
            std::process::abort();
        }
    }

    pub(crate) fn is_on() -> bool {
        plan().is_some()
    }
}

#[cfg(not(debug_assertions))]
mod on {
    pub(crate) fn point(_name: &str) {}

    pub(crate) fn is_on() -> bool {
        false
    }
}

pub(crate) use on::{is_on, point};
