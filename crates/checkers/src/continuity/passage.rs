//! A passage: from the connection that was left to what came on the one that goes on.

use super::leg::Left;
use super::owed::{Owed, Sighting};
use crate::address::Point;
use crate::event_view::{EventView, Field, Fields};
use crate::holes::{Hole, Holes};
use crate::index::{Greeting, Index, Joined};
use crate::observation::{Arrival, ConnIx, RunIx, UserIx};
use goldenpath_protocol::EventType;

/// How long what was on its way may take before it is missing.
pub(super) const LAG_NS: u64 = 2_000_000_000;

/// What was left, and how it was asked to go on.
#[derive(Debug)]
pub(super) struct Return {
    pub(super) user: UserIx,
    pub(super) conn: ConnIx,
    /// The connection that was left, as far as known.
    pub(super) before: Option<ConnIx>,
    /// The last offset that one had shown.
    pub(super) last_before: Option<u64>,
    /// Where the client asked to go on.
    pub(super) point: Option<Point>,
    /// It asked from a point that is none.
    pub(super) unreadable: bool,
    /// The life of the log that the greeting told.
    pub(super) epoch: Option<Box<str>>,
    pub(super) greeting: Greeting,
}

/// One resume.
#[derive(Debug)]
pub(super) struct Passage {
    pub(super) back: Return,
    /// The offset after which everything is owed; none when nobody can know it.
    pub(super) from: Option<u64>,
    row: Holes,
    /// The first event that had come before, and how that shows.
    pub(super) double: Option<(u64, String)>,
    pub(super) doubles: u64,
    /// An event from before the head, although nothing was to be replayed: its line and offset.
    pub(super) early: Option<(u64, u64)>,
    pub(super) replay_end: Option<u64>,
    /// The offset that it told.
    pub(super) replayed_to: Option<u64>,
    pub(super) owed: Vec<Owed>,
    /// The first event of a run that nobody asked for.
    pub(super) unasked: Option<u64>,
    /// Another passage goes on from this one.
    pub(super) followed: bool,
}

impl Return {
    /// Whether the server promised to replay all that was missed.
    pub(super) fn full(&self) -> bool {
        self.greeting.joined == Joined::Full
    }

    /// Whether point and greeting speak of two lives of the log.
    pub(super) fn epochs_differ(&self) -> bool {
        matches!((&self.point, &self.epoch), (Some(point), Some(told)) if point.epoch != *told)
    }

    fn owes_after(&self) -> Option<u64> {
        let announced = || Some(self.greeting.offset?.saturating_sub(self.greeting.replay?));
        match self.greeting.joined {
            Joined::Failed => self.greeting.offset,
            _ if self.epochs_differ() || self.unreadable && !self.full() => None,
            // Who does not say from where is owed what was announced.
            _ => self.point.as_ref().map(|point| point.offset).or_else(announced),
        }
    }

    /// When the connection ended, or the history did.
    pub(super) fn end_t_ns(&self, index: &Index) -> u64 {
        let closed = index.conn(self.conn).and_then(|view| view.closed);
        closed.map_or(index.last_t_ns(), |closed| closed.t_ns)
    }

    /// The lines that any finding about it begins with: where it was left, asked for and greeted; 0 where nobody knows.
    pub(super) fn lines(&self, index: &Index) -> Vec<u64> {
        let left = self.before.and_then(|before| index.conn(before)?.closed).map_or(0, |closed| closed.line);
        let opened = index.conn(self.conn).map_or(0, |view| view.opened_line);
        vec![left, opened, self.greeting.line]
    }
}

impl Passage {
    pub(super) fn new(back: Return, left: Vec<Left>, index: &Index) -> Self {
        let from = back.owes_after();
        let greeted = Sighting { line: back.greeting.line, t_ns: back.greeting.t_ns };
        let owed = |left: Left| {
            let ended = match index.run(left.run) {
                Some(view) => view.terminal.map(|end| Sighting { line: end.line, t_ns: end.t_ns }),
                None => index.settled(left.run).and_then(|run| run.terminal).map(|_| greeted),
            };
            Owed::new(left, ended)
        };
        Self {
            back,
            from,
            row: Holes::from(from.map_or(1, |from| from.saturating_add(1))),
            double: None,
            doubles: 0,
            early: None,
            replay_end: None,
            replayed_to: None,
            owed: left.into_iter().map(owed).collect(),
            unasked: None,
            followed: false,
        }
    }

    pub(super) fn owed_run(&mut self, run: RunIx) -> Option<&mut Owed> {
        self.owed.iter_mut().find(|owed| owed.left.run == run)
    }

    /// A number of the stream came.
    fn row_came(&mut self, offset: u64, line: u64) {
        if self.from.is_some_and(|from| offset > from) {
            self.row.came(offset, line);
        }
    }

    /// An event of the namespace `x.` says nothing here, but it may stand in the numbers of its stream and of its run.
    pub(super) fn pass_over(&mut self, fields: &Fields<'_>, line: u64, index: &Index) {
        if let Some(offset) = fields.whole(Field::Offset) {
            self.row_came(offset, line);
        }
        let run = fields.text(Field::RunId).and_then(|id| index.run_named(&id));
        if let Some(owed) = run.and_then(|run| self.owed_run(run)) {
            owed.came(fields.whole(Field::Seq), line);
        }
    }

    pub(super) fn arrive(&mut self, event: &EventView<'_>, arrival: Arrival, at: Sighting, index: &Index) {
        if let Some(what) = self.came_before(event, arrival, index) {
            self.doubles += 1;
            self.double.get_or_insert((at.line, what));
        }
        if let Some(offset) = event.offset {
            let greeting = self.back.greeting;
            let refused = greeting.joined == Joined::Failed;
            if refused && greeting.offset.is_some_and(|head| offset <= head) {
                self.early.get_or_insert((at.line, offset));
            }
            self.row_came(offset, at.line);
        }
        self.follow(event, arrival, at, index);
    }

    /// How it shows that the client had this event already.
    fn came_before(&self, event: &EventView<'_>, arrival: Arrival, index: &Index) -> Option<String> {
        if self.back.greeting.joined == Joined::Failed {
            return None;
        }
        if let (Some(offset), Some(from)) = (event.offset, self.from) {
            if offset <= from {
                return Some(format!("offset {offset}, and it was resumed after offset {from}"));
            }
            if self.row.shown(offset) {
                return Some(format!("offset {offset} twice on the resumed connection"));
            }
            // A client may ask for an overlap.
            if self.back.last_before.is_none_or(|last| offset <= last) {
                return None;
            }
        } else if arrival.repeated_here {
            return Some("it came twice on the resumed connection".to_owned());
        }
        // Under a new number, or without one, its place in its run tells it.
        let (seq, shown) = (event.seq?, self.shown_before(arrival, index)?);
        (seq <= shown).then(|| format!("seq {seq}, and the run had been shown up to seq {shown} before"))
    }

    /// Up to which `seq` the connection before had shown a run.
    fn shown_before(&self, arrival: Arrival, index: &Index) -> Option<u64> {
        if let Some(owed) = self.owed.iter().find(|owed| owed.left.run == arrival.run) {
            return owed.left.seq;
        }
        let before = self.back.before?;
        let view = index.run(arrival.run)?;
        let sight = view.sights.iter().find(|sight| sight.conn == before)?;
        // One that stands beside this one shows what this one shows.
        sight.terminal.filter(|end| *end < self.back.greeting.line).and(sight.last_seq)
    }

    /// What an event says about the runs that were open.
    fn follow(&mut self, event: &EventView<'_>, arrival: Arrival, at: Sighting, index: &Index) {
        let starts = event.kind == EventType::AgentStarted && event.fields.raw(Field::ParentAgent).is_none();
        if let Some(owed) = self.owed_run(arrival.run) {
            if starts && arrival.first && owed.left.seq.is_some() {
                let how = || (at.line, "it began once more, with a new `agent_started`".to_owned());
                owed.restarted.get_or_insert_with(how);
            }
            owed.back.get_or_insert(at);
            owed.came(event.seq, at.line);
            owed.live |= !arrival.replayed;
            if event.kind.is_terminal() {
                owed.terminal.get_or_insert((at.line, arrival.replayed));
            }
            return;
        }
        let begun_here = |view: &&crate::index::RunView| view.first_line > self.back.greeting.line;
        let Some(view) = index.run(arrival.run).filter(begun_here) else { return };
        match view.request {
            Some(request) => {
                let how = || (at.line, format!("run `{}` began in its place, for the same request", view.id));
                if let Some(owed) = self.owed.iter_mut().find(|owed| owed.left.request == Some(request)) {
                    owed.restarted.get_or_insert_with(how);
                }
            }
            None if index.user(self.back.user).is_some_and(|user| user.asked) => {
                self.unasked.get_or_insert(at.line);
            }
            None => {}
        }
    }

    /// Whether the events go on behind this offset.
    pub(super) fn shown_beyond(&self, offset: u64) -> bool {
        self.from.is_some() && self.row.next() > offset.saturating_add(1)
    }

    /// What is missing where before, replay and live should meet.
    pub(super) fn seam(&self, index: &Index) -> Option<Hole> {
        self.from?;
        let greeting = self.back.greeting;
        // Later holes are any connection's.
        let met = greeting.offset.map(|head| head.saturating_add(1));
        let between = |hole: &&Hole| met.is_none_or(|met| hole.from <= met);
        let first = self.row.missing().iter().filter(between).min_by_key(|hole| hole.from).copied();
        let waited = self.back.end_t_ns(index).saturating_sub(greeting.t_ns) >= LAG_NS;
        let tail = || {
            let head = greeting.offset.filter(|head| self.row.next() <= *head)?;
            let line = self.replay_end.or(waited.then_some(greeting.line))?;
            Some(Hole {
                from: self.row.next(),
                to: head.saturating_add(1),
                line,
                before: self.row.highest_line(),
            })
        };
        first.or_else(tail)
    }
}
