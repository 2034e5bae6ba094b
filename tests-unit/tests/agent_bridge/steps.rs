//! What an agent does, and what is told of it: by whom, with which words, and with a pair for every tool.

use crate::parts::{Part, Stage, asking, done, failure, found, kinds};
use goldenpath_agent::Step;
use goldenpath_gateway::RunRequest;
use goldenpath_protocol::{EventBody, EventType, RunEvent, ToolError};
use serde_json::{Map, json};
use std::time::Duration;

/// What is told when an agent does this before it answers.
async fn told<F>(act: impl Fn(Part) -> F + Send + Sync + 'static) -> Vec<RunEvent>
where
    F: Future<Output = Part> + Send + 'static,
{
    let stage = Stage::with(
        |config| config.event_bytes = 2_000,
        move |part| {
            let played = act(part);
            async move {
                let _part = played.await;
                done("An answer.")
            }
        },
    );
    stage.ask("q-1").await;
    stage.over().await;
    stage.stream("ada").await
}

fn speakers(events: &[RunEvent]) -> Vec<(&str, Option<&str>)> {
    events.iter().map(|event| (event.head.agent_name.as_str(), event.head.parent_agent.as_deref())).collect()
}

fn description(events: &[RunEvent]) -> &str {
    match &events[0].body {
        EventBody::AgentStarted { task_description, .. } => task_description,
        other => panic!("{other:?}"),
    }
}

fn thinking(agent: &str, parent: Option<&str>) -> Step {
    let (agent, parent) = (agent.to_owned(), parent.map(str::to_owned));
    Step::Thinking { agent, parent, reasoning: "which costs are large?".to_owned(), progress: Some(10.0) }
}

#[tokio::test(start_paused = true)]
async fn each_step_is_told_in_the_voice_of_its_agent() {
    let events = told(|part| async {
        let task_description = "looks at everything".to_owned();
        part.tell(Step::Started { agent: "maestro".to_owned(), task_description }).await;
        for (agent, parent) in [
            ("maestro", None),
            ("specialist", None),
            ("specialist", Some("maestro")),
            ("maestro", Some("maestro")),
            (" ", Some("maestro")),
        ] {
            part.tell(thinking(agent, parent)).await;
        }
        part.tell(Step::Started { agent: "second".to_owned(), task_description: "again".to_owned() }).await;
        part
    })
    .await;
    assert_eq!(description(&events), "looks at everything");
    let (own, child) = (("maestro", None), ("specialist", Some("maestro")));
    let expected = [own, own, child, child, ("maestro", Some("maestro")), own, own];
    assert_eq!(speakers(&events), expected, "the supervisor's name is the one it gave itself, once");
    assert_eq!(kinds(&events).last(), Some(&EventType::AgentCompleted));
}

#[tokio::test(start_paused = true)]
async fn a_run_without_a_description_has_its_prompt() {
    let events = told(|part| async {
        part.tell(thinking("player", None)).await;
        part
    })
    .await;
    assert_eq!((description(&events), speakers(&events)[1]), ("what do I pay for?", ("player", None)));
    let events = told(|part| async {
        part.tell(Step::Started { agent: "  ".to_owned(), task_description: " \n".to_owned() }).await;
        part
    })
    .await;
    assert_eq!((description(&events), speakers(&events)[0]), ("what do I pay for?", ("player", None)));

    // A description is told whole, a prompt by its beginning, and no words by these.
    let long = "ab".repeat(80);
    let said = long.clone();
    let events = told(move |part| {
        let task_description = format!(" {said} ");
        async {
            part.tell(Step::Started { agent: "player".to_owned(), task_description }).await;
            part
        }
    })
    .await;
    assert_eq!(description(&events), long);
    for (message, expected) in [(long.as_str(), &long[..120]), ("  ", "a request without words")] {
        let stage = Stage::new(|_: Part| async { done("An answer.") });
        let request = RunRequest { message: message.to_owned(), ..asking("ada", "q-1") };
        stage.try_ask(request).await.unwrap();
        stage.over().await;
        assert_eq!(description(&stage.stream("ada").await), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_tool_is_told_with_its_purpose_its_outcome_and_how_long_it_took() {
    let events = told(|part| async {
        part.start().await;
        part.tell(Step::ToolExecuting {
            agent: "specialist".to_owned(),
            parent: Some("player".to_owned()),
            call: 7,
            tool: "costs".to_owned(),
            parameters: Map::from_iter([("service".to_owned(), json!("storage"))]),
            purpose: " ".to_owned(),
        })
        .await;
        // A call that is open already, and an answer to none, are no events; nor is a thought without words.
        part.call(7, "prices").await;
        part.close(9, Ok(found())).await;
        part.think(" \n").await;
        tokio::time::sleep(Duration::from_millis(30)).await;
        part.close(7, Ok(found())).await;
        part.call(7, "prices").await;
        part.close(7, Ok(found())).await;
        part
    })
    .await;
    use EventType::{AgentCompleted, AgentStarted, ToolCompleted, ToolExecuting};
    let expected = [AgentStarted, ToolExecuting, ToolCompleted, ToolExecuting, ToolCompleted, AgentCompleted];
    assert_eq!(kinds(&events), expected);
    let EventBody::ToolExecuting { tool_name, execution_id, parameters, tool_purpose } = &events[1].body
    else {
        panic!()
    };
    assert_eq!((tool_name.as_str(), tool_purpose.as_str()), ("costs", "to ask costs"));
    assert_eq!(parameters["service"], "storage");
    let EventBody::ToolCompleted { tool_name, execution_id: closed, success, results, duration_ms, .. } =
        &events[2].body
    else {
        panic!()
    };
    assert_eq!((tool_name.as_str(), closed, *success), ("costs", execution_id, true));
    assert_eq!((results, *duration_ms), (&Some(found()), 30));
    assert_eq!(speakers(&events)[1..3], [("specialist", Some("player")); 2], "one voice for both");
    let EventBody::ToolExecuting { execution_id: second, tool_purpose, .. } = &events[3].body else {
        panic!()
    };
    assert_ne!(second, execution_id, "a call's number may be used again, its id is new");
    assert_eq!(tool_purpose, "asks prices");
    let EventBody::AgentCompleted { degraded, limitations, .. } = &events[5].body else { panic!() };
    assert_eq!((*degraded, limitations.len()), (false, 0));
}

#[tokio::test(start_paused = true)]
async fn a_tool_that_fails_says_why_in_words() {
    let events = told(|part| async {
        part.start().await;
        let huge = Map::from_iter([("rows".to_owned(), json!("r".repeat(3_000)))]);
        for (call, outcome) in [
            (1, Err(failure("no_data", "no bill yet"))),
            (2, Err(failure(" ", ""))),
            (3, Ok(Map::new())),
            (4, Ok(huge)),
        ] {
            part.call(call, "costs").await;
            part.close(call, outcome).await;
        }
        part.call(5, "costs").await;
        part
    })
    .await;
    let told: Vec<_> = events
        .iter()
        .filter_map(|event| match &event.body {
            EventBody::ToolCompleted {
                success, results, error: Some(ToolError { code, message }), ..
            } => {
                assert!(!success && results.is_none());
                Some((code.as_str(), message.as_str()))
            }
            _ => None,
        })
        .collect();
    assert_eq!(
        told[..3],
        [
            ("no_data", "no bill yet"),
            ("failed", "the tool failed"),
            ("empty_result", "the tool answered nothing"),
        ]
    );
    assert_eq!(told[3].0, "result_too_large");
    assert!(told[3].1.starts_with("the result is too large: 3") && told[3].1.ends_with("limit is 2000"));
    assert_eq!(told[4..], [("abandoned", "the agent ended without waiting for the tool")]);
    let EventBody::AgentCompleted { degraded, limitations, .. } = &events.last().unwrap().body else {
        panic!()
    };
    let named = "costs failed: the agent ended without waiting for the tool".to_owned();
    assert_eq!((*degraded, limitations), (true, &vec![named]), "by what its last call said");
}
