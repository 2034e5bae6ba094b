//! How the agent thinks: the analyst understands a question, plans by tier, and answers from findings; `openai` lets a language
//! model do that with the same tools.

mod actions;
mod analyst;
mod answer;
mod desk;
mod findings;
mod named;
mod openai;
mod period;
mod phrasing;
mod plan;
mod question;
mod sections;
mod session;
mod tier;

pub use analyst::Analyst;
pub use openai::{Endpoint, EndpointError, OpenAi, Waits};
pub use tier::Tier;
