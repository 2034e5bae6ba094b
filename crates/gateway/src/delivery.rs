//! What became of every event, per connection: the answer to "did it arrive?".
//!
//! A connection's writer says how far it is; a send asks where every connection of its user stands.
//! Nothing here is kept after a connection ends but counts: the log and the store hold the events.

use goldenpath_protocol::{ConnectionId, UserId};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What became of an event on one connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Outcome {
    /// The client said that it has it.
    Acknowledged,
    /// It was written to the socket.
    Written,
    /// The writer writes it next.
    Woken,
    /// The writer has this many earlier events to write first; it will follow in order.
    Behind(u64),
    /// The connection is being greeted; its first read of the log decides.
    Joining,
    /// The event lies before the place where the connection joined.
    BeforeJoin,
    /// The connection ends; the event waits in the log for a resume.
    Closing,
}

impl Outcome {
    /// The outcome's name in metrics and reports.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Acknowledged => "acknowledged",
            Self::Written => "written",
            Self::Woken => "woken",
            Self::Behind(_) => "behind",
            Self::Joining => "joining",
            Self::BeforeJoin => "before_join",
            Self::Closing => "closing",
        }
    }

    /// Whether this connection has been, or will be, given the event without a resume.
    #[must_use]
    pub fn is_live(self) -> bool {
        matches!(self, Self::Acknowledged | Self::Written | Self::Woken | Self::Behind(_))
    }
}

/// The outcome on one connection.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionOutcome {
    /// The connection.
    pub connection_id: ConnectionId,
    /// What became of the event there.
    pub outcome: Outcome,
}

/// How far one connection is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConnectionProgress {
    /// The connection.
    pub connection_id: ConnectionId,
    /// The offset after which it was first owed events; `None` until it is greeted.
    pub joined: Option<u64>,
    /// The last offset written to its socket.
    pub written: u64,
    /// The last offset its client acknowledged.
    pub acknowledged: u64,
    /// Whether it ends.
    pub closing: bool,
}

/// Counts since the start.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct DeliveryTotals {
    /// Events written, once per connection.
    pub written: u64,
    /// Connections that ended.
    pub ended: u64,
    /// Of those, the ones whose client had not acknowledged everything written.
    pub ended_unacknowledged: u64,
}

#[derive(Debug)]
struct Progress {
    connection_id: ConnectionId,
    joined: AtomicU64,
    greeted: AtomicBool,
    written: AtomicU64,
    acknowledged: AtomicU64,
    closing: AtomicBool,
}

impl Progress {
    fn outcome(&self, offset: u64) -> Outcome {
        if !self.greeted.load(Ordering::Acquire) {
            return Outcome::Joining;
        }
        let written = self.written.load(Ordering::Acquire);
        if offset <= self.joined.load(Ordering::Acquire) {
            Outcome::BeforeJoin
        } else if offset <= self.acknowledged.load(Ordering::Acquire) {
            Outcome::Acknowledged
        } else if offset <= written {
            Outcome::Written
        } else if self.closing.load(Ordering::Acquire) {
            Outcome::Closing
        } else if offset == written + 1 {
            Outcome::Woken
        } else {
            Outcome::Behind(offset - written - 1)
        }
    }

    fn snapshot(&self) -> ConnectionProgress {
        ConnectionProgress {
            connection_id: self.connection_id.clone(),
            joined: self.greeted.load(Ordering::Acquire).then(|| self.joined.load(Ordering::Acquire)),
            written: self.written.load(Ordering::Acquire),
            acknowledged: self.acknowledged.load(Ordering::Acquire),
            closing: self.closing.load(Ordering::Acquire),
        }
    }
}

/// Knows for every connection what was written and what was acknowledged.
#[derive(Debug, Default)]
pub struct DeliveryTracker {
    users: Mutex<HashMap<UserId, Vec<Arc<Progress>>>>,
    written: AtomicU64,
    ended: AtomicU64,
    ended_unacknowledged: AtomicU64,
}

impl DeliveryTracker {
    /// A tracker of no connections.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Tracks a connection until the handle is dropped.
    pub fn track(self: &Arc<Self>, user: &UserId, connection: &ConnectionId) -> TrackedConnection {
        let progress = Arc::new(Progress {
            connection_id: connection.clone(),
            joined: AtomicU64::new(0),
            greeted: AtomicBool::new(false),
            written: AtomicU64::new(0),
            acknowledged: AtomicU64::new(0),
            closing: AtomicBool::new(false),
        });
        self.lock().entry(user.clone()).or_default().push(Arc::clone(&progress));
        TrackedConnection { tracker: Arc::clone(self), user: user.clone(), progress }
    }

    /// What became of the user's event at `offset`, on each of the user's connections.
    #[must_use]
    pub fn outcomes(&self, user: &UserId, offset: u64) -> Vec<ConnectionOutcome> {
        let users = self.lock();
        let all = users.get(user).map(Vec::as_slice).unwrap_or_default();
        all.iter()
            .map(|progress| ConnectionOutcome {
                connection_id: progress.connection_id.clone(),
                outcome: progress.outcome(offset),
            })
            .collect()
    }

    /// How far each connection of a user is.
    #[must_use]
    pub fn progress(&self, user: &UserId) -> Vec<ConnectionProgress> {
        let users = self.lock();
        users.get(user).map(Vec::as_slice).unwrap_or_default().iter().map(|one| one.snapshot()).collect()
    }

    /// Connections tracked now, of all users.
    #[must_use]
    pub fn tracked(&self) -> usize {
        self.lock().values().map(Vec::len).sum()
    }

    /// Counts since the start.
    #[must_use]
    pub fn totals(&self) -> DeliveryTotals {
        DeliveryTotals {
            written: self.written.load(Ordering::Relaxed),
            ended: self.ended.load(Ordering::Relaxed),
            ended_unacknowledged: self.ended_unacknowledged.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<UserId, Vec<Arc<Progress>>>> {
        // Every change is one call on the map, so a panic elsewhere leaves it whole.
        self.users.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// One connection's line in the tracker; dropping it ends the line.
#[derive(Debug)]
#[must_use = "the connection is tracked until this is dropped"]
pub struct TrackedConnection {
    tracker: Arc<DeliveryTracker>,
    user: UserId,
    progress: Arc<Progress>,
}

impl TrackedConnection {
    /// The connection is owed every event after `offset`.
    pub fn joined(&self, offset: u64) {
        self.progress.joined.store(offset, Ordering::Release);
        self.progress.written.store(offset, Ordering::Release);
        self.progress.greeted.store(true, Ordering::Release);
    }

    /// The event at `offset` goes to the socket.
    pub fn written(&self, offset: u64) {
        self.progress.written.store(offset, Ordering::Release);
        self.tracker.written.fetch_add(1, Ordering::Relaxed);
    }

    /// The client has everything up to `offset`; gives `false`, and changes nothing, when that was never sent here.
    pub fn acknowledged(&self, offset: u64) -> bool {
        if offset > self.last_written() {
            return false;
        }
        self.progress.acknowledged.fetch_max(offset, Ordering::AcqRel);
        true
    }

    /// The connection takes no more events.
    pub fn closing(&self) {
        self.progress.closing.store(true, Ordering::Release);
    }

    /// The last offset written to the socket.
    #[must_use]
    pub fn last_written(&self) -> u64 {
        self.progress.written.load(Ordering::Acquire)
    }
}

impl Drop for TrackedConnection {
    fn drop(&mut self) {
        let mut users = self.tracker.lock();
        if let Some(all) = users.get_mut(&self.user) {
            all.retain(|progress| !Arc::ptr_eq(progress, &self.progress));
            if all.is_empty() {
                users.remove(&self.user);
            }
        }
        drop(users);
        self.tracker.ended.fetch_add(1, Ordering::Relaxed);
        let last = self.progress.snapshot();
        if last.acknowledged < last.written {
            self.tracker.ended_unacknowledged.fetch_add(1, Ordering::Relaxed);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{DeliveryTracker, Outcome};
    use goldenpath_protocol::{ConnectionId, UserId};
    use std::sync::Arc;

    #[test]
    fn an_outcome_follows_the_writer_and_the_client() {
        let tracker = Arc::new(DeliveryTracker::new());
        let (user, id) = (UserId::new("ada").unwrap(), ConnectionId::new("c-1").unwrap());
        let connection = tracker.track(&user, &id);
        let outcome = |offset| tracker.outcomes(&user, offset)[0].outcome;
        assert_eq!(outcome(4), Outcome::Joining);
        connection.joined(3);
        assert_eq!(outcome(3), Outcome::BeforeJoin);
        assert_eq!((outcome(4), outcome(6)), (Outcome::Woken, Outcome::Behind(2)));
        assert!(!connection.acknowledged(4), "never sent here");
        connection.written(4);
        assert_eq!(outcome(4), Outcome::Written);
        assert!(connection.acknowledged(4) && connection.acknowledged(1));
        assert_eq!(outcome(4), Outcome::Acknowledged);
        connection.closing();
        assert_eq!(outcome(5), Outcome::Closing);
        assert!(!outcome(5).is_live() && outcome(4).is_live());
        drop(connection);
        assert!(tracker.outcomes(&user, 4).is_empty());
        assert_eq!(
            (tracker.tracked(), tracker.totals().ended, tracker.totals().ended_unacknowledged),
            (0, 1, 0)
        );
    }
}
