//! A connection whose steps go through the hub: what reads it, and what writes it.

use super::heard::Hearing;
use super::hub::{Input, Layout, Link, Out};
use super::io::{Ending, Io};
use super::toxic::Way;
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncWrite, AsyncWriteExt as _, ReadHalf, split};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;

/// How many bytes may be on their way through the hub, each way of a connection: who sends more waits.
const BUDGET: u32 = 1 << 20;

/// A client that takes nothing for so long does not read.
const STALLED: Duration = Duration::from_millis(300);

/// What keeps a sender from being read faster than its peer reads.
#[derive(Debug, Clone)]
pub(super) struct Budget(Arc<Semaphore>);

impl Budget {
    pub(super) fn new() -> Self {
        Self(Arc::new(Semaphore::new(BUDGET as usize)))
    }

    /// Leave to hold so many bytes.
    pub(super) async fn leave(&self, size: usize) -> Option<OwnedSemaphorePermit> {
        let size = u32::try_from(size).unwrap_or(BUDGET).clamp(1, BUDGET);
        self.0.clone().acquire_many_owned(size).await.ok()
    }
}

/// Reads and writes both sockets until they end or the hub ends them.
pub(super) async fn join(
    hub: mpsc::Sender<Input>,
    conn: u32,
    client: impl Io,
    server: impl Io,
    ending: Ending,
) {
    let (to_server, from_hub_up) = mpsc::unbounded_channel();
    let (to_client, from_hub_down) = mpsc::unbounded_channel();
    let stop = [CancellationToken::new(), CancellationToken::new()];
    let kill = CancellationToken::new();
    let link = Link {
        layout: Layout::WebSocket,
        to: [to_server, to_client],
        stop: stop.clone(),
        kill: kill.clone(),
        ending,
    };
    if hub.send(Input::Joined { conn, link }).await.is_err() {
        return;
    }
    let (client_in, client_out) = split(client);
    let (server_in, server_out) = split(server);
    let all = async {
        tokio::join!(
            stop[Way::Up.index()].run_until_cancelled(read(&hub, conn, Way::Up, client_in)),
            stop[Way::Down.index()].run_until_cancelled(read(&hub, conn, Way::Down, server_in)),
            write(from_hub_up, server_out, None),
            write(from_hub_down, client_out, Some((&hub, conn))),
        )
    };
    kill.run_until_cancelled(all).await;
}

async fn read(hub: &mpsc::Sender<Input>, conn: u32, way: Way, from: ReadHalf<impl Io>) {
    let (mut hearing, budget) = (Hearing::new(from), Budget::new());
    let broken = loop {
        match hearing.next().await {
            Ok(Some(heard)) => {
                let leave = budget.leave(heard.size()).await;
                if hub.send(Input::Heard { conn, way, heard, shell: None, leave }).await.is_err() {
                    return;
                }
            }
            Ok(None) => break false,
            Err(why) => {
                tracing::debug!(%why, conn, ?way, "a connection broke");
                break true;
            }
        }
    };
    // Without a hub there is nobody to tell.
    let _ = hub.send(Input::Ended { conn, way, broken }).await;
}

/// Writes until there is nothing more; `reader`: who is told, and of which connection, when its reader stalls and reads on.
async fn write(
    mut from: mpsc::UnboundedReceiver<Out>,
    mut to: impl AsyncWrite + Unpin,
    reader: Option<(&mpsc::Sender<Input>, u32)>,
) {
    while let Some(out) = from.recv().await {
        let Out::Bytes(frames, leave) = out else {
            // A socket that is gone needs no end.
            let _ = to.shutdown().await;
            return;
        };
        let mut writing = std::pin::pin!(write_all(&frames, &mut to));
        let written = match (timeout(STALLED, &mut writing).await, reader) {
            (Ok(written), _) => written,
            (Err(_), None) => writing.await,
            (Err(_), Some((hub, conn))) => {
                // Without a hub there is nobody to tell.
                let _ = hub.send(Input::Reader { conn, reads: false }).await;
                let written = writing.await;
                let _ = hub.send(Input::Reader { conn, reads: true }).await;
                written
            }
        };
        if written.is_err() {
            return;
        }
        drop(leave);
    }
}

async fn write_all(frames: &[Bytes], to: &mut (impl AsyncWrite + Unpin)) -> std::io::Result<()> {
    for frame in frames {
        to.write_all(frame).await?;
    }
    to.flush().await
}
