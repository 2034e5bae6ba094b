//! The bytes of a logged event: its envelope, with the offset spliced in.

use crate::AppendError;

/// What splicing adds: `,"offset":` and twenty digits.
const OFFSET_BYTES: usize = 30;

/// An envelope up to the place of its offset, which comes last: `,` before it, no other byte changed.
///
/// # Errors
/// [`AppendError::Failed`] when it is no JSON object.
pub(crate) fn opened(envelope: &str) -> Result<String, AppendError> {
    let body = envelope
        .trim()
        .strip_prefix('{')
        .and_then(|rest| rest.strip_suffix('}'))
        .ok_or_else(|| AppendError::Failed("an envelope is no JSON object".to_owned()))?;
    let mut text = String::with_capacity(envelope.len() + OFFSET_BYTES);
    text.push('{');
    text.push_str(body);
    if !body.trim().is_empty() {
        text.push(',');
    }
    Ok(text)
}

/// The envelope as every socket gets it.
///
/// # Errors
/// As [`opened`].
pub(crate) fn with_offset(envelope: &str, offset: u64) -> Result<String, AppendError> {
    let mut text = opened(envelope)?;
    text.push_str("\"offset\":");
    text.push_str(&offset.to_string());
    text.push('}');
    Ok(text)
}

/// Refuses an event that no log of this size can hold.
pub(crate) fn too_large(bytes: usize) -> AppendError {
    AppendError::Failed(format!("an event of {bytes} bytes is larger than the whole log of a user"))
}
