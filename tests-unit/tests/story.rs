//! Histories told by hand: who asks what, and what comes back at which millisecond. Shared by the tests of single rules, which need no
//! session around them.

use goldenpath_checkers::{CheckResult, Judge, JudgeConfig, Verdict};
use goldenpath_history::{ClosedBy, Direction, Expect, Header, Record, RecordKind};
use goldenpath_simulator::History;
use serde_json::{Value, json};
use std::collections::BTreeMap;

/// The wall clock at the beginning: 2026-03-01T12:00:00.000Z.
const T0_UNIX_MS: f64 = 1_772_366_400_000.0;

/// A history that grows by what is told. Its first record is line 2.
pub(crate) struct Story {
    history: History,
    ms: u64,
    runs: BTreeMap<String, Run>,
    conns: BTreeMap<String, u32>,
    events: u64,
}

/// Whose a run is, and how many of its events were told.
struct Run {
    user: String,
    seq: u64,
}

/// An id that looks like one, from a name.
pub(crate) fn id(name: &str) -> String {
    let number = name.bytes().fold(7_u64, |sum, byte| sum * 31 % 0xff_ffff_fff1 + u64::from(byte));
    format!("01a1ff00-0673-75b4-94ab-{number:012x}")
}

impl Story {
    pub(crate) fn new() -> Self {
        let mut header = Header::new("told", "ws://127.0.0.1:1/ws", "goldenpath");
        header.t0_unix_ms = Some(T0_UNIX_MS);
        header.auth_mode = Some("mint".to_owned());
        let history = History { header, records: Vec::new() };
        Self { history, ms: 0, runs: BTreeMap::new(), conns: BTreeMap::new(), events: 0 }
    }

    /// Lets time pass.
    pub(crate) fn after(&mut self, ms: u64) -> &mut Self {
        self.ms += ms;
        self
    }

    /// One record now, on the user's connection.
    pub(crate) fn record(&mut self, user: &str, kind: RecordKind<'static>) -> &mut Self {
        let conn = self.conns.get(user).copied();
        let user = Some(user.to_owned().into());
        self.history.records.push(Record { t_ns: self.ms * 1_000_000, conn, user, kind });
        self
    }

    /// The line of the record told last.
    pub(crate) fn line(&self) -> u64 {
        self.history.records.len() as u64 + 1
    }

    /// A frame that came to the user.
    pub(crate) fn frame(&mut self, user: &str, raw: impl Into<String>) -> &mut Self {
        self.record(user, RecordKind::Frame { dir: Direction::In, raw: raw.into().into(), opcode: None })
    }

    /// The user connects, and is greeted.
    pub(crate) fn connect(&mut self, user: &str) -> &mut Self {
        self.opened(user, "fresh", 0)
    }

    /// The user's connection is cut, and another is greeted, which recovers so much of the stream.
    pub(crate) fn reconnect(&mut self, user: &str, recovered: &str, replay: u64) -> &mut Self {
        self.record(user, RecordKind::Close { code: None, reason: None, by: ClosedBy::Transport });
        self.opened(user, recovered, replay)
    }

    fn opened(&mut self, user: &str, recovered: &str, replay: u64) -> &mut Self {
        let conn = self.conns.values().copied().max().unwrap_or(0) + 1;
        self.conns.insert(user.to_owned(), conn);
        let open = RecordKind::Open {
            url: None,
            status: Some(101),
            intended_t_ns: Some(self.ms * 1_000_000),
            credential: None,
            body: None,
        };
        let greeting = json!({
            "type": "connection_established", "connection_id": id(&format!("conn {conn}")), "user_id": user,
            "epoch": "95018328db2a7bb9921e97ee7f371740", "offset": self.events, "recovered": recovered, "replay": replay, "acked": 0,
            "server_time": self.time(), "token_expires_at": "2026-03-01T13:00:00.000Z", "ping_interval_ms": 20_000,
            "limits": {},
        });
        self.record(user, open).frame(user, greeting.to_string())
    }

    /// The wall clock, as events tell it. Stories last less than a minute.
    fn time(&self) -> String {
        format!("2026-03-01T12:00:{:02}.{:03}Z", self.ms / 1_000, self.ms % 1_000)
    }

    /// The user asks for a run, and is told that it was accepted.
    pub(crate) fn ask(&mut self, user: &str, run: &str, prompt: Option<&str>, expect: Expect) -> &mut Self {
        self.ask_quoting(user, run, prompt, None, expect)
    }

    /// The same with a reference in the prompt.
    pub(crate) fn ask_quoting(
        &mut self,
        user: &str,
        run: &str,
        prompt: Option<&str>,
        reference: Option<&str>,
        expect: Expect,
    ) -> &mut Self {
        self.runs.insert(run.to_owned(), Run { user: user.to_owned(), seq: 0 });
        let request = RecordKind::Request {
            request_id: id(&format!("request {run}")).into(),
            intended_t_ns: self.ms * 1_000_000,
            scenario: "costs".into(),
            reference: reference.map(|reference| reference.to_owned().into()),
            prompt: prompt.map(|prompt| prompt.to_owned().into()),
            expect,
        };
        let accepted = json!({
            "type": "request_accepted", "request_id": id(&format!("request {run}")), "run_id": id(run),
            "thread_id": id("thread"), "duplicate": false,
        });
        self.record(user, request).frame(user, accepted.to_string())
    }

    /// The text of a run's next event.
    pub(crate) fn event_text(&mut self, run: &str, kind: &str, fields: &Value) -> String {
        self.events += 1;
        let told = self.runs.get_mut(run).unwrap();
        told.seq += 1;
        let mut event = json!({
            "type": kind, "event_id": id(&format!("event {}", self.events)), "user_id": told.user, "run_id": id(run),
            "thread_id": id("thread"), "request_id": id(&format!("request {run}")), "seq": told.seq,
            "offset": self.events, "agent_name": "analyst",
        });
        event["timestamp"] = json!(self.time());
        for (name, value) in fields.as_object().unwrap() {
            event[name] = value.clone();
        }
        event.to_string()
    }

    /// An event of a run comes to its owner.
    pub(crate) fn event(&mut self, run: &str, kind: &str, fields: Value) -> &mut Self {
        let user = self.runs[run].user.clone();
        self.event_to(&user, run, kind, fields)
    }

    /// An event of a run comes to somebody.
    pub(crate) fn event_to(&mut self, user: &str, run: &str, kind: &str, fields: Value) -> &mut Self {
        let text = self.event_text(run, kind, &fields);
        self.frame(user, text)
    }

    /// A tool is called and gives something.
    pub(crate) fn tool(&mut self, run: &str, parameters: &Value, results: &Value) -> &mut Self {
        let tool = json!({ "tool_name": "costs", "execution_id": id("tool"), "tool_purpose": "Look" });
        let with = |name: &str, value: &Value| {
            let mut fields = tool.clone();
            fields[name] = value.clone();
            fields
        };
        let mut given = with("results", results);
        (given["success"], given["duration_ms"]) = (json!(true), json!(1));
        self.event(run, "tool_executing", with("parameters", parameters)).event(run, "tool_completed", given)
    }

    /// A run goes its usual way up to its answer.
    pub(crate) fn begin(&mut self, run: &str) -> &mut Self {
        self.event(run, "agent_started", json!({ "status": "starting", "task_description": "Look into it" }))
            .event(run, "agent_thinking", json!({ "reasoning": "First the figures", "step_number": 1 }))
    }

    /// The run's answer.
    pub(crate) fn answer(&mut self, run: &str, answer: &str) -> &mut Self {
        self.event(run, "agent_completed", json!({ "final_response": answer, "event_count": 5 }))
    }

    /// All that was told.
    pub(crate) fn history(&self) -> &History {
        &self.history
    }

    /// All that was told, to be changed.
    pub(crate) fn history_mut(&mut self) -> &mut History {
        &mut self.history
    }

    /// What one check says of it.
    pub(crate) fn says(&self, id: &str) -> CheckResult {
        self.says_under(id, JudgeConfig::default())
    }

    /// The same under a configuration.
    pub(crate) fn says_under(&self, id: &str, config: JudgeConfig) -> CheckResult {
        let said = Judge::new(&self.history.header, config).judge_all(&self.history.records);
        said.checks.into_iter().find(|check| check.id == id).unwrap_or_else(|| panic!("no check `{id}`"))
    }
}

/// The verdict in one word, the counts, and what each finding observed, in one line.
pub(crate) fn brief(check: &CheckResult) -> String {
    let verdict = match &check.verdict {
        Verdict::Pass => "passes".to_owned(),
        Verdict::Fail => "fails".to_owned(),
        Verdict::Inconclusive(why) => format!("open ({why:?})"),
        Verdict::NotObservable(why) => format!("unseen ({why})"),
        Verdict::NotRun(why) => format!("not run ({why})"),
    };
    let found = check.findings.iter().map(|finding| format!(" [{}]", finding.observed)).collect::<String>();
    format!("{verdict} {}/{}{found}", check.n, check.of)
}

/// Asserts that of each case is told what stands beside it, and shows all of which it is not.
#[track_caller]
pub(crate) fn assert_told(cases: &[(&str, &str)], tell: impl Fn(&str) -> String) {
    let wrong: Vec<String> = cases
        .iter()
        .map(|(case, expected)| (case, tell(case), expected))
        .filter(|(_, told, expected)| told != *expected)
        .map(|(case, told, expected)| format!("{case:?}\n  expected {expected}\n  told     {told}"))
        .collect();
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), cases.len(), wrong.join("\n"));
}
