//! The whole product from outside, with nothing but the harness and the checks: `cargo test -p tests-e2e`.
//!
//! The tests live in `tests/`, one binary; `tests/suite.rs` is their table of contents.
