//! Pieces of an answer, put together so that no client drowns in them: few, spaced, and adding up exactly.

use std::time::Duration;
use tokio::time::Instant;

/// Collects the pieces of one run.
#[derive(Debug)]
pub(super) struct Deltas {
    interval: Duration,
    most: u32,
    sent: String,
    pending: String,
    count: u32,
    last: Option<Instant>,
}

impl Deltas {
    pub(super) fn new(interval: Duration, most: u32) -> Self {
        Self { interval, most, sent: String::new(), pending: String::new(), count: 0, last: None }
    }

    pub(super) fn push(&mut self, text: &str) {
        self.pending.push_str(text);
    }

    /// When the next piece may go; `None` when there is none, or the last place is kept for the rest.
    pub(super) fn due(&self) -> Option<Instant> {
        let room = self.count.saturating_add(1) < self.most;
        (room && !self.pending.is_empty()).then(|| self.free_at())
    }

    /// Takes what is pending.
    pub(super) fn take(&mut self) -> String {
        self.sent.push_str(&self.pending);
        std::mem::take(&mut self.pending)
    }

    /// A piece went out just now.
    pub(super) fn went(&mut self) {
        self.count += 1;
        self.last = Some(Instant::now());
    }

    /// The earliest instant of the next piece.
    pub(super) fn free_at(&self) -> Instant {
        self.last.map_or_else(Instant::now, |last| last + self.interval)
    }

    /// What is still missing of the answer: `Ok(None)` when nothing is, or nothing was ever streamed;
    /// an error when the pieces sent are not its beginning.
    pub(super) fn rest<'a>(&mut self, answer: &'a str) -> Result<Option<&'a str>, ()> {
        if self.count == 0 && self.pending.is_empty() {
            return Ok(None);
        }
        self.pending.clear();
        let rest = answer.strip_prefix(self.sent.as_str()).ok_or(())?;
        Ok((!rest.is_empty()).then_some(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::Deltas;
    use std::time::Duration;

    #[test]
    fn pieces_add_up_to_the_answer() {
        let mut deltas = Deltas::new(Duration::from_millis(50), 200);
        assert_eq!(deltas.rest("one two"), Ok(None), "an answer that was never streamed owes no pieces");
        deltas.push("one");
        assert!(deltas.due().is_some());
        assert_eq!(deltas.take(), "one");
        deltas.went();
        deltas.push(" tw");
        assert_eq!(deltas.rest("one two"), Ok(Some(" two")));
        assert_eq!(deltas.rest("other"), Err(()));
    }

    #[test]
    fn the_last_piece_is_kept_for_the_rest() {
        let mut deltas = Deltas::new(Duration::ZERO, 2);
        deltas.push("a");
        deltas.take();
        deltas.went();
        deltas.push("b");
        assert_eq!(deltas.due(), None);
        assert_eq!(deltas.rest("abc"), Ok(Some("bc")));
    }
}
