//! Requests and events as the promises need them.

use goldenpath_protocol::{EventId, RequestId, RunId, RunState, ThreadId, Timestamp, UserId};
use goldenpath_storage::{BeginRun, Begun, NewRun, Store, StoredEvent};

pub(super) const START_MS: i64 = 1_800_000_000_000;
pub(super) const HOUR_MS: i64 = 3_600_000;

pub(super) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// A request of `name` with ids of its own; everything else is the same for all.
pub(super) fn request(name: &str, request_id: &str) -> NewRun {
    NewRun {
        user_id: user(name),
        request_id: RequestId::new(request_id).unwrap(),
        thread_id: None,
        agent: "analyst".to_owned(),
        message: "what do I pay for?".to_owned(),
        run_id: RunId::from(uuid::Uuid::now_v7()),
        new_thread_id: ThreadId::from(uuid::Uuid::now_v7()),
        now: Timestamp::from_unix_ms(START_MS),
    }
}

pub(super) fn event(run: &RunId, seq: u64) -> StoredEvent {
    StoredEvent {
        run_id: run.clone(),
        seq,
        event_id: EventId::from(uuid::Uuid::now_v7()),
        envelope: format!("{{\"seq\":{seq},\"text\":\"ü\\n\"}}"),
        ends: None,
    }
}

pub(super) fn ending(run: &RunId, seq: u64, state: RunState, answer: Option<&str>) -> StoredEvent {
    StoredEvent { ends: Some((state, answer.map(str::to_owned))), ..event(run, seq) }
}

pub(super) async fn started(store: &dyn Store, request: NewRun) -> Begun {
    match store.begin_run(request).await.unwrap() {
        BeginRun::Started(begun) => begun,
        other => panic!("not a new run: {other:?}"),
    }
}
