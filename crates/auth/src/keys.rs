//! The keys that tokens are signed with: one signs, those before it are published until their tokens have expired.
//!
//! Generated keys lie in a directory, one file each (PKCS#8, PEM, mode 0600), and so outlive the process. Given ones are read
//! from files, the first of which signs.

mod files;
mod generate;

use crate::clock::{after, seconds};
use crate::config::SigningAlgorithm;
use goldenpath_protocol::Timestamp;
use jsonwebtoken::jwk::{Jwk, PublicKeyUse, ThumbprintHash};
use jsonwebtoken::{DecodingKey, EncodingKey, Header, Validation};
use serde::Serialize;
use serde::de::DeserializeOwned;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::{Arc, PoisonError, RwLock};

/// Beyond the life of its tokens, a key that no longer signs is published for so long: clocks differ, and caches live.
const AFTERGLOW_S: u64 = 120;

/// A key cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// A file cannot be read or written.
    #[error("`{path}`: {why}")]
    File {
        /// Which.
        path: String,
        /// Why.
        why: String,
    },
    /// It is no private key for the algorithm.
    #[error("`{path}` holds no private key for {alg} (PKCS#8, PEM): {why}")]
    NotAKey {
        /// Which file.
        path: String,
        /// For what.
        alg: &'static str,
        /// Why.
        why: String,
    },
    /// No key could be made.
    #[error("failed to generate a key for {0}")]
    Generate(&'static str),
    /// Given keys are changed by who gave them.
    #[error("the keys were given, and only who gave them can rotate them")]
    Given,
    /// Signing failed.
    #[error("failed to sign: {0}")]
    Sign(String),
}

/// A private key with its public half.
#[derive(Clone)]
struct SigningKey {
    kid: String,
    algorithm: SigningAlgorithm,
    private: EncodingKey,
    public: Jwk,
    made_at: Timestamp,
    file: Option<PathBuf>,
}

impl fmt::Debug for SigningKey {
    // By hand: the private half must never reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SigningKey")
            .field("kid", &self.kid)
            .field("algorithm", &self.algorithm)
            .finish_non_exhaustive()
    }
}

impl SigningKey {
    /// From PKCS#8 in PEM. Its name is the hash of its public half (RFC 7638), so that one key has one name everywhere.
    fn from_pem(
        pem: &[u8],
        algorithm: SigningAlgorithm,
        made_at: Timestamp,
        file: &Path,
    ) -> Result<Self, KeyError> {
        let refuse = |why: jsonwebtoken::errors::Error| KeyError::NotAKey {
            path: file.display().to_string(),
            alg: algorithm.as_str(),
            why: why.to_string(),
        };
        let private = match algorithm {
            SigningAlgorithm::EdDSA => EncodingKey::from_ed_pem(pem),
            SigningAlgorithm::RS256 => EncodingKey::from_rsa_pem(pem),
            SigningAlgorithm::ES256 => EncodingKey::from_ec_pem(pem),
        };
        let private = private.map_err(refuse)?;
        let mut public = Jwk::from_encoding_key(&private, algorithm.jwa()).map_err(refuse)?;
        let kid = public.thumbprint(ThumbprintHash::SHA256).map_err(refuse)?;
        public.common.key_id = Some(kid.clone());
        public.common.public_key_use = Some(PublicKeyUse::Signature);
        let key = Self { kid, algorithm, private, public, made_at, file: Some(file.to_owned()) };
        // A key of the wrong size or curve shows when it is used: better now than at the first login.
        key.sign(&serde_json::json!({})).map_err(|why| KeyError::NotAKey {
            path: file.display().to_string(),
            alg: algorithm.as_str(),
            why: why.to_string(),
        })?;
        Ok(key)
    }

    fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let mut header = Header::new(self.algorithm.jwa());
        header.typ = Some("at+jwt".to_owned());
        header.kid = Some(self.kid.clone());
        jsonwebtoken::encode(&header, claims, &self.private).map_err(|why| KeyError::Sign(why.to_string()))
    }
}

/// A key that signs no more, until its last token has expired.
#[derive(Debug, Clone)]
struct Retired {
    key: SigningKey,
    published_until: Timestamp,
}

#[derive(Debug, Clone)]
struct Ring {
    signs: Arc<SigningKey>,
    retired: Vec<Retired>,
}

/// The keys of one auth service.
#[derive(Debug)]
pub struct Keys {
    /// Where generated keys lie; `None` when keys were given.
    directory: Option<PathBuf>,
    algorithm: SigningAlgorithm,
    access_ttl_s: u64,
    ring: RwLock<Ring>,
}

impl Keys {
    /// Keys that are generated when needed, in `directory`, which is made when it is not there.
    ///
    /// # Errors
    /// [`KeyError`] when a file cannot be used, or others may read it.
    pub fn generated_in(
        directory: &Path,
        algorithm: SigningAlgorithm,
        access_ttl_s: u64,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let mut found = files::read_all(directory)?;
        // The newest signs, unless another algorithm is wanted by now.
        if found.last().is_none_or(|newest| newest.algorithm != algorithm) {
            found.push(generate_into(directory, algorithm, now)?);
        }
        let Some(signs) = found.pop() else { return Err(KeyError::Generate(algorithm.as_str())) };
        let mut ring = Ring { signs: Arc::new(signs), retired: Vec::new() };
        let mut successor_at = ring.signs.made_at;
        for key in found.into_iter().rev() {
            let made_at = key.made_at;
            let published_until = published_until(successor_at, access_ttl_s);
            ring.retired.push(Retired { key, published_until });
            successor_at = made_at;
        }
        ring.forget(now);
        Ok(Self { directory: Some(directory.to_owned()), algorithm, access_ttl_s, ring: RwLock::new(ring) })
    }

    /// Given keys: the first signs, the others are published as long as they are given.
    ///
    /// # Errors
    /// [`KeyError`] when a file cannot be used, or others may read it.
    pub fn given(
        files: &[PathBuf],
        algorithm: SigningAlgorithm,
        access_ttl_s: u64,
        now: Timestamp,
    ) -> Result<Self, KeyError> {
        let mut keys = Vec::new();
        for file in files {
            let mut key = SigningKey::from_pem(&files::read_private(file)?, algorithm, now, file)?;
            key.file = None;
            keys.push(key);
        }
        let mut keys = keys.into_iter();
        let Some(signs) = keys.next() else { return Err(KeyError::Generate(algorithm.as_str())) };
        let for_ever = Timestamp::from_unix_ms(i64::MAX);
        let retired = keys.map(|key| Retired { key, published_until: for_ever }).collect();
        let ring = RwLock::new(Ring { signs: Arc::new(signs), retired });
        Ok(Self { directory: None, algorithm, access_ttl_s, ring })
    }

    /// Lets a new key sign. The old one stays published until the tokens it signed have expired.
    ///
    /// # Errors
    /// [`KeyError`] when no key can be made or kept, or the keys were given; then the old one goes on.
    pub fn rotate(&self, now: Timestamp) -> Result<(), KeyError> {
        let Some(directory) = &self.directory else { return Err(KeyError::Given) };
        let key = generate_into(directory, self.algorithm, now)?;
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        tracing::info!(kid = %key.kid, "a new key signs");
        let before = std::mem::replace(&mut ring.signs, Arc::new(key));
        let published_until = published_until(now, self.access_ttl_s);
        ring.retired.insert(0, Retired { key: (*before).clone(), published_until });
        ring.forget(now);
        Ok(())
    }

    /// Rotates when the key that signs is older than `lifetime_s`; forgets keys whose tokens have expired.
    pub(crate) fn keep_fresh(&self, lifetime_s: u64, now: Timestamp) -> Result<(), KeyError> {
        let made_at = self.ring().signs.made_at;
        if self.directory.is_some() && now >= after(made_at, lifetime_s) {
            return self.rotate(now);
        }
        self.ring.write().unwrap_or_else(PoisonError::into_inner).forget(now);
        Ok(())
    }

    /// The name of the key that signs.
    #[must_use]
    pub fn signing_kid(&self) -> String {
        self.ring().signs.kid.clone()
    }

    /// The JWK Set to publish at `now`: public halves only.
    pub(crate) fn published(&self, now: Timestamp) -> jsonwebtoken::jwk::JwkSet {
        let ring = self.ring();
        let retired = ring.retired.iter().filter(|one| one.published_until > now).map(|one| &one.key);
        let keys = std::iter::once(&*ring.signs).chain(retired).map(|key| key.public.clone()).collect();
        jsonwebtoken::jwk::JwkSet { keys }
    }

    pub(crate) fn sign(&self, claims: &impl Serialize) -> Result<String, KeyError> {
        let signs = Arc::clone(&self.ring.read().unwrap_or_else(PoisonError::into_inner).signs);
        signs.sign(claims)
    }

    /// The claims of a token of ours, expired or not; `None` when one of our keys did not sign it.
    pub(crate) fn own<T: DeserializeOwned>(&self, token: &str, issuer: &str, audience: &str) -> Option<T> {
        let kid = jsonwebtoken::decode_header(token).ok()?.kid?;
        let ring = self.ring();
        let key = std::iter::once(&*ring.signs)
            .chain(ring.retired.iter().map(|one| &one.key))
            .find(|key| key.kid == kid)?;
        let mut validation = Validation::new(key.algorithm.jwa());
        validation.set_issuer(&[issuer]);
        validation.set_audience(&[audience]);
        validation.validate_exp = false;
        let public = DecodingKey::from_jwk(&key.public).ok()?;
        jsonwebtoken::decode(token, &public, &validation).ok().map(|data| data.claims)
    }

    fn ring(&self) -> Ring {
        self.ring.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Ring {
    /// Lets go of keys whose tokens have expired, and of their files.
    fn forget(&mut self, now: Timestamp) {
        self.retired.retain(|one| {
            if one.published_until > now {
                return true;
            }
            if let Some(file) = &one.key.file
                && let Err(why) = std::fs::remove_file(file)
            {
                tracing::warn!(%why, file = %file.display(), "failed to remove a key that is out of use");
            }
            false
        });
    }
}

fn published_until(successor_at: Timestamp, access_ttl_s: u64) -> Timestamp {
    after(successor_at, access_ttl_s.saturating_add(AFTERGLOW_S))
}

fn generate_into(
    directory: &Path,
    algorithm: SigningAlgorithm,
    now: Timestamp,
) -> Result<SigningKey, KeyError> {
    let pem = generate::pem(algorithm).ok_or(KeyError::Generate(algorithm.as_str()))?;
    let file = files::write_private(directory, &files::name(now, algorithm), pem.as_bytes())?;
    tracing::info!(file = %file.display(), at = seconds(now), "generated a signing key");
    SigningKey::from_pem(pem.as_bytes(), algorithm, now, &file)
}

#[cfg(test)]
mod tests {
    use super::{KeyError, Keys};
    use crate::config::SigningAlgorithm;
    use goldenpath_protocol::Timestamp;
    use serde_json::{Value, json};

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_unix_ms(seconds * 1_000)
    }

    fn claims() -> Value {
        json!({"iss": "goldenpath", "aud": "goldenpath", "exp": 1, "jti": "t-1"})
    }

    fn own(keys: &Keys, token: &str) -> Option<Value> {
        keys.own(token, "goldenpath", "goldenpath")
    }

    #[test]
    fn each_algorithm_signs_what_it_publishes_to_verify_with() {
        for algorithm in [SigningAlgorithm::EdDSA, SigningAlgorithm::RS256, SigningAlgorithm::ES256] {
            let dir = tempfile::tempdir().unwrap();
            let keys = Keys::generated_in(dir.path(), algorithm, 60, at(0)).unwrap();
            let token = keys.sign(&claims()).unwrap();
            assert_eq!(own(&keys, &token).unwrap()["jti"], "t-1");
            let published = serde_json::to_value(keys.published(at(0))).unwrap();
            let key = &published["keys"][0];
            assert_eq!((&key["alg"], &key["use"]), (&json!(algorithm.as_str()), &json!("sig")));
            assert_eq!(key["kid"], keys.signing_kid());
            for private in ["d", "p", "q", "dp", "dq", "qi", "k"] {
                assert!(key.get(private).is_none(), "{algorithm:?} publishes `{private}`");
            }
        }
    }

    #[test]
    fn keys_outlive_the_process() {
        let dir = tempfile::tempdir().unwrap();
        let first = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap();
        let token = first.sign(&claims()).unwrap();
        let second = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(5)).unwrap();
        assert_eq!(second.signing_kid(), first.signing_kid());
        assert!(own(&second, &token).is_some());
    }

    #[test]
    fn a_rotated_key_is_published_until_its_tokens_have_expired_and_then_gone() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap();
        let (before, token) = (keys.signing_kid(), keys.sign(&claims()).unwrap());
        keys.rotate(at(1_000)).unwrap();
        assert_ne!(keys.signing_kid(), before);
        assert!(own(&keys, &token).is_some(), "what it signed is still ours");
        let names = |keys: &Keys, now| -> Vec<Option<String>> {
            keys.published(now).keys.into_iter().map(|key| key.common.key_id).collect()
        };
        assert_eq!(names(&keys, at(1_179)), [Some(keys.signing_kid()), Some(before.clone())]);
        assert_eq!(names(&keys, at(1_180)), [Some(keys.signing_kid())]);
        let again = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(1_100)).unwrap();
        assert_eq!(names(&again, at(1_100)), [Some(keys.signing_kid()), Some(before)], "over a restart, too");
        keys.keep_fresh(1_000_000, at(1_200)).unwrap();
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 1, "its file is removed");
    }

    #[test]
    fn a_key_that_has_signed_long_enough_is_rotated() {
        let dir = tempfile::tempdir().unwrap();
        let keys = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap();
        let before = keys.signing_kid();
        keys.keep_fresh(100, at(99)).unwrap();
        assert_eq!(keys.signing_kid(), before);
        keys.keep_fresh(100, at(100)).unwrap();
        assert_ne!(keys.signing_kid(), before);
    }

    #[test]
    fn another_algorithm_is_a_rotation() {
        let dir = tempfile::tempdir().unwrap();
        let token = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap();
        let token = token.sign(&claims()).unwrap();
        let keys = Keys::generated_in(dir.path(), SigningAlgorithm::ES256, 60, at(10)).unwrap();
        assert_eq!(keys.published(at(10)).keys.len(), 2);
        assert!(own(&keys, &token).is_some());
    }

    #[test]
    fn given_keys_sign_and_are_not_rotated_here() {
        let dir = tempfile::tempdir().unwrap();
        Keys::generated_in(dir.path(), SigningAlgorithm::ES256, 60, at(0)).unwrap();
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        let keys = Keys::given(std::slice::from_ref(&file), SigningAlgorithm::ES256, 60, at(0)).unwrap();
        assert!(own(&keys, &keys.sign(&claims()).unwrap()).is_some());
        assert!(matches!(keys.rotate(at(1)), Err(KeyError::Given)));
        let wrong = Keys::given(&[file], SigningAlgorithm::EdDSA, 60, at(0)).unwrap_err();
        assert!(matches!(wrong, KeyError::NotAKey { alg: "EdDSA", .. }), "{wrong}");
    }

    #[cfg(unix)]
    #[test]
    fn a_key_that_others_may_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap();
        let file = std::fs::read_dir(dir.path()).unwrap().next().unwrap().unwrap().path();
        assert_eq!(std::fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o640)).unwrap();
        let error = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap_err();
        assert!(error.to_string().contains("chmod 600"), "{error}");
    }

    #[test]
    fn a_token_of_somebody_elses_key_is_none_of_ours() {
        let (mine, theirs) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let keys = Keys::generated_in(mine.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap();
        let other = Keys::generated_in(theirs.path(), SigningAlgorithm::EdDSA, 60, at(0)).unwrap();
        assert!(own(&keys, &other.sign(&claims()).unwrap()).is_none());
        let foreign = json!({"iss": "somebody", "aud": "goldenpath", "exp": 1});
        assert!(own(&keys, &keys.sign(&foreign).unwrap()).is_none());
        assert!(own(&keys, "a.b.c").is_none() && own(&keys, "").is_none());
    }
}
