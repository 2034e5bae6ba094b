//! Fields that people read, and that say nothing.

use super::said::{Said, one_of};
use crate::Message;
use goldenpath_protocol::EventType;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

const BLANKS: &[&str] = &["", " ", "   ", "\n", "\t\n", "\u{a0}", "\u{200b}", "\u{2060}\u{200b} "];

const PLACEHOLDERS: &[&str] = &[
    "...",
    "…",
    "-",
    "Agent is thinking…",
    "Agent is thinking...",
    "The agent is processing your request.",
    "Thinking...",
    "TODO",
    "TODO: fill in",
    "TBD",
    "N/A",
    "null",
    "undefined",
    "None",
    "Processing your request...",
    "Analyzing your request…",
    "Working on it...",
    "Please wait while the agent is working...",
    "Lorem ipsum dolor sit amet, consectetur adipiscing elit.",
    "{reasoning}",
    "{{ summary }}",
    "${text}",
    "<placeholder>",
    "[insert text here]",
    "%s",
    "placeholder text",
    "string",
];

/// A thought without a word.
pub(super) fn reasoning(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    (message.event() == Some(EventType::AgentThinking)).then_some(())?;
    let blank = one_of(rng, BLANKS)?;
    Some((Said::Message(message.clone().with("reasoning", blank)), "`reasoning` is empty".to_owned()))
}

/// A placeholder in a field that people read.
pub(super) fn placeholder(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let fields: &[&str] = match message.event()? {
        EventType::AgentStarted => &["task_description"],
        EventType::AgentThinking => &["reasoning"],
        EventType::ToolExecuting => &["tool_purpose"],
        EventType::AgentCompleted => &["summary", "final_response"],
        _ => return None,
    };
    let (field, says) = (one_of(rng, fields)?, one_of(rng, PLACEHOLDERS)?);
    Some((Said::Message(message.clone().with(field, says)), format!("`{field}` says `{says}`")))
}

/// Results of a success that hold nothing.
pub(super) fn results(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let succeeded = message.get("success") == Some(&Value::Bool(true));
    (message.event() == Some(EventType::ToolCompleted) && succeeded).then_some(())?;
    let empty = one_of(
        rng,
        &[
            "{}",
            "{\"data\":{}}",
            "{\"result\":null}",
            "{\"items\":[],\"note\":\"\"}",
            "{\"data\":{\"items\":[]}}",
            "{\"rows\":[{}]}",
            "{\"output\":\"   \"}",
        ],
    )?;
    let results: Value = empty.parse().unwrap_or(json!({}));
    Some((Said::Message(message.clone().with("results", results)), format!("`results` is `{empty}`")))
}
