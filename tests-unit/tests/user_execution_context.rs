//! `UserExecutionContext`: whose run it is, from the request to the socket, and never anybody else's.

use crate::parts::{Backend, context};
use goldenpath_gateway::{ContextError, NotifyError, UserExecutionContext};
use goldenpath_harness::{Connect, Prompts, known_scenarios};
use goldenpath_history::{Direction, RecordKind};
use goldenpath_protocol::{RequestId, RunEvent, RunId, ThreadId, Tier, UserId};
use goldenpath_testbed::Testbed;
use rstest::rstest;
use std::sync::Arc;
use std::time::Duration;

#[tokio::test]
async fn context_reaches_the_socket() {
    let testbed = Testbed::builder().start().await.unwrap();
    let user = testbed.user(11);
    let client = testbed.session.connect(&user, Connect::fresh()).await.unwrap();
    let prompt = Prompts::new(11, user.name()).next(&known_scenarios()[0]);
    client.ask(&prompt, None).await.unwrap();
    let (run_id, run) =
        client.wait_for_end(&prompt.request_id, Duration::from_secs(20)).await.unwrap().expect("accepted");
    let accepted = client.view(|view| view.accepted(&prompt.request_id).cloned()).expect("announced");

    let records = testbed.recording.finish().unwrap().records;
    let events: Vec<RunEvent> = records
        .iter()
        .filter_map(|record| match &record.kind {
            RecordKind::Frame { dir: Direction::In, raw, .. } => serde_json::from_str(raw).ok(),
            _ => None,
        })
        .collect();
    assert_eq!(events.len() as u64, run.events);
    assert!(events.len() >= 5, "at least the five critical ones: {}", events.len());
    let expected = UserExecutionContext::parse(
        user.name(),
        accepted.thread_id.as_deref().expect("a thread"),
        &run_id,
        &prompt.request_id,
        Tier::Mid,
        "whoever speaks",
    )
    .unwrap();
    for event in &events {
        assert!(expected.owns(&event.head), "{:?}", event.head);
        assert!(!event.head.agent_name.is_empty());
    }
    let last = events.last().expect("events");
    assert!(last.head.parent_agent.is_none(), "the supervisor has the last word");
}

/// Neither name has a letter of hexadecimal: no random id in a stream can look like the other user's.
#[tokio::test]
async fn context_isolation() {
    let (vito, yuki) = (context("vito"), context("yuki"));
    assert!(!vito.same_identity(&yuki));
    let backend = Backend::new().await;
    let (mut vitos, mut yukis) = (backend.begin("vito").await, backend.begin("yuki").await);
    let _ = backend.notifier.agent_started(&mut vitos, "vito's costs").await.unwrap();
    let _ = backend.notifier.agent_started(&mut yukis, "yuki's costs").await.unwrap();

    // A context that differs in one identity only speaks for somebody else.
    let of = |user: &str, thread: &str, run: &str, request: &str| {
        UserExecutionContext::parse(user, thread, run, request, Tier::Mid, "supervisor").unwrap()
    };
    for foreign in [
        yuki.clone(),
        yuki.child("specialist").unwrap(),
        of("yuki", "thread-of-vito", "run-of-vito", "request-of-vito"),
        of("vito", "thread-of-yuki", "run-of-vito", "request-of-vito"),
        of("vito", "thread-of-vito", "run-of-yuki", "request-of-vito"),
        of("vito", "thread-of-vito", "run-of-vito", "request-of-yuki"),
    ] {
        let refused =
            backend.notifier.agent_thinking(&mut vitos, &foreign, "a thought", None).await.unwrap_err();
        assert!(matches!(refused, NotifyError::ForeignContext), "{refused}");
    }
    assert_eq!(vitos.count(), 1, "a refused event takes no number");
    for (user, own, foreign) in [("vito", &vito, "yuki"), ("yuki", &yuki, "vito")] {
        let stream = backend.stream(user).await;
        assert_eq!(stream.len(), 1);
        assert!(stream.iter().all(|event| own.owns(&event.head)));
        assert!(!serde_json::to_string(&stream).unwrap().contains(foreign));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn context_thread_safety() {
    const USERS: usize = 16;
    const THOUGHTS: u64 = 25;
    let backend = Arc::new(Backend::new().await);
    let start = Arc::new(tokio::sync::Barrier::new(USERS));
    let runs: Vec<_> = (0..USERS)
        .map(|n| {
            let (backend, start) = (Arc::clone(&backend), Arc::clone(&start));
            tokio::spawn(async move {
                let mut run = backend.begin(&format!("user-{n}")).await;
                start.wait().await;
                for _ in 0..THOUGHTS {
                    // Made anew from the shared one each time, on whatever thread this runs now.
                    let speaker = run.context().child("specialist").unwrap();
                    let noted = speaker.with_metadata("user_id", format!("user-{n}")).unwrap();
                    let thought = format!("a thought of user-{n}");
                    let _ = backend.notifier.agent_thinking(&mut run, &noted, &thought, None).await.unwrap();
                }
            })
        })
        .collect();
    for run in runs {
        run.await.unwrap();
    }
    for n in 0..USERS {
        let name = format!("user-{n}");
        let own = context(&name);
        let stream = backend.stream(&name).await;
        let numbers: Vec<_> = stream.iter().map(|event| event.head.seq).collect();
        assert_eq!(numbers, (1..=THOUGHTS).collect::<Vec<_>>(), "{name}");
        assert!(stream.iter().all(|event| own.owns(&event.head)), "{name}");
    }

    // One context, read and derived from many threads at once, stays what it is.
    let shared = context("ada");
    std::thread::scope(|scope| {
        for n in 0..8 {
            let shared = &shared;
            scope.spawn(move || {
                for _ in 0..200 {
                    let child = shared.child(format!("specialist-{n}")).unwrap();
                    let child = child.with_metadata("worker", n.to_string()).unwrap();
                    assert!(child.same_identity(shared));
                }
            });
        }
    });
    assert_eq!(shared, context("ada"));
}

#[rstest]
#[case("")]
#[case(" ")]
#[case("null")]
#[case("None")]
#[case("undefined")]
#[case("registry")]
#[case("DEFAULT")]
#[case("anonymous")]
#[case("placeholder")]
#[case("system")]
#[case("0")]
#[case("two words")]
#[case("line\nbreak")]
fn placeholder_ids_refused(#[case] id: &str) {
    let parse = |user: &str, thread: &str, run: &str, request: &str| {
        UserExecutionContext::parse(user, thread, run, request, Tier::Free, "supervisor")
    };
    assert!(parse("ada", "t-1", "r-1", "q-1").is_ok(), "only the placeholder is wrong below");
    for (place, refused) in [
        ("user id", parse(id, "t-1", "r-1", "q-1")),
        ("thread id", parse("ada", id, "r-1", "q-1")),
        ("run id", parse("ada", "t-1", id, "q-1")),
        ("request id", parse("ada", "t-1", "r-1", id)),
    ] {
        let ContextError::Identity(invalid) = refused.unwrap_err() else { panic!("{place}: another error") };
        assert_eq!((invalid.kind, invalid.value.as_str()), (place, id), "the refusal names what is wrong");
    }
    // The same holds for what comes over the wire: an identity cannot be made around the check.
    let json = serde_json::to_string(id).unwrap();
    assert!(serde_json::from_str::<UserId>(&json).is_err());
    assert!(serde_json::from_str::<ThreadId>(&json).is_err());
    assert!(serde_json::from_str::<RunId>(&json).is_err());
    assert!(serde_json::from_str::<RequestId>(&json).is_err());
}

#[tokio::test]
async fn child_context_keeps_identity() {
    let parent = context("ada").with_metadata("region", "eu").unwrap();
    let child = parent.child("specialist").unwrap();
    let grandchild = child.child("assistant").unwrap();
    for one in [&child, &grandchild] {
        assert!(one.same_identity(&parent));
        assert_eq!((one.tier(), one.metadata()), (parent.tier(), parent.metadata()));
    }
    assert_eq!((child.agent_name(), child.parent_agent()), ("specialist", Some("supervisor")));
    assert_eq!((grandchild.agent_name(), grandchild.parent_agent()), ("assistant", Some("specialist")));
    assert_eq!(
        (parent.agent_name(), parent.parent_agent()),
        ("supervisor", None),
        "a child changes no parent"
    );
    assert_eq!(parent.child("  ").unwrap_err(), ContextError::NamelessAgent);

    let backend = Backend::new().await;
    let mut run = backend.begin("ada").await;
    let _ = backend.notifier.agent_started(&mut run, "costs").await.unwrap();
    let _ = backend.notifier.agent_thinking(&mut run, &child, "a thought", None).await.unwrap();
    let stream = backend.stream("ada").await;
    let spoken: Vec<_> = stream
        .iter()
        .map(|event| (event.head.agent_name.as_str(), event.head.parent_agent.as_deref()))
        .collect();
    assert_eq!(spoken, [("supervisor", None), ("specialist", Some("supervisor"))]);
    assert!(stream.iter().all(|event| parent.owns(&event.head)));
}

#[rstest]
#[case::user("user_id", "ada")]
#[case::user_in_camel_case("userId", "ada")]
#[case::user_as_a_header("User-ID", "ada")]
#[case::subject("sub", "ada")]
#[case::thread("thread_id", "thread-of-ada")]
#[case::run("RUN_ID", "run-of-ada")]
#[case::request("requestId", "request-of-ada")]
fn foreign_identity_in_metadata_refused(#[case] key: &str, #[case] own: &str) {
    for foreign in ["bob", "", "ADA", "thread-of-bob", "null"] {
        let refused = context("ada").with_metadata(key, foreign).unwrap_err();
        assert_eq!(refused, ContextError::ForeignIdentity { key: key.to_owned() });
        assert!(!refused.to_string().contains("bob"), "a refusal repeats no foreign identity: {refused}");
    }
    let noted = context("ada").with_metadata(key, own).unwrap();
    assert_eq!(noted.metadata().get(key).map(String::as_str), Some(own), "the own identity may be repeated");
    let child = noted.child("specialist").unwrap();
    assert!(child.with_metadata(key, "bob").is_err(), "a child is no way around it");
}

/// One identity that differs is enough, whichever it is; who speaks makes no difference.
#[tokio::test]
async fn every_identity_counts_by_itself() {
    let backend = Backend::new().await;
    let mut run = backend.begin("ada").await;
    let _ = backend.notifier.agent_started(&mut run, "costs").await.unwrap();
    let own = context("ada");
    let head = backend.stream("ada").await.remove(0).head;
    assert!(own.owns(&head) && own.same_identity(&own.child("specialist").unwrap()));
    let ids = ["ada", "thread-of-ada", "run-of-ada", "request-of-ada"];
    for place in 0..ids.len() {
        let mut changed = ids;
        changed[place] = "another";
        let [user, thread, run, request] = changed;
        let other = UserExecutionContext::parse(user, thread, run, request, Tier::Mid, "supervisor").unwrap();
        assert!(!other.owns(&head) && !other.same_identity(&own) && !own.same_identity(&other), "{place}");
        assert_eq!(
            [
                other.user_id().as_str(),
                other.thread_id().as_str(),
                other.run_id().as_str(),
                other.request_id().as_str()
            ],
            changed
        );
    }
}

#[test]
fn a_context_keeps_what_it_was_given() {
    let given =
        UserExecutionContext::parse("ada", "t-1", "r-1", "q-1", Tier::Enterprise, "supervisor").unwrap();
    assert_eq!(
        (given.tier(), given.agent_name(), given.parent_agent()),
        (Tier::Enterprise, "supervisor", None)
    );
    assert!(given.metadata().is_empty());
    let noted =
        given.clone().with_metadata("region", "eu").unwrap().with_metadata("Owner-Id", "ada").unwrap();
    let notes: Vec<_> = noted.metadata().iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
    assert_eq!(notes, [("Owner-Id", "ada"), ("region", "eu")]);
    let child = noted.child("specialist").unwrap();
    assert_eq!((child.metadata(), child.tier()), (noted.metadata(), Tier::Enterprise));
    for (key, own) in
        [("user", "ada"), ("owner", "ada"), ("Thread", "t-1"), ("run", "r-1"), ("REQUEST", "q-1")]
    {
        assert!(given.clone().with_metadata(key, own).is_ok(), "{key}");
        assert!(given.clone().with_metadata(key, "bob").is_err(), "{key}");
    }
    let nameless = UserExecutionContext::parse("ada", "t-1", "r-1", "q-1", Tier::Free, " ").unwrap_err();
    assert_eq!(nameless, ContextError::NamelessAgent);
}
