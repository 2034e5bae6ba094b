//! Throughput: how fast one user can be served when there is something to say.
//!
//! Not how much an agent talks. The value is the best rate of any burst: [`BURST`] events in a row on one
//! connection. A user's stream is too slow when events were *made* at the limit's rate, by their own
//! timestamps, and no burst ever *came* at it. An agent that never had so much to say keeps the promise.

use super::lag::Lag;
use super::limit::Stretch;
use super::suspects::Suspects;
use crate::check::{Check, Tally};
use crate::index::Index;
use crate::judge::Terms;
use crate::observation::{ConnIx, Observation, UserIx};
use crate::verdict::{CheckResult, Finding};
use rustc_hash::FxHashMap;
use std::collections::VecDeque;

const ID: &str = "timing/throughput";

/// Events of a burst.
const BURST: usize = 5;

/// What came by so many milliseconds slower than it was made, was slowed down; less is the way's ordinary noise.
const SLOWED_MS: f64 = 50.0;

/// Spans below this are all the same: many events in one segment, or in one read.
const LEAST_MS: f64 = 1.0;

/// One event of a connection.
#[derive(Debug, Clone, Copy)]
struct Mark {
    t_ns: u64,
    made_ms: Option<f64>,
    line: u64,
}

/// A burst that was slowed down on its way, by so much.
#[derive(Debug)]
struct Slow {
    stretch: Stretch,
    excess_ms: f64,
    lines: [u64; 2],
}

/// The best of one user.
#[derive(Debug, Default)]
struct Best {
    came_per_s: f64,
    /// The burst that was made fast enough and came the least too slowly.
    slow: Option<Slow>,
}

/// Judges `timing/throughput`.
#[derive(Debug)]
pub(super) struct Throughput {
    limit: f64,
    recent: FxHashMap<ConnIx, VecDeque<Mark>>,
    best: FxHashMap<UserIx, Best>,
    lag: Lag,
}

impl Throughput {
    pub(super) fn new(terms: &Terms) -> Self {
        let limit = terms.slo.limit(ID).unwrap_or(20.0);
        Self { limit, recent: FxHashMap::default(), best: FxHashMap::default(), lag: Lag::default() }
    }
}

impl Check for Throughput {
    fn ids(&self) -> &'static [&'static str] {
        &[ID]
    }

    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    fn observe(&mut self, seen: &Observation<'_>, _: &Index) {
        self.lag.observe(seen);
        let (Some((event, arrival)), Some(conn), Some(user)) = (seen.event(), seen.conn, seen.user) else {
            return;
        };
        if arrival.foreign || arrival.replayed {
            return;
        }
        let best = self.best.entry(user).or_default();
        if best.came_per_s >= self.limit {
            return;
        }
        let made_ms = event.made_unix_ms().map(|made| made as f64);
        let burst = self.recent.entry(conn).or_default();
        burst.push_back(Mark { t_ns: seen.t_ns, made_ms, line: seen.line });
        if burst.len() > BURST {
            burst.pop_front();
        }
        let (Some(first), Some(last), true) = (burst.front(), burst.back(), burst.len() == BURST) else {
            return;
        };
        let rate = |span: f64| (BURST - 1) as f64 * 1e3 / span.max(LEAST_MS);
        let stretch = Stretch { from_ns: first.t_ns, to_ns: last.t_ns };
        let came = rate(stretch.ms());
        best.came_per_s = best.came_per_s.max(came);
        let made_ms = last.made_ms.zip(first.made_ms).map(|(last, first)| last - first);
        let slowed = |made: &f64| rate(*made) >= self.limit && stretch.ms() - made >= SLOWED_MS;
        if came < self.limit
            && let Some(made) = made_ms.filter(slowed)
        {
            let excess_ms = stretch.ms() - made - SLOWED_MS;
            if best.slow.as_ref().is_none_or(|slow| excess_ms < slow.excess_ms) {
                best.slow = Some(Slow { stretch, excess_ms, lines: [first.line, last.line] });
            }
        }
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut tally = Tally { limit: Some(self.limit), ..Tally::default() };
        let mut slow_users = Suspects::default();
        let mut users: Vec<(UserIx, Best)> = self.best.into_iter().collect();
        users.sort_by_key(|(user, _)| *user);
        for (user, best) in users {
            let slowest = tally.value.unwrap_or(f64::INFINITY);
            tally.value = Some(slowest.min(best.came_per_s)).filter(|rate| *rate > 0.0).or(tally.value);
            match best.slow.filter(|_| best.came_per_s < self.limit) {
                None => tally.kept(),
                Some(slow) => slow_users.add(slow.stretch, slow.excess_ms, || Finding {
                    summary: format!(
                        "events came to user `{}` slower than they were made",
                        index.user_name(Some(user))
                    ),
                    expected: format!("{} events/s when there is so much to say", self.limit),
                    observed: format!("{:.1} events/s at best", best.came_per_s),
                    records: slow.lines.to_vec(),
                    witness: None,
                }),
            }
        }
        slow_users.tell(&self.lag, &mut tally);
        vec![tally.into_result(ID)]
    }
}
