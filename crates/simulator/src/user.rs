//! The life of one simulated user, told stage by stage: connect, rounds of runs, probes, leave.

mod breaks;
mod delivery;
mod probes;
mod rounds;
mod stored;
mod trials;

use crate::clock::{MS, SECOND};
use crate::plan::slot_ns;
use crate::scenario::{Leaving, Scenario};
use crate::tab::{PING_INTERVAL_NS, Pen, Pending, Tab, URL};
use goldenpath_history::ClosedBy;
use goldenpath_protocol::{ClientFrame, Recovered, ServerFrame};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use serde_json::json;

/// Between two users' first steps.
const STAGGER_NS: u64 = 7 * MS;
/// From a user's first step to its first round.
const CONNECTING_NS: u64 = 250 * MS;
/// Connection numbers are dense inside a user, and never meet another user's.
const CONNECTIONS_PER_USER: u32 = 256;

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
        let probes_ns = last_start + u64::from(scenario.rounds()) * slot_ns + scenario.trials.last_round_ns();
        let stay = match (scenario.expiry_probe, scenario.revocation_probe) {
            (true, _) => 30 * SECOND,
            (false, true) => 8 * SECOND,
            (false, false) => 2 * SECOND,
        };
        let stay = stay.max(scenario.trials.stay_ns());
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
    /// Events made so far, in every life of the log.
    made: u64,
    /// What the first tab missed while it was away.
    missed: Vec<Missed>,
    /// The last events that the first tab received.
    recent: Vec<Missed>,
}

/// An event that may have to be replayed.
#[derive(Debug, Clone)]
struct Missed {
    raw: String,
    offset: u64,
    /// It ends a run, and nobody was there to see it.
    ends_unseen: bool,
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
            made: 0,
            missed: Vec::new(),
            recent: Vec::new(),
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
                stall: None,
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

    fn leave(&mut self, out: &mut Vec<Pending>) {
        let begin = self.schedule.leave_ns + u64::from(self.pen.user) * MS;
        if self.scenario.trials.drain {
            return self.drained(begin, out);
        }
        for tab in self.tabs.iter().filter(|tab| tab.up) {
            let at = begin + u64::from(tab.number) * 100_000;
            out.push(match self.scenario.leaving {
                Leaving::Politely => self.pen.close(at, tab.conn, Some(1000), "", ClosedBy::Client),
                Leaving::Abruptly => self.pen.close(at, tab.conn, None, "", ClosedBy::Transport),
            });
        }
    }
}
