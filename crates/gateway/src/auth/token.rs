//! Platform tokens: is it ours, meant for us, and in force?
//!
//! The algorithm is pinned by the key, never chosen by the token. `jsonwebtoken` checks signature,
//! issuer and audience; what it lets pass by default (`crit`, a missing claim, `nbf`) and everything that
//! needs a clock is checked here.

use super::key_set::{KeySet, VerifyingKey};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_protocol::{Tier, Timestamp, UserId};
use jsonwebtoken::Validation;
use serde::{Deserialize, Deserializer};
use serde_json::{Map, Number, Value};
use std::fmt;

/// Longest token that is looked at; ours have about 500 bytes.
const MAX_TOKEN_BYTES: usize = 8 * 1024;

/// What a token must allow before it may open a socket: the wire has no refusal for half a permission.
const REQUIRED_SCOPES: [&str; 2] = ["chat", "agents"];

/// The cause of a refusal for a key that is none of ours, or not yet.
const UNKNOWN_KEY: &str = "unknown key";

/// A token was refused.
///
/// `Display` is what its sender may read: the same text whatever the cause.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}", Self::PUBLIC_TEXT)]
pub struct Refused {
    cause: &'static str,
}

impl Refused {
    /// The one text for all causes.
    pub const PUBLIC_TEXT: &'static str = "the token is missing or not valid";

    /// A refusal for `cause`, which only the operator reads.
    #[must_use]
    pub fn because(cause: &'static str) -> Self {
        Self { cause }
    }

    /// What was wrong, for the operator's log; never for the sender, and never the token itself.
    #[must_use]
    pub fn cause(&self) -> &'static str {
        self.cause
    }
}

/// What a token that holds says about its user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Claims {
    /// Whose token it is: `sub`.
    pub user_id: UserId,
    /// When it stops being valid: `exp`, without any leeway.
    pub expires_at: Timestamp,
    /// What the user has paid for; `free` when the token does not say.
    pub tier: Tier,
    /// The token's own id, by which it is revoked.
    pub jti: String,
    /// The login it comes from, by which all tokens of that login are revoked together: `sid`, where the issuer writes one.
    pub session: Option<String>,
    /// What the token allows, as its issuer wrote it.
    pub scope: String,
}

/// The claims as they stand in the token.
#[derive(Deserialize)]
struct RawClaims {
    // Issuer and audience are compared by `Validation`; an `iss` that is a list is refused by its type here.
    #[serde(rename = "iss")]
    _issuer: String,
    sub: UserId,
    #[serde(deserialize_with = "numeric_date")]
    exp: Timestamp,
    #[serde(default, deserialize_with = "present_numeric_date")]
    nbf: Option<Timestamp>,
    #[serde(default, deserialize_with = "present_numeric_date")]
    iat: Option<Timestamp>,
    jti: String,
    #[serde(default)]
    sid: Option<String>,
    scope: String,
    #[serde(default)]
    tier: Tier,
}

/// Seconds since the Unix epoch, fractions allowed (RFC 7519 `NumericDate`).
fn numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let seconds = Number::deserialize(deserializer)?;
    let ms = match seconds.as_i64() {
        Some(whole) => whole.saturating_mul(1_000),
        // A float saturates on conversion; a timestamp clamps to the years it can write.
        None => (seconds.as_f64().unwrap_or(f64::MIN) * 1_000.0).round() as i64,
    };
    Ok(Timestamp::from_unix_ms(ms))
}

/// As [`numeric_date`], for a claim that may be absent, but not `null`.
fn present_numeric_date<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Timestamp>, D::Error> {
    numeric_date(deserializer).map(Some)
}

/// Verifies platform tokens of one issuer, for one audience.
pub struct TokenVerifier {
    keys: KeySet,
    issuer: String,
    audience: String,
}

impl fmt::Debug for TokenVerifier {
    // The keys' own `Debug` shows their names and algorithms alone: no key may reach a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenVerifier")
            .field("keys", &self.keys)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish()
    }
}

impl TokenVerifier {
    /// A verifier of HS256 tokens. [`crate::auth::secret::load`] gives the secret.
    #[must_use]
    pub fn hs256(secret: &[u8], issuer: &str, audience: &str) -> Self {
        Self::with_keys(KeySet::hs256(secret), issuer, audience)
    }

    /// A verifier of tokens that one of these keys signed.
    #[must_use]
    pub fn with_keys(keys: KeySet, issuer: &str, audience: &str) -> Self {
        Self { keys, issuer: issuer.to_owned(), audience: audience.to_owned() }
    }

    /// Whether the key that `token` names is not among the keys: newer ones may have it.
    ///
    /// # Errors
    /// [`Refused`] when the token names no key at all, being none.
    pub fn lacks_key_of(&self, token: &str) -> Result<bool, Refused> {
        Ok(self.keys.find(read_header(token)?.as_deref()).is_none())
    }

    /// What `token` says, if it holds at `now`, give or take `leeway_s` seconds of clock difference.
    ///
    /// # Errors
    /// [`Refused`], with one public text for every cause.
    pub fn verify(&self, token: &str, now: Timestamp, leeway_s: u64) -> Result<Claims, Refused> {
        let named = read_header(token)?;
        let key = self.keys.find(named.as_deref()).ok_or(Refused::because(UNKNOWN_KEY))?;
        let claims = jsonwebtoken::decode::<RawClaims>(token, key.decoding(), &self.validation(key))
            .map_err(|error| Refused::because(cause_of(error.kind())))?
            .claims;
        check_times(&claims, now, leeway_s)?;
        let granted = |wanted: &str| claims.scope.split_ascii_whitespace().any(|scope| scope == wanted);
        if !REQUIRED_SCOPES.into_iter().all(granted) {
            return Err(Refused::because("scope lacks `chat` or `agents`"));
        }
        if claims.jti.trim().is_empty() {
            return Err(Refused::because("jti is empty"));
        }
        if claims.sid.as_ref().is_some_and(|sid| sid.trim().is_empty()) {
            return Err(Refused::because("sid is empty"));
        }
        Ok(Claims {
            user_id: claims.sub,
            expires_at: claims.exp,
            tier: claims.tier,
            jti: claims.jti,
            session: claims.sid,
            scope: claims.scope,
        })
    }

    /// What the library is to check: the key's own algorithm and no other, whatever the token says.
    fn validation(&self, key: &VerifyingKey) -> Validation {
        let mut validation = Validation::new(key.algorithm());
        validation.set_issuer(&[&self.issuer]);
        validation.set_audience(&[&self.audience]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are judged below, against the `now` we are given.
        validation.validate_exp = false;
        validation.validate_nbf = false;
        validation
    }
}

/// The key that the header names. Refuses what a header must not ask for: extensions we do not implement, and other kinds
/// of token. A key inside the header (`jwk`, `jku`, `x5c`, …) is nothing to us.
fn read_header(token: &str) -> Result<Option<String>, Refused> {
    if token.len() > MAX_TOKEN_BYTES {
        return Err(Refused::because("too long"));
    }
    let not_a_token = || Refused::because("not a JWT");
    let encoded = token.split('.').next().ok_or_else(not_a_token)?;
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| not_a_token())?;
    let header: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| not_a_token())?;
    // RFC 7515, 4.1.11: whoever does not understand a critical extension must refuse; we understand none.
    if header.contains_key("crit") {
        return Err(Refused::because("header has `crit`"));
    }
    let access_token = |typ: &str| {
        let typ = typ.to_ascii_lowercase();
        matches!(typ.strip_prefix("application/").unwrap_or(&typ), "at+jwt" | "jwt")
    };
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if access_token(typ) => {}
        Some(_) => return Err(Refused::because("header has another `typ` than `at+jwt`")),
    }
    match header.get("kid") {
        None => Ok(None),
        Some(Value::String(kid)) => Ok(Some(kid.clone())),
        Some(_) => Err(Refused::because("header has a `kid` that is no text")),
    }
}

fn check_times(claims: &RawClaims, now: Timestamp, leeway_s: u64) -> Result<(), Refused> {
    let leeway_ms = i64::try_from(leeway_s.saturating_mul(1_000)).unwrap_or(i64::MAX);
    let latest = now.unix_ms().saturating_add(leeway_ms);
    if now.unix_ms() >= claims.exp.unix_ms().saturating_add(leeway_ms) {
        return Err(Refused::because("expired"));
    }
    if claims.nbf.is_some_and(|nbf| nbf.unix_ms() > latest) {
        return Err(Refused::because("not valid yet"));
    }
    if claims.iat.is_some_and(|iat| iat.unix_ms() > latest) {
        return Err(Refused::because("issued in the future"));
    }
    Ok(())
}

fn cause_of(kind: &jsonwebtoken::errors::ErrorKind) -> &'static str {
    use jsonwebtoken::errors::ErrorKind;
    match kind {
        ErrorKind::InvalidSignature => "bad signature",
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => "another algorithm",
        ErrorKind::InvalidIssuer => "wrong issuer",
        ErrorKind::InvalidAudience => "wrong audience",
        ErrorKind::MissingRequiredClaim(_) => "a required claim is missing",
        ErrorKind::Json(_) => "a claim is missing or has the wrong type",
        _ => "not a JWT",
    }
}

#[cfg(test)]
mod tests {
    use super::{Claims, Refused, TokenVerifier};
    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use goldenpath_protocol::{Tier, Timestamp};
    use jsonwebtoken::{Algorithm, EncodingKey, Header};
    use serde_json::{Value, json};

    const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
    const NOW_S: i64 = 1_800_000_000;

    fn claims() -> Value {
        json!({
            "iss": "goldenpath", "aud": "goldenpath", "sub": "alice", "exp": NOW_S + 60, "iat": NOW_S - 1,
            "jti": "t-1", "scope": "chat agents", "tier": "mid", "env": "embedded"
        })
    }

    /// The good claims with `key` set to `value`, or removed when `value` is absent.
    fn with(key: &str, value: Option<Value>) -> Value {
        let mut claims = claims();
        let map = claims.as_object_mut().unwrap();
        match value {
            Some(value) => map.insert(key.to_owned(), value),
            None => map.remove(key),
        };
        claims
    }

    fn sign(header: &Value, claims: &Value, secret: &[u8]) -> String {
        let message = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims.to_string())
        );
        let signature = jsonwebtoken::crypto::sign(
            message.as_bytes(),
            &EncodingKey::from_secret(secret),
            Algorithm::HS256,
        )
        .unwrap();
        format!("{message}.{signature}")
    }

    fn token(claims: &Value) -> String {
        sign(&json!({"alg": "HS256", "typ": "at+jwt"}), claims, SECRET)
    }

    fn verify(token: &str) -> Result<Claims, Refused> {
        TokenVerifier::hs256(SECRET, "goldenpath", "goldenpath").verify(
            token,
            Timestamp::from_unix_ms(NOW_S * 1_000),
            5,
        )
    }

    fn cause(token: &str) -> &'static str {
        let refused = verify(token).unwrap_err();
        assert_eq!(refused.to_string(), Refused::PUBLIC_TEXT, "one text for all causes");
        refused.cause()
    }

    #[test]
    fn a_good_token_tells_its_user() {
        let claims = verify(&token(&claims())).unwrap();
        assert_eq!(claims.user_id.as_str(), "alice");
        assert_eq!(claims.expires_at, Timestamp::from_unix_ms((NOW_S + 60) * 1_000));
        assert_eq!((claims.tier, claims.jti.as_str()), (Tier::Mid, "t-1"));
    }

    #[test]
    fn a_token_made_by_the_library_is_read() {
        let token = jsonwebtoken::encode(
            &Header::new(Algorithm::HS256),
            &claims(),
            &EncodingKey::from_secret(SECRET),
        );
        assert!(verify(&token.unwrap()).is_ok(), "typ JWT is accepted beside at+jwt");
    }

    #[test]
    fn a_missing_tier_is_free_and_a_list_of_audiences_may_hold_ours() {
        assert_eq!(verify(&token(&with("tier", None))).unwrap().tier, Tier::Free);
        assert!(verify(&token(&with("aud", Some(json!(["other", "goldenpath"]))))).is_ok());
    }

    #[test]
    fn a_token_without_signature_is_refused() {
        for alg in ["none", "None", "NONE", ""] {
            let signed = sign(&json!({"alg": alg, "typ": "at+jwt"}), &claims(), SECRET);
            let unsigned = format!("{}.", signed.rsplit_once('.').unwrap().0);
            verify(&signed).unwrap_err();
            verify(&unsigned).unwrap_err();
        }
        let good = token(&claims());
        assert_eq!(cause(&format!("{}.", good.rsplit_once('.').unwrap().0)), "bad signature");
    }

    #[test]
    fn another_algorithm_in_the_header_is_refused() {
        for alg in ["RS256", "ES256", "EdDSA", "HS384", "HS512"] {
            assert_eq!(cause(&sign(&json!({"alg": alg}), &claims(), SECRET)), "another algorithm", "{alg}");
        }
    }

    #[test]
    fn another_secret_is_refused() {
        let forged = sign(&json!({"alg": "HS256"}), &claims(), b"another secret of thirty-two bytes..");
        assert_eq!(cause(&forged), "bad signature");
        assert_eq!(cause(&sign(&json!({"alg": "HS256"}), &claims(), b"")), "bad signature");
    }

    #[test]
    fn a_key_inside_the_token_is_not_used() {
        let secret = b"the attacker's own secret, 32 bytes!";
        let jwk = json!({"kty": "oct", "k": URL_SAFE_NO_PAD.encode(secret), "alg": "HS256"});
        assert_eq!(cause(&sign(&json!({"alg": "HS256", "jwk": jwk}), &claims(), secret)), "bad signature");
    }

    #[test]
    fn tampered_claims_are_refused() {
        let good = token(&claims());
        let parts: Vec<&str> = good.split('.').collect();
        let other = URL_SAFE_NO_PAD.encode(with("sub", Some(json!("bob"))).to_string());
        assert_eq!(cause(&format!("{}.{other}.{}", parts[0], parts[2])), "bad signature");
    }

    #[test]
    fn every_required_claim_is_required() {
        for name in ["iss", "aud", "exp", "sub", "jti", "scope"] {
            verify(&token(&with(name, None))).expect_err(name);
            verify(&token(&with(name, Some(Value::Null)))).expect_err(name);
        }
    }

    #[test]
    fn wrong_values_are_refused() {
        for (name, value) in [
            ("iss", json!("someone")),
            ("iss", json!(["goldenpath", "someone"])),
            ("aud", json!("someone")),
            ("aud", json!(["someone"])),
            ("aud", json!([])),
            ("aud", json!(7)),
            ("sub", json!("")),
            ("sub", json!("null")),
            ("sub", json!("a b")),
            ("sub", json!(7)),
            ("exp", json!("2030-01-01")),
            ("nbf", json!("soon")),
            ("nbf", Value::Null),
            ("iat", json!({})),
            ("jti", json!(" ")),
            ("scope", json!("chat")),
            ("scope", json!("chatagents")),
            ("scope", json!("")),
            ("tier", json!("platinum")),
        ] {
            verify(&token(&with(name, Some(value.clone())))).expect_err(&format!("{name} = {value}"));
        }
    }

    #[test]
    fn critical_extensions_are_refused() {
        for crit in [json!(["b64"]), json!(["exp"]), json!([]), Value::Null] {
            let header = json!({"alg": "HS256", "crit": crit, "b64": true});
            assert_eq!(cause(&sign(&header, &claims(), SECRET)), "header has `crit`");
        }
    }

    #[test]
    fn another_kind_of_token_is_refused() {
        for typ in [json!("id+jwt"), json!("logout+jwt"), json!(""), json!(7)] {
            verify(&sign(&json!({"alg": "HS256", "typ": typ}), &claims(), SECRET)).unwrap_err();
        }
        for typ in ["AT+JWT", "application/at+jwt", "JWT"] {
            assert!(verify(&sign(&json!({"alg": "HS256", "typ": typ}), &claims(), SECRET)).is_ok(), "{typ}");
        }
        assert!(verify(&sign(&json!({"alg": "HS256"}), &claims(), SECRET)).is_ok(), "no typ");
    }

    #[test]
    fn expiry_is_judged_with_its_leeway_and_not_beyond() {
        let at = |exp: Value| verify(&token(&with("exp", Some(exp))));
        assert!(at(json!(NOW_S)).is_ok());
        assert!(at(json!(NOW_S - 4)).is_ok());
        assert!(at(json!(NOW_S as f64 - 4.5)).is_ok(), "fractions count");
        assert_eq!(at(json!(NOW_S - 5)).unwrap_err().cause(), "expired");
        at(json!(-1)).unwrap_err();
        assert_eq!(at(json!(0)).unwrap_err().cause(), "expired");
        assert!(at(json!(u64::MAX)).is_ok(), "the end of time is clamped");
    }

    #[test]
    fn a_token_from_the_future_is_refused_beyond_its_leeway() {
        for name in ["nbf", "iat"] {
            assert!(verify(&token(&with(name, Some(json!(NOW_S + 5))))).is_ok(), "{name}");
            verify(&token(&with(name, Some(json!(NOW_S + 6))))).expect_err(name);
        }
    }

    #[test]
    fn garbage_is_refused_quietly() {
        let good = token(&claims());
        let long = "a".repeat(100_000);
        for text in ["", ".", "..", "...", "a.b.c", "null", "🦀.🦀.🦀", "e30.e30.e30", "bnVsbA.e30.", &long]
        {
            verify(text).unwrap_err();
        }
        for text in [format!(" {good}"), format!("{good}="), format!("{good}.x"), good.replace('.', "")] {
            verify(&text).unwrap_err();
        }
    }

    #[test]
    fn debug_never_shows_the_key() {
        let shown = format!("{:?}", TokenVerifier::hs256(SECRET, "goldenpath", "goldenpath"));
        assert!(shown.contains("HS256") && !shown.contains("secret of"), "{shown}");
    }
}
