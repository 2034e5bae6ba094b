//! Identities as newtypes, so that a run is never mistaken for a thread.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;

/// A text that cannot be the identity asked for.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{value}` is no {kind}: {why}")]
pub struct InvalidId {
    /// What was refused.
    pub value: String,
    /// Which identity was asked for, for people: `user id`.
    pub kind: &'static str,
    /// What is wrong with it.
    pub why: &'static str,
}

/// Words that stand for "nobody" in careless backends. An identity that is one of them is always a bug.
const PLACEHOLDERS: &[&str] = &[
    "",
    "null",
    "none",
    "nil",
    "undefined",
    "nan",
    "registry",
    "default",
    "anonymous",
    "unknown",
    "placeholder",
    "system",
    "test",
    "todo",
    "user",
    "0",
    "-",
    "...",
];

fn checked(value: &str, kind: &'static str) -> Result<(), InvalidId> {
    let refuse = |why| Err(InvalidId { value: value.chars().take(80).collect(), kind, why });
    if PLACEHOLDERS.contains(&value.trim().to_ascii_lowercase().as_str()) {
        return refuse("it is a placeholder");
    }
    if value.len() > 128 {
        return refuse("it is longer than 128 bytes");
    }
    if value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        return refuse("it holds whitespace or control characters");
    }
    Ok(())
}

macro_rules! identity {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(std::sync::Arc<str>);

        impl $name {
            /// Takes a text as this identity; placeholders, blanks and over-long texts are refused.
            ///
            /// # Errors
            /// [`InvalidId`] says what is wrong.
            pub fn new(value: impl AsRef<str>) -> Result<Self, InvalidId> {
                checked(value.as_ref(), $kind)?;
                Ok(Self(value.as_ref().into()))
            }

            /// The identity as text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(value: &str) -> Result<Self, InvalidId> {
                Self::new(value)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(value: String) -> Result<Self, InvalidId> {
                Self::new(value)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> String {
                id.0.as_ref().to_owned()
            }
        }

        impl From<uuid::Uuid> for $name {
            fn from(id: uuid::Uuid) -> Self {
                Self(id.to_string().into())
            }
        }
    };
}

identity!(/// Whose events they are: the `sub` of the token.
    UserId, "user id");
identity!(/// A conversation of one user.
    ThreadId, "thread id");
identity!(/// One execution of an agent.
    RunId, "run id");
identity!(/// The client's own id of a request, unique per user for 24 h.
    RequestId, "request id");
identity!(/// One event, unique for ever (UUIDv7).
    EventId, "event id");
identity!(/// One call of a tool inside a run.
    ExecutionId, "execution id");
identity!(/// One WebSocket connection.
    ConnectionId, "connection id");
identity!(/// A client's lasting name for itself (a tab), scoped to its user.
    ClientId, "client id");
identity!(/// One life of a user's event log (128 random bits, hex); it changes only when the log was lost.
    Epoch, "epoch");

/// Where a client left its stream: the last offset *received* in an epoch, as `<epoch>:<offset>`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResumePoint {
    /// The epoch the client knew.
    pub epoch: Epoch,
    /// The last offset it received; 0 for none.
    pub offset: u64,
}

impl FromStr for ResumePoint {
    type Err = InvalidId;
    fn from_str(value: &str) -> Result<Self, InvalidId> {
        let refuse = |why| InvalidId { value: value.chars().take(80).collect(), kind: "resume point", why };
        let (epoch, offset) = value.split_once(':').ok_or_else(|| refuse("it is not `<epoch>:<offset>`"))?;
        let offset = offset.parse().map_err(|_| refuse("its offset is no whole number"))?;
        Ok(Self { epoch: Epoch::new(epoch)?, offset })
    }
}

impl fmt::Display for ResumePoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.epoch, self.offset)
    }
}

/// What a user has paid for; it sets limits, the number of tools and the depth of an analysis.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, Default)]
#[serde(rename_all = "lowercase")]
pub enum Tier {
    /// No payment.
    #[default]
    Free,
    /// Early.
    Early,
    /// Mid.
    Mid,
    /// Enterprise.
    Enterprise,
}

impl Tier {
    /// Every tier, smallest first.
    pub const ALL: [Self; 4] = [Self::Free, Self::Early, Self::Mid, Self::Enterprise];

    /// The tier as tokens and configuration write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Free => "free",
            Self::Early => "early",
            Self::Mid => "mid",
            Self::Enterprise => "enterprise",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ResumePoint, RunId, UserId};

    #[test]
    fn placeholders_are_no_identities() {
        for text in ["", " ", "null", "None", "REGISTRY", "undefined", "a b", "a\nb", &"x".repeat(129)] {
            assert!(UserId::new(text).is_err(), "`{text}` was taken for a user");
        }
        assert!(UserId::new("user-7f3a").is_ok());
        assert!(serde_json::from_str::<RunId>("\"null\"").is_err());
    }

    #[test]
    fn a_resume_point_survives_its_text() {
        let point: ResumePoint = "9f3c:42".parse().expect("a resume point");
        assert_eq!((point.epoch.as_str(), point.offset), ("9f3c", 42));
        assert_eq!(point.to_string(), "9f3c:42");
        for text in ["9f3c", "9f3c:", "9f3c:-1", ":4", "9f3c:4:2", "9f3c:99999999999999999999"] {
            assert!(text.parse::<ResumePoint>().is_err(), "{text}");
        }
    }
}
