//! The end of a run: how often it came, and whether it says what happened.

use super::tools::ToolCalls;
use crate::event_view::{EventView, Field};
use crate::evidence::frame_words;
use crate::index::{Index, RunView};
use crate::observation::Observation;
use crate::verdict::Finding;
use goldenpath_history::{Expect, Outcome};
use goldenpath_protocol::EventType;

/// A terminal may have been on its way when the cancel was sent; a second later it can't have been.
const CANCEL_GRACE_NS: u64 = 1_000_000_000;

/// Terminals kept per run.
const KEPT: usize = 16;

/// A run that was over long ago ends again, and otherwise.
pub(super) fn ended_again(seen: &Observation<'_>, index: &Index, before: EventType, line: u64) -> Finding {
    Finding::new(
        format!("{}: it had ended before", frame_words(index, seen)),
        "exactly one of agent_completed, agent_failed, agent_cancelled",
        format!("another terminal, long after `{}`", before.as_str()),
        [line, seen.line],
    )
}

/// What the terminals of one run said.
#[derive(Debug, Default)]
pub(super) struct Endings {
    /// Each coming, with its line.
    pub(super) lines: Vec<(EventType, u64)>,
    degraded: bool,
    /// What in an `agent_completed` contradicts it.
    contradiction: Option<String>,
}

impl Endings {
    pub(super) fn take_in(&mut self, event: &EventView<'_>, line: u64) {
        if self.lines.len() < KEPT {
            self.lines.push((event.kind, line));
        }
        if event.kind != EventType::AgentCompleted {
            return;
        }
        self.degraded |= event.fields.flag(Field::Degraded) == Some(true);
        if event.fields.flag(Field::Success) == Some(false) {
            self.contradiction.get_or_insert("`agent_completed` with `success:false`".to_owned());
        }
        let inside = [Field::Results, Field::Data, Field::Payload].into_iter().find(|field| {
            event.fields.object(*field).is_some_and(|inner| inner.flag(Field::Success) == Some(false))
        });
        if let Some(field) = inside.filter(|_| !self.degraded) {
            self.contradiction.get_or_insert_with(|| {
                format!("`agent_completed` with `success:false` in its `{}`", field.as_str())
            });
        }
        if let Some(status) = event.text(Field::Status)
            && matches!(&*status, "failed" | "error" | "cancelled" | "canceled" | "failure" | "timeout")
        {
            self.contradiction.get_or_insert(format!("`agent_completed` with the status `{status}`"));
        }
        let error =
            event.fields.raw(Field::Error).filter(|raw| !matches!(*raw, "null" | "\"\"" | "{}" | "false"));
        if error.is_some() {
            self.contradiction.get_or_insert("`agent_completed` with an `error`".to_owned());
        }
    }

    /// The terminals that came, in words.
    pub(super) fn names(&self) -> String {
        let names: Vec<String> =
            self.lines.iter().map(|(kind, line)| format!("`{}` at line {line}", kind.as_str())).collect();
        names.join(", ")
    }

    /// What the terminal hides, with the lines that show it. `run_ended_line` is where the owner was told
    /// that a cancel came too late.
    pub(super) fn untrue(
        &self,
        tools: &ToolCalls,
        view: &RunView,
        expect: &Expect,
        run_ended_line: Option<u64>,
    ) -> Option<(String, Vec<u64>)> {
        let end = view.terminal?;
        if let Some((what, line)) = &tools.hollow {
            return Some((what.clone(), vec![*line, end.line]));
        }
        if end.kind != EventType::AgentCompleted {
            return None;
        }
        if let Some(what) = &self.contradiction {
            return Some((what.clone(), vec![end.line]));
        }
        if let Some(cancel) = view.cancel_line.filter(|line| *line < end.line) {
            let too_late = run_ended_line.is_some_and(|line| line > cancel);
            let in_flight =
                view.cancel_t_ns.is_none_or(|sent| end.t_ns.saturating_sub(sent) < CANCEL_GRACE_NS);
            if !too_late && (!in_flight || expect.outcome == Outcome::Cancelled) {
                return Some(("a cancelled run is shown as completed".to_owned(), vec![cancel, end.line]));
            }
        } else if expect.outcome == Outcome::Cancelled && view.cancel_line.is_none() {
            return Some((
                "the run was to be cancelled and is shown as completed".to_owned(),
                vec![end.line],
            ));
        }
        if self.degraded {
            return None;
        }
        if let Some((tool, line)) = tools.unmended() {
            return Some((
                format!("`{tool}` failed, no later call of it succeeded, and the answer is not degraded"),
                vec![line, end.line],
            ));
        }
        if expect.outcome == Outcome::Failed {
            return Some((
                "the run was made to fail and is shown as plainly completed".to_owned(),
                vec![end.line],
            ));
        }
        (expect.failing_tool && !tools.any_failed).then(|| {
            (
                "a tool was made to fail, and neither a tool_completed nor the answer says so".to_owned(),
                vec![end.line],
            )
        })
    }
}
