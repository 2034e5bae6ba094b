//! Resumes that cannot be served: what was missed is too much, or the point means nothing.

use super::TrialPart;
use super::tab::{Tab, point};
use super::told::Told;
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Connect, ConnectError, TestUser};
use goldenpath_protocol::ResumePoint;

/// The most runs that are spent on missing more than that.
const MOST_RUNS: usize = 60;

/// How far beyond the head a point lies.
const BEYOND: u64 = 1_000;

/// A tab is away for longer than its stream is kept for it: it is told, and reads the rest from the store.
pub(super) async fn overrun(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::Overrun);
    let (client, other) = (stage.enter(user).await?, stage.enter(user).await?);
    let told = Told::by(&client.wait_for_greeting(ANSWER).await?);
    let run = tab.begin(&client).await?;
    client.cut().await;
    let from = point(&client)?;
    let most = told.replay_events;
    let mut runs = 0;
    while other.view(|view| view.offset) <= from.offset + most {
        if runs >= MOST_RUNS {
            let missed = other.view(|view| view.offset).saturating_sub(from.offset);
            return Err(Trouble::Unmet(format!(
                "no overrun: {runs} runs made {missed} events, and {most} are replayed"
            )));
        }
        runs += tab.answers(&other).await?;
    }
    let back = tab.come_back(&from, Connect::fresh()).await?;
    tab.fetch(&run).await;
    tab.answer(&back).await?;
    back.close().await;
    other.close().await;
    Ok(())
}

/// From an epoch that never was, and from beyond the head.
pub(super) async fn wrong_point(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::WrongPoint);
    let made_up = tab.name().replace('-', "");
    let wrong: [fn(ResumePoint, &str) -> Option<ResumePoint>; 3] = [
        // The epoch of another log, at an offset that this one has, too…
        |point, epoch| format!("{epoch}:{}", point.offset).parse().ok(),
        // …and at one that it has not.
        |point, epoch| format!("{epoch}:{}", point.offset + BEYOND).parse().ok(),
        |point, _| Some(ResumePoint { offset: point.offset + BEYOND, ..point }),
    ];
    for wrong in wrong {
        let client = stage.enter(user).await?;
        let run = tab.begin(&client).await?;
        client.cut().await;
        let Some(wrong) = wrong(point(&client)?, &made_up) else { continue };
        let back = tab.come_back(&wrong, Connect::fresh()).await?;
        tab.fetch(&run).await;
        tab.answer(&back).await?;
        back.close().await;
    }
    Ok(())
}

/// From texts that are no points: each is refused, at the upgrade or in the greeting, and harms no run.
pub(super) async fn unreadable_point(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::UnreadablePoint);
    let client = stage.enter(user).await?;
    let run = tab.begin(&client).await?;
    client.cut().await;
    let epoch = point(&client)?.epoch;
    let texts = [
        String::new(),
        ":".to_owned(),
        "nowhere".to_owned(),
        epoch.to_string(),
        format!("{epoch}:"),
        format!("{epoch}:-1"),
        format!("{epoch}:1e3"),
        format!("{epoch}:18446744073709551616"),
    ];
    for text in texts {
        match stage.session().connect(user, Connect::fresh().resuming_at(text)).await {
            Ok(client) => {
                client.wait_for_greeting(ANSWER).await?;
                // What would be replayed comes before a pong does.
                client.ping(1).await?;
                client.wait_for("`pong` 1", ANSWER, |view| view.last_pong).await?;
                client.close().await;
            }
            Err(ConnectError::Refused { .. }) => {}
            Err(why) => return Err(why.into()),
        }
    }
    let back = tab.come_back(&point(&client)?, Connect::fresh()).await?;
    tab.see_out(&back, &run).await?;
    tab.answer(&back).await?;
    back.close().await;
    Ok(())
}

/// From where another user stands: nothing of that log is shown, and the own one is told.
pub(super) async fn foreign_point(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::ForeignPoint);
    let other = stage.spare().into_iter().chain(stage.users()).find(|other| other.name() != user.name());
    let Some(other) = other else {
        return Err(Trouble::Unmet("there is no other user whose point could be tried".to_owned()));
    };
    let theirs = stage.enter(other).await?;
    let client = stage.enter(user).await?;
    let run = tab.begin(&client).await?;
    client.cut().await;
    let back = tab.come_back(&point(&theirs)?, Connect::fresh()).await?;
    tab.fetch(&run).await;
    tab.answer(&back).await?;
    back.close().await;
    theirs.close().await;
    Ok(())
}
