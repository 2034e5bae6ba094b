//! Connections, bridge, contexts and their services: what users see is what the services hold, run by run and user by user.

mod redis;

use crate::driving::{DEADLINE, ask, assert_kept, connect, events_of, finish, judge, received};
use goldenpath_checkers::Category;
use goldenpath_harness::{Client, Probe, Prompt, Prompts, TestUser, known_scenarios};
use goldenpath_protocol::{RunEvent, RunId, RunState, UserId};
use goldenpath_storage::{PostgresLimits, PostgresStore};
use goldenpath_testbed::services::{Database, Postgres, embedded_alone};
use goldenpath_testbed::{HeldAgent, Testbed, TestbedBuilder};
use serde_json::Value;
use std::collections::HashSet;
use std::sync::Arc;

/// A backend over Postgres; over its own SQLite file where only what is embedded is wanted. The database outlives it.
async fn backend() -> (TestbedBuilder, Option<Database>) {
    if embedded_alone().unwrap() {
        return (Testbed::builder(), None);
    }
    let database = Postgres::shared().await.unwrap().database().await.unwrap();
    (Testbed::builder().stored_in(database.url()), Some(database))
}

async fn accepted(client: &Client, prompt: &Prompt) -> String {
    client
        .wait_for("acceptance", DEADLINE, |view| view.accepted(&prompt.request_id).map(|a| a.run_id.clone()))
        .await
        .unwrap()
}

fn ids(user: &TestUser, run: &str) -> (UserId, RunId) {
    (user.name().parse().unwrap(), run.parse().unwrap())
}

/// What the store holds of a run, without what only the stream knows.
async fn stored(testbed: &Testbed, user: &TestUser, run: &str) -> Vec<Value> {
    let (user, run) = ids(user, run);
    let envelopes = testbed.store.events(&user, &run).await.unwrap();
    envelopes.iter().map(|envelope| serde_json::from_str(envelope).unwrap()).collect()
}

fn without_offset(mut events: Vec<Value>) -> Vec<Value> {
    for event in &mut events {
        event.as_object_mut().unwrap().remove("offset");
    }
    events
}

/// The bridge carries a run whatever becomes of who asked: it goes on without them, is one run however often it is asked for, and
/// ends where its user cancels it. The store says of each what its watchers saw.
#[tokio::test]
async fn agent_bridge() {
    let (agent, release) = HeldAgent::new(Testbed::analyst());
    let (builder, _database) = backend().await;
    let testbed = builder.answered_by(agent).start().await.unwrap();
    let user = testbed.user(41);
    let (asking, watching) = (connect(&testbed, &user).await, connect(&testbed, &user).await);
    let mut prompts = Prompts::new(41, "bridge");
    let (left, cancelled) = (prompts.next(&known_scenarios()[0]), prompts.next(&known_scenarios()[1]));
    asking.ask(&left, None).await.unwrap();
    let left_run = accepted(&asking, &left).await;
    asking.ask(&cancelled, None).await.unwrap();
    let cancelled_run = accepted(&asking, &cancelled).await;
    drop(asking);

    // Asked for again, from another tab: the same run, while it is open.
    watching.ask(&left, None).await.unwrap();
    assert_eq!(accepted(&watching, &left).await, left_run);
    assert!(watching.view(|view| view.accepted(&left.request_id).unwrap().duplicate));
    watching.cancel(&cancelled_run).await.unwrap();
    let end = |run: String| {
        watching.wait_for("the run's end", DEADLINE, move |view| view.run(&run).and_then(|run| run.ended))
    };
    assert_eq!(end(cancelled_run.clone()).await.unwrap().as_str(), "agent_cancelled");
    release.go_on(1);
    assert_eq!(end(left_run.clone()).await.unwrap().as_str(), "agent_completed");

    let conn = watching.conn();
    let mut of_runs = Vec::new();
    for (run, state) in [(&left_run, RunState::Completed), (&cancelled_run, RunState::Cancelled)] {
        let (user_id, run_id) = ids(&user, run);
        let record = testbed.store.run(&user_id, &run_id).await.unwrap().unwrap();
        let events = stored(&testbed, &user, run).await;
        assert_eq!((record.state, record.event_count), (state, events.len() as u64), "run {run}");
        of_runs.push((run, events));
    }
    assert_eq!(
        testbed.store.threads(&user.name().parse().unwrap()).await.unwrap().len(),
        2,
        "a repetition began a run"
    );
    assert_eq!(testbed.store.take_over().await.unwrap(), []);
    watching.close().await;
    let (_, records) = finish(testbed);
    for (run, events) in of_runs {
        assert!(events.len() >= 2, "run {run} has no beginning and end: {events:#?}");
        assert_eq!(
            without_offset(events_of(&records, conn, run)),
            events,
            "run {run}: the store tells another story"
        );
    }
}

/// Users who ask at the same time, under the same request ids: each event, live and stored, and each specialist's too, carries the
/// identity of its own run and nobody else's.
#[tokio::test]
async fn user_execution_context() {
    let (builder, _database) = backend().await;
    let testbed = builder.start().await.unwrap();
    let users: Vec<TestUser> =
        testbed.users(42, 4).into_iter().map(|user| user.of_tier("enterprise")).collect();
    let session = async |user: &TestUser| {
        let client = connect(&testbed, user).await;
        let mut prompts = Prompts::new(42, user.name());
        let mut runs = Vec::new();
        for (n, scenario) in known_scenarios().iter().take(2).enumerate() {
            let prompt = Prompt { request_id: format!("request-{n}-of-everybody"), ..prompts.next(scenario) };
            client.ask(&prompt, None).await.unwrap();
            let ended = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap();
            runs.push((prompt.request_id, ended.expect("a request id belongs to its user").0));
        }
        let conn = client.conn();
        client.close().await;
        (conn, runs)
    };
    let sessions = futures_util::future::join_all(users.iter().map(session)).await;
    let runs: HashSet<_> = sessions.iter().flat_map(|(_, runs)| runs).map(|(_, run)| run).collect();
    assert_eq!(runs.len(), 8, "two users share a run");

    for (user, (_, runs)) in users.iter().zip(&sessions) {
        for (request, run) in runs {
            let (user_id, run_id) = ids(user, run);
            let record = testbed.store.run(&user_id, &run_id).await.unwrap().unwrap();
            assert_eq!(
                (record.user_id.as_str(), record.request_id.as_str()),
                (&**user.name(), request.as_str())
            );
            let mut specialists = 0;
            for envelope in testbed.store.events(&user_id, &run_id).await.unwrap() {
                let head = serde_json::from_str::<RunEvent>(&envelope).unwrap().head;
                assert_eq!(
                    (&head.user_id, &head.thread_id, &head.run_id, &head.request_id),
                    (&record.user_id, &record.thread_id, &record.run_id, &record.request_id)
                );
                specialists += u32::from(head.parent_agent.is_some());
            }
            assert!(specialists > 0, "no specialist spoke in run {run}");
            for other in users.iter().filter(|other| other.name() != user.name()) {
                assert_eq!(
                    stored(&testbed, other, run).await,
                    Vec::<Value>::new(),
                    "{} reads it",
                    other.name()
                );
            }
        }
    }
    let (header, records) = finish(testbed);
    for (user, (conn, _)) in users.iter().zip(&sessions) {
        let foreign = |frame: &Value| frame["user_id"].is_string() && frame["user_id"] != **user.name();
        assert!(!received(&records, *conn).iter().any(foreign), "{} saw another's frame", user.name());
    }
    assert_kept(
        &judge(&header, &records, &[Category::Security]),
        &["isolation/run-owner", "isolation/canary", "isolation/identity", "isolation/thread"],
    );
}

/// Runs of several users at once share a few sessions of the database: everything is stored as it was seen, and every session is
/// given back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn database_session_coordination() {
    const SESSIONS: u32 = 3;
    let database = Postgres::shared().await.unwrap().database().await.unwrap();
    let limits = PostgresLimits { connections: SESSIONS, ..PostgresLimits::default() };
    let store = Arc::new(PostgresStore::open_with(database.url(), limits).await.unwrap());
    let testbed = Testbed::builder().over(store).start().await.unwrap();
    let users = testbed.users(43, 8);
    let session = async |user: &TestUser| {
        let client = connect(&testbed, user).await;
        let mut prompts = Prompts::new(43, user.name());
        let mut runs = Vec::new();
        for scenario in known_scenarios().iter().take(3) {
            runs.push(ask(&client, &mut prompts, scenario).await);
        }
        // Once more, when it is over: answered from the store.
        client.ask(&runs[0].0, None).await.unwrap();
        let again = |view: &goldenpath_harness::View| {
            view.accepted(&runs[0].0.request_id)
                .filter(|accepted| accepted.duplicate)
                .map(|a| a.run_id.clone())
        };
        assert_eq!(client.wait_for("the repetition's answer", DEADLINE, again).await.unwrap(), runs[0].1);
        let conn = client.conn();
        client.close().await;
        (conn, runs)
    };
    let sessions = futures_util::future::join_all(users.iter().map(session)).await;

    let probe = Probe::new(testbed.session.target()).unwrap();
    let mut documents = Vec::new();
    for (user, (conn, runs)) in users.iter().zip(&sessions) {
        let token = user.token().unwrap().unwrap();
        for (prompt, run, _) in runs {
            let answer = probe.get(&format!("/runs/{run}"), Some(&token)).await.unwrap();
            assert_eq!(answer.status, 200, "{}", answer.body);
            let document: Value = serde_json::from_str(&answer.body).unwrap();
            assert_eq!(document["request_id"], prompt.request_id.as_str());
            assert_eq!(document["state"], "completed");
            documents.push((*conn, run.clone(), document));
        }
    }
    assert_eq!(probe.get("/ready", None).await.unwrap().status, 200);

    let open = database.connections().await.unwrap();
    assert!((1..=i64::from(SESSIONS)).contains(&open), "{open} sessions are open");
    tokio::time::timeout(DEADLINE, async { while database.busy_connections().await.unwrap() != 0 {} })
        .await
        .expect("a session was never given back");
    for (what, statement, expected) in [
        ("runs", "SELECT count(*) FROM goldenpath.runs WHERE state = 'completed'", 24),
        ("other runs", "SELECT count(*) FROM goldenpath.runs WHERE state <> 'completed'", 0),
        ("requests", "SELECT count(*) FROM goldenpath.requests", 24),
        (
            "runs whose events are counted wrongly",
            "SELECT count(*) FROM goldenpath.runs r WHERE event_count <> (SELECT count(*) FROM goldenpath.events e WHERE e.run_id = r.run_id)",
            0,
        ),
        (
            "events of another user's run",
            "SELECT count(*) FROM goldenpath.events JOIN goldenpath.runs USING (run_id) WHERE envelope::json->>'user_id' <> user_id",
            0,
        ),
    ] {
        assert_eq!(database.number(statement).await.unwrap(), expected, "{what}");
    }

    let (header, records) = finish(testbed);
    for (conn, run, document) in documents {
        let seen = without_offset(events_of(&records, conn, &run));
        assert_eq!(document["final_response"], seen.last().unwrap()["final_response"]);
        assert_eq!(
            document["events"],
            Value::Array(seen),
            "run {run}: the store tells another story than the stream"
        );
    }
    let judgement =
        judge(&header, &records, &[Category::Functional, Category::Integration, Category::Security]);
    assert_kept(
        &judgement,
        &["sequence/seq-dense", "delivery/no-loss", "delivery/unique-ids", "isolation/run-owner"],
    );
}

/// A user's tabs on two nodes over one Redis are one stream, whatever happens to it.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn redis_connection_management() {
    redis::one_stream_on_two_nodes().await;
}
