//! The tables of the SQLite store, and how a file is recognised as one of ours.

use sqlx::{Connection, SqliteConnection};

/// Marks a file as ours (`PRAGMA application_id`): "GPTH".
const APPLICATION_ID: i64 = 0x4750_5448;

/// The version of [`TABLES`], kept in `PRAGMA user_version`.
const VERSION: i64 = 1;

/// Times are Unix milliseconds. `requests` is apart from `runs` because an id is free again after a day,
/// while its run stays; `thread_asked` is what the request said, not the thread it was given.
const TABLES: &str = "
CREATE TABLE threads (
    thread_id TEXT PRIMARY KEY,
    user_id TEXT NOT NULL,
    created_ms INTEGER NOT NULL,
    updated_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX threads_of_user ON threads (user_id, updated_ms);

CREATE TABLE runs (
    run_id TEXT PRIMARY KEY,
    thread_id TEXT NOT NULL REFERENCES threads,
    user_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    agent TEXT NOT NULL,
    message TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('running', 'completed', 'failed', 'cancelled')),
    event_count INTEGER NOT NULL DEFAULT 0,
    final_response TEXT,
    created_ms INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_of_thread ON runs (thread_id, created_ms);
CREATE INDEX runs_running ON runs (created_ms) WHERE state = 'running';

CREATE TABLE requests (
    user_id TEXT NOT NULL,
    request_id TEXT NOT NULL,
    run_id TEXT NOT NULL REFERENCES runs,
    thread_asked TEXT,
    created_ms INTEGER NOT NULL,
    PRIMARY KEY (user_id, request_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX requests_by_age ON requests (created_ms);

CREATE TABLE events (
    run_id TEXT NOT NULL REFERENCES runs,
    seq INTEGER NOT NULL,
    event_id TEXT NOT NULL UNIQUE,
    envelope TEXT NOT NULL,
    PRIMARY KEY (run_id, seq)
) STRICT;

PRAGMA application_id = 1196446792;
PRAGMA user_version = 1;
";

/// Why a database cannot be used as the store.
#[derive(Debug, thiserror::Error)]
pub enum SchemaError {
    /// It holds something else.
    #[error("it is a database of another program (hint: name a new file)")]
    Foreign,
    /// It was written by another version of this program.
    #[error(
        "its schema has version {found}, this program knows version {known} (hint: use the program that wrote it, or a new file)"
    )]
    Version {
        /// What the file says.
        found: i64,
        /// What this program reads and writes.
        known: i64,
    },
    /// SQLite could not read or write it.
    #[error(transparent)]
    Sqlite(#[from] sqlx::Error),
}

/// Makes the tables in an empty database; leaves one of ours as it is; refuses any other.
pub(crate) async fn prepare(connection: &mut SqliteConnection) -> Result<(), SchemaError> {
    // Immediate: two processes that open a new file together make the tables once.
    let mut transaction = connection.begin_with("BEGIN IMMEDIATE").await?;
    let id: i64 = sqlx::query_scalar("PRAGMA application_id").fetch_one(&mut *transaction).await?;
    let version: i64 = sqlx::query_scalar("PRAGMA user_version").fetch_one(&mut *transaction).await?;
    let objects: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema").fetch_one(&mut *transaction).await?;
    match (id, version) {
        (APPLICATION_ID, VERSION) => {}
        (APPLICATION_ID, found) => return Err(SchemaError::Version { found, known: VERSION }),
        (0, 0) if objects == 0 => {
            sqlx::raw_sql(TABLES).execute(&mut *transaction).await?;
        }
        _ => return Err(SchemaError::Foreign),
    }
    Ok(transaction.commit().await?)
}

#[cfg(test)]
mod tests {
    use super::{APPLICATION_ID, TABLES, VERSION};

    #[test]
    fn the_tables_are_marked_with_our_id_and_version() {
        assert!(TABLES.contains(&format!("application_id = {APPLICATION_ID};")));
        assert!(TABLES.contains(&format!("user_version = {VERSION};")));
    }
}
