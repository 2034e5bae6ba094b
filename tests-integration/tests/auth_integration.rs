//! Users with tokens of a real auth service: who gets in, with what, and for how long.

mod desk;
mod logins;
mod restarts;

use crate::driving::{DEADLINE, ask, assert_kept, connect, events_of, everybody_asks, finish, judge};
use desk::{Desk, claims_of, header_of, hs256_with};
use goldenpath_checkers::Category;
use goldenpath_harness::{
    Client, Connect, ConnectError, Credential, Forgery, Probe, Prompts, TestUser, Token, known_scenarios,
};
use goldenpath_testbed::{AuthBackend, HeldAgent, Testbed};
use serde_json::{Map, Value, json};
use std::collections::HashSet;
use std::time::Duration;

/// A revocation is known everywhere, and acted on, within this.
const REVOKED_WITHIN: Duration = Duration::from_secs(2);

async fn testbed() -> Testbed {
    Testbed::builder().with_auth_service(|_| {}).start().await.unwrap()
}

fn auth(testbed: &Testbed) -> &AuthBackend {
    testbed.auth.as_ref().unwrap()
}

/// What the door says to a token: the status, and the body of a refusal.
async fn knock(testbed: &Testbed, user: &TestUser, token: &str) -> (u16, String) {
    knock_with(testbed, user, Credential::Exactly(Token::new(token))).await
}

async fn knock_with(testbed: &Testbed, user: &TestUser, credential: Credential) -> (u16, String) {
    match testbed.session.connect(user, Connect::fresh().showing(credential)).await {
        Ok(client) => {
            client.wait_for_greeting(DEADLINE).await.unwrap();
            client.close().await;
            (101, String::new())
        }
        Err(ConnectError::Refused { status, body }) => (status, body),
        Err(other) => panic!("{other}"),
    }
}

async fn ready(testbed: &Testbed) -> (u16, Value) {
    let answer = Probe::new(testbed.session.target()).unwrap().get("/ready", None).await.unwrap();
    (answer.status, serde_json::from_str(&answer.body).unwrap())
}

/// Waits until `/ready` tells this of its revocations.
async fn wait_for_revocations(testbed: &Testbed, word: &str) {
    tokio::time::timeout(DEADLINE, async {
        while ready(testbed).await.1["revocations"] != word {
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    })
    .await
    .unwrap_or_else(|_| panic!("`/ready` never told `{word}`"));
}

/// Notes a revocation of the token of a connection, as the judge reads it.
fn note_revocation(testbed: &Testbed, client: &Client, status: u16) {
    let note = json!({"kind": "revocation", "owner": client.user(), "target": null, "status": status, "answer": null});
    testbed.session.recorder().mark(
        Some(client.conn()),
        Some(client.user()),
        "probe",
        Some(note.to_string()),
    );
}

#[tokio::test]
async fn single_user_with_jwt() {
    let testbed = testbed().await;
    let users = testbed.issued_users(41, 1).await.unwrap();
    let token = users[0].token().unwrap().unwrap();
    let header = header_of(token.reveal());
    assert_eq!((&header["alg"], &header["typ"]), (&json!("EdDSA"), &json!("at+jwt")));
    assert_eq!(header["kid"], auth(&testbed).signing_kid().await);
    let claims = claims_of(token.reveal());
    for name in ["iss", "sub", "aud", "exp", "iat", "jti", "scope", "tier", "env"] {
        assert!(claims.contains_key(name), "the token does not say `{name}`");
    }
    let client = connect(&testbed, &users[0]).await;
    let greeting =
        client.view(|view| serde_json::from_str::<Value>(&view.greeting.clone().unwrap().raw)).unwrap();
    assert_eq!(greeting["user_id"], claims["sub"]);
    let (_, run, _) = ask(&client, &mut Prompts::new(41, "single"), &known_scenarios()[0]).await;
    let conn = client.conn();
    client.close().await;
    let (header, records) = finish(testbed);
    assert!(events_of(&records, conn, &run).iter().all(|event| event["user_id"] == claims["sub"]));
    let judgement = judge(&header, &records, &[Category::Functional, Category::Security]);
    assert_kept(&judgement, &["sequence/five-in-order", "auth/accepted", "isolation/identity"]);
}

#[tokio::test]
async fn token_validation() {
    let testbed = testbed().await;
    let users = testbed.issued_users(42, 1).await.unwrap();
    let (user, auth) = (&users[0], auth(&testbed));
    let good = user.token().unwrap().unwrap();
    assert_eq!(knock(&testbed, user, good.reveal()).await.0, 101);

    // Tokens of the same keys that are wrong in one thing each.
    const HOUR_MS: i64 = 3_600_000;
    let others: [(Forgery, AuthBackend); 4] = [
        (Forgery::WrongIssuer, auth.beside(|config| config.issuer = "somebody".to_owned(), 0).await.unwrap()),
        (
            Forgery::WrongAudience,
            auth.beside(|config| config.audience = "somebody".to_owned(), 0).await.unwrap(),
        ),
        (Forgery::Expired, auth.beside(|config| config.access_ttl_s = 60, -HOUR_MS).await.unwrap()),
        (Forgery::NotYetValid, auth.beside(|_| {}, HOUR_MS).await.unwrap()),
    ];
    let mut bodies = HashSet::new();
    for (wrong, other) in &others {
        let token = Desk::of(other).token_for(user.name()).await;
        let (status, body) = knock_with(&testbed, user, Credential::Bad(*wrong, Token::new(token))).await;
        assert_eq!(status, 401, "{wrong:?} was not refused");
        bodies.insert(body);
    }
    // The public key as a shared secret, and a key that nobody published.
    let published = Desk::of(auth).get("/.well-known/jwks.json").await.1;
    let claims = claims_of(good.reveal());
    let stranger = Testbed::builder().with_auth_service(|_| {}).start().await.unwrap();
    let foreign = Desk::of(stranger.auth.as_ref().unwrap()).token_for(user.name()).await;
    for wrong in [
        hs256_with(
            &header_of(good.reveal()),
            &claims,
            published["keys"][0]["x"].as_str().unwrap().as_bytes(),
        ),
        hs256_with(&header_of(good.reveal()), &claims, &desk::public_bytes(&published["keys"][0])),
        foreign,
    ] {
        let bad = Credential::Bad(Forgery::BadSignature, Token::new(wrong));
        let (status, body) = knock_with(&testbed, user, bad).await;
        assert_eq!(status, 401);
        bodies.insert(body);
    }
    for forgery in Forgery::ALL {
        let how = Connect::fresh().showing(Credential::Forged(forgery));
        match testbed.session.connect(user, how).await {
            Err(ConnectError::Refused { status: 401, body }) => drop(bodies.insert(body)),
            // What needs the issuer's key was made by the services above.
            Err(ConnectError::Credential(_)) => {}
            other => panic!("{forgery:?}: {:?}", other.map(|_| "let in")),
        }
    }
    assert_eq!(bodies.len(), 1, "refusals tell causes apart: {bodies:?}");
    let (header, records) = finish(testbed);
    assert_kept(
        &judge(&header, &records, &[Category::Security]),
        &["auth/refused", "auth/accepted", "auth/uniform-errors"],
    );
}

#[tokio::test]
async fn simple_authenticated_exchange() {
    let testbed = testbed().await;
    let users = testbed.issued_users(43, 2).await.unwrap();
    let client = connect(&testbed, &users[0]).await;
    let (prompt, run, _) = ask(&client, &mut Prompts::new(43, "exchange"), &known_scenarios()[1]).await;
    client.close().await;
    let probe = Probe::new(testbed.session.target()).unwrap();
    let read = async |token: Option<&Token>| probe.get(&format!("/runs/{run}"), token).await.unwrap();
    let own = read(users[0].token().unwrap().as_ref()).await;
    let document: Value = serde_json::from_str(&own.body).unwrap();
    assert_eq!((own.status, &document["request_id"]), (200, &json!(prompt.request_id)));
    assert_eq!(read(users[1].token().unwrap().as_ref()).await.status, 404, "another's run is like none");
    assert_eq!(read(None).await.status, 401);
    let (header, records) = finish(testbed);
    let judgement = judge(&header, &records, &[Category::Functional, Category::Integration]);
    assert_kept(&judgement, &["sequence/five-in-order", "delivery/request-answered", "value/gates"]);
}

#[tokio::test]
async fn concurrent_authentication() {
    let testbed = testbed().await;
    let users = testbed.issued_users(44, 20).await.unwrap();
    let enter = async |user: &TestUser| {
        let client = connect(&testbed, user).await;
        let said =
            client.view(|view| serde_json::from_str::<Value>(&view.greeting.clone().unwrap().raw)).unwrap();
        assert_eq!(said["user_id"], &**user.name(), "somebody is taken for somebody else");
        client
    };
    // Bad tokens at the same door at the same time, one with a key that nobody has.
    let forge = async |user: &TestUser| {
        let how = Connect::fresh().showing(Credential::Forged(Forgery::BadSignature));
        let refused = testbed.session.connect(user, how).await;
        assert!(matches!(refused, Err(ConnectError::Refused { status: 401, .. })), "{:?}", refused.err());
    };
    let all = async {
        let entering = futures_util::future::join_all(users.iter().map(enter));
        let forging = futures_util::future::join_all(users.iter().map(forge));
        tokio::join!(entering, forging).0
    };
    let clients = all.await;
    let connections: HashSet<Option<String>> = clients
        .iter()
        .map(|client| client.view(|view| view.greeting.clone().unwrap().connection_id))
        .collect();
    assert_eq!(connections.len(), users.len());
    for client in clients {
        client.close().await;
    }
    let (header, records) = finish(testbed);
    assert_kept(&judge(&header, &records, &[Category::Security]), &["auth/accepted", "auth/refused"]);
}

#[tokio::test]
async fn token_refresh_during_connection() {
    let (agent, release) = HeldAgent::new(Testbed::analyst());
    let testbed = Testbed::builder().with_auth_service(|_| {}).answered_by(agent).start().await.unwrap();
    let desk = Desk::of(auth(&testbed));
    let login = desk.exchange("grace", &Map::new()).await;
    let user = TestUser::given("grace", Token::new(login.access.clone()));
    let client = connect(&testbed, &user).await;
    let prompt = Prompts::new(45, "refresh").next(&known_scenarios()[0]);
    client.ask(&prompt, None).await.unwrap();

    // While the run is open: a token of the same login renews the connection, another user's does not.
    let next = desk.refresh(&login.refresh).await.unwrap();
    let renew = async |token: &str, owner: &str| {
        let before = client.view(|view| (view.refreshed.len(), view.errors.len()));
        client.refresh(&Token::new(token)).await.unwrap();
        let answer = client
            .wait_for("the answer to a refresh", DEADLINE, |view| {
                let yes = view.refreshed.get(before.0).cloned();
                yes.or_else(|| view.errors.get(before.1).map(|error| error.raw.clone()))
            })
            .await
            .unwrap();
        let note =
            json!({"kind": "refresh", "owner": owner, "target": null, "status": null, "answer": answer});
        let recorder = testbed.session.recorder();
        recorder.mark(Some(client.conn()), Some(client.user()), "probe", Some(note.to_string()));
        serde_json::from_str::<Value>(&answer).unwrap()
    };
    assert_eq!(renew(&next.access, "grace").await["type"], "token_refreshed");
    let foreign = desk.exchange("mallory", &Map::new()).await;
    assert_eq!(renew(&foreign.access, "mallory").await["code"], "refresh_refused");
    release.go_on(1);
    assert!(client.wait_for_end(&prompt.request_id, DEADLINE).await.unwrap().is_some());

    // The old refresh token once more: two have it, so the login ends, and with it what it opened.
    let again = desk.refresh(&login.refresh).await.unwrap_err();
    note_revocation(&testbed, &client, 200);
    assert_eq!((again.0, &again.1["error"]), (400, &json!("invalid_grant")));
    assert_eq!(client.wait_for_close(DEADLINE).await.unwrap().code, Some(4503));
    assert_eq!(
        desk.refresh(&next.refresh).await.unwrap_err().1["error"],
        "invalid_grant",
        "nor is the newer one good"
    );
    let (header, records) = finish(testbed);
    assert_kept(&judge(&header, &records, &[Category::Security]), &["auth/refresh", "auth/revocation"]);
}

#[tokio::test]
async fn auth_failure_handling_and_recovery() {
    let testbed = testbed().await;
    let (auth, users) = (auth(&testbed), testbed.issued_users(46, 2).await.unwrap());
    wait_for_revocations(&testbed, "ok").await;
    // Failures of one user are nobody's trouble, not even that user's.
    for _ in 0..10 {
        let how = Connect::fresh().showing(Credential::Forged(Forgery::Tampered));
        let refused = testbed.session.connect(&users[0], how).await;
        assert!(matches!(refused, Err(ConnectError::Refused { status: 401, .. })), "{:?}", refused.err());
    }
    let wrong = Desk { secret: "not the secret of this client".to_owned(), ..Desk::of(auth) };
    let refused = wrong.ask_token(&[("grant_type", "client_credentials")], "harness").await.unwrap_err();
    assert_eq!((refused.0, &refused.1["error"]), (401, &json!("invalid_client")));

    let (client, other) = (connect(&testbed, &users[0]).await, connect(&testbed, &users[1]).await);
    ask(&client, &mut Prompts::new(46, "failure"), &known_scenarios()[0]).await;
    let point = client.view(|view| view.resume_point()).unwrap();
    let token = users[0].token().unwrap().unwrap();
    let revoked_at = tokio::time::Instant::now();
    let status = Desk::of(auth).revoke(token.reveal()).await;
    note_revocation(&testbed, &client, status);
    assert_eq!(status, 200);
    assert_eq!(client.wait_for_close(DEADLINE).await.unwrap().code, Some(4503));
    let took = revoked_at.elapsed();
    assert!(took <= REVOKED_WITHIN, "the connection outlived the revocation of its token by {took:?}");
    // It opens nothing any more, not by a resume either, and no data.
    for how in [Connect::fresh(), Connect::fresh().resuming(&point)] {
        let again = testbed.session.connect(&users[0], how.showing(Credential::Revoked(token.clone()))).await;
        assert!(matches!(again, Err(ConnectError::Refused { status: 401, .. })), "{:?}", again.err());
    }
    let probe = Probe::new(testbed.session.target()).unwrap();
    assert_eq!(probe.get("/threads", Some(&token)).await.unwrap().status, 401);

    // Others go on, and so does the user, with a new token, where the old one stopped.
    other.ping(1).await.unwrap();
    other.wait_for("`pong` 1", DEADLINE, |view| view.last_pong).await.unwrap();
    users[0].identity().unwrap().fresh_token().await.unwrap();
    let back = testbed.session.connect(&users[0], Connect::fresh().resuming(&point)).await.unwrap();
    back.wait_for_greeting(DEADLINE).await.unwrap();
    ask(&back, &mut Prompts::new(47, "recovery"), &known_scenarios()[1]).await;
    back.close().await;
    other.close().await;
    let (header, records) = finish(testbed);
    let judgement = judge(&header, &records, &[Category::Security]);
    assert_kept(&judgement, &["auth/refused", "auth/accepted", "auth/revocation", "auth/uniform-errors"]);
}

#[tokio::test]
async fn fifty_concurrent_authenticated_users() {
    let testbed = testbed().await;
    let users = testbed.issued_users(48, 50).await.unwrap();
    assert_eq!(users.len(), 50, "two of them are one");
    everybody_asks(&testbed, &users, 1).await;
    let (header, records) = finish(testbed);
    let judgement = judge(&header, &records, &[Category::Functional, Category::Security]);
    assert_kept(
        &judgement,
        &[
            "sequence/five-in-order",
            "isolation/canary",
            "isolation/run-owner",
            "isolation/identity",
            "auth/accepted",
        ],
    );
}

#[tokio::test]
async fn auth_service_downtime() {
    let testbed = testbed().await;
    let users = testbed.issued_users(49, 3).await.unwrap();
    let auth = auth(&testbed);
    let client = connect(&testbed, &users[0]).await;
    wait_for_revocations(&testbed, "ok").await;
    auth.stop().await;
    wait_for_revocations(&testbed, "unavailable").await;
    let (status, said) = ready(&testbed).await;
    assert_eq!((status, &said["ready"], &said["auth"]), (200, &json!(true), &json!("ok")));

    // Known keys stay good: who is in stays, who has a token gets in, who has none gets none.
    ask(&client, &mut Prompts::new(49, "down"), &known_scenarios()[0]).await;
    let second = connect(&testbed, &users[1]).await;
    ask(&second, &mut Prompts::new(50, "down"), &known_scenarios()[1]).await;
    let how = Connect::fresh().showing(Credential::Forged(Forgery::BadSignature));
    let refused = testbed.session.connect(&users[2], how).await;
    assert!(matches!(refused, Err(ConnectError::Refused { status: 401, .. })), "{:?}", refused.err());
    assert!(users[2].identity().unwrap().fresh_token().await.is_err());

    // A key that changed meanwhile cannot be read: that is our trouble, not the token's.
    let elsewhere = auth.beside(|_| {}, 0).await.unwrap();
    elsewhere.rotate_keys().await.unwrap();
    let newer = Desk::of(&elsewhere).token_for(users[2].name()).await;
    let probe = Probe::new(testbed.session.target()).unwrap();
    assert_eq!(probe.get("/threads", Some(&Token::new(newer.as_str()))).await.unwrap().status, 503);

    auth.start_again().await.unwrap();
    wait_for_revocations(&testbed, "ok").await;
    assert_eq!(knock(&testbed, &users[2], &newer).await.0, 101, "the new key is read now");
    users[2].identity().unwrap().fresh_token().await.unwrap();
    let third = connect(&testbed, &users[2]).await;
    let status = Desk::of(auth).revoke(users[2].token().unwrap().unwrap().reveal()).await;
    note_revocation(&testbed, &third, status);
    assert_eq!(third.wait_for_close(DEADLINE).await.unwrap().code, Some(4503), "revocations are heard again");
    for client in [client, second] {
        client.close().await;
    }
    let (header, records) = finish(testbed);
    let judgement = judge(&header, &records, &[Category::Functional, Category::Security]);
    assert_kept(&judgement, &["sequence/five-in-order", "auth/accepted", "auth/revocation"]);
}

#[tokio::test]
async fn token_expiry_during_long_execution() {
    let grace = Duration::from_secs(1);
    let (agent, release) = HeldAgent::new(Testbed::analyst());
    let testbed = Testbed::builder()
        .with_auth_service(|config| config.access_ttl_s = 6)
        .configured(|config| config.token_grace = grace)
        .answered_by(agent)
        .start()
        .await
        .unwrap();
    let desk = Desk::of(auth(&testbed));
    let login = desk.exchange("ada", &Map::new()).await;
    let user = TestUser::given("ada", Token::new(login.access.clone()));
    let client = connect(&testbed, &user).await;
    let prompt = Prompts::new(51, "expiry").next(&known_scenarios()[0]);
    client.ask(&prompt, None).await.unwrap();
    let accepted = client
        .wait_for("the request's acceptance", DEADLINE, |view| view.accepted(&prompt.request_id).cloned())
        .await
        .unwrap();
    // The agent holds the run open beyond the token's end and its grace.
    let closed = client.wait_for_close(DEADLINE).await.unwrap();
    assert_eq!(closed.code, Some(4005));
    let point = client.view(|view| view.resume_point()).unwrap();
    let greeting =
        client.view(|view| serde_json::from_str::<Value>(&view.greeting.clone().unwrap().raw)).unwrap();
    let note = json!({"kind": "expiry", "owner": "ada", "target": greeting["connection_id"], "status": closed.code,
        "answer": client.view(|view| view.closing.clone()), "token_expires_at": greeting["token_expires_at"]});
    testbed.session.recorder().mark(
        Some(client.conn()),
        Some(client.user()),
        "probe",
        Some(note.to_string()),
    );

    // The login outlives its token: renewed, it finds the run where it was, and its end.
    let next = desk.refresh(&login.refresh).await.unwrap();
    let how = Connect::fresh().resuming(&point).showing(Credential::Exactly(Token::new(next.access)));
    let back = testbed.session.connect(&user, how).await.unwrap();
    back.wait_for_greeting(DEADLINE).await.unwrap();
    release.go_on(1);
    let run = accepted.run_id.clone();
    back.wait_for("the end of the run", DEADLINE, |view| {
        view.run(&run).filter(|run| run.ended.is_some()).map(|_| ())
    })
    .await
    .unwrap();
    back.close().await;
    let (header, records) = finish(testbed);
    assert_kept(&judge(&header, &records, &[Category::Security]), &["auth/expiry", "auth/accepted"]);
}
