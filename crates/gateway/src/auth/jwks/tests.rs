//! How keys are read: once for many, soon when they are needed, and not at all is no reason to forget.

use super::{JwksAuthenticator, JwksSettings};
use crate::auth::key_set::tests::{Pair, claims};
use crate::auth::{Authenticated, Authenticator, CredentialError};
use axum::Router;
use axum::response::IntoResponse;
use axum::routing::get;
use goldenpath_protocol::{Timestamp, UserId};
use http::header::AUTHORIZATION;
use http::{HeaderMap, HeaderValue, StatusCode};
use jsonwebtoken::Algorithm;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

const PATIENCE: Duration = Duration::from_secs(30);

/// An issuer that publishes what it is told, or nothing.
struct Issuer {
    published: Arc<Mutex<Option<Value>>>,
    reads: Arc<AtomicUsize>,
    settings: JwksSettings,
    serving: JoinHandle<()>,
}

impl Issuer {
    async fn start(keys: &[&Pair]) -> Self {
        let (published, reads) = (Arc::new(Mutex::new(None)), Arc::new(AtomicUsize::new(0)));
        let (shown, counted) = (Arc::clone(&published), Arc::clone(&reads));
        let answer = async move || {
            counted.fetch_add(1, Ordering::AcqRel);
            match shown.lock().unwrap().clone() {
                Some(value) => Value::to_string(&value).into_response(),
                None => StatusCode::BAD_GATEWAY.into_response(),
            }
        };
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let url = format!("http://{}/keys", listener.local_addr().unwrap()).parse().unwrap();
        let router = Router::new().route("/keys", get(answer));
        let serving = tokio::spawn(async move { axum::serve(listener, router).await.unwrap() });
        let mut settings = JwksSettings::new(url);
        settings.least_gap = Duration::from_millis(50);
        let issuer = Self { published, reads, settings, serving };
        issuer.publish(keys);
        issuer
    }

    fn publish(&self, keys: &[&Pair]) {
        let keys: Vec<&Value> = keys.iter().map(|pair| &pair.public).collect();
        *self.published.lock().unwrap() = Some(json!({ "keys": keys }));
    }

    fn go_away(&self) {
        *self.published.lock().unwrap() = None;
    }

    fn reads(&self) -> usize {
        self.reads.load(Ordering::Acquire)
    }
}

impl Drop for Issuer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

fn now() -> Timestamp {
    Timestamp::from_unix_ms(1_800_000_000_000)
}

async fn ask(door: &JwksAuthenticator, token: &str) -> Result<Authenticated, CredentialError> {
    let mut headers = HeaderMap::new();
    headers.insert(AUTHORIZATION, HeaderValue::from_str(&format!("Bearer {token}")).unwrap());
    door.authenticate(&headers, None, now(), 5).await
}

fn status(answer: Result<Authenticated, CredentialError>) -> u16 {
    answer.map_or_else(|why| why.status().as_u16(), |_| 101)
}

fn token(pair: &Pair, kid: &str) -> String {
    pair.sign(json!({"kid": kid, "typ": "at+jwt"}), &claims())
}

async fn wait_until(what: impl Fn() -> bool) {
    tokio::time::timeout(PATIENCE, async {
        while !what() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn a_new_key_is_read_when_it_is_met_and_nobody_is_refused_for_being_early() {
    let (first, second) = (Pair::new(Algorithm::EdDSA, "k-1"), Pair::new(Algorithm::ES256, "k-2"));
    let issuer = Issuer::start(&[&first]).await;
    let door = JwksAuthenticator::start(issuer.settings.clone()).unwrap();
    assert_eq!(status(ask(&door, &token(&first, "k-1")).await), 101, "also before the first read ended");
    issuer.publish(&[&first, &second]);
    assert_eq!(status(ask(&door, &token(&second, "k-2")).await), 101);
    assert_eq!(status(ask(&door, &token(&first, "k-1")).await), 101);
    let user = UserId::new("alice").unwrap();
    assert!(door.renew(&user, &token(&second, "k-2"), now(), 5).await.is_ok());
    let other = UserId::new("bob").unwrap();
    assert_eq!(
        door.renew(&other, &token(&second, "k-2"), now(), 5).await.unwrap_err().cause(),
        "another user's"
    );
    // A key that is published no more is good no more.
    issuer.publish(&[&second]);
    assert_eq!(status(ask(&door, &token(&first, "k-9")).await), 401);
    assert_eq!(status(ask(&door, &token(&first, "k-1")).await), 401);
}

#[tokio::test]
async fn any_number_of_made_up_keys_causes_few_reads() {
    let pair = Pair::new(Algorithm::EdDSA, "k-1");
    let issuer = Issuer::start(&[&pair]).await;
    let mut settings = issuer.settings.clone();
    settings.least_gap = Duration::from_millis(500);
    let door = JwksAuthenticator::start(settings).unwrap();
    wait_until(|| door.can_judge()).await;
    let made_up: Vec<String> = (0..100).map(|n| token(&pair, &format!("made-up-{n}"))).collect();
    let answers = futures_util::future::join_all(made_up.iter().map(|one| ask(&door, one))).await;
    assert!(answers.into_iter().all(|answer| status(answer) == 401));
    assert!(issuer.reads() <= 3, "{} reads", issuer.reads());
    let before = issuer.reads();
    for garbage in ["", "a.b.c", "e30.e30.e30"] {
        assert_eq!(status(ask(&door, garbage).await), 401);
    }
    assert!(issuer.reads() <= before + 1, "what is no token needs no read");
}

#[tokio::test]
async fn known_keys_stay_good_while_the_issuer_is_away() {
    let (first, second) = (Pair::new(Algorithm::EdDSA, "k-1"), Pair::new(Algorithm::EdDSA, "k-2"));
    let issuer = Issuer::start(&[&first]).await;
    let mut settings = issuer.settings.clone();
    settings.refresh = Duration::from_millis(100);
    settings.patience = Duration::from_millis(500);
    let door = JwksAuthenticator::start(settings).unwrap();
    wait_until(|| door.can_judge()).await;
    issuer.go_away();
    let seen = issuer.reads();
    wait_until(|| issuer.reads() >= seen + 3).await;
    assert_eq!(status(ask(&door, &token(&first, "k-1")).await), 101);
    assert_eq!(
        status(ask(&door, &token(&second, "k-1")).await),
        401,
        "a bad signature needs nobody's answer"
    );
    assert_eq!(
        status(ask(&door, &token(&second, "k-2")).await),
        503,
        "nobody can say whether this one holds"
    );
    let user = UserId::new("alice").unwrap();
    assert!(door.renew(&user, &token(&second, "k-2"), now(), 5).await.is_err());
    issuer.publish(&[&first, &second]);
    assert_eq!(status(ask(&door, &token(&second, "k-2")).await), 101, "without a restart");
}

#[tokio::test]
async fn a_door_without_keys_judges_nobody_and_says_so() {
    let pair = Pair::new(Algorithm::EdDSA, "k-1");
    let issuer = Issuer::start(&[&pair]).await;
    issuer.go_away();
    let mut settings = issuer.settings.clone();
    settings.patience = Duration::from_millis(300);
    let door = JwksAuthenticator::start(settings).unwrap();
    assert_eq!(status(ask(&door, &token(&pair, "k-1")).await), 503);
    assert!(!door.can_judge() && door.revocations().is_none());
    *issuer.published.lock().unwrap() = Some(json!({"keys": []}));
    assert_eq!(status(ask(&door, &token(&pair, "k-1")).await), 503, "an empty set is no key");
    issuer.publish(&[&pair]);
    wait_until(|| door.can_judge()).await;
    assert_eq!(status(ask(&door, &token(&pair, "k-1")).await), 101);
}

#[tokio::test]
async fn an_address_that_cannot_be_read_is_refused_at_once() {
    for wrong in ["ftp://issuer.example/keys", "data:,{}"] {
        assert!(JwksAuthenticator::start(JwksSettings::new(wrong.parse().unwrap())).is_err(), "{wrong}");
    }
}
