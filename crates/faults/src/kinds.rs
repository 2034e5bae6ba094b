//! The faults, a folder for each group and a file for each way to be wrong. A new fault is a file and a row in its group.

mod loss;

use crate::catalogue::FaultInfo;

/// The rows of every group.
pub(crate) const GROUPS: &[&[FaultInfo]] = &[loss::ROWS];
