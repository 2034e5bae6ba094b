//! A stream goes on where it was left.

use crate::world::{Node, PATIENCE, events, kinds, token};
use goldenpath_gateway::GatewayConfig;
use goldenpath_protocol::UserId;
use serde_json::{Value, json};

fn at(greeting: &Value, offset: u64) -> String {
    format!("?resume={}:{offset}", greeting["epoch"].as_str().unwrap())
}

#[tokio::test]
async fn missed_events_are_replayed_unchanged_then_live_goes_on() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    client.until("request_accepted").await;
    let mut seen = Vec::new();
    while !seen.last().is_some_and(|text: &String| text.contains("agent_completed")) {
        seen.push(client.next_text().await);
    }
    let token = token("ada", 60);
    let mut back = node.connect_with(&token, &at(&client.greeting, 2)).await;
    assert_eq!(
        (back.greeting["recovered"].as_str(), back.greeting["replay"].as_u64()),
        (Some("full"), Some(seen.len() as u64 - 2))
    );
    for text in &seen[2..] {
        assert_eq!(back.next_text().await, *text);
    }
    let end = back.next().await;
    assert_eq!((end["type"].as_str(), &end["offset"]), (Some("replay_end"), &back.greeting["offset"]));
    back.ask("q-2", "answer").await;
    let live = back.until_terminal().await;
    assert_eq!(events(&live)[0]["offset"].as_u64(), Some(seen.len() as u64 + 1));
    let mut idle =
        node.connect_with(&token, &at(&client.greeting, back.greeting["offset"].as_u64().unwrap())).await;
    assert_eq!(idle.greeting["recovered"], "full");
    assert_eq!(idle.until("replay_end").await.len() - 1, live.len() - 1);
}

#[tokio::test]
async fn what_cannot_be_replayed_is_said() {
    let node = Node::with(GatewayConfig { replay_events: 2, ..GatewayConfig::default() }).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    client.until_terminal().await;
    let token = token("ada", 60);
    let foreign = format!("?resume={}:1", "0".repeat(32));
    for query in [at(&client.greeting, 0), at(&client.greeting, 9_999), foreign] {
        let mut back = node.connect_with(&token, &query).await;
        assert_eq!(
            (back.greeting["recovered"].as_str(), back.greeting["replay"].as_u64()),
            (Some("failed"), Some(0))
        );
        back.say(json!({"type": "ping", "n": 1})).await;
        assert_eq!(back.next().await["type"], "pong", "nothing is replayed");
    }
}

#[tokio::test]
async fn joins_during_a_busy_run_have_neither_hole_nor_double() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "flood 300 100").await;
    client.until("agent_thinking").await;
    let mut offset = 2;
    for _ in 0..5 {
        let mut back = node.connect_with(&token("ada", 60), &at(&client.greeting, offset)).await;
        assert_eq!(back.greeting["recovered"], "full");
        let replayed = back.until("replay_end").await;
        assert_eq!(replayed.len() as u64, back.greeting["replay"].as_u64().unwrap() + 1);
        let mut frames = replayed;
        let head = frames.pop().unwrap()["offset"].as_u64().unwrap();
        assert_eq!(head, offset + frames.len() as u64);
        offset = head;
    }
    let last = tokio::time::timeout(PATIENCE, client.until_terminal()).await.unwrap();
    assert_eq!(kinds(&last).last(), Some(&"agent_completed"));
    let mut back = node.connect_with(&token("ada", 60), &at(&client.greeting, 0)).await;
    let all = back.until("replay_end").await;
    assert_eq!(events(&all).len(), 302);
    let head = node.log.head(&UserId::new("ada").unwrap()).await.unwrap();
    assert_eq!(head.offset, 302);
}

#[tokio::test]
async fn acknowledgements_are_kept_per_client() {
    let node = Node::start().await;
    let query = "?client_id=0190c9a4-0000-7000-8000-000000000001";
    let mut client = node.connect_with(&token("ada", 60), query).await;
    client.ask("q-1", "answer").await;
    client.until_terminal().await;
    for offset in [3, 2] {
        client.say(json!({"type": "ack", "offset": offset})).await;
    }
    client.say(json!({"type": "ack", "offset": 999})).await;
    assert_eq!(client.next().await["code"], "ack_out_of_range");
    drop(client);
    let client = node.connect_with(&token("ada", 60), query).await;
    assert_eq!(client.greeting["acked"], 3);
    let other = node.connect("ada").await;
    assert_eq!(other.greeting["acked"], 0);
}
