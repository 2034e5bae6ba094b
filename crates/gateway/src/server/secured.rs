//! TLS on an accepted socket: a handshake that must not take for ever, and a goodbye that TLS wants said.

use super::listener::CountedStream;
use rustls::ServerConfig;
use std::future::{Future, poll_fn};
use std::io;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Begins TLS.
#[derive(Clone)]
pub(super) struct Handshake {
    acceptor: TlsAcceptor,
    within: Duration,
}

impl Handshake {
    pub(super) fn new(config: Arc<ServerConfig>, within: Duration) -> Self {
        Self { acceptor: TlsAcceptor::from(config), within }
    }

    /// The socket as it is above TLS. A failed one is closed, after the peer was told why where TLS has words for it.
    pub(super) async fn shake(&self, stream: CountedStream) -> io::Result<SecuredStream> {
        match tokio::time::timeout(self.within, self.acceptor.accept(stream)).await {
            Ok(shaken) => Ok(SecuredStream(shaken?)),
            Err(_) => Err(io::Error::new(io::ErrorKind::TimedOut, "it was not done in time")),
        }
    }
}

/// A socket under TLS that says `close_notify` when it is dropped: an upgraded socket is let go by a drop alone, and to its peer
/// an end without these words is an attack.
pub(super) struct SecuredStream(TlsStream<CountedStream>);

impl AsyncRead for SecuredStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_read(cx, buf)
    }
}

impl AsyncWrite for SecuredStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.get_mut().0).poll_write(cx, buf)
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.get_mut().0).poll_shutdown(cx)
    }
}

impl Drop for SecuredStream {
    fn drop(&mut self) {
        // As much as the kernel takes at once; a peer that reads nothing would not read this either. Not to be held back by how much
        // the task has done before.
        let goodbye = poll_fn(|cx| Pin::new(&mut self.0).poll_shutdown(cx));
        let mut goodbye = pin!(tokio::task::unconstrained(goodbye));
        let _ = goodbye.as_mut().poll(&mut Context::from_waker(Waker::noop()));
    }
}
