//! A connection to the server that many requests share, and that is made again when it does not answer.

use crate::Trouble;
use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, Client, Cmd, FromRedisValue, Pipeline, RedisError, RedisResult, Value};
use std::fmt;
use std::future::Future;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// Requests that may wait to be written; more wait for these.
const WAITING: usize = 1_024;
/// Bytes of requests that are written at once.
const WRITTEN_AT_ONCE: usize = 64 * 1024;
/// After an attempt to connect failed, others fail at once for so long, instead of each trying for itself.
const REST: Duration = Duration::from_millis(50);

/// One connection, made when it is needed.
///
/// A request that is dropped half-way leaves it sound: its answer is read and thrown away. A request that is not
/// answered in time ends it, with all that waits behind: whatever held the answer up would hold the next one up, too, and
/// behind a broken network the old connection could be silent for minutes after the new one would work.
pub struct Link {
    client: Client,
    patience: Duration,
    slot: Mutex<Slot>,
    /// Held by who connects.
    connecting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct Slot {
    connection: Option<MultiplexedConnection>,
    /// Which connection it is, so that a late failure of an earlier one does not end it.
    number: u64,
    failed: Option<Instant>,
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // By hand: a client knows a password.
        f.debug_struct("Link").field("patience", &self.patience).finish_non_exhaustive()
    }
}

impl Link {
    /// A link that waits for `patience`: for an answer, a connection made for it included.
    #[must_use]
    pub fn new(client: Client, patience: Duration) -> Self {
        Self { client, patience, slot: Mutex::default(), connecting: tokio::sync::Mutex::default() }
    }

    /// How long an answer may take.
    #[must_use]
    pub fn patience(&self) -> Duration {
        self.patience
    }

    /// The answer to one command.
    pub async fn query<T: FromRedisValue>(&self, command: &Cmd) -> Result<T, Trouble> {
        let value = self
            .within(|mut connection| async move { connection.send_packed_command(command).await })
            .await?;
        Ok(redis::from_redis_value(value.extract_error()?)?)
    }

    /// The answers to several.
    pub async fn query_all<T: FromRedisValue>(&self, commands: &Pipeline) -> Result<Vec<T>, Trouble> {
        let count = commands.len();
        let values: Vec<Value> = self
            .within(|mut connection| async move { connection.send_packed_commands(commands, 0, count).await })
            .await?;
        values.into_iter().map(|value| Ok(redis::from_redis_value(value.extract_error()?)?)).collect()
    }

    async fn within<T, F>(&self, ask: impl Fn(MultiplexedConnection) -> F) -> Result<T, Trouble>
    where
        F: Future<Output = RedisResult<T>>,
    {
        let mut used = None;
        let asked = async {
            loop {
                let (connection, number, fresh) = self.connection().await?;
                used = Some(number);
                match ask(connection).await {
                    // It had ended before, and this is how one learns of it. Whether the server did what was asked or not,
                    // nothing that is asked here does more when it is asked twice.
                    Err(error) if is_over(&error) && !fresh => self.end(number),
                    answer => return answer.map_err(Some),
                }
            }
        };
        let answer = tokio::time::timeout(self.patience, asked).await;
        let (trouble, over) = match answer {
            Ok(Ok(answer)) => return Ok(answer),
            Ok(Err(Some(error))) => {
                let over = is_over(&error);
                (Trouble::from(error), over)
            }
            Ok(Err(None)) | Err(_) => (Trouble::Unavailable, true),
        };
        if over && let Some(number) = used {
            self.end(number);
        }
        Err(trouble)
    }

    /// The connection there is, or a new one: its number, and whether it was made now. No error in the error when another
    /// attempt has just failed.
    async fn connection(&self) -> Result<(MultiplexedConnection, u64, bool), Option<RedisError>> {
        if let Some(there) = self.slot().current()? {
            return Ok(there);
        }
        let _turn = self.connecting.lock().await;
        if let Some(there) = self.slot().current()? {
            return Ok(there);
        }
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(self.patience))
            // Ours is around the whole request.
            .set_response_timeout(None)
            .set_pipeline_buffer_size(WAITING)
            .set_write_backpressure_boundary(WRITTEN_AT_ONCE);
        let made = self.client.get_multiplexed_async_connection_with_config(&config).await;
        let mut slot = self.slot();
        match made {
            Ok(connection) => {
                slot.number += 1;
                slot.failed = None;
                slot.connection = Some(connection.clone());
                Ok((connection, slot.number, true))
            }
            Err(error) => {
                slot.failed = Some(Instant::now());
                Err(Some(error))
            }
        }
    }

    fn end(&self, number: u64) {
        let mut slot = self.slot();
        if slot.number == number {
            slot.connection = None;
        }
    }

    fn slot(&self) -> MutexGuard<'_, Slot> {
        // Nothing under it can panic; a connection is as good as it was.
        self.slot.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Slot {
    fn current(&self) -> Result<Option<(MultiplexedConnection, u64, bool)>, Option<RedisError>> {
        match (&self.connection, self.failed) {
            (Some(connection), _) => Ok(Some((connection.clone(), self.number, false))),
            (None, Some(failed)) if failed.elapsed() < REST => Err(None),
            (None, _) => Ok(None),
        }
    }
}

/// Whether only another connection can help. After a failover the name leads to another server, too.
fn is_over(error: &RedisError) -> bool {
    error.is_io_error() || error.is_unrecoverable_error() || error.code() == Some("READONLY")
}
