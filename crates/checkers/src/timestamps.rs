//! Timestamps: every event says when it was made, in one format, in the session, never going back.

use crate::check::{Check, Tally};
use crate::event_view::{EventView, Field, JsonType};
use crate::evidence::{excerpt, frame_words, run_words};
use crate::index::{Index, RunView};
use crate::judge::Terms;
use crate::observation::{Observation, RunIx, ms};
use crate::verdict::{CheckResult, Finding, Reason};
use rustc_hash::FxHashMap;

#[cfg(test)]
mod tests;

const IDS: &[&str] = &[
    "timestamps/present",
    "timestamps/format",
    "timestamps/in-session",
    "timestamps/monotone",
    "timestamps/skew",
];

/// Readings of the server's clock that make a skew mean something.
const CLOCK_READINGS: u32 = 3;

/// So many events over so long with one and the same timestamp: the clock stands still. Bursts are made in
/// one millisecond, but they are not received over a second.
const FROZEN_EVENTS: u32 = 4;
const FROZEN_NS: u64 = 1_000_000_000;

/// A run that says itself that it took this long, and was seen to, is not made in one millisecond, nor in less than half of
/// that time.
const FROZEN_CLAIM_MS: f64 = 50.0;

/// The group.
pub(crate) fn checks(terms: &Terms) -> Vec<Box<dyn Check + Send>> {
    vec![Box::new(Timestamps {
        bound_ms: terms.slo.limit("timestamps/skew").unwrap_or(2_000.0),
        ..Timestamps::default()
    })]
}

/// When an event was made, by its own words.
#[derive(Debug, Clone, Copy)]
struct Made {
    seq: u64,
    unix_ms: i64,
    line: u64,
}

/// What is remembered of an open run.
#[derive(Debug, Default)]
struct Open {
    /// Every event, for those that come out of their order.
    made: Vec<Made>,
    /// The one that was made last, the first of equals.
    latest: Option<Made>,
    /// `seq`, timestamp and line of the event with the highest `seq`.
    last: Option<(u64, i64, u64)>,
    /// Timestamp, first receipt, last receipt and length of the stretch of equal timestamps.
    stretch: Option<(i64, u64, u64, u32)>,
    first_made: Option<i64>,
    events: u32,
    /// Events that were made in the first millisecond of a second.
    whole_seconds: u32,
    claimed_ms: Option<f64>,
    broken: bool,
}

impl Open {
    /// An event that cannot have been made when it says, if this one was: earlier by `seq` and made later, or the other way
    /// round.
    fn contradicts(&self, event: Made) -> Option<Made> {
        let in_order = self.last.is_none_or(|(seq, _, _)| event.seq > seq);
        if in_order {
            return self.latest.filter(|latest| latest.unix_ms > event.unix_ms);
        }
        let before = |other: &Made| other.seq < event.seq && other.unix_ms > event.unix_ms;
        let after = |other: &Made| other.seq > event.seq && other.unix_ms < event.unix_ms;
        self.made.iter().copied().find(|other| before(other) || after(other))
    }

    /// Between its first event and the one with the highest `seq`, by their own words.
    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    fn made_ms(&self) -> f64 {
        let ends = self.first_made.zip(self.last);
        ends.map_or(0.0, |(first, (_, last, _))| last.abs_diff(first) as f64)
    }
}

#[derive(Debug, Default)]
struct Timestamps {
    bound_ms: f64,
    open: FxHashMap<RunIx, Open>,
    present: Tally,
    format: Tally,
    in_session: Tally,
    monotone: Tally,
}

impl Check for Timestamps {
    fn ids(&self) -> &'static [&'static str] {
        IDS
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some(event) = seen.seen.and_then(|seen| seen.event()) else { return };
        let raw = event.fields.raw(Field::Timestamp).filter(|raw| !matches!(*raw, "null" | "\"\""));
        let Some(raw) = raw else {
            return self.present.broke(|| {
                Finding::new(
                    format!("{}: `{}` has no timestamp", frame_words(index, seen), event.kind.as_str()),
                    "a `timestamp` on every event",
                    "none",
                    [seen.line],
                )
            });
        };
        self.present.kept();
        let made = event.made_unix_ms();
        let Some(made) = made else {
            return self.format.broke(|| {
                Finding::new(
                    format!(
                        "{}: the timestamp of `{}` is misspelt",
                        frame_words(index, seen),
                        event.kind.as_str()
                    ),
                    "RFC 3339, UTC, milliseconds, as `2026-01-31T23:59:59.999Z`",
                    format!("`{}` ({})", excerpt(raw), JsonType::of(raw).as_str()),
                    [seen.line],
                )
            });
        };
        self.format.kept();
        self.place(seen, event, made, index);
        self.follow(seen, event, made, index);
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(open) = self.open.remove(&run) else { return };
        let claimed_ms = open.claimed_ms.unwrap_or_default();
        let seen_ms = ms(view.last_t_ns.saturating_sub(view.first_t_ns));
        let lasted = claimed_ms.min(seen_ms) >= FROZEN_CLAIM_MS;
        if lasted && open.events >= FROZEN_EVENTS && open.whole_seconds == open.events {
            self.format.note(|| {
                Finding::new(
                    format!("{}: its timestamps are whole seconds", run_words(index, view)),
                    "timestamps of the clock's own milliseconds",
                    format!("{} events with `.000`, in a run of {claimed_ms:.0} ms", open.events),
                    [view.first_line, view.last_line],
                )
            });
        }
        let stood_still = open.stretch.map_or(0, |(_, _, _, length)| length);
        if !open.broken
            && lasted
            && stood_still >= FROZEN_EVENTS
            && open.made_ms() * 2.0 <= claimed_ms.min(seen_ms)
        {
            return self.monotone.broke(|| {
                Finding::new(
                    format!("{}: its timestamps stand still", run_words(index, view)),
                    "timestamps that advance with the run",
                    format!("{stood_still} events with one timestamp in a run of {claimed_ms:.0} ms"),
                    [view.first_line, view.last_line],
                )
            });
        }
        self.monotone.of += 1;
        self.monotone.n += u64::from(!open.broken);
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let skew = self.skew(index);
        let tallies = [self.present, self.format, self.in_session, self.monotone, skew];
        IDS.iter().zip(tallies).map(|(id, tally)| tally.into_result(id)).collect()
    }
}

impl Timestamps {
    /// Inside the session: not before its request, not after its receipt, on the server's clock as far as
    /// it is known, else on the client's.
    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    fn place(&mut self, seen: &Observation<'_>, event: &EventView<'_>, made: i64, index: &Index) {
        let clock = index.clock().offset_ms(1).or_else(|| index.t0_unix_ms().map(|t0| (t0, t0)));
        let Some((lower, upper)) = clock else { return self.in_session.doubt(Reason::ClockUncertain) };
        let made = made as f64;
        let latest = seen.t_ms() + upper + self.bound_ms;
        let arrival = seen.arrival;
        let view = arrival.and_then(|arrival| index.run(arrival.run));
        let asked = view.and_then(|view| index.request_of_run(view)).map(|request| request.t_ns);
        // What a replay shows may be older than the session; its request says since when.
        let replayed = arrival.is_some_and(|arrival| arrival.replayed || arrival.settled);
        let since = match asked {
            Some(asked) => Some(asked),
            None if replayed => None,
            None => Some(index.first_t_ns()),
        };
        let earliest = since.map(|since| ms(since) + lower - self.bound_ms);
        if made <= latest && earliest.is_none_or(|earliest| made >= earliest) {
            return self.in_session.kept();
        }
        let off = if made > latest {
            format!("{:.0} ms after it was received", made - seen.t_ms() - upper)
        } else {
            format!("{:.0} ms before its request", ms(since.unwrap_or_default()) + lower - made)
        };
        self.in_session.broke(|| {
            Finding::new(
                format!(
                    "{}: `{}` was not made in this session",
                    frame_words(index, seen),
                    event.kind.as_str()
                ),
                format!("made between the request and the receipt, within {:.0} ms", self.bound_ms),
                format!("`{}`: {off}", event.text(Field::Timestamp).as_deref().unwrap_or_default()),
                [seen.line],
            )
        });
    }

    /// Never back along `seq`, and not standing still.
    fn follow(&mut self, seen: &Observation<'_>, event: &EventView<'_>, made: i64, index: &Index) {
        let Some(arrival) = seen.arrival.filter(|arrival| arrival.first) else { return };
        let open = self.open.entry(arrival.run).or_default();
        open.first_made.get_or_insert(made);
        open.events = open.events.saturating_add(1);
        open.whole_seconds = open.whole_seconds.saturating_add(u32::from(made.rem_euclid(1_000) == 0));
        if event.kind.is_terminal() {
            open.claimed_ms = event.fields.number(Field::DurationMs);
        }
        let highest = open.last.map(|(seq, _, _)| seq);
        let seq = event.seq.or_else(|| highest.map(|seq| seq.saturating_add(1))).unwrap_or(1);
        let made_here = Made { seq, unix_ms: made, line: seen.line };
        if let Some(other) = open.contradicts(made_here).filter(|_| !open.broken) {
            open.broken = true;
            let (early, late) = if other.seq < seq { (other, made_here) } else { (made_here, other) };
            self.monotone.note(|| {
                Finding::new(
                    format!("{}: timestamps go back", frame_words(index, seen)),
                    "timestamps that never go back along seq",
                    format!(
                        "seq {} was made {} ms before seq {}",
                        late.seq,
                        early.unix_ms.abs_diff(late.unix_ms),
                        early.seq
                    ),
                    [other.line, seen.line],
                )
            });
        }
        open.made.push(made_here);
        if open.latest.is_none_or(|latest| made > latest.unix_ms) {
            open.latest = Some(made_here);
        }
        if highest.is_none_or(|highest| seq > highest) {
            open.last = Some((seq, made, seen.line));
        }
        open.stretch = match open.stretch {
            Some((same, first, _, length)) if same == made && !arrival.replayed => {
                Some((made, first, seen.t_ns, length.saturating_add(1)))
            }
            _ => Some((made, seen.t_ns, seen.t_ns, 1)),
        };
        if let Some((_, first, last, length)) = open.stretch
            && length >= FROZEN_EVENTS
            && last.saturating_sub(first) >= FROZEN_NS
            && !open.broken
        {
            open.broken = true;
            self.monotone.note(|| {
                Finding::new(
                    format!("{}: its timestamps stand still", frame_words(index, seen)),
                    "timestamps that advance with the run",
                    format!(
                        "{length} events over {:.0} ms with one timestamp",
                        ms(last.saturating_sub(first))
                    ),
                    [seen.line],
                )
            });
        }
    }

    /// The server's clock against the client's, as an interval.
    fn skew(&self, index: &Index) -> Tally {
        let mut tally = Tally { limit: Some(self.bound_ms), ..Tally::default() };
        let offset = index.clock().offset_ms(CLOCK_READINGS);
        let Some(((lower, upper), t0)) = offset.zip(index.t0_unix_ms()) else {
            tally.doubt(Reason::ClockUncertain);
            return tally;
        };
        let (lower, upper) = (lower - t0, upper - t0);
        tally.value = Some(f64::midpoint(lower, upper).abs());
        if lower > self.bound_ms || upper < -self.bound_ms {
            tally.broke(|| {
                Finding::new(
                    "the server's clock is off",
                    format!("within {:.0} ms of the client's", self.bound_ms),
                    format!("between {lower:.0} and {upper:.0} ms ahead"),
                    [],
                )
            });
        } else if lower >= -self.bound_ms && upper <= self.bound_ms {
            tally.kept();
        } else {
            tally.doubt(Reason::ClockUncertain);
        }
        tally
    }
}
