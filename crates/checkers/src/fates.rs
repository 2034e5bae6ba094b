//! What became of every request, in tens of bytes each: for checks that compare runs, or users, with each other.

use crate::index::{Index, RequestView, RunView};
use crate::observation::{RequestIx, UserIx};
use goldenpath_history::Outcome;
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// The end of a run.
#[derive(Debug, Clone, Copy)]
struct Run {
    terminal: Option<(EventType, u64, u64)>,
    last_line: u64,
    /// A part of it was told, or left, to be missing: its end may lie there.
    gap: bool,
}

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

/// Collects them.
#[derive(Debug, Default)]
pub(crate) struct Fates {
    runs: FxHashMap<RequestIx, Run>,
}

impl Fates {
    /// Takes in a run that is over for good.
    pub(crate) fn settled(&mut self, view: &RunView) {
        let Some(request) = view.request else { return };
        self.runs.entry(request).or_insert(Run {
            terminal: view.terminal.map(|end| (end.kind, end.t_ns, end.line)),
            last_line: view.last_line,
            gap: view.gap.is_some(),
        });
    }

    /// Every request's fate, in the order of asking.
    pub(crate) fn all<'a>(&'a self, index: &'a Index) -> impl Iterator<Item = (RequestIx, Fate)> + 'a {
        index.requests().map(|(at, request)| (at, self.of(at, request)))
    }

    fn of(&self, at: RequestIx, request: &RequestView) -> Fate {
        let run = self.runs.get(&at);
        Fate {
            user: request.user,
            line: request.line,
            asked_ns: request.intended_t_ns,
            owed: request.expect.outcome,
            terminal: run.and_then(|run| run.terminal),
            last_line: run.map_or(request.line, |run| run.last_line),
            refused: run.is_none() && request.refused_line.is_some(),
            gap: run.is_some_and(|run| run.gap),
        }
    }
}

/// The value in the middle; reorders.
pub(crate) fn median(values: &mut [f64]) -> Option<f64> {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied()
}
