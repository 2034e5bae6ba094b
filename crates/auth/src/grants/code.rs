//! A code of a login becomes tokens, once, for who began the login: PKCE with S256 (RFC 7636), and nothing weaker.

use super::begin_session;
use crate::answers::OAuthError;
use crate::clients::Client;
use crate::config::GrantType;
use crate::form::Form;
use crate::service::AuthService;
use crate::state::{TakenCode, TokenHash};
use crate::tokens::{Subject, TokenAnswer};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_protocol::Timestamp;
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

pub(super) async fn grant(
    auth: &AuthService,
    client: &Client,
    form: &Form,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let (code, verifier) = (form.need("code")?, form.need("code_verifier")?);
    let redirect_uri = form.need("redirect_uri")?;
    let grant = match auth.state.take_code(TokenHash::of(code), now).await? {
        TakenCode::Good(grant) => grant,
        TakenCode::Used(session) => {
            // Two have the code, and one of them should not (RFC 6749, 4.1.2): what came of it is worth nothing now.
            tracing::warn!(client = client.id(), "a code was used twice; its login ends");
            auth.end_session(&session, now).await?;
            return Err(OAuthError::invalid_grant());
        }
        TakenCode::Unknown => return Err(OAuthError::invalid_grant()),
    };
    let proven = is_verifier(verifier)
        && bool::from(challenge_of(verifier).as_bytes().ct_eq(grant.code_challenge.as_bytes()));
    if grant.client != client.id() || grant.redirect_uri != redirect_uri || !proven {
        return Err(OAuthError::invalid_grant());
    }
    let subject = Subject {
        user: grant.user,
        client: grant.client,
        scope: grant.scope,
        tier: grant.tier,
        session: Some(grant.session),
    };
    begin_session(auth, &subject, client.may(GrantType::RefreshToken), now).await
}

/// The S256 challenge of a verifier.
pub(crate) fn challenge_of(verifier: &str) -> String {
    URL_SAFE_NO_PAD.encode(Sha256::digest(verifier))
}

/// Whether a text can be an S256 challenge: a hash in base64url.
pub(crate) fn is_challenge(text: &str) -> bool {
    text.len() == 43 && URL_SAFE_NO_PAD.decode(text).is_ok_and(|bytes| bytes.len() == 32)
}

fn is_verifier(text: &str) -> bool {
    (43..=128).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~'))
}

#[cfg(test)]
mod tests {
    use super::{challenge_of, is_challenge, is_verifier};

    #[test]
    fn the_example_of_rfc_7636_holds() {
        let verifier = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
        assert_eq!(challenge_of(verifier), "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
        assert!(is_verifier(verifier) && is_challenge(&challenge_of(verifier)));
    }

    #[test]
    fn short_and_strange_texts_prove_nothing() {
        for text in ["", "short", &"a".repeat(42), &"a".repeat(129), &format!("{} ", "a".repeat(43))] {
            assert!(!is_verifier(text), "{text}");
        }
        for text in ["", "plain", &"a".repeat(42), &"!".repeat(43)] {
            assert!(!is_challenge(text), "{text}");
        }
    }
}
