//! The rules that every fault keeps, whatever it does.

use crate::{Act, Broken, Deed, Fault, FaultInfo, Injector, Need, Step, break_history, catalogue};
use goldenpath_history::{ClosedBy, Direction, FaultPhase, RecordKind};
use goldenpath_simulator::{Content, Ending, History, Resume, Scenario, simulate};
use std::collections::{BTreeMap, BTreeSet};

struct Nothing;

impl Fault for Nothing {
    fn rewrite(&mut self, _: &Step, _: &mut Act<'_>) {}
}

#[test]
fn what_no_fault_touches_passes_as_it_came() {
    let history = simulate(&Scenario::full_session(), 3);
    let mut injector = Injector::with("none", Box::new(Nothing));
    let mut passed = Vec::new();
    for record in &history.records {
        injector.feed(record.clone());
        while let Some(step) = injector.take_due(record.t_ns) {
            passed.push(step);
        }
    }
    assert_eq!(passed, history.records);
    assert!(injector.take_receipts().is_empty());
}

#[test]
fn rows_are_unique_and_in_the_order_of_their_groups() {
    let rows: Vec<&str> = catalogue().map(|row| row.id).collect();
    let unique: BTreeSet<&&str> = rows.iter().collect();
    assert_eq!(unique.len(), rows.len());
    for group in crate::kinds::GROUPS {
        let letter = |row: &FaultInfo| row.id.chars().next();
        assert!(group.windows(2).all(|two| letter(&two[0]) == letter(&two[1]) && two[0].id < two[1].id));
    }
}

/// Frames from the server by connection, as often as they came.
fn frames(records: &[Step]) -> BTreeMap<(Option<u32>, String), i64> {
    let mut found = BTreeMap::new();
    for record in records {
        if let RecordKind::Frame { dir: Direction::In, raw, .. } = &record.kind {
            *found.entry((record.conn, raw.to_string())).or_default() += 1;
        }
    }
    found
}

fn session(needs: &[Need]) -> History {
    let scenario = Scenario::golden_path().users(3).runs(3);
    let scenario = needs.iter().fold(scenario, |scenario, need| match need {
        Need::TwoTabs => scenario.tabs(2),
        Need::FailingTool => scenario.ending(Ending::Degraded),
        Need::FailingRun => scenario.ending(Ending::Failed),
        Need::Resume => scenario.resuming(Resume::MidRun),
        Need::ResumeTwice => scenario.resuming(Resume::Twice),
        Need::EndsWhileAway => scenario.resuming(Resume::EndsWhileAway),
        Need::Overrun => scenario.resuming(Resume::Overrun),
        Need::NewEpoch => scenario.resuming(Resume::NewEpoch),
        Need::Unicode => scenario.content(Content::Unicode),
        Need::LongTexts => scenario.content(Content::Long),
        _ => scenario,
    });
    simulate(&scenario, 5)
}

#[test]
fn what_a_fault_changes_has_a_receipt() {
    for row in catalogue() {
        let history = session(row.needs);
        let Broken { records, receipts } = break_history(&history.records, row, 11);
        let touched: BTreeSet<Option<u32>> = receipts.iter().map(|receipt| receipt.conn).collect();
        let (before, after) = (frames(&history.records), frames(&records));
        for (frame, count) in &before {
            let same = after.get(frame) == Some(count);
            assert!(
                same || touched.contains(&frame.0),
                "{}: a frame changed on {:?} without a receipt",
                row.id,
                frame.0
            );
        }
        assert!(records.windows(2).all(|two| two[0].t_ns <= two[1].t_ns), "{}: time goes back", row.id);
        let acted = records
            .iter()
            .filter(|record| matches!(&record.kind, RecordKind::Fault { phase: FaultPhase::Acted, .. }));
        assert_eq!(acted.count(), receipts.len(), "{}: every receipt is in the history", row.id);
    }
}

#[test]
fn a_seed_breaks_a_history_the_same_way_twice() {
    for row in catalogue() {
        let history = session(row.needs);
        assert_eq!(
            break_history(&history.records, row, 4),
            break_history(&history.records, row, 4),
            "{}",
            row.id
        );
    }
}

#[test]
fn a_lost_event_is_lost_and_signed() {
    let history = session(&[]);
    let row = crate::fault_info("L01").unwrap();
    let broken = break_history(&history.records, row, 1);
    assert!(!broken.receipts.is_empty());
    assert!(broken.receipts.iter().all(|receipt| receipt.deed == Deed::Lost && receipt.run_id.is_some()));
    let started = |records: &[Step]| {
        frames(records).keys().filter(|(_, raw)| raw.contains("\"type\":\"agent_started\"")).count()
    };
    assert_eq!(started(&history.records) - started(&broken.records), broken.receipts.len());
}

/// A library hands out no byte of what is no text, and ends the connection; the client does nothing more there.
#[test]
fn a_client_hangs_up_on_what_is_no_text() {
    let history = session(&[]);
    let broken = break_history(&history.records, crate::fault_info("C20").unwrap(), 2);
    let at = broken
        .records
        .iter()
        .position(|step| matches!(&step.kind, RecordKind::Frame { raw, opcode: Some(opcode), .. } if opcode == "invalid_utf8" && raw.is_empty()))
        .unwrap();
    let conn = broken.records[at].conn;
    let mut rest = broken.records[at + 1..].iter().filter(|step| step.conn == conn);
    let close = &rest.next().unwrap().kind;
    assert!(matches!(close, RecordKind::Close { code: Some(1007), by: ClosedBy::Client, .. }), "{close:?}");
    assert_eq!(rest.next(), None);
}

#[test]
fn who_leaves_waits_for_what_is_late() {
    let history = session(&[]);
    let broken = break_history(&history.records, crate::fault_info("T06").unwrap(), 3);
    let mut closed = BTreeSet::new();
    for step in &broken.records {
        match step.kind {
            RecordKind::Close { .. } => drop(closed.insert(step.conn)),
            RecordKind::Frame { .. } => assert!(!closed.contains(&step.conn), "{step:?}"),
            _ => {}
        }
    }
    let seconds = |records: &[Step]| records.last().map_or(0, |last| last.t_ns / 1_000_000_000);
    assert!(seconds(&broken.records) >= 30 && closed.len() == 3);
}
