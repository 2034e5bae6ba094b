//! Sockets below the protocol: who asks nothing, or slowly, takes nobody's place for long.

use crate::world::{Node, PATIENCE};
use goldenpath_gateway::GatewayConfig;
use serde_json::json;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

#[tokio::test]
async fn a_socket_that_does_not_finish_its_request_is_closed_and_a_websocket_stays() {
    let head_timeout = Duration::from_millis(200);
    let node = Node::with(GatewayConfig { head_timeout, ..GatewayConfig::default() }).await;
    let mut client = node.connect("ada").await;
    let whole = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    for sent in ["", "GET /health HTTP/1.1\r\nHost: x\r\nX-Slow:", whole] {
        let mut socket = TcpStream::connect(node.addr).await.unwrap();
        socket.write_all(sent.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        let closed = tokio::time::timeout(PATIENCE, socket.read_to_end(&mut answer)).await;
        closed.unwrap_or_else(|_| panic!("`{sent}` is waited for without end")).unwrap();
        assert_eq!(answer.starts_with(b"HTTP/1.1 200"), sent == whole);
    }
    client.say(json!({"type": "ping", "n": 1})).await;
    assert_eq!(client.next().await["type"], "pong");
}

#[tokio::test]
async fn more_sockets_than_allowed_wait_for_one_to_leave() {
    let node = Node::with(GatewayConfig { sockets_per_node: 2, ..GatewayConfig::default() }).await;
    let (first, _second) =
        (TcpStream::connect(node.addr).await.unwrap(), TcpStream::connect(node.addr).await.unwrap());
    let mut third = Box::pin(node.get("/health", None));
    assert!(tokio::time::timeout(Duration::from_millis(300), &mut third).await.is_err(), "there is no place");
    drop(first);
    assert_eq!(tokio::time::timeout(PATIENCE, third).await.unwrap().0, 200);
}
