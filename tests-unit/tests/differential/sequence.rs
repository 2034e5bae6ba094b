//! `sequence/*`, as plainly as their sentences.

use super::reading::{Asked, Frame, Reading, Run};
use super::said::Said;
use goldenpath_history::{ClosedBy, Outcome};
use serde_json::Value;

const FIVE: &[&str] =
    &["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"];

/// The five critical events come in order, as far as the scenario owes them.
pub(super) fn five_in_order(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        let Some(end) = run.terminal().filter(|_| history.seen_whole(run)) else { continue };
        let kinds: Vec<&str> = run.distinct().iter().map(|event| event.kind()).collect();
        let expect = run.asked.as_ref().map(|asked| asked.expect.clone()).unwrap_or_default();
        let least = expect.tools.least() as usize;
        said.judge(if end.kind() == "agent_completed" {
            owes_the_five(&kinds, least)
        } else {
            owes_a_prefix(&kinds)
        });
    }
    said
}

fn owes_the_five(kinds: &[&str], least: usize) -> Option<String> {
    let owed: Vec<&str> =
        FIVE.iter().copied().filter(|kind| least > 0 || !kind.starts_with("tool_")).collect();
    let mut rest = kinds.iter();
    if !owed.iter().all(|wanted| rest.any(|kind| kind == wanted)) {
        return Some(format!("{owed:?} are not in {kinds:?} in this order"));
    }
    let calls = kinds.iter().filter(|kind| **kind == "tool_executing").count();
    if calls < least {
        return Some(format!("{calls} tool calls of {least}"));
    }
    started_first(kinds)
}

/// `agent_started` and an ordered prefix of the others: up to the furthest that came, in order.
fn owes_a_prefix(kinds: &[&str]) -> Option<String> {
    let furthest = FIVE.iter().rposition(|kind| kinds.contains(kind)).unwrap_or_default();
    let mut rest = kinds.iter();
    if !FIVE[..=furthest].iter().all(|wanted| rest.any(|kind| kind == wanted)) {
        return Some(format!("no ordered prefix of the five: {kinds:?}"));
    }
    started_first(kinds)
}

fn started_first(kinds: &[&str]) -> Option<String> {
    let first = kinds.iter().find(|kind| **kind != "response_delta");
    (first != Some(&"agent_started")).then(|| format!("`agent_started` was not first: {kinds:?}"))
}

/// Every `tool_executing` has its `tool_completed`, by `execution_id`, same tool.
pub(super) fn tool_pairs(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        let Some(end) = run.terminal().filter(|_| history.seen_whole(run)) else { continue };
        let events = run.distinct();
        let least = run.asked.as_ref().map_or(1, |asked| asked.expect.tools.least()) as usize;
        said.judge(unpaired(&events).or_else(|| swapped(&events)));
        let whole = events.iter().filter(|event| event.kind() == "tool_completed").count();
        if end.kind() == "agent_completed" {
            said.must(whole >= least, || format!("{whole} pairs of {least}"));
        }
    }
    said
}

fn unpaired(events: &[&Frame]) -> Option<String> {
    let mut open: Vec<(&str, &str)> = Vec::new();
    let mut done: Vec<&str> = Vec::new();
    for event in events {
        let tool = event.text("tool_name").unwrap_or_default();
        if event.is_terminal() && !open.is_empty() {
            return Some(format!("{open:?} open at the end"));
        }
        if !event.kind().starts_with("tool_") {
            continue;
        }
        let Some(id) = event.text("execution_id") else { return Some("no execution_id".to_owned()) };
        let begun = open.iter().position(|(known, _)| *known == id);
        match (event.kind(), begun) {
            ("tool_executing", None) if !done.contains(&id) => open.push((id, tool)),
            ("tool_completed", Some(at)) if open[at].1 == tool => {
                open.remove(at);
                done.push(id);
            }
            _ => return Some(format!("`{}` of {id} has no partner", event.kind())),
        }
    }
    None
}

/// Results repeat what their own parameters asked about.
fn swapped(events: &[&Frame]) -> Option<String> {
    let asked = |event: &&&Frame| event.kind() == "tool_executing";
    events.iter().filter(|event| event.kind() == "tool_completed").find_map(|answer| {
        let subject = answer.get("results").get("subject").filter(|subject| subject.is_string())?;
        let own = events
            .iter()
            .filter(asked)
            .find(|call| call.get("execution_id") == answer.get("execution_id"))?;
        let about = |call: &Frame| call.get("parameters").get("subject") == Some(subject);
        let known = own.get("parameters").get("subject").is_some_and(Value::is_string);
        let another = events.iter().filter(asked).any(|call| about(call));
        (!about(own) && (known || another)).then(|| format!("the results of another call: {subject}"))
    })
}

/// Exactly one terminal per run, before its deadline.
pub(super) fn one_terminal(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        let ends: Vec<&Frame> = run.distinct().into_iter().filter(|event| event.is_terminal()).collect();
        let twice_here = run.conns().into_iter().any(|conn| {
            run.on(conn).iter().filter(|event| event.is_terminal()).skip(1).any(|event| !event.replayed)
        });
        let Some(end) = ends.first() else {
            match missing_end(history, run) {
                Missing::Told => {}
                Missing::Unseen => said.doubtful = true,
                Missing::Lost => said.judge(Some(format!("{} never ended", run.id))),
            }
            continue;
        };
        if ends.len() > 1 || twice_here {
            said.judge(Some(format!("{} ended more than once", run.id)));
            continue;
        }
        let took = run.asked.as_ref().map_or(0, |asked| end.t_ns.saturating_sub(asked.intended_t_ns));
        said.must(end.replayed || took <= 45_000_000_000, || format!("{} ended after its deadline", run.id));
    }
    said
}

/// What a missing end means.
enum Missing {
    /// It was told, or left by the client, to be missing.
    Told,
    /// A client that vanished cannot tell what came after.
    Unseen,
    Lost,
}

fn missing_end(history: &Reading, run: &Run) -> Missing {
    let conns = run.conns();
    let closes = conns.iter().filter_map(|conn| history.conns.get(conn)?.closed);
    let last = closes.max_by_key(|closed| closed.0);
    match (run.gap, last) {
        (Some((_, true)), _) => Missing::Told,
        (Some((_, false)), last) if last.is_none_or(|closed| closed.3 != ClosedBy::Server) => Missing::Told,
        (_, Some((_, _, None, ClosedBy::Client))) => Missing::Unseen,
        _ => Missing::Lost,
    }
}

/// No event of a run after its terminal.
pub(super) fn nothing_after_terminal(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        let Some(end) = run.terminal() else { continue };
        let after_here = run.conns().into_iter().any(|conn| {
            let events = run.on(conn);
            let ended = events.iter().position(|event| event.is_terminal());
            ended.is_some_and(|at| at + 1 < events.len())
        });
        let last = end.whole("seq");
        let beyond = run
            .events
            .iter()
            .any(|event| event.line > end.line && last.is_some() && event.whole("seq") > last);
        said.must(!after_here && !beyond, || format!("{} went on after its end", run.id));
    }
    said
}

/// The terminal says what happened: failed, cancelled and degraded runs are not shown as plain success.
pub(super) fn terminal_true(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        let Some(end) = run.terminal() else { continue };
        let events = run.distinct();
        said.judge(events.iter().find_map(|event| error_as_success(event)));
        if end.kind() == "agent_completed" {
            said.judge(hidden(run, &events));
        }
    }
    said
}

fn says_something(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
        && ![r#""""#, "{}", "[]"].contains(&value.to_string().as_str())
}

fn error_as_success(event: &Frame) -> Option<String> {
    let results = event.get("results");
    let status = results.get("status").and_then(Value::as_str).unwrap_or_default();
    let error = says_something(event.get("error"))
        || results.get("error").is_some_and(says_something)
        || results.get("success") == Some(&Value::Bool(false))
        || ["error", "failed", "failure"].contains(&status);
    let success = event.kind() == "tool_completed" && event.get("success") == &Value::Bool(true);
    (success && error).then(|| "a tool's error is shown as success".to_owned())
}

/// What a plain success hides.
fn hidden(run: &Run, events: &[&Frame]) -> Option<String> {
    let answers = || events.iter().filter(|event| event.kind() == "agent_completed");
    let degraded = answers().any(|event| event.get("degraded") == &Value::Bool(true));
    for event in answers() {
        let status = event.text("status").unwrap_or_default();
        if event.get("success") == &Value::Bool(false)
            || ["failed", "error", "cancelled", "canceled", "failure", "timeout"].contains(&status)
            || (says_something(event.get("error")) && event.get("error") != &serde_json::json!([]))
        {
            return Some("it contradicts itself".to_owned());
        }
    }
    let expect = run.asked.as_ref().map(|asked| asked.expect.clone()).unwrap_or_default();
    if expect.outcome == Outcome::Cancelled {
        return Some("it was to be cancelled".to_owned());
    }
    if degraded {
        return None;
    }
    let calls: Vec<&&Frame> = events.iter().filter(|event| event.kind() == "tool_completed").collect();
    let failed = |event: &Frame| event.get("success") == &Value::Bool(false);
    let mended = |at: usize| {
        calls[at + 1..].iter().any(|later| {
            later.text("tool_name") == calls[at].text("tool_name")
                && later.get("success") == &Value::Bool(true)
        })
    };
    if (0..calls.len()).any(|at| failed(calls[at]) && !mended(at)) {
        return Some("it rests on a failed tool".to_owned());
    }
    if expect.outcome == Outcome::Failed {
        return Some("it was to fail".to_owned());
    }
    (expect.failing_tool && !calls.iter().any(|call| failed(call))).then(|| "a tool was to fail".to_owned())
}

/// `seq` 1, 2, 3 without hole or step back; replay before live. What comes twice is another check's.
pub(super) fn seq_dense(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        for conn in run.conns() {
            said.judge(misnumbered(history, run, conn));
        }
    }
    said
}

fn misnumbered(history: &Reading, run: &Run, conn: u32) -> Option<String> {
    let mut known: Vec<String> = Vec::new();
    let mut last: Option<u64> = None;
    for event in run.on(conn) {
        if known.contains(&event.key()) {
            continue;
        }
        known.push(event.key());
        let Some(seq) = event.whole("seq") else { continue };
        let right = match last {
            Some(last) => seq == last + 1,
            None => seq == 1 || event.replayed || !history.saw_the_start(run, conn),
        };
        if !right {
            return Some(format!("{}: seq {seq} after {last:?}", run.id));
        }
        last = Some(seq);
        if let Some(offset) = event.whole("offset")
            && offset <= highest_before(history, event)
        {
            return Some(format!("{}: offset {offset} came too late", run.id));
        }
    }
    None
}

/// The highest offset that the connection had shown before this event, or had behind it when it joined.
fn highest_before(history: &Reading, event: &Frame) -> u64 {
    let joined = history.conns.get(&event.conn).and_then(|conn| conn.greeting.as_ref());
    // A greeting that does not say how it joined, or how much is replayed, says nothing of what is behind it.
    let behind = joined.and_then(|(_, how, head, replay)| match how.as_str() {
        "fresh" | "failed" => *head,
        "full" => head.zip(*replay).map(|(head, replay)| head.saturating_sub(replay)),
        _ => None,
    });
    let owner = |frame: &&Frame| {
        history
            .runs
            .iter()
            .any(|run| run.owner == frame.user && Some(run.id.as_str()) == frame.text("run_id"))
    };
    let shown = history
        .frames
        .iter()
        .filter(|frame| frame.conn == event.conn && frame.line < event.line && frame.is_event())
        .filter(owner)
        .filter_map(|frame| frame.whole("offset"))
        .max();
    behind.max(shown).unwrap_or_default()
}

/// Nothing of a run before its request, nor before its acceptance where that was asked.
pub(super) fn after_request(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        said.looked |= run.asked.is_some() && !run.events.is_empty();
        let asked = run.asked.as_ref().or_else(|| accepted_for(history, run));
        if asked.is_some_and(|asked| run.first_line < asked.line) {
            said.judge(Some(format!("{} was heard of before its request", run.id)));
        }
        for accepted in &run.accepted {
            let Some(request) = accepts(history, accepted) else { continue };
            let unasked = run.events.iter().any(|event| event.line < request.line);
            let here = history.saw_the_start(run, accepted.conn)
                && run.on(accepted.conn).iter().any(|event| event.line < accepted.line);
            if unasked || here {
                said.judge(Some(format!("{} began before it was asked, or accepted", run.id)));
            }
        }
    }
    said
}

/// The request whose acceptance names the run: who asked has its run, whosever its first event says that it is.
fn accepted_for<'a>(history: &'a Reading, run: &Run) -> Option<&'a Asked> {
    let names = |frame: &&Frame| frame.kind() == "request_accepted" && frame.text("run_id") == Some(&run.id);
    history.frames.iter().filter(names).find_map(|accepted| {
        let own = |asked: &&Asked| {
            asked.user == accepted.user
                && asked.line < accepted.line
                && accepted.text("request_id") == Some(&asked.id)
        };
        history.requests.iter().find(own)
    })
}

/// The request that an acceptance accepts; a second acceptance of it repeats the first.
fn accepts<'a>(history: &'a Reading, accepted: &Frame) -> Option<&'a Asked> {
    let names = |frame: &Frame, asked: &Asked| {
        frame.kind() == "request_accepted"
            && frame.line > asked.line
            && frame.user == asked.user
            && frame.text("request_id") == Some(&asked.id)
    };
    let asked = history.requests.iter().find(|asked| names(accepted, asked))?;
    let first = history.frames.iter().find(|frame| names(frame, asked))?;
    (first.line == accepted.line).then_some(asked)
}
