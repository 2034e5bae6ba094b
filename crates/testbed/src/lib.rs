//! Backends, users and recordings for tests, as one thing that reads as a sentence and stops with its scope.
//!
//! A testbed is the real backend on a port of its own, with real storage in a folder of its own, and the harness in
//! front of it. Doubles decorate real parts; nothing here knows a verdict. [`faulty`] decorates them with faults, for the command's own
//! proof of itself, so what only Rust tests want (`testbed`, an rstest fixture) stands behind the feature `fixtures`.

mod builder;
mod doubles;
pub mod faulty;
#[cfg(feature = "fixtures")]
mod fixtures;

pub use builder::{Testbed, TestbedBuilder, TestbedError};
pub use doubles::{HeldAgent, Release};
#[cfg(feature = "fixtures")]
pub use fixtures::testbed;
