//! References: one `gp-<32 hex>` per run, in its prompt's last line, by which its content is known again.

/// How a reference begins.
const PREFIX: &str = "gp-";

/// The hex digits after the prefix.
const DIGITS: usize = 32;

/// What stands before the reference in a prompt's last line.
const LABEL: &str = "Reference: ";

/// The reference made of 128 bits.
#[must_use]
pub fn make_reference(bits: u128) -> String {
    format!("{PREFIX}{bits:032x}")
}

/// The first reference in a text.
#[must_use]
pub fn find_reference(text: &str) -> Option<&str> {
    references(text).next()
}

/// Every reference in a text, in order.
pub fn references(text: &str) -> impl Iterator<Item = &str> {
    memchr::memmem::find_iter(text.as_bytes(), PREFIX).filter_map(|at| {
        let end = at + PREFIX.len() + DIGITS;
        let digits = text.as_bytes().get(at + PREFIX.len()..end)?;
        let hex = |byte: &u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(byte);
        // One more digit and it is some other, longer identifier.
        let whole = digits.iter().all(hex) && !text.as_bytes().get(end).is_some_and(hex);
        if whole { text.get(at..end) } else { None }
    })
}

/// A prompt with its reference line.
#[must_use]
pub fn with_reference(prompt: &str, reference: &str) -> String {
    format!("{prompt}\n\n{LABEL}{reference}")
}

/// A prompt without its reference line, and the reference, if it ends with one.
#[must_use]
pub fn split_reference(prompt: &str) -> (&str, Option<&str>) {
    let text = prompt.trim_end();
    let (body, last) = text.rsplit_once('\n').unwrap_or(("", text));
    let reference = last.trim().strip_prefix(LABEL.trim_end()).map(str::trim);
    match reference {
        Some(reference) if find_reference(reference) == Some(reference) => (body.trim_end(), Some(reference)),
        _ => (prompt, None),
    }
}

#[cfg(test)]
mod tests {
    use super::{find_reference, make_reference, references, split_reference, with_reference};

    #[test]
    fn a_reference_is_taken_off_the_prompt_it_was_put_on() {
        let reference = make_reference(0xabc);
        assert_eq!(reference, "gp-00000000000000000000000000000abc");
        let prompt = with_reference("Help me optimize costs.\nPlease.", &reference);
        assert_eq!(split_reference(&prompt), ("Help me optimize costs.\nPlease.", Some(reference.as_str())));
        assert_eq!(split_reference(&format!("Reference: {reference}")), ("", Some(reference.as_str())));
    }

    #[test]
    fn a_prompt_without_a_reference_stays_as_it_is() {
        for prompt in
            ["", "Hi", "a\nReference: gp-12", "Reference: gp-00000000000000000000000000000abc\nmore"]
        {
            assert_eq!(split_reference(prompt), (prompt, None));
        }
    }

    #[test]
    fn references_are_found_in_any_text() {
        let (one, two) = (make_reference(1), make_reference(u128::MAX));
        let text = format!("é{one},gp-x {two}. gp-{}", "0".repeat(33));
        assert_eq!(references(&text).collect::<Vec<_>>(), [one.as_str(), two.as_str()]);
        assert_eq!(find_reference("gp-"), None);
    }
}
