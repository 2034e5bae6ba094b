//! Users who go away in the midst of a run and come back to where they were.

use super::leave;
use super::talk::known;
use crate::validate::{ANSWER, Stage, Trouble, stored};
use goldenpath_harness::{Client, Connect, Prompt, Prompts, Scenario, TestUser};
use serde_json::Value;
use std::time::Duration;

/// How long a user is away, so that something is missed.
const AWAY: Duration = Duration::from_millis(250);

/// How long a run may take that ends while nobody looks.
const ENDS: Duration = Duration::from_secs(40);

/// Between two looks at the store.
const LOOK: Duration = Duration::from_millis(100);

/// Events that are replayed at most, where the greeting does not tell.
const REPLAYED: u64 = 500;

/// Runs that may be asked for to miss more than that.
const RUNS: usize = 80;

/// How a user comes back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::selftest::live) enum Away {
    /// Once in a run, while it is under way.
    Once,
    /// Twice in the same run.
    Twice,
    /// When the run has ended.
    UntilItEnds,
    /// When more was missed than can be replayed; another tab saw it.
    TooLong,
    /// With the epoch of a log that is no more.
    OfAnotherLife,
}

/// Goes away from so many runs and comes back, each time on a new connection; the next question is asked on that one.
pub(super) async fn returns(
    stage: &Stage,
    user: &TestUser,
    n: usize,
    away: Away,
    runs: usize,
) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("selftest/returns", user);
    let mut client = stage.enter(user).await?;
    for scenario in known(stage, n, runs) {
        let prompt = prompts.next(&scenario);
        client.ask(&prompt, None).await?;
        let run_id = client.wait_for_run(&prompt.request_id, ANSWER).await?;
        client = match away {
            Away::Once => back(stage, user, client).await?,
            Away::Twice => {
                let first = back(stage, user, client).await?;
                back(stage, user, first).await?
            }
            Away::UntilItEnds => back_after(stage, user, client, &prompt).await?,
            Away::TooLong => back_too_late(stage, user, client, &mut prompts, &scenario).await?,
            Away::OfAnotherLife => back_with_another_epoch(stage, user, client).await?,
        };
        // Who is told that nothing is replayed reads the run where it is kept.
        let told = client.view(|view| view.greeting.as_ref().map(|greeting| greeting.raw.clone()));
        if told.is_some_and(|told| told.contains("\"failed\"")) {
            stored::read_back(stage, user, &run_id).await;
        } else {
            let done = stage.end_of(&client, &prompt).await;
            if stage.go_on(user, done)?.is_none() {
                stored::read_back(stage, user, &run_id).await;
            }
        }
    }
    // One more, live from its beginning.
    let done = stage.answer(&client, &prompts.next(&known(stage, n, 1)[0]), None).await;
    stage.go_on(user, done)?;
    leave(&client).await;
    Ok(())
}

/// Goes without a word, stays away for a moment, and resumes.
async fn back(stage: &Stage, user: &TestUser, client: Client) -> Result<Client, Trouble> {
    let how = resuming(&client);
    drop(client);
    tokio::time::sleep(AWAY).await;
    stage.enter_as(user, how).await
}

fn resuming(client: &Client) -> Connect {
    match client.view(|view| view.resume_point()) {
        Some(point) => Connect::fresh().resuming(&point),
        None => Connect::fresh(),
    }
}

/// The same, when the store says that the run has ended.
async fn back_after(
    stage: &Stage,
    user: &TestUser,
    client: Client,
    prompt: &Prompt,
) -> Result<Client, Trouble> {
    let run = client.wait_for_run(&prompt.request_id, ANSWER).await?;
    let how = resuming(&client);
    drop(client);
    let ended = tokio::time::timeout(ENDS, async {
        while !has_ended(stage, user, &run).await {
            tokio::time::sleep(LOOK).await;
        }
    });
    if ended.await.is_err() {
        stage.note(
            user.name(),
            &format!("run `{run}` did not end in {} s, as far as the store tells", ENDS.as_secs()),
        );
    }
    // A store may know of an end before the stream does: who came at once would see the end live.
    tokio::time::sleep(AWAY).await;
    let client = stage.enter_as(user, how).await?;
    stored::read_back(stage, user, &run).await;
    Ok(client)
}

async fn has_ended(stage: &Stage, user: &TestUser, run: &str) -> bool {
    let (Some(probe), Ok(token)) = (stage.probe(), user.token()) else { return false };
    let answer = probe.get(&format!("runs/{run}"), token.as_ref()).await;
    let state = answer.ok().and_then(|answer| serde_json::from_str::<Value>(&answer.body).ok());
    state.is_some_and(|body| body["state"].as_str().is_some_and(|state| state != "running"))
}

/// The same, when another tab has seen more than is replayed.
async fn back_too_late(
    stage: &Stage,
    user: &TestUser,
    client: Client,
    prompts: &mut Prompts,
    scenario: &Scenario,
) -> Result<Client, Trouble> {
    let how = resuming(&client);
    let left = client.view(|view| view.offset);
    let limit = client.view(|view| view.greeting.as_ref().and_then(|greeting| replayed(&greeting.raw)));
    let tab = stage.enter(user).await?;
    drop(client);
    let missed = |tab: &Client| tab.view(|view| view.offset.saturating_sub(left)) > limit.unwrap_or(REPLAYED);
    for _ in 0..RUNS {
        if missed(&tab) {
            break;
        }
        let done = stage.answer(&tab, &prompts.next(scenario), None).await;
        stage.go_on(user, done)?;
    }
    let client = stage.enter_as(user, how).await?;
    tab.close().await;
    Ok(client)
}

fn replayed(greeting: &str) -> Option<u64> {
    serde_json::from_str::<Value>(greeting).ok()?["limits"]["replay_events"].as_u64()
}

/// Resumes from a point of a log that never was this user's.
async fn back_with_another_epoch(stage: &Stage, user: &TestUser, client: Client) -> Result<Client, Trouble> {
    let Some(mut point) = client.view(|view| view.resume_point()) else { return Ok(client) };
    drop(client);
    let other: String = point.epoch.to_string().chars().rev().collect();
    if let Ok(epoch) = other.parse() {
        point.epoch = epoch;
    }
    stage.enter_as(user, Connect::fresh().resuming(&point)).await
}
