//! Histories that keep continuity's promises, and such as break one each.

use crate::fixture::{alarms, edit, healthy, judged, judged_with, place, verdict};
use crate::{Category, JudgeConfig, Reason, Verdict};
use goldenpath_history::{Direction, Record, RecordKind};
use goldenpath_simulator::{History, Resume, Scenario, healthy_variations, simulate};
use rstest::rstest;
use serde_json::Value;

const GROUPS: &[&str] = &["continuity/"];

fn resumed(how: Resume) -> History {
    simulate(&Scenario::golden_path().resuming(how), 11)
}

fn frame(record: &Record<'_>) -> Option<Value> {
    match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. } => serde_json::from_str(raw).ok(),
        _ => None,
    }
}

/// The places of the received frames that `wanted` picks.
fn frames_where(history: &History, wanted: impl Fn(&Value) -> bool) -> Vec<usize> {
    let is = |at: &usize| frame(&history.records[*at]).is_some_and(|frame| wanted(&frame));
    (0..history.records.len()).filter(is).collect()
}

/// The places of what was replayed by the first greeting with `full`, and the place of that greeting.
fn replay(history: &History) -> (usize, Vec<usize>) {
    let greeting = *frames_where(history, |frame| frame["recovered"] == "full").first().unwrap();
    let conn = history.records[greeting].conn;
    let end = *frames_where(history, |frame| frame["type"] == "replay_end").first().unwrap();
    let replayed = |at: &usize| history.records[*at].conn == conn && frame(&history.records[*at]).is_some();
    (greeting, (greeting + 1..end).filter(replayed).collect())
}

/// Every resume asks from `point`.
fn asks_at(history: &mut History, point: &str) {
    for record in &mut history.records {
        if let RecordKind::Open { url: Some(url), .. } = &mut record.kind
            && let Some((address, _)) = url.split_once("resume=")
        {
            *url = format!("{address}resume={point}").into();
        }
    }
}

fn without(history: &mut History, places: &[usize]) {
    let mut at = 0;
    history.records.retain(|_| {
        at += 1;
        !places.contains(&(at - 1))
    });
}

fn without_store(history: &mut History) {
    history
        .records
        .retain(|record| !matches!(&record.kind, RecordKind::Mark { name, .. } if name == "store"));
}

#[test]
fn healthy_histories_raise_no_alarm() {
    for (row, scenario) in healthy_variations() {
        for seed in 0..3 {
            let judgement = judged(&simulate(&scenario, seed));
            assert_eq!(alarms(&judgement, GROUPS), Vec::<String>::new(), "{row}, seed {seed}");
        }
    }
}

#[rstest]
#[case::replayed(Resume::MidRun, &["same-run", "no-gap", "no-double", "terminal-arrives"])]
#[case::replayed_with_an_overlap(Resume::Overlap, &["same-run", "no-gap", "no-double", "terminal-arrives"])]
#[case::twice(Resume::Twice, &["same-run", "no-gap", "no-double", "terminal-arrives"])]
#[case::ended(Resume::EndsWhileAway, &["same-run", "no-gap", "no-double", "terminal-arrives", "completed-replays"])]
#[case::taken_over(Resume::TakenOver, &["same-run", "no-gap", "no-double", "terminal-arrives"])]
#[case::refused(Resume::GapSignalled, &["same-run", "gap-signalled", "epoch", "terminal-arrives"])]
#[case::overrun(Resume::Overrun, &["same-run", "gap-signalled", "epoch", "terminal-arrives"])]
#[case::another_epoch(Resume::NewEpoch, &["same-run", "gap-signalled", "epoch", "terminal-arrives"])]
fn a_healthy_resume_passes_what_it_shows(#[case] how: Resume, #[case] passes: &[&str]) {
    let judgement = judged(&resumed(how));
    for check in judgement.checks.iter().filter(|check| check.id.starts_with("continuity/")) {
        let name = check.id.trim_start_matches("continuity/");
        if passes.contains(&name) {
            assert_eq!(check.verdict, Verdict::Pass, "{}: {:?}", check.id, check.findings);
        } else {
            assert!(!matches!(check.verdict, Verdict::Fail), "{}: {:?}", check.id, check.findings);
        }
    }
}

/// What is done to a healthy history, and the check that must fail of it.
#[rstest]
#[case::the_first_missed("continuity/no-gap", Resume::MidRun, |history: &mut History| {
    let (_, replayed) = replay(history);
    without(history, &replayed[..1]);
})]
#[case::the_first_live("continuity/no-gap", Resume::MidRun, |history: &mut History| {
    let end = *frames_where(history, |frame| frame["type"] == "replay_end").first().unwrap();
    let conn = history.records[end].conn;
    let live = (end..).find(|at| {
        history.records[*at].conn == conn && frame(&history.records[*at]).is_some_and(|frame| frame["offset"].is_u64() && frame["seq"].is_u64())
    });
    without(history, &[live.unwrap()]);
})]
#[case::without_offsets("continuity/no-gap", Resume::MidRun, |history: &mut History| {
    let (_, replayed) = replay(history);
    without(history, &replayed);
    for at in frames_where(history, |frame| frame["offset"].is_u64()) {
        edit(history, at, |frame| drop(frame.as_object_mut().unwrap().remove("offset")));
    }
})]
#[case::the_whole_replay("continuity/gap-signalled", Resume::MidRun, |history: &mut History| {
    let (greeting, replayed) = replay(history);
    edit(history, greeting, |frame| frame["replay"] = 0.into());
    without(history, &replayed);
})]
#[case::as_if_nobody_had_asked("continuity/gap-signalled", Resume::MidRun, |history: &mut History| {
    let (greeting, replayed) = replay(history);
    edit(history, greeting, |frame| {
        frame["replay"] = 0.into();
        frame["recovered"] = "fresh".into();
    });
    without(history, &replayed);
})]
#[case::a_refusal_that_replays("continuity/gap-signalled", Resume::MidRun, |history: &mut History| {
    let (greeting, _) = replay(history);
    edit(history, greeting, |frame| frame["recovered"] = "failed".into());
})]
#[case::one_from_before("continuity/no-double", Resume::MidRun, |history: &mut History| {
    let (greeting, _) = replay(history);
    let mut old = history.records[place(history, "agent_thinking")].clone();
    old.conn = history.records[greeting].conn;
    old.user.clone_from(&history.records[greeting].user);
    old.t_ns = history.records[greeting].t_ns;
    history.records.insert(greeting + 1, old);
})]
#[case::one_from_before_without_offsets("continuity/no-double", Resume::MidRun, |history: &mut History| {
    let (greeting, _) = replay(history);
    let user = history.records[greeting].user.clone();
    let started = frames_where(history, |frame| frame["type"] == "agent_started" && frame["user_id"] == user.as_deref().unwrap());
    let mut old = history.records[started[0]].clone();
    (old.conn, old.t_ns) = (history.records[greeting].conn, history.records[greeting].t_ns);
    history.records.insert(greeting + 1, old);
    for at in frames_where(history, |frame| frame["offset"].is_u64()) {
        edit(history, at, |frame| drop(frame.as_object_mut().unwrap().remove("offset")));
    }
})]
#[case::another_life_accepted("continuity/epoch", Resume::NewEpoch, |history: &mut History| {
    let greeting = *frames_where(history, |frame| frame["recovered"] == "failed").first().unwrap();
    edit(history, greeting, |frame| frame["recovered"] = "full".into());
})]
#[case::beyond_the_head("continuity/epoch", Resume::MidRun, |history: &mut History| {
    let (greeting, _) = replay(history);
    edit(history, greeting, |frame| {
        frame["offset"] = 1.into();
        frame["replay"] = 0.into();
    });
})]
#[case::no_point_at_all_accepted("continuity/epoch", Resume::MidRun, |history: &mut History| asks_at(history, "nowhere"))]
#[case::no_point_at_all_passed_over("continuity/gap-signalled", Resume::MidRun, |history: &mut History| {
    let (greeting, replayed) = replay(history);
    asks_at(history, "");
    edit(history, greeting, |frame| {
        frame["replay"] = 0.into();
        frame["recovered"] = "fresh".into();
    });
    without(history, &replayed);
})]
#[case::the_terminal("continuity/terminal-arrives", Resume::EndsWhileAway, |history: &mut History| {
    let (_, replayed) = replay(history);
    without(history, &replayed[replayed.len() - 1..]);
})]
#[case::the_terminal_without_a_store("continuity/terminal-arrives", Resume::EndsWhileAway, |history: &mut History| {
    let (_, replayed) = replay(history);
    without(history, &replayed[replayed.len() - 1..]);
    without_store(history);
})]
#[case::nothing_of_an_ended_run("continuity/completed-replays", Resume::EndsWhileAway, |history: &mut History| {
    let (greeting, replayed) = replay(history);
    edit(history, greeting, |frame| frame["replay"] = 0.into());
    without(history, &replayed);
})]
#[case::a_store_that_forgot("continuity/completed-replays", Resume::GapSignalled, |history: &mut History| {
    for record in &mut history.records {
        if let RecordKind::Mark { name, note: Some(note) } = &mut record.kind
            && name == "store"
        {
            let mut answer: Value = serde_json::from_str(note).unwrap();
            answer["status"] = 404.into();
            answer["body"] = "no such run".into();
            *note = answer.to_string().into();
        }
    }
})]
#[case::another_run_in_its_place("continuity/same-run", Resume::MidRun, |history: &mut History| {
    let (greeting, _) = replay(history);
    let (user, run) = (history.records[greeting].user.clone(), "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0001");
    let old = frames_where(history, |frame| frame["type"] == "agent_started" && frame["user_id"] == user.as_deref().unwrap());
    let old = frame(&history.records[old[0]]).unwrap()["run_id"].clone();
    for at in frames_where(history, |frame| frame["run_id"] == old && frame["seq"].is_u64()) {
        if at > greeting {
            edit(history, at, |frame| frame["run_id"] = run.into());
        }
    }
})]
#[case::the_same_once_more("continuity/same-run", Resume::MidRun, |history: &mut History| {
    let (greeting, replayed) = replay(history);
    let user = history.records[greeting].user.clone();
    let started = frames_where(history, |frame| frame["type"] == "agent_started" && frame["user_id"] == user.as_deref().unwrap());
    let mut again = frame(&history.records[started[0]]).unwrap();
    again["event_id"] = "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0002".into();
    edit(history, replayed[0], |frame| {
        again["offset"] = frame["offset"].clone();
        *frame = again;
    });
})]
fn a_broken_promise_is_found(#[case] id: &str, #[case] how: Resume, #[case] spoil: fn(&mut History)) {
    let mut history = resumed(how);
    assert!(!matches!(verdict(&judged(&history), id), Verdict::Fail), "{id} blames a healthy history");
    spoil(&mut history);
    let judgement = judged(&history);
    let check = judgement.checks.iter().find(|check| check.id == id).unwrap();
    assert_eq!(check.verdict, Verdict::Fail, "{id} misses it");
    let finding = check.findings.first().unwrap();
    assert!(!finding.records.is_empty() && finding.summary.contains("user `"), "{finding:?}");
}

#[test]
fn a_socket_that_outlives_its_epoch_is_found() {
    let mut history = simulate(&Scenario::golden_path().tabs(2).runs(8).resuming(Resume::NewEpoch), 3);
    let closing = frames_where(&history, |frame| frame["code"] == 4010);
    let (spared, user) = (history.records[closing[0]].conn, history.records[closing[0]].user.clone());
    let last = history.records.last().unwrap().t_ns;
    history.records.retain(|record| {
        let own = record.conn == spared && record.user == user;
        !(own
            && (matches!(record.kind, RecordKind::Close { .. })
                || frame(record).is_some_and(|frame| frame["code"] == 4010)))
    });
    assert!(last > 6_000_000_000, "the history goes on for long enough");
    assert_eq!(verdict(&judged(&history), "continuity/epoch"), &Verdict::Fail);
}

/// Nobody is asked for what nobody showed, unless they name the category.
#[test]
fn without_a_resume_it_is_judged_only_when_asked_for() {
    let history = healthy();
    let not_run = |judgement: &crate::Judgement| {
        let of = |check: &&crate::CheckResult| check.id.starts_with("continuity/");
        judgement.checks.iter().filter(of).all(|check| matches!(check.verdict, Verdict::NotRun(_)))
    };
    let judgement = judged(&history);
    assert!(not_run(&judgement));
    assert!(!judgement.coverage.missing.iter().any(|item| item.contains("resume")));
    let config = JudgeConfig { categories: vec![Category::Resilience], ..JudgeConfig::default() };
    let judgement = judged_with(&history, config);
    let no_coverage = Verdict::Inconclusive(Reason::NoCoverage);
    assert_eq!(verdict(&judgement, "continuity/terminal-arrives"), &no_coverage);
    assert!(judgement.coverage.missing.iter().any(|item| item == "a connection resumed"));
    assert!(!not_run(&judged(&resumed(Resume::MidRun))));
}

/// A connection that stands on beside the one which goes on from it shows the same, and nothing twice.
#[test]
fn what_both_show_is_no_double() {
    let mut history = resumed(Resume::MidRun);
    let (greeting, _) = replay(&history);
    let (user, back) = (history.records[greeting].user.clone(), history.records[greeting].conn);
    let is_close =
        |record: &Record<'_>| record.user == user && matches!(record.kind, RecordKind::Close { .. });
    let left = history.records[..greeting].iter().rposition(is_close).unwrap();
    let old = history.records.remove(left).conn;
    let end = *frames_where(&history, |frame| frame["type"] == "replay_end").first().unwrap();
    let mut live = frames_where(&history, |frame| frame["offset"].is_u64() && frame["seq"].is_u64());
    live.retain(|at| *at > end && history.records[*at].conn == back);
    assert!(!live.is_empty());
    for at in live.into_iter().rev() {
        let beside = Record { conn: old, ..history.records[at].clone() };
        history.records.insert(at, beside);
    }
    assert_ne!(verdict(&judged(&history), "continuity/no-double"), &Verdict::Fail);
}

/// What cannot be read may be refused as soon as it is seen.
#[test]
fn a_point_that_is_none_may_be_refused() {
    let mut history = resumed(Resume::GapSignalled);
    asks_at(&mut history, "nowhere");
    assert_eq!(alarms(&judged(&history), GROUPS), Vec::<String>::new());
}

/// A resume that never replayed anything shows nothing about replays.
#[test]
fn a_resume_without_a_replay_proves_no_seam() {
    let config = JudgeConfig { categories: vec![Category::Resilience], ..JudgeConfig::default() };
    let judgement = judged_with(&resumed(Resume::WithoutGap), config);
    for id in ["continuity/no-gap", "continuity/no-double", "continuity/epoch"] {
        assert_eq!(verdict(&judgement, id), &Verdict::Inconclusive(Reason::NoCoverage), "{id}");
    }
}
