//! `content`: what is inside the frames.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "content/json",
        meaning: "Every text message is exactly one JSON value in valid UTF-8, or clients break on it.",
        broken_by: &[("C01", "not JSON"), ("C02", "truncated JSON"), ("C20", "invalid UTF-8")],
        remedy: "serialise with a JSON library, once, at the edge, and never cut a text by bytes",
    },
    Guide {
        id: "content/text-frames",
        meaning: "Events are text frames, one event in each; browsers' clients read nothing else.",
        broken_by: &[("C10", "two events in one message"), ("C11", "binary frame")],
        remedy: "send each event as its own text frame",
    },
    Guide {
        id: "content/schema",
        meaning: "Known type, all required fields, right types, the same shape live and on replay: what clients were promised.",
        broken_by: &[("C03", "misspelt type"), ("C04", "required field missing"), ("C05", "wrong type of field"), ("C14", "payload overwrites `type`"), ("C15", "flat live, nested on replay"), ("C16", "wrapped in system_message")],
        remedy: "build events from one typed definition, and replay the stored bytes instead of building them anew",
    },
    Guide {
        id: "content/meaningful",
        meaning: "Fields that people read hold something worth reading: no empty reasoning, no placeholder, no empty results.",
        broken_by: &[("C06", "empty reasoning"), ("C07", "placeholder (\"...\", \"Agent is thinking…\", \"TODO\")"), ("C17", "results `{}`")],
        remedy: "fill the field from the work that is being done, or do not send the event",
    },
    Guide {
        id: "content/unicode",
        meaning: "Text survives unchanged: no mojibake, no NUL, no byte order mark.",
        broken_by: &[("C08", "mojibake"), ("C09", "NUL or BOM")],
        remedy: "keep UTF-8 from end to end, and remove conversions between encodings",
    },
    Guide {
        id: "content/whole",
        meaning: "Nothing is cut off, nothing is encoded twice.",
        broken_by: &[("C12", "cut at 500 characters"), ("C13", "double-encoded JSON")],
        remedy: "remove limits that cut texts (refuse or split instead), and encode JSON only once",
    },
    Guide {
        id: "content/no-internals",
        meaning: "No stack trace, internal path, secret or token reaches a user.",
        broken_by: &[("C18", "stack trace or internal path in an event"), ("C19", "API key in tool parameters")],
        remedy: "turn errors into messages for users at the edge of the agent, and redact tool parameters",
    },
];
