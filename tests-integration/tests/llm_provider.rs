//! The agent that thinks with a language model, in front of a provider that is played: users see what the model does while it
//! does it, and when the provider fails, that it failed.

mod script;

use crate::driving::{DEADLINE, assert_kept, connect, events_of, finish, judge};
use futures_util::future::join_all;
use goldenpath_checkers::{Category, Verdict};
use goldenpath_harness::{Client, Prompts, Scenario, View, known_scenarios};
use goldenpath_history::{Direction, Expect, Outcome, Record, RecordKind, ToolDemand};
use goldenpath_testbed::{Beat, Endpoint, ScriptedProvider, Testbed, Waits};
use script::{answering, answering_by, arguments, call, end, refusal, stream, text, thought};
use serde_json::{Value, json};
use std::time::{Duration, SystemTime};
use wiremock::{MockServer, ResponseTemplate};

const MODEL: &str = "played-1";
const KEY: &str = "sk-played-8f2c41d09be7";

/// Longer than any announcement of tools: users see it as it comes.
const FIRST_HALF: &str = "Your AI infrastructure cost less than you think, and most of it is one service. The bill of the last \
thirty days shows three resources that were paid for around the clock and not used on a single day of it. Stopping these is the \
largest saving there is, it takes an hour, and nobody will notice that they are gone. ";
const SECOND_HALF: &str = "After that, move the two steady training machines to a commitment, which saves another third of their price.";

async fn testbed(url: &str, waits: Waits) -> Testbed {
    let endpoint = Endpoint::new(url, MODEL, Some(KEY)).unwrap().waiting(waits);
    let model = Testbed::language_model(endpoint).unwrap();
    Testbed::builder().answered_by(model).start().await.unwrap()
}

/// A question that owes no tools and ends so.
fn question(words: &str, outcome: Outcome) -> Scenario {
    let expect = Expect { tools: ToolDemand::None, outcome, ..Expect::default() };
    Scenario::new(words, format!("What did we spend on compute {words}, and what can be saved?"))
        .expecting(expect)
}

/// Every scenario is asked by a user of its own, all at once; gives each one's events. What they saw is judged, too.
async fn asked_at_once(testbed: Testbed, seed: u64, scenarios: &[Scenario]) -> Vec<Vec<Value>> {
    let users: Vec<_> =
        testbed.users(seed, scenarios.len()).into_iter().map(|user| user.of_tier("free")).collect();
    let runs = join_all(users.iter().zip(scenarios).map(async |(user, scenario)| {
        let client = connect(&testbed, user).await;
        let prompt = Prompts::new(seed, user.name()).next(scenario);
        client.ask(&prompt, None).await.unwrap();
        let (run_id, _) = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap().unwrap();
        let conn = client.conn();
        client.close().await;
        (conn, run_id)
    }))
    .await;
    let records = judged(testbed);
    runs.iter().map(|(conn, run_id)| events_of(&records, *conn, run_id)).collect()
}

/// One question, whose answer goes on once its user has seen a piece of it; gives the events.
async fn asked_half_way(
    testbed: Testbed,
    provider: &ScriptedProvider,
    seed: u64,
    scenario: &Scenario,
) -> Vec<Value> {
    let client = connect(&testbed, &testbed.user(seed)).await;
    let prompt = Prompts::new(seed, "half way").next(scenario);
    client.ask(&prompt, None).await.unwrap();
    a_piece(&client).await;
    let ended = client.view(|view| view.run_of(&prompt.request_id).unwrap().1.ended);
    assert_eq!(ended, None, "the run ended before the model did");
    provider.go_on();
    let (run_id, _) = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap().unwrap();
    let conn = client.conn();
    client.close().await;
    events_of(&judged(testbed), conn, &run_id)
}

/// Waits until a piece of an answer is seen.
async fn a_piece(client: &Client) {
    let seen = |view: &View| (view.last_type() == "response_delta").then_some(());
    client.wait_for("a piece of the answer", DEADLINE, seen).await.unwrap();
}

/// Ends the session: what was seen keeps every promise of runs, texts and deliveries, and shows nothing of the provider's inside.
fn judged(testbed: Testbed) -> Vec<Record<'static>> {
    let (header, records) = finish(testbed);
    let functional = judge(&header, &records, &[Category::Functional, Category::Security]);
    let required =
        ["sequence/one-terminal", "sequence/nothing-after-terminal", "sequence/seq-dense", "content/schema"];
    assert_kept(&functional, &required);
    // What a played model writes is worth nothing: its delivery is.
    let integration = judge(&header, &records, &[Category::Integration]);
    let broken: Vec<_> = integration
        .checks
        .iter()
        .filter(|check| check.id.starts_with("delivery/") && check.verdict == Verdict::Fail)
        .collect();
    assert!(broken.is_empty(), "broken promises: {broken:#?}");
    for record in &records {
        if let RecordKind::Frame { dir: Direction::In, raw, .. } = &record.kind {
            assert!(!raw.contains(KEY) && !raw.contains("provider's inside"), "{raw}");
        }
    }
    records
}

fn of_type<'e>(events: &'e [Value], kind: &str) -> Vec<&'e Value> {
    events.iter().filter(|event| event["type"] == kind).collect()
}

fn thoughts(events: &[Value]) -> Vec<&str> {
    of_type(events, "agent_thinking").into_iter().map(|event| event["reasoning"].as_str().unwrap()).collect()
}

fn streamed(events: &[Value]) -> String {
    of_type(events, "response_delta").into_iter().map(|event| event["text"].as_str().unwrap()).collect()
}

/// The answer of a completed run.
#[track_caller]
fn answer(events: &[Value]) -> &Value {
    let last = events.last().unwrap();
    assert_eq!(last["type"], "agent_completed", "{events:#?}");
    last
}

/// Code, message and `retryable` of a failed run.
#[track_caller]
fn failure(events: &[Value]) -> (&str, &str, bool) {
    let last = events.last().unwrap();
    assert_eq!(last["type"], "agent_failed", "{events:#?}");
    let error = &last["error"];
    (
        error["code"].as_str().unwrap(),
        error["message"].as_str().unwrap(),
        error["retryable"].as_bool().unwrap(),
    )
}

fn send(pieces: &[String]) -> Beat {
    Beat::Send(pieces.concat())
}

#[tokio::test]
async fn llm_streaming() {
    let reasoning = "Fifty thousand dollars a month is what they say; the bill will tell what it really is.";
    let provider = ScriptedProvider::start(vec![
        vec![
            send(&[thought(&reasoning[..30]), thought(&reasoning[30..])]),
            send(&[
                call(0, "call_a", "cost_analyzer", "{\"workload\":\"ai_inf"),
                arguments(0, "rastructure\",\"days\":30}"),
            ]),
            send(&[end("tool_calls")]),
        ],
        vec![send(&[text(FIRST_HALF)]), Beat::Hold, send(&[text(SECOND_HALF), end("stop")])],
    ])
    .await
    .unwrap();
    let testbed = testbed(provider.url(), Waits::default()).await;
    let user = testbed.user(51).of_tier("enterprise");
    let client = connect(&testbed, &user).await;
    let scenario = known_scenarios().remove(0);
    let prompt = Prompts::new(51, "streaming").next(&scenario);
    client.ask(&prompt, None).await.unwrap();

    // Users read the answer's first half while the model has not written the second.
    a_piece(&client).await;
    let ended = client.view(|view| view.run_of(&prompt.request_id).unwrap().1.ended);
    assert_eq!(ended, None, "the run ended before the model did");
    provider.go_on();
    let (run_id, _) = client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap().unwrap();
    let conn = client.conn();
    client.close().await;
    let asked = provider.asked();
    let events = events_of(&judged(testbed), conn, &run_id);

    let whole = format!("{FIRST_HALF}{SECOND_HALF}");
    assert_eq!(answer(&events)["final_response"], whole);
    assert_eq!(streamed(&events), whole);
    assert!(of_type(&events, "response_delta").len() >= 2, "the answer came in one piece");
    assert_eq!(answer(&events)["degraded"], false);
    assert!(thoughts(&events).contains(&reasoning), "{:?}", thoughts(&events));

    assert_eq!(asked.len(), 2, "one request for the tools, one for the answer");
    assert_eq!((&asked[0]["stream"], &asked[0]["model"]), (&json!(true), &json!(MODEL)));
    assert_eq!(asked[0]["messages"][0]["role"], "system");
    assert_eq!(asked[0]["messages"][1], json!({ "role": "user", "content": prompt.message }));
    let offered: Vec<&Value> =
        asked[0]["tools"].as_array().unwrap().iter().map(|tool| &tool["function"]).collect();
    assert_eq!(offered.len(), 4, "{offered:#?}");
    for tool in offered {
        assert_eq!(tool["parameters"]["type"], "object");
        assert!(tool["description"].as_str().unwrap().len() > 20, "{tool}");
    }
    // What the tool found is what users saw, and what the model was given.
    let tool = of_type(&events, "tool_completed")[0];
    let given = &asked[1]["messages"][3];
    assert_eq!((&given["role"], &given["tool_call_id"]), (&json!("tool"), &json!("call_a")));
    let given: Value = serde_json::from_str(given["content"].as_str().unwrap()).unwrap();
    assert_eq!(given, tool["results"]);
    assert_eq!(tool["results"]["subject"], json!({ "workload": "ai_infrastructure", "days": 30 }));
}

#[tokio::test]
async fn llm_tool_calls() {
    let announced = "I read the whole bill first, and look at what is idle in it at the same time.";
    let server = MockServer::start().await;
    let answers = vec![
        stream(&[
            text(announced),
            call(0, "call_a", "cost_analyzer", "{\"days\""),
            call(1, "call_b", "idle_resources", ""),
            arguments(0, ":30}"),
            call(2, "call_c", "astrologer", "{\"sign\":\"leo\"}"),
            arguments(1, "{}"),
            end("tool_calls"),
        ]),
        stream(&[
            call(0, "call_d", "cost_analyzer", "{\"group_by\":\"planet\"}"),
            call(1, "call_e", "idle_resources", "{\"days\":"),
            end("tool_calls"),
        ]),
        // Some providers say `stop`, whatever it stopped for.
        stream(&[
            call(0, "call_f", "cost_analyzer", "{\"group_by\":\"region\"}"),
            call(1, "call_g", "idle_resources", "{\"days\":60,\"service\":null}"),
            end("stop"),
        ]),
        stream(&[text(FIRST_HALF), text(SECOND_HALF), end("stop")]),
    ];
    answering(&server, "spend", answers).await;
    let testbed = testbed(&server.uri(), Waits::default()).await;
    let expect = Expect { tools: ToolDemand::AtLeast(2), failing_tool: true, ..Expect::default() };
    let scenario = question("this month", Outcome::Completed).expecting(expect);
    let events = asked_at_once(testbed, 52, &[scenario]).await.remove(0);

    let calls: Vec<&str> =
        of_type(&events, "tool_executing").iter().map(|event| event["tool_name"].as_str().unwrap()).collect();
    let expected = ["cost_analyzer", "idle_resources"];
    assert_eq!(calls, [&expected[..], &["astrologer"], &expected, &expected].concat());
    // Both were at work before either was done.
    let at = |kind: &str, tool: &str| {
        events.iter().position(|event| event["type"] == kind && event["tool_name"] == tool).unwrap()
    };
    assert!(at("tool_executing", "idle_resources") < at("tool_completed", "cost_analyzer"));
    let mut codes: Vec<&str> = of_type(&events, "tool_completed")
        .into_iter()
        .filter(|event| event["success"] == false)
        .map(|event| event["error"]["code"].as_str().unwrap())
        .collect();
    codes.sort_unstable();
    assert_eq!(codes, ["bad_parameter", "invalid_arguments", "unknown_tool"]);

    // What a tool failed at and later did is nothing that lacks; the tool that does not exist is.
    let limitations = answer(&events)["limitations"].as_array().unwrap();
    assert!(
        limitations.len() == 1 && limitations[0].as_str().unwrap().contains("astrologer"),
        "{limitations:?}"
    );
    assert!(thoughts(&events).contains(&announced), "an announcement is a thought: {:?}", thoughts(&events));
    assert_eq!(answer(&events)["final_response"], format!("{FIRST_HALF}{SECOND_HALF}"));

    let requests = server.received_requests().await.unwrap();
    assert_eq!(requests.len(), 4);
    for request in &requests {
        assert_eq!(request.headers["authorization"], format!("Bearer {KEY}").as_str());
    }
    let last: Value = requests[3].body_json().unwrap();
    let told: Vec<(&str, bool)> = last["messages"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|message| message["role"] == "tool")
        .map(|message| {
            (
                message["tool_call_id"].as_str().unwrap(),
                message["content"].as_str().unwrap().contains("\"error\""),
            )
        })
        .collect();
    let (good, bad) = (|id| (id, false), |id| (id, true));
    let calls = [
        good("call_a"),
        good("call_b"),
        bad("call_c"),
        bad("call_d"),
        bad("call_e"),
        good("call_f"),
        good("call_g"),
    ];
    assert_eq!(told, calls, "what the model was told of each call");
    let free: Vec<&str> = last["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| tool["function"]["name"].as_str().unwrap())
        .collect();
    assert!(
        !free.contains(&"usage_anomalies"),
        "the smallest tier was offered what it did not buy: {free:?}"
    );
}

#[tokio::test]
async fn llm_answer_that_is_not_streamed() {
    let server = MockServer::start().await;
    let whole = |message: Value, reason: &str| {
        let choice = json!({ "index": 0, "message": message, "finish_reason": reason });
        ResponseTemplate::new(200).set_body_json(json!({ "object": "chat.completion", "choices": [choice] }))
    };
    let function = json!({ "name": "cost_analyzer", "arguments": "{}" });
    let call = json!({ "id": "call_a", "type": "function", "function": function });
    let calls = json!({ "role": "assistant", "content": null, "tool_calls": [call] });
    let answers = vec![
        whole(calls, "tool_calls"),
        whole(json!({ "role": "assistant", "content": SECOND_HALF, "refusal": null }), "stop"),
    ];
    answering(&server, "in May", answers).await;
    let testbed = testbed(&server.uri(), Waits::default()).await;
    let events = asked_at_once(testbed, 66, &[question("in May", Outcome::Completed)]).await.remove(0);
    assert_eq!(of_type(&events, "tool_completed")[0]["success"], true);
    assert_eq!(answer(&events)["final_response"], SECOND_HALF);
}

#[tokio::test]
async fn llm_throttled() {
    let server = MockServer::start().await;
    let whole = || stream(&[text(FIRST_HALF), text(SECOND_HALF), end("stop")]);
    let busy = |header: &str| ResponseTemplate::new(429).insert_header("retry-after", header);
    let seconds = answering(&server, "in May", vec![busy("1"), whole()]).await;
    let dated = move || {
        let date = httpdate::fmt_http_date(SystemTime::now() + Duration::from_secs(2));
        ResponseTemplate::new(429).insert_header("retry-after", date.as_str())
    };
    let until = answering_by(&server, "in June", vec![Box::new(dated), Box::new(whole)]).await;
    let long = answering(&server, "in July", vec![busy("3600"), whole()]).await;
    let always = answering(&server, "in August", vec![ResponseTemplate::new(503); 9]).await;
    let inside = ResponseTemplate::new(401).set_body_string(format!("the provider's inside: {KEY}"));
    let refused = answering(&server, "in September", vec![inside, whole()]).await;

    let testbed = testbed(&server.uri(), Waits::default()).await;
    let answered = ["in May", "in June"].map(|words| question(words, Outcome::Completed));
    let failing = ["in July", "in August", "in September"].map(|words| question(words, Outcome::Failed));
    let runs = asked_at_once(testbed, 53, &[&answered[..], &failing].concat()).await;

    for (asked, events) in [seconds, until].iter().zip(&runs) {
        let asked = asked.lock().unwrap();
        assert_eq!(asked.len(), 2);
        assert!(asked[1] - asked[0] >= Duration::from_secs(1), "it was asked again too early: {asked:?}");
        let said = thoughts(events).join("\n");
        assert!(said.contains("HTTP 429") && said.contains("asks me to wait"), "nobody was told: {said}");
        assert_eq!(answer(events)["final_response"], format!("{FIRST_HALF}{SECOND_HALF}"));
        assert_eq!(answer(events)["degraded"], false);
    }
    let (code, message, retryable) = failure(&runs[2]);
    assert_eq!((code, retryable, long.lock().unwrap().len()), ("model_throttled", true, 1));
    assert!(message.contains("3600 s"), "{message}");
    assert_eq!(always.lock().unwrap().len(), 3, "attempts are bounded");
    assert_eq!(failure(&runs[3]), ("model_unavailable", "the model provider has a problem (HTTP 503)", true));
    assert_eq!(refused.lock().unwrap().len(), 1, "a refusal does not pass by asking again");
    let said = "the model provider refused the request (HTTP 401)";
    assert_eq!(failure(&runs[4]), ("model_provider_refused", said, false));
}

#[tokio::test]
async fn llm_timeout() {
    let (short, longer) = (Duration::from_millis(400), Duration::from_millis(1_500));
    // Nothing comes at all.
    let server = MockServer::start().await;
    let late = stream(&[text(FIRST_HALF), end("stop")]).set_delay(Duration::from_secs(60));
    let asked = answering(&server, "in May", vec![late; 5]).await;
    let bed = testbed(&server.uri(), Waits { first: longer, attempts: 2, ..Waits::default() }).await;
    let events = asked_at_once(bed, 54, &[question("in May", Outcome::Failed)]).await.remove(0);
    assert_eq!(failure(&events), ("model_timeout", "the model provider sent nothing for 1.5 s", true));
    assert_eq!(asked.lock().unwrap().len(), 2);
    assert!(
        thoughts(&events).iter().any(|thought| thought.contains("attempt 2 of 2")),
        "{:?}",
        thoughts(&events)
    );

    // Half an answer comes: no second attempt could unsay it.
    let provider = ScriptedProvider::start(vec![vec![send(&[text(FIRST_HALF)]), Beat::Hold]]).await.unwrap();
    let bed = testbed(provider.url(), Waits { between: short, ..Waits::default() }).await;
    let events = asked_at_once(bed, 55, &[question("in June", Outcome::Failed)]).await.remove(0);
    assert_eq!(failure(&events), ("model_timeout", "the model provider sent nothing for 0.4 s", true));
    assert_eq!((streamed(&events).as_str(), provider.asked().len()), (FIRST_HALF, 1));

    // The whole run has its end, whatever the provider does.
    let provider = ScriptedProvider::start(vec![vec![Beat::Hold]]).await.unwrap();
    let bed = testbed(provider.url(), Waits { whole: short, ..Waits::default() }).await;
    let events = asked_at_once(bed, 56, &[question("in July", Outcome::Failed)]).await.remove(0);
    assert_eq!(failure(&events), ("model_timeout", "the model was not done within 0.4 s", true));

    // Nobody listens there, and nobody else can.
    let taken = tokio::net::TcpSocket::new_v4().unwrap();
    taken.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let nobody = taken.local_addr().unwrap();
    let bed = testbed(&format!("http://{nobody}"), Waits { attempts: 2, ..Waits::default() }).await;
    let events = asked_at_once(bed, 57, &[question("in August", Outcome::Failed)]).await.remove(0);
    assert_eq!(failure(&events), ("model_unreachable", "the model provider cannot be reached", true));
}

#[tokio::test]
async fn llm_cancelled_request_ends_at_the_provider() {
    let provider = ScriptedProvider::start(vec![vec![send(&[text(FIRST_HALF)]), Beat::Hold]]).await.unwrap();
    let testbed = testbed(provider.url(), Waits::default()).await;
    let user = testbed.user(58);
    let client = connect(&testbed, &user).await;
    let prompt = Prompts::new(58, "cancelled").next(&question("in May", Outcome::Cancelled));
    client.ask(&prompt, None).await.unwrap();
    a_piece(&client).await;
    let run_id = client.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap();
    client.cancel(&run_id).await.unwrap();
    client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap().unwrap();
    tokio::time::timeout(DEADLINE, provider.abandoned()).await.expect("the request outlived its run");
    let conn = client.conn();
    client.close().await;
    let events = events_of(&judged(testbed), conn, &run_id);
    assert_eq!(events.last().unwrap()["type"], "agent_cancelled");
}

#[tokio::test]
async fn llm_broken_stream() {
    // Before anything was shown it is asked again, and nothing of the first attempt is left.
    let provider = ScriptedProvider::start(vec![
        vec![send(&[text("Half an answ")]), Beat::Break],
        vec![Beat::Break],
        vec![send(&[text(FIRST_HALF), text(SECOND_HALF), end("stop")])],
    ])
    .await
    .unwrap();
    let bed = testbed(provider.url(), Waits::default()).await;
    let events = asked_at_once(bed, 59, &[question("in May", Outcome::Completed)]).await.remove(0);
    assert_eq!(answer(&events)["final_response"], format!("{FIRST_HALF}{SECOND_HALF}"));
    assert_eq!(provider.asked().len(), 3);
    assert!(thoughts(&events).iter().any(|thought| thought.contains("broke off")), "{:?}", thoughts(&events));

    // After that the run fails, and says that it may be asked for again.
    for (seed, rest) in [
        (60, Beat::Break),
        (61, Beat::Send(String::new())),
        (62, Beat::Send("data: [DONE]\n\n".to_owned())),
        (63, Beat::Send("data: {\"error\":{\"message\":\"the provider's inside\"}}\n\n".to_owned())),
        (64, Beat::Send("data: {\"choices\":[{\n\n".to_owned())),
    ] {
        let half = vec![send(&[text(FIRST_HALF)]), Beat::Hold, rest.clone()];
        let whole = vec![send(&[text(SECOND_HALF), end("stop")])];
        let provider = ScriptedProvider::start(vec![half, whole]).await.unwrap();
        let bed = testbed(provider.url(), Waits::default()).await;
        let events = asked_half_way(bed, &provider, seed, &question("in June", Outcome::Failed)).await;
        let (code, message, retryable) = failure(&events);
        assert_eq!((code, retryable), ("model_stream_broken", true), "{rest:?}: {message}");
        assert_eq!((streamed(&events).as_str(), provider.asked().len()), (FIRST_HALF, 1), "{rest:?}");
    }
}

#[tokio::test]
async fn llm_refusal() {
    let server = MockServer::start().await;
    let words = "I cannot help with the bills of other companies.";
    let refused = stream(&[refusal(&words[..20]), refusal(&words[20..]), end("stop")]);
    answering(&server, "in May", vec![refused]).await;
    answering(&server, "in June", vec![stream(&[end("content_filter")])]).await;
    answering(&server, "in July", vec![stream(&[text(FIRST_HALF), end("content_filter")])]).await;
    answering(&server, "in August", vec![stream(&[text(FIRST_HALF), end("length")])]).await;
    answering(&server, "in September", vec![stream(&[text("\n"), end("stop")])]).await;

    let testbed = testbed(&server.uri(), Waits::default()).await;
    let scenarios = [
        question("in May", Outcome::Failed),
        question("in June", Outcome::Failed),
        question("in July", Outcome::Completed),
        question("in August", Outcome::Completed),
        question("in September", Outcome::Failed),
    ];
    let runs = asked_at_once(testbed, 65, &scenarios).await;

    let (code, message, retryable) = failure(&runs[0]);
    assert_eq!((code, retryable), ("model_refused", false));
    assert!(message.contains(words), "the model's words are the user's to read: {message}");
    assert_eq!(streamed(&runs[0]), "", "a refusal is no answer");
    assert_eq!(failure(&runs[1]).0, "model_content_filtered");
    for (events, why) in [(&runs[2], "content filter"), (&runs[3], "length limit")] {
        let answer = answer(events);
        assert_eq!((&answer["degraded"], &answer["final_response"]), (&json!(true), &json!(FIRST_HALF)));
        let limitations = answer["limitations"].as_array().unwrap();
        assert!(limitations.len() == 1 && limitations[0].as_str().unwrap().contains(why), "{limitations:?}");
    }
    assert_eq!(failure(&runs[4]).0, "empty_answer");
}
