//! What lies behind the stream: the store tells the same story, a retry is the same run, every tab agrees.

use super::stage::{ANSWER, Stage, Trouble};
use super::stored::read_back;
use goldenpath_harness::{Client, Prompt, Scenario, TestUser};
use goldenpath_history::Expect;

pub(super) fn steps(stage: &Stage) -> u64 {
    (stage.users().len() * (stage.plan().scenarios.len() + usize::from(stage.plan().quotes_reference))) as u64
}

pub(super) async fn run(stage: &Stage) -> Result<(), String> {
    stage
        .everybody(|stage, n| async move {
            let user = stage.users()[n].clone();
            stage.go_on(&user, stored_answers(&stage, &user, n).await)?;
            stage.go_on(&user, quoted_reference(&stage, &user).await)?;
            Ok(())
        })
        .await
}

/// Every scenario in two tabs, one retried, each read back from the store.
async fn stored_answers(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("integration/stored", user);
    let first = stage.enter(user).await?;
    let second = if stage.tokenless() { None } else { Some(stage.enter(user).await?) };
    for (turn, scenario) in stage.scenarios(n).iter().enumerate() {
        let prompt = prompts.next(scenario);
        first.ask(&prompt, None).await?;
        if turn == 0 {
            stage.go_on(user, retry(&first, second.as_ref().unwrap_or(&first), &prompt).await)?;
        }
        let ran = stage.end_of(&first, &prompt).await?;
        let offset = first.view(|view| view.offset);
        first.ack(offset).await?;
        read_back(stage, user, &ran.run_id).await;
    }
    if let Some(second) = second {
        let offset = first.view(|view| view.offset);
        second
            .wait_for("the same offset in the second tab", ANSWER, |view| {
                (view.offset >= offset).then_some(())
            })
            .await?;
        second.close().await;
    }
    first.close().await;
    Ok(())
}

/// The same request again, from the other tab: the same run, said to be one.
async fn retry(first: &Client, second: &Client, prompt: &Prompt) -> Result<(), Trouble> {
    let id = &prompt.request_id;
    let taken = format!("the acceptance of request `{id}`");
    first.wait_for(&taken, ANSWER, |view| view.accepted(id).map(|_| ())).await?;
    second.ask(prompt, None).await?;
    let again = format!("the second acceptance of request `{id}`");
    second.wait_for(&again, ANSWER, |view| view.accepted(id).map(|_| ())).await?;
    Ok(())
}

/// One answer must quote its own reference, where the target can.
async fn quoted_reference(stage: &Stage, user: &TestUser) -> Result<(), Trouble> {
    if !stage.plan().quotes_reference {
        return Ok(());
    }
    let scenario = Scenario::new(
        "quoted",
        "I'm spending $50k/month on AI infrastructure. Help me optimize costs, and quote the reference below in your answer.",
    )
    .expecting(Expect { quote_reference: true, ..Expect::default() });
    let client = stage.enter(user).await?;
    let prompt = stage.prompts("integration/quoted", user).next(&scenario);
    let ran = stage.answer(&client, &prompt, None).await?;
    read_back(stage, user, &ran.run_id).await;
    client.close().await;
    Ok(())
}
