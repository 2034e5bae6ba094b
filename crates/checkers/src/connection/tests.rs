//! For each check a history that keeps its promise and one that breaks it.

use crate::fixture::{judged_with, verdict};
use crate::{Category, JudgeConfig, Judgement, Reason, Verdict};
use goldenpath_history::{CLOSE_NOT_ANSWERED, ClosedBy, Direction, Record, RecordKind, Trial};
use goldenpath_simulator::{Ending, History, Scenario, simulate};
use rstest::rstest;

fn judged(history: &History) -> Judgement {
    judged_with(history, JudgeConfig { categories: vec![Category::Resilience], ..JudgeConfig::default() })
}

fn says(history: &History, name: &str) -> Verdict {
    verdict(&judged(history), &format!("connection/{name}")).clone()
}

fn start() -> Scenario {
    Scenario::golden_path()
}

/// The places of the records that `wanted` finds.
fn places(history: &History, wanted: impl Fn(&RecordKind<'static>) -> bool) -> Vec<usize> {
    let found = history.records.iter().enumerate().filter(|(_, record)| wanted(&record.kind));
    found.map(|(at, _)| at).collect()
}

fn frame_with(text: &'static str) -> impl Fn(&RecordKind<'static>) -> bool {
    move |kind| matches!(kind, RecordKind::Frame { dir: Direction::In, raw, .. } if raw.contains(text))
}

fn close_with(number: u16) -> impl Fn(&RecordKind<'static>) -> bool {
    move |kind| matches!(kind, RecordKind::Close { code: Some(code), .. } if *code == number)
}

/// Takes out the records that `unwanted` finds.
fn without(mut history: History, unwanted: impl Fn(&RecordKind<'static>) -> bool) -> History {
    history.records.retain(|record| !unwanted(&record.kind));
    history
}

/// Changes the first record that `wanted` finds.
fn change(
    mut history: History,
    wanted: impl Fn(&RecordKind<'static>) -> bool,
    kind: impl Fn(&RecordKind<'static>) -> RecordKind<'static>,
) -> History {
    let at = *places(&history, wanted).first().expect("such a record");
    history.records[at].kind = kind(&history.records[at].kind);
    history
}

fn closed(code: Option<u16>, by: ClosedBy) -> RecordKind<'static> {
    RecordKind::Close { code, reason: None, by }
}

/// The same frame with another piece of text.
fn reworded(from: &'static str, to: &'static str) -> impl Fn(&RecordKind<'static>) -> RecordKind<'static> {
    move |kind| match kind {
        RecordKind::Frame { dir, raw, opcode } => {
            RecordKind::Frame { dir: *dir, raw: raw.replace(from, to).into(), opcode: opcode.clone() }
        }
        other => other.clone(),
    }
}

#[rstest]
#[case::drained(start().with_drain())]
#[case::silent(start().with_half_open_peers())]
#[case::slow(start().with_slow_readers())]
#[case::left(start())]
#[case::expired(start().with_expiry_probe())]
fn a_close_that_is_known_announced_and_true_is_right(#[case] scenario: Scenario) {
    assert_eq!(says(&simulate(&scenario, 3), "close-codes"), Verdict::Pass);
}

#[rstest]
#[case::unknown(close_with(4001), closed(Some(1000), ClosedBy::Server))]
#[case::failed(close_with(4001), closed(Some(1011), ClosedBy::Server))]
#[case::another_than_announced(close_with(4001), closed(Some(4002), ClosedBy::Server))]
#[case::never_answered(close_with(4001), RecordKind::Close { code: None, reason: Some(CLOSE_NOT_ANSWERED.into()), by: ClosedBy::Client })]
#[case::reset_instead(close_with(4001), closed(None, ClosedBy::Transport))]
fn a_close_that_says_nothing_or_something_else_is_wrong(
    #[case] wanted: impl Fn(&RecordKind<'static>) -> bool,
    #[case] instead: RecordKind<'static>,
) {
    let history = change(simulate(&start().with_drain(), 3), wanted, |_| instead.clone());
    assert_eq!(says(&history, "close-codes"), Verdict::Fail);
}

#[rstest]
#[case::no_word_before(without(simulate(&start().with_drain(), 3), frame_with("\"closing\"")))]
#[case::no_close_after(without(simulate(&start().with_half_open_peers(), 3), close_with(4011)))]
#[case::wrong_flag(change(
    simulate(&start().with_drain(), 3),
    frame_with("\"closing\""),
    reworded("\"reconnect\":true", "\"reconnect\":false")
))]
#[case::nobody_replaced_it(change(
    change(simulate(&start().with_drain(), 3), frame_with("\"closing\""), reworded("4001", "4507")),
    close_with(4001),
    |_| closed(Some(4507), ClosedBy::Server)
))]
#[case::it_was_not_silent(without(simulate(&start().with_half_open_peers(), 3), |kind| {
    Trial::of(kind) == Some(Trial::PeerSilent)
}))]
fn a_close_is_announced_and_true(#[case] history: History) {
    assert_eq!(says(&history, "close-codes"), Verdict::Fail);
}

#[test]
fn a_transport_that_ends_in_mid_run_is_no_close_and_after_it_is_nobodys_fault() {
    let mut history = simulate(&start(), 3);
    let at = places(&history, frame_with("\"tool_executing\""))[0];
    let cut = Record { kind: closed(None, ClosedBy::Transport), ..history.records[at].clone() };
    let conn = cut.conn;
    let before = history.records.drain(..at).collect::<Vec<_>>();
    let after: Vec<_> = history.records.drain(..).filter(|record| record.conn != conn).collect();
    history.records = before.into_iter().chain([cut]).chain(after).collect();
    assert_eq!(says(&history, "close-codes"), Verdict::Fail);
    assert_eq!(says(&history, "reliability"), Verdict::Fail);
    let after_all = simulate(&start().leaving(goldenpath_simulator::Leaving::Abruptly), 3);
    assert_eq!(says(&after_all, "reliability"), Verdict::Pass);
    assert_ne!(says(&after_all, "close-codes"), Verdict::Fail);
}

#[test]
fn heartbeats_and_pongs_come() {
    let idle = simulate(&start().with_idle_time(), 3);
    assert_eq!(says(&idle, "heartbeat"), Verdict::Pass);
    assert_eq!(says(&without(idle.clone(), frame_with("\"pong\"")), "heartbeat"), Verdict::Fail);
    assert_eq!(says(&without(idle.clone(), frame_with("\"heartbeat\"")), "heartbeat"), Verdict::Fail);
    let wrong = change(idle, frame_with("\"heartbeat\""), |_| RecordKind::Frame {
        dir: Direction::In,
        raw: "{\"type\":\"heartbeat\",\"offset\":100000}".into(),
        opcode: None,
    });
    assert_eq!(says(&wrong, "heartbeat"), Verdict::Fail);
}

#[test]
fn a_session_too_short_for_a_heartbeat_shows_none() {
    assert_eq!(says(&simulate(&start(), 3), "heartbeat"), Verdict::Inconclusive(Reason::NoCoverage));
}

#[test]
fn silent_peers_are_given_up() {
    let history = simulate(&start().with_half_open_peers(), 3);
    assert_eq!(says(&history, "half-open"), Verdict::Pass);
    let kept = without(without(history, close_with(4011)), frame_with("\"closing\""));
    assert_eq!(says(&kept, "half-open"), Verdict::Fail);
    assert_eq!(says(&simulate(&start(), 3), "half-open"), Verdict::Inconclusive(Reason::NoCoverage));
}

/// Peers that vanish: they hear nothing, and end their own side when all is over.
fn vanished(kept: bool) -> History {
    let mut history = simulate(&start().with_half_open_peers(), 3);
    let peers: Vec<Option<u32>> = places(&history, |kind| Trial::of(kind) == Some(Trial::PeerSilent))
        .iter()
        .map(|at| history.records[*at].conn)
        .collect();
    for record in &mut history.records {
        if Trial::of(&record.kind) == Some(Trial::PeerSilent) {
            record.kind = Trial::PeerVanished.mark();
        }
        if let RecordKind::Sample { name, value } = &mut record.kind
            && name == "goldenpath_connections"
            && kept
            && record.t_ns > 10_000_000_000
        {
            *value += 2.0;
        }
    }
    history.records.retain(|record| {
        !peers.contains(&record.conn)
            || !close_with(4011)(&record.kind) && !frame_with("\"closing\"")(&record.kind)
    });
    history
}

#[test]
fn of_vanished_peers_the_gauge_tells() {
    assert_eq!(says(&vanished(false), "half-open"), Verdict::Pass);
    assert_eq!(says(&vanished(true), "half-open"), Verdict::Fail);
}

#[rstest]
#[case::says_so(simulate(&start().with_drain(), 3), Verdict::Pass)]
#[case::drops(change(simulate(&start().with_drain(), 3), close_with(4001), |_| closed(None, ClosedBy::Transport)), Verdict::Fail)]
#[case::says_nothing(without(simulate(&start().with_drain(), 3), frame_with("\"closing\"")), Verdict::Fail)]
#[case::never_closes(without(without(simulate(&start().with_drain(), 3), close_with(4001)), frame_with("\"closing\"")), Verdict::Fail)]
#[case::loses_its_runs(without(simulate(&start().runs(1).with_drain(), 3), frame_with("\"agent_completed\"")), Verdict::Fail)]
#[case::is_not_stopped(simulate(&start(), 3), Verdict::Inconclusive(Reason::NoCoverage))]
fn a_server_that_stops(#[case] history: History, #[case] verdict: Verdict) {
    assert_eq!(says(&history, "drain"), verdict);
}

#[test]
fn a_slow_reader_gets_all_or_is_told() {
    let history = simulate(&start().with_slow_readers(), 3);
    assert_eq!(says(&history, "slow-reader"), Verdict::Pass);
    let reading = places(&history, |kind| Trial::of(kind) == Some(Trial::ReaderReads))[0];
    let conn = history.records[reading].conn;
    let late: Vec<usize> = (reading..history.records.len())
        .filter(|at| history.records[*at].conn == conn && frame_with("\"seq\"")(&history.records[*at].kind))
        .collect();
    let mut dropped = history.clone();
    dropped.records.remove(late[1]);
    assert_eq!(says(&dropped, "slow-reader"), Verdict::Fail);
    let mut cut_short = history.clone();
    for at in late.iter().rev() {
        cut_short.records.remove(*at);
    }
    assert_eq!(says(&cut_short, "slow-reader"), Verdict::Fail);
    assert_eq!(says(&simulate(&start(), 3), "slow-reader"), Verdict::Inconclusive(Reason::NoCoverage));
}

#[test]
fn a_slow_reader_stalls_nobody_else() {
    let mut history = simulate(&start().with_slow_readers(), 3);
    let stalled = places(&history, |kind| Trial::of(kind) == Some(Trial::ReaderStalled))[0];
    let slow = history.records[stalled].conn;
    let from_ns = history.records[stalled].t_ns;
    let until_ns = from_ns + 1_200_000_000;
    let mut others: Vec<u32> = Vec::new();
    for record in &mut history.records {
        let waits = record.conn != slow && frame_with("\"seq\"")(&record.kind);
        if waits && record.t_ns > from_ns && record.t_ns < until_ns {
            record.t_ns = until_ns;
            others.extend(record.conn);
        }
    }
    assert!(!others.is_empty());
    history.records.sort_by_key(|record| record.t_ns);
    assert_eq!(says(&history, "slow-reader"), Verdict::Fail);
}

fn refused_for_good(history: &History, after: usize) -> History {
    let mut history = history.clone();
    let user = history.records.iter().find_map(|record| record.user.clone());
    let opens: Vec<usize> = places(&history, |kind| matches!(kind, RecordKind::Open { .. }));
    let mut dead = Vec::new();
    for at in opens.into_iter().filter(|at| history.records[*at].user == user).skip(after).collect::<Vec<_>>()
    {
        let record = &mut history.records[at];
        dead.push(record.conn);
        if let RecordKind::Open { status, body, .. } = &mut record.kind {
            *status = Some(429);
            *body = Some("busy".into());
        }
    }
    history
        .records
        .retain(|record| !dead.contains(&record.conn) || matches!(record.kind, RecordKind::Open { .. }));
    history
}

#[test]
fn slots_are_free_again() {
    let history = simulate(&start().with_cycles(30), 3);
    assert_eq!(says(&history, "slots"), Verdict::Pass);
    assert_eq!(says(&refused_for_good(&history, 12), "slots"), Verdict::Fail);
    let mut counted = history.clone();
    let last = *places(
        &history,
        |kind| matches!(kind, RecordKind::Sample { name, .. } if name == "goldenpath_connections"),
    )
    .last()
    .expect("samples");
    counted.records[last].kind = RecordKind::Sample { name: "goldenpath_connections".into(), value: 7.0 };
    assert_eq!(says(&counted, "slots"), Verdict::Fail);
    assert_eq!(says(&simulate(&start(), 3), "slots"), Verdict::Inconclusive(Reason::NoCoverage));
}

#[test]
fn a_server_error_is_a_connection_lost() {
    let history = simulate(&start().ending(Ending::Failed), 3);
    assert_eq!(says(&history, "reliability"), Verdict::Pass);
    let lost = change(history, close_with(1000), |_| closed(Some(1011), ClosedBy::Server));
    assert_eq!(says(&lost, "reliability"), Verdict::Fail);
}

/// An open that gets no answer, at the place of that record.
fn unanswered(mut history: History, at: usize) -> History {
    let conn = history.records.iter().filter_map(|record| record.conn).max().map(|last| last + 1);
    let open = RecordKind::Open {
        url: None,
        status: None,
        intended_t_ns: None,
        credential: None,
        body: Some("connection refused".into()),
    };
    history.records.insert(at, Record { conn, kind: open, ..history.records[at].clone() });
    history
}

#[test]
fn an_open_without_an_answer_is_lost_where_the_target_answers_afterwards() {
    let history = simulate(&start(), 3);
    let opens = places(&history, |kind| matches!(kind, RecordKind::Open { .. }));
    assert_eq!(says(&unanswered(history.clone(), opens[1]), "reliability"), Verdict::Fail);
    let last = history.records.len() - 1;
    let down = says(&unanswered(history, last), "reliability");
    assert_eq!(down, Verdict::Inconclusive(Reason::TargetUnavailable), "nobody knows whether it was there");
}

#[test]
fn who_is_silent_still_sees_whether_an_announced_close_comes() {
    let history = simulate(&start().with_half_open_peers(), 3);
    let kept = change(history, close_with(4011), |_| closed(None, ClosedBy::Client));
    assert_eq!(says(&kept, "close-codes"), Verdict::Pass, "gone before the Close was due");
    let at = places(&kept, |kind| *kind == closed(None, ClosedBy::Client))[0];
    let mut late = kept.clone();
    late.records[at].t_ns += 5_000_000_000;
    late.records.sort_by_key(|record| record.t_ns);
    assert_eq!(says(&late, "close-codes"), Verdict::Fail);
}

/// What a gauge counts may be gone, and told so, before the client knows: one that stays shows a peer that is kept.
#[test]
fn a_gauge_that_is_ahead_of_the_clients_for_a_moment_blames_nobody() {
    let mut history = vanished(false);
    let gone = places(&history, |kind| Trial::of(kind) == Some(Trial::PeerVanished))[0];
    // After a ping, the time for its pong, and what finding it may take.
    let due_ns = history.records[gone].t_ns + 31_000_000_000;
    let late = history.records.iter().position(|record| {
        record.t_ns > due_ns
            && matches!(&record.kind, RecordKind::Sample { name, .. } if name == "goldenpath_connections")
    });
    let late = late.expect("the gauge is read after it is due");
    if let RecordKind::Sample { value, .. } = &mut history.records[late].kind {
        *value += 1.0;
    }
    assert_ne!(says(&history, "half-open"), Verdict::Fail);
}

/// Two connections under one name; the first is closed with 4507, recorded `before` the second is or after it.
fn replaced(before: bool, name: &str) -> History {
    let mut history = simulate(&start().users(1), 3);
    let mut at = history.records.last().expect("records").t_ns;
    let user = history.records.iter().find_map(|record| record.user.clone());
    let mut add = |conn: u32, kind: RecordKind<'static>| {
        at += 1_000_000;
        history.records.push(Record { t_ns: at, conn: Some(conn), user: user.clone(), kind });
    };
    let open = |asked: u64, name: &str| RecordKind::Open {
        url: Some(format!("ws://127.0.0.1/ws?client_id={name}").into()),
        status: Some(101),
        intended_t_ns: Some(asked),
        credential: None,
        body: None,
    };
    let closing = r#"{"type":"closing","code":4507,"reason":"replaced","reconnect":false,"after_ms":0}"#;
    add(900, open(0, "one"));
    if !before {
        add(901, open(0, name));
    }
    add(900, RecordKind::Frame { dir: Direction::In, raw: closing.into(), opcode: None });
    add(900, closed(Some(4507), ClosedBy::Server));
    if before {
        add(901, open(0, name));
    }
    history
}

#[rstest]
#[case::told_first(true, "one", Verdict::Pass)]
#[case::told_last(false, "one", Verdict::Pass)]
#[case::by_nobody(true, "another", Verdict::Fail)]
fn who_is_replaced_may_hear_of_it_first(#[case] before: bool, #[case] name: &str, #[case] verdict: Verdict) {
    assert_eq!(says(&replaced(before, name), "close-codes"), verdict);
}
