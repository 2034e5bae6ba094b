//! HTTP over accepted sockets. By hand, since `axum::serve` gives a client all the time in the world for its request.

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use rustls::ServerConfig;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;

/// A socket that takes longer for the head of a request is closed.
const HEAD_TIMEOUT: Duration = Duration::from_secs(20);
/// A socket that takes longer for its TLS handshake is closed.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(10);
/// Between a failed accept and the next.
const AFTER_FAILURE: Duration = Duration::from_millis(50);
/// Sockets at once; more wait to be accepted.
const MOST_SOCKETS: usize = 4_096;
/// How long requests under way may take when the service stops.
const LAST_ANSWERS: Duration = Duration::from_secs(2);

/// Serves every socket until `stop` fires; then none is accepted, and requests under way are answered.
pub(crate) async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ServerConfig>>,
    router: Router,
    stop: CancellationToken,
) {
    let acceptor = tls.map(TlsAcceptor::from);
    let places = Arc::new(Semaphore::new(MOST_SOCKETS));
    loop {
        // Fails only when closed, which it never is.
        let place = Arc::clone(&places).acquire_owned().await.ok();
        let accepted = stop.run_until_cancelled(listener.accept()).await;
        let stream = match accepted {
            None => return,
            Some(Ok((stream, _))) => stream,
            Some(Err(error)) => {
                // A peer that left again, or no descriptors: then others must end first.
                tracing::warn!(%error, "failed to accept a connection");
                tokio::time::sleep(AFTER_FAILURE).await;
                continue;
            }
        };
        let (acceptor, router, stop) = (acceptor.clone(), router.clone(), stop.clone());
        // A task for each, handshake and all: who says nothing holds nobody up.
        tokio::spawn(async move {
            serve_socket(stream, acceptor, router, stop).await;
            drop(place);
        });
    }
}

async fn serve_socket(
    stream: TcpStream,
    acceptor: Option<TlsAcceptor>,
    router: Router,
    stop: CancellationToken,
) {
    // Without it the socket works, only slower to answer.
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(%error, "failed to set TCP_NODELAY");
    }
    let Some(acceptor) = acceptor else { return serve_http(stream, router, stop).await };
    let shaken = tokio::time::timeout(HANDSHAKE_TIMEOUT, acceptor.accept(stream));
    match stop.run_until_cancelled(shaken).await {
        Some(Ok(Ok(stream))) => serve_http(stream, router, stop).await,
        Some(Ok(Err(error))) => tracing::debug!(%error, "a TLS handshake failed"),
        Some(Err(_)) => tracing::debug!("a TLS handshake was not done in time"),
        None => {}
    }
}

async fn serve_http<S>(stream: S, router: Router, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let mut builder = http1::Builder::new();
    let _ = builder.timer(TokioTimer::new()).header_read_timeout(HEAD_TIMEOUT);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router)));
    if let Some(ended) = stop.run_until_cancelled(served.as_mut()).await {
        if let Err(error) = ended {
            tracing::debug!(%error, "an HTTP connection failed");
        }
        return;
    }
    served.as_mut().graceful_shutdown();
    let _ = tokio::time::timeout(LAST_ANSWERS, served).await;
}
