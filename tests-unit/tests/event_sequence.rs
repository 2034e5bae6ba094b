//! What users see, in which order, in time, and nobody else's: each promise once kept and once broken.

use crate::histories::{event, healthy, is, judge, must_fail, rewritten, without};
use goldenpath_checkers::Verdict;
use goldenpath_history::RecordKind;
use goldenpath_protocol::EventType;
use goldenpath_simulator::{Scenario, simulate};
use serde_json::json;

#[test]
fn event_sequence_ordering_validation() {
    let healthy = healthy(1);
    // The terminal arrives before the tool's result.
    let mut broken = healthy.clone();
    let result = broken.records.iter().position(|record| is(record, "tool_completed")).unwrap();
    let run = event(&broken.records[result]).unwrap()["run_id"].clone();
    let conn = broken.records[result].conn;
    let terminal = broken
        .records
        .iter()
        .position(|record| {
            record.conn == conn && is(record, "agent_completed") && event(record).unwrap()["run_id"] == run
        })
        .unwrap();
    let (left, right) = broken.records.split_at_mut(terminal);
    std::mem::swap(&mut left[result].kind, &mut right[0].kind);
    must_fail("sequence/tool-pairs", &broken, &healthy);
    must_fail("sequence/nothing-after-terminal", &broken, &healthy);
    must_fail("sequence/seq-dense", &broken, &healthy);
}

#[test]
fn required_events_emission_validation() {
    let healthy = healthy(2);
    for event_type in EventType::CRITICAL {
        let name = event_type.as_str();
        let broken = without(&healthy, |record| is(record, name));
        let owner = match event_type {
            EventType::ToolCompleted => "sequence/tool-pairs",
            EventType::AgentCompleted => "sequence/one-terminal",
            _ => "sequence/five-in-order",
        };
        must_fail(owner, &broken, &healthy);
    }
}

#[test]
fn event_content_meaningful_validation() {
    let healthy = healthy(3);
    for filler in ["", "   ", "...", "TODO", "Agent is thinking…"] {
        let broken = rewritten(&healthy, "agent_thinking", |event| event["reasoning"] = json!(filler));
        must_fail("content/meaningful", &broken, &healthy);
    }
}

#[test]
fn event_timing_constraints_validation() {
    let healthy = simulate(&Scenario::golden_path().users(2).runs(6), 4);
    // Everything from the first event on comes 1.2 s later than the plan wanted it answered.
    let mut broken = healthy.clone();
    for record in &mut broken.records {
        if let RecordKind::Request { intended_t_ns, .. } = &mut record.kind {
            *intended_t_ns = intended_t_ns.saturating_sub(1_200_000_000);
        }
    }
    must_fail("timing/agent-started", &broken, &healthy);
    must_fail("timing/first-event", &broken, &healthy);
}

#[test]
fn event_user_isolation_validation() {
    let healthy = healthy(5);
    // One event of the first user is written to a connection of the second, too.
    let mut broken = healthy.clone();
    let leak = broken.records.iter().position(|record| is(record, "tool_completed")).unwrap();
    let owner = broken.records[leak].user.clone();
    let other = broken
        .records
        .iter()
        .find(|record| record.user != owner && record.conn.is_some() && event(record).is_some())
        .map(|record| (record.user.clone(), record.conn))
        .unwrap();
    let mut copy = broken.records[leak].clone();
    (copy.user, copy.conn) = other;
    broken.records.insert(leak + 1, copy);
    must_fail("isolation/run-owner", &broken, &healthy);
}

#[test]
fn a_healthy_session_raises_no_alarm() {
    for seed in 0..20 {
        let history = simulate(&Scenario::full_session(), seed);
        for check in judge(&history).checks {
            assert_ne!(
                check.verdict,
                Verdict::Fail,
                "seed {seed}: {} cries wolf: {:#?}",
                check.id,
                check.findings
            );
        }
    }
}
