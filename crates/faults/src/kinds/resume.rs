//! Connections that come back, and what a backend makes of it.

mod first_point;
mod from_start;
mod old_epoch;
mod overrun;
mod restart;
mod seam;
mod skipped;
mod terminal;
mod unchecked;

use crate::catalogue::{Driver, FaultInfo, Need};
use first_point::CursorStuck;
use from_start::ReplayedFromStart;
use old_epoch::OldEpochAccepted;
use overrun::OverrunHidden;
use restart::RunRestarted;
use seam::{OffByOne, SeamLosesOne};
use skipped::ReplaySkipped;
use terminal::TerminalInGapLost;
use unchecked::ResumeUnchecked;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "R01",
        summary: "a resume restarts the run",
        owner: "continuity/same-run",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(RunRestarted::new(seed)),
    },
    FaultInfo {
        id: "R02",
        summary: "a resume replays from the start",
        owner: "continuity/no-double",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(ReplayedFromStart::new(seed)),
    },
    FaultInfo {
        id: "R03",
        summary: "the gap is skipped",
        owner: "continuity/no-gap",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(ReplaySkipped::new(seed)),
    },
    FaultInfo {
        id: "R04",
        summary: "the replay is off by one",
        owner: "continuity/no-gap",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(OffByOne::new(seed)),
    },
    FaultInfo {
        id: "R05",
        summary: "the terminal in the gap is never sent",
        owner: "continuity/terminal-arrives",
        driver: Driver::Proxy,
        needs: &[Need::EndsWhileAway],
        make: |seed| Box::new(TerminalInGapLost::new(seed)),
    },
    FaultInfo {
        id: "R06",
        summary: "an overrun is not signalled: `full` with a hole",
        owner: "continuity/gap-signalled",
        driver: Driver::Proxy,
        needs: &[Need::TwoTabs, Need::Overrun],
        make: |seed| Box::new(OverrunHidden::new(seed)),
    },
    FaultInfo {
        id: "R07",
        summary: "an old epoch is accepted",
        owner: "continuity/epoch",
        driver: Driver::Proxy,
        needs: &[Need::NewEpoch],
        make: |seed| Box::new(OldEpochAccepted::new(seed)),
    },
    FaultInfo {
        id: "R08",
        summary: "a completed run replays nothing",
        owner: "continuity/completed-replays",
        driver: Driver::Proxy,
        needs: &[Need::EndsWhileAway],
        make: |seed| Box::new(ReplaySkipped::of_open_runs(seed)),
    },
    FaultInfo {
        id: "R09",
        summary: "the cursor never moves: each resume replays from the first one's point",
        owner: "continuity/no-double",
        driver: Driver::Proxy,
        needs: &[Need::ResumeTwice],
        make: |seed| Box::new(CursorStuck::new(seed)),
    },
    FaultInfo {
        id: "R10",
        summary: "the seam between replay and live loses one",
        owner: "continuity/no-gap",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(SeamLosesOne::new(seed)),
    },
    FaultInfo {
        id: "R11",
        summary: "what checks tokens is skipped on a resume: a revoked user gets in",
        owner: "auth/revocation",
        driver: Driver::Backend,
        needs: &[Need::Revocation],
        make: |seed| Box::new(ResumeUnchecked::new(seed)),
    },
];
