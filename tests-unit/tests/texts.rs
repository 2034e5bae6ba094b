//! What is said of texts: each of a list (`texts/corpus.jsonl`: figures, names, endings, dumps, fillers, refusals, broken letters, insides of
//! machines, good advice) is told to a user in place of a thought, of a tool's result, of the answer, and behind a good answer.
//! The page says which checks that changes, and how; a rule that is read a little otherwise moves a line of it.
//!
//! `INSTA_UPDATE=always cargo test -p tests-unit texts` writes it anew; the difference is to be read like code.

use crate::histories::rewritten;
use crate::words::said;
use goldenpath_checkers::{CheckResult, Judgement, Verdict};
use goldenpath_simulator::{History, Scenario, simulate};
use serde_json::{Value, json};
use std::fmt::Write as _;

/// One text a line, as JSON.
const CORPUS: &str = include_str!("texts/corpus.jsonl");

/// Checks that only sum up what others found.
const FOLLOW: [&str; 2] = ["value/confidence", "value/continue"];

/// Puts a text into a healthy history.
type Put = fn(&History, &str) -> History;

/// Where a text is put.
const PLACES: [(&str, Put); 4] = [
    ("thought", |healthy, text| {
        rewritten(healthy, "agent_thinking", |event| event["reasoning"] = json!(text))
    }),
    ("result", |healthy, text| {
        rewritten(healthy, "tool_completed", |event| event["results"]["note"] = json!([{ "of": text }]))
    }),
    ("answer", |healthy, text| answered(healthy, |_| text.to_owned())),
    ("more", |healthy, text| answered(healthy, |answer| format!("{answer}\n{text}"))),
];

fn answered(healthy: &History, answer: impl Fn(&str) -> String) -> History {
    rewritten(healthy, "agent_completed", |event| {
        let text = answer(event["final_response"].as_str().unwrap());
        event["final_response"] = Value::from(text);
    })
}

/// A check in few words.
fn brief(check: &CheckResult) -> String {
    let mut brief = match &check.verdict {
        Verdict::Pass => format!("{} {}/{}", check.id, check.n, check.of),
        Verdict::Fail => format!("{} FAILS {}/{}", check.id, check.n, check.of),
        other => format!("{} {other:?}", check.id),
    };
    let _ = check.value.map(|value| write!(brief, " {value:.3}"));
    if let Some(finding) = check.findings.first() {
        let observed: String = finding.observed.chars().take(80).collect();
        let _ = write!(brief, " ({observed})");
    }
    brief
}

#[test]
fn texts_are_read_as_this_page_says() {
    let healthy = simulate(&Scenario::golden_path().users(1).runs(1).deltas(0).without_store(), 5);
    let usual: Judgement = said(&healthy);
    let mut page = String::new();
    for text in CORPUS.lines() {
        let _ = writeln!(page, "\n# {text}");
        let text: String = serde_json::from_str(text).unwrap();
        for (place, put) in PLACES {
            let checks = said(&put(&healthy, &text)).checks;
            let changed = checks.iter().zip(&usual.checks).filter(|(said, usual)| said != usual);
            let changed = changed.filter(|(said, _)| !FOLLOW.contains(&said.id));
            let changed: Vec<String> = changed.map(|(said, _)| brief(said)).collect();
            if !changed.is_empty() {
                let _ = writeln!(page, "{place}: {}", changed.join("\n    "));
            }
        }
    }
    insta::assert_snapshot!("texts", page);
}
