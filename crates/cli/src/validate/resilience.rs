//! Connections that go away and come back, fall silent, stop reading, or come and go: nothing of their users' streams is lost,
//! doubled or hidden, nobody else is harmed, and whoever is closed is told why.
//!
//! Each part is a function of its own; a plan chooses among them by [`TrialPart`].

mod cycles;
mod drain;
mod excess;
mod part;
pub(crate) mod readers;
mod refused;
mod replays;
mod returns;
mod tab;
mod told;
mod vigil;

#[cfg(test)]
mod tests;

pub use part::TrialPart;
pub(crate) use vigil::Vigil;

use super::stage::{Stage, Trouble};
use goldenpath_harness::TestUser;

pub(super) fn steps(stage: &Stage) -> u64 {
    let users = stage.users().len();
    let of = |part: &TrialPart| (0..users).filter(|n| part.is_for(*n, users)).count() as u64;
    stage.plan().trials.iter().map(of).sum()
}

/// Every part of the plan: those of one user one after the other, the users' beside each other and beside the vigil, and
/// the target's end at last.
pub(super) async fn run(stage: &Stage, vigil: Option<Vigil>) -> Result<(), String> {
    let stage = stage.uncounted();
    let vigil = vigil.unwrap_or_else(|| Vigil::begin(&stage));
    stage
        .everybody(|stage, n| async move {
            let (user, users) = (stage.users()[n].clone(), stage.users().len());
            let its = |part: &TrialPart| part.is_for(n, users) && !part.waits() && *part != TrialPart::Drain;
            for part in stage.plan().trials.clone().into_iter().filter(its) {
                stage.go_on(&user, go_through(&stage, &user, n, part).await)?;
                stage.step();
            }
            Ok(())
        })
        .await?;
    vigil.outcome(&stage).await?;
    if !stage.plan().trials.contains(&TrialPart::Drain) {
        return Ok(());
    }
    let stopped = match stage.plan().own.clone() {
        Some(own) => drain::drain(&stage, &*own).await,
        None => Err(Trouble::Unmet("the target is not ours to stop".to_owned())),
    };
    stage.step();
    stage.settle("driver", stopped)
}

/// One part, by one user.
async fn go_through(stage: &Stage, user: &TestUser, n: usize, part: TrialPart) -> Result<(), Trouble> {
    // Whose stream would be gone on with?
    if stage.tokenless() && !matches!(part, TrialPart::Cycles | TrialPart::BadFrames) {
        return Err(Trouble::Unmet(format!("`{}`: without tokens nobody can come back", part.name())));
    }
    match part {
        TrialPart::MidRun | TrialPart::LeftCleanly => returns::mid_run(stage, user, n, part).await,
        TrialPart::Twice => returns::twice(stage, user, n).await,
        TrialPart::EndsWhileAway => returns::ends_while_away(stage, user, n).await,
        TrialPart::NothingMissed => returns::nothing_missed(stage, user, n).await,
        TrialPart::Overrun => refused::overrun(stage, user, n).await,
        TrialPart::WrongPoint => refused::wrong_point(stage, user, n).await,
        TrialPart::UnreadablePoint => refused::unreadable_point(stage, user, n).await,
        TrialPart::ForeignPoint => refused::foreign_point(stage, user, n).await,
        TrialPart::DuringReplay => replays::during_replay(stage, user, n).await,
        TrialPart::Displaced => replays::displaced(stage, user, n).await,
        TrialPart::BehindAcks => replays::behind_acks(stage, user, n).await,
        TrialPart::SecondTab => returns::second_tab(stage, user, n).await,
        TrialPart::Reconnect => returns::reconnect(stage, user, n).await,
        TrialPart::SlowReader => readers::slow(stage, user, n).await,
        TrialPart::Cycles => cycles::come_and_go(stage, user, n).await,
        TrialPart::BadFrames => excess::bad_frames(stage, user, n).await,
        TrialPart::Limits => excess::limits(stage, user, n).await,
        // Beside everything, and after it.
        TrialPart::Idle | TrialPart::SilentPeer | TrialPart::VanishedPeer | TrialPart::Drain => Ok(()),
    }
}
