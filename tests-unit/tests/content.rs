//! What is said of single frames, rule by rule: a text or a shape on either side of every limit.

mod changed;
mod frames;
mod internals;
mod meaningful;
mod schema;
mod unicode;
mod whole;

use crate::story::Story;
use goldenpath_history::Expect;
use serde_json::{Value, json};

/// What a check observed first; nothing when it passes.
fn observed(story: &Story, id: &str) -> String {
    story.says(id).findings.into_iter().next().map(|finding| finding.observed).unwrap_or_default()
}

/// A run was asked for with this prompt.
fn asked(prompt: &str) -> Story {
    let mut story = Story::new();
    story.connect("ada").ask("ada", "run", Some(prompt), Expect::default());
    story
}

/// What a check says of one event of a run.
fn of_event(id: &str, prompt: &str, kind: &str, fields: Value) -> String {
    let mut story = asked(prompt);
    story.event("run", kind, fields);
    observed(&story, id)
}

/// What a check says of one thought.
fn of_thought(id: &str, prompt: &str, thought: &str) -> String {
    of_event(id, prompt, "agent_thinking", json!({ "reasoning": thought, "step_number": 1 }))
}

/// What a check says of one frame.
fn of_frame(id: &str, raw: &str) -> String {
    let mut story = asked("What of it?");
    story.frame("ada", raw);
    observed(&story, id)
}
