//! One's own backend under test, as a Rust integration test: `golden_path` is the test, `backend` stands for yours.

mod backend;
mod golden_path;
