//! What only shows when there are many.

mod crowd;
mod silent_limit;
mod starved;

use crate::catalogue::{Driver, FaultInfo, Need};

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "P01",
        summary: "loss only above 20 users",
        owner: "delivery/no-loss",
        driver: Driver::Proxy,
        needs: &[Need::Crowd],
        make: |seed| Box::new(crowd::LossInCrowd::new(seed)),
    },
    FaultInfo {
        id: "P02",
        summary: "one user starved",
        owner: "load/fairness",
        driver: Driver::Proxy,
        needs: &[Need::Crowd],
        make: |seed| Box::new(starved::Starved::new(seed)),
    },
    FaultInfo {
        id: "P03",
        summary: "a silent rate limit",
        owner: "load/explicit-refusal",
        driver: Driver::Proxy,
        needs: &[Need::Overload],
        make: |seed| Box::new(silent_limit::SilentLimit::new(seed)),
    },
    FaultInfo {
        id: "P04",
        summary: "a leak only under load",
        owner: "isolation/canary",
        driver: Driver::Proxy,
        needs: &[Need::Crowd],
        make: |seed| Box::new(crowd::LeakInCrowd::new(seed)),
    },
];
