//! The success rate: runs that kept every promise, of all that were asked for.
//!
//! A run kept them when it showed what its scenario owes, ended as it should, in time, with nothing
//! missing. Explicit refusals are no runs. What the other checks find is theirs; this is the count.

use super::answered::refused_by_connection;
use super::stored_ends::StoredEnds;
use crate::check::{Check, Tally};
use crate::evidence::run_words;
use crate::index::{Index, RunView};
use crate::judge::Terms;
use crate::observation::{Observation, RunIx, ms};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{Expect, Outcome};
use goldenpath_protocol::EventType;

/// Judges `delivery/success-rate`.
#[derive(Debug)]
pub(super) struct Success {
    tally: Tally,
    limit: f64,
    whole_ms: f64,
    absent: Vec<EventType>,
    stored: StoredEnds,
}

impl Success {
    pub(super) fn new(terms: &Terms) -> Self {
        let whole = terms.slo.limit("timing/whole-answer").filter(|_| terms.judge_timing);
        Self {
            tally: Tally::default(),
            limit: terms.slo.limit("delivery/success-rate").unwrap_or(95.0),
            whole_ms: whole.unwrap_or(f64::INFINITY),
            absent: terms.absent_events.clone(),
            stored: StoredEnds::default(),
        }
    }

    /// The first promise that the run broke.
    fn broken(&self, run: RunIx, view: &RunView, index: &Index) -> Option<String> {
        let Some(end) = view.terminal else {
            // It was in the part of the stream that was lost, as its user was told, and can still be read.
            return match self.stored.of(run).filter(|_| view.gap.is_some()) {
                Some(ended) => wrong_end(ended, &index.request_of_run(view)?.expect),
                None => Some("it never ended".to_owned()),
            };
        };
        let request = index.request_of_run(view)?;
        let ended = match end.kind {
            EventType::AgentFailed => Outcome::Failed,
            EventType::AgentCancelled => Outcome::Cancelled,
            _ => Outcome::Completed,
        };
        if let Some(how) = wrong_end(ended, &request.expect) {
            return Some(how);
        }
        let missing = |kind: EventType| !self.absent.contains(&kind) && view.count(kind) == 0;
        if view.gap.is_none() && missing(EventType::AgentStarted) {
            return Some("it had no `agent_started`".to_owned());
        }
        if view.gap.is_none() {
            let (opened, closed) =
                (view.count(EventType::ToolExecuting), view.count(EventType::ToolCompleted));
            let tools_seen = ![EventType::ToolExecuting, EventType::ToolCompleted]
                .iter()
                .any(|kind| self.absent.contains(kind));
            if ended == Outcome::Completed {
                if missing(EventType::AgentThinking) {
                    return Some("it had no `agent_thinking`".to_owned());
                }
                if tools_seen && closed < request.expect.tools.least() {
                    return Some(format!("it had {closed} finished tool calls"));
                }
            }
            if tools_seen && opened != closed {
                return Some(format!("it began {opened} tool calls and finished {closed}"));
            }
            if let Some(count) =
                end.event_count.filter(|count| u64::from(view.events()) + u64::from(view.extensions) < *count)
            {
                return Some(format!("{} of its {count} events came", view.events()));
            }
        }
        let took = ms(end.t_ns.saturating_sub(request.intended_t_ns));
        (took > self.whole_ms && !end.replayed).then(|| format!("it took {:.1} s", took / 1e3))
    }
}

/// The end that was not owed, in words.
fn wrong_end(ended: Outcome, expect: &Expect) -> Option<String> {
    // A tool that is made to fail may take its run with it.
    let honest_failure = expect.failing_tool && ended == Outcome::Failed;
    if expect.outcome == Outcome::Any || expect.outcome == ended || honest_failure {
        return None;
    }
    let end = match ended {
        Outcome::Failed => EventType::AgentFailed,
        Outcome::Cancelled => EventType::AgentCancelled,
        Outcome::Completed | Outcome::Any => EventType::AgentCompleted,
    };
    Some(format!("it ended with `{}`", end.as_str()))
}

impl Check for Success {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/success-rate"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.stored.observe(seen, index);
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(request) = index.request_of_run(view) else { return };
        if request.run != Some(run) || request.refused_line.is_some() && view.events() == 0 {
            return;
        }
        if view.terminal.is_none() && index.trouble().excuses_absence().is_some() {
            return;
        }
        match self.broken(run, view, index) {
            None => self.tally.kept(),
            Some(_) if index.trouble().excuses_holes().is_some() => {}
            Some(how) => self.tally.broke(|| Finding {
                summary: format!("{} did not keep every promise", run_words(index, view)),
                expected: "what its scenario owes, in time and whole".to_owned(),
                observed: how,
                records: vec![request.line, view.last_line.max(view.first_line)],
                witness: None,
            }),
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "run counts are far below 2^53")]
    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let (mut tally, limit) = (self.tally, self.limit);
        // Requests that nothing ever answered are failed runs too.
        let excused = index.trouble().excuses_absence().is_some();
        for (_, request) in index.requests() {
            let probe = request.conn.and_then(|conn| index.conn(conn)).is_some_and(|conn| conn.probe);
            let refused = request.refused_line.is_some() || refused_by_connection(request, index);
            if request.run.is_none() && !refused && !probe && !excused {
                tally.of += 1;
            }
        }
        let share = (tally.of > 0).then(|| tally.n as f64 * 100.0 / tally.of as f64);
        tally.limit = Some(limit);
        tally.value = share;
        tally.broken = share.is_some_and(|share| share < limit);
        if !tally.broken {
            tally.findings.clear();
        } else if tally.findings.is_empty() {
            tally.findings.push(Finding {
                summary: "too few requests became runs that kept every promise".to_owned(),
                expected: format!("at least {limit} %"),
                observed: format!("{} of {}", tally.n, tally.of),
                records: index.requests().map(|(_, request)| request.line).take(10).collect(),
                witness: None,
            });
        }
        vec![tally.into_result("delivery/success-rate")]
    }
}
