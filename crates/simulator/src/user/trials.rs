//! What a user goes through in the trials of a session.

use super::User;
use super::delivery::{Sent, What};
use crate::clock::{MS, SECOND};
use crate::history::line;
use crate::tab::{PING_INTERVAL_NS, Pending, URL};
use crate::trials::{CYCLE_NS, GIVEN_UP_NS, STALL_NS, TabStall};
use goldenpath_history::{ClosedBy, Direction, Expect, RecordKind, Trial};
use goldenpath_protocol::{ClientFrame, CloseCode, ErrorCode, Recovered, ServerFrame};
use rand::Rng;
use std::borrow::Cow;

impl User {
    /// What happens while runs are under way.
    pub(super) fn tried_in_round(
        &mut self,
        round: u32,
        begin: u64,
        out: &mut Vec<Pending>,
        sent: &mut Vec<Sent>,
    ) {
        let trials = self.scenario.trials.clone();
        let last = round + 1 == self.scenario.rounds();
        if trials.outage && self.pen.user == 0 && (round == 1 || round == 2) {
            let step = if round == 1 { Trial::OutageBegun } else { Trial::OutageHealed };
            out.push(self.pen.session_mark(begin, step));
        }
        if trials.overload && round == 0 {
            for number in 0..3 {
                let at = begin + (110 + 10 * u64::from(number)) * MS;
                self.refused(number, at, ErrorCode::RunLimit, "too many runs at once", out, sent);
            }
        }
        if trials.drain && last {
            let stop_ns = self.schedule.round(0, round) + 180 * MS;
            if self.pen.user == 0 {
                out.push(self.pen.session_mark(stop_ns, Trial::TargetStopping));
            }
            let at = stop_ns + (15 + u64::from(self.pen.user)) * MS;
            self.refused(8, at, ErrorCode::Draining, "the server is about to stop", out, sent);
        }
        if trials.slow_reader && last {
            self.stall(begin, out);
        }
    }

    /// The first tab is not read for a while. What its server does with the rest is told after the round.
    fn stall(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let told = self.is_told();
        let from_ns = begin + self.rng.random_range(60..220) * MS;
        let lasts_ns = if told { STALL_NS } else { self.rng.random_range(1_500..4_000) * MS };
        let buffer = told.then(|| self.rng.random_range(2..6));
        let until_ns = from_ns + lasts_ns;
        self.tabs[0].stall = Some(TabStall { from_ns, until_ns, buffer });
        let conn = self.tabs[0].conn;
        out.push(self.pen.record(from_ns, Some(conn), Trial::ReaderStalled.mark()));
        out.push(self.pen.record(until_ns, Some(conn), Trial::ReaderReads.mark()));
    }

    /// Whether this user's slow reader waits for longer than the server does.
    fn is_told(&self) -> bool {
        self.pen.user % 2 == 1
    }

    /// The end of a reader that was slow for too long: a Close where it still takes one, else a reset.
    fn give_up_reader(&mut self, out: &mut Vec<Pending>) {
        let Some(stall) = self.tabs[0].stall.filter(|_| self.is_told()) else { return };
        let at = self.tabs[0].arrival(stall.until_ns, MS);
        self.tabs[0].up = false;
        let conn = self.tabs[0].conn;
        if self.rng.random() {
            let code = CloseCode::SlowConsumer;
            out.push(self.pen.incoming(at, conn, &ServerFrame::closing(code, 0)));
            out.push(self.pen.close(at + MS, conn, Some(code.code()), code.reason(), ClosedBy::Server));
        } else {
            out.push(self.pen.close(at, conn, None, "", ClosedBy::Transport));
        }
    }

    /// A request that is refused in words.
    fn refused(
        &mut self,
        number: u32,
        at: u64,
        code: ErrorCode,
        why: &str,
        out: &mut Vec<Pending>,
        sent: &mut Vec<Sent>,
    ) {
        // Beyond the numbers of runs and of probes.
        let run = self.scenario.runs + 2 + number;
        let (ids, user) = (self.pen.ids, self.pen.user);
        let (request_id, reference) = (ids.request(user, run), ids.reference(user, run));
        let prompt = self.scenario.prompt(user, run).to_owned();
        let conn = self.tabs[0].conn;
        let message = format!("{prompt}\nReference: {reference}");
        let request = RecordKind::Request {
            request_id: Cow::Owned(request_id.to_string()),
            intended_t_ns: at,
            scenario: Cow::Owned(self.scenario.name.clone()),
            reference: Some(Cow::Owned(reference)),
            prompt: Some(Cow::Owned(prompt)),
            expect: Expect::default(),
        };
        out.push(self.pen.record(at, Some(conn), request));
        let frame = ClientFrame::AgentRequest {
            request_id: request_id.clone(),
            thread_id: None,
            agent: None,
            message,
        };
        out.push(self.pen.outgoing(at + 60_000, conn, &frame));
        let error = ServerFrame::error(code, why, Some(request_id));
        sent.push(Sent { made_ns: at + MS, tab: Some(0), what: What::Frame(line(&error)) });
    }

    /// What happens after the last round.
    pub(super) fn tried_after_rounds(&mut self, begin: u64, out: &mut Vec<Pending>, sent: &mut Vec<Sent>) {
        let trials = self.scenario.trials.clone();
        if trials.slow_reader {
            self.give_up_reader(out);
        }
        if trials.half_open {
            self.fall_silent(begin + 50 * MS, out);
        }
        if trials.overload {
            self.overflow(begin + 100 * MS, out, sent);
        }
        for cycle in 0..trials.cycles {
            self.come_and_go(begin + 80 * MS + u64::from(cycle) * CYCLE_NS, cycle, out);
        }
        if trials.idle {
            for (ping, tab) in (0..3).flat_map(|ping| (0..self.tabs.len()).map(move |tab| (ping, tab))) {
                let at = begin + (13 + 15 * ping) * SECOND + tab as u64 * 5 * MS;
                let n = 1_000 + ping;
                out.push(self.pen.outgoing(at, self.tabs[tab].conn, &ClientFrame::Ping { n }));
                let server_time = self.pen.clock.server(at + MS / 2);
                let pong = ServerFrame::Pong { n, server_time };
                sent.push(Sent { made_ns: at + MS / 2, tab: Some(tab), what: What::Frame(line(&pong)) });
            }
        }
    }

    /// More messages at once than the burst allows; what is beyond it is refused.
    fn overflow(&mut self, begin: u64, out: &mut Vec<Pending>, sent: &mut Vec<Sent>) {
        let conn = self.tabs[0].conn;
        for number in 0..60 {
            let ack = ClientFrame::Ack { offset: self.offset };
            out.push(self.pen.outgoing(begin + number * 2 * MS, conn, &ack));
        }
        for number in 0..3 {
            let at = begin + (125 + 5 * u64::from(number)) * MS;
            self.refused(4 + number, at, ErrorCode::RateLimited, "too many messages a second", out, sent);
        }
    }

    /// One more connection falls silent, and is given up when a pong is missing.
    fn fall_silent(&mut self, begin: u64, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        let greeting = self.pen.greeting(conn, begin, self.offset, Recovered::Fresh, 0, 0);
        out.push(self.pen.open(begin, conn, URL.to_owned(), 101, None, None));
        out.push(self.pen.incoming(begin + MS, conn, &greeting));
        let silent_ns = begin + self.rng.random_range(200..4_000) * MS;
        out.push(self.pen.record(silent_ns, Some(conn), Trial::PeerSilent.mark()));
        let heartbeat = ServerFrame::Heartbeat { offset: self.offset };
        out.push(self.pen.incoming(begin + PING_INTERVAL_NS, conn, &heartbeat));
        let ends_ns = begin + GIVEN_UP_NS;
        let code = CloseCode::NoPong;
        out.push(self.pen.incoming(ends_ns, conn, &ServerFrame::closing(code, 0)));
        out.push(self.pen.close(ends_ns + MS, conn, Some(code.code()), code.reason(), ClosedBy::Server));
    }

    /// Connects, and goes away in one of the ways in which clients do.
    fn come_and_go(&mut self, begin: u64, cycle: u32, out: &mut Vec<Pending>) {
        let conn = self.new_conn();
        let greeting = self.pen.greeting(conn, begin, self.offset, Recovered::Fresh, 0, 0);
        out.push(self.pen.open(begin, conn, URL.to_owned(), 101, None, None));
        out.push(self.pen.incoming(begin + MS, conn, &greeting));
        let at = begin + self.rng.random_range(20..300) * MS;
        if cycle.is_multiple_of(3) {
            out.push(self.pen.outgoing(begin + 2 * MS, conn, &ClientFrame::Ping { n: 1 }));
            let server_time = self.pen.clock.server(begin + 2 * MS);
            let pong = line(&ServerFrame::Pong { n: 1, server_time });
            out.push(self.pen.frame(begin + 3 * MS, conn, Direction::In, pong));
        }
        out.push(match cycle % 4 {
            3 => self.pen.close(at, conn, None, "", ClosedBy::Transport),
            2 => self.pen.close(at, conn, None, "", ClosedBy::Client),
            _ => self.pen.close(at, conn, Some(1000), "", ClosedBy::Client),
        });
    }

    /// A stopping server closes what is open, then is gone.
    pub(super) fn drained(&mut self, begin: u64, out: &mut Vec<Pending>) {
        for tab in 0..self.tabs.len() {
            let spread = self.rng.random_range(0..900) * MS;
            let at = self.tabs[tab].arrival(begin + spread, MS);
            let conn = self.tabs[tab].conn;
            let code = CloseCode::Draining;
            out.push(self.pen.incoming(at, conn, &ServerFrame::closing(code, 500)));
            out.push(self.pen.close(at + MS, conn, Some(code.code()), code.reason(), ClosedBy::Server));
        }
        if self.pen.user == 0 {
            out.push(self.pen.session_mark(begin + 3 * SECOND, Trial::TargetStopped));
        }
    }
}
