//! The target is told to stop: it says so, ends what it began, and, started again, knows what it stored.

use super::TrialPart;
use super::tab::{Tab, point};
use super::told::Told;
use crate::validate::own::OwnTarget;
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Connect};
use goldenpath_history::Trial;
use std::time::Duration;

/// Users who are there when it stops.
const USERS: usize = 3;

/// What an end may take beyond the time for it; what is later shows as such.
const SLACK: Duration = Duration::from_secs(3);

/// A user's two tabs, one with an open run.
struct Seat<'a> {
    tab: Tab<'a>,
    clients: [Client; 2],
    run: String,
}

/// Stops the target under open runs, and starts it again.
pub(super) async fn drain(stage: &Stage, own: &dyn OwnTarget) -> Result<(), Trouble> {
    let mut seats = Vec::new();
    for (n, user) in stage.users().iter().take(USERS).enumerate() {
        let mut tab = Tab::new(stage, user, n, TrialPart::Drain);
        let clients = [stage.enter(user).await?, stage.enter(user).await?];
        tab.answer(&clients[0]).await?;
        seats.push(Seat { tab, clients, run: String::new() });
    }
    let Some(first) = seats.first() else { return Ok(()) };
    let told = Told::by(&first.clients[0].wait_for_greeting(ANSWER).await?);
    for seat in &mut seats {
        seat.run = seat.tab.begin(&seat.clients[1]).await?;
    }
    stage.recorder().record(None, None, Trial::TargetStopping.mark());
    let (in_time, closed) = tokio::join!(own.stop(), all_closed(&seats, told.drain() + SLACK));
    stage.recorder().record(None, None, Trial::TargetStopped.mark());
    if !in_time {
        stage.note("driver", "the target did not end everything in time");
    }
    closed?;
    own.start().await.map_err(|why| Trouble::Unmet(format!("the target did not start again: {why}")))?;
    stage.recorder().record(None, None, Trial::TargetStarted.mark());
    for seat in &mut seats {
        let back = seat.tab.come_back(&point(&seat.clients[1])?, Connect::fresh()).await?;
        seat.tab.fetch(&seat.run).await;
        seat.tab.answer(&back).await?;
        back.close().await;
    }
    Ok(())
}

async fn all_closed(seats: &[Seat<'_>], within: Duration) -> Result<(), Trouble> {
    let until = tokio::time::Instant::now() + within;
    for client in seats.iter().flat_map(|seat| &seat.clients) {
        let left = until.saturating_duration_since(tokio::time::Instant::now());
        client.wait_for_close(left).await?;
    }
    Ok(())
}
