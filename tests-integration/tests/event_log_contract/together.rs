//! Two nodes over one log: whatever they do at the same time, each stream has one order, and both hear of it.

use super::Bench;
use super::given::{entries, event_id, fill, offsets, told, user};
use goldenpath_storage::EventLog;
use std::sync::Arc;

/// How many come together.
const CROWD: usize = 8;

impl Bench {
    /// One node after the other.
    fn node(&self, n: usize) -> Arc<dyn EventLog> {
        Arc::clone(if n.is_multiple_of(2) { &self.log } else { &self.other })
    }
}

pub(super) async fn what_one_node_appends_the_other_reads(bench: &Bench) {
    let alice = user("alice");
    let head = fill(&*bench.log, &alice, 5).await;
    assert_eq!(bench.other.head(&alice).await.unwrap(), head);
    assert_eq!(fill(&*bench.other, &alice, 5).await.offset, 10);
    let here = entries(&*bench.log, &alice, &head.epoch, 0).await;
    assert_eq!(here.len(), 10);
    assert_eq!(here, entries(&*bench.other, &alice, &head.epoch, 0).await, "the same bytes");
}

pub(super) async fn appends_of_two_nodes_that_come_together_leave_no_hole(bench: &Bench) {
    let writers: Vec<_> = (0..CROWD)
        .map(|n| {
            let log = bench.node(n);
            tokio::spawn(async move { fill(log.as_ref(), &user("alice"), 50).await })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    let head = bench.log.head(&user("alice")).await.unwrap();
    assert_eq!(head.offset, 400);
    let all = entries(&*bench.log, &user("alice"), &head.epoch, 0).await;
    assert_eq!(offsets(&all), (1..=400).collect::<Vec<_>>());
}

pub(super) async fn the_same_event_from_two_nodes_is_kept_once(bench: &Bench) {
    for round in 1..=10 {
        let id = event_id();
        let appends: Vec<_> = (0..CROWD)
            .map(|n| {
                let (log, id) = (bench.node(n), id.clone());
                tokio::spawn(async move { log.append(&user("alice"), &id, "{}").await.unwrap() })
            })
            .collect();
        let mut added = 0;
        for append in appends {
            let appended = append.await.unwrap();
            assert_eq!(appended.head.offset, round, "everybody is told the one place");
            added += usize::from(!appended.duplicate);
        }
        assert_eq!(added, 1);
    }
}

pub(super) async fn every_append_wakes_who_watches_on_another_node(bench: &Bench) {
    let alice = user("alice");
    let mut watch = bench.other.subscribe(&alice).await.unwrap();
    for _ in 0..20 {
        let appended = bench.log.append(&alice, &event_id(), "{}").await.unwrap();
        assert_eq!(told(&mut watch, |head| head.offset >= appended.head.offset).await, appended.head);
    }
}

pub(super) async fn cancelled_calls_leave_the_log_working(bench: &Bench) {
    let alice = user("alice");
    for n in 0..200_u64 {
        let log = bench.node(usize::from(n % 2 == 1));
        let call = tokio::spawn(async move {
            log.append(&user("alice"), &event_id(), "{}").await.unwrap();
            log.head(&user("alice")).await.unwrap();
        });
        for _ in 0..n % 7 {
            tokio::task::yield_now().await;
        }
        call.abort();
        let _ = call.await;
    }
    // A cancelled call was made or was not; what was made is whole.
    let head = fill(&*bench.log, &alice, 1).await;
    let all = entries(&*bench.other, &alice, &head.epoch, 0).await;
    assert_eq!(offsets(&all), (1..=head.offset).collect::<Vec<_>>());
}
