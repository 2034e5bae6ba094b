//! A streamed body whose events go through the hub.

use super::http::{Body, BoxError};
use super::hub::{Input, Layout, Link, Out};
use super::io::Ending;
use super::socket::Budget;
use super::sse::Events;
use super::toxic::Way;
use bytes::Bytes;
use http_body_util::{BodyExt as _, StreamBody};
use hyper::body::{Frame, Incoming};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

/// The body that the client reads, and the work that fills it.
pub(super) fn through(
    hub: mpsc::Sender<Input>,
    conn: u32,
    body: Incoming,
    ending: Ending,
) -> (Body, impl Future<Output = ()> + Send) {
    let (to_client, from_hub) = mpsc::unbounded_channel();
    // Nothing goes up once the request is there.
    let (to_server, _) = mpsc::unbounded_channel();
    let (stop, kill, gone) = (CancellationToken::new(), CancellationToken::new(), CancellationToken::new());
    let link = Link {
        layout: Layout::EventStream,
        to: [to_server, to_client],
        stop: [CancellationToken::new(), stop.clone()],
        kill: kill.clone(),
        ending,
    };
    let shown = shown(from_hub, gone.clone(), kill);
    let work = async move {
        if hub.send(Input::Joined { conn, link }).await.is_err() {
            return;
        }
        let reading = async {
            tokio::select! {
                broken = read(&hub, conn, body) => Some(broken),
                () = stop.cancelled() => None,
                () = gone.cancelled() => None,
            }
        };
        if let Some(broken) = reading.await {
            let _ = hub.send(Input::Ended { conn, way: Way::Down, broken }).await;
            gone.cancelled().await;
        }
        for way in [Way::Up, Way::Down] {
            let _ = hub.send(Input::Ended { conn, way, broken: false }).await;
        }
    };
    (shown, work)
}

/// Reads the body to its end; gives whether it broke.
async fn read(hub: &mpsc::Sender<Input>, conn: u32, mut body: Incoming) -> bool {
    let (mut events, budget) = (Events::default(), Budget::new());
    let way = Way::Down;
    while let Some(frame) = body.frame().await {
        let Ok(frame) = frame else { return true };
        let Ok(bytes) = frame.into_data() else { continue };
        if events.push(&bytes).is_err() {
            return true;
        }
        while let Some((heard, shell)) = events.next() {
            let leave = budget.leave(heard.size()).await;
            if hub.send(Input::Heard { conn, way, heard, shell, leave }).await.is_err() {
                return true;
            }
        }
    }
    if let Some(heard) = events.rest() {
        let _ = hub.send(Input::Heard { conn, way, heard, shell: None, leave: None }).await;
    }
    false
}

/// What the hub writes, as a body. It breaks when the hub ends it without an end.
fn shown(from: mpsc::UnboundedReceiver<Out>, gone: CancellationToken, kill: CancellationToken) -> Body {
    let state = (from, gone.drop_guard(), kill, false);
    let stream = futures_util::stream::unfold(state, |(mut from, gone, kill, over)| async move {
        if over {
            return None;
        }
        let out = kill.run_until_cancelled(from.recv()).await.flatten();
        let (frame, over) = match out {
            Some(Out::Bytes(frames, _)) => (Ok(Frame::data(Bytes::from(frames.concat()))), false),
            Some(Out::End) => return None,
            None => (Err(BoxError::from("the stream was cut")), true),
        };
        Some((frame, (from, gone, kill, over)))
    });
    StreamBody::new(Box::pin(stream)).boxed_unsync()
}
