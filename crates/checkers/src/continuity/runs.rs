//! The runs that were open when their reader went away: the same ones go on, their ends arrive, and can be read later.

use super::owed::Owed;
use super::passage::{LAG_NS, Passage};
use super::seams::{self, Ruling};
use crate::evidence::excerpt;
use crate::index::Index;
use crate::verdict::Finding;

/// A run that is owed by a passage that is over.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case<'a> {
    pub(super) passage: &'a Passage,
    pub(super) owed: &'a Owed,
    pub(super) index: &'a Index,
    /// How long a run may take.
    pub(super) deadline_ms: Option<f64>,
}

impl Case<'_> {
    fn finding(
        &self,
        what: &str,
        expected: &str,
        observed: impl Into<String>,
        lines: impl IntoIterator<Item = u64>,
    ) -> Finding {
        let what = format!("run `{}` {what}", excerpt(&self.owed.left.id));
        let case = seams::Case { passage: self.passage, index: self.index };
        let lines = std::iter::once(self.owed.left.line).chain(lines);
        case.finding(&what, expected, observed, lines)
    }

    /// Why the run's end must have come by now: how that is known, and the line that tells.
    fn due(&self) -> Option<(String, u64)> {
        let (owed, passage) = (self.owed, self.passage);
        let end_t_ns = passage.back.end_t_ns(self.index);
        let in_time = |t_ns: u64| t_ns.saturating_add(LAG_NS) <= end_t_ns;
        if let Some(ended) = owed.ended.filter(|ended| in_time(ended.t_ns)) {
            return Some(("another connection saw its end".to_owned(), ended.line));
        }
        if let Some(ended) = owed.stored_end.filter(|ended| in_time(ended.t_ns)) {
            return Some(("the store holds its end".to_owned(), ended.line));
        }
        // What is missing of the replay holds the rest of a run that went on no more.
        if let Some(hole) = passage.seam(self.index).filter(|_| passage.back.full() && !owed.live) {
            let observed = format!("offset {} never came, and nothing of it after that", hole.words());
            return Some((observed, hole.line));
        }
        let waited_ms = crate::ms(end_t_ns.saturating_sub(owed.left.asked_t_ns));
        let deadline = self.deadline_ms.filter(|deadline| waited_ms > *deadline)?;
        Some((format!("none {waited_ms:.0} ms after its request, and it may take {deadline:.0} ms"), 0))
    }
}

/// A resumed connection goes on with the same run.
pub(super) fn same_run(case: &Case<'_>) -> Ruling {
    let owed = case.owed;
    let broken = |observed: String, line: u64| {
        let expected = "the run goes on under its id, from where it was";
        Ruling::Broken(case.finding("did not go on after a resume", expected, observed, [line]))
    };
    if let Some((line, how)) = &owed.restarted {
        return broken(how.clone(), *line);
    }
    match (owed.back, case.passage.unasked) {
        (Some(_), _) => Ruling::Kept,
        (None, Some(line)) if owed.stored_end.is_none() => {
            broken("nothing more of it, and a run that nobody asked for".to_owned(), line)
        }
        _ => Ruling::Nothing,
    }
}

/// The terminal that was missed while away arrives: in the replay or live, and after a `failed` from the store.
pub(super) fn terminal_arrives(case: &Case<'_>) -> Ruling {
    let (owed, passage) = (case.owed, case.passage);
    if owed.terminal.is_some() || (!passage.back.full() && owed.stored_end.is_some()) {
        return Ruling::Kept;
    }
    // Its next connection answers for it.
    if passage.followed {
        return Ruling::Nothing;
    }
    let Some((how, line)) = case.due() else { return Ruling::Nothing };
    if let Some(reason) = case.index.trouble().excuses_absence() {
        return Ruling::Unknown(reason);
    }
    let expected = "its terminal, replayed or live; after `failed` from the store";
    Ruling::Broken(case.finding("never showed its end to the client that came back", expected, how, [line]))
}

/// A run that ended while its reader was away can still be read.
pub(super) fn completed_replays(case: &Case<'_>) -> Ruling {
    let (owed, passage) = (case.owed, case.passage);
    let what = "ended while its reader was away and cannot be read";
    if let Some((line, status)) = owed.refused {
        let expected = "an ended run can be read from the store";
        return Ruling::Broken(case.finding(what, expected, format!("HTTP {status} for it"), [line]));
    }
    match owed.terminal {
        Some((_, true)) => return Ruling::Kept,
        Some((_, false)) => return Ruling::Nothing,
        None => {}
    }
    if !passage.back.full() {
        return if owed.stored_end.is_some() { Ruling::Kept } else { Ruling::Nothing };
    }
    if passage.followed || owed.back.is_some() || case.index.trouble().excuses_absence().is_some() {
        return Ruling::Nothing;
    }
    let Some((how, line)) = case.due() else { return Ruling::Nothing };
    let expected = "after `full`, what it had still to say is replayed";
    Ruling::Broken(case.finding(what, expected, format!("nothing of it was replayed: {how}"), [line]))
}
