//! Two nodes over one store: a run belongs to the node that drives it, for as long as that one lives.

use crate::driving::{DEADLINE, connect};
use goldenpath_harness::{Client, Prompts, TestUser, known_scenarios};
use goldenpath_protocol::{RunId, RunState, UserId};
use goldenpath_storage::{PostgresLimits, PostgresStore};
use goldenpath_testbed::services::{Database, Postgres};
use goldenpath_testbed::{HeldAgent, Testbed};
use serde_json::Value;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long a node keeps its runs without a word, and how often it says one.
const LEASE: Duration = Duration::from_secs(1);
const HEARTBEAT: Duration = Duration::from_millis(200);

/// Two nodes whose agents never begin by themselves.
async fn two_nodes() -> ([Testbed; 2], Database) {
    let database = Postgres::shared().await.unwrap().database().await.unwrap();
    let start = async || {
        let limits = PostgresLimits { lease: LEASE, ..PostgresLimits::default() };
        let store = PostgresStore::open_with(database.url(), limits).await.unwrap();
        let testbed = Testbed::builder()
            .over(Arc::new(store))
            .answered_by(HeldAgent::new(Testbed::analyst()).0)
            .configured(|config| config.node_heartbeat = HEARTBEAT);
        testbed.start().await.unwrap()
    };
    ([start().await, start().await], database)
}

/// A run that was accepted and whose agent has not begun.
async fn open_run(testbed: &Testbed, user: &TestUser) -> (Client, RunId) {
    let client = connect(testbed, user).await;
    let prompt = Prompts::new(71, user.name()).next(&known_scenarios()[0]);
    client.ask(&prompt, None).await.unwrap();
    let run = client
        .wait_for("acceptance", DEADLINE, |view| view.accepted(&prompt.request_id).map(|a| a.run_id.clone()))
        .await
        .unwrap();
    (client, run.parse().unwrap())
}

async fn end_of(client: &Client, run: &RunId) -> String {
    let ended = client.wait_for("the run's end", DEADLINE, |view| view.run(run.as_str())?.ended).await;
    ended.unwrap().as_str().to_owned()
}

#[tokio::test]
async fn a_run_whose_node_died_ends_as_interrupted_on_another() {
    let ([dying, living], _database) = two_nodes().await;
    let user = dying.user(71);
    let (asking, run) = open_run(&dying, &user).await;
    // The same user, by a token that the other node knows.
    let user = living.user(71);
    let watching = connect(&living, &user).await;
    drop(asking);
    drop(dying);
    assert_eq!(end_of(&watching, &run).await, "agent_failed");
    let owner: UserId = user.name().parse().unwrap();
    let record = living.store.run(&owner, &run).await.unwrap().unwrap();
    assert_eq!((record.state, record.held_here), (RunState::Failed, true));
    let stored = living.store.events(&owner, &run).await.unwrap();
    let last: Value = serde_json::from_str(stored.last().unwrap()).unwrap();
    assert_eq!((&last["error"]["code"], &last["error"]["retryable"]), (&"interrupted".into(), &true.into()));
    assert_eq!(last["event_count"], stored.len() as u64);
}

#[tokio::test]
async fn a_run_of_a_node_that_lives_is_left_to_it_and_cancelled_through_any() {
    let ([driving, other], _database) = two_nodes().await;
    let (asking, run) = open_run(&driving, &driving.user(72)).await;
    let user = other.user(72);
    let elsewhere = connect(&other, &user).await;
    let owner: UserId = user.name().parse().unwrap();

    // The same request, asked for on the other node, is the same run, and stays with the node that drives it.
    let again = Prompts::new(71, user.name()).next(&known_scenarios()[0]);
    elsewhere.ask(&again, None).await.unwrap();
    let accepted = elsewhere
        .wait_for("acceptance", DEADLINE, |view| {
            view.accepted(&again.request_id).map(|accepted| (accepted.run_id.clone(), accepted.duplicate))
        })
        .await
        .unwrap();
    assert_eq!(accepted, (run.to_string(), true));
    let until = Instant::now() + 2 * LEASE;
    while Instant::now() < until {
        let record = driving.store.run(&owner, &run).await.unwrap().unwrap();
        assert_eq!((record.state, record.held_here), (RunState::Running, true), "taken from a living node");
        tokio::time::sleep(HEARTBEAT).await;
    }

    elsewhere.cancel(run.as_str()).await.unwrap();
    assert_eq!(end_of(&asking, &run).await, "agent_cancelled");
    let record = other.store.run(&owner, &run).await.unwrap().unwrap();
    assert_eq!((record.state, record.held_here), (RunState::Cancelled, false));
}
