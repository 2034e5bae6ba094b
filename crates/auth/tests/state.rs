//! What every state of the auth service owes, one suite over each implementation; and what several services that share one do.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod state {
    mod server;
}

use goldenpath_auth::{
    AuthState, CodeGrant, Family, MemoryState, PendingLogin, RedisState, Revocation, Revoked, Rotation,
    TakenCode, TokenHash,
};
use goldenpath_protocol::{Tier, Timestamp, UserId};
use goldenpath_services::Redis;
use rstest::rstest;
use std::sync::Arc;

#[derive(Debug, Clone, Copy)]
enum Place {
    Memory,
    Redis,
}

/// An empty state.
async fn empty(place: Place) -> Arc<dyn AuthState> {
    match place {
        Place::Memory => Arc::new(MemoryState::default()),
        Place::Redis => {
            let redis = Redis::shared().await.unwrap();
            Arc::new(RedisState::open(redis.url(), &Redis::fresh_prefix()).await.unwrap())
        }
    }
}

fn at(seconds: i64) -> Timestamp {
    Timestamp::from_unix_ms(seconds * 1_000)
}

fn family(session: &str) -> Family {
    Family {
        session: session.to_owned(),
        user: UserId::new("ada").unwrap(),
        client: "web".to_owned(),
        scope: "chat agents".to_owned(),
        tier: Tier::Mid,
        expires_at: at(1_000),
    }
}

fn login(client: &str) -> PendingLogin {
    PendingLogin {
        client: client.to_owned(),
        redirect_uri: "https://app.example/cb".to_owned(),
        client_state: Some("s-\u{1f512}".to_owned()),
        code_challenge: "c".to_owned(),
        scope: "chat".to_owned(),
        nonce: "n".to_owned(),
        verifier: "v".to_owned(),
        browser: TokenHash::of("cookie"),
        expires_at: at(1_000),
    }
}

fn grant() -> CodeGrant {
    CodeGrant {
        client: "web".to_owned(),
        redirect_uri: "https://app.example/cb".to_owned(),
        code_challenge: "c".to_owned(),
        user: UserId::new("ada").unwrap(),
        tier: Tier::Free,
        scope: "chat agents".to_owned(),
        session: "s".to_owned(),
        expires_at: at(1_000),
    }
}

async fn revoke(state: &dyn AuthState, jti: &str, until: i64) {
    let what = Revoked::Token(jti.to_owned());
    state.revoke(Revocation { what, until: at(until) }, at(0)).await.unwrap();
}

#[rstest]
#[tokio::test]
async fn a_login_comes_back_once_and_in_time(#[values(Place::Memory, Place::Redis)] place: Place) {
    let state = empty(place).await;
    let [soon, late] = ["soon", "late"].map(TokenHash::of);
    state.keep_login(soon, login("web"), at(0)).await.unwrap();
    state.keep_login(late, login("app"), at(0)).await.unwrap();
    let found = state.take_login(soon, at(999)).await.unwrap();
    assert!(found == Some(login("web")), "as it went out: {found:?}");
    assert!(state.take_login(soon, at(999)).await.unwrap().is_none(), "a second time");
    assert!(state.take_login(late, at(1_000)).await.unwrap().is_none(), "too late");
    assert!(state.take_login(TokenHash::of("none"), at(0)).await.unwrap().is_none());
}

#[rstest]
#[tokio::test]
async fn a_code_is_good_once_and_in_time(#[values(Place::Memory, Place::Redis)] place: Place) {
    let state = empty(place).await;
    let [soon, late] = ["soon", "late"].map(TokenHash::of);
    state.keep_code(soon, grant(), at(0)).await.unwrap();
    state.keep_code(late, grant(), at(0)).await.unwrap();
    assert_eq!(state.take_code(soon, at(999)).await.unwrap(), TakenCode::Good(grant()));
    assert_eq!(state.take_code(soon, at(999)).await.unwrap(), TakenCode::Used("s".to_owned()));
    assert_eq!(state.take_code(late, at(1_000)).await.unwrap(), TakenCode::Unknown);
    assert_eq!(state.take_code(TokenHash::of("none"), at(0)).await.unwrap(), TakenCode::Unknown);
}

#[rstest]
#[tokio::test]
async fn a_refresh_token_is_good_once_and_its_reuse_ends_the_family(
    #[values(Place::Memory, Place::Redis)] place: Place,
) {
    let state = empty(place).await;
    let [a, b, c, d] = ["a", "b", "c", "d"].map(TokenHash::of);
    state.begin_family(family("s"), a, at(0)).await.unwrap();
    assert_eq!(state.rotate(a, b, "web", at(1)).await.unwrap(), Rotation::Rotated(family("s")));
    assert_eq!(state.family_of(a, at(1)).await.unwrap(), Some(family("s")), "a used one is known");
    assert_eq!(state.rotate(b, c, "web", at(2)).await.unwrap(), Rotation::Rotated(family("s")));
    assert_eq!(state.rotate(a, d, "web", at(3)).await.unwrap(), Rotation::Reused(family("s")));
    for token in [a, b, c, d] {
        assert_eq!(state.rotate(token, d, "web", at(4)).await.unwrap(), Rotation::Unknown);
        assert_eq!(state.family_of(token, at(4)).await.unwrap(), None);
    }
}

#[rstest]
#[tokio::test]
async fn of_two_that_use_one_refresh_token_at_once_one_is_served_and_the_family_ends(
    #[values(Place::Memory, Place::Redis)] place: Place,
) {
    let state = empty(place).await;
    let [a, b, c] = ["a", "b", "c"].map(TokenHash::of);
    state.begin_family(family("s"), a, at(0)).await.unwrap();
    let (one, two) = tokio::join!(state.rotate(a, b, "web", at(1)), state.rotate(a, c, "web", at(1)));
    let mut answers = [one.unwrap(), two.unwrap()];
    answers.sort_by_key(|answer| matches!(answer, Rotation::Reused(_)));
    assert_eq!(answers, [Rotation::Rotated(family("s")), Rotation::Reused(family("s"))]);
    assert_eq!(state.rotate(b, a, "web", at(2)).await.unwrap(), Rotation::Unknown);
}

#[rstest]
#[tokio::test]
async fn another_client_can_neither_use_nor_end_a_family(
    #[values(Place::Memory, Place::Redis)] place: Place,
) {
    let state = empty(place).await;
    let [a, b, c] = ["a", "b", "c"].map(TokenHash::of);
    state.begin_family(family("s"), a, at(0)).await.unwrap();
    assert_eq!(state.rotate(a, b, "other", at(1)).await.unwrap(), Rotation::Unknown);
    assert_eq!(state.rotate(a, b, "web", at(1)).await.unwrap(), Rotation::Rotated(family("s")));
    assert_eq!(state.rotate(a, c, "other", at(1)).await.unwrap(), Rotation::Unknown);
    assert_eq!(state.rotate(b, c, "web", at(1)).await.unwrap(), Rotation::Rotated(family("s")));
}

#[rstest]
#[tokio::test]
async fn a_family_ends_with_its_time(#[values(Place::Memory, Place::Redis)] place: Place) {
    let state = empty(place).await;
    let [a, b] = ["a", "b"].map(TokenHash::of);
    state.begin_family(family("s"), a, at(0)).await.unwrap();
    assert_eq!(state.family_of(a, at(1_000)).await.unwrap(), None);
    assert_eq!(state.rotate(a, b, "web", at(1_000)).await.unwrap(), Rotation::Unknown);
}

#[rstest]
#[tokio::test]
async fn a_family_that_was_ended_neither_goes_on_nor_begins(
    #[values(Place::Memory, Place::Redis)] place: Place,
) {
    let state = empty(place).await;
    let [a, b] = ["a", "b"].map(TokenHash::of);
    state.begin_family(family("going"), a, at(0)).await.unwrap();
    for session in ["going", "beginning"] {
        state.end_family(session, at(0)).await.unwrap();
        state.begin_family(family(session), a, at(0)).await.unwrap();
        assert_eq!(state.rotate(a, b, "web", at(1)).await.unwrap(), Rotation::Unknown, "{session}");
    }
}

#[rstest]
#[tokio::test]
async fn revocations_are_told_once_each_in_order_and_again_to_whoever_begins_anew(
    #[values(Place::Memory, Place::Redis)] place: Place,
) {
    let state = empty(place).await;
    let mut changes = state.changes();
    changes.borrow_and_update();
    revoke(&*state, "a", 100).await;
    assert!(changes.has_changed().unwrap(), "who waits is told");
    revoke(&*state, "b", 990).await;
    revoke(&*state, "b", 990).await;
    let all = state.revocations("", 0, at(0)).await.unwrap();
    let told: Vec<_> = all.revoked.iter().map(|one| one.what.clone()).collect();
    assert_eq!((all.head, told), (2, ["a", "b"].map(|jti| Revoked::Token(jti.to_owned())).to_vec()));
    let none = state.revocations(&all.epoch, all.head, at(0)).await.unwrap();
    assert_eq!((none.epoch.as_str(), none.head, none.revoked.len()), (all.epoch.as_str(), 2, 0));
    let one = state.revocations(&all.epoch, 1, at(0)).await.unwrap();
    assert_eq!(one.revoked, all.revoked[1..]);
    let foreign = state.revocations("another", 2, at(0)).await.unwrap();
    assert_eq!(foreign.revoked, all.revoked);
    let later = state.revocations(&all.epoch, 0, at(100)).await.unwrap();
    assert_eq!((later.head, &later.revoked[..]), (2, &all.revoked[1..]), "what has expired is not told");
}
