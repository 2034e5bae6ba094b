//! What is read: own data only, in order, and as it was written.

use super::Bench;
use super::given::{START_MS, ending, event, request, started, user};
use goldenpath_protocol::{RunState, ThreadId, Timestamp};
use goldenpath_storage::{BeginRun, NewRun, StoredEvent};

pub(super) async fn nobody_reads_anothers_data(bench: &Bench) {
    let store = bench.store.as_ref();
    let alices = started(store, request("alice", "r-1")).await;
    store.append_event(event(&alices.run_id, 1)).await.unwrap();
    let bob = user("bob");
    assert_eq!(store.run(&bob, &alices.run_id).await.unwrap(), None);
    assert_eq!(store.events(&bob, &alices.run_id).await.unwrap(), Vec::<String>::new());
    assert_eq!(store.thread(&bob, &alices.thread_id).await.unwrap(), None);
    assert_eq!(store.threads(&bob).await.unwrap(), []);
}

pub(super) async fn threads_come_latest_first_with_their_runs_oldest_first(bench: &Bench) {
    let store = bench.store.as_ref();
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

pub(super) async fn running_runs_are_those_without_a_terminal(bench: &Bench) {
    let store = bench.store.as_ref();
    let one = started(store, request("alice", "r-1")).await.run_id;
    let two = started(store, request("bob", "r-1")).await.run_id;
    store.append_event(event(&two, 1)).await.unwrap();
    store.append_event(ending(&one, 1, RunState::Failed, None)).await.unwrap();
    let left: Vec<_> =
        store.take_over().await.unwrap().into_iter().map(|run| (run.run_id, run.event_count)).collect();
    assert_eq!(left, [(two, 1)]);
}

pub(super) async fn a_working_store_is_ready(bench: &Bench) {
    let store = bench.store.as_ref();
    store.ready().await.unwrap();
}

/// The clock is no order: two requests of one user may come within its tick.
pub(super) async fn what_came_in_the_same_millisecond_keeps_its_order(bench: &Bench) {
    let store = bench.store.as_ref();
    let first = started(store, request("alice", "r-0")).await;
    let (mut threads, mut runs) = (vec![first.thread_id.clone()], vec![first.run_id]);
    for n in 1..6 {
        threads.push(started(store, request("alice", &format!("new-{n}"))).await.thread_id);
        let next =
            NewRun { thread_id: Some(first.thread_id.clone()), ..request("alice", &format!("in-{n}")) };
        runs.push(started(store, next).await.run_id);
    }
    threads.reverse();
    let listed = store.threads(&user("alice")).await.unwrap();
    assert_eq!(listed.iter().map(|thread| thread.thread_id.clone()).collect::<Vec<_>>(), threads);
    assert_eq!(store.thread(&user("alice"), &first.thread_id).await.unwrap().unwrap().runs, runs);
    assert_eq!(listed.last().unwrap().runs, runs, "a thread in the list is the thread by its id");
    let running = store.take_over().await.unwrap();
    assert_eq!(running.len(), 11);
    assert!(running.iter().filter(|run| runs.contains(&run.run_id)).map(|run| &run.run_id).eq(&runs));
}

pub(super) async fn hostile_and_large_text_is_only_text(bench: &Bench) {
    let store = bench.store.as_ref();
    let hostile = "'); DROP TABLE runs; -- $1 \\ \u{0} \u{202e} 🦀".repeat(10_000);
    let asked = NewRun { message: hostile.clone(), ..request("a'b\";--", "r'1") };
    let begun = started(store, asked.clone()).await;
    assert!(matches!(store.begin_run(asked.clone()).await.unwrap(), BeginRun::Duplicate(_)));
    let envelope = format!("{{\"text\":\"{}\"}}", "ü🦀\\u0000".repeat(30_000));
    let last = StoredEvent {
        envelope: envelope.clone(),
        ..ending(&begun.run_id, 1, RunState::Completed, Some(&hostile))
    };
    store.append_event(last).await.unwrap();
    let run = store.run(&asked.user_id, &begun.run_id).await.unwrap().unwrap();
    assert!(run.message == hostile && run.final_response.as_deref() == Some(hostile.as_str()));
    assert!(store.events(&asked.user_id, &begun.run_id).await.unwrap() == [envelope]);
}

pub(super) async fn a_run_is_held_where_it_began(bench: &Bench) {
    let store = &bench.store;
    assert_eq!(store.keep_alive().await.unwrap(), [], "nobody asked for anything");
    let begun = started(store.as_ref(), request("alice", "r-1")).await;
    assert!(store.run(&user("alice"), &begun.run_id).await.unwrap().unwrap().held_here);
    let held = store.take_over().await.unwrap();
    assert_eq!(
        held.iter().map(|run| (&run.run_id, run.held_here)).collect::<Vec<_>>(),
        [(&begun.run_id, true)]
    );
    store.ask_to_cancel(&user("alice"), &begun.run_id).await.unwrap();
    store.append_event(event(&begun.run_id, 1)).await.unwrap();
}
