//! The limits between a request and the events of its run.

use super::cold::ColdStarts;
use super::lag::Lag;
use super::limit::{Limit, Stretch};
use crate::check::Check;
use crate::event_view::Field;
use crate::evidence::run_words;
use crate::index::{Index, RunView};
use crate::judge::Terms;
use crate::observation::{ConnIx, Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

/// An instant and the line that shows it.
#[derive(Debug, Clone, Copy)]
struct At {
    t_ns: u64,
    line: u64,
}

/// A limit that was broken by `excess_ms`.
#[derive(Debug)]
struct Slow {
    id: &'static str,
    excess_ms: f64,
}

/// What is remembered of an open run.
#[derive(Debug, Default)]
struct Open {
    /// The intended send.
    asked: Option<At>,
    first: Option<At>,
    started: Option<At>,
    thought: bool,
    /// The nearest earlier start, thought or finished tool.
    ready: Option<At>,
    calls: FxHashMap<u64, At>,
    last: Option<At>,
    /// The longest silence.
    silence: Option<(At, At)>,
    ended: bool,
    /// The limits it broke, by name, and by how much.
    slow: Vec<Slow>,
    /// The connection that asked.
    conn: Option<ConnIx>,
    /// What came while nobody knew the request.
    held: Vec<Held>,
}

/// What is waited for.
#[derive(Debug, Clone, Copy)]
enum Wait {
    First,
    Started,
    Thinking,
    Executing,
    Completed,
    Answered,
    Whole,
}

impl Wait {
    fn words(self) -> &'static str {
        match self {
            Self::First => "its first event",
            Self::Started => "`agent_started`",
            Self::Thinking => "`agent_thinking`",
            Self::Executing => "`tool_executing`",
            Self::Completed => "`tool_completed`",
            Self::Answered => "`agent_completed`",
            Self::Whole => "its end",
        }
    }
}

/// Something that came while nobody knew which request the run answers.
#[derive(Debug, Clone, Copy)]
struct Held {
    wait: Wait,
    /// Since when it was waited for, unless since the request.
    from: Option<At>,
    to: At,
}

impl Open {
    /// Since when it is waited for, and where.
    fn learn_request(&mut self, view: &RunView, index: &Index) {
        if let (None, Some(request)) = (self.asked, index.request_of_run(view)) {
            self.asked = Some(At { t_ns: request.intended_t_ns, line: request.line });
            self.conn = request.conn;
        }
    }
}

/// Judges the limits of the phases, silence, and the cold start.
#[derive(Debug)]
pub(super) struct Phases {
    started: Limit,
    first: Limit,
    thinking: Limit,
    executing: Limit,
    completed: Limit,
    answered: Limit,
    whole: Limit,
    silence: Limit,
    cold: ColdStarts,
    lag: Lag,
    runs: FxHashMap<RunIx, Open>,
}

impl Phases {
    pub(super) fn new(terms: &Terms) -> Self {
        let limit = |id: &'static str| Limit::new(id, terms.slo.limit(id).unwrap_or(f64::INFINITY));
        Self {
            started: limit("timing/agent-started"),
            first: limit("timing/first-event"),
            thinking: limit("timing/agent-thinking"),
            executing: limit("timing/tool-executing"),
            completed: limit("timing/tool-completed"),
            answered: limit("timing/agent-completed"),
            whole: limit("timing/whole-answer").for_all(),
            silence: limit("timing/silence"),
            cold: ColdStarts::default(),
            lag: Lag::default(),
            runs: FxHashMap::default(),
        }
    }
}

impl Check for Phases {
    fn ids(&self) -> &'static [&'static str] {
        &[
            "timing/agent-started",
            "timing/first-event",
            "timing/agent-thinking",
            "timing/tool-executing",
            "timing/tool-completed",
            "timing/agent-completed",
            "timing/whole-answer",
            "timing/silence",
            "timing/cold-start",
        ]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.lag.observe(seen);
        let Some((event, arrival)) = seen.event() else { return };
        if !arrival.first {
            return;
        }
        let Some(view) = index.run(arrival.run).filter(|view| view.gap.is_none()) else { return };
        let now = At { t_ns: seen.t_ns, line: seen.line };
        let open = self.runs.entry(arrival.run).or_default();
        // An event that came too early does not keep the others from being waited for.
        open.learn_request(view, index);
        if open.ended {
            return;
        }
        // What was replayed came late because nobody was there. It says how far the run is, and waits for nothing.
        let timed = |from: Option<At>| from.filter(|_| !arrival.replayed);
        if let Some(last) = timed(open.last) {
            let longest = open.silence.map_or(0, |(from, to)| to.t_ns.saturating_sub(from.t_ns));
            if now.t_ns.saturating_sub(last.t_ns) >= longest {
                open.silence = Some((last, now));
            }
        }
        open.last = Some(now);
        if open.first.is_none() {
            open.first = Some(now);
            answered(&mut self.first, Wait::First, now, arrival.replayed, view, index, open);
        }
        match event.kind {
            EventType::AgentStarted => {
                open.ready = Some(now);
                if open.started.is_none() {
                    open.started = Some(now);
                    answered(&mut self.started, Wait::Started, now, arrival.replayed, view, index, open);
                }
            }
            EventType::AgentThinking => {
                if !open.thought {
                    open.thought = true;
                    let from = timed(open.started);
                    followed(&mut self.thinking, Wait::Thinking, from, now, view, index, open);
                }
                open.ready = Some(now);
            }
            EventType::ToolExecuting => {
                followed(&mut self.executing, Wait::Executing, timed(open.ready), now, view, index, open);
                if let Some(call) = event.text(Field::ExecutionId) {
                    open.calls.entry(hash_of(&call)).or_insert(now);
                }
            }
            EventType::ToolCompleted => {
                let call = event.text(Field::ExecutionId).and_then(|call| open.calls.remove(&hash_of(&call)));
                followed(&mut self.completed, Wait::Completed, timed(call), now, view, index, open);
                open.ready = Some(now);
            }
            kind if kind.is_terminal() => {
                open.ended = true;
                if kind == EventType::AgentCompleted {
                    answered(&mut self.answered, Wait::Answered, now, arrival.replayed, view, index, open);
                }
                answered(&mut self.whole, Wait::Whole, now, arrival.replayed, view, index, open);
            }
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(mut open) = self.runs.remove(&run) else { return };
        // Where all that came was too early.
        open.learn_request(view, index);
        // What came after a gap says nothing, also where only the request showed that there was one.
        let told = |held: &Held| view.gap.is_none_or(|gap| held.to.line < gap.line());
        for Held { wait, from, to } in std::mem::take(&mut open.held).into_iter().filter(told) {
            let limit = match wait {
                Wait::First => &mut self.first,
                Wait::Started => &mut self.started,
                Wait::Thinking => &mut self.thinking,
                Wait::Executing => &mut self.executing,
                Wait::Completed => &mut self.completed,
                Wait::Answered => &mut self.answered,
                Wait::Whole => &mut self.whole,
            };
            let from = from.or(open.asked.filter(|asked| asked.line < to.line));
            measure(limit, from, to, wait.words(), view, index, &mut open.slow);
        }
        if view.gap.is_some() {
            return;
        }
        let end = At { t_ns: index.last_t_ns(), line: index.last_line() };
        let watched = index.trouble().excuses_absence().is_none();
        if !open.ended && watched {
            // A run that is still open has been silent, and unanswered, up to now.
            if let Some(last) = open.last {
                let longest = open.silence.map_or(0, |(from, to)| to.t_ns.saturating_sub(from.t_ns));
                if end.t_ns.saturating_sub(last.t_ns) > longest {
                    open.silence = Some((last, end));
                }
            }
            let over =
                |asked: &At| Stretch { from_ns: asked.t_ns, to_ns: end.t_ns }.ms() > self.whole.limit_ms();
            if open.asked.as_ref().is_some_and(over) {
                measure(&mut self.whole, open.asked, end, "its end", view, index, &mut open.slow);
            }
        }
        if let Some((from, to)) = open.silence {
            measure(&mut self.silence, Some(from), to, "the next event", view, index, &mut open.slow);
        }
        if let (Some(asked), Some(conn)) = (open.asked, open.conn) {
            let stretch = Stretch { from_ns: asked.t_ns, to_ns: view.last_t_ns };
            let worst = open.slow.iter().map(|slow| slow.excess_ms).reduce(f64::max);
            self.cold.ran(conn, (asked.line, view.first_line), stretch, worst, || Finding {
                summary: format!("the first run on a connection was slow: {}", run_words(index, view)),
                expected: "the limits hold for it too".to_owned(),
                observed: format!(
                    "outside {}",
                    open.slow.iter().map(|slow| slow.id).collect::<Vec<_>>().join(", ")
                ),
                records: vec![asked.line, view.last_line],
                witness: None,
            });
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        let lag = &self.lag;
        vec![
            self.started.into_result(lag),
            self.first.into_result(lag),
            self.thinking.into_result(lag),
            self.executing.into_result(lag),
            self.completed.into_result(lag),
            self.answered.into_result(lag),
            self.whole.into_result(lag),
            self.silence.into_result(lag),
            self.cold.into_result(lag),
        ]
    }
}

/// Holds what is waited for from the request on against its limit, as soon as the request is known.
fn answered(
    limit: &mut Limit,
    wait: Wait,
    now: At,
    replayed: bool,
    view: &RunView,
    index: &Index,
    open: &mut Open,
) {
    match open.asked {
        _ if replayed => {}
        None => open.held.push(Held { wait, from: None, to: now }),
        asked => measure(limit, asked, now, wait.words(), view, index, &mut open.slow),
    }
}

/// Holds what is waited for from an earlier event on against its limit, unless that run may yet turn out to have a gap.
fn followed(
    limit: &mut Limit,
    wait: Wait,
    from: Option<At>,
    now: At,
    view: &RunView,
    index: &Index,
    open: &mut Open,
) {
    if from.is_some() && view.may_have_a_gap() {
        open.held.push(Held { wait, from, to: now });
    } else {
        measure(limit, from, now, wait.words(), view, index, &mut open.slow);
    }
}

/// Holds one stretch against its limit; without a beginning there is nothing to measure.
fn measure(
    limit: &mut Limit,
    from: Option<At>,
    to: At,
    what: &str,
    view: &RunView,
    index: &Index,
    slow: &mut Vec<Slow>,
) {
    let Some(from) = from else { return };
    let limit_ms = limit.limit_ms();
    let stretch = Stretch { from_ns: from.t_ns, to_ns: to.t_ns };
    let inside = limit.add(stretch, |took| Finding {
        summary: format!("{} waited too long for {what}", run_words(index, view)),
        expected: format!("at most {limit_ms:.0} ms"),
        observed: format!("{took:.0} ms"),
        records: if from.line < to.line { vec![from.line, to.line] } else { vec![to.line] },
        witness: None,
    });
    if !inside {
        slow.push(Slow { id: limit.id(), excess_ms: stretch.ms() - limit_ms });
    }
}

fn hash_of(text: &str) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(text.as_bytes());
    hasher.finish()
}
