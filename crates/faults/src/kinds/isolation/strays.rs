//! Events that reach others than their owner, under their own labels.

use crate::{Act, Aim, Fault, Step};
use std::collections::HashMap;

/// A step as it comes to another connection.
fn astray(step: &Step, conn: u32, user: Option<&str>) -> Step {
    Step { conn: Some(conn), user: user.map(|user| user.to_owned().into()), ..step.clone() }
}

/// The number of the first connection that this event comes to: others show the same.
fn first_shown(act: &Act<'_>, step: &Step) -> Option<u32> {
    let conn = step.conn?;
    let replaying = act.scene().conn(conn).is_some_and(|view| view.replaying);
    (act.scene().tab(conn) == 0 && !replaying).then_some(conn)
}

/// Every event of the runs it hits goes to everybody.
pub(super) struct Broadcast {
    aim: Aim,
}

impl Broadcast {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for Broadcast {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(conn) = first_shown(act, step) else { return };
        if !self.aim.hits(run) {
            return;
        }
        for (other, view) in act.scene().strangers(conn) {
            let what = format!("broadcast a `{}`", message.kind());
            act.add(astray(step, other, view.user.as_deref()), what);
        }
    }
}

/// One event of each run it hits goes to one other user, too.
pub(super) struct OneAstray {
    aim: Aim,
    strays: HashMap<String, u64>,
}

impl OneAstray {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), strays: HashMap::new() }
    }
}

impl Fault for OneAstray {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        let Some(conn) = first_shown(act, step) else { return };
        if !self.aim.hits(run) {
            return;
        }
        // The first to the sixth: every run that owes two tools has as many.
        let place = 1 + self.aim.pick(6) as u64;
        let stray = *self.strays.entry(run.to_owned()).or_insert(place);
        if message.whole("seq") != Some(stray) {
            return;
        }
        let strangers: Vec<(u32, Option<String>)> =
            act.scene().strangers(conn).map(|(other, view)| (other, view.user.clone())).collect();
        if let Some((other, user)) = strangers.get(self.aim.pick(strangers.len())) {
            let what = format!("sent event {stray}, a `{}`, to another user too", message.kind());
            act.add(astray(step, *other, user.as_deref()), what);
        }
    }
}

/// A connection that comes back gets another user's latest event right behind its greeting, and never again: who looks ten
/// milliseconds later sees nothing of it.
pub(super) struct AfterReconnect {
    aim: Aim,
    latest: Vec<(String, Step)>,
}

impl AfterReconnect {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), latest: Vec::new() }
    }

    fn note(&mut self, user: &str, step: &Step) {
        self.latest.retain(|(known, _)| known != user);
        self.latest.push((user.to_owned(), step.clone()));
    }
}

impl Fault for AfterReconnect {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((conn, message)) = step.conn.zip(act.message()) else { return };
        let Some(view) = act.scene().conn(conn) else { return };
        let Some(user) = view.user.as_deref() else { return };
        if message.run().is_some() {
            return self.note(user, step);
        }
        let back = message.is("connection_established") && view.earlier > 0 && view.recovered != "fresh";
        let others: Vec<&Step> =
            self.latest.iter().filter(|(other, _)| other != user).map(|(_, step)| step).collect();
        if !back || others.is_empty() || !self.aim.hits(&conn.to_string()) {
            return;
        }
        let mut leaked = astray(others[self.aim.pick(others.len())], conn, Some(user));
        leaked.t_ns = step.t_ns;
        act.add(leaked, "sent another user's latest event to a connection that had just come back");
    }
}
