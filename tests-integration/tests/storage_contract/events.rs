//! A run's events: kept once, in their places, until the terminal.

use super::Bench;
use super::given::{ending, event, request, started, user};
use goldenpath_protocol::{RunId, RunState};
use goldenpath_storage::StoredEvent;

pub(super) async fn events_come_back_in_order_and_byte_for_byte(bench: &Bench) {
    let store = bench.store.as_ref();
    let run = started(store, request("alice", "r-1")).await.run_id;
    let events: Vec<_> = (1..=12).map(|seq| event(&run, seq)).collect();
    for event in &events {
        store.append_event(event.clone()).await.unwrap();
    }
    let kept = store.events(&user("alice"), &run).await.unwrap();
    assert_eq!(kept, events.into_iter().map(|event| event.envelope).collect::<Vec<_>>());
    assert_eq!(store.run(&user("alice"), &run).await.unwrap().unwrap().event_count, 12);
}

pub(super) async fn the_same_event_again_changes_nothing(bench: &Bench) {
    let store = bench.store.as_ref();
    let run = started(store, request("alice", "r-1")).await.run_id;
    let first = event(&run, 1);
    let last = ending(&run, 2, RunState::Completed, Some("the answer"));
    for event in [&first, &first, &last, &first, &last] {
        store.append_event(event.clone()).await.unwrap();
    }
    let kept = store.run(&user("alice"), &run).await.unwrap().unwrap();
    assert_eq!((kept.event_count, kept.state), (2, RunState::Completed));
    assert_eq!(kept.final_response.as_deref(), Some("the answer"));
}

pub(super) async fn another_event_in_a_taken_place_is_refused(bench: &Bench) {
    let store = bench.store.as_ref();
    let run = started(store, request("alice", "r-1")).await.run_id;
    let first = event(&run, 1);
    store.append_event(first.clone()).await.unwrap();
    store.append_event(event(&run, 1)).await.unwrap_err();
    store.append_event(StoredEvent { seq: 2, ..first.clone() }).await.unwrap_err();
    assert_eq!(store.events(&user("alice"), &run).await.unwrap(), [first.envelope]);
    assert_eq!(
        store.run(&user("alice"), &run).await.unwrap().unwrap().event_count,
        1,
        "a refusal counts nothing"
    );
}

pub(super) async fn nothing_follows_a_terminal(bench: &Bench) {
    let store = bench.store.as_ref();
    for (request_id, state) in
        [("r-1", RunState::Completed), ("r-2", RunState::Failed), ("r-3", RunState::Cancelled)]
    {
        let run = started(store, request("alice", request_id)).await.run_id;
        store.append_event(ending(&run, 1, state, None)).await.unwrap();
        store.append_event(event(&run, 2)).await.unwrap_err();
        store.append_event(ending(&run, 2, RunState::Completed, Some("after all"))).await.unwrap_err();
        let kept = store.run(&user("alice"), &run).await.unwrap().unwrap();
        assert_eq!((kept.state, kept.event_count, kept.final_response), (state, 1, None));
    }
}

pub(super) async fn an_event_of_an_unknown_run_is_refused(bench: &Bench) {
    let store = bench.store.as_ref();
    let unknown = RunId::new("no-such-run").unwrap();
    store.append_event(event(&unknown, 1)).await.unwrap_err();
}
