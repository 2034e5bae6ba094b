//! A client asks for itself; one for tests, for users that begin with its prefix.

use crate::answers::OAuthError;
use crate::clients::Client;
use crate::form::Form;
use crate::service::AuthService;
use crate::tokens::{Subject, TokenAnswer};
use goldenpath_protocol::{Timestamp, UserId};

pub(super) fn grant(
    auth: &AuthService,
    client: &Client,
    form: &Form,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let user = match form.get("requested_subject") {
        None => client.own_subject()?,
        Some(name) => named(client, name)?,
    };
    let subject = Subject {
        user,
        client: client.id().to_owned(),
        scope: client.scope(form.get("scope"))?,
        tier: client.config.tier,
        session: None,
    };
    // No refresh token (RFC 6749, 4.4.3): who has the secret can ask again.
    auth.access_token(&subject, now)
}

fn named(client: &Client, name: &str) -> Result<UserId, OAuthError> {
    let refused = || OAuthError::unauthorized_client("this client may not get tokens for this user");
    let begin = client.config.users_beginning_with.as_deref().ok_or_else(refused)?;
    let user =
        UserId::new(name).map_err(|_| OAuthError::invalid_request("`requested_subject` is no user id"))?;
    match user.as_str().len() > begin.len() && user.as_str().starts_with(begin) {
        true => Ok(user),
        false => Err(refused()),
    }
}
