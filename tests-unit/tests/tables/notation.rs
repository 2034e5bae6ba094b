//! A history in short lines, as the tables write it: `MILLISECONDS USER/CONNECTION WHAT…`, with `-` for nobody and nothing.
//!
//! ```text
//! 0    ana/1 open 101 credential=expired        a connection, by its HTTP status (`-`: no answer)
//! 0    ana/1 greet offset=3                     `connection_established`; a field is `name=JSON`, `name=-` leaves it out
//! 10   ana/1 ask q1 intended=5 outcome=any      a request
//! 20   ana/1 in agent_started run=r1            a frame from the server; `raw TEXT` is one of any text
//! 20   ana/1 out ping n=1                       a frame from the client; `says TEXT` is one of any text
//! 90   ana/1 close 4001 server                  an end
//! 95   -     trial target stopping              a step of a driver; `mark NAME TEXT` is any other mark
//! 99   -     sample process_open_fds 12         also `fault ID PHASE` and `lost NUMBER`
//! 99   -     series process_open_fds 9x3,5      samples second by second: 9, 9, 9, 5; `1..4` counts
//! 100  u#/#  x3+10 open 101                     three times, each 10 ms later; `#` is 1, 2, 3
//! ```
//!
//! Lines need not stand in the order of time: the records do.

use super::frames::Backend;
use goldenpath_history::{ClosedBy, Direction, Expect, FaultPhase, Outcome, Record, RecordKind, ToolDemand};
use serde_json::Value;
use std::borrow::Cow;

/// A word `name=value` of a line.
pub(super) type Told = (String, Option<Value>);

/// The records of a tale.
pub(super) fn records(tale: &str) -> Vec<Record<'static>> {
    let mut backend = Backend::default();
    let lines = tale.lines().filter(|line| !line.trim().is_empty());
    let mut records: Vec<_> =
        lines.flat_map(times).flat_map(|(ms, line)| record(ms, &line, &mut backend)).collect();
    records.sort_by_key(|record| record.t_ns);
    records
}

/// The line as often as it says: when, and without its time.
fn times(line: &str) -> Vec<(f64, String)> {
    let (at, rest) = line.trim().split_once(' ').unwrap_or_else(|| panic!("nothing is `{line}`"));
    let at: f64 = at.parse().unwrap_or_else(|_| panic!("no time begins `{line}`"));
    let rest = rest.trim_start();
    let often = |rest: &str| {
        let (who, more) = rest.split_once(" x")?;
        let (how_often, what) = more.split_once(' ')?;
        let (count, step) = how_often.split_once('+')?;
        Some((count.parse::<u32>().ok()?, step.parse::<f64>().ok()?, format!("{who} {what}")))
    };
    let Some((count, step, line)) = often(rest) else { return vec![(at, rest.to_owned())] };
    (0..count).map(|time| (at + step * f64::from(time), line.replace('#', &(time + 1).to_string()))).collect()
}

fn record(ms: f64, line: &str, backend: &mut Backend) -> Vec<Record<'static>> {
    let mut pieces = line.splitn(3, ' ');
    let mut piece = || pieces.next().unwrap_or_default();
    let (who, what, rest) = (piece(), piece(), piece().trim());
    let (user, conn) = who.split_once('/').map_or((who, None), |(user, conn)| (user, conn.parse().ok()));
    let user = Some(user).filter(|user| !matches!(*user, "-" | ""));
    let record =
        |ms, kind| Record { t_ns: ns(ms), conn, user: user.map(|user| Cow::Owned(user.to_owned())), kind };
    if what == "series" {
        let (name, values) = rest.split_once(' ').unwrap_or_else(|| panic!("nothing is `{line}`"));
        let sample = |(at, value)| {
            record(ms + 1_000.0 * f64::from(at), RecordKind::Sample { name: name.to_owned().into(), value })
        };
        return (0_u32..).zip(series(values)).map(sample).collect();
    }
    let kind = kind(what, rest, ms, user, backend).unwrap_or_else(|| panic!("nothing is `{line}`"));
    vec![record(ms, kind)]
}

/// The values of a series.
fn series(text: &str) -> Vec<f64> {
    let number = |text: &str| -> f64 { text.parse().unwrap_or_else(|_| panic!("`{text}` is no number")) };
    let values = |piece: &str| {
        if let Some((value, count)) = piece.split_once('x') {
            return vec![number(value); count.parse().unwrap()];
        }
        match piece.split_once("..") {
            Some((from, to)) => (from.parse().unwrap()..=to.parse::<i32>().unwrap()).map(f64::from).collect(),
            None => vec![number(piece)],
        }
    };
    text.split(',').flat_map(values).collect()
}

#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "times of a table are small and positive"
)]
fn ns(ms: f64) -> u64 {
    (ms * 1e6).round() as u64
}

fn kind(
    what: &str,
    rest: &str,
    ms: f64,
    user: Option<&str>,
    backend: &mut Backend,
) -> Option<RecordKind<'static>> {
    let words = words(rest);
    let first = words.first().map(String::as_str).unwrap_or_default();
    let told = || words.iter().skip(1).map(|word| told(word)).collect::<Vec<Told>>();
    let frame = |dir, raw: String| RecordKind::Frame { dir, raw: raw.into(), opcode: None };
    Some(match what {
        "open" => open(first, &told()),
        "greet" => frame(
            Direction::In,
            backend.greeting(ms, user, &words.iter().map(|word| self::told(word)).collect::<Vec<_>>()),
        ),
        "in" => frame(Direction::In, backend.frame(first, ms, user, &told())),
        "out" => frame(Direction::Out, backend.sent(first, &told())),
        "raw" => frame(Direction::In, long(rest)),
        "says" => frame(Direction::Out, long(rest)),
        "binary" | "invalid_utf8" => RecordKind::Frame {
            dir: Direction::In,
            raw: rest.to_owned().into(),
            opcode: Some(what.to_owned().into()),
        },
        "ask" => ask(first, ms, &told()),
        "close" => RecordKind::Close {
            code: first.parse().ok(),
            by: match words.get(1)?.as_str() {
                "server" => ClosedBy::Server,
                "client" => ClosedBy::Client,
                "transport" => ClosedBy::Transport,
                _ => return None,
            },
            reason: words.get(2).map(|_| rest.splitn(3, ' ').nth(2).unwrap_or_default().to_owned().into()),
        },
        "trial" | "mark" => {
            let note = rest.split_once(' ').map(|(_, note)| Cow::Owned(note.to_owned()));
            RecordKind::Mark { name: first.to_owned().into(), note }
        }
        "sample" => RecordKind::Sample { name: first.to_owned().into(), value: words.get(1)?.parse().ok()? },
        "lost" => RecordKind::Lost { count: first.parse().ok()?, why: "the queue was full".into() },
        "fault" => RecordKind::Fault {
            id: first.to_owned().into(),
            phase: match words.get(1)?.as_str() {
                "begin" => FaultPhase::Begin,
                "acted" => FaultPhase::Acted,
                "end" => FaultPhase::End,
                _ => return None,
            },
            receipt: None,
        },
        _ => return None,
    })
}

fn open(status: &str, told: &[Told]) -> RecordKind<'static> {
    let text = |name| text(told, name).map(Cow::Owned);
    let intended_t_ns = number(told, "intended").map(ns);
    RecordKind::Open {
        url: text("url"),
        status: status.parse().ok(),
        intended_t_ns,
        credential: text("credential"),
        body: text("body"),
    }
}

fn ask(id: &str, ms: f64, told: &[Told]) -> RecordKind<'static> {
    let text = |name| text(told, name);
    let expect = Expect {
        tools: match text("tools").as_deref() {
            None | Some("none") => ToolDemand::None,
            Some("some") => ToolDemand::Some,
            Some(number) => ToolDemand::AtLeast(number.parse().unwrap()),
        },
        outcome: match text("outcome").as_deref() {
            Some("any") => Outcome::Any,
            Some("failed") => Outcome::Failed,
            Some("cancelled") => Outcome::Cancelled,
            None | Some("completed") => Outcome::Completed,
            Some(other) => panic!("no outcome is `{other}`"),
        },
        min_insights: 0,
        quote_reference: false,
        failing_tool: text("failing").is_some(),
    };
    let intended_t_ns = ns(number(told, "intended").unwrap_or(ms));
    RecordKind::Request {
        request_id: id.to_owned().into(),
        intended_t_ns,
        scenario: text("scenario").unwrap_or_else(|| "costs".to_owned()).into(),
        reference: text("reference").map(Cow::Owned),
        prompt: text("prompt").map(Cow::Owned),
        expect,
    }
}

/// A text; `~NUMBER` is one of so many bytes.
fn long(text: &str) -> String {
    let length = text.strip_prefix('~').and_then(|length| length.parse().ok());
    length.map_or_else(|| text.to_owned(), |length| "x".repeat(length))
}

/// The words of a text; what stands in quotes, or in brackets, is one.
fn words(text: &str) -> Vec<String> {
    let (mut words, mut word, mut depth, mut quoted) = (Vec::new(), String::new(), 0_i32, false);
    for c in text.chars() {
        match c {
            '"' => quoted = !quoted,
            '{' | '[' if !quoted => depth += 1,
            '}' | ']' if !quoted => depth -= 1,
            _ => {}
        }
        if c.is_whitespace() && depth == 0 && !quoted {
            words.extend(Some(std::mem::take(&mut word)).filter(|word| !word.is_empty()));
        } else {
            word.push(c);
        }
    }
    words.extend(Some(word).filter(|word| !word.is_empty()));
    words
}

/// `name=value`; a value that is no JSON is its own text, and `-` is none.
fn told(word: &str) -> Told {
    let (name, value) = word.split_once('=').unwrap_or((word, "true"));
    let read = || serde_json::from_str(value).unwrap_or_else(|_| Value::from(value));
    (name.to_owned(), (value != "-").then(read))
}

/// The text of a name that was told.
pub(super) fn text(told: &[Told], name: &str) -> Option<String> {
    let (_, value) = told.iter().find(|(known, _)| known == name)?;
    value.as_ref().map(|value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// The number of a name that was told.
pub(super) fn number(told: &[Told], name: &str) -> Option<f64> {
    told.iter().find(|(known, _)| known == name)?.1.as_ref()?.as_f64()
}
