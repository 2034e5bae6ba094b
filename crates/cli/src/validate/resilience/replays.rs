//! Replays that are disturbed: lost half-way, asked for while the old connection still stands, or from behind what was
//! acknowledged. Where to go on from is what the client says, nothing else.

use super::TrialPart;
use super::tab::{Tab, point};
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Connect, TestUser};
use goldenpath_protocol::ResumePoint;
use std::time::Duration;

/// How soon a replaced connection is closed.
const SOON: Duration = Duration::from_secs(3);

/// After so many frames the link is lost again: with the greeting alone, and ever further into the replay.
const LOST_AFTER: [u64; 4] = [1, 2, 3, 8];

/// Acknowledges, and is answered, as nothing else here.
const PING: u64 = 4_000;

/// The link is lost while the replay is still coming; each time it goes on from what came.
pub(super) async fn during_replay(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::DuringReplay);
    let (client, other) = (stage.enter(user).await?, stage.enter(user).await?);
    let run = tab.begin(&client).await?;
    client.cut().await;
    // Enough to lose a link in.
    tab.answer(&other).await?;
    let mut from = point(&client)?;
    for frames in LOST_AFTER {
        let how = Connect::fresh().resuming(&from).lost_after(frames);
        let lost = stage.session().connect(user, how).await?;
        lost.wait_for_close(ANSWER).await?;
        from = reached(&lost, from)?;
    }
    let back = tab.come_back(&from, Connect::fresh()).await?;
    tab.ends_unwatched(&run).await;
    tab.answer(&back).await?;
    back.close().await;
    other.close().await;
    Ok(())
}

/// How far a client got that had been at `from`: a greeting alone brings nobody further.
fn reached(client: &Client, from: ResumePoint) -> Result<ResumePoint, Trouble> {
    let refused = client.view(|view| view.greeting.as_ref().is_some_and(|greeting| greeting.replay == 0));
    if client.view(|view| view.events) == 0 && !refused {
        return Ok(from);
    }
    point(client)
}

/// Comes back under its own name while its old connection still stands, from a point behind what had come there: the old one
/// is replaced, and this one gets all after that point.
pub(super) async fn displaced(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::Displaced);
    let name = tab.name();
    let old = stage.enter_as(user, Connect::fresh().as_client(name.as_str())).await?;
    let from = point(&old)?;
    let begun = tab.begin_two(&old).await?;
    let back = tab.come_back(&from, Connect::fresh().as_client(name)).await?;
    let replaced = old.wait_for_close(SOON).await;
    for run in &begun {
        tab.see_out(&back, run).await?;
    }
    tab.answer(&back).await?;
    back.close().await;
    // Both live on where names mean nothing.
    if replaced.is_err() {
        old.close().await;
    }
    Ok(replaced.map(drop)?)
}

/// What was acknowledged decides nothing: a name alone asks for nothing, and a point further back gets all after it.
pub(super) async fn behind_acks(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::BehindAcks);
    let name = tab.name();
    let named = || Connect::fresh().as_client(name.as_str());
    let client = stage.enter_as(user, named()).await?;
    let from = point(&client)?;
    tab.answer(&client).await?;
    let head = client.view(|view| view.offset);
    client.ack(head).await?;
    // What is answered behind it shows that it was taken.
    client.ping(PING).await?;
    client.wait_for("a `pong`", ANSWER, |view| (view.last_pong >= Some(PING)).then_some(())).await?;
    client.close().await;
    let alone = stage.enter_as(user, named()).await?;
    alone.close().await;
    let back = tab.come_back(&from, named()).await?;
    let what = format!("offset {head}");
    back.wait_for(&what, ANSWER, |view| (view.offset >= head).then_some(())).await?;
    tab.answer(&back).await?;
    back.close().await;
    Ok(())
}
