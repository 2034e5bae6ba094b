//! How `serve` proves who it is: by a certificate of its own, or not at all, where TLS ends in front of it.

use clap::Args;
use std::path::PathBuf;

/// Certificate and key, both or neither.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "TLS")]
pub struct ServeTlsArgs {
    /// Certificate (PEM) that `wss://` and `https://` are served with, and behind it those that lead to its authority; when the file
    /// changes it is read again [default: no TLS]
    #[arg(long, value_name = "FILE", env = "GOLDENPATH_TLS_CERT", hide_env_values = true)]
    pub tls_cert: Option<PathBuf>,
    /// Its private key (PEM)
    #[arg(long, value_name = "FILE", env = "GOLDENPATH_TLS_KEY", hide_env_values = true)]
    pub tls_key: Option<PathBuf>,
}
