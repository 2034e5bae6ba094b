//! `services`: the real services in containers.

use clap::{Args, ValueEnum};
use std::path::PathBuf;

/// What may be done with the services.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum ServicesAction {
    /// Start what does not run, and wait until all are ready
    Up,
    /// Tell versions, addresses and health
    Status,
    /// Stop them in good order, start them again, and wait until all are ready
    Restart,
    /// Stop and remove the containers; data and secrets stay
    Down,
    /// As `down`, and remove data and secrets, too
    Clean,
}

/// `services`.
#[derive(Debug, Clone, Args)]
pub struct ServicesArgs {
    /// What to do
    #[arg(value_enum, value_name = "ACTION")]
    pub action: ServicesAction,
    /// What containers, volumes and network are named after; several sets may run side by side
    #[arg(long, value_name = "NAME", default_value = "goldenpath")]
    pub name: String,
    /// Where secrets lie, made anew and readable by nobody else, and what `--environment local` reads
    #[arg(long, value_name = "DIR", default_value = "goldenpath-data")]
    pub data_dir: PathBuf,
    /// Gateways over one Postgres and one Redis, at ports that follow each other
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=9))]
    pub gateways: u16,
    /// Port of the first gateway on loopback
    #[arg(long, value_name = "PORT", default_value_t = 8000, value_parser = clap::value_parser!(u16).range(1..=65_000))]
    pub gateway_port: u16,
    /// Port of the auth service on loopback
    #[arg(long, value_name = "PORT", default_value_t = 8100, value_parser = clap::value_parser!(u16).range(1..))]
    pub auth_port: u16,
    /// Port of Postgres on loopback
    #[arg(long, value_name = "PORT", default_value_t = 15_432, value_parser = clap::value_parser!(u16).range(1..))]
    pub postgres_port: u16,
    /// Port of Redis on loopback
    #[arg(long, value_name = "PORT", default_value_t = 16_379, value_parser = clap::value_parser!(u16).range(1..))]
    pub redis_port: u16,
    /// Seconds that all together may take to become ready
    #[arg(long, value_name = "SECONDS", default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..))]
    pub within: u64,
    /// The engine's command: `docker`, or one that understands the same, such as `podman`
    #[arg(
        long,
        value_name = "PROGRAM",
        env = "GOLDENPATH_ENGINE",
        hide_env_values = true,
        default_value = "docker"
    )]
    pub engine: String,
    /// Image of gateways and auth service; the default is built from the sources: `docker build -t goldenpath:0.1.0 .`
    #[arg(long, value_name = "IMAGE", env = "GOLDENPATH_IMAGE", hide_env_values = true,
          default_value = concat!("goldenpath:", env!("CARGO_PKG_VERSION")))]
    pub image: String,
    /// Image of Postgres
    #[arg(
        long,
        value_name = "IMAGE",
        env = "GOLDENPATH_IMAGE_POSTGRES",
        hide_env_values = true,
        default_value = "postgres:17"
    )]
    pub image_postgres: String,
    /// Image of Redis, 7 or newer
    #[arg(
        long,
        value_name = "IMAGE",
        env = "GOLDENPATH_IMAGE_REDIS",
        hide_env_values = true,
        default_value = "redis:7"
    )]
    pub image_redis: String,
}
