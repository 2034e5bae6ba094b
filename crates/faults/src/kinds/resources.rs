//! What is taken and not given back. It shows in the backend's own figures.

mod kept;
mod work;

use crate::catalogue::{Driver, FaultInfo, Need};
use kept::{Kept, What};

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "G01",
        summary: "memory per connection kept",
        owner: "resources/memory-plateau",
        driver: Driver::Backend,
        needs: &[Need::Cycles],
        make: |seed| Box::new(Kept::new(What::Memory, seed)),
    },
    FaultInfo {
        id: "G02",
        summary: "work goes on after a cancel",
        owner: "resources/work-stops",
        driver: Driver::Backend,
        needs: &[Need::Cancel],
        make: |seed| Box::new(work::WorkGoesOn::new(seed)),
    },
    FaultInfo {
        id: "G03",
        summary: "descriptors kept",
        owner: "resources/descriptors",
        driver: Driver::Backend,
        needs: &[Need::Cycles],
        make: |seed| Box::new(Kept::new(What::Descriptors, seed)),
    },
];
