//! `delivery/*`, as plainly as their sentences.

use super::reading::{Asked, Conn, Frame, Reading, Run};
use super::said::Said;
use goldenpath_history::ClosedBy;
use std::collections::{BTreeMap, BTreeSet};

/// What a tab may lag behind another when it, or the history, ends.
const LAG_NS: u64 = 2_000_000_000;

/// Every request gets its run or an explicit refusal.
pub(super) fn request_answered(history: &Reading) -> Said {
    let mut said = Said::default();
    let mut unanswered: BTreeMap<u32, Vec<&str>> = BTreeMap::new();
    for asked in &history.requests {
        // Its run is the one that it was given first.
        let given = history.runs.iter().filter_map(|run| Some((given_line(history, run, asked)?, run)));
        let own = given.min_by_key(|(line, _)| *line).map(|(_, run)| run);
        let ran = own.is_some_and(|run| !run.events.is_empty());
        let done = own.and_then(Run::terminal).is_some_and(|end| end.kind() == "agent_completed");
        if done && refused_by_name(history, asked) {
            said.judge(Some(format!("{} was refused, and done all the same", asked.id)));
        }
        said.looked = true;
        if !ran && !refused(history, asked) {
            unanswered.entry(asked.conn).or_default().push(&asked.id);
        }
    }
    // An error that names no request answers one of its connection.
    for (conn, ids) in unanswered {
        let unnamed = |frame: &&Frame| {
            frame.conn == conn && frame.kind() == "error" && frame.value().get("request_id").is_none()
        };
        let answers = history.frames.iter().filter(unnamed).count();
        said.must(ids.len() <= answers, || format!("{ids:?} were never answered"));
    }
    for accepted in history.frames.iter().filter(|frame| frame.kind() == "request_accepted") {
        let of_user: Vec<&Asked> = history
            .requests
            .iter()
            .filter(|asked| asked.user == accepted.user && asked.line < accepted.line)
            .collect();
        let known = of_user.iter().any(|asked| Some(asked.id.as_str()) == accepted.text("request_id"));
        if !of_user.is_empty() && !known {
            said.judge(Some(format!("line {} accepts what nobody asked", accepted.line)));
        }
    }
    said
}

/// The first line that names the run as the request's.
fn given_line(history: &Reading, run: &Run, asked: &Asked) -> Option<u64> {
    // An event that names another request than its run's is labelled wrongly, and answers nobody.
    let own = |frame: &Frame| began(run, asked) || frame.kind() == "request_accepted";
    let names = |frame: &&Frame| {
        frame.line > asked.line
            && frame.text("run_id") == Some(&run.id)
            && frame.text("request_id") == Some(&asked.id)
            && (run.owner == asked.user || frame.user == asked.user && frame.kind() == "request_accepted")
            && (frame.is_event() || frame.kind() == "request_accepted")
            && own(frame)
    };
    history.frames.iter().find(names).map(|frame| frame.line)
}

/// Whether this run is that request's.
fn began(run: &Run, asked: &Asked) -> bool {
    run.asked.as_ref().is_some_and(|own| own.line == asked.line)
}

/// By an `error` that names it.
fn refused_by_name(history: &Reading, asked: &Asked) -> bool {
    history.frames.iter().any(|frame| {
        frame.kind() == "error"
            && frame.line > asked.line
            && frame.user == asked.user
            && frame.text("request_id") == Some(&asked.id)
    })
}

/// By an `error` that names it, or by the connection that asked.
fn refused(history: &Reading, asked: &Asked) -> bool {
    let accepted = history.frames.iter().any(|frame| {
        frame.kind() == "request_accepted"
            && frame.line > asked.line
            && frame.user == asked.user
            && frame.text("request_id") == Some(&asked.id)
    });
    let closed = history.conns.get(&asked.conn).and_then(|conn| conn.closed);
    let told = closed
        .is_some_and(|(_, _, code, by)| by == ClosedBy::Server && code.is_some_and(|code| code >= 4000));
    refused_by_name(history, asked) || (told && !accepted)
}

/// A request id makes one run.
pub(super) fn one_run_per_request(history: &Reading) -> Said {
    let mut said = Said::default();
    for asked in &history.requests {
        let runs: Vec<&str> =
            history.runs.iter().filter(|run| began(run, asked)).map(|run| run.id.as_str()).collect();
        if !runs.is_empty() {
            said.must(runs.len() == 1, || format!("{} made {runs:?}", asked.id));
        }
        let shared = history.runs.iter().find(|run| {
            let accepted = |frame: &Frame| {
                frame.kind() == "request_accepted"
                    && frame.line > asked.line
                    && frame.user == asked.user
                    && frame.text("request_id") == Some(&asked.id)
                    && frame.text("run_id") == Some(&run.id)
            };
            run.asked.is_some() && !began(run, asked) && history.frames.iter().any(accepted)
        });
        if let Some(shared) = shared {
            said.judge(Some(format!("{} was answered by {}, which is another's", asked.id, shared.id)));
        }
    }
    said
}

/// Nothing lost in the middle or at the tail, by `seq`, `offset` and `event_count`.
pub(super) fn no_loss(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in history.runs.iter().filter(|run| run.events.iter().any(|event| event.whole("seq").is_some())) {
        said.judge(lost_of_run(history, run));
    }
    for (number, conn) in &history.conns {
        said.broken.extend(lost_of_stream(history, *number, conn));
    }
    said
}

fn hole(numbers: &BTreeSet<u64>, first: u64) -> Option<u64> {
    let last = *numbers.last()?;
    (first..last).find(|number| !numbers.contains(number))
}

fn seqs<'a>(events: impl Iterator<Item = &'a Frame>) -> BTreeSet<u64> {
    events.filter_map(|event| event.whole("seq")).collect()
}

fn lost_of_run(history: &Reading, run: &Run) -> Option<String> {
    for conn in run.conns() {
        let came = seqs(run.on(conn).into_iter());
        let first = run.on(conn).iter().find_map(|event| event.whole("seq")).unwrap_or(1);
        if let Some(lost) = hole(&came, if history.saw_the_start(run, conn) { 1 } else { first }) {
            return Some(format!("{}: seq {lost} never came on {conn}", run.id));
        }
    }
    if run.gap.is_some() {
        return None;
    }
    if let Some(lost) = hole(&seqs(run.events.iter()), 1) {
        return Some(format!("{}: seq {lost} never came", run.id));
    }
    let told = run.terminal().and_then(|end| end.whole("event_count"));
    let came = run.distinct().len() as u64;
    let whole = !history.owing(run).is_empty();
    told.filter(|told| whole && *told != came).map(|told| format!("{}: {came} events of {told}", run.id))
}

/// From where it joined, a connection shows every offset of its user's stream, up to what a heartbeat says. Without a
/// greeting nobody knows where that was: it stands where the first heartbeat, or the first event, says. A heartbeat that tells
/// of nothing written here leaves it open.
fn lost_of_stream(history: &Reading, number: u32, conn: &Conn) -> Option<String> {
    let mut behind = conn.greeting.as_ref().and_then(|(_, how, head, replay)| {
        (*head).map(|head| head.saturating_sub(if how == "full" { replay.unwrap_or(0) } else { 0 }))
    });
    let mut came = BTreeSet::new();
    for frame in history.frames.iter().filter(|frame| frame.conn == number) {
        let Some(offset) = frame.whole("offset") else { continue };
        let last = came.last().copied().max(behind);
        let own = history
            .runs
            .iter()
            .any(|run| run.owner == frame.user && Some(run.id.as_str()) == frame.text("run_id"));
        // A foreign event may stand in this stream's numbers, or in its owner's: here only where it is the next.
        let next = last.is_some_and(|last| offset == last + 1);
        if frame.is_event() && (own || next || frame.text("run_id").is_none()) {
            came.insert(offset);
            behind = behind.or(Some(offset.saturating_sub(1)));
        }
        if frame.kind() == "heartbeat" && !frame.replayed {
            if last.is_some_and(|last| offset > last) {
                return Some(format!("{number}: the heartbeat of line {} tells of more", frame.line));
            }
            behind = behind.or(Some(offset).filter(|told| *told > 0));
        }
    }
    hole(&came, behind? + 1).map(|lost| format!("{number}: offset {lost} never came"))
}

/// No event twice, under its own id or a new one. What a replay repeats is known by its id.
pub(super) fn unique_ids(history: &Reading) -> Said {
    let mut said = Said::default();
    let mut ids = BTreeSet::new();
    for run in &history.runs {
        said.looked |= !run.events.is_empty();
        for conn in run.conns() {
            let mut known = BTreeSet::new();
            for event in run.on(conn) {
                if !known.insert(event.key()) && !event.replayed {
                    said.judge(Some(format!("line {} came twice on {conn}", event.line)));
                }
            }
        }
        let events = run.distinct();
        for (at, event) in events.iter().enumerate() {
            if let Some(id) = event.text("event_id")
                && !ids.insert(id.to_owned())
            {
                said.judge(Some(format!("`{id}` is the id of another event")));
            }
            if let Some(before) = events[..at].iter().find(|before| same(before, event)) {
                said.judge(Some(format!("lines {} and {} are one event", before.line, event.line)));
            }
        }
    }
    said
}

/// Whether two events of a run are one under two ids: at one place, or saying what only one can say.
fn same(one: &Frame, other: &Frame) -> bool {
    let equal = |names: &[&str]| names.iter().all(|name| one.value().get(*name) == other.value().get(*name));
    let there = |name: &str| one.value().get(name).is_some();
    if one.kind() != other.kind() {
        return false;
    }
    if one.whole("seq").is_some() && one.whole("seq") == other.whole("seq") {
        return true;
    }
    match one.kind() {
        "tool_executing" | "tool_completed" => there("execution_id") && equal(&["execution_id"]),
        "agent_started" => equal(&["agent_name", "task_description"]),
        "agent_thinking" => {
            equal(&["agent_name", "reasoning"])
                && if there("step_number") {
                    equal(&["step_number"])
                } else {
                    // Of two without a step or a moment nobody can tell.
                    there("timestamp") && equal(&["step_number", "timestamp"])
                }
        }
        _ => false,
    }
}

/// All connections of a user see the same.
pub(super) fn tabs_agree(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in &history.runs {
        let Some(asked) = &run.asked else { continue };
        if run.events.is_empty() {
            continue;
        }
        // What a connection that came later is told is compared with what was live by others.
        said.open |= run.conns().into_iter().any(|conn| !history.saw_the_start(run, conn));
        let there: Vec<(u32, &Conn)> = history
            .conns
            .iter()
            .map(|(number, conn)| (*number, conn))
            .filter(|(number, conn)| {
                let silent = run.on(*number).is_empty();
                conn.user == run.owner
                    && history.saw_the_start(run, *number)
                    && (!silent
                        || (conn.greeting.is_some()
                            && conn.closed.is_none_or(|closed| closed.0 > asked.line)))
            })
            .collect();
        for (at, one) in there.iter().enumerate() {
            for other in &there[at + 1..] {
                said.judge(differ(history, run, *one, *other));
            }
        }
    }
    said
}

fn differ(history: &Reading, run: &Run, one: (u32, &Conn), other: (u32, &Conn)) -> Option<String> {
    let shown = |conn: u32| run.on(conn).iter().map(|event| event.raw.clone()).collect::<Vec<_>>();
    let (here, there) = (shown(one.0), shown(other.0));
    let same = here.iter().zip(&there).take_while(|(here, there)| here == there).count();
    let last_ns =
        run.terminal().map_or_else(|| run.events.last().map_or(0, |event| event.t_ns), |end| end.t_ns);
    let cut = |conn: &Conn| conn.closed.map_or(history.last_t_ns, |closed| closed.1) < last_ns + LAG_NS;
    let whole_here = same == here.len() && (same == there.len() || cut(one.1));
    let kept = whole_here || (same == there.len() && cut(other.1));
    (!kept).then(|| format!("{}: {} and {} differ from event {} on", run.id, one.0, other.0, same + 1))
}

/// The deltas add up to the answer.
pub(super) fn deltas_concatenate(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in history.runs.iter().filter(|run| run.gap.is_none() && !history.owing(run).is_empty()) {
        let events = run.distinct();
        let deltas: Vec<&&Frame> = events.iter().filter(|event| event.kind() == "response_delta").collect();
        let answer = events.iter().find_map(|event| {
            (event.kind() == "agent_completed").then(|| event.text("final_response")).flatten()
        });
        let pieces: Option<String> = deltas.iter().map(|delta| delta.text("text")).collect();
        if let (Some(answer), Some(pieces), false) = (answer, pieces, deltas.is_empty()) {
            said.must(answer == pieces, || format!("{}: {pieces:?} is not {answer:?}", run.id));
        }
    }
    said
}
