//! Takes tokens out of what is written down: a history is evidence to hand around.

use std::borrow::Cow;

/// What stands where a token stood.
pub(crate) const REDACTED: &str = "[redacted]";

/// How every JWT begins: `{"` in base64url.
const JWT: &str = "eyJ";

/// The text with each JWT in it replaced; borrowed when there is none.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let Some(first) = find_token(text, 0) else { return Cow::Borrowed(text) };
    let mut clean = String::with_capacity(text.len());
    let (mut done, mut next) = (0, Some(first));
    while let Some((begin, end)) = next {
        clean.push_str(&text[done..begin]);
        clean.push_str(REDACTED);
        done = end;
        next = find_token(text, end);
    }
    clean.push_str(&text[done..]);
    Cow::Owned(clean)
}

/// The next `header.payload.signature` from `from` on, as byte offsets.
fn find_token(text: &str, mut from: usize) -> Option<(usize, usize)> {
    let part = |from: usize| {
        let inside = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        from + text.as_bytes()[from..].iter().take_while(|byte| inside(byte)).count()
    };
    loop {
        let begin = from + text.get(from..)?.find(JWT)?;
        let header = part(begin);
        if text.as_bytes().get(header) == Some(&b'.') {
            let payload = part(header + 1);
            if payload > header + 1 && text.as_bytes().get(payload) == Some(&b'.') {
                return Some((begin, part(payload + 1)));
            }
        }
        from = header;
    }
}

#[cfg(test)]
mod tests {
    use super::redact;
    use std::borrow::Cow;

    #[test]
    fn tokens_are_taken_out_and_the_rest_stays() {
        let text = r#"{"a":"eyJhbGci.eyJzdWIi.c2ln","b":"eyJ no token","c":"eyJhbGci.eyJzdWIi."}"#;
        assert_eq!(redact(text), r#"{"a":"[redacted]","b":"eyJ no token","c":"[redacted]"}"#);
        assert!(matches!(redact("plain ü eyJ"), Cow::Borrowed(_)));
    }
}
