//! The two writes: a run begins, an event is appended. Each goes on inside a transaction of its caller.
//! And the one look that both the first and its caller need: what a request id stands for.

use crate::rows::{RequestRow, answer_of};
use crate::store::REQUEST_ID_LIFE_MS;
use crate::{BeginRun, Begun, NewRun, StoreError, StoredEvent};
use goldenpath_protocol::{RunState, ThreadId};
use sqlx::SqliteConnection;

pub(super) async fn begin_run(
    connection: &mut SqliteConnection,
    request: &NewRun,
) -> Result<BeginRun, StoreError> {
    let now = request.now.unix_ms();
    sqlx::query("DELETE FROM requests WHERE created_ms <= ?")
        .bind(now - REQUEST_ID_LIFE_MS)
        .execute(&mut *connection)
        .await?;

    if let Some(known) = find_run(&mut *connection, request).await? {
        return Ok(known);
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

/// What the request's id stands for already.
pub(super) async fn find_run(
    connection: &mut SqliteConnection,
    request: &NewRun,
) -> Result<Option<BeginRun>, StoreError> {
    let known: Option<RequestRow> = sqlx::query_as(
        "SELECT r.run_id, r.thread_id, q.thread_asked, r.agent, r.message
         FROM requests q JOIN runs r USING (run_id)
         WHERE q.user_id = ? AND q.request_id = ? AND q.created_ms > ?",
    )
    .bind(request.user_id.as_str())
    .bind(request.request_id.as_str())
    .bind(request.now.unix_ms() - REQUEST_ID_LIFE_MS)
    .fetch_optional(&mut *connection)
    .await?;
    known.map(|known| answer_of(known, request)).transpose()
}

pub(super) async fn append_event(
    connection: &mut SqliteConnection,
    event: &StoredEvent,
) -> Result<(), StoreError> {
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
