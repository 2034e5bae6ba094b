//! Work ends with its run, or its cancel: the backend's own gauges fall when nothing is left to work on.

use crate::check::{Check, Tally};
use crate::index::{Index, RunView};
use crate::observation::{Observation, RequestIx, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::RecordKind;
use std::collections::VecDeque;

/// How long after the end of a run its work may still be cleared away.
const CLEAR_NS: u64 = 2_000_000_000;

/// Ends whose lines are kept for findings: one of them is the guilty one.
const ENDS_KEPT: usize = 24;

/// What is sampled, and what it may show.
#[derive(Debug)]
struct Gauge {
    name: &'static str,
    /// One for each run that is open. Otherwise any number while one is, and none afterwards.
    one_a_run: bool,
    /// What it showed before the first request: work for others.
    before: Option<f64>,
    /// The first of the samples that show too much, one after the other.
    over: Option<(u64, u64)>,
    told: bool,
}

/// Judges `resources/work-stops`.
#[derive(Debug)]
pub(super) struct WorkStops {
    tally: Tally,
    gauges: [Gauge; 2],
    /// Requests that nothing has answered yet.
    waiting: Vec<RequestIx>,
    asked: bool,
    ends: VecDeque<(u64, u64)>,
    ended: bool,
}

impl Default for WorkStops {
    fn default() -> Self {
        let gauge = |name, one_a_run| Gauge { name, one_a_run, before: None, over: None, told: false };
        Self {
            tally: Tally::default(),
            gauges: [gauge("goldenpath_runs_active", true), gauge("goldenpath_work_active", false)],
            waiting: Vec::new(),
            asked: false,
            ends: VecDeque::new(),
            ended: false,
        }
    }
}

impl Check for WorkStops {
    fn ids(&self) -> &'static [&'static str] {
        &["resources/work-stops"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Request { request_id, .. } => {
                self.asked = true;
                let request = seen.user.and_then(|user| index.request_of(user, request_id));
                self.waiting.extend(request);
            }
            RecordKind::Sample { name, value } if value.is_finite() => {
                if let Some(at) = self.gauges.iter().position(|gauge| gauge.name == name) {
                    let open = self.open(seen.t_ns, index);
                    self.sample(at, *value, open, seen);
                }
            }
            RecordKind::Frame { .. } => {
                if let Some((event, arrival)) = seen.event()
                    && event.kind.is_terminal()
                    && arrival.first
                {
                    self.ended = true;
                    self.ends.push_back((seen.line, seen.t_ns));
                    if self.ends.len() > ENDS_KEPT {
                        self.ends.pop_front();
                    }
                }
            }
            _ => {}
        }
    }

    fn run_settled(&mut self, _: RunIx, _: &RunView, _: &Index) {}

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("resources/work-stops")]
    }
}

impl WorkStops {
    /// Runs that clients know of, just ended ones included.
    fn open(&mut self, now_ns: u64, index: &Index) -> usize {
        self.waiting.retain(|request| {
            index
                .request(*request)
                .is_some_and(|request| request.run.is_none() && request.refused_line.is_none())
        });
        let works = |run: &RunView| run.terminal.is_none_or(|end| end.t_ns.saturating_add(CLEAR_NS) > now_ns);
        let open = |run: &&RunIx| index.run(**run).is_some_and(works);
        self.waiting.len()
            + index.users().map(|(_, user)| user.open_runs.iter().filter(open).count()).sum::<usize>()
    }

    fn sample(&mut self, at: usize, value: f64, open: usize, seen: &Observation<'_>) {
        let gauge = &mut self.gauges[at];
        if !self.asked {
            gauge.before = Some(value);
            return;
        }
        let others = gauge.before.unwrap_or(0.0);
        #[allow(clippy::cast_precision_loss, reason = "run counts are far below 2^53")]
        let allowed = if gauge.one_a_run {
            open as f64 + others
        } else if open > 0 {
            f64::INFINITY
        } else {
            others
        };
        if value <= allowed {
            gauge.over = None;
            gauge.told = false;
            if self.ended {
                self.tally.kept();
            }
            return;
        }
        let (line, since) = *gauge.over.get_or_insert((seen.line, seen.t_ns));
        // While runs come and go, one sample may fall between two steps of the same instant.
        if gauge.told || (open > 0 && seen.t_ns <= since) {
            return;
        }
        gauge.told = true;
        let name = gauge.name;
        let ends = self.ends.iter().map(|(line, _)| *line);
        let again = Some(seen.line).filter(|again| *again > line);
        let records: Vec<u64> = ends.chain([line]).chain(again).collect();
        self.tally.broke(|| Finding {
            summary: "the backend works on after its runs have ended".to_owned(),
            expected: format!("`{name}` at {allowed:.0}, the runs that clients wait for"),
            observed: format!("{value:.0}"),
            records,
            witness: None,
        });
    }
}
