//! A round: some runs asked for at once, their events numbered as they are made.

use super::User;
use super::breaks::Break;
use super::delivery::{Sent, What};
use super::stored::kept;
use crate::clock::MS;
use crate::history::line;
use crate::plan::{Planned, RunPlan, plan};
use crate::scenario::Resume;
use crate::tab::{Effect, Pending};
use goldenpath_history::{Expect, Outcome, RecordKind, ToolDemand};
use goldenpath_protocol::{ClientFrame, ErrorCode, EventHead, RunEvent, ServerFrame};
use serde_json::json;
use std::borrow::Cow;

/// Who speaks for a run, and who works inside it.
const SUPERVISOR: &str = "analyst";
const SPECIALIST: &str = "cost_specialist";
/// The number of the request that is refused, beyond those of all runs.
const REFUSED: u32 = u32::MAX;

impl User {
    pub(super) fn round(&mut self, round: u32, out: &mut Vec<Pending>) {
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
        let mut runs: Vec<RunPlan> = (0..lanes)
            .map(|lane| {
                let run = round * self.scenario.at_once + lane;
                let at = begin + 4 * MS + u64::from(lane) * 15 * MS;
                plan(&self.scenario, self.pen.ids, self.pen.user, run, lane, at, &mut self.rng)
            })
            .collect();

        let mut sent = Vec::new();
        if round == 0 && self.scenario.refused_requests {
            self.refused_request(begin + MS, out, &mut sent);
        }
        for run in &runs {
            self.request(run, out, &mut sent);
        }
        if round == 0 && self.scenario.refreshed {
            self.refresh(begin + 9 * MS, out, &mut sent);
        }
        if self.cancels_foreign_run(round) {
            self.try_foreign_cancel(begin + 45 * MS, round, out, &mut sent);
        }
        self.tried_in_round(round, begin, out, &mut sent);
        let breaks = if round == 0 { self.planned_breaks(&runs) } else { Vec::new() };
        let stored = self.number(&mut runs, &breaks, &mut sent);
        self.rejoins(&breaks, &mut sent);
        self.heartbeats(end, &mut sent);
        self.deliver(sent, &breaks, out);

        if self.scenario.store || (round == 0 && self.scenario.resume.refused()) {
            let after = self.tabs.iter().map(|tab| tab.last_ns).max().unwrap_or(begin) + 20 * MS;
            for (i, document) in stored.into_iter().enumerate() {
                out.push(self.pen.mark(after + i as u64 * MS, "store", document));
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

    /// A request for an agent that nobody has.
    fn refused_request(&mut self, at: u64, out: &mut Vec<Pending>, sent: &mut Vec<Sent>) {
        let conn = self.tabs[0].conn;
        let request_id = self.pen.ids.request(self.pen.user, REFUSED);
        let prompt = "Which of our contracts end this year?";
        let kind = RecordKind::Request {
            request_id: Cow::Owned(request_id.to_string()),
            intended_t_ns: at,
            scenario: Cow::Borrowed("unknown agent"),
            reference: None,
            prompt: Some(Cow::Borrowed(prompt)),
            expect: Expect { tools: ToolDemand::None, outcome: Outcome::Any, ..Expect::default() },
        };
        out.push(self.pen.record(at, Some(conn), kind));
        let frame = ClientFrame::AgentRequest {
            request_id: request_id.clone(),
            thread_id: None,
            agent: Some("contracts".to_owned()),
            message: prompt.to_owned(),
        };
        out.push(self.pen.outgoing(at + 60_000, conn, &frame));
        let refused =
            ServerFrame::error(ErrorCode::UnknownAgent, "no agent of this name is here", Some(request_id));
        sent.push(Sent { made_ns: at + MS, tab: Some(0), what: What::Frame(line(&refused)) });
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
        if self.scenario.users > 1 {
            self.refresh_with_foreign_token(at + 6 * MS, out, sent);
        }
    }

    /// The next user's token is refused here; the own one stays in force.
    fn refresh_with_foreign_token(&mut self, at: u64, out: &mut Vec<Pending>, sent: &mut Vec<Sent>) {
        let owner = (self.pen.user + 1) % self.scenario.users;
        let conn = self.tabs[0].conn;
        out.push(self.pen.outgoing(at, conn, &ClientFrame::Refresh { token: "[redacted]".to_owned() }));
        let why = "the token is not good for this connection";
        let answer = line(&ServerFrame::error(ErrorCode::RefreshRefused, why, None));
        let note = json!({
            "kind": "refresh",
            "owner": self.pen.ids.user(owner),
            "target": self.pen.ids.connection(self.pen.user, conn),
            "status": null,
            "answer": answer,
        });
        sent.push(Sent { made_ns: at + MS, tab: Some(0), what: What::Frame(answer) });
        out.push(self.pen.mark(at + 5 * MS, "probe", note.to_string()));
    }

    /// In the last round, while the other's run is under way, unless the tab that would ask may be away.
    fn cancels_foreign_run(&self, round: u32) -> bool {
        let last = round + 1 == self.scenario.rounds();
        let there = round > 0 || self.scenario.resume == Resume::Never;
        self.scenario.foreign_probes && self.scenario.users > 1 && last && there
    }

    /// Cancels the next user's run of the same round.
    fn try_foreign_cancel(&mut self, at: u64, round: u32, out: &mut Vec<Pending>, sent: &mut Vec<Sent>) {
        let ids = self.pen.ids;
        let owner = (self.pen.user + 1) % self.scenario.users;
        let run_id = ids.run(owner, round * self.scenario.at_once);
        let conn = self.tabs[0].conn;
        out.push(self.pen.outgoing(at, conn, &ClientFrame::Cancel { run_id: run_id.clone() }));
        let answer = line(&ServerFrame::error(ErrorCode::UnknownRun, "no such run", None));
        let note = json!({
            "kind": "foreign_cancel",
            "owner": ids.user(owner),
            "target": run_id,
            "status": null,
            "answer": answer,
        });
        sent.push(Sent { made_ns: at + MS, tab: Some(0), what: What::Frame(answer) });
        out.push(self.pen.mark(at + 5 * MS, "probe", note.to_string()));
    }

    /// Numbers the events of a round in the order in which they are made; returns the store's documents.
    fn number(&mut self, runs: &mut [RunPlan], breaks: &[Break], sent: &mut Vec<Sent>) -> Vec<String> {
        let mut order: Vec<(usize, Planned)> = runs
            .iter_mut()
            .enumerate()
            .flat_map(|(i, run)| std::mem::take(&mut run.events).into_iter().map(move |event| (i, event)))
            .collect();
        order.sort_by_key(|(_, event)| event.made_ns);
        let keeps = self.scenario.store || self.scenario.resume.refused();
        let mut stored: Vec<Vec<String>> = runs.iter().map(|_| Vec::new()).collect();
        let mut seqs = vec![0; runs.len()];
        for (i, planned) in order {
            let run = &runs[i];
            if breaks.iter().any(|gap| gap.new_epoch && gap.after_offset == self.made) {
                self.offset = 0;
            }
            self.offset += 1;
            self.made += 1;
            seqs[i] += 1;
            let made_ns = planned.made_ns;
            let event = self.event(run, planned, seqs[i]);
            let ends = event.body.event_type().is_terminal();
            let raw = self.told(&event);
            if keeps {
                stored[i].push(kept(&raw, self.offset));
            }
            let acked_by = ends.then(|| self.asking_tab(run.run));
            let what = What::Event { raw, offset: self.offset, ends, acked_by };
            sent.push(Sent { made_ns, tab: None, what });
            if self.scenario.extra_types && !ends {
                let note = json!({ "type": "x.typing", "agent_name": SUPERVISOR, "after": self.offset });
                sent.push(Sent { made_ns, tab: None, what: What::Frame(note.to_string()) });
            }
        }
        let documents = runs.iter().zip(&stored).map(|(run, events)| self.document(run, events));
        if keeps { documents.collect() } else { Vec::new() }
    }

    fn event(&self, run: &RunPlan, planned: Planned, seq: u64) -> RunEvent {
        let (ids, user) = (self.pen.ids, self.pen.user);
        let timestamp = self.pen.clock.server(planned.made_ns);
        let (agent_name, parent_agent) =
            if planned.sub_agent { (SPECIALIST, Some(SUPERVISOR.to_owned())) } else { (SUPERVISOR, None) };
        RunEvent {
            body: planned.body,
            head: EventHead {
                event_id: ids.event(user, self.made, timestamp.unix_ms()),
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
}
