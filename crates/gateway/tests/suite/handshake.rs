//! Who gets a socket.

use crate::world::{Client, Node, token};
use base64::Engine;
use goldenpath_gateway::GatewayConfig;
use serde_json::{Value, json};
use tokio_tungstenite::tungstenite::Error;

fn refused(result: Result<Client, Error>) -> (u16, String, Option<String>) {
    let Err(Error::Http(response)) = result else { panic!("expected a refusal") };
    let body: Value = serde_json::from_slice(response.body().as_deref().unwrap_or_default()).unwrap();
    let retry = response.headers().get("retry-after").map(|value| value.to_str().unwrap().to_owned());
    assert!(body["error"]["message"].is_string());
    (response.status().as_u16(), body["error"]["code"].as_str().unwrap().to_owned(), retry)
}

#[tokio::test]
async fn the_greeting_says_where_the_stream_stands() {
    let node = Node::start().await;
    let client = node.connect("ada").await;
    let greeting = &client.greeting;
    assert_eq!(greeting["user_id"], "ada");
    assert_eq!((greeting["offset"].as_u64(), greeting["replay"].as_u64()), (Some(0), Some(0)));
    assert_eq!((greeting["recovered"].as_str(), greeting["acked"].as_u64()), (Some("fresh"), Some(0)));
    assert_eq!(greeting["ping_interval_ms"], 20_000);
    let defaults = json!({
        "connections_per_user": 10, "connections_per_ip": 100, "connections_per_node": 15_000,
        "message_bytes": 65_536, "messages_per_second": 20, "message_burst": 60,
        "refusals_to_close": 60, "refusal_window_ms": 10_000, "event_bytes": 262_144, "write_stall_ms": 10_000,
        "pong_timeout_ms": 8_000, "replay_events": 500, "runs_per_user": 5, "run_deadline_ms": 45_000,
        "token_grace_ms": 25_000, "drain_ms": 35_000
    });
    assert_eq!(greeting["limits"], defaults, "every default of the protocol that the gateway keeps");
    assert_eq!(client.protocol, None);
}

#[tokio::test]
async fn browsers_carry_the_token_as_a_subprotocol() {
    let node = Node::start().await;
    let token = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(token("ada", 60));
    let offer = format!("goldenpath.v1, jwt.{token}");
    let client = node.try_connect(None, "", &[("sec-websocket-protocol", &offer)]).await.unwrap();
    assert_eq!(client.protocol.as_deref(), Some("goldenpath.v1"));
}

#[tokio::test]
async fn bad_credentials_get_no_socket_and_one_text() {
    let node = Node::start().await;
    let good = token("ada", 60);
    for bad in [None, Some("x.y.z".to_owned()), Some(token("ada", -60))] {
        let (status, code, _) = refused(node.try_connect(bad.as_deref(), "", &[]).await);
        assert_eq!((status, code.as_str()), (401, "unauthorized"));
    }
    let (status, ..) = refused(node.try_connect(Some(&good), &format!("?token={good}"), &[]).await);
    assert_eq!(status, 401);
    let (status, ..) = refused(node.try_connect(Some(&good), "?colour=red", &[]).await);
    assert_eq!(status, 400);
    assert_eq!(node.server.manager().count(), 0);
    for path in ["/ws", "/threads"] {
        let (status, head, _) = node.get(path, None).await;
        assert!(status == 401 && head.contains("www-authenticate: bearer"), "{head}");
    }
}

#[tokio::test]
async fn foreign_origins_and_plain_requests_are_refused() {
    let node = Node::start().await;
    let good = token("ada", 60);
    let foreign = node.try_connect(Some(&good), "", &[("origin", "https://evil.example")]).await;
    assert_eq!(refused(foreign).0, 403);
    let own = format!("http://{}", node.addr);
    assert!(node.try_connect(Some(&good), "", &[("origin", &own)]).await.is_ok());
    assert_eq!(node.get("/ws", Some(&good)).await.0, 400);
}

#[tokio::test]
async fn limits_of_users_addresses_and_the_node_are_kept_and_given_back() {
    let limits = GatewayConfig { connections_per_user: 1, connections_per_ip: 2, ..GatewayConfig::default() };
    let node = Node::with(limits).await;
    let first = node.connect("ada").await;
    let (status, code, retry) = refused(node.try_connect(Some(&token("ada", 60)), "", &[]).await);
    assert_eq!((status, code.as_str(), retry.is_some()), (429, "user_limit", true));
    let _second = node.connect("bob").await;
    let (status, code, _) = refused(node.try_connect(Some(&token("cyd", 60)), "", &[]).await);
    assert_eq!((status, code.as_str()), (429, "ip_limit"));
    drop(first);
    crate::world::eventually("the place is given back", || node.server.manager().count() == 1).await;
    node.connect("ada").await;
    let node = Node::with(GatewayConfig { connections_per_node: 0, ..GatewayConfig::default() }).await;
    let (status, code, retry) = refused(node.try_connect(Some(&token("ada", 60)), "", &[]).await);
    assert_eq!((status, code.as_str(), retry.is_some()), (503, "node_limit", true));
}

#[tokio::test]
async fn a_trusted_proxy_names_its_clients() {
    let limits = GatewayConfig {
        connections_per_ip: 1,
        trusted_proxies: vec!["127.0.0.0/8".parse().unwrap()],
        ..GatewayConfig::default()
    };
    let node = Node::with(limits).await;
    let good = token("ada", 60);
    let _one = node.try_connect(Some(&good), "", &[("x-forwarded-for", "1.1.1.1")]).await.unwrap();
    let _two = node.try_connect(Some(&good), "", &[("x-forwarded-for", "1.1.1.1, 2.2.2.2")]).await.unwrap();
    let again = node.try_connect(Some(&good), "", &[("x-forwarded-for", "2.2.2.2")]).await;
    assert_eq!(refused(again).0, 429);
}

#[tokio::test]
async fn http_tells_health_readiness_and_metrics() {
    let node = Node::start().await;
    let _client = node.connect("ada").await;
    assert_eq!(node.get("/health", None).await.0, 200);
    let (status, _, ready) = node.get("/ready", None).await;
    assert_eq!((status, ready["store"].as_str(), ready["event_log"].as_str()), (200, Some("ok"), Some("ok")));
    let (status, _, page) = node.get("/metrics", None).await;
    assert!(status == 200 && page.as_str().unwrap().contains("goldenpath_connections 1"));
    let (status, _, body) = node.get("/nothing", None).await;
    assert_eq!((status, body["error"]["code"].as_str()), (404, Some("not_found")));
}
