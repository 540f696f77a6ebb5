//! Ctrl-C: the first one stops what runs and leaves a clean store, the second one ends at once. Either
//! way the terminal is as it was.

use std::io;
use std::sync::{Arc, mpsc};
use std::thread::JoinHandle;

use kiln_store::Cancel;
use nix::sys::termios::{SetArg, Termios, tcgetattr, tcsetattr};
use nix::unistd::{getpgrp, tcgetpgrp};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::{Handle, Signals};

/// Lets a write beyond the limit of the size of files (`ulimit -f`) fail, and be told as any other
/// that fails: the signal that comes with it would end this process without a word.
pub(crate) fn take_file_size_errors() {
    // A handler does not reach programs that are started, as being ignored would.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
}

/// While it lives, signals set a [`Cancel`].
pub(crate) struct Interrupt {
    handle: Option<Handle>,
    thread: Option<JoinHandle<()>>,
}

/// Sets `cancel` when the user wants the program to stop.
pub(crate) fn cancel_on_signals(cancel: &Cancel) -> Interrupt {
    let cancel = cancel.clone();
    let mode = tcgetattr(io::stdin()).ok();
    let (sender, receiver) = mpsc::channel();
    let thread = std::thread::Builder::new().spawn(move || {
        let Ok(mut signals) = Signals::new([SIGINT, SIGTERM, SIGHUP]) else { return };
        let _ = sender.send(signals.handle());
        for _ in signals.forever() {
            if cancel.is_set() {
                // What builds is ended by the kernel with this process, and what is half written
                // is cleaned up at the next start.
                restore(mode.as_ref());
                std::process::exit(130);
            }
            eprintln!("\nstopping; once more to end at once");
            cancel.set();
        }
    });
    // Where no thread can be started to listen, a signal ends the process at once.
    Interrupt { handle: receiver.recv().ok(), thread: thread.ok() }
}

/// Gives the terminal the mode back that it had, which a shell in a sandbox has changed: nothing is
/// dropped at an end that comes at once.
fn restore(mode: Option<&Termios>) {
    let terminal = io::stdin();
    // Who runs behind others has not changed it, and is stopped by the kernel if it does now.
    if let Some(mode) = mode
        && tcgetpgrp(&terminal).is_ok_and(|it| it == getpgrp())
    {
        let _ = tcsetattr(&terminal, SetArg::TCSANOW, mode);
    }
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
