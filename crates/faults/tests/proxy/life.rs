//! TLS, a backend that is away, and the end.

use crate::support::{SWITCHING, head, listener, proxied, raw, read, soon};
use goldenpath_faults::{Plan, Proxy, ProxyError};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::sync::Arc;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// A certificate of `localhost` and its key, made for this test alone.
const CERTIFICATE: &[u8] = include_bytes!("fixtures/localhost.pem");
const KEY: &[u8] = include_bytes!("fixtures/localhost.key");

fn acceptor() -> tokio_rustls::TlsAcceptor {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(
            vec![CertificateDer::from_pem_slice(CERTIFICATE).unwrap()],
            PrivateKeyDer::from_pem_slice(KEY).unwrap(),
        )
        .unwrap();
    tokio_rustls::TlsAcceptor::from(Arc::new(config))
}

#[tokio::test]
async fn a_backend_behind_tls_is_reached_by_its_certificate() {
    let backend = listener().await;
    let url = format!("wss://localhost:{}/ws", backend.local_addr().unwrap().port());
    let plan = Plan::aware(1).trusting(CERTIFICATE);
    let proxy = Proxy::start(listener().await, &url, plan).await.unwrap();
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(crate::support::ASKING.as_bytes()).await.unwrap();
    let (stream, _) = soon("the proxy", backend.accept()).await.unwrap();
    let mut server = soon("TLS", acceptor().accept(stream)).await.unwrap();
    head(&mut server).await;
    server.write_all(SWITCHING.as_bytes()).await.unwrap();
    head(&mut client).await;
    server.write_all(b"\x81\x02hi").await.unwrap();
    assert_eq!(read(&mut client, 4).await, b"\x81\x02hi");
}

#[tokio::test]
async fn a_backend_with_a_strange_certificate_is_not() {
    let backend = listener().await;
    let url = format!("wss://localhost:{}/ws", backend.local_addr().unwrap().port());
    let proxy = Proxy::start(listener().await, &url, Plan::aware(1)).await;
    // A machine without any certificate to trust says so at once.
    let Ok(proxy) = proxy else { return };
    let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
    client.write_all(crate::support::ASKING.as_bytes()).await.unwrap();
    let (stream, _) = soon("the proxy", backend.accept()).await.unwrap();
    assert!(soon("TLS", acceptor().accept(stream)).await.is_err());
    assert_eq!(soon("the end", client.read(&mut [0; 8])).await.unwrap_or(0), 0);
}

#[tokio::test]
async fn a_backend_that_is_away_looks_away() {
    for plan in [Plan::aware(1), Plan::passthrough(1)] {
        let (backend, proxy, _) = proxied(plan).await;
        drop(backend);
        let mut client = TcpStream::connect(proxy.addr()).await.unwrap();
        // The socket may be gone before all is written.
        let _ = client.write_all(crate::support::ASKING.as_bytes()).await;
        assert_eq!(soon("the end", client.read(&mut [0; 8])).await.unwrap_or(0), 0);
    }
}

#[tokio::test]
async fn an_address_of_no_use_is_refused() {
    for url in ["ftp://x/", "nonsense", "ws://user:secret@x/ws", "/ws"] {
        let why = Proxy::start(listener().await, url, Plan::aware(1)).await.unwrap_err();
        assert!(matches!(why, ProxyError::Upstream { .. }), "{url}: {why}");
    }
}

#[tokio::test]
async fn a_proxy_that_is_dropped_ends_its_connections() {
    let (backend, proxy, _) = proxied(Plan::aware(1)).await;
    let addr = proxy.addr();
    let mut sockets = raw(&backend, &proxy).await;
    drop(proxy);
    assert_eq!(soon("the client's end", sockets.client.read(&mut [0; 8])).await.unwrap_or(0), 0);
    assert_eq!(soon("the backend's end", sockets.server.read(&mut [0; 8])).await.unwrap_or(0), 0);
    soon("the end of listening", async { while TcpStream::connect(addr).await.is_ok() {} }).await;
}
