//! The gate proves itself: `selftest` over a few sessions, generated and live. Guards its document, what it leaves, and its exit codes.

use crate::support::{OUT, Place, Running, wait_for};
use serde_json::Value;

fn document(out: &str) -> Value {
    serde_json::from_str(out).expect("stdout is one document")
}

#[test]
fn known_faults_are_caught_and_the_document_has_the_keys_of_its_schema() {
    let place = Place::new();
    let call =
        ["selftest", "--simulated", "--faults", "L04,D01", "H01", "V03", "--seeds", "2", "--seed", "7"];
    let ran = place.goldenpath(&[&call[..], &["--format", "json"]].concat()).ended_with(0);
    let said = document(&ran.out);
    assert_eq!(said["schema"], "goldenpath.selftest/1");
    assert_eq!((&said["target"], &said["seeds"]), (&Value::from("simulated"), &Value::from(2)));
    let faults = said["faults"].as_array().unwrap();
    assert_eq!(faults.len(), 2);
    let fault = &faults[0];
    assert_eq!((&fault["id"], &fault["owner"]), (&Value::from("L04"), &Value::from("sequence/tool-pairs")));
    assert_eq!(fault["result"], "caught");
    assert!(fault["checks"].as_array().unwrap().contains(&fault["owner"]));
    assert!(fault["receipts"].as_u64().unwrap() >= 2, "at least one for each session");
    assert!(fault["witness"].is_null() && fault["reason"].is_null());
    assert_eq!(said["healthy"][0]["id"], "H01");
    assert_eq!(said["healthy"][0]["result"], "quiet");
    assert_eq!(said["healthy"][0]["checks"].as_array().unwrap().len(), 0);
    assert_eq!(
        (&said["tester"][0]["id"], &said["tester"][0]["verdict"]),
        (&Value::from("V03"), &Value::from("inconclusive"))
    );
    let caught = &said["rates"]["caught"];
    assert_eq!((&caught["n"], &caught["of"]), (&Value::from(2), &Value::from(2)));
    assert!((caught["wilson95_low"].as_f64().unwrap() - 0.342).abs() < 0.001, "{caught}");
    assert!(said["rates"]["false_alarm"]["wilson95_high"].as_f64().unwrap() > 0.7);
    assert_eq!(place.names(), [""; 0], "nothing is left without --output-dir");
}

#[test]
fn a_kept_selftest_holds_the_page_the_document_and_witnesses_that_fail_again() {
    let place = Place::new();
    let call =
        ["selftest", "--simulated", "--faults", "L04", "--seeds", "1", "--seed", "3", "--output-dir", OUT];
    let ran = place.goldenpath(&call).ended_with(0);
    assert!(ran.out.contains("L04  caught 1/1"), "{}", ran.said());
    let folder = place.latest();
    let page = std::fs::read_to_string(folder.join("detection.md")).unwrap();
    assert!(page.contains("| L04 |"), "{page}");
    let kept = document(&std::fs::read_to_string(folder.join("selftest.json")).unwrap());
    let witness = kept["faults"][0]["witness"].as_str().unwrap();
    assert_eq!(witness, "witnesses/L04.jsonl");
    let again = place.check(folder.join(witness)).ended_with(1);
    assert!(again.out.contains("sequence/tool-pairs"), "{}", again.said());
}

#[test]
fn an_unknown_fault_is_refused_and_names_the_nearest_one() {
    let place = Place::new();
    let ran =
        place.goldenpath(&["selftest", "--simulated", "--faults", "L44", "--output-dir", OUT]).ended_with(2);
    assert!(ran.err.contains("unknown fault `L44`; did you mean `L"), "{}", ran.said());
    assert_eq!(place.names(), [""; 0]);
    place.goldenpath(&["selftest", "--simulated", "--target", "ws://127.0.0.1:1"]).ended_with(2);
}

#[test]
fn an_interrupted_selftest_keeps_what_was_measured() {
    let place = Place::new();
    let call = [
        "selftest",
        "--simulated",
        "--seeds",
        "10000",
        "--seed",
        "1",
        "--output-dir",
        OUT,
        "--format",
        "json",
    ];
    let running = Running::start(place.path(), &call);
    let begun = || place.session().filter(|folder| folder.join("validation_execution.log.partial").exists());
    wait_for("a session folder", begun);
    running.signal("INT");
    let ran = running.end().ended_with(130);
    let said = document(&ran.out);
    assert_eq!(said["interrupted"], true);
    assert!(
        said["faults"].as_array().unwrap().len() < 20,
        "ten thousand seeds a row were not measured in a moment"
    );
    let kept = std::fs::read_to_string(place.latest().join("selftest.json")).unwrap();
    assert_eq!(document(&kept), said);
}

#[test]
fn a_fault_in_front_of_a_real_backend_is_caught_and_its_healthy_session_is_quiet() {
    let place = Place::new();
    let call = ["selftest", "--faults", "L04,A03,P01", "--seeds", "1", "--seed", "7", "--format", "json"];
    let said = document(&place.goldenpath(&call).ended_with(0).out);
    assert_eq!((&said["target"], &said["seeds"]), (&Value::from("embedded"), &Value::from(1)));
    let fault = &said["faults"][0];
    assert_eq!((&fault["id"], &fault["result"]), (&Value::from("L04"), &Value::from("caught")));
    assert!(fault["receipts"].as_u64().unwrap() > 0);
    assert_eq!(fault["simulated"]["result"], "caught");
    let quiet = &said["healthy_trials"][0];
    assert_eq!((&quiet["id"], &quiet["result"]), (&Value::from("a talk"), &Value::from("quiet")));
    let by_id = |id: &str| said["faults"].as_array().unwrap().iter().find(|fault| fault["id"] == id).unwrap();
    assert_eq!(by_id("A03")["result"], "caught", "made inside the backend");
    assert_eq!(by_id("P01")["result"], "driver_missing");
    assert!(by_id("P01")["reason"].as_str().unwrap().contains("driver of load"));
}

#[test]
fn a_target_that_is_not_there_is_no_verdict() {
    let place = Place::new();
    let call = ["selftest", "--faults", "L04", "--seeds", "1", "--target", "ws://127.0.0.1:1/ws"];
    place.goldenpath(&call).ended_with(3);
}
