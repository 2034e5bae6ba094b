//! The rows: every known fault, the check that must catch it, and what it takes to make it.

use crate::fault::Fault;
use crate::kinds;

/// Where a fault can be made when a real backend is driven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Driver {
    /// Between the sockets, in front of any backend.
    Proxy,
    /// Inside the reference backend only, by decorating its parts.
    Backend,
}

/// What must happen in a session for a fault to be possible.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Every user has two connections.
    TwoTabs,
    /// A user has runs in two threads at once.
    TwoThreads,
    /// Tools of one run work at the same time.
    ParallelTools,
    /// A sub-agent works inside a run.
    NestedAgents,
    /// A tool fails, and the answer says what it lacks.
    FailingTool,
    /// The model fails, and so does the run.
    FailingRun,
    /// The user cancels in mid-run.
    Cancel,
    /// A connection goes away in mid-run and resumes.
    Resume,
    /// A connection goes away in mid-run and resumes, and does so again.
    ResumeTwice,
    /// A run ends while its only reader is away, who then resumes.
    EndsWhileAway,
    /// More is missed than can be replayed.
    Overrun,
    /// The log is lost, and its epoch with it.
    NewEpoch,
    /// A request is sent twice under one id.
    Retry,
    /// A request that cannot be served is refused with an `error` that names it.
    Refusal,
    /// The server is told to stop.
    Drain,
    /// A reader stalls past every buffer, beside others that read.
    SlowReader,
    /// A peer vanishes without a word.
    HalfOpen,
    /// Connections come and go many times.
    Cycles,
    /// Nothing happens for longer than a ping interval.
    Idle,
    /// Tool results of more than 32 KiB.
    LargeResults,
    /// Texts beyond ASCII.
    Unicode,
    /// Thoughts, results and answers of more than 500 characters.
    LongTexts,
    /// At least 200 tool calls, so that a share of them may be late.
    ManyCalls,
    /// A token is refreshed in mid-stream.
    Refresh,
    /// A token ends while its connection stays.
    Expiry,
    /// A token is revoked while its connection stays.
    Revocation,
    /// Bad tokens are shown at the upgrade.
    TokenProbes,
    /// Users try what belongs to others.
    ForeignProbes,
    /// More than twenty users at once.
    Crowd,
    /// More requests than the limits allow.
    Overload,
    /// Something that the service needs fails for a while.
    Outage,
    /// Runs of one user fail, as they must, while those of others work.
    OneFailingUser,
}

/// One row.
#[derive(Clone, Copy)]
pub struct FaultInfo {
    /// The row, such as `L01`.
    pub id: &'static str,
    /// What the backend seems to do wrong.
    pub summary: &'static str,
    /// The check that must catch it.
    pub owner: &'static str,
    /// Where it can be made live.
    pub driver: Driver,
    /// What a session must hold for it.
    pub needs: &'static [Need],
    /// Makes it from a seed.
    pub make: fn(u64) -> Box<dyn Fault>,
}

impl std::fmt::Debug for FaultInfo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("FaultInfo").field("id", &self.id).field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// Every row, group by group.
pub fn catalogue() -> impl Iterator<Item = &'static FaultInfo> {
    kinds::GROUPS.iter().flat_map(|rows| rows.iter())
}

/// The row of that id.
#[must_use]
pub fn fault_info(id: &str) -> Option<&'static FaultInfo> {
    catalogue().find(|row| row.id == id)
}
