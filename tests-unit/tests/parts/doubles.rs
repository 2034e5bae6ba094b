//! Appends that fail on demand and keep a journal, and a clock that a test turns.

use async_trait::async_trait;
use goldenpath_gateway::Clock;
use goldenpath_protocol::{EventId, Timestamp, UserId};
use goldenpath_storage::{AppendError, Appended, EventLog, Store, StoreError, StoredEvent};
use goldenpath_testbed::faulty::{LogFault, StoreFault};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

/// What the log and the store were asked to keep, in the order of asking, refused attempts included.
pub(crate) type Journal = Arc<Mutex<Vec<Asked>>>;

/// One attempt.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) part: &'static str,
    pub(crate) event: EventId,
    pub(crate) kept: bool,
    pub(crate) at: Instant,
}

/// Appends of a part that fail on demand, for a while or for good.
#[derive(Debug)]
pub(crate) struct Faults {
    part: &'static str,
    unavailable: AtomicU64,
    broken: AtomicU64,
    journal: Journal,
}

impl Faults {
    pub(super) fn of(part: &'static str, journal: &Journal) -> Arc<Self> {
        let (unavailable, broken) = (AtomicU64::new(0), AtomicU64::new(0));
        Arc::new(Self { part, unavailable, broken, journal: Arc::clone(journal) })
    }

    /// The next `count` attempts are not answered in time.
    pub(crate) fn silent(&self, count: u64) {
        self.unavailable.store(count, Ordering::Release);
    }

    /// The next `count` attempts fail in a way that trying again does not help.
    pub(crate) fn broken(&self, count: u64) {
        self.broken.store(count, Ordering::Release);
    }

    /// What becomes of one attempt, with the journal's word of it.
    async fn attempt<T, E>(
        &self,
        event: &EventId,
        unavailable: E,
        broken: E,
        real: impl Future<Output = Result<T, E>>,
    ) -> Result<T, E> {
        let answer = if take(&self.unavailable) {
            Err(unavailable)
        } else if take(&self.broken) {
            Err(broken)
        } else {
            real.await
        };
        let (part, event) = (self.part, event.clone());
        let asked = Asked { part, event, kept: answer.is_ok(), at: Instant::now() };
        self.journal.lock().unwrap().push(asked);
        answer
    }
}

fn take(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
}

#[async_trait]
impl LogFault for Faults {
    async fn append(
        &self,
        log: &dyn EventLog,
        user: &UserId,
        id: &EventId,
        envelope: &str,
    ) -> Result<Appended, AppendError> {
        let broken = AppendError::Failed("the log is gone".to_owned());
        self.attempt(id, AppendError::Unavailable, broken, log.append(user, id, envelope)).await
    }
}

#[async_trait]
impl StoreFault for Faults {
    async fn append_event(&self, store: &dyn Store, event: StoredEvent) -> Result<(), StoreError> {
        let (id, broken) = (event.event_id.clone(), StoreError::Failed("the disk is gone".to_owned()));
        self.attempt(&id, StoreError::Unavailable, broken, store.append_event(event)).await
    }
}

/// A wall clock that stands still until it is turned, forward or back.
#[derive(Debug)]
pub(crate) struct TurnedClock(pub(super) AtomicI64);

impl TurnedClock {
    pub(crate) fn turn(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::AcqRel);
    }
}

impl Clock for TurnedClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_unix_ms(self.0.load(Ordering::Acquire))
    }
}
