//! The store in one SQLite file, or in memory.
//!
//! One connection writes and a few read (WAL lets them go on meanwhile). Every write transaction begins
//! `IMMEDIATE`: one that begins as a reader fails with "busy" when it turns into a writer, no time-out helps.

mod schema;
mod write;

pub use self::schema::SchemaError;
use self::write::{append_event, begin_run, find_run};
use crate::OpenError;
use crate::rows::{RunRow, ThreadRow, run_record, thread_records};
use crate::{BeginRun, NewRun, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
use async_trait::async_trait;
use goldenpath_protocol::{RunId, ThreadId, UserId};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Connections that read beside the one that writes.
const READERS: u32 = 4;

/// Longest wait for a connection or for another process's lock; then the store is `Unavailable`.
const WAIT: Duration = Duration::from_secs(5);

/// Where a store lies, as `--store` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Memory,
}

impl Place {
    /// `sqlite:PATH`, `sqlite://PATH` or `sqlite::memory:`.
    fn parse(url: &str) -> Result<Self, OpenError> {
        let rest = url.strip_prefix("sqlite:").ok_or(OpenError::SqliteUrl)?;
        match rest.strip_prefix("//").unwrap_or(rest) {
            "" => Err(OpenError::SqliteUrl),
            ":memory:" => Ok(Self::Memory),
            path => Ok(Self::File(PathBuf::from(path))),
        }
    }
}

/// A store in one SQLite file, or in memory for as long as it lives.
#[derive(Debug)]
pub struct SqliteStore {
    writer: SqlitePool,
    readers: SqlitePool,
}

impl SqliteStore {
    /// Opens what `--store` names: `sqlite:PATH` or `sqlite::memory:`.
    ///
    /// # Errors
    /// [`OpenError`]: another URL, or as [`SqliteStore::open_file`].
    pub async fn open(url: &str) -> Result<Self, OpenError> {
        match Place::parse(url)? {
            Place::File(path) => Self::open_file(&path).await,
            Place::Memory => Self::in_memory().await,
        }
    }

    /// Opens a file; makes it, its tables and its directory when they are not there.
    ///
    /// # Errors
    /// [`OpenError`]: the file is another program's, or another version's, or cannot be read and written.
    pub async fn open_file(path: &Path) -> Result<Self, OpenError> {
        if let Some(directory) = path.parent() {
            std::fs::create_dir_all(directory)
                .map_err(|error| OpenError::Directory { path: directory.to_owned(), error })?;
        }
        let options = options()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // In WAL mode this loses nothing when the process dies, and at most the last commits when the power does.
            .synchronous(SqliteSynchronous::Normal);
        let writer = pool(1).connect_lazy_with(options.clone());
        let failed = |error| OpenError::Database { path: path.to_owned(), error };
        prepare(&writer).await.map_err(failed)?;
        let readers = pool(READERS).connect_lazy_with(options.create_if_missing(false).read_only(true));
        Ok(Self { writer, readers })
    }

    /// A store that lives in memory and dies with this value.
    ///
    /// # Errors
    /// [`OpenError`] when SQLite cannot start.
    pub async fn in_memory() -> Result<Self, OpenError> {
        // An in-memory database belongs to its connection, so there is one, for reading too.
        let writer = pool(1).connect_lazy_with(options().in_memory(true));
        let failed = |error| OpenError::Database { path: PathBuf::from(":memory:"), error };
        prepare(&writer).await.map_err(failed)?;
        Ok(Self { readers: writer.clone(), writer })
    }

    /// Waits for what is under way and closes the file; afterwards every call fails.
    pub async fn close(&self) {
        self.readers.close().await;
        self.writer.close().await;
    }

    async fn writer(&self) -> Result<PoolConnection<Sqlite>, StoreError> {
        Ok(self.writer.acquire().await?)
    }
}

fn options() -> SqliteConnectOptions {
    SqliteConnectOptions::new().foreign_keys(true).busy_timeout(WAIT).disable_statement_logging()
}

fn pool(connections: u32) -> SqlitePoolOptions {
    // Connections are never retired: the one of an in-memory store holds its data.
    SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(WAIT)
        .max_lifetime(None)
        .idle_timeout(None)
        .test_before_acquire(false)
}

async fn prepare(writer: &SqlitePool) -> Result<(), SchemaError> {
    schema::prepare(&mut *writer.acquire().await?).await
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        /// Primary result codes of SQLite: another connection holds the lock.
        const BUSY_OR_LOCKED: [i64; 2] = [5, 6];
        let busy = match &error {
            sqlx::Error::PoolTimedOut => true,
            // The code is the extended one; its lowest byte is the primary one.
            sqlx::Error::Database(cause) => cause
                .code()
                .and_then(|code| code.parse::<i64>().ok())
                .is_some_and(|code| BUSY_OR_LOCKED.contains(&(code & 0xff))),
            _ => false,
        };
        if busy { Self::Unavailable } else { Self::Failed(error.to_string()) }
    }
}

#[async_trait]
impl Store for SqliteStore {
    async fn begin_run(&self, request: NewRun) -> Result<BeginRun, StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        let answer = begin_run(&mut transaction, &request).await?;
        // A refusal commits too: it holds nothing but the removal of ids that are out of date.
        transaction.commit().await?;
        Ok(answer)
    }

    async fn find_run(&self, request: &NewRun) -> Result<Option<BeginRun>, StoreError> {
        find_run(&mut *self.readers.acquire().await?, request).await
    }

    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        append_event(&mut transaction, &event).await?;
        Ok(transaction.commit().await?)
    }

    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let row: Option<RunRow> = sqlx::query_as(
            "SELECT run_id, thread_id, user_id, request_id, agent, message, state, event_count, final_response,
                    created_ms, 1
             FROM runs WHERE run_id = ? AND user_id = ?",
        )
        .bind(run.as_str())
        .bind(user.as_str())
        .fetch_optional(&self.readers)
        .await?;
        row.map(run_record).transpose()
    }

    async fn events(&self, user: &UserId, run: &RunId) -> Result<Vec<String>, StoreError> {
        let envelopes = sqlx::query_scalar(
            "SELECT envelope FROM events JOIN runs USING (run_id)
             WHERE run_id = ? AND user_id = ? ORDER BY seq",
        )
        .bind(run.as_str())
        .bind(user.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(envelopes)
    }

    async fn threads(&self, user: &UserId) -> Result<Vec<ThreadRecord>, StoreError> {
        let rows: Vec<ThreadRow> = sqlx::query_as(
            "SELECT t.thread_id, t.user_id, t.created_ms, t.updated_ms, r.run_id
             FROM threads t LEFT JOIN runs r ON r.thread_id = t.thread_id
             WHERE t.user_id = ?
             ORDER BY t.updated_ms DESC, t.rowid DESC, r.created_ms, r.rowid",
        )
        .bind(user.as_str())
        .fetch_all(&self.readers)
        .await?;
        thread_records(rows)
    }

    async fn thread(&self, user: &UserId, thread: &ThreadId) -> Result<Option<ThreadRecord>, StoreError> {
        let rows: Vec<ThreadRow> = sqlx::query_as(
            "SELECT t.thread_id, t.user_id, t.created_ms, t.updated_ms, r.run_id
             FROM threads t LEFT JOIN runs r ON r.thread_id = t.thread_id
             WHERE t.thread_id = ? AND t.user_id = ?
             ORDER BY r.created_ms, r.rowid",
        )
        .bind(thread.as_str())
        .bind(user.as_str())
        .fetch_all(&self.readers)
        .await?;
        Ok(thread_records(rows)?.pop())
    }

    async fn keep_alive(&self) -> Result<Vec<RunId>, StoreError> {
        // A file is one node's: nobody takes its runs while it lives, and nobody else is asked to cancel them.
        Ok(Vec::new())
    }

    async fn take_over(&self) -> Result<Vec<RunRecord>, StoreError> {
        let rows: Vec<RunRow> = sqlx::query_as(
            "SELECT run_id, thread_id, user_id, request_id, agent, message, state, event_count, final_response,
                    created_ms, 1
             FROM runs WHERE state = 'running' ORDER BY created_ms, rowid",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(run_record).collect()
    }

    async fn ask_to_cancel(&self, _: &UserId, _: &RunId) -> Result<(), StoreError> {
        Ok(())
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // A store that can only be read takes no work, so ask for the write lock and give it back.
        let mut writer = self.writer().await?;
        let transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(transaction.rollback().await?)
    }
}

#[cfg(test)]
mod tests {
    use super::Place;
    use std::path::PathBuf;

    #[test]
    fn a_url_names_a_file_or_memory() {
        for (url, path) in
            [("sqlite:a.db", "a.db"), ("sqlite:/v/a.db", "/v/a.db"), ("sqlite:///v/a b?.db", "/v/a b?.db")]
        {
            assert_eq!(Place::parse(url).unwrap(), Place::File(PathBuf::from(path)), "{url}");
        }
        assert_eq!(Place::parse("sqlite::memory:").unwrap(), Place::Memory);
    }

    #[test]
    fn another_url_is_refused_with_what_would_be_valid() {
        for url in ["", "sqlite", "sqlite:", "sqlite://", "postgres://localhost/x", "a.db"] {
            let message = Place::parse(url).unwrap_err().to_string();
            assert!(message.contains("`sqlite:PATH`"), "{message}");
        }
    }
}
