//! Room for deep recursion.

use std::cell::Cell;

/// How large the stack is on which texts are checked and evaluated, in bytes. It is only reserved:
/// what is not used takes no memory. The parser nests at most 256 deep and the evaluator 2,000; an
/// unoptimised build takes some 20 kB for each of the latter.
const STACK_BYTES: usize = 256 << 20;

thread_local! {
    static IS_LARGE: Cell<bool> = const { Cell::new(false) };
}

/// Calls `work` with room for deep recursion: on this thread if it has that already, else on one
/// made for it.
///
/// If the machine refuses to make a thread, the work is done here.
pub fn with_stack<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    if IS_LARGE.get() {
        return work();
    }
    let mut work = Some(work);
    let taken = &mut work;
    let done = std::thread::scope(|scope| {
        let run = move || {
            IS_LARGE.set(true);
            taken.take().map(|it| it())
        };
        let thread = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        thread.ok().map(|it| match it.join() {
            Ok(done) => done,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    });
    match (done.flatten(), work) {
        (Some(done), _) => done,
        (None, Some(work)) => work(),
        (None, None) => unreachable!("the work is taken only to be done"),
    }
}

/// Does one kind of work on several threads with room for deep recursion, this one among them.
///
/// `work` is called once on each; it takes what there is to do from where the threads share it.
/// Threads that the machine refuses to make are left out.
pub fn on_threads(count: std::num::NonZeroUsize, work: impl Fn() + Sync) {
    std::thread::scope(|scope| {
        for _ in 1..count.get() {
            let run = || {
                IS_LARGE.set(true);
                work();
            };
            let _ = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        }
        work();
    });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn depth(of: u32) -> u32 {
        // Something on the stack that the compiler cannot leave out.
        let room = std::hint::black_box([0_u8; 4096]);
        if of == 0 { u32::from(room[0]) } else { 1 + depth(of - 1) }
    }

    #[test]
    fn there_is_room_for_deep_recursion_and_it_is_made_once() {
        let (found, inner) = with_stack(|| {
            let thread = std::thread::current().id();
            (depth(8_000), with_stack(|| std::thread::current().id() == thread))
        });
        assert_eq!(found, 8_000);
        assert!(inner);
    }
}
