//! One limit and the samples held against it.

use super::lag::Lag;
use crate::check::FINDINGS_KEPT;
use crate::samples::{SHARE_FROM, Samples, share_kept};
use crate::verdict::{CheckResult, Finding, Reason, Verdict};

/// Samples outside kept with their instants, so that the client's own lag can be held against them.
const OUTSIDE_KEPT: usize = 100_000;

/// One measured stretch of time.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Stretch {
    pub(crate) from_ns: u64,
    pub(crate) to_ns: u64,
}

impl Stretch {
    #[allow(clippy::cast_precision_loss, reason = "a session is far below 2^53 ns")]
    pub(crate) fn ms(self) -> f64 {
        self.to_ns.saturating_sub(self.from_ns) as f64 / 1e6
    }
}

/// A sample outside.
#[derive(Debug)]
struct Outside {
    stretch: Stretch,
    finding: Option<Finding>,
}

/// The samples of one check.
#[derive(Debug)]
pub(super) struct Limit {
    id: &'static str,
    limit_ms: f64,
    /// Whether not even one may be outside, however many there are.
    none_outside: bool,
    samples: Samples,
    outside: Vec<Outside>,
    outside_count: u64,
}

impl Limit {
    pub(super) fn new(id: &'static str, limit_ms: f64) -> Self {
        Self {
            id,
            limit_ms,
            none_outside: false,
            samples: Samples::default(),
            outside: Vec::new(),
            outside_count: 0,
        }
    }

    /// The same limit, kept by every single sample.
    pub(super) fn for_all(mut self) -> Self {
        self.none_outside = true;
        self
    }

    pub(super) fn id(&self) -> &'static str {
        self.id
    }

    pub(super) fn limit_ms(&self) -> f64 {
        self.limit_ms
    }

    /// Takes in one sample; says whether it was inside. `evidence` is called for one that was not.
    pub(super) fn add(&mut self, stretch: Stretch, evidence: impl FnOnce(f64) -> Finding) -> bool {
        let took = stretch.ms();
        self.samples.add(took);
        if took <= self.limit_ms {
            return true;
        }
        self.outside_count += 1;
        if self.outside.len() < OUTSIDE_KEPT {
            let finding = (self.outside.len() < FINDINGS_KEPT).then(|| evidence(took));
            self.outside.push(Outside { stretch, finding });
        }
        false
    }

    fn kept(&self, outside: u64) -> bool {
        if self.none_outside { outside == 0 } else { share_kept(outside, self.samples.len()) }
    }

    /// The verdict: a limit broken only where the client itself was late is inconclusive.
    pub(super) fn into_result(mut self, lag: &Lag) -> CheckResult {
        let limit_ms = self.limit_ms;
        let excused = |outside: &Outside| lag.explains(outside.stretch, outside.stretch.ms() - limit_ms);
        let excuses = self.outside.iter().filter(|outside| excused(outside)).count() as u64;
        let slow_on_average = self.samples.average().is_some_and(|average| average > limit_ms);
        let verdict = if self.samples.is_empty() {
            Verdict::Inconclusive(Reason::NoCoverage)
        } else if !self.kept(self.outside_count - excuses) || slow_on_average && excuses == 0 {
            Verdict::Fail
        } else if !self.kept(self.outside_count) || slow_on_average {
            Verdict::Inconclusive(Reason::ClientOverloaded)
        } else {
            Verdict::Pass
        };
        let failed = verdict == Verdict::Fail;
        let findings = if failed {
            self.outside.iter_mut().filter_map(|outside| outside.finding.take()).collect()
        } else {
            Vec::new()
        };
        // What the verdict rests on: the worst of few samples, the 95th percentile of many.
        let many = self.samples.len() >= SHARE_FROM && !self.none_outside;
        let value = if many { self.samples.percentile(0.95) } else { self.samples.max() };
        CheckResult {
            id: self.id,
            verdict,
            limit: Some(limit_ms),
            value,
            n: self.samples.len() - self.outside_count,
            of: self.samples.len(),
            findings,
        }
    }
}
