//! What all checks share: who is who, which run belongs to which request, what each connection saw.
//!
//! One fold, fed before the checks. It keeps open runs whole and settled ones in tens of bytes.

mod arrival;
mod asking;
mod conn;
mod control;
mod lifetime;
mod presence;
mod request;
mod run;
mod trouble;

pub use conn::{Closed, ConnView, Greeting, Joined, Ordeal, Stall, UserView};
pub(crate) use request::fingerprint;
pub use request::{RequestView, reference_number};
pub use run::{Gap, RunView, SettledRun, Sight, Terminal};
pub use trouble::Trouble;

use crate::at_sight::AtSight;
use crate::by_run::ByRun;
use crate::clock::ClockBounds;
use crate::event_view::Seen;
use crate::observation::{Arrival, ConnIx, Observation, RequestIx, RunIx, UserIx};
use goldenpath_history::{Direction, Record, RecordKind};
use rustc_hash::{FxHashMap, FxHasher};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// Everything the checks share about a history so far.
#[derive(Debug, Default)]
pub struct Index {
    users: Vec<UserView>,
    user_by_name: FxHashMap<Box<str>, UserIx>,
    conns: Vec<ConnView>,
    conn_by_number: FxHashMap<u32, ConnIx>,
    requests: Vec<RequestView>,
    request_by_user: FxHashMap<u64, RequestIx>,
    request_by_id: FxHashMap<u64, RequestIx>,
    runs: FxHashMap<RunIx, RunView>,
    settled: ByRun<SettledRun>,
    run_by_id: FxHashMap<u64, RunIx>,
    ended: VecDeque<(RunIx, u64)>,
    /// Tables of settled runs, empty, for the runs that begin: one that grows costs more than all that is put in it.
    spare: Vec<FxHashMap<u64, u32>>,
    pings: FxHashMap<(ConnIx, u64), u64>,
    clock: ClockBounds,
    trouble: Trouble,
    t0_unix_ms: Option<f64>,
    first_t_ns: Option<u64>,
    last_t_ns: u64,
    last_line: u64,
    events: u64,
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = FxHasher::default();
    value.hash(&mut hasher);
    hasher.finish()
}

impl Index {
    /// An index of nothing yet; `t0_unix_ms` is the header's.
    #[must_use]
    pub fn new(t0_unix_ms: Option<f64>) -> Self {
        Self { t0_unix_ms, ..Self::default() }
    }

    /// A user.
    #[must_use]
    pub fn user(&self, user: UserIx) -> Option<&UserView> {
        self.users.get(user.0 as usize)
    }

    /// A user's name, for findings.
    #[must_use]
    pub fn user_name(&self, user: Option<UserIx>) -> &str {
        user.and_then(|user| self.user(user)).map_or("an unnamed user", |view| &view.name)
    }

    /// The user of that name.
    #[must_use]
    pub fn user_named(&self, name: &str) -> Option<UserIx> {
        self.user_by_name.get(name).copied()
    }

    /// Every user.
    pub fn users(&self) -> impl Iterator<Item = (UserIx, &UserView)> {
        (0..).map(UserIx).zip(&self.users)
    }

    /// A connection.
    #[must_use]
    pub fn conn(&self, conn: ConnIx) -> Option<&ConnView> {
        self.conns.get(conn.0 as usize)
    }

    /// Every connection.
    pub fn conns(&self) -> impl Iterator<Item = (ConnIx, &ConnView)> {
        (0..).map(ConnIx).zip(&self.conns)
    }

    /// A request.
    #[must_use]
    pub fn request(&self, request: RequestIx) -> Option<&RequestView> {
        self.requests.get(request.0 as usize)
    }

    /// Every request, in order.
    pub fn requests(&self) -> impl Iterator<Item = (RequestIx, &RequestView)> {
        (0..).map(RequestIx).zip(&self.requests)
    }

    /// The request of a user by its id.
    #[must_use]
    pub fn request_of(&self, user: UserIx, id: &str) -> Option<RequestIx> {
        self.request_by_user.get(&hash_of((user, id))).copied()
    }

    /// The request of a run that is not settled.
    #[must_use]
    pub fn request_of_run(&self, run: &RunView) -> Option<&RequestView> {
        self.request(run.request?)
    }

    /// A run that is not settled.
    #[must_use]
    pub fn run(&self, run: RunIx) -> Option<&RunView> {
        self.runs.get(&run)
    }

    /// What stayed of a settled run.
    #[must_use]
    pub fn settled(&self, run: RunIx) -> Option<&SettledRun> {
        self.settled.get(run)
    }

    /// The run of that id.
    #[must_use]
    pub fn run_named(&self, id: &str) -> Option<RunIx> {
        self.run_by_id.get(&hash_of(id)).copied()
    }

    /// The owner of a run, settled or not.
    #[must_use]
    pub fn owner(&self, run: RunIx) -> Option<UserIx> {
        self.run(run).map(|view| view.owner).or_else(|| self.settled(run).map(|view| view.owner))
    }

    /// How many runs there were.
    #[must_use]
    pub fn run_count(&self) -> usize {
        self.runs.len() + self.settled.len()
    }

    /// What is known of the server's clock.
    #[must_use]
    pub fn clock(&self) -> &ClockBounds {
        &self.clock
    }

    /// The client's wall clock at `t_ns` 0, Unix milliseconds.
    #[must_use]
    pub fn t0_unix_ms(&self) -> Option<f64> {
        self.t0_unix_ms
    }

    /// What was wrong with the looking itself.
    #[must_use]
    pub fn trouble(&self) -> &Trouble {
        &self.trouble
    }

    pub(crate) fn trouble_mut(&mut self) -> &mut Trouble {
        &mut self.trouble
    }

    /// When the first record was made.
    #[must_use]
    pub fn first_t_ns(&self) -> u64 {
        self.first_t_ns.unwrap_or(0)
    }

    /// When the last record was made.
    #[must_use]
    pub fn last_t_ns(&self) -> u64 {
        self.last_t_ns
    }

    /// The line of the last record.
    #[must_use]
    pub fn last_line(&self) -> u64 {
        self.last_line
    }

    /// Run events received by anybody, repeats included.
    #[must_use]
    pub fn events(&self) -> u64 {
        self.events
    }

    /// Connections of a user that are open now.
    pub fn live_conns(&self, user: UserIx) -> impl Iterator<Item = ConnIx> {
        let conns = self.user(user).map_or(&[][..], |view| &view.conns);
        conns.iter().copied().filter(|conn| self.conn(*conn).is_some_and(ConnView::live))
    }

    /// Takes in one record and says how it stands to earlier ones.
    pub(crate) fn take_in<'a>(
        &mut self,
        line: u64,
        record: &'a Record<'a>,
        at_sight: &'a AtSight<'a>,
    ) -> Observation<'a> {
        let seen = at_sight.seen.as_ref();
        self.first_t_ns.get_or_insert(record.t_ns);
        self.last_t_ns = self.last_t_ns.max(record.t_ns);
        self.last_line = line;
        let named = record.user.as_deref().map(|name| self.intern_user(name));
        let conn = record.conn.map(|number| self.intern_conn(number, named));
        let user = named.or_else(|| self.conn(conn?)?.user);
        let mut arrival = None;
        match &record.kind {
            RecordKind::Open { .. } => self.open(line, record, conn),
            RecordKind::Close { code, by, .. } => self.close(line, record.t_ns, conn, *code, *by),
            RecordKind::Request { .. } => self.ask(line, record, user, conn),
            RecordKind::Frame { dir: Direction::In, raw, .. } => {
                arrival = self.receive(line, record.t_ns, raw, seen, user, conn);
            }
            RecordKind::Frame { dir: Direction::Out, .. } => self.sent(line, record.t_ns, seen, user, conn),
            RecordKind::Fault { id, phase, .. } => self.trouble.fault(id, *phase),
            RecordKind::Lost { count, .. } => self.trouble.lose(*count),
            RecordKind::Mark { name, .. } => {
                self.trouble.mark(name);
                self.tried(line, record, conn);
            }
            RecordKind::Sample { .. } => {}
        }
        Observation { line, t_ns: record.t_ns, user, conn, record, seen, at_sight, arrival }
    }

    fn receive(
        &mut self,
        line: u64,
        t_ns: u64,
        raw: &str,
        seen: Option<&Seen<'_>>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) -> Option<Arrival> {
        if let Some(view) = self.conn_mut(conn) {
            view.frames += 1;
        }
        match seen? {
            Seen::Event(event) => {
                self.events += 1;
                return self.arrive(line, t_ns, event, user, conn);
            }
            Seen::Control(control) => self.control(line, t_ns, control, user, conn),
            Seen::Extension => self.pass_over(raw, conn),
            _ => {}
        }
        None
    }

    fn conn_mut(&mut self, conn: Option<ConnIx>) -> Option<&mut ConnView> {
        self.conns.get_mut(conn?.0 as usize)
    }

    fn user_mut(&mut self, user: UserIx) -> Option<&mut UserView> {
        self.users.get_mut(user.0 as usize)
    }

    fn request_mut(&mut self, request: RequestIx) -> Option<&mut RequestView> {
        self.requests.get_mut(request.0 as usize)
    }
}
