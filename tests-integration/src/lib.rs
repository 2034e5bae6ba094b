//! Real sockets, real agents, no mock of our own parts: `cargo test -p tests-integration`.
//!
//! The tests live in `tests/`, one binary; `tests/suite.rs` is their table of contents.
