//! A whole history at once, as lists: who connected, who asked, and every event of every run, in the order of the lines.

use goldenpath_history::{ClosedBy, Direction, Expect, Record, RecordKind};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

/// A run that ended so long ago is kept in a few bytes.
const FORGOTTEN_NS: u64 = 10_000_000_000;

/// The types of run events.
pub(super) const EVENTS: &[&str] = &[
    "agent_started",
    "agent_thinking",
    "tool_executing",
    "tool_completed",
    "response_delta",
    "agent_completed",
    "agent_failed",
    "agent_cancelled",
];

/// The ends of a run.
pub(super) const TERMINALS: &[&str] = &["agent_completed", "agent_failed", "agent_cancelled"];

/// The types of frames beside the runs.
pub(super) const CONTROLS: &[&str] = &[
    "connection_established",
    "replay_end",
    "request_accepted",
    "error",
    "pong",
    "heartbeat",
    "token_refreshed",
    "closing",
];

/// One received frame.
#[derive(Debug, Clone)]
pub(super) struct Frame {
    pub(super) line: u64,
    pub(super) t_ns: u64,
    pub(super) conn: u32,
    pub(super) user: String,
    pub(super) raw: Rc<str>,
    pub(super) opcode: Option<String>,
    /// The JSON values in its text; `None` where it is no JSON.
    pub(super) values: Option<Rc<[Value]>>,
    /// Whether it came between a greeting with `full` and its `replay_end`.
    pub(super) replayed: bool,
}

impl Frame {
    /// The value, when it is exactly one.
    pub(super) fn value(&self) -> &Value {
        match self.values.as_deref() {
            Some([one]) => one,
            _ => &Value::Null,
        }
    }

    pub(super) fn get(&self, name: &str) -> &Value {
        self.value().get(name).unwrap_or(&Value::Null)
    }

    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.get(name).as_str()
    }

    pub(super) fn whole(&self, name: &str) -> Option<u64> {
        self.get(name).as_u64()
    }

    pub(super) fn kind(&self) -> &str {
        self.text("type").unwrap_or_default()
    }

    pub(super) fn is_event(&self) -> bool {
        EVENTS.contains(&self.kind())
    }

    pub(super) fn is_terminal(&self) -> bool {
        TERMINALS.contains(&self.kind())
    }

    /// When it says that it was made.
    pub(super) fn made_ms(&self) -> Option<i64> {
        unix_ms(self.text("timestamp")?)
    }

    /// What tells an event of a run from its others: its id, else its place.
    pub(super) fn key(&self) -> String {
        match (self.text("event_id"), self.whole("seq")) {
            (Some(id), _) => format!("{} with the id {id}", self.kind()),
            (None, Some(seq)) => format!("{} at {seq}", self.kind()),
            (None, None) => format!("line {}", self.line),
        }
    }
}

/// One connection.
#[derive(Debug, Clone, Default)]
pub(super) struct Conn {
    pub(super) user: String,
    pub(super) opened_line: u64,
    /// When the attempt to connect began.
    pub(super) asked_t_ns: u64,
    /// Line, `recovered`, `offset`, `replay`.
    pub(super) greeting: Option<(u64, String, Option<u64>, Option<u64>)>,
    /// Line, time, code, by whom.
    pub(super) closed: Option<(u64, u64, Option<u16>, ClosedBy)>,
}

impl Conn {
    /// From which line on it receives what its user's stream takes in.
    pub(super) fn joined_line(&self) -> u64 {
        self.greeting.as_ref().map_or(self.opened_line, |greeting| greeting.0)
    }
}

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    pub(super) line: u64,
    pub(super) t_ns: u64,
    pub(super) intended_t_ns: u64,
    pub(super) conn: u32,
    pub(super) user: String,
    pub(super) id: String,
    pub(super) reference: Option<String>,
    pub(super) expect: Expect,
}

/// One run.
#[derive(Debug, Clone)]
pub(super) struct Run {
    pub(super) id: String,
    pub(super) owner: String,
    /// The first line that names it.
    pub(super) first_line: u64,
    /// When that came.
    pub(super) first_t_ns: u64,
    /// The request that began it.
    pub(super) asked: Option<Asked>,
    /// Its events as its owner got them, on all connections.
    pub(super) events: Vec<Frame>,
    /// The acceptances that its owner got.
    pub(super) accepted: Vec<Frame>,
    /// The line at which it was said, or left open, that a part of it is missing, and whether the server said it.
    pub(super) gap: Option<(u64, bool)>,
}

impl Run {
    /// Each event once, where its owner first saw it.
    pub(super) fn distinct(&self) -> Vec<&Frame> {
        let mut known = BTreeSet::new();
        self.events.iter().filter(|event| known.insert(event.key())).collect()
    }

    /// Its first end.
    pub(super) fn terminal(&self) -> Option<&Frame> {
        self.distinct().into_iter().find(|event| event.is_terminal())
    }

    /// Its events on one connection.
    pub(super) fn on(&self, conn: u32) -> Vec<&Frame> {
        self.events.iter().filter(|event| event.conn == conn).collect()
    }

    /// The connections on which its events came.
    pub(super) fn conns(&self) -> BTreeSet<u32> {
        self.events.iter().map(|event| event.conn).collect()
    }
}

/// The whole history.
#[derive(Debug, Default)]
pub(super) struct Reading {
    pub(super) frames: Vec<Frame>,
    pub(super) conns: BTreeMap<u32, Conn>,
    pub(super) requests: Vec<Asked>,
    pub(super) runs: Vec<Run>,
    /// What users sent: line, user, the frame.
    pub(super) sent: Vec<(u64, String, Value)>,
    pub(super) first_t_ns: u64,
    pub(super) last_t_ns: u64,
    /// The capture lost records.
    pub(super) lost: bool,
}

impl Reading {
    /// Reads the records; the first is line 2.
    pub(super) fn of(records: &[Record<'static>]) -> Self {
        let mut reading =
            Self { first_t_ns: records.first().map_or(0, |first| first.t_ns), ..Self::default() };
        for (line, record) in (2..).zip(records) {
            reading.take_in(line, record);
        }
        reading.find_runs();
        reading
    }

    fn take_in(&mut self, line: u64, record: &Record<'static>) {
        self.last_t_ns = self.last_t_ns.max(record.t_ns);
        let user = record.user.as_deref().unwrap_or_default().to_owned();
        let conn = record.conn.unwrap_or_default();
        if let Some(number) = record.conn {
            let known = self.conns.entry(number).or_default();
            if known.user.is_empty() {
                known.user.clone_from(&user);
            }
        }
        match &record.kind {
            RecordKind::Open { intended_t_ns, .. } => {
                let opened = self.conns.entry(conn).or_default();
                (opened.opened_line, opened.asked_t_ns) = (line, intended_t_ns.unwrap_or_default());
            }
            RecordKind::Close { code, by, .. } => {
                self.conns.entry(conn).or_default().closed = Some((line, record.t_ns, *code, *by));
            }
            RecordKind::Request { request_id, intended_t_ns, reference, expect, .. } => {
                self.requests.push(Asked {
                    line,
                    t_ns: record.t_ns,
                    intended_t_ns: *intended_t_ns,
                    conn,
                    user,
                    id: request_id.to_string(),
                    reference: reference.as_deref().map(str::to_owned),
                    expect: expect.clone(),
                });
            }
            RecordKind::Frame { dir: Direction::Out, raw, .. } => {
                self.sent.push((line, user, serde_json::from_str(raw).unwrap_or_default()));
            }
            RecordKind::Frame { dir: Direction::In, raw, opcode } => {
                self.receive(line, record.t_ns, conn, user, raw, opcode.as_deref());
            }
            RecordKind::Lost { .. } => self.lost = true,
            _ => {}
        }
    }

    fn receive(&mut self, line: u64, t_ns: u64, conn: u32, user: String, raw: &str, opcode: Option<&str>) {
        let values = if opcode.is_none() {
            serde_json::Deserializer::from_str(raw).into_iter::<Value>().collect::<Result<_, _>>().ok()
        } else {
            None
        };
        let mut frame = Frame {
            line,
            t_ns,
            conn,
            user,
            raw: raw.into(),
            opcode: opcode.map(str::to_owned),
            values,
            replayed: false,
        };
        if frame.kind() == "connection_established" {
            let text = |name: &str| frame.text(name).unwrap_or_default().to_owned();
            let greeting = (line, text("recovered"), frame.whole("offset"), frame.whole("replay"));
            self.conns.entry(conn).or_default().greeting.get_or_insert(greeting);
        }
        // The first greeting is the one that counts.
        let here =
            |kind: &str| self.frames.iter().position(|frame| frame.conn == conn && frame.kind() == kind);
        let greeted = here("connection_established");
        frame.replayed = greeted.is_some_and(|at| self.frames[at].text("recovered") == Some("full"))
            && here("replay_end") < greeted
            && self.conns.get(&conn).is_none_or(|known| known.closed.is_none());
        self.frames.push(frame);
    }

    fn find_runs(&mut self) {
        let names_run = |frame: &&Frame| frame.is_event() || frame.kind() == "request_accepted";
        let mentions: Vec<Frame> = self.frames.iter().filter(names_run).cloned().collect();
        let mut ids: Vec<&str> = Vec::new();
        for id in mentions.iter().filter_map(|frame| frame.text("run_id")) {
            if !ids.contains(&id) {
                ids.push(id);
            }
        }
        for id in ids {
            let own: Vec<&Frame> = mentions.iter().filter(|frame| frame.text("run_id") == Some(id)).collect();
            let run = self.run(id, &own);
            self.runs.push(run);
        }
    }

    /// Whose run it is: who asked for it; else whom its first event names; else who got it first.
    fn run(&self, id: &str, mentions: &[&Frame]) -> Run {
        let asked_by = |frame: &&Frame| {
            let named = frame.text("request_id")?;
            let own = |asked: &&Asked| asked.id == named && asked.line < frame.line;
            self.requests.iter().find(own)
        };
        let first = mentions.first();
        let labelled = first.and_then(|frame| {
            let named = frame.text("user_id")?;
            self.conns.values().any(|conn| conn.user == named).then(|| named.to_owned())
        });
        let owner = first
            .and_then(asked_by)
            .map(|asked| asked.user.clone())
            .or(labelled)
            .or_else(|| first.map(|frame| frame.user.clone()))
            .unwrap_or_default();
        let asked = mentions.iter().filter_map(asked_by).find(|asked| asked.user == owner).cloned();
        let of_owner = |event: bool| {
            let own = mentions.iter().filter(|frame| frame.user == owner && frame.is_event() == event);
            own.map(|frame| (*frame).clone()).collect::<Vec<Frame>>()
        };
        let mut run = Run {
            first_line: first.map_or(0, |frame| frame.line),
            first_t_ns: first.map_or(0, |frame| frame.t_ns),
            id: id.to_owned(),
            events: of_owner(true),
            accepted: of_owner(false),
            owner: owner.clone(),
            asked,
            gap: None,
        };
        run.gap = self.gap(&run);
        run
    }

    /// The first greeting, while the run was open, that said that nothing is replayed, or of a client that was away and
    /// did not ask.
    fn gap(&self, run: &Run) -> Option<(u64, bool)> {
        let from = run.asked.as_ref().map_or(run.first_line, |asked| asked.line.min(run.first_line));
        let until = run.terminal().map_or(u64::MAX, |end| end.line);
        self.frames
            .iter()
            .filter(|frame| frame.kind() == "connection_established" && frame.user == run.owner)
            .filter(|frame| frame.line > from && frame.line < until)
            .filter(|frame| self.first_greeting(frame))
            .find_map(|frame| match frame.text("recovered") {
                Some("failed") => Some((frame.line, true)),
                Some("full") => None,
                _ => (!self.others_open(frame)).then_some((frame.line, false)),
            })
    }

    /// Whether its connection began with it: by a second greeting nobody comes back.
    fn first_greeting(&self, greeting: &Frame) -> bool {
        let first = self.conns.get(&greeting.conn).and_then(|conn| conn.greeting.as_ref());
        first.is_some_and(|first| first.0 == greeting.line)
    }

    /// Whether the user had another connection open when this greeting came.
    fn others_open(&self, greeting: &Frame) -> bool {
        self.conns.iter().any(|(number, conn)| {
            *number != greeting.conn
                && conn.user == greeting.user
                && conn.opened_line < greeting.line
                && conn.closed.is_none_or(|closed| closed.0 > greeting.line)
        })
    }

    /// Whether something came that no rule here speaks of: a frame, or a request, on a connection before its greeting, an event so long
    /// after its run's end that who judges on the way has forgotten the run, or a run that nobody asked for.
    pub(super) fn is_out_of_line(&self) -> bool {
        let early = |frame: &Frame| {
            let greeted = self.conns.get(&frame.conn).and_then(|conn| conn.greeting.as_ref());
            greeted.is_some_and(|greeting| frame.line < greeting.0)
        };
        let late = |run: &Run| {
            let last = self.frames.iter().rfind(|frame| frame.text("run_id") == Some(&run.id));
            run.terminal().zip(last).is_some_and(|(end, last)| last.t_ns >= end.t_ns + FORGOTTEN_NS)
        };
        let hasty = |asked: &Asked| {
            let greeted = self.conns.get(&asked.conn).and_then(|conn| conn.greeting.as_ref());
            greeted.is_some_and(|greeting| asked.line < greeting.0)
        };
        let unasked = |run: &Run| run.asked.is_none() && !run.events.is_empty();
        self.frames.iter().any(early)
            || self.requests.iter().any(hasty)
            || self.runs.iter().any(|run| late(run) || unasked(run))
    }

    /// Whether a connection was there before the run was asked for, so that it owes the whole run.
    pub(super) fn saw_the_start(&self, run: &Run, conn: u32) -> bool {
        let joined = self.conns.get(&conn).map_or(0, Conn::joined_line);
        // Whoever showed an event was there by then.
        let joined = run.on(conn).first().map_or(joined, |event| joined.min(event.line));
        run.asked.as_ref().is_some_and(|asked| joined < asked.line)
    }

    /// The connections of the owner that owe the whole run.
    pub(super) fn owing(&self, run: &Run) -> Vec<u32> {
        run.conns().into_iter().filter(|conn| self.saw_the_start(run, *conn)).collect()
    }

    /// Whether the owner could see all of it: one connection from the request to the end, or several without a gap.
    pub(super) fn seen_whole(&self, run: &Run) -> bool {
        let owing = self.owing(run);
        let one = owing.iter().any(|conn| run.on(*conn).iter().any(|event| event.is_terminal()));
        one || (run.gap.is_none() && !owing.is_empty())
    }
}

/// The Unix milliseconds of `2026-01-31T23:59:59.999Z`; `None` for any other spelling and for days that are none.
pub(super) fn unix_ms(text: &str) -> Option<i64> {
    let shape: String = text.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }).collect();
    if shape != "0000-00-00T00:00:00.000Z" {
        return None;
    }
    let number = |from: usize, to: usize| text[from..to].parse::<i64>().ok();
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let leap = |year: i64| year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
    let lengths = [31, if leap(year) { 29 } else { 28 }, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
    let before = usize::try_from(month).ok().filter(|month| (1..=12).contains(month))? - 1;
    let (hour, minute, second, milli) = (number(11, 13)?, number(14, 16)?, number(17, 19)?, number(20, 23)?);
    if day < 1 || day > lengths[before] || hour > 23 || minute > 59 || second > 59 {
        return None;
    }
    let years: i64 = (1970..year).map(|year| if leap(year) { 366 } else { 365 }).sum();
    let days = years + lengths[..before].iter().sum::<i64>() + day - 1;
    Some((((days * 24 + hour) * 60 + minute) * 60 + second) * 1_000 + milli)
}
