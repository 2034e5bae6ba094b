//! When events say that they were made.

mod backwards;
mod elsewhere;
mod frozen;
mod part;
mod spelling;

use crate::catalogue::{Driver, FaultInfo};
use backwards::GoesBack;
use elsewhere::{Elsewhere, HOUR, LATER};
use frozen::Frozen;
use spelling::{Misspelt, Spelling};

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "S01",
        summary: "no timestamp",
        owner: "timestamps/present",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Misspelt::new(&[Spelling::Missing, Spelling::Null], seed)),
    },
    FaultInfo {
        id: "S02",
        summary: "a timestamp without a zone",
        owner: "timestamps/format",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Misspelt::new(&[Spelling::NoZone, Spelling::NoZoneSpaced], seed)),
    },
    FaultInfo {
        id: "S03",
        summary: "seconds instead of milliseconds",
        owner: "timestamps/format",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| {
            Box::new(Misspelt::new(
                &[Spelling::WholeSeconds, Spelling::PaddedSeconds, Spelling::UnixSeconds],
                seed,
            ))
        },
    },
    FaultInfo {
        id: "S04",
        summary: "timestamps stand still",
        owner: "timestamps/monotone",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Frozen::new(seed)),
    },
    FaultInfo {
        id: "S05",
        summary: "timestamps go back",
        owner: "timestamps/monotone",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(GoesBack::new(seed)),
    },
    FaultInfo {
        id: "S06",
        summary: "timestamps an hour off",
        owner: "timestamps/in-session",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Elsewhere::new(HOUR, seed)),
    },
    FaultInfo {
        id: "S07",
        summary: "timestamps in the future",
        owner: "timestamps/in-session",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Elsewhere::new(LATER, seed)),
    },
    FaultInfo {
        id: "S08",
        summary: "ISO and float mixed by path",
        owner: "timestamps/format",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Misspelt::new(&[Spelling::Float], seed)),
    },
];
