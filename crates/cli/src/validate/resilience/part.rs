//! The parts of the category, each of which can be driven alone.

/// One thing that is done to connections, or to the target.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TrialPart {
    /// A link is cut in mid-run, and its client goes on from there.
    MidRun,
    /// The same after a clean close.
    LeftCleanly,
    /// A resumed connection is cut and resumed once more.
    Twice,
    /// The run ends while its only reader is away.
    EndsWhileAway,
    /// A resume with nothing missed.
    NothingMissed,
    /// More is missed than is replayed.
    Overrun,
    /// Resumes from an epoch that never was, and from beyond the head.
    WrongPoint,
    /// Resumes from what is no point at all: it is said, at the upgrade or in the greeting.
    UnreadablePoint,
    /// A resume from where another user stands, in that user's log.
    ForeignPoint,
    /// A link is lost while the replay is still coming, several times, and each time it goes on from there.
    DuringReplay,
    /// A client comes back under its name while its old connection still stands, which is replaced.
    Displaced,
    /// Acknowledged up to the head, and resumed from further back; and a name that comes back without a point.
    BehindAcks,
    /// A second tab goes on from where the first one stood, beside it.
    SecondTab,
    /// A connection is lost in mid-run, and the next one resumes nothing.
    Reconnect,
    /// Nothing but heartbeats and pings, for longer than the time between two of them.
    Idle,
    /// A peer that answers nothing any more.
    SilentPeer,
    /// A peer that neither hears nor answers.
    VanishedPeer,
    /// Readers that stop beside one that reads: one reads on in time, one does not, and comes back for the rest.
    SlowReader,
    /// Connections come and go, in every way in which clients do.
    Cycles,
    /// Frames that cannot be understood, or are too large.
    BadFrames,
    /// More than the limits allow: connections, a `client_id` that comes twice, and messages, in mid-run; who is closed for
    /// that and may come back gets the rest.
    Limits,
    /// The target is told to stop, and started again, where it is ours.
    Drain,
}

impl TrialPart {
    /// Every part.
    pub const ALL: [Self; 22] = [
        Self::MidRun,
        Self::LeftCleanly,
        Self::Twice,
        Self::EndsWhileAway,
        Self::NothingMissed,
        Self::Overrun,
        Self::WrongPoint,
        Self::UnreadablePoint,
        Self::ForeignPoint,
        Self::DuringReplay,
        Self::Displaced,
        Self::BehindAcks,
        Self::SecondTab,
        Self::Reconnect,
        Self::Idle,
        Self::SilentPeer,
        Self::VanishedPeer,
        Self::SlowReader,
        Self::Cycles,
        Self::BadFrames,
        Self::Limits,
        Self::Drain,
    ];

    /// The part in a word or two: the stream that its prompts come from, and its name in notes.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MidRun => "mid-run",
            Self::LeftCleanly => "left-cleanly",
            Self::Twice => "twice",
            Self::EndsWhileAway => "ends-while-away",
            Self::NothingMissed => "nothing-missed",
            Self::Overrun => "overrun",
            Self::WrongPoint => "wrong-point",
            Self::UnreadablePoint => "unreadable-point",
            Self::ForeignPoint => "foreign-point",
            Self::DuringReplay => "during-replay",
            Self::Displaced => "displaced",
            Self::BehindAcks => "behind-acks",
            Self::SecondTab => "second-tab",
            Self::Reconnect => "reconnect",
            Self::Idle => "idle",
            Self::SilentPeer => "silent-peer",
            Self::VanishedPeer => "vanished-peer",
            Self::SlowReader => "slow-reader",
            Self::Cycles => "cycles",
            Self::BadFrames => "bad-frames",
            Self::Limits => "limits",
            Self::Drain => "drain",
        }
    }

    /// Whether it takes time by itself, and passes beside everything else.
    pub(super) const fn waits(self) -> bool {
        matches!(self, Self::Idle | Self::SilentPeer | Self::VanishedPeer)
    }

    /// Whether the `n`th of `users` goes through it. What takes many runs, connections or seconds is for two of them: the first
    /// two, or the last two, who have less to do.
    pub(super) const fn is_for(self, n: usize, users: usize) -> bool {
        match self {
            Self::Overrun | Self::Cycles | Self::BadFrames | Self::Limits => n < 2,
            Self::UnreadablePoint | Self::ForeignPoint => n < 2,
            Self::Idle | Self::SilentPeer | Self::VanishedPeer => n < 2,
            Self::SlowReader => n + 2 >= users,
            // The target has one end.
            Self::Drain => n == 0,
            _ => true,
        }
    }
}
