//! Every backend fault, driven by the harness over the wire: the fault acts and signs for it, the wire shows it, and the same drive
//! of the same backend without it shows nothing.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod door;
mod inside;
mod isolation;
mod resources;
mod rows;
mod stage;
