//! A failed check leaves the least history that fails it again.

use crate::support::{OUT, Place, failed, records, report, session};
use goldenpath_history::{Direction, HistoryWriter, Record, RecordKind};
use goldenpath_simulator::{Scenario, simulate};

/// A history of three users in which the tool answers of one run never came.
fn broken() -> Vec<u8> {
    let history = simulate(&Scenario::golden_path().users(3).runs(2), 11);
    let run_of = |record: &Record<'_>| match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. } if raw.contains("\"type\":\"tool_completed\"") => {
            let event: serde_json::Value = serde_json::from_str(raw).unwrap();
            event["run_id"].as_str().map(str::to_owned)
        }
        _ => None,
    };
    let hit = history.records.iter().find_map(run_of).unwrap();
    let mut writer = HistoryWriter::plain(Vec::new(), &history.header).unwrap();
    for record in history.records.iter().filter(|record| run_of(record).as_ref() != Some(&hit)) {
        writer.write(record).unwrap();
    }
    writer.finish().unwrap()
}

#[test]
fn a_witness_fails_its_check_again_and_no_other() {
    let place = Place::new();
    place.write("broken.jsonl", broken());
    let ran = place.goldenpath(&["check", "broken.jsonl", "--output-dir", OUT]).ended_with(1);
    let folder = place.session().unwrap();
    let checks = report(&folder).execution_results.checks;
    let pairs = checks.iter().find(|check| check.id == "sequence/tool-pairs").unwrap();
    assert_eq!(pairs.findings[0].witness.as_deref(), Some("witnesses/sequence-tool-pairs.jsonl"));
    for check in checks.iter().filter(|check| !check.findings.is_empty()) {
        let witness = check.findings[0].witness.as_ref().unwrap_or_else(|| panic!("{} left none", check.id));
        assert!(folder.join(witness).is_file(), "{witness}");
    }

    let witness = folder.join("witnesses/sequence-tool-pairs.jsonl");
    assert!(records(&witness).len() <= 6);
    let again =
        place.goldenpath(&["check", witness.to_str().unwrap(), "--output-dir", "again"]).ended_with(1);
    let judged = report(&session(&place.path().join("again")).unwrap());
    assert_eq!(failed(&judged), ["sequence/tool-pairs"]);
    let found = judged.execution_results.checks.iter().find(|check| check.id == pairs.id).unwrap();
    assert_eq!(found.findings[0].summary, pairs.findings[0].summary);
    assert_eq!(judged.execution_results.test_metrics.tests_inconclusive, 0, "{}", again.said());

    for said in ["asks: ", " begins [run ", "the answer: ", "/witnesses/sequence-tool-pairs.jsonl"] {
        assert!(ran.out.contains(said), "`{said}` is not in\n{}", ran.out);
    }
    let summary = std::fs::read_to_string(folder.join("summary.md")).unwrap();
    assert!(summary.contains("### `sequence/tool-pairs`"), "{summary}");
}

#[test]
fn a_check_without_a_folder_tells_and_writes_nothing() {
    let place = Place::new();
    place.write("broken.jsonl", broken());
    let ran = place.check("broken.jsonl").ended_with(1);
    assert!(ran.out.contains("asks: ") && !ran.out.contains("witnesses/"), "{}", ran.said());
    assert_eq!(place.names(), ["broken.jsonl"]);
}
