//! Reported durations agree with the clock.
//!
//! Held against the client's clock and against the events' own timestamps; a duration lies when it
//! contradicts both, for each alone may be off for honest reasons. Where the client itself was late by as much, neither clock
//! says anything.

use super::lag::Lag;
use super::limit::Stretch;
use super::suspects::Suspects;
use crate::check::{Check, Tally};
use crate::event_view::{EventView, Field};
use crate::evidence::run_words;
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

/// How far a duration may be off, milliseconds, and as a share of the longer of the two.
const OFF_MS: f64 = 250.0;
const OFF_SHARE: f64 = 0.25;

/// When something began, on both clocks.
#[derive(Debug, Clone, Copy)]
struct Begin {
    line: u64,
    t_ns: u64,
    made_ms: Option<f64>,
}

/// An open run.
#[derive(Debug, Default)]
struct Open {
    begins: Vec<Begin>,
    calls: FxHashMap<u64, Begin>,
}

/// Judges `timing/durations-true`.
#[derive(Debug, Default)]
pub(super) struct Durations {
    tally: Tally,
    untrue: Suspects,
    lag: Lag,
    runs: FxHashMap<RunIx, Open>,
}

impl Check for Durations {
    fn ids(&self) -> &'static [&'static str] {
        &["timing/durations-true"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.lag.observe(seen);
        let Some((event, arrival)) = seen.event() else { return };
        if arrival.replayed || !arrival.first {
            return;
        }
        let Some(view) = index.run(arrival.run).filter(|view| view.gap.is_none()) else { return };
        let now = Begin { line: seen.line, t_ns: seen.t_ns, made_ms: made_ms(event) };
        match event.kind {
            EventType::AgentStarted => {
                let open = self.runs.entry(arrival.run).or_default();
                // The run's clock may start with its request as well as with its first event.
                if let Some(request) = index.request_of_run(view) {
                    open.begins.push(Begin { line: request.line, t_ns: request.t_ns, made_ms: None });
                }
                open.begins.push(now);
            }
            EventType::ToolExecuting => {
                if let Some(call) = event.text(Field::ExecutionId) {
                    self.runs.entry(arrival.run).or_default().calls.insert(hash_of(&call), now);
                }
            }
            EventType::ToolCompleted => {
                let call = event.text(Field::ExecutionId).map(|call| hash_of(&call));
                let begin = call.and_then(|call| self.runs.get_mut(&arrival.run)?.calls.remove(&call));
                self.judge(event, begin.as_slice(), now, view, index);
            }
            kind if kind.is_terminal() => {
                let begins = self.runs.get_mut(&arrival.run).map(|open| std::mem::take(&mut open.begins));
                self.judge(event, &begins.unwrap_or_default(), now, view, index);
            }
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, _: &RunView, _: &Index) {
        self.runs.remove(&run);
    }

    fn finish(mut self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        self.untrue.tell(&self.lag, &mut self.tally);
        vec![self.tally.into_result("timing/durations-true")]
    }
}

impl Durations {
    fn judge(&mut self, event: &EventView<'_>, begins: &[Begin], now: Begin, view: &RunView, index: &Index) {
        let (Some(told), Some(begin)) = (event.fields.number(Field::DurationMs), begins.last()) else {
            return;
        };
        let measured = begins.iter().flat_map(|begin| {
            let made = now.made_ms.zip(begin.made_ms).map(|(end, begin)| end - begin);
            [Some(Stretch { from_ns: begin.t_ns, to_ns: now.t_ns }.ms()), made]
        });
        let off_ms = measured.flatten().map(|measured| off_by(told, measured)).fold(f64::INFINITY, f64::min);
        if off_ms <= 0.0 {
            return self.tally.kept();
        }
        let stretch = Stretch { from_ns: begin.t_ns, to_ns: now.t_ns };
        self.untrue.add(stretch, off_ms, || Finding {
            summary: format!(
                "the `duration_ms` of `{}` in {} is untrue",
                event.kind.as_str(),
                run_words(index, view)
            ),
            expected: format!("about {:.0} ms, as the clock says", stretch.ms()),
            observed: format!("{told} ms"),
            records: vec![begin.line, now.line],
            witness: None,
        });
    }
}

/// By how many milliseconds they are farther apart than honest clocks; not above 0 where they agree.
fn off_by(told: f64, measured: f64) -> f64 {
    (told - measured).abs() - OFF_MS.max(OFF_SHARE * told.max(measured))
}

#[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
fn made_ms(event: &EventView<'_>) -> Option<f64> {
    event.made_unix_ms().map(|made| made as f64)
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}
