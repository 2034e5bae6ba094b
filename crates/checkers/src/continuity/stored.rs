//! What `GET /runs/{id}` answered, as far as continuity cares: whether the run can be read, and whether it has ended.

use crate::delivery::Asked;
use goldenpath_history::Outcome;
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// One answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) run_id: String,
    pub(super) status: Option<u16>,
    /// The run's end, if it holds one.
    pub(crate) ended: Option<Outcome>,
}

#[derive(Deserialize)]
struct Note<'a> {
    #[serde(borrow)]
    run_id: Cow<'a, str>,
    status: Option<u16>,
    #[serde(borrow)]
    body: Option<&'a RawValue>,
}

#[derive(Deserialize)]
struct Document<'a> {
    #[serde(borrow)]
    state: Option<Cow<'a, str>>,
}

impl Answer {
    /// Reads an answer, of which `asked` is what was read at sight.
    pub(crate) fn read(note: &str, asked: Option<&Asked<'_>>) -> Option<Self> {
        if let Some((run_id, status, state)) = asked.and_then(Asked::standing) {
            return Some(Self::of(run_id.to_owned(), status, state));
        }
        let note: Note<'_> = serde_json::from_str(note).ok()?;
        let state = note.body.and_then(|body| state(body.get()));
        Some(Self::of(note.run_id.into_owned(), note.status, state.as_deref()))
    }

    fn of(run_id: String, status: Option<u16>, state: Option<&str>) -> Self {
        let ended = match state {
            Some("completed") => Some(Outcome::Completed),
            Some("failed") => Some(Outcome::Failed),
            Some("cancelled") => Some(Outcome::Cancelled),
            _ => None,
        };
        let read = status.is_none_or(|status| (200..300).contains(&status));
        Self { run_id, status, ended: ended.filter(|_| read) }
    }
}

/// The state that an answer tells; a harness keeps the body as the text that it was.
fn state(body: &str) -> Option<String> {
    let told = |document: &str| {
        let document: Document<'_> = serde_json::from_str(document).ok()?;
        document.state.map(Cow::into_owned)
    };
    told(body).or_else(|| told(&serde_json::from_str::<String>(body).ok()?))
}

#[cfg(test)]
mod tests {
    use super::Answer;
    use crate::delivery::Asked;

    /// Whether an answer tells that its run has ended; what was read of it at sight changes nothing.
    fn ended(note: &str) -> Option<bool> {
        let [alone, at_sight] = [None, Asked::read(note)]
            .map(|asked| Answer::read(note, asked.as_ref()).map(|answer| answer.ended.is_some()));
        assert_eq!(alone, at_sight, "{note}");
        alone
    }

    #[test]
    fn an_answer_is_read_as_a_document_and_as_its_text() {
        let as_document = r#"{"run_id":"r1","status":200,"body":{"state":"completed","events":[]}}"#;
        let as_text = r#"{"run_id":"r1","status":200,"body":"{\"state\":\"completed\",\"events\":[]}"}"#;
        for note in [as_document, as_text] {
            assert_eq!(ended(note), Some(true), "{note}");
            assert_eq!(ended(&note.replace("completed", "running")), Some(false), "{note}");
        }
        for body in ["null", "\"no such run\"", "7", "[]", "{\"state\":1}"] {
            let note = format!(r#"{{"run_id":"r1","status":404,"body":{body}}}"#);
            assert_eq!(ended(&note), Some(false), "{note}");
        }
    }
}
