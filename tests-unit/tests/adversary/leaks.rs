//! What belongs to somebody else, in places and spellings that nobody listed.

use super::Row;
use super::notes::{Notes, by, events, hidden_in, raw, retold};
use goldenpath_faults::{Aim, Fault, Message, Step};
use goldenpath_history::{Direction, RecordKind};
use goldenpath_simulator::{Content, Scenario};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(super) const ROWS: &[Row] = &[
    Row::new("split over deltas", &["isolation/canary"], split),
    Row::new("in an event beyond the schema", &["isolation/canary"], beside),
    Row::new("as the key of an object", &["isolation/canary"], as_key),
    Row::new("in control frames", &["isolation/canary"], in_frames),
    Row::new("as the title of a thread", &["isolation/canary"], as_title),
    Row::new("in capitals", &["isolation/canary"], |seed| disguised(seed, str::to_uppercase)),
    Row::new("a name in capitals", &["isolation/canary"], |seed| named(seed, str::to_uppercase)),
    Row::new("in upper-case hex", &["isolation/canary"], |seed| {
        disguised(seed, |text| text.bytes().map(|byte| format!("{byte:02X}")).collect())
    }),
    Row::new("in percent escapes, every byte", &["isolation/canary"], |seed| disguised(seed, percent)),
    Row::new("in percent escapes, escaped again", &["isolation/canary"], |seed| {
        disguised(seed, |text| percent(text).replace('%', "%25"))
    }),
    Row::new("in HTML references", &["isolation/canary"], |seed| {
        disguised(seed, |text| text.bytes().map(|byte| format!("&#{byte};")).collect())
    }),
    Row::new("in JSON escapes, escaped again", &["isolation/canary"], |seed| {
        disguised(seed, |text| text.bytes().map(|byte| format!("\\u{byte:04x}")).collect())
    }),
    Row::new("in base64 of base64", &["isolation/canary"], |seed| {
        disguised(seed, |text| base64(base64(format!("[{text}]").as_bytes()).as_bytes()))
    }),
    Row::new("in base64 with broken lines", &["isolation/canary"], |seed| disguised(seed, mime)),
    Row::new("in base64 of UTF-16", &["isolation/canary"], |seed| {
        disguised(seed, |text| base64(&text.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<u8>>()))
    }),
    Row::new("a name in the last paragraph of the last run", &["isolation/canary"], last_words),
    Row::new("in bytes that are no text", &["isolation/canary"], in_bytes),
    Row::new("in what is kept of a run", &["isolation/canary"], stored).in_session(Scenario::golden_path),
    Row::new("in the message of an error", &["isolation/canary"], |seed| in_field("error", "message", seed))
        .in_session(|| Scenario::golden_path().with_drain().without_store()),
    Row::new("a name in the message of an error", &["isolation/canary"], name_in_error)
        .in_session(|| Scenario::golden_path().with_drain().without_store()),
    Row::new("a name in an event beyond the schema", &["isolation/canary"], name_beside),
    Row::new("in the reason of a close", &["isolation/canary"], in_close)
        .in_session(|| Scenario::golden_path().with_drain().without_store()),
    Row::new(
        "an event without content, of another's run",
        &["isolation/run-owner", "isolation/canary"],
        labels_beside,
    ),
    Row::new("one foreign name among long texts", &["isolation/canary"], |seed| named(seed, str::to_owned))
        .in_session(|| Scenario::golden_path().content(Content::Long).without_store()),
    Row::new("a thread of another user", &["isolation/thread", "isolation/run-owner"], |seed| {
        foreign_thread(seed)
    }),
];

/// The foreign reference comes in two to five pieces, one at the beginning of each next delta.
fn split(seed: u64) -> Box<dyn Fault> {
    let mut left: HashMap<String, Vec<String>> = HashMap::new();
    events(seed, "a piece of a foreign reference", move |case| {
        if !case.message.is("response_delta") {
            return None;
        }
        if !left.contains_key(case.run) {
            let foreign: Vec<char> = case.notes.foreign_reference(case.user)?.chars().collect();
            let size = foreign.len().div_ceil(2 + case.aim.choice(case.run, 0, 4));
            let pieces = foreign.chunks(size).rev().map(|piece| piece.iter().collect()).collect();
            left.insert(case.run.to_owned(), pieces);
            let first = left.get_mut(case.run)?.pop()?;
            return Some(retold(case.message, "text", |own| own.to_owned() + &first));
        }
        let rest = left.get_mut(case.run)?;
        // The last piece stands before what else its delta says.
        let piece = rest.pop()?;
        let own = if rest.is_empty() { case.message.text("text").unwrap_or_default() } else { "" };
        Some(case.message.clone().with("text", piece + own))
    })
}

/// A name of a foreign reference beside the run, in a type that is to be ignored.
fn beside(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let Some((message, run)) = act.event().filter(|(message, _)| message.is("response_delta")) else {
            return;
        };
        let user = message.text("user_id").unwrap_or_default();
        if let Some(foreign) = notes.foreign_reference(user).filter(|_| aim.hits(run)) {
            let note = json!({ "type": "x.progress", "cache": { "keys": ["a", format!("p:{foreign}:v2")] } });
            act.add(raw(step, note.to_string()), "a foreign key of a cache");
        }
    })
}

/// A run event's labels in a type that is to be ignored: no content, but somebody else's run.
fn labels_beside(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let Some((message, run)) = act.event().filter(|(message, _)| message.is("tool_completed")) else {
            return;
        };
        let user = message.text("user_id").unwrap_or_default();
        let foreign = notes.foreign(user, "agent_started").last().and_then(Message::run).map(str::to_owned);
        if let Some(foreign) = foreign.filter(|_| aim.hits(run)) {
            let note = json!({ "type": "x.tick", "run_id": foreign, "step": 3 });
            act.add(raw(step, note.to_string()), "a tick of another user's run");
        }
    })
}

fn as_key(seed: u64) -> Box<dyn Fault> {
    events(seed, "a foreign reference as a key", |case| {
        let foreign = case.notes.foreign_reference(case.user)?.to_owned();
        let mut results = case.message.get("results")?.clone();
        results.as_object_mut()?.insert("seen".to_owned(), json!({ foreign: 1 }));
        Some(case.message.clone().with("results", results))
    })
}

/// A foreign reference in a further field of what is no run event.
fn in_frames(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let (Some(message), Some(conn)) =
            (act.message().filter(|message| message.run().is_none()), step.conn)
        else {
            return;
        };
        let user = act.scene().user_of(conn).unwrap_or_default();
        if message.event().is_none()
            && let Some(foreign) = notes.foreign_reference(user)
            && aim.hits(&message.to_raw())
        {
            let made = message.clone().with("last", json!({ "asked": foreign }));
            act.say(made, "what another user asked last");
        }
    })
}

fn as_title(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let (Some(message), Some(conn)) = (act.message(), step.conn) else { return };
        let user = act.scene().user_of(conn).unwrap_or_default();
        if message.is("request_accepted")
            && let Some(foreign) = notes.foreign_reference(user)
            && aim.hits(&message.to_raw())
        {
            let title = format!("My costs. Reference: {foreign}");
            act.say(message.clone().with("title", title), "the title of another user's thread");
        }
    })
}

/// A foreign reference in any event, spelt otherwise.
fn disguised(seed: u64, spelling: fn(&str) -> String) -> Box<dyn Fault> {
    events(seed, "a foreign reference in disguise", move |case| {
        let foreign = case.notes.foreign_reference(case.user)?;
        let place = case.aim.choice(case.run, case.message.whole("seq").unwrap_or(0), 3);
        (place != 2).then(|| hidden_in(case.message, &spelling(foreign), place))
    })
}

/// The name of something that another user has, spelt otherwise.
fn named(seed: u64, spelling: fn(&str) -> String) -> Box<dyn Fault> {
    events(seed, "a foreign name", move |case| {
        if !case.message.is("agent_completed") {
            return None;
        }
        let foreign = case.notes.foreign_name(case.user)?;
        Some(retold(case.message, "final_response", |own| {
            own.replacen('\n', &format!(" Compare {}.\n", spelling(&foreign)), 1)
        }))
    })
}

/// Answer and last delta end with a foreign name, in the last run of a session only.
fn last_words(seed: u64) -> Box<dyn Fault> {
    let (mut notes, mut aim) = (Notes::default(), Aim::new(seed));
    by(move |step, act| {
        notes.see(step, act);
        let Some((message, run)) = act.event().filter(|(message, _)| message.is("agent_completed")) else {
            return;
        };
        let last = act.scene().run(run).is_some_and(|run| run.earlier == 2);
        let user = message.text("user_id").unwrap_or_default();
        let words = ["Unlike", "See also", "Next to", "As with"][aim.choice(run, 0, 4)];
        if let Some(foreign) = notes.foreign_name(user).filter(|_| last) {
            let made = retold(message, "final_response", |own| format!("{own}\n\n{words} {foreign}."));
            act.say(made, "the last words are about another user's data");
        }
    })
}

fn in_bytes(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let Some((message, run)) = act.event().filter(|(message, _)| message.is("agent_thinking")) else {
            return;
        };
        let user = message.text("user_id").unwrap_or_default();
        if let Some(foreign) = notes.foreign_reference(user).filter(|_| aim.hits(run)) {
            let bytes = [&[0x82, 0xa1, 0x71][..], foreign.as_bytes(), &[0xc0]].concat();
            let kind = RecordKind::Frame {
                dir: Direction::In,
                raw: base64(&bytes).into(),
                opcode: Some("binary".into()),
            };
            act.add(Step { kind, ..step.clone() }, "bytes that hold a foreign reference");
        }
    })
}

fn stored(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let RecordKind::Mark { name, note: Some(note) } = &step.kind else { return };
        let Ok(mut document) = serde_json::from_str::<Value>(note) else { return };
        let Some(run) = document["run_id"].as_str().filter(|_| name == "store").map(str::to_owned) else {
            return;
        };
        let user = step.user.as_deref().unwrap_or_default();
        if let Some(foreign) = notes.foreign_reference(user).filter(|_| aim.hits(&run)) {
            document["body"]["context"] = json!({ "previous": foreign });
            let kind = RecordKind::Mark { name: name.clone(), note: Some(document.to_string().into()) };
            act.alter(Step { kind, ..step.clone() }, "kept with what another user asked");
            act.concerning(&run);
        }
    })
}

/// A foreign reference in a text of frames of this type.
fn in_field(kind: &'static str, field: &'static str, seed: u64) -> Box<dyn Fault> {
    let mut references: Vec<(String, String)> = Vec::new();
    let mut aim = Aim::new(seed);
    by(move |step, act| {
        if let (RecordKind::Frame { dir: Direction::Out, raw, .. }, Some(user)) = (&step.kind, &step.user)
            && let Some(at) = raw.find("gp-")
        {
            references.push((user.to_string(), raw[at..].chars().take(35).collect()));
        }
        let (Some(user), Some(message)) = (&step.user, act.message().filter(|message| message.is(kind)))
        else {
            return;
        };
        let foreign = references.iter().rev().find(|(owner, _)| owner != user);
        if let Some((_, foreign)) = foreign.filter(|_| aim.hits(&message.to_raw())) {
            act.say(retold(message, field, |own| format!("{own} (after {foreign})")), "a foreign reference");
        }
    })
}

fn name_in_error(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let Some(message) = act.message().filter(|message| message.is("error")) else { return };
        let foreign = step.user.as_deref().and_then(|user| notes.foreign_name(user));
        if let Some(foreign) = foreign.filter(|_| aim.hits(&message.to_raw())) {
            let told = retold(message, "message", |own| format!("{own}; last row: {foreign}"));
            act.say(told, "a foreign name");
        }
    })
}

fn name_beside(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let Some((message, run)) = act.event().filter(|(message, _)| message.is("response_delta")) else {
            return;
        };
        let foreign = notes.foreign_name(message.text("user_id").unwrap_or_default());
        if let Some(foreign) = foreign.filter(|_| aim.hits(run)) {
            let note = json!({ "type": "x.source", "row": { "resource": foreign } });
            act.add(raw(step, note.to_string()), "a row of another user's");
        }
    })
}

fn in_close(seed: u64) -> Box<dyn Fault> {
    let (mut aim, mut notes) = (Aim::new(seed), Notes::default());
    by(move |step, act| {
        notes.see(step, act);
        let (RecordKind::Close { code, by, .. }, Some(user)) = (&step.kind, &step.user) else { return };
        if let Some(foreign) = notes.foreign_reference(user).filter(|_| aim.hits(user)) {
            let reason = Some(format!("draining {foreign}").into());
            let kind = RecordKind::Close { code: *code, reason, by: *by };
            act.alter(Step { kind, ..step.clone() }, "closed with a foreign reference");
        }
    })
}

fn foreign_thread(seed: u64) -> Box<dyn Fault> {
    events(seed, "labelled with a thread of another user", |case| {
        let foreign = case.notes.foreign(case.user, "agent_started").next()?.text("thread_id")?;
        case.message.is_terminal().then(|| case.message.clone().with("thread_id", foreign))
    })
}

fn percent(text: &str) -> String {
    text.bytes().map(|byte| format!("%{byte:02x}")).collect()
}

/// A text of some length around it, in lines of 76 characters.
fn mime(text: &str) -> String {
    let encoded = base64(format!("Content-Type: text/plain; charset=utf-8; q={text}; end").as_bytes());
    let chars: Vec<char> = encoded.chars().collect();
    let lines: Vec<String> = chars.chunks(76).map(|line| line.iter().collect()).collect();
    lines.join("\r\n")
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let bits =
            group.iter().fold(0_u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - group.len()));
        for place in 0..4 {
            let digit = DIGITS[(bits >> (18 - 6 * place)) as usize & 63];
            text.push(if place <= group.len() { char::from(digit) } else { '=' });
        }
    }
    text
}
