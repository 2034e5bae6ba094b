//! The gateway over real loopback sockets: what a client sees, and nothing else.
//!
//! * `handshake` — who gets a socket, and its greeting. Fails when a refusal opens a socket or says too much.
//! * `runs` — a request's events, their order and their end, whatever the agent does.
//! * `resume` — a stream goes on where it was left, without hole or double.
//! * `messages` — bad frames, limits, acknowledgements, refreshes.
//! * `closes` — every close is announced and says the truth: silence, stalls, expiry, replacement, drain.
//! * `custody` — a node among others that share its store.
//! * `faults` — a store or a log that fails, and a node that died.
//! * `lost_runs` — runs that nobody drives any more end all the same.
//! * `idlers` — sockets that ask nothing, or slowly: they go, and others get their turn.
//! * `outages` — a log that is lost or silent while users listen, join or acknowledge.
//! * `manners` — agents that leave out what an event owes.
//! * `secured` — TLS by the node itself: who is let in, who is let go, and that nobody waits for a handshake of others.
//!
//! To add a test: `Node::start`, connect with `node.connect`, wait for frames with a deadline.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod closes;
mod custody;
mod faults;
mod handshake;
mod idlers;
mod lost_runs;
mod manners;
mod messages;
mod outages;
mod resume;
mod runs;
mod secured;
mod world;
