//! All users of a session on one time line, with the samples between them.

use crate::clock::{Clock, SECOND};
use crate::history::{History, line};
use crate::identity::Identities;
use crate::scenario::Scenario;
use crate::segments::gathered;
use crate::tab::{Effect, Pen, Pending};
use crate::user::{Schedule, User};
use goldenpath_history::{HISTORY_VERSION, Header, Record, RecordKind};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap, VecDeque};

/// 2026-01-01 in Unix milliseconds: simulated sessions begin in the month after it.
const NEW_YEAR_MS: f64 = 1_767_225_600_000.0;
/// Between two samples.
const SAMPLING_NS: u64 = SECOND;

/// The whole history of a scenario; the same seed gives the same bytes.
#[must_use]
pub fn simulate(scenario: &Scenario, seed: u64) -> History {
    let simulation = Simulation::new(scenario, seed);
    let header = simulation.header().clone();
    let records = simulation.collect();
    History { header, records: if scenario.full_segments { gathered(records) } else { records } }
}

/// A history told record by record, for sessions too long to hold: at most one round of every user is in memory.
#[derive(Debug)]
pub struct Simulation {
    header: Header,
    users: Vec<User>,
    waiting: Vec<VecDeque<Pending>>,
    next: BinaryHeap<Reverse<(u64, usize)>>,
    ready: VecDeque<Record<'static>>,
    gauges: Gauges,
}

/// What the backend's metrics would show.
#[derive(Debug)]
struct Gauges {
    rng: ChaCha8Rng,
    wanted: bool,
    paused: bool,
    due_ns: u64,
    last_ns: u64,
    closing_samples: u64,
    connections: u64,
    runs: u64,
}

impl Simulation {
    /// Begins the telling.
    #[must_use]
    pub fn new(scenario: &Scenario, seed: u64) -> Self {
        let mut rng = ChaCha8Rng::seed_from_u64(seed ^ 0x7469_6d65_6c69_6e65);
        let ids = Identities::new(seed);
        let t0_unix_ms = NEW_YEAR_MS + f64::from(rng.random_range(0..2_592_000_u32)) * 1_000.0 + 417.25;
        let clock = Clock { t0_unix_ms, offset_ms: scenario.clock_offset_ms };
        let schedule = Schedule::of(scenario);
        let users: Vec<User> = (0..scenario.users)
            .map(|user| {
                let pen = Pen { user, name: ids.user(user).to_string(), ids, clock, life: 0 };
                User::new(scenario, schedule, pen)
            })
            .collect();
        let header = Header {
            history: HISTORY_VERSION,
            session_id: ids.session(),
            target: "ws://simulated.invalid/ws".to_owned(),
            profile: "goldenpath".to_owned(),
            seed,
            limits: BTreeMap::new(),
            t0_unix_ms: Some(t0_unix_ms),
            // Only what an issuer gave can be taken back.
            auth_mode: Some(if scenario.revocation_probe { "oauth" } else { "mint" }.to_owned()),
            categories: scenario.categories.clone(),
            sla: scenario.sla,
            not_observable: BTreeMap::new(),
            witness: None,
        };
        let ready = scenario
            .categories
            .iter()
            .map(|category| Record {
                t_ns: 0,
                conn: None,
                user: None,
                kind: RecordKind::Mark {
                    name: Cow::Borrowed("category"),
                    note: Some(Cow::Owned(category.clone())),
                },
            })
            .collect();
        let gauges = Gauges {
            rng,
            wanted: scenario.samples,
            paused: scenario.client_pause,
            due_ns: 0,
            last_ns: 0,
            closing_samples: if scenario.samples { 3 } else { 0 },
            connections: 0,
            runs: 0,
        };
        let waiting = users.iter().map(|_| VecDeque::new()).collect();
        let mut simulation = Self { header, users, waiting, next: BinaryHeap::new(), ready, gauges };
        for user in 0..simulation.users.len() {
            simulation.refill(user);
        }
        simulation
    }

    /// The history's first line.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// The lines of `history.jsonl`, without line ends.
    pub fn into_lines(self) -> impl Iterator<Item = String> {
        std::iter::once(line(&self.header)).chain(self.map(|record| line(&record)))
    }

    fn refill(&mut self, user: usize) {
        while self.waiting[user].is_empty() {
            match self.users[user].next_stage() {
                Some(records) => self.waiting[user] = records.into(),
                None => return,
            }
        }
        if let Some(first) = self.waiting[user].front() {
            self.next.push(Reverse((first.t_ns, user)));
        }
    }
}

impl Iterator for Simulation {
    type Item = Record<'static>;

    fn next(&mut self) -> Option<Record<'static>> {
        loop {
            if let Some(record) = self.ready.pop_front() {
                return Some(record);
            }
            let Some(&Reverse((t_ns, user))) = self.next.peek() else {
                // The last samples show that the backend is at rest again.
                let at = self.gauges.last_ns + SAMPLING_NS;
                self.gauges.closing_samples = self.gauges.closing_samples.checked_sub(1)?;
                self.gauges.sample(at, &mut self.ready);
                self.gauges.last_ns = at;
                continue;
            };
            if self.gauges.wanted && self.gauges.due_ns <= t_ns {
                let at = self.gauges.due_ns;
                self.gauges.sample(at, &mut self.ready);
                self.gauges.due_ns += SAMPLING_NS;
                continue;
            }
            self.next.pop();
            if let Some(pending) = self.waiting[user].pop_front() {
                self.gauges.apply(&pending);
                self.ready.push_back(pending.record);
            }
            if let Some(first) = self.waiting[user].front() {
                self.next.push(Reverse((first.t_ns, user)));
            } else {
                self.refill(user);
            }
        }
    }
}

impl Gauges {
    fn apply(&mut self, pending: &Pending) {
        self.last_ns = pending.t_ns;
        match pending.effect {
            Effect::None => {}
            Effect::Opened => self.connections += 1,
            Effect::Closed => self.connections = self.connections.saturating_sub(1),
            Effect::RunBegan => self.runs += 1,
            Effect::RunEnded => self.runs = self.runs.saturating_sub(1),
        }
    }

    fn sample(&mut self, t_ns: u64, ready: &mut VecDeque<Record<'static>>) {
        let warm = (t_ns as f64 / (5 * SECOND) as f64).min(1.0);
        let memory =
            52e6 + warm * 6e6 + self.connections as f64 * 12_288.0 + self.rng.random_range(0.0..300_000.0);
        let lag = if self.paused && t_ns >= SECOND {
            self.paused = false;
            900.0
        } else {
            self.rng.random_range(0.05..1.4)
        };
        let samples = [
            ("scheduler_lag_ms", (lag * 1_000.0_f64).round() / 1_000.0),
            ("process_resident_memory_bytes", memory.round()),
            ("process_open_fds", 21.0 + self.connections as f64),
            ("goldenpath_connections", self.connections as f64),
            ("goldenpath_runs_active", self.runs as f64),
        ];
        for (name, value) in samples {
            let kind = RecordKind::Sample { name: Cow::Borrowed(name), value };
            ready.push_back(Record { t_ns, conn: None, user: None, kind });
        }
        self.last_ns = self.last_ns.max(t_ns);
    }
}
