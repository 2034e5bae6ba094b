//! What `GET /runs/{id}` answered, as far as continuity cares: whether the run can be read, and whether it has ended.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// One answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) run_id: String,
    pub(super) status: Option<u16>,
    /// It holds the run's end.
    pub(super) ended: bool,
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
    pub(super) fn read(note: &str) -> Option<Self> {
        let note: Note<'_> = serde_json::from_str(note).ok()?;
        let state = note.body.and_then(|body| state(body.get()));
        let ended = matches!(state.as_deref(), Some("completed" | "failed" | "cancelled"))
            && note.status.is_none_or(|status| (200..300).contains(&status));
        Some(Self { run_id: note.run_id.into_owned(), status: note.status, ended })
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

    #[test]
    fn an_answer_is_read_as_a_document_and_as_its_text() {
        let as_document = r#"{"run_id":"r1","status":200,"body":{"state":"completed","events":[]}}"#;
        let as_text = r#"{"run_id":"r1","status":200,"body":"{\"state\":\"completed\",\"events\":[]}"}"#;
        for note in [as_document, as_text] {
            assert!(Answer::read(note).is_some_and(|answer| answer.ended), "{note}");
            assert!(Answer::read(&note.replace("completed", "running")).is_some_and(|answer| !answer.ended));
        }
        for body in ["null", "\"no such run\"", "7", "[]", "{\"state\":1}"] {
            let note = format!(r#"{{"run_id":"r1","status":404,"body":{body}}}"#);
            assert!(Answer::read(&note).is_some_and(|answer| !answer.ended), "{note}");
        }
    }
}
