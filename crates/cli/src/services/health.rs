//! How the services are: asked each time, of the service itself.

use super::engine::{Container, Engine};
use super::plan::{PORT, SERVICE};
use serde::Serialize;
use std::time::Duration;

/// The longest that a node may take to say whether it is ready.
const ANSWERS_WITHIN: Duration = Duration::from_secs(10);

/// A service as it is now.
#[derive(Debug, Serialize)]
pub(super) struct Service {
    pub(super) service: String,
    /// `None` for one that is missing.
    pub(super) image: Option<String>,
    /// `None` where it does not run, or does not say.
    pub(super) version: Option<String>,
    /// Where it answers on this machine; without its password.
    pub(super) address: Option<String>,
    /// As the engine says: `running`, `exited`, …; `missing` where there is no container.
    pub(super) state: String,
    pub(super) healthy: bool,
    /// Why it is not healthy.
    pub(super) why: Option<String>,
}

/// What a set lacks of Postgres, Redis, an auth service and one gateway.
pub(super) fn missing(there: &[Service]) -> Vec<Service> {
    let lacks = |kind: &&str| !there.iter().any(|one| one.service.split('-').next() == Some(kind));
    let missing = ["postgres", "redis", "auth", "gateway"].into_iter().filter(lacks);
    let service = |service: &str| Service {
        service: service.to_owned(),
        image: None,
        version: None,
        address: None,
        state: "missing".to_owned(),
        healthy: false,
        why: Some("it is not there (hint: `goldenpath services up`)".to_owned()),
    };
    missing.map(service).collect()
}

/// Asks one service.
pub(super) async fn ask(engine: &Engine, http: &reqwest::Client, container: &Container) -> Service {
    let service = container.label(SERVICE).unwrap_or("?").to_owned();
    let port = container.label(PORT);
    let health = match container.runs() {
        true => healthy(engine, http, container, &service, port).await,
        false => Err(format!("it is {}", container.state.status)),
    };
    let address = port.map(|port| match service.as_str() {
        "postgres" => format!("postgres://goldenpath@127.0.0.1:{port}/goldenpath"),
        "redis" => format!("redis://127.0.0.1:{port}/0"),
        "auth" => format!("http://127.0.0.1:{port}"),
        _ => format!("ws://127.0.0.1:{port}/ws"),
    });
    let version = if container.runs() { version(engine, container, &service).await } else { None };
    Service {
        version,
        address,
        image: Some(container.config.image.clone()),
        state: container.state.status.clone(),
        healthy: health.is_ok(),
        why: health.err(),
        service,
    }
}

async fn healthy(
    engine: &Engine,
    http: &reqwest::Client,
    container: &Container,
    service: &str,
    port: Option<&str>,
) -> Result<(), String> {
    match (service, port) {
        // By TCP: while the cluster is made, the server answers on its Unix socket alone.
        ("postgres", _) => {
            let program = ["pg_isready", "-h", "127.0.0.1", "-U", "goldenpath", "-d", "goldenpath"];
            engine.inside(&container.id, &program).await.map(drop)
        }
        ("redis", _) => match engine.inside(&container.id, &["redis-cli", "ping"]).await?.as_str() {
            "PONG" => Ok(()),
            other => Err(format!("it answers `{other}`")),
        },
        (_, Some(port)) => ready(http, port).await,
        (_, None) => Err("its port is not known".to_owned()),
    }
}

/// From outside, as its users come.
async fn ready(http: &reqwest::Client, port: &str) -> Result<(), String> {
    let url = format!("http://127.0.0.1:{port}/ready");
    let answer = http.get(&url).timeout(ANSWERS_WITHIN).send().await;
    let answer = answer.map_err(|_| format!("`{url}` does not answer"))?;
    match answer.status().is_success() {
        true => Ok(()),
        false => Err(format!("not ready: {}", answer.text().await.unwrap_or_default())),
    }
}

async fn version(engine: &Engine, container: &Container, service: &str) -> Option<String> {
    let program = match service {
        "postgres" => "postgres",
        "redis" => "redis-server",
        _ => "goldenpath",
    };
    number(&engine.inside(&container.id, &[program, "--version"]).await.ok()?)
}

/// The first word that is a version.
fn number(said: &str) -> Option<String> {
    let words = said.split_whitespace().map(|word| word.trim_start_matches("v="));
    words.into_iter().find(|word| word.starts_with(|first: char| first.is_ascii_digit())).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::{Service, missing, number};

    #[test]
    fn a_set_that_lacks_a_service_is_told_which() {
        let there = |names: &[&str]| -> Vec<Service> {
            let one = |name: &&str| Service {
                service: (*name).to_owned(),
                image: Some("x".to_owned()),
                version: None,
                address: None,
                state: "running".to_owned(),
                healthy: true,
                why: None,
            };
            names.iter().map(one).collect()
        };
        assert!(missing(&there(&["auth", "gateway-2", "postgres", "redis"])).is_empty());
        for (names, lacking) in [
            (["auth", "postgres", "redis"], "gateway"),
            (["gateway-1", "postgres", "redis"], "auth"),
            (["auth", "gateway-1", "redis"], "postgres"),
            (["auth", "gateway-1", "postgres"], "redis"),
        ] {
            let told = missing(&there(&names));
            assert_eq!(told.iter().map(|one| one.service.as_str()).collect::<Vec<_>>(), [lacking]);
            assert!(told.iter().all(|one| !one.healthy && one.why.is_some()));
        }
    }

    #[test]
    fn versions_are_found_in_what_programs_say() {
        let known = [
            ("postgres (PostgreSQL) 15.14 (Debian 15.14-0+deb12u1)", "15.14"),
            ("Redis server v=7.0.15 sha=00000000:0 malloc=jemalloc-5.3.0 bits=64", "7.0.15"),
            ("goldenpath 0.1.0", "0.1.0"),
        ];
        for (said, version) in known {
            assert_eq!(number(said).as_deref(), Some(version));
        }
        assert_eq!(number("no such thing"), None);
    }
}
