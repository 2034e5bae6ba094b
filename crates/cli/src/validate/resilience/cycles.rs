//! Connections that come and go: after any number of them the next one finds its place.

use super::TrialPart;
use super::tab::Tab;
use crate::validate::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Connect, TestUser};

/// How often a user comes and goes.
const CYCLES: u32 = 40;

/// Connects and goes away in turn: with a Close, with another code, without a word, and by dropping everything.
pub(super) async fn come_and_go(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    for cycle in 0..CYCLES {
        let client = stage.session().connect(user, Connect::fresh()).await?;
        client.wait_for_greeting(ANSWER).await?;
        match cycle % 4 {
            0 => client.close().await,
            1 => client.cut().await,
            2 => drop(client),
            _ => client.close_with(1001, "going away").await,
        }
    }
    let client = stage.enter(user).await?;
    Tab::new(stage, user, n, TrialPart::Cycles).answer(&client).await?;
    client.close().await;
    Ok(())
}
