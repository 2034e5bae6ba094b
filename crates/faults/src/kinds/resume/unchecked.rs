//! What checks tokens runs for new connections and is skipped for those that come back: a revoked user is in again.

use crate::kinds::auth::admitted::{Greetings, close_after, let_in};
use crate::kinds::returns::{Returns, replay_end, sent_to};
use crate::{Act, Aim, Fault, Step};
use goldenpath_history::{ClosedBy, RecordKind};
use goldenpath_protocol::ResumePoint;

const MS: u64 = 1_000_000;

/// Lets in whoever resumes with a revoked token, and replays to them what they missed.
pub(super) struct ResumeUnchecked {
    aim: Aim,
    greetings: Greetings,
    returns: Returns,
}

impl ResumeUnchecked {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), greetings: Greetings::default(), returns: Returns::default() }
    }

    /// Greets and replays, as if the token were good. Gives when the last of it arrives.
    fn welcome(&self, step: &Step, point: &ResumePoint, act: &mut Act<'_>) -> u64 {
        let user = step.user.as_deref().unwrap_or_default();
        let missed: Vec<(u64, Step)> = self
            .returns
            .events(user, point.offset, u64::MAX)
            .filter_map(|event| Some((crate::Message::of(event)?.whole("offset")?, event.clone())))
            .collect();
        let head = missed.last().map_or(point.offset, |(offset, _)| *offset);
        let Some(greeting) = self.greetings.on(step) else { return step.t_ns };
        let mut here = greeting.clone();
        if let Some(message) = crate::Message::of(&greeting) {
            let told = message.with("epoch", point.epoch.to_string()).with("offset", head);
            let told = told.with("recovered", "full").with("replay", missed.len());
            act.add(told.in_place_of(&greeting), "greeted by its resume, its token unchecked");
        }
        for (_, event) in missed {
            here.t_ns += MS / 10;
            act.add(sent_to(&here, &event), "replayed to a revoked token");
        }
        here.t_ns += MS / 10;
        act.add(replay_end(&here, head), "ended a replay to a revoked token");
        here.t_ns
    }
}

/// The point from which an attempt wanted to go on that was refused for its revoked token.
fn refused_resume(step: &Step) -> Option<ResumePoint> {
    match &step.kind {
        RecordKind::Open { url: Some(url), status: Some(status), credential: Some(case), .. }
            if case == "revoked" && *status >= 400 =>
        {
            url.split(['?', '&']).find_map(|pair| pair.strip_prefix("resume="))?.parse().ok()
        }
        _ => None,
    }
}

impl Fault for ResumeUnchecked {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        self.greetings.note(step, act);
        self.returns.see(step, act);
        let Some(point) = refused_resume(step) else { return };
        if !self.aim.hits(step.user.as_deref().unwrap_or_default()) {
            return;
        }
        act.alter(let_in(step), "a revoked token was not looked at, for it came with a resume");
        let last = Step { t_ns: self.welcome(step, &point, act), ..step.clone() };
        let stays = (2 + self.aim.pick(20) as u64) * MS;
        act.add(close_after(&last, stays, 1000, "", ClosedBy::Client), "the client leaves again");
    }
}
