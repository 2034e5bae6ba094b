//! One socket from its greeting to its end: a reader and a writer, in one task.

use super::reader::Reader;
use super::writer::Writer;
use crate::manager::{Connection, Ending, Joined, Permit, StreamCursor};
use crate::server::{Gateway, Wire};
use axum::extract::ws::WebSocket;
use futures_util::StreamExt;
use goldenpath_protocol::{CloseCode, ResumePoint, ServerFrame, Tier, Timestamp};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

/// How long the other side of a Close may take.
pub(super) const PARTING: Duration = Duration::from_secs(1);

/// What the upgrade learnt about the one who comes.
#[derive(Debug)]
pub(super) struct Visit {
    pub(super) tier: Tier,
    pub(super) expires_at: Timestamp,
    pub(super) resume: Option<ResumePoint>,
    pub(super) wire: Arc<Wire>,
}

/// Serves a socket until it ends.
pub(super) async fn run(socket: WebSocket, gateway: Arc<Gateway>, permit: Permit, visit: Visit) {
    let registration = permit.register(visit.expires_at);
    let connection = Arc::clone(registration.connection());
    let stop = gateway.stop.clone();
    let served = serve(socket, &gateway, &connection, visit);
    if stop.run_until_cancelled(served).await.is_none() {
        connection.end(Ending::Stopped);
    }
    let ending = connection.ending().unwrap_or(Ending::Gone);
    gateway.metrics.closed(ending.code());
    tracing::debug!(connection = %connection.id(), ?ending, "a connection ended");
}

async fn serve(socket: WebSocket, gateway: &Arc<Gateway>, connection: &Arc<Connection>, visit: Visit) {
    let (sink, stream) = socket.split();
    let joined = match join(gateway, connection, visit.resume.as_ref()).await {
        Ok(joined) => joined,
        Err(error) => {
            tracing::error!(%error, "failed to join a stream");
            connection.end(Ending::close(CloseCode::ServerError));
            super::writer::part(sink, connection, &visit.wire).await;
            return;
        }
    };
    let Joined { cursor, missed, .. } = joined.0;
    let reader =
        Reader::new(Arc::clone(gateway), Arc::clone(connection), visit.tier, Arc::clone(&visit.wire));
    let writer = Writer::new(gateway, connection, &visit.wire, sink, cursor);
    let mut reading = pin!(reader.run(stream));
    let mut writing = pin!(writer.run(joined.1, missed));
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

/// Joins the user's stream and writes the greeting that says where.
async fn join(
    gateway: &Gateway,
    connection: &Connection,
    resume: Option<&ResumePoint>,
) -> Result<(Joined, ServerFrame), goldenpath_storage::AppendError> {
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
    Ok((joined, greeting))
}
