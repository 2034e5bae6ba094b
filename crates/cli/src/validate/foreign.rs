//! One user reaches for what is another's: a run, a thread, a stream. All of it must look as if it were not there.

use super::stage::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Connect, ConnectError, TestUser};
use serde_json::{Value, json};

/// Tries every foreign id; with fewer than two users there is nobody to try it on.
pub(crate) async fn probe(stage: &Stage) -> Result<(), Trouble> {
    let [owner, other, ..] = stage.users() else { return Ok(()) };
    let (theirs, ours) = (stage.enter(owner).await?, stage.enter(other).await?);
    let scenario = stage.scenarios(0).into_iter().next();
    let Some(scenario) = scenario else { return Ok(()) };
    let prompt = stage.prompts("security/foreign", owner).next(&scenario);
    theirs.ask(&prompt, None).await?;
    let run = theirs.wait_for_run(&prompt.request_id, ANSWER).await?;
    // While it runs: a cancel that works would show in its ending, too.
    stage.go_on(other, cancel(stage, owner, &ours, &run).await)?;
    read(stage, owner, other, &run).await;
    let ran = stage.end_of(&theirs, &prompt).await?;
    read(stage, owner, other, &run).await;
    if let Some(thread) = ran.thread_id {
        stage.go_on(other, ask_in_thread(stage, owner, other, &ours, &thread).await)?;
    }
    stage.go_on(other, resume(stage, owner, other, &theirs).await)?;
    theirs.close().await;
    ours.close().await;
    Ok(())
}

fn mark(stage: &Stage, ours: Option<&Client>, other: &str, note: &Value) {
    stage.recorder().mark(ours.map(Client::conn), Some(other), "probe", Some(note.to_string()));
}

async fn cancel(stage: &Stage, owner: &TestUser, ours: &Client, run: &str) -> Result<(), Trouble> {
    let before = ours.view(|view| view.errors.len());
    ours.cancel(run).await?;
    let answer = ours
        .wait_for("the answer to a foreign cancel", ANSWER, |view| {
            view.errors.get(before).map(|error| error.raw.clone())
        })
        .await;
    let note = json!({"kind": "foreign_cancel", "owner": &**owner.name(), "target": run, "status": null,
        "answer": answer.as_ref().ok()});
    mark(stage, Some(ours), ours.user(), &note);
    answer.map(|_| ()).map_err(Trouble::from)
}

async fn read(stage: &Stage, owner: &TestUser, other: &TestUser, run: &str) {
    let Some(probe) = stage.probe() else { return };
    let answer = match other.token() {
        Ok(token) => probe.get(&format!("runs/{run}"), token.as_ref()).await.map_err(|why| why.to_string()),
        Err(why) => Err(why.to_string()),
    };
    let (status, body) = match answer {
        Ok(answer) => (Some(answer.status), Some(answer.body)),
        Err(why) => {
            stage.note(other.name(), &why);
            (None, None)
        }
    };
    let note = json!({"kind": "foreign_read", "owner": &**owner.name(), "target": run, "status": status, "answer": body});
    mark(stage, None, other.name(), &note);
}

async fn ask_in_thread(
    stage: &Stage,
    owner: &TestUser,
    other: &TestUser,
    ours: &Client,
    thread: &str,
) -> Result<(), Trouble> {
    let Some(scenario) = stage.scenarios(1).into_iter().next() else { return Ok(()) };
    let prompt = stage.prompts("security/foreign-thread", other).next(&scenario);
    let frame = json!({"type": "agent_request", "request_id": prompt.request_id, "thread_id": thread,
        "message": prompt.message});
    // No request that owes a run: the only right answer is a refusal.
    ours.send_text(frame.to_string()).await?;
    let answer = ours
        .wait_for("the answer to a request in a foreign thread", ANSWER, |view| {
            let refused = view.refusal(&prompt.request_id).map(|error| error.raw.clone());
            let taken = || {
                view.accepted(&prompt.request_id).map(|taken| {
                    json!({"type": "request_accepted", "request_id": prompt.request_id, "run_id": taken.run_id,
                        "thread_id": taken.thread_id, "duplicate": taken.duplicate})
                    .to_string()
                })
            };
            refused.or_else(taken)
        })
        .await;
    let note = json!({"kind": "foreign_thread", "owner": &**owner.name(), "target": thread, "status": null,
        "answer": answer.as_ref().ok()});
    mark(stage, Some(ours), other.name(), &note);
    answer.map(|_| ()).map_err(Trouble::from)
}

/// Resumes the other's stream from before its last event: whatever is replayed would be theirs.
async fn resume(stage: &Stage, owner: &TestUser, other: &TestUser, theirs: &Client) -> Result<(), Trouble> {
    let Some(mut point) = theirs.view(|view| view.resume_point()) else { return Ok(()) };
    point.offset = point.offset.saturating_sub(1);
    let note = |status: Option<u16>, answer: Option<String>| {
        json!({"kind": "foreign_resume", "owner": &**owner.name(), "target": point.to_string(), "status": status,
            "answer": answer})
    };
    match stage.session().connect(other, Connect::fresh().resuming(&point)).await {
        Ok(client) => {
            let greeting = client.wait_for_greeting(ANSWER).await;
            // What would be replayed comes before a pong does.
            client.ping(1).await?;
            let quiet = client.wait_for("`pong` 1", ANSWER, |view| view.last_pong).await;
            mark(
                stage,
                Some(&client),
                other.name(),
                &note(Some(101), greeting.as_ref().ok().map(|it| it.raw.clone())),
            );
            client.close().await;
            greeting?;
            quiet?;
            Ok(())
        }
        Err(ConnectError::Refused { status, body }) => {
            mark(stage, None, other.name(), &note(Some(status), Some(body)));
            Ok(())
        }
        Err(why) => Err(why.into()),
    }
}
