//! What became of every request, for checks that compare runs, or users, with each other when all is over.

use crate::index::{Index, RequestView};
use crate::observation::UserIx;
use goldenpath_history::Outcome;
use goldenpath_protocol::EventType;

/// What became of one request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fate {
    pub(crate) user: UserIx,
    /// Its line.
    pub(crate) line: u64,
    /// When the plan wanted it sent.
    pub(crate) asked_ns: u64,
    /// The ending that is owed.
    pub(crate) owed: Outcome,
    /// The terminal, when it came, and its line.
    pub(crate) terminal: Option<(EventType, u64, u64)>,
    /// The last line of its run, else its own.
    pub(crate) last_line: u64,
    /// Whether it was refused with words.
    pub(crate) refused: bool,
    /// Whether its end may lie in a gap that was told.
    pub(crate) gap: bool,
}

impl Fate {
    /// Whether it ended as it was owed; `None` where any end will do, or nobody can tell.
    pub(crate) fn kept(&self) -> Option<bool> {
        if self.gap && self.terminal.is_none() {
            return None;
        }
        let kind = self.terminal.map(|(kind, ..)| kind);
        match self.owed {
            Outcome::Completed => Some(kind == Some(EventType::AgentCompleted)),
            Outcome::Failed => Some(kind == Some(EventType::AgentFailed)),
            Outcome::Cancelled | Outcome::Any => None,
        }
    }

    /// From the intended send to the terminal, nanoseconds.
    pub(crate) fn took_ns(&self) -> Option<u64> {
        self.terminal.map(|(_, t_ns, _)| t_ns.saturating_sub(self.asked_ns))
    }
}

/// Every request's fate, in the order of asking; to be asked when every run is settled.
pub(crate) fn fates(index: &Index) -> impl Iterator<Item = Fate> + '_ {
    index.requests().map(|(_, request)| fate(request, index))
}

fn fate(request: &RequestView, index: &Index) -> Fate {
    let run = request.run.and_then(|run| index.settled(run));
    Fate {
        user: request.user,
        line: request.line,
        asked_ns: request.intended_t_ns,
        owed: request.expect.outcome,
        terminal: run.and_then(|run| run.terminal.map(|(kind, line)| (kind, run.ended_ns, line))),
        last_line: run.map_or(request.line, |run| run.last_line),
        refused: run.is_none() && request.refused_line.is_some(),
        gap: run.is_some_and(|run| run.gap),
    }
}

/// The value in the middle; reorders.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
