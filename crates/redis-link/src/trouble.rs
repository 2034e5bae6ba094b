//! What can go wrong with a server, and whether it may pass.

use redis::{ErrorKind, ParsingError, RedisError, ServerErrorKind};

/// An answer that did not come, or was an error.
#[derive(Debug, thiserror::Error)]
pub enum Trouble {
    /// The server does not know the script: it was started, or its scripts were flushed.
    #[error("the server does not know the script")]
    NoScript,
    /// May pass.
    #[error("the server does not answer, or takes no work now")]
    Unavailable,
    /// Will not; what the server said.
    #[error("{0}")]
    Failed(String),
}

/// Errors of a server that is starting, failing over, out of memory, or busy with somebody's script.
const PASSING: [&str; 10] = [
    "LOADING",
    "MASTERDOWN",
    "READONLY",
    "OOM",
    "BUSY",
    "MISCONF",
    "NOREPLICAS",
    "CLUSTERDOWN",
    "TRYAGAIN",
    "UNBLOCKED",
];

impl From<RedisError> for Trouble {
    fn from(error: RedisError) -> Self {
        match error.kind() {
            ErrorKind::Server(ServerErrorKind::NoScript) => Self::NoScript,
            ErrorKind::Io => Self::Unavailable,
            _ if error.code().is_some_and(|code| PASSING.contains(&code)) => Self::Unavailable,
            // A script that was refused its first write speaks through an error of its own.
            _ if PASSING.iter().any(|code| error.detail().is_some_and(|said| begins(said, code))) => {
                Self::Unavailable
            }
            _ => Self::Failed(error.to_string()),
        }
    }
}

/// Whether what was said begins with the code, as a word.
fn begins(said: &str, code: &str) -> bool {
    said.strip_prefix(code).is_some_and(|rest| rest.is_empty() || rest.starts_with(' '))
}

impl From<ParsingError> for Trouble {
    fn from(error: ParsingError) -> Self {
        Self::Failed(error.to_string())
    }
}
