//! Reads a socket: one message at a time, each answered or acted on before the next is taken.

use super::messages;
use super::rate::{RateLimit, Verdict};
use crate::manager::{Connection, Ending};
use crate::server::{Gateway, Wire};
use axum::extract::ws::{Message, WebSocket};
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use goldenpath_protocol::{CloseCode, ErrorCode, ServerFrame, Tier};
use std::sync::Arc;
use tokio::time::Instant;
use tokio_tungstenite::tungstenite;
use tokio_tungstenite::tungstenite::error::ProtocolError;

/// Frames in a row that may not be understood.
const BAD_FRAMES: u32 = 3;
/// A Close without a code.
const NO_CODE: u16 = 1005;

/// The reading half of a connection.
#[derive(Debug)]
pub(super) struct Reader<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) connection: &'a Arc<Connection>,
    pub(super) tier: Tier,
    wire: &'a Wire,
    rate: RateLimit,
    bad_frames: u32,
}

impl<'a> Reader<'a> {
    pub(super) fn new(
        gateway: &'a Gateway,
        connection: &'a Arc<Connection>,
        tier: Tier,
        wire: &'a Wire,
    ) -> Self {
        let config = &gateway.config;
        let rate = RateLimit::new(
            config.messages_per_second,
            config.message_burst,
            config.refusals_to_close,
            config.refusal_window,
            Instant::now(),
        );
        Self { gateway, connection, tier, wire, rate, bad_frames: 0 }
    }

    /// Reads until the peer is gone. After our own end of the connection it reads on, and drops what it reads:
    /// a peer that is not read from cannot be told anything either.
    pub(super) async fn run(&mut self, stream: &mut SplitStream<WebSocket>) {
        while let Some(received) = stream.next().await {
            self.wire.message_read();
            match received {
                Err(error) => {
                    self.connection.end(classify(error));
                    return;
                }
                Ok(Message::Close(frame)) => {
                    // tungstenite answers with the client's own code while we read on.
                    self.connection.end(Ending::Client(frame.map_or(NO_CODE, |frame| frame.code)));
                }
                Ok(Message::Pong(_)) => self.connection.pong(),
                // Boxed, so that an idle connection does not carry the largest message's state.
                Ok(Message::Ping(_)) if self.connection.is_serving() => {
                    // It is answered by tungstenite, but counts.
                    self.connection.set_deaf(true);
                    let _ = Box::pin(self.admit(None)).await;
                    self.connection.set_deaf(false);
                }
                Ok(message) if self.connection.is_serving() => {
                    self.connection.set_deaf(true);
                    Box::pin(self.receive(message)).await;
                    self.connection.set_deaf(false);
                }
                Ok(_) => {}
            }
        }
        self.connection.end(Ending::Gone);
    }

    /// Whether a message may be served; one that may not is refused by name.
    async fn admit(&mut self, message: Option<&Message>) -> bool {
        let connection = self.connection;
        connection.outbox().space().await;
        let verdict = self.rate.judge(Instant::now());
        if verdict == Verdict::Serve {
            return true;
        }
        let most = self.gateway.config.message_bytes;
        let request_id = message.and_then(|message| messages::request_id(message, most));
        connection.reply(&ServerFrame::error(ErrorCode::RateLimited, "too many messages", request_id));
        if verdict == Verdict::Close {
            connection.end(Ending::close(CloseCode::RateLimited));
        }
        false
    }

    async fn receive(&mut self, message: Message) {
        if !self.admit(Some(&message)).await {
            return;
        }
        let connection = self.connection;
        match messages::understand(&message, self.gateway.config.message_bytes) {
            Ok(frame) => {
                self.bad_frames = 0;
                self.serve(frame).await;
            }
            Err(wrong) => {
                connection.reply(&ServerFrame::error(wrong.code, wrong.message, wrong.request_id));
                self.bad_frames += 1;
                if self.bad_frames >= BAD_FRAMES {
                    connection.end(Ending::close(CloseCode::BadFrame));
                }
            }
        }
    }
}

/// What a failed read says about the peer.
fn classify(error: axum::Error) -> Ending {
    let Ok(error) = error.into_inner().downcast::<tungstenite::Error>() else { return Ending::Gone };
    match *error {
        tungstenite::Error::Capacity(_) => Ending::Violation(1009),
        tungstenite::Error::Utf8(_) => Ending::Violation(1007),
        tungstenite::Error::Protocol(ProtocolError::ResetWithoutClosingHandshake) => Ending::Gone,
        tungstenite::Error::Protocol(_) => Ending::Violation(1002),
        // Our own limit on a message that never ends.
        tungstenite::Error::Io(error) if error.kind() == std::io::ErrorKind::InvalidData => {
            Ending::Violation(1009)
        }
        _ => Ending::Gone,
    }
}
