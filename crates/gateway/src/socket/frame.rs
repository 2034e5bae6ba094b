//! From a text message to a client frame, or to the one thing that is wrong with it.
//!
//! Fields are borrowed from the text and never become a tree of values: hostile input costs its own size.

use goldenpath_protocol::{ClientFrame, ErrorCode, RequestId, RunId, ThreadId};
use serde::Deserialize;
use serde::de::{DeserializeOwned, IgnoredAny};
use serde_json::error::Category;
use serde_json::value::RawValue;

/// A message that could not be understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Misunderstood {
    pub(super) code: ErrorCode,
    pub(super) message: String,
    pub(super) request_id: Option<RequestId>,
}

impl Misunderstood {
    pub(super) fn new(code: ErrorCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), request_id: None }
    }
}

/// The fields of all frames; each frame takes its own, and unknown ones are ignored.
#[derive(Deserialize)]
struct Fields<'a> {
    #[serde(borrow, rename = "type")]
    kind: Option<&'a RawValue>,
    #[serde(borrow)]
    request_id: Option<&'a RawValue>,
    #[serde(borrow)]
    thread_id: Option<&'a RawValue>,
    #[serde(borrow)]
    agent: Option<&'a RawValue>,
    #[serde(borrow)]
    message: Option<&'a RawValue>,
    #[serde(borrow)]
    run_id: Option<&'a RawValue>,
    #[serde(borrow)]
    offset: Option<&'a RawValue>,
    #[serde(borrow)]
    token: Option<&'a RawValue>,
    #[serde(borrow)]
    n: Option<&'a RawValue>,
}

/// Reads one frame.
pub(super) fn parse(text: &str) -> Result<ClientFrame, Misunderstood> {
    // serde would take a list for a struct as well.
    if !text.trim_start_matches([' ', '\t', '\r', '\n']).starts_with('{') {
        return Err(match serde_json::from_str::<IgnoredAny>(text) {
            Ok(_) => Misunderstood::new(ErrorCode::WrongType, "a frame is a JSON object"),
            Err(error) => bad_json(&error),
        });
    }
    let fields: Fields<'_> = serde_json::from_str(text).map_err(|error| bad_json(&error))?;
    fields.read().map_err(|wrong| Misunderstood { request_id: fields.named(), ..wrong })
}

/// The request id of a message that is not read any further.
pub(super) fn request_id(text: &str) -> Option<RequestId> {
    serde_json::from_str::<Fields<'_>>(text).ok()?.named()
}

fn bad_json(error: &serde_json::Error) -> Misunderstood {
    let message = match error.classify() {
        // The parser's own words about a field that is given twice.
        Category::Data => error.to_string(),
        _ => format!("no JSON from line {} column {} on", error.line(), error.column()),
    };
    Misunderstood::new(ErrorCode::BadJson, message)
}

impl Fields<'_> {
    fn named(&self) -> Option<RequestId> {
        serde_json::from_str(self.request_id?.get()).ok()
    }

    fn read(&self) -> Result<ClientFrame, Misunderstood> {
        let kind: String = required("type", self.kind, "a string")?;
        match kind.as_str() {
            "agent_request" => {
                let message: String = required("message", self.message, "a string")?;
                if message.trim().is_empty() {
                    return Err(Misunderstood::new(ErrorCode::WrongType, "`message` must not be blank"));
                }
                Ok(ClientFrame::AgentRequest {
                    request_id: required("request_id", self.request_id, "a request id")?,
                    thread_id: optional::<ThreadId>("thread_id", self.thread_id, "a thread id")?,
                    agent: optional("agent", self.agent, "a string")?,
                    message,
                })
            }
            "cancel" => {
                Ok(ClientFrame::Cancel { run_id: required::<RunId>("run_id", self.run_id, "a run id")? })
            }
            "ack" => Ok(ClientFrame::Ack { offset: required("offset", self.offset, "a whole number")? }),
            "refresh" => Ok(ClientFrame::Refresh { token: required("token", self.token, "a string")? }),
            "ping" => Ok(ClientFrame::Ping { n: required("n", self.n, "a whole number")? }),
            other => {
                let other: String = other.chars().take(40).collect();
                let known = ClientFrame::TYPES.join(", ");
                let message = format!("no frame of type `{other}` (hint: one of {known})");
                Err(Misunderstood::new(ErrorCode::UnknownType, message))
            }
        }
    }
}

fn required<T: DeserializeOwned>(
    name: &'static str,
    raw: Option<&RawValue>,
    what: &str,
) -> Result<T, Misunderstood> {
    optional(name, raw, what)?
        .ok_or_else(|| Misunderstood::new(ErrorCode::MissingField, format!("`{name}` is missing")))
}

fn optional<T: DeserializeOwned>(
    name: &'static str,
    raw: Option<&RawValue>,
    what: &str,
) -> Result<Option<T>, Misunderstood> {
    let Some(raw) = raw else { return Ok(None) };
    serde_json::from_str(raw.get())
        .map_err(|_| Misunderstood::new(ErrorCode::WrongType, format!("`{name}` is not {what}")))
}

#[cfg(test)]
mod tests {
    use super::{parse, request_id};
    use goldenpath_protocol::{ClientFrame, ErrorCode};

    #[test]
    fn every_frame_is_understood() {
        let understood = |text: &str| parse(text).unwrap();
        assert_eq!(understood(r#" {"type":"ping","n":3,"x":[1]}"#), ClientFrame::Ping { n: 3 });
        assert_eq!(understood(r#"{"offset":9,"type":"ack"}"#), ClientFrame::Ack { offset: 9 });
        assert!(matches!(understood(r#"{"type":"refresh","token":"t"}"#), ClientFrame::Refresh { .. }));
        assert!(matches!(understood(r#"{"type":"cancel","run_id":"r-1"}"#), ClientFrame::Cancel { .. }));
        let request = r#"{"type":"agent_request","request_id":"q-1","thread_id":null,"message":"a \"b\""}"#;
        let ClientFrame::AgentRequest { message, thread_id, .. } = understood(request) else { panic!() };
        assert_eq!((message.as_str(), thread_id), ("a \"b\"", None));
    }

    #[test]
    fn what_is_wrong_is_named() {
        use ErrorCode::{BadJson, MissingField, UnknownType, WrongType};
        let deep = format!("{{\"x\":{}{}}}", "[".repeat(500), "]".repeat(500));
        for (text, code) in [
            ("", BadJson),
            ("{", BadJson),
            ("hello", BadJson),
            (r#"{"type":"ping","n":1} x"#, BadJson),
            (r#"{"type":"ping","type":"ping","n":1}"#, BadJson),
            (deep.as_str(), MissingField),
            ("[\"ping\"]", WrongType),
            ("null", WrongType),
            ("7", WrongType),
            ("{}", MissingField),
            (r#"{"type":null}"#, MissingField),
            (r#"{"type":7}"#, WrongType),
            (r#"{"type":"Ping","n":1}"#, UnknownType),
            (r#"{"type":"ping"}"#, MissingField),
            (r#"{"type":"ping","n":-1}"#, WrongType),
            (r#"{"type":"ping","n":1.5}"#, WrongType),
            (r#"{"type":"ack","offset":"1"}"#, WrongType),
            (r#"{"type":"ack","offset":99999999999999999999}"#, WrongType),
            (r#"{"type":"cancel","run_id":"null"}"#, WrongType),
            (r#"{"type":"agent_request","request_id":"q-1"}"#, MissingField),
            (r#"{"type":"agent_request","message":"hi"}"#, MissingField),
            (r#"{"type":"agent_request","request_id":"q-1","message":" "}"#, WrongType),
            (r#"{"type":"agent_request","request_id":"q-1","message":"hi","agent":7}"#, WrongType),
            (r#"{"type":"agent_request","request_id":"","message":"hi"}"#, WrongType),
        ] {
            let wrong = parse(text).unwrap_err();
            assert_eq!(wrong.code, code, "{text}: {}", wrong.message);
        }
    }

    #[test]
    fn an_error_names_its_request_when_it_can() {
        let wrong = parse(r#"{"type":"agent_request","request_id":"q-7"}"#).unwrap_err();
        assert_eq!(wrong.request_id.unwrap().as_str(), "q-7");
        assert_eq!(parse(r#"{"type":"agent_request","request_id":7}"#).unwrap_err().request_id, None);
        assert_eq!(request_id(r#"{"request_id":"q-8","message":"hi"}"#).unwrap().as_str(), "q-8");
        for nameless in ["{", "7", "[]", "{}", r#"{"request_id":null}"#, r#"{"request_id":""}"#] {
            assert_eq!(request_id(nameless), None, "{nameless}");
        }
    }
}
