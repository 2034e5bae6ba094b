//! A run event that arrives: its run, and how it stands to what came before on its connection and on any other.

use super::{Index, RunView, Sight, Terminal, hash_of};
use crate::event_view::{EventView, Field, fields_of};
use crate::observation::{Arrival, ConnIx, RequestIx, RunIx, UserIx};
use goldenpath_protocol::EventType;

/// Connections from this many on share one bit, which tells no repeats of an event.
const SIGHT_BITS: usize = 32;

impl Index {
    pub(super) fn arrive(
        &mut self,
        line: u64,
        t_ns: u64,
        event: &EventView<'_>,
        user: Option<UserIx>,
        conn: Option<ConnIx>,
    ) -> Option<Arrival> {
        let (user, conn) = (user?, conn?);
        let run_id = event.run_id.as_deref()?;
        let run = match self.run_named(run_id) {
            Some(known) => known,
            None => self.begin_by_event(line, t_ns, run_id, event, user),
        };
        let view_of_conn = self.conn(conn)?;
        let (replayed, joined_line) = (view_of_conn.replaying, view_of_conn.joined_line());
        // A reader that stalled may be as late as it likes.
        let slow = view_of_conn.stall.is_some();
        let head = view_of_conn.greeting.and_then(|greeting| greeting.offset);
        let owner = self.owner(run)?;
        let others_asked = self.user(owner).is_some_and(|user| user.asked);
        let request = self.request_of_event(event, run, owner);
        // An event that names another request than its run's is labelled wrongly, and answers nobody.
        let began = self.run(run).and_then(|view| view.request);
        if let Some(request) = request.filter(|request| began.is_none_or(|began| began == *request)) {
            self.link(run, request);
        }
        let request_line = self
            .run(run)
            .and_then(|view| view.request)
            .and_then(|request| self.request(request))
            .map(|request| request.line);
        let Some(view) = self.runs.get_mut(&run) else {
            return Some(Arrival {
                after_terminal: !replayed && !slow,
                settled: true,
                ..Arrival::of(run, owner != user, replayed)
            });
        };
        let from_start = match (view.sights.iter().find(|sight| sight.conn == conn), request_line) {
            (Some(sight), _) => sight.from_start,
            (None, Some(asked)) => joined_line < asked,
            // Nobody here asked for it: it may have begun before anybody here was there to see.
            (None, None) => joined_line < view.first_line && begins_here(event, head, others_asked),
        };
        let mut arrival = Arrival {
            from_start,
            before_request: request.is_none(),
            ..Arrival::of(run, owner != user, replayed)
        };
        if arrival.foreign {
            return Some(arrival);
        }
        if view.thread.is_none() {
            view.thread = event.text(Field::ThreadId).as_deref().map(Into::into);
        }
        if view.show(line, t_ns, event, conn, &mut arrival) {
            self.ended.push_back((run, t_ns));
        }
        Some(arrival)
    }

    /// Begins a run that is first heard of by one of its events, which may not be its owner's.
    fn begin_by_event(
        &mut self,
        line: u64,
        t_ns: u64,
        run_id: &str,
        event: &EventView<'_>,
        user: UserIx,
    ) -> RunIx {
        let request = event.request_id.as_deref().and_then(|id| {
            self.request_of(user, id).or_else(|| self.request_by_id.get(&hash_of(id)).copied())
        });
        let named = || event.text(Field::UserId).and_then(|name| self.user_named(&name));
        let owner =
            request.and_then(|request| self.request(request)).map(|request| request.user).or_else(named);
        self.begin(run_id, owner.unwrap_or(user), request, line, t_ns)
    }

    /// The request of the owner that the event names.
    fn request_of_event(&self, event: &EventView<'_>, run: RunIx, owner: UserIx) -> Option<RequestIx> {
        let id = event.request_id.as_deref()?;
        // Nearly always the one that the run is known by.
        let known = self.run(run).and_then(|view| view.request);
        let same = |known: &RequestIx| {
            self.request(*known).is_some_and(|request| request.user == owner && *request.id == *id)
        };
        known.filter(same).or_else(|| self.request_of(owner, id))
    }

    /// An event of the namespace `x.` says nothing here, but it may stand in the numbers of its run.
    pub(super) fn pass_over(&mut self, raw: &str, conn: Option<ConnIx>) {
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

impl Arrival {
    /// One of which nothing is known but its run and its reader.
    fn of(run: RunIx, foreign: bool, replayed: bool) -> Self {
        Self {
            run,
            foreign,
            first: false,
            repeated_here: false,
            replayed,
            from_start: false,
            after_terminal: false,
            before_request: false,
            settled: false,
            previous_seq: None,
        }
    }
}

impl RunView {
    /// Takes in an event that its owner got, and says in `arrival` what it repeats and follows. Whether the run ends by it.
    fn show(
        &mut self,
        line: u64,
        t_ns: u64,
        event: &EventView<'_>,
        conn: ConnIx,
        arrival: &mut Arrival,
    ) -> bool {
        let at = self.sight_at(line, conn, arrival.from_start);
        let bit = 1_u32 << at.min(SIGHT_BITS - 1);
        let shown_on = self.seen.entry(event_key(line, event)).or_insert(0);
        arrival.first = *shown_on == 0;
        arrival.repeated_here = *shown_on & bit != 0 && at < SIGHT_BITS - 1;
        *shown_on |= bit;
        let sight = &mut self.sights[at];
        arrival.previous_seq = sight.last_seq;
        arrival.after_terminal = sight.terminal.is_some();
        sight.follow(line, event, arrival.repeated_here);
        self.last_line = line;
        self.last_t_ns = t_ns;
        arrival.first && self.count_in(line, t_ns, event, arrival.replayed)
    }

    /// The place of what a connection saw of the run.
    fn sight_at(&mut self, line: u64, conn: ConnIx, from_start: bool) -> usize {
        self.sights.iter().position(|sight| sight.conn == conn).unwrap_or_else(|| {
            self.sights.push(Sight {
                conn,
                from_start,
                first_line: line,
                last_line: 0,
                previous_line: 0,
                last_seq: None,
                events: 0,
                terminal: None,
            });
            self.sights.len() - 1
        })
    }

    /// Counts an event that is seen for the first time. Whether the run ends by it.
    fn count_in(&mut self, line: u64, t_ns: u64, event: &EventView<'_>, replayed: bool) -> bool {
        if let Some(at) = EventType::ALL.iter().position(|kind| *kind == event.kind) {
            self.counts[at] = self.counts[at].saturating_add(1);
        }
        let ends = event.kind.is_terminal() && self.terminal.is_none();
        if ends {
            self.terminal = Some(Terminal {
                kind: event.kind,
                line,
                t_ns,
                replayed,
                seq: event.seq,
                event_count: event.fields.whole(Field::EventCount),
            });
        }
        ends
    }
}

impl Sight {
    fn follow(&mut self, line: u64, event: &EventView<'_>, repeated: bool) {
        self.previous_line = self.last_line;
        self.last_line = line;
        // What comes again does not take the numbering back.
        if !repeated {
            self.last_seq = event.seq.or(self.last_seq);
        }
        self.events = self.events.saturating_add(1);
        if event.kind.is_terminal() {
            self.terminal.get_or_insert(line);
        }
    }
}

/// What tells an event of a run from its others.
fn event_key(line: u64, event: &EventView<'_>) -> u64 {
    match (event.event_id.as_deref(), event.seq) {
        (Some(id), _) => hash_of((event.kind, id)),
        (None, seq) => hash_of((event.kind, seq, if seq.is_none() { line } else { 0 })),
    }
}
