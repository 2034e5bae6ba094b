//! From what was typed and configured to what is meant: one value with everything decided.

use super::keys::words;
use super::{AuthConfig, Config, Environment, ScenarioConfig, TargetConfig, limits};
use crate::args::{TargetArgs, ValidateArgs};
use crate::exit::CommandError;
use crate::nearest::unknown;
use goldenpath_checkers::Category;
use rand::Rng;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

/// Profiles of this version.
pub(crate) const PROFILES: &[&str] = &["goldenpath"];
/// The built-in environment on this machine.
pub(crate) const LOCAL: &str = "local";
/// Where it is.
const LOCAL_URL: &str = "ws://localhost:8000/ws";
/// Where session folders go.
const OUTPUT_DIR: &str = "websocket_validation_reports";
/// Seeds stay exact in every JSON reader.
const SEED_BITS: u32 = 53;

/// Where a run goes.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TargetChoice {
    /// A reference backend in this process.
    Embedded,
    /// A backend elsewhere.
    Remote(Box<TargetConfig>),
}

/// How thorough a run is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Length {
    /// As short as the verdicts allow.
    Short,
    /// With the samples of a night.
    Nightly,
}

/// What `validate` and `record` share.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Chosen {
    /// The environment's name for reports.
    pub(crate) environment: String,
    /// Where to go.
    pub(crate) target: TargetChoice,
    /// How frames are read.
    pub(crate) profile: String,
    /// Distinct identities.
    pub(crate) users: u32,
    /// What the whole run may take.
    pub(crate) timeout: Duration,
    /// What fixes prompts, ids, users and order.
    pub(crate) seed: u64,
    /// Where session folders go.
    pub(crate) output_dir: PathBuf,
    /// Prompts beside the known four.
    pub(crate) scenarios: BTreeMap<String, ScenarioConfig>,
}

/// What `validate` does.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Settings {
    /// What it shares with `record`.
    pub(crate) chosen: Chosen,
    /// The categories asked for by name; `None`: all but stress.
    pub(crate) categories: Option<Vec<Category>>,
    /// Limits that differ from the catalogue's.
    pub(crate) limits: BTreeMap<String, f64>,
    /// Run no further category after a failed one.
    pub(crate) fail_fast: bool,
    /// An earlier report.
    pub(crate) baseline: Option<PathBuf>,
    /// Whether 99.9 % delivery is required.
    pub(crate) sla: bool,
    /// How thorough.
    pub(crate) length: Length,
}

/// What `validate` means with these flags, this configuration and these variables.
pub(crate) fn resolve_validate(
    args: &ValidateArgs,
    config: &Config,
    environment: &Environment,
) -> Result<Settings, CommandError> {
    let chosen = resolve_record(&args.target, config, environment)?;
    let mut limits = config.limits.clone();
    if let Some(threshold) = args.performance_threshold.or(config.performance_threshold) {
        for id in ["timing/first-event", "timing/delivery-latency"] {
            // A limit that the file names for one check is more precise, unless the flag was typed.
            if args.performance_threshold.is_some() || !limits.contains_key(id) {
                limits.insert(id.to_owned(), threshold);
            }
        }
    }
    limits::check(&limits).map_err(CommandError::Usage)?;
    let typed: Vec<String> = args.categories.clone();
    let categories = match (typed.is_empty(), &config.categories) {
        (false, _) => Some(categories(&typed)?),
        (true, Some(configured)) => Some(categories(configured)?),
        (true, None) => None,
    };
    let length = length(args.duration.as_deref(), config)?;
    Ok(Settings {
        chosen,
        categories,
        limits,
        fail_fast: args.fail_fast || config.fail_fast.unwrap_or(false),
        baseline: args.baseline.clone().or_else(|| config.baseline.clone()),
        sla: args.sla || config.sla.unwrap_or(false),
        length,
    })
}

/// The categories that a list of comma or space lists names.
pub(crate) fn categories(lists: &[String]) -> Result<Vec<Category>, CommandError> {
    let known: Vec<&str> = Category::ALL.iter().map(|category| category.as_str()).collect();
    let mut chosen: Vec<Category> = Vec::new();
    for word in lists.iter().flat_map(|list| words(list)) {
        let category = word.parse().map_err(|_| CommandError::Usage(unknown("category", word, &known)))?;
        if !chosen.contains(&category) {
            chosen.push(category);
        }
    }
    if chosen.is_empty() {
        return Err(CommandError::Usage(format!("`--categories` names none (valid: {})", known.join(", "))));
    }
    chosen.sort_unstable();
    Ok(chosen)
}

/// How thorough a run is to be.
pub(crate) fn length(typed: Option<&str>, config: &Config) -> Result<Length, CommandError> {
    match typed.or(config.duration.as_deref()) {
        None | Some("short") => Ok(Length::Short),
        Some("nightly") => Ok(Length::Nightly),
        Some(other) => Err(CommandError::Usage(unknown("duration", other, &["short", "nightly"]))),
    }
}

/// What both commands that drive a target mean.
pub(crate) fn resolve_record(
    args: &TargetArgs,
    config: &Config,
    environment: &Environment,
) -> Result<Chosen, CommandError> {
    let (name, mut target) = target(args, config, environment)?;
    match (&mut target, auth_flag(args)) {
        (TargetChoice::Remote(remote), _) => {
            overlay_auth(&mut remote.auth, args);
            check_auth(&remote.auth)?;
        }
        // Tokens are for somebody: a verdict on the embedded backend would be one on the wrong target.
        (TargetChoice::Embedded, Some(flag)) => {
            return Err(CommandError::Usage(format!(
                "`{flag}` was given and no target (hint: `--target URL`, or `--environment NAME`; the embedded backend \
                 needs no tokens)"
            )));
        }
        (TargetChoice::Embedded, None) => {}
    }
    let of_target = match &target {
        TargetChoice::Remote(remote) => remote.profile.clone(),
        TargetChoice::Embedded => None,
    };
    let profile = args.profile.clone().or(of_target).or_else(|| config.profile.clone());
    let profile = profile.unwrap_or_else(|| "goldenpath".to_owned());
    check_profile(&profile)?;
    let users = args.users.or(config.users).unwrap_or(5);
    if !(1..=1000).contains(&users) {
        return Err(CommandError::Usage(format!("`users` is {users} (valid: 1 to 1000)")));
    }
    let timeout = args.timeout.or(config.timeout).unwrap_or(900);
    if timeout == 0 {
        return Err(CommandError::Usage("`timeout` is 0 (valid: 1 second or more)".to_owned()));
    }
    Ok(Chosen {
        environment: name,
        target,
        profile,
        users,
        timeout: Duration::from_secs(timeout),
        seed: args.seed.or(config.seed).unwrap_or_else(|| rand::rng().random::<u64>() >> (64 - SEED_BITS)),
        output_dir: args
            .output_dir
            .clone()
            .or_else(|| config.output_dir.clone())
            .unwrap_or_else(|| OUTPUT_DIR.into()),
        scenarios: config.scenarios.clone(),
    })
}

/// Refuses a profile that this version does not have.
pub(crate) fn check_profile(profile: &str) -> Result<(), CommandError> {
    if PROFILES.contains(&profile) {
        return Ok(());
    }
    Err(CommandError::Usage(unknown("profile", profile, PROFILES)))
}

/// `--target` > `GOLDENPATH_TARGET` > `WEBSOCKET_TEST_URL` > `--environment` > the file.
fn target(
    args: &TargetArgs,
    config: &Config,
    environment: &Environment,
) -> Result<(String, TargetChoice), CommandError> {
    let from_environment = ["GOLDENPATH_TARGET", "GOLDENPATH_TARGET__URL", "WEBSOCKET_TEST_URL"]
        .iter()
        .find_map(|name| environment.get(*name).filter(|url| !url.is_empty()).cloned());
    let named = args.environment.clone().or_else(|| environment.get("GOLDENPATH_ENVIRONMENT").cloned());
    let url = args.target.clone().or(from_environment);
    let url = if named.is_none() { url.or_else(|| config.target.url.clone()) } else { url };
    if let Some(url) = url {
        let remote = TargetConfig { url: Some(url), ..config.target.clone() };
        return Ok(("target".to_owned(), TargetChoice::Remote(Box::new(remote))));
    }
    let name = named.or_else(|| config.environment.clone()).unwrap_or_else(|| "embedded".to_owned());
    let choice = match (name.as_str(), config.environments.get(&name)) {
        ("embedded", _) => TargetChoice::Embedded,
        (LOCAL, configured) => {
            let mut local = configured.cloned().unwrap_or_default();
            local.url.get_or_insert_with(|| LOCAL_URL.to_owned());
            TargetChoice::Remote(Box::new(local))
        }
        (_, Some(configured)) if configured.url.is_some() => {
            TargetChoice::Remote(Box::new(configured.clone()))
        }
        (_, Some(_)) => {
            return Err(CommandError::Usage(format!("`[environments.{name}]` has no `url`")));
        }
        (_, None) => {
            let mut known = vec!["embedded", LOCAL];
            known.extend(config.environments.keys().map(String::as_str).filter(|known| *known != LOCAL));
            let said = unknown("environment", &name, &known);
            let hint =
                format!("(hint: `[environments.{name}]` with its `url` in the configuration makes it one)");
            return Err(CommandError::Usage(format!("{said} {hint}")));
        }
    };
    Ok((name, choice))
}

/// The first flag that says how to get in somewhere.
fn auth_flag(args: &TargetArgs) -> Option<&'static str> {
    let given = [
        (args.auth.is_some(), "--auth"),
        (args.auth_placement.is_some(), "--auth-placement"),
        (args.auth_key_env.is_some(), "--auth-key-env"),
        (args.auth_key_file.is_some(), "--auth-key-file"),
        (args.auth_token_env.is_some(), "--auth-token-env"),
        (args.auth_alg.is_some(), "--auth-alg"),
        (args.issuer.is_some(), "--issuer"),
        (args.audience.is_some(), "--audience"),
    ];
    given.into_iter().find(|(given, _)| *given).map(|(_, flag)| flag)
}

fn overlay_auth(auth: &mut AuthConfig, args: &TargetArgs) {
    let texts = [
        (&mut auth.mode, &args.auth),
        (&mut auth.placement, &args.auth_placement),
        (&mut auth.alg, &args.auth_alg),
        (&mut auth.issuer, &args.issuer),
        (&mut auth.audience, &args.audience),
    ];
    for (configured, typed) in texts {
        if typed.is_some() {
            configured.clone_from(typed);
        }
    }
    // A typed place of a secret replaces the configured one of either sort.
    if args.auth_key_env.is_some() || args.auth_key_file.is_some() {
        auth.key_env.clone_from(&args.auth_key_env);
        auth.key_file.clone_from(&args.auth_key_file);
    }
    if args.auth_token_env.is_some() {
        auth.token_env.clone_from(&args.auth_token_env);
        auth.token_file = None;
        auth.users.clear();
    }
}

fn check_auth(auth: &AuthConfig) -> Result<(), CommandError> {
    let known = |kind, value: Option<&String>, known: &[&str]| match value {
        Some(value) if !known.contains(&value.as_str()) => {
            Err(CommandError::Usage(unknown(kind, value, known)))
        }
        _ => Ok(()),
    };
    known("auth mode", auth.mode.as_ref(), &["none", "token", "mint", "oauth"])?;
    known("grant", auth.grant.as_ref(), &["client_credentials", "token_exchange"])?;
    known("token placement", auth.placement.as_ref(), &["header", "subprotocol", "first_frame", "query"])?;
    known("algorithm", auth.alg.as_ref(), &["HS256", "EdDSA", "RS256", "ES256"])
}
