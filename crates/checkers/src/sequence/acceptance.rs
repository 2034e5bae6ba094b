//! The acceptance of a request, held against what its run had shown by then.

use crate::event_view::{ControlType, Field, Seen};
use crate::index::{Index, RequestView};
use crate::observation::{Observation, RunIx};
use crate::verdict::Finding;

/// A run that was there too early.
pub(super) struct Overtaken {
    pub(super) run: RunIx,
    /// The line of its request.
    asked: u64,
    /// The line of what came too early.
    early: u64,
}

/// The run of a `request_accepted`, when its events came before its request was sent, or before this connection was told that
/// it was accepted. Only the first acceptance of a request counts: a retry is told what there is.
pub(super) fn overtaken(seen: &Observation<'_>, index: &Index) -> Option<Overtaken> {
    let Some(Seen::Control(control)) = seen.seen else { return None };
    if control.kind != ControlType::RequestAccepted {
        return None;
    }
    let user = seen.user?;
    let request = control.fields.text(Field::RequestId).and_then(|id| index.request_of(user, &id))?;
    let request = index.request(request).filter(|request| request.accepted_line == Some(seen.line))?;
    let run = control.fields.text(Field::RunId).and_then(|id| index.run_named(&id))?;
    if index.owner(run) != Some(user) {
        return None;
    }
    let early = first_event(run, request, seen, index)?;
    Some(Overtaken { run, asked: request.line, early })
}

fn first_event(run: RunIx, request: &RequestView, seen: &Observation<'_>, index: &Index) -> Option<u64> {
    let Some(view) = index.run(run) else {
        let ended = index.settled(run)?.terminal.map(|(_, line)| line);
        return ended.filter(|line| *line < request.line);
    };
    let before_request =
        view.sights.iter().map(|sight| sight.first_line).filter(|line| *line < request.line).min();
    let here = view.sights.iter().find(|sight| sight.from_start && Some(sight.conn) == seen.conn);
    before_request.or(here.map(|sight| sight.first_line))
}

impl Overtaken {
    pub(super) fn finding(&self, seen: &Observation<'_>, index: &Index) -> Finding {
        let user = index.user_name(seen.user);
        let unasked = self.early < self.asked;
        Finding::new(
            format!(
                "user `{user}`: a run began before its request was {}",
                if unasked { "sent" } else { "accepted" }
            ),
            "nothing of a run before its request, nor before its `request_accepted` where that was asked",
            format!(
                "its first event is line {}, its request line {}, its acceptance line {}",
                self.early, self.asked, seen.line
            ),
            [self.early.min(self.asked), self.early.max(self.asked), seen.line],
        )
    }
}
