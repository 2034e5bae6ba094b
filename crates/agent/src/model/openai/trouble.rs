//! What can go wrong between us and a provider, in words for users: no address, no key, nothing of a body.

use crate::model::session::failure;
use crate::runtime::TaskFailure;
use std::time::Duration;

/// Why there is no reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// No connection.
    Unreachable,
    /// It took too long to begin, or to go on, or to read on.
    Slow(Duration),
    /// It will not, for now: 429, 503 and their like; and the wait it asks for.
    Busy { status: u16, wait: Option<Duration> },
    /// It will not.
    Refused { status: u16 },
    /// An answer began and broke.
    Broken(&'static str),
    /// The time of the whole run is over.
    OutOfTime(Duration),
}

impl Trouble {
    /// What a status says that is no success.
    pub(super) fn of_status(status: u16, wait: Option<Duration>) -> Self {
        match status {
            408 | 409 | 425 | 429 | 500..=599 => Self::Busy { status, wait },
            _ => Self::Refused { status },
        }
    }

    /// Whether the same may succeed when it is asked once more.
    pub(super) fn may_pass(&self) -> bool {
        !matches!(self, Self::Refused { .. } | Self::OutOfTime(_))
    }

    /// The wait that the provider asks for.
    pub(super) fn wait(&self) -> Option<Duration> {
        match self {
            Self::Busy { wait, .. } => *wait,
            _ => None,
        }
    }

    /// What happened, as the begin of a sentence.
    pub(super) fn said(&self) -> String {
        match self {
            Self::Unreachable => "the model provider cannot be reached".to_owned(),
            Self::Slow(waited) => {
                format!("the model provider sent nothing for {} s", waited.as_secs_f64())
            }
            Self::Busy { status: 429, .. } => "the model provider is busy (HTTP 429)".to_owned(),
            Self::Busy { status, .. } => format!("the model provider has a problem (HTTP {status})"),
            Self::Refused { status } => format!("the model provider refused the request (HTTP {status})"),
            Self::Broken(what) => format!("the model's answer broke off: {what}"),
            Self::OutOfTime(whole) => {
                format!("the model was not done within {} s", whole.as_secs_f64())
            }
        }
    }

    /// How the run ends by it.
    pub(super) fn failure(&self) -> TaskFailure {
        let code = match self {
            Self::Unreachable => "model_unreachable",
            Self::Slow(_) | Self::OutOfTime(_) => "model_timeout",
            Self::Busy { status: 429, .. } => "model_throttled",
            Self::Busy { .. } => "model_unavailable",
            Self::Refused { .. } => "model_provider_refused",
            Self::Broken(_) => "model_stream_broken",
        };
        failure(code, &self.said(), !matches!(self, Self::Refused { .. }))
    }
}

#[cfg(test)]
mod tests {
    use super::Trouble;
    use rstest::rstest;

    #[rstest]
    #[case(429, true, "model_throttled")]
    #[case(503, true, "model_unavailable")]
    #[case(500, true, "model_unavailable")]
    #[case(400, false, "model_provider_refused")]
    #[case(401, false, "model_provider_refused")]
    #[case(403, false, "model_provider_refused")]
    #[case(404, false, "model_provider_refused")]
    #[case(301, false, "model_provider_refused")]
    fn a_status_says_whether_to_ask_again(#[case] status: u16, #[case] again: bool, #[case] code: &str) {
        let trouble = Trouble::of_status(status, None);
        let failure = trouble.failure();
        assert_eq!((trouble.may_pass(), failure.code.as_str(), failure.retryable), (again, code, again));
        assert!(failure.message.contains(&status.to_string()), "{}", failure.message);
    }
}
