//! A measured quantity over time.

/// One sample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Point {
    pub(super) line: u64,
    pub(super) t_ns: u64,
    pub(super) value: f64,
}

/// Samples in the order of the history: one a second or so.
#[derive(Debug, Default)]
pub(super) struct Series {
    points: Vec<Point>,
}

impl Series {
    /// Takes in one sample; what is no finite number is left out.
    pub(super) fn add(&mut self, point: Point) {
        if point.value.is_finite() {
            self.points.push(point);
        }
    }

    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    pub(super) fn first(&self) -> Option<Point> {
        self.points.first().copied()
    }

    pub(super) fn last(&self) -> Option<Point> {
        self.points.last().copied()
    }

    pub(super) fn highest(&self) -> Option<Point> {
        self.points.iter().copied().max_by(|a, b| a.value.total_cmp(&b.value))
    }

    /// The last sample not after `t_ns`, else the first.
    pub(super) fn at(&self, t_ns: u64) -> Option<Point> {
        self.points.iter().rev().find(|point| point.t_ns <= t_ns).copied().or_else(|| self.first())
    }

    /// The median of what `reading` makes of the samples between two shares of the series.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positions inside the vector"
    )]
    pub(super) fn median_of(&self, from: f64, to: f64, reading: impl Fn(Point) -> f64) -> Option<f64> {
        let place = |share: f64| (self.points.len() as f64 * share) as usize;
        let part = self.points.get(place(from)..place(to).min(self.points.len()))?;
        crate::fates::median(&mut part.iter().copied().map(reading).collect::<Vec<f64>>())
    }

    /// The median of the samples between two shares of the series.
    #[allow(
        clippy::cast_precision_loss,
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positions inside the vector"
    )]
    pub(super) fn median(&self, from: f64, to: f64) -> Option<Point> {
        let place = |share: f64| (self.points.len() as f64 * share) as usize;
        let mut part = self.points.get(place(from)..place(to).min(self.points.len()))?.to_vec();
        part.sort_by(|a, b| a.value.total_cmp(&b.value));
        part.get(part.len() / 2).copied()
    }
}
