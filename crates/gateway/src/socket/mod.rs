//! WebSocket connections: the upgrade, and one task per socket that reads requests and writes the user's stream.

mod frame;
mod messages;
mod rate;
mod reader;
mod session;
mod upgrade;
mod writer;

pub(crate) use upgrade::upgrade;
