//! Drives any agent backend from outside and records what it sees.
//!
//! Clients only record: every frame raw, stamped by the reading task on one monotonic clock, beside requests,
//! opens and closes. Nothing here knows the inside of a gateway, a threshold or a verdict.
//!
//! ```no_run
//! # async fn example() -> Result<(), Box<dyn std::error::Error>> {
//! use goldenpath_harness::{Auth, Connect, Prompts, Recording, Session, Target, TestUser, known_scenarios};
//! use std::time::Duration;
//!
//! let target = Target::new("ws://127.0.0.1:8000/ws")?;
//! let recording = Recording::in_memory()?;
//! let session = Session::new(target, Auth::none(), recording.recorder());
//! let user = TestUser::unauthenticated("ada");
//! let client = session.connect(&user, Connect::fresh()).await?;
//! let prompt = Prompts::new(7, "ada").next(&known_scenarios()[0]);
//! client.ask(&prompt, None).await?;
//! client.wait_for_end(&prompt.request_id, Duration::from_secs(45)).await?;
//! client.close().await;
//! let history = recording.finish()?.records;
//! # let _ = history; Ok(()) }
//! ```

mod environment;
mod named;
mod target;

mod auth;
mod user;

mod client;
mod glance;
mod session;
mod view;
mod wait;

mod clock;
mod compressed;
mod queue;
mod recorder;
mod secrets;

mod canary;
mod probe;
mod prompts;
mod run_queue;

pub use auth::{
    Algorithm, Auth, AuthError, AuthMode, Forgery, GivenToken, IssuedIdentity, MintSettings, Minter, OAuth,
    OAuthGrant, OAuthSettings, Placement, Token,
};
pub use canary::Canary;
pub use client::{Client, Connect, ConnectError, Credential, SendError};
pub use clock::SessionClock;
pub use environment::{Environment, Patience};
pub use named::{NamedTarget, NamedTargetError};
pub use probe::{HttpAnswer, Probe, ProbeError, Sampler, metric, resident_bytes};
pub use prompts::{Prompt, Prompts, Scenario, known_scenarios};
pub use recorder::{Finished, Observer, Recorder, RecorderError, Recording};
pub use session::Session;
pub use target::{Target, TargetError};
pub use user::TestUser;
pub use view::{Accepted, Closed, Greeting, RunView, SeenError, View};
pub use wait::WaitError;
