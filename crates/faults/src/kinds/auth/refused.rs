//! True tokens that are refused, alone or because of others.

use super::admitted::refused_for;
use crate::{Act, Aim, Fault, Step};
use goldenpath_history::RecordKind;
use std::collections::BTreeSet;

const MS: u64 = 1_000_000;

/// Attempts that only the fault makes have numbers from here on.
const EXTRA: u32 = 3_500_000_000;

/// Refusals of tokens, as backends word them.
const REFUSALS: [(u16, &str); 4] = [
    (401, r#"{"error":{"code":"unauthorized","message":"the token is missing or not valid"}}"#),
    (401, r#"{"error":{"code":"unauthorized","message":"unknown key"}}"#),
    (403, r#"{"error":{"code":"forbidden","message":"not allowed"}}"#),
    (500, "Internal Server Error"),
];

fn is_true_one(step: &Step) -> bool {
    match &step.kind {
        RecordKind::Open { status: Some(101), credential, .. } => {
            credential.as_deref().is_none_or(|case| case == "valid")
        }
        _ => false,
    }
}

fn refused(step: &Step, with: (u16, &'static str)) -> Step {
    let mut made = step.clone();
    if let RecordKind::Open { status, body, .. } = &mut made.kind {
        *status = Some(with.0);
        *body = Some(with.1.into());
    }
    made
}

/// Refuses true tokens now and then. A client that has something to do tries again and gets in; one that only tries its
/// token stays outside.
pub(super) struct ValidRefused {
    aim: Aim,
    extra: u32,
    outside: BTreeSet<u32>,
}

impl ValidRefused {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), extra: EXTRA, outside: BTreeSet::new() }
    }
}

impl Fault for ValidRefused {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(conn) = step.conn else { return };
        if self.outside.contains(&conn) {
            return act.lose("on a connection that never was");
        }
        if !is_true_one(step) || !self.aim.hits(&conn.to_string()) {
            return;
        }
        let with = REFUSALS[self.aim.pick(REFUSALS.len())];
        let tries_only = matches!(&step.kind, RecordKind::Open { credential: Some(_), .. });
        if tries_only {
            self.outside.insert(conn);
            return act.alter(refused(step, with), "a true token was refused");
        }
        let mut attempt = refused(step, with);
        attempt.conn = Some(self.extra);
        self.extra += 1;
        act.add_before(attempt, "a true token was refused, and accepted at the second attempt");
    }
}

/// After three bad tokens nobody gets in for a while.
pub(super) struct Breaker {
    aim: Aim,
    bad: u32,
    until_ns: u64,
    with: (u16, &'static str),
    outside: BTreeSet<u32>,
}

/// How a breaker words it.
const BLOCKED: [(u16, &str); 4] = [
    (429, r#"{"error":{"code":"too_many_failures","message":"too many failed attempts"}}"#),
    (503, r#"{"error":{"code":"auth_unavailable","message":"authentication is unavailable"}}"#),
    (401, r#"{"error":{"code":"unauthorized","message":"the token is missing or not valid"}}"#),
    (503, "circuit breaker is open"),
];

impl Breaker {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let with = BLOCKED[aim.pick(BLOCKED.len())];
        Self { aim, bad: 0, until_ns: 0, with, outside: BTreeSet::new() }
    }
}

impl Fault for Breaker {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if refused_for(step).is_some() {
            self.bad += 1;
            if self.bad.is_multiple_of(3) {
                self.until_ns = step.t_ns + (1_000 + self.aim.pick(20_000) as u64) * MS;
            }
            return;
        }
        let Some(conn) = step.conn else { return };
        if self.outside.contains(&conn) {
            return act.lose("on a connection that never was");
        }
        if is_true_one(step) && step.t_ns < self.until_ns {
            self.outside.insert(conn);
            act.alter(refused(step, self.with), "a true token was refused because of others' bad ones");
        }
    }
}
