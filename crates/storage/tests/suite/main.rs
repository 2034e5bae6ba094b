//! The tests of storage that need no service. What any `Store` and any `EventLog` owes is tested where their servers are: in
//! `tests-integration`, `storage_contract` and `event_log_contract`.
//!
//! - `sqlite`: what only the SQLite store does: files, versions, two processes on one file.
//! - `memory_log`: what only the memory log does: by its clock, what is out of date goes, and idle users cost nothing for ever.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod memory_log;
mod sqlite;
