//! Tokens of an issuer: asked for in its own way, renewed in time, and refused in words without secrets.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_harness::{AuthError, OAuth, OAuthGrant, OAuthSettings, TestUser, Token};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;
use wiremock::matchers::{body_string_contains, header, method, path};
use wiremock::{Mock, MockServer, Request, ResponseTemplate};

const SECRET: &str = "s3cret/with+signs";

fn jwt(sub: &str, jti: u32) -> String {
    let encoded = |part: serde_json::Value| URL_SAFE_NO_PAD.encode(part.to_string());
    format!("{}.{}.c2lnbmF0dXJl", encoded(json!({"alg": "EdDSA"})), encoded(json!({"sub": sub, "jti": jti})))
}

/// A token endpoint that gives tokens of whom the form names in `field`, good for so many seconds.
async fn issuer(field: &'static str, expires_in: u64) -> MockServer {
    let server = MockServer::start().await;
    let count = Arc::new(AtomicU32::new(0));
    let answer = move |request: &Request| {
        let form: Vec<(String, String)> = url::form_urlencoded::parse(&request.body).into_owned().collect();
        let sub = form.iter().find(|(key, _)| key == field).map_or("itself", |(_, value)| value);
        let token = jwt(sub, count.fetch_add(1, Ordering::AcqRel));
        ResponseTemplate::new(200).set_body_json(json!({"access_token": token, "expires_in": expires_in}))
    };
    Mock::given(method("POST")).and(path("/token")).respond_with(answer).mount(&server).await;
    server
}

fn settings(server: &MockServer) -> OAuthSettings {
    let mut settings = OAuthSettings::new(format!("{}/token", server.uri()).parse().unwrap(), "harness");
    settings.client_secret = Some(SECRET.to_owned());
    settings
}

#[tokio::test]
async fn each_user_is_named_where_the_issuer_wants_it() {
    let server = issuer("requested_subject", 300).await;
    let mut settings = settings(&server);
    settings.user_field = Some("requested_subject".to_owned());
    settings.scope = Some("chat agents".to_owned());
    settings.audience = Some("goldenpath".to_owned());
    let names = TestUser::names(7, 3);
    let issuer = OAuth::new(settings).unwrap();
    let issued = issuer.issue(&names).await.unwrap();
    let called: Vec<&str> = issued.iter().map(|one| &**one.name()).collect();
    assert_eq!(called, names);
    assert_eq!(issuer.issued().len(), 3);
    let asked = &server.received_requests().await.unwrap()[0];
    let form = String::from_utf8_lossy(&asked.body).into_owned();
    assert!(form.contains("grant_type=client_credentials") && form.contains("scope=chat+agents"), "{form}");
    assert!(form.contains("audience=goldenpath") && !form.contains("client_secret"), "{form}");
    // Each part form-encoded before they are joined.
    let pair = base64::engine::general_purpose::STANDARD.encode("harness:s3cret%2Fwith%2Bsigns");
    assert_eq!(asked.headers["authorization"], format!("Basic {pair}").as_str());
}

#[tokio::test]
async fn without_a_field_for_names_there_is_one_identity() {
    let server = issuer("nobody", 300).await;
    let issued = OAuth::new(settings(&server)).unwrap();
    let identities = issued.issue(&TestUser::names(7, 3)).await.unwrap();
    assert_eq!(identities.iter().map(|one| &**one.name()).collect::<Vec<_>>(), ["itself"]);
    let user = TestUser::issued(Arc::clone(&identities[0]));
    assert_eq!(user.token().unwrap().unwrap().subject().as_deref(), Some("itself"));
    assert!(matches!(user.token_for(Duration::from_secs(1)), Err(AuthError::Case { .. })));
}

#[tokio::test]
async fn subject_tokens_are_exchanged_one_for_each_user() {
    let server = issuer("subject_token", 300).await;
    let mut settings = settings(&server);
    settings.grant = OAuthGrant::TokenExchange;
    settings.subject_tokens = ["first", "second", "second"].map(Token::new).to_vec();
    assert_eq!(settings.identities(), Some(3));
    let issued = OAuth::new(settings).unwrap().issue(&TestUser::names(7, 5)).await.unwrap();
    let called: Vec<&str> = issued.iter().map(|one| &**one.name()).collect();
    assert_eq!(called, ["first", "second"], "two tokens of one user are one identity");
}

#[tokio::test]
async fn a_token_is_renewed_before_it_ends() {
    let server = issuer("nobody", 2).await;
    let issuer = OAuth::new(settings(&server)).unwrap();
    let identity = issuer.issue(&TestUser::names(7, 1)).await.unwrap().remove(0);
    let first = identity.token().unwrap();
    tokio::time::timeout(Duration::from_secs(30), async {
        while identity.token().is_ok_and(|token| token == first) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    })
    .await
    .expect("the token was never renewed");
    assert!(
        server.received_requests().await.unwrap().iter().filter(|asked| asked.url.path() == "/token").count()
            >= 2
    );
}

#[tokio::test]
async fn a_refusal_says_what_the_issuer_answered_and_no_secret() {
    let server = MockServer::start().await;
    let echo = format!("{{\"error\":\"invalid_client\",\"got\":\"{}\"}}", jwt("ada", 1));
    let refusal = ResponseTemplate::new(401).set_body_string(echo);
    Mock::given(method("POST")).respond_with(refusal).mount(&server).await;
    let failed = OAuth::new(settings(&server)).unwrap().issue(&TestUser::names(7, 1)).await.unwrap_err();
    let said = failed.to_string();
    assert!(said.contains("401") && said.contains("invalid_client") && said.contains("/token"), "{said}");
    assert!(!said.contains(&jwt("ada", 1)) && !said.contains(SECRET), "{said}");
    let shown = format!("{:?}", settings(&server));
    assert!(shown.contains("harness") && !shown.contains(SECRET), "{shown}");
}

#[tokio::test]
async fn tokens_are_revoked_where_the_issuers_own_metadata_says() {
    let server = issuer("nobody", 300).await;
    let metadata = |token_endpoint: String| json!({"token_endpoint": token_endpoint, "revocation_endpoint": format!("{}/gone", server.uri())});
    let foreign = metadata("https://issuer.example/token".to_owned());
    Mock::given(path("/.well-known/oauth-authorization-server"))
        .respond_with(ResponseTemplate::new(200).set_body_json(foreign))
        .mount(&server)
        .await;
    let silent = OAuth::new(settings(&server)).unwrap();
    silent.issue(&TestUser::names(7, 1)).await.unwrap();
    assert!(!silent.takes_revocations(), "somebody else's metadata were believed");
    assert!(silent.revoke(&Token::new("t")).await.is_err());

    let own = metadata(format!("{}/token", server.uri()));
    Mock::given(path("/.well-known/openid-configuration"))
        .respond_with(ResponseTemplate::new(200).set_body_json(own))
        .mount(&server)
        .await;
    Mock::given(method("POST"))
        .and(path("/gone"))
        .and(body_string_contains("token=the-token"))
        .and(header("content-type", "application/x-www-form-urlencoded"))
        .respond_with(ResponseTemplate::new(200))
        .expect(1)
        .mount(&server)
        .await;
    let told = OAuth::new(settings(&server)).unwrap();
    told.issue(&TestUser::names(7, 1)).await.unwrap();
    assert!(told.takes_revocations());
    assert_eq!(told.revoke(&Token::new("the-token")).await.unwrap(), 200);
}
