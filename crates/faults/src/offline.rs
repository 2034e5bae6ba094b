//! A finished history, broken by one fault.

use crate::catalogue::FaultInfo;
use crate::fault::Step;
use crate::injector::Injector;
use crate::receipt::Receipt;
use goldenpath_history::{ClosedBy, Direction, FaultPhase, RecordKind};
use std::collections::{BTreeMap, BTreeSet};

/// What a fault made of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct Broken {
    /// What clients would have recorded, and the fault's own records.
    pub records: Vec<Step>,
    /// One for every step it touched.
    pub receipts: Vec<Receipt>,
}

/// Breaks a history, its records in the order of time, by the fault of a row; the same seed breaks it the same way.
#[must_use]
pub fn break_history(records: &[Step], info: &FaultInfo, seed: u64) -> Broken {
    let mut breaking = Breaking {
        injector: Injector::new(info, seed),
        id: info.id,
        broken: Broken { records: Vec::new(), receipts: Vec::new() },
        hung_up: BTreeSet::new(),
    };
    let last_opens = last_opens(records);
    let first_ns = records.first().map_or(0, |record| record.t_ns);
    breaking.phase(first_ns, FaultPhase::Begin, None);
    for record in records {
        breaking.release(record.t_ns);
        // Who hung up sends and sees nothing more there.
        if record.conn.is_some_and(|conn| breaking.hung_up.contains(&conn)) {
            continue;
        }
        let record = breaking.patient(record, &last_opens);
        if done_by_the_client(&record) {
            breaking.broken.records.push(record.clone());
        }
        breaking.injector.feed(record);
        breaking.sign();
    }
    breaking.release(u64::MAX);
    let last_ns = breaking.broken.records.last().map_or(0, |record| record.t_ns);
    breaking.phase(last_ns, FaultPhase::End, None);
    breaking.broken
}

/// When each user opened their last connection.
fn last_opens(records: &[Step]) -> BTreeMap<String, u64> {
    let opened = |record: &Step| {
        let user = record.user.as_deref()?.to_owned();
        matches!(record.kind, RecordKind::Open { .. }).then_some((user, record.t_ns))
    };
    records.iter().filter_map(opened).collect()
}

/// What a client did stays done, whatever becomes of it on its way.
fn done_by_the_client(step: &Step) -> bool {
    matches!(step.kind, RecordKind::Request { .. } | RecordKind::Frame { dir: Direction::Out, .. })
}

/// Whether it is a text frame of bytes that are no text.
fn holds_no_text(step: &Step) -> bool {
    matches!(&step.kind, RecordKind::Frame { opcode: Some(opcode), .. } if opcode == "invalid_utf8")
}

struct Breaking {
    injector: Injector,
    id: &'static str,
    broken: Broken,
    /// Connections that their clients gave up.
    hung_up: BTreeSet<u32>,
}

impl Breaking {
    fn release(&mut self, now_ns: u64) {
        while let Some(step) = self.injector.take_due(now_ns) {
            let gone = step.conn.is_some_and(|conn| self.hung_up.contains(&conn));
            if gone || done_by_the_client(&step) {
                continue;
            }
            if holds_no_text(&step) {
                self.hang_up(step);
            } else {
                self.broken.records.push(step);
            }
        }
    }

    /// A client that leaves for good would have waited for what is still on its way to it.
    fn patient(&self, step: &Step, last_opens: &BTreeMap<String, u64>) -> Step {
        let mut step = step.clone();
        let leaves = matches!(step.kind, RecordKind::Close { by: ClosedBy::Client, .. });
        let comes_back = step.user.as_deref().and_then(|user| last_opens.get(user)) >= Some(&step.t_ns);
        if let (true, false, Some(conn)) = (leaves, comes_back, step.conn) {
            step.t_ns = step.t_ns.max(self.injector.last_due_ns(conn));
        }
        step
    }

    /// What a WebSocket library makes of text that is no UTF-8: it hands out no byte of it and ends the connection.
    fn hang_up(&mut self, step: Step) {
        self.hung_up.extend(step.conn);
        let opcode = Some("invalid_utf8".into());
        let frame = RecordKind::Frame { dir: Direction::In, raw: "".into(), opcode };
        let reason = Some("UTF-8 encoding error: invalid utf-8 sequence".into());
        let close = RecordKind::Close { code: Some(1007), reason, by: ClosedBy::Client };
        self.broken.records.push(Step { kind: frame, ..step.clone() });
        self.broken.records.push(Step { kind: close, ..step });
    }

    fn sign(&mut self) {
        for receipt in self.injector.take_receipts() {
            let note = serde_json::to_string(&receipt).unwrap_or_default();
            let at = self.broken.records.last().map_or(receipt.t_ns, |last| last.t_ns);
            self.phase(at, FaultPhase::Acted, Some(note));
            self.broken.receipts.push(receipt);
        }
    }

    fn phase(&mut self, t_ns: u64, phase: FaultPhase, receipt: Option<String>) {
        let kind = RecordKind::Fault { id: self.id.into(), phase, receipt: receipt.map(Into::into) };
        self.broken.records.push(Step { t_ns, conn: None, user: None, kind });
    }
}
