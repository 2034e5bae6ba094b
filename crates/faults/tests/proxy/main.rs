//! The proxy between real sockets on loopback.
//!
//! - `unchanged`: what passes while no fault is there. Guards that looking on changes nothing, byte for byte.
//! - `toxics`: what each toxic does to bytes. Guards that it does what its name says, and signs for it.
//! - `faults`: message faults on live connections. Guards that kinds act live as they act on histories.
//! - `answers`: HTTP beside the sockets: refusals, stored runs, event streams.
//! - `life`: TLS to the backend, a backend that is away, and the end of a proxy.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod answers;
mod faults;
mod life;
mod support;
mod toxics;
mod unchanged;
