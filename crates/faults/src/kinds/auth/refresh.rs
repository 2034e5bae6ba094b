//! A refresh that looks at the token and not at whose it is.

use crate::noted::{note_in_place_of, probe};
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_history::RecordKind;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Takes another user's token in mid-stream; from then on the connection gets that user's events in some seeds.
pub(super) struct UserChanged {
    aim: Aim,
    follows: bool,
    /// Connections whose refresh is to be refused for its user, in the order in which they asked.
    taken: BTreeSet<u32>,
    /// The new user of a connection.
    changed: BTreeMap<u32, String>,
    expiry: Option<String>,
}

impl UserChanged {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let follows = aim.pick(2) == 0;
        Self { aim, follows, taken: BTreeSet::new(), changed: BTreeMap::new(), expiry: None }
    }

    fn answer(&self) -> Message {
        let end = self.expiry.as_deref().unwrap_or("2030-01-01T00:00:00.000Z");
        Message::object().with("type", "token_refreshed").with("token_expires_at", end)
    }

    fn noted(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(mut asked) = probe(step, "refresh") else { return };
        let owner = asked["owner"].as_str().unwrap_or_default().to_owned();
        let user = step.user.as_deref().unwrap_or_default();
        if owner == user || owner.is_empty() {
            return;
        }
        let conn = act
            .scene()
            .open_conns()
            .map(|(conn, _)| conn)
            .find(|conn| self.taken.contains(conn) && act.scene().user_of(*conn) == Some(user));
        let Some(conn) = conn else { return };
        self.changed.insert(conn, owner);
        asked["answer"] = json!(self.answer().to_raw());
        act.alter(note_in_place_of(step, &asked), "a refresh with another user's token was granted");
    }
}

impl Fault for UserChanged {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if matches!(step.kind, RecordKind::Mark { .. }) {
            return self.noted(step, act);
        }
        let (Some(conn), Some(message)) = (step.conn, act.message()) else { return };
        if let Some(end) = message.text("token_expires_at").filter(|_| message.is("token_refreshed")) {
            self.expiry = Some(end.to_owned());
        }
        let refused = message.is("error") && message.text("code") == Some("refresh_refused");
        if refused && self.aim.hits(&conn.to_string()) {
            self.taken.insert(conn);
            act.say(self.answer(), "took a token of another user");
        } else if let Some(run) = message.run().filter(|_| self.follows && act.scene().tab(conn) == 0) {
            let user = act.scene().user_of(conn).unwrap_or_default();
            let followers = self.changed.iter().filter(|(_, owner)| *owner == user);
            for (follower, _) in followers {
                let name = act.scene().user_of(*follower).map(|name| name.to_owned().into());
                let copy = Step { conn: Some(*follower), user: name, ..step.clone() };
                act.add(copy, format!("an event of run {run} on a connection that changed its user"));
            }
        }
    }
}
