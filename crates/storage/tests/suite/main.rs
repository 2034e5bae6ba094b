//! The contract tests of storage: one suite per trait, run over every implementation.
//!
//! - `store_contract`: what any `Store` owes. Guards "one request, one run" and "own data only"; add a promise
//!   as a function over `&dyn Store` and name it in the macro at its end.
//! - `event_log_contract`: what any `EventLog` owes. Guards dense offsets and equal bytes; add likewise.
//! - `sqlite`: what only the SQLite store does: files, versions, two processes on one file.
//! - `memory_log`: what only the memory log does: its bounds, and that idle users cost nothing for ever.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod event_log_contract;
mod memory_log;
mod sqlite;
mod store_contract;
