//! The events on the way they take in production: through a front, by TLS, to users who logged in.

use crate::backend::Backend;
use crate::driving::{DEADLINE, Ran, Stage, kept};
use crate::stand_in::Certificates;
use futures_util::future::join_all;
use goldenpath_harness::{
    Connect, ConnectError, Credential, Forgery, Placement, Session, Target, TestUser, known_scenarios,
};
use goldenpath_protocol::{EventType, Recovered};
use serde_json::Value;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::Instant;

/// Fails when somebody who asks, leaves in the middle, comes back and asks on loses an event, sees one twice or another's bytes, or finds
/// the store telling another story.
#[tokio::test(flavor = "multi_thread")]
async fn staging_complete_user_journey_events() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/seq-dense",
        "content/schema",
        "timestamps/monotone",
        "delivery/no-loss",
        "delivery/unique-ids",
        "delivery/stream-equals-store",
        "delivery/request-answered",
    ];
    let ((before, asked, left, back, asked_on), seen) = kept(&backend, &ids, async |stage| {
        let user = &stage.users(1)[0];
        let mut prompts = stage.prompts(user);
        let client = stage.enter(user).await;
        let before = stage.ask(&client, &mut prompts, &known_scenarios()[0]).await;

        let asked = prompts.next(&known_scenarios()[1]);
        client.ask(&asked, Some(&before.thread_id)).await.unwrap();
        let run_id = client.wait_for_run(&asked.request_id, DEADLINE).await.unwrap();
        let point = client.view(|view| view.resume_point()).unwrap();
        let left = client.conn();
        drop(client);

        let back = stage.enter_as(user, Connect::fresh().resuming(&point)).await;
        let greeting = back.view(|view| view.greeting.clone()).unwrap();
        assert_eq!(greeting.recovered, Some(Recovered::Full), "{greeting:?}");
        back.wait_for("the end of the run", DEADLINE, |view| view.run(&run_id)?.ended).await.unwrap();
        let prompt = prompts.next(&known_scenarios()[2]);
        back.ask(&prompt, Some(&before.thread_id)).await.unwrap();
        let asked_on = stage.end_of(&back, prompt).await;

        for run in [&before, &asked_on] {
            assert_eq!(stage.read_back(run, user).await["state"], "completed");
        }
        let conn = back.conn();
        back.close().await;
        (before, run_id, left, conn, asked_on)
    })
    .await;
    assert_eq!(before.thread_id, asked_on.thread_id, "the journey went on in another thread");
    let (first, rest) = (seen.events_on(left, &asked), seen.events_on(back, &asked));
    let whole: Vec<u64> = first.iter().chain(&rest).map(|event| event["seq"].as_u64().unwrap()).collect();
    assert_eq!(whole, (1..=whole.len() as u64).collect::<Vec<_>>(), "before and after do not add up");
    assert_eq!(rest.last().unwrap()["type"], EventType::AgentCompleted.as_str());
    assert_eq!(rest.last().unwrap()["event_count"], whole.len() as u64);
}

/// Fails when one of ten users who ask at once, some from two tabs, lacks an event, waits for another's, or sees one.
#[tokio::test(flavor = "multi_thread")]
async fn staging_multi_user_concurrent_events() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/one-terminal",
        "delivery/no-loss",
        "delivery/tabs-agree",
        "isolation/run-owner",
        "isolation/canary",
        "isolation/identity",
    ];
    let (tabs, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(10);
        join_all(users.iter().enumerate().map(async |(n, user)| {
            let (client, tab) = (stage.enter(user).await, stage.enter(user).await);
            let mut prompts = stage.prompts(user);
            let mut runs = Vec::new();
            for turn in 0..3 {
                runs.push(stage.ask(&client, &mut prompts, &known_scenarios()[(n + turn) % 4]).await);
            }
            let last = runs[2].run_id.clone();
            tab.wait_for("the end of the last run", DEADLINE, |view| view.run(&last)?.ended).await.unwrap();
            let conn = tab.conn();
            client.close().await;
            tab.close().await;
            (user.name().to_string(), runs, conn)
        }))
        .await
    })
    .await;
    seen.assert_all("sequence/five-in-order", 30);
    let threads: HashSet<&str> =
        tabs.iter().flat_map(|(_, runs, _)| runs).map(|run| run.thread_id.as_str()).collect();
    assert_eq!(threads.len(), 30, "two requests without a thread share one");
    for (user, runs, tab) in &tabs {
        let own: HashSet<&str> = runs.iter().map(|run| run.run_id.as_str()).collect();
        for (_, frame) in seen.received(*tab).filter(|(_, frame)| frame["seq"].is_u64()) {
            assert_eq!(frame["user_id"], user.as_str());
            assert!(own.contains(frame["run_id"].as_str().unwrap()), "{user} saw {frame}");
        }
    }
}

/// How long users ask without a pause.
fn sustained() -> Duration {
    match std::env::var("GOLDENPATH_DURATION").as_deref() {
        Ok("nightly") => Duration::from_secs(5 * 60),
        Ok("short") | Err(_) => Duration::from_secs(30),
        Ok(other) => panic!("`GOLDENPATH_DURATION` is `{other}`; valid are `short` and `nightly`"),
    }
}

/// Asks again and again until the time is over, every fourth time from a new connection.
async fn asks_on(stage: &Stage, user: &TestUser, n: usize, until: Instant) -> Vec<Ran> {
    let mut prompts = stage.prompts(user);
    let mut client = stage.enter(user).await;
    let mut runs = Vec::new();
    while Instant::now() < until {
        if runs.len() % 4 == 3 {
            let point = client.view(|view| view.resume_point()).unwrap();
            client.close().await;
            client = stage.enter_as(user, Connect::fresh().resuming(&point)).await;
        }
        runs.push(stage.ask(&client, &mut prompts, &known_scenarios()[(n + runs.len()) % 4]).await);
    }
    client.close().await;
    runs
}

/// Fails when in half a minute, or in five at night, of users who ask without a pause one event is lost, doubled or disordered, one run does
/// not end, or one connection ends by itself.
#[tokio::test(flavor = "multi_thread")]
async fn staging_event_delivery_reliability() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/seq-dense",
        "delivery/no-loss",
        "delivery/unique-ids",
        "delivery/success-rate",
        "delivery/request-answered",
        "connection/reliability",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let until = Instant::now() + sustained();
        let users = stage.users(4);
        let all = users.iter().enumerate().map(|(n, user)| asks_on(stage, user, n, until));
        join_all(all).await.into_iter().flatten().collect::<Vec<_>>()
    })
    .await;
    // Everybody asked as long as that, and nobody only once.
    let span = seen.records.last().unwrap().t_ns - seen.records[0].t_ns;
    assert!(Duration::from_nanos(span) >= sustained(), "the session lasted {span} ns");
    for user in runs.iter().map(|run| &run.user).collect::<HashSet<_>>() {
        let count = runs.iter().filter(|run| run.user == *user).count();
        assert!(count >= 4, "{user} got {count} answers only");
    }
    seen.assert_all("delivery/success-rate", runs.len());
}

/// Fails when the backend takes users without TLS, shows a certificate that is not its own, or when events suffer on that way.
#[tokio::test(flavor = "multi_thread")]
async fn staging_ssl_websocket_event_delivery() {
    let backend = Backend::open().await;
    let ws = backend.target.ws().clone();
    assert_eq!(
        ws.scheme(),
        "wss",
        "`{}` has no TLS (hint: name an address with `wss`)",
        backend.target.safe_url()
    );
    let elsewhere = tempfile::tempdir().unwrap();
    let others = Certificates::make(elsewhere.path());
    let ids =
        ["sequence/five-in-order", "delivery/no-loss", "delivery/deltas-concatenate", "content/text-frames"];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let user = &stage.users(1)[0];
        let fails_at = async |target: Target| {
            let session =
                Session::new(target, stage.session.auth().clone(), stage.session.recorder().clone());
            session.connect(user, Connect::fresh()).await.err().map(|why| why.to_string())
        };
        // Whoever trusts another authority finds no backend here.
        let distrusting = Target::new(ws.as_str()).unwrap().with_ca_file(others.authority()).unwrap();
        let why = fails_at(distrusting).await.expect("another authority's certificate was taken");
        assert!(why.to_lowercase().contains("certificate"), "{why}");
        // Nor whoever calls it by another name than its certificate's.
        if let Some(file) = backend.ca_file().filter(|_| backend.is_reference()) {
            let mut other = ws.clone();
            other.set_host(Some("127.0.0.1")).unwrap();
            let why = fails_at(Target::new(other.as_str()).unwrap().with_ca_file(&file).unwrap()).await;
            assert!(why.as_ref().is_some_and(|why| why.to_lowercase().contains("certificate")), "{why:?}");
        }
        // In plain text nobody gets through the same door.
        let mut plain = ws.clone();
        plain.set_port(ws.port_or_known_default()).unwrap();
        plain.set_scheme("ws").unwrap();
        assert!(fails_at(Target::new(plain.as_str()).unwrap()).await.is_some(), "let in without TLS");

        stage.everybody_asks(&stage.users(3), 1).await
    })
    .await;
    seen.assert_all("sequence/five-in-order", runs.len());
    seen.assert_all("delivery/deltas-concatenate", runs.len());
}

/// Fails when a user who is who they say is refused, in either place where a token may stand; when a token that is renewed in mid-run costs
/// an event; or when one that must be refused lets its bearer see any.
#[tokio::test(flavor = "multi_thread")]
async fn staging_authentication_event_delivery() {
    let backend = Backend::open().await;
    let ids = [
        "auth/accepted",
        "auth/refused",
        "auth/uniform-errors",
        "isolation/identity",
        "sequence/five-in-order",
        "delivery/no-loss",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(2);
        for forgery in Forgery::ALL {
            let how = Connect::fresh().showing(Credential::Forged(forgery));
            let refused = stage.session.connect(&users[0], how).await.expect_err(forgery.case());
            assert!(
                matches!(refused, ConnectError::Refused { status: 401, .. }),
                "{}: {refused}",
                forgery.case()
            );
        }
        join_all(users.iter().zip([Placement::Header, Placement::Subprotocol]).map(
            async |(user, placement)| {
                let auth = stage.session.auth().clone().placed(placement);
                let session =
                    Session::new(stage.session.target().clone(), auth, stage.session.recorder().clone());
                let client = session.connect(user, Connect::fresh()).await.unwrap();
                client.wait_for_greeting(DEADLINE).await.unwrap();
                let prompt = stage.prompts(user).next(&known_scenarios()[0]);
                client.ask(&prompt, None).await.unwrap();
                client.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap();
                client.refresh(&user.token().unwrap().unwrap()).await.unwrap();
                let renewed = client
                    .wait_for("the answer to a refresh", DEADLINE, |view| view.refreshed.first().cloned())
                    .await
                    .unwrap();
                let renewed: Value = serde_json::from_str(&renewed).unwrap();
                assert!(renewed["token_expires_at"].is_string(), "{renewed}");
                let run = stage.end_of(&client, prompt).await;
                client.close().await;
                run
            },
        ))
        .await
    })
    .await;
    assert_eq!(seen.check("auth/refused").of, Forgery::ALL.len() as u64);
    seen.assert_all("sequence/five-in-order", 2);
    for run in &runs {
        assert!(seen.events(run).iter().all(|event| event["user_id"] == run.user.as_str()));
    }
}
