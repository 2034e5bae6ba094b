//! What takes time by itself: nothing happens, or nobody answers. It passes beside everything else.

use super::TrialPart;
use super::tab::Tab;
use super::told::Told;
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::TestUser;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::Instant;

/// What a heartbeat may be late by.
const LATE: Duration = Duration::from_secs(2);

/// What finding a silent peer may take beyond a ping and the time for its pong; and a little more, so that a late end shows.
const FOUND: Duration = Duration::from_secs(4);

/// For how long gauges are read after that.
const COUNTED: Duration = Duration::from_secs(4);

/// Between two pings of an idle client.
const PING_EVERY: Duration = Duration::from_secs(2);

/// Beyond the numbers of the pings that read the clock.
const FIRST_PING: u64 = 1_000;

/// The peers that wait; they end with their owner.
pub(crate) struct Vigil(JoinSet<Result<(), String>>);

impl Vigil {
    pub(crate) fn begin(stage: &Stage) -> Self {
        let mut waiting = JoinSet::new();
        let users = stage.users().len();
        for part in stage.plan().trials.iter().copied().filter(|part| part.waits()) {
            for n in (0..users).filter(|n| part.is_for(*n, users)) {
                waiting.spawn(wait(stage.uncounted(), n, part));
            }
        }
        Self(waiting)
    }

    /// Waits for all of them; an error says that the target is gone.
    pub(super) async fn outcome(mut self, stage: &Stage) -> Result<(), String> {
        while let Some(joined) = self.0.join_next().await {
            match joined {
                Ok(done) => done?,
                // A bug of ours must not look like a quiet target.
                Err(why) if why.is_panic() => std::panic::resume_unwind(why.into_panic()),
                Err(why) => stage.note("driver", &format!("a step of the plan ended early: {why}")),
            }
            stage.step();
        }
        Ok(())
    }
}

async fn wait(stage: Stage, n: usize, part: TrialPart) -> Result<(), String> {
    let user = stage.users()[n].clone();
    let done = match part {
        TrialPart::SilentPeer => silent(&stage, &user).await,
        TrialPart::VanishedPeer => vanished(&stage, &user).await,
        _ => idle(&stage, &user, n).await,
    };
    stage.settle(user.name(), done)
}

/// Stays for a heartbeat, and until it would show that our pong did not count; then works as before.
async fn idle(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let client = stage.enter(user).await?;
    let told = Told::by(&client.wait_for_greeting(ANSWER).await?);
    let until = Instant::now() + told.ping() + told.pong().max(LATE) + LATE;
    for number in FIRST_PING.. {
        client.ping(number).await?;
        let next = (Instant::now() + PING_EVERY).min(until);
        if client.wait_for_close(next.saturating_duration_since(Instant::now())).await.is_ok() {
            return Err(Trouble::Unmet("an idle connection was closed".to_owned()));
        }
        if next == until {
            break;
        }
    }
    Tab::new(stage, user, n, TrialPart::Idle).answer(&client).await?;
    client.close().await;
    Ok(())
}

/// Hears everything, and answers nothing any more.
async fn silent(stage: &Stage, user: &TestUser) -> Result<(), Trouble> {
    let client = stage.enter(user).await?;
    let told = Told::by(&client.wait_for_greeting(ANSWER).await?);
    client.fall_silent();
    client.wait_for_close(told.ping() + told.pong() + FOUND).await?;
    Ok(())
}

/// Is there for nobody: only what the target counts shows whether it lets go.
async fn vanished(stage: &Stage, user: &TestUser) -> Result<(), Trouble> {
    let client = stage.enter(user).await?;
    let told = Told::by(&client.wait_for_greeting(ANSWER).await?);
    client.vanish();
    tokio::time::sleep(told.ping() + told.pong() + FOUND + COUNTED).await;
    drop(client);
    Ok(())
}
