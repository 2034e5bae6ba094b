//! Frames from one side to the other while no fault is there: one by one, as they came.

use super::frame::FrameReader;
use super::io::Ending;
use futures_util::FutureExt as _;
use std::io;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _, split};

/// Carries frames both ways until both sides have ended.
pub(super) async fn relay<C, S>(client: C, server: S, endings: &[Ending; 2])
where
    C: AsyncRead + AsyncWrite,
    S: AsyncRead + AsyncWrite,
{
    let (client_in, client_out) = split(client);
    let (server_in, server_out) = split(server);
    // Said before the sockets are dropped: that is when they end.
    let ends = |carried: io::Result<()>| {
        carried.inspect_err(|why| {
            tracing::debug!(%why, "a connection broke");
            endings.iter().for_each(Ending::reset);
        })
    };
    let _ =
        tokio::try_join!(one_way(client_in, server_out).map(ends), one_way(server_in, client_out).map(ends),);
}

async fn one_way<R: AsyncRead + Unpin, W: AsyncWrite + Unpin>(from: R, mut to: W) -> io::Result<()> {
    let mut frames = FrameReader::new(from);
    while let Some(frame) = frames.next().await? {
        to.write_all(&frame.wire).await?;
        to.flush().await?;
    }
    // A frame that was cut short is the peer's to judge.
    to.write_all(&frames.rest()).await?;
    // A socket that is gone needs no end.
    let _ = to.shutdown().await;
    Ok(())
}
