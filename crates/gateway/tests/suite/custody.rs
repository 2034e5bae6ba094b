//! A node among others that share its store.

use crate::faults::{FaultyStore, hasty};
use crate::world::{Node, eventually, kinds, memory_log};
use goldenpath_gateway::GatewayConfig;
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

fn beating() -> GatewayConfig {
    GatewayConfig { node_heartbeat: Duration::from_millis(10), ..hasty() }
}

#[tokio::test]
async fn a_node_says_that_it_lives_while_it_is_held_up_by_what_another_left() {
    let store = FaultyStore::failing(0..=0).await;
    let _node = Node::on(beating(), Arc::clone(&store) as _, memory_log()).await;
    store.stuck_takes.store(true, Ordering::Release);
    // One round may have been under way.
    let before = store.beats.load(Ordering::Acquire) + 2;
    eventually("a node that goes on living", || store.beats.load(Ordering::Acquire) > before).await;
}

/// The node that took the run over tells its user how it ends: this one says nothing of it, and gives its place free at once.
#[tokio::test]
async fn a_run_that_another_node_took_over_is_let_go_without_a_word() {
    let mut store = FaultyStore::failing(0..=0).await;
    Arc::get_mut(&mut store).unwrap().taken_from = 3;
    let node = Node::on(hasty(), store, memory_log()).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    let mut frames = client.until("agent_thinking").await;
    eventually("a free place", || node.server.bridge().open_runs() == 0).await;
    client.say(json!({"type": "ping", "n": 1})).await;
    frames.extend(client.until("pong").await);
    assert_eq!(kinds(&frames), ["request_accepted", "agent_started", "agent_thinking", "pong"]);
}
