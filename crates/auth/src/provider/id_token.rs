//! The rules of an ID token (OpenID Connect Core, 3.1.3.7): whose, for us, now, and of this login.

use super::{Person, ProviderKey};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_protocol::{Tier, Timestamp, UserId};
use jsonwebtoken::Validation;
use serde_json::{Map, Value};
use subtle::ConstantTimeEq as _;

/// Longest token that is looked at.
const MAX_BYTES: usize = 16 * 1024;
/// The clock difference forgiven, seconds.
const LEEWAY_S: f64 = 5.0;

/// What is read of the header before the signature can be.
pub(super) struct Header {
    pub(super) kid: Option<String>,
}

/// Refuses extensions that we do not implement, and tokens of another kind: an access token of the provider is no ID token.
pub(super) fn header(token: &str) -> Result<Header, &'static str> {
    if token.len() > MAX_BYTES {
        return Err("too long");
    }
    let encoded = token.split('.').next().unwrap_or_default();
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| "not a JWT")?;
    let header: Map<String, Value> = serde_json::from_slice(&bytes).map_err(|_| "not a JWT")?;
    if header.contains_key("crit") {
        return Err("header has `crit`");
    }
    match header.get("typ") {
        None => {}
        Some(Value::String(typ)) if typ.eq_ignore_ascii_case("jwt") => {}
        Some(_) => return Err("header has another `typ` than `JWT`"),
    }
    match header.get("kid") {
        None => Ok(Header { kid: None }),
        Some(Value::String(kid)) => Ok(Header { kid: Some(kid.clone()) }),
        Some(_) => Err("`kid` is no text"),
    }
}

/// What an ID token has to say.
pub(super) struct Rules<'a> {
    pub(super) issuer: &'a str,
    pub(super) client_id: &'a str,
    pub(super) user_claim: &'a str,
    pub(super) tier_claim: Option<&'a str>,
    pub(super) nonce: Option<&'a str>,
    pub(super) now: Timestamp,
}

impl Rules<'_> {
    /// Who it speaks of, if it holds.
    pub(super) fn person(&self, token: &str, key: &ProviderKey) -> Result<Person, &'static str> {
        let mut validation = Validation::new(key.algorithm);
        validation.set_issuer(&[self.issuer]);
        validation.set_audience(&[self.client_id]);
        validation.set_required_spec_claims(&["exp", "iss", "aud", "sub"]);
        // Times are judged below, against the `now` we are given.
        validation.validate_exp = false;
        let claims = jsonwebtoken::decode::<Map<String, Value>>(token, &key.decoding, &validation)
            .map_err(|_| "signature, issuer or audience is wrong")?
            .claims;
        if !claims.get("iss").is_some_and(Value::is_string) {
            return Err("`iss` is no text");
        }
        self.check_times(&claims)?;
        self.check_party(&claims)?;
        if let Some(nonce) = self.nonce {
            let said = claims.get("nonce").and_then(Value::as_str).unwrap_or_default();
            if !bool::from(said.as_bytes().ct_eq(nonce.as_bytes())) {
                return Err("`nonce` is of another login");
            }
        }
        self.named(&claims)
    }

    fn check_times(&self, claims: &Map<String, Value>) -> Result<(), &'static str> {
        let now = self.now.unix_ms() as f64 / 1_000.0;
        let at = |name: &str| {
            claims.get(name).map(|value| value.as_f64().ok_or("a time is no number")).transpose()
        };
        if at("exp")?.is_none_or(|exp| now >= exp + LEEWAY_S) {
            return Err("expired");
        }
        match (at("iat")?, at("nbf")?) {
            (None, _) => Err("`iat` is missing"),
            (Some(iat), _) if iat > now + LEEWAY_S => Err("issued in the future"),
            (_, Some(nbf)) if nbf > now + LEEWAY_S => Err("not valid yet"),
            _ => Ok(()),
        }
    }

    /// A token for several audiences must say that it was made for us, or somebody else's could be used here.
    fn check_party(&self, claims: &Map<String, Value>) -> Result<(), &'static str> {
        let several = claims.get("aud").and_then(Value::as_array).is_some_and(|all| all.len() > 1);
        match claims.get("azp") {
            None if several => Err("several audiences and no `azp`"),
            Some(party) if party != self.client_id => Err("`azp` is another client"),
            _ => Ok(()),
        }
    }

    fn named(&self, claims: &Map<String, Value>) -> Result<Person, &'static str> {
        let name =
            claims.get(self.user_claim).and_then(Value::as_str).ok_or("the user's claim is missing")?;
        // Whoever may write an address into a profile is not yet who reads its mail.
        if self.user_claim == "email" && claims.get("email_verified") != Some(&Value::Bool(true)) {
            return Err("the address is not verified");
        }
        let user = UserId::new(name).map_err(|_| "the user's claim is no user id")?;
        let tier = self.tier_claim.and_then(|claim| claims.get(claim));
        let tier: Tier = tier.and_then(|tier| serde_json::from_value(tier.clone()).ok()).unwrap_or_default();
        Ok(Person { user, tier })
    }
}

#[cfg(test)]
mod tests {
    use super::super::keys;
    use super::{Rules, header};
    use crate::config::SigningAlgorithm;
    use crate::keys::Keys;
    use goldenpath_protocol::{Tier, Timestamp};
    use serde_json::{Value, json};

    const NOW_S: i64 = 1_800_000_000;

    fn claims() -> Value {
        json!({"iss": "https://id.example", "aud": "us", "sub": "ada", "exp": NOW_S + 60, "iat": NOW_S,
            "nonce": "n-1", "tier": "mid"})
    }

    fn with(changes: &[(&str, Value)]) -> Value {
        let mut claims = claims();
        for (name, value) in changes {
            claims[*name] = value.clone();
        }
        claims
    }

    fn judged(claims: &Value, user_claim: &str, nonce: Option<&str>) -> Result<super::Person, &'static str> {
        let dir = tempfile::tempdir().unwrap();
        let now = Timestamp::from_unix_ms(NOW_S * 1_000);
        let signer = Keys::generated_in(dir.path(), SigningAlgorithm::EdDSA, 60, now).unwrap();
        let published = keys::read(&serde_json::to_vec(&signer.published(now)).unwrap()).unwrap();
        let token = signer.sign(claims).unwrap();
        let rules = Rules {
            issuer: "https://id.example",
            client_id: "us",
            user_claim,
            tier_claim: Some("tier"),
            nonce,
            now,
        };
        rules.person(&token, &published[0])
    }

    #[test]
    fn a_good_one_names_its_person() {
        let person = judged(&claims(), "sub", Some("n-1")).unwrap();
        assert_eq!((person.user.as_str(), person.tier), ("ada", Tier::Mid));
        let list = with(&[("aud", json!(["us"])), ("tier", json!("platinum"))]);
        assert_eq!(judged(&list, "sub", None).unwrap().tier, Tier::Free, "a tier that is none pays nothing");
        let verified = with(&[("email", json!("ada@example.com")), ("email_verified", json!(true))]);
        assert_eq!(judged(&verified, "email", None).unwrap().user.as_str(), "ada@example.com");
    }

    #[test]
    fn others_are_refused() {
        for (name, value) in [
            ("iss", json!("https://evil.example")),
            ("iss", json!(["https://id.example"])),
            ("aud", json!("them")),
            ("aud", json!(["us", "them"])),
            ("azp", json!("them")),
            ("exp", json!(NOW_S - 5)),
            ("exp", json!("never")),
            ("iat", json!(NOW_S + 6)),
            ("iat", Value::Null),
            ("nbf", json!(NOW_S + 6)),
            ("nonce", json!("n-2")),
            ("nonce", Value::Null),
            ("sub", json!("")),
            ("sub", json!("null")),
        ] {
            let claims = with(&[(name, value.clone())]);
            judged(&claims, "sub", Some("n-1")).expect_err(&format!("{name} = {value}"));
        }
        let unverified = with(&[("email", json!("ada@example.com"))]);
        judged(&unverified, "email", None).unwrap_err();
    }

    #[test]
    fn headers_that_ask_for_more_are_refused() {
        use base64::Engine as _;
        let encoded = |json: Value| {
            format!("{}.e30.x", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json.to_string()))
        };
        assert_eq!(header(&encoded(json!({"alg": "RS256", "kid": "k"}))).unwrap().kid.as_deref(), Some("k"));
        for bad in
            [json!({"crit": []}), json!({"typ": "at+jwt"}), json!({"typ": 7}), json!({"kid": 7}), json!([])]
        {
            assert!(header(&encoded(bad.clone())).is_err(), "{bad}");
        }
        assert!(header("").is_err() && header(&"a".repeat(20_000)).is_err());
    }
}
