//! How parts of the reference backend talk to a Redis server that may stand still, start again, or be away.
//!
//! What is kept there, and what it means, is for those who keep it.

mod link;
mod script;
mod server;
mod trouble;

pub use link::Link;
pub use script::Script;
pub use server::{OpenError, Server};
pub use trouble::Trouble;
