//! `timing/*`, as plainly as their sentences: what a person waits for, on the client's clock. What was replayed came late
//! because nobody was there, and says nothing; nor does what came after a gap that was told.

use super::reading::{Frame, Reading, Run};
use super::said::Said;

/// One thing that was waited for: by whose limit, and how long.
type Wait = (&'static str, u64);

const LIMITS_MS: &[(&str, u64)] = &[
    ("agent-started", 1_000),
    ("first-event", 100),
    ("agent-thinking", 2_000),
    ("tool-executing", 3_000),
    ("tool-completed", 5_000),
    ("agent-completed", 30_000),
    ("whole-answer", 45_000),
    ("silence", 10_000),
];

fn limit_ns(name: &str) -> u64 {
    LIMITS_MS.iter().find(|(known, _)| *known == name).map_or(u64::MAX, |(_, ms)| ms * 1_000_000)
}

/// Everything that was waited for in one run.
fn waits(history: &Reading, run: &Run) -> Vec<Wait> {
    let gap = run.gap.map_or(u64::MAX, |gap| gap.0);
    let mut events: Vec<&Frame> = run.distinct().into_iter().filter(|event| event.line < gap).collect();
    let ended = events.iter().position(|event| event.is_terminal());
    events.truncate(ended.map_or(events.len(), |at| at + 1));
    let asked =
        |line: u64| run.asked.as_ref().filter(|asked| asked.line < line).map(|asked| asked.intended_t_ns);
    let mut waits = Vec::new();
    for (at, event) in events.iter().enumerate().filter(|(_, event)| !event.replayed) {
        let before = &events[..at];
        let since = |from: Option<u64>| from.map(|from| event.t_ns.saturating_sub(from));
        let last = |kinds: &[&str]| {
            before.iter().rfind(|event| kinds.contains(&event.kind())).map(|event| event.t_ns)
        };
        let is_first = before.iter().all(|other| other.kind() != event.kind());
        if at == 0 {
            waits.extend(since(asked(event.line)).map(|took| ("first-event", took)));
        }
        let wait = match event.kind() {
            "agent_started" if is_first => since(asked(event.line)).map(|took| ("agent-started", took)),
            "agent_thinking" if is_first => {
                let started =
                    before.iter().find(|event| event.kind() == "agent_started").map(|event| event.t_ns);
                since(started).map(|took| ("agent-thinking", took))
            }
            "tool_executing" => since(last(&["agent_started", "agent_thinking", "tool_completed"]))
                .map(|took| ("tool-executing", took)),
            "tool_completed" => since(begun(before, event)).map(|took| ("tool-completed", took)),
            "agent_completed" => since(asked(event.line)).map(|took| ("agent-completed", took)),
            _ => None,
        };
        waits.extend(wait);
        if event.is_terminal() {
            waits.extend(since(asked(event.line)).map(|took| ("whole-answer", took)));
        }
    }
    waits.extend(silences(history, run, &events));
    if let (None, None, Some(asked)) = (ended, run.gap, asked(u64::MAX)) {
        let open = history.last_t_ns.saturating_sub(asked);
        waits.extend(
            (open > limit_ns("whole-answer") && !run.events.is_empty()).then_some(("whole-answer", open)),
        );
    }
    waits
}

/// When the call that an answer closes was begun.
fn begun(before: &[&Frame], answer: &Frame) -> Option<u64> {
    let id = answer.text("execution_id")?;
    let mut open = None;
    for event in before.iter().filter(|event| event.text("execution_id") == Some(id)) {
        match event.kind() {
            "tool_executing" => open = open.or(Some(event.t_ns)),
            "tool_completed" => open = None,
            _ => {}
        }
    }
    open
}

/// The gaps between a run's events, up to its end or the history's.
fn silences(history: &Reading, run: &Run, events: &[&Frame]) -> Vec<Wait> {
    if run.gap.is_some() {
        return Vec::new();
    }
    let pairs = events.windows(2).filter(|pair| !pair[1].replayed);
    let mut gaps: Vec<u64> = pairs.map(|pair| pair[1].t_ns.saturating_sub(pair[0].t_ns)).collect();
    if let Some(last) = events.last().filter(|last| !last.is_terminal()) {
        gaps.extend(Some(history.last_t_ns.saturating_sub(last.t_ns)).filter(|gap| *gap > 0));
    }
    gaps.into_iter().map(|gap| ("silence", gap)).collect()
}

/// One limit: under 200 samples none may be outside.
pub(super) fn limit(history: &Reading, name: &'static str) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        for (_, took) in waits(history, run).into_iter().filter(|(known, _)| *known == name) {
            said.must(took <= limit_ns(name), || format!("{}: {name} took {} ms", run.id, took / 1_000_000));
        }
    }
    said
}

/// The first run on a connection keeps the limits too.
pub(super) fn cold_start(history: &Reading) -> Said {
    let mut said = Said::default();
    for conn in history.conns.keys() {
        let runs = history.runs.iter().filter(|run| run.gap.is_none() && !run.events.is_empty());
        let asked_here =
            runs.filter_map(|run| Some((run.asked.as_ref().filter(|asked| asked.conn == *conn)?.line, run)));
        // Of two runs of one request the one that was heard of first.
        let Some((_, first)) = asked_here.min_by_key(|(line, run)| (*line, run.first_line)) else { continue };
        let slow = waits(history, first).into_iter().find(|(name, took)| *took > limit_ns(name));
        said.judge(slow.map(|(name, _)| format!("{} was slow: {name}", first.id)));
    }
    said
}
