//! The store tells another story of a run than its stream did.

use crate::store_note::StoreNote;
use crate::{Act, Aim, Fault, Step};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, Value, json};

/// Rewrites the documents of some runs: as a lossy, late, limited or careless store would hold them.
pub(super) struct OtherStory {
    aim: Aim,
    rng: ChaCha8Rng,
}

impl OtherStory {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), rng: ChaCha8Rng::seed_from_u64(seed) }
    }
}

impl Fault for OtherStory {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(mut note) = StoreNote::of(step) else { return };
        let Some(run) = note.run().map(str::to_owned) else { return };
        if !self.aim.hits(&run) {
            return;
        }
        let rng = &mut self.rng;
        if rng.random_ratio(1, 8) {
            let body = json!({ "error": { "code": "unknown_run", "message": "there is no such run" } });
            return act
                .alter(note.answered(404, body).in_place_of(step), "the store knows nothing of the run");
        }
        let Some(document) = note.document() else { return };
        let what =
            if rng.random_bool(0.4) { retell_end(document, rng) } else { retell_events(document, rng) };
        act.alter(note.in_place_of(step), what);
    }
}

/// Another state, another answer, or none.
fn retell_end(document: &mut Map<String, Value>, rng: &mut ChaCha8Rng) -> &'static str {
    let answer = document.get("final_response").and_then(Value::as_str).map(str::to_owned);
    match (answer, rng.random_range(0..4)) {
        (Some(answer), 0) => {
            let left: String = answer.chars().take(answer.chars().count() * 3 / 4).collect();
            document.insert("final_response".to_owned(), left.into());
            "the stored answer ends early"
        }
        (Some(_), 1) => {
            document.insert("final_response".to_owned(), Value::Null);
            "no answer is stored"
        }
        (_, 2) => {
            document.insert("event_count".to_owned(), json!(1));
            "the stored count is another"
        }
        _ => {
            let running = document.get("state") != Some(&json!("running"));
            document.insert("state".to_owned(), json!(if running { "running" } else { "failed" }));
            "the stored state is another"
        }
    }
}

/// An event less, one twice, or one that says something else.
fn retell_events(document: &mut Map<String, Value>, rng: &mut ChaCha8Rng) -> &'static str {
    let Some(events) = document.get_mut("events").and_then(Value::as_array_mut).filter(|all| !all.is_empty())
    else {
        document.insert("state".to_owned(), json!("unknown"));
        return "the stored state is another";
    };
    let at = rng.random_range(0..events.len());
    let what = match rng.random_range(0..4) {
        0 => {
            events.remove(at);
            "an event was never stored"
        }
        1 => {
            let twice = events[at].clone();
            events.insert(at, twice);
            "an event was stored twice"
        }
        2 => {
            let stamp = events.last().and_then(|last| last.get("timestamp")).cloned().unwrap_or_default();
            for event in events.iter_mut().filter_map(Value::as_object_mut) {
                event.insert("timestamp".to_owned(), stamp.clone());
            }
            "events were stamped when they were stored"
        }
        _ => {
            if let Some(event) = events[at].as_object_mut() {
                let texts = ["reasoning", "text", "tool_purpose", "task_description", "summary", "tool_name"];
                let field = texts.into_iter().find(|field| event.contains_key(*field)).unwrap_or("reason");
                event.insert(field.to_owned(), json!("(see the log)"));
            }
            "an event says something else in the store"
        }
    };
    if rng.random_bool(0.5) {
        let count = events.len();
        document.insert("event_count".to_owned(), json!(count));
    }
    what
}
