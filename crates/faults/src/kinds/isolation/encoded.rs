//! Another user's text inside a tool's result, where nobody reads it at a glance.

use crate::message::raw_in_place_of;
use crate::{Act, Aim, Fault, Message, Step};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE_NO_PAD};
use serde_json::json;
use std::collections::HashMap;

/// Fields of results that people do not read.
const FIELDS: &[&str] = &["cursor", "cache_key", "trace", "continuation", "debug_context", "blob"];

/// What stands in a result until its escapes are written by hand.
const PLACE: &str = "@leak@";

/// How the text is written.
#[derive(Debug, Clone, Copy)]
enum Writing {
    Base64,
    Base64Unpadded,
    Base64Url,
    /// With a line end after each 76 characters, as in mails.
    Base64Lines,
    Hex,
    HexUpper,
    Percent,
    PercentLower,
    /// Every character as a JSON escape on the wire.
    Escapes,
    /// JSON inside JSON: the escapes are text themselves.
    EscapesTwice,
}

const WRITINGS: [Writing; 10] = [
    Writing::Base64,
    Writing::Base64Unpadded,
    Writing::Base64Url,
    Writing::Base64Lines,
    Writing::Hex,
    Writing::HexUpper,
    Writing::Percent,
    Writing::PercentLower,
    Writing::Escapes,
    Writing::EscapesTwice,
];

impl Writing {
    /// The text in this writing, as it is to stand in a JSON string, escapes and all.
    fn write(self, text: &str) -> String {
        let each = |one: fn(u8) -> String| text.bytes().map(one).collect::<String>();
        match self {
            Self::Base64 => STANDARD.encode(text),
            Self::Base64Unpadded => STANDARD_NO_PAD.encode(text),
            Self::Base64Url => URL_SAFE_NO_PAD.encode(text),
            Self::Base64Lines => {
                let all: Vec<char> = STANDARD.encode(text).chars().collect();
                let lines: Vec<String> = all.chunks(76).map(|line| line.iter().collect()).collect();
                lines.join("\\r\\n")
            }
            Self::Hex => each(|byte| format!("{byte:02x}")),
            Self::HexUpper => each(|byte| format!("{byte:02X}")),
            Self::Percent => each(|byte| format!("%{byte:02X}")),
            Self::PercentLower => each(|byte| format!("%{byte:02x}")),
            Self::Escapes | Self::EscapesTwice => {
                let slash = if matches!(self, Self::Escapes) { "\\" } else { "\\\\" };
                text.encode_utf16().map(|unit| format!("{slash}u{unit:04x}")).collect()
            }
        }
    }
}

/// Puts what another user asked or was told, encoded, into a result of the runs it hits.
pub(super) struct EncodedLeak {
    aim: Aim,
    writing: Writing,
    /// The alignment in base64 hangs on what stands before.
    before: &'static str,
    /// What each user asked or was told last.
    texts: Vec<(String, String)>,
    leaked: HashMap<(String, u64), Option<String>>,
}

impl EncodedLeak {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let before = ["", "q", "to", "ask", "for "][aim.pick(5)];
        #[allow(clippy::cast_possible_truncation, reason = "a place in a short list")]
        let writing = WRITINGS[(seed % WRITINGS.len() as u64) as usize];
        Self { aim, writing, before, texts: Vec::new(), leaked: HashMap::new() }
    }

    fn note(&mut self, user: &str, text: &str) {
        self.texts.retain(|(known, _)| known != user);
        self.texts.push((user.to_owned(), text.to_owned()));
    }

    /// The raw frame that shows `message` with somebody's text in its results.
    fn leak(&mut self, message: &Message, run: &str, user: &str) -> Option<String> {
        let others: Vec<&String> =
            self.texts.iter().filter(|(other, _)| other != user).map(|(_, text)| text).collect();
        if others.is_empty() || !message.get("results")?.is_object() || !self.aim.hits(run) {
            return None;
        }
        let text = format!("{}{}", self.before, others[self.aim.pick(others.len())]);
        let mut made = message.clone();
        let results = made.fields().get_mut("results")?.as_object_mut()?;
        let field = FIELDS[self.aim.pick(FIELDS.len())];
        let value = match self.aim.pick(3) {
            0 => json!(PLACE),
            1 => json!({ "v": 1, "state": PLACE }),
            _ => json!([1, { "k": [PLACE] }]),
        };
        results.insert(field.to_owned(), value);
        let raw = serde_json::to_string(made.fields()).ok()?;
        Some(raw.replace(PLACE, &self.writing.write(&text)))
    }
}

impl Fault for EncodedLeak {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let Some(sent) = Message::sent(step).filter(|sent| sent.is("agent_request")) {
            if let (Some(user), Some(text)) = (step.user.as_deref(), sent.text("message")) {
                self.note(user, text);
            }
            return;
        }
        let Some((message, run)) = act.event() else { return };
        let (Some(user), Some(seq)) = (message.text("user_id"), message.whole("seq")) else { return };
        if let Some(answer) = message.text("final_response") {
            self.note(user, answer);
        }
        if !message.is("tool_completed") {
            return;
        }
        let key = (run.to_owned(), seq);
        if !self.leaked.contains_key(&key) {
            let made = self.leak(message, run, user);
            self.leaked.insert(key.clone(), made);
        }
        if let Some(Some(raw)) = self.leaked.get(&key) {
            let what = format!("another user's text in a result, written as {:?}", self.writing);
            act.alter(raw_in_place_of(step, raw.clone()), what);
        }
    }
}
