//! One step of a run takes too long; everything after it waits.

use super::shift::{Cause, late};
use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_protocol::EventType;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::collections::HashMap;
use std::ops::Range;

/// Delays a run from one of its events on: the first of some type, or one of the first two.
pub(super) struct StepLate {
    /// The type; none for the first event of whatever type.
    kind: Option<EventType>,
    /// Which of its kind at most, counted from 1.
    at_most: u32,
    by_ms: Range<u64>,
    cause: Cause,
    aim: Aim,
    rng: ChaCha8Rng,
    plans: HashMap<String, Plan>,
    /// By connection and run: how many of the kind came.
    came: HashMap<(Option<u32>, String), u32>,
}

#[derive(Clone, Copy)]
struct Plan {
    /// The one that is late, counted from 1.
    place: u32,
    by_ms: u64,
}

impl StepLate {
    pub(super) fn new(kind: Option<EventType>, at_most: u32, by_ms: Range<u64>, seed: u64) -> Self {
        Self {
            kind,
            at_most,
            by_ms,
            cause: Cause::of(seed),
            aim: Aim::new(seed),
            rng: ChaCha8Rng::seed_from_u64(seed),
            plans: HashMap::new(),
            came: HashMap::new(),
        }
    }

    fn plan(&mut self, run: &str) -> Plan {
        if let Some(plan) = self.plans.get(run) {
            return *plan;
        }
        // The first run that is hit may have only one of its kind.
        let most = if self.plans.is_empty() { 1 } else { self.at_most };
        let plan =
            Plan { place: self.rng.random_range(1..=most), by_ms: self.rng.random_range(self.by_ms.clone()) };
        self.plans.insert(run.to_owned(), plan);
        plan
    }

    fn is_of_kind(&self, message: &Message) -> bool {
        self.kind.is_none_or(|kind| message.event() == Some(kind))
    }
}

impl Fault for StepLate {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some((message, run)) = act.event() else { return };
        if !self.aim.hits(run) {
            return;
        }
        let plan = self.plan(run);
        let of_kind = self.is_of_kind(message);
        let came = self.came.entry((step.conn, run.to_owned())).or_default();
        *came += u32::from(of_kind);
        if *came < plan.place {
            return;
        }
        // A tool's own time holds the wait for it; the run's does when it had begun.
        let is_it = of_kind && *came == plan.place;
        let tool = message.event() == Some(EventType::ToolCompleted) && is_it;
        let begun = !matches!(self.kind, None | Some(EventType::AgentStarted));
        late(act, message, self.cause, plan.by_ms, tool || (message.is_terminal() && begun));
    }
}
