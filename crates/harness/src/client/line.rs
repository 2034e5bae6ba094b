//! The transport under a client, with a valve: what a driver can do to a link without a word of WebSocket.

use std::io;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;

/// What passes a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Passing {
    #[default]
    BothWays,
    /// Nothing is read: what comes waits with its sender.
    OnlyOut,
    /// What is written is dropped on the way.
    OnlyIn,
    /// Neither, and both sides stay open.
    Nothing,
    /// Neither, and the transport ends.
    Cut,
}

/// Decides what passes a [`Line`]; cheap to clone.
#[derive(Debug, Clone, Default)]
pub(super) struct Valve(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    passing: Passing,
    /// Who waits to read, and looks again when this changes.
    reader: Option<Waker>,
}

impl Valve {
    pub(super) fn set(&self, passing: Passing) {
        let reader = {
            let mut state = self.state();
            state.passing = passing;
            state.reader.take()
        };
        if let Some(reader) = reader {
            reader.wake();
        }
    }

    /// Whether silence is the target's: not when nothing is read.
    pub(super) fn reads(&self) -> bool {
        matches!(self.state().passing, Passing::BothWays | Passing::OnlyIn)
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What passes now; `cx` is woken when that changes.
    fn watch(&self, cx: &Context<'_>) -> Passing {
        let mut state = self.state();
        match &mut state.reader {
            Some(reader) => reader.clone_from(cx.waker()),
            none => *none = Some(cx.waker().clone()),
        }
        state.passing
    }

    fn passing(&self) -> Passing {
        self.state().passing
    }
}

/// A TCP connection behind a valve.
#[derive(Debug)]
pub(crate) struct Line {
    /// `None` once it was cut.
    tcp: Option<TcpStream>,
    valve: Valve,
}

impl Line {
    pub(super) fn new(tcp: TcpStream, valve: Valve) -> Self {
        Self { tcp: Some(tcp), valve }
    }
}

impl AsyncRead for Line {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        match self.valve.watch(cx) {
            Passing::OnlyOut | Passing::Nothing => return Poll::Pending,
            Passing::Cut => self.tcp = None,
            Passing::BothWays | Passing::OnlyIn => {}
        }
        match &mut self.tcp {
            Some(tcp) => Pin::new(tcp).poll_read(cx, buffer),
            // The end of the stream.
            None => Poll::Ready(Ok(())),
        }
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        match self.valve.passing() {
            Passing::OnlyIn | Passing::Nothing => return Poll::Ready(Ok(bytes.len())),
            Passing::Cut => self.tcp = None,
            Passing::BothWays | Passing::OnlyOut => {}
        }
        match &mut self.tcp {
            Some(tcp) => Pin::new(tcp).poll_write(cx, bytes),
            None => Poll::Ready(Err(io::ErrorKind::BrokenPipe.into())),
        }
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match &mut self.tcp {
            Some(tcp) => Pin::new(tcp).poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        // An end of the transport is something that arrives, too.
        if matches!(self.valve.passing(), Passing::OnlyIn | Passing::Nothing) {
            return Poll::Ready(Ok(()));
        }
        match &mut self.tcp {
            Some(tcp) => Pin::new(tcp).poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
