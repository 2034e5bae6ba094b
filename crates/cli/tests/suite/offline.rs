//! One history, judged twice: as it grew, and again from its file. Everything that the two reports say about the target is the same.

use crate::support::{Place, Ran, session};
use serde_json::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// What a report tells of the call that wrote it, and not of what clients saw: here, and nowhere else, the two may differ.
const OF_THE_CALL: &[(&str, &str)] = &[
    ("/validation_session/timestamp", "the call begins before its first record, a saved history with it"),
    ("/validation_session/duration_seconds", "the call also reaches the target and leaves it"),
    ("/validation_session/target_environment", "a file has none: `recorded`"),
    ("/validation_session/configuration", "each call has its own settings"),
    (
        "/validation_session/users",
        "a call knows how many it drives, a file how many are named: intruders, too",
    ),
];

/// Why a category was left out, in the words of either: nobody asked this call for it, or the one that recorded.
const LEFT_OUT: (&str, &str) = ("it was not asked for", "the history was not recorded for it");

/// Judges the history of `live` again and asserts that it comes to the same: exit code, verdicts, reasons, limits, values, counts,
/// findings with the lines they name, coverage, metrics, rules, decision, and every byte of every witness.
#[track_caller]
pub(crate) fn assert_judged_alike(place: &Place, ran: &Ran, live: &Path) {
    let history = live.join("history.jsonl.zst");
    let checked = place.goldenpath(&["check", history.to_str().unwrap(), "--output-dir", "offline"]);
    assert_eq!(checked.code, ran.code, "{}\n{}", ran.said(), checked.said());
    let offline = session(&place.path().join("offline")).unwrap();
    let mut differences = Vec::new();
    compare("", &document(live), &document(&offline), &mut differences);
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(witnesses(live), witnesses(&offline));
}

fn document(session: &Path) -> Value {
    let text = std::fs::read_to_string(session.join("comprehensive_validation_report.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

/// Where two documents differ, as JSON pointers.
fn compare(at: &str, live: &Value, offline: &Value, differences: &mut Vec<String>) {
    if OF_THE_CALL.iter().any(|(pointer, _)| *pointer == at) {
        return;
    }
    match (live, offline) {
        (Value::Object(one), Value::Object(other)) if one.keys().eq(other.keys()) => {
            for (key, value) in one {
                compare(&format!("{at}/{key}"), value, &other[key], differences);
            }
        }
        (Value::Array(one), Value::Array(other)) if one.len() == other.len() => {
            for (index, (value, other)) in one.iter().zip(other).enumerate() {
                compare(&format!("{at}/{index}"), value, other, differences);
            }
        }
        (Value::String(one), Value::String(other)) if one.replace(LEFT_OUT.0, LEFT_OUT.1) == *other => {}
        _ if live == offline => {}
        _ => differences.push(format!("{at}: live {live}, offline {offline}")),
    }
}

/// Every witness by its name.
fn witnesses(session: &Path) -> BTreeMap<String, String> {
    let Ok(entries) = std::fs::read_dir(session.join("witnesses")) else { return BTreeMap::new() };
    let read = |path: &Path| std::fs::read_to_string(path).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    paths.map(|path| (path.file_name().unwrap().to_string_lossy().into_owned(), read(&path))).collect()
}

#[test]
fn one_other_word_is_a_difference() {
    let live =
        serde_json::json!({"checks": [{"n": 1}, {"n": 2}], "validation_session": {"timestamp": "now"}});
    let mut other = live.clone();
    other["validation_session"]["timestamp"] = "then".into();
    let mut differences = Vec::new();
    compare("", &live, &other, &mut differences);
    assert!(differences.is_empty(), "{differences:?}");
    other["checks"][1]["n"] = 3.into();
    compare("", &live, &other, &mut differences);
    assert_eq!(differences, ["/checks/1/n: live 2, offline 3"]);
    other["checks"] = serde_json::json!([{"n": 1}]);
    compare("", &live, &other, &mut differences);
    assert_eq!(differences.len(), 2, "{differences:?}");
}
