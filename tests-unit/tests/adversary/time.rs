//! Clocks, limits and durations that are wrong in few places, or late in the session.

use super::Row;
use super::notes::{MS, by, each, events, frames, moved, retold};
use goldenpath_faults::{Aim, Fault, Message, Step};
use goldenpath_protocol::Timestamp;
use goldenpath_simulator::{Ending, Scenario};
use std::collections::HashMap;

pub(super) const ROWS: &[Row] = &[
    Row::new("tool_executing said when the work was done", &["timing/durations-true"], |seed| {
        afterwards(seed)
    })
    .in_session(|| Scenario::golden_path().runs(1).deltas(2).without_store()),
    Row::new(
        "the clock steps back three seconds between two runs",
        &["timestamps/skew", "timestamps/in-session"],
        |seed| clock(seed, |run, _| if run > 0 { -3_000 } else { 0 }),
    ),
    Row::new(
        "the clock runs ahead, two seconds in every five",
        &["timestamps/skew", "timestamps/in-session"],
        |seed| clock(seed, |_, t_ns| i64::try_from(t_ns / MS).unwrap_or(0) * 2 / 5),
    )
    .in_session(|| Scenario::golden_path().runs(6).without_store()),
    Row::new("another spelling of UTC, in one type only", &["timestamps/format"], |seed| {
        each("tool_completed", seed, "another spelling of UTC", |message, choice| {
            retold(&message, "timestamp", |text| spelt(text, choice))
        })
    }),
    Row::new("the right instants, in another zone", &["timestamps/format"], |seed| {
        events(seed, "in the server's zone", |case| {
            let at: Timestamp = case.message.text("timestamp")?.parse().ok()?;
            let local = Timestamp::from_unix_ms(at.unix_ms() + 7_200_000).to_string();
            let zoned = format!("{}+02:00", local.trim_end_matches('Z'));
            (case.message.whole("seq")? > 7).then(|| case.message.clone().with("timestamp", zoned))
        })
    }),
    Row::new("a cancelled run's duration in microseconds", &["timing/durations-true"], |seed| {
        each("agent_cancelled", seed, "a duration in microseconds", |message, _| {
            let ms = message.whole("duration_ms").unwrap_or(1);
            message.with("duration_ms", ms * 1_000)
        })
    })
    .in_session(|| Scenario::golden_path().ending(Ending::Cancelled).without_store()),
    Row::new("a failed run lasts no time", &["timing/durations-true"], |seed| {
        each("agent_failed", seed, "a duration of nothing", |message, _| message.with("duration_ms", 0))
    })
    .in_session(|| {
        Scenario::golden_path()
            .tools(goldenpath_simulator::Tools::Sequential(12))
            .ending(Ending::Failed)
            .without_store()
    }),
    Row::new("only the last run of the session begins late", &["timing/agent-started"], |seed| {
        last_is_late(seed)
    })
    .in_session(|| Scenario::golden_path().runs(7).without_store()),
    Row::new("the clock stands in the second half of a run", &["timestamps/monotone"], |seed| {
        let mut last: HashMap<String, String> = HashMap::new();
        events(seed, "a clock that stands", move |case| {
            let own = case.message.text("timestamp")?;
            if case.message.whole("seq")? < 9 {
                last.insert(case.run.to_owned(), own.to_owned());
                return None;
            }
            Some(case.message.clone().with("timestamp", last.get(case.run)?.as_str()))
        })
    })
    .in_session(|| Scenario::golden_path().deltas(20).without_store()),
    Row::new("the deltas alone wait for the end", &["timing/streamed"], deltas_wait)
        .in_session(|| Scenario::golden_path().deltas(20).without_store()),
    Row::new("heartbeats stop after the first", &["connection/heartbeat"], heartbeats_stop)
        .in_session(|| Scenario::golden_path().with_idle_time().without_store()),
    Row::new("a heartbeat tells another offset", &["connection/heartbeat"], |seed| {
        frames("heartbeat", seed, "another offset", |message, aim| {
            let offset = message.whole("offset").unwrap_or(0);
            message.with("offset", offset + 1 + aim.pick(40) as u64)
        })
    })
    .in_session(|| Scenario::golden_path().with_idle_time().without_store()),
    Row::new("a heartbeat stands where the stream stood before", &["connection/heartbeat"], |seed| {
        frames("heartbeat", seed, "an old offset", |message, _| message.with("offset", 1))
    })
    .in_session(|| Scenario::golden_path().with_idle_time().without_store()),
    Row::new("a pong answers a ping that was never sent", &["connection/heartbeat"], |seed| {
        frames("pong", seed, "another number", |message, _| {
            let number = message.whole("n").unwrap_or(0);
            message.with("n", number + 1_000)
        })
    })
    .in_session(|| Scenario::golden_path().with_idle_time().without_store()),
];

fn spelt(text: &str, choice: usize) -> String {
    let bare = text.trim_end_matches('Z');
    match choice % 5 {
        0 => format!("{bare}+00:00"),
        1 => format!("{bare}z"),
        2 => format!("{bare}000Z"),
        3 => text.replace('T', " "),
        _ => format!("{}Z", &bare[..bare.len() - 1]),
    }
}

/// Moves the timestamps of the runs from the first one hit on.
fn clock(seed: u64, by_ms: fn(usize, u64) -> i64) -> Box<dyn Fault> {
    let _ = seed;
    by(move |step, act| {
        let Some((message, run)) = act.event() else { return };
        let earlier = act.scene().run(run).map_or(0, |run| run.earlier);
        let moved_by = by_ms(earlier, step.t_ns);
        if moved_by != 0 {
            act.say(moved(message.clone(), moved_by), "another clock");
        }
    })
}

/// From the first call of a run on everything comes later, and its `tool_executing` only with its `tool_completed`.
fn afterwards(seed: u64) -> Box<dyn Fault> {
    const LATE_MS: u64 = 600;
    let mut aim = Aim::new(seed);
    let mut first: HashMap<String, (String, Step)> = HashMap::new();
    by(move |step, act| {
        let Some((message, run)) = act.event() else { return };
        if !aim.hits(run) {
            return;
        }
        let call = message.text("execution_id").unwrap_or_default();
        let mut late = step.clone();
        late.t_ns += LATE_MS * MS;
        let own = moved(message.clone(), LATE_MS as i64);
        match first.get(run) {
            None if message.is("tool_executing") => {
                first.insert(run.to_owned(), (call.to_owned(), step.clone()));
                act.keep_back("said when the work was done");
            }
            Some((known, begun)) if known == call && message.is("tool_completed") => {
                let ms = message.whole("duration_ms").unwrap_or(0) + LATE_MS;
                if let Some(begun) = Message::of(begun) {
                    let stamp = own.text("timestamp").unwrap_or_default();
                    act.give_back_before(begun.with("timestamp", stamp).in_place_of(&late));
                }
                act.alter(own.with("duration_ms", ms).in_place_of(&late), "done when it was said to begin");
            }
            Some(_) => act.alter(own.in_place_of(&late), "later"),
            None => {}
        }
    })
}

/// The last run of the last user begins 1.5 s late; everything else is in time.
fn last_is_late(seed: u64) -> Box<dyn Fault> {
    let late_ns = (1_200 + seed * 40) * MS;
    let mut hit: Option<String> = None;
    by(move |step, act| {
        let Some((message, run)) = act.event() else { return };
        let last = act.scene().run(run).is_some_and(|run| run.earlier == 6);
        if last && message.is("agent_started") && hit.is_none() {
            hit = Some(run.to_owned());
            act.hold(step.t_ns + late_ns, "the last run begins late");
        }
    })
}

fn deltas_wait(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut kept: HashMap<String, Vec<Step>> = HashMap::new();
    by(move |step, act| {
        let Some((message, run)) = act.event() else { return };
        if !aim.hits(run) {
            return;
        }
        if message.is("response_delta") {
            kept.entry(run.to_owned()).or_default().push(step.clone());
            act.keep_back("a delta that waits for the end");
        } else if message.is_terminal() {
            for delta in kept.remove(run).unwrap_or_default() {
                act.give_back_before(delta);
            }
        }
    })
}

fn heartbeats_stop(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut heard: HashMap<u32, u32> = HashMap::new();
    by(move |step, act| {
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        if message.is("heartbeat") {
            let heard = heard.entry(conn).or_default();
            *heard += 1;
            if *heard > 1 && aim.hits(&conn.to_string()) {
                act.lose("no heartbeat any more");
            }
        }
    })
}
