//! What every `Store` owes, as functions over the trait; run here over SQLite in a file and in memory.

use goldenpath_protocol::{EventId, RequestId, RunId, RunState, ThreadId, Timestamp, UserId};
use goldenpath_storage::{BeginRun, Begun, NewRun, SqliteStore, Store, StoredEvent};
use std::sync::Arc;

pub(crate) const START_MS: i64 = 1_800_000_000_000;
const HOUR_MS: i64 = 3_600_000;

pub(crate) fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

/// A request of `name` with ids of its own; everything else is the same for all.
pub(crate) fn request(name: &str, request_id: &str) -> NewRun {
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

pub(crate) fn event(run: &RunId, seq: u64) -> StoredEvent {
    StoredEvent {
        run_id: run.clone(),
        seq,
        event_id: EventId::from(uuid::Uuid::now_v7()),
        envelope: format!("{{\"seq\":{seq},\"text\":\"ü\\n\"}}"),
        ends: None,
    }
}

fn ending(run: &RunId, seq: u64, state: RunState, answer: Option<&str>) -> StoredEvent {
    StoredEvent { ends: Some((state, answer.map(str::to_owned))), ..event(run, seq) }
}

pub(crate) async fn started(store: &dyn Store, request: NewRun) -> Begun {
    match store.begin_run(request).await.unwrap() {
        BeginRun::Started(begun) => begun,
        other => panic!("not a new run: {other:?}"),
    }
}

async fn a_request_begins_one_running_run(store: &dyn Store) {
    let asked = request("alice", "r-1");
    let begun = started(store, asked.clone()).await;
    assert_eq!(begun, Begun { run_id: asked.run_id.clone(), thread_id: asked.new_thread_id.clone() });
    let run = store.run(&asked.user_id, &begun.run_id).await.unwrap().unwrap();
    assert_eq!((run.state, run.event_count, run.final_response), (RunState::Running, 0, None));
    assert_eq!((run.message, run.agent), (asked.message, asked.agent));
    assert_eq!((run.request_id, run.created_at), (asked.request_id, asked.now));
    assert_eq!(store.events(&asked.user_id, &begun.run_id).await.unwrap(), Vec::<String>::new());
}

async fn the_same_request_finds_the_same_run(store: &dyn Store) {
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

async fn requests_that_come_together_begin_one_run(store: Arc<dyn Store>) {
    let attempts: Vec<_> = (0..16)
        .map(|_| {
            let store = Arc::clone(&store);
            tokio::spawn(async move { store.begin_run(request("alice", "r-1")).await.unwrap() })
        })
        .collect();
    let mut answers = Vec::new();
    for attempt in attempts {
        answers.push(attempt.await.unwrap());
    }
    let new: Vec<_> = answers.iter().filter(|answer| matches!(answer, BeginRun::Started(_))).collect();
    let [BeginRun::Started(begun)] = new[..] else { panic!("{} new runs", new.len()) };
    let same =
        |answer: &BeginRun| matches!(answer, BeginRun::Started(b) | BeginRun::Duplicate(b) if b == begun);
    assert!(answers.iter().all(same));
    assert_eq!(store.running_runs().await.unwrap().len(), 1);
}

async fn another_body_under_the_same_id_is_a_conflict(store: &dyn Store) {
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

async fn a_request_id_is_its_users_own(store: &dyn Store) {
    let alice = started(store, request("alice", "r-1")).await;
    let bob = started(store, request("bob", "r-1")).await;
    assert_ne!(alice, bob);
}

async fn a_request_id_is_free_again_after_a_day(store: &dyn Store) {
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

async fn a_taken_request_id_is_found_and_nothing_begins(store: &dyn Store) {
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

async fn an_unknown_or_foreign_thread_is_refused_and_the_id_stays_unused(store: &dyn Store) {
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

async fn events_come_back_in_order_and_byte_for_byte(store: &dyn Store) {
    let run = started(store, request("alice", "r-1")).await.run_id;
    let events: Vec<_> = (1..=12).map(|seq| event(&run, seq)).collect();
    for event in &events {
        store.append_event(event.clone()).await.unwrap();
    }
    let kept = store.events(&user("alice"), &run).await.unwrap();
    assert_eq!(kept, events.into_iter().map(|event| event.envelope).collect::<Vec<_>>());
    assert_eq!(store.run(&user("alice"), &run).await.unwrap().unwrap().event_count, 12);
}

async fn the_same_event_again_changes_nothing(store: &dyn Store) {
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

async fn another_event_in_a_taken_place_is_refused(store: &dyn Store) {
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

async fn nothing_follows_a_terminal(store: &dyn Store) {
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

async fn an_event_of_an_unknown_run_is_refused(store: &dyn Store) {
    let unknown = RunId::new("no-such-run").unwrap();
    store.append_event(event(&unknown, 1)).await.unwrap_err();
}

async fn nobody_reads_anothers_data(store: &dyn Store) {
    let alices = started(store, request("alice", "r-1")).await;
    store.append_event(event(&alices.run_id, 1)).await.unwrap();
    let bob = user("bob");
    assert_eq!(store.run(&bob, &alices.run_id).await.unwrap(), None);
    assert_eq!(store.events(&bob, &alices.run_id).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.thread(&bob, &alices.thread_id).await.unwrap(), None);
    assert_eq!(store.threads(&bob).await.unwrap(), []);
}

async fn threads_come_latest_first_with_their_runs_oldest_first(store: &dyn Store) {
    let at = |request_id: &str, ms: i64, thread: Option<&ThreadId>| NewRun {
        now: Timestamp::from_unix_ms(START_MS + ms),
        thread_id: thread.cloned(),
        ..request("alice", request_id)
    };
    let one = started(store, at("r-1", 0, None)).await;
    let two = started(store, at("r-2", 1, None)).await;
    let names = |threads: Vec<goldenpath_storage::ThreadRecord>| {
        threads.into_iter().map(|thread| thread.thread_id).collect::<Vec<_>>()
    };
    let alice = user("alice");
    let listed = names(store.threads(&alice).await.unwrap());
    assert_eq!(listed, [two.thread_id.clone(), one.thread_id.clone()]);
    let three = started(store, at("r-3", 2, Some(&one.thread_id))).await;
    assert_eq!(names(store.threads(&alice).await.unwrap()), [one.thread_id.clone(), two.thread_id]);
    let thread = store.thread(&alice, &one.thread_id).await.unwrap().unwrap();
    assert_eq!(thread.runs, [one.run_id, three.run_id]);
    assert_eq!(thread.created_at, Timestamp::from_unix_ms(START_MS));
    assert_eq!(thread.updated_at, Timestamp::from_unix_ms(START_MS + 2));
}

async fn running_runs_are_those_without_a_terminal(store: &dyn Store) {
    let one = started(store, request("alice", "r-1")).await.run_id;
    let two = started(store, request("bob", "r-1")).await.run_id;
    store.append_event(event(&two, 1)).await.unwrap();
    store.append_event(ending(&one, 1, RunState::Failed, None)).await.unwrap();
    let left: Vec<_> =
        store.running_runs().await.unwrap().into_iter().map(|run| (run.run_id, run.event_count)).collect();
    assert_eq!(left, [(two, 1)]);
}

async fn hostile_text_is_only_text(store: &dyn Store) {
    let message = "'); DROP TABLE runs; -- \u{0} \u{202e} 🦀".repeat(100);
    let asked = NewRun { message: message.clone(), ..request("a'b\";--", "r'1") };
    let begun = started(store, asked.clone()).await;
    assert_eq!(store.run(&asked.user_id, &begun.run_id).await.unwrap().unwrap().message, message);
    assert!(matches!(store.begin_run(asked).await.unwrap(), BeginRun::Duplicate(_)));
}

async fn a_working_store_is_ready(store: &dyn Store) {
    store.ready().await.unwrap();
}

/// One test per promise and implementation; `$open` gives the store and what must outlive it.
macro_rules! suite {
    ($implementation:ident, $open:expr, [$($promise:ident),* $(,)?]) => {
        mod $implementation {
            use super::*;
            $(
                #[tokio::test]
                async fn $promise() {
                    let (store, _outlives) = $open;
                    super::$promise(&store).await;
                }
            )*
            #[tokio::test(flavor = "multi_thread", worker_threads = 4)]
            async fn requests_that_come_together_begin_one_run() {
                let (store, _outlives) = $open;
                super::requests_that_come_together_begin_one_run(Arc::new(store)).await;
            }
        }
    };
    ($($implementation:ident: $open:expr;)*) => {
        $(suite!($implementation, $open, [
            a_request_begins_one_running_run,
            the_same_request_finds_the_same_run,
            another_body_under_the_same_id_is_a_conflict,
            a_request_id_is_its_users_own,
            a_request_id_is_free_again_after_a_day,
        a_taken_request_id_is_found_and_nothing_begins,
            an_unknown_or_foreign_thread_is_refused_and_the_id_stays_unused,
            events_come_back_in_order_and_byte_for_byte,
            the_same_event_again_changes_nothing,
            another_event_in_a_taken_place_is_refused,
            nothing_follows_a_terminal,
            an_event_of_an_unknown_run_is_refused,
            nobody_reads_anothers_data,
            threads_come_latest_first_with_their_runs_oldest_first,
            running_runs_are_those_without_a_terminal,
            hostile_text_is_only_text,
            a_working_store_is_ready,
        ]);)*
    };
}

suite! {
    sqlite_file: {
        let dir = tempfile::tempdir().unwrap();
        (SqliteStore::open_file(&dir.path().join("store.db")).await.unwrap(), dir)
    };
    sqlite_memory: (SqliteStore::open("sqlite::memory:").await.unwrap(), ());
}
