//! Two nodes over one store: whatever they do at the same time, each request has one run and each place one event.

use super::Bench;
use super::given::{HOUR_MS, START_MS, ending, event, request, started, user};
use goldenpath_protocol::{RunId, RunState, Timestamp};
use goldenpath_storage::{BeginRun, Begun, NewRun, Store, StoreError, StoredEvent};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

/// How many come together.
const CROWD: usize = 16;

impl Bench {
    /// One node after the other.
    fn node(&self, n: usize) -> Arc<dyn Store> {
        Arc::clone(if n.is_multiple_of(2) { &self.store } else { &self.other })
    }

    /// The running runs that either node holds; no run has two holders.
    async fn held(&self) -> Vec<RunId> {
        let mut held = Vec::new();
        for node in [&self.store, &self.other] {
            held.extend(node.take_over().await.unwrap().into_iter().map(|run| run.run_id));
        }
        held.sort();
        // A file, or a memory, is one node's, however often it was opened.
        held.dedup();
        held
    }

    /// Does `act` [`CROWD`] times at once, by turns on either node.
    async fn crowd<T, F>(&self, act: impl Fn(usize, Arc<dyn Store>) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.crowd_on(|n| self.node(n), act).await
    }

    /// The same on the first node alone, which holds what it began.
    async fn crowd_on_one<T, F>(&self, act: impl Fn(usize, Arc<dyn Store>) -> F) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        self.crowd_on(|_| Arc::clone(&self.store), act).await
    }

    async fn crowd_on<T, F>(
        &self,
        node: impl Fn(usize) -> Arc<dyn Store>,
        act: impl Fn(usize, Arc<dyn Store>) -> F,
    ) -> Vec<T>
    where
        T: Send + 'static,
        F: Future<Output = T> + Send + 'static,
    {
        let acts: Vec<_> = (0..CROWD).map(|n| tokio::spawn(act(n, node(n)))).collect();
        let mut answers = Vec::new();
        for act in acts {
            answers.push(act.await.unwrap());
        }
        answers
    }
}

/// The one run that was begun; every other answer must be that run again.
fn one_began(answers: &[BeginRun]) -> Begun {
    let began: Vec<_> = answers.iter().filter(|answer| matches!(answer, BeginRun::Started(_))).collect();
    let [BeginRun::Started(begun)] = began[..] else { panic!("{} runs began: {answers:?}", began.len()) };
    let others = answers.iter().filter(|answer| *answer == &BeginRun::Duplicate(begun.clone())).count();
    assert_eq!(others, answers.len() - 1, "{answers:?}");
    begun.clone()
}

pub(super) async fn what_one_node_writes_the_other_reads(bench: &Bench) {
    let (one, two) = (&bench.store, &bench.other);
    let begun = started(one.as_ref(), request("alice", "r-1")).await;
    one.append_event(event(&begun.run_id, 1)).await.unwrap();
    assert_eq!(two.events(&user("alice"), &begun.run_id).await.unwrap().len(), 1);
    one.append_event(ending(&begun.run_id, 2, RunState::Completed, Some("done"))).await.unwrap();
    let run = two.run(&user("alice"), &begun.run_id).await.unwrap().unwrap();
    assert_eq!(
        (run.state, run.event_count, run.final_response.as_deref()),
        (RunState::Completed, 2, Some("done"))
    );
    let next = NewRun { thread_id: Some(begun.thread_id.clone()), ..request("alice", "r-2") };
    assert_eq!(started(two.as_ref(), next).await.thread_id, begun.thread_id);
    assert_eq!(one.find_run(&request("alice", "r-1")).await.unwrap(), Some(BeginRun::Duplicate(begun)));
    assert_eq!(one.threads(&user("alice")).await.unwrap(), two.threads(&user("alice")).await.unwrap());
}

pub(super) async fn requests_that_come_together_begin_one_run(bench: &Bench) {
    let ask =
        |_, store: Arc<dyn Store>| async move { store.begin_run(request("alice", "r-1")).await.unwrap() };
    let begun = one_began(&bench.crowd(ask).await);
    assert_eq!(bench.held().await, [begun.run_id]);
    assert_eq!(bench.store.threads(&user("alice")).await.unwrap().len(), 1);
}

pub(super) async fn an_id_that_is_out_of_date_is_taken_over_once(bench: &Bench) {
    let first = started(bench.store.as_ref(), request("alice", "r-1")).await;
    let late = || NewRun { now: Timestamp::from_unix_ms(START_MS + 24 * HOUR_MS), ..request("alice", "r-1") };
    let ask = |_, store: Arc<dyn Store>| async move { store.begin_run(late()).await.unwrap() };
    let second = one_began(&bench.crowd(ask).await);
    assert_ne!(second, first);
    assert_eq!(bench.other.threads(&user("alice")).await.unwrap().len(), 2);
}

pub(super) async fn requests_of_many_users_at_once_begin_a_run_each(bench: &Bench) {
    let ask = |n: usize, store: Arc<dyn Store>| async move {
        for request_id in 0..5 {
            let begun =
                started(store.as_ref(), request(&format!("user-{n}x"), &format!("r-{request_id}"))).await;
            store.append_event(event(&begun.run_id, 1)).await.unwrap();
        }
    };
    bench.crowd(ask).await;
    assert_eq!(bench.held().await.len(), CROWD * 5);
    for n in 0..CROWD {
        assert_eq!(bench.other.threads(&user(&format!("user-{n}x"))).await.unwrap().len(), 5, "user {n}");
    }
}

pub(super) async fn requests_in_one_thread_at_once_all_begin(bench: &Bench) {
    let thread = started(bench.store.as_ref(), request("alice", "r-0")).await.thread_id;
    let ask = |n: usize, store: Arc<dyn Store>| {
        let thread_id = Some(thread.clone());
        let now = Timestamp::from_unix_ms(START_MS + i64::try_from(n).unwrap());
        async move {
            started(store.as_ref(), NewRun { thread_id, now, ..request("alice", &format!("in-{n}")) }).await
        }
    };
    let begun = bench.crowd(ask).await;
    let kept = bench.other.thread(&user("alice"), &thread).await.unwrap().unwrap();
    assert_eq!(kept.runs.len(), CROWD + 1);
    assert!(begun.iter().all(|begun| kept.runs.contains(&begun.run_id)));
    let latest = START_MS + i64::try_from(CROWD).unwrap() - 1;
    assert_eq!(
        kept.updated_at,
        Timestamp::from_unix_ms(latest),
        "the latest request counts, not the last to come"
    );
}

pub(super) async fn the_same_event_at_once_is_kept_once(bench: &Bench) {
    let run = started(bench.store.as_ref(), request("alice", "r-1")).await.run_id;
    for same in [event(&run, 1), event(&run, 2), ending(&run, 3, RunState::Completed, Some("done"))] {
        let keep = |_, store: Arc<dyn Store>| {
            let same = same.clone();
            async move { store.append_event(same).await }
        };
        for answer in bench.crowd_on_one(keep).await {
            answer.unwrap();
        }
    }
    let kept = bench.store.run(&user("alice"), &run).await.unwrap().unwrap();
    assert_eq!((kept.event_count, kept.state), (3, RunState::Completed));
    assert_eq!(bench.other.events(&user("alice"), &run).await.unwrap().len(), 3);
}

pub(super) async fn of_two_events_in_one_place_one_is_kept(bench: &Bench) {
    let run = started(bench.store.as_ref(), request("alice", "r-1")).await.run_id;
    let keep = |n: usize, store: Arc<dyn Store>| {
        let envelope = format!("{{\"of\":{n}}}");
        let event = StoredEvent { envelope: envelope.clone(), ..event(&run, 1) };
        async move { (envelope, store.append_event(event).await) }
    };
    let answers = bench.crowd_on_one(keep).await;
    let kept: Vec<_> =
        answers.iter().filter(|(_, answer)| answer.is_ok()).map(|(envelope, _)| envelope).collect();
    assert_eq!(kept.len(), 1, "{answers:?}");
    let refused = answers.iter().filter(|(_, answer)| matches!(answer, Err(StoreError::Failed(_)))).count();
    assert_eq!(refused, CROWD - 1, "none may be told to try again: {answers:?}");
    assert_eq!(bench.other.events(&user("alice"), &run).await.unwrap(), [kept[0].as_str()]);
    assert_eq!(bench.store.run(&user("alice"), &run).await.unwrap().unwrap().event_count, 1);
}

pub(super) async fn an_event_beside_a_terminal_is_kept_before_it_or_refused(bench: &Bench) {
    for round in 0..8 {
        let run = started(bench.store.as_ref(), request("alice", &format!("r-{round}"))).await.run_id;
        let end = ending(&run, 1, RunState::Failed, None);
        let (ended, beside) =
            tokio::join!(bench.store.append_event(end), bench.store.append_event(event(&run, 2)));
        ended.unwrap();
        let kept = bench.other.run(&user("alice"), &run).await.unwrap().unwrap();
        let count = 1 + u64::from(beside.is_ok());
        assert_eq!((kept.state, kept.event_count), (RunState::Failed, count), "{beside:?}");
        assert_eq!(bench.store.events(&user("alice"), &run).await.unwrap().len() as u64, count);
    }
}

/// A caller may stop waiting at any point of a call, more often than there are connections. What was begun, was begun whole.
pub(super) async fn cancelled_calls_leave_the_store_working(bench: &Bench) {
    for n in 0..60_u64 {
        let asked = request("alice", &format!("r-{n}"));
        let patience = Duration::from_micros(n * 50);
        let cancelled = tokio::time::timeout(patience, bench.store.begin_run(asked)).await;
        if let Ok(answer) = cancelled {
            answer.unwrap();
        }
    }
    for n in 0..60 {
        let again = bench.other.begin_run(request("alice", &format!("r-{n}"))).await.unwrap();
        let (BeginRun::Started(begun) | BeginRun::Duplicate(begun)) = again else { panic!("{n}: {again:?}") };
        // It is held by whichever call got through.
        let kept = bench.store.append_event(event(&begun.run_id, 1)).await;
        if !matches!(kept, Err(StoreError::Taken)) {
            kept.unwrap();
        }
    }
    let threads = bench.store.threads(&user("alice")).await.unwrap();
    assert_eq!(threads.len(), 60, "each request has one thread");
    assert!(threads.iter().all(|thread| thread.runs.len() == 1), "with one run: {threads:?}");
    bench.store.ready().await.unwrap();
}
