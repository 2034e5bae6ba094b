//! A part of the system is away: who chats meanwhile is told so at once or served all the same, and nobody has to repair anything.

use crate::driving::{DEADLINE, kept_despite};
use crate::outage::{EXCUSED, IDS, Trouble, USERS, any_outcome, breakable, on_the_way, tell, withstood};
use crate::stand_in::Whole;
use futures_util::future::join_all;
use goldenpath_harness::{Client, Prompt, View, known_scenarios};
use goldenpath_history::Trial;

/// What answered a request: the run that it began, or the words of its refusal.
async fn answer(client: &Client, prompt: &Prompt) -> Result<String, String> {
    client.ask(prompt, None).await.unwrap();
    let answer = client.wait_for("an answer to the request", DEADLINE, |view: &View| {
        let run = view.accepted(&prompt.request_id).map(|accepted| Ok(accepted.run_id.clone()));
        run.or_else(|| view.refusal(&prompt.request_id).map(|refusal| Err(refusal.raw.clone())))
    });
    answer.await.unwrap()
}

/// Fails when a request that is made while the database or the event log is away gets no answer until that is back; when a
/// refusal does not invite to ask again; when the connection does not hold; or when what was asked meanwhile is not answered afterwards.
#[tokio::test(flavor = "multi_thread")]
async fn chat_during_degradation() {
    let backend = breakable().await;
    let Some(Whole { servers, .. }) = backend.whole() else { return on_the_way(&backend).await };
    let scenarios = known_scenarios();
    for name in ["Postgres", "Redis"] {
        let (answers, _) = kept_despite(&backend, IDS, EXCUSED, async |stage| {
            let users = stage.users(USERS);
            let clients = join_all(users.iter().map(|user| stage.enter(user))).await;
            let mut prompts: Vec<_> = users.iter().map(|user| stage.prompts(user)).collect();
            let before = clients.iter().zip(&mut prompts);
            join_all(before.map(|(client, prompts)| stage.ask(client, prompts, &scenarios[0]))).await;
            tell(stage, Trial::OutageBegun);
            match name {
                "Postgres" => servers.postgres().kill().unwrap(),
                _ => servers.redis().pause().unwrap(),
            }
            let asked = clients.iter().zip(&mut prompts).zip(scenarios.iter().cycle()).map(
                async |((client, prompts), scenario)| {
                    let prompt = prompts.next(&any_outcome(scenario));
                    let answered = answer(client, &prompt).await;
                    // The chat itself is there.
                    client.ping(9).await.unwrap();
                    client
                        .wait_for("a pong", DEADLINE, |view| (view.last_pong == Some(9)).then_some(()))
                        .await
                        .unwrap();
                    (prompt, answered)
                },
            );
            let asked = join_all(asked).await;
            match name {
                "Postgres" => servers.postgres().start_again().await.unwrap(),
                _ => servers.redis().resume().unwrap(),
            }
            tell(stage, Trial::OutageHealed);
            for ((client, user), (prompt, answered)) in clients.iter().zip(&users).zip(&asked) {
                if answered.is_err() {
                    // The id of what was refused is not used up.
                    client.ask(prompt, None).await.unwrap();
                }
                let what = "the end of what was asked meanwhile";
                let run = client.wait_for(what, DEADLINE, |view| {
                    let (run, seen) = view.run_of(&prompt.request_id)?;
                    seen.ended.map(|_| run.to_owned())
                });
                stage.read_back_run(&run.await.unwrap(), user).await;
            }
            let after = clients.iter().zip(&mut prompts);
            join_all(after.map(|(client, prompts)| stage.ask(client, prompts, &scenarios[1]))).await;
            join_all(clients.iter().map(Client::close)).await;
            asked.into_iter().map(|(_, answered)| answered).collect::<Vec<_>>()
        })
        .await;
        println!("{name} was away: {answers:?}");
        for refusal in answers.iter().filter_map(|answered| answered.as_ref().err()) {
            assert!(refusal.contains(r#""retryable":true"#), "{refusal}");
        }
        assert!(
            name != "Postgres" || answers.iter().all(Result::is_err),
            "accepted without a place to keep it"
        );
    }
}

/// Fails when users of a node that lives notice that another is dead, or those of the dead one are not served by the other, all of them whole.
#[tokio::test(flavor = "multi_thread")]
async fn events_continue_when_degraded() {
    let backend = breakable().await;
    let Some(courses) = withstood(&backend, Trouble::NodeDies).await else {
        return on_the_way(&backend).await;
    };
    let undisturbed = courses.iter().filter(|course| {
        let mut conns: Vec<u32> = course.all().flat_map(|asked| asked.conns.iter().copied()).collect();
        conns.dedup();
        conns.len() == 1 && course.all().all(|asked| asked.state == "completed")
    });
    assert_eq!(undisturbed.count(), USERS / 2, "{courses:#?}");
    for course in &courses {
        // The run in whose middle the node died may have failed, for a reason that is told; those after it have not.
        let failed = course.during.iter().filter(|asked| asked.state != "completed");
        assert!(failed.count() <= usize::from(course.during[0].state != "completed"), "{course:#?}");
        assert!(course.all().all(|asked| !asked.gap), "a stream was lost with a node: {course:#?}");
    }
}

/// Fails when the backend is not back, by itself, seconds after its database, its event log, or both were gone and came back.
#[tokio::test(flavor = "multi_thread")]
async fn automatic_recovery() {
    let backend = breakable().await;
    let pids = || {
        backend.whole().map(|whole| whole.nodes.iter().map(|node| node.process().pid()).collect::<Vec<_>>())
    };
    let before = pids();
    for trouble in [Trouble::PostgresIsAway, Trouble::RedisIsAway] {
        if withstood(&backend, trouble).await.is_none() {
            return on_the_way(&backend).await;
        }
    }
    assert_eq!(pids(), before, "a node was started again");
}
