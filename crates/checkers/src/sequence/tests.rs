use crate::fixture::{alarms, closed_at, edit, healthy, judged, place, places, repeat, verdict};
use crate::{Reason, Verdict};
use goldenpath_history::{Record, RecordKind};
use goldenpath_simulator::{Ending, History, Resume, Scenario, Tools, healthy_variations, simulate};
use rstest::rstest;
use serde_json::{Value, json};
use std::borrow::Cow;

fn drop_first(history: &mut History, kind: &str) {
    let at = place(history, kind);
    history.records.remove(at);
}

/// Drops every event of one type, of the first run only.
fn drop_all_of_run(history: &mut History, kind: &str) {
    let first = run_of(history, place(history, "agent_started"));
    for at in places(history, kind).into_iter().rev() {
        if run_of(history, at) == first {
            history.records.remove(at);
        }
    }
}

fn run_of(history: &History, at: usize) -> String {
    let RecordKind::Frame { raw, .. } = &history.records[at].kind else { return String::new() };
    let event: Value = serde_json::from_str(raw).expect("an event is JSON");
    event["run_id"].as_str().unwrap_or_default().to_owned()
}

fn move_before(history: &mut History, from: usize, to: usize) {
    let mut record = history.records.remove(from);
    record.t_ns = history.records[to].t_ns;
    history.records.insert(to, record);
}

fn swap_raw(history: &mut History, a: usize, b: usize) {
    let raw = |history: &History, at: usize| match &history.records[at].kind {
        RecordKind::Frame { raw, .. } => raw.clone().into_owned(),
        _ => String::new(),
    };
    let (first, second) = (raw(history, a), raw(history, b));
    crate::fixture::rewrite(history, a, |_| second);
    crate::fixture::rewrite(history, b, |_| first);
}

fn break_by(row: &str, history: &mut History) {
    match row {
        "L01" => drop_all_of_run(history, "agent_started"),
        "L02" => drop_all_of_run(history, "agent_thinking"),
        "L03" => drop_all_of_run(history, "tool_executing"),
        "L04" => drop_first(history, "tool_completed"),
        "L05" => drop_first(history, "agent_completed"),
        "L06" => {
            let at = place(history, "agent_completed");
            history.records[at] = closed_at(history, at, 1000);
        }
        "D03" => {
            let at = place(history, "agent_completed");
            repeat(history, at);
            edit(history, at + 1, |event| event["event_id"] = json!("0190a000-0000-7000-8000-00000000d003"));
        }
        "D06" => {
            let at = place(history, "agent_completed");
            repeat(history, at);
        }
        "O01" => {
            let at = places(history, "agent_thinking")[0];
            swap_raw(history, at, at - 1);
        }
        "O02" => {
            let run = run_of(history, place(history, "agent_completed"));
            let of_run = |kind| places(history, kind).into_iter().rfind(|at| run_of(history, *at) == run);
            let (end, tool) = (
                of_run("agent_completed").expect("it is there"),
                of_run("tool_completed").expect("it is there"),
            );
            move_before(history, end, tool);
        }
        "O03" => {
            let run = run_of(history, place(history, "agent_completed"));
            let end = place(history, "agent_completed");
            let delta = places(history, "response_delta")
                .into_iter()
                .find(|at| run_of(history, *at) == run)
                .expect("it is there");
            let mut copy = history.records[delta].clone();
            copy.t_ns = history.records[end].t_ns + 1;
            history.records.insert(end + 1, copy);
        }
        "O04" => {
            let at = places(history, "agent_thinking")[1];
            edit(history, at, |event| event["seq"] = json!(1));
        }
        "O08" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| event["execution_id"] = json!("0190a000-0000-7000-8000-0000000000ff"));
        }
        "O09" => {
            let at = places(history, "tool_completed")[0];
            edit(history, at, |event| event["results"]["subject"] = json!("somebody's cat"));
        }
        "O10" => drop_first(history, "tool_completed"),
        "O11" => {
            let at = place(history, "agent_started");
            let request = history
                .records
                .iter()
                .position(|r| matches!(r.kind, RecordKind::Request { .. }))
                .expect("it is there");
            let conn = history.records[at].conn;
            let request = (0..history.records.len())
                .find(|i| {
                    history.records[*i].conn == conn
                        && matches!(history.records[*i].kind, RecordKind::Request { .. })
                })
                .unwrap_or(request);
            move_before(history, at, request);
        }
        "O12" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| event["tool_name"] = json!("weather"));
        }
        "O13" => {
            for record in &mut history.records {
                if let RecordKind::Request { expect, .. } = &mut record.kind {
                    expect.outcome = goldenpath_history::Outcome::Cancelled;
                }
            }
        }
        "O14" => {
            let at = place(history, "agent_completed");
            edit(history, at, |event| event["success"] = json!(false));
        }
        "E01" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| {
                event["error"] = json!({"code": "timeout", "message": "it took too long"})
            });
        }
        "E01b" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| {
                event["success"] = json!(false);
                event["error"] = json!({"code": "timeout", "message": "it took too long"});
            });
        }
        "E01c" => {
            let at = place(history, "tool_completed");
            edit(history, at, |event| event["results"]["success"] = json!(false));
        }
        "D02" => {
            let at = place(history, "tool_completed");
            repeat(history, at);
            edit(history, at + 1, |event| event["event_id"] = json!("0190a000-0000-7000-8000-00000000d002"));
        }
        other => panic!("no such row: {other}"),
    }
}

#[rstest]
#[case("L01", "sequence/five-in-order")]
#[case("L02", "sequence/five-in-order")]
#[case("L03", "sequence/five-in-order")]
#[case("L04", "sequence/tool-pairs")]
#[case("L05", "sequence/one-terminal")]
#[case("L06", "sequence/one-terminal")]
#[case("D02", "sequence/tool-pairs")]
#[case("D03", "sequence/one-terminal")]
#[case("D06", "sequence/one-terminal")]
#[case("O01", "sequence/seq-dense")]
#[case("O02", "sequence/tool-pairs")]
#[case("O03", "sequence/nothing-after-terminal")]
#[case("O04", "sequence/seq-dense")]
#[case("O08", "sequence/tool-pairs")]
#[case("O09", "sequence/tool-pairs")]
#[case("O10", "sequence/tool-pairs")]
#[case("O11", "sequence/after-request")]
#[case("O12", "sequence/tool-pairs")]
#[case("O13", "sequence/terminal-true")]
#[case("O14", "sequence/terminal-true")]
#[case("E01", "sequence/terminal-true")]
#[case("E01b", "sequence/terminal-true")]
#[case("E01c", "sequence/terminal-true")]
fn a_broken_promise_is_found(#[case] row: &str, #[case] owner: &str) {
    let mut history = healthy();
    assert_eq!(verdict(&judged(&history), owner), &Verdict::Pass);
    break_by(row, &mut history);
    let said = judged(&history);
    assert_eq!(verdict(&said, owner), &Verdict::Fail);
    let check = said.checks.iter().find(|check| check.id == owner).expect("listed");
    assert!(!check.findings.is_empty() && check.n < check.of, "{check:?}");
}

/// Drops what the run showed from record `at` on, and lets the session go on for longer than any run may.
fn hang_from(history: &mut History, run: &str, at: usize) {
    for place in (at..history.records.len()).rev() {
        if run_of(history, place) == run {
            history.records.remove(place);
        }
    }
    let last = history.records.last().expect("it is there").t_ns;
    history.records.push(Record {
        t_ns: last + 60_000_000_000,
        conn: None,
        user: None,
        kind: RecordKind::Sample { name: Cow::Borrowed("scheduler_lag_ms"), value: 0.2 },
    });
}

/// The places of what is replayed to the first connection that resumes, and of the first live event after it.
fn replay_of(history: &History) -> (Vec<usize>, usize) {
    let end = place(history, "replay_end");
    let conn = history.records[end].conn;
    let of_conn = |at: &usize| history.records[*at].conn == conn && !run_of(history, *at).is_empty();
    let replayed = (0..end).filter(of_conn).collect();
    (replayed, (end..history.records.len()).find(of_conn).expect("the run goes on"))
}

#[rstest]
#[case::l15("sequence/one-terminal", Scenario::golden_path().ending(Ending::Failed), |history: &mut History| {
    let run = run_of(history, place(history, "agent_started"));
    let thought = places(history, "agent_thinking").into_iter().rfind(|at| run_of(history, *at) == run);
    hang_from(history, &run, thought.expect("it is there") + 1);
})]
#[case::e02("sequence/tool-pairs", Scenario::golden_path().ending(Ending::Degraded), |history: &mut History| {
    let failed = |at: &usize| matches!(&history.records[*at].kind,
        RecordKind::Frame { raw, .. } if raw.contains("\"success\":false"));
    let at = places(history, "tool_completed").into_iter().find(failed).expect("a tool fails");
    history.records.remove(at);
})]
#[case::e02_in_a_failed_run("sequence/tool-pairs", Scenario::golden_path().ending(Ending::Failed), |history: &mut History| {
    drop_first(history, "tool_completed");
})]
#[case::e03("sequence/terminal-true", Scenario::golden_path(), |history: &mut History| {
    // The model was made to answer 429; the run tells of no failure, and a canned text is its answer.
    for record in &mut history.records {
        if let RecordKind::Request { expect, .. } = &mut record.kind {
            expect.outcome = goldenpath_history::Outcome::Failed;
        }
    }
    let at = place(history, "agent_completed");
    edit(history, at, |event| event["final_response"] = json!("Costs can be optimized in many ways; here are some."));
})]
#[case::e03_in_a_tool("sequence/terminal-true", Scenario::golden_path(), |history: &mut History| {
    for record in &mut history.records {
        if let RecordKind::Request { expect, .. } = &mut record.kind {
            expect.failing_tool = true;
        }
    }
})]
#[case::e04("sequence/one-terminal", Scenario::golden_path(), |history: &mut History| {
    let at = place(history, "tool_completed");
    let run = run_of(history, at);
    hang_from(history, &run, at);
})]
#[case::o05("sequence/seq-dense", Scenario::golden_path().resuming(Resume::MidRun), |history: &mut History| {
    let (replayed, live) = replay_of(history);
    move_before(history, live, replayed[0]);
})]
#[case::o06("sequence/seq-dense", Scenario::golden_path().resuming(Resume::MidRun), |history: &mut History| {
    let (replayed, _) = replay_of(history);
    assert!(replayed.len() > 1, "too little is replayed to be sorted");
    move_before(history, replayed[replayed.len() - 1], replayed[0]);
})]
#[case::an_offset_from_before_it_joined("sequence/seq-dense", Scenario::golden_path(), |history: &mut History| {
    let at = place(history, "connection_established");
    edit(history, at, |frame| frame["offset"] = json!(7));
})]
#[case::a_left_out_thought("sequence/five-in-order", Scenario::golden_path().ending(Ending::Failed), |history: &mut History| {
    drop_all_of_run(history, "agent_thinking");
})]
#[case::an_event_in_the_middle_before_its_request("sequence/after-request", Scenario::golden_path(), |history: &mut History| {
    let user = history.records[place(history, "agent_thinking")].user.clone();
    let request = |record: &Record<'_>| record.user == user && matches!(record.kind, RecordKind::Request { .. });
    let at = history.records.iter().position(request).expect("it is there");
    move_before(history, place(history, "agent_thinking"), at);
})]
fn what_a_run_in_trouble_hides_is_found(
    #[case] owner: &str,
    #[case] scenario: Scenario,
    #[case] break_it: fn(&mut History),
) {
    for seed in 0..4 {
        let mut history = simulate(&scenario, seed);
        assert_eq!(verdict(&judged(&history), owner), &Verdict::Pass, "seed {seed}");
        break_it(&mut history);
        let said = judged(&history);
        assert_eq!(verdict(&said, owner), &Verdict::Fail, "seed {seed}");
        let check = said.checks.iter().find(|check| check.id == owner).expect("listed");
        assert!(check.findings.iter().all(|finding| !finding.records.is_empty()), "{check:?}");
    }
}

/// Takes away all that was there of the first run until `before` of its events had come: another device of the user
/// asked for it. The connection joins just then.
fn begun_elsewhere(history: &mut History, before: usize) {
    let start = place(history, "agent_started");
    let (run, conn) = (run_of(history, start), history.records[start].conn);
    let event = match &history.records[start].kind {
        RecordKind::Frame { raw, .. } => serde_json::from_str::<Value>(raw).expect("an event is JSON"),
        _ => Value::Null,
    };
    let request = event["request_id"].as_str().expect("it is there").to_owned();
    let of_run = |record: &Record<'_>| match &record.kind {
        RecordKind::Frame { raw, .. } => raw.contains(&request) || raw.contains(&run),
        RecordKind::Request { request_id, .. } => **request_id == *request,
        _ => false,
    };
    let mut events = 0;
    history.records.retain(|record| {
        let numbered = matches!(&record.kind, RecordKind::Frame { raw, .. } if raw.contains("\"seq\":"));
        events += usize::from(of_run(record) && numbered);
        !of_run(record) || (numbered && events > before)
    });
    let greeting = places(history, "connection_established")
        .into_iter()
        .find(|at| history.records[*at].conn == conn)
        .expect("it is there");
    edit(history, greeting, |frame| frame["offset"] = json!(before));
}

#[test]
fn a_run_that_began_before_anybody_was_there_owes_only_its_rest() {
    for seed in 0..4 {
        let mut history = simulate(&Scenario::golden_path(), seed);
        begun_elsewhere(&mut history, 3);
        let found = alarms(&judged(&history), &["sequence/", "delivery/", "content/"]);
        assert!(found.is_empty(), "seed {seed}: {found:#?}");
    }
}

/// Events of the namespace `x.` may stand in the numbers of their run and stream.
#[test]
fn numbers_that_extensions_take_are_no_holes() {
    let mut history = simulate(&Scenario::golden_path().with_extra_types(), 3);
    let mut records = Vec::new();
    let mut added: std::collections::BTreeMap<String, u64> = std::collections::BTreeMap::new();
    let mut take = |key: &str, more: u64| {
        let taken = added.entry(key.to_owned()).or_default();
        *taken += more;
        *taken
    };
    for mut record in std::mem::take(&mut history.records) {
        let conn = format!("conn {:?}", record.conn);
        let mut after = None;
        let mut copy = record.clone();
        if let RecordKind::Frame { dir: goldenpath_history::Direction::In, raw, .. } = &mut record.kind
            && let Ok(mut event) = serde_json::from_str::<Value>(raw)
            && let (Some(run), Some(seq), Some(offset)) =
                (event["run_id"].as_str().map(str::to_owned), event["seq"].as_u64(), event["offset"].as_u64())
        {
            event["seq"] = json!(seq + take(&run, 0));
            event["offset"] = json!(offset + take(&conn, 0));
            if event["event_count"].is_u64() {
                event["event_count"] = event["seq"].clone();
            }
            *raw = Cow::Owned(event.to_string());
            if event["type"] == "tool_executing" {
                let progress = json!({"type": "x.progress", "run_id": run, "percent": 10,
                    "seq": seq + take(&run, 1), "offset": offset + take(&conn, 1)});
                if let RecordKind::Frame { raw, .. } = &mut copy.kind {
                    *raw = Cow::Owned(progress.to_string());
                }
                after = Some(copy);
            }
        } else if matches!(&record.kind, RecordKind::Mark { name, .. } if name == "store") {
            continue;
        }
        records.push(record);
        records.extend(after);
    }
    history.records = records;
    let found = alarms(&judged(&history), &["sequence/", "delivery/", "content/"]);
    assert!(found.is_empty(), "{found:#?}");
}

/// A tool's own findings may have a subject too, and sub-agents may start under one name.
#[test]
fn another_brands_tools_raise_no_alarm() {
    for parameters in [json!({"days": 90}), json!({"query": "invoices"})] {
        let mut history = healthy();
        for at in places(&history, "tool_executing") {
            edit(&mut history, at, |event| event["parameters"] = parameters.clone());
        }
        for at in places(&history, "tool_completed") {
            edit(&mut history, at, |event| event["results"]["subject"] = json!("Re: the bill of March"));
        }
        let found = alarms(&judged(&history), &["sequence/"]);
        assert!(found.is_empty(), "{found:#?}");
    }
}

#[test]
fn no_healthy_variation_raises_an_alarm() {
    for (row, scenario) in healthy_variations() {
        for seed in 0..4 {
            let said = judged(&simulate(&scenario, seed));
            let found = alarms(&said, &["sequence/", "content/", "timestamps/"]);
            assert!(found.is_empty(), "{row}, seed {seed}: {found:#?}");
        }
    }
}

#[test]
fn a_loss_of_our_own_is_no_finding() {
    let mut history = healthy();
    drop_first(&mut history, "agent_completed");
    let mut lost = history.records[0].clone();
    lost.kind = RecordKind::Lost { count: 1, why: Cow::Borrowed("the recorder's queue was full") };
    history.records.push(lost);
    let said = judged(&history);
    assert_eq!(verdict(&said, "sequence/one-terminal"), &Verdict::Inconclusive(Reason::CaptureIncomplete));
    assert_eq!(verdict(&said, "content/json"), &Verdict::Inconclusive(Reason::CaptureIncomplete));
}

/// The place where the second request of the first user was recorded, and that of its run's first event.
fn second_request_and_start(history: &History) -> (usize, usize) {
    let user = history.records[place(history, "agent_started")].user.clone();
    let asked: Vec<usize> = (0..history.records.len())
        .filter(|at| matches!(history.records[*at].kind, RecordKind::Request { .. }))
        .filter(|at| history.records[*at].user == user)
        .collect();
    let start = places(history, "agent_started")
        .into_iter()
        .find(|at| *at > asked[1] && history.records[*at].user == user);
    (asked[1], start.expect("it began"))
}

#[test]
fn a_run_that_borrows_an_answered_request_until_it_is_asked_for_is_early() {
    let mut history = healthy();
    let (asked, start) = second_request_and_start(&history);
    let first = place(&history, "agent_started");
    let borrowed = {
        let RecordKind::Frame { raw, .. } = &history.records[first].kind else { unreachable!() };
        serde_json::from_str::<Value>(raw).expect("an event is JSON")["request_id"].clone()
    };
    edit(&mut history, start, |event| event["request_id"] = borrowed);
    move_before(&mut history, start, asked);
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Fail);
}

#[test]
fn an_event_that_overtakes_the_acceptance_of_its_request_is_early() {
    let mut history = healthy();
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Pass);
    let (accepted, start) = (place(&history, "request_accepted"), place(&history, "agent_started"));
    assert!(accepted < start);
    move_before(&mut history, start, accepted);
    assert_eq!(verdict(&judged(&history), "sequence/after-request"), &Verdict::Fail);
}

#[test]
fn a_run_that_ends_otherwise_long_after_its_end_has_two_terminals() {
    let mut history = simulate(&Scenario::golden_path().runs(1), 7);
    let end = place(&history, "agent_completed");
    let mut again = history.records[end].clone();
    let last = history.records.iter().position(|record| matches!(record.kind, RecordKind::Close { .. }));
    let last = last.expect("connections end");
    for record in &mut history.records[last..] {
        record.t_ns += 20_000_000_000;
    }
    again.t_ns = history.records[last].t_ns;
    history.records.insert(last, again);
    edit(&mut history, last, |event| {
        event["type"] = json!("agent_failed");
        event["event_id"] = json!("0190a000-0000-7000-8000-00000000d004");
        event["error"] = json!({ "code": "internal", "message": "it took too long", "retryable": true });
    });
    let mut sample = history.records[last].clone();
    sample.conn = None;
    sample.kind = RecordKind::Sample { name: Cow::Borrowed("goldenpath_connections"), value: 2.0 };
    history.records.insert(last, sample);
    assert_eq!(verdict(&judged(&history), "sequence/one-terminal"), &Verdict::Fail);
}

#[test]
fn a_failure_inside_the_results_of_an_answer_is_no_success() {
    let mut history = healthy();
    let end = place(&history, "agent_completed");
    edit(&mut history, end, |event| event["results"] = json!({ "success": false, "items": [] }));
    assert_eq!(verdict(&judged(&history), "sequence/terminal-true"), &Verdict::Fail);
}

/// A failed run may stop early, but what it shows is a beginning of the five, in order.
#[test]
fn a_failed_run_shows_an_ordered_beginning_of_the_five() {
    let scenario = Scenario::golden_path().users(1).runs(1).tools(Tools::Sequential(1));
    let mut history = simulate(&scenario, 7);
    let answer = place(&history, "agent_completed");
    edit(&mut history, answer, |event| event["type"] = json!("agent_failed"));
    assert_eq!(verdict(&judged(&history), "sequence/five-in-order"), &Verdict::Pass);
    let (asked, answered) = (place(&history, "tool_executing"), place(&history, "tool_completed"));
    swap_raw(&mut history, asked, answered);
    assert_eq!(verdict(&judged(&history), "sequence/five-in-order"), &Verdict::Fail);
}

/// What comes again is `delivery/unique-ids`' matter: the numbers go on from where they were.
#[test]
fn an_event_that_comes_again_does_not_take_the_numbering_back() {
    let mut history = healthy();
    let (started, thought) = (place(&history, "agent_started"), places(&history, "agent_thinking")[0]);
    let mut again = history.records[started].clone();
    again.t_ns = history.records[thought].t_ns;
    history.records.insert(thought + 1, again);
    let judgement = judged(&history);
    assert_eq!(verdict(&judgement, "sequence/seq-dense"), &Verdict::Pass);
    assert_eq!(verdict(&judgement, "delivery/unique-ids"), &Verdict::Fail);
}

/// One tab is shown another event under the same id: its user has seen two ends.
#[test]
fn an_end_under_the_id_of_another_event_is_an_end() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1).tabs(2), 7);
    let second_tab = places(&history, "agent_thinking")[1];
    edit(&mut history, second_tab, |event| event["type"] = json!("agent_failed"));
    assert_eq!(verdict(&judged(&history), "sequence/one-terminal"), &Verdict::Fail);
}

/// Its first event is too early; the rest of the run is judged as any other.
#[test]
fn a_run_that_began_too_early_is_judged_to_its_end() {
    let mut history = simulate(&Scenario::golden_path().users(1).runs(1), 7);
    let request = history
        .records
        .iter()
        .position(|record| matches!(record.kind, RecordKind::Request { .. }))
        .expect("a request");
    let (early, lost) = (place(&history, "agent_started"), place(&history, "tool_completed"));
    history.records.remove(lost);
    move_before(&mut history, early, request);
    let judgement = judged(&history);
    for id in ["sequence/after-request", "sequence/tool-pairs", "delivery/no-loss"] {
        assert_eq!(verdict(&judgement, id), &Verdict::Fail, "{id}");
    }
}
