//! One line of a history as text: read into a [`Record`] without an allocation in the usual case.
//!
//! `Record` derives its own reading, which is right but slow (a tagged enum inside a flattened one
//! buffers every value). Here one flat struct takes every key, and the raw frame is unescaped into a
//! buffer that the caller keeps. The lines that come most are read without even that.

mod usual;

use crate::json_text::unescape;
use crate::{ClosedBy, Direction, Expect, FaultPhase, LineFault, Record, RecordKind, quantity};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use usual::What;

/// A text that borrows where its spelling holds no escapes. (`Option<Cow>` alone never borrows.)
#[derive(Deserialize)]
#[serde(transparent)]
struct Text<'a>(#[serde(borrow)] Cow<'a, str>);

/// A number that JSON could not hold is written as `null`; it comes back as what it was.
struct Quantity(f64);

/// Every key that a line may have.
#[derive(Deserialize)]
struct Line<'a> {
    #[serde(borrow)]
    k: Text<'a>,
    t_ns: u64,
    conn: Option<u32>,
    #[serde(borrow)]
    user: Option<Text<'a>>,
    dir: Option<Direction>,
    #[serde(borrow)]
    raw: Option<&'a RawValue>,
    #[serde(borrow)]
    opcode: Option<Text<'a>>,
    #[serde(borrow)]
    url: Option<Text<'a>>,
    status: Option<u16>,
    intended_t_ns: Option<u64>,
    #[serde(borrow)]
    credential: Option<Text<'a>>,
    #[serde(borrow)]
    body: Option<Text<'a>>,
    code: Option<u16>,
    #[serde(borrow)]
    reason: Option<Text<'a>>,
    by: Option<ClosedBy>,
    #[serde(borrow)]
    request_id: Option<Text<'a>>,
    #[serde(borrow)]
    scenario: Option<Text<'a>>,
    #[serde(borrow)]
    reference: Option<Text<'a>>,
    #[serde(borrow)]
    prompt: Option<Text<'a>>,
    expect: Option<Expect>,
    #[serde(borrow)]
    id: Option<Text<'a>>,
    phase: Option<FaultPhase>,
    #[serde(borrow)]
    receipt: Option<Text<'a>>,
    #[serde(borrow)]
    name: Option<Text<'a>>,
    #[serde(default, deserialize_with = "present")]
    value: Option<Quantity>,
    count: Option<u64>,
    #[serde(borrow)]
    why: Option<Text<'a>>,
    #[serde(borrow)]
    note: Option<Text<'a>>,
}

/// A key that is there is `Some`, also when it holds `null`.
fn present<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Option<Quantity>, D::Error> {
    Ok(Some(Quantity(quantity::number(from)?.unwrap_or(f64::NAN))))
}

/// Reads one line; `scratch` takes the long text of a record when its spelling holds escapes.
pub(crate) fn read<'a>(line: &'a str, scratch: &'a mut Vec<u8>) -> Result<Record<'a>, LineFault> {
    let Some(usual) = usual::read(line, scratch) else { return read_any(line, scratch) };
    let text = std::str::from_utf8(&scratch[..usual.length]).map_err(|_| LineFault::NotUtf8)?;
    let kind = match usual.what {
        What::Frame(dir) => RecordKind::Frame { dir, raw: Cow::Borrowed(text), opcode: None },
        What::Mark(name) => RecordKind::Mark { name: Cow::Borrowed(name), note: Some(Cow::Borrowed(text)) },
    };
    Ok(Record { t_ns: usual.t_ns, conn: usual.conn, user: usual.user.map(Cow::Borrowed), kind })
}

/// Reads one line, however it is spelt.
fn read_any<'a>(line: &'a str, scratch: &'a mut Vec<u8>) -> Result<Record<'a>, LineFault> {
    let line: Line<'a> = serde_json::from_str(line).map_err(|why| LineFault::Unreadable(why.to_string()))?;
    let need = |key: &'static str| LineFault::MissingKey(key);
    let some = |text: Option<Text<'a>>| text.map(|text| text.0);
    let kind = match line.k.0.as_ref() {
        "frame" => RecordKind::Frame {
            dir: line.dir.ok_or(need("dir"))?,
            raw: unescaped(line.raw.ok_or(need("raw"))?, scratch)?,
            opcode: some(line.opcode),
        },
        "open" => RecordKind::Open {
            url: some(line.url),
            status: line.status,
            intended_t_ns: line.intended_t_ns,
            credential: some(line.credential),
            body: some(line.body),
        },
        "close" => {
            RecordKind::Close { code: line.code, reason: some(line.reason), by: line.by.ok_or(need("by"))? }
        }
        "request" => RecordKind::Request {
            request_id: some(line.request_id).ok_or(need("request_id"))?,
            intended_t_ns: line.intended_t_ns.ok_or(need("intended_t_ns"))?,
            scenario: some(line.scenario).ok_or(need("scenario"))?,
            reference: some(line.reference),
            prompt: some(line.prompt),
            expect: line.expect.unwrap_or_default(),
        },
        "fault" => RecordKind::Fault {
            id: some(line.id).ok_or(need("id"))?,
            phase: line.phase.ok_or(need("phase"))?,
            receipt: some(line.receipt),
        },
        "sample" => RecordKind::Sample {
            name: some(line.name).ok_or(need("name"))?,
            value: line.value.ok_or(need("value"))?.0,
        },
        "lost" => RecordKind::Lost {
            count: line.count.ok_or(need("count"))?,
            why: some(line.why).ok_or(need("why"))?,
        },
        "mark" => RecordKind::Mark { name: some(line.name).ok_or(need("name"))?, note: some(line.note) },
        other => return Err(LineFault::UnknownKind(other.chars().take(40).collect())),
    };
    Ok(Record { t_ns: line.t_ns, conn: line.conn, user: some(line.user), kind })
}

/// The text of a JSON string: borrowed as it stands, or unescaped into `scratch`.
fn unescaped<'a>(value: &'a RawValue, scratch: &'a mut Vec<u8>) -> Result<Cow<'a, str>, LineFault> {
    let raw = value.get();
    let inner = raw
        .strip_prefix('"')
        .and_then(|rest| rest.strip_suffix('"'))
        .ok_or_else(|| LineFault::Unreadable("`raw` is no string".to_owned()))?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Ok(Cow::Borrowed(inner));
    }
    let (_, length) = unescape(raw.as_bytes(), 1, scratch)
        .ok_or_else(|| LineFault::Unreadable("`raw` holds an escape that is no character".to_owned()))?;
    std::str::from_utf8(&scratch[..length]).map(Cow::Borrowed).map_err(|_| LineFault::NotUtf8)
}

#[cfg(test)]
mod tests {
    use super::{read, read_any};
    use crate::{LineFault, Record, RecordKind};

    #[test]
    fn a_line_reads_as_the_record_itself_would() {
        for line in [
            r#"{"k":"frame","t_ns":5,"conn":1,"user":"u","dir":"in","raw":"{\"a\":\"\\u00e9 \ud83d\ude00 \n\"}"}"#,
            r#"{"k":"frame","t_ns":5,"dir":"out","raw":"plain","opcode":"binary"}"#,
            r#"{"k":"open","t_ns":0,"conn":1,"user":"u \"x\"","status":101,"credential":"expired"}"#,
            r#"{"k":"close","t_ns":9,"conn":1,"code":4001,"reason":"draining","by":"server"}"#,
            r#"{"k":"request","t_ns":1,"request_id":"r","intended_t_ns":1,"scenario":"s","expect":{"tools":2,"outcome":"any"}}"#,
            r#"{"k":"fault","t_ns":1,"id":"L01","phase":"acted","receipt":"x"}"#,
            r#"{"k":"sample","t_ns":1,"name":"process_open_fds","value":12.5}"#,
            r#"{"k":"lost","t_ns":1,"count":3,"why":"full"}"#,
            r#"{"k":"mark","t_ns":1,"name":"category","note":"functional","extra":{"ignored":[1]}}"#,
        ] {
            let mut scratch = Vec::new();
            let slow: Record<'_> = serde_json::from_str(line).unwrap();
            assert_eq!(read(line, &mut scratch).unwrap(), slow, "{line}");
        }
    }

    #[test]
    fn a_line_with_any_byte_changed_or_cut_is_read_as_the_slow_way_reads_it() {
        let long = "y".repeat(70);
        for line in [
            r#"{"t_ns":5,"conn":1,"user":"ada","k":"frame","dir":"in","raw":"{\"a\":\"\\u00e9 \ud83d\ude00 \n\"}"}"#,
            r#"{"t_ns":18446744073709551615,"k":"mark","name":"store","note":"{\"body\":\"\\\"é\\\"\"}"}"#,
            &format!(r#"{{"t_ns":0,"k":"frame","dir":"out","raw":"{long}\\\"{long}\t{long}"}}"#),
        ] {
            for at in (0..=line.len()).filter(|at| line.is_char_boundary(*at)) {
                let after = line[at..].chars().next().map_or(at, |char| at + char.len_utf8());
                for new in [
                    "",
                    "\"",
                    "\\",
                    "{",
                    "}",
                    "[",
                    ",",
                    ":",
                    " ",
                    "\n",
                    "\0",
                    "0",
                    "9",
                    "-",
                    ".",
                    "e",
                    "null",
                    "é",
                    "\\u0041",
                    "\\ud800",
                    ",\"raw\":\"x\"",
                    ",\"note\":\"x\"",
                    ",\"x\":[1]",
                    ",\"conn\":2",
                ] {
                    let (before, rest) = (&line[..at], &line[after..]);
                    for text in [format!("{before}{new}{rest}"), format!("{before}{new}{}", &line[at..])] {
                        let (mut fast, mut slow) = (vec![b'x'; 9], Vec::new());
                        assert_eq!(read(&text, &mut fast), read_any(&text, &mut slow), "{text}");
                    }
                }
                let (mut fast, mut slow) = (Vec::new(), Vec::new());
                assert_eq!(
                    read(&line[..at], &mut fast),
                    read_any(&line[..at], &mut slow),
                    "{line} cut at {at}"
                );
            }
        }
    }

    #[test]
    fn what_is_no_record_is_refused_by_name() {
        let fault = |line: &str| read(line, &mut Vec::new()).unwrap_err();
        assert_eq!(fault(r#"{"k":"frame","t_ns":5,"raw":"x"}"#), LineFault::MissingKey("dir"));
        assert_eq!(fault(r#"{"k":"warp","t_ns":5}"#), LineFault::UnknownKind("warp".to_owned()));
        for line in
            ["", "[]", r#"{"k":"frame","t_ns":-1}"#, r#"{"k":"frame","t_ns":1,"dir":"in","raw":"\ud800"}"#]
        {
            assert!(matches!(fault(line), LineFault::Unreadable(_)), "{line}");
        }
    }

    #[test]
    fn a_quantity_that_json_cannot_hold_comes_back_as_no_number() {
        let mut scratch = Vec::new();
        let record = read(r#"{"k":"sample","t_ns":1,"name":"x","value":null}"#, &mut scratch).unwrap();
        assert!(matches!(record.kind, RecordKind::Sample { value, .. } if value.is_nan()));
        assert_eq!(
            read(r#"{"k":"sample","t_ns":1,"name":"x"}"#, &mut Vec::new()).unwrap_err(),
            LineFault::MissingKey("value")
        );
    }
}
