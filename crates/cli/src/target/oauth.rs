//! Tokens of the target's own issuer: asked for before anything is driven, so that a wrong secret is a usage error and no
//! verdict.

use super::{secret_file, variable};
use crate::config::{AuthConfig, Environment};
use crate::exit::CommandError;
use crate::nearest::unknown;
use goldenpath_harness::{Auth, OAuth, OAuthGrant, OAuthSettings, TestUser, Token};
use std::path::Path;

/// Gets a token for each of so many users of a seed, or for as many identities as can be had.
pub(super) async fn auth(
    config: &AuthConfig,
    ca_file: Option<&Path>,
    environment: &Environment,
    seed: u64,
    users: u32,
) -> Result<Auth, CommandError> {
    let settings = settings(config, ca_file, environment)?;
    let issuer = OAuth::new(settings).map_err(|why| CommandError::Usage(why.to_string()))?;
    // One more, for what is done to a user who does nothing else.
    let names = TestUser::names(seed, users as usize + 1);
    issuer.issue(&names).await.map_err(|why| {
        CommandError::Usage(format!(
            "{why} (hint: `token_url`, `client_id`, `client_secret_env` or `client_secret_file`, `grant` and `scope` in the configuration)"
        ))
    })?;
    Ok(Auth::oauth(issuer))
}

fn client_secret(config: &AuthConfig, environment: &Environment) -> Result<Option<String>, CommandError> {
    if let Some(name) = &config.client_secret_env {
        return variable(name, environment).map(Some);
    }
    let Some(path) = &config.client_secret_file else { return Ok(None) };
    let text = String::from_utf8(secret_file(path)?).map_err(|_| {
        CommandError::Usage(format!("failed to read a secret from `{}`: it is no text", path.display()))
    })?;
    Ok(Some(text))
}

fn settings(
    config: &AuthConfig,
    ca_file: Option<&Path>,
    environment: &Environment,
) -> Result<OAuthSettings, CommandError> {
    let missing =
        |key: &str| CommandError::Usage(format!("the auth mode `oauth` needs `{key}` in the configuration"));
    let url = config.token_url.as_deref().ok_or_else(|| missing("token_url"))?;
    let token_url = url
        .parse()
        .map_err(|why| CommandError::Usage(format!("the `token_url` `{url}` is no address: {why}")))?;
    let client_id = config.client_id.clone().ok_or_else(|| missing("client_id"))?;
    let mut settings = OAuthSettings::new(token_url, client_id);
    settings.grant = match config.grant.as_deref() {
        None => OAuthGrant::default(),
        Some(name) => {
            let names: Vec<&str> = OAuthGrant::ALL.iter().map(|(name, _)| *name).collect();
            let found = OAuthGrant::ALL.iter().find(|(known, _)| *known == name);
            found.ok_or_else(|| CommandError::Usage(unknown("grant", name, &names)))?.1
        }
    };
    settings.client_secret = client_secret(config, environment)?;
    settings.scope.clone_from(&config.scope);
    settings.audience.clone_from(&config.audience);
    settings.user_field.clone_from(&config.user_field);
    settings.ca_pem = ca_file.map(secret_file).transpose()?;
    if settings.grant == OAuthGrant::TokenExchange {
        let name = config.subject_token_env.as_deref().ok_or_else(|| missing("subject_token_env"))?;
        let tokens = variable(name, environment)?;
        settings.subject_tokens = tokens.split_whitespace().map(Token::new).collect();
    }
    Ok(settings)
}
