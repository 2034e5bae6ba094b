//! The first message of somebody who has never been here: it decides whether there is a second one.

use crate::answers::{actions, computed};
use crate::backend::Backend;
use crate::driving::kept;
use goldenpath_harness::known_scenarios;
use goldenpath_protocol::{EventType, Recovered};

/// Fails when the first sign of life takes over 100 ms or the answer over 45 s, when one of the five events is missing, or
/// the answer has fewer than three insights or no figures of its own. How good its words are only a judge could say.
#[tokio::test(flavor = "multi_thread")]
async fn new_user_first_message_experience() {
    let backend = Backend::open().await;
    let ids = [
        "sequence/five-in-order",
        "timing/first-event",
        "timing/whole-answer",
        "timing/cold-start",
        "value/gates",
        "value/demands",
        "value/facts",
        "value/confidence",
        "value/continue",
    ];
    let (run, seen) = kept(&backend, &ids, async |stage| {
        let user = stage.users(1).remove(0).of_tier("free");
        let client = stage.enter(&user).await;
        let greeting = client.view(|view| view.greeting.clone()).unwrap();
        assert_eq!((greeting.recovered, greeting.offset), (Some(Recovered::Fresh), 0), "not a new user");
        let run = stage.ask(&client, &mut stage.prompts(&user), &known_scenarios()[0]).await;
        client.close().await;
        run
    })
    .await;
    for id in ids {
        seen.assert_all(id, 1);
    }
    let limit = |id| seen.check(id).limit;
    assert_eq!((limit("timing/first-event"), limit("timing/whole-answer")), (Some(100.0), Some(45_000.0)));
    assert_eq!((limit("value/confidence"), limit("value/continue")), (Some(0.8), Some(0.7)));
    let events = seen.events(&run);
    for kind in EventType::CRITICAL {
        assert!(events.iter().any(|event| event["type"] == kind.as_str()), "no {}", kind.as_str());
    }
    let (answer, amounts) = (seen.answer(&run), computed(&seen, &run));
    assert!(actions(&answer).len() >= 3, "fewer than three actions: {answer}");
    assert!(amounts.iter().filter(|amount| answer.contains(*amount)).count() >= 3, "{amounts:?}: {answer}");
}
