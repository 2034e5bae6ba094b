//! The first run that was asked for on each connection: the one that finds a backend cold.
//!
//! First by its request. A run that is slow to begin is overtaken by later ones, so which it was is known at the end.

use super::lag::Lag;
use super::limit::Stretch;
use super::suspects::Suspects;
use crate::check::Tally;
use crate::observation::ConnIx;
use crate::verdict::{CheckResult, Finding};
use rustc_hash::FxHashMap;

/// The earliest run of a connection so far.
#[derive(Debug)]
struct First {
    /// The lines of its request, and of itself: two runs of one request are one too many, and the first of them counts.
    began: (u64, u64),
    stretch: Stretch,
    /// By how much it broke a limit, and the evidence.
    slow: Option<(f64, Finding)>,
}

/// Judges `timing/cold-start`.
#[derive(Debug, Default)]
pub(super) struct ColdStarts {
    first: FxHashMap<ConnIx, First>,
}

impl ColdStarts {
    /// A run is over, and so is what it waited for. `excess_ms` says by how much it broke a limit, if it did.
    pub(super) fn ran(
        &mut self,
        conn: ConnIx,
        began: (u64, u64),
        stretch: Stretch,
        excess_ms: Option<f64>,
        evidence: impl FnOnce() -> Finding,
    ) {
        if self.first.get(&conn).is_none_or(|first| began < first.began) {
            let slow = excess_ms.map(|excess_ms| (excess_ms, evidence()));
            self.first.insert(conn, First { began, stretch, slow });
        }
    }

    /// The verdict: in doubt where the client itself was as late.
    pub(super) fn into_result(self, lag: &Lag) -> CheckResult {
        let mut runs: Vec<First> = self.first.into_values().collect();
        runs.sort_by_key(|first| first.began);
        let (mut tally, mut suspects) = (Tally::default(), Suspects::default());
        for First { stretch, slow, .. } in runs {
            match slow {
                Some((excess_ms, finding)) => suspects.add(stretch, excess_ms, || finding),
                None => tally.kept(),
            }
        }
        suspects.tell(lag, &mut tally);
        tally.into_result("timing/cold-start")
    }
}
