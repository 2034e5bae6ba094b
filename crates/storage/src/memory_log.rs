//! The event log in memory: for one node, lost with it (then clients resume with `failed`).
//!
//! Every user has a stream: the last events within the limits, and a head that its connections watch. A stream
//! that nobody watches and that holds nothing any more is dropped; the user gets a new epoch when they come back.

use crate::envelope::{too_large, with_offset};
use crate::epoch::new_epoch;
use crate::limits::MAX_ACKS;
use crate::{AppendError, Appended, EventLog, Head, LogEntry, LogLimits, Replay};
use async_trait::async_trait;
use goldenpath_protocol::{ClientId, Epoch, EventId, Timestamp, UserId};
use std::collections::VecDeque;
use std::collections::hash_map::{Entry, HashMap};
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use tokio::sync::watch;

/// Tells the time. Given from outside, so that fifteen minutes can pass at once.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Every stream is looked at for what is out of date at most this often.
const SWEEP_EVERY_MS: i64 = 60_000;

/// An [`EventLog`] in memory.
pub struct MemoryEventLog {
    limits: LogLimits,
    clock: Clock,
    // One lock for all: what is done under it takes about a microsecond, and nothing awaits.
    streams: Mutex<Streams>,
}

#[derive(Debug, Default)]
struct Streams {
    by_user: HashMap<UserId, Stream>,
    swept_ms: Option<i64>,
}

#[derive(Debug)]
struct Stream {
    head: watch::Sender<Head>,
    kept: VecDeque<Kept>,
    bytes: usize,
    // Offsets of the kept events: a repeated id is answered with the place it has.
    offsets: HashMap<EventId, u64>,
    acks: HashMap<ClientId, Ack>,
    used_ms: i64,
}

#[derive(Debug)]
struct Kept {
    event_id: EventId,
    entry: LogEntry,
    at_ms: i64,
}

#[derive(Debug, Clone, Copy)]
struct Ack {
    offset: u64,
    at_ms: i64,
}

impl fmt::Debug for MemoryEventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: a closure cannot be shown, and streams hold what users were told.
        f.debug_struct("MemoryEventLog").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl MemoryEventLog {
    /// An empty log that keeps `limits` of each user, by the time `clock` tells.
    #[must_use]
    pub fn new(limits: LogLimits, clock: Clock) -> Self {
        Self { limits, clock, streams: Mutex::default() }
    }

    /// How many users have a stream now, for metrics.
    #[must_use]
    pub fn users(&self) -> usize {
        self.lock().by_user.len()
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        // A panic under the lock is impossible short of running out of memory; readers lose nothing by going on.
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work` on the user's stream, made if need be, after what is out of date was dropped.
    fn with_stream<T>(
        &self,
        user: &UserId,
        work: impl FnOnce(&mut Stream, i64) -> T,
    ) -> Result<T, AppendError> {
        let now_ms = (self.clock)().unix_ms();
        let mut streams = self.lock();
        streams.sweep(&self.limits, now_ms);
        let stream = match streams.by_user.entry(user.clone()) {
            Entry::Occupied(known) => known.into_mut(),
            Entry::Vacant(new) => new.insert(Stream::new()?),
        };
        stream.used_ms = now_ms;
        stream.drop_old(&self.limits, now_ms);
        Ok(work(stream, now_ms))
    }
}

impl Streams {
    /// Drops, once in a while, what is out of date in every stream, and the streams that nobody needs.
    fn sweep(&mut self, limits: &LogLimits, now_ms: i64) {
        let due = self.swept_ms.is_none_or(|last| (now_ms - last).abs() >= SWEEP_EVERY_MS.min(limits.age_ms));
        if !due {
            return;
        }
        self.swept_ms = Some(now_ms);
        self.by_user.retain(|_, stream| {
            stream.drop_old(limits, now_ms);
            let idle = now_ms - stream.used_ms >= limits.age_ms;
            !(idle && stream.kept.is_empty() && stream.head.receiver_count() == 0)
        });
    }
}

impl Stream {
    fn new() -> Result<Self, AppendError> {
        let (head, _) = watch::channel(Head { epoch: new_epoch()?, offset: 0 });
        Ok(Self {
            head,
            kept: VecDeque::new(),
            bytes: 0,
            offsets: HashMap::new(),
            acks: HashMap::new(),
            used_ms: 0,
        })
    }

    fn head(&self) -> Head {
        self.head.borrow().clone()
    }

    fn append(
        &mut self,
        event_id: &EventId,
        envelope: &str,
        limits: &LogLimits,
        now_ms: i64,
    ) -> Result<Appended, AppendError> {
        let Head { epoch, offset } = self.head();
        if let Some(&offset) = self.offsets.get(event_id) {
            return Ok(Appended { head: Head { epoch, offset }, duplicate: true });
        }
        let offset = offset + 1;
        let envelope: Arc<str> = with_offset(envelope, offset)?.into();
        if envelope.len() > limits.bytes {
            return Err(too_large(envelope.len()));
        }
        self.bytes += envelope.len();
        self.offsets.insert(event_id.clone(), offset);
        let entry = LogEntry { offset, envelope };
        self.kept.push_back(Kept { event_id: event_id.clone(), entry, at_ms: now_ms });
        while self.kept.len() > limits.events || self.bytes > limits.bytes {
            self.drop_oldest();
        }
        let head = Head { epoch, offset };
        // Last, so that whoever wakes finds the event.
        self.head.send_replace(head.clone());
        Ok(Appended { head, duplicate: false })
    }

    fn read(&self, epoch: &Epoch, offset: u64, max: usize) -> Replay {
        let head = self.head();
        // Kept offsets are dense up to the head, so what is kept begins here.
        let first = head.offset + 1 - self.kept.len() as u64;
        if *epoch != head.epoch || offset > head.offset || offset + 1 < first {
            return Replay::Gone(head);
        }
        let skip = usize::try_from(offset + 1 - first).unwrap_or(usize::MAX);
        Replay::Events(self.kept.iter().skip(skip).take(max).map(|kept| kept.entry.clone()).collect())
    }

    fn acknowledge(&mut self, client: &ClientId, offset: u64, now_ms: i64) -> u64 {
        // Nothing beyond the head was ever sent.
        let offset = offset.min(self.head.borrow().offset);
        if !self.acks.contains_key(client) && self.acks.len() >= MAX_ACKS {
            let silent = self.acks.iter().min_by_key(|(_, ack)| ack.at_ms).map(|(client, _)| client.clone());
            silent.and_then(|client| self.acks.remove(&client));
        }
        let ack = self.acks.entry(client.clone()).or_insert(Ack { offset, at_ms: now_ms });
        ack.offset = ack.offset.max(offset);
        ack.at_ms = now_ms;
        ack.offset
    }

    fn drop_old(&mut self, limits: &LogLimits, now_ms: i64) {
        while self.kept.front().is_some_and(|oldest| now_ms - oldest.at_ms >= limits.age_ms) {
            self.drop_oldest();
        }
        if self.kept.is_empty() {
            // Give the room of a busy quarter of an hour back.
            self.kept.shrink_to_fit();
            self.offsets.shrink_to_fit();
        }
    }

    fn drop_oldest(&mut self) {
        if let Some(oldest) = self.kept.pop_front() {
            self.bytes -= oldest.entry.envelope.len();
            self.offsets.remove(&oldest.event_id);
        }
    }
}

#[async_trait]
impl EventLog for MemoryEventLog {
    async fn append(
        &self,
        user: &UserId,
        event_id: &EventId,
        envelope: &str,
    ) -> Result<Appended, AppendError> {
        self.with_stream(user, |stream, now_ms| stream.append(event_id, envelope, &self.limits, now_ms))?
    }

    async fn head(&self, user: &UserId) -> Result<Head, AppendError> {
        self.with_stream(user, |stream, _| stream.head())
    }

    async fn read(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        self.with_stream(user, |stream, _| stream.read(epoch, offset, max))
    }

    async fn subscribe(&self, user: &UserId) -> Result<watch::Receiver<Head>, AppendError> {
        self.with_stream(user, |stream, _| stream.head.subscribe())
    }

    async fn acknowledge(&self, user: &UserId, client: &ClientId, offset: u64) -> Result<u64, AppendError> {
        self.with_stream(user, |stream, now_ms| stream.acknowledge(client, offset, now_ms))
    }

    async fn acknowledged(&self, user: &UserId, client: &ClientId) -> Result<u64, AppendError> {
        self.with_stream(user, |stream, _| stream.acks.get(client).map_or(0, |ack| ack.offset))
    }

    async fn ready(&self) -> Result<(), AppendError> {
        Ok(())
    }
}
