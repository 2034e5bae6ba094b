//! What is known of the server's clock: an interval, never a number.

/// The offset between the server's wall clock and the client's monotonic one, as bounds.
///
/// Every `server_time` reading narrows it: the server read its clock after the client had asked, and
/// before the client had the answer.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ClockBounds {
    lower: f64,
    upper: f64,
    readings: u32,
}

impl Default for ClockBounds {
    fn default() -> Self {
        Self { lower: f64::NEG_INFINITY, upper: f64::INFINITY, readings: 0 }
    }
}

impl ClockBounds {
    /// Takes in one reading: the server's Unix milliseconds, between the client's `asked_ms` (where
    /// known) and `received_ms`.
    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    pub fn narrow(&mut self, server_unix_ms: i64, asked_ms: Option<f64>, received_ms: f64) {
        let server = server_unix_ms as f64;
        self.lower = self.lower.max(server - received_ms);
        if let Some(asked) = asked_ms {
            // The text cuts the server's clock to whole milliseconds.
            self.upper = self.upper.min(server + 1.0 - asked);
        }
        self.readings = self.readings.saturating_add(1);
    }

    /// How many readings there were.
    #[must_use]
    pub fn readings(&self) -> u32 {
        self.readings
    }

    /// The bounds of *server Unix milliseconds − client milliseconds*, once at least `min_readings`
    /// agree; readings that contradict each other (a clock that was set) give nothing.
    #[must_use]
    pub fn offset_ms(&self, min_readings: u32) -> Option<(f64, f64)> {
        let known = self.readings >= min_readings && self.lower.is_finite() && self.upper.is_finite();
        (known && self.lower <= self.upper).then_some((self.lower, self.upper))
    }
}

#[cfg(test)]
mod tests {
    use super::ClockBounds;

    #[test]
    fn readings_narrow_the_bounds() {
        let mut clock = ClockBounds::default();
        assert_eq!(clock.offset_ms(1), None);
        clock.narrow(1_000_050, Some(0.0), 100.0);
        clock.narrow(1_000_210, Some(200.0), 220.0);
        assert_eq!(clock.offset_ms(2), Some((999_990.0, 1_000_011.0)));
        assert_eq!(clock.offset_ms(3), None);
    }

    #[test]
    fn a_clock_that_was_set_gives_nothing() {
        let mut clock = ClockBounds::default();
        clock.narrow(1_000_000, Some(0.0), 1.0);
        clock.narrow(5_000_000, Some(2.0), 3.0);
        assert_eq!(clock.offset_ms(2), None);
    }
}
