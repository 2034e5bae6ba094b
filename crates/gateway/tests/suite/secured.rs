//! A node that speaks TLS itself.

use crate::world::{Client, Node, PATIENCE, events, token};
use goldenpath_gateway::GatewayConfig;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore, ServerConfig, SupportedProtocolVersion};
use serde_json::json;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

type Issuer = CertifiedIssuer<'static, KeyPair>;

fn authority() -> Issuer {
    let mut params = CertificateParams::default();
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap()
}

/// What a node shows that the authority knows as `localhost`.
fn certified(by: &Issuer) -> ServerConfig {
    let key = KeyPair::generate().unwrap();
    let certificate = CertificateParams::new(["localhost".to_owned()]).unwrap().signed_by(&key, by).unwrap();
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], key.into())
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    config
}

fn provider() -> Arc<rustls::crypto::CryptoProvider> {
    Arc::new(rustls::crypto::aws_lc_rs::default_provider())
}

/// TLS with a node, by who trusts an authority and knows some versions.
async fn shake(
    node: &Node,
    trusted: &Issuer,
    versions: &[&'static SupportedProtocolVersion],
) -> io::Result<TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(trusted.der().clone()).unwrap();
    let mut config = ClientConfig::builder_with_provider(provider())
        .with_protocol_versions(versions)
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let stream = TcpStream::connect(node.addr).await.unwrap();
    let name = ServerName::try_from("localhost").unwrap();
    let shaking = TlsConnector::from(Arc::new(config)).connect(name, stream);
    tokio::time::timeout(PATIENCE, shaking).await.expect("a handshake within the deadline")
}

async fn connect(node: &Node, trusted: &Issuer) -> Client<TlsStream<TcpStream>> {
    greeted(node, shake(node, trusted, rustls::ALL_VERSIONS).await.unwrap()).await
}

async fn greeted(node: &Node, stream: TlsStream<TcpStream>) -> Client<TlsStream<TcpStream>> {
    let mut client = node.upgrade(stream, Some(&token("ada", 600)), "", &[]).await.unwrap();
    client.greeting = client.next().await;
    client
}

/// The peer said in TLS that it ends, so that nobody else can have cut what it had to say.
async fn assert_ends_as_tls_wants(client: Client<TlsStream<TcpStream>>) {
    let mut rest = Vec::new();
    let mut stream = client.socket.into_inner();
    let read = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut rest)).await;
    read.expect("an end within the deadline").expect("`close_notify` before the end");
    assert_eq!(rest, b"");
}

#[tokio::test]
async fn who_trusts_the_authority_is_served_in_both_versions() {
    let authority = authority();
    let node = Node::secured(certified(&authority), GatewayConfig::default()).await;
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let stream = shake(&node, &authority, &[version]).await.unwrap();
        let session = stream.get_ref().1;
        assert_eq!(session.protocol_version(), Some(version.version));
        assert_eq!(session.alpn_protocol(), Some(b"http/1.1".as_slice()));
        let mut client = greeted(&node, stream).await;
        client.ask(&format!("r-{:?}", version.version), "play").await;
        assert_eq!(events(&client.until_terminal().await).last().unwrap()["type"], "agent_completed");
    }
}

#[tokio::test]
async fn who_trusts_another_authority_leaves_and_others_are_served() {
    let trusted = authority();
    let node = Node::secured(certified(&trusted), GatewayConfig::default()).await;
    let refused = shake(&node, &authority(), rustls::ALL_VERSIONS).await.unwrap_err();
    assert!(refused.to_string().contains("invalid peer certificate"), "{refused}");
    connect(&node, &trusted).await;
}

#[tokio::test]
async fn http_without_tls_is_ended_at_once_and_others_are_served() {
    let authority = authority();
    let node = Node::secured(certified(&authority), GatewayConfig::default()).await;
    let mut plain = TcpStream::connect(node.addr).await.unwrap();
    plain.write_all(b"GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let ended = tokio::time::timeout(PATIENCE, plain.read_to_end(&mut answer)).await;
    // A reset is an end, too: what it still sent was read by nobody.
    let _ = ended.expect("an end, long before that of a slow handshake");
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    connect(&node, &authority).await;
}

#[tokio::test]
async fn nobody_waits_for_the_handshake_of_another() {
    let (authority, long) = (authority(), Duration::from_secs(600));
    let config = GatewayConfig { handshake_timeout: long, ..GatewayConfig::default() };
    let node = Node::secured(certified(&authority), config).await;
    let mut silent = Vec::new();
    for _ in 0..64 {
        silent.push(TcpStream::connect(node.addr).await.unwrap());
    }
    connect(&node, &authority).await;
}

#[tokio::test]
async fn a_handshake_that_does_not_end_gives_its_place_back() {
    let authority = authority();
    let config = GatewayConfig {
        sockets_per_node: 4,
        handshake_timeout: Duration::from_millis(200),
        ..GatewayConfig::default()
    };
    let node = Node::secured(certified(&authority), config).await;
    let mut slow = Vec::new();
    for _ in 0..4 {
        let mut stream = TcpStream::connect(node.addr).await.unwrap();
        // The head of a record, and the rest of it never.
        stream.write_all(&[0x16, 0x03, 0x01, 0x02, 0x00, 0x01]).await.unwrap();
        slow.push(stream);
    }
    connect(&node, &authority).await;
    for stream in &mut slow {
        let ended = tokio::time::timeout(PATIENCE, stream.read_to_end(&mut Vec::new())).await;
        let _ = ended.expect("the slow one is closed");
    }
}

#[tokio::test]
async fn a_close_says_its_code_and_ends_as_tls_wants() {
    let authority = authority();
    let config = GatewayConfig {
        messages_per_second: 1,
        message_burst: 1,
        refusals_to_close: 1,
        ..GatewayConfig::default()
    };
    let node = Node::secured(certified(&authority), config).await;
    let mut client = connect(&node, &authority).await;
    for n in 0..3 {
        client.say(json!({"type": "ping", "n": n})).await;
    }
    let (announced, code) = client.close_code().await;
    assert_eq!((code, announced.unwrap()["code"].as_u64()), (4013, Some(4013)));
    assert_ends_as_tls_wants(client).await;
}

#[tokio::test]
async fn a_drain_closes_every_secured_socket() {
    let authority = authority();
    let config = GatewayConfig {
        drain_runs: Duration::from_millis(300),
        drain_total: Duration::from_secs(4),
        ..GatewayConfig::default()
    };
    let node = Node::secured(certified(&authority), config).await;
    let mut client = connect(&node, &authority).await;
    let silent = TcpStream::connect(node.addr).await.unwrap();
    let (ended, (announced, code)) = tokio::join!(node.server.drain(), client.close_code());
    assert!(ended, "a handshake under way holds up no drain");
    assert_eq!((code, announced.unwrap()["code"].as_u64()), (4001, Some(4001)));
    assert_ends_as_tls_wants(client).await;
    drop(silent);
}

#[tokio::test]
async fn a_message_in_the_smallest_pieces_is_read_to_its_end() {
    let authority = authority();
    let config = GatewayConfig { message_bytes: 64, ..GatewayConfig::default() };
    let node = Node::secured(certified(&authority), config).await;
    let mut client = connect(&node, &authority).await;
    // Four times the limit is still read, to be refused by name, though a record around each byte makes it thirty times as much.
    let stream = client.socket.get_mut();
    for index in 0..250 {
        let head = match index {
            0 => 0x01,
            249 => 0x80,
            _ => 0x00,
        };
        stream.write_all(&[head, 0x81, 0, 0, 0, 0, b'x']).await.unwrap();
        stream.flush().await.unwrap();
    }
    let refused = client.next().await;
    assert_eq!((refused["type"].as_str(), refused["code"].as_str()), (Some("error"), Some("too_large")));
}
