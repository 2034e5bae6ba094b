//! The faults, a folder for each group and a file for each way to be wrong. A new fault is a file and a row in its group.

mod answers;
mod auth;
mod content;
mod duplication;
mod errors;
mod identity;
mod isolation;
mod kept;
mod loss;
mod numbers;
mod order;
mod resume;
mod retelling;
mod returns;
mod time;
mod timestamps;

use crate::catalogue::FaultInfo;

/// The rows of every group.
pub(crate) const GROUPS: &[&[FaultInfo]] = &[
    loss::ROWS,
    duplication::ROWS,
    order::ROWS,
    time::ROWS,
    timestamps::ROWS,
    content::ROWS,
    resume::ROWS,
    errors::ROWS,
    isolation::ROWS,
    auth::ROWS,
    answers::ROWS,
];
