//! Close codes of the 4xxx range and what a client does on each.

/// Why the server closed a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[repr(u16)]
pub enum CloseCode {
    /// The server stops; come back after `after_ms`.
    Draining = 4001,
    /// The server failed.
    ServerError = 4002,
    /// The token expired and its grace is over.
    TokenExpired = 4005,
    /// No write progress within the limit.
    SlowConsumer = 4008,
    /// The log was lost while connected; resume cannot be honoured.
    InsufficientState = 4010,
    /// No pong within the limit.
    NoPong = 4011,
    /// Too many refused messages.
    RateLimited = 4013,
    /// The token stopped being valid.
    InvalidToken = 4500,
    /// Three frames in a row could not be understood.
    BadFrame = 4501,
    /// The token was revoked.
    Revoked = 4503,
    /// The user's limit shrank while connected.
    UserLimit = 4504,
    /// The same `client_id` connected again.
    Replaced = 4507,
}

/// A close code outside the protocol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("close code {0} is not of this protocol")]
pub struct UnknownCloseCode(pub u16);

impl CloseCode {
    /// Every code, in the order of its number.
    pub const ALL: [Self; 12] = [
        Self::Draining,
        Self::ServerError,
        Self::TokenExpired,
        Self::SlowConsumer,
        Self::InsufficientState,
        Self::NoPong,
        Self::RateLimited,
        Self::InvalidToken,
        Self::BadFrame,
        Self::Revoked,
        Self::UserLimit,
        Self::Replaced,
    ];

    /// The number on the wire.
    #[must_use]
    pub fn code(self) -> u16 {
        self as u16
    }

    /// The reason on the wire, in `closing` and in the Close frame.
    #[must_use]
    pub fn reason(self) -> &'static str {
        match self {
            Self::Draining => "draining",
            Self::ServerError => "server_error",
            Self::TokenExpired => "token_expired",
            Self::SlowConsumer => "slow_consumer",
            Self::InsufficientState => "insufficient_state",
            Self::NoPong => "no_pong",
            Self::RateLimited => "rate_limited",
            Self::InvalidToken => "invalid_token",
            Self::BadFrame => "bad_frame",
            Self::Revoked => "revoked",
            Self::UserLimit => "user_limit",
            Self::Replaced => "replaced",
        }
    }

    /// Whether the client should connect again: the 40xx family says yes, the 45xx family no.
    #[must_use]
    pub fn reconnect(self) -> bool {
        self.code() < 4500
    }
}

impl TryFrom<u16> for CloseCode {
    type Error = UnknownCloseCode;
    fn try_from(code: u16) -> Result<Self, UnknownCloseCode> {
        Self::ALL.into_iter().find(|known| known.code() == code).ok_or(UnknownCloseCode(code))
    }
}

#[cfg(test)]
mod tests {
    use super::CloseCode;

    #[test]
    fn the_family_tells_whether_to_come_back() {
        for code in CloseCode::ALL {
            assert_eq!(CloseCode::try_from(code.code()), Ok(code));
            assert_eq!(code.reconnect(), (4000..4500).contains(&code.code()), "{code:?}");
        }
        assert!(CloseCode::try_from(1011).is_err());
    }
}
