//! How late the measuring client ran its own tasks.

use super::limit::Stretch;
use crate::observation::Observation;
use goldenpath_history::RecordKind;

/// Less than this is the machine's ordinary noise, milliseconds.
const NOISE_MS: f64 = 20.0;

/// A sample tells of the time since the one before it: so long after an event its sample may come, and later only from a client
/// that was too late to tell.
const REPORTED_NS: u64 = 2_500_000_000;

/// The samples, in the order of time.
#[derive(Debug, Default)]
pub(crate) struct Lag {
    samples: Vec<(u64, f64)>,
}

impl Lag {
    pub(crate) fn observe(&mut self, seen: &Observation<'_>) {
        if let RecordKind::Sample { name, value } = &seen.record.kind
            && name == "scheduler_lag_ms"
        {
            let lag_ms = if *value >= NOISE_MS { *value } else { 0.0 };
            self.samples.push((seen.t_ns, lag_ms));
        }
    }

    /// Whether the client's own lag may be all that made something wrong by `excess_ms`: each way through it, out and back,
    /// was late by as much as was told.
    pub(crate) fn explains(&self, stretch: Stretch, excess_ms: f64) -> bool {
        self.during(stretch) * 2.0 >= excess_ms.max(1.0)
    }

    /// All the lag that was told in a stretch, and the worst of what was told of its end.
    fn during(&self, stretch: Stretch) -> f64 {
        let from = self.samples.partition_point(|(t_ns, _)| *t_ns < stretch.from_ns);
        let (before, after) = self.samples[from..]
            .split_at(self.samples[from..].partition_point(|(t_ns, _)| *t_ns < stretch.to_ns));
        let until = stretch.to_ns.saturating_add(REPORTED_NS);
        let told = after.partition_point(|(t_ns, _)| *t_ns <= until).max(1).min(after.len());
        let within: f64 = before.iter().map(|(_, lag_ms)| lag_ms).sum();
        within + after[..told].iter().fold(0.0, |worst, (_, lag_ms)| f64::max(worst, *lag_ms))
    }
}

#[cfg(test)]
mod tests {
    use super::{Lag, Stretch};
    use rstest::rstest;

    const S: u64 = 1_000_000_000;

    /// One sample each second, and the last one late.
    fn lag() -> Lag {
        Lag { samples: vec![(S, 100.0), (2 * S, 0.0), (3 * S, 300.0), (4 * S, 400.0), (12 * S, 500.0)] }
    }

    #[rstest]
    #[case::told_within(S, 3 * S, 100.0 + 400.0)]
    #[case::told_after(0, S / 2, 300.0)]
    #[case::told_late_because_of_the_lag(5 * S, 6 * S, 500.0)]
    #[case::never_told(12 * S + 1, 13 * S, 0.0)]
    fn a_stretch_has_the_lag_that_is_told_of_it(#[case] from_ns: u64, #[case] to_ns: u64, #[case] ms: f64) {
        assert_eq!(lag().during(Stretch { from_ns, to_ns }), ms);
    }

    #[test]
    fn nothing_is_explained_by_lag_that_is_too_small() {
        let stretch = Stretch { from_ns: 5 * S, to_ns: 6 * S };
        assert!(lag().explains(stretch, 1_000.0) && !lag().explains(stretch, 1_001.0));
    }
}
