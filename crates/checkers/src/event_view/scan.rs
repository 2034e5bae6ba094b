//! JSON read without building anything: where each member of an object begins and ends.
//!
//! Accepts nothing that `serde_json` would not, and gives up on what is rare (deep nesting, escapes in keys): whoever
//! asks then reads the slow way, which also has words for what is wrong.

use goldenpath_history::{BLOCK, marks_of, plain_until};

/// Objects and arrays inside each other, one bit each.
const DEEPEST: u32 = 64;

/// A place in a text.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Scan<'a> {
    text: &'a str,
    at: usize,
    /// Where the latest block ends, and a bit for each of its bytes that ends a plain stretch.
    block_end: usize,
    marks: u64,
}

impl<'a> Scan<'a> {
    /// The beginning of a text.
    pub(crate) fn of(text: &'a str) -> Self {
        Self { text, at: 0, block_end: 0, marks: 0 }
    }

    /// The next byte that is no white space.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u8> {
        let bytes = self.text.as_bytes();
        while let b' ' | b'\n' | b'\t' | b'\r' = bytes.get(self.at)? {
            self.at += 1;
        }
        bytes.get(self.at).copied()
    }

    /// Moves over `byte`, if it is next.
    #[inline]
    pub(crate) fn take(&mut self, byte: u8) -> Option<()> {
        (self.peek()? == byte).then(|| self.at += 1)
    }

    /// Whether nothing is left.
    pub(crate) fn is_over(&mut self) -> bool {
        self.peek().is_none()
    }

    /// Where the next byte is that does not stand for itself in a string.
    #[inline]
    fn plain_end(&mut self) -> usize {
        let bytes = self.text.as_bytes();
        let mut at = self.at;
        loop {
            let back = self.block_end.wrapping_sub(at);
            // Inside of the latest block, of which `back` bytes are left.
            if (1..=BLOCK).contains(&back) {
                let left = self.marks >> (BLOCK - back);
                if left != 0 {
                    return at + left.trailing_zeros() as usize;
                }
                at = self.block_end;
            }
            let Some(block) = bytes.get(at..).and_then(|rest| rest.first_chunk()) else {
                return plain_until(bytes, at);
            };
            self.marks = marks_of(block);
            self.block_end = at + BLOCK;
        }
    }

    /// Moves over an object and calls `each` with every key, before its value, which `each` moves over.
    pub(crate) fn object(&mut self, mut each: impl FnMut(&'a str, &mut Self) -> Option<()>) -> Option<()> {
        self.take(b'{')?;
        if self.take(b'}').is_some() {
            return Some(());
        }
        loop {
            let key = self.key()?;
            each(key, self)?;
            if self.take(b',').is_none() {
                return self.take(b'}');
            }
        }
    }

    /// Moves over an array and calls `each` before every item, which `each` moves over.
    pub(crate) fn array(&mut self, mut each: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.take(b'[')?;
        if self.take(b']').is_some() {
            return Some(());
        }
        loop {
            each(self)?;
            if self.take(b',').is_none() {
                return self.take(b']');
            }
        }
    }

    /// Moves over a key without escapes and its colon.
    #[inline]
    fn key(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let end = self.plain_end();
        let key = self.text.get(self.at..end)?;
        self.at = end;
        (self.text.as_bytes().get(end) == Some(&b'"')).then(|| self.at += 1)?;
        self.take(b':')?;
        Some(key)
    }

    /// Moves over one value and gives it, raw.
    pub(crate) fn value(&mut self) -> Option<&'a str> {
        let first = self.peek()?;
        let from = self.at;
        match first {
            b'{' | b'[' => self.nested()?,
            other => self.scalar(other)?,
        }
        self.text.get(from..self.at)
    }

    #[inline]
    fn scalar(&mut self, first: u8) -> Option<()> {
        match first {
            b'"' => {
                self.at += 1;
                self.string()
            }
            b'-' | b'0'..=b'9' => self.number(),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => None,
        }
    }

    /// Moves over the rest of a string.
    #[inline]
    fn string(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        loop {
            self.at = self.plain_end();
            match bytes.get(self.at)? {
                b'"' => {
                    self.at += 1;
                    return Some(());
                }
                b'\\' => match bytes.get(self.at + 1)? {
                    b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => self.at += 2,
                    b'u' => {
                        let digits = bytes.get(self.at + 2..self.at + 6)?;
                        digits.iter().all(u8::is_ascii_hexdigit).then(|| self.at += 6)?;
                    }
                    _ => return None,
                },
                _ => return None,
            }
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.text.as_bytes().get(self.at..)?.starts_with(word).then(|| self.at += word.len())
    }

    fn number(&mut self) -> Option<()> {
        let bytes = self.text.as_bytes();
        let mut at = self.at + usize::from(bytes.get(self.at) == Some(&b'-'));
        let digits = |from: usize| {
            let length = bytes.get(from..)?.iter().take_while(|byte| byte.is_ascii_digit()).count();
            (length > 0).then_some(from + length)
        };
        at = if bytes.get(at) == Some(&b'0') { at + 1 } else { digits(at)? };
        if bytes.get(at) == Some(&b'.') {
            at = digits(at + 1)?;
        }
        if let Some(b'e' | b'E') = bytes.get(at) {
            at = digits(at + 1 + usize::from(matches!(bytes.get(at + 1), Some(b'+' | b'-'))))?;
        }
        // A digit here stands after a zero that leads.
        if bytes.get(at).is_some_and(u8::is_ascii_digit) {
            return None;
        }
        self.at = at;
        Some(())
    }

    /// Moves over an object or an array with all that is in it.
    fn nested(&mut self) -> Option<()> {
        // From the lowest bit on: whether the innermost, the next … is an object.
        let (mut objects, mut depth) = (0_u64, 0_u32);
        loop {
            // A value begins here.
            match self.peek()? {
                open @ (b'{' | b'[') => {
                    if depth == DEEPEST {
                        return None;
                    }
                    self.at += 1;
                    depth += 1;
                    objects = objects << 1 | u64::from(open == b'{');
                    let close = if open == b'{' { b'}' } else { b']' };
                    if self.peek()? != close {
                        if open == b'{' {
                            self.member()?;
                        }
                        continue;
                    }
                }
                other => self.scalar(other)?,
            }
            // A value has ended here, or nothing stands between brackets.
            loop {
                match (self.peek()?, objects & 1) {
                    (b',', object) => {
                        self.at += 1;
                        if object == 1 {
                            self.member()?;
                        }
                        break;
                    }
                    (b'}', 1) | (b']', 0) => {
                        self.at += 1;
                        depth -= 1;
                        objects >>= 1;
                        if depth == 0 {
                            return Some(());
                        }
                    }
                    _ => return None,
                }
            }
        }
    }

    /// Moves over any key and its colon.
    fn member(&mut self) -> Option<()> {
        self.take(b'"')?;
        self.string()?;
        self.take(b':')
    }
}

#[cfg(test)]
mod tests {
    use super::Scan;
    use serde_json::value::RawValue;
    use std::collections::BTreeMap;

    fn members(text: &str) -> Option<Vec<(&str, &str)>> {
        let mut found = Vec::new();
        let mut scan = Scan::of(text);
        scan.object(|key, scan| {
            found.push((key, scan.value()?));
            Some(())
        })?;
        scan.is_over().then_some(found)
    }

    #[test]
    fn members_are_what_serde_json_finds() {
        for text in [
            "{}",
            " { } ",
            r#"{"a":1}"#,
            r#"{"a":-0,"b":0.5e+3,"c":1E2,"d":12}"#,
            r#"{"a":"x\"y\\","b":"\u00e9\ud800","c":"é"}"#,
            r#"{"a":{},"b":[],"c":[[{"x":[1,{"y":"]}"}]}],null],"d":true,"e":false}"#,
            "{ \"a\" : [ 1 , { \"b\" : \"\\n\" } ] ,\n\t\"c\" : null }\r\n",
        ] {
            let slow: BTreeMap<&str, &RawValue> = serde_json::from_str(text).unwrap();
            let slow: Vec<(&str, &str)> = slow.into_iter().map(|(key, value)| (key, value.get())).collect();
            assert_eq!(members(text), Some(slow), "{text}");
        }
    }

    #[test]
    fn strings_may_end_anywhere_in_a_block() {
        for length in 0..150 {
            let (long, rest) = ("x".repeat(length), "y".repeat(150 - length));
            let text = format!("{{\"{long}a\":\"{rest}\\\"\\\\\",\"b\":[\"{long}\",{{\"{rest}\":1}}]}}");
            let (key, value) = (format!("{long}a"), format!("\"{rest}\\\"\\\\\""));
            let list = format!("[\"{long}\",{{\"{rest}\":1}}]");
            assert_eq!(members(&text), Some(vec![(&*key, &*value), ("b", &*list)]), "{text}");
            assert_eq!(members(&format!("{{\"a\":\"{long}\u{1}{rest}\"}}")), None);
            assert_eq!(members(&format!("{{\"a\":\"{long}")), None);
        }
    }

    #[test]
    fn what_serde_json_refuses_is_refused() {
        for inner in [
            "01",
            "-",
            "1.",
            ".5",
            "1e",
            "1e+",
            "0x1",
            "+1",
            "tru",
            "nulll",
            "\"\u{1}\"",
            "\"\\x\"",
            "\"\\u12g4\"",
            "\"",
            "[",
            "[1,]",
            "[,1]",
            "[1 2]",
            "{,}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{1:1}",
            "{\"a\" 1}",
            "[1}",
            "{\"a\":1]",
            "",
            "1 1",
            "\u{a0}1",
            "-01",
            "00",
        ] {
            for text in
                [format!("{{\"a\":{inner}}}"), format!("{{\"a\":[{{\"b\":{inner}}}]}}"), inner.to_owned()]
            {
                assert!(serde_json::from_str::<BTreeMap<String, &RawValue>>(&text).is_err(), "{text}");
                assert_eq!(members(&text), None, "{text}");
            }
        }
        assert_eq!(members(&format!("{{\"a\":{}{}}}", "[".repeat(65), "]".repeat(65))), None, "given up");
    }
}
