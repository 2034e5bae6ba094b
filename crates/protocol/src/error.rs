//! The codes of `error` frames.

use serde::{Deserialize, Serialize};

/// Why a client's frame was not served.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ErrorCode {
    /// Not one JSON value.
    BadJson,
    /// Binary frames are not understood.
    BinaryFrame,
    /// No frame of this type.
    UnknownType,
    /// A required field is not there.
    MissingField,
    /// A field holds another type.
    WrongType,
    /// The message is over its limit.
    TooLarge,
    /// Too many messages a second.
    RateLimited,
    /// Too many runs at once.
    RunLimit,
    /// The request id was used with another body.
    IdempotencyConflict,
    /// The thread does not exist, or is another user's.
    UnknownThread,
    /// The run does not exist, or is another user's.
    UnknownRun,
    /// The run is over already.
    RunEnded,
    /// No agent of this name.
    UnknownAgent,
    /// The new token was refused; the old expiry stands.
    RefreshRefused,
    /// The acknowledged offset was never sent here.
    AckOutOfRange,
    /// The server stops and takes no new work.
    Draining,
    /// The run was cut off by a stop of the server.
    Interrupted,
    /// The server failed.
    Internal,
}

impl ErrorCode {
    /// Every code, in the order of the protocol's list.
    pub const ALL: [Self; 18] = [
        Self::BadJson,
        Self::BinaryFrame,
        Self::UnknownType,
        Self::MissingField,
        Self::WrongType,
        Self::TooLarge,
        Self::RateLimited,
        Self::RunLimit,
        Self::IdempotencyConflict,
        Self::UnknownThread,
        Self::UnknownRun,
        Self::RunEnded,
        Self::UnknownAgent,
        Self::RefreshRefused,
        Self::AckOutOfRange,
        Self::Draining,
        Self::Interrupted,
        Self::Internal,
    ];

    /// The code as the wire writes it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::BadJson => "bad_json",
            Self::BinaryFrame => "binary_frame",
            Self::UnknownType => "unknown_type",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::TooLarge => "too_large",
            Self::RateLimited => "rate_limited",
            Self::RunLimit => "run_limit",
            Self::IdempotencyConflict => "idempotency_conflict",
            Self::UnknownThread => "unknown_thread",
            Self::UnknownRun => "unknown_run",
            Self::RunEnded => "run_ended",
            Self::UnknownAgent => "unknown_agent",
            Self::RefreshRefused => "refresh_refused",
            Self::AckOutOfRange => "ack_out_of_range",
            Self::Draining => "draining",
            Self::Interrupted => "interrupted",
            Self::Internal => "internal",
        }
    }

    /// Whether the same frame may succeed later.
    #[must_use]
    pub fn retryable(self) -> bool {
        matches!(
            self,
            Self::RateLimited | Self::RunLimit | Self::Draining | Self::Interrupted | Self::Internal
        )
    }
}
