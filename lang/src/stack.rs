//! Room for deep recursion.

use std::cell::Cell;
use std::num::NonZeroUsize;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How large the stack is on which texts are checked and evaluated, in bytes. It is only reserved:
/// what is not used takes no memory. The parser nests at most 256 deep and the evaluator 2,000; an
/// unoptimised build takes some 20 kB for each of the latter.
const STACK_BYTES: usize = 256 << 20;

thread_local! {
    static IS_LARGE: Cell<bool> = const { Cell::new(false) };
}

/// Calls `work` with room for deep recursion: on this stack if it has that already, else on one made
/// for it. The thread stays the same.
///
/// # Panics
///
/// If the machine has no room for a stack.
pub fn with_stack<T>(work: impl FnOnce() -> T) -> T {
    // Set back also where the work panics.
    struct Large;
    impl Drop for Large {
        fn drop(&mut self) {
            IS_LARGE.set(false);
        }
    }
    if IS_LARGE.replace(true) {
        return work();
    }
    let _large = Large;
    stacker::grow(STACK_BYTES, work)
}

/// Does one kind of work on several threads with room for deep recursion, this one among them.
///
/// `work` is called once on each; it takes what there is to do from where the threads share it.
/// Threads that the machine refuses to make are left out.
pub fn on_threads(count: NonZeroUsize, work: impl Fn() + Sync) {
    beside(count.get() - 1, &work, &work);
}

/// Calls `own` on this thread while as many others as `count` do `work`, with room for deep
/// recursion; waits for all of them, and returns what `own` gave.
///
/// Threads that the machine refuses to make are left out.
pub fn beside<T>(count: usize, work: impl Fn() + Sync, own: impl FnOnce() -> T) -> T {
    std::thread::scope(|scope| {
        for _ in 0..count {
            let run = || {
                IS_LARGE.set(true);
                work();
            };
            let _ = std::thread::Builder::new().stack_size(STACK_BYTES).spawn_scoped(scope, run);
        }
        own()
    })
}

/// Calls `work` for each batch of `items`, on at most `count` threads as [`on_threads`] makes them;
/// returns what it gave, in the order of the items. A thread is made only where there are two
/// batches for it.
///
/// # Panics
///
/// If a batch has no items.
pub fn in_batches<'i, T: Sync, R: Send + Sync>(
    count: NonZeroUsize,
    items: &'i [T],
    batch: usize,
    work: impl Fn(&'i [T]) -> R + Sync,
) -> Vec<R> {
    let batches: Vec<(&[T], OnceLock<R>)> =
        items.chunks(batch).map(|it| (it, OnceLock::new())).collect();
    let next = AtomicUsize::new(0);
    on_threads(count.min(NonZeroUsize::MIN.saturating_add(batches.len() / 2)), || {
        while let Some((items, done)) = batches.get(next.fetch_add(1, Ordering::Relaxed)) {
            done.get_or_init(|| work(items));
        }
    });
    batches.into_iter().filter_map(|it| it.1.into_inner()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn batches_come_back_in_the_order_of_their_items() {
        let items: Vec<usize> = (0..1000).collect();
        for count in [1, 2, 7].map(|it| NonZeroUsize::MIN.saturating_add(it - 1)) {
            let doubled = in_batches(count, &items, 3, |batch| -> Vec<usize> {
                batch.iter().map(|it| it * 2).collect()
            });
            assert_eq!(doubled.concat(), items.iter().map(|it| it * 2).collect::<Vec<_>>());
        }
        assert!(in_batches(NonZeroUsize::MIN, &items[..0], 3, <[usize]>::len).is_empty());
    }

    fn depth(of: u32) -> u32 {
        // Something on the stack that the compiler cannot leave out.
        let room = std::hint::black_box([0_u8; 4096]);
        if of == 0 { u32::from(room[0]) } else { 1 + depth(of - 1) }
    }

    #[test]
    fn there_is_room_for_deep_recursion_and_it_is_made_once() {
        let (found, inner) = with_stack(|| {
            let room = stacker::remaining_stack();
            // A stack of its own would have more room than this one has left.
            (depth(8_000), with_stack(|| stacker::remaining_stack() <= room))
        });
        assert_eq!(found, 8_000);
        assert!(inner);
    }

    #[test]
    fn a_panic_leaves_the_large_stack() {
        let result = std::panic::catch_unwind(|| with_stack(|| panic!("as asked")));
        assert!(result.is_err());
        assert!(!IS_LARGE.get());
        assert_eq!(with_stack(|| depth(8_000)), 8_000);
    }
}
