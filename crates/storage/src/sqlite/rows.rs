//! Rows become records, and SQLite's errors become the store's.

use crate::{RunRecord, StoreError, ThreadRecord};
use goldenpath_protocol::{RequestId, RunId, RunState, ThreadId, Timestamp, UserId};

/// run, thread, user, request, agent, message, state, event count, final response, created (ms).
pub(super) type RunRow = (String, String, String, String, String, String, String, i64, Option<String>, i64);

pub(super) fn run_record(row: RunRow) -> Result<RunRecord, StoreError> {
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
pub(super) type ThreadRow = (String, String, i64, i64, Option<String>);

/// Rows of one thread lie side by side.
pub(super) fn thread_records(rows: Vec<ThreadRow>) -> Result<Vec<ThreadRecord>, StoreError> {
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
pub(super) fn id<T>(parsed: Result<T, goldenpath_protocol::InvalidId>) -> Result<T, StoreError> {
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
