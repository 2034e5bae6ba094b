//! What is to be driven, and who is told about it.

use super::end::CategoryEnd;
use super::own::OwnTarget;
use super::resilience::TrialPart;
use goldenpath_checkers::Category;
use goldenpath_harness::{Scenario, known_scenarios};
use std::sync::Arc;
use std::time::Duration;

/// How long a run may take: the limit of the whole answer, and a second for its last frame to arrive.
const WHOLE_ANSWER: Duration = Duration::from_secs(46);

/// What is to be driven.
#[derive(Debug, Clone)]
pub struct Plan {
    /// Fixes users, prompts, request ids and order.
    pub seed: u64,
    /// Distinct users at once.
    pub users: usize,
    /// The categories asked for.
    pub categories: Vec<Category>,
    /// What is asked, the known four first.
    pub scenarios: Vec<Scenario>,
    /// Whether the target quotes a reference when asked.
    pub quotes_reference: bool,
    /// Bounds the whole drive.
    pub timeout: Duration,
    /// What resilience does to connections.
    pub trials: Vec<TrialPart>,
    /// The target, where it is ours to stop: without it that part of resilience is left out, and noted.
    pub own: Option<Arc<dyn OwnTarget>>,
    /// Runs that performance asks for, over all users.
    pub measured_runs: u64,
    /// Bounds the measuring, should runs be slow.
    pub measured_time: Duration,
    /// How long the first end that stays away is waited for; later ones less long.
    pub patience: Duration,
    /// What the users have paid for, where tokens are minted and can say so.
    pub tier: Option<&'static str>,
}

impl Plan {
    /// The usual plan of a seed: five users, the four known prompts, what exists of the categories.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self {
            seed,
            users: 5,
            categories: Category::ALL.into_iter().filter(|category| *category != Category::Stress).collect(),
            scenarios: known_scenarios(),
            quotes_reference: true,
            timeout: Duration::from_secs(900),
            trials: TrialPart::ALL.to_vec(),
            own: None,
            // From 200 samples on, one in twenty may lie outside a limit.
            measured_runs: 220,
            measured_time: Duration::from_secs(20),
            patience: WHOLE_ANSWER,
            tier: None,
        }
    }
}

/// Is told how the drive goes on.
pub trait Progress: Send + Sync {
    /// A category begins and takes about so many steps.
    fn began(&self, category: Category, steps: u64);
    /// One step is done.
    fn step(&self);
    /// A category ended.
    fn ended(&self, category: Category, end: &CategoryEnd);
    /// Something did not come about; the history holds the evidence.
    fn note(&self, text: &str);
    /// Whether to go on after this category; `false` once something failed and one failure is enough.
    fn go_on(&self, after: Category) -> bool;
}

/// Tells nobody and always goes on.
#[derive(Debug, Clone, Copy, Default)]
pub struct Quiet;

impl Progress for Quiet {
    fn began(&self, _: Category, _: u64) {}
    fn step(&self) {}
    fn ended(&self, _: Category, _: &CategoryEnd) {}
    fn note(&self, _: &str) {}
    fn go_on(&self, _: Category) -> bool {
        true
    }
}
