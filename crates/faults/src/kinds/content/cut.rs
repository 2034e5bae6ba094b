//! Texts that end after 500 characters, whatever they still had to say.

use crate::places::Places;
use crate::{Act, Aim, Fault, Message, Step};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::HashMap;

const LIMIT: usize = 500;

/// Which texts have the limit.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Limited {
    /// Only the answer, at the end.
    Answer,
    /// Thoughts, summaries, answers.
    Texts,
    /// Texts among the results of tools; the answer of who has no long ones.
    Results,
    /// The answer, before it is streamed.
    Stream,
}

/// Cuts the longer texts of some users.
pub(super) struct Cut {
    limited: Limited,
    /// What shows that something is missing, if anything does; it counts or it comes on top.
    mark: &'static str,
    mark_counts: bool,
    aim: Aim,
    places: Places,
    streamed: HashMap<(Option<u32>, String), usize>,
    /// Whether a tool found a long text.
    long_results: bool,
}

impl Cut {
    pub(super) fn new(seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed);
        let limited = [Limited::Answer, Limited::Texts, Limited::Results, Limited::Stream];
        let marks = ["", "", "...", "…", "... [truncated]"];
        let limited = limited[rng.random_range(0..limited.len())];
        let mark = if limited == Limited::Stream { "" } else { marks[rng.random_range(0..marks.len())] };
        Self {
            limited,
            mark,
            mark_counts: rng.random_bool(0.5),
            aim: Aim::new(seed),
            places: Places::default(),
            streamed: HashMap::new(),
            long_results: false,
        }
    }

    /// The text that is left of a longer one.
    fn left_of(&self, text: &str) -> Option<String> {
        (text.chars().count() > LIMIT).then(|| {
            let counted = if self.mark_counts { self.mark.chars().count() } else { 0 };
            let left: String = text.chars().take(LIMIT - counted).collect();
            left + self.mark
        })
    }

    fn shorten(&self, value: &mut Value) -> bool {
        match value {
            Value::String(text) => match self.left_of(text) {
                Some(left) => {
                    *text = left;
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    fn cut(&self, message: &mut Message) -> bool {
        let names: &[&str] = match self.limited {
            Limited::Answer | Limited::Stream => &["final_response"],
            Limited::Texts => &["reasoning", "task_description", "summary", "final_response", "tool_purpose"],
            Limited::Results if self.long_results => &["results"],
            Limited::Results => &["results", "final_response"],
        };
        let mut cut = false;
        for name in names {
            match message.fields().get_mut(*name) {
                Some(Value::Object(results)) => {
                    for value in results.values_mut() {
                        cut |= self.shorten(value);
                    }
                }
                Some(value) => cut |= self.shorten(value),
                None => {}
            }
        }
        cut
    }

    /// What comes of a piece of an answer that has the limit before it is streamed.
    fn stream(&mut self, step: &Step, message: &Message, run: &str, act: &mut Act<'_>) {
        let place = (step.conn, run.to_owned());
        let streamed = self.streamed.entry(place).or_default();
        let text = message.text("text").unwrap_or_default();
        let left: String = text.chars().take(LIMIT.saturating_sub(*streamed)).collect();
        *streamed += text.chars().count();
        if left.len() == text.len() {
            return;
        }
        if left.is_empty() {
            self.places.give_up(step.conn, run, message);
            return act.lose("a piece of the answer behind its limit");
        }
        act.say(message.clone().with("text", left), "the last piece of an answer of 500 characters");
    }
}

impl Fault for Cut {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        // A limit is a limit in every run of whoever has it.
        let whose = message.text("user_id").unwrap_or(run);
        if !self.aim.hits(whose) {
            return;
        }
        if self.limited == Limited::Stream && message.is("response_delta") {
            return self.stream(step, message, run, act);
        }
        let mut said = message.clone();
        if !self.cut(&mut said) {
            return;
        }
        self.long_results |= message.is("tool_completed");
        let lost = self.places.free(step.conn, run);
        if lost > 0 {
            said = self.places.fill(step.conn, run, said);
            let told = message.whole("event_count").unwrap_or(lost);
            said = said.with("event_count", told.saturating_sub(lost));
        }
        act.say(said, format!("a text of `{}` was cut at {LIMIT} characters", message.kind()));
    }
}
