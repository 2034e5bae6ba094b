//! Where a session runs, and how patient it is there.
//!
//! An environment decides how long a backend may take to start and how often a first connection is tried. It
//! changes no limit, no check and no verdict: what is slow there is still measured as slow.

use std::time::Duration;

/// Where the backend under test lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Environment {
    /// Inside the own process.
    Embedded,
    /// On this machine, beside the session.
    Local,
    /// On Cloud Run, in a project for staging: instances start cold, and behind a load balancer.
    Staging,
}

/// How often and how long a session tries before it says that the backend is not there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts after the first that a connection gets while the backend starts.
    pub connect_retries: u32,
    /// The wait before each of them.
    pub retry_wait: Duration,
    /// How long the backend may take to be ready.
    pub start_up: Duration,
}

impl Environment {
    /// The environment that the variables speak of, as `lookup` gives them.
    ///
    /// Staging is Cloud Run's own `K_SERVICE` together with a project id that contains `staging`; a service of
    /// another project is none of ours to be patient with. Without a `GOLDENPATH_TARGET` the backend is embedded.
    #[must_use]
    pub fn detect(lookup: impl Fn(&str) -> Option<String>) -> Self {
        let set = |name: &str| lookup(name).filter(|value| !value.trim().is_empty());
        let staging_project = ["GOOGLE_CLOUD_PROJECT", "GCP_PROJECT", "GCP_PROJECT_ID"]
            .into_iter()
            .filter_map(set)
            .any(|project| project.to_ascii_lowercase().contains("staging"));
        if set("K_SERVICE").is_some() && staging_project {
            Self::Staging
        } else if set("GOLDENPATH_TARGET").is_some() {
            Self::Local
        } else {
            Self::Embedded
        }
    }

    /// The retry and start-up times of this environment.
    #[must_use]
    pub fn patience(self) -> Patience {
        let (connect_retries, retry_wait_ms, start_up_s) = match self {
            Self::Embedded => (0, 0, 5),
            Self::Local => (3, 200, 15),
            // A cold start of a container takes seconds, and a load balancer answers for it meanwhile.
            Self::Staging => (8, 1_000, 60),
        };
        Patience {
            connect_retries,
            retry_wait: Duration::from_millis(retry_wait_ms),
            start_up: Duration::from_secs(start_up_s),
        }
    }
}
