//! No user starves: none waits many times as long as the others, or is the only one who is never served.
//!
//! Ratios inside one session: a slow backend that is slow for everybody is fair.

use crate::check::{Check, Tally};
use crate::fates::{Fate, fates, median};
use crate::index::Index;
use crate::observation::{Observation, UserIx};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::Outcome;
use std::collections::BTreeMap;

/// Users that make a comparison.
const USERS: usize = 5;

/// A user who waits so many times as long as the one in the middle starves…
const WAIT_RATIO: f64 = 4.0;

/// …when it is longer by this, too.
const WAIT_MORE_MS: f64 = 2_000.0;

/// The share of the others that must have been served before one who was not is an exception.
const OTHERS_SERVED: f64 = 0.8;

/// Judges `load/fairness`.
#[derive(Debug)]
pub(super) struct Fairness;

/// How one user fared.
#[derive(Debug, Default)]
struct Share {
    asked: usize,
    served: usize,
    waits_ms: Vec<f64>,
    /// Lines that show the longest wait.
    worst: Option<(u64, [u64; 2])>,
    first_line: u64,
}

impl Check for Fairness {
    fn ids(&self) -> &'static [&'static str] {
        &["load/fairness"]
    }

    fn observe(&mut self, _: &Observation<'_>, _: &Index) {}

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut tally = Tally::default();
        let mut users: BTreeMap<UserIx, Share> = BTreeMap::new();
        for fate in fates(index).filter(|fate| fate.owed != Outcome::Any) {
            users.entry(fate.user).or_default().add(&fate);
        }
        if users.len() >= USERS {
            judge(&mut tally, &mut users, index);
        }
        vec![tally.into_result("load/fairness")]
    }
}

impl Share {
    fn add(&mut self, fate: &Fate) {
        if self.asked == 0 {
            self.first_line = fate.line;
        }
        self.asked += 1;
        let Some(took_ns) = fate.took_ns() else { return };
        self.served += 1;
        #[allow(clippy::cast_precision_loss, reason = "a session is far below 2^53 ns")]
        self.waits_ms.push(took_ns as f64 / 1e6);
        if self.worst.is_none_or(|(worst_ns, _)| took_ns > worst_ns) {
            self.worst = Some((took_ns, [fate.line, fate.last_line]));
        }
    }
}

fn judge(tally: &mut Tally, users: &mut BTreeMap<UserIx, Share>, index: &Index) {
    let mut waits: Vec<f64> = users.values_mut().filter_map(|share| median(&mut share.waits_ms)).collect();
    let served = users.values().filter(|share| share.served * 2 > share.asked).count();
    let mut asked: Vec<f64> =
        users.values().map(|share| f64::from(u32::try_from(share.asked).unwrap_or(u32::MAX))).collect();
    let (usual_wait, usual_asked) = (median(&mut waits), median(&mut asked).unwrap_or(0.0));
    #[allow(clippy::cast_precision_loss, reason = "user counts are far below 2^53")]
    let most_served = served as f64 >= (users.len() - 1) as f64 * OTHERS_SERVED;
    for (user, share) in users.iter_mut() {
        let name = index.user_name(Some(*user));
        // Who asks more than others may be refused more often than they.
        #[allow(clippy::cast_precision_loss, reason = "request counts are far below 2^53")]
        let greedy = share.asked as f64 > usual_asked;
        if share.served == 0 && !greedy && most_served {
            if let Some(reason) = index.trouble().excuses_absence() {
                tally.doubt(reason);
                continue;
            }
            let (asked, line) = (share.asked, share.first_line);
            tally.broke(|| Finding {
                summary: format!("user `{name}` was never served while others were"),
                expected: "a turn for everybody".to_owned(),
                observed: format!(
                    "none of {asked} requests came to an end; {served} of the other users were served"
                ),
                records: vec![line],
                witness: None,
            });
            continue;
        }
        let (Some(usual), Some(own)) = (usual_wait, median(&mut share.waits_ms)) else { continue };
        let starved = own > usual * WAIT_RATIO && own > usual + WAIT_MORE_MS;
        let lines = share.worst.map_or_else(Vec::new, |(_, lines)| lines.to_vec());
        tally.judge(starved.then(|| Finding {
            summary: format!("user `{name}` waited many times as long as the others"),
            expected: format!("about {:.1} s, as users usually waited", usual / 1e3),
            observed: format!("{:.1} s", own / 1e3),
            records: lines,
            witness: None,
        }));
    }
    if tally.of == 0 {
        tally.doubt(Reason::TooFewSamples);
    }
}
