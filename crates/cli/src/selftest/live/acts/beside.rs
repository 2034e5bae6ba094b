//! More than one thing at once: tabs, threads, a run and its cancel.

use super::{STAY_AFTER_CANCEL, is_over, leave};
use crate::validate::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Prompt, Scenario, TestUser};
use goldenpath_history::{Expect, Outcome, ToolDemand};

/// Asks in the first tab; the second shows the same.
pub(super) async fn tabs(stage: &Stage, user: &TestUser, scenarios: &[Scenario]) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("selftest/tabs", user);
    let (mut first, second) = (stage.enter(user).await?, stage.enter(user).await?);
    for scenario in scenarios {
        if is_over(&first) {
            first = stage.enter(user).await?;
        }
        let prompt = prompts.next(scenario);
        let done = stage.answer(&first, &prompt, None).await;
        if stage.go_on(user, done)?.is_some() {
            stage.go_on(user, seen(&second, &prompt).await)?;
        }
    }
    leave(&second).await;
    first.close().await;
    Ok(())
}

async fn seen(tab: &Client, prompt: &Prompt) -> Result<(), Trouble> {
    tab.wait_for_end(&prompt.request_id, ANSWER).await?;
    Ok(())
}

/// Two questions at once, on one connection: their runs are in threads of their own.
pub(super) async fn threads(stage: &Stage, user: &TestUser, scenarios: &[Scenario]) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("selftest/threads", user);
    let client = stage.enter(user).await?;
    for pair in scenarios.chunks(2) {
        let asked: Vec<Prompt> = pair.iter().map(|scenario| prompts.next(scenario)).collect();
        for prompt in &asked {
            client.ask(prompt, None).await?;
        }
        for prompt in &asked {
            let done = stage.end_of(&client, prompt).await;
            stage.go_on(user, done)?;
        }
    }
    leave(&client).await;
    Ok(())
}

/// Runs that are cancelled at their first event.
pub(super) async fn cancel(stage: &Stage, user: &TestUser, scenarios: &[Scenario]) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("selftest/cancel", user);
    let client = stage.enter(user).await?;
    for scenario in scenarios {
        let expect = Expect { tools: ToolDemand::None, outcome: Outcome::Cancelled, ..Expect::default() };
        let prompt = prompts.next(&scenario.clone().expecting(expect));
        client.ask(&prompt, None).await?;
        let run = client.wait_for_run(&prompt.request_id, ANSWER).await?;
        client.cancel(&run).await?;
        let done = stage.end_of(&client, &prompt).await;
        stage.go_on(user, done)?;
    }
    // A connection that ends meanwhile has its record.
    let _ = client.wait_for_close(STAY_AFTER_CANCEL).await;
    leave(&client).await;
    Ok(())
}

/// Requests in threads that nobody knows: refused in words, or answered by nothing.
pub(super) async fn unservable(
    stage: &Stage,
    user: &TestUser,
    scenarios: &[Scenario],
) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("selftest/unservable", user);
    let client = stage.enter(user).await?;
    for scenario in scenarios {
        let unknown = prompts.next(scenario);
        // A thread that was never made; its id is as good as any.
        client.ask(&unknown, Some(&unknown.request_id)).await?;
        let what = format!("the answer to request `{}`", unknown.request_id);
        let id = &unknown.request_id;
        let told = client.wait_for(&what, ANSWER, |view| {
            view.refusal(id).map(|_| ()).or_else(|| view.accepted(id).map(|_| ()))
        });
        stage.go_on(user, told.await.map_err(Trouble::from))?;
        let done = stage.answer(&client, &prompts.next(scenario), None).await;
        stage.go_on(user, done)?;
    }
    leave(&client).await;
    Ok(())
}

/// The same request from two tabs.
pub(super) async fn retry(stage: &Stage, user: &TestUser, scenarios: &[Scenario]) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("selftest/retry", user);
    let (first, second) = (stage.enter(user).await?, stage.enter(user).await?);
    for scenario in scenarios {
        let prompt = prompts.next(scenario);
        let what = format!("the acceptance of request `{}`", prompt.request_id);
        for tab in [&first, &second] {
            tab.ask(&prompt, None).await?;
            let taken = tab.wait_for(&what, ANSWER, |view| view.accepted(&prompt.request_id).map(|_| ()));
            stage.go_on(user, taken.await.map_err(Trouble::from))?;
        }
        let done = stage.end_of(&first, &prompt).await;
        stage.go_on(user, done)?;
    }
    leave(&second).await;
    first.close().await;
    Ok(())
}
