//! Signs the driver's own tokens. Own code on purpose: sharing the gateway's would hide shared mistakes.

use super::{AuthError, Forgery, Token, forgery};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Map, Value, json};
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// What to sign with, and what to claim.
#[derive(Debug, Clone)]
pub struct MintSettings {
    /// The algorithm.
    pub alg: Algorithm,
    /// `kid` of the header.
    pub kid: Option<String>,
    /// `iss`.
    pub issuer: String,
    /// `aud`.
    pub audience: String,
    /// From `iat` to `exp`.
    pub ttl: Duration,
    /// Further claims; they win over ours.
    pub claims: Map<String, Value>,
}

impl Default for MintSettings {
    fn default() -> Self {
        Self {
            alg: Algorithm::HS256,
            kid: None,
            issuer: "goldenpath".to_owned(),
            audience: "goldenpath".to_owned(),
            ttl: Duration::from_secs(3600),
            claims: Map::new(),
        }
    }
}

impl MintSettings {
    /// The algorithm by its name.
    ///
    /// # Errors
    /// When it is none of `HS256`, `EdDSA`, `RS256`, `ES256`.
    pub fn algorithm(name: &str) -> Result<Algorithm, AuthError> {
        [
            ("HS256", Algorithm::HS256),
            ("EdDSA", Algorithm::EdDSA),
            ("RS256", Algorithm::RS256),
            ("ES256", Algorithm::ES256),
        ]
        .into_iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))
        .map(|(_, alg)| alg)
        .ok_or_else(|| AuthError::Algorithm(name.chars().take(40).collect()))
    }
}

/// Signs tokens for any user.
pub struct Minter {
    settings: MintSettings,
    key: EncodingKey,
}

impl fmt::Debug for Minter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Minter").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Minter {
    /// A minter with this key: the secret itself for HS256, PEM for the others.
    ///
    /// # Errors
    /// When the key does not fit the algorithm.
    pub fn new(settings: MintSettings, key: &[u8]) -> Result<Self, AuthError> {
        let refuse = |why: String| AuthError::Key { alg: settings.alg, why };
        let key = match settings.alg {
            Algorithm::HS256 if key.is_empty() => return Err(refuse("it is empty".to_owned())),
            Algorithm::HS256 => EncodingKey::from_secret(key),
            Algorithm::EdDSA => EncodingKey::from_ed_pem(key).map_err(|why| refuse(why.to_string()))?,
            Algorithm::RS256 => EncodingKey::from_rsa_pem(key).map_err(|why| refuse(why.to_string()))?,
            Algorithm::ES256 => EncodingKey::from_ec_pem(key).map_err(|why| refuse(why.to_string()))?,
            other => return Err(AuthError::Algorithm(format!("{other:?}"))),
        };
        Ok(Self { settings, key })
    }

    /// A good token for `user`, for the usual time.
    ///
    /// # Errors
    /// When signing fails.
    pub fn token(&self, user: &str, tier: Option<&str>) -> Result<Token, AuthError> {
        self.token_for(user, tier, self.settings.ttl)
    }

    /// A good token for `user` that ends after `ttl`.
    ///
    /// # Errors
    /// When signing fails.
    pub fn token_for(&self, user: &str, tier: Option<&str>, ttl: Duration) -> Result<Token, AuthError> {
        self.sign(&self.claims(user, tier, ttl))
    }

    /// A token for `user` that must be refused, in the way `forgery` says; `None` where none is shown.
    ///
    /// # Errors
    /// When signing fails.
    pub fn forged(&self, user: &str, forgery: Forgery) -> Result<Option<Token>, AuthError> {
        let mut claims = self.claims(user, None, self.settings.ttl);
        match forgery {
            // An hour is beyond any sane leeway, in both directions.
            Forgery::Expired => {
                let exp = unix_now().saturating_sub(3600);
                claims.insert("exp".to_owned(), exp.into());
                claims.insert("iat".to_owned(), exp.saturating_sub(600).into());
            }
            Forgery::NotYetValid => {
                let begins = unix_now() + 3600;
                claims.insert("nbf".to_owned(), begins.into());
                claims.insert("exp".to_owned(), (begins + 3600).into());
            }
            Forgery::WrongAudience => {
                claims.insert("aud".to_owned(), "somebody-else".into());
            }
            Forgery::WrongIssuer => {
                claims.insert("iss".to_owned(), "https://issuer.invalid".into());
            }
            _ => return forgery::derive(&self.sign(&claims)?, forgery),
        }
        self.sign(&claims).map(Some)
    }

    fn claims(&self, user: &str, tier: Option<&str>, ttl: Duration) -> Map<String, Value> {
        let now = unix_now();
        let mut claims = Map::new();
        let mut claim = |name: &str, value: Value| claims.insert(name.to_owned(), value);
        claim("iss", json!(self.settings.issuer));
        claim("sub", json!(user));
        claim("aud", json!(self.settings.audience));
        claim("iat", json!(now));
        claim("exp", json!(now + ttl.as_secs()));
        claim("jti", json!(uuid::Uuid::new_v4().to_string()));
        claim("scope", json!("chat agents"));
        claim("tier", json!(tier.unwrap_or("mid")));
        claim("env", json!("test"));
        claims.extend(self.settings.claims.clone());
        claims
    }

    fn sign(&self, claims: &Map<String, Value>) -> Result<Token, AuthError> {
        let mut header = Header::new(self.settings.alg);
        header.typ = Some("at+jwt".to_owned());
        header.kid.clone_from(&self.settings.kid);
        jsonwebtoken::encode(&header, claims, &self.key)
            .map(Token::new)
            .map_err(|why| AuthError::Sign(why.to_string()))
    }
}

fn unix_now() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

#[cfg(test)]
mod tests {
    use super::{Forgery, MintSettings, Minter};
    use jsonwebtoken::{Algorithm, DecodingKey, Validation};

    const KEY: &[u8] = b"0123456789abcdef0123456789abcdef";

    fn accepted(token: &str) -> bool {
        let mut rules = Validation::new(Algorithm::HS256);
        rules.leeway = 5;
        rules.validate_nbf = true;
        rules.set_audience(&["goldenpath"]);
        rules.set_issuer(&["goldenpath"]);
        rules.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        jsonwebtoken::decode::<serde_json::Value>(token, &DecodingKey::from_secret(KEY), &rules).is_ok()
    }

    #[test]
    fn a_good_token_is_good_and_every_forged_one_is_not() {
        let minter = Minter::new(MintSettings::default(), KEY).unwrap();
        let good = minter.token("ada", Some("free")).unwrap();
        assert!(accepted(good.reveal()));
        assert_eq!(good.subject().as_deref(), Some("ada"));
        for forgery in Forgery::ALL {
            let forged = minter.forged("ada", forgery).unwrap();
            match forgery {
                Forgery::Missing => assert!(forged.is_none()),
                // The token is good; its place is not.
                Forgery::InQuery => assert!(accepted(forged.unwrap().reveal())),
                _ => assert!(!accepted(forged.unwrap().reveal()), "{}", forgery.case()),
            }
        }
    }
}
