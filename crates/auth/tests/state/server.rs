//! What only a server can do to the state on it: be shared, start again, forget, stand still, be none.

use super::super::{at, family, grant, login, revoke};
use goldenpath_auth::{AuthState as _, RedisState, Revoked, Rotation, TakenCode, TokenHash};
use goldenpath_services::Redis;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};

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
    let both = tokio::time::timeout(DEADLINE, changes.wait_for(|told| *told == 2)).await;
    both.expect("both tell").unwrap();
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

#[tokio::test]
async fn a_server_that_lost_the_last_revocations_begins_another_epoch() {
    let redis = Redis::own().await.unwrap();
    let state = state(&redis).await;
    revoke(&state, "a", 900).await;
    revoke(&state, "b", 900).await;
    let before = state.revocations("", 0, at(0)).await.unwrap();
    // As after a crash within the second that Redis may lose: the number of `b` would be given once more.
    redis.command::<u64>(&["HINCRBY", "goldenpath:{auth}:revocations:head", "head", "-1"]).await.unwrap();
    redis
        .command::<u64>(&["ZREMRANGEBYSCORE", "goldenpath:{auth}:revocations:by-number", "2", "2"])
        .await
        .unwrap();
    revoke(&state, "c", 900).await;
    let after = state.revocations(&before.epoch, before.head, at(0)).await.unwrap();
    assert_ne!(after.epoch, before.epoch);
    let told: Vec<_> = after.revoked.iter().map(|one| one.what.clone()).collect();
    assert_eq!(told, ["a", "c"].map(|jti| Revoked::Token(jti.to_owned())), "all that there is");
}

#[tokio::test]
async fn a_call_whose_answer_is_lost_is_answered_as_if_it_was_not() {
    let redis = Redis::own().await.unwrap();
    let losing = Losing::before(&redis).await;
    let state = RedisState::open(&losing.url, "goldenpath").await.unwrap();
    let [a, b, c] = ["a", "b", "c"].map(TokenHash::of);
    losing.lose_an_answer();
    state.keep_login(a, login("web"), at(0)).await.unwrap();
    losing.lose_an_answer();
    assert!(state.take_login(a, at(1)).await.unwrap() == Some(login("web")));
    assert!(state.take_login(a, at(1)).await.unwrap().is_none(), "another call");
    losing.lose_an_answer();
    state.keep_code(a, grant(), at(0)).await.unwrap();
    losing.lose_an_answer();
    assert_eq!(state.take_code(a, at(1)).await.unwrap(), TakenCode::Good(grant()));
    losing.lose_an_answer();
    state.begin_family(family("s"), a, at(0)).await.unwrap();
    losing.lose_an_answer();
    assert_eq!(state.rotate(a, b, "web", at(1)).await.unwrap(), Rotation::Rotated(family("s")));
    assert_eq!(state.rotate(b, c, "web", at(1)).await.unwrap(), Rotation::Rotated(family("s")));
    losing.lose_an_answer();
    revoke(&state, "t", 900).await;
    assert_eq!(state.revocations("", 0, at(0)).await.unwrap().head, 1);
    assert_eq!(losing.lost(), 7, "every one of these answers was lost");
}

/// A way to a server on which the answer to a script is lost when it shall be.
struct Losing {
    url: String,
    shall_lose: Arc<AtomicBool>,
    lost: Arc<AtomicU32>,
}

impl Losing {
    async fn before(redis: &Redis) -> Self {
        let server = redis.url().trim_start_matches("redis://").trim_end_matches("/0").to_owned();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("redis://{}/0", listener.local_addr().unwrap());
        let (shall_lose, lost) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicU32::new(0)));
        let (flag, count) = (Arc::clone(&shall_lose), Arc::clone(&lost));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let (server, flag, count) = (server.clone(), Arc::clone(&flag), Arc::clone(&count));
                tokio::spawn(async move {
                    let server = TcpStream::connect(server).await.unwrap();
                    // Both ends close when this ends, however it does.
                    let _ = relay(client, server, &flag, &count).await;
                });
            }
        });
        Self { url, shall_lose, lost }
    }

    /// The next script that is called is run, and its answer does not come.
    fn lose_an_answer(&self) {
        self.shall_lose.store(true, Ordering::SeqCst);
    }

    fn lost(&self) -> u32 {
        self.lost.load(Ordering::SeqCst)
    }
}

async fn relay(
    mut client: TcpStream,
    mut server: TcpStream,
    shall_lose: &AtomicBool,
    lost: &AtomicU32,
) -> std::io::Result<()> {
    let (mut asked, mut answered) = (vec![0; 64 * 1024], vec![0; 64 * 1024]);
    let mut loses = false;
    loop {
        tokio::select! {
            read = client.read(&mut asked) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                // A state that is not known there yet is told, and called for again: that call is the one.
                let calls = asked[..read].windows(7).any(|word| word == b"EVALSHA");
                loses |= calls && shall_lose.load(Ordering::SeqCst);
                server.write_all(&asked[..read]).await?;
            }
            read = server.read(&mut answered) => {
                let read = read?;
                if read == 0 {
                    return Ok(());
                }
                if std::mem::take(&mut loses) && !answered.starts_with(b"-NOSCRIPT") {
                    shall_lose.store(false, Ordering::SeqCst);
                    lost.fetch_add(1, Ordering::SeqCst);
                    return Ok(());
                }
                client.write_all(&answered[..read]).await?;
            }
        }
    }
}
