//! The certificate that `serve` shows: read from files at the start, and again when they were renewed.

use crate::args::ServeTlsArgs;
use crate::exit::CommandError;
use rustls::crypto::{CryptoProvider, aws_lc_rs};
use rustls::pki_types::pem::{Error as PemError, PemObject as _};
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use rustls::{InconsistentKeys, ServerConfig};
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;

/// Between two looks whether the files were renewed: soon enough for who renews days before the end.
const LOOK: Duration = Duration::from_secs(30);

/// What is spoken inside TLS. A client that wants HTTP/2 alone learns it in the handshake.
const SPOKEN: &[u8] = b"http/1.1";

/// What the flags say about TLS; `None` where they say nothing.
pub(super) fn load(args: &ServeTlsArgs) -> Result<Option<Arc<ServerConfig>>, CommandError> {
    let (cert, key) = match (&args.tls_cert, &args.tls_key) {
        (None, None) => return Ok(None),
        (Some(cert), Some(key)) => (cert.clone(), key.clone()),
        (Some(cert), None) => return Err(alone("certificate", cert, "--tls-key", "GOLDENPATH_TLS_KEY")),
        (None, Some(key)) => return Err(alone("key", key, "--tls-cert", "GOLDENPATH_TLS_CERT")),
    };
    let certificate = Arc::new(Certificate::load(cert, key).map_err(CommandError::Usage)?);
    tokio::spawn(keep_fresh(Arc::downgrade(&certificate)));
    let mut config = ServerConfig::builder_with_provider(provider())
        .with_safe_default_protocol_versions()
        .map_err(|why| CommandError::Usage(format!("failed to set up TLS: {why}")))?
        .with_no_client_auth()
        .with_cert_resolver(certificate);
    config.alpn_protocols = vec![SPOKEN.to_vec()];
    Ok(Some(Arc::new(config)))
}

fn alone(what: &str, file: &Path, flag: &str, variable: &str) -> CommandError {
    let file = file.display();
    CommandError::Usage(format!("the {what} `{file}` is given alone (hint: `{flag}`, or {variable}, too)"))
}

fn provider() -> Arc<CryptoProvider> {
    Arc::new(aws_lc_rs::default_provider())
}

/// Looks again and again, until nobody shows the certificate any more.
async fn keep_fresh(certificate: Weak<Certificate>) {
    let mut well = true;
    loop {
        tokio::time::sleep(LOOK).await;
        let Some(certificate) = certificate.upgrade() else { return };
        let looked = certificate.look();
        match &looked {
            Ok(true) => tracing::info!(file = %certificate.cert.display(), "the certificate was renewed"),
            Ok(false) => {}
            // Said once. Between the renewal of the one file and the other they do not fit, for a moment.
            Err(why) if well => tracing::warn!(%why, "the certificate known so far stays in use"),
            Err(_) => {}
        }
        well = looked.is_ok();
    }
}

/// A certificate with its key, as the files said when they last fitted together.
#[derive(Debug)]
struct Certificate {
    cert: PathBuf,
    key: PathBuf,
    shown: RwLock<Arc<CertifiedKey>>,
}

impl Certificate {
    fn load(cert: PathBuf, key: PathBuf) -> Result<Self, String> {
        let shown = RwLock::new(Arc::new(read(&cert, &key)?));
        Ok(Self { cert, key, shown })
    }

    /// Reads the files again; gives whether they hold another certificate, which is shown from now on.
    fn look(&self) -> Result<bool, String> {
        let read = read(&self.cert, &self.key)?;
        let mut shown = self.shown.write().unwrap_or_else(PoisonError::into_inner);
        let renewed = shown.cert != read.cert;
        if renewed {
            *shown = Arc::new(read);
        }
        Ok(renewed)
    }
}

impl ResolvesServerCert for Certificate {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

fn read(cert: &Path, key: &Path) -> Result<CertifiedKey, String> {
    let chain = CertificateDer::pem_file_iter(cert)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(|why| failed("certificate", cert, &why, "-----BEGIN CERTIFICATE-----"))?;
    if chain.is_empty() {
        return Err(failed("certificate", cert, &PemError::NoItemsFound, "-----BEGIN CERTIFICATE-----"));
    }
    let private = PrivateKeyDer::from_pem_file(key)
        .map_err(|why| failed("key", key, &why, "-----BEGIN PRIVATE KEY-----"))?;
    let signing = provider().key_provider.load_private_key(private).map_err(|why| {
        format!("failed to use the key `{}`: {why} (hint: ECDSA, Ed25519 and RSA are known)", key.display())
    })?;
    let certified = CertifiedKey::new(chain, signing);
    match certified.keys_match() {
        // A kind of key that cannot be compared is for the handshake to try.
        Ok(()) | Err(rustls::Error::InconsistentKeys(InconsistentKeys::Unknown)) => Ok(certified),
        Err(rustls::Error::InconsistentKeys(_)) => Err(format!(
            "the key `{}` is not that of the certificate `{}` (hint: the file begins with the server's own certificate, its \
             authorities follow)",
            key.display(),
            cert.display()
        )),
        Err(why) => Err(format!(
            "failed to use the certificate `{}`: {why} (hint: PEM, X.509 version 3)",
            cert.display()
        )),
    }
}

fn failed(what: &str, file: &Path, why: &PemError, wanted: &str) -> String {
    let file = file.display();
    match why {
        PemError::Io(why) => format!("failed to read the {what} `{file}`: {why}"),
        PemError::NoItemsFound => {
            format!("the file `{file}` holds no {what} (hint: PEM, a block that begins with `{wanted}`)")
        }
        why => format!("failed to read the {what} `{file}`: {why} (hint: PEM, `{wanted}`)"),
    }
}

#[cfg(test)]
mod tests;
