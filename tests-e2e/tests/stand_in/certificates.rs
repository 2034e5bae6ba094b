//! An authority of the stand-in's own, and the certificate that it gave to `localhost`.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, KeyUsagePurpose};
use std::fs;
use std::path::{Path, PathBuf};

/// The name that the certificate is for.
pub(super) const NAME: &str = "localhost";

/// Files in PEM, in the folder of the stand-in.
pub(crate) struct Certificates {
    authority: PathBuf,
    certificate: PathBuf,
    key: PathBuf,
}

impl Certificates {
    /// Makes all of them anew.
    pub(crate) fn make(folder: &Path) -> Self {
        let mut params = CertificateParams::default();
        params.distinguished_name.push(DnType::CommonName, "the stand-in's authority");
        params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        let issuer = CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap();
        let key = KeyPair::generate().unwrap();
        let leaf = CertificateParams::new(vec![NAME.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let file = |name: &str, text: &str| {
            let path = folder.join(name);
            fs::write(&path, text).unwrap();
            path
        };
        Self {
            authority: file("authority.pem", &issuer.pem()),
            certificate: file("certificate.pem", &leaf.pem()),
            key: file("certificate-key.pem", &key.serialize_pem()),
        }
    }

    /// Whom to trust.
    pub(crate) fn authority(&self) -> &Path {
        &self.authority
    }

    pub(super) fn certificate(&self) -> &Path {
        &self.certificate
    }

    pub(super) fn key(&self) -> &Path {
        &self.key
    }
}
