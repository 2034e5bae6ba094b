//! The store gives no answer in mid-run, and the run waits for it for ever.

use crate::store_note::StoreNote;
use crate::{Act, Aim, Fault, Step};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;
use std::collections::HashMap;

/// Nothing comes of a run after some event, and the store can't tell how it ended.
pub(super) struct Hanging {
    aim: Aim,
    rng: ChaCha8Rng,
    /// By run: so many events come.
    last: HashMap<String, u64>,
    came: HashMap<(Option<u32>, String), u64>,
}

impl Hanging {
    pub(super) fn new(seed: u64) -> Self {
        Self {
            aim: Aim::new(seed),
            rng: ChaCha8Rng::seed_from_u64(seed),
            last: HashMap::new(),
            came: HashMap::new(),
        }
    }
}

impl Fault for Hanging {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let Some(mut note) = StoreNote::of(step) {
            let last = note.run().and_then(|run| self.last.get(run)).copied();
            let Some(last) = last else { return };
            if self.rng.random_bool(0.5) {
                let body = json!({ "error": { "code": "internal", "message": "the store gave no answer" } });
                return act.alter(note.answered(500, body).in_place_of(step), "the store gave no answer");
            }
            let Some(document) = note.document() else { return };
            document.insert("state".to_owned(), json!("running"));
            document.insert("event_count".to_owned(), json!(last));
            document.insert("final_response".to_owned(), json!(null));
            if let Some(events) = document.get_mut("events").and_then(serde_json::Value::as_array_mut) {
                events.truncate(usize::try_from(last).unwrap_or(usize::MAX));
            }
            return act.alter(note.in_place_of(step), "the store knows the run's beginning only");
        }
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let rng = &mut self.rng;
        let last = *self.last.entry(run.to_owned()).or_insert_with(|| rng.random_range(1..5));
        let came = self.came.entry((step.conn, run.to_owned())).or_default();
        *came += 1;
        if *came > last || message.is_terminal() {
            act.lose(format!("`{}` waits for the store", message.kind()));
        }
    }
}
