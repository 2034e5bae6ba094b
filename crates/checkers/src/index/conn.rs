//! Users and their connections.

use super::Gap;
use crate::observation::{ConnIx, RunIx, UserIx};
use goldenpath_history::{ClosedBy, Trial};

/// How a connection joined its user's stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Joined {
    /// It asked for no resume.
    Fresh,
    /// Everything missed is replayed.
    Full,
    /// Nothing is replayed, and the server said so.
    Failed,
    /// The greeting said something else, or nothing.
    Unknown,
}

/// `connection_established`, as it was seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Greeting {
    /// Its line.
    pub line: u64,
    /// When it came.
    pub t_ns: u64,
    /// How the connection joined.
    pub joined: Joined,
    /// The head of the stream then.
    pub offset: Option<u64>,
    /// How many events were to be replayed.
    pub replay: Option<u64>,
}

/// How a connection ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Closed {
    /// The line.
    pub line: u64,
    /// When.
    pub t_ns: u64,
    /// The close code.
    pub code: Option<u16>,
    /// Who began it.
    pub by: ClosedBy,
}

/// A time in which the client read nothing of a connection, by its own driver's doing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stall {
    /// The line of the mark.
    pub line: u64,
    /// When it stopped reading.
    pub from_ns: u64,
    /// When it read again; `None` when it did not.
    pub until_ns: Option<u64>,
}

/// What a driver did to a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ordeal {
    /// What.
    pub step: Trial,
    /// The line of the mark.
    pub line: u64,
    /// When.
    pub t_ns: u64,
}

/// One connection, or a refused attempt at one.
#[derive(Debug, Clone, Default)]
pub struct ConnView {
    /// Whose it is.
    pub user: Option<UserIx>,
    /// The line of its `open` record; 0 when the history has none.
    pub opened_line: u64,
    /// When it was opened.
    pub opened_t_ns: u64,
    /// When the attempt began.
    pub intended_t_ns: Option<u64>,
    /// The HTTP status of the answer; `None` when no answer came or none was recorded.
    pub status: Option<u16>,
    /// Whether a forged or stale credential was shown on purpose.
    pub probe: bool,
    /// Its greeting.
    pub greeting: Option<Greeting>,
    /// Whether it is between a greeting with `full` and its `replay_end`.
    pub replaying: bool,
    /// Its end.
    pub closed: Option<Closed>,
    /// Frames it received.
    pub frames: u64,
    /// The last time that its reader stalled on purpose.
    pub stall: Option<Stall>,
    /// The last other thing that a driver did to it: silenced it, let it vanish, cut it.
    pub ordeal: Option<Ordeal>,
}

impl ConnView {
    /// Whether it became a connection at all.
    #[must_use]
    pub fn accepted(&self) -> bool {
        self.status == Some(101) || self.frames > 0
    }

    /// Whether it is open now.
    #[must_use]
    pub fn live(&self) -> bool {
        self.accepted() && self.closed.is_none()
    }

    /// Whether what is sent to it comes: the driver let nothing through any more where it does not.
    #[must_use]
    pub fn hears(&self) -> bool {
        !self.ordeal.is_some_and(|ordeal| matches!(ordeal.step, Trial::PeerVanished | Trial::LinkCut))
    }

    /// Whether its reader stalled at any time between two instants. What it reads late then is nobody's fault.
    #[must_use]
    pub fn stalled_between(&self, from_ns: u64, to_ns: u64) -> bool {
        self.stall.is_some_and(|stall| {
            stall.from_ns <= to_ns && stall.until_ns.is_none_or(|until| until >= from_ns)
        })
    }

    /// Whether the driver took away what keeps it alive, so that its end is no fault of the target's.
    #[must_use]
    pub fn forsaken(&self) -> bool {
        self.ordeal.is_some()
    }

    /// From which line on it receives its user's live events.
    #[must_use]
    pub fn joined_line(&self) -> u64 {
        self.greeting.map_or(self.opened_line, |greeting| greeting.line)
    }
}

/// One user.
#[derive(Debug, Clone)]
pub struct UserView {
    /// The harness's name for the identity: the token's `sub`.
    pub name: Box<str>,
    /// Every connection, in order.
    pub conns: Vec<ConnIx>,
    /// Runs that are not settled.
    pub open_runs: Vec<RunIx>,
    /// Whether the history holds a request of theirs.
    pub asked: bool,
    /// The last time that a part of their stream was told, or left, to be missing.
    pub gap: Option<Gap>,
}
