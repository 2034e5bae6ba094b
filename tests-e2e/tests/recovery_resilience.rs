//! What goes wrong on the way, or behind the door, costs no user an event.

use crate::backend::Backend;
use crate::driving::{DEADLINE, Seen, Stage, kept};
use crate::network::Network;
use crate::outage::{Course, Trouble, breakable, on_the_way, withstood};
use crate::returning::Returning;
use futures_util::future::join_all;
use goldenpath_harness::{Connect, Scenario, Session, TestUser, known_scenarios};
use goldenpath_protocol::{EventType, Recovered};
use std::time::Duration;
use tokio::time::Instant;

/// A run that was seen over several connections, in their order.
struct Pieces {
    run_id: String,
    conns: Vec<u32>,
}

impl Pieces {
    /// Asserts that the pieces add up to the whole run, nothing lost, doubled or disordered.
    fn assert_whole(&self, seen: &Seen) {
        let events: Vec<_> = self.conns.iter().flat_map(|conn| seen.events_on(*conn, &self.run_id)).collect();
        let seqs: Vec<u64> = events.iter().map(|event| event["seq"].as_u64().unwrap()).collect();
        assert_eq!(
            seqs,
            (1..=seqs.len() as u64).collect::<Vec<_>>(),
            "over {} connections",
            self.conns.len()
        );
        let last = events.last().unwrap();
        assert_eq!(last["type"], EventType::AgentCompleted.as_str());
        assert_eq!(last["event_count"], seqs.len() as u64, "{last}");
    }
}

/// Asks once, and comes back whenever the connection is gone, until the run is over; nothing of it may be lost on the way.
async fn asks_through(stage: &Stage, session: &Session, user: &TestUser, scenario: &Scenario) -> Pieces {
    let prompt = stage.prompts(user).next(scenario);
    let mut user = Returning::new(session, user.clone());
    let asked = user.ask(&prompt, || ()).await;
    user.leave().await;
    assert!(!asked.gap, "the stream was not gone on with: {asked:?}");
    Pieces { run_id: asked.run_id, conns: asked.conns }
}

/// Fails when a user who is cut off at any moment, once or twice in a run, misses an event, sees one twice, or lands in another run.
// On one thread a dropped client reads nothing between its last look and its end.
#[tokio::test]
async fn interruption_and_recovery() {
    let backend = Backend::open().await;
    let ids = ["sequence/five-in-order", "sequence/seq-dense", "delivery/no-loss", "delivery/unique-ids"];
    let (runs, seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(4);
        let cut_off = users.iter().enumerate().map(async |(n, user)| {
            let client = stage.enter(user).await;
            let prompt = stage.prompts(user).next(&known_scenarios()[n]);
            client.ask(&prompt, None).await.unwrap();
            let run_id = client.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap();
            let mut conns = vec![client.conn()];
            let mut point = client.view(|view| view.resume_point()).unwrap();
            drop(client);
            if n % 2 == 1 {
                // Cut off again, before the replay is read to its end or at it.
                let client = stage.session.connect(user, Connect::fresh().resuming(&point)).await.unwrap();
                client.wait_for("an event", DEADLINE, |view| (view.events > 0).then_some(())).await.unwrap();
                point = client.view(|view| view.resume_point()).unwrap();
                conns.push(client.conn());
                drop(client);
                stage.stored_end(&run_id, user).await;
            }
            let client = stage.session.connect(user, Connect::fresh().resuming(&point)).await.unwrap();
            let greeting = client.wait_for_greeting(DEADLINE).await.unwrap();
            assert_eq!(greeting.recovered, Some(Recovered::Full), "{greeting:?}");
            client.wait_for("the end of the run", DEADLINE, |view| view.run(&run_id)?.ended).await.unwrap();
            conns.push(client.conn());
            client.close().await;
            Pieces { run_id, conns }
        });
        join_all(cut_off).await
    })
    .await;
    seen.assert_all("sequence/five-in-order", 4);
    assert_eq!(runs.iter().map(|run| run.conns.len()).collect::<Vec<_>>(), [2, 3, 2, 3]);
    for run in &runs {
        run.assert_whole(&seen);
    }
}

/// Fails when an event is lost, doubled or disordered where the network is slow, shaky and narrow, tears each connection after
/// a few events, or is parted for seconds.
#[tokio::test(flavor = "multi_thread")]
async fn delivery_during_network_issues() {
    let backend = Backend::open().await;
    // No check of time, nor one that counts what came late as worthless: the network is slow on purpose.
    let ids = ["sequence/five-in-order", "sequence/seq-dense", "content/json", "timestamps/monotone"];
    // Latency shakes by a third of itself; a tenth of a megabit a second; a connection that lives for a few events.
    let issues: [&[&str]; 3] =
        [&["latency=120:40", "slice=7", "bandwidth=120000"], &["reset=9000"], &["partition=1500:3000"]];
    for toxics in issues {
        let network = Network::with(toxics, &backend).await;
        let begun = Instant::now();
        let (runs, seen) = kept(&backend, &ids, async |stage| {
            let (auth, recorder) = (stage.session.auth().clone(), stage.session.recorder().clone());
            let session = Session::new(network.target(), auth, recorder);
            let users = stage.users(3);
            let all = users.iter().enumerate().map(async |(n, user)| {
                let mut runs = vec![asks_through(stage, &session, user, &known_scenarios()[n]).await];
                // A network that is parted at a time of its own is asked through until that is over.
                while toxics[0].starts_with("partition") && begun.elapsed() < Duration::from_secs(5) {
                    runs.push(asks_through(stage, &session, user, &known_scenarios()[n]).await);
                }
                runs
            });
            join_all(all).await.into_iter().flatten().collect::<Vec<_>>()
        })
        .await;
        for run in &runs {
            run.assert_whole(&seen);
        }
        let touched = network.receipts();
        assert!(!touched.is_empty(), "{toxics:?} touched nothing");
        let torn = runs.iter().filter(|run| run.conns.len() > 1).count();
        assert_eq!(torn == runs.len(), toxics[0].starts_with("reset"), "{toxics:?}: {torn} runs were torn");
    }
}

/// Fails when an event log that stands still for seconds, or is lost, fails one run, or loses one of its events unsaid.
#[tokio::test(flavor = "multi_thread")]
async fn graceful_degradation() {
    let backend = breakable().await;
    for trouble in [Trouble::RedisStandsStill, Trouble::RedisIsEmptied] {
        let Some(courses) = withstood(&backend, trouble).await else { return on_the_way(&backend).await };
        let lost = courses.iter().flat_map(Course::all).filter(|asked| asked.gap).count();
        assert!(trouble == Trouble::RedisIsEmptied || lost == 0, "{lost} runs lost their stream to a pause");
        for asked in courses.iter().flat_map(Course::all) {
            assert_eq!(asked.state, "completed", "{trouble:?} failed a run: {asked:?}");
        }
    }
}

/// Fails when a database or an event log that starts again, or a way that is cut, costs a user more than a run
/// that says so, or a stream that needs none of it its continuity.
#[tokio::test(flavor = "multi_thread")]
async fn continuity_during_infrastructure_issues() {
    let backend = breakable().await;
    let troubles = [Trouble::RedisStartsAgain, Trouble::PostgresStartsAgain, Trouble::WayIsAway];
    for trouble in troubles {
        let Some(courses) = withstood(&backend, trouble).await else { continue };
        let lost = courses.iter().flat_map(Course::all).filter(|asked| asked.gap).count();
        assert!(
            trouble == Trouble::RedisStartsAgain || lost == 0,
            "{trouble:?}: {lost} streams were not gone on with"
        );
    }
}
