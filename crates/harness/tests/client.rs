//! A client against servers that behave, refuse, and misbehave: whatever comes is in the record, and nothing crashes.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

use futures_util::{SinkExt as _, StreamExt as _};
use goldenpath_harness::{
    Auth, Client, Connect, ConnectError, Credential, Forgery, MintSettings, Minter, Prompts, RecorderError,
    Recording, Session, Target, TestUser, Token, known_scenarios,
};
use goldenpath_history::{ClosedBy, Direction, HistoryReader, Record, RecordKind, Trial};
use serde_json::{Value, json};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::Message;

const SOON: Duration = Duration::from_secs(5);

/// A server for one connection.
async fn serve<F, A>(act: A) -> Target
where
    A: FnOnce(TcpStream) -> F + Send + 'static,
    F: Future<Output = ()> + Send,
{
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { act(listener.accept().await.unwrap().0).await });
    Target::new(&format!("ws://{address}/ws")).unwrap().with_connect_deadline(Duration::from_millis(500))
}

async fn accept(tcp: TcpStream) -> WebSocketStream<TcpStream> {
    tokio_tungstenite::accept_async(tcp).await.unwrap()
}

fn minting() -> (Auth, TestUser) {
    let minter = Arc::new(Minter::new(MintSettings::default(), &[7; 32]).unwrap());
    let user = TestUser::minted("ada", minter.clone());
    (Auth { mode: goldenpath_harness::AuthMode::Mint(minter), ..Auth::none() }, user)
}

async fn connect(target: Target, recording: &Recording) -> Result<Client, ConnectError> {
    let (auth, user) = minting();
    Session::new(target, auth, recording.recorder()).connect(&user, Connect::fresh()).await
}

fn frames<'a>(records: &'a [Record<'a>], way: Direction) -> Vec<&'a str> {
    let frame = |record: &'a Record<'a>| match &record.kind {
        RecordKind::Frame { dir, raw, .. } if *dir == way => Some(raw.as_ref()),
        _ => None,
    };
    records.iter().filter_map(frame).collect()
}

fn closes(records: &[Record<'_>]) -> Vec<(Option<u16>, ClosedBy)> {
    let close = |record: &Record<'_>| match &record.kind {
        RecordKind::Close { code, by, .. } => Some((*code, *by)),
        _ => None,
    };
    records.iter().filter_map(close).collect()
}

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

#[tokio::test]
async fn a_refreshed_token_is_sent_and_not_recorded() {
    let (sent, mut seen) = tokio::sync::mpsc::channel(1);
    let target = serve(|tcp| async move {
        let mut socket = accept(tcp).await;
        while let Some(Ok(Message::Text(text))) = socket.next().await {
            // The token comes back in what the server says: it must not reach the file either.
            socket.send(Message::text(text.clone())).await.unwrap();
            sent.send(text.to_string()).await.unwrap();
        }
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let client = connect(target, &recording).await.unwrap();
    let token = minting().1.token().unwrap().unwrap();
    client.refresh(&token).await.unwrap();
    assert!(seen.recv().await.unwrap().contains(token.reveal()));
    client.wait_for("the echo", SOON, |view| (view.frames > 0).then_some(())).await.unwrap();
    drop(client);
    let records = recording.finish().unwrap().records;
    assert_eq!(frames(&records, Direction::Out), [r#"{"token":"«redacted jwt»","type":"refresh"}"#]);
    assert_eq!(frames(&records, Direction::In), [r#"{"token":"«redacted jwt»","type":"refresh"}"#]);
}

#[tokio::test]
async fn a_recording_becomes_a_file_when_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let seen = Arc::new(std::sync::Mutex::new(Vec::new()));
    let lines = seen.clone();
    let observer = Box::new(move |line, _: &Record<'_>| lines.lock().unwrap().push(line));
    let recording = Recording::start(&header, Some(&path), Some(observer)).unwrap();
    for value in 0..3 {
        recording.recorder().sample("x", f64::from(value));
    }
    assert!(!path.exists() && folder.path().join("history.jsonl.zst.partial").exists());
    let finished = recording.finish().unwrap();
    // The header, a mark at the beginning, three samples, a mark at the end.
    assert_eq!((finished.lines, finished.lost), (6, 0));
    assert_eq!(*seen.lock().unwrap(), [2, 3, 4, 5, 6]);

    let file = std::io::BufReader::new(std::fs::File::open(&path).unwrap());
    let mut reader = HistoryReader::open(file).unwrap();
    assert!(reader.header().t0_unix_ms.is_some());
    let mut lines = 0;
    while let Some(record) = reader.next() {
        record.unwrap();
        lines += 1;
    }
    assert_eq!(lines, 5);
}

#[test]
fn a_folder_that_cannot_be_written_is_an_error_that_names_it() {
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let why = Recording::start(&header, Some("/nonexistent/history.jsonl.zst".as_ref()), None).unwrap_err();
    assert!(
        why.to_string().starts_with("failed to create `/nonexistent/history.jsonl.zst.partial`"),
        "{why}"
    );
}

/// A token that looks like nothing is known because it was shown.
#[tokio::test]
async fn a_given_token_that_is_no_jwt_is_not_recorded_either() {
    const TOKEN: &str = "correct-horse";
    let target = serve(|tcp| async move {
        let mut socket = accept(tcp).await;
        let echo = || format!("{{\"type\":\"error\",\"message\":\"no {TOKEN}\"}}");
        socket.send(Message::text(echo())).await.unwrap();
        socket.send(Message::binary(echo())).await.unwrap();
        let _ = socket.next().await;
    })
    .await;
    let recording = Recording::in_memory().unwrap();
    let session = Session::new(target, Auth::none(), recording.recorder());
    let user = TestUser::given("ada", Token::new(TOKEN));
    let client = session.connect(&user, Connect::fresh()).await.unwrap();
    client.send_text(format!("I am {TOKEN}")).await.unwrap();
    client.wait_for("both", SOON, |view| (view.frames == 2).then_some(())).await.unwrap();
    recording.recorder().mark(None, None, "store", Some(format!("{{\"body\":\"{TOKEN}\"}}")));
    drop(client);
    let records = recording.finish().unwrap().records;
    assert_eq!(frames(&records, Direction::Out), ["I am «redacted token»"]);
    let kept = format!("{records:?}");
    let encoded = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, TOKEN);
    assert!(!kept.contains(TOKEN) && !kept.contains(encoded.trim_end_matches('=')), "{kept}");
    assert!(kept.contains(r#"\"body\":\"«redacted token»\""#), "{kept}");
}

#[tokio::test]
async fn a_recording_that_is_dropped_keeps_its_records_and_reads_as_cut() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let recording = Recording::start(&header, Some(&path), None).unwrap();
    let recorder = recording.recorder();
    recorder.sample("x", 1.0);
    drop(recording);
    recorder.sample("late", 1.0);
    assert!(!path.exists());

    let partial = folder.path().join("history.jsonl.zst.partial");
    let mut reader =
        HistoryReader::open(std::io::BufReader::new(std::fs::File::open(partial).unwrap())).unwrap();
    assert!(matches!(reader.next(), Some(Ok((2, _)))));
    assert!(
        matches!(reader.next(), Some(Ok((3, record))) if matches!(record.kind, RecordKind::Sample { .. }))
    );
    assert!(reader.next().unwrap().unwrap_err().is_cut());
    assert!(reader.next().is_none());
}

#[tokio::test]
async fn a_writer_that_panics_stops_nobody_and_is_an_error_at_the_end() {
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let observer = Box::new(|_, record: &Record<'_>| assert!(record.conn.is_none(), "told to"));
    let recording = Recording::start(&header, None, Some(observer)).unwrap();
    let recorder = recording.recorder();
    recorder.mark(Some(1), None, "x", None);
    // More than the queue holds: were it still filled, readers would wait.
    let large = "x".repeat(1 << 20);
    for _ in 0..100 {
        recorder.mark(None, None, "x", Some(large.clone()));
    }
    assert!(matches!(recording.finish(), Err(RecorderError::Gone)));
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

/// A device that is always full stands for a disk that became so.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn a_full_disk_stops_nobody_and_is_an_error_at_the_end() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("history.jsonl.zst");
    std::os::unix::fs::symlink("/dev/full", folder.path().join("history.jsonl.zst.partial")).unwrap();
    let header = goldenpath_history::Header::new("s", "ws://x/ws", "goldenpath");
    let seen = Arc::new(std::sync::atomic::AtomicUsize::new(0));
    let count = seen.clone();
    let observer = Box::new(move |_, _: &Record<'_>| {
        count.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    });
    let recording = Recording::start(&header, Some(&path), Some(observer)).unwrap();
    let recorder = recording.recorder();
    let large = "x".repeat(1 << 20);
    for _ in 0..10 {
        recorder.mark(None, None, "x", Some(large.clone()));
    }
    let why = recording.finish().unwrap_err();
    assert!(matches!(why, RecorderError::Write { .. }), "{why}");
    assert!(!path.exists());
    // What could not be kept was judged all the same, with the marks of the beginning and the end.
    assert_eq!(seen.load(std::sync::atomic::Ordering::Relaxed), 12);
}

/// What a client does to its own end of a connection, and what came of it on the other.
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
