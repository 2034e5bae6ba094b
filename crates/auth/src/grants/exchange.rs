//! Token exchange (RFC 8693): an ID token of the configured provider becomes a platform token of the same user.

use super::begin_session;
use crate::answers::OAuthError;
use crate::clients::Client;
use crate::config::GrantType;
use crate::form::Form;
use crate::service::AuthService;
use crate::tokens::{Subject, TokenAnswer};
use goldenpath_protocol::Timestamp;

const ID_TOKEN: &str = "urn:ietf:params:oauth:token-type:id_token";
const JWT: &str = "urn:ietf:params:oauth:token-type:jwt";
const ACCESS_TOKEN: &str = "urn:ietf:params:oauth:token-type:access_token";

pub(super) async fn grant(
    auth: &AuthService,
    client: &Client,
    form: &Form,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let provider = auth.provider.as_ref().ok_or_else(|| {
        OAuthError::unauthorized_client("no provider is configured whose tokens count here")
    })?;
    if !matches!(form.need("subject_token_type")?, ID_TOKEN | JWT) {
        return Err(OAuthError::invalid_request(format!("`subject_token_type` is not `{ID_TOKEN}`")));
    }
    if form.get("requested_token_type").is_some_and(|kind| !matches!(kind, ACCESS_TOKEN | JWT)) {
        return Err(OAuthError::invalid_request(format!("`requested_token_type` is not `{ACCESS_TOKEN}`")));
    }
    // Nobody acts for somebody else here; who asks to must not be given less than asked for.
    if form.get("actor_token").is_some() || form.get("requested_subject").is_some() {
        return Err(OAuthError::invalid_request("tokens are exchanged for their own subject only"));
    }
    let scope = client.scope(form.get("scope"))?;
    let person = provider.verify(form.need("subject_token")?, None, now).await?;
    auth.check_not_reserved(&person.user)?;
    let subject = Subject {
        user: person.user,
        client: client.id().to_owned(),
        scope,
        tier: person.tier,
        session: Some(uuid::Uuid::new_v4().to_string()),
    };
    let mut answer = begin_session(auth, &subject, client.may(GrantType::RefreshToken), now).await?;
    answer.issued_token_type = Some(ACCESS_TOKEN);
    Ok(answer)
}
