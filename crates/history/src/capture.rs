//! Raw captures: what somebody else's recorder wrote down, made into a history.
//!
//! One file is one client. Wire messages become frames of numbered connections; requests are derived
//! from what the client sent; what is owed comes from the capture's first line or is left open.

mod line;
mod sse;

use crate::codec::FirstLine;
use crate::lines::Lines;
use crate::{
    ClosedBy, Direction, Expect, Header, HistoryReader, LineError, LineFault, OpenError, Outcome, Record,
    RecordKind, ToolDemand, redact, split_reference,
};
use line::{CaptureHeader, CaptureLine, Sent};
use std::borrow::Cow;
use std::io::BufRead;

/// A file that can be judged.
#[derive(Debug)]
pub enum Input<R: BufRead> {
    /// A history, ready to be read record by record.
    History(Box<HistoryReader<R>>),
    /// A raw capture, read whole.
    Capture(Box<Capture>),
}

impl<R: BufRead> Input<R> {
    /// Opens a file as what its first line says it is; `stem` is the file's name without its ending.
    ///
    /// # Errors
    /// When it is neither, or of an unknown version.
    pub fn open(input: R, stem: &str) -> Result<Self, OpenError> {
        let mut lines = Lines::open(input)?;
        Ok(match FirstLine::of(&mut lines)? {
            FirstLine::History => Self::History(Box::new(HistoryReader::after_first(lines)?)),
            FirstLine::CaptureHeader => {
                let text = lines.text().unwrap_or_default();
                let header = serde_json::from_str(text).map_err(|why| OpenError::Unknown(why.to_string()))?;
                Self::Capture(Box::new(Capture::read(lines, header, false, stem)))
            }
            FirstLine::CaptureLine => {
                Self::Capture(Box::new(Capture::read(lines, CaptureHeader::default(), true, stem)))
            }
        })
    }
}

/// One client's capture.
#[derive(Debug, Clone, PartialEq)]
pub struct Capture {
    /// Whose client it was.
    pub user: String,
    /// The profile that the file names.
    pub profile: Option<String>,
    /// The wall clock at `t_ns` 0, Unix nanoseconds, where the file gives it.
    pub t0_unix_ns: Option<i128>,
    /// The first address that was called.
    pub url: Option<String>,
    /// Its records with the lines they came from; connections are numbered from 1.
    pub records: Vec<(u64, Record<'static>)>,
    /// Lines that could not be read.
    pub errors: Vec<LineError>,
}

/// Captures made into one history.
#[derive(Debug, Clone, PartialEq)]
pub struct Imported {
    /// The header that the history would have.
    pub header: Header,
    /// Its records.
    pub records: Vec<ImportedRecord>,
}

/// A record and where it came from.
#[derive(Debug, Clone, PartialEq)]
pub struct ImportedRecord {
    /// Which capture, in the order they were given.
    pub file: usize,
    /// The line of that file. A request has the line of the message that sent it.
    pub line: u64,
    /// The record.
    pub record: Record<'static>,
}

impl Imported {
    /// Puts captures together. Across files the records are in the order of time where every file
    /// says when it began; else each counts from its own start, and their order claims nothing.
    #[must_use]
    pub fn from_captures(captures: Vec<Capture>, session_id: &str, default_profile: &str) -> Self {
        let zeros: Option<Vec<i128>> = captures.iter().map(|capture| capture.t0_unix_ns).collect();
        let zero = zeros.as_ref().and_then(|zeros| zeros.iter().min().copied());
        let first = captures.first();
        let target = first.and_then(|capture| capture.url.clone()).unwrap_or_else(|| "capture".to_owned());
        let profile = first.and_then(|capture| capture.profile.clone());
        let mut header =
            Header::new(session_id, target, profile.unwrap_or_else(|| default_profile.to_owned()));
        header.t0_unix_ms = zero.map(unix_ms);
        let mut records: Vec<ImportedRecord> = Vec::new();
        let mut conns_before = 0u32;
        for (file, capture) in captures.into_iter().enumerate() {
            let begun = capture.t0_unix_ns.zip(zero).map_or(0, |(own, zero)| own - zero);
            let begun = u64::try_from(begun).unwrap_or(0);
            let mut conns = 0;
            for (line, mut record) in capture.records {
                record.t_ns = record.t_ns.saturating_add(begun);
                conns = conns.max(record.conn.unwrap_or(0));
                record.conn = record.conn.map(|conn| conn.saturating_add(conns_before));
                records.push(ImportedRecord { file, line, record });
            }
            conns_before = conns_before.saturating_add(conns);
        }
        // Stable: inside a file the order of its lines stands, whatever its clock did.
        records.sort_by_key(|imported| imported.record.t_ns);
        Self { header, records }
    }
}

#[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
fn unix_ms(ns: i128) -> f64 {
    (ns / 1_000_000) as f64 + (ns % 1_000_000) as f64 / 1e6
}

impl Capture {
    fn read<R: BufRead>(mut lines: Lines<R>, header: CaptureHeader, first_counts: bool, stem: &str) -> Self {
        let user = header.user.unwrap_or_else(|| stem.to_owned());
        let mut import = Import {
            expect: header.expect.map_or(UNTOLD, |expect| Expect {
                tools: expect.tools.unwrap_or(ToolDemand::Some),
                outcome: expect.outcome.unwrap_or(Outcome::Any),
                ..UNTOLD
            }),
            capture: Self {
                user,
                profile: header.profile,
                t0_unix_ns: header.t0_unix_ns.map(i128::from),
                url: None,
                records: Vec::new(),
                errors: Vec::new(),
            },
            conn: 0,
            open: false,
            latest_ns: 0,
        };
        if first_counts {
            import.line(&lines, 1);
        }
        while let Some(item) = lines.advance() {
            match item {
                Ok(number) => import.line(&lines, number),
                Err(error) => import.capture.errors.push(error),
            }
        }
        import.capture
    }

    /// Whether the file ends early.
    #[must_use]
    pub fn is_cut(&self) -> bool {
        self.errors.iter().any(LineError::is_cut)
    }
}

/// What a capture without a first line owes: tools, and any ending.
const UNTOLD: Expect = Expect {
    tools: ToolDemand::Some,
    outcome: Outcome::Any,
    min_insights: 0,
    quote_reference: false,
    failing_tool: false,
};

/// A capture while it is read.
struct Import {
    capture: Capture,
    expect: Expect,
    conn: u32,
    open: bool,
    latest_ns: u64,
}

impl Import {
    fn line<R: BufRead>(&mut self, lines: &Lines<R>, number: u64) {
        let fault = match lines.text().map(serde_json::from_str::<CaptureLine>) {
            None => LineFault::NotUtf8,
            Some(Ok(message)) => return self.message(number, message),
            Some(Err(_)) if lines.unended() => LineFault::Cut,
            Some(Err(why)) => LineFault::Unreadable(why.to_string()),
        };
        self.capture.errors.push(LineError { line: number, fault });
    }

    fn message(&mut self, number: u64, message: CaptureLine) {
        // A recorder's clock that steps back would put effects before causes.
        let t_ns = message.t_ns.max(self.latest_ns);
        self.latest_ns = t_ns;
        if !self.open && (message.dir == Direction::Out || self.conn == 0) {
            self.begin(number, t_ns, &message);
        }
        if let Some(status) = message.http_status {
            self.status(status);
        }
        if !message.raw.is_empty() {
            match (message.dir, message.is_sse()) {
                (Direction::Out, _) => self.sent(number, t_ns, &message.raw),
                (Direction::In, false) => self.frame(number, t_ns, Direction::In, &message.raw),
                (Direction::In, true) => {
                    for payload in sse::payloads(&message.raw) {
                        self.frame(number, t_ns, Direction::In, &payload);
                    }
                }
            }
        }
        self.end(number, t_ns, &message);
    }

    fn begin(&mut self, number: u64, t_ns: u64, message: &CaptureLine) {
        self.conn = self.conn.saturating_add(1);
        self.open = true;
        let url = message.url.as_deref().or(message.http.as_deref()).map(|url| redact(url).into_owned());
        if self.capture.url.is_none() {
            self.capture.url.clone_from(&url);
        }
        // Of a WebSocket there is a message, so the upgrade was granted; HTTP tells its status later.
        let status = if message.is_sse() { message.http_status } else { Some(101) };
        let kind = RecordKind::Open {
            url: url.map(Cow::Owned),
            status,
            intended_t_ns: Some(t_ns),
            credential: None,
            body: None,
        };
        self.push(number, t_ns, kind);
    }

    /// Tells the open connection's `open` record the status that came after it.
    fn status(&mut self, told: u16) {
        let conn = Some(self.conn);
        let open = self.capture.records.iter_mut().rev().find_map(|(_, record)| match &mut record.kind {
            RecordKind::Open { status, .. } if record.conn == conn => Some(status),
            _ => None,
        });
        if let Some(status @ None) = open {
            *status = Some(told);
        }
    }

    fn sent(&mut self, number: u64, t_ns: u64, raw: &str) {
        if let Ok(Sent::AgentRequest { request_id, message }) = serde_json::from_str(raw) {
            let (prompt, reference) = split_reference(&message);
            let kind = RecordKind::Request {
                request_id: Cow::Owned(request_id),
                intended_t_ns: t_ns,
                scenario: Cow::Borrowed("capture"),
                reference: reference.map(|reference| Cow::Owned(reference.to_owned())),
                prompt: Some(Cow::Owned(prompt.to_owned())),
                expect: self.expect.clone(),
            };
            self.push(number, t_ns, kind);
        }
        self.frame(number, t_ns, Direction::Out, raw);
    }

    fn frame(&mut self, number: u64, t_ns: u64, dir: Direction, raw: &str) {
        let raw = Cow::Owned(redact(raw).into_owned());
        self.push(number, t_ns, RecordKind::Frame { dir, raw, opcode: None });
    }

    fn end(&mut self, number: u64, t_ns: u64, message: &CaptureLine) {
        let by = if message.client_dropped() || message.dir == Direction::Out {
            ClosedBy::Client
        } else if message.close_code.is_some() || message.is_sse() {
            ClosedBy::Server
        } else {
            ClosedBy::Transport
        };
        if message.client_dropped() || message.eof || message.close_code.is_some() {
            self.open = false;
            let reason = message.close_reason.as_deref().filter(|reason| !reason.is_empty());
            let reason = reason.map(|reason| Cow::Owned(redact(reason).into_owned()));
            self.push(number, t_ns, RecordKind::Close { code: message.close_code, reason, by });
        } else if let Some(seconds) = message.idle_timeout_s {
            let note = Some(Cow::Owned(format!("idle for {seconds} s, the socket was open")));
            self.push(number, t_ns, RecordKind::Mark { name: Cow::Borrowed("recorder_stopped"), note });
        }
    }

    fn push(&mut self, number: u64, t_ns: u64, kind: RecordKind<'static>) {
        let user = Some(Cow::Owned(self.capture.user.clone()));
        self.capture.records.push((number, Record { t_ns, conn: Some(self.conn), user, kind }));
    }
}

#[cfg(test)]
mod tests;
