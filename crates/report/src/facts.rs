//! What is known of a run beside its history: who drove what, which categories ran, how it ended.

use goldenpath_checkers::Category;
use serde_json::{Map, Value};

/// What is known of a run beside what the checks said.
#[derive(Debug, Clone, PartialEq)]
pub struct RunFacts {
    /// The session folder's name.
    pub session_id: String,
    /// When the run began: RFC 3339, UTC, milliseconds.
    pub timestamp: String,
    /// How long it took.
    pub duration_seconds: f64,
    /// `embedded`, `local`, or the name in the configuration; for `--target`, `target`.
    pub target_environment: String,
    /// The address, without secrets.
    pub target: String,
    /// The profile that read the frames.
    pub profile: String,
    /// What fixed prompts, ids, users and order.
    pub seed: u64,
    /// Distinct identities.
    pub users: u32,
    /// The settings in force, without secrets.
    pub configuration: Map<String, Value>,
    /// Every category, in the order of the catalogue: what was asked for and what ran.
    pub categories: Vec<CategoryRun>,
    /// What must have been judged.
    pub demand: Demand,
    /// Whether 99.9 % delivery was asked for.
    pub sla: bool,
    /// How it ended.
    pub ending: Ending,
}

/// One category of a run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CategoryRun {
    /// Which one.
    pub category: Category,
    /// Whether it was asked for by name; such a one blocks when it did not run.
    pub asked: bool,
    /// Why it did not run; `None`: it ran.
    pub not_run: Option<String>,
}

impl CategoryRun {
    /// A category that ran.
    #[must_use]
    pub fn ran(category: Category) -> Self {
        Self { category, asked: true, not_run: None }
    }

    /// A category that nobody asked for by name and that did not run.
    #[must_use]
    pub fn left_out(category: Category, why: impl Into<String>) -> Self {
        Self { category, asked: false, not_run: Some(why.into()) }
    }
}

/// What must have been judged before anything can be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Demand {
    /// Every required check of the categories that ran: a run that we drove.
    EveryRequiredCheck,
    /// What the records can show: files that somebody else recorded.
    WhatTheRecordsShow,
}

/// How a run ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ending {
    /// All that was planned was done.
    Complete,
    /// `--timeout` was over.
    TimedOut,
    /// Somebody stopped it.
    Interrupted,
    /// The target could not be reached, or went away; says how.
    TargetUnavailable(String),
    /// Part of the record is missing; says what.
    CaptureIncomplete(String),
}
