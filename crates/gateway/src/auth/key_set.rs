//! The keys that tokens may be signed with: one secret, or what an issuer publishes as a JWK Set (RFC 7517).
//!
//! Each key carries its one algorithm. A published key is never used as an HMAC secret, and a secret in a published set
//! is no key: whoever reads the set could sign with it.

use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, KeyOperations, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;
use std::fmt;

/// Keys looked at in one set; issuers publish two or three.
const MAX_KEYS: usize = 64;
/// The shortest RSA modulus (RFC 7518, 3.3), bytes.
const MIN_MODULUS_BYTES: usize = 256;

/// A key and the one algorithm it is for.
#[derive(Clone)]
pub(super) struct VerifyingKey {
    id: Option<String>,
    algorithm: Algorithm,
    decoding: DecodingKey,
}

impl fmt::Debug for VerifyingKey {
    // By hand: the key must never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifyingKey")
            .field("id", &self.id)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl VerifyingKey {
    pub(super) fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    pub(super) fn decoding(&self) -> &DecodingKey {
        &self.decoding
    }
}

/// The keys of one issuer.
#[derive(Debug, Clone)]
pub struct KeySet {
    keys: Vec<VerifyingKey>,
}

/// A published document holds no key that tokens can be verified with.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum KeySetError {
    /// It is no JWK Set.
    #[error("it is no JWK Set: {0}")]
    NotAKeySet(String),
    /// It holds none that can be used; says why each cannot.
    #[error("it holds no key that can be used ({})", .0.join("; "))]
    NoKey(Vec<String>),
    /// Two keys have one name.
    #[error("two keys have the id `{0}`")]
    SameName(String),
}

#[derive(Deserialize)]
struct Document {
    keys: Vec<Value>,
}

impl KeySet {
    /// One secret for every token, whatever key it names.
    #[must_use]
    pub fn hs256(secret: &[u8]) -> Self {
        let decoding = DecodingKey::from_secret(secret);
        Self { keys: vec![VerifyingKey { id: None, algorithm: Algorithm::HS256, decoding }] }
    }

    /// The keys of a JWK Set: Ed25519 for EdDSA, RSA of 2048 bits and more for RS256, P-256 for ES256. Others, and those that
    /// are not for signatures, are left out.
    ///
    /// # Errors
    /// [`KeySetError`] when none is left, or one name means two keys.
    pub fn from_json(json: &[u8]) -> Result<Self, KeySetError> {
        let document: Document =
            serde_json::from_slice(json).map_err(|why| KeySetError::NotAKeySet(why.to_string()))?;
        let (mut keys, mut left_out) = (Vec::<VerifyingKey>::new(), Vec::new());
        for value in document.keys.into_iter().take(MAX_KEYS) {
            match published(value) {
                Ok(key) if keys.iter().any(|known| known.id == key.id) => {
                    return Err(KeySetError::SameName(key.id.unwrap_or_default()));
                }
                Ok(key) => keys.push(key),
                Err(why) => left_out.push(why),
            }
        }
        if keys.is_empty() {
            return Err(KeySetError::NoKey(left_out));
        }
        Ok(Self { keys })
    }

    /// The key of this name. A key without one is found by any, and a token without one means the only key there is.
    pub(super) fn find(&self, id: Option<&str>) -> Option<&VerifyingKey> {
        match (self.keys.as_slice(), id) {
            ([only], None) => Some(only),
            ([only], Some(_)) if only.id.is_none() => Some(only),
            (_, None) => None,
            (keys, Some(id)) => keys.iter().find(|key| key.id.as_deref() == Some(id)),
        }
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// A published key, or why it is of no use.
fn published(value: Value) -> Result<VerifyingKey, String> {
    let named = value.get("kid").and_then(Value::as_str).map_or_else(String::new, |kid| {
        let kid: String = kid.chars().take(80).collect();
        format!("`{kid}`: ")
    });
    let refuse = |why: &str| Err(format!("{named}{why}"));
    let Ok(jwk) = serde_json::from_value::<Jwk>(value) else { return refuse("it is no JWK") };
    let common = &jwk.common;
    if common.public_key_use.as_ref().is_some_and(|use_| *use_ != PublicKeyUse::Signature) {
        return refuse("it is not for signatures");
    }
    if common.key_operations.as_ref().is_some_and(|all| !all.contains(&KeyOperations::Verify)) {
        return refuse("it is not to verify with");
    }
    let Some(id) = common.key_id.clone().filter(|id| !id.is_empty()) else {
        return refuse("a key has no `kid`");
    };
    let (algorithm, said) = match &jwk.algorithm {
        AlgorithmParameters::OctetKeyPair(pair) if pair.curve == EllipticCurve::Ed25519 => {
            (Algorithm::EdDSA, KeyAlgorithm::EdDSA)
        }
        AlgorithmParameters::EllipticCurve(curve) if curve.curve == EllipticCurve::P256 => {
            (Algorithm::ES256, KeyAlgorithm::ES256)
        }
        AlgorithmParameters::RSA(rsa) => {
            // Three bytes for four characters.
            if rsa.n.trim_start_matches('A').len() * 3 / 4 < MIN_MODULUS_BYTES {
                return refuse("its modulus is shorter than 2048 bits");
            }
            (Algorithm::RS256, KeyAlgorithm::RS256)
        }
        AlgorithmParameters::OctetKey(_) => return refuse("it is a secret, and published"),
        _ => return refuse("its kind is none of Ed25519, RSA, P-256"),
    };
    if common.key_algorithm.is_some_and(|alg| alg != said) {
        return refuse("it is for an algorithm that is none of EdDSA, RS256, ES256");
    }
    match DecodingKey::from_jwk(&jwk) {
        Ok(decoding) => Ok(VerifyingKey { id: Some(id), algorithm, decoding }),
        Err(why) => refuse(&why.to_string()),
    }
}

#[cfg(test)]
pub(super) mod tests;
