//! What is held against an answer besides its words: what its tools found, what it owes, whose run it ends.

use super::desk::Desk;
use crate::story::{Story, brief, id};
use goldenpath_checkers::JudgeConfig;
use goldenpath_history::{Expect, Outcome};
use serde_json::json;

const CALM: &str = "The figures of this month look as usual for a firm of this size and of that age, \
    with zebras, yaks and gnus in all rooms and gardens.";
const REFERENCE: &str = "gp-000102030405060708090a0b0c0d0e0f";
const OTHER: &str = "gp-0f0e0d0c0b0a09080706050403020100";

#[test]
fn three_facts_are_owed_where_there_are_three() {
    let of = |given: &[f64], answer: &str| {
        let check = Desk::bare().knowing(json!({ "of": given })).says("value/facts", answer);
        (check.n, check.of, check.value)
    };
    let all = [123.5, 234.5, 345.5, 456.5];
    assert_eq!(of(&all, "123.5 234.5 345.5"), (1, 1, Some(3.0)));
    assert_eq!(of(&all, "123.5 234.5 345.5 456.5"), (1, 1, Some(4.0)));
    assert_eq!(of(&all, "123.5 234.5"), (0, 1, Some(2.0)));
    assert_eq!(of(&all[..1], "123.5"), (1, 1, None));
    assert_eq!(of(&all[..2], "123.5"), (0, 1, Some(1.0)));
    assert_eq!(of(&all[..2], "123.5 234.5"), (1, 1, None));
    assert_eq!(of(&all[..3], "123.5 234.5 345.5"), (1, 1, Some(3.0)));
    assert_eq!(of(&[], "123.5"), (0, 0, None));
    let finding = Desk::bare().knowing(json!(all)).says("value/facts", "Nothing of it").findings.remove(0);
    assert_eq!(
        finding.expected,
        "at least 3 of its tools' figures or names, such as `123.5`, `234.5`, `345.5`, `456.5`"
    );
    assert_eq!(finding.observed, "0 of 4: `Nothing of it`");
    assert_eq!(finding.records, [4, 9, 10]);
}

#[test]
fn the_fewest_facts_of_any_answer_are_told() {
    let mut story = Story::new();
    story.connect("ada");
    for (run, answer) in [("a", "123.5 234.5 345.5 456.5"), ("b", "123.5 234.5"), ("c", "123.5 234.5 345.5")]
    {
        story.ask("ada", run, None, Expect::default()).begin(run);
        story.tool(run, &json!({}), &json!([123.5, 234.5, 345.5, 456.5])).answer(run, answer);
    }
    let check = story.says("value/facts");
    assert_eq!((check.n, check.of, check.value, check.limit), (2, 3, Some(2.0), Some(3.0)));
    let none = JudgeConfig { limits: [("value/facts".to_owned(), 0.0)].into(), ..JudgeConfig::default() };
    let check = story.says_under("value/facts", none);
    assert_eq!((check.n, check.of, check.value), (0, 0, None));
}

#[test]
fn what_one_run_found_is_nothing_to_the_next() {
    let mut story = Story::new();
    story.connect("ada");
    for (run, found) in [("a", 123.5), ("b", 234.5)] {
        story.ask("ada", run, Some("What of $999.50 and etl-77ff?"), Expect::default()).begin(run);
        story.tool(run, &json!({ "days": 92 }), &json!([found, "trainer-0a1b", "m5.large"]));
        story.answer(run, &format!("{found} trainer-0a1b m5.large"));
    }
    story.ask("ada", "c", None, Expect::default()).begin("c");
    story.tool("c", &json!({}), &json!([92, 91, 999.5, "etl-77ff"])).answer("c", "Nothing");
    let check = story.says("value/facts");
    assert_eq!((check.n, check.of), (2, 3));
    assert_eq!(check.findings[0].observed, "0 of 4: `Nothing`");
    assert!(check.findings[0].expected.ends_with("such as `92`, `91`, `999.5`, `etl-77ff`"));
}

#[test]
fn many_names_of_one_run_are_nothing_to_the_next() {
    let names: Vec<String> = (0..40).map(|i| format!("name-{i}a")).collect();
    let mut story = Story::new();
    story.connect("ada");
    for run in ["a", "b"] {
        story.ask("ada", run, None, Expect::default()).begin(run);
        story.tool(run, &json!({}), &json!(names)).answer(run, "Nothing");
    }
    let observed: Vec<String> =
        story.says("value/facts").findings.into_iter().map(|finding| finding.observed).collect();
    assert_eq!(observed, ["0 of 40: `Nothing`", "0 of 40: `Nothing`"]);
}

#[test]
fn tools_that_failed_found_nothing_and_four_lines_are_named() {
    let mut story = Story::new();
    story.connect("ada").ask("ada", "run", None, Expect::default()).begin("run");
    let result =
        |success: bool, results: serde_json::Value| json!({ "success": success, "results": results });
    story.event("run", "tool_completed", result(false, json!([111.5, 222.5])));
    let first = story.line() + 1;
    for figure in [123.5, 234.5, 345.5, 456.5, 567.5] {
        story.event("run", "tool_completed", result(true, json!([figure])));
    }
    story.answer("run", "Nothing");
    let finding = story.says("value/facts").findings.remove(0);
    assert_eq!(finding.observed, "0 of 5: `Nothing`");
    assert_eq!(finding.records, [4, first, first + 1, first + 2, first + 3, first + 5]);
}

#[test]
fn only_answers_that_are_owed_are_judged() {
    let told = |outcome: Outcome, kind: &str| {
        let mut story = Story::new();
        story.connect("ada").ask("ada", "run", None, Expect { outcome, ..Expect::default() }).begin("run");
        story.event("run", kind, json!({ "final_response": "Done" }));
        brief(&story.says("value/gates"))
    };
    assert_eq!(told(Outcome::Completed, "agent_completed"), "fails 0/1 [too short: `Done`]");
    assert_eq!(told(Outcome::Any, "agent_completed"), "fails 0/1 [too short: `Done`]");
    for (outcome, kind) in [
        (Outcome::Failed, "agent_completed"),
        (Outcome::Cancelled, "agent_completed"),
        (Outcome::Completed, "agent_failed"),
    ] {
        assert_eq!(told(outcome, kind), "open (NoCoverage) 0/0", "{outcome:?} {kind}");
    }
}

#[test]
fn an_answer_counts_when_it_first_comes_to_its_owner() {
    let mut story = Story::new();
    story.connect("ada").connect("bob").ask("ada", "run", None, Expect::default()).begin("run");
    let junk = json!({ "final_response": "Done" });
    story.event_to("bob", "run", "agent_completed", junk.clone());
    assert_eq!(brief(&story.says("value/gates")), "open (NoCoverage) 0/0");
    story.answer("run", CALM);
    assert_eq!(brief(&story.says("value/gates")), "passes 1/1");
    // The same event again is the same answer.
    let again = story.event_text(
        "run",
        "agent_completed",
        &json!({ "final_response": "Done", "event_id": id("again") }),
    );
    story.frame("ada", again.clone());
    assert_eq!(brief(&story.says("value/gates")), "fails 1/2 [too short: `Done`]");
    story.frame("ada", again);
    assert_eq!(brief(&story.says("value/gates")), "fails 1/2 [too short: `Done`]");
    let finding = story.says("value/gates").findings.remove(0);
    assert_eq!(finding.summary, format!("the answer of run `{}` of `ada` is junk: too short", id("run")));
    assert_eq!(finding.records, [6, 12]);
}

#[test]
fn a_reference_is_owed_to_who_asked_for_it() {
    let lacks = |quote_reference: bool, quotes: bool, reference: Option<&str>, answer: &str| {
        let mut story = Story::new();
        let expect = Expect { quote_reference, ..Expect::default() };
        story
            .connect("ada")
            .ask_quoting("ada", "run", None, reference, expect)
            .begin("run")
            .answer("run", answer);
        let config = JudgeConfig { quotes_reference: quotes, ..JudgeConfig::default() };
        brief(&story.says_under("value/demands", config))
    };
    let quoting = format!("{CALM}\n{REFERENCE}");
    let end = CALM[CALM.len() - 100..].trim_start();
    assert_eq!(lacks(true, true, Some(REFERENCE), CALM), format!("fails 0/1 [an answer that ends `{end}`]"));
    assert_eq!(lacks(true, true, Some(REFERENCE), &quoting), "passes 1/1");
    assert!(lacks(true, true, Some(OTHER), &quoting).starts_with("fails 0/1"));
    assert_eq!(lacks(false, true, Some(REFERENCE), CALM), "passes 1/1");
    assert_eq!(lacks(true, false, Some(REFERENCE), CALM), "passes 1/1");
    assert_eq!(lacks(true, true, None, CALM), "passes 1/1");
    // Among others it is quoted, too.
    assert_eq!(lacks(true, true, Some(REFERENCE), &format!("{CALM} {OTHER} {REFERENCE}")), "passes 1/1");
}
