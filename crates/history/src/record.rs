//! One line of a history: something that one client did, saw or lost, at one instant.

use crate::quantity;
use serde::{Deserialize, Serialize};
use std::borrow::Cow;
use std::collections::BTreeMap;

/// The version of the format; the header's `history` holds it.
pub const HISTORY_VERSION: u32 = 1;

/// The mark that a recorder puts at a history's beginning and end. A history that has the first and lacks the
/// second was cut, even when its last line is whole.
pub const RECORDING: &str = "recording";
/// The note of the first such mark.
pub const RECORDING_BEGUN: &str = "begun";
/// The note of the last one.
pub const RECORDING_ENDED: &str = "ended";

/// The first line of a history: what was driven and under which limits.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Header {
    /// The version of the format.
    pub history: u32,
    /// The session's folder name.
    pub session_id: String,
    /// The target's address, without secrets.
    pub target: String,
    /// The profile that reads its frames.
    pub profile: String,
    /// What fixed prompts, ids, users and order.
    pub seed: u64,
    /// Limits that differ from the defaults, by check id.
    #[serde(default, deserialize_with = "quantity::numbers")]
    pub limits: BTreeMap<String, f64>,
    /// The wall clock at `t_ns` 0 on the recording client, Unix milliseconds (fraction kept).
    #[serde(default, deserialize_with = "quantity::number", skip_serializing_if = "Option::is_none")]
    pub t0_unix_ms: Option<f64>,
    /// How tokens were had: `mint`, `token` or `none`; some checks can be judged only with minted ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_mode: Option<String>,
    /// The categories that were asked for; empty: all that the records can show.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub categories: Vec<String>,
    /// Whether this was an SLA run (99.9 % delivery required).
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub sla: bool,
    /// Checks that could not be seen from where the session was driven, with why: what is not ours was not stopped, say.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub not_observable: BTreeMap<String, String>,
    /// What the history is a witness of, if it is one: cut out of a whole history, it shows one broken promise and
    /// says nothing of any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub witness: Option<WitnessOf>,
}

/// What a witness shows, and where it was cut out.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct WitnessOf {
    /// The check that fails on it; no other is judged.
    pub check: String,
    /// For each of its records, the line that it had in the whole history.
    #[serde(default)]
    pub lines: Vec<u64>,
}

impl Header {
    /// A header with nothing but its names: seed 0, default limits.
    #[must_use]
    pub fn new(session_id: impl Into<String>, target: impl Into<String>, profile: impl Into<String>) -> Self {
        Self {
            history: HISTORY_VERSION,
            session_id: session_id.into(),
            target: target.into(),
            profile: profile.into(),
            seed: 0,
            limits: BTreeMap::new(),
            t0_unix_ms: None,
            auth_mode: None,
            categories: Vec::new(),
            sla: false,
            not_observable: BTreeMap::new(),
            witness: None,
        }
    }
}

/// One record. Times are nanoseconds on the recording client's one monotonic clock, since the session began.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record<'a> {
    /// When, in nanoseconds since the session began.
    pub t_ns: u64,
    /// Which connection, where it concerns one. Numbers are unique inside a history.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conn: Option<u32>,
    /// Which user (the harness's own name for the identity, equal to its token's `sub`), where it concerns one.
    #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
    pub user: Option<Cow<'a, str>>,
    /// What happened.
    #[serde(borrow, flatten)]
    pub kind: RecordKind<'a>,
}

/// Which way a frame went, seen from the client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Direction {
    /// Server to client.
    In,
    /// Client to server.
    Out,
}

/// Who ended a connection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ClosedBy {
    /// The server sent Close first.
    Server,
    /// The client did.
    Client,
    /// Neither: the transport ended (1006).
    Transport,
}

/// A fault's life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum FaultPhase {
    /// Switched on.
    Begin,
    /// It touched something; the receipt says what.
    Acted,
    /// Switched off.
    End,
}

/// How many tools a scenario makes the run owe.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum ToolDemand {
    /// The scenario allows a run without tools, and owes none.
    None,
    /// At least one.
    #[default]
    Some,
    /// At least this many.
    AtLeast(u32),
}

/// How a scenario makes the run end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    /// With an answer.
    #[default]
    Completed,
    /// With an error.
    Failed,
    /// By a cancel.
    Cancelled,
    /// In any of these ways.
    Any,
}

/// What a scenario owes its user; never derived from what arrived.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct Expect {
    /// Tools owed.
    pub tools: ToolDemand,
    /// The ending owed.
    pub outcome: Outcome,
    /// Distinct actionable insights owed by the answer.
    pub min_insights: u32,
    /// Whether the answer must quote its own reference.
    pub quote_reference: bool,
    /// Whether a tool is made to fail, so that the answer must be labelled degraded or the run fail.
    pub failing_tool: bool,
}

impl Default for Expect {
    fn default() -> Self {
        Self {
            tools: ToolDemand::Some,
            outcome: Outcome::Completed,
            min_insights: 0,
            quote_reference: false,
            failing_tool: false,
        }
    }
}

/// What happened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "k", rename_all = "lowercase")]
#[allow(missing_docs, reason = "fields that repeat their name say nothing")]
pub enum RecordKind<'a> {
    /// A connection was opened, or refused at the upgrade.
    Open {
        /// The address, without secrets.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        url: Option<Cow<'a, str>>,
        /// The HTTP status of the answer: 101 when it became a WebSocket; `None` when none came.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        status: Option<u16>,
        /// When the attempt began.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        intended_t_ns: Option<u64>,
        /// Which credential was shown: `valid` (default), or a case of the token refusals, such as `expired`.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        credential: Option<Cow<'a, str>>,
        /// The body of a refusal, redacted; or why no answer came.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        body: Option<Cow<'a, str>>,
    },
    /// One WebSocket message or SSE frame, raw.
    Frame {
        dir: Direction,
        /// The text; for a binary frame, or bytes that are no UTF-8, base64.
        #[serde(borrow)]
        raw: Cow<'a, str>,
        /// `text` (default), `binary`, or `invalid_utf8`.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        opcode: Option<Cow<'a, str>>,
    },
    /// The connection ended.
    Close {
        /// The code, `None` for a transport that just ended.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        code: Option<u16>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        reason: Option<Cow<'a, str>>,
        by: ClosedBy,
    },
    /// A request for a run is about to be sent on `conn` by `user`.
    Request {
        #[serde(borrow)]
        request_id: Cow<'a, str>,
        /// When the plan wanted it sent: response limits count from here.
        intended_t_ns: u64,
        #[serde(borrow)]
        scenario: Cow<'a, str>,
        /// `gp-` and 32 hex digits, one per run: the canary in the prompt.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        reference: Option<Cow<'a, str>>,
        /// The prompt without its reference line.
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        prompt: Option<Cow<'a, str>>,
        #[serde(default)]
        expect: Expect,
    },
    /// A fault of the tester's own making.
    Fault {
        #[serde(borrow)]
        id: Cow<'a, str>,
        phase: FaultPhase,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        receipt: Option<Cow<'a, str>>,
    },
    /// A measured quantity: `process_resident_memory_bytes`, `scheduler_lag_ms`, …; of a target that counts them, calls of
    /// model and tools under way: `goldenpath_work_active`.
    Sample {
        #[serde(borrow)]
        name: Cow<'a, str>,
        value: f64,
    },
    /// The capture itself lost records.
    Lost {
        count: u64,
        #[serde(borrow)]
        why: Cow<'a, str>,
    },
    /// Anything else worth keeping: the start of a category, a probe and its answer, `store` documents, the steps of a
    /// trial ([`crate::Trial`]).
    Mark {
        #[serde(borrow)]
        name: Cow<'a, str>,
        #[serde(borrow, default, skip_serializing_if = "Option::is_none")]
        note: Option<Cow<'a, str>>,
    },
}

impl Record<'_> {
    /// The same record with its own texts.
    #[must_use]
    pub fn into_owned(self) -> Record<'static> {
        Record { t_ns: self.t_ns, conn: self.conn, user: owned(self.user), kind: self.kind.into_owned() }
    }
}

impl RecordKind<'_> {
    /// The same kind with its own texts.
    #[must_use]
    pub fn into_owned(self) -> RecordKind<'static> {
        let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
        match self {
            Self::Open { url, status, intended_t_ns, credential, body } => RecordKind::Open {
                url: owned(url),
                status,
                intended_t_ns,
                credential: owned(credential),
                body: owned(body),
            },
            Self::Frame { dir, raw, opcode } => {
                RecordKind::Frame { dir, raw: own(raw), opcode: owned(opcode) }
            }
            Self::Close { code, reason, by } => RecordKind::Close { code, reason: owned(reason), by },
            Self::Request { request_id, intended_t_ns, scenario, reference, prompt, expect } => {
                RecordKind::Request {
                    request_id: own(request_id),
                    intended_t_ns,
                    scenario: own(scenario),
                    reference: owned(reference),
                    prompt: owned(prompt),
                    expect,
                }
            }
            Self::Fault { id, phase, receipt } => {
                RecordKind::Fault { id: own(id), phase, receipt: owned(receipt) }
            }
            Self::Sample { name, value } => RecordKind::Sample { name: own(name), value },
            Self::Lost { count, why } => RecordKind::Lost { count, why: own(why) },
            Self::Mark { name, note } => RecordKind::Mark { name: own(name), note: owned(note) },
        }
    }
}

fn owned(text: Option<Cow<'_, str>>) -> Option<Cow<'static, str>> {
    text.map(|text| Cow::Owned(text.into_owned()))
}

impl ToolDemand {
    /// The least number of tool calls owed.
    #[must_use]
    pub fn least(self) -> u32 {
        match self {
            Self::None => 0,
            Self::Some => 1,
            Self::AtLeast(n) => n,
        }
    }
}

impl Serialize for ToolDemand {
    fn serialize<S: serde::Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::None => to.serialize_str("none"),
            Self::Some => to.serialize_str("some"),
            Self::AtLeast(n) => to.serialize_u32(*n),
        }
    }
}

impl<'de> Deserialize<'de> for ToolDemand {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Written {
            Number(u32),
            Word(String),
        }
        match Written::deserialize(from)? {
            Written::Number(0) => Ok(Self::None),
            Written::Number(n) => Ok(Self::AtLeast(n)),
            Written::Word(word) => match word.as_str() {
                "none" => Ok(Self::None),
                "some" => Ok(Self::Some),
                other => {
                    other.parse().map(|n| if n == 0 { Self::None } else { Self::AtLeast(n) }).map_err(|_| {
                        serde::de::Error::custom(format!("`{other}` is none of `none`, `some`, a number"))
                    })
                }
            },
        }
    }
}
