//! The two writes, one statement each, and the looks that explain one which did nothing.

use super::fault::Fault;
use super::read::text;
use crate::rows::answer_of;
use crate::store::REQUEST_ID_LIFE_MS;
use crate::{BeginRun, Begun, NewRun, StoreError, StoredEvent};
use goldenpath_protocol::{RunState, ThreadId, Timestamp};
use sqlx::PgConnection;
use std::time::Duration;

/// Takes the request's id first: of several nodes with the same one, the others wait here for the first, and then find it taken.
/// An id that is out of date is taken over. Everything else follows from having it. A node that holds a run is known to live.
const BEGIN_RUN: &str = "
WITH taken AS (
    INSERT INTO goldenpath.requests AS known (user_id, request_id, run_id, thread_asked, created_ms)
    SELECT $1, $2, $3, $4, $8
    WHERE $4 IS NULL OR EXISTS (SELECT FROM goldenpath.threads WHERE thread_id = $4 AND user_id = $1)
    ON CONFLICT (user_id, request_id) DO UPDATE
        SET run_id = excluded.run_id, thread_asked = excluded.thread_asked, created_ms = excluded.created_ms
        WHERE known.created_ms <= $9
    RETURNING run_id
), touched AS (
    UPDATE goldenpath.threads SET updated_ms = greatest(updated_ms, $8)
    FROM taken WHERE thread_id = $4 AND user_id = $1
), made AS (
    INSERT INTO goldenpath.threads (thread_id, user_id, created_ms, updated_ms)
    SELECT $5, $1, $8, $8 FROM taken WHERE $4 IS NULL
), alive AS (
    INSERT INTO goldenpath.nodes (node, alive_until)
    SELECT $10, now() + make_interval(secs => $11) FROM taken
    ON CONFLICT (node) DO NOTHING
)
INSERT INTO goldenpath.runs (run_id, thread_id, user_id, request_id, agent, message, state, created_ms, node)
SELECT $3, coalesce($4, $5), $1, $2, $6, $7, 'running', $8, $10 FROM taken";

pub(super) async fn begin_run(
    connection: &mut PgConnection,
    request: &NewRun,
    node: &str,
    lease: Duration,
) -> Result<BeginRun, Fault> {
    let now = request.now.unix_ms();
    let begun = sqlx::query(BEGIN_RUN)
        .bind(request.user_id.as_str())
        .bind(request.request_id.as_str())
        .bind(request.run_id.as_str())
        .bind(request.thread_id.as_ref().map(ThreadId::as_str))
        .bind(request.new_thread_id.as_str())
        .bind(request.agent.as_bytes())
        .bind(request.message.as_bytes())
        .bind(now)
        .bind(now - REQUEST_ID_LIFE_MS)
        .bind(node)
        .bind(lease.as_secs_f64())
        .execute(&mut *connection)
        .await?;
    if begun.rows_affected() > 0 {
        let thread_id = request.thread_id.as_ref().unwrap_or(&request.new_thread_id).clone();
        return Ok(BeginRun::Started(Begun { run_id: request.run_id.clone(), thread_id }));
    }
    match find_run(connection, request).await? {
        Some(known) => Ok(known),
        None if request.thread_id.is_some() => Ok(BeginRun::UnknownThread),
        // The id was taken and is not: a node whose clock is ahead has just found it out of date.
        None => Err(StoreError::Unavailable.into()),
    }
}

/// As [`RequestRow`](crate::rows::RequestRow), with free text as bytes.
type RawRequestRow = (String, String, Option<String>, Vec<u8>, Vec<u8>);

/// What the request's id stands for already.
pub(super) async fn find_run(
    connection: &mut PgConnection,
    request: &NewRun,
) -> Result<Option<BeginRun>, Fault> {
    let known: Option<RawRequestRow> = sqlx::query_as(
        "SELECT r.run_id, r.thread_id, q.thread_asked, r.agent, r.message
         FROM goldenpath.requests q JOIN goldenpath.runs r USING (run_id)
         WHERE q.user_id = $1 AND q.request_id = $2 AND q.created_ms > $3",
    )
    .bind(request.user_id.as_str())
    .bind(request.request_id.as_str())
    .bind(request.now.unix_ms() - REQUEST_ID_LIFE_MS)
    .fetch_optional(connection)
    .await?;
    let Some((run, thread, asked, agent, message)) = known else { return Ok(None) };
    Ok(Some(answer_of((run, thread, asked, text(agent)?, text(message)?), request)?))
}

/// Forgets request ids that are out of date, a bounded number; those that another node is about to, it may.
pub(super) async fn sweep(connection: &mut PgConnection, now: Timestamp) -> Result<(), Fault> {
    sqlx::query(
        "DELETE FROM goldenpath.requests WHERE (user_id, request_id) IN (
             SELECT user_id, request_id FROM goldenpath.requests WHERE created_ms <= $1
             ORDER BY created_ms LIMIT 10000 FOR UPDATE SKIP LOCKED)",
    )
    .bind(now.unix_ms() - REQUEST_ID_LIFE_MS)
    .execute(connection)
    .await?;
    Ok(())
}

async fn held_elsewhere(
    connection: &mut PgConnection,
    event: &StoredEvent,
    node: &str,
) -> Result<bool, Fault> {
    let holder: Option<String> = sqlx::query_scalar("SELECT node FROM goldenpath.runs WHERE run_id = $1")
        .bind(event.run_id.as_str())
        .fetch_optional(connection)
        .await?;
    Ok(holder.is_some_and(|holder| holder != node))
}

/// Counts the event in its open run, then keeps it: the run's row lets one writer through at a time. Two nodes with the same
/// place meet at the key of the events, and the second one's count is undone with it.
const APPEND_EVENT: &str = "
WITH counted AS (
    UPDATE goldenpath.runs SET event_count = event_count + 1, state = $5, final_response = $6
    WHERE run_id = $1 AND state = 'running' AND node = $7
      AND NOT EXISTS (SELECT FROM goldenpath.events WHERE run_id = $1 AND seq = $2)
    RETURNING run_id
)
INSERT INTO goldenpath.events (run_id, seq, event_id, envelope)
SELECT run_id, $2, $3, $4 FROM counted";

pub(super) async fn append_event(
    connection: &mut PgConnection,
    event: &StoredEvent,
    node: &str,
) -> Result<(), Fault> {
    let seq = i64::try_from(event.seq).map_err(|_| Fault::failed(format!("`{}` is no seq", event.seq)))?;
    let (state, answer) = match &event.ends {
        Some((state, answer)) => (*state, answer.as_deref()),
        None => (RunState::Running, None),
    };
    let kept = sqlx::query(APPEND_EVENT)
        .bind(event.run_id.as_str())
        .bind(seq)
        .bind(event.event_id.as_str())
        .bind(&event.envelope)
        .bind(state.as_str())
        .bind(answer.map(str::as_bytes))
        .bind(node)
        .execute(&mut *connection)
        .await
        .map_err(Fault::from);
    let taken = match kept {
        Ok(kept) if kept.rows_affected() > 0 => return Ok(()),
        Ok(_) => false,
        Err(fault) if fault.is_double() => true,
        Err(fault) => return Err(fault),
    };
    let known: Option<String> =
        sqlx::query_scalar("SELECT event_id FROM goldenpath.events WHERE run_id = $1 AND seq = $2")
            .bind(event.run_id.as_str())
            .bind(seq)
            .fetch_optional(&mut *connection)
            .await?;
    match known {
        // The answer to an earlier attempt was lost.
        Some(known) if known == event.event_id.as_str() => Ok(()),
        // Whoever took the run over may have told its end in this very place.
        _ if held_elsewhere(connection, event, node).await? => Err(StoreError::Taken.into()),
        Some(_) => Err(Fault::failed(format!("run `{}` has another event {seq} already", event.run_id))),
        None if taken => Err(Fault::failed(format!("event `{}` has another place already", event.event_id))),
        None => Err(Fault::failed(format!("run `{}` is unknown or over: nothing may follow", event.run_id))),
    }
}
