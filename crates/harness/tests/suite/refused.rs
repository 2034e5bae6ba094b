//! Connections that do not come about.

use crate::world::{connect, minting, serve};
use goldenpath_harness::{Connect, ConnectError, Credential, Forgery, Recording, Session, Target};
use goldenpath_history::RecordKind;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

#[tokio::test]
async fn a_refusal_is_recorded_with_its_body_and_without_the_token() {
    let target = serve(|mut tcp| async move {
        let mut head = vec![0; 4096];
        let read = tcp.read(&mut head).await.unwrap();
        let head = String::from_utf8_lossy(&head[..read]).into_owned();
        let token = head.lines().find_map(|line| line.split("Bearer ").nth(1)).unwrap_or_default().trim();
        let body = format!("bad token {token}!");
        let length = body.len();
        let answer = format!("HTTP/1.1 401 Unauthorized\r\ncontent-length: {length}\r\n\r\n{body}");
        tcp.write_all(answer.as_bytes()).await.unwrap();
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let (auth, user) = minting();
    let session = Session::new(target, auth, recording.recorder());
    let how = Connect::fresh().showing(Credential::Forged(Forgery::Expired));
    let why = session.connect(&user, how).await.unwrap_err();
    assert!(matches!(why, ConnectError::Refused { status: 401, .. }), "{why}");

    let records = recording.finish().unwrap().records;
    let RecordKind::Open { status, credential, body, .. } = &records[0].kind else { panic!("{records:?}") };
    assert_eq!((*status, credential.as_deref()), (Some(401), Some("expired")));
    assert_eq!(body.as_deref(), Some("bad token «redacted jwt»!"));
}

/// Of a body in a packet of its own nothing is said, since not all of it is known.
#[tokio::test]
async fn a_part_of_a_refusals_body_is_not_recorded_as_the_body() {
    let target = serve(|mut tcp| async move {
        let _ = tcp.read(&mut vec![0; 4096]).await.unwrap();
        tcp.write_all(b"HTTP/1.1 401 Unauthorized\r\ncontent-length: 12\r\n\r\nno ").await.unwrap();
        // The rest comes only once the client is gone.
        let _ = tcp.read(&mut [0; 1]).await;
        let _ = tcp.write_all(b"such token").await;
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let why = connect(target, &recording).await.unwrap_err();
    assert!(matches!(why, ConnectError::Refused { status: 401, .. }), "{why}");
    let records = recording.finish().unwrap().records;
    let RecordKind::Open { status, body, .. } = &records[0].kind else { panic!("{records:?}") };
    assert_eq!((*status, body.as_deref()), (Some(401), None));
}

#[tokio::test]
async fn a_target_that_is_not_there_is_recorded_as_such() {
    let recording = Recording::in_memory().unwrap();
    let target = Target::new("ws://127.0.0.1:1/ws").unwrap();
    let why = connect(target, &recording).await.unwrap_err();
    assert!(matches!(why, ConnectError::Unreachable { .. }), "{why}");
    let records = recording.finish().unwrap().records;
    assert!(matches!(&records[0].kind, RecordKind::Open { status: None, body: Some(_), .. }));
}

#[tokio::test]
async fn a_silent_target_ends_the_connect_at_its_deadline() {
    let target = serve(|tcp| async move {
        let _held = tcp;
        std::future::pending::<()>().await;
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let why = connect(target, &recording).await.unwrap_err();
    assert!(why.to_string().contains("no answer within 0.5 s"), "{why}");
}
