//! A log and a store that fail on demand and keep a journal, and a clock that a test turns.

use async_trait::async_trait;
use goldenpath_gateway::Clock;
use goldenpath_protocol::{ClientId, Epoch, EventId, RunId, ThreadId, Timestamp, UserId};
use goldenpath_storage::{
    AppendError, Appended, BeginRun, EventLog, Head, MemoryEventLog, NewRun, Replay, RunRecord, SqliteStore,
    Store, StoreError, StoredEvent, ThreadRecord,
};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;
use tokio::sync::watch;

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

/// How many of the next attempts fail, for a while or for good.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    unavailable: AtomicU64,
    broken: AtomicU64,
}

impl Faults {
    /// The next `count` attempts are not answered in time.
    pub(crate) fn silent(&self, count: u64) {
        self.unavailable.store(count, Ordering::Release);
    }

    /// The next `count` attempts fail in a way that trying again does not help.
    pub(crate) fn broken(&self, count: u64) {
        self.broken.store(count, Ordering::Release);
    }
}

fn take(count: &AtomicU64) -> bool {
    count.fetch_update(Ordering::AcqRel, Ordering::Acquire, |left| left.checked_sub(1)).is_ok()
}

/// A real log whose appends fail on demand.
#[derive(Debug)]
pub(crate) struct FaultyLog {
    pub(crate) faults: Faults,
    pub(crate) inner: MemoryEventLog,
    pub(super) journal: Journal,
}

#[async_trait]
impl EventLog for FaultyLog {
    async fn append(&self, user: &UserId, id: &EventId, envelope: &str) -> Result<Appended, AppendError> {
        let answer = if take(&self.faults.unavailable) {
            Err(AppendError::Unavailable)
        } else if take(&self.faults.broken) {
            Err(AppendError::Failed("the log is gone".to_owned()))
        } else {
            self.inner.append(user, id, envelope).await
        };
        let asked = Asked { part: "log", event: id.clone(), kept: answer.is_ok(), at: Instant::now() };
        self.journal.lock().unwrap().push(asked);
        answer
    }
    async fn head(&self, user: &UserId) -> Result<Head, AppendError> {
        self.inner.head(user).await
    }
    async fn read(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        self.inner.read(user, epoch, offset, max).await
    }
    async fn subscribe(&self, user: &UserId) -> Result<watch::Receiver<Head>, AppendError> {
        self.inner.subscribe(user).await
    }
    async fn acknowledge(&self, user: &UserId, client: &ClientId, offset: u64) -> Result<u64, AppendError> {
        self.inner.acknowledge(user, client, offset).await
    }
    async fn acknowledged(&self, user: &UserId, client: &ClientId) -> Result<u64, AppendError> {
        self.inner.acknowledged(user, client).await
    }
    async fn ready(&self) -> Result<(), AppendError> {
        self.inner.ready().await
    }
}

/// A real store whose appends fail on demand.
#[derive(Debug)]
pub(crate) struct FaultyStore {
    pub(crate) faults: Faults,
    pub(super) inner: SqliteStore,
    pub(super) journal: Journal,
}

#[async_trait]
impl Store for FaultyStore {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        self.inner.begin_run(request).await
    }
    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError> {
        self.inner.find_run(request).await
    }
    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        let id = event.event_id.clone();
        let answer = if take(&self.faults.unavailable) {
            Err(StoreError::Unavailable)
        } else if take(&self.faults.broken) {
            Err(StoreError::Failed("the disk is gone".to_owned()))
        } else {
            self.inner.append_event(event).await
        };
        let asked = Asked { part: "store", event: id, kept: answer.is_ok(), at: Instant::now() };
        self.journal.lock().unwrap().push(asked);
        answer
    }
    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        self.inner.run(user, run).await
    }
    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        self.inner.events(user, run).await
    }
    async fn threads(&self, user: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        self.inner.threads(user).await
    }
    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        self.inner.thread(user, thread).await
    }
    async fn running_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        self.inner.running_runs().await
    }
    async fn ready(&self) -> Result<(), StoreError> {
        self.inner.ready().await
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
