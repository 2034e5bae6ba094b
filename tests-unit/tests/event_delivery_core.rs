//! What lies between an event and a socket: the bytes, their order, what the client confirms, and what happens when it
//! never got them.

use crate::parts::{Backend, body, connect, kinds, object, offsets, user};
use async_trait::async_trait;
use goldenpath_agent::{Agent, Answer, Step, StepSink, Task, TaskEnd};
use goldenpath_gateway::{AgentWebSocketBridge, Clock, CursorError, Ending, Outcome, RunRequest};
use goldenpath_protocol::{
    ClientId, Epoch, EventBody, EventType, Recovered, RequestId, ResumePoint, RunEvent, Tier,
};
use goldenpath_storage::{EventLog, LogLimits, Store};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio_util::sync::CancellationToken;

#[tokio::test]
async fn serialization_and_formatting() {
    let backend = Backend::new().await;
    let (mut one, mut two) = (backend.tab("ada").await, backend.tab("ada").await);
    let start = one.place();
    let mut run = backend.begin("ada").await;
    let _ = backend.say_all_five(&mut run).await;
    let live = one.take_text(usize::MAX).await.unwrap();
    assert_eq!(live.len(), 5);
    assert_eq!(two.take_text(usize::MAX).await.unwrap(), live, "the same bytes on every tab");
    let mut replayed = backend.tab_from("ada", Some(&start)).await;
    assert_eq!(replayed.take_text(usize::MAX).await.unwrap(), live, "and on every replay");

    for (n, (text, stored)) in live.iter().zip(backend.stored(&run).await).enumerate() {
        let with_offset = format!("{},\"offset\":{}}}", stored.strip_suffix('}').unwrap(), n + 1);
        assert_eq!(text, &with_offset, "the log adds the offset to what is stored, and nothing else");
        assert!(!text.contains('\n'), "one line");
        let value = object(serde_json::from_str(text).unwrap());
        assert!(!value.contains_key("head") && !value.contains_key("body"), "flat: {text}");
        assert!(!value.contains_key("parent_agent"), "what is absent is left out, not null: {text}");
        let time = value["timestamp"].as_str().unwrap();
        assert_eq!((time.len(), &time[10..11], &time[19..20], &time[23..]), (24, "T", ".", "Z"), "{time}");
        let event: RunEvent = serde_json::from_value(Value::Object(value)).unwrap();
        assert_eq!(event.body.event_type(), EventType::CRITICAL[n]);
        assert_eq!(uuid::Uuid::parse_str(event.head.event_id.as_str()).unwrap().get_version_num(), 7);
    }
}

/// Talks much faster than anybody may be told, with steps that matter in between.
#[derive(Debug)]
struct Talker;

const WORDS: usize = 400;

fn talk() -> String {
    (0..WORDS).map(|n| format!("word-{n} ")).collect()
}

#[async_trait]
impl Agent for Talker {
    fn names(&self) -> Vec<String> {
        vec!["talker".to_owned()]
    }

    async fn run(&self, task: Task, steps: StepSink, _: CancellationToken) -> TaskEnd {
        let agent = task.agent;
        for n in 0..WORDS {
            if n % 20 == 0 {
                let reasoning = format!("thought {}", n / 20);
                let step = Step::Thinking { agent: agent.clone(), parent: None, reasoning, progress: None };
                let _ = steps.send(step).await;
            }
            let _ = steps.send(Step::Delta { agent: agent.clone(), text: format!("word-{n} ") }).await;
        }
        TaskEnd::Completed(Answer {
            agent,
            final_response: talk(),
            summary: "many words".to_owned(),
            degraded: false,
            limitations: Vec::new(),
        })
    }
}

#[tokio::test]
async fn priority_and_ordering() {
    let backend = Backend::with(LogLimits::default(), |config| {
        config.deltas_per_run = 8;
        config.delta_interval = Duration::from_millis(1);
    })
    .await;
    let mut tab = backend.tab("ada").await;
    let bridge = AgentWebSocketBridge::new(
        Arc::clone(&backend.store) as Arc<dyn Store>,
        backend.notifier.clone(),
        Arc::new(Talker),
        Arc::clone(&backend.clock) as Arc<dyn Clock>,
        Arc::new(backend.manager.config().clone()),
        Arc::clone(&backend.metrics),
        CancellationToken::new(),
    );
    let request = RunRequest {
        user_id: user("ada"),
        tier: Tier::Mid,
        request_id: RequestId::new("q-1").unwrap(),
        thread_id: None,
        agent: None,
        message: "talk".to_owned(),
    };
    let _ = bridge.request(request, |_| {}).await.unwrap();
    assert!(bridge.join(Duration::from_secs(20)).await);

    let seen = tab.take().await;
    assert_eq!(offsets(&seen), (1..=seen.len() as u64).collect::<Vec<_>>());
    assert!(
        seen.iter().zip(1..).all(|(event, seq)| event.head.seq == seq),
        "what was made first comes first"
    );
    let (mut text, mut deltas, mut thoughts) = (String::new(), 0, Vec::new());
    for event in &seen {
        match &event.body {
            EventBody::ResponseDelta { text: piece } => {
                deltas += 1;
                text.push_str(piece);
            }
            EventBody::AgentThinking { reasoning, .. } => thoughts.push(reasoning.clone()),
            _ => {}
        }
    }
    assert!((1..=8).contains(&deltas), "{WORDS} pieces are put together: {deltas}");
    assert_eq!(text, talk(), "and lose nothing");
    let all: Vec<_> = (0..WORDS / 20).map(|n| format!("thought {n}")).collect();
    assert_eq!(thoughts, all, "what is no delta is told each by itself, in order");
    assert_eq!(kinds(&seen).last(), Some(&EventType::AgentCompleted), "the last word is the last");
}

#[tokio::test]
async fn delivery_confirmation() {
    let backend = Backend::new().await;
    let (mut one, mut two) = (backend.tab("ada").await, backend.tab("ada").await);
    let mut run = backend.begin("ada").await;
    let _ = backend.say_all_five(&mut run).await;
    let tracker = backend.manager.tracker();
    let outcome = |offset, n: usize| tracker.outcomes(&user("ada"), offset)[n].outcome;
    assert_eq!((outcome(1, 0), outcome(2, 0)), (Outcome::Woken, Outcome::Behind(1)));
    assert!(!one.registration.delivery().acknowledged(1), "what was never written is not confirmed");
    let _ = one.take().await;
    let _ = two.take_text(2).await.unwrap();
    assert_eq!(
        (outcome(5, 0), outcome(2, 1), outcome(5, 1)),
        (Outcome::Written, Outcome::Written, Outcome::Behind(2))
    );

    assert!(one.registration.delivery().acknowledged(4), "cumulative");
    assert_eq!(
        (outcome(1, 0), outcome(4, 0), outcome(5, 0)),
        (Outcome::Acknowledged, Outcome::Acknowledged, Outcome::Written)
    );
    assert!(one.registration.delivery().acknowledged(2), "a lower one is no error");
    assert_eq!(outcome(4, 0), Outcome::Acknowledged, "and takes nothing back");
    assert!(!one.registration.delivery().acknowledged(6), "beyond what was sent");
    assert_eq!(outcome(2, 1), Outcome::Written, "one tab's word is not another's");
    assert_eq!(tracker.totals().written, 7, "once per connection");

    // Kept per client, for the greeting of its next connection; no other user's, never lower, never beyond the head.
    let (ada, tab) = (user("ada"), ClientId::new("tab-1").unwrap());
    assert_eq!(backend.log.acknowledge(&ada, &tab, 4).await.unwrap(), 4);
    assert_eq!(backend.log.acknowledge(&ada, &tab, 2).await.unwrap(), 4);
    assert_eq!(backend.log.acknowledge(&ada, &tab, 99).await.unwrap(), 5);
    assert_eq!(backend.log.acknowledged(&user("bob"), &tab).await.unwrap(), 0);
    assert_eq!(backend.stream("ada").await.len(), 5, "a confirmed event stays readable for the other tabs");
}

#[tokio::test]
async fn failed_delivery_handling() {
    let backend =
        Backend::with(LogLimits { events: 20, ..LogLimits::default() }, |config| config.replay_events = 10)
            .await;
    let mut run = backend.begin("ada").await;
    let mut tab = backend.tab("ada").await;
    let _ = backend.say_all_five(&mut run).await;
    let before = tab.take_text(2).await.unwrap();
    let place = tab.place();
    tab.registration.end(Ending::Gone);
    drop(tab);
    let totals = backend.manager.tracker().totals();
    assert_eq!((totals.ended, totals.ended_unacknowledged), (1, 1), "somebody left without a word");

    // What was missed comes by resume: before and replay together are everything, once.
    let mut again = backend.tab_from("ada", Some(&place)).await;
    assert_eq!((again.recovered, again.missed), (Recovered::Full, 3));
    let replay = again.take_text(usize::MAX).await.unwrap();
    let all: Vec<RunEvent> =
        before.iter().chain(&replay).map(|text| serde_json::from_str(text).unwrap()).collect();
    assert_eq!(kinds(&all), EventType::CRITICAL);

    // What cannot be replayed whole is not replayed at all, and the client is told where the stream stands.
    let elsewhere = Epoch::new("00000000000000000000000000000000").unwrap();
    for wrong in
        [ResumePoint { epoch: elsewhere, offset: 2 }, ResumePoint { epoch: place.epoch.clone(), offset: 6 }]
    {
        let mut refused = backend.tab_from("ada", Some(&wrong)).await;
        assert_eq!((refused.recovered, refused.missed), (Recovered::Failed, 0), "{wrong:?}");
        assert_eq!(refused.cursor.offset(), 5);
        assert!(refused.take().await.is_empty());
    }
    let stalled = backend.tab("ada").await;
    let mut more = backend.begin_another("ada", 2).await;
    let speaker = more.context().clone();
    for _ in 0..21 {
        let _ = backend.notifier.send(&mut more, &speaker, body(EventType::ResponseDelta)).await.unwrap();
    }
    let too_many = backend.tab_from("ada", Some(&place)).await;
    assert_eq!(too_many.recovered, Recovered::Failed, "more than may be replayed");
    assert!(
        matches!(stalled.cursor.peek(9).await.unwrap_err(), CursorError::Gone),
        "a hole is said, not sent"
    );
    // And the store still has all of it, for `GET /runs/{id}`.
    assert_eq!((backend.stored(&run).await.len(), backend.stored(&more).await.len()), (5, 21));

    // The log refused for good: stored, told as unlogged, and made good before anything later of the run.
    let mut late = backend.begin_another("ada", 3).await;
    let mut live = backend.tab("ada").await;
    backend.log_faults.broken(1);
    let lost = backend.say(&mut late, EventType::AgentStarted).await.unwrap();
    assert_eq!(
        (lost.offset, lost.is_live(), lost.failed_attempts.len()),
        (None, false, 1),
        "not tried again"
    );
    let next = backend.say(&mut late, EventType::AgentThinking).await.unwrap();
    assert!(next.offset.is_some() && late.unlogged() == 0);
    assert_eq!(kinds(&live.take().await), [EventType::AgentStarted, EventType::AgentThinking]);
    let unread = connect(&backend.manager, "ada");
    assert_eq!(
        backend.manager.tracker().outcomes(&user("ada"), 1).last().map(|one| one.outcome),
        Some(Outcome::Joining)
    );
    drop(unread);
    assert_eq!(json!(backend.metrics.sends("closing")), json!(0));
}
