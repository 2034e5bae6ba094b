//! Returns that are told otherwise than they were.

use super::Row;
use super::notes::{by, frames, moved};
use goldenpath_faults::{Aim, Fault, Message, Step};
use goldenpath_history::RecordKind;
use goldenpath_simulator::{Resume, Scenario};
use std::collections::{HashMap, HashSet};

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "called fresh, though it asked to resume and missed events",
        &["continuity/gap-signalled"],
        |seed| returned(seed, |greeting| greeting.with("recovered", "fresh").with("replay", 0), Replay::Lost),
    )
    .in_session(mid_run),
    Row::new(
        "called fresh, and replayed all the same",
        &["continuity/gap-signalled", "continuity/no-double", "continuity/no-gap"],
        |seed| returned(seed, |greeting| greeting.with("recovered", "fresh").with("replay", 0), Replay::Kept),
    )
    .in_session(mid_run),
    Row::new(
        "called failed, and replayed all the same",
        &["continuity/gap-signalled", "continuity/no-double", "continuity/no-gap"],
        |seed| {
            returned(seed, |greeting| greeting.with("recovered", "failed").with("replay", 0), Replay::Kept)
        },
    )
    .in_session(mid_run),
    Row::new(
        "one more announced than replayed",
        &["continuity/no-gap", "continuity/gap-signalled"],
        |seed| {
            returned(
                seed,
                |greeting| {
                    let replay = greeting.whole("replay").unwrap_or(0);
                    greeting.with("replay", replay + 1)
                },
                Replay::Kept,
            )
        },
    )
    .in_session(mid_run),
    Row::new(
        "the replay ends at another offset than it says",
        &["continuity/no-gap", "continuity/gap-signalled"],
        |seed| {
            frames("replay_end", seed, "another end", |message, aim| {
                let offset = message.whole("offset").unwrap_or(9);
                message.with("offset", offset + 2 - 4 * aim.pick(2) as u64)
            })
        },
    )
    .in_session(mid_run),
    Row::new(
        "the replay never says that it has ended",
        &["continuity/no-gap", "continuity/gap-signalled"],
        |seed| {
            let mut aim = Aim::new(seed);
            by(move |step, act| {
                if act.message().is_some_and(|message| message.is("replay_end"))
                    && aim.hits(&format!("{:?}", step.conn))
                {
                    act.lose("the end of a replay");
                }
            })
        },
    )
    .in_session(mid_run),
    Row::new(
        "offsets begin anew in the same epoch",
        &["continuity/epoch", "continuity/no-gap", "continuity/no-double"],
        anew,
    )
    .in_session(|| Scenario::golden_path().resuming(Resume::WithoutGap).without_store()),
    Row::new("all users are in one epoch", &["continuity/epoch"], one_epoch).in_session(mid_run),
    Row::new("a replayed event has an id of its own", &["delivery/tabs-agree"], |seed| {
        replayed(seed, |message| {
            let id = message.text("event_id").unwrap_or_default().to_owned();
            message.with("event_id", format!("{}0123456789ab", &id[..id.len().saturating_sub(12)]))
        })
    })
    .in_session(|| Scenario::golden_path().tabs(2).resuming(Resume::MidRun).without_store()),
    Row::new("replayed events are stamped when they are replayed", &["delivery/tabs-agree"], |seed| {
        replayed(seed, |message| moved(message, 31))
    })
    .in_session(|| Scenario::golden_path().tabs(2).resuming(Resume::MidRun).without_store()),
    Row::new("a replayed text lacks its last word", &["delivery/tabs-agree"], |seed| {
        replayed(seed, |mut message| {
            for field in ["reasoning", "tool_purpose", "text", "summary"] {
                if let Some(text) = message.text(field).map(str::to_owned) {
                    let chars = text.chars().count().saturating_sub(2);
                    message = message.with(field, text.chars().take(chars).collect::<String>());
                }
            }
            message
        })
    })
    .in_session(|| Scenario::golden_path().tabs(2).resuming(Resume::MidRun).without_store()),
    Row::new("only the second return loses an event", &["continuity/no-gap"], second_return)
        .in_session(|| Scenario::golden_path().resuming(Resume::Twice).without_store()),
];

fn mid_run() -> Scenario {
    Scenario::golden_path().resuming(Resume::MidRun).without_store()
}

#[derive(Clone, Copy, PartialEq)]
enum Replay {
    Kept,
    Lost,
}

/// Returns that the seed hits are greeted otherwise, with or without what they missed.
fn returned(seed: u64, greeting: fn(Message) -> Message, replay: Replay) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut replaying: HashSet<u32> = HashSet::new();
    by(move |step, act| {
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        if message.is("connection_established") && message.text("recovered") == Some("full") {
            if aim.hits(&conn.to_string()) {
                replaying.insert(conn);
                act.say(greeting(message.clone()), "a return greeted otherwise");
            }
        } else if replaying.contains(&conn) && replay == Replay::Lost {
            act.lose("not replayed");
        }
        if message.is("replay_end") {
            replaying.remove(&conn);
        }
    })
}

/// From a return on, a user's offsets count from one.
fn anew(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut base: HashMap<String, u64> = HashMap::new();
    by(move |step, act| {
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        let Some(user) = act.scene().user_of(conn).map(str::to_owned) else { return };
        let head = message.whole("offset").unwrap_or(0);
        if message.is("connection_established")
            && message.text("recovered") == Some("full")
            && aim.hits(&user)
        {
            base.insert(user.clone(), head);
        }
        if let Some(base) = base.get(&user)
            && message.get("offset").is_some()
        {
            act.say(message.clone().with("offset", head.saturating_sub(*base)), "counted anew");
        }
    })
}

fn one_epoch(seed: u64) -> Box<dyn Fault> {
    let epoch = format!("{:032x}", 0x00c0_ffee_u128 + u128::from(seed));
    by(move |step, act| {
        if let RecordKind::Open { url: Some(url), status, intended_t_ns, credential, body } = &step.kind
            && let Some((head, rest)) = url.split_once("resume=")
            && let Some((_, offset)) = rest.split_once(':')
        {
            let kind = RecordKind::Open {
                url: Some(format!("{head}resume={epoch}:{offset}").into()),
                status: *status,
                intended_t_ns: *intended_t_ns,
                credential: credential.clone(),
                body: body.clone(),
            };
            return act.alter(Step { kind, ..step.clone() }, "resumes the one epoch");
        }
        if let Some(message) = act.message().filter(|message| message.is("connection_established")) {
            act.say(message.clone().with("epoch", epoch.as_str()), "one epoch for all");
        }
    })
}

/// Events of a replay differ from what was live elsewhere.
fn replayed(seed: u64, change: fn(Message) -> Message) -> Box<dyn Fault> {
    let mut aim = Aim::all(seed);
    by(move |step, act| {
        let (Some(conn), Some((message, _))) = (step.conn, act.event()) else { return };
        let replaying = act.scene().conn(conn).is_some_and(|conn| conn.replaying);
        if replaying && aim.hits(message.text("event_id").unwrap_or_default()) {
            act.say(change(message.clone()), "replayed otherwise");
        }
    })
}

fn second_return(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::one_in(seed, 2);
    let mut lost: HashSet<u32> = HashSet::new();
    by(move |step, act| {
        let (Some(conn), Some((message, _))) = (step.conn, act.event()) else { return };
        let Some(view) = act.scene().conn(conn) else { return };
        let second = view.replaying && view.earlier == 2 && !message.is_terminal();
        if second && !lost.contains(&conn) && aim.hits(&conn.to_string()) {
            lost.insert(conn);
            act.lose("lost in the second replay");
        }
    })
}
