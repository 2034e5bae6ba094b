//! What a request leads to.

use crate::world::{ANSWER, Node, events, eventually, kinds, token};
use goldenpath_gateway::GatewayConfig;
use serde_json::{Value, json};
use std::time::Duration;

#[tokio::test]
async fn a_request_leads_to_the_five_events_and_its_answer() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    let begun = std::time::Instant::now();
    client.ask("q-1", "answer").await;
    let accepted = client.next().await;
    assert_eq!(
        (accepted["type"].as_str(), accepted["duplicate"].as_bool()),
        (Some("request_accepted"), Some(false))
    );
    let frames = client.until_terminal().await;
    assert!(begun.elapsed() < Duration::from_secs(2));
    let all = events(&frames);
    let critical: Vec<&str> = kinds(&frames).into_iter().filter(|kind| *kind != "response_delta").collect();
    assert_eq!(
        critical,
        ["agent_started", "agent_thinking", "tool_executing", "tool_completed", "agent_completed"]
    );
    let text: String = all.iter().filter_map(|event| event["text"].as_str()).collect();
    let last = all.last().unwrap();
    assert_eq!((last["final_response"].as_str(), text.as_str()), (Some(ANSWER), ANSWER));
    assert_eq!(last["event_count"].as_u64(), Some(all.len() as u64));
    assert_eq!((last["degraded"].as_bool(), last["request_id"].as_str()), (Some(false), Some("q-1")));
    assert!(all.iter().all(|event| event["run_id"] == accepted["run_id"] && event["user_id"] == "ada"));
    let tool: Vec<&&Value> = all.iter().filter(|event| event.get("execution_id").is_some()).collect();
    assert_eq!(tool[0]["execution_id"], tool[1]["execution_id"]);
    assert_eq!(
        (tool[0]["agent_name"].as_str(), tool[0]["parent_agent"].as_str()),
        (Some("specialist"), Some("player"))
    );

    let path = format!("/runs/{}", accepted["run_id"].as_str().unwrap());
    let (status, _, run) = node.get(&path, Some(&token("ada", 60))).await;
    assert_eq!(
        (status, run["state"].as_str(), run["final_response"].as_str()),
        (200, Some("completed"), Some(ANSWER))
    );
    assert_eq!(run["events"].as_array().unwrap().len(), all.len());
    assert!(run["events"][0].get("offset").is_none());
    assert_eq!(node.get(&path, Some(&token("eve", 60))).await.0, 404, "another's run looks like none");
    assert_eq!(node.get(&path, None).await.0, 401);
    for strange in ["/runs/null", "/runs/%ff", "/threads/%ff"] {
        let (status, _, body) = node.get(strange, Some(&token("ada", 60))).await;
        assert_eq!((status, body["error"]["code"].as_str()), (404, Some("not_found")), "{strange}");
        assert_eq!(node.get(strange, None).await.0, 401, "{strange}");
    }
    let (_, _, threads) = node.get("/threads", Some(&token("ada", 60))).await;
    assert_eq!(threads["threads"][0]["runs"][0], accepted["run_id"]);
    let thread = format!("/threads/{}", accepted["thread_id"].as_str().unwrap());
    assert_eq!(node.get(&thread, Some(&token("ada", 60))).await.2["thread_id"], accepted["thread_id"]);
    assert_eq!(node.get(&thread, Some(&token("eve", 60))).await.0, 404);
}

#[tokio::test]
async fn every_connection_of_the_user_gets_the_same_bytes_and_nobody_else_any() {
    let node = Node::start().await;
    let (mut one, mut two) = (node.connect("ada").await, node.connect("ada").await);
    let mut other = node.connect("eve").await;
    one.ask("q-1", "answer").await;
    one.until("request_accepted").await;
    loop {
        let (left, right) = (one.next_text().await, two.next_text().await);
        assert_eq!(left, right);
        if left.contains("agent_completed") {
            break;
        }
    }
    other.say(json!({"type": "ping", "n": 7})).await;
    assert_eq!(other.next().await["type"], "pong");
}

#[tokio::test]
async fn the_same_request_is_one_run_and_another_body_a_conflict() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    let accepted = client.next().await;
    client.until_terminal().await;
    client.ask("q-1", "answer").await;
    let again = client.next().await;
    assert_eq!((again["duplicate"].as_bool(), &again["run_id"]), (Some(true), &accepted["run_id"]));
    client.ask("q-1", "answer otherwise").await;
    let conflict = client.next().await;
    assert_eq!(
        (conflict["code"].as_str(), conflict["request_id"].as_str()),
        (Some("idempotency_conflict"), Some("q-1"))
    );
}

#[tokio::test]
async fn a_request_from_two_tabs_at_once_is_one_run() {
    let node = Node::start().await;
    let (mut one, mut two) = (node.connect("ada").await, node.connect("ada").await);
    tokio::join!(one.ask("q-1", "answer"), two.ask("q-1", "answer"));
    let (left, right) = (one.until("request_accepted").await, two.until("request_accepted").await);
    let (left, right) = (left.last().unwrap(), right.last().unwrap());
    assert_eq!(left["run_id"], right["run_id"]);
    assert_ne!(left["duplicate"], right["duplicate"]);
    eventually("the run ended", || node.server.bridge().open_runs() == 0).await;
}

#[tokio::test]
async fn refused_requests_say_why() {
    let node = Node::with(GatewayConfig { runs_per_user: 1, ..GatewayConfig::default() }).await;
    let mut client = node.connect("ada").await;
    for (frame, code) in [
        (
            json!({"type": "agent_request", "request_id": "q-1", "message": "x", "agent": "ghost"}),
            "unknown_agent",
        ),
        (
            json!({"type": "agent_request", "request_id": "q-1", "message": "x", "thread_id": "t-9"}),
            "unknown_thread",
        ),
        (json!({"type": "cancel", "run_id": "r-9"}), "unknown_run"),
    ] {
        client.say(frame).await;
        assert_eq!(client.next().await["code"], code);
    }
    client.ask("q-1", "wait").await;
    let accepted = client.next().await;
    client.until("tool_executing").await;
    client.ask("q-2", "answer").await;
    assert_eq!(client.next().await["code"], "run_limit");
    client.ask("q-1", "wait").await;
    assert_eq!(client.next().await["duplicate"], true, "at the limit an open run is still told");
    let mut eve = node.connect("eve").await;
    eve.say(json!({"type": "cancel", "run_id": accepted["run_id"]})).await;
    assert_eq!(eve.next().await["code"], "unknown_run", "another's run looks like none");
    client.say(json!({"type": "cancel", "run_id": accepted["run_id"]})).await;
    let frames = client.until_terminal().await;
    assert_eq!(kinds(&frames), ["tool_completed", "agent_cancelled"]);
    eventually("the place is free", || node.server.bridge().open_runs() == 0).await;
    client.say(json!({"type": "cancel", "run_id": accepted["run_id"]})).await;
    assert_eq!(client.next().await["code"], "run_ended");
}

/// The run of a script, from its acceptance to its terminal.
async fn play(config: GatewayConfig, script: &str) -> Vec<Value> {
    let node = Node::with(config).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", script).await;
    let frames = client.until_terminal().await;
    eventually("the run is over", || node.server.bridge().open_runs() == 0).await;
    assert_eq!(frames[0]["type"], "request_accepted");
    assert_eq!(frames[1]["type"], "agent_started");
    events(&frames);
    frames
}

#[tokio::test]
async fn an_agent_that_breaks_fails_its_run_and_says_no_internals() {
    for (script, code) in [("panic", "internal"), ("fail", "no_data"), ("empty", "empty_answer")] {
        let frames = play(GatewayConfig::default(), script).await;
        let last = frames.last().unwrap();
        assert_eq!(
            (last["type"].as_str(), last["error"]["code"].as_str()),
            (Some("agent_failed"), Some(code))
        );
        assert!(!last.to_string().contains("as the script says"));
    }
    let frames = play(GatewayConfig::default(), "give-up").await;
    assert_eq!(frames.last().unwrap()["type"], "agent_cancelled");
}

#[tokio::test]
async fn an_answer_that_does_not_begin_as_it_was_told_fails_its_run() {
    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "change").await;
    client.until("response_delta").await;
    node.go_on.notify_one();
    let frames = client.until_terminal().await;
    assert_eq!(kinds(&frames), ["agent_failed"]);
    assert_eq!(frames[0]["error"]["code"], "internal");
}

#[tokio::test]
async fn a_mute_agent_is_introduced_by_the_run() {
    let frames = play(GatewayConfig::default(), "mute").await;
    assert_eq!(frames[1]["task_description"], "mute");
    assert_eq!(frames.last().unwrap()["type"], "agent_completed");
}

#[tokio::test]
async fn a_tool_that_fails_is_closed_and_degrades_the_answer() {
    for (script, code) in
        [("huge", "result_too_large"), ("broken-tool", "empty_result"), ("careless", "abandoned")]
    {
        let frames = play(GatewayConfig::default(), script).await;
        assert_eq!(kinds(&frames)[2..], ["tool_executing", "tool_completed", "agent_completed"], "{script}");
        assert_eq!(
            (frames[3]["success"].as_bool(), frames[3]["error"]["code"].as_str()),
            (Some(false), Some(code))
        );
        assert_eq!(frames[4]["degraded"], true);
        assert!(frames[4]["limitations"][0].as_str().unwrap().contains("costs"));
    }
}

#[tokio::test]
async fn a_run_beyond_its_deadline_fails_with_its_tools_closed() {
    let config = GatewayConfig {
        run_deadline: Duration::from_millis(100),
        cancel_grace: Duration::from_millis(50),
        ..GatewayConfig::default()
    };
    let frames = play(config, "stubborn").await;
    assert_eq!(kinds(&frames)[2..], ["tool_executing", "tool_completed", "agent_failed"]);
    assert_eq!(frames.last().unwrap()["error"]["code"], "deadline_exceeded");
}

#[tokio::test]
async fn an_agent_that_falls_silent_stays_under_the_deadline_and_can_be_cancelled() {
    let config = GatewayConfig { run_deadline: Duration::from_millis(100), ..GatewayConfig::default() };
    let frames = play(config, "silent").await;
    assert_eq!(frames.last().unwrap()["error"]["code"], "deadline_exceeded");

    let node = Node::start().await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "silent").await;
    let accepted = client.until("agent_started").await.remove(0);
    client.say(json!({"type": "cancel", "run_id": accepted["run_id"]})).await;
    assert_eq!(client.until_terminal().await.last().unwrap()["type"], "agent_cancelled");
}

#[tokio::test]
async fn a_request_that_was_answered_is_told_again_at_the_limit() {
    let node = Node::with(GatewayConfig { runs_per_user: 1, ..GatewayConfig::default() }).await;
    let mut client = node.connect("ada").await;
    client.ask("q-1", "answer").await;
    let accepted = client.next().await;
    client.until_terminal().await;
    client.ask("q-2", "wait").await;
    client.until("tool_executing").await;
    client.ask("q-1", "answer").await;
    let again = client.next().await;
    assert_eq!((again["duplicate"].as_bool(), &again["run_id"]), (Some(true), &accepted["run_id"]));
    client.ask("q-1", "answer otherwise").await;
    assert_eq!(client.next().await["code"], "idempotency_conflict");
    client.ask("q-3", "answer").await;
    assert_eq!(client.next().await["code"], "run_limit");
}

#[tokio::test]
async fn an_event_keeps_its_limit_with_its_offset_too() {
    let node = Node::with(GatewayConfig { event_bytes: 1_000, ..GatewayConfig::default() }).await;
    let mut client = node.connect("ada").await;
    let (mut told, mut refused) = (0, 0);
    for size in (500..700).step_by(5) {
        client.ask(&format!("q-{size}"), &format!("flood 1 {size}")).await;
        loop {
            let text = client.next_text().await;
            assert!(text.len() <= 1_000 || !text.contains("event_id"), "{} bytes", text.len());
            told += usize::from(text.contains("agent_thinking"));
            refused += usize::from(text.contains("agent_failed"));
            if text.contains("agent_completed") || text.contains("agent_failed") {
                break;
            }
        }
    }
    assert!(told > 0 && refused > 0, "{told} told, {refused} refused: the limit lies elsewhere");
}

#[tokio::test]
async fn a_run_goes_on_when_its_asker_is_gone() {
    let node = Node::start().await;
    let mut asker = node.connect("ada").await;
    asker.ask("q-1", "wait").await;
    let accepted = asker.next().await;
    drop(asker);
    eventually("the asker is gone", || node.server.manager().count() == 0).await;
    let mut later = node.connect("ada").await;
    later.say(json!({"type": "cancel", "run_id": accepted["run_id"]})).await;
    let frames = later.until_terminal().await;
    assert_eq!(frames.last().unwrap()["type"], "agent_cancelled");
}
