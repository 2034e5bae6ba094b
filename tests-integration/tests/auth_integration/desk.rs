//! The auth service over plain HTTP, as any client speaks to it.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_testbed::{AuthBackend, IdentityProvider};
use serde_json::{Map, Value};
use std::sync::Arc;
use url::Url;

/// A client of the auth service.
pub(super) struct Desk {
    pub(super) base: Url,
    pub(super) secret: String,
    pub(super) provider: Arc<IdentityProvider>,
    pub(super) http: reqwest::Client,
}

/// The tokens of a login.
#[derive(Debug)]
pub(super) struct Login {
    pub(super) access: String,
    pub(super) refresh: String,
}

/// The status and the document of an answer that is no success.
pub(super) type Refusal = (u16, Value);

impl Desk {
    pub(super) fn of(auth: &AuthBackend) -> Self {
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .tls_certs_only([])
            .build()
            .unwrap();
        Self {
            base: auth.url("/"),
            secret: auth.client_secret().to_owned(),
            provider: auth.provider_handle(),
            http,
        }
    }

    pub(super) async fn get(&self, path: &str) -> (u16, Value) {
        let answer = self.http.get(self.base.join(path).unwrap()).send().await.unwrap();
        (answer.status().as_u16(), serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap())
    }

    /// Posts a form; gives the whole answer.
    pub(super) async fn post(
        &self,
        path: &str,
        fields: &[(&str, &str)],
        client: Option<&str>,
    ) -> reqwest::Response {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let mut request = self
            .http
            .post(self.base.join(path).unwrap())
            .header("content-type", "application/x-www-form-urlencoded")
            .body(body);
        if let Some(client) = client {
            request = request.basic_auth(client, Some(&self.secret));
        }
        request.send().await.unwrap()
    }

    /// Asks for a token.
    pub(super) async fn ask_token(&self, fields: &[(&str, &str)], client: &str) -> Result<Value, Refusal> {
        let answer = self.post("/auth/token", fields, Some(client)).await;
        read_token(answer).await
    }

    /// An access token of a test user.
    pub(super) async fn token_for(&self, user: &str) -> String {
        let fields = [("grant_type", "client_credentials"), ("requested_subject", user)];
        let answer = self.ask_token(&fields, "harness").await.unwrap();
        answer["access_token"].as_str().unwrap().to_owned()
    }

    /// The tokens for an ID token of the provider with these claims over the usual ones.
    pub(super) async fn exchange(&self, user: &str, claims: &Map<String, Value>) -> Login {
        Login::from(&self.try_exchange(&self.provider.id_token(user, claims)).await.unwrap())
    }

    pub(super) async fn try_exchange(&self, subject: &str) -> Result<Value, Refusal> {
        let fields = [
            ("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"),
            ("subject_token", subject),
            ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
        ];
        self.ask_token(&fields, "exchange").await
    }

    pub(super) async fn refresh(&self, token: &str) -> Result<Login, Refusal> {
        let fields = [("grant_type", "refresh_token"), ("refresh_token", token)];
        self.ask_token(&fields, "exchange").await.map(|answer| Login::from(&answer))
    }

    /// Revokes a token, with nothing but the token.
    pub(super) async fn revoke(&self, token: &str) -> u16 {
        self.post("/auth/revoke", &[("token", token)], None).await.status().as_u16()
    }
}

impl From<&Value> for Login {
    fn from(answer: &Value) -> Self {
        let text = |name: &str| answer[name].as_str().unwrap().to_owned();
        Self { access: text("access_token"), refresh: text("refresh_token") }
    }
}

/// A token answer, which nobody may keep.
pub(super) async fn read_token(answer: reqwest::Response) -> Result<Value, Refusal> {
    let status = answer.status().as_u16();
    assert_eq!(answer.headers()["cache-control"], "no-store");
    let body: Value = serde_json::from_slice(&answer.bytes().await.unwrap()).unwrap();
    match status {
        200 => {
            assert_eq!(body["token_type"], "Bearer");
            Ok(body)
        }
        _ => {
            assert!(body["error"].is_string() && body["error_description"].is_string(), "{body}");
            Err((status, body))
        }
    }
}

fn part(token: &str, n: usize) -> Map<String, Value> {
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(token.split('.').nth(n).unwrap()).unwrap()).unwrap()
}

/// The header of a JWT, not verified.
pub(super) fn header_of(token: &str) -> Map<String, Value> {
    part(token, 0)
}

/// The claims of a JWT, not verified.
pub(super) fn claims_of(token: &str) -> Map<String, Value> {
    part(token, 1)
}

/// These claims signed with a shared secret, under this header but for its algorithm.
pub(super) fn hs256_with(header: &Map<String, Value>, claims: &Map<String, Value>, secret: &[u8]) -> String {
    let mut header = header.clone();
    header.insert("alg".to_owned(), "HS256".into());
    let encoded = |part: &Map<String, Value>| URL_SAFE_NO_PAD.encode(serde_json::to_vec(part).unwrap());
    let message = format!("{}.{}", encoded(&header), encoded(claims));
    let key = jsonwebtoken::EncodingKey::from_secret(secret);
    let signature =
        jsonwebtoken::crypto::sign(message.as_bytes(), &key, jsonwebtoken::Algorithm::HS256).unwrap();
    format!("{message}.{signature}")
}

/// A published Ed25519 key as bytes.
pub(super) fn public_bytes(key: &Value) -> Vec<u8> {
    URL_SAFE_NO_PAD.decode(key["x"].as_str().unwrap()).unwrap()
}
