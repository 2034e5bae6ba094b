//! How fast one connection may speak, and when it is told to come back later.

use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// What to do with a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Verdict {
    Serve,
    Refuse,
    /// It was refused, and it was one refusal too many.
    Close,
}

/// A bucket that fills with time, and the refusals of the last while.
#[derive(Debug)]
pub(super) struct RateLimit {
    tokens: f64,
    per_second: f64,
    burst: f64,
    last: Instant,
    refusals: VecDeque<Instant>,
    most_refusals: usize,
    window: Duration,
}

impl RateLimit {
    pub(super) fn new(
        per_second: u32,
        burst: u32,
        most_refusals: u32,
        window: Duration,
        now: Instant,
    ) -> Self {
        let burst = f64::from(burst.max(1));
        Self {
            tokens: burst,
            per_second: f64::from(per_second),
            burst,
            last: now,
            refusals: VecDeque::new(),
            most_refusals: most_refusals.max(1) as usize,
            window,
        }
    }

    pub(super) fn judge(&mut self, now: Instant) -> Verdict {
        let earned = now.saturating_duration_since(self.last).as_secs_f64() * self.per_second;
        self.tokens = (self.tokens + earned).min(self.burst);
        self.last = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            return Verdict::Serve;
        }
        while self.refusals.front().is_some_and(|first| now.saturating_duration_since(*first) > self.window) {
            self.refusals.pop_front();
        }
        self.refusals.push_back(now);
        if self.refusals.len() >= self.most_refusals { Verdict::Close } else { Verdict::Refuse }
    }
}

#[cfg(test)]
mod tests {
    use super::{RateLimit, Verdict};
    use std::time::Duration;
    use tokio::time::Instant;

    #[test]
    fn a_burst_is_served_then_refused_then_closed() {
        let start = Instant::now();
        let mut rate = RateLimit::new(20, 60, 60, Duration::from_secs(10), start);
        let verdicts: Vec<Verdict> = (0..120).map(|_| rate.judge(start)).collect();
        assert!(verdicts[..60].iter().all(|verdict| *verdict == Verdict::Serve));
        assert!(verdicts[60..119].iter().all(|verdict| *verdict == Verdict::Refuse));
        assert_eq!(verdicts[119], Verdict::Close);
    }

    #[test]
    fn a_steady_speaker_is_never_refused_and_old_refusals_are_forgotten() {
        let start = Instant::now();
        let mut rate = RateLimit::new(20, 60, 2, Duration::from_secs(10), start);
        for message in 0..2_000 {
            assert_eq!(rate.judge(start + Duration::from_millis(50) * message), Verdict::Serve);
        }
        let later = start + Duration::from_secs(200);
        for _ in 0..60 {
            rate.judge(later);
        }
        assert_eq!(rate.judge(later), Verdict::Refuse);
        let much_later = later + Duration::from_secs(11);
        for _ in 0..60 {
            rate.judge(much_later);
        }
        assert_eq!(rate.judge(much_later), Verdict::Refuse);
    }
}
