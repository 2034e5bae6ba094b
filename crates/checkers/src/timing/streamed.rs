//! Events arrive as they are made, not all at the end; and a thought comes before what it is about.

use super::lag::Lag;
use super::limit::Stretch;
use super::suspects::Suspects;
use crate::check::{Check, Tally};
use crate::event_view::Field;
use crate::evidence::run_words;
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// Work shorter than this, in milliseconds, is over before anybody could watch it.
const WATCHABLE_MS: f64 = 100.0;

/// An event was held back when it came later than the promptest of its run by this share of the work …
const HELD_SHARE: f64 = 0.25;

/// … and by at least so many milliseconds.
const HELD_MS: f64 = 50.0;

/// Without timestamps: all events within this share of the work count as one burst.
const BURST_SHARE: f64 = 0.2;

/// Thoughts that first come this late in the work were made up afterwards.
const LATE_THOUGHT: f64 = 0.9;

/// An event of an open run: when it came, and when it says it was made.
#[derive(Debug, Clone, Copy)]
struct Mark {
    kind: EventType,
    t_ms: f64,
    made_ms: Option<f64>,
}

/// A thought or a finished tool: where it stands in its run is known, also where it was first seen in a replay, and nobody
/// knows when it would have come.
#[derive(Debug, Clone, Copy)]
struct Step {
    kind: EventType,
    seq: Option<u64>,
    replayed: bool,
}

/// An open run.
#[derive(Debug, Default)]
struct Open {
    /// What came live.
    marks: Vec<Mark>,
    steps: Vec<Step>,
    duration_ms: Option<f64>,
}

/// Judges `timing/streamed`.
#[derive(Debug, Default)]
pub(super) struct Streamed {
    tally: Tally,
    held: Suspects,
    lag: Lag,
    runs: FxHashMap<RunIx, Open>,
}

impl Check for Streamed {
    fn ids(&self) -> &'static [&'static str] {
        &["timing/streamed"]
    }

    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    fn observe(&mut self, seen: &Observation<'_>, _: &Index) {
        self.lag.observe(seen);
        let Some((event, arrival)) = seen.event() else { return };
        if !arrival.first {
            return;
        }
        let open = self.runs.entry(arrival.run).or_default();
        if matches!(event.kind, EventType::AgentThinking | EventType::ToolCompleted) {
            open.steps.push(Step { kind: event.kind, seq: event.seq, replayed: arrival.replayed });
        }
        if arrival.replayed {
            return;
        }
        let made_ms = event.made_unix_ms().map(|made| made as f64);
        if event.kind.is_terminal() {
            open.duration_ms = event.fields.number(Field::DurationMs).filter(|took| took.is_finite());
        }
        open.marks.push(Mark { kind: event.kind, t_ms: seen.t_ms(), made_ms });
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        // Of what came in a replay alone nobody knows whether it was streamed.
        let Some(open) = self.runs.remove(&run).filter(|open| !open.marks.is_empty()) else { return };
        let (Some(end), None) = (view.terminal, view.gap) else { return };
        let Some(late) = open.held().or_else(|| open.afterthought()) else { return self.tally.kept() };
        let stretch = Stretch { from_ns: view.first_t_ns, to_ns: end.t_ns };
        self.held.add(stretch, late.excess_ms, || Finding {
            summary: format!("{} was not streamed", run_words(index, view)),
            expected: "events arrive as they are made".to_owned(),
            observed: late.observed,
            records: vec![view.first_line, end.line],
            witness: None,
        });
    }

    fn finish(mut self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        self.held.tell(&self.lag, &mut self.tally);
        vec![self.tally.into_result("timing/streamed")]
    }
}

/// What was not streamed, and how much less late would have done.
struct Late {
    observed: String,
    excess_ms: f64,
}

impl Open {
    /// How the run was held back and flushed, if it was.
    #[allow(clippy::cast_precision_loss, reason = "event counts are far below 2^53")]
    fn held(&self) -> Option<Late> {
        let (first, last) = (self.marks.first()?, self.marks.last()?);
        let (before_end, _) = self.marks.split_at(self.marks.len() - 1);
        if before_end.len() < 2 {
            return None;
        }
        let came = last.t_ms - first.t_ms;
        let made: Vec<(f64, f64)> =
            self.marks.iter().filter_map(|mark| Some((mark.t_ms, mark.made_ms?))).collect();
        if made.len() == self.marks.len() {
            let (earliest, latest) =
                made.iter().fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), (_, made)| {
                    (low.min(*made), high.max(*made))
                });
            let work = latest - earliest;
            if work >= WATCHABLE_MS {
                let promptest = made.iter().map(|(came, made)| came - made).fold(f64::INFINITY, f64::min);
                let held_from = (work * HELD_SHARE).max(HELD_MS);
                let mut late: Vec<f64> =
                    made.iter().map(|(came, made)| came - made - promptest - held_from).collect();
                late.retain(|late| *late > 0.0);
                late.sort_unstable_by(f64::total_cmp);
                let held = late.len();
                if held * 2 >= before_end.len() {
                    return Some(Late {
                        observed: format!(
                            "{held} of {} events came long after they were made: {work:.0} ms of work within {came:.0} ms",
                            made.len()
                        ),
                        excess_ms: late.get(held / 2).copied().unwrap_or_default(),
                    });
                }
                return None;
            }
        }
        // Timestamps say nothing (there are none, or they stand still): the run's own duration may.
        let work = self.duration_ms?;
        (work >= WATCHABLE_MS * 3.0 && came < work * BURST_SHARE).then(|| Late {
            observed: format!("{work:.0} ms of work came within {came:.0} ms"),
            excess_ms: work - came,
        })
    }

    /// Thoughts that came when there was nothing left to think about.
    fn afterthought(&self) -> Option<Late> {
        if self.thought_after_all_tools() {
            // No lag changes the order.
            return Some(Late {
                observed: "the first `agent_thinking` came after the last `tool_completed`".to_owned(),
                excess_ms: f64::INFINITY,
            });
        }
        let replayed = |step: &Step| step.replayed && step.kind == EventType::AgentThinking;
        if self.steps.iter().any(replayed) {
            return None;
        }
        let first_thought = self.marks.iter().position(|mark| mark.kind == EventType::AgentThinking)?;
        let (first, last) = (self.marks.first()?, self.marks.last()?);
        let came = last.t_ms - first.t_ms;
        let waited = self.marks.get(first_thought)?.t_ms - first.t_ms;
        let tools = self.marks.iter().any(|mark| mark.kind == EventType::ToolCompleted);
        (tools && came >= WATCHABLE_MS * 5.0 && waited > came * LATE_THOUGHT).then(|| Late {
            observed: format!("the first `agent_thinking` came after {waited:.0} of {came:.0} ms"),
            excess_ms: waited - came * LATE_THOUGHT,
        })
    }

    /// Whether there are thoughts and tools, and all tools were done before the first thought.
    fn thought_after_all_tools(&self) -> bool {
        let Some(last_tool) = self.steps.iter().rposition(|step| step.kind == EventType::ToolCompleted)
        else {
            return false;
        };
        let (before, after) = self.steps.split_at(last_tool);
        let thought = |step: &&Step| step.kind == EventType::AgentThinking;
        let done = self.steps.get(last_tool).and_then(|step| step.seq);
        // A replay may show late what others had before it.
        let stood_before =
            |step: &Step| step.replayed && step.seq.zip(done).is_some_and(|(own, done)| own < done);
        let mut later = after.iter().filter(thought).peekable();
        later.peek().is_some() && !before.iter().any(|step| thought(&step)) && !later.any(stood_before)
    }
}
