//! Targets that answer with nonsense, or not at all.

use crate::support::{Place, Ran, failed};
use crate::validation::validate;
use goldenpath_report::Report;
use rstest::rstest;
use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};
use tokio_tungstenite::tungstenite::{self, Message, WebSocket};

const GREETING: &str = r#"{"type":"connection_established","connection_id":"c","user_id":"u","server_time":"2026-01-01T00:00:00.000Z","epoch":"e","offset":0,"heartbeat_interval":25}"#;

/// Serves every connection with `act`, on a thread of its own, until the test's process ends.
fn serve(act: fn(TcpStream)) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("ws://{}/ws", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            std::thread::spawn(move || act(stream));
        }
    });
    url
}

/// Upgrades, greets, sends `say` and reads until the other side is gone.
fn greet_and(stream: TcpStream, say: impl FnOnce(&mut WebSocket<TcpStream>)) {
    let Ok(mut socket) = tungstenite::accept(stream) else { return };
    if socket.send(Message::text(GREETING)).is_err() {
        return;
    }
    say(&mut socket);
    while socket.read().is_ok() {}
}

fn read_head(stream: &mut TcpStream) {
    let mut head = Vec::new();
    let mut byte = [0];
    while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).is_ok_and(|read| read == 1) {
        head.push(byte[0]);
    }
}

fn hangs_up(stream: TcpStream) {
    drop(stream);
}

fn speaks_no_http(mut stream: TcpStream) {
    read_head(&mut stream);
    let _ = stream.write_all(b"\x00\xff\xfe what?\r\n\r\n");
}

fn fails_the_upgrade(mut stream: TcpStream) {
    read_head(&mut stream);
    let _ = stream.write_all(
        b"HTTP/1.1 500 Internal Server Error\r\nContent-Length: 4\r\nConnection: close\r\n\r\nboom",
    );
}

fn never_upgrades(mut stream: TcpStream) {
    let mut rest = Vec::new();
    let _ = stream.read_to_end(&mut rest);
}

fn closes_at_once(stream: TcpStream) {
    if let Ok(mut socket) = tungstenite::accept(stream) {
        let _ = socket.close(None);
    }
}

fn never_says_anything(stream: TcpStream) {
    if let Ok(mut socket) = tungstenite::accept(stream) {
        while socket.read().is_ok() {}
    }
}

fn sends_binary(stream: TcpStream) {
    greet_and(stream, |socket| {
        let _ = socket.send(Message::binary(vec![0, 159, 146, 150]));
    });
}

fn sends_no_json(stream: TcpStream) {
    greet_and(stream, |socket| {
        for text in ["{", "null", "", "\u{0}", "[1,2", "{\"type\":\"\\ud800\"}", &"[".repeat(100_000)] {
            let _ = socket.send(Message::text(text));
        }
    });
}

fn sends_wrong_types(stream: TcpStream) {
    greet_and(stream, |socket| {
        for text in [
            r#"{"type":7}"#,
            r#"{"type":"agent_started","run_id":{},"seq":-1,"timestamp":1e999,"user_id":[]}"#,
            r#"{"type":"tool_completed","run_id":"r","seq":1.5,"results":null,"success":"yes"}"#,
            r#"{"type":"agent_completed","run_id":"r","seq":18446744073709551616,"event_count":-3}"#,
            r#"{"type":"request_accepted","request_id":7,"run_id":null,"duplicate":"maybe"}"#,
            r#"{"type":"pong","n":"one","server_time":[]}"#,
            r#"[{"type":"agent_started"}]"#,
        ] {
            let _ = socket.send(Message::text(text));
        }
    });
}

fn sends_too_much(stream: TcpStream) {
    greet_and(stream, |socket| {
        let _ = socket.send(Message::text(format!(
            "{{\"type\":\"agent_thinking\",\"reasoning\":\"{}\"}}",
            "x".repeat(40 << 20)
        )));
    });
}

/// Drives the target for a few seconds; whatever it does, the run ends in time, with a report.
fn drive(act: fn(TcpStream), patience: &str) -> (Ran, Report) {
    let (place, url) = (Place::new(), serve(act));
    let validation = validate("functional").users(2).without_tokens_of(&url).with(&["--timeout", patience]);
    let begun = Instant::now();
    let ran = validation.run(&place);
    assert!(begun.elapsed() < Duration::from_secs(30), "{}", ran.said());
    let report = place.report();
    assert!(!report.deployment_decision.approved);
    (ran, report)
}

#[rstest]
#[case::hangs_up(hangs_up)]
#[case::speaks_no_http(speaks_no_http)]
#[case::fails_the_upgrade(fails_the_upgrade)]
#[case::never_upgrades(never_upgrades)]
#[case::never_says_anything(never_says_anything)]
#[case::closes_at_once(closes_at_once)]
fn a_target_that_cannot_be_used_is_inconclusive(#[case] act: fn(TcpStream)) {
    let (ran, report) = drive(act, "2");
    assert_eq!(ran.code, Some(3), "{}", ran.said());
    assert_eq!(failed(&report), [""; 0]);
}

#[rstest]
#[case::binary(sends_binary, "content/text-frames")]
#[case::no_json(sends_no_json, "content/json")]
#[case::wrong_types(sends_wrong_types, "content/schema")]
#[case::too_much(sends_too_much, "")]
fn nonsense_becomes_findings(#[case] act: fn(TcpStream), #[case] finds: &str) {
    let (ran, report) = drive(act, "3");
    assert!(matches!(ran.code, Some(1 | 3)), "{}", ran.said());
    let failed = failed(&report);
    assert!(finds.is_empty() || failed.iter().any(|id| id == finds), "{failed:?}\n{}", ran.said());
}
