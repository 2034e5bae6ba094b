//! Faults of the door.

use crate::stage::{DEADLINE, Stage, proves};
use goldenpath_harness::{AuthMode, Connect, Credential, Forgery};
use std::time::Duration;

/// The bad tokens that open the door; a good one always does.
async fn admitted(stage: &mut Stage) -> Vec<Forgery> {
    let mut admitted = Vec::new();
    for forgery in Forgery::ALL {
        match stage.knock(forgery).await {
            101 => admitted.push(forgery),
            status => assert_eq!(status, 401, "{forgery:?}"),
        }
    }
    assert_eq!(stage.status(0, Connect::fresh()).await, 101);
    admitted
}

async fn admits(row: &str, seed: u64, wanted: &[Forgery]) {
    proves(row, seed, async |stage: &mut Stage| {
        let admitted = admitted(stage).await;
        assert!(admitted.is_empty() || admitted == wanted, "{row}: {admitted:?} got in");
        !admitted.is_empty()
    })
    .await;
}

#[tokio::test]
async fn each_flaw_lets_in_what_it_does_not_look_at_and_nothing_else() {
    admits("A01", 1, &[Forgery::Missing]).await;
    admits("A02", 1, &[Forgery::Expired]).await;
    admits("A03", 1, &[Forgery::BadSignature, Forgery::Tampered]).await;
    admits("A04", 1, &[Forgery::AlgNone]).await;
    admits("A05", 0, &[Forgery::WrongAudience]).await;
    admits("A05", 1, &[Forgery::WrongIssuer]).await;
    admits("A05", 2, &[Forgery::WrongAudience, Forgery::WrongIssuer]).await;
    admits("A13", 1, &[Forgery::InQuery]).await;
}

#[tokio::test]
async fn a_stream_outlives_its_token() {
    proves("A06", 1, async |stage: &mut Stage| {
        let short = Credential::ShortLived(Duration::from_secs(1));
        let client = stage.enter_as(0, Connect::fresh().showing(short)).await;
        let other = stage.enter(0).await;
        // A second of life, two of grace, and one for the close.
        let closed = client.wait_for_close(Duration::from_secs(5)).await;
        other.ping(1).await.unwrap();
        let ponged = other.wait_for("a pong", DEADLINE, |view| view.last_pong).await;
        ponged.expect("a connection whose token goes on was touched");
        closed.map(|closed| assert_eq!(closed.code, Some(4005))).is_err()
    })
    .await;
}

/// What of a revoked token goes on: the stream that it opened, and what it opens two seconds later, anew or by a resume.
async fn goes_on(stage: &mut Stage) -> [bool; 3] {
    let AuthMode::OAuth(issuer) = stage.session.auth().mode.clone() else { panic!("no issuer") };
    let token = stage.users[0].identity().unwrap().fresh_token().await.unwrap();
    let client = stage.enter_as(0, Connect::fresh().showing(Credential::Exactly(token.clone()))).await;
    assert_eq!(issuer.revoke(&token).await.unwrap(), 200);
    let closed = client.wait_for_close(Duration::from_secs(2)).await;
    let point = client.view(|view| view.resume_point()).unwrap();
    let revoked = |how: Connect| how.showing(Credential::Revoked(token.clone()));
    let anew = stage.status(0, revoked(Connect::fresh())).await;
    let resumed = stage.status(0, revoked(Connect::fresh().resuming(&point))).await;
    assert_eq!(stage.status(1, Connect::fresh()).await, 101, "another user's token was touched");
    [closed.map(|closed| assert_eq!(closed.code, Some(4503))).is_err(), anew == 101, resumed == 101]
}

#[tokio::test]
async fn a_stream_outlives_its_tokens_revocation() {
    proves("A07", 1, async |stage: &mut Stage| {
        let goes_on = goes_on(stage).await;
        assert!(!goes_on[1] && !goes_on[2], "the door is as it was: {goes_on:?}");
        goes_on[0]
    })
    .await;
}

#[tokio::test]
async fn a_revoked_token_resumes() {
    proves("R11", 1, async |stage: &mut Stage| {
        let goes_on = goes_on(stage).await;
        assert!(!goes_on[0] && !goes_on[1], "nothing but the resume is passed over: {goes_on:?}");
        goes_on[2]
    })
    .await;
}

#[tokio::test]
async fn true_tokens_are_refused_now_and_then() {
    proves("A08", 1, async |stage: &mut Stage| {
        let (first, second) =
            (stage.status(0, Connect::fresh()).await, stage.status(1, Connect::fresh()).await);
        assert!(first == 101 || second == 101, "nobody gets in at all");
        first == 401 || second == 401
    })
    .await;
}

#[tokio::test]
async fn a_bad_token_looks_like_the_servers_own_failure() {
    proves("A10", 1, async |stage: &mut Stage| {
        let mut statuses = Vec::new();
        for forgery in Forgery::ALL {
            statuses.push(stage.knock(forgery).await);
        }
        assert!(statuses.contains(&401), "all became internal errors: {statuses:?}");
        assert!(statuses.iter().all(|status| matches!(status, 401 | 500)), "{statuses:?}");
        statuses.contains(&500)
    })
    .await;
}

#[tokio::test]
async fn a_bad_token_is_refused_at_the_first_message_only() {
    proves("A11", 1, async |stage: &mut Stage| {
        let mut late = false;
        for forgery in Forgery::ALL {
            let how = Connect::fresh().showing(Credential::Forged(forgery));
            let Ok(client) = stage.session.connect(&stage.users[0], how).await else { continue };
            let prompt = stage.next();
            client.ask(&prompt, None).await.unwrap();
            assert_eq!(stage.end(&client, &prompt).await, None, "{forgery:?} was answered");
            late = true;
        }
        let client = stage.enter(0).await;
        stage.answered(&client).await;
        late
    })
    .await;
}

#[tokio::test]
async fn three_bad_tokens_block_everybody() {
    proves("A12", 1, async |stage: &mut Stage| {
        for forgery in [Forgery::Expired, Forgery::AlgNone, Forgery::Garbage] {
            assert_eq!(stage.knock(forgery).await, 401);
        }
        stage.status(1, Connect::fresh()).await == 401
    })
    .await;
}

#[tokio::test]
async fn a_refresh_takes_another_users_token() {
    proves("A14", 1, async |stage: &mut Stage| {
        let client = stage.enter(0).await;
        client.refresh(&stage.token(0)).await.unwrap();
        client
            .wait_for("the own token", DEADLINE, |view| (view.refreshed.len() == 1).then_some(()))
            .await
            .unwrap();
        client.refresh(&stage.token(1)).await.unwrap();
        client
            .wait_for("the answer to a foreign token", DEADLINE, |view| {
                (view.refreshed.len() == 2).then_some(true).or((!view.errors.is_empty()).then_some(false))
            })
            .await
            .unwrap()
    })
    .await;
}
