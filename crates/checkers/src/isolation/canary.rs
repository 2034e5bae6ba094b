//! Canaries: the reference in each prompt, the ids of each user's runs and the names in their data, in what anybody
//! else received.
//!
//! Judged by content, whatever the labels say. References are searched in every frame, encoded too. Ids
//! are searched in all frames but deltas, as whole words, and only such as no two users can have by chance.
//! Names are searched in what people read.

use super::hidden::Form;
use super::names::Names;
use super::pieces::Pieces;
use super::traces::{Traces, hash_of, unlikely_twice};
use super::whose::Whose;
use crate::check::{Check, Tally};
use crate::event_view::Seen;
use crate::evidence::around;
use crate::index::{Index, RunView, reference_number};
use crate::observation::{Observation, RunIx, UserIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{Direction, RecordKind};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// References nobody had sent yet when they were seen; more than this many are not remembered.
const STRANGERS_KEPT: usize = 10_000;

/// Places for ids that are known to be no other's.
const HARMLESS: usize = 2_048;

/// Bits for claimed ids: a few for each of a long session.
const CLAIMED: usize = 1 << 21;

/// A reference that was seen before anybody sent it.
#[derive(Debug)]
struct Stranger {
    number: u128,
    user: UserIx,
    line: u64,
    form: Form,
    excerpt: Box<str>,
}

/// Judges `isolation/canary`.
#[derive(Debug, Default)]
pub(super) struct Canary {
    tally: Tally,
    /// Whose reference.
    references: FxHashMap<u128, Whose>,
    ids: Ids,
    names: Names,
    pieces: Pieces,
    strangers: Vec<Stranger>,
}

/// Whose id, by its hash. A frame is full of ids, nearly all of them of its own user or never seen before: two small
/// tables know most of those without a look into the large one.
#[derive(Debug)]
struct Ids {
    whose: FxHashMap<u64, Whose>,
    /// Ids lately found to be no other's than this user's. Whose an id is once, it is nobody else's ever.
    harmless: Vec<(u64, UserIx)>,
    /// A bit for each claimed id, which others may share: where there is none, nobody claimed it.
    claimed: Vec<u64>,
}

impl Default for Ids {
    fn default() -> Self {
        Self {
            whose: FxHashMap::default(),
            harmless: vec![(0, UserIx(u32::MAX)); HARMLESS],
            claimed: vec![0; CLAIMED / 64],
        }
    }
}

impl Ids {
    fn claim(&mut self, id: &str, user: UserIx, line: u64) {
        let hash = hash_of(id);
        let (word, bit) = claimed_at(hash);
        self.claimed[word] |= bit;
        claim(&mut self.whose, hash, user, line);
    }

    /// Claims an id that nobody did.
    fn claim_first(&mut self, id: &str, user: UserIx, line: u64) {
        let hash = hash_of(id);
        if self.harmless[harmless_at(hash)] == (hash, user) {
            return;
        }
        if !self.whose.contains_key(&hash) {
            self.claim(id, user, line);
        }
    }

    /// Whose id this is, if it is another's than `user`'s, and where they claimed it.
    fn of_another(&mut self, hash: u64, user: UserIx) -> Option<(UserIx, u64)> {
        let at = harmless_at(hash);
        let (word, bit) = claimed_at(hash);
        if self.harmless[at] == (hash, user) || self.claimed[word] & bit == 0 {
            return None;
        }
        match self.whose.get(&hash)?.owner() {
            Some((owner, line)) if owner != user => Some((owner, line)),
            _ => {
                self.harmless[at] = (hash, user);
                None
            }
        }
    }
}

#[allow(clippy::cast_possible_truncation, reason = "a part of a hash is a hash")]
fn harmless_at(hash: u64) -> usize {
    hash as usize % HARMLESS
}

#[allow(clippy::cast_possible_truncation, reason = "a part of a hash is a hash")]
fn claimed_at(hash: u64) -> (usize, u64) {
    ((hash >> 32) as usize % (CLAIMED / 64), 1 << (hash >> 20 & 63))
}

impl Check for Canary {
    fn ids(&self) -> &'static [&'static str] {
        &["isolation/canary"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.names.observe(seen);
        match (&seen.record.kind, seen.user) {
            (RecordKind::Request { reference, request_id, .. }, Some(user)) => {
                if let Some(number) = reference.as_deref().and_then(reference_number) {
                    claim(&mut self.references, number, user, seen.line);
                }
                self.claim_id(request_id, user, seen.line);
            }
            (RecordKind::Frame { dir: Direction::In, raw, .. }, Some(user)) => {
                self.claim_labels(seen, user);
                self.search(seen.at_sight.traces.get(), raw, user, seen.line, index);
                if let Some(whole) = self.pieces.take_in(seen) {
                    self.search_whole(&whole, user, seen.line, index);
                }
            }
            // What a store answered reached its user as well.
            (RecordKind::Mark { name, note: Some(note) }, Some(user)) if name == "store" => {
                self.search(seen.at_sight.traces.get(), note, user, seen.line, index);
            }
            (
                RecordKind::Close { reason: Some(text), .. } | RecordKind::Open { body: Some(text), .. },
                Some(user),
            ) => self.search_whole(text, user, seen.line, index),
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        // A run that never ended left nothing that its pieces could be compared with.
        if let Some(whole) = self.pieces.left(run) {
            self.search_whole(&whole, view.owner, view.last_line, index);
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        for stranger in std::mem::take(&mut self.strangers) {
            if let Some((owner, own_line)) =
                self.references.get(&stranger.number).and_then(|whose| whose.owner())
                && owner != stranger.user
            {
                let what = format!("the reference of a prompt, {}", stranger.form.as_str());
                let leak = Leak { what, owner, own_line, to: stranger.user, line: stranger.line };
                self.tally.note(|| leak.finding(index, stranger.excerpt.into()));
            }
        }
        self.names.judge(&mut self.tally, index);
        vec![self.tally.into_result("isolation/canary")]
    }
}

/// One user's content in another's frame.
struct Leak {
    what: String,
    owner: UserIx,
    own_line: u64,
    to: UserIx,
    line: u64,
}

impl Leak {
    fn finding(self, index: &Index, excerpt: String) -> Finding {
        let (owner, to) = (index.user_name(Some(self.owner)), index.user_name(Some(self.to)));
        Finding {
            summary: format!("user `{to}` received content of user `{owner}`: {}", self.what),
            expected: "no user's content anywhere in another's frames, plain or encoded".to_owned(),
            observed: excerpt,
            records: if self.own_line < self.line {
                vec![self.own_line, self.line]
            } else {
                vec![self.line, self.own_line]
            },
            witness: None,
        }
    }
}

impl Canary {
    fn claim_id(&mut self, id: &str, user: UserIx, line: u64) {
        if unlikely_twice(id) {
            self.ids.claim(id, user, line);
        }
    }

    /// What an event's own labels name is its user's, unless it was another's before.
    fn claim_labels(&mut self, seen: &Observation<'_>, user: UserIx) {
        let Some(Seen::Event(event)) = seen.seen else { return };
        if event.kind == EventType::ResponseDelta || seen.arrival.is_some_and(|arrival| arrival.foreign) {
            return;
        }
        let thread = event.fields.text(crate::event_view::Field::ThreadId);
        for id in [event.run_id.as_deref(), thread.as_deref()].into_iter().flatten() {
            // The first user to show an id in an own label owns it; requests own theirs before.
            if unlikely_twice(id) {
                self.ids.claim_first(id, user, seen.line);
            }
        }
    }

    /// Searches what a user received at this line.
    fn search(&mut self, traces: &Traces<'_>, raw: &str, user: UserIx, at_line: u64, index: &Index) {
        let mut leak = None;
        for &(number, form, at) in &traces.references {
            match self.references.get(&number).map(|whose| whose.owner()) {
                Some(Some((owner, line))) if owner != user => {
                    leak.get_or_insert_with(|| {
                        (format!("the reference of a prompt, {}", form.as_str()), owner, line, at)
                    });
                }
                None if self.strangers.len() < STRANGERS_KEPT => {
                    let excerpt = around(raw, at).into();
                    self.strangers.push(Stranger { number, user, line: at_line, form, excerpt });
                }
                _ => {}
            }
        }
        if leak.is_none() {
            leak = traces.ids.iter().find_map(|id| {
                let (owner, line) = self.ids.of_another(id.hash, user)?;
                Some((format!("its id `{}`", id.word), owner, line, id.at))
            });
        }
        match leak {
            None => self.tally.kept(),
            Some((what, owner, own_line, at)) => {
                let leak = Leak { what, owner, own_line, to: user, line: at_line };
                self.tally.broke(|| leak.finding(index, around(raw, at)));
            }
        }
    }

    /// Searches what nobody has read yet: what the pieces of an answer add up to, or why a connection ended.
    fn search_whole(&mut self, text: &str, user: UserIx, line: u64, index: &Index) {
        self.names.observe_text(text, user, line);
        self.search(&Traces::of(text, true), text, user, line, index);
    }
}

/// Notes whose something is.
fn claim<K: std::hash::Hash + Eq>(whose: &mut FxHashMap<K, Whose>, key: K, user: UserIx, line: u64) {
    whose.entry(key).and_modify(|whose| whose.claim(user)).or_insert_with(|| Whose::of(user, line));
}
