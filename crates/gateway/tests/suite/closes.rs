//! Every end is announced and says the truth.

use crate::world::{Node, eventually, kinds, token};
use goldenpath_gateway::{Ending, GatewayConfig};
use goldenpath_protocol::{CloseCode, UserId};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::{Error, Message};

#[tokio::test]
async fn a_clients_close_is_answered_with_its_own_code() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    let frame = CloseFrame { code: 4_321.into(), reason: "bye".into() };
    client.send(Message::Close(Some(frame))).await;
    assert_eq!(client.close_code().await, (None, 4_321));
    eventually("nothing is left", || {
        node.server.manager().count() == 0 && node.server.metrics().connections() == 0
    })
    .await;
    assert_eq!(node.server.manager().tracker().tracked(), 0);
}

#[tokio::test]
async fn the_same_client_takes_its_own_place() {
    let node = Node::with(GatewayConfig { connections_per_user: 1, ..GatewayConfig::default() }).await;
    let query = "?client_id=0190c9a4-0000-7000-8000-000000000001";
    let mut old = node.connect_with(&token("ada", 60), query).await;
    let mut new = node.connect_with(&token("ada", 60), query).await;
    let (announced, code) = old.close_code().await;
    assert_eq!((code, announced.unwrap()["reason"].as_str()), (4507, Some("replaced")));
    new.say(json!({"type": "ping", "n": 1})).await;
    assert_eq!(new.next().await["type"], "pong");
}

#[tokio::test]
async fn heartbeats_come_and_silence_after_a_ping_closes() {
    let config = GatewayConfig {
        ping_interval: Duration::from_millis(60),
        pong_timeout: Duration::from_millis(150),
        ..GatewayConfig::default()
    };
    let node = Node::with(config).await;
    let mut client = node.connect("ada").await;
    for _ in 0..6 {
        assert_eq!(client.next().await["type"], "heartbeat");
    }
    // Not polled, the client answers no ping.
    let (tracker, ada) = (node.server.manager().tracker(), UserId::new("ada").unwrap());
    eventually("the silent one is given up", || tracker.progress(&ada)[0].closing).await;
    let (announced, code) = client.close_code().await;
    assert_eq!((code, announced.unwrap()["reason"].as_str()), (4011, Some("no_pong")));
}

#[tokio::test]
async fn a_token_is_outlived_by_its_grace_only() {
    let config = GatewayConfig { token_grace: Duration::from_secs(4), ..GatewayConfig::default() };
    let node = Node::with(config).await;
    // Expired three seconds ago: within the leeway of the handshake, one second of grace is left.
    let mut client = node.connect_with(&token("ada", -3), "").await;
    let (announced, code) = client.close_code().await;
    assert_eq!((code, announced.unwrap()["reconnect"].as_bool()), (4005, Some(true)));
}

#[tokio::test]
async fn a_refresh_moves_the_end_and_a_refused_one_leaves_it() {
    let config = GatewayConfig { token_grace: Duration::from_secs(0), ..GatewayConfig::default() };
    let node = Node::with(config).await;
    let (mut kept, mut refused) =
        (node.connect_with(&token("ada", 3), "").await, node.connect_with(&token("ada", 3), "").await);
    kept.say(json!({"type": "refresh", "token": token("ada", 600)})).await;
    assert_eq!(kept.next().await["type"], "token_refreshed");
    refused.say(json!({"type": "refresh", "token": token("eve", 600)})).await;
    assert_eq!(refused.next().await["code"], "refresh_refused");
    assert_eq!(refused.close_code().await.1, 4005);
    kept.say(json!({"type": "ping", "n": 1})).await;
    assert_eq!(kept.next().await["type"], "pong");
}

#[tokio::test]
async fn a_heartbeat_says_where_the_stream_stands() {
    let config = GatewayConfig { ping_interval: Duration::from_millis(60), ..GatewayConfig::default() };
    let node = Node::with(config).await;
    let (mut asking, mut watching) = (node.connect("ada").await, node.connect("ada").await);
    asking.ask("q-1", "answer").await;
    let last = asking.until_terminal().await.pop().unwrap();
    for (client, mut written) in [(&mut asking, last["offset"].as_u64().unwrap()), (&mut watching, 0)] {
        loop {
            let frame = client.next().await;
            let offset = frame["offset"].as_u64();
            match frame["type"].as_str() {
                Some("heartbeat") if offset == last["offset"].as_u64() => break,
                Some("heartbeat") => assert_eq!(offset, Some(written), "the last one written here"),
                _ => written = offset.unwrap_or(written),
            }
        }
    }
}

#[tokio::test]
async fn a_client_id_is_its_users_own() {
    let node = Node::start().await;
    let query = "?client_id=0190c9a4-0000-7000-8000-000000000001";
    let mut ada = node.connect_with(&token("ada", 60), query).await;
    let mut eve = node.connect_with(&token("eve", 60), query).await;
    for client in [&mut ada, &mut eve] {
        client.say(json!({"type": "ping", "n": 1})).await;
        assert_eq!(client.next().await["type"], "pong");
    }
}

#[tokio::test]
async fn a_stalled_reader_is_closed_and_holds_up_nobody() {
    let config = GatewayConfig {
        write_stall: Duration::from_millis(300),
        send_buffer_bytes: 8 * 1024,
        ..GatewayConfig::default()
    };
    let node = Node::with(config).await;
    let stalled = node.connect("ada").await;
    let mut reading = node.connect("ada").await;
    reading.ask("q-1", "flood 30 200000").await;
    let frames = reading.until_terminal().await;
    assert_eq!(frames.last().unwrap()["type"], "agent_completed");
    eventually("the stalled one is closed", || node.server.metrics().closes(4008) == 1).await;
    eventually("and gone", || node.server.manager().count() == 1).await;
    drop(stalled);
}

#[tokio::test]
async fn a_stalled_reader_does_not_outlive_its_token() {
    let config = GatewayConfig {
        write_stall: Duration::from_secs(60),
        send_buffer_bytes: 8 * 1024,
        token_grace: Duration::from_secs(0),
        ..GatewayConfig::default()
    };
    let node = Node::with(config).await;
    let stalled = node.connect_with(&token("ada", 2), "").await;
    let mut reading = node.connect("ada").await;
    reading.ask("q-1", "flood 30 200000").await;
    reading.until_terminal().await;
    eventually("the stalled one is closed", || node.server.metrics().closes(4005) == 1).await;
    drop(stalled);
}

#[tokio::test]
async fn a_drain_refuses_work_lets_runs_end_and_closes_everyone() {
    let config = GatewayConfig {
        drain_runs: Duration::from_millis(400),
        drain_total: Duration::from_secs(4),
        ..GatewayConfig::default()
    };
    let node = Node::with(config).await;
    let (mut busy, mut idle) = (node.connect("ada").await, node.connect("bob").await);
    busy.ask("q-1", "wait").await;
    busy.until("tool_executing").await;
    let drained = async { node.server.drain().await };
    let watched = async {
        let (announced, code) = idle.close_code().await;
        assert_eq!((code, announced.unwrap()["reconnect"].as_bool()), (4001, Some(true)));
        busy.ask("q-2", "answer").await;
        assert_eq!(busy.next().await["code"], "draining");
        assert_eq!(node.get("/ready", None).await.0, 503);
        let Err(Error::Http(refused)) = node.try_connect(Some(&token("cyd", 60)), "", &[]).await else {
            panic!("a socket while draining")
        };
        assert_eq!((refused.status().as_u16(), refused.headers().contains_key("retry-after")), (503, true));
        let frames = busy.until_terminal().await;
        assert_eq!(kinds(&frames), ["tool_completed", "agent_failed"]);
        let error = &frames.last().unwrap()["error"];
        assert_eq!((error["code"].as_str(), error["retryable"].as_bool()), (Some("interrupted"), Some(true)));
        assert_eq!(busy.close_code().await.1, 4001);
    };
    let (ended, ()) = tokio::join!(drained, watched);
    assert!(ended, "everything ended by itself");
}

#[tokio::test]
async fn a_stalled_reader_holds_up_no_drain_and_is_told() {
    let config = GatewayConfig {
        write_stall: Duration::from_secs(60),
        send_buffer_bytes: 8 * 1024,
        drain_runs: Duration::from_millis(100),
        drain_total: Duration::from_secs(4),
        ..GatewayConfig::default()
    };
    let node = Node::with(config).await;
    let stalled = node.connect("ada").await;
    let mut reading = node.connect("ada").await;
    reading.ask("q-1", "flood 30 200000").await;
    reading.until_terminal().await;
    let (ended, (_, code)) = tokio::join!(node.server.drain(), reading.close_code());
    assert!(ended, "within its time");
    assert_eq!((code, node.server.metrics().closes(4001)), (4001, 2));
    drop(stalled);
}

#[tokio::test]
async fn an_empty_node_drains_at_once() {
    let node = Node::start().await;
    let begun = std::time::Instant::now();
    assert!(node.server.drain().await);
    assert!(begun.elapsed() < Duration::from_secs(1));
}

#[tokio::test]
async fn a_dropped_node_drops_its_sockets() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "wait").await;
    client.until("tool_executing").await;
    drop(node);
    assert_eq!(client.close_code().await, (None, 1006));
    let _ = client.socket.close(None).await;
}

#[tokio::test]
async fn a_user_can_be_closed_with_a_reason() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    let user = UserId::new("ada").unwrap();
    assert_eq!(node.server.manager().close_user(&user, Ending::close(CloseCode::Revoked)), 1);
    assert_eq!(client.close_code().await.1, 4503);
}
