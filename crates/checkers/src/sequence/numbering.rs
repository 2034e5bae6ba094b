//! `seq` inside a run and `offset` inside a connection: never back, no hole, replay before live.

use crate::event_view::EventView;
use crate::evidence::frame_words;
use crate::index::{Index, Joined, RunView};
use crate::observation::{Arrival, ConnIx, Observation};
use crate::verdict::Finding;
use rustc_hash::FxHashMap;

/// Where the stream stood when a connection joined, what is replayed to it left out, and the line that says so.
fn joined_at(index: &Index, conn: ConnIx) -> (u64, u64) {
    let Some(greeting) = index.conn(conn).and_then(|view| view.greeting) else { return (0, 0) };
    let replayed = match greeting.joined {
        Joined::Fresh | Joined::Failed => 0,
        Joined::Full => greeting.replay.unwrap_or(u64::MAX),
        Joined::Unknown => u64::MAX,
    };
    greeting.offset.map_or((0, 0), |head| (head.saturating_sub(replayed), greeting.line))
}

/// The first number of a run on a connection, which is not 1, where nobody knows yet who asked for the run and whether the
/// connection was there then.
#[derive(Debug)]
pub(super) struct First {
    pub(super) conn: ConnIx,
    pub(super) seq: u64,
    pub(super) line: u64,
}

impl First {
    pub(super) fn in_doubt(
        seen: &Observation<'_>,
        event: &EventView<'_>,
        arrival: Arrival,
        run: Option<&RunView>,
    ) -> Option<Self> {
        if arrival.previous_seq.is_some() || arrival.from_start || arrival.replayed || arrival.repeated_here {
            return None;
        }
        let seq = event.seq.filter(|seq| *seq != 1)?;
        run.filter(|run| run.request.is_none())?;
        Some(Self { conn: seen.conn?, seq, line: seen.line })
    }
}

/// The last offset each connection showed, and its line.
#[derive(Debug, Default)]
pub(super) struct Numbering {
    offsets: FxHashMap<ConnIx, (u64, u64)>,
}

impl Numbering {
    /// What is wrong with the numbers of this event on this connection. An exact repeat is delivery's
    /// matter and is passed over.
    pub(super) fn judge(
        &mut self,
        seen: &Observation<'_>,
        event: &EventView<'_>,
        arrival: Arrival,
        index: &Index,
    ) -> Option<Finding> {
        let went_back = self.offset_went_back(seen, event, index);
        if arrival.repeated_here {
            return None;
        }
        let seq = event.seq?;
        let finding = |expected: String, observed: String, before: Option<u64>| {
            Finding::new(
                format!("{}: `{}` is out of its place", frame_words(index, seen), event.kind.as_str()),
                expected,
                observed,
                before.into_iter().chain([seen.line]),
            )
        };
        let last_line = self.last_line(arrival, seen, index);
        match arrival.previous_seq {
            Some(previous) if seq == previous.saturating_add(1) => {}
            Some(previous) => {
                return Some(finding(
                    format!("seq {} after seq {previous}", previous.saturating_add(1)),
                    format!("seq {seq}"),
                    last_line,
                ));
            }
            None if arrival.from_start && !arrival.replayed && seq != 1 => {
                return Some(finding("seq 1 first".to_owned(), format!("seq {seq} first"), None));
            }
            None => {}
        }
        let (before, line) = went_back?;
        Some(finding(
            format!("offset {} or more on this connection: replay before live", before.saturating_add(1)),
            format!("offset {}", event.offset.unwrap_or_default()),
            Some(line),
        ))
    }

    fn last_line(&self, arrival: Arrival, seen: &Observation<'_>, index: &Index) -> Option<u64> {
        let view = index.run(arrival.run)?;
        let sight = view.sights.iter().find(|sight| Some(sight.conn) == seen.conn)?;
        (sight.previous_line > 0).then_some(sight.previous_line)
    }

    fn offset_went_back(
        &mut self,
        seen: &Observation<'_>,
        event: &EventView<'_>,
        index: &Index,
    ) -> Option<(u64, u64)> {
        let (conn, offset) = (seen.conn?, event.offset?);
        let last = self.offsets.entry(conn).or_insert_with(|| joined_at(index, conn));
        if offset <= last.0 {
            return Some(*last);
        }
        *last = (offset, seen.line);
        None
    }
}
