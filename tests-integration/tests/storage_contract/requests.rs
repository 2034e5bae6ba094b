//! One request, one run: for a day, for its user alone, whatever its state.

use super::Bench;
use super::given::{HOUR_MS, START_MS, ending, request, started, user};
use goldenpath_protocol::{RunState, ThreadId, Timestamp};
use goldenpath_storage::{BeginRun, Begun, NewRun};

pub(super) async fn a_request_begins_one_running_run(bench: &Bench) {
    let store = bench.store.as_ref();
    let asked = request("alice", "r-1");
    let begun = started(store, asked.clone()).await;
    assert_eq!(begun, Begun { run_id: asked.run_id.clone(), thread_id: asked.new_thread_id.clone() });
    let run = store.run(&asked.user_id, &begun.run_id).await.unwrap().unwrap();
    assert_eq!((run.state, run.event_count, run.final_response), (RunState::Running, 0, None));
    assert_eq!((run.message, run.agent), (asked.message, asked.agent));
    assert_eq!((run.request_id, run.created_at), (asked.request_id, asked.now));
    assert_eq!(store.events(&asked.user_id, &begun.run_id).await.unwrap(), Vec::<String>::new());
}

pub(super) async fn the_same_request_finds_the_same_run(bench: &Bench) {
    let store = bench.store.as_ref();
    let first = started(store, request("alice", "r-1")).await;
    for _ in 0..3 {
        assert_eq!(
            store.begin_run(request("alice", "r-1")).await.unwrap(),
            BeginRun::Duplicate(first.clone())
        );
    }
    store.append_event(ending(&first.run_id, 1, RunState::Completed, Some("done"))).await.unwrap();
    assert_eq!(
        store.begin_run(request("alice", "r-1")).await.unwrap(),
        BeginRun::Duplicate(first),
        "also when over"
    );
    assert_eq!(store.threads(&user("alice")).await.unwrap().len(), 1);
}

pub(super) async fn another_body_under_the_same_id_is_a_conflict(bench: &Bench) {
    let store = bench.store.as_ref();
    let begun = started(store, request("alice", "r-1")).await;
    let thread_id = Some(begun.thread_id.clone());
    for other in [
        NewRun { message: "something else".to_owned(), ..request("alice", "r-1") },
        NewRun { agent: "other".to_owned(), ..request("alice", "r-1") },
        NewRun { thread_id: thread_id.clone(), ..request("alice", "r-1") },
    ] {
        assert_eq!(store.begin_run(other).await.unwrap(), BeginRun::Conflict);
    }
    let in_thread = |message: &str| NewRun {
        thread_id: thread_id.clone(),
        message: message.to_owned(),
        ..request("alice", "r-2")
    };
    started(store, in_thread("more")).await;
    assert!(matches!(store.begin_run(in_thread("more")).await.unwrap(), BeginRun::Duplicate(_)));
    assert_eq!(store.begin_run(in_thread("less")).await.unwrap(), BeginRun::Conflict);
}

pub(super) async fn a_request_id_is_its_users_own(bench: &Bench) {
    let store = bench.store.as_ref();
    let alice = started(store, request("alice", "r-1")).await;
    let bob = started(store, request("bob", "r-1")).await;
    assert_ne!(alice, bob);
}

pub(super) async fn a_request_id_is_free_again_after_a_day(bench: &Bench) {
    let store = bench.store.as_ref();
    let first = started(store, request("alice", "r-1")).await;
    let at = |ms: i64| NewRun { now: Timestamp::from_unix_ms(START_MS + ms), ..request("alice", "r-1") };
    let late = store.begin_run(at(24 * HOUR_MS - 1)).await.unwrap();
    assert_eq!(late, BeginRun::Duplicate(first.clone()));
    let second = started(store, at(24 * HOUR_MS)).await;
    assert_ne!(second, first);
    assert!(store.run(&user("alice"), &first.run_id).await.unwrap().is_some(), "the old run stays readable");
    let again = store.begin_run(at(24 * HOUR_MS + 1)).await.unwrap();
    assert_eq!(again, BeginRun::Duplicate(second));
}

pub(super) async fn a_taken_request_id_is_found_and_nothing_begins(bench: &Bench) {
    let store = bench.store.as_ref();
    assert_eq!(store.find_run(&request("alice", "r-1")).await.unwrap(), None);
    assert!(store.threads(&user("alice")).await.unwrap().is_empty(), "looking begins nothing");
    let begun = started(store, request("alice", "r-1")).await;
    let found = store.find_run(&request("alice", "r-1")).await.unwrap();
    assert_eq!(found, Some(BeginRun::Duplicate(begun)));
    let other = NewRun { message: "something else".to_owned(), ..request("alice", "r-1") };
    assert_eq!(store.find_run(&other).await.unwrap(), Some(BeginRun::Conflict));
    assert_eq!(store.find_run(&request("bob", "r-1")).await.unwrap(), None);
    let at = |ms: i64| NewRun { now: Timestamp::from_unix_ms(START_MS + ms), ..request("alice", "r-1") };
    assert!(store.find_run(&at(24 * HOUR_MS - 1)).await.unwrap().is_some());
    assert_eq!(store.find_run(&at(24 * HOUR_MS)).await.unwrap(), None, "free again after a day");
}

pub(super) async fn an_unknown_or_foreign_thread_is_refused_and_the_id_stays_unused(bench: &Bench) {
    let store = bench.store.as_ref();
    let alices = started(store, request("alice", "r-1")).await.thread_id;
    for thread in [alices.clone(), ThreadId::new("no-such-thread").unwrap()] {
        let asked = NewRun { thread_id: Some(thread), ..request("bob", "r-1") };
        assert_eq!(store.begin_run(asked).await.unwrap(), BeginRun::UnknownThread);
    }
    let later = NewRun { now: Timestamp::from_unix_ms(START_MS + 5), ..request("bob", "r-1") };
    started(store, later).await;
    let thread = store.thread(&user("alice"), &alices).await.unwrap().unwrap();
    assert_eq!(thread.updated_at, Timestamp::from_unix_ms(START_MS), "a foreign request leaves no trace");
    assert_eq!(thread.runs.len(), 1);
}
