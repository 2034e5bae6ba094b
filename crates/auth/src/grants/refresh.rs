//! A refresh token becomes the next one and an access token, once. Its reuse ends the login (RFC 9700, 4.14.2).

use super::REFRESH_TOKEN;
use crate::answers::OAuthError;
use crate::clients::{Client, narrowed};
use crate::form::Form;
use crate::random;
use crate::service::AuthService;
use crate::state::{Rotation, TokenHash};
use crate::tokens::{Subject, TokenAnswer};
use goldenpath_protocol::Timestamp;

pub(super) async fn grant(
    auth: &AuthService,
    client: &Client,
    form: &Form,
    now: Timestamp,
) -> Result<TokenAnswer, OAuthError> {
    let presented = TokenHash::of(form.need("refresh_token")?);
    // Before the token is used up: who asks for too much still has it afterwards.
    let family = auth.state.family_of(presented, now).await?.filter(|family| family.client == client.id());
    let scope = match (&family, form.get("scope")) {
        (Some(family), asked) => narrowed(&family.scope, asked)?,
        (None, _) => return Err(OAuthError::invalid_grant()),
    };
    let next = format!("{REFRESH_TOKEN}{}", random::text()?);
    let family = match auth.state.rotate(presented, TokenHash::of(&next), client.id(), now).await? {
        Rotation::Rotated(family) => family,
        Rotation::Reused(family) => {
            tracing::warn!(client = client.id(), user = %family.user, "a refresh token was used twice; its login ends");
            auth.end_session(&family.session, now).await?;
            return Err(OAuthError::invalid_grant());
        }
        Rotation::Unknown => return Err(OAuthError::invalid_grant()),
    };
    let subject = Subject {
        user: family.user,
        client: family.client,
        scope,
        tier: family.tier,
        session: Some(family.session),
    };
    let mut answer = auth.access_token(&subject, now)?;
    answer.refresh_token = Some(next);
    Ok(answer)
}
