//! The faults, a folder for each group and a file for each way to be wrong. A new fault is a file and a row in its group.

mod aftermath;
mod answers;
mod auth;
mod connection;
mod content;
mod duplication;
mod errors;
mod failing;
mod identity;
mod isolation;
mod kept;
mod load;
mod loss;
mod numbers;
mod order;
mod resources;
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
    connection::ROWS,
    load::ROWS,
    resources::ROWS,
    errors::ROWS,
    aftermath::ROWS,
    isolation::ROWS,
    auth::ROWS,
    answers::ROWS,
];
