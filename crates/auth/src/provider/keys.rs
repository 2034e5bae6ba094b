//! The keys that a provider signs ID tokens with, each for one algorithm.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// Keys looked at in one set.
const MAX_KEYS: usize = 64;

/// A public key of the provider.
pub(super) struct ProviderKey {
    kid: Option<String>,
    pub(super) algorithm: Algorithm,
    pub(super) decoding: DecodingKey,
}

impl fmt::Debug for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ProviderKey").field("kid", &self.kid).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct KeySet {
    keys: Vec<Value>,
}

/// The keys of a JWK Set that can verify signatures.
pub(super) fn read(json: &[u8]) -> Result<Vec<ProviderKey>, String> {
    let set: KeySet = serde_json::from_slice(json).map_err(|why| format!("it is no JWK Set: {why}"))?;
    let keys: Vec<ProviderKey> = set.keys.into_iter().take(MAX_KEYS).filter_map(key).collect();
    if keys.is_empty() { Err("it holds no key that can be used".to_owned()) } else { Ok(keys) }
}

/// The key of this name; a token that names none means the only one there is.
pub(super) fn find<'a>(keys: &'a [ProviderKey], kid: Option<&str>) -> Option<&'a ProviderKey> {
    match (keys, kid) {
        ([only], None) => Some(only),
        (_, None) => None,
        (keys, Some(_)) => keys.iter().find(|key| key.kid.as_deref() == kid),
    }
}

fn key(value: Value) -> Option<ProviderKey> {
    let jwk: Jwk = serde_json::from_value(value).ok()?;
    if jwk.common.public_key_use.as_ref().is_some_and(|use_| *use_ != PublicKeyUse::Signature) {
        return None;
    }
    // By the kind of the key, so that what a token says of itself decides nothing. A secret is no public key.
    let algorithm = match (&jwk.algorithm, jwk.common.key_algorithm) {
        (AlgorithmParameters::RSA(_), None | Some(KeyAlgorithm::RS256)) => Algorithm::RS256,
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS384)) => Algorithm::RS384,
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::RS512)) => Algorithm::RS512,
        (AlgorithmParameters::RSA(_), Some(KeyAlgorithm::PS256)) => Algorithm::PS256,
        (AlgorithmParameters::EllipticCurve(curve), _) if curve.curve == EllipticCurve::P256 => {
            Algorithm::ES256
        }
        (AlgorithmParameters::OctetKeyPair(pair), _) if pair.curve == EllipticCurve::Ed25519 => {
            Algorithm::EdDSA
        }
        _ => return None,
    };
    let decoding = DecodingKey::from_jwk(&jwk).ok()?;
    Some(ProviderKey { kid: jwk.common.key_id, algorithm, decoding })
}
