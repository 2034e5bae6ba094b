//! What is wrong with a generated session: small rewritings of its records, at places that the plan draws.

use super::plan::{Aim, Fault};
use super::session::{Item, T0_MS, What, reference, timestamp, user_name};
use goldenpath_history::ClosedBy;
use serde_json::{Value, json};

const MS: u64 = 1_000_000;

/// The fields that may lose their value or get another.
const FIELDS: &[&str] = &[
    "type",
    "event_id",
    "timestamp",
    "user_id",
    "thread_id",
    "run_id",
    "request_id",
    "seq",
    "offset",
    "agent_name",
    "status",
    "task_description",
    "reasoning",
    "step_number",
    "tool_name",
    "execution_id",
    "parameters",
    "tool_purpose",
    "success",
    "results",
    "error",
    "duration_ms",
    "final_response",
    "summary",
    "degraded",
    "limitations",
    "event_count",
    "text",
    "reason",
    "message",
    "code",
    "recovered",
    "epoch",
    "server_time",
];

/// The values that a field may get.
fn values() -> Vec<Value> {
    vec![
        Value::Null,
        json!(""),
        json!("..."),
        json!("TODO"),
        json!("Agent is thinking…"),
        json!("null"),
        json!("registry"),
        json!("a word that nobody expects here"),
        json!(0),
        json!(1),
        json!(7),
        json!(99_999),
        json!(-1),
        json!(1.5),
        json!(true),
        json!(false),
        json!({}),
        json!([]),
        json!({"subject": "cluster 9", "dollars": 1}),
        json!({"error": "the bill is not there"}),
        json!("failed"),
    ]
}

/// How late something comes, milliseconds.
const LATE_MS: &[u64] =
    &[60, 150, 400, 900, 1_200, 1_900, 2_300, 3_400, 4_700, 5_600, 9_000, 10_500, 31_000, 46_000];

/// How far timestamps are off, milliseconds.
const OFF_MS: &[i64] = &[-3_600_000, -60_000, -5_000, -40, -3, 3, 40, 5_000, 60_000, 3_600_000];

/// Timestamps that are none.
const MISSPELT: &[&str] = &[
    "2026-01-01T00:00:01Z",
    "2026-01-01T00:00:01.123+00:00",
    "2026-02-30T00:00:01.123Z",
    "1767225601",
    "soon",
];

const KINDS: &[&str] = &[
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
    "response_delta",
    "agent_completed",
    "agent_failed",
    "agent_cancelled",
    "agent_thinkin",
];

/// Does to the session what the fault says.
pub(super) fn apply(items: &mut Vec<Item>, fault: &Fault) {
    match *fault {
        Fault::Drop(at) => {
            if let Some(at) = received(items, at) {
                items.remove(at);
            }
        }
        Fault::Again(at, later) => again(items, at, later, |_| {}),
        Fault::AgainAsNew(at, later) => again(items, at, later, |event| {
            event["event_id"] = json!(format!("{}-again", event["event_id"].as_str().unwrap_or("event")));
        }),
        Fault::Swap(at, by) => swap(items, at, by),
        Fault::Remove(at, field) => edit(items, at, |event| {
            let present: Vec<&str> =
                FIELDS.iter().copied().filter(|name| event.get(*name).is_some()).collect();
            if let (Some(name), Some(event)) = (pick(&present, field), event.as_object_mut()) {
                event.remove(*name);
            }
        }),
        Fault::Set(at, field, value) => edit(items, at, |event| {
            let present: Vec<&str> =
                FIELDS.iter().copied().filter(|name| event.get(*name).is_some()).collect();
            if let (Some(name), Some(value)) = (pick(&present, field), pick(&values(), value)) {
                event[*name] = value.clone();
            }
        }),
        Fault::Number(at, seq, by) => edit(items, at, |event| {
            let name = if seq { "seq" } else { "offset" };
            if let Some(number) = event.get(name).and_then(Value::as_i64) {
                event[name] = json!(number + i64::from(by));
            }
        }),
        Fault::Made(at, how) => edit(items, at, |event| misdate(event, how)),
        Fault::Frozen(at) => freeze(items, at),
        Fault::Leak(at, to, moved) => leak(items, at, to, moved),
        Fault::Raw(at, how) => garble(items, at, how),
        Fault::Late(at, by, all) => delay(items, at, by, all),
        Fault::Cut(at) => {
            let keep = usize::from(at) % items.len().max(1);
            items.truncate(keep);
        }
        Fault::Lost(at) => {
            if let Some(before) = received(items, at) {
                let t_ns = items[before].t_ns;
                items.insert(before, Item { t_ns, conn: None, user: None, what: What::Lost });
            }
        }
        Fault::Plant(at, which) => edit(items, at, |event| plant(event, which)),
        Fault::Kind(at, kind) => edit(items, at, |event| {
            if let Some(kind) = pick(KINDS, kind) {
                event["type"] = json!(kind);
            }
        }),
        Fault::Relabel(at, how) => edit(items, at, |event| relabel(event, how)),
        Fault::Close(at, how) => close(items, at, how),
        Fault::SecondRun(at) => second_run(items, at),
        Fault::Aimed(aim, at, how) => aimed(items, aim, at, how),
    }
}

/// Hits what the aim says, where the session has it.
fn aimed(items: &mut [Item], aim: Aim, at: u16, how: u8) {
    let places = |kinds: &[&str]| -> Vec<usize> {
        let hit = |at: &usize| {
            event(&items[*at]).is_some_and(|event| kinds.iter().any(|kind| event["type"] == *kind))
        };
        (0..items.len()).filter(hit).collect()
    };
    let ends = ["agent_completed", "agent_failed", "agent_cancelled"];
    let (kinds, late_ms): (&[&str], &[u64]) = match aim {
        Aim::Hollow => (
            &[
                "agent_started",
                "agent_thinking",
                "tool_executing",
                "tool_completed",
                "agent_completed",
                "agent_cancelled",
            ],
            &[],
        ),
        Aim::Early | Aim::Timestamp | Aim::Thread => (&KINDS[..8], &[]),
        Aim::Thinking => (&["agent_thinking"], &[1_900, 2_100, 4_000]),
        Aim::Executing => (&["tool_executing"], &[2_900, 3_100, 6_000]),
        Aim::Completed => (&["tool_completed"], &[4_900, 5_100, 9_000]),
        Aim::Ending => (&ends, &[9_900, 29_900, 31_000, 44_900, 46_000]),
        Aim::Anything => (&KINDS[..8], &[9_900, 10_100, 12_000]),
        Aim::Canary => (&["agent_started", "agent_thinking", "response_delta", "agent_completed"], &[]),
        Aim::Piece => (&["response_delta", "agent_completed"], &[]),
    };
    let Some(place) = places(kinds).get(usize::from(at) % places(kinds).len().max(1)).copied() else {
        return;
    };
    if let Some(late_ms) = pick(late_ms, how) {
        return wait(items, place, *late_ms);
    }
    if aim == Aim::Early {
        return precede(items, place);
    }
    let What::In(event) = &mut items[place].what else { return };
    match aim {
        Aim::Hollow => hollow(event, how),
        Aim::Timestamp if how.is_multiple_of(2) => event["timestamp"] = Value::Null,
        Aim::Timestamp => misdate(event, how),
        Aim::Thread => event["thread_id"] = json!(format!("thread-{}", how % 4)),
        Aim::Canary => plant(event, how),
        Aim::Piece => {
            let name = if event.get("text").is_some() { "text" } else { "final_response" };
            event[name] = json!("Cluster 3 costs nothing at all.");
        }
        _ => {}
    }
}

/// A text that people read says nothing.
fn hollow(event: &mut Value, how: u8) {
    let read =
        ["task_description", "reasoning", "tool_purpose", "tool_name", "final_response", "summary", "reason"];
    let there: Vec<&str> = read.into_iter().filter(|name| event.get(*name).is_some()).collect();
    if let Some(name) = pick(&there, how / 5) {
        event[*name] = json!(["", " ", "...", "TODO", "Agent is thinking…"][usize::from(how % 5)]);
    }
}

/// An event changes places with its request.
fn precede(items: &mut [Item], place: usize) {
    let request = event(&items[place]).and_then(|event| event.get("request_id")?.as_str()).map(str::to_owned);
    let asked = items[..place]
        .iter()
        .position(|item| matches!(&item.what, What::Request { id, .. } if Some(id) == request.as_ref()));
    if let Some(asked) = asked.filter(|asked| items[*asked].user == items[place].user) {
        let early = items[asked].t_ns;
        items[asked..=place].rotate_right(1);
        items[asked].t_ns = early;
    }
}

fn pick<T>(from: &[T], drawn: u8) -> Option<&T> {
    from.get(usize::from(drawn) % from.len().max(1))
}

/// The place of a received frame, run events twice as likely as others.
fn received(items: &[Item], drawn: u16) -> Option<usize> {
    let frames = (0..items.len()).filter(|at| matches!(items[*at].what, What::In(_)));
    let events =
        (0..items.len()).filter(|at| event(&items[*at]).is_some_and(|event| event.get("seq").is_some()));
    let places: Vec<usize> = frames.chain(events).collect();
    places.get(usize::from(drawn) % places.len().max(1)).copied()
}

fn event(item: &Item) -> Option<&Value> {
    if let What::In(value) = &item.what { Some(value) } else { None }
}

fn edit(items: &mut [Item], at: u16, change: impl FnOnce(&mut Value)) {
    if let Some(at) = received(items, at)
        && let What::In(event) = &mut items[at].what
    {
        change(event);
    }
}

/// Puts an item in so many places after another; it comes when its neighbour does.
fn put_after(items: &mut Vec<Item>, at: usize, later: u8, mut item: Item) {
    let place = (at + 1 + usize::from(later)).min(items.len());
    item.t_ns = items[place - 1].t_ns;
    items.insert(place, item);
}

fn again(items: &mut Vec<Item>, at: u16, later: u8, change: impl FnOnce(&mut Value)) {
    let Some(at) = received(items, at) else { return };
    let mut copy = items[at].clone();
    if let What::In(event) = &mut copy.what {
        change(event);
    }
    put_after(items, at, later, copy);
}

fn swap(items: &mut [Item], at: u16, by: u8) {
    let Some(one) = received(items, at) else { return };
    let others: Vec<usize> = (one + 1..items.len())
        .filter(|other| items[*other].conn == items[one].conn && event(&items[*other]).is_some())
        .collect();
    let Some(other) = others.get(usize::from(by) % others.len().max(1)).copied() else { return };
    items.swap(one, other);
    let (early, late) = (items[other].t_ns, items[one].t_ns);
    (items[one].t_ns, items[other].t_ns) = (early, late);
}

fn misdate(event: &mut Value, how: u8) {
    let all = OFF_MS.len() + MISSPELT.len() + 1;
    let how = usize::from(how) % all;
    let Some(made) = event.get("timestamp").and_then(Value::as_str).and_then(super::reading::unix_ms) else {
        return;
    };
    event["timestamp"] = match how.checked_sub(OFF_MS.len()) {
        None => json!(timestamp(made + OFF_MS[how])),
        Some(how) => MISSPELT.get(how).map_or_else(|| json!(made), |text| json!(text)),
    };
}

fn freeze(items: &mut [Item], at: u16) {
    let Some(from) = received(items, at) else { return };
    let Some(stands) = event(&items[from]).and_then(|event| event.get("timestamp")).cloned() else { return };
    for item in &mut items[from..] {
        if let What::In(event) = &mut item.what
            && event.get("timestamp").is_some()
        {
            event["timestamp"] = stands.clone();
        }
    }
}

fn leak(items: &mut Vec<Item>, at: u16, to: u8, moved: bool) {
    let Some(from) = received(items, at) else { return };
    let closed =
        |conn| items[..from].iter().any(|item| matches!(item.what, What::Close(..)) && item.conn == conn);
    let greeted = |item: &&Item| {
        event(item).is_some_and(|event| event["type"] == "connection_established")
            && item.conn != items[from].conn
            && !closed(item.conn)
    };
    let open: Vec<(Option<u32>, Option<String>)> =
        items[..from].iter().filter(greeted).map(|item| (item.conn, item.user.clone())).collect();
    let Some((conn, user)) = pick(&open, to).cloned() else { return };
    if moved {
        (items[from].conn, items[from].user) = (conn, user);
    } else {
        let copy = Item { conn, user, ..items[from].clone() };
        put_after(items, from, 0, copy);
    }
}

fn garble(items: &mut [Item], at: u16, how: u8) {
    let Some(at) = received(items, at) else { return };
    let Some(text) = event(&items[at]).map(Value::to_string) else { return };
    items[at].what = match how % 8 {
        0 => What::Raw(text[..text.len() / 2].to_owned(), None),
        1 => What::Raw("pong".to_owned(), None),
        2 => What::Raw(format!("{text}{text}"), None),
        3 => What::Raw(format!("[{text}]"), None),
        4 => What::Raw("c29tZSBieXRlcw==".to_owned(), Some("binary")),
        5 => What::Raw(String::new(), Some("invalid_utf8")),
        6 => What::Raw(Value::String(text).to_string(), None),
        _ => What::Raw("{\"type\":\"x.progress\",\"done\":3}".to_owned(), None),
    };
}

/// The backend is late with everything from here on, and says so in its timestamps; or one frame is late on its way.
fn delay(items: &mut [Item], at: u16, by: u8, all: bool) {
    let Some(from) = received(items, at) else { return };
    let Some(late_ms) = pick(LATE_MS, by).copied() else { return };
    if !all {
        let late = items[from].t_ns + late_ms * MS;
        let conn = items[from].conn;
        // What the client receives after it waits for it; what the client does, does not.
        let waits = |item: &&mut Item| {
            item.conn == conn && matches!(item.what, What::In(_) | What::Raw(..) | What::Close(..))
        };
        for item in items.iter_mut().skip(from).filter(waits) {
            item.t_ns = item.t_ns.max(late);
        }
        items.sort_by_key(|item| item.t_ns);
        return;
    }
    wait(items, from, late_ms);
}

/// The backend does nothing for so long before an event, and everything after it is as late.
fn wait(items: &mut [Item], from: usize, late_ms: u64) {
    let began_ns = items[from].t_ns;
    for item in &mut items[from..] {
        item.t_ns += late_ms * MS;
        let What::In(event) = &mut item.what else { continue };
        let made = event.get("timestamp").and_then(Value::as_str).and_then(super::reading::unix_ms);
        let edge = T0_MS + i64::try_from(began_ns / MS).unwrap_or(i64::MAX);
        if let Some(made) = made.filter(|made| *made + 20 >= edge) {
            event["timestamp"] = json!(timestamp(made + i64::try_from(late_ms).unwrap_or_default()));
        }
    }
}

fn plant(event: &mut Value, which: u8) {
    let canary = reference(usize::from(which % 3));
    for name in
        ["task_description", "reasoning", "tool_purpose", "text", "final_response", "reason", "connection_id"]
    {
        if let Some(text) = event.get(name).and_then(Value::as_str) {
            event[name] = json!(format!("{text} {canary}"));
            return;
        }
    }
}

fn relabel(event: &mut Value, how: u8) {
    let number = how / 8 % 3;
    let (name, value) = match how % 4 {
        0 => ("user_id", user_name(usize::from(number))),
        1 => ("thread_id", format!("thread-{number}")),
        2 => ("run_id", format!("run-{number}")),
        _ => ("request_id", format!("request-{number}")),
    };
    if event.get(name).is_some() {
        event[name] = json!(value);
    }
}

/// The connection of a frame ends before it, and with it all that would have come.
fn close(items: &mut Vec<Item>, at: u16, how: u8) {
    let Some(from) = received(items, at) else { return };
    let (t_ns, conn, user) = (items[from].t_ns, items[from].conn, items[from].user.clone());
    let (code, by) = match how % 4 {
        0 => (Some(1000), ClosedBy::Client),
        1 => (None, ClosedBy::Client),
        2 => (Some(1006), ClosedBy::Transport),
        _ => (Some(4002), ClosedBy::Server),
    };
    let mut place = 0;
    items.retain(|item| {
        place += 1;
        place <= from || item.conn != conn
    });
    items.insert(from, Item { t_ns, conn, user, what: What::Close(code, by) });
}

/// From a frame on, the events of its run are another run's, of the same request.
fn second_run(items: &mut [Item], at: u16) {
    let Some(from) = received(items, at) else { return };
    let Some(run) = event(&items[from]).and_then(|event| event.get("run_id")).cloned() else { return };
    let mut seq = 0;
    for item in &mut items[from..] {
        if let What::In(event) = &mut item.what
            && event.get("run_id") == Some(&run)
            && event.get("seq").is_some()
        {
            seq += 1;
            event["run_id"] = json!("run-of-a-retry");
            event["seq"] = json!(seq);
        }
    }
}
