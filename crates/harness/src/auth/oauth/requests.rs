//! What is asked of an issuer over HTTP, and what of its answers is looked at.

use super::{Asked, OAuthGrant, OAuthSettings};
use crate::auth::{AuthError, Token};
use crate::probe::chain;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use reqwest::RequestBuilder;
use serde::Deserialize;
use std::time::Duration;
use tokio::sync::OnceCell;
use url::Url;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(10);
/// The longest answer.
const MAX_BYTES: usize = 256 << 10;
/// The most of a refusal that is told.
const MAX_TOLD: usize = 300;

/// Asks an issuer.
pub(super) struct Requests {
    http: reqwest::Client,
    /// Where tokens are revoked, if the issuer says; asked once.
    revocation_url: OnceCell<Option<Url>>,
}

#[derive(Deserialize)]
struct Answer {
    access_token: String,
    #[serde(default)]
    expires_in: Option<u64>,
}

#[derive(Deserialize)]
struct Metadata {
    token_endpoint: String,
    #[serde(default)]
    revocation_endpoint: Option<String>,
}

fn failed(url: &Url, why: impl Into<String>) -> AuthError {
    AuthError::Issuer {
        url: format!("{}{}", url.origin().ascii_serialization(), url.path()),
        why: why.into(),
    }
}

impl Requests {
    pub(super) fn new(settings: &OAuthSettings) -> Result<Self, AuthError> {
        let refuse =
            |why: reqwest::Error| failed(&settings.token_url, format!("failed to set up HTTP: {why}"));
        let mut builder =
            reqwest::Client::builder().timeout(DEADLINE).redirect(reqwest::redirect::Policy::none());
        if let Some(pem) = &settings.ca_pem {
            builder = builder.tls_certs_only(reqwest::Certificate::from_pem_bundle(pem).map_err(refuse)?);
        } else if settings.token_url.scheme() == "http" {
            // Without TLS no roots are needed, and a machine may have none.
            builder = builder.tls_certs_only([]);
        }
        Ok(Self { http: builder.build().map_err(refuse)?, revocation_url: OnceCell::new() })
    }

    /// A token and, if the issuer says, how long it is good.
    pub(super) async fn token(
        &self,
        settings: &OAuthSettings,
        asked: &Asked,
    ) -> Result<(Token, Option<Duration>), AuthError> {
        let url = &settings.token_url;
        let mut fields: Vec<(&str, &str)> = match settings.grant {
            OAuthGrant::ClientCredentials => vec![("grant_type", "client_credentials")],
            OAuthGrant::TokenExchange => {
                vec![("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange")]
            }
        };
        match (asked, &settings.user_field) {
            (Asked::Exchanged(token), _) => fields.extend([
                ("subject_token", token.reveal()),
                ("subject_token_type", "urn:ietf:params:oauth:token-type:id_token"),
            ]),
            (Asked::Named(name), Some(field)) => fields.push((field, name)),
            _ => {}
        }
        fields.extend(settings.scope.as_deref().map(|scope| ("scope", scope)));
        fields.extend(settings.audience.as_deref().map(|audience| ("audience", audience)));
        let body = self.answer(url, self.form(url, settings, fields)).await?;
        let answer: Answer = serde_json::from_slice(&body)
            .map_err(|_| failed(url, "the answer holds no `access_token`".to_owned()))?;
        Ok((Token::new(answer.access_token), answer.expires_in.map(Duration::from_secs)))
    }

    /// Revokes a token (RFC 7009); gives the status.
    pub(super) async fn revoke(&self, settings: &OAuthSettings, token: &Token) -> Result<u16, AuthError> {
        let Some(url) = self.revocation_url(settings).await else {
            return Err(failed(&settings.token_url, "the issuer does not say where tokens are revoked"));
        };
        let request = self.form(&url, settings, vec![("token", token.reveal())]);
        let answer = request.send().await.map_err(|why| failed(&url, chain(&why.without_url())))?;
        Ok(answer.status().as_u16())
    }

    /// The same, as far as it was asked for.
    pub(super) fn known_revocation_url(&self) -> Option<&Url> {
        self.revocation_url.get()?.as_ref()
    }

    /// Where tokens are revoked, by the issuer's metadata (RFC 8414, or OpenID discovery).
    pub(super) async fn revocation_url(&self, settings: &OAuthSettings) -> Option<Url> {
        let look = async || {
            for name in ["oauth-authorization-server", "openid-configuration"] {
                let at = settings.token_url.join(&format!("/.well-known/{name}")).ok()?;
                let Ok(body) = self.answer(&at, self.http.get(at.clone())).await else { continue };
                let Ok(metadata) = serde_json::from_slice::<Metadata>(&body) else { continue };
                // A document of somebody else on the same host says nothing about our issuer.
                if metadata.token_endpoint == settings.token_url.as_str() {
                    return Url::parse(&metadata.revocation_endpoint?).ok();
                }
            }
            None
        };
        self.revocation_url.get_or_init(look).await.clone()
    }

    fn form<'a>(
        &self,
        url: &Url,
        settings: &'a OAuthSettings,
        mut fields: Vec<(&str, &'a str)>,
    ) -> RequestBuilder {
        let mut request = self.http.post(url.clone()).header(ACCEPT, "application/json");
        match &settings.client_secret {
            // Each form-encoded before they are joined (RFC 6749, 2.3.1).
            Some(secret) => {
                let encoded =
                    |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                let pair = format!("{}:{}", encoded(&settings.client_id), encoded(secret));
                request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
            }
            None => fields.push(("client_id", &settings.client_id)),
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        request.header(CONTENT_TYPE, "application/x-www-form-urlencoded").body(body)
    }

    async fn answer(&self, url: &Url, request: RequestBuilder) -> Result<Vec<u8>, AuthError> {
        let refuse = |why: reqwest::Error| failed(url, chain(&why.without_url()));
        let mut answer = request.send().await.map_err(refuse)?;
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(refuse)? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(failed(url, format!("the answer is longer than {MAX_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        if answer.status().is_success() {
            return Ok(body);
        }
        let told: String = String::from_utf8_lossy(&body).chars().take(MAX_TOLD).collect();
        Err(failed(url, format!("it answered {}: {}", answer.status(), goldenpath_history::redact(&told))))
    }
}
