//! The command line as typed. What it means together with environment and file is decided elsewhere.

mod serve_auth;
mod serve_tls;
mod services;

pub use serve_auth::ServeAuthArgs;
pub use serve_tls::ServeTlsArgs;
pub use services::{ServicesAction, ServicesArgs};

use clap::{ArgAction, Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Proves that an agent backend's events arrive, and decides whether a release may go out.
#[derive(Debug, Parser)]
#[command(
    name = "goldenpath",
    version,
    propagate_version = true,
    subcommand_required = true,
    arg_required_else_help = true,
    after_help = "Exit codes: 0 approved · 1 blocked, a check failed · 2 usage or configuration · 3 inconclusive · \
                  70 our own bug · 130 interrupted"
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: GlobalArgs,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Global options")]
pub struct GlobalArgs {
    /// Configuration file [default: goldenpath.toml, where it exists]
    #[arg(long, global = true, value_name = "FILE")]
    pub config: Option<PathBuf>,
    /// Output for people or for programs
    #[arg(long, global = true, value_enum, default_value_t)]
    pub format: Format,
    /// Say more on stderr
    #[arg(long, short, global = true)]
    pub verbose: bool,
    /// No colour, no bars, one line per 10 seconds
    #[arg(long, global = true)]
    pub ci_mode: bool,
}

/// Output for people or for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, ValueEnum)]
pub enum Format {
    /// For people.
    #[default]
    Text,
    /// Exactly one JSON document on stdout.
    Json,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Drive a target through the chosen categories, write the report, decide
    Validate(Box<ValidateArgs>),
    /// Judge saved histories or raw captures again, offline, with the same checks
    Check(CheckArgs),
    /// Drive a target and capture what its users see; judge nothing
    Record(Box<RecordArgs>),
    /// Put every known fault into a session, and print which check caught it: proof that the gate works
    #[command(mut_arg("output_dir", |arg| arg.help("Where a session folder goes, with the table, the document and witnesses [default: none]")))]
    Selftest(Box<SelftestArgs>),
    /// Run the reference backend
    Serve(Box<ServeArgs>),
    /// Run the real services (Postgres, Redis, auth service, gateways) in containers
    Services(Box<ServicesArgs>),
    /// Stand in front of a backend and break what passes: by a known fault, or by toxics of the network
    Proxy(ProxyArgs),
    /// Tell what a check means, what breaks it, and what to do; or what a known fault is
    Explain(ExplainArgs),
    /// Print shell completions
    Completions(CompletionsArgs),
}

/// Which backend to drive, and who to be there.
#[derive(Debug, Clone, Default, Args)]
#[command(next_help_heading = "Target")]
pub struct TargetArgs {
    /// Where to go: embedded, local, or a name of the configuration [default: embedded]
    #[arg(long, value_name = "NAME")]
    pub environment: Option<String>,
    /// Address of the backend, `ws://` or `wss://`; wins over --environment
    #[arg(long, value_name = "URL")]
    pub target: Option<String>,
    /// How the backend's frames are read [default: goldenpath]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Where tokens come from: none, token, mint, oauth (the latter by configuration)
    #[arg(long, value_name = "MODE")]
    pub auth: Option<String>,
    /// Where tokens are put: header, subprotocol, first_frame, query
    #[arg(long, value_name = "PLACE")]
    pub auth_placement: Option<String>,
    /// Environment variable that holds the signing key
    #[arg(long, value_name = "VAR")]
    pub auth_key_env: Option<String>,
    /// File that holds the signing key
    #[arg(long, value_name = "FILE")]
    pub auth_key_file: Option<PathBuf>,
    /// Environment variable that holds a ready token
    #[arg(long, value_name = "VAR")]
    pub auth_token_env: Option<String>,
    /// Algorithm of minted tokens: HS256, EdDSA, RS256, ES256
    #[arg(long, value_name = "ALG")]
    pub auth_alg: Option<String>,
    /// `iss` of minted tokens
    #[arg(long)]
    pub issuer: Option<String>,
    /// `aud` of minted tokens
    #[arg(long)]
    pub audience: Option<String>,
    /// Distinct users at once [default: 5]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u32).range(1..=1000))]
    pub users: Option<u32>,
    /// Seconds that the whole run may take [default: 900]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub timeout: Option<u64>,
    /// Fixes prompts, request ids, users and order [default: random, printed]
    #[arg(long, value_name = "N")]
    pub seed: Option<u64>,
    /// Where session folders go [default: websocket_validation_reports]
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
}

/// `validate`.
#[derive(Debug, Clone, Default, Args)]
pub struct ValidateArgs {
    /// Which backend to drive.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Comma or space list of functional, integration, performance, resilience, security, stress
    /// [default: all but stress]
    #[arg(long, value_name = "LIST", num_args = 1.., action = ArgAction::Append)]
    pub categories: Vec<String>,
    /// Average delivery latency and first event allowed, in milliseconds [default: 100]
    #[arg(long, value_name = "MS")]
    pub performance_threshold: Option<f64>,
    /// Run no further category after a failed one
    #[arg(long)]
    pub fail_fast: bool,
    /// Earlier report: any value worse beyond its noise is a finding
    #[arg(long, value_name = "REPORT")]
    pub baseline: Option<PathBuf>,
    /// Require 99.9 % delivery
    #[arg(long)]
    pub sla: bool,
    /// How thorough: short or nightly [default: short]
    #[arg(long, value_name = "LENGTH")]
    pub duration: Option<String>,
}

/// `check`.
#[derive(Debug, Clone, Args)]
pub struct CheckArgs {
    /// Histories (.jsonl, .jsonl.zst, .partial) or raw captures
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How a capture's frames are read, where it does not say so itself [default: goldenpath]
    #[arg(long, value_name = "NAME")]
    pub profile: Option<String>,
    /// Limits: `golden-path`, or a TOML file of limits by check id; a capture's timing is judged only with it
    #[arg(long, value_name = "FILE|golden-path")]
    pub slo: Option<String>,
    /// Comma or space list of categories [default: those it was recorded for]
    #[arg(long, value_name = "LIST", action = ArgAction::Append)]
    pub categories: Vec<String>,
    /// Write a session folder with report, summary and junit.xml
    #[arg(long, value_name = "DIR")]
    pub output_dir: Option<PathBuf>,
}

/// `record`.
#[derive(Debug, Clone, Default, Args)]
pub struct RecordArgs {
    /// Which backend to drive.
    #[command(flatten)]
    pub target: TargetArgs,
}

/// `selftest`.
#[derive(Debug, Clone, Default, Args)]
pub struct SelftestArgs {
    /// Which backend to drive.
    #[command(flatten)]
    pub target: TargetArgs,
    /// Comma or space list of rows (`L04`) and groups (`L`; `H`: healthy variations, `V`: the tester's own faults) [default: all]
    #[arg(long, value_name = "ROWS", num_args = 1.., action = ArgAction::Append)]
    pub faults: Vec<String>,
    /// Attempts at each fault [default: 20 over generated sessions, and in front of the target 1, or 20 with `--duration nightly`]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..=10_000))]
    pub seeds: Option<u64>,
    /// Drive nothing: generated sessions only
    #[arg(long, conflicts_with_all = ["target", "environment"])]
    pub simulated: bool,
    /// How thorough: short or nightly [default: short]
    #[arg(long, value_name = "LENGTH")]
    pub duration: Option<String>,
}

/// `serve`.
#[derive(Debug, Clone, Args)]
pub struct ServeArgs {
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    pub listen: String,
    /// Where the store and the development secret lie
    #[arg(long, value_name = "DIR", default_value = "goldenpath-data")]
    pub data_dir: PathBuf,
    /// Billing data in the FOCUS format (CSV) [default: generated per user]
    #[arg(long, value_name = "FILE")]
    pub billing: Option<PathBuf>,
    /// What thinks: `analyst`, deterministic and built in, or `openai`, any OpenAI-compatible endpoint: `GOLDENPATH_LLM_URL`,
    /// `GOLDENPATH_LLM_MODEL` and, where it wants one, `GOLDENPATH_LLM_KEY`
    #[arg(long, value_name = "NAME", default_value = "analyst")]
    pub model: String,
    /// Which parts to run: `all`, `gateway` or `auth`
    #[arg(long, value_name = "ROLE", default_value = "all")]
    pub role: String,
    /// Where runs are kept: `sqlite:PATH` or `postgres://USER@HOST/DATABASE`, its password better in PGPASSWORD or
    /// `~/.pgpass` [default: sqlite in the data directory]
    #[arg(long, value_name = "URL", env = "GOLDENPATH_STORE", hide_env_values = true)]
    pub store: Option<String>,
    /// Where streams are kept: `memory`, lost with this process, or `redis://HOST:PORT/DATABASE` (Redis 7 or newer;
    /// `rediss://` with TLS), shared by all nodes that name it
    #[arg(
        long,
        value_name = "URL",
        default_value = "memory",
        env = "GOLDENPATH_EVENT_LOG",
        hide_env_values = true
    )]
    pub log: String,
    /// Proxies whose `X-Forwarded-For` is believed, such as `10.0.0.0/8`; several with commas [default: none]
    #[arg(
        long,
        value_name = "NETWORK",
        env = "GOLDENPATH_TRUSTED_PROXIES",
        hide_env_values = true,
        value_delimiter = ','
    )]
    pub trusted_proxy: Vec<String>,
    /// How it is known to those who connect.
    #[command(flatten)]
    pub tls: ServeTlsArgs,
    /// Who signs tokens.
    #[command(flatten)]
    pub auth: ServeAuthArgs,
}

/// `proxy`.
#[derive(Debug, Clone, Args)]
pub struct ProxyArgs {
    /// Address of the backend: `ws://`, `wss://`, `http://` or `https://`
    #[arg(long, value_name = "URL")]
    pub upstream: String,
    /// Address to listen on; port 0 takes a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    pub listen: String,
    /// Fault to put in front of it, such as `L04` [default: none, everything passes unchanged]
    #[arg(long, value_name = "ROW")]
    pub fault: Option<String>,
    /// What happens to bytes, such as `latency=50:20`; several work one after the other
    #[arg(long, value_name = "NAME=VALUE", action = ArgAction::Append, long_help = toxics())]
    pub toxic: Vec<String>,
    /// Carry bytes and look at nothing; TLS goes through to the backend
    #[arg(long, conflicts_with = "fault")]
    pub passthrough: bool,
    /// Certificates (PEM) to trust instead of the system's
    #[arg(long, value_name = "FILE")]
    pub ca_file: Option<PathBuf>,
    /// Fixes what the fault and the toxics choose
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// File for what was done, a JSON document a line
    #[arg(long, value_name = "FILE")]
    pub receipts: Option<PathBuf>,
}

/// Every toxic, for the help.
fn toxics() -> String {
    let mut text =
        "What happens to bytes, such as `latency=50:20`; several work one after the other:".to_owned();
    for toxic in goldenpath_faults::TOXICS {
        text.push_str(&format!("\n- {}={}: {}", toxic.name, toxic.value, toxic.summary));
    }
    text
}

/// `explain`.
#[derive(Debug, Clone, Args)]
pub struct ExplainArgs {
    /// Check id, such as `sequence/tool-pairs`, or a row of `selftest`, such as `L04` [default: a list of all checks]
    #[arg(value_name = "ID")]
    pub id: Option<String>,
}

/// `completions`.
#[derive(Debug, Clone, Args)]
pub struct CompletionsArgs {
    /// Which shell
    #[arg(value_enum, value_name = "SHELL")]
    pub shell: clap_complete::Shell,
}

#[cfg(test)]
mod tests {
    use super::Cli;
    use clap::{CommandFactory, Parser};

    #[test]
    fn the_command_line_is_consistent() {
        Cli::command().debug_assert();
    }

    #[test]
    fn a_wrong_flag_names_the_nearest_one() {
        let why = Cli::try_parse_from(["goldenpath", "validate", "--categorys", "functional"]).unwrap_err();
        assert_eq!(why.exit_code(), 2);
        assert!(why.to_string().contains("--categories"), "{why}");
        let why = Cli::try_parse_from(["goldenpath", "validat"]).unwrap_err();
        assert!(why.to_string().contains("validate"), "{why}");
    }
}
