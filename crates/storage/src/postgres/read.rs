//! What is read, always by user.

use super::fault::Fault;
use crate::rows::{RunRow, ThreadRow};
use goldenpath_protocol::{RunId, ThreadId, UserId};
use sqlx::PgConnection;

/// As [`RunRow`], with free text as bytes: Postgres keeps no NUL in text, and users may write one.
pub(super) type RawRunRow =
    (String, String, String, String, Vec<u8>, Vec<u8>, String, i64, Option<Vec<u8>>, i64, bool);

pub(super) async fn run(
    connection: &mut PgConnection,
    user: &UserId,
    run: &RunId,
    node: &str,
) -> Result<Option<RunRow>, Fault> {
    let row: Option<RawRunRow> = sqlx::query_as(
        "SELECT run_id, thread_id, user_id, request_id, agent, message, state, event_count, final_response,
                created_ms, node = $3
         FROM goldenpath.runs WHERE run_id = $1 AND user_id = $2",
    )
    .bind(run.as_str())
    .bind(user.as_str())
    .bind(node)
    .fetch_optional(connection)
    .await?;
    row.map(run_row).transpose()
}

pub(super) async fn events(
    connection: &mut PgConnection,
    user: &UserId,
    run: &RunId,
) -> Result<Vec<String>, Fault> {
    let envelopes = sqlx::query_scalar(
        "SELECT envelope FROM goldenpath.events JOIN goldenpath.runs USING (run_id)
         WHERE run_id = $1 AND user_id = $2 ORDER BY seq",
    )
    .bind(run.as_str())
    .bind(user.as_str())
    .fetch_all(connection)
    .await?;
    Ok(envelopes)
}

pub(super) async fn threads(connection: &mut PgConnection, user: &UserId) -> Result<Vec<ThreadRow>, Fault> {
    let rows = sqlx::query_as(
        "SELECT t.thread_id, t.user_id, t.created_ms, t.updated_ms, r.run_id
         FROM goldenpath.threads t LEFT JOIN goldenpath.runs r USING (thread_id)
         WHERE t.user_id = $1
         ORDER BY t.updated_ms DESC, t.place DESC, r.created_ms, r.place",
    )
    .bind(user.as_str())
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

pub(super) async fn thread(
    connection: &mut PgConnection,
    user: &UserId,
    thread: &ThreadId,
) -> Result<Vec<ThreadRow>, Fault> {
    let rows = sqlx::query_as(
        "SELECT t.thread_id, t.user_id, t.created_ms, t.updated_ms, r.run_id
         FROM goldenpath.threads t LEFT JOIN goldenpath.runs r USING (thread_id)
         WHERE t.thread_id = $1 AND t.user_id = $2
         ORDER BY r.created_ms, r.place",
    )
    .bind(thread.as_str())
    .bind(user.as_str())
    .fetch_all(connection)
    .await?;
    Ok(rows)
}

pub(super) async fn ready(connection: &mut PgConnection) -> Result<(), Fault> {
    let read_only: bool = sqlx::query_scalar("SELECT current_setting('transaction_read_only')::boolean")
        .fetch_one(connection)
        .await?;
    if read_only {
        return Err(Fault::failed("the server can only be read (hint: name the primary, not a copy)"));
    }
    Ok(())
}

pub(super) fn run_row(row: RawRunRow) -> Result<RunRow, Fault> {
    let (
        run,
        thread,
        user,
        request,
        agent,
        message,
        state,
        event_count,
        final_response,
        created_ms,
        held_here,
    ) = row;
    let answer = final_response.map(text).transpose()?;
    Ok((
        run,
        thread,
        user,
        request,
        text(agent)?,
        text(message)?,
        state,
        event_count,
        answer,
        created_ms,
        held_here,
    ))
}

/// What was written as text; anything else means a damaged store.
pub(super) fn text(bytes: Vec<u8>) -> Result<String, Fault> {
    String::from_utf8(bytes).map_err(|error| Fault::failed(error.utf8_error().to_string()))
}
