//! What was wrong with the looking itself: lost records, time-outs, a target that was down.

use crate::verdict::Reason;
use goldenpath_history::FaultPhase;
use std::collections::BTreeMap;

/// What keeps a silence from being evidence.
#[derive(Debug, Clone, Default)]
pub struct Trouble {
    /// Records that the capture lost.
    pub lost: u64,
    /// Some of the history's records could not be read, and others after them could.
    pub incomplete: bool,
    /// The history ends early; up to its end it is whole.
    pub cut: bool,
    /// The line from which on records may be missing between others.
    pub first_hole: Option<u64>,
    /// The run's time was over.
    pub timed_out: bool,
    /// The last attempt to connect with a true credential got no answer.
    pub target_down: bool,
    faults: BTreeMap<Box<str>, bool>,
}

impl Trouble {
    pub(super) fn fault(&mut self, id: &str, phase: FaultPhase) {
        let acted = self.faults.entry(id.into()).or_insert(false);
        *acted |= phase == FaultPhase::Acted;
    }

    pub(super) fn lose(&mut self, count: u64) {
        self.lost = self.lost.saturating_add(count.max(1));
        // Nobody says where they are missing.
        self.first_hole = Some(1);
    }

    pub(super) fn mark(&mut self, name: &str) {
        match name {
            "timed_out" => self.timed_out = true,
            "interrupted" => self.cut = true,
            _ => {}
        }
    }

    /// Faults that were switched on and touched nothing.
    pub fn idle_faults(&self) -> impl Iterator<Item = &str> {
        self.faults.iter().filter(|(_, acted)| !**acted).map(|(id, _)| &**id)
    }

    /// Whether something that never came may have been missed by us.
    #[must_use]
    pub fn excuses_absence(&self) -> Option<Reason> {
        if self.lost > 0 || self.incomplete || self.cut {
            Some(Reason::CaptureIncomplete)
        } else if self.timed_out {
            Some(Reason::TimedOut)
        } else if self.target_down {
            Some(Reason::TargetUnavailable)
        } else {
            None
        }
    }

    /// Whether something missing between records that are there may have been missed by us: never so because the
    /// end of a history is missing.
    #[must_use]
    pub fn excuses_holes(&self) -> Option<Reason> {
        (self.lost > 0 || self.incomplete).then_some(Reason::CaptureIncomplete)
    }

    /// Why nothing of this history can be called a pass.
    #[must_use]
    pub fn taints_passes(&self) -> Option<Reason> {
        self.excuses_absence().or_else(|| self.idle_faults().next().map(|_| Reason::FaultNotFired))
    }
}
