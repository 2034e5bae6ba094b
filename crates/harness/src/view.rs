//! What one client has seen so far, in short: enough to wait for the next step of a plan.
//!
//! A view steers, it never judges: it takes a target's word for ids and types, keeps counts rather than frames, and passes over what it can't read.

use crate::glance::Glance;
use goldenpath_protocol::{EventType, Recovered, ResumePoint};
use serde_json::Value;
use std::collections::HashMap;
use std::time::Duration;

/// Runs remembered per connection; a target that makes up more is not worth the memory.
const MAX_RUNS: usize = 65_536;

/// Errors remembered per connection.
const MAX_ERRORS: usize = 1_024;

/// `token_refreshed` frames remembered per connection.
const MAX_REFRESHED: usize = 64;

/// The server's first frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub struct Greeting {
    pub connection_id: Option<String>,
    pub epoch: Option<String>,
    pub offset: u64,
    pub recovered: Option<Recovered>,
    pub replay: u64,
    pub ping_interval: Option<Duration>,
    pub token_grace: Option<Duration>,
    /// The frame itself.
    pub raw: String,
}

/// A request that was taken.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub struct Accepted {
    pub run_id: String,
    pub thread_id: Option<String>,
    pub duplicate: bool,
    /// How often this request id was answered here.
    pub answers: u32,
}

/// An `error` frame.
#[derive(Debug, Clone, PartialEq, Eq)]
#[allow(missing_docs, reason = "the names are the protocol's")]
pub struct SeenError {
    pub code: String,
    pub request_id: Option<String>,
    /// The frame itself.
    pub raw: String,
}

/// A run, as far as it was seen.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RunView {
    /// Its events here.
    pub events: u64,
    /// The highest `seq`.
    pub seq: u64,
    /// When its first event came.
    pub first_ns: u64,
    /// When its latest event came.
    pub last_ns: u64,
    /// How it ended.
    pub ended: Option<EventType>,
}

/// How a connection ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Closed {
    /// The code, `None` for a transport that just ended.
    pub code: Option<u16>,
    /// The reason that came with it.
    pub reason: String,
}

/// What one client has seen so far.
#[derive(Debug, Clone, Default)]
pub struct View {
    /// Frames of any kind.
    pub frames: u64,
    /// Bytes of text in them.
    pub bytes: u64,
    /// Frames that are no JSON object with a `type`.
    pub unreadable: u64,
    /// Run events.
    pub events: u64,
    /// When the latest frame came.
    pub last_ns: u64,
    /// The greeting.
    pub greeting: Option<Greeting>,
    /// The last offset received.
    pub offset: u64,
    /// The end of a replay.
    pub replay_end: Option<u64>,
    /// `pong`s, and the highest `n`.
    pub pongs: u64,
    /// The highest `n` answered.
    pub last_pong: Option<u64>,
    /// `heartbeat`s.
    pub heartbeats: u64,
    /// `token_refreshed` frames.
    pub refreshed: Vec<String>,
    /// `error` frames.
    pub errors: Vec<SeenError>,
    /// The announcement of a Close.
    pub closing: Option<String>,
    /// The end.
    pub closed: Option<Closed>,
    runs: HashMap<String, RunView>,
    accepted: HashMap<String, Accepted>,
    run_of_request: HashMap<String, String>,
    last_type: String,
}

impl View {
    /// A run by its id.
    #[must_use]
    pub fn run(&self, run_id: &str) -> Option<&RunView> {
        self.runs.get(run_id)
    }

    /// How a request was taken.
    #[must_use]
    pub fn accepted(&self, request_id: &str) -> Option<&Accepted> {
        self.accepted.get(request_id)
    }

    /// The run of a request, by its acceptance or by its events' word.
    #[must_use]
    pub fn run_of(&self, request_id: &str) -> Option<(&str, &RunView)> {
        let id = self.run_of_request.get(request_id)?;
        self.runs.get(id).map(|run| (id.as_str(), run))
    }

    /// The refusal of a request.
    #[must_use]
    pub fn refusal(&self, request_id: &str) -> Option<&SeenError> {
        self.errors.iter().find(|error| error.request_id.as_deref() == Some(request_id))
    }

    /// Where to resume from.
    #[must_use]
    pub fn resume_point(&self) -> Option<ResumePoint> {
        let epoch = self.greeting.as_ref()?.epoch.as_deref()?;
        format!("{epoch}:{}", self.offset).parse().ok()
    }

    /// The type of the latest frame.
    #[must_use]
    pub fn last_type(&self) -> &str {
        &self.last_type
    }

    pub(crate) fn see(&mut self, t_ns: u64, text: &str) {
        self.frames += 1;
        self.bytes += text.len() as u64;
        self.last_ns = t_ns;
        if let Some(glance) = Glance::at(text) {
            return self.take(t_ns, &glance, text);
        }
        // Escaped or ill-typed fields: slower, and as far as it goes.
        match serde_json::from_str::<Value>(text) {
            Ok(frame) if frame["type"].is_string() => {
                let glance = Glance {
                    kind: frame["type"].as_str().unwrap_or_default(),
                    run_id: frame["run_id"].as_str(),
                    request_id: frame["request_id"].as_str(),
                    thread_id: frame["thread_id"].as_str(),
                    seq: frame["seq"].as_u64(),
                    offset: frame["offset"].as_u64(),
                    n: frame["n"].as_u64(),
                    duplicate: frame["duplicate"].as_bool(),
                };
                self.take(t_ns, &glance, text);
            }
            _ => self.unreadable += 1,
        }
    }

    /// A frame that is no text.
    pub(crate) fn see_other(&mut self, t_ns: u64) {
        self.frames += 1;
        self.unreadable += 1;
        self.last_ns = t_ns;
    }

    fn take(&mut self, t_ns: u64, frame: &Glance<'_>, text: &str) {
        if self.last_type != frame.kind {
            self.last_type.clear();
            self.last_type.push_str(frame.kind);
        }
        if let Some(kind) = EventType::from_name(frame.kind) {
            return self.event(t_ns, kind, frame);
        }
        match frame.kind {
            "connection_established" => self.greeted(text),
            "replay_end" => self.replay_end = frame.offset,
            "request_accepted" => self.taken(frame),
            "pong" => {
                self.pongs += 1;
                self.last_pong = self.last_pong.max(frame.n);
            }
            "heartbeat" => self.heartbeats += 1,
            "token_refreshed" if self.refreshed.len() < MAX_REFRESHED => self.refreshed.push(text.to_owned()),
            "closing" => self.closing = Some(text.to_owned()),
            "error" if self.errors.len() < MAX_ERRORS => {
                let parsed: Value = serde_json::from_str(text).unwrap_or_default();
                self.errors.push(SeenError {
                    code: parsed["code"].as_str().unwrap_or_default().to_owned(),
                    request_id: frame.request_id.map(str::to_owned),
                    raw: text.to_owned(),
                });
            }
            _ => {}
        }
    }

    fn event(&mut self, t_ns: u64, kind: EventType, frame: &Glance<'_>) {
        self.events += 1;
        self.offset = self.offset.max(frame.offset.unwrap_or(0));
        let Some(run_id) = frame.run_id else { return };
        let full = self.runs.len() >= MAX_RUNS;
        let run = match self.runs.get_mut(run_id) {
            Some(run) => run,
            None if full => return,
            None => {
                if let Some(request) = frame.request_id {
                    self.run_of_request.entry(request.to_owned()).or_insert_with(|| run_id.to_owned());
                }
                let run = RunView { first_ns: t_ns, ..RunView::default() };
                self.runs.entry(run_id.to_owned()).or_insert(run)
            }
        };
        run.events += 1;
        run.seq = run.seq.max(frame.seq.unwrap_or(0));
        run.last_ns = t_ns;
        if kind.is_terminal() {
            run.ended = Some(kind);
        }
    }

    fn taken(&mut self, frame: &Glance<'_>) {
        let (Some(request), Some(run)) = (frame.request_id, frame.run_id) else { return };
        if self.accepted.len() >= MAX_RUNS {
            return;
        }
        let answers = self.accepted.get(request).map_or(0, |before| before.answers);
        self.run_of_request.insert(request.to_owned(), run.to_owned());
        self.accepted.insert(
            request.to_owned(),
            Accepted {
                run_id: run.to_owned(),
                thread_id: frame.thread_id.map(str::to_owned),
                duplicate: frame.duplicate.unwrap_or(false),
                answers: answers + 1,
            },
        );
    }

    fn greeted(&mut self, text: &str) {
        let frame: Value = serde_json::from_str(text).unwrap_or_default();
        let word = |name: &str| frame[name].as_str().map(str::to_owned);
        let offset = frame["offset"].as_u64().unwrap_or(0);
        let recovered = serde_json::from_value(frame["recovered"].clone()).ok();
        let replay = frame["replay"].as_u64().unwrap_or(0);
        if recovered != Some(Recovered::Full) {
            self.offset = offset;
        }
        self.greeting = Some(Greeting {
            connection_id: word("connection_id"),
            epoch: word("epoch"),
            offset,
            recovered,
            replay,
            ping_interval: frame["ping_interval_ms"].as_u64().map(Duration::from_millis),
            token_grace: frame["limits"]["token_grace_ms"].as_u64().map(Duration::from_millis),
            raw: text.to_owned(),
        });
    }
}

#[cfg(test)]
mod tests {
    use super::View;
    use goldenpath_protocol::EventType;

    #[test]
    fn a_run_is_followed_from_its_request_to_its_end() {
        let mut view = View::default();
        view.see(1, r#"{"type":"connection_established","epoch":"abc123","offset":4,"recovered":"fresh"}"#);
        view.see(2, r#"{"type":"request_accepted","request_id":"q1","run_id":"r1","thread_id":"t1","duplicate":false}"#);
        view.see(3, r#"{"type":"agent_started","run_id":"r1","request_id":"q1","seq":1,"offset":5}"#);
        assert_eq!(view.run_of("q1").unwrap().1.ended, None);
        view.see(4, r#"{"type":"agent_completed","run_id":"r1","request_id":"q1","seq":2,"offset":6}"#);
        let (id, run) = view.run_of("q1").unwrap();
        assert_eq!((id, run.events, run.ended), ("r1", 2, Some(EventType::AgentCompleted)));
        assert_eq!(view.resume_point().unwrap().to_string(), "abc123:6");
    }

    #[test]
    fn what_cannot_be_read_is_counted_and_passed_over() {
        let mut view = View::default();
        for text in ["", "{", "[]", "null", "{\"type\":7}", "\u{0}", "{}"] {
            view.see(1, text);
        }
        view.see(2, r#"{"type":"agent_completed","run_id":null,"seq":"two"}"#);
        assert_eq!((view.frames, view.unreadable, view.events), (8, 7, 1));
    }
}
