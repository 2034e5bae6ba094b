//! The golden path of many users at once, each on their own.

use crate::backend::Backend;
use crate::driving::{DEADLINE, Ran, kept};
use crate::reaching;
use futures_util::future::join_all;
use goldenpath_harness::{Scenario, known_scenarios};
use goldenpath_history::{Expect, Outcome};
use goldenpath_protocol::EventType;
use std::collections::HashSet;

/// Fails when one of eight users at once gets no answer, lacks an event, or sees another's.
#[tokio::test(flavor = "multi_thread")]
async fn concurrent_users() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/one-terminal",
        "delivery/no-loss",
        "delivery/request-answered",
        "delivery/success-rate",
        "isolation/run-owner",
        "isolation/canary",
    ];
    let (runs, seen) =
        kept(&backend, &ids, async |stage| stage.everybody_asks(&stage.users(8), 1).await).await;
    for id in ["sequence/five-in-order", "sequence/one-terminal", "delivery/success-rate"] {
        seen.assert_all(id, 32);
    }
    let users: HashSet<&str> = runs.iter().map(|run| run.user.as_str()).collect();
    assert_eq!(users.len(), 8);
}

/// Fails when a user whose connection is torn off in mid-run takes another user's run, or its own other tab, with it.
#[tokio::test(flavor = "multi_thread")]
async fn isolated_connections() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/one-terminal",
        "delivery/no-loss",
        "isolation/run-owner",
        "isolation/identity",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(4);
        let visits = join_all(users.iter().enumerate().map(async |(n, user)| {
            let (client, tab) = (stage.enter(user).await, stage.enter(user).await);
            let prompt = stage.prompts(user).next(&known_scenarios()[n]);
            (client, tab, prompt)
        }))
        .await;
        let name = |client: &goldenpath_harness::Client| {
            client.view(|view| view.greeting.as_ref()?.connection_id.clone()).unwrap()
        };
        let names: HashSet<String> =
            visits.iter().flat_map(|(client, tab, _)| [name(client), name(tab)]).collect();
        assert_eq!(names.len(), 8, "two connections share an id");
        join_all(visits.into_iter().enumerate().map(async |(n, (client, tab, prompt))| {
            client.ask(&prompt, None).await.unwrap();
            // The tab learns of the run by its events alone, and stays when the connection that asked is torn off.
            let torn = n % 2 == 0;
            let run_id = client.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap();
            let asked = client.conn();
            if torn {
                drop(client);
            } else {
                stage.end_of(&client, prompt).await;
                client.close().await;
            }
            tab.wait_for("the end of the run", DEADLINE, |view| view.run(&run_id)?.ended).await.unwrap();
            let conn = tab.conn();
            tab.close().await;
            (run_id, torn, asked, conn)
        }))
        .await
    })
    .await;
    seen.assert_all("sequence/five-in-order", 4);
    for (run_id, torn, asked, tab) in &runs {
        let (first, whole) = (seen.events_on(*asked, run_id), seen.events_on(*tab, run_id));
        assert_eq!(whole.last().unwrap()["event_count"], whole.len() as u64, "the tab lost an event");
        assert_eq!(whole.last().unwrap()["type"], EventType::AgentCompleted.as_str());
        assert_eq!(first, whole[..first.len()], "the tabs show different chats");
        assert!(*torn || first.len() == whole.len());
    }
}

/// Fails when a run that fails a tool, is cancelled or is refused changes anything of the runs beside it.
#[tokio::test(flavor = "multi_thread")]
async fn independent_agent_flows() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/terminal-true",
        "sequence/one-terminal",
        "delivery/request-answered",
        "delivery/no-loss",
        "isolation/run-owner",
    ];
    let ((healthy, failing, cancelled), seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(5);
        let clients = join_all(users.iter().map(|user| stage.enter(user))).await;
        let well = async |n: usize| -> Vec<Ran> {
            let mut prompts = stage.prompts(&users[n]);
            let mut runs = Vec::new();
            for scenario in known_scenarios() {
                runs.push(stage.ask(&clients[n], &mut prompts, &scenario).await);
            }
            runs
        };
        let failing = async {
            let scenario =
                Scenario::new("no-data", "What did we spend on compute between 1999-01-01 and 1999-01-31?")
                    .expecting(Expect { outcome: Outcome::Any, failing_tool: true, ..Expect::default() });
            stage.ask(&clients[2], &mut stage.prompts(&users[2]), &scenario).await
        };
        let cancelled = async {
            let mut scenario = known_scenarios().remove(1);
            scenario.expect.outcome = Outcome::Any;
            let prompt = stage.prompts(&users[3]).next(&scenario);
            clients[3].ask(&prompt, None).await.unwrap();
            let run = clients[3]
                .wait_for("acceptance", DEADLINE, |view| {
                    Some(view.accepted(&prompt.request_id)?.run_id.clone())
                })
                .await
                .unwrap();
            clients[3].cancel(&run).await.unwrap();
            stage.end_of(&clients[3], prompt).await
        };
        let refused = async {
            let mut unknown = known_scenarios().remove(0);
            unknown.agent = Some("astrologer".to_owned());
            let prompt = stage.prompts(&users[4]).next(&unknown);
            clients[4].ask(&prompt, None).await.unwrap();
            assert_eq!(clients[4].wait_for_end(&prompt.request_id, DEADLINE).await.unwrap(), None);
            let code = clients[4].view(|view| view.refusal(&prompt.request_id).unwrap().code.clone());
            assert_eq!(code, "unknown_agent");
        };
        let (first, second, failing, cancelled, ()) =
            tokio::join!(well(0), well(1), failing, cancelled, refused);
        join_all(clients.iter().map(goldenpath_harness::Client::close)).await;
        ([first, second].concat(), failing, cancelled)
    })
    .await;
    for run in &healthy {
        let end = seen.events(run).pop().unwrap();
        assert_eq!((&end["type"], &end["degraded"]), (&"agent_completed".into(), &false.into()));
    }
    let failed = |event: &serde_json::Value| event["success"] == false && event["error"]["code"].is_string();
    assert!(seen.events(&failing).iter().any(failed), "no tool failed on a month without data");
    let ended = cancelled.view.ended.unwrap();
    assert!(matches!(ended, EventType::AgentCancelled | EventType::AgentCompleted), "{ended:?}");
}

/// Fails when one user reads, cancels, resumes or writes what is another's, or can tell that it is there.
#[tokio::test(flavor = "multi_thread")]
async fn no_cross_user_interference() {
    let backend = Backend::open().await;
    let ids = ["isolation/run-owner", "isolation/canary", "isolation/thread", "isolation/foreign-access"];
    let (reached, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(3);
        stage.everybody_asks(&users, 1).await;
        reaching::for_what_is_anothers(stage, &users[0], &users[1]).await
            + reaching::for_what_is_anothers(stage, &users[2], &users[0]).await
    })
    .await;
    assert_eq!(reached, 8);
    seen.assert_all("isolation/foreign-access", 8);
}
