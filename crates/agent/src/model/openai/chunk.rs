//! One piece of a provider's answer, as far as it is read. Everything may be absent or null: providers differ.

use serde::Deserialize;
use serde::de::IgnoredAny;

/// What one `data:` line holds, or the whole body of a provider that does not stream.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    choices: Option<Vec<Choice>>,
    error: Option<IgnoredAny>,
}

impl Chunk {
    /// The piece of the one answer that was asked for; chunks about other things, such as usage, have none.
    pub(super) fn choice(self) -> Option<Choice> {
        self.choices?.into_iter().find(|choice| choice.index.unwrap_or(0) == 0)
    }

    /// Whether the provider reports, in the middle of a stream, that it failed.
    pub(super) fn is_error(&self) -> bool {
        self.error.is_some()
    }
}

/// A piece of one answer.
#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    index: Option<u32>,
    delta: Option<Delta>,
    /// Instead of `delta` where nothing is streamed.
    message: Option<Delta>,
    pub(super) finish_reason: Option<String>,
}

impl Choice {
    /// What is new.
    pub(super) fn delta(&mut self) -> Delta {
        self.delta.take().or_else(|| self.message.take()).unwrap_or_default()
    }
}

/// What is new.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Delta {
    pub(super) content: Option<String>,
    pub(super) refusal: Option<String>,
    reasoning_content: Option<String>,
    reasoning: Option<String>,
    pub(super) tool_calls: Option<Vec<CallDelta>>,
}

impl Delta {
    /// What the model thinks aloud, by either of the names it goes by.
    pub(super) fn thought(&mut self) -> Option<String> {
        self.reasoning_content.take().or_else(|| self.reasoning.take())
    }
}

/// A piece of a tool call.
#[derive(Debug, Default, Deserialize)]
pub(super) struct CallDelta {
    pub(super) index: Option<u32>,
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionDelta>,
}

/// A piece of what is called.
#[derive(Debug, Default, Deserialize)]
pub(super) struct FunctionDelta {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<String>,
}
