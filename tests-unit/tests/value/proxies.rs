//! What users feel, as two named shares: which runs count as good, and why others do not.

use crate::story::{Story, brief};
use goldenpath_checkers::JudgeConfig;
use goldenpath_history::{Expect, Outcome, RecordKind, ToolDemand};
use serde_json::json;

const GOOD: &str = "The figures of this month look as usual for a firm of this size and of that age.";
const REFERENCE: &str = "gp-000102030405060708090a0b0c0d0e0f";
const OTHER: &str = "gp-0f0e0d0c0b0a09080706050403020100";

/// A step of a run, at so many milliseconds after its request.
type Step = (u64, &'static str);

const USUAL: [Step; 5] = [
    (50, "agent_started"),
    (60, "agent_thinking"),
    (70, "tool_executing"),
    (80, "tool_completed"),
    (90, "agent_completed"),
];

fn expecting(outcome: Outcome, tools: ToolDemand) -> Expect {
    Expect { outcome, tools, ..Expect::default() }
}

fn ask(story: &mut Story, run: &str, steps: &[Step], expect: &Expect) {
    story.ask("ada", run, None, expect.clone());
    steps_of(story, run, steps);
}

fn steps_of(story: &mut Story, run: &str, steps: &[Step]) {
    let mut at = 0;
    for (ms, kind) in steps {
        story.after(ms - at).event(run, kind, json!({ "final_response": GOOD, "text": "a" }));
        at = *ms;
    }
}

/// What the two checks say of one run.
fn of(steps: &[Step]) -> [String; 2] {
    owing(steps, &Expect::default())
}

fn owing(steps: &[Step], expect: &Expect) -> [String; 2] {
    let mut story = Story::new();
    story.connect("ada");
    ask(&mut story, "run", steps, expect);
    both(&story)
}

fn both(story: &Story) -> [String; 2] {
    ["value/confidence", "value/continue"].map(|id| brief(&story.says(id)))
}

fn bad(confidence: &str, going_on: &str) -> [String; 2] {
    [confidence, going_on]
        .map(|why| if why.is_empty() { "passes 1/1".to_owned() } else { format!("fails 0/1 [{why}]") })
}

/// The usual steps, some at another time, in the order of time.
fn with(changes: &[Step]) -> Vec<Step> {
    let changed = |kind: &str| changes.iter().any(|(_, change)| *change == kind);
    let mut steps: Vec<Step> = USUAL.into_iter().filter(|(_, kind)| !changed(kind)).collect();
    steps.extend(changes.iter().filter(|(ms, _)| *ms > 0));
    steps.sort_by_key(|(ms, _)| *ms);
    steps
}

#[test]
fn each_limit_of_time_is_kept_when_it_is_met() {
    assert_eq!(of(&USUAL), bad("", ""));
    let late = "not on time";
    let limits = "outside the limits";
    let first = (100, "response_delta");
    let after = |start: u64| {
        [start, start + 10, start + 20, start + 30, start + 40]
            .into_iter()
            .zip(USUAL)
            .map(|(ms, (_, kind))| (ms, kind))
            .collect::<Vec<Step>>()
    };
    assert_eq!(of(&after(100)), bad("", ""));
    assert_eq!(of(&after(101)), bad("", "first event too late"));
    let started = |ms| [vec![first], after(ms)].concat();
    assert_eq!(of(&started(1_000)), bad("", ""));
    assert_eq!(of(&started(1_001)), bad(late, limits));
    let thinking = |ms: u64| [vec![(50, "agent_started")], after(ms)[1..].to_vec()].concat();
    assert_eq!(of(&thinking(2_040)), bad("", ""));
    assert_eq!(of(&thinking(2_041)), bad(late, limits));
    assert_eq!(of(&with(&[(30_000, "agent_completed")])), bad("", ""));
    assert_eq!(of(&with(&[(30_001, "agent_completed")])), bad(late, limits));
    assert_eq!(of(&after(1_001)), bad(late, "outside the limits, first event too late"));
}

#[test]
fn runs_are_whole_and_in_order() {
    let broken = "not whole and in order";
    assert_eq!(of(&with(&[(0, "tool_executing"), (0, "tool_completed")])), bad(broken, ""));
    assert_eq!(of(&with(&[(0, "tool_executing")])), bad(broken, ""));
    assert_eq!(of(&with(&[(0, "tool_completed")])), bad(broken, ""));
    assert_eq!(of(&with(&[(85, "tool_executing")])), bad(broken, ""));
    assert_eq!(of(&with(&[(75, "agent_started")])), bad(broken, ""));
    assert_eq!(of(&with(&[(55, "agent_started")])), bad("", ""));
    assert_eq!(of(&with(&[(65, "agent_started")])), bad(broken, ""));
    assert_eq!(
        of(&with(&[(0, "agent_thinking")])),
        bad("not whole and in order, not on time", "outside the limits")
    );
    assert_eq!(
        of(&with(&[(0, "agent_completed")])),
        bad("not whole and in order, not on time", "outside the limits")
    );
    // What only repeats is in order; what the protocol does not count as critical is so anywhere.
    assert_eq!(of(&with(&[(84, "agent_thinking"), (60, "agent_thinking")])), bad("", ""));
    assert_eq!(of(&with(&[(20, "response_delta")])), bad("", ""));
    // Who owes no tools may use none, one, or half of one.
    let free = expecting(Outcome::Completed, ToolDemand::None);
    assert_eq!(owing(&with(&[(0, "tool_executing"), (0, "tool_completed")]), &free), bad("", ""));
    assert_eq!(owing(&with(&[(0, "tool_completed")]), &free), bad("", ""));
    assert_eq!(owing(&USUAL, &free), bad("", ""));
}

#[test]
fn who_may_fail_and_does_is_not_counted() {
    let failed = with(&[(0, "agent_completed"), (90, "agent_failed")]);
    let open = ["open (NoCoverage) 0/0".to_owned(), "open (NoCoverage) 0/0".to_owned()];
    let any = expecting(Outcome::Any, ToolDemand::Some);
    assert_eq!(owing(&failed, &any), open);
    assert_eq!(owing(&USUAL, &any), bad("", ""));
    assert_eq!(owing(&with(&[(65, "agent_started")]), &any), bad("not whole and in order", ""));
    let gone = "not whole and in order, not on time";
    assert_eq!(owing(&failed, &Expect::default()), bad(gone, "outside the limits"));
    assert_eq!(owing(&with(&[(0, "agent_completed")]), &any), bad(gone, "outside the limits"));
    for outcome in [Outcome::Failed, Outcome::Cancelled] {
        assert_eq!(owing(&USUAL, &expecting(outcome, ToolDemand::Some)), open);
    }
}

#[test]
fn leaks_and_junk_spoil_a_run() {
    let answered = |answer: &str, others: bool| {
        let mut story = Story::new();
        story.connect("ada").connect("bob");
        story.ask_quoting("ada", "run", None, Some(REFERENCE), Expect::default());
        steps_of(&mut story, "run", &USUAL[..4]);
        if others {
            story.event_to("bob", "run", "agent_thinking", json!({ "reasoning": "Not his" }));
        }
        story.after(1).answer("run", answer);
        both(&story)
    };
    assert_eq!(answered(GOOD, false), bad("", ""));
    assert_eq!(answered(&format!("{GOOD} {REFERENCE}"), false), bad("", ""));
    assert_eq!(answered(&format!("{GOOD} {OTHER}"), false), bad("a leak", ""));
    assert_eq!(answered(&format!("{GOOD} {REFERENCE} {OTHER}"), false), bad("a leak", ""));
    assert_eq!(answered(GOOD, true), bad("a leak", ""));
    assert_eq!(answered("Done", false), bad("stopped by a gate", "stopped by a gate"));
    assert_eq!(answered("Done", true), bad("a leak, stopped by a gate", "stopped by a gate"));
}

/// So many runs, the first ones bad.
fn runs(junk: usize, all: usize) -> Story {
    let mut story = Story::new();
    story.connect("ada");
    for run in 0..all {
        let name = format!("run {run}");
        story.ask("ada", &name, None, Expect::default());
        steps_of(&mut story, &name, &USUAL[..4]);
        story.after(1).answer(&name, if run < junk { "Done" } else { GOOD });
    }
    story
}

#[test]
fn a_share_at_its_limit_is_enough() {
    assert_eq!(both(&runs(1, 5))[0], "passes 4/5");
    let why = " [stopped by a gate]";
    assert_eq!(both(&runs(1, 4))[0], format!("fails 3/4{why}"));
    assert_eq!(both(&runs(3, 10))[1], "passes 7/10");
    assert_eq!(
        both(&runs(4, 10)),
        [format!("fails 6/10{}", why.repeat(4)), format!("fails 6/10{}", why.repeat(4))]
    );
    // Five are told, the others counted.
    assert_eq!(
        both(&runs(7, 7)),
        [format!("fails 0/7{}", why.repeat(5)), format!("fails 0/7{}", why.repeat(5))]
    );
    let check = runs(1, 1).says("value/confidence");
    assert_eq!((check.value, check.limit), (Some(0.0), Some(0.8)));
    assert_eq!(check.findings[0].records, [4, 10]);
    assert_eq!(Story::new().says("value/continue").value, None);
}

#[test]
fn requests_that_nobody_answered_count_as_bad() {
    let unanswered = |outcome: Outcome, refused: bool| {
        let mut story = runs(0, 4);
        for name in ["a", "b"] {
            let request = RecordKind::Request {
                request_id: crate::story::id(name).into(),
                intended_t_ns: 0,
                scenario: "costs".into(),
                reference: None,
                prompt: None,
                expect: expecting(outcome, ToolDemand::Some),
            };
            story.record("ada", request);
            if refused {
                let refusal = json!({
                    "type": "error", "code": "TOO_MANY_RUNS", "message": "Not now", "request_id": crate::story::id(name),
                });
                story.frame("ada", refusal.to_string());
            }
        }
        story
    };
    assert_eq!(both(&unanswered(Outcome::Completed, false)), ["fails 4/6", "fails 4/6"]);
    assert_eq!(both(&unanswered(Outcome::Any, false)), ["fails 4/6", "fails 4/6"]);
    assert_eq!(both(&unanswered(Outcome::Failed, false)), ["passes 4/4", "passes 4/4"]);
    assert_eq!(both(&unanswered(Outcome::Completed, true)), ["passes 4/4", "passes 4/4"]);
    let lost = JudgeConfig { complete: false, ..JudgeConfig::default() };
    let check = unanswered(Outcome::Completed, false).says_under("value/continue", lost);
    assert_eq!((check.n, check.of), (4, 4));
}

#[test]
fn what_we_may_have_missed_is_not_missing() {
    let told = |steps: &[Step], lost: bool, answer: &str| {
        let mut story = Story::new();
        story.connect("ada").ask("ada", "run", None, Expect::default());
        steps_of(&mut story, "run", steps);
        if !answer.is_empty() {
            story.after(1).answer("run", answer);
        }
        if lost {
            story.record("ada", RecordKind::Lost { count: 1, why: "full".into() });
        }
        let check = story.says("value/confidence");
        (check.n, check.of)
    };
    assert_eq!(told(&USUAL[1..4], false, GOOD), (0, 1));
    assert_eq!(told(&USUAL[1..4], true, GOOD), (0, 0));
    assert_eq!(told(&USUAL[..4], true, GOOD), (1, 1));
    assert_eq!(told(&USUAL[1..4], true, "Done"), (0, 1));
    assert_eq!(told(&USUAL[1..4], true, &format!("{GOOD} {OTHER}")), (0, 1));
    assert_eq!(told(&USUAL[..4], true, ""), (0, 0));
    // An end of the history that is none excuses what never came, not what is missing between.
    let cut = |steps: &[Step]| {
        let mut story = Story::new();
        story.connect("ada");
        ask(&mut story, "run", steps, &Expect::default());
        let mut judge = goldenpath_checkers::Judge::new(&story.history().header, JudgeConfig::default());
        judge.mark_cut();
        let said = judge.judge_all(&story.history().records);
        let check = said.checks.into_iter().find(|check| check.id == "value/confidence").unwrap();
        (check.n, check.of)
    };
    assert_eq!(cut(&USUAL[..4]), (0, 0));
    assert_eq!(cut(&USUAL[1..]), (0, 1));
}

/// A run that is late, and samples of the client's own lag before and behind its end.
fn lagging(steps: &[Step], lag_ms: f64) -> Story {
    let mut story = Story::new();
    story.connect("ada");
    ask(&mut story, "run", steps, &Expect::default());
    story.after(1).record("ada", RecordKind::Sample { name: "scheduler_lag_ms".into(), value: lag_ms });
    story
}

#[test]
fn who_was_late_by_no_more_than_the_client_speaks_for_nothing() {
    let doubtful = "open (ClientOverloaded) 0/1".to_owned();
    let first: Vec<Step> = USUAL.iter().map(|(ms, kind)| (ms + 100, *kind)).collect();
    // Fifty milliseconds too late: twenty-five on each way.
    let good = "passes 1/1".to_owned();
    assert_eq!(both(&lagging(&first, 25.0)), [good.clone(), doubtful.clone()]);
    assert_eq!(both(&lagging(&first, 24.0)), [good, "fails 0/1 [first event too late]".to_owned()]);
    let answer = with(&[(30_100, "agent_completed")]);
    let late = ["fails 0/1 [not on time]".to_owned(), "fails 0/1 [outside the limits]".to_owned()];
    assert_eq!(both(&lagging(&answer, 50.0)), [doubtful.clone(), doubtful.clone()]);
    assert_eq!(both(&lagging(&answer, 49.0)), late);
    let thinking = [
        (50, "agent_started"),
        (2_090, "agent_thinking"),
        (2_100, "tool_executing"),
        (2_110, "tool_completed"),
        (2_120, "agent_completed"),
    ];
    assert_eq!(both(&lagging(&thinking, 20.0)), [doubtful.clone(), doubtful.clone()]);
    let started: Vec<Step> =
        [vec![(90, "response_delta")], USUAL.iter().map(|(ms, kind)| (ms + 990, *kind)).collect()].concat();
    assert_eq!(both(&lagging(&started, 20.0)), [doubtful.clone(), doubtful]);
    // What was just in time needs no explanation.
    let mut just = Story::new();
    just.connect("ada").ask("ada", "run", None, Expect::default());
    steps_of(&mut just, "run", &[(90, "response_delta"), (1_000, "agent_started")]);
    just.record("ada", RecordKind::Sample { name: "scheduler_lag_ms".into(), value: 0.0 });
    steps_of(
        &mut just,
        "run",
        &[
            (10, "agent_thinking"),
            (20, "tool_executing"),
            (30, "tool_completed"),
            (29_100, "agent_completed"),
        ],
    );
    just.after(1).record("ada", RecordKind::Sample { name: "scheduler_lag_ms".into(), value: 50.0 });
    assert_eq!(brief(&just.says("value/confidence")), "open (ClientOverloaded) 0/1");
    // What is wrong besides is not the client's.
    let disordered = with(&[(65, "agent_started"), (30_100, "agent_completed")]);
    let open = "open (ClientOverloaded) 0/1".to_owned();
    assert_eq!(
        both(&lagging(&disordered, 100.0)),
        ["fails 0/1 [not whole and in order, not on time]".to_owned(), open]
    );
    let missing = with(&[(0, "agent_thinking"), (30_100, "agent_completed")]);
    assert_eq!(
        both(&lagging(&missing, 100.0)),
        [
            "fails 0/1 [not whole and in order, not on time]".to_owned(),
            "fails 0/1 [outside the limits]".to_owned()
        ]
    );
}

#[test]
fn who_was_away_has_waited_for_nobody() {
    let away = {
        let mut story = Story::new();
        story.connect("ada").ask("ada", "run", None, Expect::default());
        story.after(50).event("run", "agent_started", json!({}));
        story.after(40_000).reconnect("ada", "full", 4);
        for (_, kind) in &USUAL[1..] {
            story.after(1).event("run", kind, json!({ "final_response": GOOD }));
        }
        both(&story)
    };
    assert_eq!(away, bad("", ""));
}

#[test]
fn late_runs_of_the_client_are_told_only_where_nothing_else_is() {
    let mut story = runs(1, 1);
    ask(&mut story, "late", &with(&[(30_100, "agent_completed")]), &Expect::default());
    story.after(1).record("ada", RecordKind::Sample { name: "scheduler_lag_ms".into(), value: 50.0 });
    let said = story.says("value/confidence");
    assert_eq!(brief(&said), "fails 0/2 [stopped by a gate]");
    // With the doubtful run the share might just be enough.
    let mut enough = runs(1, 4);
    ask(&mut enough, "late", &with(&[(30_100, "agent_completed")]), &Expect::default());
    enough.after(1).record("ada", RecordKind::Sample { name: "scheduler_lag_ms".into(), value: 50.0 });
    assert_eq!(brief(&enough.says("value/confidence")), "open (ClientOverloaded) 3/5");
    assert_eq!(brief(&enough.says("value/continue")), "open (ClientOverloaded) 3/5");
}
