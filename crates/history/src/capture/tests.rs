//! Captures written by hand, in the shapes that real recorders write.

use super::{Capture, Imported, Input};
use crate::{ClosedBy, Direction, Expect, LineFault, Outcome, RecordKind, ToolDemand};

fn capture(text: &str) -> Capture {
    match Input::open(text.as_bytes(), "alice").unwrap() {
        Input::Capture(capture) => *capture,
        Input::History(_) => panic!("taken for a history"),
    }
}

fn kinds(capture: &Capture) -> Vec<(u64, u32, &'static str)> {
    let kind = |kind: &RecordKind<'_>| match kind {
        RecordKind::Open { .. } => "open",
        RecordKind::Frame { dir: Direction::In, .. } => "in",
        RecordKind::Frame { .. } => "out",
        RecordKind::Close { .. } => "close",
        RecordKind::Request { .. } => "request",
        _ => "mark",
    };
    let of = |(line, record): &(u64, crate::Record<'_>)| (*line, record.conn.unwrap(), kind(&record.kind));
    capture.records.iter().map(of).collect()
}

const SOCKET: &str = concat!(
    r#"{"t_ns":5,"dir":"out","transport":"ws","url":"ws://h/ws?token=abcdefgh12345678","raw":"{\"type\":\"agent_request\",\"request_id\":\"r1\",\"message\":\"Hi\\n\\nReference: gp-0000000000000000000000000000000a\"}"}"#,
    "\n",
    r#"{"t_ns":7,"dir":"in","transport":"ws","raw":"{\"type\":\"agent_started\"}","new":{"key":1}}"#,
    "\n",
    r#"{"t_ns":9,"dir":"in","transport":"ws","raw":"","client_drop":"tcp reset"}"#,
    "\n",
    r#"{"t_ns":11,"dir":"out","transport":"ws","raw":"{}"}"#,
    "\n",
    r#"{"t_ns":12,"dir":"in","transport":"ws","raw":"","idle_timeout_s":3.0}"#,
    "\n"
);

#[test]
fn a_socket_capture_becomes_connections_requests_and_frames() {
    let capture = capture(SOCKET);
    assert_eq!((capture.user.as_str(), capture.errors.len()), ("alice", 0));
    assert_eq!(
        kinds(&capture),
        [
            (1, 1, "open"),
            (1, 1, "request"),
            (1, 1, "out"),
            (2, 1, "in"),
            (3, 1, "close"),
            (4, 2, "open"),
            (4, 2, "out"),
            (5, 2, "mark")
        ]
    );
    let RecordKind::Request { reference, prompt, expect, .. } = &capture.records[1].1.kind else { panic!() };
    assert_eq!(prompt.as_deref(), Some("Hi"));
    assert_eq!(reference.as_deref(), Some("gp-0000000000000000000000000000000a"));
    assert_eq!((expect.tools, expect.outcome), (ToolDemand::Some, Outcome::Any));
    assert!(matches!(capture.records[4].1.kind, RecordKind::Close { by: ClosedBy::Client, code: None, .. }));
    assert!(!capture.url.unwrap().contains("abcdefgh12345678"));
}

#[test]
fn the_first_line_says_whose_and_what_is_owed() {
    let text = format!(
        "{}\n{SOCKET}",
        r#"{"capture":1,"user":"bob","profile":"adk","t0_unix_ns":1763733600123000000,"expect":{"tools":2,"outcome":"failed"}}"#
    );
    let capture = capture(&text);
    assert_eq!((capture.user.as_str(), capture.profile.as_deref()), ("bob", Some("adk")));
    let owed = capture.records.iter().find_map(|(_, record)| match &record.kind {
        RecordKind::Request { expect, .. } => Some(expect.clone()),
        _ => None,
    });
    let expected = Expect { tools: ToolDemand::AtLeast(2), outcome: Outcome::Failed, ..Expect::default() };
    assert_eq!(owed, Some(expected));
    assert_eq!(capture.records[0].0, 2);
}

#[test]
fn an_sse_capture_is_one_connection_per_request() {
    let text = concat!(
        r#"{"t_ns":1,"dir":"out","transport":"sse","raw":"{}","http":"POST /run_sse"}"#,
        "\n",
        r#"{"t_ns":2,"dir":"in","transport":"sse","raw":"","http_status":200,"content_type":"text/event-stream"}"#,
        "\n",
        r#"{"t_ns":3,"dir":"in","transport":"sse","raw":"data: {\"a\":1}\n\n"}"#,
        "\n",
        r#"{"t_ns":4,"dir":"in","transport":"sse","raw":"","eof":true}"#,
        "\n",
        r#"{"t_ns":5,"dir":"out","transport":"sse","raw":"{}"}"#,
        "\n"
    );
    let capture = capture(text);
    assert_eq!(
        kinds(&capture),
        [(1, 1, "open"), (1, 1, "out"), (3, 1, "in"), (4, 1, "close"), (5, 2, "open"), (5, 2, "out")]
    );
    assert!(matches!(capture.records[0].1.kind, RecordKind::Open { status: Some(200), .. }));
    assert!(matches!(&capture.records[2].1.kind, RecordKind::Frame { raw, .. } if raw == "{\"a\":1}"));
    assert!(matches!(capture.records[3].1.kind, RecordKind::Close { by: ClosedBy::Server, .. }));
}

#[test]
fn lines_that_are_no_messages_are_named() {
    let capture =
        capture("{\"t_ns\":1,\"dir\":\"in\",\"raw\":\"a\"}\nnonsense\n{\"t_ns\":2,\"dir\":\"in\",\"ra");
    assert_eq!(capture.records.len(), 2);
    assert!(matches!(capture.errors[0].fault, LineFault::Unreadable(_)));
    assert_eq!((capture.errors[1].line, &capture.errors[1].fault), (3, &LineFault::Cut));
    assert!(capture.is_cut());
}

#[test]
fn captures_with_clocks_are_put_in_the_order_of_time() {
    let at = |user: &str, t0: i64| {
        capture(&format!("{{\"capture\":1,\"user\":\"{user}\",\"t0_unix_ns\":{t0}}}\n{SOCKET}"))
    };
    let imported =
        Imported::from_captures(vec![at("late", 2_000_100), at("early", 2_000_000)], "s", "goldenpath");
    assert_eq!(imported.header.t0_unix_ms, Some(2.0));
    let times: Vec<u64> = imported.records.iter().map(|imported| imported.record.t_ns).collect();
    assert!(times.is_sorted());
    assert_eq!((imported.records[0].file, imported.records[0].line, times[0]), (1, 2, 5));
    let conns: std::collections::BTreeSet<_> = imported
        .records
        .iter()
        .map(|imported| (imported.record.user.clone(), imported.record.conn))
        .collect();
    assert_eq!(conns.len(), 4);
    assert_eq!(imported.records.iter().filter_map(|imported| imported.record.conn).max(), Some(4));
}

#[test]
fn a_history_is_told_from_a_capture() {
    let header = serde_json::to_string(&crate::Header::new("s", "t", "p")).unwrap() + "\n";
    assert!(matches!(Input::open(header.as_bytes(), "x"), Ok(Input::History(_))));
    assert!(Input::open(&b"{\"capture\":7}\n"[..], "x").is_err());
}
