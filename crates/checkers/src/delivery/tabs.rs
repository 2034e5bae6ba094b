//! All connections of a user see the same: every run whole, in one order, byte for byte. One that came later, and has the
//! beginning replayed or never sees it, is told the same of each event that it sees.

use crate::check::{Check, Tally};
use crate::evidence::run_words;
use crate::index::{Closed, ConnView, Index, RunView};
use crate::observation::{ConnIx, Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{ClosedBy, Trial};
use rustc_hash::{FxHashMap, FxHasher};
use std::hash::Hasher;

/// What a tab may lag behind another when the history ends, before its silence is a loss.
const LAG_NS: u64 = 2_000_000_000;

/// How long after it reads again a reader has got all that waited.
const CAUGHT_UP_NS: u64 = 5_000_000_000;

/// One tab's view of an open run: four bytes per event.
#[derive(Debug)]
struct Tab {
    conn: ConnIx,
    events: Vec<u32>,
    /// The number of each event and what it tells, where there is something to compare: the same however it is spelt.
    told: Vec<(u64, u32)>,
}

impl Tab {
    fn new(conn: ConnIx) -> Self {
        Self { conn, events: Vec::new(), told: Vec::new() }
    }

    /// The number of the first event that is told otherwise on the other tab; none where they have none in common.
    fn differs(&self, other: &Self) -> Option<u64> {
        let there: FxHashMap<u64, u32> = other.told.iter().copied().collect();
        let otherwise = |(seq, told): &&(u64, u32)| there.get(seq).is_some_and(|there| there != told);
        self.told.iter().find(otherwise).map(|(seq, _)| *seq)
    }
}

/// An open run on all tabs.
#[derive(Debug)]
struct Run {
    /// Whether its owner had more than one connection when it began, so that there is something to compare.
    several: bool,
    tabs: Vec<Tab>,
}

/// Judges `delivery/tabs-agree`.
#[derive(Debug, Default)]
pub(super) struct Tabs {
    tally: Tally,
    runs: FxHashMap<RunIx, Run>,
}

impl Check for Tabs {
    fn ids(&self) -> &'static [&'static str] {
        &["delivery/tabs-agree"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let (Some((event, arrival)), Some(conn), Some(raw)) = (seen.event(), seen.conn, seen.raw()) else {
            return;
        };
        if arrival.foreign || arrival.settled {
            return;
        }
        let run = self.runs.entry(arrival.run).or_insert_with(|| {
            let owner = index.owner(arrival.run).and_then(|owner| index.user(owner));
            Run { several: owner.is_some_and(|user| user.conns.len() > 1), tabs: Vec::new() }
        });
        let text = if run.several { raw } else { "" };
        let mark = sketch(event.event_id.as_deref(), event.seq, text);
        let told = event.seq.filter(|_| run.several).map(|seq| (seq, short(*seen.at_sight.told.get())));
        let tabs = &mut run.tabs;
        let at = tabs.iter().position(|tab| tab.conn == conn).unwrap_or_else(|| {
            tabs.push(Tab::new(conn));
            tabs.len() - 1
        });
        tabs[at].events.push(mark);
        tabs[at].told.extend(told);
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(Run { tabs, .. }) = self.runs.remove(&run) else { return };
        // A tab that came later owes nothing of this run but what it tells of it.
        let (mut tabs, late): (Vec<Tab>, Vec<Tab>) =
            tabs.into_iter().partition(|tab| view.owed_whole_on(tab.conn));
        if let Some((late, whole, seq)) = told_otherwise(&tabs, &late) {
            return self.tally.broke(|| Finding {
                summary: format!("two connections of {} saw it differently", run_words(index, view)),
                expected: "each event the same, live and replayed, on every connection".to_owned(),
                observed: format!("they differ at seq {seq}"),
                records: lines_of(view, &[whole, late]),
                witness: None,
            });
        }
        self.add_silent(&mut tabs, view, index);
        tabs.sort_by_key(|tab| tab.conn);
        let Some(longest) = tabs.iter().max_by_key(|tab| tab.events.len()) else { return };
        if tabs.len() < 2 {
            return;
        }
        let differing = tabs.iter().filter(|tab| tab.conn != longest.conn).find_map(|tab| {
            let same =
                tab.events.iter().zip(&longest.events).take_while(|(here, there)| here == there).count();
            let cut = same == tab.events.len() && may_be_cut(index, tab.conn, view);
            (same < longest.events.len() && !cut).then_some((tab, same))
        });
        match differing {
            None => self.tally.kept(),
            Some((tab, same)) => self.tally.broke(|| Finding {
                summary: format!("two connections of {} saw it differently", run_words(index, view)),
                expected: format!("the same {} events on both", longest.events.len()),
                observed: if same == tab.events.len() {
                    format!("one saw only the first {same}")
                } else {
                    format!("they differ from event {} on", same + 1)
                },
                records: lines_of(view, &[longest.conn, tab.conn]),
                witness: None,
            }),
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("delivery/tabs-agree")]
    }
}

impl Tabs {
    /// Connections that were there from the request on and saw nothing at all.
    fn add_silent(&self, tabs: &mut Vec<Tab>, view: &RunView, index: &Index) {
        let Some(request) = index.request_of_run(view) else { return };
        let Some(user) = index.user(view.owner) else { return };
        for conn in user.conns.iter().copied() {
            let there = |view: &ConnView| {
                view.accepted()
                    && !view.probe
                    && view.greeting.is_some()
                    && view.joined_line() < request.line
                    && view.closed.is_none_or(|closed| closed.line > request.line)
            };
            if !tabs.iter().any(|tab| tab.conn == conn) && index.conn(conn).is_some_and(there) {
                tabs.push(Tab::new(conn));
            }
        }
    }
}

/// A tab that came later and one that was there from the start, when they tell an event differently, and its number.
fn told_otherwise(tabs: &[Tab], late: &[Tab]) -> Option<(ConnIx, ConnIx, u64)> {
    let whole = tabs.iter().max_by_key(|tab| tab.events.len())?;
    late.iter().find_map(|late| Some((late.conn, whole.conn, late.differs(whole)?)))
}

/// Whether this tab ended before it could see the rest.
fn may_be_cut(index: &Index, conn: ConnIx, view: &RunView) -> bool {
    let Some(tab) = index.conn(conn) else { return true };
    let last_ns = view.terminal.map_or(view.last_t_ns, |end| end.t_ns);
    // One that never read again saw no more, however long it stayed; nor did one that was given up for it, and heard of
    // that when it read on.
    if let Some(stall) = tab.stall.filter(|stall| stall.from_ns < last_ns.saturating_add(LAG_NS)) {
        let unread = |closed: Closed| stall.until_ns.is_none_or(|until| until >= closed.t_ns);
        let given_up = |closed: Closed| {
            let heard_ns = stall.until_ns.unwrap_or(u64::MAX).saturating_add(CAUGHT_UP_NS);
            closed.by != ClosedBy::Client && closed.t_ns < heard_ns
        };
        if tab.closed.is_none_or(|closed| unread(closed) || given_up(closed)) {
            return true;
        }
    }
    // And one that vanished hears nothing more.
    let late_ns = last_ns.saturating_add(LAG_NS);
    if tab.ordeal.is_some_and(|ordeal| ordeal.step == Trial::PeerVanished && ordeal.t_ns < late_ns) {
        return true;
    }
    match tab.closed {
        Some(closed) => closed.t_ns < last_ns.saturating_add(LAG_NS),
        None => index.last_t_ns() < last_ns.saturating_add(LAG_NS),
    }
}

fn lines_of(view: &RunView, conns: &[ConnIx]) -> Vec<u64> {
    let mut lines: Vec<u64> =
        view.sights.iter().filter(|sight| conns.contains(&sight.conn)).map(|sight| sight.last_line).collect();
    if lines.is_empty() {
        lines.push(view.first_line);
    }
    lines.sort_unstable();
    lines
}

fn sketch(id: Option<&str>, seq: Option<u64>, raw: &str) -> u32 {
    let mut hasher = FxHasher::default();
    hasher.write(id.unwrap_or_default().as_bytes());
    hasher.write_u64(seq.unwrap_or(0));
    hasher.write(raw.as_bytes());
    short(hasher.finish())
}

#[allow(clippy::cast_possible_truncation, reason = "the high half of a hash is a hash")]
fn short(hash: u64) -> u32 {
    (hash >> 32) as u32
}
