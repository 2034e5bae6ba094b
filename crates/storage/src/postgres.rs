//! The store in a Postgres database, which any number of nodes share.
//!
//! Each call is one statement, hence one transaction: no node that stands still or dies holds a lock, and a slow
//! server is waited for once. What a call means when it is made twice is settled by keys, so a call whose connection
//! turned out to be dead is made again.

mod custody;
mod fault;
mod pool;
mod presence;
mod read;
mod schema;
mod url;
mod write;

pub use self::schema::ServerError;

use self::fault::Fault;
use self::pool::Pool;
use self::presence::Presence;
use self::url::server_name;
use crate::rows::{run_record, thread_records};
use crate::{BeginRun, NewRun, OpenError, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
use async_trait::async_trait;
use goldenpath_protocol::{RunId, ThreadId, UserId};
use rand::TryRngCore as _;
use rand::rngs::OsRng;
use sqlx::PgConnection;
use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, Instant};

/// Request ids that are out of date are looked for at most this often: what is left of them costs only room.
const SWEEP_EVERY_MS: i64 = 60_000;

/// What a store may ask of its server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PostgresLimits {
    /// Connections at once; further calls wait for one.
    pub connections: u32,
    /// Longest time of a call, with its wait for a connection; then the store is `Unavailable`. The server gives up
    /// a statement after the same time.
    pub call: Duration,
    /// A connection that lay idle for longer is not used again: what is between may have forgotten it.
    pub idle: Duration,
    /// How long this node keeps its runs after it last said that it lives.
    pub lease: Duration,
}

impl Default for PostgresLimits {
    /// 16 connections, 5 s, 1 minute, 6 s.
    fn default() -> Self {
        Self {
            connections: 16,
            call: Duration::from_secs(5),
            idle: Duration::from_secs(60),
            lease: Duration::from_secs(6),
        }
    }
}

/// A store in a Postgres database, in a schema of its own, `goldenpath`.
pub struct PostgresStore {
    pool: Pool,
    server: String,
    /// This node's name among those that share the database, for as long as it lives.
    node: String,
    presence: Presence,
    swept_ms: AtomicI64,
}

impl fmt::Debug for PostgresStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: the options of its connections hold the password.
        let limits = self.pool.limits();
        f.debug_struct("PostgresStore")
            .field("server", &self.server)
            .field("limits", limits)
            .finish_non_exhaustive()
    }
}

impl PostgresStore {
    /// Opens `postgres://USER:PASSWORD@HOST:PORT/DATABASE` with the default limits; makes the tables when they are not there.
    /// What the URL leaves out is taken from `PGPASSWORD` and its like, and from `~/.pgpass`. TLS by `sslmode` and `sslrootcert`.
    ///
    /// # Errors
    /// [`OpenError`]: the URL is none, the server does not let us in, or the database holds something else.
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        Self::open_with(url, PostgresLimits::default()).await
    }

    /// The same with other limits.
    ///
    /// # Errors
    /// As [`PostgresStore::open`].
    pub async fn open_with(url: &str, limits: PostgresLimits) -> Result<Self, OpenError> {
        let options = url::options(url, &limits).map_err(OpenError::PostgresUrl)?;
        let server = server_name(&options);
        match schema::prepare(&options).await {
            Ok(()) => {
                let (pool, swept_ms) = (Pool::new(options, limits), AtomicI64::new(i64::MIN));
                let node = node_name().map_err(|why| OpenError::Server {
                    server: server.clone(),
                    error: ServerError::Nameless(why),
                })?;
                Ok(Self { pool, server, node, presence: Presence::default(), swept_ms })
            }
            Err(error) => Err(OpenError::Server { server, error }),
        }
    }

    /// Waits for what is under way and closes the connections; afterwards every call fails.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// Whether it is time to look for request ids that are out of date; says so to one caller alone.
    fn sweep_is_due(&self, now_ms: i64) -> bool {
        let last = self.swept_ms.load(Ordering::Relaxed);
        let due = last == i64::MIN || (now_ms - last).abs() >= SWEEP_EVERY_MS;
        due && self.swept_ms.compare_exchange(last, now_ms, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// 128 random bits, in hex.
fn node_name() -> Result<String, String> {
    let mut bytes = [0_u8; 16];
    OsRng.try_fill_bytes(&mut bytes).map_err(|error| error.to_string())?;
    Ok(format!("{:032x}", u128::from_be_bytes(bytes)))
}

/// Makes a call on a connection of the pool, within the limit; once more on a new one when that connection was dead. `$first`
/// tells whether this is the first time.
macro_rules! call {
    ($pool:expr, |$connection:ident, $first:ident| $work:expr) => {
        $pool
            .bounded(async {
                let mut $first = true;
                loop {
                    let mut lent = $pool.lend().await?;
                    let $connection = lent.connection();
                    match $work.await {
                        Ok(done) => {
                            lent.give_back();
                            return Ok(done);
                        }
                        Err(fault) => lent.judge(fault)?,
                    }
                    $first = false;
                }
            })
            .await
    };
    ($pool:expr, |$connection:ident| $work:expr) => {
        call!($pool, |$connection, _first| $work)
    };
}

async fn begin(
    connection: &mut PgConnection,
    request: &NewRun,
    (node, lease): (&str, Duration),
    first: bool,
) -> Result<BeginRun, Fault> {
    match write::begin_run(connection, request, node, lease).await? {
        // The first time it began, and the answer was lost with the connection.
        BeginRun::Duplicate(begun) if !first && begun.run_id == request.run_id => {
            Ok(BeginRun::Started(begun))
        }
        answer => Ok(answer),
    }
}

#[async_trait]
impl Store for PostgresStore {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        if self.sweep_is_due(request.now.unix_ms()) {
            call!(self.pool, |connection| write::sweep(connection, request.now))?;
        }
        let holder = (self.node.as_str(), self.pool.limits().lease);
        call!(self.pool, |connection, first| begin(connection, &request, holder, first))
    }

    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError> {
        call!(self.pool, |connection| write::find_run(connection, request))
    }

    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        call!(self.pool, |connection| write::append_event(connection, &event, &self.node))
    }

    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let row = call!(self.pool, |connection| read::run(connection, user, run, &self.node))?;
        row.map(run_record).transpose()
    }

    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        call!(self.pool, |connection| read::events(connection, user, run))
    }

    async fn threads(&self, user: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        thread_records(call!(self.pool, |connection| read::threads(connection, user))?)
    }

    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        let rows = call!(self.pool, |connection| read::thread(connection, user, thread))?;
        Ok(thread_records(rows)?.pop())
    }

    async fn keep_alive(&self) -> Result<Vec<RunId>, StoreError> {
        let lease = self.pool.limits().lease;
        let asked = call!(self.pool, |connection| custody::keep_alive(connection, &self.node, lease))?;
        self.presence.heard(Instant::now(), lease);
        Ok(asked)
    }

    async fn take_over(&self) -> Result<Vec<RunRecord>, StoreError> {
        let settled = self.presence.is_settled(Instant::now(), self.pool.limits().lease);
        let rows = call!(self.pool, |connection| custody::take_over(connection, &self.node, settled))?;
        rows.into_iter().map(run_record).collect()
    }

    async fn ask_to_cancel(&self, user: &UserId, run: &RunId) -> Result<(), StoreError> {
        call!(self.pool, |connection| custody::ask_to_cancel(connection, user, run))
    }

    async fn ready(&self) -> Result<(), StoreError> {
        call!(self.pool, |connection| read::ready(connection))
    }
}
