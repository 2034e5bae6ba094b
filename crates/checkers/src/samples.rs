//! The rules for samples: how many may lie outside a limit, and from when a percentile means something.

/// From this many samples on, a share of them may lie outside.
pub const SHARE_FROM: u64 = 200;

/// The share that may lie outside then.
pub const SHARE_OUTSIDE: f64 = 0.05;

/// Whether `outside` of `total` samples keep a limit: under 200 none may be outside, from 200 on at
/// most 5 %.
#[must_use]
#[allow(clippy::cast_precision_loss, reason = "sample counts are far below 2^53")]
pub fn share_kept(outside: u64, total: u64) -> bool {
    if total < SHARE_FROM { outside == 0 } else { outside as f64 <= total as f64 * SHARE_OUTSIDE }
}

/// The least number of samples that make the `q` quantile (0.95 for p95) mean something: 10 / (1 − q).
#[must_use]
#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a small positive number")]
pub fn least_for_percentile(q: f64) -> u64 {
    if q >= 1.0 { u64::MAX } else { (10.0 / (1.0 - q) - 1e-9).ceil() as u64 }
}

/// Measured values, kept as 32-bit floats: four bytes each.
#[derive(Debug, Clone, Default)]
pub struct Samples {
    values: Vec<f32>,
    sum: f64,
}

impl Samples {
    /// Takes in one value; what is no finite number is left out.
    #[allow(clippy::cast_possible_truncation, reason = "seven digits are plenty for milliseconds")]
    pub fn add(&mut self, value: f64) {
        if value.is_finite() {
            self.values.push(value as f32);
            self.sum += value;
        }
    }

    /// How many.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.values.len() as u64
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The average; `None` without samples.
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "sample counts are far below 2^53")]
    pub fn average(&self) -> Option<f64> {
        (!self.values.is_empty()).then(|| self.sum / self.values.len() as f64)
    }

    /// The largest value.
    #[must_use]
    pub fn max(&self) -> Option<f64> {
        self.values.iter().copied().reduce(f32::max).map(f64::from)
    }

    /// How many lie above `limit`.
    #[must_use]
    pub fn above(&self, limit: f64) -> u64 {
        self.values.iter().filter(|value| f64::from(**value) > limit).count() as u64
    }

    /// The `q` quantile (nearest rank); `None` with fewer than [`least_for_percentile`] samples. Reorders
    /// the values it keeps.
    #[must_use]
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rank inside the vector"
    )]
    pub fn percentile(&mut self, q: f64) -> Option<f64> {
        if self.len() < least_for_percentile(q) {
            return None;
        }
        let rank = ((q * self.values.len() as f64).ceil() as usize).clamp(1, self.values.len()) - 1;
        let (_, at, _) = self.values.select_nth_unstable_by(rank, f32::total_cmp);
        Some(f64::from(*at))
    }
}

#[cfg(test)]
mod tests {
    use super::{Samples, least_for_percentile, share_kept};
    use rstest::rstest;

    #[rstest]
    #[case(0, 1, true)]
    #[case(1, 199, false)]
    #[case(10, 200, true)]
    #[case(11, 200, false)]
    fn a_share_may_lie_outside_from_two_hundred_on(
        #[case] outside: u64,
        #[case] total: u64,
        #[case] kept: bool,
    ) {
        assert_eq!(share_kept(outside, total), kept);
    }

    #[rstest]
    #[case(0.5, 20)]
    #[case(0.95, 200)]
    #[case(0.99, 1000)]
    fn a_percentile_needs_enough_samples(#[case] q: f64, #[case] least: u64) {
        assert_eq!(least_for_percentile(q), least);
        let mut samples = Samples::default();
        for at in 1..least {
            samples.add(at as f64);
        }
        assert_eq!(samples.percentile(q), None);
        samples.add(least as f64);
        assert_eq!(samples.percentile(q), Some((q * least as f64).ceil()));
    }

    #[test]
    fn nonsense_is_no_sample() {
        let mut samples = Samples::default();
        samples.add(f64::NAN);
        assert!(samples.is_empty());
        assert_eq!(samples.average(), None);
    }
}
