//! What a driver puts a backend to beside asking: stalled readers, silent peers, a stop, many cycles, more than it allows, an outage.
//!
//! Told here as a healthy backend bears it; the marks that a driver leaves are those of [`goldenpath_history::Trial`].

use crate::clock::{MS, SECOND};
use crate::scenario::{Ending, Scenario};

/// The trials of a session.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools, reason = "independent trials, each asked for by its own name")]
pub(crate) struct Trials {
    pub(crate) slow_reader: bool,
    pub(crate) half_open: bool,
    pub(crate) drain: bool,
    pub(crate) cycles: u32,
    pub(crate) idle: bool,
    pub(crate) overload: bool,
    pub(crate) outage: bool,
    pub(crate) one_fails: bool,
    /// Of one run: whatever comes of it is right.
    pub(crate) any_outcome: bool,
}

/// Between two cycles of connecting and going away.
pub(crate) const CYCLE_NS: u64 = 600 * MS;
/// From the silence of a peer to its close: a ping interval and the time for its pong, less what is left of them.
pub(crate) const GIVEN_UP_NS: u64 = 28 * SECOND;
/// For how long a reader stalls that is told so.
pub(crate) const STALL_NS: u64 = 12 * SECOND;

impl Trials {
    /// How long users stay after their last run for it.
    pub(crate) fn stay_ns(&self) -> u64 {
        let cycles = u64::from(self.cycles) * CYCLE_NS + if self.cycles > 0 { 3 * SECOND } else { 0 };
        let idle = if self.idle { 52 * SECOND } else { 0 };
        let half_open = if self.half_open { GIVEN_UP_NS + 6 * SECOND } else { 0 };
        cycles.max(idle).max(half_open)
    }

    /// How much longer the last round is for it.
    pub(crate) fn last_round_ns(&self) -> u64 {
        if self.slow_reader { STALL_NS + 2 * SECOND } else { 0 }
    }
}

impl Scenario {
    /// In the last round the first tab of every user stops reading, with at least one other tab beside it: some read again and
    /// get all, others wait for longer than the server does and are told.
    #[must_use]
    pub fn with_slow_readers(mut self) -> Self {
        self.tabs = self.tabs.max(2);
        self.trials.slow_reader = true;
        self
    }

    /// A connection of every user falls silent and is given up.
    #[must_use]
    pub fn with_half_open_peers(mut self) -> Self {
        self.trials.half_open = true;
        self
    }

    /// The target is told to stop in the last round: new requests are refused, runs end, then every connection is closed with 4001.
    #[must_use]
    pub fn with_drain(mut self) -> Self {
        self.trials.drain = true;
        self
    }

    /// Every user connects and goes away so many times, at most 200.
    #[must_use]
    pub fn with_cycles(mut self, cycles: u32) -> Self {
        self.trials.cycles = cycles.min(200);
        self
    }

    /// After the last round nothing happens for 52 s but heartbeats, pings and pongs.
    #[must_use]
    pub fn with_idle_time(mut self) -> Self {
        self.trials.idle = true;
        self
    }

    /// Five runs of every user at once, and requests beyond that and beyond the rate of messages, refused in words.
    #[must_use]
    pub fn with_overload(mut self) -> Self {
        self.at_once = 5;
        self.runs = self.runs.max(5);
        self.trials.overload = true;
        self
    }

    /// What the service needs fails in the second round, and works again from the third on: runs fail in words, then complete as before.
    #[must_use]
    pub fn with_outage(mut self) -> Self {
        self.runs = self.runs.max(self.at_once * 5);
        self.trials.outage = true;
        self
    }

    /// The first user's runs fail, as they must; everybody else's complete.
    #[must_use]
    pub fn with_one_failing_user(mut self) -> Self {
        self.trials.one_fails = true;
        self
    }

    /// The scenario of one run, where it differs from the session's.
    pub(crate) fn own_of(&self, user: u32, run: u32) -> Option<Self> {
        let out = self.trials.outage && run / self.at_once == 1;
        let fails = self.trials.one_fails && user == 0;
        (out || fails).then(|| {
            let mut own = self.clone().ending(Ending::Failed);
            own.trials.any_outcome = out;
            own
        })
    }
}

/// A time in which a tab is not read.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TabStall {
    pub(crate) from_ns: u64,
    pub(crate) until_ns: u64,
    /// How many frames wait for it; the server gives up what is beyond them. `None`: all of them.
    pub(crate) buffer: Option<u32>,
}

impl TabStall {
    /// Whether what is made now waits.
    pub(crate) fn holds(&self, made_ns: u64) -> bool {
        (self.from_ns..self.until_ns).contains(&made_ns)
    }
}

/// Healthy sessions that hold a trial, by its name.
pub fn healthy_trials() -> impl Iterator<Item = (&'static str, Scenario)> {
    let start = || Scenario::golden_path().users(3);
    [
        ("slow readers", start().with_slow_readers()),
        ("half-open peers", start().with_half_open_peers()),
        ("a drain", start().with_drain()),
        ("cycles", start().with_cycles(40)),
        ("idle time", start().tabs(2).with_idle_time()),
        ("overload", start().with_overload().with_explicit_refusals()),
        ("an outage", start().with_outage()),
        ("one user fails", start().with_one_failing_user()),
        ("a crowd", start().users(24)),
    ]
    .into_iter()
}
