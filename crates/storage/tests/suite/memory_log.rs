//! What only the memory log does: its bounds, and that idle users cost nothing for ever.

use crate::event_log_contract::{entries, event_id, fill, user};
use goldenpath_protocol::{ClientId, Timestamp};
use goldenpath_storage::{EventLog, LogLimits, MemoryEventLog, Replay};
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};

const MINUTE_MS: i64 = 60_000;

/// A log with the default limits, and its clock in milliseconds.
fn log() -> (MemoryEventLog, Arc<AtomicI64>) {
    let now = Arc::new(AtomicI64::new(1_800_000_000_000));
    let clock = Arc::clone(&now);
    let log = MemoryEventLog::new(
        LogLimits::default(),
        Arc::new(move || Timestamp::from_unix_ms(clock.load(Ordering::SeqCst))),
    );
    (log, now)
}

fn pass(now: &AtomicI64, minutes: i64) {
    now.fetch_add(minutes * MINUTE_MS, Ordering::SeqCst);
}

#[tokio::test]
async fn the_last_thousand_events_are_kept() {
    let (log, _) = log();
    let alice = user("alice");
    let head = fill(&log, &alice, 1_005).await;
    assert_eq!(log.read(&alice, &head.epoch, 4, 10).await.unwrap(), Replay::Gone(head.clone()));
    let kept = entries(&log, &alice, &head.epoch, 5).await;
    assert_eq!((kept.len(), kept[0].offset), (1_000, 6));
    assert_eq!(log.head(&alice).await.unwrap().epoch, head.epoch, "trimming is no loss");
}

#[tokio::test]
async fn the_last_eight_mebibytes_are_kept() {
    let (log, _) = log();
    let alice = user("alice");
    let envelope = format!("{{\"text\":\"{}\"}}", "x".repeat(1024 * 1024));
    for _ in 0..10 {
        log.append(&alice, &event_id(), &envelope).await.unwrap();
    }
    let head = log.head(&alice).await.unwrap();
    assert_eq!(log.read(&alice, &head.epoch, 2, 10).await.unwrap(), Replay::Gone(head.clone()));
    assert_eq!(entries(&log, &alice, &head.epoch, 3).await.len(), 7, "eight with their braces are too many");
}

#[tokio::test]
async fn an_event_larger_than_the_log_is_refused_and_takes_no_offset() {
    let (log, _) = log();
    let alice = user("alice");
    fill(&log, &alice, 1).await;
    let envelope = format!("{{\"text\":\"{}\"}}", "x".repeat(8 * 1024 * 1024));
    log.append(&alice, &event_id(), &envelope).await.unwrap_err();
    let head = fill(&log, &alice, 1).await;
    assert_eq!(entries(&log, &alice, &head.epoch, 0).await.len(), 2);
}

#[tokio::test]
async fn events_of_the_last_fifteen_minutes_are_kept() {
    let (log, now) = log();
    let alice = user("alice");
    fill(&log, &alice, 2).await;
    pass(&now, 10);
    let head = fill(&log, &alice, 1).await;
    now.fetch_add(5 * MINUTE_MS - 1, Ordering::SeqCst);
    assert_eq!(entries(&log, &alice, &head.epoch, 0).await.len(), 3);
    now.fetch_add(1, Ordering::SeqCst);
    assert_eq!(log.read(&alice, &head.epoch, 0, 10).await.unwrap(), Replay::Gone(head.clone()));
    assert_eq!(entries(&log, &alice, &head.epoch, 2).await.len(), 1);
    pass(&now, 10);
    assert_eq!(entries(&log, &alice, &head.epoch, 3).await, [], "who has everything misses nothing");
    assert_eq!(fill(&log, &alice, 1).await.offset, 4, "offsets go on");
}

#[tokio::test]
async fn a_trimmed_event_id_costs_nothing_any_more() {
    let (log, now) = log();
    let alice = user("alice");
    let id = event_id();
    log.append(&alice, &id, "{}").await.unwrap();
    pass(&now, 15);
    assert!(!log.append(&alice, &id, "{}").await.unwrap().duplicate);
}

#[tokio::test]
async fn idle_users_are_forgotten() {
    let (log, now) = log();
    for n in 0..1_000 {
        fill(&log, &user(&format!("user-{n}")), 1).await;
    }
    assert_eq!(log.users(), 1_000);
    pass(&now, 15);
    log.head(&user("alice")).await.unwrap();
    assert_eq!(log.users(), 1, "only who asked last");
}

#[tokio::test]
async fn a_watched_stream_is_never_forgotten() {
    let (log, now) = log();
    let alice = user("alice");
    let head = fill(&log, &alice, 1).await;
    let mut watch = log.subscribe(&alice).await.unwrap();
    watch.borrow_and_update();
    for _ in 0..10 {
        pass(&now, 20);
        log.head(&user("bob")).await.unwrap();
    }
    assert_eq!(log.head(&alice).await.unwrap(), head);
    assert!(!watch.has_changed().unwrap());
    drop(watch);
    pass(&now, 20);
    log.head(&user("bob")).await.unwrap();
    assert_eq!(log.users(), 1, "bob");
    assert_ne!(log.head(&alice).await.unwrap().epoch, head.epoch, "a lost log has a new epoch");
}

#[tokio::test]
async fn made_up_client_ids_cost_a_bounded_room() {
    let (log, now) = log();
    let alice = user("alice");
    fill(&log, &alice, 9).await;
    let faithful = ClientId::from(uuid::Uuid::now_v7());
    let silent = ClientId::from(uuid::Uuid::now_v7());
    log.acknowledge(&alice, &silent, 5).await.unwrap();
    for _ in 0..500 {
        now.fetch_add(1, Ordering::SeqCst);
        log.acknowledge(&alice, &faithful, 7).await.unwrap();
        log.acknowledge(&alice, &ClientId::from(uuid::Uuid::now_v7()), 1).await.unwrap();
    }
    assert_eq!(log.acknowledged(&alice, &faithful).await.unwrap(), 7);
    assert_eq!(log.acknowledged(&alice, &silent).await.unwrap(), 0);
}
