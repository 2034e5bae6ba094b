//! What only the memory log does, by a clock of its own: that what is out of date goes, and idle users cost nothing for ever.

use goldenpath_protocol::{ClientId, Epoch, EventId, Timestamp, UserId};
use goldenpath_storage::{EventLog, Head, LogEntry, LogLimits, MemoryEventLog, Replay};
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

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn event_id() -> EventId {
    EventId::from(uuid::Uuid::now_v7())
}

/// Appends `count` events and gives the head after them.
async fn fill(log: &MemoryEventLog, user: &UserId, count: u64) -> Head {
    for n in 0..count {
        log.append(user, &event_id(), &format!("{{\"n\":{n}}}")).await.unwrap();
    }
    log.head(user).await.unwrap()
}

async fn entries(log: &MemoryEventLog, user: &UserId, epoch: &Epoch, after: u64) -> Vec<LogEntry> {
    match log.read(user, epoch, after, usize::MAX).await.unwrap() {
        Replay::Events(entries) => entries,
        Replay::Gone(head) => panic!("gone: {head:?}"),
    }
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
