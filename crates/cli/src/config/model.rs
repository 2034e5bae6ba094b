//! The configuration as a value.

use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// All that a file and the environment can say. Every key is optional.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the keys are those of the flags and of `goldenpath.example.toml`")]
pub(crate) struct Config {
    pub(crate) environment: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) categories: Option<Vec<String>>,
    pub(crate) users: Option<u32>,
    pub(crate) timeout: Option<u64>,
    pub(crate) performance_threshold: Option<f64>,
    pub(crate) output_dir: Option<PathBuf>,
    pub(crate) seed: Option<u64>,
    pub(crate) fail_fast: Option<bool>,
    pub(crate) baseline: Option<PathBuf>,
    pub(crate) sla: Option<bool>,
    pub(crate) duration: Option<String>,
    /// What `--target` needs beside the address.
    pub(crate) target: TargetConfig,
    /// By name; `embedded` and `local` are built in.
    pub(crate) environments: BTreeMap<String, TargetConfig>,
    /// By check id.
    pub(crate) limits: BTreeMap<String, f64>,
    /// By name, beside the known four.
    pub(crate) scenarios: BTreeMap<String, ScenarioConfig>,
}

/// A backend.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the keys are those of `goldenpath.example.toml`")]
pub(crate) struct TargetConfig {
    pub(crate) url: Option<String>,
    pub(crate) profile: Option<String>,
    pub(crate) ca_file: Option<PathBuf>,
    pub(crate) metrics_url: Option<String>,
    pub(crate) pid: Option<u32>,
    pub(crate) auth: AuthConfig,
}

/// How tokens are had and where they are put. Holds no secret: only where one lies.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the keys are those of `goldenpath.example.toml`")]
pub(crate) struct AuthConfig {
    pub(crate) mode: Option<String>,
    pub(crate) placement: Option<String>,
    pub(crate) token_env: Option<String>,
    pub(crate) token_file: Option<PathBuf>,
    pub(crate) users: Vec<TokenUser>,
    pub(crate) alg: Option<String>,
    pub(crate) key_env: Option<String>,
    pub(crate) key_file: Option<PathBuf>,
    pub(crate) kid: Option<String>,
    pub(crate) issuer: Option<String>,
    pub(crate) audience: Option<String>,
    pub(crate) ttl_s: Option<u64>,
    pub(crate) claims: Option<toml::Table>,
    pub(crate) token_url: Option<String>,
    pub(crate) client_id: Option<String>,
    pub(crate) client_secret_env: Option<String>,
    pub(crate) client_secret_file: Option<PathBuf>,
    pub(crate) grant: Option<String>,
    pub(crate) scope: Option<String>,
    pub(crate) subject_token_env: Option<String>,
    pub(crate) user_field: Option<String>,
}

/// One identity with a token of its own.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct TokenUser {
    /// The identity's name.
    pub(crate) name: String,
    /// The variable that holds its token.
    pub(crate) token_env: String,
}

/// A prompt of one's own and what it owes.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub(crate) struct ScenarioConfig {
    /// The prompt.
    pub(crate) message: String,
    /// What its run owes.
    #[serde(default)]
    pub(crate) expect: ExpectConfig,
}

/// What a run owes its user.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the keys are those of `goldenpath.example.toml`")]
pub(crate) struct ExpectConfig {
    /// `none`, `some` or a number.
    pub(crate) tools: Option<toml::Value>,
    /// `completed`, `failed`, `cancelled` or `any`.
    pub(crate) outcome: Option<String>,
    pub(crate) min_insights: Option<u32>,
    pub(crate) quote_reference: Option<bool>,
}
