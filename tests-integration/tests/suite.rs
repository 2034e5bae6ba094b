//! Table of contents of the integration tier. Real sockets, the real backend and agent. Per module: what value it guards,
//! how it fails, how to add to it.
//!
//! * `event_delivery`: users see every step of their run, also after a lost connection and when a tool fails. Fails when the judge blames
//!   the recorded session, or an event is missing after a resume; add a session that a user may live through.
//! * `event_timing`: users see progress in time. Fails when a limit of the service level is broken in a recorded session; add the limit.
//! * `agent_integration`: the answer is the work of a real agent with tools over real billing data. Fails when stream, store and
//!   answer disagree; add a property of the agent that users can see.
//! * `multi_user_isolation`: nobody sees or touches what is another's. Fails on one foreign frame or one foreign access; add the access.
//! * `own_backend`: the example in `examples/own_backend` is what it says: a backend of one's own, tested from outside.
//!
//! `driving` holds what they share: connect, ask, wait for the end, judge.
#![allow(clippy::unwrap_used, missing_docs)]

mod agent_integration;
mod driving;
mod event_delivery;
mod event_timing;
mod multi_user_isolation;
#[path = "../../examples/own_backend/mod.rs"]
mod own_backend;
