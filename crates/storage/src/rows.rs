//! Rows of any database become records.

use crate::{BeginRun, Begun, NewRun, RunRecord, StoreError, ThreadRecord};
use goldenpath_protocol::{RequestId, RunId, RunState, ThreadId, Timestamp, UserId};

/// run, thread, user, request, agent, message, state, event count, final response, created (ms), held here.
pub(crate) type RunRow =
    (String, String, String, String, String, String, String, i64, Option<String>, i64, bool);

pub(crate) fn run_record(row: RunRow) -> Result<RunRecord, StoreError> {
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
        held_here,
    })
}

fn run_state(name: &str) -> Result<RunState, StoreError> {
    [RunState::Running, RunState::Completed, RunState::Failed, RunState::Cancelled]
        .into_iter()
        .find(|state| state.as_str() == name)
        .ok_or_else(|| StoreError::Failed(format!("`{name}` is no state of a run")))
}

/// run, its thread, thread asked for, agent, message: what a request's id stands for.
pub(crate) type RequestRow = (String, String, Option<String>, String, String);

/// How a request is answered whose id was used before.
pub(crate) fn answer_of(known: RequestRow, request: &NewRun) -> Result<BeginRun, StoreError> {
    let (run_id, thread_id, thread_asked, agent, message) = known;
    let same = thread_asked.as_deref() == request.thread_id.as_ref().map(ThreadId::as_str)
        && agent == request.agent
        && message == request.message;
    if !same {
        return Ok(BeginRun::Conflict);
    }
    let begun = Begun { run_id: id(RunId::new(run_id))?, thread_id: id(ThreadId::new(thread_id))? };
    Ok(BeginRun::Duplicate(begun))
}

/// thread, user, created (ms), updated (ms), one of its runs.
pub(crate) type ThreadRow = (String, String, i64, i64, Option<String>);

/// Rows of one thread lie side by side.
pub(crate) fn thread_records(rows: Vec<ThreadRow>) -> Result<Vec<ThreadRecord>, StoreError> {
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

/// An identity that the store holds was valid when it was written; another one means a damaged store.
fn id<T>(parsed: Result<T, goldenpath_protocol::InvalidId>) -> Result<T, StoreError> {
    parsed.map_err(|error| StoreError::Failed(error.to_string()))
}
