//! The tables of the Postgres store, version by version, in a schema of their own.
//!
//! Nodes may start at the same time, and find another version: the one that gets the lock makes what is missing, in one
//! transaction; the others then find it made.

use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection};
use std::time::Duration;

/// Longest wait for a server to let us in and tell what it holds.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// Longest wait for the tables, another node's work on them included.
const MADE_WITHIN: Duration = Duration::from_secs(60);

/// Whoever makes tables holds this advisory lock: "GPTH".
const LOCK: i64 = 0x4750_5448;

/// The server's code of version 1. Times are Unix milliseconds. `requests` is apart from `runs` because an id is free again after
/// a day, while its run stays; `thread_asked` is what the request said, not the thread it was given. Free text is bytes: Postgres
/// keeps no NUL in text. A run is held by its `node`; a node lives until the time, on the server's clock, that it said last. `place` is the order in which rows came, for those of the same millisecond. Room is left beside the
/// rows of runs, which change with every event.
const TABLES: &str = "
CREATE TABLE goldenpath.threads (
    thread_id text PRIMARY KEY,
    user_id text NOT NULL,
    created_ms bigint NOT NULL,
    updated_ms bigint NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY
);
CREATE INDEX threads_of_user ON goldenpath.threads (user_id, updated_ms);

CREATE TABLE goldenpath.runs (
    run_id text PRIMARY KEY,
    thread_id text NOT NULL REFERENCES goldenpath.threads,
    user_id text NOT NULL,
    request_id text NOT NULL,
    agent bytea NOT NULL,
    message bytea NOT NULL,
    state text NOT NULL CHECK (state IN ('running', 'completed', 'failed', 'cancelled')),
    event_count bigint NOT NULL DEFAULT 0,
    final_response bytea,
    created_ms bigint NOT NULL,
    place bigint GENERATED ALWAYS AS IDENTITY,
    node text NOT NULL,
    cancel_asked boolean NOT NULL DEFAULT false
) WITH (fillfactor = 80);
CREATE INDEX runs_of_thread ON goldenpath.runs (thread_id, created_ms);
CREATE INDEX runs_running ON goldenpath.runs (created_ms) WHERE state = 'running';

CREATE TABLE goldenpath.requests (
    user_id text NOT NULL,
    request_id text NOT NULL,
    run_id text NOT NULL REFERENCES goldenpath.runs,
    thread_asked text,
    created_ms bigint NOT NULL,
    PRIMARY KEY (user_id, request_id)
);
CREATE INDEX requests_by_age ON goldenpath.requests (created_ms);

CREATE TABLE goldenpath.nodes (
    node text PRIMARY KEY,
    alive_until timestamptz NOT NULL
);

CREATE TABLE goldenpath.events (
    run_id text NOT NULL REFERENCES goldenpath.runs,
    seq bigint NOT NULL,
    event_id text NOT NULL UNIQUE,
    envelope text NOT NULL,
    PRIMARY KEY (run_id, seq)
);
";

/// What leads from each version to the next, beginning with an empty database. Never changed once released: a change is a new one.
const MIGRATIONS: &[&str] = &[TABLES];

/// Why a server's database cannot be used as the store.
#[derive(Debug, thiserror::Error)]
pub enum ServerError {
    /// It is not there, or does not let us in.
    #[error("failed to connect: {0}")]
    Connect(sqlx::Error),
    /// It takes too long.
    #[error("it did not answer within {0:?}")]
    Silent(Duration),
    /// Its schema `goldenpath` is not ours.
    #[error("its schema `goldenpath` is another program's (hint: name a new database)")]
    Foreign,
    /// It was written by a newer version of this program.
    #[error(
        "its tables have version {found}, this program knows version {known} (hint: use the program that wrote it, or a new database)"
    )]
    Version {
        /// What the database says.
        found: i64,
        /// What this program reads and writes.
        known: i64,
    },
    /// It cannot hold every text.
    #[error("its texts are encoded in {0} (hint: create the database with ENCODING 'UTF8')")]
    Encoding(String),
    /// This system has no random bits for the name of this node.
    #[error("failed to name this node: {0}")]
    Nameless(String),
    /// The tables could not be read or made.
    #[error(transparent)]
    Postgres(#[from] sqlx::Error),
}

/// Makes the tables that are missing; leaves those of this version as they are; refuses any other.
pub(super) async fn prepare(options: &PgConnectOptions) -> Result<(), ServerError> {
    let silent = |within| move |_| ServerError::Silent(within);
    let connect = tokio::time::timeout(ANSWERS_WITHIN, options.connect());
    let mut connection = connect.await.map_err(silent(ANSWERS_WITHIN))?.map_err(ServerError::Connect)?;
    tokio::time::timeout(MADE_WITHIN, migrate(&mut connection)).await.map_err(silent(MADE_WITHIN))??;
    Ok(connection.close().await?)
}

async fn migrate(connection: &mut PgConnection) -> Result<(), ServerError> {
    let encoding: String = sqlx::query_scalar("SHOW server_encoding").fetch_one(&mut *connection).await?;
    if encoding != "UTF8" {
        return Err(ServerError::Encoding(encoding));
    }
    // Most often there is nothing to do, and then it needs neither the lock nor the right to make tables.
    if version(connection).await? == known() {
        return Ok(());
    }
    let mut transaction = connection.begin().await?;
    // The node that has the lock may need longer than any call.
    sqlx::query("SET LOCAL statement_timeout = 0").execute(&mut *transaction).await?;
    sqlx::query("SELECT pg_advisory_xact_lock($1)").bind(LOCK).execute(&mut *transaction).await?;
    // Another node may have been faster.
    let found = version(&mut transaction).await?;
    if found == 0 {
        sqlx::raw_sql(
            "CREATE SCHEMA goldenpath;
             CREATE TABLE goldenpath.migrations (version bigint PRIMARY KEY, made_at timestamptz NOT NULL DEFAULT now());",
        )
        .execute(&mut *transaction)
        .await?;
    }
    for (version, statements) in (1_i64..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        sqlx::raw_sql(*statements).execute(&mut *transaction).await?;
        sqlx::query("INSERT INTO goldenpath.migrations (version) VALUES ($1)")
            .bind(version)
            .execute(&mut *transaction)
            .await?;
    }
    Ok(transaction.commit().await?)
}

/// The version of the tables; 0 where there are none.
async fn version(connection: &mut PgConnection) -> Result<i64, ServerError> {
    // The catalogue itself: `to_regclass` may answer from what this session remembers, past what the last holder of the lock made.
    let (schema, ours): (bool, bool) = sqlx::query_as(
        "SELECT count(n.oid) > 0, count(c.oid) > 0
         FROM pg_namespace n LEFT JOIN pg_class c ON c.relnamespace = n.oid AND c.relname = 'migrations'
         WHERE n.nspname = 'goldenpath'",
    )
    .fetch_one(&mut *connection)
    .await?;
    match (schema, ours) {
        (false, _) => return Ok(0),
        (true, false) => return Err(ServerError::Foreign),
        (true, true) => {}
    }
    let found: Option<i64> =
        sqlx::query_scalar("SELECT max(version) FROM goldenpath.migrations").fetch_one(connection).await?;
    match found.unwrap_or(0) {
        found if found > known() => Err(ServerError::Version { found, known: known() }),
        found => Ok(found),
    }
}

/// The version that all migrations lead to.
fn known() -> i64 {
    i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX)
}
