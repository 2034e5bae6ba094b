//! The auth service as a process or beside a node, and how a node knows users.

use crate::args::ServeAuthArgs;
use crate::exit::CommandError;
use goldenpath_auth::{
    AuthConfig, AuthHandle, AuthParts, AuthServer, AuthState, Clock as _, Keys, MemoryState, RedisState,
    SystemClock,
};
use goldenpath_gateway::auth::{Authenticator, JwksAuthenticator, JwksSettings, TokenVerifier};
use rustls::ServerConfig;
use std::path::Path;
use std::sync::Arc;
use tokio::net::TcpListener;

/// Where generated keys lie, inside the data directory.
const KEYS: &str = "auth-keys";
/// What the names of a shared state begin with.
const STATE_PREFIX: &str = "goldenpath";

fn usage(what: &str, why: &dyn std::fmt::Display) -> CommandError {
    CommandError::Usage(format!("failed to {what}: {why}"))
}

/// A running auth service, with the names that its tokens bear.
#[derive(Debug)]
pub(super) struct Service {
    pub(super) handle: AuthHandle,
    url: String,
    /// Where the node beside it reads keys and revocations.
    for_nodes: String,
    issuer: String,
    audience: String,
}

/// Starts the auth service.
pub(super) async fn start(
    args: &ServeAuthArgs,
    listen: &str,
    data_dir: &Path,
    tls: Option<Arc<ServerConfig>>,
) -> Result<Service, CommandError> {
    let mut config = match &args.auth_config {
        None => AuthConfig::default(),
        Some(file) => {
            let what = format!("read the auth configuration `{}`", file.display());
            let text = std::fs::read_to_string(file).map_err(|why| usage(&what, &why))?;
            toml::from_str(&text).map_err(|why| usage(&what, &why))?
        }
    };
    // What nodes are told to demand is what is written.
    config.issuer = args.auth_issuer.clone().unwrap_or(config.issuer);
    config.audience = args.auth_audience.clone().unwrap_or(config.audience);
    if let Some(url) = &args.auth_public_url {
        let parsed = url.parse().map_err(|why| usage(&format!("use the public URL `{url}`"), &why))?;
        config.public_url = Some(parsed);
    }
    let bind =
        async |at: &str| TcpListener::bind(at).await.map_err(|why| usage(&format!("listen on `{at}`"), &why));
    let listener = bind(listen).await?;
    // The certificate is for those who come from outside, by its name.
    let inside =
        if args.auth_listen.is_some() && tls.is_some() { Some(bind("127.0.0.1:0").await?) } else { None };
    let state = open_state(&args.auth_state).await?;
    let (ttl, now) = (config.access_ttl_s, SystemClock.now());
    let keys = match args.auth_key_file.as_slice() {
        [] => Keys::generated_in(&data_dir.join(KEYS), config.alg, ttl, now),
        files => Keys::given(files, config.alg, ttl, now),
    };
    let keys = keys.map_err(|why| usage("use the signing keys", &why))?;
    let (issuer, audience) = (config.issuer.clone(), config.audience.clone());
    let scheme = if tls.is_some() { "https" } else { "http" };
    let told_at = inside.as_ref().and_then(|inside| inside.local_addr().ok());
    let parts = AuthParts {
        config,
        lookup: Box::new(|name| std::env::var(name).ok()),
        keys: Arc::new(keys),
        state,
        tls,
        inside,
        clock: Arc::new(SystemClock),
    };
    let handle =
        AuthServer::start(listener, parts).await.map_err(|why| usage("start the auth service", &why))?;
    let url = format!("{scheme}://{}", handle.addr());
    let for_nodes = told_at.map_or_else(|| url.clone(), |addr| format!("http://{addr}"));
    Ok(Service { handle, url, for_nodes, issuer, audience })
}

/// What the service remembers, where it was told to.
async fn open_state(place: &str) -> Result<Arc<dyn AuthState>, CommandError> {
    if place == "memory" {
        return Ok(Arc::new(MemoryState::default()));
    }
    let state = RedisState::open(place, STATE_PREFIX).await;
    Ok(Arc::new(state.map_err(|why| usage("open the state of the auth service", &why))?))
}

impl Service {
    /// Where it listens.
    pub(super) fn url(&self) -> &str {
        &self.url
    }
}

/// Knows users by published keys: those of the service beside, or of the issuer that was named.
pub(super) fn by_published_keys(
    args: &ServeAuthArgs,
    beside: Option<&Service>,
) -> Result<Option<Arc<dyn Authenticator>>, CommandError> {
    let own = |path: &str| beside.map(|service| format!("{}{path}", service.for_nodes));
    let Some(keys_url) = own("/.well-known/jwks.json").or_else(|| args.auth_jwks_url.clone()) else {
        return match &args.auth_revocations_url {
            None => Ok(None),
            Some(url) => Err(CommandError::Usage(format!(
                "revocations are read from `{url}` and keys from nowhere (hint: `--auth-jwks-url`)"
            ))),
        };
    };
    let what = format!("read keys from `{keys_url}`");
    let address = keys_url.parse().map_err(|why| usage(&what, &why))?;
    let mut settings = JwksSettings::new(address);
    let revocations = own("/auth/revocations").or_else(|| args.auth_revocations_url.clone());
    settings.revocations_url = match revocations {
        None => None,
        Some(url) => Some(url.parse().map_err(|why| usage(&format!("read revocations from `{url}`"), &why))?),
    };
    settings.ca_pem = match &args.auth_ca_file {
        None => None,
        Some(file) => {
            let read = std::fs::read(file);
            Some(read.map_err(|why| usage(&format!("read the certificates `{}`", file.display()), &why))?)
        }
    };
    let own_names = beside.map(|service| (service.issuer.clone(), service.audience.clone())).unzip();
    if let Some(issuer) = args.auth_issuer.clone().or(own_names.0) {
        settings.issuer = issuer;
    }
    if let Some(audience) = args.auth_audience.clone().or(own_names.1) {
        settings.audience = audience;
    }
    let authenticator = JwksAuthenticator::start(settings).map_err(|why| usage(&what, &why))?;
    Ok(Some(Arc::new(authenticator)))
}

/// Knows users by a shared secret.
pub(super) fn by_secret(args: &ServeAuthArgs, secret: &[u8], name: &str) -> Arc<dyn Authenticator> {
    let issuer = args.auth_issuer.as_deref().unwrap_or(name);
    let audience = args.auth_audience.as_deref().unwrap_or(name);
    Arc::new(TokenVerifier::hs256(secret, issuer, audience))
}

#[cfg(test)]
mod tests {
    use goldenpath_auth::{AuthConfig, GrantType};

    const EXAMPLE: &str = include_str!("../../../../examples/auth-service/auth.toml");

    #[test]
    fn the_example_is_a_configuration_and_says_the_defaults() {
        let example: AuthConfig = toml::from_str(EXAMPLE).unwrap();
        let defaults = AuthConfig::default();
        assert_eq!((example.alg, example.access_ttl_s), (defaults.alg, defaults.access_ttl_s));
        assert_eq!(
            (example.refresh_ttl_s, example.code_ttl_s),
            (defaults.refresh_ttl_s, defaults.code_ttl_s)
        );
        assert_eq!(
            (example.login_ttl_s, example.key_lifetime_s),
            (defaults.login_ttl_s, defaults.key_lifetime_s)
        );
        assert_eq!(example.clients[1].grants, [GrantType::TokenExchange, GrantType::RefreshToken]);
        assert_eq!(example.provider.unwrap().client_id, "goldenpath");
    }

    #[test]
    fn a_wrong_key_is_named_with_those_there_are() {
        let wrong = toml::from_str::<AuthConfig>("[[clients]]\nid = \"web\"\nsecret = \"x\"").unwrap_err();
        assert!(
            wrong.to_string().contains("`secret`") && wrong.to_string().contains("secret_env"),
            "{wrong}"
        );
    }
}
