//! Tokens that must be refused at the upgrade, one case each.

use super::{AuthError, Token};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};

/// In which way a token is bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Forgery {
    /// No token at all.
    Missing,
    /// Its time is over.
    Expired,
    /// Its time has not come.
    NotYetValid,
    /// The signature is another's.
    BadSignature,
    /// `alg: none`, no signature.
    AlgNone,
    /// For another audience.
    WrongAudience,
    /// By another issuer.
    WrongIssuer,
    /// Claims changed after signing.
    Tampered,
    /// A good token, in the address.
    InQuery,
    /// No token's shape.
    Garbage,
}

impl Forgery {
    /// Every case.
    pub const ALL: [Self; 10] = [
        Self::Missing,
        Self::Expired,
        Self::NotYetValid,
        Self::BadSignature,
        Self::AlgNone,
        Self::WrongAudience,
        Self::WrongIssuer,
        Self::Tampered,
        Self::InQuery,
        Self::Garbage,
    ];

    /// The case as histories write it.
    #[must_use]
    pub fn case(self) -> &'static str {
        match self {
            Self::Missing => "missing",
            Self::Expired => "expired",
            Self::NotYetValid => "not_yet_valid",
            Self::BadSignature => "bad_signature",
            Self::AlgNone => "alg_none",
            Self::WrongAudience => "wrong_audience",
            Self::WrongIssuer => "wrong_issuer",
            Self::Tampered => "tampered",
            Self::InQuery => "in_query",
            Self::Garbage => "garbage",
        }
    }
}

/// The forgery of a good token, where no key is needed for it.
pub(crate) fn derive(good: &Token, forgery: Forgery) -> Result<Option<Token>, AuthError> {
    let refuse = |why| Err(AuthError::Case { case: forgery.case(), why });
    match forgery {
        Forgery::Missing => return Ok(None),
        Forgery::InQuery => return Ok(Some(good.clone())),
        Forgery::Garbage => return Ok(Some(Token::new("not-a-token"))),
        Forgery::Expired | Forgery::NotYetValid | Forgery::WrongAudience | Forgery::WrongIssuer => {
            return refuse("only a minted token can be (hint: `auth.mode = \"mint\"`)");
        }
        Forgery::BadSignature | Forgery::AlgNone | Forgery::Tampered => {}
    }
    let mut parts = good.reveal().split('.');
    let (Some(header), Some(payload), Some(signature)) = (parts.next(), parts.next(), parts.next()) else {
        return refuse("the given token is no JWT");
    };
    let forged = match forgery {
        Forgery::AlgNone => {
            format!("{}.{payload}.", URL_SAFE_NO_PAD.encode(br#"{"alg":"none","typ":"at+jwt"}"#))
        }
        Forgery::BadSignature => {
            let Ok(mut bytes) = URL_SAFE_NO_PAD.decode(signature) else {
                return refuse("the given token's signature is no base64url");
            };
            for byte in &mut bytes {
                *byte ^= 0x5a;
            }
            format!("{header}.{payload}.{}", URL_SAFE_NO_PAD.encode(bytes))
        }
        _ => {
            let Some(mut claims) = claims_of(good.reveal()) else {
                return refuse("the given token's claims are no JSON");
            };
            claims.insert("tier".to_owned(), "enterprise".into());
            claims.insert("scope".to_owned(), "chat agents admin".into());
            let claims = serde_json::to_vec(&claims).map_err(|why| AuthError::Sign(why.to_string()))?;
            format!("{header}.{}.{signature}", URL_SAFE_NO_PAD.encode(claims))
        }
    };
    Ok(Some(Token::new(forged)))
}

/// The claims of a JWT, not verified.
pub(crate) fn claims_of(token: &str) -> Option<Map<String, Value>> {
    let payload = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(payload).ok()?).ok()
}
