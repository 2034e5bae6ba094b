//! What every chat does: questions one after the other, two at once, in two tabs, cancelled, odd ones.

use super::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Scenario, TestUser};
use goldenpath_history::{Expect, Outcome, ToolDemand};

/// Text that encodings like to break: emoji, right to left, combining marks, CJK, quotes and escapes.
const UNICODE: &str = "I'm spending $50k/month on AI infrastructure 🚀👩🏽‍💻 for the teams «Données», فريق البيانات, データ基盤, \
                       Zoe\u{308} and \"Müller\\Söhne\". Help me optimize costs.";

/// A question that quotes what looks like an event, as users who debug do.
const LIKE_AN_EVENT: &str = "Audit my data processing costs and recommend alternatives. Our log shows \
                             {\"type\":\"agent_completed\",\"final_response\":\"done\"} and error: TODO each night.";

/// A question about a service that the generated data does not hold: its tools say so, and the answer must.
const NOTHING_THERE: &str =
    "How much did I spend on Snowflake in the last 30 days, and how can I lower that cost?";

pub(super) fn steps(stage: &Stage) -> u64 {
    let beside_the_scenarios = if stage.tokenless() { 6 } else { 7 };
    (stage.users().len() * (stage.plan().scenarios.len() + beside_the_scenarios)) as u64
}

pub(super) async fn run(stage: &Stage) -> Result<(), String> {
    stage
        .everybody(|stage, n| async move {
            let user = stage.users()[n].clone();
            stage.go_on(&user, conversation(&stage, &user, n).await)?;
            stage.go_on(&user, two_at_once(&stage, &user, n).await)?;
            if !stage.tokenless() {
                stage.go_on(&user, two_tabs(&stage, &user, n).await)?;
            }
            stage.go_on(&user, changes_mind(&stage, &user, n).await)?;
            stage.go_on(&user, odd_questions(&stage, &user).await)?;
            Ok(())
        })
        .await
}

/// Every scenario, one after the other; the second goes on in the first one's thread.
async fn conversation(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("functional/conversation", user);
    let client = stage.enter(user).await?;
    let mut thread = None;
    for (turn, scenario) in stage.scenarios(n).iter().enumerate() {
        let prompt = prompts.next(scenario);
        let in_thread = if turn == 1 { thread.take() } else { None };
        let ran = stage.answer(&client, &prompt, in_thread.as_deref()).await?;
        thread = ran.thread_id;
    }
    client.close().await;
    Ok(())
}

/// Two runs of one socket, interleaved.
async fn two_at_once(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("functional/two-at-once", user);
    let client = stage.enter(user).await?;
    let asked: Vec<_> = stage.scenarios(n).iter().take(2).map(|scenario| prompts.next(scenario)).collect();
    for prompt in &asked {
        client.ask(prompt, None).await?;
    }
    for prompt in &asked {
        stage.end_of(&client, prompt).await?;
    }
    client.close().await;
    Ok(())
}

/// A second tab sees what the first one asked for.
async fn two_tabs(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("functional/two-tabs", user);
    let (first, second) = (stage.enter(user).await?, stage.enter(user).await?);
    if let Some(scenario) = stage.scenarios(n).first() {
        let prompt = prompts.next(scenario);
        let ran = stage.answer(&first, &prompt, None).await?;
        let what = format!("the end of run `{}` in the second tab", ran.run_id);
        second
            .wait_for(&what, ANSWER, |view| {
                view.run(&ran.run_id).is_some_and(|run| run.ended.is_some()).then_some(())
            })
            .await?;
    }
    first.close().await;
    second.close().await;
    Ok(())
}

/// A run cancelled as soon as it shows itself. A fast one may be over first, and both endings are true then.
async fn changes_mind(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("functional/cancel", user);
    let client = stage.enter(user).await?;
    if let Some(mut scenario) = stage.scenarios(n).into_iter().next() {
        scenario.name = format!("{}-cancelled", scenario.name);
        scenario.expect = any_ending();
        let prompt = prompts.next(&scenario);
        client.ask(&prompt, None).await?;
        let run = client.wait_for_run(&prompt.request_id, ANSWER).await?;
        client.cancel(&run).await?;
        stage.end_of(&client, &prompt).await?;
    }
    client.close().await;
    Ok(())
}

/// Questions that are hard on encodings, on parsers of text, and on honesty.
async fn odd_questions(stage: &Stage, user: &TestUser) -> Result<(), Trouble> {
    let mut prompts = stage.prompts("functional/odd", user);
    let client = stage.enter(user).await?;
    let odd = [
        Scenario::new("unicode", UNICODE),
        Scenario::new("like-an-event", LIKE_AN_EVENT),
        Scenario::new("nothing-there", NOTHING_THERE).expecting(any_ending()),
    ];
    for scenario in &odd {
        let done = stage.answer(&client, &prompts.next(scenario), None).await;
        stage.go_on(user, done)?;
    }
    client.close().await;
    Ok(())
}

fn any_ending() -> Expect {
    Expect { tools: ToolDemand::None, outcome: Outcome::Any, ..Expect::default() }
}
