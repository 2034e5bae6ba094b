//! Pure judgments: folds over the records of a history.
//!
//! The same code judges live, offline and in unit tests. Nothing here reads a clock or a socket, or
//! knows who produced the records or who shows the verdicts.

mod address;
mod at_sight;
mod auth;
mod by_run;
mod catalogue;
mod check;
mod clock;
mod connection;
mod content;
mod continuity;
mod coverage;
mod delivery;
mod event_view;
mod evidence;
mod fates;
#[cfg(test)]
mod fixture;
mod groups;
mod holes;
mod index;
mod instant;
mod isolation;
mod judge;
mod load;
mod metrics;
mod observation;
mod read_ahead;
mod resources;
mod samples;
mod sequence;
mod shrink;
mod slo;
mod timestamps;
mod timing;
mod value;
mod verdict;
mod wilson;

pub use catalogue::{CHECKS, Category, CheckInfo, Required, UnknownCategory, check_info};
pub use check::{Check, FINDINGS_KEPT, Tally};
pub use clock::ClockBounds;
pub use event_view::{
    ControlType, ControlView, EventView, Field, Fields, Flaw, JsonType, Seen, SentView, fields_of, text_of,
};
pub use index::{
    Closed, ConnView, Gap, Greeting, Index, Joined, Ordeal, RequestView, RunView, SettledRun, Sight, Stall,
    Terminal, Trouble, UserView, reference_number,
};
pub use instant::unix_ms_of;
pub use judge::{Judge, JudgeConfig, Terms};
pub use observation::{Arrival, ConnIx, Observation, RequestIx, RunIx, UserIx, ms};
pub use read_ahead::{ReadAhead, ReadRecord};
pub use samples::{SHARE_FROM, SHARE_OUTSIDE, Samples, least_for_percentile, share_kept};
pub use shrink::{Bounds, Breadth, NoWitness, Slicer, Witness, shrink, shrink_within};
pub use slo::Slo;
pub use verdict::{CheckResult, Coverage, Finding, Judgement, Metrics, Reason, Verdict};
pub use wilson::wilson;
