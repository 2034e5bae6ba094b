//! The way to the backend: TCP, and TLS where its address asks for it.

use super::ProxyError;
use super::io::{Ending, Io, Socket};
use http::Uri;
use http::uri::Authority;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

/// How long a connection to the backend may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Where the backend is.
#[derive(Clone)]
pub(super) struct Upstream {
    host: String,
    port: u16,
    authority: Authority,
    path: String,
    tls: Option<(TlsConnector, ServerName<'static>)>,
}

impl Upstream {
    /// Reads an address; `ca` holds PEM certificates to trust instead of the system's.
    pub(super) fn new(url: &str, ca: Option<&[u8]>, tls_ends_here: bool) -> Result<Self, ProxyError> {
        let wrong = |why: &str| ProxyError::Upstream { url: url.to_owned(), why: why.to_owned() };
        let uri: Uri = url.parse().map_err(|_| wrong("it is no URL"))?;
        let secure = match uri.scheme_str() {
            Some("ws" | "http") => false,
            Some("wss" | "https") => true,
            _ => return Err(wrong("valid: `ws://`, `wss://`, `http://` and `https://`")),
        };
        let authority = uri.authority().cloned().ok_or_else(|| wrong("it names no host"))?;
        if authority.as_str().contains('@') {
            return Err(wrong("it holds a user or a password"));
        }
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = authority.port_u16().unwrap_or(if secure { 443 } else { 80 });
        let tls = if secure && tls_ends_here {
            let name =
                ServerName::try_from(host.clone()).map_err(|_| wrong("its host is no name for TLS"))?;
            Some((connector(ca)?, name))
        } else {
            None
        };
        Ok(Self { host, port, authority, path: uri.path().to_owned(), tls })
    }

    /// What requests call it in `Host`.
    pub(super) fn authority(&self) -> &str {
        self.authority.as_str()
    }

    /// The path of its address.
    pub(super) fn path(&self) -> &str {
        &self.path
    }

    /// A connection below TLS.
    pub(super) async fn connect_tcp(&self) -> io::Result<Socket> {
        let connecting = TcpStream::connect((self.host.as_str(), self.port));
        let stream = tokio::time::timeout(CONNECT, connecting)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no connection to the backend in time"))??;
        Ok(Socket::new(stream))
    }

    /// A connection that HTTP can be spoken on.
    pub(super) async fn connect(&self) -> io::Result<(Box<dyn Io>, Ending)> {
        let socket = self.connect_tcp().await?;
        let ending = socket.ending();
        let Some((connector, name)) = &self.tls else { return Ok((Box::new(socket), ending)) };
        let shaking = connector.connect(name.clone(), socket);
        let stream = tokio::time::timeout(CONNECT, shaking)
            .await
            .map_err(|_| io::Error::new(io::ErrorKind::TimedOut, "no TLS with the backend in time"))??;
        Ok((Box::new(stream), ending))
    }
}

fn connector(ca: Option<&[u8]>) -> Result<TlsConnector, ProxyError> {
    let tls = |why: &dyn std::fmt::Display| ProxyError::Tls(why.to_string());
    let mut roots = RootCertStore::empty();
    match ca {
        Some(pem) => {
            for certificate in CertificateDer::pem_slice_iter(pem) {
                roots.add(certificate.map_err(|why| tls(&why))?).map_err(|why| tls(&why))?;
            }
        }
        None => {
            let found = rustls_native_certs::load_native_certs();
            roots.add_parsable_certificates(found.certs);
        }
    }
    if roots.is_empty() {
        return Err(tls(&"there is no certificate to trust"));
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|why| tls(&why))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(TlsConnector::from(Arc::new(config)))
}
