//! Connections that go away in mid-run and come back: cut or closed, once or twice, with much or nothing missed.

use super::TrialPart;
use super::tab::{Tab, point};
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Connect, TestUser};

/// A link is cut, or a connection closed, in mid-run; its client goes on, and asks on.
pub(super) async fn mid_run(
    stage: &Stage,
    user: &TestUser,
    n: usize,
    part: TrialPart,
) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, part);
    let name = tab.name();
    let client = stage.enter_as(user, Connect::fresh().as_client(name.as_str())).await?;
    let begun = tab.begin_two(&client).await?;
    match part {
        TrialPart::LeftCleanly => client.close().await,
        _ => client.cut().await,
    }
    let back = tab.come_back(&point(&client)?, Connect::fresh().as_client(name)).await?;
    // What goes on live after the replay is the other half of the seam.
    let next = tab.begin(&back).await?;
    for run in begun.iter().chain([&next]) {
        tab.see_out(&back, run).await?;
    }
    back.close().await;
    Ok(())
}

/// What is resumed is lost and resumed again, further on.
pub(super) async fn twice(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::Twice);
    let client = stage.enter(user).await?;
    let mut begun = tab.begin_two(&client).await?.to_vec();
    client.cut().await;
    let mut from = point(&client)?;
    for _ in 0..2 {
        let back = tab.come_back(&from, Connect::fresh()).await?;
        begun.push(tab.begin(&back).await?);
        let what = format!("an event after offset {}", from.offset);
        back.wait_for(&what, ANSWER, |view| (view.offset > from.offset).then_some(())).await?;
        back.cut().await;
        from = point(&back)?;
    }
    let back = tab.come_back(&from, Connect::fresh()).await?;
    for run in &begun {
        // One that ended on an earlier connection owes nothing here; the store says of each that it is over.
        tab.ends_unwatched(run).await;
    }
    tab.answer(&back).await?;
    back.close().await;
    Ok(())
}

/// The run ends while nobody reads: its end is in the replay, and in the store.
pub(super) async fn ends_while_away(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::EndsWhileAway);
    let client = stage.enter(user).await?;
    let run = tab.begin(&client).await?;
    client.cut().await;
    tab.ends_unwatched(&run).await;
    let back = tab.come_back(&point(&client)?, Connect::fresh()).await?;
    tab.see_out(&back, &run).await?;
    tab.answer(&back).await?;
    back.close().await;
    Ok(())
}

/// Away and back while nothing happens.
pub(super) async fn nothing_missed(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::NothingMissed);
    let client = stage.enter(user).await?;
    tab.answer(&client).await?;
    client.close().await;
    let back = tab.come_back(&point(&client)?, Connect::fresh()).await?;
    tab.answer(&back).await?;
    back.close().await;
    Ok(())
}

/// A second tab goes on from where the first one joined, and neither costs the other anything.
pub(super) async fn second_tab(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::SecondTab);
    let first = stage.enter(user).await?;
    let from = point(&first)?;
    tab.answer(&first).await?;
    let run = tab.begin(&first).await?;
    let second = tab.come_back(&from, Connect::fresh()).await?;
    for client in [&first, &second] {
        tab.see_out(client, &run).await?;
    }
    same_head(&first, &second).await?;
    second.close().await;
    // The first one is still served.
    tab.answer(&first).await?;
    first.close().await;
    Ok(())
}

/// A connection is lost in mid-run, and the next one resumes nothing: the run goes on all the same.
pub(super) async fn reconnect(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut tab = Tab::new(stage, user, n, TrialPart::Reconnect);
    let client = stage.enter(user).await?;
    let run = tab.begin(&client).await?;
    client.cut().await;
    let back = stage.enter(user).await?;
    tab.ends_unwatched(&run).await;
    tab.answer(&back).await?;
    back.close().await;
    Ok(())
}

/// Both have got all of their stream.
pub(super) async fn same_head(first: &Client, second: &Client) -> Result<(), Trouble> {
    let head = first.view(|view| view.offset).max(second.view(|view| view.offset));
    for client in [first, second] {
        let what = format!("offset {head}");
        client.wait_for(&what, ANSWER, |view| (view.offset >= head).then_some(())).await?;
    }
    Ok(())
}
