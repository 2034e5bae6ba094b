//! Nobody gets in who should not, by any door.

use crate::backend::Backend;
use crate::driving::{DEADLINE, kept};
use goldenpath_harness::{
    Auth, Client, Connect, ConnectError, Credential, Forgery, Placement, Probe, Session, TestUser, Token,
    known_scenarios,
};
use serde_json::{Value, json};

/// The frame that answers a refresh.
async fn refresh(client: &Client, token: &Token) -> Value {
    let (taken, refused) = client.view(|view| (view.refreshed.len(), view.errors.len()));
    client.refresh(token).await.unwrap();
    let answer = client.wait_for("the answer to a refresh", DEADLINE, |view| {
        let taken = view.refreshed.get(taken).cloned();
        taken.or_else(|| Some(view.errors.get(refused)?.raw.clone()))
    });
    serde_json::from_str(&answer.await.unwrap()).unwrap()
}

/// Every refusal of an upgrade as it looks from outside.
async fn refused(session: &Session, user: &TestUser, how: Connect, case: &str) -> (u16, String) {
    match session.connect(user, how).await {
        Err(ConnectError::Refused { status, body }) => (status, body),
        Err(why) => panic!("{case}: no refusal but {why}"),
        Ok(_) => panic!("{case}: let in"),
    }
}

/// Fails when a token that must be refused opens a socket, in the header or as a browser shows it, fresh or in another's footsteps; reads
/// anything over HTTP; or follows on a good one in mid-stream; and when refusals can be told apart.
#[tokio::test(flavor = "multi_thread")]
async fn zero_authentication_bypasses() {
    let backend = Backend::open().await;
    let ids =
        ["auth/refused", "auth/accepted", "auth/refresh", "auth/uniform-errors", "isolation/foreign-access"];
    let ((), seen) = kept(&backend, &ids, async |stage| {
        let users = stage.users(3);
        let (victim, attacker, other) = (&users[0], &users[1], &users[2]);
        let client = stage.enter(victim).await;
        let run = stage.ask(&client, &mut stage.prompts(victim), &known_scenarios()[0]).await;
        let point = client.view(|view| view.resume_point()).unwrap();

        // The socket: every forgery, in both places where a token may stand, with and without a stream to go on with.
        let mut said = Vec::new();
        for placement in [Placement::Header, Placement::Subprotocol] {
            let auth = Auth { placement, ..stage.session.auth().clone() };
            let session = Session::new(stage.session.target().clone(), auth, stage.session.recorder().clone());
            for forgery in Forgery::ALL {
                let how = Connect::fresh().showing(Credential::Forged(forgery));
                said.push(refused(&session, attacker, how.clone(), forgery.case()).await);
                said.push(refused(&session, victim, how.resuming(&point), forgery.case()).await);
            }
        }
        said.sort();
        said.dedup();
        assert_eq!(said.len(), 1, "refusals tell their causes: {said:?}");
        assert_eq!(said[0].0, 401, "{said:?}");

        // Own data over HTTP: none of it without the owner's token.
        let probe = Probe::new(stage.session.target()).unwrap();
        let own = victim.token().unwrap().unwrap();
        let forged = [Forgery::BadSignature, Forgery::AlgNone, Forgery::Tampered, Forgery::Garbage, Forgery::Expired];
        for path in [format!("runs/{}", run.run_id), format!("threads/{}", run.thread_id), "threads".to_owned()] {
            assert_eq!(probe.get(&path, Some(&own)).await.unwrap().status, 200, "{path}");
            assert_eq!(probe.get(&path, None).await.unwrap().status, 401, "{path}");
            for forgery in forged {
                let token = victim.forged(forgery).unwrap();
                let answer = probe.get(&path, token.as_ref()).await.unwrap();
                assert_eq!(answer.status, 401, "{path}, {}", forgery.case());
                assert!(!answer.body.contains(&*run.run_id), "{path}, {}", forgery.case());
            }
        }
        for path in [format!("runs/{}", run.run_id), format!("threads/{}", run.thread_id)] {
            let (status, body) = stage.read(&path, attacker).await;
            let note = json!({"kind": "foreign_read", "owner": &**victim.name(), "target": run.run_id, "status": status, "answer": body});
            stage.mark(None, attacker, "probe", &note);
            assert_eq!(status, 404, "{path}: {body}");
        }

        // In mid-stream: the own token renews, nobody else's does, and the stream stays its user's.
        let stream = stage.enter(attacker).await;
        for (token, owner) in [(victim.token(), victim), (other.token(), other), (attacker.token(), attacker)] {
            let answer = refresh(&stream, &token.unwrap().unwrap()).await;
            let note = json!({"kind": "refresh", "owner": &**owner.name(), "target": null, "status": null,
                "answer": answer.to_string()});
            stage.mark(Some(&stream), attacker, "probe", &note);
            match owner.name() == attacker.name() {
                true => assert_eq!(answer["type"], "token_refreshed", "{answer}"),
                false => assert_eq!(answer["code"], "refresh_refused", "{answer}"),
            }
        }
        let run = stage.ask(&stream, &mut stage.prompts(attacker), &known_scenarios()[1]).await;
        let ended: Value = stage.read_back(&run, attacker).await;
        assert_eq!(ended["state"], "completed");
        stream.close().await;
        client.close().await;
    })
    .await;
    assert_eq!(seen.check("auth/refused").of, 4 * Forgery::ALL.len() as u64);
}
