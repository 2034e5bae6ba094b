//! New private keys, as PKCS#8 in PEM.

use crate::config::SigningAlgorithm;
use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// Characters of a line (RFC 7468).
const LINE: usize = 64;

/// A new key; `None` when the system makes none.
pub(super) fn pem(algorithm: SigningAlgorithm) -> Option<String> {
    let random = SystemRandom::new();
    let der: Vec<u8> = match algorithm {
        // Version 1, without the public half: what readers of PEM expect.
        SigningAlgorithm::EdDSA => Ed25519KeyPair::generate_pkcs8v1(&random).ok()?.as_ref().to_vec(),
        SigningAlgorithm::ES256 => {
            EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).ok()?.as_ref().to_vec()
        }
        SigningAlgorithm::RS256 => {
            let pair = RsaKeyPair::generate(KeySize::Rsa3072).ok()?;
            let der: Pkcs8V1Der<'_> = pair.as_der().ok()?;
            der.as_ref().to_vec()
        }
    };
    let text = STANDARD.encode(der);
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    for line in text.as_bytes().chunks(LINE) {
        // Base64 is ASCII.
        pem.push_str(std::str::from_utf8(line).ok()?);
        pem.push('\n');
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Some(pem)
}
