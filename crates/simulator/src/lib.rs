//! Healthy histories from a seed and a scenario, for tests, calibration and the selftest.
//!
//! A [`Scenario`] reads as a sentence and [`simulate`] tells what clients of a faultless backend would have
//! recorded: the same scenario and seed give the same bytes. Nothing here knows a verdict; a broken history is
//! a healthy one that somebody else rewrote.
//!
//! ```
//! use goldenpath_simulator::{Scenario, Tools, simulate};
//! let history = simulate(&Scenario::golden_path().users(3).runs(2).tools(Tools::Parallel(2)).tabs(2), 7);
//! assert!(history.records.len() > 100);
//! ```

mod answer;
mod clock;
mod estate;
mod history;
mod identity;
mod plan;
mod scenario;
mod segments;
mod tab;
mod timeline;
mod trials;
mod user;
mod variations;

#[cfg(test)]
mod tests;

pub use history::History;
pub use scenario::{Content, Ending, Leaving, Pace, Resume, Scenario, Tools};
pub use timeline::{Simulation, simulate};
pub use trials::healthy_trials;
pub use variations::{healthy_variation, healthy_variations};
