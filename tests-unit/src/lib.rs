//! The tier that developers run all day: `cargo test -p tests-unit` needs nothing but Rust and ends in seconds.
//!
//! The tests live in `tests/`, one binary; `tests/suite.rs` is their table of contents.
