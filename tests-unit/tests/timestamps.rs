//! When events say that they were made, rule by rule: in which spelling, between which moments, in which order.

use crate::story::{Story, assert_told, brief};
use goldenpath_checkers::{CheckResult, unix_ms_of};
use goldenpath_history::Expect;
use serde_json::{Value, json};

/// An instant so many milliseconds after the story's beginning, as events write it.
fn written(ms: i64) -> String {
    let (minute, ms) = if ms < 0 { ("11:59", ms + 60_000) } else { ("12:00", ms) };
    format!("2026-03-01T{minute}:{:02}.{:03}Z", ms / 1_000, ms % 1_000)
}

fn asked() -> Story {
    let mut story = Story::new();
    story.connect("ada").after(5_000).ask("ada", "run", None, Expect::default());
    story
}

/// One event that was received two seconds after its request.
fn stamped(timestamp: Value) -> Story {
    let mut story = asked();
    story.after(2_000).event("run", "agent_thinking", json!({ "timestamp": timestamp }));
    story
}

fn said(story: &Story, id: &str) -> String {
    brief(&story.says(&format!("timestamps/{id}")))
}

#[test]
fn every_event_has_a_timestamp_in_one_spelling() {
    let of = |timestamp: Value| {
        let story = stamped(timestamp);
        [said(&story, "present"), said(&story, "format")]
    };
    let open = "open (NoCoverage) 0/0";
    assert_eq!(of(json!(written(6_000))), ["passes 1/1", "passes 1/1"]);
    assert_eq!(of(json!("")), ["fails 0/1 [none]", open]);
    assert_eq!(of(json!(null)), ["fails 0/1 [none]", open]);
    assert_eq!(of(json!(7)), ["passes 1/1", "fails 0/1 [`7` (a number)]"]);
    assert_eq!(of(json!("2026-03-01")), ["passes 1/1", "fails 0/1 [`\"2026-03-01\"` (a string)]"]);
    let finding = |id: &str, timestamp: Value| stamped(timestamp).says(id).findings.remove(0);
    let present = finding("timestamps/present", json!(null));
    assert!(present.summary.ends_with(": `agent_thinking` has no timestamp"));
    assert_eq!((present.expected.as_str(), present.records), ("a `timestamp` on every event", vec![6]));
    let format = finding("timestamps/format", json!(7));
    assert!(format.summary.ends_with(": the timestamp of `agent_thinking` is misspelt"));
    assert_eq!(format.records, [6]);
}

#[test]
fn events_are_made_between_their_request_and_their_receipt() {
    let of = |ms: i64| {
        let check = stamped(json!(written(ms))).says("timestamps/in-session");
        let said = brief(&check);
        said.replace(&written(ms), "IT")
    };
    // Asked at 5 s, received at 7 s, and two seconds to either side; the server's clock is known within a millisecond.
    assert_eq!(of(3_000), "passes 1/1");
    assert_eq!(of(2_999), "fails 0/1 [`IT`: 2001 ms before its request]");
    assert_eq!(of(9_001), "passes 1/1");
    assert_eq!(of(9_002), "fails 0/1 [`IT`: 2001 ms after it was received]");
    let finding = stamped(json!(written(2_999))).says("timestamps/in-session").findings.remove(0);
    assert!(finding.summary.ends_with(": `agent_thinking` was not made in this session"));
    assert_eq!(finding.expected, "made between the request and the receipt, within 2000 ms");
    assert_eq!(finding.records, [6]);
}

/// An event of a run that nobody asked for, and whose session began at the first second.
fn unasked(ms: i64, greeted: bool, t0: bool) -> String {
    let mut story = asked();
    let text = story.event_text(
        "run",
        "agent_thinking",
        &json!({ "timestamp": written(ms), "request_id": "x", "run_id": "y" }),
    );
    let mut alone = Story::new();
    alone.after(1_000);
    if greeted {
        alone.connect("ada");
    } else {
        alone.frame("ada", "{\"type\":\"x.a\"}");
    }
    alone.after(1_000).frame("ada", text);
    if !t0 {
        alone.history_mut().header.t0_unix_ms = None;
    }
    let check = alone.says("timestamps/in-session");
    format!("{}/{}", check.n, check.of)
}

#[test]
fn who_asked_for_nothing_is_held_against_the_beginning() {
    assert_eq!(unasked(-1_000, true, true), "1/1");
    assert_eq!(unasked(-1_001, true, true), "0/1");
    // Without a reading the clock is the client's.
    assert_eq!((unasked(4_000, false, true).as_str(), unasked(4_001, false, true).as_str()), ("1/1", "0/1"));
    assert_eq!((unasked(4_001, true, true).as_str(), unasked(4_002, true, true).as_str()), ("1/1", "0/1"));
    assert_eq!(unasked(4_001, true, false), "1/1");
    // What is replayed may be older than the session.
    let replayed = |recovered: &str| {
        let mut old = asked();
        let fields = json!({ "timestamp": written(-20_000), "request_id": "x", "run_id": "y", "seq": 1 });
        let event = old.event_text("run", "agent_thinking", &fields);
        let mut story = Story::new();
        story.connect("ada").after(1_000).reconnect("ada", recovered, 1).frame("ada", event);
        let check = story.says("timestamps/in-session");
        format!("{}/{}", check.n, check.of)
    };
    assert_eq!((replayed("full").as_str(), replayed("fresh").as_str()), ("1/1", "0/1"));
    assert_eq!(unasked(4_000, false, false), "0/0");
}

/// Events of one run: received when, made when, by which number. A terminal that claims a duration comes last.
fn run(events: &[(u64, i64, u64)], claimed: Option<f64>) -> Story {
    let mut story = asked();
    let mut at = 0;
    for (place, (received, made, seq)) in events.iter().enumerate() {
        let mut fields = json!({ "timestamp": written(5_000 + made), "seq": seq });
        let last = place + 1 == events.len();
        let kind = match claimed.filter(|_| last) {
            Some(claimed) => {
                fields["duration_ms"] = json!(claimed);
                "agent_completed"
            }
            None => "agent_thinking",
        };
        story.after(received - at).event("run", kind, fields);
        at = *received;
    }
    story
}

fn monotone(events: &[(u64, i64, u64)], claimed: Option<f64>) -> CheckResult {
    run(events, claimed).says("timestamps/monotone")
}

#[test]
fn timestamps_never_go_back_along_the_numbers() {
    let said = |events: &[(u64, i64, u64)]| {
        let check = monotone(events, None);
        (brief(&check), check.findings.first().map(|finding| finding.records.clone()))
    };
    let kept = ("passes 1/1".to_owned(), None);
    assert_eq!(said(&[(0, 10, 1), (1, 10, 2), (2, 11, 3)]), kept);
    assert_eq!(
        said(&[(0, 10, 1), (1, 9, 2)]),
        ("fails 0/1 [seq 2 was made 1 ms before seq 1]".to_owned(), Some(vec![6, 7]))
    );
    // The latest so far is what a new one is held against: the first of equals.
    assert_eq!(
        said(&[(0, 10, 1), (1, 20, 2), (2, 20, 3), (3, 15, 4)]),
        ("fails 0/1 [seq 4 was made 5 ms before seq 2]".to_owned(), Some(vec![7, 9]))
    );
    assert_eq!(
        said(&[(0, 10, 1), (1, 20, 2), (2, 30, 3), (3, 15, 4)]).0,
        "fails 0/1 [seq 4 was made 15 ms before seq 3]"
    );
    // Of two with one number neither is the earlier.
    assert_eq!(said(&[(0, 10, 1), (1, 20, 2), (2, 15, 2)]), kept);
    assert_eq!(said(&[(0, 10, 1), (1, 20, 2), (2, 25, 2)]), kept);
    // One that comes late is held against its neighbours by number.
    assert_eq!(said(&[(0, 10, 1), (1, 30, 3), (2, 20, 2)]), kept);
    assert_eq!(said(&[(0, 10, 1), (1, 30, 3), (2, 10, 2)]), kept);
    assert_eq!(said(&[(0, 10, 1), (1, 30, 3), (2, 30, 2)]), kept);
    assert_eq!(
        said(&[(0, 10, 1), (1, 30, 3), (2, 31, 2)]),
        ("fails 0/1 [seq 3 was made 1 ms before seq 2]".to_owned(), Some(vec![7, 8]))
    );
    assert_eq!(
        said(&[(0, 10, 1), (1, 30, 3), (2, 9, 2)]),
        ("fails 0/1 [seq 2 was made 1 ms before seq 1]".to_owned(), Some(vec![6, 8]))
    );
    // Once is enough.
    assert_eq!(said(&[(0, 10, 1), (1, 9, 2), (2, 8, 3)]).0, "fails 0/1 [seq 2 was made 1 ms before seq 1]");
    // Without numbers they count in the order in which they came.
    let mut story = asked();
    for made in [10, 9] {
        story.event("run", "agent_thinking", json!({ "timestamp": written(5_000 + made), "seq": null }));
    }
    assert_eq!(brief(&story.says("timestamps/monotone")), "fails 0/1 [seq 2 was made 1 ms before seq 1]");
    // What came to somebody else, or came twice, is no event of the run.
    let mut foreign = asked();
    foreign.connect("bob").event("run", "agent_thinking", json!({ "timestamp": written(5_010) }));
    foreign.event_to("bob", "run", "agent_thinking", json!({ "timestamp": written(5_000) }));
    assert_eq!(brief(&foreign.says("timestamps/monotone")), "passes 1/1");
}

#[test]
fn four_events_over_a_second_with_one_timestamp_stand_still() {
    let said = |receipts: [u64; 4], made: [i64; 4]| {
        let events: Vec<(u64, i64, u64)> = (0..4).map(|at| (receipts[at], made[at], at as u64 + 1)).collect();
        brief(&monotone(&events, None))
    };
    assert_eq!(said([0, 10, 20, 1_000], [7; 4]), "fails 0/1 [4 events over 1000 ms with one timestamp]");
    assert_eq!(said([0, 10, 20, 999], [7; 4]), "passes 1/1");
    assert_eq!(said([0, 10, 20, 2_000], [6, 7, 7, 7]), "passes 1/1");
    assert_eq!(said([0, 10, 20, 2_000], [7, 7, 7, 8]), "passes 1/1");
    assert_eq!(said([0, 10, 20, 2_000], [7, 7, 8, 8]), "passes 1/1");
    // What came twice was made once.
    let mut again = run(&[(0, 7, 1), (10, 7, 2)], None);
    let third = again.event_text("run", "agent_thinking", &json!({ "timestamp": written(5_007), "seq": 3 }));
    again.after(10).frame("ada", third.clone()).after(2_000).frame("ada", third);
    assert_eq!(brief(&again.says("timestamps/monotone")), "passes 1/1");
    let five = [(0, 7, 1), (10, 7, 2), (20, 7, 3), (1_500, 7, 4), (1_600, 7, 5)];
    let check = monotone(&five, None);
    assert_eq!(brief(&check), "fails 0/1 [4 events over 1500 ms with one timestamp]");
    assert_eq!(check.findings[0].records, [9]);
    // The stretch begins where the timestamp began.
    let later = [(0, 6, 1), (500, 7, 2), (600, 7, 3), (700, 7, 4), (1_499, 7, 5)];
    assert_eq!(brief(&monotone(&later, None)), "passes 1/1");
    let over = [(0, 6, 1), (500, 7, 2), (600, 7, 3), (700, 7, 4), (1_500, 7, 5)];
    assert_eq!(brief(&monotone(&over, None)), "fails 0/1 [4 events over 1000 ms with one timestamp]");
}

#[test]
fn a_run_that_says_it_took_long_was_not_made_at_once() {
    // Four events at once of a run that took fifty milliseconds, by its own words and by what was seen.
    let said = |receipts: [u64; 4], made: [i64; 4], claimed: f64| {
        let events: Vec<(u64, i64, u64)> = (0..4).map(|at| (receipts[at], made[at], at as u64 + 1)).collect();
        brief(&monotone(&events, Some(claimed)))
    };
    let still = "fails 0/1 [4 events with one timestamp in a run of 50 ms]";
    assert_eq!(said([0, 10, 20, 50], [7; 4], 50.0), still);
    assert_eq!(said([0, 10, 20, 50], [7; 4], 49.0), "passes 1/1");
    assert_eq!(said([0, 10, 20, 49], [7; 4], 50.0), "passes 1/1");
    assert_eq!(said([0, 10, 20, 50], [6, 7, 7, 7], 50.0), "passes 1/1");
    // In less than half of the time that it took.
    let five = |first: i64, claimed: f64, seen: u64| {
        let events = [(0, first, 1), (10, 32, 2), (20, 32, 3), (30, 32, 4), (seen, 32, 5)];
        brief(&monotone(&events, Some(claimed)))
    };
    assert_eq!(five(7, 50.0, 60), still);
    assert_eq!(five(6, 50.0, 60), "passes 1/1");
    assert_eq!(five(6, 52.0, 60), "fails 0/1 [4 events with one timestamp in a run of 52 ms]");
    assert_eq!(five(6, 52.0, 51), "passes 1/1");
    assert_eq!(five(6, 60.0, 52), "fails 0/1 [4 events with one timestamp in a run of 60 ms]");
    let check = monotone(&[(0, 7, 1), (10, 7, 2), (20, 7, 3), (50, 7, 4)], Some(50.0));
    assert_eq!(check.findings[0].records, [5, 9]);
    // What went back already is told once.
    let back = [(0, 40, 1), (10, 7, 2), (20, 7, 3), (30, 7, 4), (50, 7, 5)];
    assert_eq!(brief(&monotone(&back, Some(50.0))), "fails 0/1 [seq 2 was made 33 ms before seq 1]");
}

#[test]
fn timestamps_of_whole_seconds_are_cut() {
    let said = |made: [i64; 4], seen: u64, claimed: f64| {
        let events = [(0, made[0], 1), (10, made[1], 2), (20, made[2], 3), (seen, made[3], 4)];
        brief(&run(&events, Some(claimed)).says("timestamps/format"))
    };
    let cut = "fails 4/4 [4 events with `.000`, in a run of 60 ms]";
    assert_eq!(said([0, 0, 0, 0], 50, 60.0), cut);
    assert_eq!(said([0, 1_000, 1_000, 2_000], 50, 60.0), cut);
    assert_eq!(said([0, 0, 0, 1], 50, 60.0), "passes 4/4");
    assert_eq!(said([0, 0, 0, 0], 49, 60.0), "passes 4/4");
    assert_eq!(said([0, 0, 0, 0], 60, 49.0), "passes 4/4");
    let three = [(0, 0, 1), (10, 0, 2), (60, 0, 3)];
    assert_eq!(brief(&run(&three, Some(60.0)).says("timestamps/format")), "passes 3/3");
    let four = [(0, 0, 1), (10, 0, 2), (20, 0, 3), (60, 0, 4)];
    assert_eq!(run(&four, Some(60.0)).says("timestamps/format").findings[0].records, [5, 9]);
    assert_eq!(brief(&run(&four, None).says("timestamps/format")), "passes 4/4");
}

#[test]
fn the_servers_clock_is_the_clients_within_two_seconds() {
    let skew = |ahead_ms: f64, readings: usize| {
        let mut story = Story::new();
        for user in ["ada", "bob", "cyd"].iter().take(readings) {
            story.connect(user);
        }
        let header = &mut story.history_mut().header;
        header.t0_unix_ms = header.t0_unix_ms.map(|t0| t0 - ahead_ms);
        let check = story.says("timestamps/skew");
        assert_eq!(check.limit, Some(2_000.0));
        (brief(&check), check.value)
    };
    let open = "open (ClockUncertain) 0/0".to_owned();
    assert_eq!(skew(0.0, 3), ("passes 1/1".to_owned(), Some(0.5)));
    assert_eq!(skew(0.0, 2), (open.clone(), None));
    assert_eq!(skew(1_999.0, 3), ("passes 1/1".to_owned(), Some(1_999.5)));
    assert_eq!(skew(2_000.0, 3), (open.clone(), Some(2_000.5)));
    assert_eq!(skew(2_001.0, 3), ("fails 0/1 [between 2001 and 2002 ms ahead]".to_owned(), Some(2_001.5)));
    assert_eq!(skew(-2_000.0, 3), ("passes 1/1".to_owned(), Some(1_999.5)));
    assert_eq!(skew(-2_001.0, 3), (open, Some(2_000.5)));
    assert_eq!(skew(-2_002.0, 3), ("fails 0/1 [between -2002 and -2001 ms ahead]".to_owned(), Some(2_001.5)));
    let mut unknown = Story::new();
    unknown.connect("ada").connect("bob").connect("cyd").history_mut().header.t0_unix_ms = None;
    assert_eq!(brief(&unknown.says("timestamps/skew")), "open (ClockUncertain) 0/0");
}

#[test]
fn instants_are_read_in_one_spelling() {
    let read = |text: &str| unix_ms_of(text).map_or("none".to_owned(), |ms| ms.to_string());
    assert_told(
        &[
            ("1970-01-01T00:00:00.000Z", "0"),
            ("1969-12-31T23:59:59.999Z", "-1"),
            ("1970-01-01T01:02:03.004Z", "3723004"),
            ("1970-01-31T00:00:00.000Z", "2592000000"),
            ("1970-03-01T00:00:00.000Z", "5097600000"),
            ("1971-01-01T00:00:00.000Z", "31536000000"),
            ("1972-02-29T00:00:00.000Z", "68169600000"),
            ("1973-12-31T23:59:59.999Z", "126230399999"),
            ("2000-02-29T00:00:00.000Z", "951782400000"),
            ("2000-03-01T00:00:00.000Z", "951868800000"),
            ("2100-02-28T00:00:00.000Z", "4107456000000"),
            ("2100-03-01T00:00:00.000Z", "4107542400000"),
            ("2100-02-29T00:00:00.000Z", "none"),
            ("2400-02-29T00:00:00.000Z", "13574563200000"),
            ("0000-01-01T00:00:00.000Z", "-62167219200000"),
            ("1999-04-30T00:00:00.000Z", "925430400000"),
            ("1999-06-30T00:00:00.000Z", "930700800000"),
            ("1999-09-30T00:00:00.000Z", "938649600000"),
            ("1999-11-30T00:00:00.000Z", "943920000000"),
            ("1999-06-31T00:00:00.000Z", "none"),
            ("1999-09-31T00:00:00.000Z", "none"),
            ("1999-11-31T00:00:00.000Z", "none"),
            ("1999-02-29T00:00:00.000Z", "none"),
            ("1999-07-31T23:00:00.000Z", "933462000000"),
            ("1999-08-31T00:59:00.000Z", "936061140000"),
            ("1999-10-31T00:00:59.000Z", "941328059000"),
            ("1999-12-01T00:00:00.100Z", "944006400100"),
            ("1999-12-32T00:00:00.000Z", "none"),
            ("1999-12-01T00:00:00.0000Z", "none"),
            ("1999/12-01T00:00:00.000Z", "none"),
            ("1999-12/01T00:00:00.000Z", "none"),
            ("1999-12-01t00:00:00.000Z", "none"),
            ("1999-12-01T00-00:00.000Z", "none"),
            ("1999-12-01T00:00-00.000Z", "none"),
            ("1999-12-01T00:00:00,000Z", "none"),
            ("1999-12-01T00:00:00.000z", "none"),
            ("199:-12-01T00:00:00.000Z", "none"),
            ("1999-1/-01T00:00:00.000Z", "none"),
        ],
        read,
    );
}
