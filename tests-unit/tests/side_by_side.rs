//! Work of one test on all processors: whoever is done with an item takes the next one, so that no long test is left alone at the end.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// What the work makes of each item, in the order of the items. A panic in it is the caller's.
pub(crate) fn side_by_side<T: Sync, R: Send>(items: &[T], work: impl Fn(&T) -> R + Sync) -> Vec<R> {
    let next = AtomicUsize::new(0);
    let take = || {
        let mut made = Vec::new();
        while let Some((at, item)) =
            Some(next.fetch_add(1, Ordering::Relaxed)).and_then(|at| Some((at, items.get(at)?)))
        {
            made.push((at, work(item)));
        }
        made
    };
    let threads = thread::available_parallelism().map_or(1, usize::from).min(items.len());
    let mut made: Vec<(usize, R)> = thread::scope(|scope| {
        let workers: Vec<_> = (0..threads).map(|_| scope.spawn(take)).collect();
        workers.into_iter().flat_map(|worker| worker.join().unwrap()).collect()
    });
    made.sort_unstable_by_key(|(at, _)| *at);
    made.into_iter().map(|(_, made)| made).collect()
}

#[test]
fn every_item_is_worked_on_once_and_in_its_place() {
    let items: Vec<u64> = (0..1_000).collect();
    let doubled: Vec<u64> = items.iter().map(|item| item * 2).collect();
    assert_eq!(side_by_side(&items, |item| item * 2), doubled);
    assert!(side_by_side(&items[..0], |item| item * 2).is_empty());
}
