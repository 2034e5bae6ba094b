//! HTTP over accepted sockets. By hand, since `axum::serve` gives a client all the time in the world for its request.

use super::listener::{CountedStream, GatewayListener, Peer};
use super::secured::Handshake;
use axum::Router;
use axum::extract::ConnectInfo;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::{Service, service_fn};
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_util::sync::CancellationToken;

/// Serves every socket until `stop` fires; then none is accepted, and requests under way are answered.
pub(super) async fn serve(
    mut listener: GatewayListener,
    handshake: Option<Handshake>,
    router: Router,
    head_timeout: Duration,
    stop: CancellationToken,
) {
    while let Some((stream, peer)) = stop.run_until_cancelled(listener.accept()).await {
        let (handshake, router, stop) = (handshake.clone(), router.clone(), stop.clone());
        // A task for each, handshake and all: who says nothing holds nobody up.
        tokio::spawn(serve_socket(stream, handshake, peer, router, head_timeout, stop));
    }
}

async fn serve_socket(
    stream: CountedStream,
    handshake: Option<Handshake>,
    peer: Peer,
    router: Router,
    head_timeout: Duration,
    stop: CancellationToken,
) {
    let Some(handshake) = handshake else {
        return serve_http(stream, peer, router, head_timeout, stop).await;
    };
    match stop.run_until_cancelled(handshake.shake(stream)).await {
        Some(Ok(stream)) => serve_http(stream, peer, router, head_timeout, stop).await,
        Some(Err(error)) => tracing::debug!(%error, peer = %peer.address, "a TLS handshake failed"),
        None => {}
    }
}

async fn serve_http<S>(stream: S, peer: Peer, router: Router, head_timeout: Duration, stop: CancellationToken)
where
    S: AsyncRead + AsyncWrite + Send + Unpin + 'static,
{
    let router = TowerToHyperService::new(router);
    let service = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(ConnectInfo(peer.clone()));
        router.call(request)
    });
    let mut builder = http1::Builder::new();
    let _ = builder.timer(TokioTimer::new()).header_read_timeout(head_timeout);
    let mut served = pin!(builder.serve_connection(TokioIo::new(stream), service).with_upgrades());
    let ended = match stop.run_until_cancelled(served.as_mut()).await {
        Some(ended) => ended,
        None => {
            served.as_mut().graceful_shutdown();
            served.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "an HTTP connection failed");
    }
}
