//! The reading task: stamps each frame as it comes, hands it to the recorder, and keeps the view up to date.

use super::{Shared, Ws};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use futures_util::stream::{SplitStream, StreamExt as _};
use goldenpath_history::{ClosedBy, Direction, RecordKind};
use std::borrow::Cow;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::time::{Instant, MissedTickBehavior, interval};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::protocol::CloseFrame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;

/// How often silence is looked at.
const WATCH: Duration = Duration::from_secs(1);

/// How long the socket may take to end after a Close.
const LINGER: Duration = Duration::from_secs(5);

/// Reads until the connection ends.
pub(super) async fn read(mut stream: SplitStream<Ws>, shared: Arc<Shared>) {
    let mut watch = interval(WATCH);
    watch.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let mut alive = Instant::now();
    let mut frames = 0;
    loop {
        let next = tokio::select! {
            biased;
            next = stream.next() => next,
            _ = watch.tick() => {
                if frames != seen(&shared) || !shared.valve.reads() {
                    frames = seen(&shared);
                    alive = Instant::now();
                // Who has closed waits for the answer by a deadline of its own.
                } else if !shared.closing.load(Ordering::Acquire) && silent_too_long(&shared, alive) {
                    return shared.end(None, "no frame for two ping intervals", ClosedBy::Client);
                }
                continue;
            }
        };
        match next {
            Some(Ok(Message::Text(text))) => {
                let lost = {
                    // Under one lock with the end: no frame is recorded behind its connection's end.
                    let mut view = shared.view();
                    if view.closed.is_some() {
                        return;
                    }
                    let t_ns = shared.recorder.text_in(shared.conn, &shared.user, text.as_str());
                    view.see(t_ns, text.as_str());
                    shared.lost_after == Some(view.frames)
                };
                if lost {
                    return lose(stream, &shared).await;
                }
                shared.seen.notify_waiters();
                shared.recorder.catch_up().await;
            }
            Some(Ok(Message::Binary(bytes))) => other(&shared, binary(&shared, &bytes), "binary"),
            // WebSocket's own pings show that the peer lives; they carry nothing to judge.
            Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => alive = Instant::now(),
            Some(Ok(Message::Close(frame))) => return closed(stream, &shared, frame).await,
            Some(Err(why)) => return broken(&shared, why).await,
            None => return ended(&shared),
        }
    }
}

/// Cuts the link. What was read with the last frame that was to come is lost with it.
async fn lose(mut stream: SplitStream<Ws>, shared: &Shared) {
    shared.cut();
    while let Some(Ok(_)) = stream.next().await {}
    ended(shared);
}

/// A binary frame as it is recorded.
pub(super) fn binary(shared: &Shared, bytes: &[u8]) -> String {
    STANDARD.encode(shared.recorder.secrets().out_of_bytes(bytes))
}

fn seen(shared: &Shared) -> u64 {
    shared.view().frames
}

/// A client may take twice the ping interval without any frame for dead; this one does.
fn silent_too_long(shared: &Shared, alive: Instant) -> bool {
    let interval = shared.view().greeting.as_ref().and_then(|greeting| greeting.ping_interval);
    interval.is_some_and(|interval| alive.elapsed() > 2 * interval + WATCH)
}

fn other(shared: &Shared, raw: String, opcode: &'static str) {
    let frame =
        RecordKind::Frame { dir: Direction::In, raw: Cow::Owned(raw), opcode: Some(Cow::Borrowed(opcode)) };
    {
        let mut view = shared.view();
        if view.closed.is_some() {
            return;
        }
        let t_ns = shared.record(frame);
        view.see_other(t_ns);
    }
    shared.seen.notify_waiters();
}

async fn closed(mut stream: SplitStream<Ws>, shared: &Shared, frame: Option<CloseFrame>) {
    let by = if shared.closing.load(Ordering::Acquire) { ClosedBy::Client } else { ClosedBy::Server };
    let (code, reason) = match &frame {
        Some(frame) => (u16::from(frame.code), frame.reason.as_str()),
        // A Close without a code is 1005 to whoever receives it.
        None => (1005, ""),
    };
    shared.end(Some(code), reason, by);
    // Reading on sends the answer to a server's Close.
    let rest = async { while let Some(Ok(_)) = stream.next().await {} };
    let _ = tokio::time::timeout(LINGER, rest).await;
}

async fn broken(shared: &Shared, why: Error) {
    let code = match &why {
        Error::ConnectionClosed | Error::AlreadyClosed => return ended(shared),
        // The library refuses the bytes before anybody sees them; that they came is all there is to keep.
        Error::Utf8(_) => {
            other(shared, String::new(), "invalid_utf8");
            CloseCode::Invalid
        }
        Error::Capacity(CapacityError::MessageTooLong { .. }) => CloseCode::Size,
        Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) | Error::Io(_) => return ended(shared),
        _ => CloseCode::Protocol,
    };
    shared.closing.store(true, Ordering::Release);
    let reason = why.to_string();
    let frame = CloseFrame { code, reason: "".into() };
    // As far as it still goes: the record says what happened.
    let _ = tokio::time::timeout(LINGER, shared.send(Message::Close(Some(frame)))).await;
    shared.end(Some(u16::from(code)), &reason, ClosedBy::Client);
}

/// The transport ended without a Close.
fn ended(shared: &Shared) {
    let by = if shared.closing.load(Ordering::Acquire) { ClosedBy::Client } else { ClosedBy::Transport };
    shared.end(None, "", by);
}
