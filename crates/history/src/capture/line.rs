//! The lines of a raw capture as they are written.

use crate::{Direction, Outcome, ToolDemand};
use serde::Deserialize;

/// The optional first line.
#[derive(Debug, Default, Deserialize)]
pub(super) struct CaptureHeader {
    pub(super) user: Option<String>,
    pub(super) profile: Option<String>,
    pub(super) t0_unix_ns: Option<i64>,
    pub(super) expect: Option<CaptureExpect>,
}

/// What every run of the capture owes.
#[derive(Debug, Deserialize)]
pub(super) struct CaptureExpect {
    pub(super) tools: Option<ToolDemand>,
    pub(super) outcome: Option<Outcome>,
}

/// One wire message, or a marker with an empty `raw`. Unknown keys are ignored.
#[derive(Debug, Deserialize)]
pub(super) struct CaptureLine {
    pub(super) t_ns: u64,
    pub(super) dir: Direction,
    #[serde(default)]
    pub(super) transport: Transport,
    #[serde(default)]
    pub(super) raw: String,
    pub(super) url: Option<String>,
    pub(super) http: Option<String>,
    pub(super) http_status: Option<u16>,
    pub(super) close_code: Option<u16>,
    pub(super) close_reason: Option<String>,
    #[serde(default)]
    pub(super) eof: bool,
    client_drop: Option<serde_json::Value>,
    pub(super) idle_timeout_s: Option<f64>,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Transport {
    #[default]
    Ws,
    Sse,
}

impl CaptureLine {
    pub(super) fn is_sse(&self) -> bool {
        self.transport == Transport::Sse
    }

    /// Recorders write `true`, or how they dropped it.
    pub(super) fn client_dropped(&self) -> bool {
        !matches!(self.client_drop, None | Some(serde_json::Value::Null | serde_json::Value::Bool(false)))
    }
}

/// What of a client's frames makes a request.
#[derive(Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub(super) enum Sent {
    AgentRequest { request_id: String, message: String },
}
