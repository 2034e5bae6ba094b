//! What clients say, rightly or wrongly.

use crate::world::{Client, Node, token, token_of_tier};
use goldenpath_gateway::GatewayConfig;
use serde_json::json;
use tokio::io::AsyncWriteExt;
use tokio_tungstenite::tungstenite::Message;

async fn error_code(client: &mut Client) -> String {
    client.until("error").await.last().unwrap()["code"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn bad_frames_are_named_and_three_in_a_row_close() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    let big = Message::text(json!({"type": "ping", "n": 1, "pad": "x".repeat(70_000)}).to_string());
    for (message, code) in [
        (Message::text("{"), "bad_json"),
        (Message::binary(vec![1, 2, 3]), "binary_frame"),
        (Message::text("{\"type\":\"ping\",\"n\":1}"), ""),
        (Message::text("{\"type\":\"dance\"}"), "unknown_type"),
        (big, "too_large"),
    ] {
        client.send(message).await;
        if code.is_empty() {
            assert_eq!(client.next().await["type"], "pong");
        } else {
            assert_eq!(error_code(&mut client).await, code);
        }
    }
    client.send(Message::text("[]")).await;
    assert_eq!(error_code(&mut client).await, "wrong_type");
    let (announced, code) = client.close_code().await;
    let announced = announced.unwrap();
    assert_eq!(
        (code, announced["code"].as_u64(), announced["reconnect"].as_bool()),
        (4501, Some(4501), Some(false))
    );
    crate::world::eventually("the close is counted", || node.server.metrics().closes(4501) == 1).await;
}

/// Five messages, five refusals, and no more.
fn strict() -> GatewayConfig {
    GatewayConfig {
        messages_per_second: 1,
        message_burst: 5,
        refusals_to_close: 5,
        ..GatewayConfig::default()
    }
}

#[tokio::test]
async fn a_flood_of_websocket_pings_is_one_of_messages() {
    let node = Node::with(strict()).await;
    let mut client = node.connect("ada").await;
    for n in 0..12 {
        client.send(Message::Ping(vec![n].into())).await;
    }
    for _ in 0..5 {
        assert_eq!(client.next().await["code"], "rate_limited");
    }
    let (announced, code) = client.close_code().await;
    assert_eq!((code, announced.unwrap()["reconnect"].as_bool()), (4013, Some(true)));
}

#[tokio::test]
async fn a_refused_request_is_named_and_its_id_unused() {
    let node = Node::with(strict()).await;
    let mut client = node.connect("ada").await;
    for n in 0..5 {
        client.say(json!({"type": "ping", "n": n})).await;
    }
    client.ask("q-1", "answer").await;
    client.say(json!({"type": "ping", "n": 5})).await;
    let refused = client.until("error").await.pop().unwrap();
    assert_eq!(
        (refused["code"].as_str(), refused["request_id"].as_str()),
        (Some("rate_limited"), Some("q-1"))
    );
    let refused = client.next().await;
    assert_eq!((refused["code"].as_str(), refused.get("request_id")), (Some("rate_limited"), None));
    let mut rested = node.connect("ada").await;
    rested.ask("q-1", "answer").await;
    assert_eq!(rested.until("request_accepted").await.pop().unwrap()["duplicate"], false);
}

#[tokio::test]
async fn a_flood_is_refused_and_then_closed() {
    let node = Node::with(strict()).await;
    let mut client = node.connect("ada").await;
    for n in 0..12 {
        client.say(json!({"type": "ping", "n": n})).await;
    }
    for _ in 0..5 {
        assert_eq!(client.next().await["type"], "pong");
    }
    for _ in 0..5 {
        assert_eq!(client.next().await["code"], "rate_limited");
    }
    let (announced, code) = client.close_code().await;
    assert_eq!((code, announced.unwrap()["reconnect"].as_bool()), (4013, Some(true)));
}

#[tokio::test]
async fn a_message_far_beyond_the_limit_closes_1009() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    client.send(Message::text("x".repeat(300_000))).await;
    assert_eq!(client.close_code().await, (None, 1009));
}

#[tokio::test]
async fn broken_websocket_closes_1002_and_broken_text_1007() {
    let node = Node::start().await;
    // A reserved opcode, and a text that is no UTF-8; both masked with zeros.
    for (bytes, code) in
        [(&[0x83, 0x80, 0, 0, 0, 0][..], 1002), (&[0x81, 0x82, 0, 0, 0, 0, 0xc3, 0x28][..], 1007)]
    {
        let mut client = node.connect("ada").await;
        client.socket.get_mut().write_all(bytes).await.unwrap();
        assert_eq!(client.close_code().await, (None, code));
    }
}

#[tokio::test]
async fn endless_empty_fragments_end() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    let mut fragments = Vec::new();
    for _ in 0..10_000 {
        fragments.extend([0x00, 0x80, 0, 0, 0, 0]);
    }
    let socket = client.socket.get_mut();
    socket.write_all(&[0x01, 0x80, 0, 0, 0, 0]).await.unwrap();
    let mut failed = false;
    for _ in 0..60 {
        failed |= socket.write_all(&fragments).await.is_err();
    }
    let (_, code) = client.close_code().await;
    assert!(failed || code == 1009, "{code}");
    crate::world::eventually("the connection is gone", || node.server.manager().count() == 0).await;
}

#[tokio::test]
async fn a_refresh_takes_only_the_own_users_good_token() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    for bad in [token("eve", 60), token("ada", -60), "rubbish".to_owned()] {
        client.say(json!({"type": "refresh", "token": bad})).await;
        assert_eq!(error_code(&mut client).await, "refresh_refused");
    }
    client.say(json!({"type": "refresh", "token": token("ada", 900)})).await;
    let refreshed = client.next().await;
    assert_eq!(refreshed["type"], "token_refreshed");
    assert!(refreshed["token_expires_at"].as_str() > client.greeting["token_expires_at"].as_str());
}

#[tokio::test]
async fn a_refresh_brings_its_tier_with_it() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    for (request, tier) in [("q-1", "mid"), ("q-2", "enterprise"), ("q-3", "free")] {
        client.say(json!({"type": "refresh", "token": token_of_tier("ada", 600, tier)})).await;
        assert_eq!(client.next().await["type"], "token_refreshed");
        client.ask(request, "tier").await;
        let told = client.until("agent_thinking").await;
        assert_eq!(told.last().unwrap()["reasoning"], tier);
        client.until_terminal().await;
    }
}
