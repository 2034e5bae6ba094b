//! What all checks share: who is who, which run belongs to which request, what each connection saw.
//!
//! One fold, fed before the checks. It keeps open runs whole and settled ones in tens of bytes.

mod conn;
mod request;
mod run;
mod trouble;

pub use conn::{Closed, ConnView, Greeting, Joined, UserView};
pub use request::{RequestView, reference_number};
pub use run::{Gap, RunView, SettledRun, Sight, Terminal};
pub use trouble::Trouble;

use crate::clock::ClockBounds;
use crate::event_view::{ControlType, ControlView, EventView, Field, Seen, fields_of};
use crate::instant::unix_ms_of;
use crate::observation::{Arrival, ConnIx, Observation, RequestIx, RunIx, UserIx, ms};
use goldenpath_history::{ClosedBy, Direction, Record, RecordKind};
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHasher};
use std::collections::VecDeque;
use std::hash::{Hash, Hasher};

/// How long after its terminal a run is kept whole, for other tabs that are still catching up.
const SETTLE_NS: u64 = 10_000_000_000;

/// Tables kept for runs that begin, and how long one may be.
const SPARE: usize = 256;
const SPARE_LENGTH: usize = 256;

/// Connections from this many on share one bit, which tells no repeats of an event.
const SIGHT_BITS: usize = 32;

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
    settled: FxHashMap<RunIx, SettledRun>,
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

/// Whether a run that nobody here asked for began while this connection was there, by its first event on it. `head` is
/// where the stream stood when it joined.
fn begins_here(event: &EventView<'_>, head: Option<u64>, others_asked: bool) -> bool {
    match (event.seq, event.offset, head) {
        // More events of the run than the stream has had since then.
        (Some(seq), Some(offset), Some(head)) if seq > offset.saturating_sub(head) => false,
        // Where requests are recorded, a run without one was asked for elsewhere.
        (Some(seq), ..) => seq <= 1 || !others_asked,
        (None, ..) => true,
    }
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
        self.settled.get(&run)
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
        seen: Option<&'a Seen<'a>>,
    ) -> Observation<'a> {
        self.first_t_ns.get_or_insert(record.t_ns);
        self.last_t_ns = self.last_t_ns.max(record.t_ns);
        self.last_line = line;
        let named = record.user.as_deref().map(|name| self.intern_user(name));
        let conn = record.conn.map(|number| self.intern_conn(number, named));
        let user = named.or_else(|| self.conn(conn?)?.user);
        let mut seen_as = Observation { line, t_ns: record.t_ns, user, conn, record, seen, arrival: None };
        match &record.kind {
            RecordKind::Open { status, intended_t_ns, credential, .. } => {
                let probe = credential.as_deref().is_some_and(|case| case != "valid");
                if !probe {
                    self.trouble.target_down = status.is_none();
                }
                if let Some(view) = conn.and_then(|conn| self.conns.get_mut(conn.0 as usize)) {
                    view.opened_line = line;
                    view.opened_t_ns = record.t_ns;
                    view.intended_t_ns = *intended_t_ns;
                    view.status = *status;
                    view.probe = probe;
                    view.closed = None;
                }
            }
            RecordKind::Close { code, by, .. } => self.close(line, record.t_ns, conn, *code, *by),
            RecordKind::Request { .. } => self.ask(line, record, user, conn),
            RecordKind::Frame { dir: Direction::In, raw, .. } => {
                if let Some(view) = conn.and_then(|conn| self.conns.get_mut(conn.0 as usize)) {
                    view.frames += 1;
                }
                match seen {
                    Some(Seen::Event(event)) => {
                        self.events += 1;
                        seen_as.arrival = self.arrive(line, record.t_ns, event, user, conn);
                    }
                    Some(Seen::Control(control)) => self.control(line, record.t_ns, control, user, conn),
                    Some(Seen::Extension) => self.pass_over(raw, conn),
                    _ => {}
                }
            }
            RecordKind::Frame { dir: Direction::Out, .. } => self.sent(line, record.t_ns, seen, user, conn),
            RecordKind::Fault { id, phase, .. } => self.trouble.fault(id, *phase),
            RecordKind::Lost { count, .. } => {
                self.trouble.lost = self.trouble.lost.saturating_add((*count).max(1));
                // Nobody says where they are missing.
                self.trouble.first_hole = Some(1);
            }
            RecordKind::Mark { name, .. } => match name.as_ref() {
                "timed_out" => self.trouble.timed_out = true,
                "interrupted" => self.trouble.cut = true,
                _ => {}
            },
            RecordKind::Sample { .. } => {}
        }
        seen_as
    }

    /// The next run that ended long enough before `now_ns`.
    pub(crate) fn next_to_settle(&mut self, now_ns: u64) -> Option<RunIx> {
        let (run, ended) = *self.ended.front()?;
        if now_ns.saturating_sub(ended) < SETTLE_NS {
            return None;
        }
        self.ended.pop_front();
        Some(run)
    }

    /// Runs that are not settled, in the order of first sight.
    pub(crate) fn unsettled(&self) -> Vec<RunIx> {
        let mut left: Vec<RunIx> = self.runs.keys().copied().collect();
        left.sort_unstable();
        left
    }

    /// Forgets a run but for what stays.
    pub(crate) fn settle(&mut self, run: RunIx) {
        let Some(mut view) = self.runs.remove(&run) else { return };
        if let Some(user) = self.users.get_mut(view.owner.0 as usize) {
            user.open_runs.retain(|open| *open != run);
        }
        if let Some(request) = view.request.and_then(|request| self.requests.get_mut(request.0 as usize)) {
            request.id = Box::default();
            request.scenario = Box::default();
            request.prompt = None;
        }
        if view.seen.capacity() <= SPARE_LENGTH && self.spare.len() < SPARE {
            view.seen.clear();
            self.spare.push(std::mem::take(&mut view.seen));
        }
        let kept = SettledRun {
            owner: view.owner,
            request: view.request,
            terminal: view.terminal.map(|terminal| (terminal.kind, terminal.line)),
            events: view.events(),
        };
        self.settled.insert(run, kept);
    }

    fn intern_user(&mut self, name: &str) -> UserIx {
        if let Some(known) = self.user_by_name.get(name) {
            return *known;
        }
        let user = UserIx(u32::try_from(self.users.len()).unwrap_or(u32::MAX));
        self.users.push(UserView {
            name: name.into(),
            conns: Vec::new(),
            open_runs: Vec::new(),
            asked: false,
            gap: None,
        });
        self.user_by_name.insert(name.into(), user);
        user
    }

    fn intern_conn(&mut self, number: u32, user: Option<UserIx>) -> ConnIx {
        let conn = *self.conn_by_number.entry(number).or_insert_with(|| {
            self.conns.push(ConnView::default());
            ConnIx(u32::try_from(self.conns.len() - 1).unwrap_or(u32::MAX))
        });
        if let (Some(user), Some(view)) = (user, self.conns.get_mut(conn.0 as usize))
            && view.user.is_none()
        {
            view.user = Some(user);
            if let Some(owner) = self.users.get_mut(user.0 as usize) {
                owner.conns.push(conn);
            }
        }
        conn
    }

    fn close(&mut self, line: u64, t_ns: u64, conn: Option<ConnIx>, code: Option<u16>, by: ClosedBy) {
        if let Some(view) = conn.and_then(|conn| self.conns.get_mut(conn.0 as usize)) {
            view.closed = Some(Closed { line, t_ns, code, by });
            view.replaying = false;
        }
    }

    fn ask(&mut self, line: u64, record: &Record<'_>, user: Option<UserIx>, conn: Option<ConnIx>) {
        let RecordKind::Request { request_id, intended_t_ns, scenario, reference, prompt, expect } =
            &record.kind
        else {
            return;
        };
        let Some(user) = user else { return };
        let key = hash_of((user, &**request_id));
        if let Some(known) =
            self.request_by_user.get(&key).and_then(|at| self.requests.get_mut(at.0 as usize))
        {
            known.attempts = known.attempts.saturating_add(1);
            return;
        }
        let request = RequestIx(u32::try_from(self.requests.len()).unwrap_or(u32::MAX));
        self.requests.push(RequestView {
            user,
            conn,
            id: (&**request_id).into(),
            line,
            t_ns: record.t_ns,
            intended_t_ns: *intended_t_ns,
            scenario: (&**scenario).into(),
            reference: reference.as_deref().and_then(reference_number),
            prompt: prompt.as_deref().map(Into::into),
            expect: expect.clone(),
            attempts: 1,
            run: None,
            accepted_line: None,
            refused_line: None,
        });
        self.request_by_user.insert(key, request);
        if let Some(view) = self.users.get_mut(user.0 as usize) {
            view.asked = true;
        }
        self.request_by_id.entry(hash_of(&**request_id)).or_insert(request);
    }

    fn sent(
        &mut self,
        line: u64,
        t_ns: u64,
        seen: Option<&Seen<'_>>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) {
        let Some(Seen::Sent(frame)) = seen else { return };
        match frame.kind.as_deref() {
            Some("ping") => {
                if let (Some(conn), Some(n)) = (conn, frame.fields.whole(Field::N)) {
                    self.pings.insert((conn, n), t_ns);
                }
            }
            Some("cancel") => {
                let run = frame.fields.text(Field::RunId).and_then(|id| self.run_named(&id));
                if let Some(view) = run.and_then(|run| self.runs.get_mut(&run))
                    && Some(view.owner) == user
                {
                    view.cancel_line.get_or_insert(line);
                    view.cancel_t_ns.get_or_insert(t_ns);
                }
            }
            _ => {}
        }
    }

    fn control(
        &mut self,
        line: u64,
        t_ns: u64,
        frame: &ControlView<'_>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) {
        match frame.kind {
            ControlType::ConnectionEstablished => {
                let asked = self.conn_of(conn).and_then(|view| view.intended_t_ns);
                self.read_clock(frame, asked, t_ns);
                self.greet(line, t_ns, frame, user, conn);
            }
            ControlType::ReplayEnd => {
                if let Some(view) = conn.and_then(|conn| self.conns.get_mut(conn.0 as usize)) {
                    view.replaying = false;
                }
            }
            ControlType::Pong => {
                let asked = conn
                    .zip(frame.fields.whole(Field::N))
                    .and_then(|(conn, n)| self.pings.remove(&(conn, n)));
                self.read_clock(frame, asked, t_ns);
            }
            ControlType::RequestAccepted => self.accept(line, t_ns, frame, user),
            ControlType::Error => {
                let request = frame
                    .fields
                    .text(Field::RequestId)
                    .zip(user)
                    .and_then(|(id, user)| self.request_of(user, &id));
                if let Some(view) = request.and_then(|request| self.requests.get_mut(request.0 as usize)) {
                    view.refused_line.get_or_insert(line);
                }
            }
            ControlType::Heartbeat | ControlType::TokenRefreshed | ControlType::Closing => {}
        }
    }

    fn conn_of(&self, conn: Option<ConnIx>) -> Option<&ConnView> {
        self.conn(conn?)
    }

    fn read_clock(&mut self, frame: &ControlView<'_>, asked_t_ns: Option<u64>, t_ns: u64) {
        let server = frame.fields.text(Field::ServerTime).and_then(|text| unix_ms_of(&text));
        if let Some(server) = server {
            self.clock.narrow(server, asked_t_ns.map(ms), ms(t_ns));
        }
    }

    fn greet(
        &mut self,
        line: u64,
        t_ns: u64,
        frame: &ControlView<'_>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) {
        let joined = match frame.fields.text(Field::Recovered).as_deref() {
            Some("fresh") => Joined::Fresh,
            Some("full") => Joined::Full,
            Some("failed") => Joined::Failed,
            _ => Joined::Unknown,
        };
        if let Some(view) = conn.and_then(|conn| self.conns.get_mut(conn.0 as usize))
            && view.greeting.is_none()
        {
            view.replaying = joined == Joined::Full;
            view.greeting = Some(Greeting {
                line,
                t_ns,
                joined,
                offset: frame.fields.whole(Field::Offset),
                replay: frame.fields.whole(Field::Replay),
            });
        }
        let Some(user) = user else { return };
        let alone = !self.live_conns(user).any(|other| Some(other) != conn);
        let gap = match joined {
            Joined::Failed => Gap::Signalled { line },
            Joined::Fresh | Joined::Unknown if alone => Gap::NotAsked { line },
            _ => return,
        };
        let Some(view) = self.users.get_mut(user.0 as usize) else { return };
        view.gap = Some(gap);
        let open = view.open_runs.clone();
        for run in open {
            if let Some(view) = self.runs.get_mut(&run)
                && view.terminal.is_none()
            {
                view.gap.get_or_insert(gap);
            }
        }
    }

    fn accept(&mut self, line: u64, t_ns: u64, frame: &ControlView<'_>, user: Option<UserIx>) {
        let (Some(user), Some(run_id)) = (user, frame.fields.text(Field::RunId)) else { return };
        let request = frame.fields.text(Field::RequestId).and_then(|id| self.request_of(user, &id));
        let thread = frame.fields.text(Field::ThreadId);
        let run = match self.run_named(&run_id) {
            Some(known) => known,
            None => self.begin(&run_id, user, request, thread.as_deref(), line, t_ns),
        };
        if let Some(request) = request {
            self.link(run, request);
            if let Some(view) = self.requests.get_mut(request.0 as usize) {
                view.accepted_line.get_or_insert(line);
            }
        }
    }

    fn link(&mut self, run: RunIx, request: RequestIx) {
        if let Some(view) = self.runs.get_mut(&run) {
            view.request.get_or_insert(request);
        }
        if let Some(view) = self.requests.get_mut(request.0 as usize) {
            view.run.get_or_insert(run);
        }
    }

    fn begin(
        &mut self,
        id: &str,
        owner: UserIx,
        request: Option<RequestIx>,
        thread: Option<&str>,
        line: u64,
        t_ns: u64,
    ) -> RunIx {
        let run = RunIx(u32::try_from(self.run_by_id.len()).unwrap_or(u32::MAX));
        self.run_by_id.insert(hash_of(id), run);
        // Asked for before the gap, heard of after it: what it showed in between is in the gap too.
        let asked_line = request.and_then(|request| self.request(request)).map(|request| request.line);
        let gap = self
            .user(owner)
            .and_then(|user| user.gap)
            .filter(|gap| asked_line.is_some_and(|asked| asked < gap.line()));
        let seen = self.spare.pop().unwrap_or_default();
        self.runs.insert(
            run,
            RunView {
                id: id.into(),
                owner,
                request,
                thread: thread.map(Into::into),
                first_line: line,
                first_t_ns: t_ns,
                last_line: line,
                last_t_ns: t_ns,
                terminal: None,
                counts: [0; EventType::ALL.len()],
                sights: Vec::new(),
                gap,
                extensions: 0,
                cancel_line: None,
                cancel_t_ns: None,
                seen,
            },
        );
        if let Some(user) = self.users.get_mut(owner.0 as usize) {
            user.open_runs.push(run);
        }
        run
    }

    /// An event of the namespace `x.` says nothing here, but it may stand in the numbers of its run.
    fn pass_over(&mut self, raw: &str, conn: Option<ConnIx>) {
        let Ok(fields) = fields_of(raw) else { return };
        let (Some(conn), Some(seq)) = (conn, fields.whole(Field::Seq)) else { return };
        let run = fields.text(Field::RunId).and_then(|id| self.run_named(&id));
        let Some(view) = run.and_then(|run| self.runs.get_mut(&run)) else { return };
        if let Some(sight) = view.sights.iter_mut().find(|sight| sight.conn == conn)
            && sight.last_seq.is_some_and(|last| seq == last.saturating_add(1))
        {
            sight.last_seq = Some(seq);
        }
        if view.seen.insert(hash_of(("x.", seq)), 0).is_none() {
            view.extensions = view.extensions.saturating_add(1);
        }
    }

    fn arrive(
        &mut self,
        line: u64,
        t_ns: u64,
        event: &EventView<'_>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) -> Option<Arrival> {
        let (user, conn) = (user?, conn?);
        let run_id = event.run_id.as_deref()?;
        let asked = |owner: UserIx| event.request_id.as_deref().and_then(|id| self.request_of(owner, id));
        let run = match self.run_named(run_id) {
            Some(known) => known,
            None => {
                let request = asked(user).or_else(|| {
                    let id = event.request_id.as_deref()?;
                    self.request_by_id.get(&hash_of(id)).copied()
                });
                let named = || event.text(Field::UserId).and_then(|name| self.user_named(&name));
                let owner = request
                    .and_then(|request| self.request(request))
                    .map(|request| request.user)
                    .or_else(named);
                let thread = event.text(Field::ThreadId);
                self.begin(run_id, owner.unwrap_or(user), request, thread.as_deref(), line, t_ns)
            }
        };
        let view_of_conn = self.conn(conn)?;
        let (replayed, joined_line) = (view_of_conn.replaying, view_of_conn.joined_line());
        let head = view_of_conn.greeting.and_then(|greeting| greeting.offset);
        let owner = self.owner(run)?;
        let others_asked = self.user(owner).is_some_and(|user| user.asked);
        let request = event.request_id.as_deref().and_then(|id| {
            // Nearly always the one that the run is known by.
            let known = self.run(run).and_then(|view| view.request);
            let same = |known: &RequestIx| {
                self.request(*known).is_some_and(|request| request.user == owner && *request.id == *id)
            };
            known.filter(same).or_else(|| self.request_of(owner, id))
        });
        if let Some(request) = request {
            self.link(run, request);
        }
        let before_request = request.is_none();
        let foreign = owner != user;
        let request_line = self
            .run(run)
            .and_then(|view| view.request)
            .and_then(|request| self.request(request))
            .map(|request| request.line);
        let Some(view) = self.runs.get_mut(&run) else {
            return Some(Arrival {
                run,
                foreign,
                first: false,
                repeated_here: false,
                replayed,
                from_start: false,
                after_terminal: !replayed,
                before_request: false,
                settled: true,
                previous_seq: None,
            });
        };
        let from_start = match request_line {
            Some(asked) => joined_line < asked,
            // Nobody here asked for it: it may have begun before anybody here was there to see.
            None => view.sights.iter().find(|sight| sight.conn == conn).map_or_else(
                || joined_line < view.first_line && begins_here(event, head, others_asked),
                |sight| sight.from_start,
            ),
        };
        let mut arrival = Arrival {
            run,
            foreign,
            first: false,
            repeated_here: false,
            replayed,
            from_start,
            after_terminal: false,
            before_request,
            settled: false,
            previous_seq: None,
        };
        if foreign {
            return Some(arrival);
        }
        let at = match view.sights.iter().position(|sight| sight.conn == conn) {
            Some(at) => at,
            None => {
                view.sights.push(Sight {
                    conn,
                    from_start,
                    first_line: line,
                    last_line: 0,
                    previous_line: 0,
                    first_seq: event.seq,
                    last_seq: None,
                    events: 0,
                    terminal: None,
                });
                view.sights.len() - 1
            }
        };
        let bit = 1_u32 << at.min(SIGHT_BITS - 1);
        let key = match (event.event_id.as_deref(), event.seq) {
            (Some(id), _) => hash_of(id),
            (None, seq) => hash_of((event.kind, seq, if seq.is_none() { line } else { 0 })),
        };
        let shown_on = view.seen.entry(key).or_insert(0);
        arrival.first = *shown_on == 0;
        arrival.repeated_here = *shown_on & bit != 0 && at < SIGHT_BITS - 1;
        *shown_on |= bit;
        let sight = &mut view.sights[at];
        arrival.previous_seq = sight.last_seq;
        arrival.after_terminal = sight.terminal.is_some();
        sight.previous_line = sight.last_line;
        sight.last_line = line;
        sight.last_seq = event.seq.or(sight.last_seq);
        sight.events = sight.events.saturating_add(1);
        if event.kind.is_terminal() {
            sight.terminal.get_or_insert(line);
        }
        view.last_line = line;
        view.last_t_ns = t_ns;
        if arrival.first {
            if let Some(at) = EventType::ALL.iter().position(|kind| *kind == event.kind) {
                view.counts[at] = view.counts[at].saturating_add(1);
            }
            if event.kind.is_terminal() && view.terminal.is_none() {
                view.terminal = Some(Terminal {
                    kind: event.kind,
                    line,
                    t_ns,
                    replayed,
                    seq: event.seq,
                    event_count: event.fields.whole(Field::EventCount),
                });
                self.ended.push_back((run, t_ns));
            }
        }
        Some(arrival)
    }
}
