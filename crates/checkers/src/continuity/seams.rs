//! Where before, replay and live meet: no hole, no double, and what cannot be replayed is said.

use super::passage::Passage;
use crate::check::Tally;
use crate::evidence::excerpt;
use crate::index::{Index, Joined};
use crate::verdict::{Finding, Reason};

/// A passage that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) passage: &'a Passage,
    pub(super) index: &'a Index,
}

/// What is to be counted of it.
#[derive(Debug)]
pub(super) enum Ruling {
    /// Nothing was promised, or nobody can know.
    Nothing,
    Kept,
    Broken(Finding),
    Unknown(Reason),
}

impl Ruling {
    pub(super) fn of(broken: Option<Finding>) -> Self {
        broken.map_or(Self::Kept, Self::Broken)
    }

    pub(super) fn count(self, tally: &mut Tally) {
        match self {
            Self::Nothing => {}
            Self::Kept => tally.kept(),
            Self::Broken(finding) => tally.broke(|| finding),
            Self::Unknown(reason) => tally.doubt(reason),
        }
    }
}

impl Case<'_> {
    pub(super) fn finding(
        &self,
        what: &str,
        expected: impl Into<String>,
        observed: impl Into<String>,
        lines: impl IntoIterator<Item = u64>,
    ) -> Finding {
        let mut records = self.passage.back.lines(self.index);
        records.extend(lines);
        records.sort_unstable();
        records.dedup();
        let user = self.index.user_name(Some(self.passage.back.user));
        Finding::new(format!("user `{user}`: {what}"), expected, observed, records)
    }
}

/// Nothing is missing between before, replay and live: by the offsets, and by each run's own numbers where there are none.
pub(super) fn no_gap(case: &Case<'_>) -> Ruling {
    let passage = case.passage;
    let hole = passage.seam(case.index).map(|hole| {
        case.finding(
            "a resumed stream has a hole",
            format!("every offset after {}, replayed or live", passage.from.unwrap_or_default()),
            format!("offset {} never came", hole.words()),
            [hole.line],
        )
    });
    if passage.back.greeting.joined == Joined::Failed {
        return if passage.from.is_some() { Ruling::of(hole) } else { Ruling::Nothing };
    }
    let gap = || {
        let (owed, (from, to, line)) = passage.owed.iter().find_map(|owed| Some((owed, owed.gap()?)))?;
        Some(case.finding(
            &format!("run `{}` has a hole where it was resumed", excerpt(&owed.left.id)),
            format!("seq {from} next, replayed or live"),
            format!("seq {from} to {to} never came before seq {}", to.saturating_add(1)),
            [owed.left.line, line],
        ))
    };
    match hole.or_else(gap) {
        None if passage.from.is_none() && !passage.owed.iter().any(|owed| owed.back.is_some()) => {
            Ruling::Nothing
        }
        broken => Ruling::of(broken),
    }
}

/// Nothing comes a second time.
pub(super) fn no_double(case: &Case<'_>) -> Ruling {
    let passage = case.passage;
    let double = passage.double.as_ref().map(|(line, what)| {
        case.finding(
            "a resumed stream repeats what had come",
            "each event once, before or after",
            format!("{what} ({} event(s) in all)", passage.doubles),
            [*line],
        )
    });
    if double.is_none() && (!passage.back.full() || passage.back.epochs_differ()) {
        return Ruling::Nothing;
    }
    Ruling::of(double)
}

/// What cannot be replayed is said.
pub(super) fn gap_signalled(case: &Case<'_>) -> Ruling {
    let passage = case.passage;
    match passage.back.greeting.joined {
        Joined::Failed => Ruling::of(broken_refusal(case)),
        Joined::Full => match passage.from.zip(passage.back.greeting.offset) {
            Some((from, head)) => Ruling::of(hidden(case, from, head)),
            None => Ruling::Nothing,
        },
        Joined::Fresh | Joined::Unknown => unsaid(case),
    }
}

/// `failed` replays nothing, and says where the stream stands.
fn broken_refusal(case: &Case<'_>) -> Option<Finding> {
    let greeting = case.passage.back.greeting;
    let (observed, line) = if let Some((line, offset)) = case.passage.early {
        (format!("offset {offset} came, from before that"), line)
    } else if greeting.offset.is_none() {
        ("a greeting without `offset`".to_owned(), greeting.line)
    } else {
        let replay = greeting.replay.filter(|replay| *replay > 0)?;
        (format!("a `replay` of {replay} announced"), greeting.line)
    };
    let expected = "after `failed` nothing is replayed, and `offset` says where the stream stands";
    Some(case.finding("a refused resume is no clear refusal", expected, observed, [line]))
}

/// `full` announces and replays all that was missed.
fn hidden(case: &Case<'_>, from: u64, head: u64) -> Option<Finding> {
    let passage = case.passage;
    let missed = head.saturating_sub(from);
    let told = passage.back.greeting.replay.filter(|told| *told != missed);
    let hole = passage.seam(case.index).filter(|hole| hole.from <= head);
    let observed = match (told, hole) {
        (Some(told), Some(hole)) => {
            format!("`full`, a `replay` of {told} announced, and offset {} never came", hole.words())
        }
        (Some(told), None) => format!("`full`, and a `replay` of {told} announced"),
        (None, Some(hole)) => format!("`full`, and offset {} never came", hole.words()),
        (None, None) => return unended(case, head),
    };
    Some(case.finding(
        "a gap is hidden behind `full`",
        format!("all {missed} events after offset {from} replayed, or `failed`"),
        observed,
        hole.map(|hole| hole.line),
    ))
}

/// A replay says when it is over, and how far it went: who waits for it knows nothing of what is live.
fn unended(case: &Case<'_>, head: u64) -> Option<Finding> {
    let passage = case.passage;
    let (observed, line) = match (passage.replay_end, passage.replayed_to) {
        (Some(line), Some(to)) if to != head => (format!("`replay_end` at offset {to}"), line),
        // What came after the head can only be live.
        (None, _) if passage.shown_beyond(head) => {
            ("live events, and no `replay_end` before them".to_owned(), passage.back.greeting.line)
        }
        _ => return None,
    };
    Some(case.finding(
        "a replay does not end as promised",
        format!("`replay_end` at offset {head}"),
        observed,
        [line],
    ))
}

/// A resume that is answered as if nobody had asked for one.
fn unsaid(case: &Case<'_>) -> Ruling {
    let back = &case.passage.back;
    if back.unreadable {
        let expected =
            "`failed`, or a refusal at the upgrade: from no readable point nothing can be replayed";
        let observed = "neither, as if nobody had asked";
        return Ruling::Broken(case.finding("a resume was not answered", expected, observed, []));
    }
    let Some(point) = &back.point else { return Ruling::Nothing };
    let missed = back.greeting.offset.map(|head| head.saturating_sub(point.offset));
    if missed == Some(0) && !back.epochs_differ() {
        return Ruling::Kept;
    }
    let observed = match missed {
        Some(missed) if !back.epochs_differ() => format!("neither, and {missed} event(s) were missed"),
        _ => "neither, and nobody can tell what was missed".to_owned(),
    };
    let expected = format!("`full` with what came after offset {}, or `failed`", point.offset);
    Ruling::Broken(case.finding("a resume was not answered", expected, observed, []))
}
