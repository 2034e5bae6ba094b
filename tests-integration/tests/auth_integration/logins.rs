//! The ways in which people and clients get tokens, each right and wrong.

use super::desk::{Desk, claims_of, read_token};
use super::{auth, knock, testbed};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_harness::TestUser;
use goldenpath_testbed::{AuthBackend, REDIRECT_URI, Testbed};
use serde_json::{Map, Value, json};
use std::collections::HashMap;
use url::Url;

const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// The S256 challenge of [`VERIFIER`], by the example of RFC 7636.
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// Where an authorization request of the public client goes, with these parameters over the usual ones.
fn authorize(auth: &AuthBackend, changes: &[(&str, &str)]) -> Url {
    let mut parameters = vec![
        ("client_id", "app"),
        ("redirect_uri", REDIRECT_URI),
        ("response_type", "code"),
        ("code_challenge", CHALLENGE),
        ("code_challenge_method", "S256"),
        ("state", "client state & more"),
    ];
    for (name, value) in changes {
        parameters.retain(|(known, _)| known != name);
        if !value.is_empty() {
            parameters.push((name, value));
        }
    }
    let mut url = auth.url("/auth/authorize");
    url.query_pairs_mut().extend_pairs(parameters);
    url
}

/// A browser's step: follows nothing, and gives where it was sent and its cookie.
async fn step(desk: &Desk, url: &Url, cookie: Option<&str>) -> (u16, Option<Url>, Option<String>) {
    let mut request = desk.http.get(url.clone());
    if let Some(cookie) = cookie {
        request = request.header("cookie", cookie);
    }
    let answer = request.send().await.unwrap();
    let text = |name: &str| answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned());
    let cookie = text("set-cookie").map(|cookie| cookie.split(';').next().unwrap().to_owned());
    (answer.status().as_u16(), text("location").map(|to| Url::parse(&to).unwrap()), cookie)
}

fn parameters(url: &Url) -> HashMap<String, String> {
    url.query_pairs().into_owned().collect()
}

/// Logs `user` in at the provider; gives what the client reads at its redirect URI.
async fn log_in(desk: &Desk, auth: &AuthBackend, user: &str) -> HashMap<String, String> {
    auth.provider().expect_visit_of(user);
    let (status, to_provider, cookie) = step(desk, &authorize(auth, &[]), None).await;
    assert_eq!(status, 303);
    let (_, to_callback, _) = step(desk, &to_provider.unwrap(), None).await;
    let (status, to_client, _) = step(desk, &to_callback.unwrap(), cookie.as_deref()).await;
    assert_eq!(status, 303);
    let to_client = to_client.unwrap();
    assert!(to_client.as_str().starts_with(REDIRECT_URI), "{to_client}");
    parameters(&to_client)
}

async fn redeem(desk: &Desk, code: &str, verifier: &str, redirect_uri: &str) -> Result<Value, (u16, Value)> {
    let fields = [
        ("grant_type", "authorization_code"),
        ("client_id", "app"),
        ("code", code),
        ("code_verifier", verifier),
        ("redirect_uri", redirect_uri),
    ];
    read_token(desk.post("/auth/token", &fields, None).await).await
}

#[tokio::test]
async fn a_login_becomes_a_token_once_for_who_began_it() {
    let testbed = testbed().await;
    let (auth, desk) = (auth(&testbed), Desk::of(auth(&testbed)));
    let back = log_in(&desk, auth, "ada").await;
    assert_eq!((&*back["state"], &*back["iss"]), ("client state & more", "goldenpath"));
    let tokens = redeem(&desk, &back["code"], VERIFIER, REDIRECT_URI).await.unwrap();
    let access = tokens["access_token"].as_str().unwrap();
    assert_eq!((&claims_of(access)["sub"], &claims_of(access)["tier"]), (&json!("ada"), &json!("mid")));
    let ada = TestUser::unauthenticated("ada");
    assert_eq!(knock(&testbed, &ada, access).await.0, 101);

    // Somebody else has the code, too: what came of it ends.
    let again = redeem(&desk, &back["code"], VERIFIER, REDIRECT_URI).await.unwrap_err();
    assert_eq!((again.0, &again.1["error"]), (400, &json!("invalid_grant")));
    let fields = [
        ("grant_type", "refresh_token"),
        ("client_id", "app"),
        ("refresh_token", tokens["refresh_token"].as_str().unwrap()),
    ];
    let refused = read_token(desk.post("/auth/token", &fields, None).await).await.unwrap_err();
    assert_eq!(refused.1["error"], "invalid_grant");
    tokio::time::timeout(crate::driving::DEADLINE, async {
        while knock(&testbed, &ada, access).await.0 != 401 {}
    })
    .await
    .expect("the access token outlived its login");
}

#[tokio::test]
async fn a_stolen_code_is_worth_nothing() {
    let testbed = testbed().await;
    let (auth, desk) = (auth(&testbed), Desk::of(auth(&testbed)));
    let other_verifier = "A".repeat(43);
    for (verifier, redirect_uri) in [
        (other_verifier.as_str(), REDIRECT_URI),
        (CHALLENGE, REDIRECT_URI),
        ("", REDIRECT_URI),
        (VERIFIER, "http://127.0.0.1:1/elsewhere"),
    ] {
        let back = log_in(&desk, auth, "ada").await;
        let refused = redeem(&desk, &back["code"], verifier, redirect_uri).await.unwrap_err();
        assert_eq!(refused.0, 400, "{verifier} {redirect_uri}");
    }
    // Another client, which proves itself well, but did not begin this login.
    let back = log_in(&desk, auth, "ada").await;
    let fields = [
        ("grant_type", "authorization_code"),
        ("code", back["code"].as_str()),
        ("code_verifier", VERIFIER),
        ("redirect_uri", REDIRECT_URI),
    ];
    assert_eq!(desk.ask_token(&fields, "exchange").await.unwrap_err().1["error"], "unauthorized_client");
}

#[tokio::test]
async fn nobody_is_sent_where_a_client_did_not_say() {
    let testbed = testbed().await;
    let (auth, desk) = (auth(&testbed), Desk::of(auth(&testbed)));
    for (name, value) in [
        ("redirect_uri", "http://127.0.0.1:1/signed-in/"),
        ("redirect_uri", "https://evil.example/"),
        ("redirect_uri", "http://127.0.0.1:1/signed-in?x=1"),
        ("redirect_uri", ""),
        ("client_id", "nobody"),
        ("client_id", "exchange"),
    ] {
        let (status, to, _) = step(&desk, &authorize(auth, &[(name, value)]), None).await;
        assert_eq!((status, to), (400, None), "{name}={value}");
    }
    // What is wrong otherwise goes back to the client, without a login.
    for (name, value) in [
        ("response_type", "token"),
        ("code_challenge_method", "plain"),
        ("code_challenge_method", ""),
        ("code_challenge", "short"),
        ("code_challenge", ""),
        ("scope", "chat admin"),
    ] {
        let (status, to, cookie) = step(&desk, &authorize(auth, &[(name, value)]), None).await;
        let to = to.unwrap();
        assert_eq!((status, cookie), (303, None), "{name}={value}");
        assert!(to.as_str().starts_with(REDIRECT_URI) && parameters(&to).contains_key("error"), "{to}");
    }
}

#[tokio::test]
async fn a_callback_is_taken_from_the_browser_that_began_and_once() {
    let testbed = testbed().await;
    let (auth, desk) = (auth(&testbed), Desk::of(auth(&testbed)));
    auth.provider().expect_visit_of("mallory");
    let (_, to_provider, cookie) = step(&desk, &authorize(auth, &[]), None).await;
    let to_callback = step(&desk, &to_provider.unwrap(), None).await.1.unwrap();
    // The attacker's own login, brought to somebody else's browser by a link.
    assert_eq!(step(&desk, &to_callback, None).await.0, 400);
    let name = cookie.as_deref().unwrap().split('=').next().unwrap();
    assert_eq!(step(&desk, &to_callback, Some(&format!("{name}=guess"))).await.0, 400);
    assert_eq!(step(&desk, &to_callback, cookie.as_deref()).await.0, 400, "and now it is used up");
    let mut unknown = auth.url("/auth/callback");
    unknown.query_pairs_mut().append_pair("code", "x").append_pair("state", "made-up");
    assert_eq!(step(&desk, &unknown, cookie.as_deref()).await.0, 400);
}

#[tokio::test]
async fn only_id_tokens_of_the_provider_for_us_are_exchanged() {
    let testbed = testbed().await;
    let desk = Desk::of(auth(&testbed));
    let login = desk.exchange("ada", &Map::new()).await;
    assert_eq!(claims_of(&login.access)["sub"], "ada");
    let with = |name: &str, value: Value| {
        let claims = Map::from_iter([(name.to_owned(), value)]);
        desk.provider.id_token("ada", &claims)
    };
    let stranger = Testbed::builder().with_auth_service(|_| {}).start().await.unwrap();
    let foreign = stranger.auth.as_ref().unwrap().provider().id_token("ada", &Map::new());
    let mut none = with("sub", json!("ada")).split('.').map(str::to_owned).collect::<Vec<_>>();
    none[0] = URL_SAFE_NO_PAD.encode(r#"{"alg":"none","kid":"provider-1"}"#);
    for (what, token) in [
        ("another audience", with("aud", json!("somebody"))),
        ("another issuer", with("iss", json!("https://evil.example"))),
        ("expired", with("exp", json!(1))),
        ("a client's name", with("sub", json!("client.harness"))),
        ("a test user's name", with("sub", json!("gp-1"))),
        ("another provider's", foreign),
        ("our own access token", login.access.clone()),
        ("unsigned", format!("{}.{}.", none[0], none[1])),
        ("garbage", "garbage".to_owned()),
    ] {
        let refused = desk.try_exchange(&token).await.expect_err(what);
        assert_eq!((refused.0, &refused.1["error"]), (400, &json!("invalid_grant")), "{what}");
    }
}

#[tokio::test]
async fn clients_get_what_they_may_and_no_more() {
    let testbed = testbed().await;
    let desk = Desk::of(auth(&testbed));
    let ask = async |fields: &[(&str, &str)], client: &str| {
        desk.ask_token(fields, client).await.map_err(|(_, body)| body["error"].as_str().unwrap().to_owned())
    };
    let own = ask(&[("grant_type", "client_credentials")], "harness").await.unwrap();
    assert_eq!(claims_of(own["access_token"].as_str().unwrap())["sub"], "client.harness");
    assert!(own.get("refresh_token").is_none());
    for (fields, client, error) in [
        (vec![("grant_type", "client_credentials")], "exchange", "unauthorized_client"),
        (vec![("grant_type", "client_credentials")], "nobody", "invalid_client"),
        (vec![("grant_type", "password")], "harness", "unsupported_grant_type"),
        (vec![], "harness", "invalid_request"),
        (vec![("grant_type", "client_credentials"), ("scope", "chat admin")], "harness", "invalid_scope"),
        (vec![("grant_type", "client_credentials"), ("audience", "somebody")], "harness", "invalid_target"),
        (
            vec![("grant_type", "client_credentials"), ("requested_subject", "ada")],
            "harness",
            "unauthorized_client",
        ),
        (
            vec![("grant_type", "client_credentials"), ("requested_subject", "gp-")],
            "harness",
            "unauthorized_client",
        ),
        (
            vec![("grant_type", "client_credentials"), ("grant_type", "refresh_token")],
            "harness",
            "invalid_request",
        ),
        (vec![("grant_type", "client_credentials"), ("client_secret", "x")], "harness", "invalid_request"),
    ] {
        assert_eq!(ask(&fields, client).await.unwrap_err(), error, "{client} {fields:?}");
    }
    // A public client proves nothing but PKCE, so it cannot be somebody without a login.
    let public = [("grant_type", "client_credentials"), ("client_id", "app")];
    let refused = read_token(desk.post("/auth/token", &public, None).await).await.unwrap_err();
    assert_eq!(refused.1["error"], "unauthorized_client");
}

#[tokio::test]
async fn a_rotation_in_mid_session_refuses_nobody() {
    let testbed = testbed().await;
    let users = testbed.issued_users(61, 2).await.unwrap();
    let before = users[0].token().unwrap().unwrap();
    assert_eq!(knock(&testbed, &users[0], before.reveal()).await.0, 101);
    auth(&testbed).rotate_keys().await.unwrap();
    let after = users[1].identity().unwrap().fresh_token().await.unwrap();
    let kid = |token: &str| super::desk::header_of(token)["kid"].clone();
    assert_ne!(kid(before.reveal()), kid(after.reveal()));
    assert_eq!(knock(&testbed, &users[1], after.reveal()).await.0, 101, "the new key is read when it is met");
    assert_eq!(knock(&testbed, &users[0], before.reveal()).await.0, 101, "the old key is still published");
}

#[tokio::test]
async fn rs256_and_es256_work_as_eddsa_does() {
    for alg in ["RS256", "ES256"] {
        let chosen = serde_json::from_value(json!(alg)).unwrap();
        let testbed =
            Testbed::builder().with_auth_service(|config| config.alg = chosen).start().await.unwrap();
        let users = testbed.issued_users(62, 1).await.unwrap();
        let token = users[0].token().unwrap().unwrap();
        assert_eq!(super::desk::header_of(token.reveal())["alg"], alg);
        assert_eq!(knock(&testbed, &users[0], token.reveal()).await.0, 101);
    }
}

#[tokio::test]
async fn what_the_service_says_of_itself_is_so() {
    let testbed = testbed().await;
    let (auth, desk) = (auth(&testbed), Desk::of(auth(&testbed)));
    let (status, said) = desk.get("/.well-known/oauth-authorization-server").await;
    assert_eq!((status, &said["issuer"]), (200, &json!("goldenpath")));
    for (name, path) in [
        ("token_endpoint", "/auth/token"),
        ("authorization_endpoint", "/auth/authorize"),
        ("revocation_endpoint", "/auth/revoke"),
        ("jwks_uri", "/.well-known/jwks.json"),
    ] {
        assert_eq!(said[name], auth.url(path).as_str());
    }
    assert_eq!(said["code_challenge_methods_supported"], json!(["S256"]));
    assert_eq!(desk.get("/health").await, (200, json!({"status": "ok"})));
    assert_eq!(desk.get("/ready").await.1["ready"], true);
    assert_eq!(desk.get("/nothing").await.0, 404);
}
