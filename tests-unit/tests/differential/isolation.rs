//! `isolation/*`, as plainly as their sentences. Content is searched in plain text only.

use super::reading::{Frame, Reading, Run};
use super::said::Said;
use serde_json::Value;
use std::collections::BTreeSet;

/// Words that stand for nobody.
const NOBODY: &[&str] = &["", "null", "none", "registry", "...", "todo", "0"];

fn run_of<'a>(history: &'a Reading, frame: &Frame) -> Option<&'a Run> {
    history.runs.iter().find(|run| Some(run.id.as_str()) == frame.text("run_id"))
}

/// Whether one user's run was started while another's was open, so that a leak had its chance.
fn overlapped(history: &Reading) -> bool {
    let starts = |run: &Run| -> Vec<u64> {
        let started = |event: &&Frame| event.kind() == "agent_started";
        // One that starts again after its end is open no more.
        let ended = run.terminal().map_or(u64::MAX, |end| end.line);
        run.distinct()
            .into_iter()
            .filter(started)
            .map(|event| event.line)
            .filter(|line| *line < ended)
            .collect()
    };
    let runs = &history.runs;
    let started = |run: &&Run| run.events.iter().any(|event| event.kind() == "agent_started");
    let owners: BTreeSet<&str> = runs.iter().filter(started).map(|run| run.owner.as_str()).collect();
    let open = |run: &Run, line: u64| {
        let began = run.events.first().is_some_and(|first| first.line < line);
        began && run.terminal().is_none_or(|end| end.line > line)
    };
    let beside =
        |run: &Run, line: u64| runs.iter().any(|other| other.owner != run.owner && open(other, line));
    owners.len() > 1 && runs.iter().any(|run| starts(run).into_iter().any(|line| beside(run, line)))
}

/// A run's events reach its owner only.
pub(super) fn run_owner(history: &Reading) -> Said {
    let mut said = Said { unbacked: !overlapped(history), ..Said::default() };
    for frame in history.frames.iter().filter(|frame| frame.is_event()) {
        if let Some(run) = run_of(history, frame) {
            said.must(run.owner == frame.user, || format!("line {} is {}'s", frame.line, run.owner));
        }
    }
    said
}

/// No user's content in what another received.
pub(super) fn canary(history: &Reading) -> Said {
    let mut said = Said { unbacked: !overlapped(history), ..Said::default() };
    for frame in &history.frames {
        let foreign = history.requests.iter().find(|asked| {
            asked.user != frame.user
                && asked.reference.as_ref().is_some_and(|canary| frame.raw.contains(canary))
        });
        said.judge(foreign.map(|asked| format!("line {} holds the reference of {}", frame.line, asked.id)));
    }
    said
}

/// Ids in events are the token's, never null or placeholders.
pub(super) fn identity(history: &Reading) -> Said {
    let mut said = Said::default();
    for frame in &history.frames {
        let greeting = frame.kind() == "connection_established";
        if !frame.is_event() && !greeting {
            continue;
        }
        let user = frame.value().get("user_id").filter(|user| user.as_str() != Some(&frame.user));
        let mut ids = ["run_id", "thread_id", "request_id"].into_iter().filter(|_| !greeting);
        let nobody = ids.find(|name| frame.value().get(*name).is_some_and(is_nobody));
        said.judge(user.map(|user| format!("line {} is for {user}", frame.line)));
        said.judge(nobody.map(|name| format!("line {}: `{name}` is nobody's", frame.line)));
        let run = run_of(history, frame).filter(|run| run.owner == frame.user && !greeting);
        if let (Some(asked), Some(named)) = (run.and_then(|run| run.asked.as_ref()), frame.text("request_id"))
        {
            said.must(asked.id == named, || format!("line {}: `{named}` did not begin this run", frame.line));
        }
    }
    said
}

fn is_nobody(id: &Value) -> bool {
    id.is_null() || id.as_str().is_some_and(|id| NOBODY.contains(&id.trim().to_lowercase().as_str()))
}

/// Threads do not mix.
pub(super) fn thread(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        let mut mentions: Vec<&Frame> = run.accepted.iter().chain(&run.events).collect();
        mentions.sort_by_key(|frame| frame.line);
        let Some(own) = mentions.iter().find_map(|frame| frame.text("thread_id")) else { continue };
        for event in &run.events {
            if let Some(named) = event.text("thread_id") {
                said.must(named == own, || format!("line {} is of {named}", event.line));
            }
        }
        let wanted = run.asked.as_ref().and_then(|asked| {
            let sent = history.sent.iter().find(|(_, user, sent)| {
                *user == run.owner && sent.get("request_id").and_then(Value::as_str) == Some(&asked.id)
            });
            sent.and_then(|(_, _, sent)| sent.get("thread_id")?.as_str())
        });
        if wanted.is_some_and(|wanted| wanted != own) {
            said.judge(Some(format!("{} ran in {own}", run.id)));
        }
    }
    said
}
