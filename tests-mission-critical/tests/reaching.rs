//! One user reaches for what is another's: a run, a thread, a stream. All of it must look as if it were not there.

use crate::driving::{DEADLINE, Stage};
use goldenpath_harness::{Client, Connect, TestUser, known_scenarios};
use goldenpath_protocol::Recovered;
use serde_json::{Value, json};

/// Tries to cancel and read a run, write into a thread, and resume a stream of `owner`; keeps each try for the judge and
/// gives their number.
pub(crate) async fn for_what_is_anothers(stage: &Stage, owner: &TestUser, other: &TestUser) -> u64 {
    let (theirs, ours) = (stage.enter(owner).await, stage.enter(other).await);
    let note = |kind: &str, target: &str, status: Option<u16>, answer: &str| json!({"kind": kind, "owner": &**owner.name(), "target": target, "status": status, "answer": answer});

    // While it runs: a cancel that works would show in its ending, too.
    let prompt = stage.prompts(owner).next(&known_scenarios()[1]);
    theirs.ask(&prompt, None).await.unwrap();
    let run = theirs.wait_for_run(&prompt.request_id, DEADLINE).await.unwrap();
    ours.cancel(&run).await.unwrap();
    let answer = first_error(&ours).await;
    assert_eq!(answer["code"], "unknown_run");
    stage.mark(Some(&ours), other, "probe", &note("foreign_cancel", &run, None, &answer.to_string()));

    let ran = stage.end_of(&theirs, prompt).await;
    let (status, body) = stage.read(&format!("runs/{run}"), other).await;
    let (unknown, nothing) = stage.read("runs/run-that-never-was", other).await;
    assert_eq!((status, unknown), (404, 404));
    assert_eq!(body, nothing, "the answer tells that the foreign run exists");
    stage.mark(None, other, "probe", &note("foreign_read", &run, Some(status), &body));

    // No request that owes a run: the only right answer is a refusal.
    let request = format!("{}-theirs", ran.prompt.request_id);
    let frame = json!({"type": "agent_request", "request_id": request, "thread_id": ran.thread_id,
        "message": "Go on with this thread, please."});
    ours.send_text(frame.to_string()).await.unwrap();
    let answer = ours
        .wait_for("the refusal", DEADLINE, |view| view.refusal(&request).map(|refusal| refusal.raw.clone()))
        .await
        .unwrap();
    assert!(answer.contains("unknown_thread"), "{answer}");
    stage.mark(Some(&ours), other, "probe", &note("foreign_thread", &ran.thread_id, None, &answer));

    // From before the owner's last event: whatever is replayed would be the owner's.
    let mut point = theirs.view(|view| view.resume_point()).unwrap();
    point.offset -= 1;
    let thief = stage.session.connect(other, Connect::fresh().resuming(&point)).await.unwrap();
    let greeting = thief.wait_for_greeting(DEADLINE).await.unwrap();
    assert_eq!((greeting.recovered, greeting.replay), (Some(Recovered::Failed), 0));
    // What would be replayed comes before a pong does.
    thief.ping(1).await.unwrap();
    thief.wait_for("a pong", DEADLINE, |view| view.last_pong).await.unwrap();
    assert_eq!(thief.view(|view| view.events), 0, "events of another user were replayed");
    let told = note("foreign_resume", &point.to_string(), Some(101), &greeting.raw);
    stage.mark(Some(&thief), other, "probe", &told);
    for client in [theirs, ours, thief] {
        client.close().await;
    }
    4
}

async fn first_error(client: &Client) -> Value {
    let raw = client
        .wait_for("an answer to the foreign cancel", DEADLINE, |view| {
            view.errors.first().map(|error| error.raw.clone())
        })
        .await
        .unwrap();
    serde_json::from_str(&raw).unwrap()
}
