//! Ctrl-C: the first one stops what runs and leaves a clean store, the second one ends at once.

use std::thread::JoinHandle;

use kiln_store::Cancel;
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
use signal_hook::iterator::{Handle, Signals};

/// While it lives, signals set a [`Cancel`].
pub(crate) struct Interrupt {
    handle: Option<Handle>,
    thread: Option<JoinHandle<()>>,
}

/// Sets `cancel` when the user wants the program to stop.
pub(crate) fn cancel_on_signals(cancel: &Cancel) -> Interrupt {
    let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else {
        return Interrupt { handle: None, thread: None };
    };
    let handle = signals.handle();
    let cancel = cancel.clone();
    let thread = std::thread::spawn(move || {
        for _ in signals.forever() {
            if cancel.is_set() {
                // What builds is ended by the kernel with this process, and what is half written
                // is cleaned up at the next start.
                std::process::exit(130);
            }
            eprintln!("\nstopping; once more to end at once");
            cancel.set();
        }
    });
    Interrupt { handle: Some(handle), thread: Some(thread) }
}

impl Drop for Interrupt {
    fn drop(&mut self) {
        if let Some(handle) = self.handle.take() {
            handle.close();
        }
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
