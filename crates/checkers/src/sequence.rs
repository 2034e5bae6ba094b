//! Sequence: the events of a run come whole, in order, and end once.
//!
//! Order is judged on the events as the owner first saw them, whichever tab showed them first; numbering
//! is judged per connection, from the moment that connection joined. What came to somebody else is
//! isolation's matter.

mod acceptance;
mod five;
mod numbering;
mod terminal;
mod tools;

#[cfg(test)]
mod tests;

use crate::check::{Check, Tally};
use crate::event_view::Field;
use crate::evidence::{frame_words, run_words};
use crate::index::{Gap, Index, RunView};
use crate::judge::Terms;
use crate::observation::{Observation, RunIx, UserIx};
use crate::verdict::{CheckResult, Finding, Reason};
use five::Five;
use goldenpath_protocol::EventType;
use numbering::{First, Numbering};
use rustc_hash::FxHashMap;
use terminal::Endings;
use tools::ToolCalls;

/// The ids of this group, in the order of its tallies.
const IDS: &[&str] = &[
    "sequence/five-in-order",
    "sequence/tool-pairs",
    "sequence/one-terminal",
    "sequence/nothing-after-terminal",
    "sequence/terminal-true",
    "sequence/seq-dense",
    "sequence/after-request",
];

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![Box::new(Sequence {
        absent: terms.absent_events.clone(),
        deadline_ms: terms.slo.limit("timing/whole-answer").filter(|_| terms.judge_timing),
        ..Sequence::default()
    })]
}

/// What is remembered of an open run.
#[derive(Debug, Default)]
struct Open {
    five: Five,
    tools: ToolCalls,
    endings: Endings,
    firsts: Vec<First>,
    /// Whether any of its events broke its numbering or its end; a run counts once.
    misnumbered: bool,
    trailed: bool,
    early: bool,
    /// It named a request that had not been sent: early, unless another that had been sent turns out to be its own.
    unsent: Option<Box<Finding>>,
}

#[derive(Debug, Default)]
struct Sequence {
    absent: Vec<EventType>,
    deadline_ms: Option<f64>,
    open: FxHashMap<RunIx, Open>,
    numbering: Numbering,
    /// When each user was last told that a run had ended before its cancel arrived.
    run_ended_lines: FxHashMap<UserIx, u64>,
    five: Tally,
    pairs: Tally,
    terminal: Tally,
    after: Tally,
    truth: Tally,
    dense: Tally,
    request: Tally,
}

/// Whether the owner's connections could see all of a run: one saw it from its request to its end, or
/// several did one after the other and nothing was said to be missing.
fn seen_whole(view: &RunView) -> bool {
    let one_saw_all = view.sights.iter().any(|sight| sight.from_start && sight.terminal.is_some());
    one_saw_all || (view.gap.is_none() && view.sights.iter().any(|sight| sight.from_start))
}

impl Check for Sequence {
    fn ids(&self) -> &'static [&'static str] {
        IDS
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.note_refused_cancel(seen);
        self.judge_acceptance(seen, index);
        let Some((event, arrival)) = seen.event() else { return };
        if arrival.foreign {
            return;
        }
        let view = index.run(arrival.run);
        let open = self.open.entry(arrival.run).or_default();
        if arrival.after_terminal || trails(view, seen.line, event.seq) {
            open.trailed = true;
            self.after.note(|| {
                Finding::new(
                    format!(
                        "{}: `{}` came after the run's terminal",
                        frame_words(index, seen),
                        event.kind.as_str()
                    ),
                    "nothing of a run after its terminal",
                    format!("`{}` with seq {}", event.kind.as_str(), number(event.seq)),
                    view.and_then(|view| view.terminal).map(|end| end.line).into_iter().chain([seen.line]),
                )
            });
        }
        if arrival.settled {
            self.open.remove(&arrival.run);
            let before = index.settled(arrival.run).and_then(|run| run.terminal);
            let others = before.filter(|(kind, _)| event.kind.is_terminal() && *kind != event.kind);
            if let Some((kind, line)) = others.filter(|_| !arrival.replayed) {
                self.terminal.note(|| terminal::ended_again(seen, index, kind, line));
            }
            return;
        }
        if let Some(finding) = self.numbering.judge(seen, event, arrival, index) {
            open.misnumbered = true;
            self.dense.note(|| finding);
        }
        open.firsts.extend(First::in_doubt(seen, event, arrival, view));
        // A run that was there before us was asked for before us.
        let unasked = arrival.before_request
            && arrival.from_start
            && !arrival.replayed
            && view.is_some_and(|view| view.request.is_none());
        if unasked && open.unsent.is_none() && names_unknown_request(seen, index) {
            open.unsent = Some(Box::new(Finding::new(
                format!(
                    "{}: `{}` came before the run's request",
                    frame_words(index, seen),
                    event.kind.as_str()
                ),
                "nothing of a run before its request",
                format!("request id `{}` had not been sent", event.request_id.as_deref().unwrap_or("(none)")),
                [seen.line],
            )));
        }
        if arrival.first {
            open.five.take_in(event.kind, seen.line, &self.absent);
            open.tools.take_in(event, seen.line);
        }
        if event.kind.is_terminal() && (arrival.first || (arrival.repeated_here && !arrival.replayed)) {
            open.endings.take_in(event, seen.line);
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let mut open = self.open.remove(&run).unwrap_or_default();
        self.judge_start(&mut open, view, index);
        self.judge_first_number(&mut open, view, index);
        // The end was seen: only a hole in the record can excuse what is missing before it.
        let excuse = index.trouble().excuses_holes();
        let whole = seen_whole(view);
        let who = || run_words(index, view);
        let expect = index.request_of_run(view).map(|request| request.expect.clone()).unwrap_or_default();

        self.judge_terminal(&open, view, index);
        count(&mut self.after, view.terminal.is_some(), open.trailed);
        count(&mut self.dense, !view.sights.is_empty(), open.misnumbered);
        count(&mut self.request, !view.sights.is_empty(), open.early);
        let Some(end) = view.terminal else { return };

        let late_cancel = self.run_ended_lines.get(&view.owner).copied();
        let untrue = open.endings.untrue(&open.tools, view, &expect, late_cancel);
        self.truth.judge(untrue.map(|(observed, lines)| {
            Finding::new(
                format!("{}: the terminal hides what happened", who()),
                "a failed, cancelled or degraded run is not shown as plain success",
                observed,
                lines,
            )
        }));
        if !whole {
            return;
        }
        // What never came is shown by what was asked for and by what came instead.
        let asked = index.request_of_run(view).map(|request| request.line);
        let broken = open.five.broken(end.kind, &expect, &self.absent);
        judge_or_doubt(&mut self.five, excuse, broken, |observed| {
            Finding::new(
                format!("{}: the critical events are not whole or not in order", who()),
                five::owed(end.kind, &expect, &self.absent),
                observed,
                asked.into_iter().chain(open.five.lines()).chain([end.line]),
            )
        });
        let broken = open.tools.broken(end.kind, &expect, &self.absent);
        judge_or_doubt(&mut self.pairs, excuse, broken, |(observed, mut lines)| {
            lines.extend(asked.into_iter().chain([end.line]));
            lines.sort_unstable();
            lines.dedup();
            Finding::new(
                format!("{}: a tool call is not one pair", who()),
                "every tool_executing has its tool_completed, by execution_id, of the same tool",
                observed,
                lines,
            )
        });
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        if index.requests().next().is_none() {
            // Without one recorded request nobody knows what came before it.
            self.request = Tally::default();
        }
        let tallies =
            [self.five, self.pairs, self.terminal, self.after, self.truth, self.dense, self.request];
        IDS.iter().zip(tallies).map(|(id, tally)| tally.into_result(id)).collect()
    }
}

impl Sequence {
    fn note_refused_cancel(&mut self, seen: &Observation<'_>) {
        if let (Some(crate::Seen::Control(control)), Some(user)) = (seen.seen, seen.user)
            && control.fields.text(Field::Code).as_deref() == Some("run_ended")
        {
            self.run_ended_lines.insert(user, seen.line);
        }
    }

    /// A run whose events came before its request was sent, or, on the connection that asked, before it was accepted.
    fn judge_acceptance(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some(early) = acceptance::overtaken(seen, index) else { return };
        if index.run(early.run).is_some()
            && std::mem::replace(&mut self.open.entry(early.run).or_default().early, true)
        {
            return;
        }
        self.request.note(|| early.finding(seen, index));
    }

    /// Whether a connection that was there before the request saw the run begin with another number than 1: of an event that came
    /// before the request was known, this is known only now.
    fn judge_first_number(&mut self, open: &mut Open, view: &RunView, index: &Index) {
        let owed = open.firsts.iter().find(|first| view.owed_whole_on(first.conn));
        let Some(first) = owed.filter(|_| !open.misnumbered) else { return };
        open.misnumbered = true;
        self.dense.note(|| {
            Finding::new(
                format!("{}: its first event is out of its place", run_words(index, view)),
                "seq 1 first",
                format!("seq {} first", first.seq),
                [first.line],
            )
        });
    }

    /// Whether its request came after the run was first heard of.
    fn judge_start(&mut self, open: &mut Open, view: &RunView, index: &Index) {
        let request = index.request_of_run(view);
        if let Some(unsent) = open.unsent.take().filter(|_| request.is_none() && !open.early) {
            open.early = true;
            self.request.note(|| *unsent);
        }
        let Some(request) = request.filter(|request| request.line > view.first_line) else { return };
        if !open.early {
            open.early = true;
            self.request.note(|| {
                Finding::new(
                    format!("{}: it was heard of before its request", run_words(index, view)),
                    "nothing of a run before its request",
                    format!("line {}, and the request is line {}", view.first_line, request.line),
                    [view.first_line, request.line],
                )
            });
        }
    }

    fn judge_terminal(&mut self, open: &Open, view: &RunView, index: &Index) {
        let who = || run_words(index, view);
        let Some(end) = view.terminal else {
            match missing_terminal(view, index) {
                Missing::Excused => {}
                Missing::Unknown(reason) => self.terminal.doubt(reason),
                Missing::Broken(observed) => self.terminal.broke(|| {
                    Finding::new(
                        format!("{}: no terminal came", who()),
                        "exactly one of agent_completed, agent_failed, agent_cancelled",
                        observed,
                        index
                            .request_of_run(view)
                            .map(|request| request.line)
                            .into_iter()
                            .chain([view.first_line, view.last_line]),
                    )
                }),
            }
            return;
        };
        if open.endings.lines.len() > 1 {
            self.terminal.broke(|| {
                Finding::new(
                    format!("{}: {} terminals came", who(), open.endings.lines.len()),
                    "exactly one of agent_completed, agent_failed, agent_cancelled",
                    open.endings.names(),
                    open.endings.lines.iter().map(|(_, line)| *line),
                )
            });
            return;
        }
        let took_ms = index
            .request_of_run(view)
            .filter(|_| !end.replayed)
            .map(|request| crate::ms(end.t_ns.saturating_sub(request.intended_t_ns)));
        match (took_ms, self.deadline_ms) {
            (Some(took), Some(deadline)) if took > deadline => self.terminal.broke(|| {
                Finding::new(
                    format!("{}: its terminal came after the deadline", who()),
                    format!("a terminal within {deadline:.0} ms of the request"),
                    format!("`{}` after {took:.0} ms", end.kind.as_str()),
                    [end.line],
                )
            }),
            _ => self.terminal.kept(),
        }
    }
}

/// What a missing terminal means.
enum Missing {
    Excused,
    Unknown(Reason),
    Broken(String),
}

fn missing_terminal(view: &RunView, index: &Index) -> Missing {
    if let Some(reason) = index.trouble().excuses_absence() {
        return Missing::Unknown(reason);
    }
    let last_close = view
        .sights
        .iter()
        .filter_map(|sight| index.conn(sight.conn)?.closed)
        .max_by_key(|closed| closed.line);
    let closed_by_server = last_close.is_some_and(|closed| closed.by == goldenpath_history::ClosedBy::Server);
    match view.gap {
        // It was said, or the client went away by itself and never asked what it had missed.
        Some(Gap::Signalled { .. }) => return Missing::Excused,
        Some(Gap::NotAsked { .. }) if !closed_by_server => return Missing::Excused,
        _ => {}
    }
    let waited = index.request_of_run(view).map_or(view.first_t_ns, |request| request.intended_t_ns);
    let waited_ms = crate::ms(index.last_t_ns().saturating_sub(waited));
    match last_close {
        // Nobody sent a Close: a client that vanished by itself can't tell what came after.
        Some(closed) if closed.by == goldenpath_history::ClosedBy::Client && closed.code.is_none() => {
            Missing::Unknown(Reason::CaptureIncomplete)
        }
        Some(closed) => Missing::Broken(format!(
            "none until the connection was closed ({}), {waited_ms:.0} ms of the history after the request",
            closed.code.map_or_else(|| "no code".to_owned(), |code| code.to_string()),
        )),
        None => Missing::Broken(format!("none until the history ended, {waited_ms:.0} ms after the request")),
    }
}

/// Whether an event that no connection had shown came after the run's end by its own number.
fn trails(view: Option<&RunView>, line: u64, seq: Option<u64>) -> bool {
    let Some(end) = view.and_then(|view| view.terminal) else { return false };
    end.line < line && matches!((end.seq, seq), (Some(end), Some(seq)) if seq > end)
}

/// An event that names no request is early only when its user never asked for anything.
fn names_unknown_request(seen: &Observation<'_>, index: &Index) -> bool {
    let names_one = seen.event().is_some_and(|(event, _)| event.request_id.is_some());
    names_one || !index.requests().any(|(_, request)| Some(request.user) == seen.user)
}

fn number(value: Option<u64>) -> String {
    value.map_or_else(|| "(none)".to_owned(), |value| value.to_string())
}

/// Counts a run; its findings are there already.
fn count(tally: &mut Tally, looked_at: bool, broken: bool) {
    tally.of += u64::from(looked_at || broken);
    tally.n += u64::from(looked_at && !broken);
}

/// Something is missing: a finding, unless we may have missed it ourselves.
fn judge_or_doubt<T>(
    tally: &mut Tally,
    excuse: Option<Reason>,
    broken: Option<T>,
    finding: impl FnOnce(T) -> Finding,
) {
    match (broken, excuse) {
        (None, _) => tally.kept(),
        (Some(_), Some(reason)) => tally.doubt(reason),
        (Some(what), None) => tally.broke(|| finding(what)),
    }
}
