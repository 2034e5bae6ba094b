//! Histories that end early: at any byte, plain or compressed.

use crate::support::Place;
use crate::validation::validate;
use goldenpath_history::{Direction, HistoryReader, HistoryWriter, Record, RecordKind};
use std::fs::File;
use std::io::BufReader;

/// A place with a healthy session of two users.
fn recorded() -> Place {
    let place = Place::new();
    // How fast the answers came on this machine is not what a cut is about.
    validate("functional,integration").users(2).seed(7).at_any_speed().run(&place).ended_with(0);
    place
}

/// Its history, uncompressed, without the records that `leave_out` names.
fn plain(place: &Place, mut leave_out: impl FnMut(&Record<'_>) -> bool) -> Vec<u8> {
    let mut reader = HistoryReader::open(BufReader::new(File::open(place.history()).unwrap())).unwrap();
    let mut writer = HistoryWriter::plain(Vec::new(), &reader.header().clone()).unwrap();
    while let Some(record) = reader.next() {
        let record = record.unwrap().1;
        if !leave_out(&record) {
            writer.write(&record).unwrap();
        }
    }
    writer.finish().unwrap()
}

fn assert_blames_nobody(place: &Place, name: &str, bytes: &[u8]) {
    place.write(name, bytes);
    let ran = place.check(name);
    assert_eq!(ran.code, Some(3), "{} bytes: {}", bytes.len(), ran.said());
    assert!(ran.err.contains(&format!("{name}: line ")), "{} bytes: {}", bytes.len(), ran.said());
    assert!(!ran.out.contains("FAIL"), "{} bytes: {}", bytes.len(), ran.said());
}

#[test]
fn a_cut_is_named_and_blames_nobody() {
    let place = recorded();
    let text = plain(&place, |_| false);
    let step = text.len() / 7;
    for cut in (1..7).map(|part| part * step) {
        assert_blames_nobody(&place, "cut.jsonl", &text[..cut]);
    }
    // Between two lines, where no line is broken.
    let ends: Vec<usize> =
        text.iter().enumerate().filter(|(_, byte)| **byte == b'\n').map(|(at, _)| at + 1).collect();
    for end in ends.iter().skip(ends.len() / 3).step_by(ends.len() / 4).take(2) {
        assert_blames_nobody(&place, "cut.jsonl", &text[..*end]);
    }
    let compressed = std::fs::read(place.history()).unwrap();
    for part in 1..5 {
        assert_blames_nobody(&place, "cut.jsonl.zst", &compressed[..part * compressed.len() / 5]);
    }
    assert_blames_nobody(&place, "cut.jsonl.zst", &compressed[..compressed.len() - 1]);
}

#[test]
fn what_is_broken_before_the_cut_fails_all_the_same() {
    let place = recorded();
    let mut lost = false;
    let text = plain(&place, |record| {
        let tool = matches!(&record.kind, RecordKind::Frame { dir: Direction::In, raw, .. }
            if raw.contains("\"type\":\"tool_completed\""));
        let first = tool && !lost;
        lost |= tool;
        first
    });
    place.write("cut.jsonl", &text[..text.len() * 3 / 4]);
    let ran = place.check("cut.jsonl").ended_with(1);
    assert!(ran.out.contains("FAIL sequence/tool-pairs"), "{}", ran.said());
    assert!(ran.err.contains("cut.jsonl: line "), "{}", ran.said());
}

#[test]
fn a_line_that_cannot_be_read_is_named_and_blames_nobody() {
    let place = recorded();
    let text = plain(&place, |_| false);
    let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    for (at, bad) in [(40, "garbage"), (200, "{\"k\":\"nope\"}"), (333, "{\"k\":\"frame\",\"t_ns\":-1}")] {
        let mut broken = lines.clone();
        broken[at] = bad.as_bytes();
        assert_blames_nobody(&place, "bad.jsonl", &broken.join(&b'\n'));
    }
}

#[test]
fn a_capture_that_the_profile_cannot_read_says_so() {
    let place = Place::new();
    let lines = [
        r#"{"t_ns":1,"dir":"out","transport":"ws","raw":"{\"threadId\":\"t\",\"messages\":[]}"}"#,
        r#"{"t_ns":2,"dir":"in","transport":"ws","raw":"{\"type\":\"RUN_STARTED\",\"runId\":\"r\"}"}"#,
        r#"{"t_ns":3,"dir":"in","transport":"ws","raw":"{\"type\":\"RUN_FINISHED\",\"runId\":\"r\"}"}"#,
    ];
    place.write("other.jsonl", lines.join("\n"));
    let ran = place.check("other.jsonl");
    assert!(ran.err.contains("none of the 2 frames received is an event"), "{}", ran.said());
}

#[test]
fn a_recording_that_never_ended_is_judged_as_incomplete() {
    let place = recorded();
    std::fs::copy(place.history(), place.path().join("history.jsonl.zst.partial")).unwrap();
    let ran = place.check("history.jsonl.zst.partial").ended_with(3);
    assert!(ran.out.contains("capture_incomplete"), "{}", ran.said());
}
