//! What looks wrong, kept until it is known how late the client itself was.
//!
//! A sample of the lag comes after the time it tells of, so nothing is decided before the history ends.

use super::lag::Lag;
use super::limit::Stretch;
use crate::check::{FINDINGS_KEPT, Tally};
use crate::verdict::{Finding, Reason};

/// More are believed as they are.
const KEPT: usize = 100_000;

/// Something that looks wrong.
#[derive(Debug)]
struct Suspect {
    stretch: Stretch,
    excess_ms: f64,
    finding: Option<Finding>,
}

/// The suspects of one check.
#[derive(Debug, Default)]
pub(super) struct Suspects {
    kept: Vec<Suspect>,
    more: u64,
}

impl Suspects {
    /// Takes in what happened in `stretch` and was wrong by `excess_ms`.
    pub(super) fn add(&mut self, stretch: Stretch, excess_ms: f64, evidence: impl FnOnce() -> Finding) {
        if self.kept.len() >= KEPT {
            self.more += 1;
            return;
        }
        let finding = (self.kept.len() < FINDINGS_KEPT).then(evidence);
        self.kept.push(Suspect { stretch, excess_ms, finding });
    }

    /// Tells them: broken, or in doubt where the client's own lag may be all there was.
    pub(super) fn tell(self, lag: &Lag, tally: &mut Tally) {
        for suspect in self.kept {
            if lag.explains(suspect.stretch, suspect.excess_ms) {
                // Looked at, as every other sample of a limit is.
                tally.of += 1;
                tally.doubt(Reason::ClientOverloaded);
                continue;
            }
            match suspect.finding {
                Some(finding) => tally.broke(|| finding),
                None => tally.broke_unseen(),
            }
        }
        (0..self.more).for_each(|_| tally.broke_unseen());
    }
}
