//! The one task part that writes a socket: a cursor over the user's log, with control frames in between.
//!
//! A wake only says "look": what is written always comes from the log, in its order. A slow peer therefore holds up
//! its own socket and nothing else, and a lost wake is made good by the next one or by the heartbeat.

use super::session::PARTING;
use crate::manager::{Connection, CursorError, Ending, StreamCursor};
use crate::server::{Gateway, Wire};
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes, WebSocket};
use futures_util::SinkExt;
use futures_util::stream::SplitSink;
use goldenpath_protocol::{CloseCode, ServerFrame};
use goldenpath_storage::LogEntry;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Events read from the log at once.
const BATCH: usize = 64;
/// Between two looks at a write that does not end.
const WATCH: Duration = Duration::from_millis(200);
/// Between two attempts to read a log that does not answer.
const LOG_RETRY: Duration = Duration::from_millis(100);

/// The half of a socket that only this file writes to.
pub(super) type Sink = SplitSink<WebSocket, Message>;

/// The socket takes nothing more, or is not to be given more.
#[derive(Debug)]
struct Over;

/// The writing half of a connection.
#[derive(Debug)]
pub(super) struct Writer<'a> {
    gateway: &'a Gateway,
    connection: &'a Arc<Connection>,
    wire: &'a Wire,
    sink: &'a mut Sink,
    cursor: StreamCursor,
    heartbeat: Instant,
    /// The pongs that had come when the last ping went out, and until when the next may take.
    awaited: Option<(u64, Instant)>,
    log_silent_since: Option<Instant>,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        gateway: &'a Gateway,
        connection: &'a Arc<Connection>,
        wire: &'a Wire,
        sink: &'a mut Sink,
        cursor: StreamCursor,
    ) -> Self {
        let heartbeat = Instant::now() + gateway.config.ping_interval;
        Self { gateway, connection, wire, sink, cursor, heartbeat, awaited: None, log_silent_since: None }
    }

    /// Greets, replays what was missed, follows the stream, and closes as the connection's ending says.
    pub(super) async fn run(&mut self, greeting: Box<ServerFrame>, missed: Vec<LogEntry>) {
        // `Over` only says that it is over; why, the connection knows. Boxed is what an idle connection is not doing.
        if Box::pin(self.greet(greeting, missed)).await.is_ok() {
            let _ = self.follow().await;
        }
        Box::pin(part(self.sink, self.connection, self.wire)).await;
    }

    async fn greet(&mut self, greeting: Box<ServerFrame>, missed: Vec<LogEntry>) -> Result<(), Over> {
        let full = matches!(
            *greeting,
            ServerFrame::ConnectionEstablished { recovered: goldenpath_protocol::Recovered::Full, .. }
        );
        self.feed_frame(&greeting).await?;
        drop(greeting);
        for event in &missed {
            self.feed_event(event).await?;
        }
        drop(missed);
        if full {
            self.feed_frame(&ServerFrame::ReplayEnd { offset: self.cursor.offset() }).await?;
        }
        self.flush().await
    }

    async fn follow(&mut self) -> Result<(), Over> {
        // The first look reads the log whatever was told: an event may have come while we greeted.
        let mut look = true;
        loop {
            // Here, and not only when there is nothing to write: a busy stream must not starve heartbeats.
            let due = self.due();
            if Instant::now() >= due {
                look |= Box::pin(self.keep_time()).await?;
            }
            let behind = match self.cursor.is_behind() {
                Ok(behind) => behind,
                Err(_) => return Err(self.end(CloseCode::InsufficientState)),
            };
            match self.connection.ending() {
                Some(Ending::Close { caught_up: true, .. }) if behind => {}
                Some(_) => return Err(Over),
                None => {}
            }
            let events = if behind || look { self.read().await? } else { Some(Vec::new()) };
            // A full batch has more behind it, and a log that did not answer is asked again.
            look = events.as_ref().is_none_or(|events| events.len() == BATCH);
            let events = events.unwrap_or_default();
            // After the read and before the events: an answer is queued before its run makes an event.
            let mut fed = !events.is_empty();
            while let Some(frame) = self.connection.outbox().pop() {
                self.feed(Message::Text(Utf8Bytes::from(String::from(frame)))).await?;
                fed = true;
            }
            for event in &events {
                self.feed_event(event).await?;
            }
            drop(events);
            if fed {
                self.flush().await?;
                continue;
            }
            if !look {
                look = self.wait().await?;
            }
        }
    }

    /// What comes after the cursor; `None` when the log does not answer for now.
    async fn read(&mut self) -> Result<Option<Vec<LogEntry>>, Over> {
        match self.cursor.peek(BATCH).await {
            Ok(events) => {
                self.log_silent_since = None;
                Ok(Some(events))
            }
            Err(CursorError::Gone) => Err(self.end(CloseCode::InsufficientState)),
            Err(CursorError::Log(error)) => {
                let since = *self.log_silent_since.get_or_insert_with(Instant::now);
                tracing::warn!(%error, "failed to read the event log");
                if since.elapsed() >= self.gateway.config.write_stall {
                    return Err(self.end(CloseCode::ServerError));
                }
                tokio::time::sleep(LOG_RETRY).await;
                Ok(None)
            }
        }
    }

    /// Waits for something to do; gives whether the log is to be read whatever was told.
    async fn wait(&mut self) -> Result<bool, Over> {
        let due = self.due();
        tokio::select! {
            // A wake of our own manager comes after an append: its event is there, whatever the log told.
            () = self.connection.woken() => Ok(true),
            () = self.cursor.changed() => Ok(false),
            () = tokio::time::sleep_until(due) => Ok(false),
        }
    }

    /// When there is something to do even if nothing happens.
    fn due(&self) -> Instant {
        let due = self.heartbeat.min(self.expiry());
        self.awaited.map_or(due, |(_, until)| due.min(until))
    }

    /// Does what time asks for; gives whether a heartbeat went out, after which the log is read in any case.
    async fn keep_time(&mut self) -> Result<bool, Over> {
        self.check_expiry()?;
        let now = Instant::now();
        if let Some((pongs, until)) = self.awaited
            && now >= until
        {
            let answered = self.connection.pongs() != pongs;
            // While we serve a message we read no other: that is our silence, not the peer's.
            if !answered && !self.connection.is_deaf() {
                return Err(self.end(CloseCode::NoPong));
            }
            self.awaited = (!answered).then(|| (pongs, now + self.gateway.config.pong_timeout));
        }
        if now < self.heartbeat {
            return Ok(false);
        }
        self.heartbeat = now + self.gateway.config.ping_interval;
        self.feed_frame(&ServerFrame::Heartbeat { offset: self.cursor.offset() }).await?;
        self.feed(Message::Ping(axum::body::Bytes::new())).await?;
        self.flush().await?;
        if self.awaited.is_none() {
            self.awaited = Some((self.connection.pongs(), Instant::now() + self.gateway.config.pong_timeout));
        }
        Ok(true)
    }

    /// The instant at which the token's grace is over.
    fn expiry(&self) -> Instant {
        Instant::now() + token_left(self.gateway, self.connection)
    }

    fn check_expiry(&self) -> Result<(), Over> {
        check_expiry(self.gateway, self.connection)
    }

    async fn feed_event(&mut self, event: &LogEntry) -> Result<(), Over> {
        self.check_expiry()?;
        // Told before it is written: a fast client's acknowledgement must not overtake us.
        self.connection.delivery().written(event.offset);
        self.feed(Message::Text(Utf8Bytes::from(&*event.envelope))).await?;
        if event.offset > self.cursor.offset() {
            self.cursor.advance(event);
        }
        Ok(())
    }

    async fn feed_frame(&mut self, frame: &ServerFrame) -> Result<(), Over> {
        let text = serde_json::to_string(frame).map_err(|error| {
            tracing::error!(%error, "failed to write a control frame");
            self.end(CloseCode::ServerError)
        })?;
        self.feed(Message::Text(Utf8Bytes::from(text))).await
    }

    async fn feed(&mut self, message: Message) -> Result<(), Over> {
        let begun = Instant::now();
        let fed = watch(self.gateway, self.connection, self.wire, self.sink.feed(message)).await;
        self.forgive_pong(begun);
        fed
    }

    async fn flush(&mut self) -> Result<(), Over> {
        let begun = Instant::now();
        let flushed = watch(self.gateway, self.connection, self.wire, self.sink.flush()).await;
        self.forgive_pong(begun);
        flushed
    }

    /// A peer that reads slowly has a ping of ours before it that it could not see yet. Whether it reads at all is
    /// the stall limit's question; the next heartbeat asks for a pong again.
    fn forgive_pong(&mut self, write_begun: Instant) {
        if write_begun.elapsed() >= WATCH {
            self.awaited = None;
        }
    }

    fn end(&self, code: CloseCode) -> Over {
        self.connection.end(Ending::close(code));
        Over
    }
}

/// What is left of a token and its grace.
fn token_left(gateway: &Gateway, connection: &Connection) -> Duration {
    let left = connection.expires_at().unix_ms().saturating_sub(gateway.clock.now().unix_ms());
    let grace = i64::try_from(gateway.config.token_grace.as_millis()).unwrap_or(i64::MAX);
    // A token that outlives this process needs no exact timer.
    Duration::from_millis(u64::try_from(left.saturating_add(grace)).unwrap_or(0))
        .min(Duration::from_secs(86_400))
}

fn check_expiry(gateway: &Gateway, connection: &Connection) -> Result<(), Over> {
    if !token_left(gateway, connection).is_zero() {
        return Ok(());
    }
    connection.end(Ending::close(CloseCode::TokenExpired));
    Err(Over)
}

/// Waits for a write, for as long as bytes move and the token holds.
async fn watch<F>(gateway: &Gateway, connection: &Connection, wire: &Wire, write: F) -> Result<(), Over>
where
    F: Future<Output = Result<(), axum::Error>>,
{
    let stall = gateway.config.write_stall;
    let mut write = std::pin::pin!(write);
    let (mut moved, mut since) = (wire.written(), Instant::now());
    let step = WATCH.min(stall / 4);
    loop {
        tokio::select! {
            biased;
            written = &mut write => {
                return written.map_err(|_| {
                    connection.end(Ending::Gone);
                    Over
                });
            }
            () = tokio::time::sleep(step) => {}
        }
        let now_moved = wire.written();
        if now_moved != moved {
            (moved, since) = (now_moved, Instant::now());
        } else if since.elapsed() >= stall {
            connection.end(Ending::close(CloseCode::SlowConsumer));
            return Err(Over);
        }
        check_expiry(gateway, connection)?;
        if !connection.is_serving() {
            // The rest of the frame in flight is written while parting, or never.
            return Err(Over);
        }
    }
}

/// Says goodbye as the connection's ending asks for, within the time that a goodbye may take.
pub(super) async fn part(sink: &mut Sink, connection: &Connection, wire: &Wire) {
    let goodbye = async {
        match connection.ending() {
            Some(Ending::Close { code, after_ms, .. }) => {
                while let Some(frame) = connection.outbox().pop() {
                    sink.feed(Message::Text(Utf8Bytes::from(String::from(frame)))).await?;
                }
                let closing =
                    serde_json::to_string(&ServerFrame::closing(code, after_ms)).unwrap_or_default();
                sink.feed(Message::Text(Utf8Bytes::from(closing))).await?;
                let reason = Utf8Bytes::from_static(code.reason());
                sink.send(Message::Close(Some(CloseFrame { code: code.code(), reason }))).await
            }
            Some(Ending::Violation(code)) => {
                wire.linger();
                let frame = CloseFrame { code, reason: Utf8Bytes::from_static("") };
                sink.send(Message::Close(Some(frame))).await
            }
            // A client's Close is answered by the reading half; to who is gone nothing can be said.
            Some(Ending::Client(_) | Ending::Gone | Ending::Stopped) | None => Ok(()),
        }
    };
    match tokio::time::timeout(PARTING, goodbye).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => tracing::debug!(%error, "failed to say goodbye"),
        // The peer takes no bytes: what waits in the kernel would wait for ever.
        Err(_) => wire.reset(),
    }
}
