//! Frames and ends, as servers send them: true, malformed, broken.

use crate::world::{SOON, accept, closes, connect, frames, serve};
use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_harness::{Prompts, Recording, known_scenarios};
use goldenpath_history::{ClosedBy, Direction, RecordKind};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio_tungstenite::tungstenite::Message;

#[tokio::test]
async fn a_run_is_recorded_from_its_request_to_its_end() {
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        let Some(Ok(Message::Text(asked))) = socket.next().await else { return };
        let asked: Value = serde_json::from_str(&asked).unwrap();
        for (seq, kind) in ["agent_started", "agent_completed"].into_iter().enumerate() {
            let event =
                json!({"type": kind, "run_id": "r1", "request_id": asked["request_id"], "seq": seq + 1});
            socket.send(Message::text(event.to_string())).await.unwrap();
        }
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    let prompt = Prompts::new(1, "ada").next(&known_scenarios()[0]);
    client.ask(&prompt, None).await.unwrap();
    let (run, _) = client.wait_for_end(&prompt.request_id, SOON).await.unwrap().unwrap();
    assert_eq!(run, "r1");
    client.close().await;

    let records = recording.finish().unwrap().records;
    assert!(records.is_sorted_by_key(|record| record.t_ns));
    assert!(matches!(records[0].kind, RecordKind::Open { status: Some(101), credential: None, .. }));
    assert!(
        matches!(&records[1].kind, RecordKind::Request { request_id, .. } if *request_id == prompt.request_id)
    );
    assert_eq!(frames(&records, Direction::Out).len(), 1);
    assert_eq!(frames(&records, Direction::In).len(), 2);
    assert_eq!(closes(&records), [(Some(1000), ClosedBy::Client)]);
    assert!(records.iter().all(|record| record.user.as_deref() == Some("ada")));
}

#[tokio::test]
async fn malformed_frames_are_kept_and_harm_nobody() {
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        for text in ["", "{", "[1,2]", "{\"type\":7}", "\u{feff}{}", "\u{0}"] {
            socket.send(Message::text(text)).await.unwrap();
        }
        socket.send(Message::binary(vec![0, 159, 146, 150])).await.unwrap();
        socket.send(Message::text(r#"{"type":"pong","n":1}"#)).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    client.wait_for("`pong` 1", SOON, |view| view.last_pong).await.unwrap();
    drop(client);
    let records = recording.finish().unwrap().records;
    assert_eq!(frames(&records, Direction::In).len(), 8);
    let binary = records.iter().find_map(|record| match &record.kind {
        RecordKind::Frame { opcode: Some(opcode), raw, .. } => Some((opcode.as_ref(), raw.as_ref())),
        _ => None,
    });
    assert_eq!(binary, Some(("binary", "AJ+Slg==")));
    assert_eq!(closes(&records), [(None, ClosedBy::Client)]);
}

#[tokio::test]
async fn invalid_utf8_and_broken_framing_end_the_connection_with_a_record() {
    for (bytes, code) in [(vec![0x81, 2, 0xff, 0xfe], 1007), (vec![0xff, 0x00], 1002)] {
        let target = serve(|tcp| async move {
            let mut tcp = accept(tcp).await.into_inner();
            tcp.write_all(&bytes).await.unwrap();
            let _ = tcp.read(&mut [0; 64]).await;
        })
        .await;
        let recording = Recording::in_memory().unwrap();
        let client = connect(target, &recording).await.unwrap();
        assert_eq!(client.wait_for_close(SOON).await.unwrap().code, Some(code));
        let records = recording.finish().unwrap().records;
        assert_eq!(closes(&records), [(Some(code), ClosedBy::Client)]);
    }
}

#[tokio::test]
async fn who_closed_is_told_apart() {
    let polite = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        socket.close(None).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let rude = serve(|tcp| async { drop(accept(tcp).await) }).await;
    for (target, expected) in [(polite, (Some(1005), ClosedBy::Server)), (rude, (None, ClosedBy::Transport))]
    {
        let recording = Recording::in_memory().unwrap();
        let client = connect(target, &recording).await.unwrap();
        client.wait_for_close(SOON).await.unwrap();
        assert_eq!(closes(&recording.finish().unwrap().records), [expected]);
    }
}

#[tokio::test]
async fn a_wait_says_what_it_waited_for_and_what_came() {
    let target = serve(|tcp| async {
        let mut socket = accept(tcp).await;
        socket.send(Message::text(r#"{"type":"heartbeat","offset":0}"#)).await.unwrap();
        while let Some(Ok(_)) = socket.next().await {}
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    client.wait_for("a heartbeat", SOON, |view| (view.heartbeats > 0).then_some(())).await.unwrap();
    let why = client.wait_for_greeting(Duration::from_millis(20)).await.unwrap_err();
    let said = "failed to see `connection_established` within 0.02 s: 1 frames came, the last `heartbeat`, the connection is open";
    assert_eq!(why.to_string(), said);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_recorded_behind_a_connections_end() {
    for round in 0..20 {
        let target = serve(|tcp| async move {
            let mut socket = accept(tcp).await;
            while socket.send(Message::text("{\"type\":\"heartbeat\"}")).await.is_ok() {}
        })
        .await;
        let recording = Recording::in_memory().unwrap();
        let client = connect(target, &recording).await.unwrap();
        client.wait_for("frames", SOON, |view| (view.frames > 50 + round).then_some(())).await.unwrap();
        drop(client);
        // The reader ends at its next wait; what it read until then is no longer this connection's.
        tokio::task::yield_now().await;
        let records = recording.finish().unwrap().records;
        assert!(matches!(records.last().map(|record| &record.kind), Some(RecordKind::Close { .. })));
    }
}
