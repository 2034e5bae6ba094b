//! The event log in Redis (7 or newer, or Valkey): for any number of nodes over one server.
//!
//! Each user's stream is four keys in one slot, and whatever is done to it is one script, so nodes need no agreement: the
//! server numbers, dedupes, trims, and tells. It keeps the time, too. A stream that nobody uses for as long as events are kept
//! expires; the user gets a new epoch when they come back, as with the log in memory. A stream that the server lost, or of
//! which it came back with less than a node had told, begins a new life: its watchers are told the new epoch.
//!
//! Three connections a node: one for what has short answers, one for replays, which may be megabytes and would hold the
//! others up, and one on which wakes come. A lost wake costs a second at most: see `redis_log/positions.rs`.

mod names;
mod positions;
mod scripts;
mod settings;
mod wakes;
mod watchers;

pub use goldenpath_redis_link::OpenError as OpenLogError;
pub use settings::RedisLogSettings;

use crate::envelope::{opened, too_large};
use crate::epoch::new_epoch;
use crate::limits::MAX_ACKS;
use crate::{AppendError, Appended, EventLog, Head, LogEntry, LogLimits, Replay};
use async_trait::async_trait;
use goldenpath_protocol::{ClientId, Epoch, EventId, UserId};
use goldenpath_redis_link::{Link, Script, Server, Trouble};
use names::{KEYS, Names};
use redis::{Cmd, cmd};
use scripts::Scripts;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::AbortHandle;
use tokio::time::Instant;
use watchers::Watchers;

/// Events and bytes in one answer: bounds what the server does in one step, and what must come in time.
const PAGE: usize = 64;
const PAGE_BYTES: usize = 512 * 1024;
/// Between two looks of one who waits until watchers have been told of a new life.
const SETTLING: Duration = Duration::from_millis(10);

/// An [`EventLog`] in Redis.
pub struct RedisEventLog {
    shared: Arc<Shared>,
    server: String,
    tasks: [AbortHandle; 2],
}

/// What the log and its tasks share.
struct Shared {
    limits: LogLimits,
    names: Arc<Names>,
    scripts: Scripts,
    commands: Link,
    replays: Link,
    watchers: Arc<Watchers>,
}

impl fmt::Debug for RedisEventLog {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: a client knows a password, and streams hold what users were told.
        f.debug_struct("RedisEventLog")
            .field("server", &self.server)
            .field("limits", &self.shared.limits)
            .finish_non_exhaustive()
    }
}

impl Drop for RedisEventLog {
    fn drop(&mut self) {
        for task in &self.tasks {
            task.abort();
        }
    }
}

impl RedisEventLog {
    /// Opens the log on a server; `rediss://` speaks TLS and trusts the system's certificates.
    ///
    /// # Errors
    /// [`OpenLogError`]: no URL of a server, nobody there who lets us in, or one older than 7.
    pub async fn open(url: &str, settings: RedisLogSettings) -> Result<Self, OpenLogError> {
        let server = Server::named(url)?;
        let names = Arc::new(Names::new(&settings.prefix, server.database));
        let client = server.client.clone();
        let RedisLogSettings { limits, patience, look_every, .. } = settings;
        let shared = Arc::new(Shared {
            limits,
            names: Arc::clone(&names),
            scripts: Scripts::new(),
            commands: Link::new(client.clone(), patience),
            replays: Link::new(client.clone(), patience),
            watchers: Arc::default(),
        });
        server.check(&shared.commands).await?;
        let listening = wakes::listen(client, names, Arc::clone(&shared.watchers), patience);
        let looker = Arc::clone(&shared);
        let looking = async move { positions::look(&looker, look_every).await };
        let tasks = [tokio::spawn(listening).abort_handle(), tokio::spawn(looking).abort_handle()];
        Ok(Self { shared, server: server.address, tasks })
    }

    async fn run<T: redis::FromRedisValue>(
        &self,
        script: &Script,
        user: &UserId,
        arguments: impl FnOnce(&mut Cmd),
    ) -> Result<T, AppendError> {
        let shared = &*self.shared;
        let mut call = shared.call(script, &Names::tag(user))?;
        arguments(&mut call);
        Ok(script.run(&shared.commands, &call).await?)
    }

    /// At most a page of events, and where the stream stands.
    async fn page(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<(Replay, u64), AppendError> {
        let shared = &*self.shared;
        let script = &shared.scripts.read;
        let mut call = shared.call(script, &Names::tag(user))?;
        call.arg(epoch.as_str()).arg(offset).arg(max.min(PAGE)).arg(PAGE_BYTES);
        let (found_epoch, found_offset, there, events): (String, u64, bool, Vec<String>) =
            script.run(&shared.replays, &call).await?;
        if !there {
            return Ok((Replay::Gone(head(found_epoch, found_offset)?), found_offset));
        }
        let entries = events.into_iter().zip(offset + 1..).map(|(event, offset)| entry(&event, offset));
        Ok((Replay::Events(entries.collect::<Result<_, _>>()?), found_offset))
    }
}

impl Shared {
    /// A call of a script on a user's stream, for its own arguments to follow.
    fn call(&self, script: &Script, tag: &str) -> Result<Cmd, AppendError> {
        let mut call = script.call();
        call.arg(KEYS.len());
        for key in KEYS {
            call.arg(self.names.key(tag, key));
        }
        call.arg(new_epoch()?.as_str()).arg(self.limits.age_ms).arg(self.names.channel(tag));
        match self.watchers.told(tag) {
            Some(told) => call.arg(told.epoch.as_str()).arg(told.offset),
            None => call.arg("").arg(0),
        };
        Ok(call)
    }

    /// Where a stream stands; a new one is made when there is none.
    async fn head(&self, link: &Link, tag: &str) -> Result<Head, Trouble> {
        let script = &self.scripts.head;
        let call = self.call(script, tag)?;
        let (epoch, offset) = script.run(link, &call).await?;
        Ok(head(epoch, offset)?)
    }
}

fn head(epoch: String, offset: u64) -> Result<Head, AppendError> {
    let epoch = Epoch::new(epoch).map_err(|error| AppendError::Failed(error.to_string()))?;
    Ok(Head { epoch, offset })
}

/// An event as it is kept: `<when> <event id> <envelope>`.
fn entry(kept: &str, offset: u64) -> Result<LogEntry, AppendError> {
    let envelope = kept.splitn(3, ' ').nth(2);
    let envelope = envelope.ok_or_else(|| AppendError::Failed("an event is not as we keep it".to_owned()))?;
    Ok(LogEntry { offset, envelope: envelope.into() })
}

impl From<AppendError> for Trouble {
    fn from(error: AppendError) -> Self {
        match error {
            AppendError::Unavailable => Self::Unavailable,
            AppendError::Failed(why) => Self::Failed(why),
        }
    }
}

impl From<Trouble> for AppendError {
    fn from(trouble: Trouble) -> Self {
        match trouble {
            // Loaded a moment ago and gone again: flushed by somebody.
            Trouble::NoScript | Trouble::Unavailable => Self::Unavailable,
            Trouble::Failed(why) => Self::Failed(why),
        }
    }
}

#[async_trait]
impl EventLog for RedisEventLog {
    async fn append(
        &self,
        user: &UserId,
        event_id: &EventId,
        envelope: &str,
    ) -> Result<Appended, AppendError> {
        let envelope = opened(envelope)?;
        let limits = &self.shared.limits;
        let append = |call: &mut Cmd| {
            call.arg(event_id.as_str()).arg(&envelope).arg(limits.events).arg(limits.bytes);
        };
        let (epoch, number, how): (String, u64, u8) =
            self.run(&self.shared.scripts.append, user, append).await?;
        if how == 2 {
            return Err(too_large(usize::try_from(number).unwrap_or(usize::MAX)));
        }
        let head = head(epoch, number)?;
        // Our own sockets need not wait until the server has told us.
        self.shared.watchers.tell(&Names::tag(user), &head);
        Ok(Appended { head, duplicate: how == 1 })
    }

    async fn head(&self, user: &UserId) -> Result<Head, AppendError> {
        Ok(self.shared.head(&self.shared.commands, &Names::tag(user)).await?)
    }

    async fn read(
        &self,
        user: &UserId,
        epoch: &Epoch,
        offset: u64,
        max: usize,
    ) -> Result<Replay, AppendError> {
        let mut entries = Vec::new();
        loop {
            let after = offset + entries.len() as u64;
            match self.page(user, epoch, after, max - entries.len()).await? {
                // Also when it was there at the first page: what came so far is not all that was missed.
                (gone @ Replay::Gone(_), _) => return Ok(gone),
                (Replay::Events(page), head) => {
                    let last = page.is_empty() || after + page.len() as u64 >= head;
                    entries.extend(page);
                    if last || entries.len() >= max {
                        return Ok(Replay::Events(entries));
                    }
                }
            }
        }
    }

    async fn subscribe(&self, user: &UserId) -> Result<watch::Receiver<Head>, AppendError> {
        let tag = Names::tag(user);
        let until = Instant::now() + self.shared.commands.patience();
        loop {
            let head = self.head(user).await?;
            let heads = self.shared.watchers.watch(&tag, &head);
            if heads.borrow().epoch == head.epoch {
                return Ok(heads);
            }
            // The log was lost, and who watches is told in a moment: who comes now must not be thrown out with them.
            if Instant::now() >= until {
                return Err(AppendError::Unavailable);
            }
            self.shared.watchers.suspect([tag.clone()]);
            tokio::time::sleep(SETTLING).await;
        }
    }

    async fn acknowledge(&self, user: &UserId, client: &ClientId, offset: u64) -> Result<u64, AppendError> {
        let script = &self.shared.scripts.acknowledge;
        self.run(script, user, |call| {
            call.arg(client.as_str()).arg(offset).arg(MAX_ACKS);
        })
        .await
    }

    async fn acknowledged(&self, user: &UserId, client: &ClientId) -> Result<u64, AppendError> {
        let script = &self.shared.scripts.acknowledged;
        self.run(script, user, |call| {
            call.arg(client.as_str());
        })
        .await
    }

    async fn ready(&self) -> Result<(), AppendError> {
        // Written, not only asked: a replica and a full server answer, and take nothing.
        let mut probe = cmd("SET");
        probe.arg(self.shared.names.probe()).arg(1).arg("PX").arg(60_000);
        Ok(self.shared.commands.query::<()>(&probe).await?)
    }
}
