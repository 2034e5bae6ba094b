//! What must never break, on any backend: `cargo test -p tests-mission-critical`.
//!
//! The tests live in `tests/`, one binary; `tests/suite.rs` is their table of contents.
