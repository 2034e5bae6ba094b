//! What arrives more often than it happened.

mod again;
mod new_id;
mod second_end;
mod second_run;
mod whole_run;

use crate::catalogue::{Driver, FaultInfo, Need};
use again::SentAgain;
use goldenpath_protocol::EventType;
use new_id::SentUnderNewId;
use second_end::SecondEnd;
use second_run::SecondRun;
use whole_run::WholeRunAgain;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "D01",
        summary: "the same event twice",
        owner: "delivery/unique-ids",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(SentAgain::new(seed)),
    },
    FaultInfo {
        id: "D02",
        summary: "an event sent again under a new id",
        owner: "delivery/unique-ids",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(SentUnderNewId::new(seed)),
    },
    FaultInfo {
        id: "D03",
        summary: "two terminals",
        owner: "sequence/one-terminal",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(SecondEnd::new(None, seed)),
    },
    FaultInfo {
        id: "D04",
        summary: "the whole run is replayed after a reconnect",
        owner: "continuity/no-double",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(WholeRunAgain::new(seed)),
    },
    FaultInfo {
        id: "D05",
        summary: "the retry of a request id starts a second run",
        owner: "delivery/one-run-per-request",
        driver: Driver::Backend,
        needs: &[Need::Retry],
        make: |seed| Box::new(SecondRun::new(seed)),
    },
    FaultInfo {
        id: "D06",
        summary: "agent_failed twice",
        owner: "sequence/one-terminal",
        driver: Driver::Proxy,
        needs: &[Need::FailingRun],
        make: |seed| Box::new(SecondEnd::new(Some(EventType::AgentFailed), seed)),
    },
];
