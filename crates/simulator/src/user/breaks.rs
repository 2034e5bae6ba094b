//! When tabs go away in the first round, and when they come back.

use super::User;
use super::delivery::{Sent, What};
use crate::clock::MS;
use crate::plan::RunPlan;
use crate::scenario::{Ending, OVERRUN_MISSED, Resume, Scenario};
use rand::Rng;

/// The first tab, or every one, goes away after an event and comes back.
#[derive(Debug, Clone, Copy)]
pub(super) struct Break {
    /// The offset of the last event that is seen before it.
    pub(super) after_offset: u64,
    /// When the first tab joins again.
    pub(super) rejoin_ns: u64,
    /// The log is lost with it: every tab goes, and offsets begin anew.
    pub(super) new_epoch: bool,
}

/// Between two events of a stream: when they are made, in order.
struct Stream {
    made_ns: Vec<u64>,
    before: u64,
}

impl Stream {
    fn last(&self) -> usize {
        self.made_ns.len() - 1
    }

    /// Away after event `from`, back after event `to` at the earliest.
    fn gap(&self, from: usize, to: usize, new_epoch: bool) -> Break {
        let (from, to) = (from.min(self.last()), to.min(self.last()));
        let later = if to == self.last() { 60 * MS } else { MS };
        let rejoin_ns = (self.made_ns[to] + later).max(self.made_ns[from] + 15 * MS);
        Break { after_offset: self.before + from as u64 + 1, rejoin_ns, new_epoch }
    }
}

/// Where tabs go away and come back: in mid-run `missed` events are missed, and the run goes on after them.
fn breaks(scenario: &Scenario, runs: &[RunPlan], before: u64, missed: usize) -> Vec<Break> {
    // A cancel needs the tab that asked.
    if scenario.ending == Ending::Cancelled {
        return Vec::new();
    }
    let mut made_ns: Vec<u64> =
        runs.iter().flat_map(|run| run.events.iter().map(|event| event.made_ns)).collect();
    made_ns.sort_unstable();
    let Some(accepted_ns) = runs.iter().map(|run| run.accepted_ns).max() else { return Vec::new() };
    let settled_ns = accepted_ns + 20 * MS;
    let Some(settled) = made_ns.iter().position(|made| *made >= settled_ns) else { return Vec::new() };
    let stream = Stream { made_ns, before };
    let last = stream.last();
    let away = settled.min(last.saturating_sub(3));
    match scenario.resume {
        Resume::Never => Vec::new(),
        Resume::WithoutGap | Resume::Drained => vec![stream.gap(last, last, false)],
        Resume::MidRun | Resume::GapSignalled | Resume::Overlap | Resume::TakenOver => {
            vec![stream.gap(away, (away + missed).min(last - 1), false)]
        }
        Resume::NewEpoch => vec![stream.gap(away, (away + missed).min(last - 1), true)],
        Resume::EndsWhileAway => vec![stream.gap(away, last, false)],
        Resume::Overrun => vec![stream.gap(away, away + OVERRUN_MISSED, false)],
        Resume::Twice => {
            let first = stream.gap(away, away + 2, false);
            let seen = stream.made_ns.iter().position(|made| *made > first.rejoin_ns + 6 * MS);
            let again = seen.map(|seen| stream.gap(seen, (seen + 2).min(last - 1), false));
            std::iter::once(first).chain(again).collect()
        }
    }
}

impl User {
    /// Where tabs go away and come back in the first round.
    pub(super) fn planned_breaks(&mut self, runs: &[RunPlan]) -> Vec<Break> {
        if self.scenario.resume == Resume::Never {
            return Vec::new();
        }
        let missed = 3 + self.rng.random_range(0..5);
        breaks(&self.scenario, runs, self.offset, missed)
    }

    /// Plans the returns: of the first tab, or of all where all went.
    pub(super) fn rejoins(&self, breaks: &[Break], sent: &mut Vec<Sent>) {
        for gap in breaks {
            let back = if gap.new_epoch { self.tabs.len() } else { 1 };
            for tab in 0..back {
                let made_ns = gap.rejoin_ns + tab as u64 * MS / 4;
                sent.push(Sent { made_ns, tab: Some(tab), what: What::Rejoin });
            }
        }
    }
}
