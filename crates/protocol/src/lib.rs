//! The wire contract `goldenpath.v1`: the one thing that the judge and the judged share.
//!
//! Events, control frames, identities, close codes and error codes, as types that serialise to the
//! JSON of `docs/protocol.md`. No clocks, no sockets, no verdicts.

mod close;
mod error;
mod event;
mod frame;
mod ids;
mod timestamp;

pub use close::{CloseCode, UnknownCloseCode};
pub use error::ErrorCode;
pub use event::{EventBody, EventHead, EventType, RunEvent, RunFailure, RunState, ToolError};
pub use frame::{ClientFrame, Limits, Recovered, ServerFrame};
pub use ids::{
    ClientId, ConnectionId, Epoch, EventId, ExecutionId, InvalidId, RequestId, ResumePoint, RunId, ThreadId,
    Tier, UserId,
};
pub use timestamp::{InvalidTimestamp, Timestamp};

/// The WebSocket subprotocol, as offered and echoed.
pub const SUBPROTOCOL: &str = "goldenpath.v1";
