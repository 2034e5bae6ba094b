//! One failure stays its own, and an outage that heals is over.

use crate::check::{Check, Tally};
use crate::evidence::excerpt;
use crate::fates::{Fate, fates, median};
use crate::index::{ConnView, Index};
use crate::observation::{Observation, UserIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{ClosedBy, Outcome, RecordKind, Trial};
use goldenpath_protocol::EventType;

/// How soon after a failure what falls with it falls.
const SPREAD_NS: u64 = 5_000_000_000;

/// How soon after an outage a service must be back: breakers close again, connections are made anew.
const RECOVERY_NS: u64 = 30_000_000_000;

/// Answers after an outage may take so many times as long as before it…
const SLOWER: f64 = 3.0;

/// …and this much more, milliseconds.
const SLOWER_MS: f64 = 1_000.0;

/// A connection that ended without a reason of its own.
#[derive(Debug, Clone, Copy)]
struct Dropped {
    user: Option<UserIx>,
    line: u64,
    t_ns: u64,
}

/// An outage: its lines and instants.
#[derive(Debug, Clone, Copy)]
struct Outage {
    begun_ns: u64,
    healed: Option<(u64, u64)>,
}

/// Judges `resources/contained` and `resources/recovers`.
#[derive(Debug, Default)]
pub(super) struct Outcomes {
    dropped: Vec<Dropped>,
    outages: Vec<Outage>,
}

impl Check for Outcomes {
    fn ids(&self) -> &'static [&'static str] {
        &["resources/contained", "resources/recovers"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match Trial::of(&seen.record.kind) {
            Some(Trial::OutageBegun) => self.outages.push(Outage { begun_ns: seen.t_ns, healed: None }),
            Some(Trial::OutageHealed) => {
                if let Some(outage) = self.outages.last_mut() {
                    outage.healed.get_or_insert((seen.line, seen.t_ns));
                }
            }
            _ => {}
        }
        if let RecordKind::Close { code, by, .. } = &seen.record.kind
            && let Some(view) = seen.conn.and_then(|conn| index.conn(conn))
            && falls(view, *code, *by)
        {
            self.dropped.push(Dropped { user: seen.user, line: seen.line, t_ns: seen.t_ns });
        }
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        // Without a failure or an outage there is nothing to compare.
        let compared = !self.outages.is_empty() || fates(index).any(|fate| fate.owed == Outcome::Failed);
        let fates: Vec<Fate> = if compared { fates(index).collect() } else { Vec::new() };
        vec![
            self.contained(&fates, index).into_result("resources/contained"),
            self.recovers(&fates, index).into_result("resources/recovers"),
        ]
    }
}

/// Whether a connection ended as if something had torn it down.
fn falls(view: &ConnView, code: Option<u16>, by: ClosedBy) -> bool {
    if view.probe || view.forsaken() || view.stall.is_some() {
        return false;
    }
    match by {
        ClosedBy::Client => false,
        ClosedBy::Transport => true,
        ClosedBy::Server => !code.is_some_and(|code| code != 4002 && (4000..5000).contains(&code)),
    }
}

impl Outcomes {
    fn in_outage(&self, t_ns: u64) -> bool {
        self.outages
            .iter()
            .any(|outage| t_ns >= outage.begun_ns && outage.healed.is_none_or(|(_, healed)| t_ns <= healed))
    }

    /// Each run that had to fail, and did: whatever else was under way then must not have fallen with it.
    fn contained(&self, fates: &[Fate], index: &Index) -> Tally {
        let mut tally = Tally::default();
        for failed in fates.iter().filter(|fate| fate.owed == Outcome::Failed) {
            let Some((EventType::AgentFailed, t_ns, line)) = failed.terminal else { continue };
            if self.in_outage(t_ns) {
                continue;
            }
            let mut beside = false;
            let mut fallen = None;
            for other in fates.iter().filter(|other| other.owed == Outcome::Completed) {
                let ended_ns = other.terminal.map_or(u64::MAX, |(_, ended, _)| ended);
                if other.asked_ns > t_ns || ended_ns < t_ns || other.refused {
                    continue;
                }
                beside = true;
                let with_it =
                    other.terminal.is_none_or(|(_, ended, _)| ended <= t_ns.saturating_add(SPREAD_NS));
                if with_it && other.kept() == Some(false) && fallen.is_none() {
                    fallen = Some((other.user, other.last_line, "its run did not complete"));
                }
            }
            let torn = self.dropped.iter().find(|dropped| {
                dropped.user != Some(failed.user)
                    && dropped.t_ns >= t_ns
                    && dropped.t_ns <= t_ns.saturating_add(SPREAD_NS)
                    && index.last_t_ns() > dropped.t_ns.saturating_add(SPREAD_NS)
            });
            if let (None, Some(torn)) = (fallen, torn) {
                fallen = torn.user.map(|user| (user, torn.line, "its connection ended"));
            }
            if !beside && fallen.is_none() {
                continue;
            }
            match (fallen, index.trouble().excuses_absence()) {
                (None, _) => tally.kept(),
                (Some(_), Some(reason)) => tally.doubt(reason),
                (Some((user, fallen_line, what)), None) => tally.broke(|| Finding {
                    summary: format!(
                        "a failure of user `{}` spread to user `{}`",
                        index.user_name(Some(failed.user)),
                        index.user_name(Some(user))
                    ),
                    expected: "what others asked for, as if nothing had failed".to_owned(),
                    observed: excerpt(what),
                    records: vec![line, fallen_line],
                    witness: None,
                }),
            }
        }
        tally
    }

    /// After each outage, runs complete again, soon, and about as fast as before.
    fn recovers(&self, fates: &[Fate], index: &Index) -> Tally {
        let mut tally = Tally::default();
        for (at, outage) in self.outages.iter().enumerate() {
            let Some((healed_line, healed_ns)) = outage.healed else { continue };
            let until_ns = self.outages.get(at + 1).map_or(u64::MAX, |next| next.begun_ns);
            let owed = |fate: &&Fate| fate.owed == Outcome::Completed;
            let before: Vec<&Fate> =
                fates.iter().filter(owed).filter(|fate| fate.asked_ns < outage.begun_ns).collect();
            let after: Vec<&Fate> = fates
                .iter()
                .filter(owed)
                .filter(|fate| (healed_ns..until_ns).contains(&fate.asked_ns))
                .collect();
            if after.is_empty() {
                continue;
            }
            let mut back = false;
            let mut wrong = None;
            for fate in &after {
                let kept = fate.kept().unwrap_or(true);
                let late = fate.asked_ns > healed_ns.saturating_add(RECOVERY_NS);
                if !kept && (back || late) {
                    wrong.get_or_insert((**fate, "a run that did not complete"));
                }
                back |= kept;
            }
            if !back && let Some(last) = after.last() {
                wrong.get_or_insert((**last, "no run that completed"));
            }
            if wrong.is_none()
                && let Some(last) = after.last().filter(|_| slower(&before, &after))
            {
                wrong = Some((**last, "runs that take many times as long as before"));
            }
            match (wrong, index.trouble().excuses_absence()) {
                (None, _) => tally.kept(),
                (Some(_), Some(reason)) => tally.doubt(reason),
                (Some((fate, what)), None) => tally.broke(|| Finding {
                    summary: format!(
                        "the service was not back after an outage: user `{}` was not served as before",
                        index.user_name(Some(fate.user))
                    ),
                    expected: "runs that complete, as before it".to_owned(),
                    observed: what.to_owned(),
                    records: vec![healed_line, fate.line, fate.last_line],
                    witness: None,
                }),
            }
        }
        tally
    }
}

fn slower(before: &[&Fate], after: &[&Fate]) -> bool {
    #[allow(clippy::cast_precision_loss, reason = "a session is far below 2^53 ns")]
    let waits = |fates: &[&Fate]| {
        let mut waits: Vec<f64> =
            fates.iter().filter_map(|fate| fate.took_ns()).map(|ns| ns as f64 / 1e6).collect();
        median(&mut waits)
    };
    waits(before).zip(waits(after)).is_some_and(|(before, after)| after > before * SLOWER + SLOWER_MS)
}
