//! The names of the protocol's fields, and the types of JSON.

macro_rules! fields {
    ($($variant:ident = $name:literal),* $(,)?) => {
        /// The fields that the protocol names, in events and in control frames.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[allow(missing_docs, reason = "each variant is the field of that name")]
        pub enum Field { $($variant),* }

        impl Field {
            /// Every field.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The field as the wire writes it.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $name),* }
            }

        }
    };
}

fields! {
    Type = "type", EventId = "event_id", Timestamp = "timestamp", UserId = "user_id", ThreadId = "thread_id",
    RunId = "run_id", RequestId = "request_id", Seq = "seq", Offset = "offset", AgentName = "agent_name",
    ParentAgent = "parent_agent", Status = "status", TaskDescription = "task_description",
    Reasoning = "reasoning", StepNumber = "step_number", ProgressPercentage = "progress_percentage",
    ToolName = "tool_name", ExecutionId = "execution_id", Parameters = "parameters",
    ToolPurpose = "tool_purpose", Success = "success", Results = "results", Error = "error",
    DurationMs = "duration_ms", FinalResponse = "final_response", Summary = "summary",
    Degraded = "degraded", Limitations = "limitations", EventCount = "event_count", Text = "text",
    Reason = "reason", ConnectionId = "connection_id", Epoch = "epoch", Recovered = "recovered",
    Replay = "replay", Acked = "acked", ServerTime = "server_time", TokenExpiresAt = "token_expires_at",
    PingIntervalMs = "ping_interval_ms", Limits = "limits", Duplicate = "duplicate", Code = "code",
    Message = "message", Retryable = "retryable", N = "n", Reconnect = "reconnect", AfterMs = "after_ms",
    Agent = "agent", Data = "data", Payload = "payload",
}

pub(super) const FIELDS: usize = Field::ALL.len();

/// The fields by the hashes of their names, one after the other where two share a hash; 0 for none.
const BY_NAME: [u8; 256] = {
    let mut table = [0_u8; 256];
    let mut at = 0;
    while at < FIELDS {
        let mut place = name_hash(Field::ALL[at].as_str().as_bytes());
        while table[place as usize] != 0 {
            place = place.wrapping_add(1);
        }
        #[allow(clippy::cast_possible_truncation, reason = "there are fewer than 255 fields")]
        {
            table[place as usize] = at as u8 + 1;
        }
        at += 1;
    }
    table
};

const fn name_hash(name: &[u8]) -> u8 {
    if name.is_empty() {
        return 0;
    }
    #[allow(clippy::cast_possible_truncation, reason = "a hash")]
    let length = name.len() as u8;
    let (first, middle, last) = (name[0], name[name.len() / 2], name[name.len() - 1]);
    length.wrapping_mul(37) ^ first.wrapping_mul(11) ^ middle.wrapping_mul(5) ^ last.wrapping_mul(3)
}

impl Field {
    pub(crate) fn named(name: &str) -> Option<Self> {
        let mut place = name_hash(name.as_bytes());
        loop {
            let at = BY_NAME[usize::from(place)].checked_sub(1)?;
            let field = Self::ALL[usize::from(at)];
            if field.as_str() == name {
                return Some(field);
            }
            place = place.wrapping_add(1);
        }
    }
}

/// The JSON type of a value, for findings.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names of JSON's own types")]
pub enum JsonType {
    Null,
    Bool,
    Number,
    String,
    Array,
    Object,
}

impl JsonType {
    /// The type of a raw JSON value.
    #[must_use]
    pub fn of(raw: &str) -> Self {
        match raw.as_bytes().first() {
            Some(b'"') => Self::String,
            Some(b'{') => Self::Object,
            Some(b'[') => Self::Array,
            Some(b't' | b'f') => Self::Bool,
            Some(b'n') | None => Self::Null,
            Some(_) => Self::Number,
        }
    }

    /// The name for people.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Null => "null",
            Self::Bool => "a boolean",
            Self::Number => "a number",
            Self::String => "a string",
            Self::Array => "an array",
            Self::Object => "an object",
        }
    }
}
