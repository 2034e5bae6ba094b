//! Backends, users and recordings for tests, as one thing that reads as a sentence and stops with its scope.
//!
//! A testbed is the real backend on a port of its own, with real storage in a folder of its own, and the harness in
//! front of it. Doubles decorate real parts; nothing here knows a verdict. [`faulty`] decorates them with faults, for the command's own
//! proof of itself, so what only Rust tests want stands behind features: `testbed`, an rstest fixture, and a scripted model provider
//! behind `fixtures`; real databases and the like behind `services`.

mod auth_backend;
mod builder;
mod doubles;
pub mod faulty;
#[cfg(feature = "fixtures")]
mod fixtures;
mod identity_provider;

pub use auth_backend::{AuthBackend, REDIRECT_URI};
pub use builder::{Testbed, TestbedBuilder, TestbedError};
#[cfg(feature = "fixtures")]
pub use doubles::{Beat, ScriptedProvider};
pub use doubles::{HeldAgent, Release};
#[cfg(feature = "fixtures")]
pub use fixtures::testbed;
/// Where a testbed's language model is asked, see [`Testbed::language_model`].
pub use goldenpath_agent::{Endpoint, Waits};
/// Databases and their like, to compose a backend with.
#[cfg(all(feature = "services", unix))]
pub use goldenpath_services as services;
pub use identity_provider::IdentityProvider;
