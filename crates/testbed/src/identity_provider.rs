//! An OpenID provider of somebody else, as far as an auth service talks to one: discovery, keys, a login that asks nothing,
//! and ID tokens for whoever is to exist.

use crate::TestbedError;
use crate::builder::part;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::Ed25519KeyPair;
use axum::extract::{Query, State};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use http::StatusCode;
use jsonwebtoken::jwk::{Jwk, JwkSet};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};
use sha2::{Digest as _, Sha256};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use url::Url;

/// What the auth service is called at this provider.
pub(crate) const CLIENT_ID: &str = "goldenpath-auth";
const KID: &str = "provider-1";

/// A login under way: what the auth service asked for, and who logged in.
#[derive(Debug, Clone)]
struct Login {
    user: String,
    nonce: String,
    challenge: String,
    redirect_uri: String,
}

struct Shared {
    issuer: String,
    secret: String,
    key: EncodingKey,
    public: Jwk,
    /// Who logs in next.
    visitor: Mutex<String>,
    logins: Mutex<HashMap<String, Login>>,
}

/// A provider on a loopback port. Dropping it stops it.
#[must_use = "the provider stops when this is dropped"]
pub struct IdentityProvider {
    shared: Arc<Shared>,
    serving: JoinHandle<()>,
}

impl std::fmt::Debug for IdentityProvider {
    // By hand: it holds keys.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdentityProvider").field("issuer", &self.shared.issuer).finish_non_exhaustive()
    }
}

impl IdentityProvider {
    pub(crate) async fn start() -> Result<Self, TestbedError> {
        let random = SystemRandom::new();
        let der = Ed25519KeyPair::generate_pkcs8v1(&random).map_err(part("provider's key"))?;
        let key = EncodingKey::from_ed_der(der.as_ref());
        let mut public = Jwk::from_encoding_key(&key, Algorithm::EdDSA).map_err(part("provider's key"))?;
        public.common.key_id = Some(KID.to_owned());
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(part("provider"))?;
        let issuer = format!("http://{}", listener.local_addr().map_err(part("provider"))?);
        let shared = Arc::new(Shared {
            issuer,
            secret: uuid::Uuid::new_v4().simple().to_string(),
            key,
            public,
            visitor: Mutex::new("visitor".to_owned()),
            logins: Mutex::default(),
        });
        let router = Router::new()
            .route("/.well-known/openid-configuration", get(discovery))
            .route("/keys", get(keys))
            .route("/authorize", get(authorize))
            .route("/token", post(token))
            .with_state(Arc::clone(&shared));
        let serving = tokio::spawn(async move {
            // Ends with the task.
            let _ = axum::serve(listener, router).await;
        });
        Ok(Self { shared, serving })
    }

    /// Its name.
    #[must_use]
    pub fn issuer(&self) -> &str {
        &self.shared.issuer
    }

    pub(crate) fn secret(&self) -> &str {
        &self.shared.secret
    }

    /// An ID token for `user`, with these claims over the usual ones.
    ///
    /// # Panics
    /// When signing fails, which would be the double's own bug.
    #[must_use]
    pub fn id_token(&self, user: &str, claims: &Map<String, Value>) -> String {
        self.shared.id_token(user, claims)
    }

    /// Who logs in next.
    pub fn expect_visit_of(&self, user: &str) {
        *lock(&self.shared.visitor) = user.to_owned();
    }
}

impl Drop for IdentityProvider {
    fn drop(&mut self) {
        self.serving.abort();
    }
}

impl Shared {
    fn id_token(&self, user: &str, claims: &Map<String, Value>) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let mut all = json!({"iss": self.issuer, "aud": CLIENT_ID, "sub": user, "iat": now, "exp": now + 300,
            "tier": "mid"});
        if let Some(all) = all.as_object_mut() {
            all.extend(claims.clone());
        }
        let mut header = Header::new(Algorithm::EdDSA);
        header.kid = Some(KID.to_owned());
        match jsonwebtoken::encode(&header, &all, &self.key) {
            Ok(token) => token,
            Err(why) => panic!("the provider signs no ID token: {why}"),
        }
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

async fn discovery(State(shared): State<Arc<Shared>>) -> Json<Value> {
    let issuer = &shared.issuer;
    Json(json!({
        "issuer": issuer,
        "authorization_endpoint": format!("{issuer}/authorize"),
        "token_endpoint": format!("{issuer}/token"),
        "jwks_uri": format!("{issuer}/keys"),
    }))
}

async fn keys(State(shared): State<Arc<Shared>>) -> Json<JwkSet> {
    Json(JwkSet { keys: vec![shared.public.clone()] })
}

/// Logs the next visitor in at once.
async fn authorize(
    State(shared): State<Arc<Shared>>,
    Query(asked): Query<HashMap<String, String>>,
) -> Response {
    let get = |name: &str| asked.get(name).cloned().unwrap_or_default();
    let right = get("client_id") == CLIENT_ID
        && get("response_type") == "code"
        && get("code_challenge_method") == "S256"
        && get("scope").split(' ').any(|word| word == "openid");
    let Some(mut back) = Url::parse(&get("redirect_uri")).ok().filter(|_| right) else {
        return StatusCode::BAD_REQUEST.into_response();
    };
    let code = uuid::Uuid::new_v4().simple().to_string();
    let login = Login {
        user: lock(&shared.visitor).clone(),
        nonce: get("nonce"),
        challenge: get("code_challenge"),
        redirect_uri: get("redirect_uri"),
    };
    lock(&shared.logins).insert(code.clone(), login);
    back.query_pairs_mut()
        .append_pair("code", &code)
        .append_pair("state", &get("state"))
        .append_pair("iss", &shared.issuer);
    Redirect::to(back.as_str()).into_response()
}

/// Redeems a code, once, from who began the login and can prove both.
async fn token(State(shared): State<Arc<Shared>>, headers: http::HeaderMap, body: String) -> Response {
    let form: HashMap<String, String> = url::form_urlencoded::parse(body.as_bytes()).into_owned().collect();
    let get = |name: &str| form.get(name).map(String::as_str).unwrap_or_default();
    let basic = base64::engine::general_purpose::STANDARD.encode(format!("{CLIENT_ID}:{}", shared.secret));
    let proven = headers
        .get(http::header::AUTHORIZATION)
        .is_some_and(|value| value.as_bytes() == format!("Basic {basic}").as_bytes());
    let login = lock(&shared.logins).remove(get("code"));
    let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(get("code_verifier")));
    match login {
        Some(login)
            if proven && login.challenge == challenge && login.redirect_uri == get("redirect_uri") =>
        {
            let mut claims = Map::new();
            claims.insert("nonce".to_owned(), login.nonce.into());
            let id_token = shared.id_token(&login.user, &claims);
            Json(json!({"access_token": "opaque", "token_type": "Bearer", "id_token": id_token}))
                .into_response()
        }
        _ => (StatusCode::BAD_REQUEST, Json(json!({"error": "invalid_grant"}))).into_response(),
    }
}
