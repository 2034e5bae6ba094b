//! The connections of a store: bounded in number, each lent to one call at a time.
//!
//! A connection comes back only from a call that ended; one whose call was cancelled or timed out is closed, since its
//! next answer would be the last call's. Nothing asks an idle connection whether it lives, which would double the
//! round trips; who finds a dead one drops the others that lay idle with it, and tries once more on a new one. To connect
//! takes several round trips, so it goes on when the call that wanted it gives up: a slow server would never be reached else.

use super::PostgresLimits;
use super::fault::{Fault, may_soon_connect};
use crate::StoreError;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};

/// Between two attempts to connect to a server that starts.
const KNOCK: Duration = Duration::from_millis(50);

/// Longest time to connect, whoever waits for it.
const CONNECTS_WITHIN: Duration = Duration::from_secs(10);

#[derive(Clone)]
pub(super) struct Pool(Arc<Inner>);

struct Inner {
    options: PgConnectOptions,
    limits: PostgresLimits,
    places: Arc<Semaphore>,
    // The one that came back last is at the end, and lent first.
    idle: Mutex<Vec<Idle>>,
}

struct Idle {
    connection: PgConnection,
    since: Instant,
}

/// A connection for one call; closed when dropped.
#[must_use = "a connection that is not given back is closed"]
pub(super) struct Lent {
    pool: Pool,
    connection: PgConnection,
    is_new: bool,
    // Last: it may be somebody else's turn only when the connection is idle or closed.
    _place: OwnedSemaphorePermit,
}

impl Pool {
    pub(super) fn new(options: PgConnectOptions, limits: PostgresLimits) -> Self {
        let places = usize::try_from(limits.connections.max(1)).unwrap_or(usize::MAX);
        let places = Arc::new(Semaphore::new(places));
        Self(Arc::new(Inner { options, limits, places, idle: Mutex::default() }))
    }

    pub(super) fn limits(&self) -> &PostgresLimits {
        &self.0.limits
    }

    /// Lets a call take no longer than it may.
    pub(super) async fn bounded<T>(
        &self,
        call: impl Future<Output = Result<T, StoreError>>,
    ) -> Result<T, StoreError> {
        tokio::time::timeout(self.0.limits.call, call).await.unwrap_or(Err(StoreError::Unavailable))
    }

    /// A connection that was used lately, else a new one. Waits for a place, and for a server that starts.
    pub(super) async fn lend(&self) -> Result<Lent, StoreError> {
        let closed = |_| StoreError::Failed("the store is closed".to_owned());
        let place = Arc::clone(&self.0.places).acquire_owned().await.map_err(closed)?;
        if let Some(connection) = self.pop() {
            return Ok(Lent { pool: self.clone(), connection, is_new: false, _place: place });
        }
        let (hand, handed) = oneshot::channel();
        let pool = self.clone();
        tokio::spawn(async move {
            let connected = tokio::time::timeout(CONNECTS_WITHIN, pool.connect()).await;
            let connected = connected.unwrap_or(Err(StoreError::Unavailable));
            let lent = connected.map(|connection| Lent { pool, connection, is_new: true, _place: place });
            if let Err(Ok(unwanted)) = hand.send(lent) {
                // For the next call.
                unwanted.give_back();
            }
        });
        handed.await.unwrap_or(Err(StoreError::Unavailable))
    }

    async fn connect(&self) -> Result<PgConnection, StoreError> {
        loop {
            match self.0.options.connect().await {
                Ok(connection) => return Ok(connection),
                Err(error) if may_soon_connect(&error) => tokio::time::sleep(KNOCK).await,
                Err(error) => return Err(Fault::from(error).into()),
            }
        }
    }

    pub(super) async fn close(&self) {
        // Whoever is in the middle of a call gives its place back first.
        let _all = self.0.places.acquire_many(self.0.limits.connections.max(1)).await;
        self.0.places.close();
        let idle = std::mem::take(&mut *self.idle());
        for Idle { connection, .. } in idle {
            // The server notices either way.
            let _ = tokio::time::timeout(self.0.limits.call, connection.close()).await;
        }
    }

    fn pop(&self) -> Option<PgConnection> {
        let mut idle = self.idle();
        idle.retain(|one| one.since.elapsed() < self.0.limits.idle);
        idle.pop().map(|one| one.connection)
    }

    fn idle(&self) -> MutexGuard<'_, Vec<Idle>> {
        // Nothing is done under the lock that could leave it half done.
        self.0.idle.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Lent {
    pub(super) fn connection(&mut self) -> &mut PgConnection {
        &mut self.connection
    }

    /// The call is over; the next may have the connection.
    pub(super) fn give_back(self) {
        let Self { pool, connection, is_new: _, _place } = self;
        pool.idle().push(Idle { connection, since: Instant::now() });
    }

    /// What becomes of a call that did not succeed: `Ok` when it is to be made again, on a new connection.
    pub(super) fn judge(self, fault: Fault) -> Result<(), StoreError> {
        if !fault.is_of_the_connection() {
            self.give_back();
            return Err(fault.into());
        }
        // What lay idle beside it has met the same fate.
        self.pool.idle().clear();
        if self.is_new { Err(fault.into()) } else { Ok(()) }
    }
}
