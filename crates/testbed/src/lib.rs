//! Backends, users and recordings for tests, as one thing that reads as a sentence and stops with its scope.
//!
//! A testbed is the real backend on a port of its own, with real storage in a folder of its own, and the harness in
//! front of it. Doubles decorate real parts; nothing here knows a verdict.

mod builder;
mod doubles;
mod fixtures;

pub use builder::{Testbed, TestbedBuilder, TestbedError};
pub use doubles::{HeldAgent, Release};
pub use fixtures::testbed;
