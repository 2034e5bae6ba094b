//! A whole history as a value and as lines of text.

use goldenpath_history::{Header, Record};

/// A header and its records, in the order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    /// What was driven.
    pub header: Header,
    /// What clients recorded.
    pub records: Vec<Record<'static>>,
}

impl History {
    /// The lines of `history.jsonl`: the header, then one record each, without line ends.
    pub fn lines(&self) -> impl Iterator<Item = String> + '_ {
        std::iter::once(line(&self.header)).chain(self.records.iter().map(line))
    }

    /// The file's whole text, every line ended.
    #[must_use]
    pub fn to_jsonl(&self) -> String {
        let mut text = String::new();
        for line in self.lines() {
            text.push_str(&line);
            text.push('\n');
        }
        text
    }

    /// Records with the line numbers they have in the file; the header is line 1.
    pub fn numbered(&self) -> impl Iterator<Item = (u64, &Record<'static>)> {
        (2..).zip(&self.records)
    }
}

/// One line. Serialising these types cannot fail: every key is a string and no number is a NaN by construction.
pub(crate) fn line(value: &impl serde::Serialize) -> String {
    serde_json::to_string(value).unwrap_or_default()
}
