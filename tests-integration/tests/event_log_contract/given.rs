//! What a promise begins with: users, ids, filled streams.

use crate::driving::DEADLINE;
use goldenpath_protocol::{ClientId, Epoch, EventId, UserId};
use goldenpath_storage::{EventLog, Head, LogEntry, Replay};
use tokio::sync::watch;

pub(super) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

pub(super) fn event_id() -> EventId {
    EventId::from(uuid::Uuid::now_v7())
}

pub(super) fn client() -> ClientId {
    ClientId::from(uuid::Uuid::now_v7())
}

/// Appends `count` events and gives the head after them.
pub(super) async fn fill(log: &dyn EventLog, user: &UserId, count: u64) -> Head {
    for n in 0..count {
        log.append(user, &event_id(), &format!("{{\"n\":{n}}}")).await.unwrap();
    }
    log.head(user).await.unwrap()
}

pub(super) async fn entries(log: &dyn EventLog, user: &UserId, epoch: &Epoch, after: u64) -> Vec<LogEntry> {
    match log.read(user, epoch, after, usize::MAX).await.unwrap() {
        Replay::Events(entries) => entries,
        Replay::Gone(head) => panic!("gone: {head:?}"),
    }
}

pub(super) fn offsets(entries: &[LogEntry]) -> Vec<u64> {
    entries.iter().map(|entry| entry.offset).collect()
}

/// Waits until a watcher was told what it waits for.
pub(super) async fn told(watch: &mut watch::Receiver<Head>, wanted: impl FnMut(&Head) -> bool) -> Head {
    let told = tokio::time::timeout(DEADLINE, watch.wait_for(wanted)).await;
    told.expect("never told").unwrap().clone()
}
