//! Reads JSON documents of the issuer: small, soon, from the address given and from no other.

use std::time::Duration;
use url::Url;

/// A document that could not be read; never holds what the document said.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("failed to read `{url}`: {why}")]
pub struct DocumentError {
    /// The address, without user and password.
    pub url: String,
    /// Why.
    pub why: String,
}

/// Reads documents over HTTP.
#[derive(Debug, Clone)]
pub(super) struct Documents {
    http: reqwest::Client,
    most_bytes: usize,
}

impl Documents {
    /// A reader of documents up to `most_bytes`, each within `deadline`, from who is known to the certificates in `ca_pem`, else to
    /// the system's. Follows no redirect: who answers for the issuer is not for an answer to say.
    pub(super) fn new(
        url: &Url,
        ca_pem: Option<&[u8]>,
        deadline: Duration,
        most_bytes: usize,
    ) -> Result<Self, DocumentError> {
        if !matches!(url.scheme(), "http" | "https") || url.host_str().is_none() {
            return Err(failed(url, "it is no `http` or `https` address"));
        }
        let mut builder = reqwest::Client::builder()
            .timeout(deadline)
            .redirect(reqwest::redirect::Policy::none())
            .user_agent(concat!("goldenpath/", env!("CARGO_PKG_VERSION")));
        if url.scheme() == "http" {
            // Without TLS no roots are needed, and a machine may have none.
            builder = builder.tls_certs_only([]);
        } else if let Some(pem) = ca_pem {
            let authorities =
                reqwest::Certificate::from_pem_bundle(pem).map_err(|why| failed(url, &chain(&why)))?;
            if authorities.is_empty() {
                return Err(failed(url, "no certificate was given whose issuer could be trusted"));
            }
            builder = builder.tls_certs_only(authorities);
        }
        let http = builder.build().map_err(|why| failed(url, &chain(&why)))?;
        Ok(Self { http, most_bytes })
    }

    /// The document at `url`.
    pub(super) async fn read(&self, url: &Url) -> Result<Vec<u8>, DocumentError> {
        let refuse = |why: reqwest::Error| failed(url, &chain(&why.without_url()));
        let mut answer = self.http.get(url.clone()).send().await.map_err(refuse)?;
        if answer.status() != http::StatusCode::OK {
            return Err(failed(url, &format!("the answer was {}", answer.status())));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(refuse)? {
            if body.len() + chunk.len() > self.most_bytes {
                return Err(failed(url, &format!("it is longer than {} bytes", self.most_bytes)));
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }
}

pub(super) fn failed(url: &Url, why: &str) -> DocumentError {
    let mut shown = url.clone();
    // Neither can fail where there is a host, and without one there is no user.
    let _ = shown.set_username("");
    let _ = shown.set_password(None);
    shown.set_query(None);
    DocumentError { url: shown.to_string(), why: why.to_owned() }
}

/// An error with its causes, which reqwest's own text leaves out.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        text.push_str(": ");
        text.push_str(&inner.to_string());
        cause = inner.source();
    }
    text
}
