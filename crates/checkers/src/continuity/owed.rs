//! A run that is owed to somebody who came back: what was seen of it afterwards.

use super::leg::Left;
use super::stored::Answer;

/// Where something was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sighting {
    pub(super) line: u64,
    pub(super) t_ns: u64,
}

/// A run that was open when its reader went away.
#[derive(Debug)]
pub(super) struct Owed {
    pub(super) left: Left,
    /// Its first event on the new connection.
    pub(super) back: Option<Sighting>,
    /// The least `seq` that it showed there, and the line.
    pub(super) least: Option<(u64, u64)>,
    /// Whether any of its events came there after the replay.
    pub(super) live: bool,
    /// Its terminal there, and whether that was replayed.
    pub(super) terminal: Option<(u64, bool)>,
    /// Its first terminal on any connection of its owner.
    pub(super) ended: Option<Sighting>,
    /// What began anew in its place: the line, and how it shows.
    pub(super) restarted: Option<(u64, String)>,
    /// The store told its end.
    pub(super) stored_end: Option<Sighting>,
    /// The store did not have it, or would not show it: the line and the HTTP status.
    pub(super) refused: Option<(u64, u16)>,
}

impl Owed {
    pub(super) fn new(left: Left, ended: Option<Sighting>) -> Self {
        Self {
            left,
            back: None,
            least: None,
            live: false,
            terminal: None,
            ended,
            restarted: None,
            stored_end: None,
            refused: None,
        }
    }

    /// A number of the run came on the new connection.
    pub(super) fn came(&mut self, seq: Option<u64>, line: u64) {
        if let Some(seq) = seq.filter(|seq| self.least.is_none_or(|(least, _)| *seq < least)) {
            self.least = Some((seq, line));
        }
    }

    /// What is missing between the last number before and the first one after: from, to and the line that shows it.
    pub(super) fn gap(&self) -> Option<(u64, u64, u64)> {
        let (least, line) = self.least?;
        let next = self.left.seq.map_or(1, |seq| seq.saturating_add(1));
        (least > next).then(|| (next, least - 1, line))
    }

    /// Whether its end is still to come here, from the stream or from the store.
    pub(super) fn is_open(&self) -> bool {
        self.terminal.is_none() && self.stored_end.is_none()
    }

    pub(super) fn read(&mut self, answer: &Answer, at: Sighting) {
        if answer.ended.is_some() {
            self.stored_end.get_or_insert(at);
        }
        // A server's own trouble (5xx) is no answer about the run, and neither are a limit or a bad token.
        if let Some(status) = answer.status.filter(|status| matches!(status, 403 | 404 | 410)) {
            self.refused.get_or_insert((at.line, status));
        }
    }
}
