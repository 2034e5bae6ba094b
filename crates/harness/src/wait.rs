//! Waits that say what they waited for and what they saw instead.

use crate::{Closed, View};
use std::time::Duration;

/// What was waited for did not come.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to see {what} within {} s: {saw}", waited.as_secs_f64())]
pub struct WaitError {
    /// What was waited for.
    pub what: String,
    /// How long; less than the deadline when the connection ended.
    pub waited: Duration,
    /// What was seen instead.
    pub saw: String,
    /// How the connection ended, if it did.
    pub closed: Option<Closed>,
}

impl WaitError {
    pub(crate) fn new(what: &str, waited: Duration, view: &View) -> Self {
        let state = match &view.closed {
            None => "the connection is open".to_owned(),
            Some(Closed { code: None, .. }) => "the connection ended without a close".to_owned(),
            Some(Closed { code: Some(code), reason }) => {
                format!("the connection was closed with {code} `{reason}`")
            }
        };
        let saw = match view.frames {
            0 => format!("no frame came, {state}"),
            frames => format!("{frames} frames came, the last `{}`, {state}", view.last_type()),
        };
        Self { what: what.to_owned(), waited, saw, closed: view.closed.clone() }
    }
}
