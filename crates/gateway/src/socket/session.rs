//! One socket from its greeting to its end: a reader and a writer, in one task.

use super::reader::Reader;
use super::writer::{self, Sink, Writer};
use crate::manager::{Connection, Ending, HeldToken, Joined, Permit, StreamCursor};
use crate::server::{Gateway, Wire};
use axum::extract::ws::WebSocket;
use futures_util::StreamExt;
use futures_util::stream::SplitStream;
use goldenpath_protocol::{CloseCode, ResumePoint, ServerFrame, Tier};
use goldenpath_storage::{AppendError, LogEntry};
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// How long the other side of a Close may take.
pub(super) const PARTING: Duration = Duration::from_secs(1);

/// What the upgrade learnt about the one who comes.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) tier: Tier,
    pub(super) token: HeldToken,
    pub(super) resume: Option<ResumePoint>,
    pub(super) wire: Arc<Wire>,
}

/// What of it is needed until the end.
#[derive(Debug)]
struct Joining {
    tier: Tier,
    resume: Option<ResumePoint>,
    wire: Arc<Wire>,
}

/// Serves a socket until it ends.
///
/// No `async fn`: what such a one is given stays in its state beside what becomes of it, and thousands of idle
/// connections are paid for by the size of this state. For the same reason what happens once in a while is boxed.
pub(super) fn run(
    socket: WebSocket,
    gateway: Arc<Gateway>,
    permit: Permit,
    visit: Visit,
) -> impl Future<Output = ()> + Send {
    let Visit { tier, token, resume, wire } = visit;
    let visit = Joining { tier, resume, wire };
    let registration = permit.register(token);
    gateway.end_if_revoked(registration.connection());
    let (sink, stream) = socket.split();
    async move {
        let connection = registration.connection();
        let stopped = {
            let mut served = pin!(serve(sink, stream, &gateway, connection, &visit));
            tokio::select! {
                biased;
                () = gateway.stop.cancelled() => true,
                () = &mut served => false,
            }
        };
        if stopped {
            connection.end(Ending::Stopped);
        }
        let ending = connection.ending().unwrap_or(Ending::Gone);
        gateway.metrics.closed(ending.code());
        tracing::debug!(connection = %connection.id(), ?ending, "a connection ended");
    }
}

async fn serve(
    mut sink: Sink,
    mut stream: SplitStream<WebSocket>,
    gateway: &Arc<Gateway>,
    connection: &Arc<Connection>,
    visit: &Joining,
) {
    let joined = match Box::pin(join(gateway, connection, visit.resume.as_ref())).await {
        Ok(joined) => joined,
        Err(error) => {
            tracing::error!(%error, "failed to join a stream");
            connection.end(Ending::close(CloseCode::ServerError));
            Box::pin(writer::part(&mut sink, connection, &visit.wire)).await;
            return;
        }
    };
    let Welcome { cursor, missed, greeting } = *joined;
    let mut reader = Reader::new(gateway, connection, visit.tier, &visit.wire);
    let mut writer = Writer::new(gateway, connection, &visit.wire, &mut sink, cursor);
    let mut reading = pin!(reader.run(&mut stream));
    let mut writing = pin!(writer.run(greeting, missed));
    tokio::select! {
        () = &mut writing => {
            // What the peer says now is read and dropped, its Close above all.
            let _ = tokio::time::timeout(PARTING, &mut reading).await;
        }
        () = &mut reading => {
            writing.await;
        }
    }
}

/// A joined stream, and what is written of it first.
struct Welcome {
    cursor: StreamCursor,
    missed: Vec<LogEntry>,
    greeting: Box<ServerFrame>,
}

/// Joins the user's stream and writes the greeting that says where.
async fn join(
    gateway: &Gateway,
    connection: &Connection,
    resume: Option<&ResumePoint>,
) -> Result<Box<Welcome>, AppendError> {
    let user = connection.user();
    let most = gateway.config.replay_events;
    let joined = StreamCursor::join(Arc::clone(&gateway.log), user.clone(), resume, most).await?;
    let acked = match connection.client_id() {
        Some(client) => gateway.log.acknowledged(user, client).await?,
        None => 0,
    };
    connection.delivery().joined(joined.cursor.offset());
    let greeting = ServerFrame::ConnectionEstablished {
        connection_id: connection.id().clone(),
        user_id: user.clone(),
        epoch: joined.head.epoch.clone(),
        offset: joined.head.offset,
        recovered: joined.recovered,
        replay: joined.missed.len() as u64,
        acked,
        server_time: gateway.clock.now(),
        token_expires_at: connection.expires_at(),
        ping_interval_ms: crate::config::millis(gateway.config.ping_interval),
        limits: gateway.config.limits(),
    };
    let Joined { cursor, missed, .. } = joined;
    Ok(Box::new(Welcome { cursor, missed, greeting: Box::new(greeting) }))
}
