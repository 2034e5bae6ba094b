//! Two named proxies for what users feel; each is a share of runs, and its formula is its definition.
//!
//! `user_confidence_score` (`value/confidence`): runs in order, on time, without a leak or a gate.
//! `likelihood_to_continue` (`value/continue`): runs without a gate, within the limits, first event in time.
//!
//! A run that was only late, by no more than the client itself, speaks neither for nor against the target.

use crate::check::Tally;
use crate::index::{Index, RequestView, RunView};
use crate::observation::{Observation, ms};
use crate::slo::Slo;
use crate::timing::{Lag, Stretch};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::Outcome;
use goldenpath_protocol::EventType;

/// What one run reached, and when.
#[derive(Debug, Default)]
pub(crate) struct Reached {
    /// Somebody else saw it, or it showed somebody else's reference.
    pub(crate) leaked: bool,
    /// A gate stopped its answer.
    pub(crate) junk: bool,
    /// Its user was away for a part of it: what came in the replay says nothing about the time it took.
    away: bool,
    first: Option<u64>,
    at: [Option<u64>; EventType::CRITICAL.len()],
    disordered: bool,
}

impl Reached {
    /// The owner saw an event for the first time.
    pub(crate) fn event(&mut self, kind: EventType, t_ns: u64, replayed: bool) {
        self.away |= replayed;
        self.first.get_or_insert(t_ns);
        let Some(place) = EventType::CRITICAL.iter().position(|critical| *critical == kind) else { return };
        // The first of each kind comes after the start, and after an answer comes nothing.
        self.disordered |=
            (place > 0 && self.at[0].is_none()) || self.at[EventType::CRITICAL.len() - 1].is_some();
        self.disordered |= place == 3 && self.at[2].is_none();
        self.at[place].get_or_insert(t_ns);
    }
}

/// Runs that were only late and are remembered, so that the client's own lag can be held against them; more count as late.
const LATE_KEPT: usize = 100_000;

/// What was too late of a run, and by how much.
#[derive(Debug, Clone, Copy)]
struct Late {
    stretch: Stretch,
    excess_ms: f64,
}

/// A run that nothing else was wrong with, by the line of its request.
#[derive(Debug)]
struct OnlyLate {
    line: u64,
    lates: Vec<Late>,
}

/// The fold over runs.
#[derive(Debug)]
pub(crate) struct Proxies {
    confidence: Tally,
    going_on: Tally,
    /// What was late of runs that nothing else was wrong with, for either proxy.
    only_late: [Vec<OnlyLate>; 2],
    lag: Lag,
    first_event_ms: f64,
    started_ms: f64,
    thinking_ms: f64,
    completed_ms: f64,
}

impl Proxies {
    pub(crate) fn new(slo: &Slo) -> Self {
        let limit = |id: &str| slo.limit(id).unwrap_or(f64::INFINITY);
        let tally = |id| Tally { limit: slo.limit(id), ..Tally::default() };
        Self {
            confidence: tally("value/confidence"),
            going_on: tally("value/continue"),
            only_late: Default::default(),
            lag: Lag::default(),
            first_event_ms: limit("timing/first-event"),
            started_ms: limit("timing/agent-started"),
            thinking_ms: limit("timing/agent-thinking"),
            completed_ms: limit("timing/agent-completed"),
        }
    }

    /// Takes in how late the client was.
    pub(crate) fn observe(&mut self, seen: &Observation<'_>) {
        self.lag.observe(seen);
    }

    /// A run is over.
    pub(crate) fn run(&mut self, reached: &Reached, view: &RunView, index: &Index) {
        let Some(request) = index.request_of_run(view) else { return };
        if !matches!(request.expect.outcome, Outcome::Completed | Outcome::Any) || view.gap.is_some() {
            return;
        }
        // Where any outcome is right, one that says that it failed owes nothing more.
        let failed_rightly = view.terminal.is_some_and(|end| end.kind != EventType::AgentCompleted);
        if request.expect.outcome == Outcome::Any && failed_rightly {
            return;
        }
        let [started, thinking, executing, completed, answered] = reached.at;
        let owes_tools = request.expect.tools.least() > 0;
        let whole = started.is_some()
            && thinking.is_some()
            && (!owes_tools || (executing.is_some() && completed.is_some()))
            && answered.is_some();
        // What never came may have been missed by us; what came and was wrong counts all the same.
        let excused = match view.terminal {
            None => index.trouble().excuses_absence(),
            Some(_) => index.trouble().excuses_holes(),
        };
        if excused.is_some() && (reached.disordered || !whole) && !reached.leaked && !reached.junk {
            return;
        }
        let since = |from: Option<u64>, to: Option<u64>| match (from, to) {
            (Some(from), Some(to)) => ms(to.saturating_sub(from)),
            _ => f64::INFINITY,
        };
        let asked = Some(request.intended_t_ns);
        let on_time = reached.away
            || since(asked, started) <= self.started_ms
                && since(started, thinking) <= self.thinking_ms
                && since(asked, answered) <= self.completed_ms;
        let prompt_start = reached.away || since(asked, reached.first) <= self.first_event_ms;
        let records = [Some(request.line), view.terminal.map(|terminal| terminal.line)];
        let note = |tally: &mut Tally, good: bool, missing: &str| {
            tally.of += 1;
            tally.n += u64::from(good);
            if !good && tally.findings.len() < 5 {
                tally.findings.push(Finding {
                    summary: format!(
                        "run `{}` of `{}` does not count: {missing}",
                        view.id,
                        index.user_name(Some(view.owner))
                    ),
                    expected: "a run that keeps the proxy's formula".to_owned(),
                    observed: missing.to_owned(),
                    records: records.into_iter().flatten().collect(),
                    witness: None,
                });
            }
        };
        let reasons = |list: &[(bool, &str)]| {
            list.iter().filter(|(bad, _)| *bad).map(|(_, why)| *why).collect::<Vec<_>>().join(", ")
        };
        let disordered = reached.disordered || !whole;
        let why = reasons(&[
            (disordered, "not whole and in order"),
            (!on_time, "not on time"),
            (reached.leaked, "a leak"),
            (reached.junk, "stopped by a gate"),
        ]);
        note(&mut self.confidence, why.is_empty(), &why);
        let why = reasons(&[
            (reached.junk, "stopped by a gate"),
            (!on_time, "outside the limits"),
            (!prompt_start, "first event too late"),
        ]);
        note(&mut self.going_on, why.is_empty(), &why);

        let late = |from: Option<u64>, to: Option<u64>, limit_ms: f64| {
            let stretch = Stretch { from_ns: from?, to_ns: to? };
            let excess_ms = stretch.ms() - limit_ms;
            (excess_ms > 0.0).then_some(Late { stretch, excess_ms })
        };
        let whole_late = [
            late(asked, started, self.started_ms),
            late(started, thinking, self.thinking_ms),
            late(asked, answered, self.completed_ms),
        ];
        let first_late = late(asked, reached.first, self.first_event_ms);
        let timed = started.is_some() && thinking.is_some() && answered.is_some() && !reached.junk;
        let [confidence, going_on] = &mut self.only_late;
        if timed && !on_time && !disordered && !reached.leaked && confidence.len() < LATE_KEPT {
            confidence
                .push(OnlyLate { line: request.line, lates: whole_late.into_iter().flatten().collect() });
        }
        if timed && !(on_time && prompt_start) && going_on.len() < LATE_KEPT {
            let lates = whole_late.into_iter().chain([first_late]).flatten().collect();
            going_on.push(OnlyLate { line: request.line, lates });
        }
    }

    /// The shares; requests that were never answered count as runs that were not good.
    pub(crate) fn finish(mut self, index: &Index) -> [CheckResult; 2] {
        let unanswered = |request: &RequestView| {
            request.run.is_none()
                && request.refused_line.is_none()
                && matches!(request.expect.outcome, Outcome::Completed | Outcome::Any)
        };
        let excused = index.trouble().excuses_absence().is_some();
        let lost = index.requests().filter(|(_, request)| !excused && unanswered(request)).count() as u64;
        self.confidence.of += lost;
        self.going_on.of += lost;
        let excused = self.only_late.map(|runs| {
            let explained = |late: &Late| self.lag.explains(late.stretch, late.excess_ms);
            let excused = runs.iter().filter(|run| run.lates.iter().all(explained));
            excused.map(|run| run.line).collect::<Vec<u64>>()
        });
        [
            said(self.confidence, &excused[0], "value/confidence"),
            said(self.going_on, &excused[1], "value/continue"),
        ]
    }
}

/// A share below its limit fails, unless the `excused` runs, told by the lines of their requests, might make it up; above it, single
/// runs are no findings. Below it, who was only late by the client's own lag is blamed for nothing while others are to be blamed.
fn said(mut tally: Tally, excused: &[u64], id: &'static str) -> CheckResult {
    let share = |good: u64| (tally.of > 0).then(|| good as f64 / tally.of as f64);
    let below = |share: Option<f64>| share.zip(tally.limit).is_some_and(|(share, limit)| share < limit);
    let (surely, perhaps) = (share(tally.n), share(tally.n + excused.len() as u64));
    let (doubtful, broken) = (below(surely), below(perhaps));
    let (mine, theirs): (Vec<Finding>, Vec<Finding>) = std::mem::take(&mut tally.findings)
        .into_iter()
        .partition(|finding| finding.records.first().is_some_and(|line| excused.contains(line)));
    tally.findings = if theirs.is_empty() { mine } else { theirs };
    (tally.value, tally.broken) = (surely, broken);
    if doubtful {
        tally.doubt(Reason::ClientOverloaded);
    }
    if !tally.broken {
        tally.findings.clear();
    }
    tally.into_result(id)
}
