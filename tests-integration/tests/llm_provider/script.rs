//! What a model provider answers, as the chunks of its stream; and a mock that gives one answer after the other.

use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};
use std::time::Instant;
use wiremock::matchers::{body_string_contains, method, path};
use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate};

fn chunk(delta: &Value, finish: Option<&str>) -> String {
    let choice = json!({ "index": 0, "delta": delta, "finish_reason": finish });
    format!(
        "data: {}\n\n",
        json!({ "id": "c", "object": "chat.completion.chunk", "model": "played", "choices": [choice] })
    )
}

/// A piece of the answer.
pub(crate) fn text(text: &str) -> String {
    chunk(&json!({ "content": text }), None)
}

/// A piece of what the model thinks aloud.
pub(crate) fn thought(text: &str) -> String {
    chunk(&json!({ "reasoning_content": text }), None)
}

/// A piece of a refusal.
pub(crate) fn refusal(text: &str) -> String {
    chunk(&json!({ "refusal": text }), None)
}

/// The begin of a tool call.
pub(crate) fn call(index: u32, id: &str, tool: &str, arguments: &str) -> String {
    let function = json!({ "name": tool, "arguments": arguments });
    let call = json!({ "index": index, "id": id, "type": "function", "function": function });
    chunk(&json!({ "tool_calls": [call] }), None)
}

/// More arguments of a call that has begun.
pub(crate) fn arguments(index: u32, piece: &str) -> String {
    let call = json!({ "index": index, "function": { "arguments": piece } });
    chunk(&json!({ "tool_calls": [call] }), None)
}

/// The end, with its reason.
pub(crate) fn end(reason: &str) -> String {
    format!("{}data: [DONE]\n\n", chunk(&json!({}), Some(reason)))
}

/// A whole answer as a stream.
pub(crate) fn stream(pieces: &[String]) -> ResponseTemplate {
    ResponseTemplate::new(200).set_body_raw(pieces.concat(), "text/event-stream")
}

/// When a mock was asked.
pub(crate) type Asked = Arc<Mutex<Vec<Instant>>>;

type Answer = Box<dyn Fn() -> ResponseTemplate + Send + Sync>;

struct InTurn {
    answers: Mutex<VecDeque<Answer>>,
    asked: Asked,
}

impl Respond for InTurn {
    fn respond(&self, _: &Request) -> ResponseTemplate {
        self.asked.lock().unwrap().push(Instant::now());
        let next = self.answers.lock().unwrap().pop_front();
        next.map_or_else(|| ResponseTemplate::new(404), |answer| answer())
    }
}

/// Lets `server` answer the prompts that hold `words` with one answer after the other, and 404 when there are no more.
pub(crate) async fn answering(server: &MockServer, words: &str, answers: Vec<ResponseTemplate>) -> Asked {
    let made = |answer: ResponseTemplate| -> Answer { Box::new(move || answer.clone()) };
    answering_by(server, words, answers.into_iter().map(made).collect()).await
}

/// The same with answers that are made when they are asked for.
pub(crate) async fn answering_by(server: &MockServer, words: &str, answers: Vec<Answer>) -> Asked {
    let asked = Asked::default();
    let in_turn = InTurn { answers: Mutex::new(answers.into()), asked: Arc::clone(&asked) };
    Mock::given(method("POST"))
        .and(path("/v1/chat/completions"))
        .and(body_string_contains(words))
        .respond_with(in_turn)
        .mount(server)
        .await;
    asked
}
