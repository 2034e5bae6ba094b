//! A user's own threads and runs, read from the store. What is another's looks like what does not exist.

use super::answers::{Refusal, json};
use crate::server::Gateway;
use axum::extract::rejection::PathRejection;
use axum::extract::{FromRequestParts, Path, State};
use axum::response::Response;
use goldenpath_protocol::{RequestId, RunId, RunState, ThreadId, Timestamp, UserId};
use goldenpath_storage::{StoreError, ThreadRecord};
use http::StatusCode;
use http::request::Parts;
use serde::Serialize;
use serde_json::value::RawValue;
use std::sync::Arc;

#[derive(Serialize)]
struct Threads {
    threads: Vec<Thread>,
}

#[derive(Serialize)]
struct Thread {
    thread_id: ThreadId,
    created_at: Timestamp,
    updated_at: Timestamp,
    runs: Vec<RunId>,
}

impl From<ThreadRecord> for Thread {
    fn from(record: ThreadRecord) -> Self {
        let ThreadRecord { thread_id, created_at, updated_at, runs, .. } = record;
        Self { thread_id, created_at, updated_at, runs }
    }
}

#[derive(Serialize)]
struct Run {
    run_id: RunId,
    thread_id: ThreadId,
    request_id: RequestId,
    state: RunState,
    event_count: u64,
    events: Vec<Box<RawValue>>,
    final_response: Option<String>,
}

/// Who asks, by the token of the request.
pub(super) struct Asker(UserId);

impl FromRequestParts<Arc<Gateway>> for Asker {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, gateway: &Arc<Gateway>) -> Result<Self, Refusal> {
        let known = gateway.authenticate(&parts.headers, parts.uri.query()).await?;
        Ok(Self(known.claims.user_id))
    }
}

pub(super) async fn threads(
    State(gateway): State<Arc<Gateway>>,
    Asker(user): Asker,
) -> Result<Response, Refusal> {
    let records = gateway.store.threads(&user).await.map_err(unavailable)?;
    Ok(json(StatusCode::OK, &Threads { threads: records.into_iter().map(Thread::from).collect() }))
}

pub(super) async fn thread(
    State(gateway): State<Arc<Gateway>>,
    Asker(user): Asker,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let id = id.ok().and_then(|Path(id)| ThreadId::new(id).ok()).ok_or_else(|| unknown("thread"))?;
    let record = gateway.store.thread(&user, &id).await.map_err(unavailable)?;
    Ok(json(StatusCode::OK, &Thread::from(record.ok_or_else(|| unknown("thread"))?)))
}

pub(super) async fn run(
    State(gateway): State<Arc<Gateway>>,
    Asker(user): Asker,
    id: Result<Path<String>, PathRejection>,
) -> Result<Response, Refusal> {
    let id = id.ok().and_then(|Path(id)| RunId::new(id).ok()).ok_or_else(|| unknown("run"))?;
    let record = gateway.store.run(&user, &id).await.map_err(unavailable)?.ok_or_else(|| unknown("run"))?;
    let mut events = gateway.store.events(&user, &id).await.map_err(unavailable)?;
    // Two reads of a run that may be growing: what came after its state was read is left for the next question.
    events.truncate(usize::try_from(record.event_count).unwrap_or(usize::MAX));
    let events: Vec<Box<RawValue>> =
        events.into_iter().map(RawValue::from_string).collect::<Result<_, _>>().map_err(|error| {
            tracing::error!(run = %id, %error, "the store holds an event that is no JSON");
            Refusal::new(StatusCode::INTERNAL_SERVER_ERROR, "internal", "failed to read the run")
        })?;
    let body = Run {
        run_id: record.run_id,
        thread_id: record.thread_id,
        request_id: record.request_id,
        state: record.state,
        event_count: events.len() as u64,
        events,
        final_response: record.final_response,
    };
    Ok(json(StatusCode::OK, &body))
}

fn unknown(what: &str) -> Refusal {
    Refusal::new(StatusCode::NOT_FOUND, "not_found", format!("no such {what}"))
}

fn unavailable(error: StoreError) -> Refusal {
    tracing::error!(%error, "failed to read the store");
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "unavailable", "the store cannot be read now")
        .retry_after(1)
}
