//! Tokens of published keys: each with its own algorithm, and with no other.

use super::{KeySet, KeySetError};
use crate::auth::{Claims, Refused, TokenVerifier};
use aws_lc_rs::encoding::AsDer as _;
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_protocol::Timestamp;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, EncodingKey};
use serde_json::{Value, json};

const NOW_S: i64 = 1_800_000_000;

/// An issuer's key pair.
pub(crate) struct Pair {
    alg: Algorithm,
    private: EncodingKey,
    /// As it is published.
    pub(crate) public: Value,
}

impl Pair {
    pub(crate) fn new(alg: Algorithm, kid: &str) -> Self {
        let random = SystemRandom::new();
        let private = match alg {
            Algorithm::EdDSA => {
                EncodingKey::from_ed_der(Ed25519KeyPair::generate_pkcs8v1(&random).unwrap().as_ref())
            }
            Algorithm::ES256 => EncodingKey::from_ec_der(
                EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_FIXED_SIGNING, &random).unwrap().as_ref(),
            ),
            _ => {
                let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
                let der: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
                EncodingKey::from_rsa_pem(pem(der.as_ref()).as_bytes()).unwrap()
            }
        };
        let mut public = serde_json::to_value(Jwk::from_encoding_key(&private, alg).unwrap()).unwrap();
        public["kid"] = kid.into();
        Self { alg, private, public }
    }

    /// A token with this header but for its algorithm, where that is not said.
    pub(crate) fn sign(&self, header: Value, claims: &Value) -> String {
        let mut header = header;
        if header.get("alg").is_none() {
            header["alg"] = serde_json::to_value(self.alg).unwrap();
        }
        let encoded = |part: &Value| URL_SAFE_NO_PAD.encode(part.to_string());
        let message = format!("{}.{}", encoded(&header), encoded(claims));
        let signature = jsonwebtoken::crypto::sign(message.as_bytes(), &self.private, self.alg).unwrap();
        format!("{message}.{signature}")
    }
}

fn pem(der: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(der);
    format!("-----BEGIN PRIVATE KEY-----\n{text}\n-----END PRIVATE KEY-----\n")
}

pub(crate) fn claims() -> Value {
    json!({"iss": "goldenpath", "aud": "goldenpath", "sub": "alice", "exp": 4_000_000_000_i64, "iat": NOW_S - 1,
        "jti": "t-1", "sid": "s-1", "scope": "chat agents"})
}

fn set(keys: &[&Value]) -> Result<KeySet, KeySetError> {
    KeySet::from_json(&serde_json::to_vec(&json!({ "keys": keys })).unwrap())
}

fn verify(keys: &[&Value], token: &str) -> Result<Claims, Refused> {
    let verifier = TokenVerifier::with_keys(set(keys).unwrap(), "goldenpath", "goldenpath");
    verifier.verify(token, Timestamp::from_unix_ms(NOW_S * 1_000), 5)
}

fn cause(keys: &[&Value], token: &str) -> &'static str {
    let refused = verify(keys, token).unwrap_err();
    assert_eq!(refused.to_string(), Refused::PUBLIC_TEXT, "one text for all causes");
    refused.cause()
}

#[test]
fn a_published_key_verifies_what_its_other_half_signed() {
    for alg in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let (mine, other) = (Pair::new(alg, "k-1"), Pair::new(alg, "k-2"));
        let keys = [&mine.public, &other.public];
        let told = verify(&keys, &mine.sign(json!({"kid": "k-1", "typ": "at+jwt"}), &claims())).unwrap();
        assert_eq!((told.user_id.as_str(), told.session.as_deref()), ("alice", Some("s-1")));
        assert_eq!(cause(&keys, &mine.sign(json!({"kid": "k-2"}), &claims())), "bad signature");
        assert_eq!(cause(&keys, &mine.sign(json!({"kid": "k-3"}), &claims())), "unknown key");
        assert_eq!(
            cause(&keys, &mine.sign(json!({"kid": 1}), &claims())),
            "header has a `kid` that is no text"
        );
        assert_eq!(cause(&keys, &mine.sign(json!({}), &claims())), "unknown key", "two keys and no name");
        assert!(
            verify(&[&mine.public], &mine.sign(json!({}), &claims())).is_ok(),
            "the only one needs no name"
        );
    }
}

#[test]
fn a_token_does_not_choose_its_algorithm() {
    for alg in [Algorithm::EdDSA, Algorithm::ES256, Algorithm::RS256] {
        let mine = Pair::new(alg, "k-1");
        for said in
            ["none", "None", "HS256", "HS512", "RS256", "RS512", "PS256", "ES256", "ES384", "EdDSA", ""]
        {
            if json!(said) != serde_json::to_value(alg).unwrap() {
                verify(&[&mine.public], &mine.sign(json!({"kid": "k-1", "alg": said}), &claims()))
                    .expect_err(said);
            }
        }
    }
}

#[test]
fn a_public_key_is_no_secret() {
    for (alg, field) in [(Algorithm::EdDSA, "x"), (Algorithm::ES256, "x"), (Algorithm::RS256, "n")] {
        let mine = Pair::new(alg, "k-1");
        let text = mine.public[field].as_str().unwrap();
        let secrets = [
            text.as_bytes().to_vec(),
            URL_SAFE_NO_PAD.decode(text).unwrap(),
            mine.public.to_string().into_bytes(),
            Vec::new(),
        ];
        for secret in secrets {
            let forger = Pair {
                alg: Algorithm::HS256,
                private: EncodingKey::from_secret(&secret),
                public: Value::Null,
            };
            let forged = forger.sign(json!({"kid": "k-1"}), &claims());
            assert_eq!(cause(&[&mine.public], &forged), "another algorithm");
        }
    }
}

#[test]
fn the_rules_are_those_of_every_token() {
    let mine = Pair::new(Algorithm::EdDSA, "k-1");
    let with = |name: &str, value: Value| {
        let mut claims = claims();
        claims[name] = value;
        cause(&[&mine.public], &mine.sign(json!({"kid": "k-1"}), &claims))
    };
    assert_eq!(with("iss", json!("somebody")), "wrong issuer");
    assert_eq!(with("aud", json!("somebody")), "wrong audience");
    assert_eq!(with("exp", json!(NOW_S - 5)), "expired");
    assert_eq!(with("nbf", json!(NOW_S + 6)), "not valid yet");
    assert_eq!(with("iat", json!(NOW_S + 6)), "issued in the future");
    assert_eq!(with("jti", json!("")), "jti is empty");
    assert_eq!(with("sid", json!(" ")), "sid is empty");
    assert_eq!(with("scope", json!("chat")), "scope lacks `chat` or `agents`");
    for name in ["iss", "aud", "exp", "sub", "jti", "scope"] {
        with(name, Value::Null);
    }
    let crit = json!({"kid": "k-1", "crit": ["exp"]});
    assert_eq!(cause(&[&mine.public], &mine.sign(crit, &claims())), "header has `crit`");
    // A key that the token brings along is the sender's.
    let forger = Pair::new(Algorithm::EdDSA, "k-1");
    let brought = forger.sign(json!({"kid": "k-1", "jwk": forger.public}), &claims());
    assert_eq!(cause(&[&mine.public], &brought), "bad signature");
}

#[test]
fn what_is_no_key_for_us_is_left_out_and_said() {
    let good = Pair::new(Algorithm::EdDSA, "good").public;
    let with = |name: &str, value: Value| {
        let mut key = Pair::new(Algorithm::EdDSA, "odd").public;
        key[name] = value;
        key
    };
    let short = json!({"kty": "RSA", "kid": "odd", "e": "AQAB", "n": URL_SAFE_NO_PAD.encode([255_u8; 128])});
    let secret = json!({"kty": "oct", "kid": "odd", "k": URL_SAFE_NO_PAD.encode([7_u8; 32]), "alg": "HS256"});
    for odd in [
        with("use", json!("enc")),
        with("key_ops", json!(["sign"])),
        with("alg", json!("ES256")),
        with("kid", json!("")),
        with("crv", json!("X25519")),
        with("kty", json!("AKP")),
        short,
        secret,
        json!(7),
    ] {
        assert_eq!(set(&[&good, &odd]).map(|keys| keys.len()), Ok(1), "{odd}");
        assert!(matches!(set(&[&odd]), Err(KeySetError::NoKey(why)) if why.len() == 1), "{odd}");
    }
    assert!(matches!(set(&[]), Err(KeySetError::NoKey(_))));
    assert_eq!(set(&[&good, &good]).unwrap_err(), KeySetError::SameName("good".to_owned()));
    assert!(matches!(KeySet::from_json(b"<html>"), Err(KeySetError::NotAKeySet(_))));
}
