//! How the agent thinks: a question understood, a plan by tier, findings, an answer.

mod actions;
mod analyst;
mod answer;
mod findings;
mod named;
mod period;
mod phrasing;
mod plan;
mod question;
mod sections;
mod session;
mod tier;

pub use analyst::Analyst;
pub use tier::Tier;
