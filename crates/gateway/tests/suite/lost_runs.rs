//! Runs that nobody drives any more: they end, whoever asks again is told, and their places are free.

use crate::faults::{FaultyStore, hasty};
use crate::world::{Node, events, eventually, kinds, memory_log, token};
use goldenpath_gateway::GatewayConfig;
use goldenpath_protocol::UserId;
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

#[tokio::test]
async fn a_run_whose_task_panics_ends_as_failed_and_gives_its_place_back() {
    let whole = ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_failed"];
    for (panicking, owed) in [(1, &[whole[0], whole[4]][..]), (4, &whole)] {
        let mut store = FaultyStore::failing(0..=0).await;
        Arc::get_mut(&mut store).unwrap().panicking = panicking;
        let config = GatewayConfig { runs_per_user: 1, ..hasty() };
        let node = Node::on(config, store, memory_log()).await;
        let mut client = node.connect("ada").await;
        client.ask("q-1", "answer").await;
        let frames = client.until_terminal().await;
        assert_eq!(kinds(&frames)[1..], *owed, "event {panicking} was the last");
        assert_eq!(events(&frames).last().unwrap()["error"]["code"], "internal");
        let path = format!("/runs/{}", frames[0]["run_id"].as_str().unwrap());
        assert_eq!(node.get(&path, Some(&token("ada", 60))).await.2["state"], "failed");

        let ada = UserId::new("ada").unwrap();
        eventually("the place is free", || node.server.bridge().open_runs_of(&ada) == 0).await;
        assert_eq!(node.server.metrics().runs_active(), 0);
        client.ask("q-2", "answer").await;
        assert_eq!(kinds(&client.until_terminal().await).last(), Some(&"agent_completed"));
    }
}

#[tokio::test]
async fn a_run_whose_begin_was_kept_but_not_answered_goes_on() {
    let mut store = FaultyStore::failing(0..=0).await;
    Arc::get_mut(&mut store).unwrap().lost_begins = AtomicU64::new(1);
    let node = Node::on(hasty(), store, memory_log()).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    let frames = client.until_terminal().await;
    assert_eq!((&frames[0]["type"], &frames[0]["duplicate"]), (&"request_accepted".into(), &false.into()));
    assert_eq!(kinds(&frames).last(), Some(&"agent_completed"));
}

#[tokio::test]
async fn a_run_that_nobody_knew_to_be_begun_ends_when_its_request_is_repeated() {
    let mut store = FaultyStore::failing(0..=0).await;
    let faults = Arc::get_mut(&mut store).unwrap();
    (faults.lost_begins, faults.failing_finds) = (AtomicU64::new(1), AtomicU64::new(1));
    let node = Node::on(hasty(), store, memory_log()).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    assert_eq!(client.next().await["code"], "internal");

    client.ask("q-1", "answer").await;
    let frames = client.until_terminal().await;
    assert_eq!(kinds(&frames), ["request_accepted", "agent_started", "agent_failed"]);
    assert_eq!(frames[0]["duplicate"], true);
    let (_, _, run) =
        node.get(&format!("/runs/{}", frames[0]["run_id"].as_str().unwrap()), Some(&token("ada", 60))).await;
    assert_eq!((run["state"].as_str(), run["event_count"].as_u64()), (Some("failed"), Some(2)));

    // Over now: told again, and nothing more happens to it.
    client.ask("q-1", "answer").await;
    assert_eq!(client.next().await["run_id"], frames[0]["run_id"]);
    client.ask("q-2", "answer").await;
    let after = client.until_terminal().await;
    assert!(events(&after).iter().all(|event| event["request_id"] == "q-2"));
}
