//! What a fault did, one receipt for every step it touched.

use serde::{Deserialize, Serialize};

/// The kinds of things that a fault does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deed {
    /// The step never arrives.
    Lost,
    /// It arrives as something else.
    Altered,
    /// Something arrives that nobody sent.
    Added,
    /// It arrives later.
    Delayed,
    /// Everything on its connection waits.
    Held,
    /// Its connection ends.
    Cut,
}

/// One touched step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The row of the fault, such as `L01`.
    pub fault: String,
    /// When, in nanoseconds since the session began.
    pub t_ns: u64,
    /// What was done.
    pub deed: Deed,
    /// The connection that it was done on, if any.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conn: Option<u32>,
    /// Whose connection that is, as far as known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The run that the touched step belongs to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_id: Option<String>,
    /// The other run that it names or whose content it shows from now on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub other_run: Option<String>,
    /// What was touched and why, in a few words.
    pub what: String,
}
