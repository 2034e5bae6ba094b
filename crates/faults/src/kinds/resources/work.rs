//! Runs that are shown as cancelled while their work goes on.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::RecordKind;

/// The work of the cancelled runs it hits stays under way for a while, and the backend counts it.
pub(super) struct WorkGoesOn {
    aim: Aim,
    for_ns: u64,
    /// Whose work it is, and when it ends.
    at_work: Vec<(String, u64)>,
}

impl WorkGoesOn {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let for_ns = 6_000_000_000 + 1_000_000_000 * aim.pick(30) as u64;
        Self { aim, for_ns, at_work: Vec::new() }
    }
}

impl Fault for WorkGoesOn {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let Some((message, run)) = act.event()
            && message.is("agent_cancelled")
            && self.aim.hits(run)
        {
            self.at_work.push((run.to_owned(), step.t_ns.saturating_add(self.for_ns)));
        }
        let RecordKind::Sample { name, value } = &step.kind else { return };
        if name != "goldenpath_runs_active" {
            return;
        }
        self.at_work.retain(|(_, until_ns)| *until_ns > step.t_ns);
        let Some((run, _)) = self.at_work.first() else { return };
        let more = u32::try_from(self.at_work.len()).unwrap_or(u32::MAX);
        let kind = RecordKind::Sample { name: name.clone(), value: value + f64::from(more) };
        act.alter(Step { kind, ..step.clone() }, "cancelled runs are still worked on");
        act.concerning(run);
    }
}
