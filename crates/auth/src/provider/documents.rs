//! HTTP to the provider: small answers, soon, and no redirect.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE};
use std::time::Duration;
use url::Url;

/// How long one request may take.
const DEADLINE: Duration = Duration::from_secs(5);
/// The longest answer.
const MAX_BYTES: usize = 256 * 1024;

#[derive(Debug)]
pub(super) struct Documents(reqwest::Client);

impl Documents {
    pub(super) fn new(over_tls: bool) -> Result<Self, String> {
        let mut builder = reqwest::Client::builder()
            .timeout(DEADLINE)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("goldenpath/", env!("CARGO_PKG_VERSION")));
        if !over_tls {
            // Without TLS no roots are needed, and a machine may have none.
            builder = builder.tls_certs_only([]);
        }
        builder.build().map(Self).map_err(|why| why.to_string())
    }

    pub(super) async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        self.answer(url, self.0.get(url.clone())).await
    }

    /// Posts a form, with credentials as RFC 6749, 2.3.1, has them: each form-encoded before they are joined.
    pub(super) async fn post_form(
        &self,
        url: &Url,
        form: String,
        credentials: Option<(&str, &str)>,
    ) -> Result<Vec<u8>, String> {
        let mut request = self
            .0
            .post(url.clone())
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json")
            .body(form);
        if let Some((id, secret)) = credentials {
            let encoded =
                |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let pair = format!("{}:{}", encoded(id), encoded(secret));
            request = request.header(AUTHORIZATION, format!("Basic {}", STANDARD.encode(pair)));
        }
        self.answer(url, request).await
    }

    async fn answer(&self, url: &Url, request: reqwest::RequestBuilder) -> Result<Vec<u8>, String> {
        let refuse = |why: &dyn std::fmt::Display| format!("`{}`: {why}", url.path());
        let mut answer = request.send().await.map_err(|why| refuse(&why.without_url()))?;
        if answer.status() != http::StatusCode::OK {
            return Err(refuse(&format!("the answer was {}", answer.status())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(|why| refuse(&why.without_url()))? {
            if body.len() + chunk.len() > MAX_BYTES {
                return Err(refuse(&format!("the answer is longer than {MAX_BYTES} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}
