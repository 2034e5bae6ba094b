//! The report itself: `comprehensive_validation_report.json`.

use crate::model::Report;

/// The report as indented JSON with a line feed at the end.
///
/// # Errors
/// When a number is none: a document with a hole in it is not written.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    let mut text = serde_json::to_string_pretty(report)?;
    text.push('\n');
    Ok(text)
}
