//! How `serve` knows users: by an issuer elsewhere, by an auth service of its own, or by a shared secret.

use clap::Args;
use std::path::PathBuf;

/// Who signs tokens. Without any of these the tokens are HS256, signed with `GOLDENPATH_JWT_SECRET` or the development secret.
#[derive(Debug, Clone, Args)]
#[command(next_help_heading = "Authentication")]
pub struct ServeAuthArgs {
    /// Where the issuer of tokens publishes its keys (JWKS); then EdDSA, RS256 and ES256 are taken, and HS256 is not
    #[arg(long, value_name = "URL", env = "GOLDENPATH_AUTH_JWKS_URL", hide_env_values = true)]
    pub auth_jwks_url: Option<String>,
    /// Where the issuer tells which tokens it revoked: `/auth/revocations` of the auth service [default: tokens hold until they expire]
    #[arg(long, value_name = "URL", env = "GOLDENPATH_AUTH_REVOCATIONS_URL", hide_env_values = true)]
    pub auth_revocations_url: Option<String>,
    /// Certificates (PEM) to trust instead of the system's when keys and revocations are read
    #[arg(long, value_name = "FILE", env = "GOLDENPATH_AUTH_CA_FILE", hide_env_values = true)]
    pub auth_ca_file: Option<PathBuf>,
    /// `iss` that tokens must have [default: goldenpath]
    #[arg(long, value_name = "NAME", env = "GOLDENPATH_AUTH_ISSUER", hide_env_values = true)]
    pub auth_issuer: Option<String>,
    /// `aud` that tokens must have [default: goldenpath]
    #[arg(long, value_name = "NAME", env = "GOLDENPATH_AUTH_AUDIENCE", hide_env_values = true)]
    pub auth_audience: Option<String>,
    /// Clients, lifetimes and provider of the auth service (TOML) [default: no clients]
    #[arg(long, value_name = "FILE", env = "GOLDENPATH_AUTH_CONFIG", hide_env_values = true)]
    pub auth_config: Option<PathBuf>,
    /// Where clients and browsers reach the auth service, `public_url` of its configuration [default: where it listens]
    #[arg(long, value_name = "URL", env = "GOLDENPATH_AUTH_PUBLIC_URL", hide_env_values = true)]
    pub auth_public_url: Option<String>,
    /// Where the auth service keeps logins and revocations: `memory`, lost with this process, or `redis://HOST:PORT/DATABASE`
    /// (`rediss://` with TLS), shared by all services that name it
    #[arg(
        long,
        value_name = "URL",
        default_value = "memory",
        env = "GOLDENPATH_AUTH_STATE",
        hide_env_values = true
    )]
    pub auth_state: String,
    /// Runs the auth service here, too, beside the node of role `all`, which then takes its tokens
    #[arg(long, value_name = "ADDR")]
    pub auth_listen: Option<String>,
    /// Private key (PKCS#8, PEM) of the auth service; of several the first signs [default: generated in the data directory, and rotated]
    #[arg(long, value_name = "FILE")]
    pub auth_key_file: Vec<PathBuf>,
}
