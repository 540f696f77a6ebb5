//! The threads of a run: some build, others fetch; each takes what is most urgent.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::mpsc::Sender;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::Scope;

use crate::realise::work::{Context, Job, Report};

/// Which threads do a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trade {
    /// Those that run builds.
    Build = 0,
    /// Those that download, import and substitute.
    Fetch = 1,
}

/// What the coordinator hears.
pub(super) enum Message {
    /// A job has begun.
    Begun(Trade),
    /// A job is done.
    Done(Trade, Box<Report>),
    /// A registration is durable, or has failed.
    Committed(usize, Result<(), std::sync::Arc<crate::store::StoreError>>),
    /// A thread panicked; the panic goes on when the run has ended.
    Panicked,
}

/// Jobs that wait, and the threads that take them.
pub(super) struct Crew {
    queues: Mutex<[Queue; 2]>,
    changed: Condvar,
    maxima: [usize; 2],
}

#[derive(Default)]
struct Queue {
    /// Most urgent first; among equals the first that came.
    jobs: BinaryHeap<Waiting>,
    threads: usize,
    idle: usize,
    is_closing: bool,
    count: u64,
}

struct Waiting {
    urgency: (u32, Reverse<u64>),
    job: Job,
}

impl PartialEq for Waiting {
    fn eq(&self, other: &Self) -> bool {
        self.urgency == other.urgency
    }
}

impl Eq for Waiting {}

impl PartialOrd for Waiting {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Waiting {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.urgency.cmp(&other.urgency)
    }
}

impl Crew {
    pub(super) fn new(builds_max: usize, fetches_max: usize) -> Self {
        Crew {
            queues: Mutex::default(),
            changed: Condvar::new(),
            maxima: [builds_max, fetches_max],
        }
    }

    fn lock(&self) -> MutexGuard<'_, [Queue; 2]> {
        self.queues.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Adds a job, and a thread if all are busy and there may be more.
    pub(super) fn push<'scope, 'env>(
        &'env self,
        scope: &'scope Scope<'scope, 'env>,
        context: &'env Context<'env>,
        sender: &Sender<Message>,
        trade: Trade,
        urgency: u32,
        job: Job,
    ) -> std::io::Result<()> {
        let mut queues = self.lock();
        let queue = &mut queues[trade as usize];
        queue.count += 1;
        let urgency = (urgency, Reverse(queue.count));
        queue.jobs.push(Waiting { urgency, job });
        if queue.idle < queue.jobs.len() && queue.threads < self.maxima[trade as usize] {
            let sender = sender.clone();
            let spawned = std::thread::Builder::new()
                .name("kiln realise".to_owned())
                .spawn_scoped(scope, move || self.work(context, &sender, trade));
            match spawned {
                Ok(_) => queue.threads += 1,
                // Those that are there do the work of those that cannot be had.
                Err(error) if queue.threads == 0 => return Err(error),
                Err(_) => {}
            }
        }
        self.changed.notify_all();
        Ok(())
    }

    /// Takes away all jobs that have not begun.
    pub(super) fn clear(&self) -> Vec<Job> {
        let mut queues = self.lock();
        queues.iter_mut().flat_map(|it| it.jobs.drain().map(|it| it.job)).collect()
    }

    /// Lets the threads end.
    pub(super) fn close(&self) {
        self.lock().iter_mut().for_each(|it| it.is_closing = true);
        self.changed.notify_all();
    }

    fn work(&self, context: &Context<'_>, sender: &Sender<Message>, trade: Trade) {
        let mut guard = PanicGuard { sender, is_done: false };
        while let Some(job) = self.take(trade) {
            // Nobody hears if the run has ended, which it does only when nothing runs.
            let _ = sender.send(Message::Begun(trade));
            let report = context.work(job);
            let _ = sender.send(Message::Done(trade, Box::new(report)));
        }
        guard.is_done = true;
    }

    fn take(&self, trade: Trade) -> Option<Job> {
        let mut queues = self.lock();
        loop {
            let queue = &mut queues[trade as usize];
            if let Some(waiting) = queue.jobs.pop() {
                return Some(waiting.job);
            }
            if queue.is_closing {
                return None;
            }
            queue.idle += 1;
            queues = self.changed.wait(queues).unwrap_or_else(PoisonError::into_inner);
            queues[trade as usize].idle -= 1;
        }
    }
}

/// Tells the coordinator if the thread ends by a panic.
struct PanicGuard<'a> {
    sender: &'a Sender<Message>,
    is_done: bool,
}

impl Drop for PanicGuard<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            let _ = self.sender.send(Message::Panicked);
        }
    }
}
