//! Every event of a run reaches its user: in a plain session, for many users at once, after a lost connection, and
//! when a tool fails.

use crate::driving::{
    DEADLINE, ask, assert_kept, connect, events_of, everybody_asks, finish, judge, keeps_limits, received,
};
use goldenpath_checkers::Category;
use goldenpath_harness::{Connect, Prompts, Scenario, known_scenarios};
use goldenpath_history::{Expect, Outcome, ToolDemand};
use goldenpath_protocol::EventType;
use goldenpath_testbed::{HeldAgent, Testbed, testbed};
use rstest::rstest;

#[rstest]
#[tokio::test]
async fn complete_agent_workflow_event_sequence(#[future(awt)] testbed: Testbed) {
    let users = testbed.users(1, 1);
    everybody_asks(&testbed, &users, 1).await;
    let (header, records) = finish(testbed);
    let judgement = judge(&header, &records, &[Category::Functional, Category::Integration]);
    assert_kept(
        &judgement,
        &[
            "sequence/five-in-order",
            "sequence/tool-pairs",
            "sequence/one-terminal",
            "sequence/nothing-after-terminal",
            "sequence/seq-dense",
            "content/schema",
            "content/meaningful",
            "timestamps/format",
            "delivery/request-answered",
            "delivery/no-loss",
            "delivery/unique-ids",
            "delivery/deltas-concatenate",
        ],
    );
}

#[rstest]
#[tokio::test]
async fn concurrent_user_event_isolation(#[future(awt)] testbed: Testbed) {
    let users = testbed.users(2, 6);
    everybody_asks(&testbed, &users, 1).await;
    let (header, records) = finish(testbed);
    let judgement =
        judge(&header, &records, &[Category::Functional, Category::Integration, Category::Security]);
    assert_kept(
        &judgement,
        &[
            "isolation/run-owner",
            "isolation/canary",
            "isolation/identity",
            "isolation/thread",
            "delivery/no-loss",
        ],
    );
}

#[tokio::test]
async fn event_delivery_timing_requirements() {
    let required =
        ["timing/agent-started", "timing/agent-completed", "timing/whole-answer", "timing/silence"];
    keeps_limits(&required, async |testbed| everybody_asks(testbed, &testbed.users(3, 2), 2).await).await;
}

#[tokio::test]
async fn event_delivery_failure_recovery() {
    let (agent, release) = HeldAgent::new(Testbed::analyst());
    let testbed = Testbed::builder().answered_by(agent).start().await.unwrap();
    let user = testbed.user(4);
    let first = connect(&testbed, &user).await;
    let prompt = Prompts::new(4, "lost").next(&known_scenarios()[0]);
    first.ask(&prompt, None).await.unwrap();
    let run_id = first
        .wait_for("the request's acceptance", DEADLINE, |view| {
            view.accepted(&prompt.request_id).map(|accepted| accepted.run_id.clone())
        })
        .await
        .unwrap();
    let left_at = first.view(|view| view.resume_point()).unwrap();
    let first_conn = first.conn();
    drop(first);

    // The whole run happens while nobody is connected; the store tells when it is over.
    release.go_on(1);
    let (user_id, run) = (user.name().parse().unwrap(), run_id.parse().unwrap());
    tokio::time::timeout(DEADLINE, async {
        while testbed.store.run(&user_id, &run).await.unwrap().is_none_or(|run| run.final_response.is_none())
        {
            tokio::task::yield_now().await;
        }
    })
    .await
    .unwrap();

    let back = testbed.session.connect(&user, Connect::fresh().resuming(&left_at)).await.unwrap();
    let greeting = back.wait_for_greeting(DEADLINE).await.unwrap();
    assert_eq!(greeting.recovered, Some(goldenpath_protocol::Recovered::Full));
    assert!(greeting.replay >= 5, "nothing was missed: {greeting:?}");
    back.wait_for("the end of the replay", DEADLINE, |view| view.replay_end).await.unwrap();
    let back_conn = back.conn();
    back.close().await;

    let (_, records) = finish(testbed);
    let mut seen = events_of(&records, first_conn, &run_id);
    seen.extend(events_of(&records, back_conn, &run_id));
    let seqs: Vec<u64> = seen.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(
        seqs,
        (1..=seqs.len() as u64).collect::<Vec<_>>(),
        "before and replay add up without hole or double"
    );
    let last = seen.last().unwrap();
    assert_eq!(last["type"], "agent_completed");
    assert_eq!(last["event_count"], seqs.len() as u64);
}

#[rstest]
#[tokio::test]
async fn agent_error_scenario_event_delivery(#[future(awt)] testbed: Testbed) {
    let user = testbed.user(5);
    let client = connect(&testbed, &user).await;
    let scenario =
        Scenario::new("no-data", "What did we spend on compute between 1999-01-01 and 1999-01-31?")
            .expecting(Expect {
                tools: ToolDemand::Some,
                outcome: Outcome::Any,
                failing_tool: true,
                ..Expect::default()
            });
    let (_, run_id, run) = ask(&client, &mut Prompts::new(5, "error"), &scenario).await;
    let conn = client.conn();

    // A request that cannot be served is refused by name, never with silence.
    let mut unknown = known_scenarios().remove(0);
    unknown.agent = Some("astrologer".to_owned());
    let prompt = Prompts::new(5, "unknown agent").next(&unknown);
    client.ask(&prompt, None).await.unwrap();
    assert_eq!(
        client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap(),
        None,
        "an unknown agent answered"
    );
    client.close().await;

    let (header, records) = finish(testbed);
    let events = events_of(&records, conn, &run_id);
    let failed: Vec<_> = events.iter().filter(|event| event["success"] == false).collect();
    assert!(!failed.is_empty(), "no tool failed on a month without data: {events:#?}");
    for tool in failed {
        assert!(
            !tool["error"]["code"].as_str().unwrap().is_empty()
                && !tool["error"]["message"].as_str().unwrap().is_empty()
        );
    }
    match run.ended.unwrap() {
        EventType::AgentCompleted => {
            let last = events.last().unwrap();
            assert_eq!(last["degraded"], true);
            assert!(!last["limitations"].as_array().unwrap().is_empty());
        }
        ended => assert_eq!(ended, EventType::AgentFailed),
    }
    let refusal = received(&records, conn).into_iter().find(|frame| frame["type"] == "error").unwrap();
    assert_eq!(refusal["code"], "unknown_agent");
    assert_eq!(refusal["request_id"], prompt.request_id.as_str());
    assert_kept(
        &judge(&header, &records, &[Category::Functional]),
        &["sequence/terminal-true", "sequence/one-terminal"],
    );
}
