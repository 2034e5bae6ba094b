//! One user's way: login, connection, question, five events, answer, and the same chat again later.

use crate::answers::computed;
use crate::backend::Backend;
use crate::driving::{DEADLINE, kept};
use goldenpath_harness::{
    Connect, ConnectError, Credential, Forgery, Placement, Scenario, Session, known_scenarios,
};
use goldenpath_history::Expect;
use goldenpath_protocol::{EventType, Recovered};
use serde_json::Value;
use std::time::Duration;

/// What the reference backend promises for the whole way of one run.
const WHOLE_WAY: Duration = Duration::from_secs(2);

/// Fails when a true token is refused, in the header or where browsers must put it, when none is needed, or when the
/// greeting does not say who came in, where the stream stands and until when the token is good.
#[tokio::test(flavor = "multi_thread")]
async fn authentication_to_connection() {
    let backend = Backend::open().await;
    let ids = ["auth/accepted", "auth/refused", "content/json", "content/schema"];
    let (greetings, seen) = kept(&backend, &ids, async |stage| {
        let user = &stage.users(1)[0];
        assert_eq!(stage.read("ready", user).await.0, 200, "not ready to take work");
        let missing = Connect::fresh().showing(Credential::Forged(Forgery::Missing));
        let refused = stage.session.connect(user, missing).await.unwrap_err();
        assert!(matches!(refused, ConnectError::Refused { status: 401, .. }), "{refused}");

        let mut greetings = Vec::new();
        for placement in [Placement::Header, Placement::Subprotocol] {
            let auth = stage.session.auth().clone().placed(placement);
            let recorder = stage.session.recorder().clone();
            let session = Session::new(stage.session.target().clone(), auth, recorder);
            let client = session.connect(user, Connect::fresh()).await.unwrap();
            let greeting = client.wait_for_greeting(DEADLINE).await.unwrap();
            assert_eq!((greeting.recovered, greeting.offset), (Some(Recovered::Fresh), 0));
            let frame: Value = serde_json::from_str(&greeting.raw).unwrap();
            assert_eq!(frame["user_id"], &**user.name(), "somebody else came in");
            for field in ["epoch", "server_time", "token_expires_at"] {
                assert!(frame[field].as_str().is_some_and(|text| !text.is_empty()), "no `{field}`: {frame}");
            }
            assert!(frame["limits"].as_object().is_some_and(|limits| !limits.is_empty()), "{frame}");
            client.ping(1).await.unwrap();
            client.wait_for("a pong", DEADLINE, |view| view.last_pong).await.unwrap();
            client.close().await;
            greetings.push(greeting);
        }
        greetings
    })
    .await;
    seen.assert_all("auth/accepted", 2);
    assert_ne!(greetings[0].connection_id, greetings[1].connection_id);
    assert_eq!(greetings[0].epoch, greetings[1].epoch, "the stream was lost between two connections");
}

/// Fails when one of the five events is missing, disordered, unpaired or late, or the whole way takes too long.
#[tokio::test(flavor = "multi_thread")]
async fn request_to_five_events() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "sequence/tool-pairs",
        "sequence/one-terminal",
        "sequence/seq-dense",
        "content/meaningful",
        "delivery/no-loss",
        "timing/first-event",
        "timing/agent-started",
        "timing/whole-answer",
    ];
    let (runs, seen) =
        kept(&backend, &ids, async |stage| stage.everybody_asks(&stage.users(1), 2).await).await;
    seen.assert_all("sequence/five-in-order", 8);
    for run in &runs {
        let events = seen.events(run);
        let place = |kind: EventType| events.iter().position(|event| event["type"] == kind.as_str());
        let first: Option<Vec<usize>> = EventType::CRITICAL.into_iter().map(place).collect();
        let first = first.unwrap_or_else(|| panic!("run {} lacks an event: {events:#?}", run.run_id));
        assert!(first.is_sorted() && first[4] == events.len() - 1, "run {}: {first:?}", run.run_id);
        let took = Duration::from_nanos(run.view.last_ns - run.view.first_ns);
        assert!(!backend.is_reference() || took <= WHOLE_WAY, "run {} took {took:?}", run.run_id);
    }
}

/// Fails when an answer is junk, lacks actions or figures of its own tools, differs from what was streamed and stored, or
/// does not quote the reference that it was asked to quote.
#[tokio::test(flavor = "multi_thread")]
async fn response_to_business_value() {
    let backend = Backend::open().await;
    let ids = [
        "value/gates",
        "value/demands",
        "value/facts",
        "delivery/deltas-concatenate",
        "delivery/stream-equals-store",
        "content/whole",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(1);
        let mut runs = stage.everybody_asks(&users, 1).await;
        let quoting = Scenario::new(
            "quoted",
            "I'm spending $50k/month on AI infrastructure. Help me optimize costs, and quote the reference below in your \
             answer.",
        )
        .expecting(Expect { quote_reference: true, min_insights: 3, ..Expect::default() });
        let client = stage.enter(&users[0]).await;
        runs.push(stage.ask(&client, &mut stage.prompts(&users[0]), &quoting).await);
        client.close().await;
        for run in &runs {
            stage.read_back(run, &users[0]).await;
        }
        runs
    })
    .await;
    for id in ["value/gates", "value/demands", "value/facts", "delivery/stream-equals-store"] {
        seen.assert_all(id, 5);
    }
    for run in &runs {
        let (answer, amounts) = (seen.answer(run), computed(&seen, run));
        let used = amounts.iter().filter(|amount| answer.contains(*amount)).count();
        assert!(used >= 3, "{used} of the computed {amounts:?} are in: {answer}");
    }
    assert!(seen.answer(&runs[4]).contains(&runs[4].prompt.reference), "{}", seen.answer(&runs[4]));
}

/// Fails when a chat is forgotten between two visits, split into other threads, or told differently by the store.
#[tokio::test(flavor = "multi_thread")]
async fn thread_persistence_and_continuity() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "delivery/request-answered",
        "delivery/stream-equals-store",
        "delivery/no-loss",
        "timestamps/monotone",
    ];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let user = &stage.users(1)[0];
        let mut prompts = stage.prompts(user);
        let first = stage.enter(user).await;
        let mut runs = vec![stage.ask(&first, &mut prompts, &known_scenarios()[0]).await];
        let thread = runs[0].thread_id.clone();
        let point = first.view(|view| view.resume_point()).unwrap();
        first.close().await;

        // The next visit goes on in the thread, on a connection that knows nothing, and on one that knows where it was.
        let visits = [Connect::fresh(), Connect::fresh().resuming(&point)];
        for (how, scenario) in visits.into_iter().zip(&known_scenarios()[1..]) {
            let client = stage.enter_as(user, how).await;
            let prompt = prompts.next(scenario);
            client.ask(&prompt, Some(&thread)).await.unwrap();
            runs.push(stage.end_of(&client, prompt).await);
            client.close().await;
        }
        for run in &runs {
            assert_eq!(run.thread_id, thread, "the chat went on in another thread");
            assert_eq!(stage.read_back(run, user).await["state"], "completed");
        }
        let (status, body) = stage.read(&format!("threads/{thread}"), user).await;
        assert_eq!(status, 200, "{body}");
        let stored: Value = serde_json::from_str(&body).unwrap();
        let mut stored: Vec<&str> =
            stored["runs"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
        let mut asked: Vec<&str> = runs.iter().map(|run| run.run_id.as_str()).collect();
        stored.sort_unstable();
        asked.sort_unstable();
        assert_eq!(stored, asked, "the thread forgot a run");
        runs
    })
    .await;
    seen.assert_all("sequence/five-in-order", 3);
    // The visit that resumed sees what it missed, the second run, before its own.
    let missed = seen.events_on(runs[2].conn, &runs[1].run_id);
    assert_eq!(missed, seen.events(&runs[1]), "the replay is not what was missed");
}
