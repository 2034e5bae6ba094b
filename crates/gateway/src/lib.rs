//! The reference backend: the wire contract, served by one node.
//!
//! A request goes `socket` → [`AgentWebSocketBridge`] → agent; what the agent does goes back through
//! [`WebSocketNotifier`]: store → event log → wake. Every socket is written by its own writer alone, a cursor over
//! its user's log, so replay and live are one path. [`UnifiedWebSocketManager`] knows the connections,
//! [`DeliveryTracker`] what reached them, and [`UserExecutionContext`] whose run it is.
//!
//! Start one with [`Server::start`]. Knows nothing of histories, checks and verdicts.

pub mod auth;
mod bridge;
mod clock;
mod config;
mod context;
mod delivery;
mod http;
mod manager;
mod metrics;
mod network;
mod notifier;
mod server;
mod socket;

pub use bridge::{Accepted, AgentWebSocketBridge, RequestRefused, RunRequest};
pub use clock::{Clock, SystemClock};
pub use config::GatewayConfig;
pub use context::{ContextError, UserExecutionContext};
pub use delivery::{
    ConnectionOutcome, ConnectionProgress, DeliveryTotals, DeliveryTracker, Outcome, TrackedConnection,
};
pub use manager::{
    Connection, ControlOutcome, CursorError, Ending, HeldToken, Joined, Outbox, Permit, Refusal,
    Registration, StreamCursor, UnifiedWebSocketManager, Visitor,
};
pub use metrics::{GaugeGuard, Metrics};
pub use network::{InvalidNetwork, Network, client_address};
pub use notifier::{Completion, FailedAttempt, NotifyError, RunStream, SendReport, Stage, WebSocketNotifier};
pub use server::{Parts, Server, ServerHandle, StartError};
