//! Outcomes become a decision, and documents.
//!
//! Pure: takes what the checks said and what is known of the run, gives the report and its renderings.
//! The decision is made first, by [`decide`], and every document only repeats it. Writes no file, reads no
//! clock, knows neither network nor how the run was driven.

mod facts;

mod entry;
mod gate;
mod open_questions;

mod advice;
mod baseline;
mod compliance;
mod failure;
mod guide;

mod finite;
mod model;

mod story;

pub mod formats;

pub use baseline::{NotComparable, read_baseline};
pub use facts::{CategoryRun, Demand, Ending, RunFacts};
pub use gate::{Decision, Outcome, decide};
pub use guide::{Guide, guide, guides};
pub use model::{
    CheckEntry, CheckVerdict, Compliance, ComplianceCheck, ComplianceChecks, DeploymentDecision,
    ExecutionResults, FailureAnalysis, MonitoringMetrics, Report, SCHEMA, Scope, TestMetrics,
    ValidationSession,
};
pub use story::{Story, StoryRow};
