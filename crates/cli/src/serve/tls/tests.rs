//! Files that are right, wrong, and renewed.

use super::{Certificate, load};
use crate::args::ServeTlsArgs;
use crate::exit::CommandError;
use rcgen::{CertificateParams, KeyPair};
use std::fs;
use std::path::PathBuf;
use tempfile::TempDir;

/// A folder with `cert.pem` and `key.pem`, which fit.
struct Files(TempDir);

impl Files {
    fn make() -> Self {
        let files = Self(tempfile::tempdir().unwrap());
        files.renew(true);
        files
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// Another certificate, with or without its key.
    fn renew(&self, key_too: bool) {
        let key = KeyPair::generate().unwrap();
        let cert = CertificateParams::new(["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
        fs::write(self.path("cert.pem"), cert.pem()).unwrap();
        if key_too {
            fs::write(self.path("key.pem"), key.serialize_pem()).unwrap();
        }
    }

    fn args(&self) -> ServeTlsArgs {
        ServeTlsArgs { tls_cert: Some(self.path("cert.pem")), tls_key: Some(self.path("key.pem")) }
    }

    /// Why they are refused.
    fn refusal(&self) -> String {
        refusal(&self.args())
    }
}

fn refusal(args: &ServeTlsArgs) -> String {
    match load(args) {
        Err(CommandError::Usage(why)) => why,
        other => panic!("expected a refusal, got {other:?}"),
    }
}

#[tokio::test]
async fn both_files_or_none() {
    let files = Files::make();
    assert!(load(&ServeTlsArgs::default()).unwrap().is_none());
    let config = load(&files.args()).unwrap().unwrap();
    assert_eq!(config.alpn_protocols, [b"http/1.1"]);
    let alone = refusal(&ServeTlsArgs { tls_key: None, ..files.args() });
    assert!(alone.contains("cert.pem` is given alone (hint: `--tls-key`"), "{alone}");
    let alone = refusal(&ServeTlsArgs { tls_cert: None, ..files.args() });
    assert!(alone.contains("key.pem` is given alone (hint: `--tls-cert`"), "{alone}");
}

#[tokio::test]
async fn a_file_that_cannot_be_meant_is_named_with_what_it_lacks() {
    let files = Files::make();
    fs::rename(files.path("cert.pem"), files.path("key-less.pem")).unwrap();
    assert!(files.refusal().contains("cert.pem`: No such file"), "{}", files.refusal());
    fs::copy(files.path("key.pem"), files.path("cert.pem")).unwrap();
    assert!(files.refusal().contains("cert.pem` holds no certificate (hint: PEM"), "{}", files.refusal());
    fs::write(files.path("cert.pem"), "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
        .unwrap();
    assert!(files.refusal().contains("failed to use the certificate"), "{}", files.refusal());
    fs::copy(files.path("key-less.pem"), files.path("cert.pem")).unwrap();
    fs::copy(files.path("key-less.pem"), files.path("key.pem")).unwrap();
    assert!(files.refusal().contains("key.pem` holds no key"), "{}", files.refusal());
    fs::write(files.path("key.pem"), "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        .unwrap();
    assert!(files.refusal().contains("failed to use the key"), "{}", files.refusal());
}

#[tokio::test]
async fn a_key_that_does_not_fit_is_told_with_both_names() {
    let files = Files::make();
    files.renew(false);
    let why = files.refusal();
    assert!(why.contains("key.pem` is not that of the certificate") && why.contains("cert.pem"), "{why}");
}

#[test]
fn a_renewed_certificate_is_shown_once_its_key_is_there() {
    let files = Files::make();
    let certificate = Certificate::load(files.path("cert.pem"), files.path("key.pem")).unwrap();
    let shown = || certificate.shown.read().unwrap().cert.clone();
    let first = shown();
    assert_eq!(certificate.look(), Ok(false));
    files.renew(false);
    certificate.look().unwrap_err();
    assert_eq!(shown(), first, "half a renewal is none");
    files.renew(true);
    assert_eq!(certificate.look(), Ok(true));
    let second = shown();
    assert_ne!(second, first);
    fs::remove_file(files.path("key.pem")).unwrap();
    certificate.look().unwrap_err();
    assert_eq!(shown(), second, "files that are gone take nothing with them");
}
