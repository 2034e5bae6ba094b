//! One question after the other on one connection; whoever loses it comes back and goes on.

use super::{is_over, leave};
use crate::validate::{Stage, Trouble, stored};
use goldenpath_harness::{Scenario, TestUser};

/// So many of the known questions, in the user's own order.
pub(super) fn known(stage: &Stage, n: usize, turns: usize) -> Vec<Scenario> {
    stage.scenarios(n).into_iter().cycle().take(turns).collect()
}

/// Asks, waits for each answer, and reads it back from the store.
pub(super) async fn talk(stage: &Stage, user: &TestUser, scenarios: &[Scenario]) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("selftest/talk", user);
    let mut client = stage.enter(user).await?;
    for scenario in scenarios {
        if is_over(&client) {
            client = stage.enter(user).await?;
        }
        let done = stage.answer(&client, &prompts.next(scenario), None).await;
        if let Some(ran) = stage.go_on(user, done)? {
            stored::read_back(stage, user, &ran.run_id).await;
        }
    }
    leave(&client).await;
    Ok(())
}
