//! Threads that do what the main loop does not wait for.

use std::collections::VecDeque;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread;

/// What is done first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Urgency {
    /// Somebody waits for it.
    Asked,
    /// It can wait.
    Later,
}

type Job = Box<dyn FnOnce() + Send>;

#[derive(Default)]
struct Queues {
    asked: VecDeque<Job>,
    later: VecDeque<Job>,
    closed: bool,
}

/// Threads with two queues: those that answer never take what can wait.
pub(crate) struct Pool {
    queues: Arc<(Mutex<Queues>, Condvar)>,
}

impl Pool {
    pub(crate) fn new() -> Pool {
        let pool = Pool { queues: Arc::default() };
        for (name, takes_later) in
            [("asked", false), ("asked-2", false), ("later", true), ("later-2", true)]
        {
            let queues = pool.queues.clone();
            let builder = thread::Builder::new().name(format!("kiln-{name}"));
            // A machine that gives no threads leaves the work to those that there are.
            let _ = builder.spawn(move || kiln_lang::with_stack(|| work(&queues, takes_later)));
        }
        pool
    }

    pub(crate) fn spawn(&self, urgency: Urgency, job: impl FnOnce() + Send + 'static) {
        let mut queues = lock(&self.queues.0);
        match urgency {
            Urgency::Asked => queues.asked.push_back(Box::new(job)),
            Urgency::Later => queues.later.push_back(Box::new(job)),
        }
        drop(queues);
        self.queues.1.notify_all();
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        lock(&self.queues.0).closed = true;
        self.queues.1.notify_all();
    }
}

fn lock(queues: &Mutex<Queues>) -> std::sync::MutexGuard<'_, Queues> {
    queues.lock().unwrap_or_else(PoisonError::into_inner)
}

fn work(queues: &(Mutex<Queues>, Condvar), takes_later: bool) {
    loop {
        let mut guard = lock(&queues.0);
        let job = loop {
            if guard.closed {
                return;
            }
            let job = if takes_later { guard.later.pop_front() } else { guard.asked.pop_front() };
            match job {
                Some(job) => break job,
                None => {
                    guard = queues.1.wait(guard).unwrap_or_else(PoisonError::into_inner);
                }
            }
        };
        drop(guard);
        // Jobs report their own panics; the thread goes on whatever happens.
        let _ = catch_unwind(AssertUnwindSafe(job));
    }
}
