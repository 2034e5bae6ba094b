//! Clients are told to come back when they must not, or to stay away when they may come.

use crate::{Act, Aim, Fault, Step};

/// Turns the `reconnect` of the announcements it hits round.
pub(super) struct WrongFlag {
    aim: Aim,
}

impl WrongFlag {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for WrongFlag {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(message) = act.message().filter(|message| message.is("closing")) else { return };
        if !step.conn.is_some_and(|conn| self.aim.hits(&conn.to_string())) {
            return;
        }
        let told = message.get("reconnect").and_then(serde_json::Value::as_bool).unwrap_or_default();
        act.say(message.clone().with("reconnect", !told), format!("`reconnect` is {} now", !told));
    }
}
