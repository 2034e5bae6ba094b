//! A client against servers that behave, refuse, and misbehave: whatever comes is in the record, and nothing crashes.
//!
//! * `talk` — frames and ends, as servers send them: true, malformed, broken.
//! * `refused` — connections that do not come about.
//! * `trials` — what a client does to its own end of a connection.
//! * `secrets` — a token that was shown is in no record.
//! * `issuers` — tokens asked for over OAuth, renewed, revoked.
//! * `recording` — a file, whole or cut, and a writer that fails.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod issuers;
mod recording;
mod refused;
mod secrets;
mod talk;
mod trials;
mod world;
