//! Faults of the store and of the agent.

use crate::stage::{DEADLINE, Stage, proves};
use goldenpath_harness::{Client, Prompt, Scenario};
use goldenpath_history::{Direction, Expect, Outcome, RecordKind, ToolDemand, Trial};
use goldenpath_protocol::EventType;
use goldenpath_testbed::faulty::REFUSED_WORDS;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::Duration;
use tokio::time::Instant;

fn refused() -> Scenario {
    let owed = Expect { tools: ToolDemand::None, outcome: Outcome::Failed, ..Expect::default() };
    Scenario::new("refused", format!("{REFUSED_WORDS} Help me optimize costs.")).expecting(owed)
}

/// The calls of a run of the highest tier, its specialists' among them.
const PAIRS: u32 = 4;

#[tokio::test]
async fn a_specialists_tools_are_told_to_nobody() {
    proves("L16", 1, async |stage: &mut Stage| {
        stage.users[0] = stage.users[0].clone().of_tier("enterprise");
        let client = stage.enter(0).await;
        let (mut silent, mut told) = (0, 0);
        let owed = Expect { tools: ToolDemand::AtLeast(PAIRS), ..Expect::default() };
        let asked = Scenario::new("specialists", "Help me optimize costs.").expecting(owed);
        for _ in 0..2 {
            let prompt = stage.next_of(&asked);
            let run = stage.begin(&client, &prompt).await;
            assert_eq!(stage.end(&client, &prompt).await, Some(EventType::AgentCompleted));
            let (_, document) = stage.document(0, &run).await;
            let events = document["events"].as_array().unwrap();
            let by_specialists =
                |event: &&Value| event["type"] == "tool_executing" && event["parent_agent"].is_string();
            match events.iter().filter(by_specialists).count() {
                0 => silent += 1,
                _ => told += 1,
            }
        }
        assert!(silent + told == 2 && silent < 2, "{silent} of two runs lack them");
        silent > 0
    })
    .await;
}

#[tokio::test]
async fn a_request_that_nobody_serves_is_acknowledged() {
    proves("L17", 1, async |stage: &mut Stage| {
        let client = stage.enter(0).await;
        let prompt = stage.next();
        client.ask(&prompt, Some("thread-that-never-was")).await.unwrap();
        let acknowledged = client
            .wait_for("an answer", DEADLINE, |view| {
                let accepted = view.accepted(&prompt.request_id).map(|_| true);
                accepted.or(view.refusal(&prompt.request_id).map(|_| false))
            })
            .await
            .unwrap();
        // What is served is served as ever, and the other gets nothing meanwhile.
        stage.answered(&client).await;
        assert!(client.view(|view| view.run_of(&prompt.request_id).is_none()));
        acknowledged
    })
    .await;
}

#[tokio::test]
async fn a_request_that_is_sent_again_begins_a_second_run() {
    proves("D05", 1, async |stage: &mut Stage| {
        let client = stage.enter(0).await;
        let prompt = stage.next();
        let run = stage.begin(&client, &prompt).await;
        assert_eq!(stage.end(&client, &prompt).await, Some(EventType::AgentCompleted));
        let Prompt { request_id, message, .. } = &prompt;
        let again = json!({"type": "agent_request", "request_id": request_id, "message": message});
        client.send_text(again.to_string()).await.unwrap();
        let second = client
            .wait_for("the answer to the retry", DEADLINE, |view| {
                view.accepted(request_id).filter(|accepted| accepted.answers == 2).cloned()
            })
            .await
            .unwrap();
        assert_eq!(second.run_id == run, second.duplicate);
        if !second.duplicate {
            let ended = |view: &goldenpath_harness::View| view.run(&second.run_id)?.ended;
            client.wait_for("the end of the second run", DEADLINE, ended).await.unwrap();
            assert_eq!(stage.document(0, &second.run_id).await.1["request_id"], request_id.as_str());
        }
        second.run_id != run
    })
    .await;
}

#[tokio::test]
async fn a_refusal_of_the_model_becomes_a_canned_answer() {
    proves("E03", 1, async |stage: &mut Stage| {
        let client = stage.enter(0).await;
        let prompt = stage.next_of(&refused());
        stage.begin(&client, &prompt).await;
        let end = stage.end(&client, &prompt).await;
        assert!(matches!(end, Some(EventType::AgentCompleted | EventType::AgentFailed)), "{end:?}");
        end == Some(EventType::AgentCompleted)
    })
    .await;
}

#[tokio::test]
async fn a_store_without_an_answer_hangs_a_run() {
    proves("E04", 1, async |stage: &mut Stage| {
        let client = stage.enter(0).await;
        let prompts = [stage.next(), stage.next()];
        for prompt in &prompts {
            stage.begin(&client, prompt).await;
        }
        // The healthy one ends; then the other one has had its time, too, and its receipt tells it from a slow one.
        let (one, other) = tokio::join!(
            client.wait_for_end(&prompts[0].request_id, Duration::from_secs(8)),
            client.wait_for_end(&prompts[1].request_id, Duration::from_secs(8)),
        );
        assert!(one.is_ok() || other.is_ok(), "both hang");
        one.is_err() || other.is_err()
    })
    .await;
}

#[tokio::test]
async fn the_stream_and_the_store_differ() {
    for seed in [0, 1, 2] {
        proves("E05", seed, async |stage: &mut Stage| {
            let client = stage.enter(0).await;
            let mut documents = HashMap::new();
            for _ in 0..2 {
                let run = stage.answered(&client).await;
                let (_, document) = stage.document(0, &run).await;
                documents.insert(run, document);
            }
            client.close().await;
            let fresh = goldenpath_harness::Recording::in_memory().unwrap();
            let recording = std::mem::replace(&mut stage.recording, fresh);
            let mut differ = 0;
            for record in recording.finish().unwrap().records {
                let RecordKind::Frame { dir: Direction::In, raw, .. } = &record.kind else { continue };
                let event: Value = serde_json::from_str(raw).unwrap();
                let Some(document) = event["run_id"].as_str().and_then(|run| documents.get(run)) else {
                    continue;
                };
                let Some(seq) = event["seq"].as_u64() else { continue };
                let kept = &document["events"][usize::try_from(seq).unwrap() - 1];
                differ += usize::from(
                    kept["final_response"] != event["final_response"]
                        || kept["reasoning"] != event["reasoning"],
                );
            }
            differ > 0
        })
        .await;
    }
}

#[tokio::test]
async fn one_failing_run_takes_another_users_with_it() {
    proves("E06", 1, async |stage: &mut Stage| {
        let (client, failing) = (stage.enter(0).await, stage.enter(1).await);
        let (prompt, fails) = (stage.next(), stage.next_of(&refused()));
        stage.begin(&failing, &fails).await;
        client.ask(&prompt, None).await.unwrap();
        assert_eq!(stage.end(&failing, &fails).await, Some(EventType::AgentFailed));
        stage.end(&client, &prompt).await == Some(EventType::AgentFailed)
    })
    .await;
}

/// How long the answer to a request takes; none when it is refused.
async fn answer_to(client: &Client, prompt: &Prompt) -> Option<Duration> {
    let asked = Instant::now();
    client.ask(prompt, None).await.unwrap();
    let accepted = client
        .wait_for("an answer", DEADLINE, |view| {
            let accepted = view.accepted(&prompt.request_id).map(|_| true);
            accepted.or(view.refusal(&prompt.request_id).map(|_| false))
        })
        .await
        .unwrap();
    accepted.then(|| asked.elapsed())
}

async fn outage(seed: u64) {
    proves("E07", seed, async |stage: &mut Stage| {
        let clients = [stage.enter(0).await, stage.enter(1).await];
        stage.answered(&clients[0]).await;
        let prompts = [stage.next(), stage.next(), stage.next()];
        let outage = stage.backend.outage().unwrap().clone();
        let mark = |step: Trial| {
            let (name, note) = step.words();
            stage.session.recorder().mark(None, None, name, Some(note.to_owned()));
        };
        outage.begin();
        mark(Trial::OutageBegun);
        assert_eq!(answer_to(&clients[0], &prompts[0]).await, None, "accepted in the outage");
        outage.heal();
        mark(Trial::OutageHealed);
        let (one, other) =
            tokio::join!(answer_to(&clients[0], &prompts[1]), answer_to(&clients[1], &prompts[2]));
        if one.is_some() {
            stage.end(&clients[0], &prompts[1]).await;
        }
        if other.is_some() {
            stage.end(&clients[1], &prompts[2]).await;
        }
        [one, other].iter().any(|took| took.is_none_or(|took| took > Duration::from_secs(3)))
    })
    .await;
}

#[tokio::test]
async fn an_outage_is_not_over_when_it_is() {
    // Failing for everybody, failing for some, slow.
    tokio::join!(outage(0), outage(1), outage(2), outage(3));
}
