//! Bad tokens that get a connection.

use crate::message::raw_in_place_of;
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_history::{ClosedBy, RecordKind};
use serde_json::json;
use std::collections::HashMap;

const MS: u64 = 1_000_000;

/// Which bad token an attempt to connect showed and was refused for; none for a true one.
pub(super) fn refused_for(step: &Step) -> Option<&str> {
    match &step.kind {
        RecordKind::Open { status: Some(status), credential: Some(case), .. }
            if case != "valid" && *status >= 400 =>
        {
            Some(case)
        }
        _ => None,
    }
}

/// The same attempt, let in.
pub(in crate::kinds) fn let_in(step: &Step) -> Step {
    let mut made = step.clone();
    if let RecordKind::Open { status, body, .. } = &mut made.kind {
        *status = Some(101);
        *body = None;
    }
    made
}

/// The end of the connection of `step`, so much later.
pub(in crate::kinds) fn close_after(
    step: &Step,
    ns: u64,
    code: u16,
    reason: &'static str,
    by: ClosedBy,
) -> Step {
    let reason = (!reason.is_empty()).then(|| reason.into());
    Step { t_ns: step.t_ns + ns, kind: RecordKind::Close { code: Some(code), reason, by }, ..step.clone() }
}

/// The greetings of each user, to greet those who should not be there.
#[derive(Default)]
pub(in crate::kinds) struct Greetings(HashMap<String, Message>);

impl Greetings {
    pub(in crate::kinds) fn note(&mut self, step: &Step, act: &Act<'_>) {
        let greeting = act.message().filter(|message| message.is("connection_established"));
        if let (Some(message), Some(user)) = (greeting, step.user.as_deref()) {
            self.0.entry(user.to_owned()).or_insert_with(|| message.clone());
        }
    }

    /// What greets a connection that was let in.
    pub(in crate::kinds) fn on(&self, step: &Step) -> Option<Step> {
        let greeting = self.0.get(step.user.as_deref()?)?.clone();
        let number = step.conn.unwrap_or_default();
        let made = greeting.with("connection_id", format!("00000000-0000-4000-8000-{number:012x}"));
        let mut greeted = made.in_place_of(step);
        greeted.t_ns += MS;
        Some(greeted)
    }
}

/// Lets in whoever shows one of these tokens.
struct Admitted {
    cases: &'static [&'static str],
    aim: Aim,
    greetings: Greetings,
}

/// Bad tokens of these cases are accepted.
pub(super) fn boxed(cases: &'static [&'static str], seed: u64) -> Box<dyn Fault> {
    Box::new(Admitted { cases, aim: Aim::all(seed), greetings: Greetings::default() })
}

impl Fault for Admitted {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.greetings.note(step, act);
        let Some(case) = refused_for(step).filter(|case| self.cases.contains(case)) else { return };
        act.alter(let_in(step), format!("a token that was `{case}` was accepted"));
        if let Some(greeting) = self.greetings.on(step) {
            act.add(greeting, "greeted as if the token were true");
        }
        let stays = (5 + self.aim.pick(40) as u64) * MS;
        act.add(close_after(step, stays, 1000, "", ClosedBy::Client), "the client leaves again");
    }
}

/// Looks at tokens only when the first message comes: everybody gets a connection.
pub(super) struct RefusedLate {
    aim: Aim,
    greetings: Greetings,
    greets: bool,
}

impl RefusedLate {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let greets = aim.pick(2) == 0;
        Self { aim, greetings: Greetings::default(), greets }
    }
}

impl Fault for RefusedLate {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.greetings.note(step, act);
        let Some(case) = refused_for(step).filter(|case| *case != "in_query" && self.aim.hits(case)) else {
            return;
        };
        act.alter(let_in(step), format!("a token that was `{case}` was accepted at first"));
        if let Some(greeting) = self.greetings.on(step).filter(|_| self.greets) {
            act.add(greeting, "greeted as if the token were true");
        }
        let wait = (4 + self.aim.pick(10) as u64) * MS;
        let closing = json!({ "type": "closing", "code": 4500, "reason": "invalid_token", "reconnect": false,
            "after_ms": 0 });
        let mut said = raw_in_place_of(step, closing.to_string());
        said.t_ns += wait;
        act.add(said, "refused at the first message");
        act.add(
            close_after(step, wait, 4500, "invalid_token", ClosedBy::Server),
            "closed at the first message",
        );
    }
}
