//! Nobody sees, touches or becomes somebody else: overlapping users, foreign ids, forged and ending tokens.

use super::expiry::Expiry;
use super::stage::{Stage, Trouble};
use super::{foreign, revocation, tokens};
use goldenpath_harness::TestUser;

pub(super) fn steps(stage: &Stage) -> u64 {
    stage.users().len() as u64 + 4
}

pub(super) async fn run(stage: &Stage, expiry: Option<Expiry>) -> Result<(), String> {
    stage
        .everybody(|stage, n| async move {
            let user = stage.users()[n].clone();
            overlap(&stage, &user, n).await
        })
        .await?;
    if !stage.tokenless() {
        stage.settle("driver", foreign::probe(&stage.uncounted()).await)?;
    }
    stage.step();
    stage.settle("driver", tokens::probe(&stage.uncounted()).await)?;
    stage.step();
    stage.settle("driver", revocation::probe(&stage.uncounted()).await)?;
    stage.step();
    if let Some(expiry) = expiry {
        stage.settle("driver", expiry.outcome().await)?;
    }
    stage.step();
    Ok(())
}

/// All users ask at once; each prompt holds a reference that nobody else may ever see.
async fn overlap(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let client = stage.enter(user).await?;
    let mut prompts = stage.prompts("security/overlap", user);
    if let Some(scenario) = stage.scenarios(n).first() {
        stage.answer(&client, &prompts.next(scenario), None).await?;
    }
    client.close().await;
    Ok(())
}
