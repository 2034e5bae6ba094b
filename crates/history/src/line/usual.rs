//! The lines that nearly all of a history consists of, read by hand: frames and marks, spelt as our own writer spells them.
//!
//! What is spelt in any other way, or is wrong in any way, is left to the reading that knows every spelling and names
//! every fault.

use crate::Direction;
use crate::json_text::unescape;

/// A frame or a mark; its long text lies unescaped in the scratch buffer, so many bytes of it.
pub(super) struct Usual<'a> {
    pub(super) t_ns: u64,
    pub(super) conn: Option<u32>,
    pub(super) user: Option<&'a str>,
    pub(super) what: What<'a>,
    pub(super) length: usize,
}

pub(super) enum What<'a> {
    Frame(Direction),
    /// A mark that has a note, with its name.
    Mark(&'a str),
}

/// Reads a line; `None` when it takes a closer look.
pub(super) fn read<'a>(line: &'a str, scratch: &mut Vec<u8>) -> Option<Usual<'a>> {
    let mut rest = Rest { line, at: 0 };
    let (mut kind, mut t_ns, mut conn, mut user) = (None, None, None, None);
    let (mut dir, mut raw, mut name, mut note) = (None, None, None, None);
    rest.take(b'{')?;
    loop {
        let key = rest.plain()?;
        rest.take(b':')?;
        match key {
            "k" => once(&mut kind, rest.plain()?)?,
            "t_ns" => once(&mut t_ns, rest.whole()?)?,
            "conn" => once(&mut conn, u32::try_from(rest.whole()?).ok()?)?,
            "user" => once(&mut user, rest.plain()?)?,
            "dir" => once(&mut dir, rest.plain()?)?,
            "name" => once(&mut name, rest.plain()?)?,
            // One buffer holds one text.
            "raw" if note.is_none() => once(&mut raw, rest.text(scratch)?)?,
            "note" if raw.is_none() => once(&mut note, rest.text(scratch)?)?,
            _ => return None,
        }
        if rest.take(b',').is_none() {
            break;
        }
    }
    rest.take(b'}')?;
    let (what, length) = match (kind?, dir, raw, name, note) {
        ("frame", Some("in"), Some(raw), None, None) => (What::Frame(Direction::In), raw),
        ("frame", Some("out"), Some(raw), None, None) => (What::Frame(Direction::Out), raw),
        ("mark", None, None, Some(name), Some(note)) => (What::Mark(name), note),
        _ => return None,
    };
    (rest.at == line.len()).then_some(Usual { t_ns: t_ns?, conn, user, what, length })
}

/// A key may come once.
fn once<T>(place: &mut Option<T>, value: T) -> Option<()> {
    place.replace(value).is_none().then_some(())
}

/// What is left of a line.
struct Rest<'a> {
    line: &'a str,
    at: usize,
}

impl<'a> Rest<'a> {
    fn take(&mut self, byte: u8) -> Option<()> {
        (self.line.as_bytes().get(self.at) == Some(&byte)).then(|| self.at += 1)
    }

    /// A string without escapes.
    fn plain(&mut self) -> Option<&'a str> {
        self.take(b'"')?;
        let bytes = self.line.as_bytes().get(self.at..)?;
        let length = memchr::memchr(b'"', bytes)?;
        let usual = bytes[..length].iter().all(|byte| *byte >= b' ' && *byte != b'\\');
        let text = self.line.get(self.at..self.at + length).filter(|_| usual)?;
        self.at += length + 1;
        Some(text)
    }

    /// A whole number; what follows one that goes on otherwise is no comma and no bracket.
    fn whole(&mut self) -> Option<u64> {
        let digits = self.line.as_bytes().get(self.at..)?;
        let length = digits.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let leading_zero = length > 1 && digits[0] == b'0';
        // Nineteen digits always fit.
        if length == 0 || length > 19 || leading_zero {
            return None;
        }
        self.at += length;
        Some(digits[..length].iter().fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0')))
    }

    /// A string with whatever escapes, left in `scratch`; its length there.
    fn text(&mut self, scratch: &mut Vec<u8>) -> Option<usize> {
        self.take(b'"')?;
        let (end, length) = unescape(self.line.as_bytes(), self.at, scratch)?;
        self.at = end;
        Some(length)
    }
}
