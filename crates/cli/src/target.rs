//! From a chosen target to something that can be driven: the address, the tokens, the embedded backend.

mod oauth;

use crate::config::{AuthConfig, Chosen, Environment, ScenarioConfig, TargetChoice, TargetConfig};
use crate::exit::CommandError;
use crate::nearest::unknown;
use crate::serve::EmbeddedBackend;
use goldenpath_harness::{
    Auth, AuthMode, GivenToken, MintSettings, Minter, Placement, Scenario, Target, Token, known_scenarios,
};
use goldenpath_history::{Expect, Outcome, ToolDemand};
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

/// The variable that the reference backend reads its key from.
const SECRET_VARIABLE: &str = "GOLDENPATH_JWT_SECRET";
/// Where `serve` keeps a key that nobody gave it.
const SECRET_FILE: &str = "goldenpath-data/dev-secret";
/// How long a connection may take when the whole run may take less.
const LONGEST_CONNECT: Duration = Duration::from_secs(10);

/// A target that can be driven. Holds the embedded backend for as long as it is needed.
#[derive(Debug)]
pub(crate) struct Reached {
    /// Where it is.
    pub(crate) target: Target,
    /// How tokens are had.
    pub(crate) auth: Auth,
    /// The backend in this process, when it is that.
    pub(crate) embedded: Option<Arc<EmbeddedBackend>>,
}

/// Makes the target ready. Nothing is connected yet.
pub(crate) async fn reach(chosen: &Chosen, environment: &Environment) -> Result<Reached, CommandError> {
    let deadline = LONGEST_CONNECT.min(chosen.timeout);
    match &chosen.target {
        TargetChoice::Embedded => {
            let backend = EmbeddedBackend::start().await?;
            let target = remote(&TargetConfig { url: Some(backend.url()), ..TargetConfig::default() })?;
            let minter = Minter::new(MintSettings::default(), backend.secret())
                .map_err(|why| CommandError::Bug(why.to_string()))?;
            let target = target.with_connect_deadline(deadline).with_profile(&chosen.profile);
            Ok(Reached { target, auth: Auth::mint(minter), embedded: Some(Arc::new(backend)) })
        }
        TargetChoice::Remote(config) => {
            let target = remote(config)?.with_connect_deadline(deadline).with_profile(&chosen.profile);
            let auth = match config.auth.mode.as_deref() {
                Some("oauth") => {
                    let ca_file = config.ca_file.as_deref();
                    let auth = oauth::auth(&config.auth, ca_file, environment, chosen.seed, chosen.users);
                    auth.await?.placed(placement(&config.auth)?)
                }
                _ => auth(&config.auth, environment)?,
            };
            Ok(Reached { target, auth, embedded: None })
        }
    }
}

fn remote(config: &TargetConfig) -> Result<Target, CommandError> {
    let usage = |why: &dyn std::fmt::Display| CommandError::Usage(format!("failed to use the target: {why}"));
    let url = config.url.as_deref().unwrap_or_default();
    let mut target = Target::new(url).map_err(|why| usage(&why))?;
    if let Some(file) = &config.ca_file {
        target = target.with_ca_file(file).map_err(|why| usage(&why))?;
    }
    if let Some(metrics) = &config.metrics_url {
        let parsed = metrics.parse().map_err(|why| usage(&format!("`metrics_url` `{metrics}`: {why}")))?;
        target = target.with_metrics(parsed);
    }
    Ok(match config.pid {
        Some(pid) => target.with_pid(pid),
        None => target,
    })
}

/// Where tokens are put.
fn placement(config: &AuthConfig) -> Result<Placement, CommandError> {
    let Some(name) = &config.placement else { return Ok(Placement::default()) };
    let known = Placement::ALL.iter().find(|(known, _)| known == name);
    let names: Vec<&str> = Placement::ALL.iter().map(|(name, _)| *name).collect();
    known
        .map(|(_, placement)| *placement)
        .ok_or_else(|| CommandError::Usage(unknown("token placement", name, &names)))
}

/// How tokens are had. Without a mode: minted where a key is at hand, else none.
fn auth(config: &AuthConfig, environment: &Environment) -> Result<Auth, CommandError> {
    let placement = placement(config)?;
    let tokens_named = config.token_env.is_some() || config.token_file.is_some() || !config.users.is_empty();
    let key_at_hand = config.key_env.is_some()
        || config.key_file.is_some()
        || environment.contains_key(SECRET_VARIABLE)
        || Path::new(SECRET_FILE).is_file();
    let mode = match config.mode.as_deref() {
        Some(mode) => mode,
        None if tokens_named => "token",
        None if key_at_hand => "mint",
        None => "none",
    };
    let auth = match mode {
        "mint" => Auth::mint(minter(config, environment)?),
        "token" => Auth { mode: AuthMode::Token(tokens(config, environment)?), placement },
        _ => Auth::none(),
    };
    Ok(auth.placed(placement))
}

fn minter(config: &AuthConfig, environment: &Environment) -> Result<Minter, CommandError> {
    let usage = |why: &dyn std::fmt::Display| CommandError::Usage(format!("failed to mint tokens: {why}"));
    let mut settings = MintSettings::default();
    if let Some(alg) = &config.alg {
        settings.alg = MintSettings::algorithm(alg).map_err(|why| usage(&why))?;
    }
    settings.kid.clone_from(&config.kid);
    if let Some(issuer) = &config.issuer {
        settings.issuer.clone_from(issuer);
    }
    if let Some(audience) = &config.audience {
        settings.audience.clone_from(audience);
    }
    if let Some(seconds) = config.ttl_s {
        settings.ttl = Duration::from_secs(seconds);
    }
    if let Some(claims) = &config.claims {
        let value = serde_json::to_value(claims).map_err(|why| usage(&why))?;
        settings.claims = value.as_object().cloned().unwrap_or_default();
    }
    Minter::new(settings, &key(config, environment)?).map_err(|why| usage(&why))
}

/// The signing key: from the named variable, the named file, or where the reference backend has it.
fn key(config: &AuthConfig, environment: &Environment) -> Result<Vec<u8>, CommandError> {
    if let Some(name) = &config.key_env {
        return variable(name, environment).map(String::into_bytes);
    }
    if let Some(path) = &config.key_file {
        return secret_file(path);
    }
    match environment.get(SECRET_VARIABLE) {
        Some(secret) => Ok(secret.clone().into_bytes()),
        None if Path::new(SECRET_FILE).is_file() => secret_file(Path::new(SECRET_FILE)),
        None => Err(CommandError::Usage(format!(
            "failed to mint tokens: no key (hint: `--auth-key-env VAR`, `key_env` or `key_file` in the \
             configuration, or `{SECRET_VARIABLE}`)"
        ))),
    }
}

fn tokens(config: &AuthConfig, environment: &Environment) -> Result<Vec<GivenToken>, CommandError> {
    let mut tokens = Vec::new();
    for user in &config.users {
        let token = Token::new(variable(&user.token_env, environment)?);
        tokens.push(GivenToken { name: user.name.clone(), token });
    }
    if let Some(name) = &config.token_env {
        tokens.push(GivenToken { name: "given".to_owned(), token: Token::new(variable(name, environment)?) });
    }
    if let Some(path) = &config.token_file {
        let bytes = secret_file(path)?;
        let text = String::from_utf8(bytes).map_err(|_| {
            CommandError::Usage(format!("failed to read a token from `{}`: it is no text", path.display()))
        })?;
        tokens.push(GivenToken { name: "given".to_owned(), token: Token::new(text) });
    }
    if tokens.is_empty() {
        return Err(CommandError::Usage(
            "the auth mode `token` names no token (hint: `token_env`, `token_file` or `users`)".to_owned(),
        ));
    }
    Ok(tokens)
}

fn variable(name: &str, environment: &Environment) -> Result<String, CommandError> {
    match environment.get(name).map(|value| value.trim()) {
        Some(value) if !value.is_empty() => Ok(value.to_owned()),
        _ => Err(CommandError::Usage(format!(
            "the variable `{name}` is not set, and a secret is to be read from it"
        ))),
    }
}

fn secret_file(path: &Path) -> Result<Vec<u8>, CommandError> {
    let bytes = std::fs::read(path)
        .map_err(|why| CommandError::Usage(format!("failed to read `{}`: {why}", path.display())))?;
    Ok(bytes.trim_ascii().to_vec())
}

/// What users ask: the known four, then those of the configuration.
pub(crate) fn scenarios(chosen: &Chosen) -> Result<Vec<Scenario>, CommandError> {
    let mut scenarios = known_scenarios();
    for (name, config) in &chosen.scenarios {
        let scenario = Scenario::new(name.clone(), config.message.clone()).expecting(expect(name, config)?);
        match scenarios.iter_mut().find(|known| known.name == *name) {
            Some(known) => *known = scenario,
            None => scenarios.push(scenario),
        }
    }
    Ok(scenarios)
}

fn expect(name: &str, config: &ScenarioConfig) -> Result<Expect, CommandError> {
    let wrong = |why: String| CommandError::Usage(format!("`[scenarios.{name}]`: {why}"));
    let tools = match &config.expect.tools {
        None => ToolDemand::default(),
        Some(toml::Value::String(word)) if word == "none" => ToolDemand::None,
        Some(toml::Value::String(word)) if word == "some" => ToolDemand::Some,
        Some(toml::Value::Integer(number)) => match u32::try_from(*number) {
            Ok(0) => ToolDemand::None,
            Ok(number) => ToolDemand::AtLeast(number),
            Err(_) => return Err(wrong(format!("`tools` is {number}"))),
        },
        Some(_) => return Err(wrong("`tools` is \"none\", \"some\" or a number".to_owned())),
    };
    let outcome = match config.expect.outcome.as_deref() {
        None | Some("completed") => Outcome::Completed,
        Some("failed") => Outcome::Failed,
        Some("cancelled") => Outcome::Cancelled,
        Some("any") => Outcome::Any,
        Some(other) => {
            return Err(wrong(unknown("outcome", other, &["completed", "failed", "cancelled", "any"])));
        }
    };
    Ok(Expect {
        tools,
        outcome,
        min_insights: config.expect.min_insights.unwrap_or(0),
        quote_reference: config.expect.quote_reference.unwrap_or(false),
        failing_tool: false,
    })
}
