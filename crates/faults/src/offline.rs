//! A finished history, broken by one fault.

use crate::catalogue::FaultInfo;
use crate::fault::Step;
use crate::injector::Injector;
use crate::receipt::Receipt;
use goldenpath_history::{Direction, FaultPhase, RecordKind};

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
    };
    let first_ns = records.first().map_or(0, |record| record.t_ns);
    breaking.phase(first_ns, FaultPhase::Begin, None);
    for record in records {
        breaking.release(record.t_ns);
        let own = done_by_the_client(record);
        if own {
            breaking.broken.records.push(record.clone());
        }
        breaking.injector.feed(record.clone());
        breaking.sign();
    }
    breaking.release(u64::MAX);
    let last_ns = breaking.broken.records.last().map_or(0, |record| record.t_ns);
    breaking.phase(last_ns, FaultPhase::End, None);
    breaking.broken
}

/// What a client did stays done, whatever becomes of it on its way.
fn done_by_the_client(step: &Step) -> bool {
    matches!(step.kind, RecordKind::Request { .. } | RecordKind::Frame { dir: Direction::Out, .. })
}

struct Breaking {
    injector: Injector,
    id: &'static str,
    broken: Broken,
}

impl Breaking {
    fn release(&mut self, now_ns: u64) {
        while let Some(step) = self.injector.take_due(now_ns) {
            if !done_by_the_client(&step) {
                self.broken.records.push(step);
            }
        }
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
