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
        let document: Option<Document<'_>> = note.body.and_then(|body| serde_json::from_str(body.get()).ok());
        let state = document.and_then(|document| document.state);
        let ended = matches!(state.as_deref(), Some("completed" | "failed" | "cancelled"))
            && note.status.is_none_or(|status| (200..300).contains(&status));
        Some(Self { run_id: note.run_id.into_owned(), status: note.status, ended })
    }
}
