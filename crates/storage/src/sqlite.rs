//! The store in one SQLite file, or in memory.
//!
//! One connection writes and a few read (WAL lets them go on meanwhile). Every write transaction begins
//! `IMMEDIATE`: one that begins as a reader fails with "busy" when it turns into a writer, no time-out helps.

use crate::schema::{self, SchemaError};
use crate::{BeginRun, Begun, NewRun, RunRecord, Store, StoreError, StoredEvent, ThreadRecord};
use async_trait::async_trait;
use goldenpath_protocol::{RequestId, RunId, RunState, ThreadId, Timestamp, UserId};
use sqlx::pool::PoolConnection;
use sqlx::sqlite::{
    SqliteConnectOptions, SqliteJournalMode, SqlitePool, SqlitePoolOptions, SqliteSynchronous,
};
use sqlx::{ConnectOptions, Connection, Sqlite, SqliteConnection};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Connections that read beside the one that writes.
const READERS: u32 = 4;

/// Longest wait for a connection or for another process's lock; then the store is `Unavailable`.
const WAIT: Duration = Duration::from_secs(5);

/// How long a request id stays taken.
const REQUEST_ID_LIFE_MS: i64 = 24 * 60 * 60 * 1_000;

/// The store could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The URL names no SQLite store.
    #[error("`{0}` names no SQLite store (hint: `sqlite:PATH` or `sqlite::memory:`)")]
    Url(String),
    /// The directory of the file cannot be made.
    #[error("`{path}`: {error}")]
    Directory {
        /// The directory.
        path: PathBuf,
        /// What the file system said.
        error: std::io::Error,
    },
    /// The file is no store of ours, or cannot be read or written.
    #[error("`{path}`: {error}")]
    Database {
        /// The file, or `:memory:`.
        path: PathBuf,
        /// What is wrong with it.
        error: SchemaError,
    },
}

/// Where a store lies, as `--store` names it.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Place {
    File(PathBuf),
    Memory,
}

impl Place {
    /// `sqlite:PATH`, `sqlite://PATH` or `sqlite::memory:`.
    fn parse(url: &str) -> Result<Self, OpenError> {
        let refuse = || OpenError::Url(url.to_owned());
        let rest = url.strip_prefix("sqlite:").ok_or_else(refuse)?;
        match rest.strip_prefix("//").unwrap_or(rest) {
            "" => Err(refuse()),
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

    async fn append_event(&self, event: StoredEvent) -> Result<(), StoreError> {
        let mut writer = self.writer().await?;
        let mut transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        append_event(&mut transaction, &event).await?;
        Ok(transaction.commit().await?)
    }

    async fn run(&self, user: &UserId, run: &RunId) -> Result<Option<RunRecord>, StoreError> {
        let row: Option<RunRow> = sqlx::query_as(
            "SELECT run_id, thread_id, user_id, request_id, agent, message, state, event_count, final_response,
                    created_ms
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

    async fn running_runs(&self) -> Result<Vec<RunRecord>, StoreError> {
        let rows: Vec<RunRow> = sqlx::query_as(
            "SELECT run_id, thread_id, user_id, request_id, agent, message, state, event_count, final_response,
                    created_ms
             FROM runs WHERE state = 'running' ORDER BY created_ms, rowid",
        )
        .fetch_all(&self.readers)
        .await?;
        rows.into_iter().map(run_record).collect()
    }

    async fn ready(&self) -> Result<(), StoreError> {
        // A store that can only be read takes no work, so ask for the write lock and give it back.
        let mut writer = self.writer().await?;
        let transaction = writer.begin_with("BEGIN IMMEDIATE").await?;
        Ok(transaction.rollback().await?)
    }
}

async fn begin_run(connection: &mut SqliteConnection, request: &NewRun) -> Result<BeginRun, StoreError> {
    let now = request.now.unix_ms();
    sqlx::query("DELETE FROM requests WHERE created_ms <= ?")
        .bind(now - REQUEST_ID_LIFE_MS)
        .execute(&mut *connection)
        .await?;

    let known: Option<(String, String, Option<String>, String, String)> = sqlx::query_as(
        "SELECT r.run_id, r.thread_id, q.thread_asked, r.agent, r.message
         FROM requests q JOIN runs r USING (run_id)
         WHERE q.user_id = ? AND q.request_id = ?",
    )
    .bind(request.user_id.as_str())
    .bind(request.request_id.as_str())
    .fetch_optional(&mut *connection)
    .await?;
    if let Some((run_id, thread_id, thread_asked, agent, message)) = known {
        let same = thread_asked.as_deref() == request.thread_id.as_ref().map(ThreadId::as_str)
            && agent == request.agent
            && message == request.message;
        if !same {
            return Ok(BeginRun::Conflict);
        }
        return Ok(BeginRun::Duplicate(Begun {
            run_id: id(RunId::new(run_id))?,
            thread_id: id(ThreadId::new(thread_id))?,
        }));
    }

    let thread_id = match &request.thread_id {
        Some(asked) => {
            // Another user's thread is touched no more than an unknown one, and looks the same.
            let touched = sqlx::query(
                "UPDATE threads SET updated_ms = max(updated_ms, ?) WHERE thread_id = ? AND user_id = ?",
            )
            .bind(now)
            .bind(asked.as_str())
            .bind(request.user_id.as_str())
            .execute(&mut *connection)
            .await?;
            if touched.rows_affected() == 0 {
                return Ok(BeginRun::UnknownThread);
            }
            asked
        }
        None => {
            sqlx::query(
                "INSERT INTO threads (thread_id, user_id, created_ms, updated_ms) VALUES (?, ?, ?, ?)",
            )
            .bind(request.new_thread_id.as_str())
            .bind(request.user_id.as_str())
            .bind(now)
            .bind(now)
            .execute(&mut *connection)
            .await?;
            &request.new_thread_id
        }
    };
    sqlx::query(
        "INSERT INTO runs (run_id, thread_id, user_id, request_id, agent, message, state, created_ms)
         VALUES (?, ?, ?, ?, ?, ?, 'running', ?)",
    )
    .bind(request.run_id.as_str())
    .bind(thread_id.as_str())
    .bind(request.user_id.as_str())
    .bind(request.request_id.as_str())
    .bind(&request.agent)
    .bind(&request.message)
    .bind(now)
    .execute(&mut *connection)
    .await?;
    sqlx::query(
        "INSERT INTO requests (user_id, request_id, run_id, thread_asked, created_ms) VALUES (?, ?, ?, ?, ?)",
    )
    .bind(request.user_id.as_str())
    .bind(request.request_id.as_str())
    .bind(request.run_id.as_str())
    .bind(request.thread_id.as_ref().map(ThreadId::as_str))
    .bind(now)
    .execute(&mut *connection)
    .await?;
    Ok(BeginRun::Started(Begun { run_id: request.run_id.clone(), thread_id: thread_id.clone() }))
}

async fn append_event(connection: &mut SqliteConnection, event: &StoredEvent) -> Result<(), StoreError> {
    let seq =
        i64::try_from(event.seq).map_err(|_| StoreError::Failed(format!("`{}` is no seq", event.seq)))?;
    let known: Option<String> =
        sqlx::query_scalar("SELECT event_id FROM events WHERE run_id = ? AND seq = ?")
            .bind(event.run_id.as_str())
            .bind(seq)
            .fetch_optional(&mut *connection)
            .await?;
    match known {
        // The answer to an earlier attempt was lost.
        Some(known) if known == event.event_id.as_str() => return Ok(()),
        Some(_) => {
            return Err(StoreError::Failed(format!(
                "run `{}` has another event {seq} already",
                event.run_id
            )));
        }
        None => {}
    }
    let (state, answer) = match &event.ends {
        Some((state, answer)) => (*state, answer.as_deref()),
        None => (RunState::Running, None),
    };
    let counted = sqlx::query(
        "UPDATE runs SET event_count = event_count + 1, state = ?, final_response = ?
         WHERE run_id = ? AND state = 'running'",
    )
    .bind(state.as_str())
    .bind(answer)
    .bind(event.run_id.as_str())
    .execute(&mut *connection)
    .await?;
    if counted.rows_affected() == 0 {
        return Err(StoreError::Failed(format!(
            "run `{}` is unknown or over: nothing may follow",
            event.run_id
        )));
    }
    sqlx::query("INSERT INTO events (run_id, seq, event_id, envelope) VALUES (?, ?, ?, ?)")
        .bind(event.run_id.as_str())
        .bind(seq)
        .bind(event.event_id.as_str())
        .bind(&event.envelope)
        .execute(&mut *connection)
        .await?;
    Ok(())
}

/// run, thread, user, request, agent, message, state, event count, final response, created (ms).
type RunRow = (String, String, String, String, String, String, String, i64, Option<String>, i64);

fn run_record(row: RunRow) -> Result<RunRecord, StoreError> {
    let (run, thread, user, request, agent, message, state, event_count, final_response, created_ms) = row;
    Ok(RunRecord {
        run_id: id(RunId::new(run))?,
        thread_id: id(ThreadId::new(thread))?,
        user_id: id(UserId::new(user))?,
        request_id: id(RequestId::new(request))?,
        agent,
        message,
        state: run_state(&state)?,
        event_count: u64::try_from(event_count).unwrap_or(0),
        final_response,
        created_at: Timestamp::from_unix_ms(created_ms),
    })
}

fn run_state(name: &str) -> Result<RunState, StoreError> {
    [RunState::Running, RunState::Completed, RunState::Failed, RunState::Cancelled]
        .into_iter()
        .find(|state| state.as_str() == name)
        .ok_or_else(|| StoreError::Failed(format!("`{name}` is no state of a run")))
}

/// thread, user, created (ms), updated (ms), one of its runs.
type ThreadRow = (String, String, i64, i64, Option<String>);

/// Rows of one thread lie side by side.
fn thread_records(rows: Vec<ThreadRow>) -> Result<Vec<ThreadRecord>, StoreError> {
    let mut threads: Vec<ThreadRecord> = Vec::new();
    for (thread, user, created_ms, updated_ms, run) in rows {
        if threads.last().is_none_or(|last| last.thread_id.as_str() != thread) {
            threads.push(ThreadRecord {
                thread_id: id(ThreadId::new(thread))?,
                user_id: id(UserId::new(user))?,
                created_at: Timestamp::from_unix_ms(created_ms),
                updated_at: Timestamp::from_unix_ms(updated_ms),
                runs: Vec::new(),
            });
        }
        if let (Some(last), Some(run)) = (threads.last_mut(), run) {
            last.runs.push(id(RunId::new(run))?);
        }
    }
    Ok(threads)
}

/// An identity that the store holds was valid when it was written; another one means a damaged file.
fn id<T>(parsed: Result<T, goldenpath_protocol::InvalidId>) -> Result<T, StoreError> {
    parsed.map_err(|error| StoreError::Failed(error.to_string()))
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
