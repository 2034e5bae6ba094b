//! Promises that no row of the catalogue breaks, broken by hand in a healthy session.

use goldenpath_history::{Direction, RecordKind};
use goldenpath_simulator::{History, Scenario, simulate};
use serde_json::Value;
use std::borrow::Cow;

const MS: u64 = 1_000_000;

/// A history broken by hand.
pub(super) struct ByHand {
    /// What is wrong with it.
    pub(super) name: &'static str,
    /// The checks that must fail.
    pub(super) breaks: &'static [&'static str],
    /// Breaks a healthy session.
    pub(super) broken: fn(&History) -> History,
}

pub(super) const BY_HAND: &[ByHand] = &[
    ByHand {
        name: "the server's clock is a minute ahead",
        breaks: &["timestamps/skew"],
        broken: |healthy| simulate(&Scenario::golden_path().clock_offset_ms(60_000.0), healthy.header.seed),
    },
    ByHand {
        name: "no run is answered",
        breaks: &["delivery/success-rate"],
        broken: |healthy| {
            let mut broken = healthy.clone();
            broken.records.retain(|record| event(&record.kind, "agent_completed").is_none());
            broken
        },
    },
    ByHand {
        name: "every answer says next to nothing",
        breaks: &["value/demands", "value/confidence", "value/continue"],
        broken: without_substance,
    },
    ByHand {
        name: "the first answer comes after the deadline",
        breaks: &["timing/whole-answer"],
        broken: |healthy| late(healthy, "agent_completed", 46_000),
    },
    ByHand {
        name: "events are long on their way",
        breaks: &["timing/delivery-latency"],
        broken: |healthy| late(healthy, "agent_started", 9_000),
    },
    ByHand {
        name: "events trickle in long after they were made",
        breaks: &["timing/throughput"],
        broken: trickling,
    },
    ByHand {
        name: "a connection breaks in mid-run",
        breaks: &["connection/reliability"],
        broken: broken_off,
    },
    ByHand { name: "memory grows by a gigabyte", breaks: &["resources/memory-growth"], broken: growing },
];

/// The received event of that type.
fn event(kind: &RecordKind<'_>, wanted: &str) -> Option<Value> {
    let RecordKind::Frame { dir: Direction::In, raw, .. } = kind else { return None };
    if !raw.contains(wanted) {
        return None;
    }
    let event: Value = serde_json::from_str(raw).ok()?;
    (event.get("type").and_then(Value::as_str) == Some(wanted)).then_some(event)
}

fn place(history: &History, kind: &str) -> usize {
    history.records.iter().position(|record| event(&record.kind, kind).is_some()).unwrap_or_default()
}

fn without_substance(healthy: &History) -> History {
    let mut broken = healthy.clone();
    for record in &mut broken.records {
        let Some(mut answer) = event(&record.kind, "agent_completed") else { continue };
        if let Some(text) = answer.get_mut("final_response") {
            *text = Value::from("Costs went up.");
        }
        if let RecordKind::Frame { raw, .. } = &mut record.kind {
            *raw = Cow::Owned(answer.to_string());
        }
    }
    broken
}

/// The first event of a type, and all that follows, comes so much later.
fn late(healthy: &History, kind: &str, ms: u64) -> History {
    let mut broken = healthy.clone();
    let from = place(healthy, kind);
    for record in broken.records.iter_mut().skip(from) {
        record.t_ns = record.t_ns.saturating_add(ms * MS);
    }
    broken
}

/// Every frame comes so long after the one before it that no five come in a quarter of a second.
fn trickling(healthy: &History) -> History {
    let mut broken = healthy.clone();
    let mut extra_ns = 0;
    for record in &mut broken.records {
        if matches!(record.kind, RecordKind::Frame { dir: Direction::In, .. }) {
            extra_ns += 400 * MS;
        }
        record.t_ns = record.t_ns.saturating_add(extra_ns);
    }
    broken
}

/// The transport of the first run's connection ends before its answer.
fn broken_off(healthy: &History) -> History {
    let mut broken = healthy.clone();
    let at = place(healthy, "agent_completed");
    let Some(last) = healthy.records.get(at) else { return broken };
    let mut number = 0;
    broken.records.retain(|record| {
        number += 1;
        number <= at || record.conn != last.conn
    });
    let kind =
        RecordKind::Close { code: Some(1006), reason: None, by: goldenpath_history::ClosedBy::Transport };
    broken.records.insert(at, goldenpath_history::Record { kind, ..last.clone() });
    broken
}

/// The last samples of the target's memory are a gigabyte higher than the first.
fn growing(healthy: &History) -> History {
    let mut broken = healthy.clone();
    let mut grown = 0.0;
    for record in &mut broken.records {
        if let RecordKind::Sample { name, value } = &mut record.kind
            && name == "process_resident_memory_bytes"
        {
            *value += grown;
            grown = 1e9;
        }
    }
    broken
}
