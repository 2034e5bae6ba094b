//! Connections that end without a word or with a false one, are kept though nobody is there, or take others down with them.

mod dropped;
mod evicted;
mod half_open;
mod no_pong;
mod slots;
mod slow_reader;
mod unfinished;
mod wrong_flag;

use crate::catalogue::{Driver, FaultInfo, Need};

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "W01",
        summary: "1006 in mid-run",
        owner: "connection/close-codes",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(dropped::MidRun::new(seed)),
    },
    FaultInfo {
        id: "W02",
        summary: "1000 on an error",
        owner: "connection/close-codes",
        driver: Driver::Proxy,
        needs: &[Need::FailingRun],
        make: |seed| Box::new(dropped::OnError::new(seed)),
    },
    FaultInfo {
        id: "W03",
        summary: "no pong",
        owner: "connection/heartbeat",
        driver: Driver::Proxy,
        needs: &[Need::Idle],
        make: |seed| Box::new(no_pong::NoPong::new(seed)),
    },
    FaultInfo {
        id: "W04",
        summary: "half-open kept for ever",
        owner: "connection/half-open",
        driver: Driver::Proxy,
        needs: &[Need::HalfOpen],
        make: |seed| Box::new(half_open::HalfOpenKept::new(seed)),
    },
    FaultInfo {
        id: "W05",
        summary: "dropped without a drain on SIGTERM",
        owner: "connection/drain",
        driver: Driver::Backend,
        needs: &[Need::Drain],
        make: |seed| Box::new(dropped::AtStop::new(seed)),
    },
    FaultInfo {
        id: "W06",
        summary: "the second tab evicts the first",
        owner: "connection/close-codes",
        driver: Driver::Proxy,
        needs: &[Need::TwoTabs],
        make: |seed| Box::new(evicted::Evicted::new(seed)),
    },
    FaultInfo {
        id: "W07",
        summary: "a close never finishes",
        owner: "connection/close-codes",
        driver: Driver::Proxy,
        needs: &[Need::HalfOpen],
        make: |seed| Box::new(unfinished::Unfinished::new(seed)),
    },
    FaultInfo {
        id: "W08",
        summary: "no slot after 10 cycles",
        owner: "connection/slots",
        driver: Driver::Backend,
        needs: &[Need::Cycles],
        make: |seed| Box::new(slots::SlotsKept::new(seed)),
    },
    FaultInfo {
        id: "W09",
        summary: "the wrong reconnect flag",
        owner: "connection/close-codes",
        driver: Driver::Proxy,
        needs: &[Need::Drain],
        make: |seed| Box::new(wrong_flag::WrongFlag::new(seed)),
    },
    FaultInfo {
        id: "W10",
        summary: "a slow reader stalls the others",
        owner: "connection/slow-reader",
        driver: Driver::Proxy,
        needs: &[Need::SlowReader],
        make: |seed| Box::new(slow_reader::OthersStalled::new(seed)),
    },
];

pub(crate) use slow_reader::DroppedWhileSlow;
