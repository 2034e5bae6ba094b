//! Control frames: what clients ask and what the server says beside run events.

use crate::{CloseCode, ConnectionId, Epoch, ErrorCode, RequestId, RunId, ThreadId, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use std::fmt;

/// What a client may send.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the list of the protocol's document")]
pub enum ClientFrame {
    AgentRequest {
        request_id: RequestId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        thread_id: Option<ThreadId>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        agent: Option<String>,
        message: String,
    },
    Cancel {
        run_id: RunId,
    },
    Ack {
        offset: u64,
    },
    Refresh {
        token: String,
    },
    Ping {
        n: u64,
    },
}

impl ClientFrame {
    /// The types a client may send, as the wire writes them.
    pub const TYPES: [&'static str; 5] = ["agent_request", "cancel", "ack", "refresh", "ping"];
}

impl fmt::Debug for ClientFrame {
    // By hand: neither a token nor what a user asked may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AgentRequest { request_id, thread_id, agent, .. } => f
                .debug_struct("AgentRequest")
                .field("request_id", request_id)
                .field("thread_id", thread_id)
                .field("agent", agent)
                .finish_non_exhaustive(),
            Self::Cancel { run_id } => f.debug_struct("Cancel").field("run_id", run_id).finish(),
            Self::Ack { offset } => f.debug_struct("Ack").field("offset", offset).finish(),
            Self::Refresh { .. } => f.debug_struct("Refresh").finish_non_exhaustive(),
            Self::Ping { n } => f.debug_struct("Ping").field("n", n).finish(),
        }
    }
}

/// How a connection joined its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Recovered {
    /// No resume was asked for.
    Fresh,
    /// Everything missed is replayed.
    Full,
    /// The missed events cannot be replayed; nothing is.
    Failed,
}

/// The limits a connection lives under, as told in its greeting.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[allow(missing_docs, reason = "each name says its unit")]
pub struct Limits {
    pub connections_per_user: u32,
    pub connections_per_ip: u32,
    pub connections_per_node: u32,
    pub message_bytes: u64,
    pub messages_per_second: u32,
    pub message_burst: u32,
    pub refusals_to_close: u32,
    pub refusal_window_ms: u64,
    pub event_bytes: u64,
    pub runs_per_user: u32,
    pub run_deadline_ms: u64,
    pub write_stall_ms: u64,
    pub pong_timeout_ms: u64,
    pub replay_events: u64,
    pub token_grace_ms: u64,
    pub drain_ms: u64,
}

/// What the server sends beside run events.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields are the list of the protocol's document")]
pub enum ServerFrame {
    ConnectionEstablished {
        connection_id: ConnectionId,
        user_id: UserId,
        epoch: Epoch,
        offset: u64,
        recovered: Recovered,
        replay: u64,
        acked: u64,
        server_time: Timestamp,
        token_expires_at: Timestamp,
        ping_interval_ms: u64,
        limits: Limits,
    },
    ReplayEnd {
        offset: u64,
    },
    RequestAccepted {
        request_id: RequestId,
        run_id: RunId,
        thread_id: ThreadId,
        duplicate: bool,
    },
    Error {
        code: ErrorCode,
        message: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<RequestId>,
        retryable: bool,
    },
    Pong {
        n: u64,
        server_time: Timestamp,
    },
    Heartbeat {
        offset: u64,
    },
    TokenRefreshed {
        token_expires_at: Timestamp,
    },
    Closing {
        code: u16,
        reason: String,
        reconnect: bool,
        after_ms: u64,
    },
}

impl ServerFrame {
    /// The types of server frames, as the wire writes them.
    pub const TYPES: [&'static str; 8] = [
        "connection_established",
        "replay_end",
        "request_accepted",
        "error",
        "pong",
        "heartbeat",
        "token_refreshed",
        "closing",
    ];

    /// An `error` frame whose `retryable` follows its code.
    #[must_use]
    pub fn error(code: ErrorCode, message: impl Into<String>, request_id: Option<RequestId>) -> Self {
        Self::Error { code, message: message.into(), request_id, retryable: code.retryable() }
    }

    /// The announcement of a Close with `code`; `after_ms` tells when to come back.
    #[must_use]
    pub fn closing(code: CloseCode, after_ms: u64) -> Self {
        Self::Closing {
            code: code.code(),
            reason: code.reason().to_owned(),
            reconnect: code.reconnect(),
            after_ms,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{ClientFrame, ServerFrame};
    use crate::{CloseCode, ErrorCode, RequestId};
    use serde_json::json;

    #[test]
    fn a_request_reads_as_the_document_writes_it() {
        let text = r#"{"type":"agent_request","request_id":"req-1","message":"hello","later":1}"#;
        let ClientFrame::AgentRequest { request_id, thread_id, agent, message } =
            serde_json::from_str(text).expect("a request")
        else {
            panic!("no request")
        };
        assert_eq!((request_id, thread_id, agent), (RequestId::new("req-1").expect("an id"), None, None));
        assert_eq!(message, "hello");
    }

    #[test]
    fn debug_never_shows_a_token_or_a_prompt() {
        let refresh = ClientFrame::Refresh { token: "a.b.c".to_owned() };
        assert_eq!(format!("{refresh:?}"), "Refresh { .. }");
        let text = r#"{"type":"agent_request","request_id":"req-1","message":"our secret plan"}"#;
        let request: ClientFrame = serde_json::from_str(text).expect("a request");
        let shown = format!("{request:?}");
        assert!(shown.contains("req-1") && !shown.contains("secret"), "{shown}");
    }

    #[test]
    fn server_frames_read_as_the_document_writes_them() {
        let frames = [
            (
                ServerFrame::error(ErrorCode::RunLimit, "too many", None),
                json!({"type": "error", "code": "run_limit", "message": "too many", "retryable": true}),
            ),
            (
                ServerFrame::closing(CloseCode::Draining, 1500),
                json!({"type": "closing", "code": 4001, "reason": "draining", "reconnect": true, "after_ms": 1500}),
            ),
            (ServerFrame::ReplayEnd { offset: 7 }, json!({"type": "replay_end", "offset": 7})),
        ];
        for (frame, expected) in frames {
            assert_eq!(serde_json::to_value(frame).expect("json"), expected);
        }
    }

    #[test]
    fn error_codes_are_written_in_snake_case() {
        for code in ErrorCode::ALL {
            assert_eq!(serde_json::to_value(code).expect("json"), json!(code.as_str()));
        }
    }
}
