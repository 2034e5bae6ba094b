//! Delivery latency: receipt minus `timestamp`, brought onto one clock.
//!
//! The offset of the clocks is an interval. The average surely breaks its limit when it does so with the
//! interval's lower end, surely keeps it with the upper; between them the clocks are too uncertain.

use super::lag::Lag;
use super::limit::Stretch;
use crate::check::Check;
use crate::index::Index;
use crate::judge::Terms;
use crate::observation::Observation;
use crate::samples::{SHARE_OUTSIDE, Samples};
use crate::verdict::{CheckResult, Finding, Reason, Verdict};

const ID: &str = "timing/delivery-latency";

/// Readings of the server's clock that make its bounds mean something.
const CLOCK_READINGS: u32 = 3;

/// A `timestamp` is cut to whole milliseconds: the event may be so much younger.
const CUT_MS: f64 = 1.0;

/// Late events kept with their instants, so that the client's own lag can be held against them.
const LATE_KEPT: usize = 100_000;

/// A single event is late from this many times the limit of the average on.
const SINGLE: f64 = 2.0;

/// Judges `timing/delivery-latency`.
#[derive(Debug)]
pub(super) struct Latency {
    limit_ms: f64,
    /// Client milliseconds minus Unix milliseconds, relative to the first; four bytes each.
    distances: Samples,
    base: Option<f64>,
    /// The greatest distance and its line.
    worst: (f64, u64),
    /// The least distance so far.
    promptest: f64,
    /// Instants and distances of events that came later than the promptest by at least the limit.
    late: Vec<(u64, f64)>,
    lag: Lag,
}

impl Latency {
    pub(super) fn new(terms: &Terms) -> Self {
        Self {
            limit_ms: terms.slo.limit(ID).unwrap_or(100.0),
            distances: Samples::default(),
            base: None,
            worst: (f64::NEG_INFINITY, 0),
            promptest: f64::INFINITY,
            late: Vec::new(),
            lag: Lag::default(),
        }
    }
}

/// Late events that nobody is blamed for.
struct Excused {
    /// How many were late each by itself.
    late: u64,
    /// By how much they all together were over the limit, milliseconds.
    ms: f64,
}

impl Check for Latency {
    fn ids(&self) -> &'static [&'static str] {
        &[ID]
    }

    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.lag.observe(seen);
        let Some((event, arrival)) = seen.event() else { return };
        if arrival.foreign || arrival.replayed || arrival.repeated_here {
            return;
        }
        // What a reader left lying on purpose was late for no fault of the target's.
        if seen.conn.and_then(|conn| index.conn(conn)).is_some_and(|view| view.stall.is_some()) {
            return;
        }
        let Some(made) = event.made_unix_ms() else { return };
        let distance = seen.t_ms() - made as f64;
        let distance = distance - *self.base.get_or_insert(distance);
        self.distances.add(distance);
        if distance > self.worst.0 {
            self.worst = (distance, seen.line);
        }
        self.promptest = self.promptest.min(distance);
        if distance - self.promptest >= self.limit_ms && self.late.len() < LATE_KEPT {
            self.late.push((seen.t_ns, distance));
        }
    }

    #[allow(clippy::cast_precision_loss, reason = "event counts are far below 2^53")]
    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut result = CheckResult {
            id: ID,
            verdict: Verdict::Inconclusive(Reason::NoCoverage),
            limit: Some(self.limit_ms),
            value: None,
            n: 0,
            of: self.distances.len(),
            findings: Vec::new(),
        };
        let (Some(average), Some(base)) = (self.distances.average(), self.base) else { return vec![result] };
        let Some((lower, upper)) = index.clock().offset_ms(CLOCK_READINGS) else {
            result.verdict = Verdict::Inconclusive(Reason::ClockUncertain);
            return vec![result];
        };
        let (least, most) = (average + base + lower - CUT_MS, average + base + upper);
        let single_ms = self.limit_ms * SINGLE;
        let surely_late = self.distances.above(single_ms - base - lower + CUT_MS);
        let maybe_late = self.distances.above(single_ms - base - upper);
        let all = self.distances.len();
        let many = |late: u64| late as f64 > all as f64 * SHARE_OUTSIDE;
        result.value = Some(f64::midpoint(least, most).max(0.0));
        result.n = all - surely_late;
        result.verdict = if least > self.limit_ms || many(surely_late) {
            let excused = self.excused(base + lower - CUT_MS);
            let unexcused = surely_late.saturating_sub(excused.late);
            if least - excused.ms / all as f64 <= self.limit_ms && !many(unexcused) {
                Verdict::Inconclusive(Reason::ClientOverloaded)
            } else {
                result.findings.push(self.finding(
                    least,
                    most,
                    base + f64::midpoint(lower, upper),
                    surely_late,
                ));
                Verdict::Fail
            }
        } else if most <= self.limit_ms && !many(maybe_late) {
            Verdict::Pass
        } else {
            Verdict::Inconclusive(Reason::ClockUncertain)
        };
        vec![result]
    }
}

impl Latency {
    /// What the client's own lag may have done: `shift` makes a distance the least that it can have been.
    fn excused(&self, shift: f64) -> Excused {
        let mut excused = Excused { late: 0, ms: 0.0 };
        for (t_ns, distance) in &self.late {
            let took = distance + shift;
            let excess = took - self.limit_ms;
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not below 0")]
            let from_ns = t_ns.saturating_sub((took.max(0.0) * 1e6) as u64);
            if excess > 0.0 && self.lag.explains(Stretch { from_ns, to_ns: *t_ns }, excess) {
                excused.ms += excess;
                excused.late += u64::from(took > self.limit_ms * SINGLE);
            }
        }
        excused
    }

    fn finding(&self, least: f64, most: f64, shift: f64, late: u64) -> Finding {
        Finding {
            summary: "events were long under way".to_owned(),
            expected: format!(
                "{:.0} ms on average, at most 5 % of events over {:.0} ms",
                self.limit_ms,
                self.limit_ms * SINGLE
            ),
            observed: format!(
                "{:.0} to {most:.0} ms on average, {late} of {} events over {:.0} ms, the latest {:.0} ms",
                least.max(0.0),
                self.distances.len(),
                self.limit_ms * SINGLE,
                self.worst.0 + shift
            ),
            records: vec![self.worst.1],
            witness: None,
        }
    }
}
