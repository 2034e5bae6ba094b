//! What only a server can do to the state on it: be shared, start again, forget, stand still, be none.

use super::super::{at, family, revoke};
use goldenpath_auth::{AuthState as _, RedisState, Rotation, TokenHash};
use goldenpath_services::Redis;
use std::time::Duration;

/// The deadline of every wait, for what hangs.
const DEADLINE: Duration = Duration::from_secs(60);

/// Of one service among those that share a server.
async fn state(redis: &Redis) -> RedisState {
    RedisState::open(redis.url(), "goldenpath").await.unwrap()
}

/// What becomes of a refresh token when the server answers again.
async fn rotated(state: &RedisState, presented: TokenHash, next: TokenHash) -> Rotation {
    let answered = async {
        loop {
            match state.rotate(presented, next, "web", at(2)).await {
                Ok(rotation) => return rotation,
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            }
        }
    };
    tokio::time::timeout(DEADLINE, answered).await.expect("the server is used again")
}

#[tokio::test]
async fn what_one_service_keeps_another_knows_and_is_told() {
    let redis = Redis::own().await.unwrap();
    let (one, two) = (state(&redis).await, state(&redis).await);
    let [a, b] = ["a", "b"].map(TokenHash::of);
    one.begin_family(family("s"), a, at(0)).await.unwrap();
    assert_eq!(two.rotate(a, b, "web", at(1)).await.unwrap(), Rotation::Rotated(family("s")));
    let mut changes = two.changes();
    revoke(&one, "t", 900).await;
    // It looks: nobody pushes it.
    tokio::time::timeout(DEADLINE, changes.changed()).await.expect("the other service is told").unwrap();
    let (here, there) =
        (one.revocations("", 0, at(0)).await.unwrap(), two.revocations("", 0, at(0)).await.unwrap());
    assert_eq!((&here, here.revoked.len()), (&there, 1));
}

#[tokio::test]
async fn logins_and_revocations_outlive_a_service_and_a_restart_of_the_server() {
    let redis = Redis::lasting().await.unwrap();
    let [a, b, c] = ["a", "b", "c"].map(TokenHash::of);
    let first = state(&redis).await;
    first.begin_family(family("s"), a, at(0)).await.unwrap();
    revoke(&first, "t", 900).await;
    let told = first.revocations("", 0, at(0)).await.unwrap();
    drop(first);
    let second = state(&redis).await;
    assert_eq!(second.rotate(a, b, "web", at(1)).await.unwrap(), Rotation::Rotated(family("s")));
    redis.kill().unwrap();
    redis.start_again().await.unwrap();
    assert_eq!(rotated(&second, b, c).await, Rotation::Rotated(family("s")));
    assert_eq!(second.revocations("", 0, at(0)).await.unwrap(), told);
}

#[tokio::test]
async fn a_server_that_forgot_everything_begins_another_epoch() {
    let redis = Redis::own().await.unwrap();
    let state = state(&redis).await;
    revoke(&state, "t", 900).await;
    let before = state.revocations("", 0, at(0)).await.unwrap();
    let mut changes = state.changes();
    // Told by the one that revoked, and by the one that looks.
    changes.wait_for(|told| *told == 2).await.unwrap();
    redis.command::<()>(&["FLUSHALL"]).await.unwrap();
    tokio::time::timeout(DEADLINE, changes.changed()).await.expect("who waits is told").unwrap();
    let after = state.revocations(&before.epoch, before.head, at(0)).await.unwrap();
    assert_ne!(after.epoch, before.epoch);
    assert_eq!((after.head, after.revoked.len()), (0, 0));
}

#[tokio::test]
async fn a_server_that_stands_still_is_an_error_in_time_and_is_used_again_when_it_goes_on() {
    let redis = Redis::own().await.unwrap();
    let state = state(&redis).await;
    let [a, b] = ["a", "b"].map(TokenHash::of);
    state.begin_family(family("s"), a, at(0)).await.unwrap();
    redis.pause().unwrap();
    let asked = tokio::time::timeout(DEADLINE, state.family_of(a, at(1))).await.expect("it is answered");
    asked.expect_err("nobody knows");
    redis.resume().unwrap();
    assert_eq!(rotated(&state, a, b).await, Rotation::Rotated(family("s")));
}

#[tokio::test]
async fn a_place_that_is_none_is_named_without_its_password() {
    for (url, named) in
        [("redis://:hunter2@127.0.0.1:1/0", "127.0.0.1:1"), ("postgres://a:hunter2@b/c", "redis://")]
    {
        let refused = RedisState::open(url, "goldenpath").await.unwrap_err().to_string();
        assert!(refused.contains(named) && !refused.contains("hunter2"), "{refused}");
    }
}
