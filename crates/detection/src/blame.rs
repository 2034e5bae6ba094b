//! Findings about users and runs that a fault did not touch.

use goldenpath_checkers::CheckResult;
use goldenpath_faults::Receipt;
use goldenpath_history::{Direction, Record, RecordKind};
use serde_json::Value;
use std::collections::BTreeSet;

/// A finding about the untouched.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Blamed {
    /// The check that says it.
    pub check: &'static str,
    /// What it says.
    pub summary: String,
}

/// Findings about users and runs that no receipt names.
pub(crate) fn wrongly_blamed(
    checks: &[CheckResult],
    records: &[Record<'static>],
    receipts: &[Receipt],
) -> Vec<Blamed> {
    let touched = touched(records, receipts);
    let mut wrong = Vec::new();
    for check in checks {
        for finding in &check.findings {
            let concerned = concerned(records, &finding.records);
            if !concerned.is_empty() && concerned.is_disjoint(&touched) {
                wrong.push(Blamed { check: check.id, summary: finding.summary.clone() });
            }
        }
    }
    wrong
}

/// What a finding is about, as far as its lines tell: users and runs.
fn concerned(records: &[Record<'static>], lines: &[u64]) -> BTreeSet<String> {
    let at = |line: &u64| records.get(usize::try_from(*line).ok()?.checked_sub(2)?);
    let mut names = BTreeSet::new();
    for record in lines.iter().filter_map(at) {
        names.extend(record.user.as_deref().map(str::to_owned));
        if let Some(event) = received(record) {
            names.extend(["user_id", "run_id"].iter().filter_map(|key| text(&event, key)));
        }
    }
    names
}

/// Users and runs that receipts name, under all of their names.
fn touched(records: &[Record<'static>], receipts: &[Receipt]) -> BTreeSet<String> {
    let names = |receipt: &Receipt| [receipt.user.clone(), receipt.run_id.clone(), receipt.other_run.clone()];
    let mut touched: BTreeSet<String> = receipts.iter().flat_map(names).flatten().collect();
    for (name, id) in greeted(records) {
        if touched.contains(&name) || touched.contains(&id) {
            touched.extend([name, id]);
        }
    }
    touched
}

/// The names of users beside the ids that the server greets them by: a proxy knows the id alone.
fn greeted(records: &[Record<'static>]) -> BTreeSet<(String, String)> {
    let greeting = |record: &Record<'static>| {
        let user = record.user.as_deref()?.to_owned();
        let RecordKind::Frame { dir: Direction::In, raw, .. } = &record.kind else { return None };
        raw.contains("connection_established").then_some(())?;
        let frame = received(record)?;
        (frame["type"] == "connection_established").then_some(())?;
        Some((user, text(&frame, "user_id")?))
    };
    records.iter().filter_map(greeting).collect()
}

/// The received frame as JSON, if it is a received frame that is JSON.
fn received(record: &Record<'_>) -> Option<Value> {
    match &record.kind {
        RecordKind::Frame { dir: Direction::In, raw, .. } => serde_json::from_str(raw).ok(),
        _ => None,
    }
}

fn text(event: &Value, key: &str) -> Option<String> {
    event[key].as_str().map(str::to_owned)
}
