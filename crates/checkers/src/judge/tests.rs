use super::{Judge, JudgeConfig};
use crate::at_sight::{AtSight, Part};
use crate::fixture::{alarms, healthy, judged, judged_with, place, verdict};
use crate::{
    CHECKS, Category, Check, CheckInfo, CheckResult, Index, Judgement, Observation, Reason, Verdict,
};
use goldenpath_history::{FaultPhase, Record, RecordKind};
use goldenpath_simulator::History;
use rstest::rstest;
use std::borrow::Cow;

struct Panicking;

impl Check for Panicking {
    fn ids(&self) -> &'static [&'static str] {
        &["sequence/five-in-order"]
    }

    fn observe(&mut self, _: &Observation<'_>, _: &Index) {
        std::panic::resume_unwind(Box::new("the check's own bug"));
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        Vec::new()
    }
}

fn push(history: &mut History, kind: RecordKind<'static>) {
    let t_ns = history.records.last().map_or(0, |last| last.t_ns);
    history.records.push(Record { t_ns, conn: None, user: None, kind });
}

#[test]
fn every_row_of_the_catalogue_gets_a_verdict_in_its_order() {
    let said = judged(&healthy());
    assert!(said.checks.iter().map(|check| check.id).eq(CHECKS.iter().map(|info| info.id)));
    assert!(matches!(verdict(&said, "continuity/no-gap"), Verdict::NotRun(_)));
    assert_eq!(verdict(&said, "sequence/five-in-order"), &Verdict::Pass);
}

#[test]
fn a_check_that_panics_is_inconclusive_and_the_others_go_on() {
    let history = healthy();
    let mut judge = Judge::new(&history.header, JudgeConfig::default());
    judge.add(Box::new(Panicking));
    let said = judge.judge_all(&history.records);
    assert_eq!(verdict(&said, "sequence/five-in-order"), &Verdict::Inconclusive(Reason::CheckPanicked));
    assert_eq!(verdict(&said, "content/json"), &Verdict::Pass);
}

/// What panics on every record.
fn panicking<T>() -> Part<T> {
    Part::of(|| std::panic::resume_unwind(Box::new("a bug of what is computed ahead")))
}

#[rstest]
#[case("oddities", &["content/"])]
#[case("traces", &["isolation/canary"])]
#[case("token", &["auth/uniform-errors"])]
#[case("told", &["delivery/stream-equals-store"])]
#[case(
    "stored",
    &[
        "delivery/request-answered",
        "delivery/one-run-per-request",
        "delivery/stream-equals-store",
        "delivery/success-rate",
    ],
)]
fn what_panics_ahead_of_checks_stops_those_that_ask_for_it(#[case] part: &str, #[case] stopped: &[&str]) {
    let history = healthy();
    let mut judge = Judge::new(&history.header, JudgeConfig::default());
    for (line, record) in history.numbered() {
        let mut at_sight = AtSight::of(&record.kind);
        match part {
            "oddities" => at_sight.oddities = panicking(),
            "traces" => at_sight.traces = panicking(),
            "token" => at_sight.token = panicking(),
            "told" => at_sight.told = panicking(),
            _ => at_sight.stored = panicking(),
        }
        judge.take_in(line, record, &at_sight);
    }
    let said = judge.finish();
    let panicked = |id: &str| verdict(&said, id) == &Verdict::Inconclusive(Reason::CheckPanicked);
    for CheckInfo { id, .. } in CHECKS {
        assert_eq!(panicked(id), stopped.iter().any(|stopped| id.starts_with(stopped)), "{id}");
    }
}

#[test]
fn an_empty_history_passes_nothing() {
    let mut history = healthy();
    history.records.clear();
    let said = judged(&history);
    assert!(said.checks.iter().all(|check| !matches!(check.verdict, Verdict::Pass | Verdict::Fail)));
    assert!(!said.coverage.missing.is_empty());
}

#[rstest]
#[case::timed_out(RecordKind::Mark { name: Cow::Borrowed("timed_out"), note: None }, Reason::TimedOut)]
#[case::lost(RecordKind::Lost { count: 3, why: Cow::Borrowed("a slow disk") }, Reason::CaptureIncomplete)]
#[case::idle_fault(
    RecordKind::Fault { id: Cow::Borrowed("L04"), phase: FaultPhase::Begin, receipt: None },
    Reason::FaultNotFired
)]
#[case::down(
    RecordKind::Open { url: None, status: None, intended_t_ns: None, credential: None, body: None },
    Reason::TargetUnavailable
)]
fn trouble_with_the_looking_leaves_no_pass(#[case] kind: RecordKind<'static>, #[case] reason: Reason) {
    let mut history = healthy();
    push(&mut history, kind);
    let said = judged(&history);
    assert_eq!(verdict(&said, "sequence/five-in-order"), &Verdict::Inconclusive(reason));
    assert!(said.checks.iter().all(|check| check.verdict != Verdict::Pass));
}

#[test]
fn a_cut_history_is_judged_and_passes_nothing() {
    let mut history = healthy();
    let end = place(&history, "agent_completed");
    history.records.truncate(end);
    let said = judged_with(&history, JudgeConfig { complete: false, ..JudgeConfig::default() });
    assert_eq!(verdict(&said, "sequence/one-terminal"), &Verdict::Inconclusive(Reason::CaptureIncomplete));
}

/// Judges what is left when the records from `end` on are missing and that is known.
fn judged_cut(history: &History, end: usize) -> Judgement {
    let mut judge = Judge::new(&history.header, JudgeConfig::default());
    for (line, record) in history.numbered().take(end) {
        judge.observe(line, record);
    }
    judge.mark_cut();
    judge.finish()
}

#[test]
fn no_cut_of_a_healthy_history_blames_the_backend() {
    let history = healthy();
    let mut wrong = Vec::new();
    for end in 0..history.records.len() {
        let said = judged_cut(&history, end);
        wrong.extend(alarms(&said, &[""]).into_iter().map(|alarm| format!("cut before {end}: {alarm}")));
        assert!(said.checks.iter().all(|check| check.verdict != Verdict::Pass));
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn no_unreadable_record_of_a_healthy_history_blames_the_backend() {
    let history = healthy();
    let mut wrong = Vec::new();
    for missing in 0..history.records.len() {
        let mut judge = Judge::new(&history.header, JudgeConfig::default());
        for (at, (line, record)) in history.numbered().enumerate() {
            if at == missing {
                judge.mark_incomplete();
            } else {
                judge.observe(line, record);
            }
        }
        let alarms = alarms(&judge.finish(), &[""]);
        wrong.extend(
            alarms.into_iter().map(|alarm| format!("without {:?}: {alarm}", history.records[missing])),
        );
    }
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn what_was_broken_before_the_cut_still_fails() {
    let mut history = healthy();
    let lost = place(&history, "tool_completed");
    history.records.remove(lost);
    let end = place(&history, "agent_completed") + 1;
    let said = judged_cut(&history, end);
    for id in ["sequence/tool-pairs", "sequence/seq-dense", "delivery/no-loss"] {
        assert_eq!(verdict(&said, id), &Verdict::Fail, "{id}");
    }
}

#[test]
fn what_was_not_asked_for_and_what_cannot_be_seen_is_said() {
    let config = JudgeConfig {
        categories: vec![Category::Functional],
        not_observable: [("timestamps/skew".to_owned(), "the profile has no clock".to_owned())].into(),
        ..JudgeConfig::default()
    };
    let said = judged_with(&healthy(), config);
    assert!(matches!(verdict(&said, "delivery/no-loss"), Verdict::NotRun(_)));
    assert!(matches!(verdict(&said, "timestamps/skew"), Verdict::NotObservable(_)));
}

#[test]
fn hostile_frames_are_findings_and_never_a_crash() {
    let mut history = healthy();
    let at = place(&history, "agent_thinking");
    let raws = [
        "",
        "null",
        "\u{0}",
        "{\"type\":\"agent_completed\"}",
        "{\"type\":\"agent_thinking\",\"seq\":1e400,\"run_id\":\"\"}",
        "{\"type\":\"\\ud800\"}",
        "{\"type\":\"tool_completed\",\"run_id\":\"r\",\"results\":[[[[]]]],\"seq\":18446744073709551615}",
        "\"\\\"",
        "{\"error\":\"\\\"password\\\": \\\"",
        "eyJ",
        "/home/",
        "at \\n at (",
        "\\u",
        "Ã",
        "{\"type\":\"x.\"}",
    ];
    for raw in raws {
        let mut record = history.records[at].clone();
        if let RecordKind::Frame { raw: text, .. } = &mut record.kind {
            *text = Cow::Borrowed(raw);
        }
        history.records.insert(at, record);
    }
    let said = judged(&history);
    assert_eq!(verdict(&said, "content/json"), &Verdict::Fail);
    assert!(said.checks.iter().all(|check| check.verdict != Verdict::Inconclusive(Reason::CheckPanicked)));
}

#[test]
fn a_target_without_tokens_is_not_held_to_knowing_its_users() {
    let mut history = healthy();
    history.header.auth_mode = Some("none".to_owned());
    let said = judged(&history);
    for id in ["isolation/identity", "delivery/tabs-agree", "auth/refused"] {
        assert!(matches!(verdict(&said, id), Verdict::NotObservable(_)), "{id}");
    }
    assert_eq!(verdict(&said, "isolation/canary"), &Verdict::Pass);
    assert!(!said.coverage.declared.iter().any(|item| item.contains("credential")), "{:?}", said.coverage);
}
