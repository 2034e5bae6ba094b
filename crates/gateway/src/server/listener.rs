//! Accepted sockets, with what a WebSocket above them cannot see: bytes that the kernel took, bytes of a message
//! that never ends, and how the socket is let go.

use crate::config::GatewayConfig;
use axum::serve::Listener;
use socket2::SockRef;
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// How long a peer may take to read our last words before the socket is gone.
const LINGER: Duration = Duration::from_secs(1);

/// Fragments of one byte carry six bytes of header each …
const PER_BYTE: usize = 8;
/// … and in TLS a record of their own, which adds 22, or 29 before version 1.3.
const PER_ENCRYPTED_BYTE: usize = 40;

const PLAIN: u8 = 0;
const RESET: u8 = 1;
const LINGERING: u8 = 2;

/// What is known about a socket below its protocol.
#[derive(Debug)]
pub(crate) struct Wire {
    written: AtomicU64,
    unfinished: AtomicUsize,
    most_unfinished: AtomicUsize,
    parting: AtomicU8,
    /// What a message's byte may take here, at most: a fragment of its own.
    per_byte: usize,
}

impl Wire {
    fn new(encrypted: bool) -> Self {
        Self {
            written: AtomicU64::new(0),
            unfinished: AtomicUsize::new(0),
            most_unfinished: AtomicUsize::new(usize::MAX),
            parting: AtomicU8::new(PLAIN),
            per_byte: if encrypted { PER_ENCRYPTED_BYTE } else { PER_BYTE },
        }
    }

    /// Bytes that the kernel took so far: what moves here is progress.
    pub(crate) fn written(&self) -> u64 {
        self.written.load(Ordering::Acquire)
    }

    /// From now on, more than a message of so many bytes can take, without a whole one, is an error: endless fragments end somewhere.
    pub(crate) fn limit_message(&self, bytes: usize) {
        self.most_unfinished.store(bytes.saturating_mul(self.per_byte), Ordering::Release);
        self.message_read();
    }

    /// A message is whole.
    pub(crate) fn message_read(&self) {
        self.unfinished.store(0, Ordering::Release);
    }

    /// The socket is reset when it is dropped: nothing that waits in it is sent.
    pub(crate) fn reset(&self) {
        self.parting.store(RESET, Ordering::Release);
    }

    /// When the socket is dropped, the peer may read to the end first, though it sends what nobody reads.
    pub(crate) fn linger(&self) {
        self.parting.store(LINGERING, Ordering::Release);
    }
}

/// A TCP socket that counts.
#[derive(Debug)]
pub(crate) struct CountedStream {
    // `None` only while it is dropped.
    stream: Option<TcpStream>,
    wire: Arc<Wire>,
    /// Given back with the socket.
    _place: Option<OwnedSemaphorePermit>,
}

impl CountedStream {
    fn parts(&mut self) -> io::Result<(Pin<&mut TcpStream>, &Wire)> {
        match &mut self.stream {
            Some(stream) => Ok((Pin::new(stream), &self.wire)),
            None => Err(io::ErrorKind::NotConnected.into()),
        }
    }
}

impl AsyncRead for CountedStream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let (stream, wire) = self.get_mut().parts()?;
        let before = buf.filled().len();
        let polled = stream.poll_read(cx, buf);
        let read = buf.filled().len() - before;
        if read > 0 {
            let unfinished = wire.unfinished.fetch_add(read, Ordering::AcqRel).saturating_add(read);
            if unfinished > wire.most_unfinished.load(Ordering::Acquire) {
                return Poll::Ready(Err(io::Error::new(
                    io::ErrorKind::InvalidData,
                    "a message does not end",
                )));
            }
        }
        polled
    }
}

impl AsyncWrite for CountedStream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        let (stream, wire) = self.get_mut().parts()?;
        let polled = stream.poll_write(cx, buf);
        if let Poll::Ready(Ok(count)) = &polled {
            wire.written.fetch_add(*count as u64, Ordering::AcqRel);
        }
        polled
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().parts()?.0.poll_flush(cx)
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.get_mut().parts()?.0.poll_shutdown(cx)
    }
}

impl Drop for CountedStream {
    fn drop(&mut self) {
        let Some(stream) = self.stream.take() else { return };
        match self.wire.parting.load(Ordering::Acquire) {
            RESET => {
                // A linger of zero makes the close a reset. Should it fail, the close is an ordinary one.
                let _ = SockRef::from(&stream).set_linger(Some(Duration::ZERO));
            }
            LINGERING => {
                if let Ok(runtime) = tokio::runtime::Handle::try_current() {
                    runtime.spawn(tokio::time::timeout(LINGER, read_out(stream)));
                }
            }
            _ => {}
        }
    }
}

/// Reads what the peer still sends, so that the kernel does not answer it with a reset that overtakes our Close.
async fn read_out(mut stream: TcpStream) {
    let _ = stream.shutdown().await;
    let mut rest = [0; 2048];
    while matches!(stream.read(&mut rest).await, Ok(count) if count > 0) {}
}

/// Who is at the other end of an accepted socket.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    pub(crate) wire: Arc<Wire>,
}

/// A listener whose sockets answer at once and buffer little, and that takes no more than so many.
#[derive(Debug)]
pub(crate) struct GatewayListener {
    tcp: TcpListener,
    send_buffer_bytes: usize,
    encrypted: bool,
    places: Arc<Semaphore>,
}

impl GatewayListener {
    pub(super) fn new(tcp: TcpListener, encrypted: bool, config: &GatewayConfig) -> Self {
        let places = Semaphore::new(config.sockets_per_node.clamp(1, Semaphore::MAX_PERMITS));
        Self { tcp, send_buffer_bytes: config.send_buffer_bytes, encrypted, places: Arc::new(places) }
    }

    /// The next socket. While there is no place for it, the kernel keeps it waiting.
    pub(super) async fn accept(&mut self) -> (CountedStream, Peer) {
        // Fails only when closed, which it never is.
        let place = Arc::clone(&self.places).acquire_owned().await.ok();
        // axum's accept waits out exhausted descriptors.
        let (stream, address) = Listener::accept(&mut self.tcp).await;
        // Without these the socket works, only slower to answer or slower to notice a stalled reader.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%error, "failed to set TCP_NODELAY");
        }
        if let Err(error) = SockRef::from(&stream).set_send_buffer_size(self.send_buffer_bytes) {
            tracing::debug!(%error, "failed to set SO_SNDBUF");
        }
        let wire = Arc::new(Wire::new(self.encrypted));
        let stream = CountedStream { stream: Some(stream), wire: Arc::clone(&wire), _place: place };
        (stream, Peer { address, wire })
    }
}
