//! Continuity: a lost connection costs its user nothing.
//!
//! What is judged is the *passage*: from the connection that was left, over the point that the next one asked to go on
//! from, to what came on that one. A client that resumes knows what it had; the greeting says what it will get; the rest
//! must fit between the two without a hole and without a double, and the runs that were open must come to their ends.

mod epochs;
mod leg;
mod owed;
mod passage;
mod runs;
mod seams;
mod stored;

#[cfg(test)]
mod tests;

use crate::address::Address;
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, ControlView, EventView, Field, Seen, fields_of};
use crate::index::{Index, Joined};
use crate::judge::Terms;
use crate::observation::{Arrival, ConnIx, Observation, UserIx};
use crate::verdict::CheckResult;
pub(crate) use stored::Answer;

use epochs::Epochs;
use goldenpath_history::RecordKind;
use leg::{Left, Legs};
use owed::Sighting;
use passage::{Passage, Return};
use rustc_hash::FxHashMap;

/// The ids of this group, in the order of its tallies.
const IDS: &[&str] = &[
    "continuity/same-run",
    "continuity/no-gap",
    "continuity/no-double",
    "continuity/gap-signalled",
    "continuity/epoch",
    "continuity/terminal-arrives",
    "continuity/completed-replays",
];

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    let deadline_ms = terms.slo.limit("timing/whole-answer").filter(|_| terms.judge_timing);
    vec![Box::new(Continuity { deadline_ms, ..Continuity::default() })]
}

/// All passages of a history. Users who never resume cost one number per event.
#[derive(Debug, Default)]
struct Continuity {
    /// How long a run may take.
    deadline_ms: Option<f64>,
    legs: Legs,
    passages: Vec<Passage>,
    passage_of: FxHashMap<ConnIx, usize>,
    passages_of: FxHashMap<UserIx, Vec<usize>>,
    epochs: Epochs,
}

impl Check for Continuity {
    fn ids(&self) -> &'static [&'static str] {
        IDS
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Open { url: Some(url), .. } => {
                if let Some(conn) = seen.conn {
                    self.legs.leg(conn).asked = Address::read(url);
                }
            }
            RecordKind::Close { .. } => self.close(seen, index),
            RecordKind::Mark { name, note: Some(note) } if name == "store" => self.stored(seen, note, index),
            _ => {}
        }
        let Some(conn) = seen.conn else { return };
        match seen.seen {
            Some(Seen::Event(event)) => {
                if let Some(arrival) = seen.arrival.filter(|arrival| !arrival.foreign) {
                    self.arrive(seen, conn, event, arrival, index);
                }
            }
            Some(Seen::Control(control)) => match control.kind {
                ControlType::ConnectionEstablished => self.greet(seen, conn, control, index),
                ControlType::ReplayEnd => {
                    if let Some(passage) = self.passage(conn).filter(|passage| passage.replay_end.is_none()) {
                        passage.replay_end = Some(seen.line);
                        passage.replayed_to = control.fields.whole(Field::Offset);
                    }
                }
                _ => {}
            },
            Some(Seen::Extension) => {
                if let (Some(passage), Some(raw)) = (self.passage(conn), seen.raw())
                    && let Ok(fields) = fields_of(raw)
                {
                    passage.pass_over(&fields, seen.line, index);
                }
            }
            _ => {}
        }
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut tallies: [Tally; 7] = Default::default();
        let [same, gap, double, signalled, epoch, terminal, replays] = &mut tallies;
        for passage in &self.passages {
            let case = seams::Case { passage, index };
            seams::no_gap(&case).count(gap);
            seams::no_double(&case).count(double);
            seams::gap_signalled(&case).count(signalled);
            epochs::respected(&case).count(epoch);
            for owed in &passage.owed {
                let case = runs::Case { passage, owed, index, deadline_ms: self.deadline_ms };
                runs::same_run(&case).count(same);
                runs::terminal_arrives(&case).count(terminal);
                runs::completed_replays(&case).count(replays);
            }
        }
        self.epochs.judge(epoch, index);
        IDS.iter().zip(tallies).map(|(id, tally)| tally.into_result(id)).collect()
    }
}

impl Continuity {
    fn passage(&mut self, conn: ConnIx) -> Option<&mut Passage> {
        let at = self.passage_of.get(&conn)?;
        self.passages.get_mut(*at)
    }

    /// A connection is greeted; one that goes on where another left off begins a passage.
    fn greet(&mut self, seen: &Observation<'_>, conn: ConnIx, control: &ControlView<'_>, index: &Index) {
        let Some(greeting) = index.conn(conn).and_then(|view| view.greeting) else { return };
        let Some(user) = seen.user.filter(|_| greeting.line == seen.line) else { return };
        let epoch: Option<Box<str>> = control.fields.text(Field::Epoch).map(|epoch| (&*epoch).into());
        if let Some(epoch) = &epoch {
            self.epochs.greet(user, conn, epoch, greeting, index);
        }
        let leg = self.legs.leg(conn);
        leg.epoch.clone_from(&epoch);
        let asked = leg.asked.clone();
        if asked.point.is_none()
            && !asked.unreadable
            && !matches!(greeting.joined, Joined::Full | Joined::Failed)
        {
            return;
        }
        let before = self.legs.left_by(user, conn, &asked, index);
        let left = before.map(|before| self.left(before, index)).unwrap_or_default();
        if let Some(passage) = before.and_then(|before| self.passage(before)) {
            passage.followed = true;
        }
        let last_before = before.and_then(|before| self.legs.leg(before).last);
        let at = self.passages.len();
        let back = Return {
            user,
            conn,
            before,
            last_before,
            point: asked.point,
            unreadable: asked.unreadable,
            epoch,
            greeting,
        };
        self.passages.push(Passage::new(back, left, index));
        self.passage_of.insert(conn, at);
        self.passages_of.entry(user).or_default().push(at);
    }

    fn arrive(
        &mut self,
        seen: &Observation<'_>,
        conn: ConnIx,
        event: &EventView<'_>,
        arrival: Arrival,
        index: &Index,
    ) {
        if let Some(offset) = event.offset {
            self.legs.leg(conn).last = Some(offset);
        }
        if self.passages.is_empty() {
            return;
        }
        let sighting = Sighting { line: seen.line, t_ns: seen.t_ns };
        if event.kind.is_terminal() {
            let owner = index.owner(arrival.run);
            for at in owner.and_then(|owner| self.passages_of.get(&owner)).into_iter().flatten() {
                if let Some(owed) = self.passages[*at].owed_run(arrival.run) {
                    owed.ended.get_or_insert(sighting);
                }
            }
        }
        if let Some(passage) = self.passage(conn) {
            passage.arrive(event, arrival, sighting, index);
        }
    }

    /// Somebody asked the store for a run.
    fn stored(&mut self, seen: &Observation<'_>, note: &str, index: &Index) {
        let Some(passages) = seen.user.and_then(|user| self.passages_of.get(&user)) else { return };
        let asked = seen.at_sight.stored.get().as_deref();
        let Some(answer) = stored::Answer::read(note, asked) else { return };
        let Some(run) = index.run_named(&answer.run_id) else { return };
        for at in passages {
            if let Some(owed) = self.passages[*at].owed_run(run) {
                owed.read(&answer, Sighting { line: seen.line, t_ns: seen.t_ns });
            }
        }
    }

    fn close(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some(conn) = seen.conn else { return };
        let left = self.open_on(conn, index);
        let leg = self.legs.leg(conn);
        leg.left = left;
        leg.closed_line = seen.line;
    }

    /// What was open on a connection when it was left, or is now if nobody closed it.
    fn left(&mut self, conn: ConnIx, index: &Index) -> Vec<Left> {
        if self.legs.leg(conn).closed_line > 0 {
            return self.legs.leg(conn).left.clone();
        }
        self.open_on(conn, index)
    }

    fn open_on(&self, conn: ConnIx, index: &Index) -> Vec<Left> {
        let mut left = leg::open_runs(conn, index);
        let passage = self.passage_of.get(&conn).and_then(|at| self.passages.get(*at));
        for owed in passage.into_iter().flat_map(|passage| &passage.owed) {
            // What this connection itself still waited for.
            if owed.is_open() && !left.iter().any(|left| left.run == owed.left.run) {
                left.push(owed.left.clone());
            }
        }
        left
    }
}
