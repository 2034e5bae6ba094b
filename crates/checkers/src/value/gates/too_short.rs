//! At most 50 characters are no answer, in any language.

use super::Reading;

/// The longest text that is still too short.
const LONGEST: usize = 50;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    let text = reading.text.trim();
    (text.chars().take(LONGEST + 1).count() <= LONGEST).then(|| text.to_owned())
}
