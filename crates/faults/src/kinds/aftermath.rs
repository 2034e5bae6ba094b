//! Failures that do not stay where they are, or do not end when their cause does.

use super::failing::Failing;
use crate::catalogue::{Driver, FaultInfo, Need};
use crate::{Act, Aim, Fault, Step};
use goldenpath_history::Trial;
use std::collections::BTreeSet;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "E06",
        summary: "one run's failure kills others",
        owner: "resources/contained",
        driver: Driver::Backend,
        needs: &[Need::OneFailingUser],
        make: |seed| Box::new(Spreading::new(seed)),
    },
    FaultInfo {
        id: "E07",
        summary: "no recovery after the fault heals",
        owner: "resources/recovers",
        driver: Driver::Backend,
        needs: &[Need::Outage],
        make: |seed| Box::new(NoRecovery::new(seed)),
    },
];

/// When a run fails, those of others that are under way go with it: all of them, or the one that began last.
struct Spreading {
    aim: Aim,
    all: bool,
    failing: Failing,
    doomed: BTreeSet<String>,
}

impl Spreading {
    fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let (all, told) = (aim.pick(2) == 0, aim.pick(2) == 0);
        Self { aim, all, failing: Failing::new(told), doomed: BTreeSet::new() }
    }
}

impl Fault for Spreading {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let (Some(conn), Some((message, run))) = (step.conn, act.event()) else { return };
        if self.doomed.contains(run) {
            return self.failing.end(conn, act, "another run's failure");
        }
        if !message.is("agent_failed") || !self.aim.hits(run) {
            return;
        }
        let user = message.text("user_id").unwrap_or_default();
        let others = act.scene().runs().filter(|(_, other)| !other.ended && other.user != user);
        let others: Vec<String> = others.map(|(id, _)| id.to_owned()).collect();
        let spared = if self.all { 0 } else { others.len().saturating_sub(1) };
        self.doomed.extend(others.into_iter().skip(spared));
    }
}

/// What came after the outage.
enum Aftermath {
    /// Everything goes on failing.
    AllFail,
    /// Some users' runs do.
    SomeFail,
    /// Everything takes many times as long.
    Slow(u64),
}

/// After an outage has healed, the service goes on as if it had not.
struct NoRecovery {
    aim: Aim,
    how: Aftermath,
    failing: Failing,
    healed_ns: Option<u64>,
    held: BTreeSet<String>,
}

impl NoRecovery {
    fn new(seed: u64) -> Self {
        let mut aim = Aim::one_in(seed, 2);
        let how = match aim.pick(3) {
            0 => Aftermath::AllFail,
            1 => Aftermath::SomeFail,
            _ => Aftermath::Slow(4_000_000_000 + 500_000_000 * aim.pick(12) as u64),
        };
        let told = aim.pick(2) == 0;
        Self { aim, how, failing: Failing::new(told), healed_ns: None, held: BTreeSet::new() }
    }
}

impl Fault for NoRecovery {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if Trial::of(&step.kind) == Some(Trial::OutageHealed) {
            self.healed_ns = Some(step.t_ns);
        }
        let (Some(conn), Some(healed_ns), Some((message, run))) = (step.conn, self.healed_ns, act.event())
        else {
            return;
        };
        if act.scene().run(run).is_none_or(|run| run.began_ns < healed_ns) {
            return;
        }
        match self.how {
            Aftermath::Slow(by_ns) => {
                if self.held.insert(run.to_owned()) {
                    act.hold(step.t_ns.saturating_add(by_ns), "still slow after the outage");
                }
            }
            Aftermath::SomeFail if !self.aim.hits(message.text("user_id").unwrap_or_default()) => {}
            // It begins as if it worked.
            Aftermath::AllFail | Aftermath::SomeFail if message.is("agent_started") => {}
            _ => self.failing.end(conn, act, "still failing after the outage"),
        }
    }
}
