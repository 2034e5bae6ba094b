//! The backend under test: where it is, and how to reach it in time.

use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls::{ClientConfig, RootCertStore};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;
use url::Url;

/// How long a connection may take, from the first packet to the upgrade.
const CONNECT_DEADLINE: Duration = Duration::from_secs(10);

/// A backend under test.
#[derive(Debug, Clone)]
pub struct Target {
    ws: Url,
    http: Url,
    metrics: Option<Url>,
    pid: Option<u32>,
    profile: String,
    connect_deadline: Duration,
    tls: Option<Arc<ClientConfig>>,
    ca_pem: Option<Arc<[u8]>>,
}

/// An address that cannot be a target.
#[derive(Debug, thiserror::Error)]
pub enum TargetError {
    /// Not a URL at all.
    #[error("`{url}` is no URL: {why} (hint: `ws://localhost:8000/ws`)")]
    NotAUrl {
        /// What was given.
        url: String,
        /// What is wrong.
        why: url::ParseError,
    },
    /// A scheme that cannot be driven.
    #[error("`{url}` has the scheme `{scheme}`; valid are `ws` and `wss`")]
    Scheme {
        /// What was given.
        url: String,
        /// Its scheme.
        scheme: String,
    },
    /// No host.
    #[error("`{0}` names no host")]
    NoHost(String),
    /// The file of certificates cannot be used.
    #[error("failed to use the certificates in `{file}`: {why}")]
    Certificates {
        /// The file.
        file: String,
        /// What is wrong.
        why: String,
    },
}

impl Target {
    /// A target by its WebSocket address; HTTP is expected beside it.
    ///
    /// # Errors
    /// When the address is no `ws` or `wss` URL with a host.
    pub fn new(url: &str) -> Result<Self, TargetError> {
        let ws = Url::parse(url).map_err(|why| TargetError::NotAUrl { url: url.to_owned(), why })?;
        let beside = match ws.scheme() {
            "ws" => "http",
            "wss" => "https",
            scheme => return Err(TargetError::Scheme { url: url.to_owned(), scheme: scheme.to_owned() }),
        };
        if ws.host_str().is_none_or(str::is_empty) {
            return Err(TargetError::NoHost(url.to_owned()));
        }
        let rest = &ws[url::Position::BeforeHost..url::Position::BeforePath];
        let http = Url::parse(&format!("{beside}://{rest}/"))
            .map_err(|why| TargetError::NotAUrl { url: url.to_owned(), why })?;
        if ws.scheme() == "wss" {
            // One provider for the process; whoever installed one before is as good.
            let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
        }
        Ok(Self {
            ws,
            http,
            metrics: None,
            pid: None,
            profile: "goldenpath".to_owned(),
            connect_deadline: CONNECT_DEADLINE,
            tls: None,
            ca_pem: None,
        })
    }

    /// Takes HTTP from elsewhere than beside the WebSocket.
    #[must_use]
    pub fn with_http(mut self, http: Url) -> Self {
        self.http = http;
        self
    }

    /// Reads its metrics from elsewhere than `/metrics`.
    #[must_use]
    pub fn with_metrics(mut self, metrics: Url) -> Self {
        self.metrics = Some(metrics);
        self
    }

    /// Names its process, where it runs on this machine.
    #[must_use]
    pub fn with_pid(mut self, pid: u32) -> Self {
        self.pid = Some(pid);
        self
    }

    /// Reads its frames by another profile.
    #[must_use]
    pub fn with_profile(mut self, profile: impl Into<String>) -> Self {
        self.profile = profile.into();
        self
    }

    /// Lets a connection take longer, or less long.
    #[must_use]
    pub fn with_connect_deadline(mut self, deadline: Duration) -> Self {
        self.connect_deadline = deadline;
        self
    }

    /// Trusts the certificates of this PEM file, and no others.
    ///
    /// # Errors
    /// When the file cannot be read or holds no certificate.
    pub fn with_ca_file(mut self, file: &Path) -> Result<Self, TargetError> {
        let refuse = |why: String| TargetError::Certificates { file: file.display().to_string(), why };
        let pem = std::fs::read(file).map_err(|why| refuse(why.to_string()))?;
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(&pem) {
            let certificate = certificate.map_err(|why| refuse(why.to_string()))?;
            roots.add(certificate).map_err(|why| refuse(why.to_string()))?;
        }
        if roots.is_empty() {
            return Err(refuse("it holds no certificate".to_owned()));
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|why| refuse(why.to_string()))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        self.tls = Some(Arc::new(config));
        self.ca_pem = Some(pem.into());
        Ok(self)
    }

    /// The WebSocket address.
    #[must_use]
    pub fn ws(&self) -> &Url {
        &self.ws
    }

    /// An address below the HTTP base.
    #[must_use]
    pub fn http(&self, path: &str) -> Url {
        let mut url = self.http.clone();
        let base = url.path().trim_end_matches('/').to_owned();
        url.set_path(&format!("{base}/{}", path.trim_start_matches('/')));
        url
    }

    /// Where its metrics are read.
    #[must_use]
    pub fn metrics(&self) -> Url {
        self.metrics.clone().unwrap_or_else(|| self.http("metrics"))
    }

    /// Its process, where known.
    #[must_use]
    pub fn pid(&self) -> Option<u32> {
        self.pid
    }

    /// The profile that reads its frames.
    #[must_use]
    pub fn profile(&self) -> &str {
        &self.profile
    }

    /// How long a connection may take.
    #[must_use]
    pub fn connect_deadline(&self) -> Duration {
        self.connect_deadline
    }

    /// Its address without user, password and query: safe to write down.
    #[must_use]
    pub fn safe_url(&self) -> String {
        format!("{}://{}", self.ws.scheme(), &self.ws[url::Position::BeforeHost..url::Position::AfterPath])
    }

    pub(crate) fn tls(&self) -> Option<Arc<ClientConfig>> {
        self.tls.clone()
    }

    pub(crate) fn ca_pem(&self) -> Option<&[u8]> {
        self.ca_pem.as_deref()
    }
}

#[cfg(test)]
mod tests {
    use super::{Target, TargetError};

    #[test]
    fn http_lies_beside_the_socket() {
        let target = Target::new("wss://user:secret@example.com:8443/ws?token=x").unwrap();
        assert_eq!(target.http("/runs/1").as_str(), "https://example.com:8443/runs/1");
        assert_eq!(target.metrics().as_str(), "https://example.com:8443/metrics");
        assert_eq!(target.safe_url(), "wss://example.com:8443/ws");
    }

    #[test]
    fn what_cannot_be_driven_is_refused_with_what_can() {
        assert!(matches!(Target::new("localhost"), Err(TargetError::NotAUrl { .. })));
        assert!(matches!(Target::new("ftp://x/"), Err(TargetError::Scheme { .. })));
    }
}
