//! What a client does to its own end of a connection, and what came of it on the other.

use crate::world::{SOON, accept, closes, connect, frames, minting, serve};
use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_harness::{Client, Connect, Recording, Session};
use goldenpath_history::{CLOSE_NOT_ANSWERED, ClosedBy, Direction, Record, RecordKind, Trial};
use serde_json::json;
use std::time::Duration;
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_cut_link_ends_without_a_close_and_is_recorded_as_ours() {
    let (told, ended) = tokio::sync::oneshot::channel();
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        let mut closed = false;
        while let Some(Ok(message)) = socket.next().await {
            closed |= message.is_close();
        }
        told.send(closed).unwrap();
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    client.cut().await;
    assert!(!tokio::time::timeout(SOON, ended).await.unwrap().unwrap(), "a Close came");
    assert!(client.ping(1).await.is_err());
    drop(client);
    let records = recording.finish().unwrap().records;
    assert_eq!(closes(&records), [(None, ClosedBy::Transport)]);
    let cut = records.iter().position(|record| Trial::of(&record.kind) == Some(Trial::LinkCut)).unwrap();
    assert!(matches!(records[cut + 1].kind, RecordKind::Close { .. }), "{records:?}");
    assert_eq!(records[cut].conn, records[cut + 1].conn);
}

/// What came with the last frame that was to come is lost with the link, also where it was read already.
#[tokio::test]
async fn nothing_comes_after_the_frame_with_which_the_link_is_lost() {
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        for n in 1..=5 {
            // All five go out in one write.
            socket.feed(Message::text(json!({"type": "pong", "n": n}).to_string())).await.unwrap();
        }
        socket.flush().await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let (auth, user) = minting();
    let session = Session::new(target, auth, recording.recorder());
    let client = session.connect(&user, Connect::fresh().lost_after(2)).await.unwrap();
    client.wait_for_close(SOON).await.unwrap();
    assert_eq!(client.view(|view| view.last_pong), Some(2));
    drop((client, session));
    let records = recording.finish().unwrap().records;
    let came = |record: &&Record<'_>| matches!(record.kind, RecordKind::Frame { dir: Direction::In, .. });
    assert_eq!(records.iter().filter(came).count(), 2, "{records:?}");
    assert_eq!(closes(&records), [(None, ClosedBy::Transport)]);
    let cut = records.iter().position(|record| Trial::of(&record.kind) == Some(Trial::LinkCut)).unwrap();
    assert!(matches!(records[cut + 1].kind, RecordKind::Close { .. }), "{records:?}");
}

#[tokio::test]
async fn a_reader_that_stops_reads_nothing_until_it_reads_on_and_then_all() {
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        let mut n = 0;
        while let Some(Ok(message)) = socket.next().await {
            // A Close is answered by the library.
            if !message.is_text() {
                continue;
            }
            n += 1;
            socket.send(Message::text(json!({"type": "pong", "n": n}).to_string())).await.unwrap();
        }
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let (auth, user) = minting();
    let session = Session::new(target, auth, recording.recorder());
    let client = session.connect(&user, Connect::fresh().stalling()).await.unwrap();
    let pong =
        |n: u64| client.wait_for("a pong", SOON, move |view| (view.last_pong == Some(n)).then_some(()));
    client.ping(1).await.unwrap();
    pong(1).await.unwrap();
    client.stop_reading();
    client.ping(2).await.unwrap();
    client.ping(3).await.unwrap();
    let quiet = client.wait_for("a pong", Duration::from_millis(200), |view| (view.pongs > 1).then_some(()));
    assert!(quiet.await.is_err());
    client.read_on();
    pong(3).await.unwrap();
    client.close().await;
    let records = recording.finish().unwrap().records;
    let trials: Vec<Trial> = records.iter().filter_map(|record| Trial::of(&record.kind)).collect();
    assert_eq!(trials, [Trial::ReaderStalled, Trial::ReaderReads]);
    assert_eq!(closes(&records), [(Some(1000), ClosedBy::Client)]);
}

/// A silent peer hears its server's ping, and its answer never arrives; one that vanished does not even hear.
#[rstest::rstest]
#[case::silent(Client::fall_silent, 1)]
#[case::vanished(Client::vanish, 0)]
#[tokio::test]
async fn a_peer_that_is_gone_answers_nothing(#[case] go: fn(&Client), #[case] heard: usize) {
    let (told, ended) = tokio::sync::oneshot::channel();
    let (leave, left) = tokio::sync::oneshot::channel();
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        left.await.unwrap();
        socket.send(Message::Ping(Vec::new().into())).await.unwrap();
        socket.send(Message::text(json!({"type": "heartbeat"}).to_string())).await.unwrap();
        let came = tokio::time::timeout(Duration::from_millis(300), socket.next()).await;
        told.send(came.is_ok()).unwrap();
        socket.close(None).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    go(&client);
    client.ping(1).await.unwrap();
    leave.send(()).unwrap();
    assert!(!tokio::time::timeout(SOON, ended).await.unwrap().unwrap(), "something arrived");
    let _ = client.wait_for_close(Duration::from_millis(200)).await;
    drop(client);
    let records = recording.finish().unwrap().records;
    assert_eq!(frames(&records, Direction::In).len(), heard);
    let by = if heard > 0 { ClosedBy::Server } else { ClosedBy::Client };
    assert_eq!(closes(&records).iter().map(|(_, by)| *by).collect::<Vec<_>>(), [by]);
}

/// Its heartbeats stay away for longer than a silent peer is borne, and yet it is the Close that was never answered.
#[tokio::test]
async fn who_has_closed_waits_for_the_answer_and_says_that_none_came() {
    let (leave, left) = tokio::sync::oneshot::channel::<()>();
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        let greeting =
            json!({"type": "connection_established", "connection_id": "c1", "ping_interval_ms": 500});
        socket.send(Message::text(greeting.to_string())).await.unwrap();
        let _ = left.await;
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    client.wait_for_greeting(SOON).await.unwrap();
    client.close().await;
    drop((client, leave));
    let records = recording.finish().unwrap().records;
    let reasons: Vec<_> = records
        .iter()
        .filter_map(|record| match &record.kind {
            RecordKind::Close { reason, .. } => reason.as_deref(),
            _ => None,
        })
        .collect();
    assert_eq!(reasons, [CLOSE_NOT_ANSWERED]);
}
