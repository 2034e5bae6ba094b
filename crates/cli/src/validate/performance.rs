//! Many runs, timed: one after the other per user, all users at once, on connections new and old.

use super::stage::{Stage, Trouble};
use goldenpath_harness::TestUser;
use std::time::Duration;
use tokio::time::Instant;

/// Runs on one connection: each connection's first one shows the cold start.
const RUNS_PER_CONNECTION: u64 = 10;

/// The fewest runs per user, however many users there are.
const FEWEST: u64 = 4;

/// Between two requests of one connection: below the rate that a connection may send at.
const PACE: Duration = Duration::from_millis(60);

pub(super) fn steps(stage: &Stage) -> u64 {
    stage.users().len() as u64 * runs_per_user(stage)
}

fn runs_per_user(stage: &Stage) -> u64 {
    let users = stage.users().len().max(1) as u64;
    stage.plan().measured_runs.div_ceil(users).max(FEWEST)
}

pub(super) async fn run(stage: &Stage) -> Result<(), String> {
    let until = Instant::now() + stage.plan().measured_time;
    stage
        .everybody(|stage, n| async move {
            let user = stage.users()[n].clone();
            let runs = runs_per_user(&stage);
            let mut asked = 0;
            // The fewest are asked for even of a slow target; its own limits say how long each may take.
            while asked < runs && (asked < FEWEST || Instant::now() < until) {
                let some = RUNS_PER_CONNECTION.min(runs - asked);
                let done = measure(&stage, &user, n, asked, some, until).await;
                stage.go_on(&user, done)?;
                asked += some;
            }
            Ok(())
        })
        .await
}

/// `some` runs on a new connection.
async fn measure(
    stage: &Stage,
    user: &TestUser,
    n: usize,
    asked: u64,
    some: u64,
    until: Instant,
) -> Result<(), Trouble> {
    let mut prompts = stage.prompts(&format!("performance/{asked}"), user);
    let scenarios = stage.scenarios(n);
    let client = stage.enter(user).await?;
    for (turn, scenario) in (0..some).zip(scenarios.iter().cycle()) {
        if asked + turn >= FEWEST && Instant::now() >= until {
            break;
        }
        let slot = Instant::now() + PACE;
        stage.answer(&client, &prompts.next(scenario), None).await?;
        tokio::time::sleep_until(slot).await;
    }
    client.close().await;
    Ok(())
}
