//! Nobody sees, cancels, reads or writes what is another's, and one user's load is not another's wait.

use crate::driving::{DEADLINE, ask, assert_kept, connect, everybody_asks, finish, judge, received};
use goldenpath_checkers::Category;
use goldenpath_harness::{
    Connect, ConnectError, Credential, Forgery, Probe, Prompts, known_scenarios, metric,
};
use goldenpath_testbed::{HeldAgent, Testbed, testbed};
use rstest::rstest;
use std::collections::HashSet;

#[rstest]
#[tokio::test]
async fn concurrent_connections(#[future(awt)] testbed: Testbed) {
    let users = testbed.users(31, 20);
    let clients = futures_util::future::join_all(users.iter().map(|user| connect(&testbed, user))).await;
    let ids: HashSet<_> = clients
        .iter()
        .map(|client| client.view(|view| view.greeting.clone().unwrap().connection_id))
        .collect();
    assert_eq!(ids.len(), clients.len(), "two connections share an id");
    let probe = Probe::new(testbed.session.target()).unwrap();
    let open = metric(&probe.metrics().await.unwrap().body, "goldenpath_connections");
    assert_eq!(open, Some(20.0));
    for client in clients {
        client.close().await;
    }
    // A close is answered before its slot is free: wait for the gauge.
    tokio::time::timeout(DEADLINE, async {
        while metric(&probe.metrics().await.unwrap().body, "goldenpath_connections") != Some(0.0) {}
    })
    .await
    .expect("the gauge of connections never came back to zero");
}

#[rstest]
#[tokio::test]
async fn thread_isolation(#[future(awt)] testbed: Testbed) {
    let users = testbed.users(32, 2);
    let owner = connect(&testbed, &users[0]).await;
    let other = connect(&testbed, &users[1]).await;
    let mut prompts = Prompts::new(32, "threads");
    let (first, _, _) = ask(&owner, &mut prompts, &known_scenarios()[0]).await;
    let (second, _, _) = ask(&owner, &mut prompts, &known_scenarios()[1]).await;
    let (_, others_run, _) = ask(&other, &mut prompts, &known_scenarios()[2]).await;
    let thread =
        |request: &str| owner.view(|view| view.accepted(request).unwrap().thread_id.clone().unwrap());
    let (a, b) = (thread(&first.request_id), thread(&second.request_id));
    assert_ne!(a, b, "two requests without a thread share one");

    // The owner goes on in a thread; for the other user it is like one that never was.
    let next = prompts.next(&known_scenarios()[2]);
    owner.ask(&next, Some(&a)).await.unwrap();
    owner
        .wait_for_end(&next.request_id, DEADLINE)
        .await
        .unwrap()
        .expect("the owner's own thread was refused");
    assert_eq!(thread(&next.request_id), a);
    for foreign in [a.as_str(), "thread-that-never-was"] {
        let prompt = prompts.next(&known_scenarios()[3]);
        other.ask(&prompt, Some(foreign)).await.unwrap();
        assert_eq!(
            other.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap(),
            None,
            "`{foreign}` was served"
        );
        let refused = other.view(|view| view.refusal(&prompt.request_id).unwrap().code.clone());
        assert_eq!(refused, "unknown_thread");
    }
    let foreign_conn = other.conn();
    owner.close().await;
    other.close().await;
    let (header, records) = finish(testbed);
    let foreign = |frame: &serde_json::Value| frame["seq"].is_u64() && frame["run_id"] != others_run.as_str();
    assert!(!received(&records, foreign_conn).iter().any(foreign), "a run event leaked");
    assert_kept(&judge(&header, &records, &[Category::Security]), &["isolation/thread"]);
}

#[rstest]
#[tokio::test]
async fn no_cross_user_leakage(#[future(awt)] testbed: Testbed) {
    let users = testbed.users(33, 10);
    everybody_asks(&testbed, &users, 1).await;
    let (header, records) = finish(testbed);
    let judgement = judge(&header, &records, &[Category::Security]);
    assert_kept(&judgement, &["isolation/run-owner", "isolation/canary", "isolation/identity"]);
}

#[tokio::test]
async fn session_security() {
    let (agent, release) = HeldAgent::new(Testbed::analyst());
    let testbed = Testbed::builder().answered_by(agent).start().await.unwrap();
    let users = testbed.users(34, 2);
    for forgery in Forgery::ALL {
        let refused = testbed
            .session
            .connect(&users[0], Connect::fresh().showing(Credential::Forged(forgery)))
            .await
            .expect_err(forgery.case());
        let ConnectError::Refused { status, .. } = refused else { panic!("{}: {refused}", forgery.case()) };
        assert_eq!(status, 401, "{}", forgery.case());
    }

    let owner = connect(&testbed, &users[0]).await;
    let other = connect(&testbed, &users[1]).await;
    let prompt = Prompts::new(34, "owner").next(&known_scenarios()[0]);
    owner.ask(&prompt, None).await.unwrap();
    let run_id = owner
        .wait_for("acceptance", DEADLINE, |view| view.accepted(&prompt.request_id).map(|a| a.run_id.clone()))
        .await
        .unwrap();

    // A foreign run cannot be cancelled or read, and looks like one that never was.
    other.cancel(&run_id).await.unwrap();
    let code = other
        .wait_for("an answer to the foreign cancel", DEADLINE, |view| {
            view.errors.first().map(|e| e.code.clone())
        })
        .await
        .unwrap();
    assert_eq!(code, "unknown_run");
    let probe = Probe::new(testbed.session.target()).unwrap();
    let token = users[1].token().unwrap().unwrap();
    let foreign = probe.get(&format!("/runs/{run_id}"), Some(&token)).await.unwrap();
    let unknown = probe.get("/runs/run-that-never-was", Some(&token)).await.unwrap();
    assert_eq!((foreign.status, unknown.status), (404, 404));
    assert_eq!(foreign.body, unknown.body, "the answer tells that the foreign run exists");

    release.go_on(1);
    owner.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap().expect("the owner's run was refused");
    let ended = owner.view(|view| view.run(&run_id).unwrap().ended);
    assert_eq!(
        ended,
        Some(goldenpath_protocol::EventType::AgentCompleted),
        "the foreign cancel had an effect"
    );
}

#[tokio::test]
async fn resource_sharing_and_thread_safety() {
    let (agent, release) = HeldAgent::new(Testbed::analyst());
    let testbed = Testbed::builder().answered_by(agent).start().await.unwrap();
    let users = testbed.users(35, 2);
    let busy = connect(&testbed, &users[0]).await;
    let other = connect(&testbed, &users[1]).await;
    let mut prompts = Prompts::new(35, "busy");
    let scenarios = known_scenarios();
    let mut open = Vec::new();
    for n in 0..5 {
        let prompt = prompts.next(&scenarios[n % 4]);
        busy.ask(&prompt, None).await.unwrap();
        busy.wait_for("acceptance", DEADLINE, |view| view.accepted(&prompt.request_id).map(|_| ()))
            .await
            .unwrap();
        open.push(prompt);
    }
    let sixth = prompts.next(&scenarios[0]);
    busy.ask(&sixth, None).await.unwrap();
    assert_eq!(
        busy.wait_for_end(&sixth.request_id, DEADLINE).await.unwrap(),
        None,
        "a sixth run at once was taken"
    );
    assert_eq!(busy.view(|view| view.refusal(&sixth.request_id).unwrap().code.clone()), "run_limit");

    // Another user is not touched by that limit.
    let fine = prompts.next(&scenarios[1]);
    other.ask(&fine, None).await.unwrap();
    other.wait_for("acceptance", DEADLINE, |view| view.accepted(&fine.request_id).map(|_| ())).await.unwrap();
    release.go_on(6);
    for prompt in &open {
        busy.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap().expect("an accepted run was refused");
    }
    other.wait_for_end(&fine.request_id, DEADLINE).await.unwrap().expect("the other user was refused");

    // The refused request id was not used up.
    release.go_on(1);
    busy.ask(&sixth, None).await.unwrap();
    busy.wait_for("the retry's acceptance", DEADLINE, |view| view.accepted(&sixth.request_id).map(|_| ()))
        .await
        .unwrap();
    busy.wait_for("the retry's end", DEADLINE, |view| view.run_of(&sixth.request_id)?.1.ended).await.unwrap();
    busy.close().await;
    other.close().await;
    let (header, records) = finish(testbed);
    let judgement = judge(&header, &records, &[Category::Functional, Category::Security]);
    assert_kept(&judgement, &["isolation/run-owner", "isolation/canary", "sequence/seq-dense"]);
}
