//! What of a frame steers a client: a few fields of its envelope, read fast.
//!
//! Every frame is glanced at while its run is measured, on the measuring processor. A frame as servers write them is walked
//! from quote to quote, an event amid a run only until all that steers has come; whatever is spelt otherwise is left to the
//! general parser, so what is read is the same.

mod quotes;

use goldenpath_protocol::EventType;
use quotes::Quotes;
use serde::Deserialize;
use serde::de::IgnoredAny;

/// The fields that steer; everything else in a frame is passed over.
#[derive(Debug, Default, PartialEq, Eq, Deserialize)]
pub(crate) struct Glance<'a> {
    #[serde(rename = "type")]
    pub(crate) kind: &'a str,
    #[serde(default)]
    pub(crate) run_id: Option<&'a str>,
    #[serde(default)]
    pub(crate) request_id: Option<&'a str>,
    #[serde(default)]
    pub(crate) thread_id: Option<&'a str>,
    #[serde(default)]
    pub(crate) seq: Option<u64>,
    #[serde(default)]
    pub(crate) offset: Option<u64>,
    #[serde(default)]
    pub(crate) n: Option<u64>,
    #[serde(default)]
    pub(crate) duplicate: Option<bool>,
}

impl<'a> Glance<'a> {
    /// The fields of a frame that is a JSON object with a `type`, unless one of them is escaped or of another type.
    pub(crate) fn at(text: &'a str) -> Option<Self> {
        Walk::new(text).and_then(Walk::object).or_else(|| serde_json::from_str(text).ok())
    }
}

/// What an event says to a view: when all of it came, the rest is payload. Bits of [`Walk::seen`].
const EVENT: u8 = 0b1_1111;

/// Events that a run goes on after. They are counted by their envelope; one that ends a run must be whole.
fn is_amid_a_run(kind: &str) -> bool {
    EventType::from_name(kind).is_some_and(|kind| !kind.is_terminal())
}

/// The way through one object. `None` anywhere means: not spelt as usual.
struct Walk<'a> {
    text: &'a str,
    at: usize,
    quotes: Quotes<'a>,
    seen: u8,
}

/// A value as far as it is of use here.
enum Value<'a> {
    Text(&'a str),
    Number(u64),
    Bool(bool),
    Null,
    /// Passed over.
    Other,
}

impl<'a> Walk<'a> {
    fn new(text: &'a str) -> Option<Self> {
        Some(Self { text, at: 0, quotes: Quotes::of(text.as_bytes())?, seen: 0 })
    }

    fn object(mut self) -> Option<Glance<'a>> {
        let mut glance = Glance::default();
        self.take(b'{')?;
        loop {
            let key = self.string()?;
            self.take(b':')?;
            let value = self.value()?;
            self.keep(&mut glance, key, value)?;
            if self.seen & EVENT == EVENT && self.text.ends_with('}') && is_amid_a_run(glance.kind) {
                return Some(glance);
            }
            match self.next()? {
                b',' => self.at += 1,
                b'}' => break,
                _ => return None,
            }
        }
        self.at += 1;
        // Nothing may follow, not even a quote; and a `type` must have come.
        (self.next().is_none() && self.at == self.text.len() && self.seen & 1 == 1).then_some(glance)
    }

    #[inline]
    fn keep(&mut self, glance: &mut Glance<'a>, key: &str, value: Value<'a>) -> Option<()> {
        let text = |value| match value {
            Value::Text(text) => Some(Some(text)),
            Value::Null => Some(None),
            _ => None,
        };
        let number = |value| match value {
            Value::Number(number) => Some(Some(number)),
            Value::Null => Some(None),
            _ => None,
        };
        let field = match key {
            "type" => {
                glance.kind = text(value)??;
                0
            }
            "run_id" => {
                glance.run_id = text(value)?;
                1
            }
            "request_id" => {
                glance.request_id = text(value)?;
                2
            }
            "seq" => {
                glance.seq = number(value)?;
                3
            }
            "offset" => {
                glance.offset = number(value)?;
                4
            }
            "thread_id" => {
                glance.thread_id = text(value)?;
                5
            }
            "n" => {
                glance.n = number(value)?;
                6
            }
            "duplicate" => {
                glance.duplicate = match value {
                    Value::Bool(is) => Some(is),
                    Value::Null => None,
                    _ => return None,
                };
                7
            }
            _ => return Some(()),
        };
        // A field that comes twice is for the general parser to judge.
        let before = self.seen;
        self.seen |= 1 << field;
        (self.seen != before).then_some(())
    }

    /// The next byte that is no space.
    #[inline]
    fn next(&mut self) -> Option<u8> {
        loop {
            let byte = *self.text.as_bytes().get(self.at)?;
            if byte != b' ' {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    #[inline]
    fn take(&mut self, wanted: u8) -> Option<()> {
        let found = self.next()? == wanted;
        self.at += 1;
        found.then_some(())
    }

    /// A string without escapes: keys, ids and types have none.
    #[inline]
    fn string(&mut self) -> Option<&'a str> {
        let text = self.escaped_string()?;
        (!self.quotes.any_escape() || !text.contains('\\')).then_some(text)
    }

    #[inline]
    fn escaped_string(&mut self) -> Option<&'a str> {
        self.next()?;
        // Anything else than a string would leave its quotes behind the place that was reached.
        let begin = self.quotes.next()?;
        let end = self.quotes.next()?;
        let text = self.text.get(begin + 1..end)?;
        (begin == self.at).then(|| {
            self.at = end + 1;
            text
        })
    }

    #[inline]
    fn value(&mut self) -> Option<Value<'a>> {
        match self.next()? {
            b'"' => {
                let text = self.escaped_string()?;
                let whole = !self.quotes.any_escape() || !text.contains('\\');
                Some(if whole { Value::Text(text) } else { Value::Other })
            }
            b'0'..=b'9' => self.number(),
            b't' => self.word("true", Value::Bool(true)),
            b'f' => self.word("false", Value::Bool(false)),
            b'n' => self.word("null", Value::Null),
            _ => self.pass_over(),
        }
    }

    fn word(&mut self, word: &str, value: Value<'a>) -> Option<Value<'a>> {
        self.text.get(self.at..)?.starts_with(word).then(|| {
            self.at += word.len();
            value
        })
    }

    #[inline]
    fn number(&mut self) -> Option<Value<'a>> {
        let digits = self.text.as_bytes().get(self.at..)?;
        let (mut number, mut length) = (0_u64, 0);
        while let Some(digit @ b'0'..=b'9') = digits.get(length) {
            number = number.checked_mul(10)?.checked_add(u64::from(digit - b'0'))?;
            length += 1;
        }
        match digits.get(length) {
            // With a fraction or an exponent it is no count; the parser knows how such are spelt.
            Some(b'.' | b'e' | b'E') => return self.pass_over(),
            _ if length > 1 && digits.first() == Some(&b'0') => return None,
            _ => {}
        }
        self.at += length;
        Some(Value::Number(number))
    }

    /// Leaves a value to the parser: an object, an array, a number that is no count.
    fn pass_over(&mut self) -> Option<Value<'a>> {
        let rest = self.text.get(self.at..)?;
        let mut values = serde_json::Deserializer::from_str(rest).into_iter::<IgnoredAny>();
        values.next()?.ok()?;
        self.at += values.byte_offset();
        self.quotes.skip_to(self.at)?;
        Some(Value::Other)
    }
}

#[cfg(test)]
mod tests {
    use super::{Glance, Walk};

    const FRAMES: &[&str] = &[
        r#"{"type":"agent_completed","event_id":"0190a1b2-c3d4-7e5f-8a9b-000000000001","timestamp":"2026-01-31T23:59:59.999Z","run_id":"r1","request_id":"q1","thread_id":"t1","seq":17,"offset":18446744073709551615,"reasoning":"With \"quotes\", a \\ and a\nline, to the end of more than one block of sixty-four bytes"}"#,
        r#"{"type": "tool_completed", "result": {"rows": [1, 2.5, {"type": "inner \" ]"}], "n": null}, "seq": 4, "n": 7, "duplicate": false, "cost": -1.5e3}"#,
        r#"{"type":"request_accepted","request_id":null,"run_id":"é\u00e9","duplicate":true,"at":0,"empty":"","list":[]}"#,
        r#"{"type":"pong","n":3,"\u0074ype":"again"}"#,
        "{\n  \"type\": \"heartbeat\"\n}",
        r#"{"seq":1,"seq":2,"type":"x"}"#,
        r#"{"run_id":null,"run_id":"r","type":"x"}"#,
        r#"{"type":"x","seq":01}"#,
        r#"{"type":"x","seq":1.0}"#,
        r#"{"type":"x","other":1.5,"more":12e3}"#,
        r#"{"type":"x","seq":99999999999999999999}"#,
        r#"{"type":"x","bad":"\q"}"#,
        r#"{"type":"\\"}"#,
        r#"{"type":null}"#,
        r#"{"seq":1}"#,
        r#"{"type":"x",}"#,
        r#"{"type":"x"} "#,
        r#"{"type":"x"}}"#,
        r#"{"type":"x"}"""#,
        r#"{}"#,
        r#"[]"#,
        r#""#,
        r#"{"type"#,
    ];

    fn is_as_parsed(text: &str) -> bool {
        let walked = Walk::new(text).and_then(Walk::object);
        let parsed = serde_json::from_str::<Glance<'_>>(text).ok();
        assert!(walked.is_none() || walked == parsed, "{text}: {walked:?}, not {parsed:?}");
        walked.is_some()
    }

    #[test]
    fn usual_frames_are_walked_and_say_what_the_parser_says() {
        for text in &FRAMES[..2] {
            assert!(is_as_parsed(text), "{text}");
        }
        for text in FRAMES {
            is_as_parsed(text);
            assert_eq!(Glance::at(text), serde_json::from_str(text).ok());
        }
    }

    #[test]
    fn a_frame_with_any_byte_changed_or_cut_is_never_read_otherwise_than_by_the_parser() {
        for text in FRAMES {
            for at in (0..text.len()).filter(|at| text.is_char_boundary(*at)) {
                is_as_parsed(&text[..at]);
                let end = (at + 1..).find(|end| text.is_char_boundary(*end)).unwrap_or(text.len());
                for new in [
                    "", "\"", "\\", "{", "}", "[", "]", ",", ":", " ", "\n", "0", "9", "-", ".", "e", "n",
                    "é", "\u{1}",
                ] {
                    is_as_parsed(&format!("{}{new}{}", &text[..at], &text[end..]));
                    is_as_parsed(&format!("{}{new}{}", &text[..at], &text[at..]));
                }
            }
        }
    }

    #[test]
    fn an_event_amid_a_run_is_known_by_its_envelope_and_one_that_ends_it_must_be_whole() {
        let event = |kind: &str, payload: &str| {
            format!(r#"{{"type":"{kind}","run_id":"r","request_id":"q","seq":3,"offset":9{payload}"#)
        };
        for payload in
            ["}", r#","reasoning":"\u00e9 and [ \"","thread_id":null}"#, r#","a":{"b":[1,"c"],"seq":7}}"#]
        {
            let text = event("agent_thinking", payload);
            let glance = Glance::at(&text).unwrap();
            assert_eq!((glance.run_id, glance.request_id), (Some("r"), Some("q")));
            assert_eq!((glance.seq, glance.offset), (Some(3), Some(9)));
        }
        for payload in ["", ",", r#","reasoning":"cut"#] {
            assert_eq!(Glance::at(&event("agent_thinking", payload)), None);
        }
        assert_eq!(Glance::at(&event("agent_completed", r#","a":"\q"}"#)), None);
        assert!(Glance::at(&event("agent_completed", "}")).is_some());
    }

    #[test]
    fn escapes_are_followed_over_the_ends_of_blocks() {
        for before in 0..140 {
            for inner in [r"\\", r#"\""#, r#"\\\""#, r"\\\\", r"\n", r"\", r#"""#, r#"\\""#, r"\u00e9", r"\x"]
            {
                let text =
                    format!(r#"{{"type":"x","a":"{}{inner}","seq":5,"b":"{inner}"}}"#, "y".repeat(before));
                is_as_parsed(&text);
            }
        }
    }
}
