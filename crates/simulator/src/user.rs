//! The life of one simulated user, told stage by stage: connect, rounds of runs, probes, leave.

use crate::clock::{MS, SECOND};
use crate::history::line;
use crate::plan::{Planned, RunPlan, plan, slot_ns};
use crate::scenario::{Ending, Leaving, Resume, Scenario};
use crate::tab::{Effect, PING_INTERVAL_NS, Pen, Pending, Tab, URL};
use goldenpath_history::{ClosedBy, Direction, RecordKind};
use goldenpath_protocol::{
    ClientFrame, CloseCode, ErrorCode, EventHead, Recovered, ResumePoint, RunEvent, ServerFrame,
};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};
use std::borrow::Cow;

/// Who speaks for a run, and who works inside it.
const SUPERVISOR: &str = "analyst";
const SPECIALIST: &str = "cost_specialist";
/// Between two users' first steps.
const STAGGER_NS: u64 = 7 * MS;
/// From a user's first step to its first round.
const CONNECTING_NS: u64 = 250 * MS;
/// Connection numbers are dense inside a user, and never meet another user's.
const CONNECTIONS_PER_USER: u32 = 256;
/// The bad tokens that are shown at the upgrade.
const BAD_CREDENTIALS: [&str; 10] = [
    "missing",
    "expired",
    "not_yet_valid",
    "bad_signature",
    "alg_none",
    "wrong_audience",
    "wrong_issuer",
    "tampered",
    "in_query",
    "garbage",
];

/// When the stages of a session begin; the same for every user of it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Schedule {
    first_ns: u64,
    slot_ns: u64,
    probes_ns: u64,
    leave_ns: u64,
}

impl Schedule {
    pub(crate) fn of(scenario: &Scenario) -> Self {
        let first_ns = 20 * MS;
        let slot_ns = slot_ns(scenario);
        let last_start = first_ns + u64::from(scenario.users) * STAGGER_NS + CONNECTING_NS;
        let probes_ns = last_start + u64::from(scenario.rounds()) * slot_ns;
        let stay = if scenario.expiry_probe { 30 * SECOND } else { 2 * SECOND };
        Self { first_ns, slot_ns, probes_ns, leave_ns: probes_ns + stay }
    }

    fn start(&self, user: u32) -> u64 {
        self.first_ns + u64::from(user) * STAGGER_NS
    }

    fn round(&self, user: u32, round: u32) -> u64 {
        self.start(user) + CONNECTING_NS + u64::from(round) * self.slot_ns
    }
}

#[derive(Debug, Clone, Copy)]
enum Stage {
    Connect,
    Round(u32),
    Probes,
    Leave,
    Gone,
}

/// What the server writes, before it is known when it arrives.
struct Sent {
    made_ns: u64,
    /// One tab, or all.
    tab: Option<usize>,
    what: What,
}

enum What {
    Frame(String),
    Event {
        raw: String,
        offset: u64,
        ends: bool,
        acked_by: Option<usize>,
    },
    Heartbeat,
    /// The first tab comes back.
    Rejoin,
}

/// The first tab goes away after an offset and comes back.
struct Break {
    after_offset: u64,
    rejoin_ns: u64,
}

/// One user's script.
#[derive(Debug)]
pub(crate) struct User {
    scenario: Scenario,
    schedule: Schedule,
    pen: Pen,
    rng: ChaCha8Rng,
    stage: Stage,
    tabs: Vec<Tab>,
    connections: u32,
    offset: u64,
    missed: Vec<(String, u64)>,
}

impl User {
    pub(crate) fn new(scenario: &Scenario, schedule: Schedule, pen: Pen) -> Self {
        let rng = ChaCha8Rng::seed_from_u64(pen.ids.stream(pen.user));
        let scenario = scenario.clone();
        Self {
            scenario,
            schedule,
            pen,
            rng,
            stage: Stage::Connect,
            tabs: Vec::new(),
            connections: 0,
            offset: 0,
            missed: Vec::new(),
        }
    }

    /// The records of the next stage, in the order of time, all later than those before; `None` at the end.
    pub(crate) fn next_stage(&mut self) -> Option<Vec<Pending>> {
        let mut records = Vec::new();
        let rounds = self.scenario.rounds();
        self.stage = match self.stage {
            Stage::Connect => {
                self.connect(&mut records);
                if rounds == 0 { Stage::Probes } else { Stage::Round(0) }
            }
            Stage::Round(round) => {
                self.round(round, &mut records);
                if round + 1 == rounds { Stage::Probes } else { Stage::Round(round + 1) }
            }
            Stage::Probes => {
                self.probes(&mut records);
                Stage::Leave
            }
            Stage::Leave => {
                self.leave(&mut records);
                Stage::Gone
            }
            Stage::Gone => return None,
        };
        records.sort_by_key(|pending| pending.t_ns);
        Some(records)
    }

    fn latency(&mut self) -> u64 {
        self.rng.random_range(300_000..1_800_000)
    }

    fn new_conn(&mut self) -> u32 {
        self.connections += 1;
        self.pen.user * CONNECTIONS_PER_USER + self.connections
    }

    fn connect(&mut self, out: &mut Vec<Pending>) {
        let start = self.schedule.start(self.pen.user);
        for number in 0..self.scenario.tabs {
            let mut at = start + u64::from(number) * 5 * MS;
            if self.scenario.refused_first && number == 0 {
                let conn = self.new_conn();
                let body = json!({ "error": { "code": "rate_limited", "message": "too many attempts from here; try again in 1 s" } });
                out.push(self.pen.open(at, conn, URL.to_owned(), 429, None, Some(body.to_string())));
                at += 40 * MS;
            }
            let conn = self.new_conn();
            let url = format!("{URL}?client_id={}", self.pen.ids.client(self.pen.user, number));
            out.push(self.pen.open(at, conn, url, 101, None, None));
            let mut tab = Tab {
                number,
                conn,
                up: true,
                offset: 0,
                acked: 0,
                last_ns: at,
                heartbeat_ns: at + PING_INTERVAL_NS,
            };
            let latency = self.latency();
            let arrival = tab.arrival(at, latency);
            out.push(self.pen.incoming(
                arrival,
                conn,
                &self.pen.greeting(conn, at, 0, Recovered::Fresh, 0, 0),
            ));
            self.tabs.push(tab);
            for n in 1..=3 {
                self.ping(number as usize, at + n * 20 * MS, n, out);
            }
        }
    }

    /// A ping of the client and its pong.
    fn ping(&mut self, tab: usize, at: u64, n: u64, out: &mut Vec<Pending>) {
        let there = self.rng.random_range(150_000..600_000);
        let back = self.rng.random_range(150_000..600_000);
        let conn = self.tabs[tab].conn;
        out.push(self.pen.outgoing(at, conn, &ClientFrame::Ping { n }));
        let arrival = self.tabs[tab].arrival(at + there, back);
        let server_time = self.pen.clock.server(at + there);
        out.push(self.pen.incoming(arrival, conn, &ServerFrame::Pong { n, server_time }));
    }

    fn round(&mut self, round: u32, out: &mut Vec<Pending>) {
        let begin = self.schedule.round(self.pen.user, round);
        let end = if round + 1 == self.scenario.rounds() {
            self.schedule.probes_ns
        } else {
            self.schedule.round(self.pen.user, round + 1)
        };
        if round > 0 && round.is_multiple_of(8) {
            self.ping(0, begin, u64::from(round) + 3, out);
        }
        let lanes = self.scenario.at_once.min(self.scenario.runs - round * self.scenario.at_once);
        let runs: Vec<RunPlan> = (0..lanes)
            .map(|lane| {
                let run = round * self.scenario.at_once + lane;
                let at = begin + 4 * MS + u64::from(lane) * 15 * MS;
                plan(&self.scenario, self.pen.ids, self.pen.user, run, lane, at, &mut self.rng)
            })
            .collect();

        let mut sent = Vec::new();
        for run in &runs {
            self.request(run, out, &mut sent);
        }
        if round == 0 && self.scenario.refreshed {
            self.refresh(begin + 9 * MS, out, &mut sent);
        }
        let stored = self.number(&runs, &mut sent);
        let gap = if round == 0 { self.planned_break(&runs, &mut sent) } else { None };
        self.heartbeats(end, &mut sent);
        self.deliver(sent, gap, out);

        if self.scenario.store || (round == 0 && self.scenario.resume == Resume::GapSignalled) {
            let after = self.tabs.iter().map(|tab| tab.last_ns).max().unwrap_or(begin) + 20 * MS;
            for (i, document) in stored.into_iter().enumerate() {
                out.push(self.pen.mark(after + i as u64 * MS, "store", document.to_string()));
            }
        }
    }

    /// The tab that asks for a run.
    fn asking_tab(&self, run: u32) -> usize {
        (run % self.scenario.tabs) as usize
    }

    fn message(run: &RunPlan) -> String {
        format!("{}\nReference: {}", run.prompt, run.reference)
    }

    fn request(&mut self, run: &RunPlan, out: &mut Vec<Pending>, sent: &mut Vec<Sent>) {
        let tab = self.asking_tab(run.run);
        let conn = self.tabs[tab].conn;
        let (ids, user) = (self.pen.ids, self.pen.user);
        let request_id = ids.request(user, run.run);
        let thread_id = ids.thread(user, run.lane);
        let frame = ClientFrame::AgentRequest {
            request_id: request_id.clone(),
            // The first run of a lane lets the server begin the thread.
            thread_id: (run.run >= self.scenario.at_once).then(|| thread_id.clone()),
            agent: None,
            message: Self::message(run),
        };
        let times = if self.scenario.retried { 2 } else { 1 };
        for time in 0..times {
            let at = run.requested_ns + time * 12 * MS;
            let mut record = self.pen.record(
                at,
                Some(conn),
                RecordKind::Request {
                    request_id: Cow::Owned(request_id.to_string()),
                    intended_t_ns: at,
                    scenario: Cow::Owned(self.scenario.name.clone()),
                    reference: Some(Cow::Owned(run.reference.clone())),
                    prompt: Some(Cow::Owned(run.prompt.clone())),
                    expect: run.expect.clone(),
                },
            );
            if time == 0 {
                record.effect = Effect::RunBegan;
            }
            out.push(record);
            out.push(self.pen.outgoing(at + 60_000, conn, &frame));
            let accepted = ServerFrame::RequestAccepted {
                request_id: request_id.clone(),
                run_id: ids.run(user, run.run),
                thread_id: thread_id.clone(),
                duplicate: time > 0,
            };
            let made_ns = run.accepted_ns + time * 12 * MS;
            sent.push(Sent { made_ns, tab: Some(tab), what: What::Frame(line(&accepted)) });
        }
        if let Some(at) = run.cancel_ns {
            out.push(self.pen.outgoing(at, conn, &ClientFrame::Cancel { run_id: ids.run(user, run.run) }));
        }
    }

    fn refresh(&mut self, at: u64, out: &mut Vec<Pending>, sent: &mut Vec<Sent>) {
        let conn = self.tabs[0].conn;
        let frame = ClientFrame::Refresh { token: "[redacted]".to_owned() };
        out.push(self.pen.outgoing(at, conn, &frame));
        let answer = line(&ServerFrame::TokenRefreshed { token_expires_at: self.pen.refreshed_until(at) });
        let note = json!({
            "kind": "refresh",
            "owner": self.pen.name,
            "target": self.pen.ids.connection(self.pen.user, conn),
            "status": null,
            "answer": answer,
        });
        sent.push(Sent { made_ns: at + MS, tab: Some(0), what: What::Frame(answer) });
        out.push(self.pen.mark(at + 5 * MS, "probe", note.to_string()));
    }

    /// Numbers the events of a round in the order in which they are made; returns the store's documents.
    fn number(&mut self, runs: &[RunPlan], sent: &mut Vec<Sent>) -> Vec<Value> {
        let mut order: Vec<(usize, &Planned)> = runs
            .iter()
            .enumerate()
            .flat_map(|(i, run)| run.events.iter().map(move |event| (i, event)))
            .collect();
        order.sort_by_key(|(_, event)| event.made_ns);
        let keeps = self.scenario.store || self.scenario.resume == Resume::GapSignalled;
        let mut stored: Vec<Vec<Value>> = runs.iter().map(|_| Vec::new()).collect();
        let mut seqs = vec![0; runs.len()];
        for (i, planned) in order {
            let run = &runs[i];
            self.offset += 1;
            seqs[i] += 1;
            let event = self.event(run, planned, seqs[i]);
            let ends = event.body.event_type().is_terminal();
            let mut value = serde_json::to_value(&event).unwrap_or_default();
            if self.scenario.extra_fields
                && let Some(fields) = value.as_object_mut()
            {
                fields.insert("x_trace".to_owned(), json!({ "span": self.offset }));
                fields.insert("model_version".to_owned(), json!("analyst-3"));
            }
            let raw = if self.scenario.extra_fields { value.to_string() } else { line(&event) };
            if keeps {
                if let Some(fields) = value.as_object_mut() {
                    fields.remove("offset");
                }
                stored[i].push(value);
            }
            let acked_by = ends.then(|| self.asking_tab(run.run));
            let what = What::Event { raw, offset: self.offset, ends, acked_by };
            sent.push(Sent { made_ns: planned.made_ns, tab: None, what });
            if self.scenario.extra_types && !ends {
                let note = json!({ "type": "x.typing", "agent_name": SUPERVISOR, "after": self.offset });
                sent.push(Sent { made_ns: planned.made_ns, tab: None, what: What::Frame(note.to_string()) });
            }
        }
        let documents = runs.iter().zip(stored).map(|(run, events)| self.document(run, events));
        if keeps { documents.collect() } else { Vec::new() }
    }

    fn event(&self, run: &RunPlan, planned: &Planned, seq: u64) -> RunEvent {
        let (ids, user) = (self.pen.ids, self.pen.user);
        let timestamp = self.pen.clock.server(planned.made_ns);
        let (agent_name, parent_agent) =
            if planned.sub_agent { (SPECIALIST, Some(SUPERVISOR.to_owned())) } else { (SUPERVISOR, None) };
        RunEvent {
            body: planned.body.clone(),
            head: EventHead {
                event_id: ids.event(user, self.offset, timestamp.unix_ms()),
                timestamp,
                user_id: ids.user(user),
                thread_id: ids.thread(user, run.lane),
                run_id: ids.run(user, run.run),
                request_id: ids.request(user, run.run),
                seq,
                offset: Some(self.offset),
                agent_name: agent_name.to_owned(),
                parent_agent,
            },
        }
    }

    /// What `GET /runs/{id}` answers, wrapped as the mark that holds it.
    fn document(&self, run: &RunPlan, events: Vec<Value>) -> Value {
        let (ids, user) = (self.pen.ids, self.pen.user);
        let run_id = ids.run(user, run.run);
        json!({
            "run_id": run_id,
            "status": 200,
            "body": {
                "run_id": run_id,
                "thread_id": ids.thread(user, run.lane),
                "request_id": ids.request(user, run.run),
                "state": run.state,
                "event_count": events.len(),
                "events": events,
                "final_response": run.answer,
            },
        })
    }

    /// Where the first tab goes away and comes back in this round, if the scenario says so.
    fn planned_break(&self, runs: &[RunPlan], sent: &mut Vec<Sent>) -> Option<Break> {
        // A cancel needs the tab that asked.
        if self.scenario.resume == Resume::Never || self.scenario.ending == Ending::Cancelled {
            return None;
        }
        let settled = runs.iter().map(|run| run.accepted_ns).max()? + 20 * MS;
        let events: Vec<(u64, u64)> = sent
            .iter()
            .filter_map(|sent| match sent.what {
                What::Event { offset, .. } => Some((sent.made_ns, offset)),
                _ => None,
            })
            .collect();
        let last = events.len().checked_sub(1)?;
        let (after_offset, rejoin_ns) = match self.scenario.resume {
            Resume::MidRun | Resume::GapSignalled => {
                let away = events.iter().position(|&(made, _)| made >= settled)?.min(last.saturating_sub(3));
                let back = (away + 2).min(last);
                (events[away].1, (events[back].0 + MS).max(events[away].0 + 15 * MS))
            }
            _ => (events[last].1, events[last].0 + 60 * MS),
        };
        sent.push(Sent { made_ns: rejoin_ns, tab: Some(0), what: What::Rejoin });
        Some(Break { after_offset, rejoin_ns })
    }

    /// Heartbeats that are due before `end`.
    fn heartbeats(&mut self, end: u64, sent: &mut Vec<Sent>) {
        for (i, tab) in self.tabs.iter_mut().enumerate() {
            while tab.heartbeat_ns < end {
                sent.push(Sent { made_ns: tab.heartbeat_ns, tab: Some(i), what: What::Heartbeat });
                tab.heartbeat_ns += PING_INTERVAL_NS;
            }
        }
    }

    /// Writes what was sent to every tab that it is for.
    fn deliver(&mut self, mut sent: Vec<Sent>, gap: Option<Break>, out: &mut Vec<Pending>) {
        sent.sort_by_key(|sent| sent.made_ns);
        let mut head = sent
            .iter()
            .find_map(|sent| if let What::Event { offset, .. } = sent.what { Some(offset - 1) } else { None })
            .unwrap_or(self.offset);
        for item in sent {
            if let What::Event { offset, .. } = item.what {
                head = offset;
            }
            if let (What::Rejoin, Some(gap)) = (&item.what, &gap) {
                self.rejoin(gap.rejoin_ns, head, out);
                continue;
            }
            let targets = item.tab.map_or(0..self.tabs.len(), |tab| tab..tab + 1);
            for i in targets {
                if !self.tabs[i].up {
                    if let What::Event { raw, offset, ends, .. } = &item.what {
                        self.missed.push((raw.clone(), *offset));
                        if *ends && self.tabs.len() == 1 {
                            // The run ends although nobody sees it: the gauge must fall.
                            self.note_run_end(out);
                        }
                    }
                    continue;
                }
                let latency = self.latency();
                let tab = &mut self.tabs[i];
                let (conn, at) = (tab.conn, tab.arrival(item.made_ns, latency));
                match &item.what {
                    What::Frame(raw) => out.push(self.pen.frame(at, conn, Direction::In, raw.clone())),
                    What::Heartbeat => {
                        let frame = ServerFrame::Heartbeat { offset: tab.offset };
                        out.push(self.pen.incoming(at, conn, &frame));
                    }
                    What::Event { raw, offset, ends, acked_by } => {
                        tab.offset = *offset;
                        let mut record = self.pen.frame(at, conn, Direction::In, raw.clone());
                        let counted = if self.tabs[0].up { 0 } else { self.tabs.len().min(2) - 1 };
                        if *ends && i == counted {
                            record.effect = Effect::RunEnded;
                        }
                        out.push(record);
                        if *acked_by == Some(i) {
                            self.tabs[i].acked = *offset;
                            out.push(self.pen.outgoing(
                                at + 100_000,
                                conn,
                                &ClientFrame::Ack { offset: *offset },
                            ));
                        }
                        if i == 0 && gap.as_ref().is_some_and(|gap| gap.after_offset == *offset) {
                            self.go_away(at + 300_000, out);
                        }
                    }
                    What::Rejoin => {}
                }
            }
        }
    }

    fn note_run_end(&mut self, out: &mut [Pending]) {
        if let Some(last) = out.last_mut()
            && last.effect == Effect::None
        {
            last.effect = Effect::RunEnded;
        }
    }

    /// The first tab's connection ends.
    fn go_away(&mut self, at: u64, out: &mut Vec<Pending>) {
        let tab = &mut self.tabs[0];
        tab.up = false;
        let conn = tab.conn;
        if self.scenario.resume == Resume::Drained {
            out.push(self.pen.incoming(at, conn, &ServerFrame::closing(CloseCode::Draining, 50)));
            let code = CloseCode::Draining;
            out.push(self.pen.close(at + 200_000, conn, Some(code.code()), code.reason(), ClosedBy::Server));
        } else {
            out.push(self.pen.close(at, conn, Some(1000), "", ClosedBy::Client));
        }
    }

    /// The first tab resumes; what it missed is replayed, unless the server cannot.
    fn rejoin(&mut self, joined_ns: u64, head: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        let epoch = self.pen.ids.epoch(self.pen.user);
        let refused = self.scenario.resume == Resume::GapSignalled;
        let missed = std::mem::take(&mut self.missed);
        let (number, last, acked) = (self.tabs[0].number, self.tabs[0].offset, self.tabs[0].acked);
        let resume = ResumePoint { epoch, offset: last };
        let url = format!("{URL}?client_id={}&resume={resume}", self.pen.ids.client(self.pen.user, number));
        out.push(self.pen.open(joined_ns, conn, url, 101, None, None));

        let replayed = if refused { 0 } else { missed.len() as u64 };
        let recovered = if refused { Recovered::Failed } else { Recovered::Full };
        let greeting = self.pen.greeting(conn, joined_ns, head, recovered, replayed, acked);
        let latency = self.latency();
        let tab = &mut self.tabs[0];
        (tab.conn, tab.up, tab.offset) = (conn, true, head);
        tab.heartbeat_ns = tab.heartbeat_ns.max(joined_ns + PING_INTERVAL_NS);
        let mut at = tab.arrival(joined_ns, latency);
        out.push(self.pen.incoming(at, conn, &greeting));
        if refused {
            return;
        }
        for (raw, _) in missed {
            at = self.tabs[0].arrival(at, 20_000);
            out.push(self.pen.frame(at, conn, Direction::In, raw));
        }
        at = self.tabs[0].arrival(at, 20_000);
        out.push(self.pen.incoming(at, conn, &ServerFrame::ReplayEnd { offset: head }));
    }

    fn probes(&mut self, out: &mut Vec<Pending>) {
        let begin = self.schedule.probes_ns + u64::from(self.pen.user) * 3 * MS;
        if self.scenario.token_probes && self.pen.user == 0 {
            self.show_tokens(begin, out);
        }
        if self.scenario.foreign_probes && self.scenario.users > 1 && self.scenario.runs > 0 {
            self.try_foreign_ids(begin + 400 * MS, out);
        }
        if self.scenario.expiry_probe && self.pen.user == 0 {
            self.outlive_token(begin + 700 * MS, out);
        }
        let mut sent = Vec::new();
        self.heartbeats(self.schedule.leave_ns, &mut sent);
        self.deliver(sent, None, out);
    }

    fn show_tokens(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let refusal =
            json!({ "error": { "code": "unauthorized", "message": "the token is missing or not valid" } });
        let mut at = begin;
        for credential in BAD_CREDENTIALS {
            let conn = self.new_conn();
            let url =
                if credential == "in_query" { format!("{URL}?token=[redacted]") } else { URL.to_owned() };
            out.push(self.pen.open(at, conn, url, 401, Some(credential), Some(refusal.to_string())));
            at += 20 * MS;
        }
        let conn = self.new_conn();
        out.push(self.pen.open(at, conn, URL.to_owned(), 101, Some("valid"), None));
        let greeting = self.pen.greeting(conn, at, self.offset, Recovered::Fresh, 0, 0);
        out.push(self.pen.incoming(at + MS, conn, &greeting));
        out.push(self.pen.close(at + 10 * MS, conn, Some(1000), "", ClosedBy::Client));
    }

    /// Cancels, reads, continues and resumes what belongs to the next user.
    fn try_foreign_ids(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let ids = self.pen.ids;
        let owner = (self.pen.user + 1) % self.scenario.users;
        let (run, thread) = (ids.run(owner, 0), ids.thread(owner, 0));
        let probe = |kind: &str, target: &str, status: Option<u16>, answer: Option<&str>| {
            json!({ "kind": kind, "owner": ids.user(owner), "target": target, "status": status, "answer": answer }).to_string()
        };
        let conn = self.tabs[0].conn;

        out.push(self.pen.outgoing(begin, conn, &ClientFrame::Cancel { run_id: run.clone() }));
        let answer = line(&ServerFrame::error(ErrorCode::UnknownRun, "no such run", None));
        let at = self.tabs[0].arrival(begin, MS);
        out.push(self.pen.frame(at, conn, Direction::In, answer.clone()));
        out.push(self.pen.mark(at + MS, "probe", probe("foreign_cancel", run.as_str(), None, Some(&answer))));

        let begin = begin + 20 * MS;
        let unknown = json!({ "error": { "code": "unknown_run", "message": "no such run" } }).to_string();
        out.push(self.pen.mark(
            begin,
            "probe",
            probe("foreign_read", run.as_str(), Some(404), Some(&unknown)),
        ));

        let begin = begin + 20 * MS;
        let request_id = ids.request(self.pen.user, self.scenario.runs + 1);
        let frame = ClientFrame::AgentRequest {
            request_id: request_id.clone(),
            thread_id: Some(thread.clone()),
            agent: None,
            message: format!(
                "What is this thread about?\nReference: {}",
                ids.reference(self.pen.user, self.scenario.runs + 1)
            ),
        };
        out.push(self.pen.outgoing(begin, conn, &frame));
        let answer = line(&ServerFrame::error(ErrorCode::UnknownThread, "no such thread", Some(request_id)));
        let at = self.tabs[0].arrival(begin, MS);
        out.push(self.pen.frame(at, conn, Direction::In, answer.clone()));
        out.push(self.pen.mark(
            at + MS,
            "probe",
            probe("foreign_thread", thread.as_str(), None, Some(&answer)),
        ));

        let begin = begin + 20 * MS;
        let conn = self.new_conn();
        let resume = ResumePoint { epoch: ids.epoch(owner), offset: 1 };
        out.push(self.pen.open(begin, conn, format!("{URL}?resume={resume}"), 101, None, None));
        let greeting = line(&self.pen.greeting(conn, begin, self.offset, Recovered::Failed, 0, 0));
        out.push(self.pen.frame(begin + MS, conn, Direction::In, greeting.clone()));
        let target = resume.to_string();
        out.push(self.pen.mark(
            begin + 3 * MS,
            "probe",
            probe("foreign_resume", &target, Some(101), Some(&greeting)),
        ));
        out.push(self.pen.close(begin + 5 * MS, conn, Some(1000), "", ClosedBy::Client));
    }

    /// A connection whose token ends one second later; it lives through the grace and is closed.
    fn outlive_token(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        let expires_ns = begin + SECOND;
        let expires = self.pen.clock.server(expires_ns);
        out.push(self.pen.open(begin, conn, URL.to_owned(), 101, None, None));
        let joined = (Recovered::Fresh, 0, 0);
        let greeting = self.pen.greeting_until(conn, begin, self.offset, joined, expires);
        out.push(self.pen.incoming(begin + MS, conn, &greeting));
        let heartbeat = ServerFrame::Heartbeat { offset: self.offset };
        out.push(self.pen.incoming(begin + PING_INTERVAL_NS, conn, &heartbeat));
        let ends = expires_ns + 25 * SECOND;
        let code = CloseCode::TokenExpired;
        let closing = line(&ServerFrame::closing(code, 0));
        out.push(self.pen.frame(ends, conn, Direction::In, closing.clone()));
        out.push(self.pen.close(ends + MS, conn, Some(code.code()), code.reason(), ClosedBy::Server));
        let note = json!({
            "kind": "expiry",
            "owner": self.pen.name,
            "target": self.pen.ids.connection(self.pen.user, conn),
            "status": null,
            "answer": closing,
            "token_expires_at": expires,
        });
        out.push(self.pen.mark(ends + 2 * MS, "probe", note.to_string()));
    }

    fn leave(&mut self, out: &mut Vec<Pending>) {
        let begin = self.schedule.leave_ns + u64::from(self.pen.user) * MS;
        for tab in &self.tabs {
            let at = begin + u64::from(tab.number) * 100_000;
            out.push(match self.scenario.leaving {
                Leaving::Politely => self.pen.close(at, tab.conn, Some(1000), "", ClosedBy::Client),
                Leaving::Abruptly => self.pen.close(at, tab.conn, None, "", ClosedBy::Transport),
            });
        }
    }
}
