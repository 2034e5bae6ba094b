//! `timestamps/*`, as plainly as their sentences.

use super::reading::{Frame, Reading, Run};
use super::said::Said;
use super::session::T0_MS;
use serde_json::{Value, json};

/// How far the server's clock may be off, milliseconds.
const BOUND_MS: f64 = 2_000.0;

fn events(history: &Reading) -> impl Iterator<Item = &Frame> {
    history.frames.iter().filter(|frame| frame.is_event())
}

fn has_one(event: &Frame) -> bool {
    event.get("timestamp") != &Value::Null && event.get("timestamp") != &json!("")
}

/// Every event carries one.
pub(super) fn present(history: &Reading) -> Said {
    let mut said = Said::default();
    for event in events(history) {
        said.must(has_one(event), || format!("line {} has none", event.line));
    }
    said
}

/// RFC 3339, UTC, milliseconds.
pub(super) fn format(history: &Reading) -> Said {
    let mut said = Said::default();
    for event in events(history).filter(|event| has_one(event)) {
        said.must(event.made_ms().is_some(), || format!("line {} is misspelt", event.line));
    }
    said
}

/// Inside the session, not in the future, as far as the server's clock is known.
pub(super) fn in_session(history: &Reading) -> Said {
    let mut said = Said::default();
    for event in events(history) {
        let Some(made) = event.made_ms() else { continue };
        let (slow, fast) = clock(history, event.line);
        let run = history.runs.iter().find(|run| Some(run.id.as_str()) == event.text("run_id"));
        let asked = run.and_then(|run| run.asked.as_ref()).filter(|asked| asked.line < event.line);
        let since = asked.map(|asked| asked.t_ns).or((!event.replayed).then_some(history.first_t_ns));
        let early = since.is_some_and(|since| since_t0(made) < ms(since) + slow - BOUND_MS);
        let late = since_t0(made) > ms(event.t_ns) + fast + BOUND_MS;
        said.must(!early && !late, || format!("line {} is elsewhere in time", event.line));
    }
    said
}

/// The server's clock against the client's, at the least and at the most: it was read after the client had asked for the
/// connection, and before the client had the greeting. Readings that contradict each other say nothing.
fn clock(history: &Reading, until: u64) -> (f64, f64) {
    let greetings =
        history.frames.iter().filter(|frame| frame.kind() == "connection_established" && frame.line <= until);
    let read = greetings.filter_map(|frame| {
        let server = since_t0(super::reading::unix_ms(frame.text("server_time")?)?);
        let asked = history.conns.get(&frame.conn)?.asked_t_ns;
        Some((server - ms(frame.t_ns), server + 1.0 - ms(asked)))
    });
    let (slow, fast) = read.fold((f64::NEG_INFINITY, f64::INFINITY), |(slow, fast), (least, most)| {
        (slow.max(least), fast.min(most))
    });
    if slow.is_finite() && slow <= fast { (slow, fast) } else { (0.0, 0.0) }
}

fn since_t0(unix_ms: i64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of one session")]
    let since = (unix_ms - T0_MS) as f64;
    since
}

fn ms(t_ns: u64) -> f64 {
    #[allow(clippy::cast_precision_loss, reason = "nanoseconds of one session")]
    let t_ns = t_ns as f64;
    t_ns / 1e6
}

/// Never back along `seq`, and they advance.
pub(super) fn monotone(history: &Reading) -> Said {
    let mut said = Said::default();
    for run in history.runs.iter().filter(|run| run.distinct().iter().any(|event| event.made_ms().is_some()))
    {
        said.judge(goes_back(run).or_else(|| stands_still(run)));
    }
    said
}

fn goes_back(run: &Run) -> Option<String> {
    let mut made: Vec<(u64, i64, u64)> = Vec::new();
    for event in run.distinct() {
        let Some(at) = event.made_ms() else { continue };
        let highest = made.iter().map(|(seq, ..)| *seq).max();
        made.push((event.whole("seq").unwrap_or(highest.map_or(1, |seq| seq + 1)), at, event.line));
    }
    made.iter().find_map(|(seq, at, line)| {
        let later = made.iter().find(|(other, when, _)| other > seq && when < at)?;
        Some(format!("{}: line {} was made before line {line}", run.id, later.2))
    })
}

/// Four events in a row with one timestamp, received over a second; or in a run that says, and was seen, to have lasted
/// more than twice as long as its events were made in.
fn stands_still(run: &Run) -> Option<String> {
    let events: Vec<&Frame> = run.distinct().into_iter().filter(|event| event.made_ms().is_some()).collect();
    let mut stretch: Vec<&Frame> = Vec::new();
    for event in &events {
        let goes_on = stretch.last().is_some_and(|last| last.made_ms() == event.made_ms() && !event.replayed);
        if !goes_on {
            stretch.clear();
        }
        stretch.push(event);
        if stretch.len() >= 4 && event.t_ns - stretch[0].t_ns >= 1_000_000_000 {
            return Some(format!("{}: time stands still at line {}", run.id, event.line));
        }
    }
    if stretch.len() < 4 {
        return None;
    }
    let claimed = events.iter().rfind(|event| event.is_terminal())?.get("duration_ms").as_f64()?;
    let lasted = claimed.min(ms(run.events.last()?.t_ns.saturating_sub(run.first_t_ns)));
    let highest =
        events.iter().max_by_key(|event| (event.whole("seq").unwrap_or(0), std::cmp::Reverse(event.line)))?;
    let (first, last) = (events.first()?.made_ms()?, highest.made_ms()?);
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of one session")]
    let made = last.abs_diff(first) as f64;
    (lasted >= 50.0 && made * 2.0 <= lasted).then(|| format!("{}: {lasted} ms made in {made}", run.id))
}
