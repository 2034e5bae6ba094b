//! The stand-in itself: whoever breaks a part of it must know that the part carried something.

use super::{Node, StandIn, Whole, Wishes};
use crate::backend::TURN;
use crate::driving::DEADLINE;
use goldenpath_harness::{Client, Connect, Probe, Recording, Session, TestUser, metric};
use std::time::Duration;
use tokio::time::Instant;

/// These are about the services themselves, so there is no variant without them.
const WHOLE: &str = "the whole system (hint: unset GOLDENPATH_SERVICES)";

/// Looks again and again until `seen` says yes.
async fn until(what: &str, seen: impl AsyncFn() -> bool) {
    let until = Instant::now() + DEADLINE;
    while !seen().await {
        assert!(Instant::now() < until, "{what}: not within {DEADLINE:?}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// How many users sit on a node.
async fn users_on(node: &Node) -> f64 {
    let answer = Probe::new(&node.target()).unwrap().metrics().await.unwrap();
    metric(&answer.body, "goldenpath_connections").unwrap()
}

async fn connect(session: &Session, users: &[TestUser]) -> Vec<Client> {
    let mut clients = Vec::new();
    for user in users {
        let client = session.connect(user, Connect::fresh()).await.unwrap();
        client.wait_for_greeting(DEADLINE).await.unwrap();
        clients.push(client);
    }
    clients
}

/// Fails when a test that kills a node could kill one that nobody uses, or when the front sends users to one that is dead.
#[tokio::test(flavor = "multi_thread")]
async fn users_are_spread_over_the_nodes_and_a_dead_one_is_passed_over() {
    let _turn = TURN.lock().await;
    let stand_in = StandIn::start(&Wishes::default()).await;
    let Whole { nodes, .. } = stand_in.whole().expect(WHOLE);
    let recording = Recording::in_memory().unwrap();
    let session = Session::new(stand_in.target(), stand_in.auth(), recording.recorder());
    let users = TestUser::roster(1, 8, session.auth());
    let before = connect(&session, &users[..4]).await;
    assert_eq!((users_on(&nodes[0]).await, users_on(&nodes[1]).await), (2.0, 2.0));

    nodes[0].process().kill().unwrap();
    let after = connect(&session, &users[4..]).await;
    assert_eq!(users_on(&nodes[1]).await, 6.0, "{} and {}", before.len(), after.len());

    nodes[0].process().start_again().await.unwrap();
    until("the node is used again", async || {
        let _client = connect(&session, &users[..1]).await;
        users_on(&nodes[0]).await > 0.0
    })
    .await;
    let ended = nodes[0].process().terminate(DEADLINE).await.unwrap();
    assert!(ended.is_some_and(|status| status.success()), "{ended:?}");
}

/// Fails when a server can be broken without the nodes noticing: then they keep their data elsewhere.
#[tokio::test(flavor = "multi_thread")]
async fn nodes_are_ready_when_their_servers_are() {
    let _turn = TURN.lock().await;
    let stand_in = StandIn::start(&Wishes { breaks_servers: true, ..Wishes::default() }).await;
    let Whole { nodes, servers, .. } = stand_in.whole().expect(WHOLE);
    let until_ready_is = async |wanted: bool| {
        for node in nodes {
            let probe = Probe::new(&node.target()).unwrap();
            // Whoever waits for a server that is away may not answer at all.
            until(&format!("ready: {wanted}"), async || {
                probe.get("ready", None).await.is_ok_and(|answer| answer.status == 200) == wanted
            })
            .await;
        }
    };
    until_ready_is(true).await;
    servers.postgres().stop().await.unwrap();
    until_ready_is(false).await;
    servers.postgres().start_again().await.unwrap();
    until_ready_is(true).await;
    servers.redis().kill().unwrap();
    until_ready_is(false).await;
    servers.redis().start_again().await.unwrap();
    until_ready_is(true).await;
}
