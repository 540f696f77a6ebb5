//! Passes signals on to the program for as long as it runs.

use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::sys::{self, Passing};

/// One program at a time: how signals are taken belongs to the whole process.
static ONE: Mutex<()> = Mutex::new(());

/// While it lives, signals are passed on.
pub(super) struct PassingOn {
    _passing: Passing,
    _one: MutexGuard<'static, ()>,
}

/// Begins to pass signals on to a child that has not been waited for.
pub(super) fn pass_on_to(child: u32) -> PassingOn {
    let one = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    PassingOn { _passing: sys::pass_signals_on(child), _one: one }
}
