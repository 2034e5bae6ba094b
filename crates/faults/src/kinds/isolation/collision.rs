//! Run ids that are unique for one user only: a run gets the id of another user's run.

use crate::noted::{note, note_in_place_of};
use crate::{Act, Aim, Fault, Message, Step};
use std::collections::HashMap;

/// Gives the runs it hits the id of an earlier run of another user, wherever they are named.
pub(super) struct RunIdCollision {
    aim: Aim,
    /// What each run is called; none for those that keep their id.
    called: HashMap<String, Option<String>>,
}

impl RunIdCollision {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), called: HashMap::new() }
    }

    fn name(&mut self, run: &str, user: &str, act: &Act<'_>) -> Option<String> {
        if let Some(known) = self.called.get(run) {
            return known.clone();
        }
        let taken: Vec<&str> =
            act.scene().runs().filter(|(_, view)| view.user != user).map(|(id, _)| id).collect();
        let name =
            (!taken.is_empty() && self.aim.hits(run)).then(|| taken[self.aim.pick(taken.len())].to_owned());
        self.called.insert(run.to_owned(), name.clone());
        name
    }

    fn stored(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(mut document) = note(step, "store") else { return };
        let run = document["run_id"].as_str().unwrap_or_default().to_owned();
        let Some(Some(name)) = self.called.get(&run) else { return };
        let name = name.clone();
        document["run_id"] = name.as_str().into();
        if let Some(body) = document["body"].as_object_mut() {
            body.insert("run_id".to_owned(), name.as_str().into());
            for event in body.get_mut("events").and_then(|events| events.as_array_mut()).into_iter().flatten()
            {
                event["run_id"] = name.as_str().into();
            }
        }
        act.alter(note_in_place_of(step, &document), "the store knows the run by another user's run id");
        act.involve(&name);
    }
}

impl Fault for RunIdCollision {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(message) = act.message() else { return self.stored(step, act) };
        let names_run = message.run().is_some() || message.is("request_accepted");
        let Some(run) = message.text("run_id").filter(|_| names_run) else { return };
        let user = step.conn.and_then(|conn| act.scene().user_of(conn)).unwrap_or_default();
        if let Some(name) = self.name(run, user, act) {
            let what = format!("a `{}` of run {run} names another user's run", message.kind());
            act.say(Message::clone(message).with("run_id", name.as_str()), what);
            act.involve(&name);
        }
    }
}
