//! A backend of a few lines: what a plan's users would have recorded of it, before anything is wrong.

use super::plan::{Back, Ending, Leave, Plan, RunPlan};
use goldenpath_history::{ClosedBy, Direction, Expect, Outcome, Record, RecordKind, ToolDemand};
use serde_json::{Value, json};
use std::borrow::Cow;
use std::collections::VecDeque;

/// The client's wall clock at session time 0, Unix milliseconds.
pub(super) const T0_MS: i64 = 1_767_225_600_417;
const MS: u64 = 1_000_000;

/// What happened, before it becomes a record.
#[derive(Debug, Clone)]
pub(super) enum What {
    In(Value),
    Raw(String, Option<&'static str>),
    Out(Value),
    Open,
    Close(Option<u16>, ClosedBy),
    Request { id: String, reference: String, expect: Expect },
    Lost,
}

/// One record to be.
#[derive(Debug, Clone)]
pub(super) struct Item {
    pub(super) t_ns: u64,
    pub(super) conn: Option<u32>,
    pub(super) user: Option<String>,
    pub(super) what: What,
}

impl Item {
    /// The record.
    pub(super) fn record(self) -> Record<'static> {
        let frame = |dir, raw: String, opcode: Option<&'static str>| RecordKind::Frame {
            dir,
            raw: Cow::Owned(raw),
            opcode: opcode.map(Cow::Borrowed),
        };
        let kind = match self.what {
            What::In(value) => frame(Direction::In, value.to_string(), None),
            What::Raw(raw, opcode) => frame(Direction::In, raw, opcode),
            What::Out(value) => frame(Direction::Out, value.to_string(), None),
            What::Open => RecordKind::Open {
                url: None,
                status: Some(101),
                intended_t_ns: Some(self.t_ns.saturating_sub(MS / 2)),
                credential: None,
                body: None,
            },
            What::Close(code, by) => RecordKind::Close { code, reason: None, by },
            What::Request { id, reference, expect } => RecordKind::Request {
                request_id: Cow::Owned(id),
                intended_t_ns: self.t_ns,
                scenario: Cow::Borrowed("costs"),
                reference: Some(Cow::Owned(reference)),
                prompt: Some(Cow::Borrowed("Which of our clusters cost the most this month?")),
                expect,
            },
            What::Lost => RecordKind::Lost { count: 1, why: Cow::Borrowed("the queue was full") },
        };
        Record { t_ns: self.t_ns, conn: self.conn, user: self.user.map(Cow::Owned), kind }
    }
}

/// `2026-01-01T00:00:00.417Z`, for the first days of 2026.
pub(super) fn timestamp(unix_ms: i64) -> String {
    let of_year = unix_ms - 1_767_225_600_000;
    let (days, of_day) = (of_year.div_euclid(86_400_000), of_year.rem_euclid(86_400_000));
    let (year, month, day) = match days {
        0..31 => (2026, 1, days + 1),
        31.. => (2026, 2, days - 30),
        _ => (2025, 12, days + 32),
    };
    let (hour, minute) = (of_day / 3_600_000, of_day / 60_000 % 60);
    let (second, milli) = (of_day / 1_000 % 60, of_day % 1_000);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}.{milli:03}Z")
}

/// The name of a user.
pub(super) fn user_name(user: usize) -> String {
    format!("user-{user}")
}

/// The canary of a run's prompt.
pub(super) fn reference(run: usize) -> String {
    format!("gp-{:032x}", 0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c834_u128.wrapping_mul(2 * run as u128 + 3))
}

/// A connection that receives what its user's log takes in.
#[derive(Debug)]
struct Tab {
    conn: u32,
    user: usize,
}

/// A run that goes on.
#[derive(Debug)]
struct Going {
    number: usize,
    user: usize,
    steps: VecDeque<Value>,
    seq: u64,
    began_ns: u64,
    call_ns: u64,
}

/// The backend and its clients.
#[derive(Debug)]
struct Session {
    now_ns: u64,
    pace_ns: u64,
    items: Vec<Item>,
    tabs: Vec<Tab>,
    /// Each user's stream.
    logs: [Vec<Value>; 3],
    next_conn: u32,
    leave: Option<Leave>,
    /// Who is away, since which offset.
    away: Option<(usize, usize)>,
}

/// The records of a healthy session.
pub(super) fn session(plan: &Plan) -> Vec<Item> {
    let mut session = Session {
        now_ns: MS,
        pace_ns: u64::from(plan.pace) * MS,
        items: Vec::new(),
        tabs: Vec::new(),
        logs: Default::default(),
        next_conn: 1,
        leave: plan.leave.clone(),
        away: None,
    };
    for user in 0..3 {
        if plan.runs.iter().any(|run| usize::from(run.user) == user) {
            session.connect(user, "fresh", 0);
            if plan.tabs[user] {
                session.connect(user, "fresh", 0);
            }
        }
    }
    let mut waiting: VecDeque<(usize, &RunPlan)> = plan.runs.iter().enumerate().collect();
    let mut going: Vec<Going> = Vec::new();
    let mut turns = plan.turns.iter().cycle().map(|turn| usize::from(*turn));
    while !waiting.is_empty() || !going.is_empty() {
        let turn = turns.next().unwrap_or_default();
        let at = turn % (going.len() + usize::from(!waiting.is_empty()));
        if at == going.len() {
            if let Some((number, run)) = waiting.pop_front() {
                going.extend(session.ask(number, run));
            }
            continue;
        }
        if session.go_on(&mut going[at]) {
            going.remove(at);
        }
    }
    session.end(plan.heartbeats);
    session.items
}

impl Session {
    fn push(&mut self, conn: u32, user: usize, what: What) {
        self.now_ns += self.pace_ns;
        let (t_ns, user) = (self.now_ns, Some(user_name(user)));
        self.items.push(Item { t_ns, conn: Some(conn), user, what });
    }

    fn now_ms(&self) -> i64 {
        T0_MS + i64::try_from(self.now_ns / MS).unwrap_or(i64::MAX)
    }

    fn connect(&mut self, user: usize, recovered: &str, replay: usize) -> u32 {
        let conn = self.next_conn;
        self.next_conn += 1;
        self.push(conn, user, What::Open);
        let greeting = json!({
            "type": "connection_established", "connection_id": format!("conn-{conn}"), "user_id": user_name(user),
            "epoch": format!("epoch-{user}"), "offset": self.logs[user].len(), "recovered": recovered,
            "replay": replay, "acked": 0, "server_time": timestamp(self.now_ms()),
            "token_expires_at": timestamp(self.now_ms() + 3_600_000), "ping_interval_ms": 20_000, "limits": {},
        });
        self.push(conn, user, What::In(greeting));
        self.tabs.push(Tab { conn, user });
        conn
    }

    /// Asks for a run; `None` when it is refused.
    fn ask(&mut self, number: usize, run: &RunPlan) -> Option<Going> {
        let user = usize::from(run.user);
        let conn = self.tabs.iter().find(|tab| tab.user == user).map(|tab| tab.conn)?;
        let id = format!("request-{number}");
        let what = What::Request { id: id.clone(), reference: reference(number), expect: expect(run) };
        self.push(conn, user, what);
        let began_ns = self.now_ns;
        let thread = format!("thread-{number}");
        if run.sent {
            let message = format!("Which of our clusters cost the most? {}", reference(number));
            let sent =
                json!({"type": "agent_request", "request_id": id, "thread_id": thread, "message": message});
            self.push(conn, user, What::Out(sent));
        }
        if run.refused {
            let why = "No agent of that name is known here.";
            let error = json!({"type": "error", "code": "unknown_agent", "message": why, "request_id": id, "retryable": false});
            self.push(conn, user, What::In(error));
            return None;
        }
        let accepted = json!({"type": "request_accepted", "request_id": id, "run_id": format!("run-{number}"),
            "thread_id": thread, "duplicate": false});
        self.push(conn, user, What::In(accepted));
        Some(Going { number, user, steps: steps(number, run), seq: 0, began_ns, call_ns: 0 })
    }

    /// The next event of a run; whether it was the last.
    fn go_on(&mut self, run: &mut Going) -> bool {
        let Some(mut event) = run.steps.pop_front() else { return true };
        self.now_ns += self.pace_ns;
        run.seq += 1;
        let kind = event["type"].as_str().unwrap_or_default().to_owned();
        let took = |from: u64| json!((self.now_ns - from) / MS);
        match kind.as_str() {
            "tool_executing" => run.call_ns = self.now_ns,
            "tool_completed" => event["duration_ms"] = took(run.call_ns),
            "agent_completed" | "agent_failed" | "agent_cancelled" => {
                event["duration_ms"] = took(run.began_ns);
                event["event_count"] = json!(run.seq);
            }
            _ => {}
        }
        let offset = self.logs[run.user].len() + 1;
        let head = json!({
            "event_id": format!("event-{}-{}", run.number, run.seq), "timestamp": timestamp(self.now_ms()),
            "user_id": user_name(run.user), "thread_id": format!("thread-{}", run.number),
            "run_id": format!("run-{}", run.number), "request_id": format!("request-{}", run.number),
            "seq": run.seq, "offset": offset, "agent_name": "supervisor",
        });
        if let (Value::Object(event), Value::Object(head)) = (&mut event, head) {
            event.extend(head);
        }
        self.logs[run.user].push(event.clone());
        let conns: Vec<u32> =
            self.tabs.iter().filter(|tab| tab.user == run.user).map(|tab| tab.conn).collect();
        for conn in conns {
            self.push(conn, run.user, What::In(event.clone()));
        }
        self.leave_or_return(run.user);
        run.steps.is_empty()
    }

    fn leave_or_return(&mut self, user: usize) {
        let Some(leave) = self.leave.clone().filter(|leave| usize::from(leave.user) == user) else { return };
        let logged = self.logs[user].len();
        match self.away {
            None if logged >= usize::from(leave.after) => {
                let Some(at) = self.tabs.iter().position(|tab| tab.user == user) else { return };
                let tab = self.tabs.remove(at);
                let (code, by) = match leave.by {
                    0 => (Some(1000), ClosedBy::Client),
                    1 => (Some(1006), ClosedBy::Transport),
                    _ => (Some(4001), ClosedBy::Server),
                };
                self.push(tab.conn, user, What::Close(code, by));
                self.away = Some((user, logged));
                if leave.missed == 0 {
                    self.come_back(&leave, user, logged);
                }
            }
            Some((_, since)) if logged >= since + usize::from(leave.missed) => {
                self.come_back(&leave, user, since);
            }
            _ => {}
        }
    }

    fn come_back(&mut self, leave: &Leave, user: usize, since: usize) {
        self.leave = None;
        let head = self.logs[user].len();
        match leave.back {
            Back::Never => {}
            Back::Failed => {
                self.connect(user, "failed", 0);
            }
            Back::Fresh => {
                self.connect(user, "fresh", 0);
            }
            Back::Full => {
                let from = since - usize::from(leave.overlap).min(since);
                let missed: Vec<Value> = self.logs[user][from..].to_vec();
                let conn = self.connect(user, "full", missed.len());
                for event in missed {
                    self.push(conn, user, What::In(event));
                }
                self.push(conn, user, What::In(json!({"type": "replay_end", "offset": head})));
            }
        }
    }

    fn end(&mut self, heartbeats: bool) {
        let tabs: Vec<(u32, usize)> = self.tabs.iter().map(|tab| (tab.conn, tab.user)).collect();
        if heartbeats {
            for (conn, user) in &tabs {
                let heard = json!({"type": "heartbeat", "offset": self.logs[*user].len()});
                self.push(*conn, *user, What::In(heard));
            }
        }
        self.now_ns += 3_000 * MS;
        for (conn, user) in tabs {
            self.push(conn, user, What::Close(Some(1000), ClosedBy::Client));
        }
    }
}

fn expect(run: &RunPlan) -> Expect {
    let outcome = match run.ending {
        Ending::Failed => Outcome::Failed,
        Ending::Cancelled => Outcome::Cancelled,
        _ => Outcome::Completed,
    };
    Expect {
        tools: match (run.owes_tools, run.tools) {
            (true, 2) => ToolDemand::AtLeast(2),
            (true, _) => ToolDemand::Some,
            _ => ToolDemand::None,
        },
        outcome: match (run.owed_otherwise, run.thoughts) {
            (false, _) => outcome,
            (true, 1) => Outcome::Failed,
            (true, _) => Outcome::Cancelled,
        },
        failing_tool: run.ending == Ending::Degraded || (run.owed_otherwise && run.tools > 0),
        ..Expect::default()
    }
}

/// What a run shows, without what every event carries.
fn steps(number: usize, run: &RunPlan) -> VecDeque<Value> {
    let mut steps = VecDeque::new();
    let about = format!("Rank the clusters by cost for {}.", reference(number));
    steps.push_back(json!({"type": "agent_started", "status": "starting", "task_description": about}));
    for step in 1..=run.thoughts {
        let reasoning = format!("Step {step} compares what the clusters cost in each of the last months.");
        steps.push_back(json!({"type": "agent_thinking", "reasoning": reasoning, "step_number": step}));
    }
    for call in 1..=run.tools {
        let fails = run.ending == Ending::Degraded && call == run.tools;
        steps.extend(call_steps(number, call, fails));
    }
    let mut pieces = Vec::new();
    for delta in 1..=run.deltas {
        let text = format!("Cluster {delta} costs 41{delta}0 dollars. ");
        pieces.push(text.clone());
        steps.push_back(json!({"type": "response_delta", "text": text}));
    }
    let answer = if pieces.is_empty() {
        "Stop cluster 2 at night: it idles for nine hours.".to_owned()
    } else {
        pieces.concat()
    };
    let degraded = run.ending == Ending::Degraded;
    let limits = if degraded { vec!["The bill of one cluster could not be read."] } else { Vec::new() };
    steps.extend(match run.ending {
        Ending::Completed | Ending::Degraded => {
            Some(json!({"type": "agent_completed", "status": "completed", "final_response": answer,
                "summary": "Two clusters cost the most, and one of them idles.", "degraded": degraded, "limitations": limits}))
        }
        Ending::Failed => Some(json!({"type": "agent_failed",
            "error": {"code": "model", "message": "The model gave no answer in time.", "retryable": true}})),
        Ending::Cancelled => {
            Some(json!({"type": "agent_cancelled", "reason": "The user wanted no more of it."}))
        }
        Ending::Nothing => None,
    });
    steps
}

fn call_steps(number: usize, call: u8, fails: bool) -> [Value; 2] {
    let (id, tool, subject) =
        (format!("call-{number}-{call}"), format!("bill_reader_{call}"), format!("cluster {call}"));
    let asked = json!({"type": "tool_executing", "tool_name": tool, "execution_id": id,
        "parameters": {"subject": subject}, "tool_purpose": "Read the bill of one cluster."});
    let answered = if fails {
        json!({"type": "tool_completed", "tool_name": tool, "execution_id": id, "success": false,
            "error": {"code": "timeout", "message": "The bill took too long to load."}})
    } else {
        json!({"type": "tool_completed", "tool_name": tool, "execution_id": id, "success": true,
            "results": {"subject": subject, "dollars": 4_100 + u32::from(call)}})
    };
    [asked, answered]
}
