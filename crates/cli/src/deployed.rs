//! What `deploy/` and the Dockerfile tell the command is held against the command itself: flags, variables, secrets, and the time that
//! a node has to drain.

use crate::args::Cli;
use clap::{CommandFactory, Parser};
use goldenpath_auth::AuthConfig;
use goldenpath_gateway::GatewayConfig;
use serde::Deserialize;
use serde_norway::{Value, from_str};
use std::collections::BTreeSet;

const COMPOSE: &str = include_str!("../../../deploy/compose.yaml");
const COMPOSE_AUTH: &str = include_str!("../../../deploy/auth.toml");
const GATEWAY: &str = include_str!("../../../deploy/kubernetes/gateway.yaml");
const AUTH: &str = include_str!("../../../deploy/kubernetes/auth.yaml");
const KUBERNETES_AUTH: &str = include_str!("../../../deploy/kubernetes/auth.toml");
const DOCKERFILE: &str = include_str!("../../../Dockerfile");

/// A container that runs the command.
struct Deployed {
    place: String,
    args: Vec<String>,
    variables: BTreeSet<String>,
    /// Seconds from the signal to the end.
    grace_s: u64,
}

fn texts(value: &Value) -> Vec<String> {
    let items = value.as_sequence().into_iter().flatten();
    items.map(|item| item.as_str().unwrap().to_owned()).collect()
}

fn of_compose() -> Vec<Deployed> {
    let mut document: Value = from_str(COMPOSE).unwrap();
    document.apply_merge().unwrap();
    let services = document["services"].as_mapping().unwrap();
    let of_ours = services
        .iter()
        .filter(|(_, service)| service["image"].as_str().unwrap().contains("GOLDENPATH_IMAGE:"));
    of_ours
        .map(|(name, service)| Deployed {
            place: format!("compose: {}", name.as_str().unwrap()),
            args: texts(&service["command"]),
            variables: names(service["environment"].as_mapping().unwrap().keys()),
            grace_s: service["stop_grace_period"].as_str().unwrap().trim_end_matches('s').parse().unwrap(),
        })
        .collect()
}

fn of_kubernetes(text: &str) -> Vec<Deployed> {
    let documents = serde_norway::Deserializer::from_str(text).map(|one| Value::deserialize(one).unwrap());
    let deployments = documents.filter(|document| document["kind"] == "Deployment");
    let deployed = deployments.flat_map(|document| {
        let pod = document["spec"]["template"]["spec"].clone();
        let grace_s = pod["terminationGracePeriodSeconds"].as_u64().unwrap();
        let containers = pod["containers"].as_sequence().unwrap().clone();
        containers.into_iter().map(move |container| {
            // The period begins before the container is told.
            let before = texts(&container["lifecycle"]["preStop"]["exec"]["command"]);
            let before: u64 = before.get(1).map_or(0, |seconds| seconds.parse().unwrap());
            let variables = container["env"].as_sequence().unwrap().iter().map(|one| &one["name"]);
            Deployed {
                place: format!("kubernetes: {}", container["name"].as_str().unwrap()),
                args: texts(&container["args"]),
                variables: names(variables),
                grace_s: grace_s - before,
            }
        })
    });
    deployed.collect()
}

fn names<'a>(values: impl Iterator<Item = &'a Value>) -> BTreeSet<String> {
    values.map(|value| value.as_str().unwrap().to_owned()).collect()
}

fn all() -> Vec<Deployed> {
    let all: Vec<_> =
        of_compose().into_iter().chain(of_kubernetes(GATEWAY)).chain(of_kubernetes(AUTH)).collect();
    let places: Vec<&str> = all.iter().map(|one| one.place.as_str()).collect();
    assert_eq!(
        places,
        [
            "compose: gateway-1",
            "compose: gateway-2",
            "compose: auth",
            "kubernetes: gateway",
            "kubernetes: auth"
        ]
    );
    all
}

#[test]
fn every_container_is_told_what_the_command_understands() {
    for deployed in all() {
        let words = ["goldenpath".to_owned()].into_iter().chain(deployed.args);
        if let Err(why) = Cli::try_parse_from(words) {
            panic!("{}: {why}", deployed.place);
        }
    }
    let stated = DOCKERFILE.lines().find_map(|line| line.strip_prefix("CMD [\"serve\"")).unwrap();
    let words: Vec<String> = from_str(&format!("[\"goldenpath\", \"serve\"{stated}")).unwrap();
    Cli::try_parse_from(words).unwrap();
}

#[test]
fn every_variable_of_a_container_is_read_by_somebody() {
    let command = Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    let mut known: BTreeSet<String> =
        serve.get_arguments().filter_map(|arg| Some(arg.get_env()?.to_str()?.to_owned())).collect();
    // What the driver of Postgres reads.
    known.insert("PGPASSWORD".to_owned());
    for text in [COMPOSE_AUTH, KUBERNETES_AUTH] {
        let config: AuthConfig = toml::from_str(text).unwrap();
        known.extend(config.clients.into_iter().filter_map(|client| client.secret_env));
    }
    for deployed in all() {
        let unread: Vec<_> = deployed.variables.difference(&known).collect();
        assert!(unread.is_empty(), "{}: nobody reads {unread:?}", deployed.place);
    }
}

#[test]
fn the_auth_services_have_the_secrets_of_their_clients() {
    for (deployed, text) in [(of_compose(), COMPOSE_AUTH), (of_kubernetes(AUTH), KUBERNETES_AUTH)] {
        let config: AuthConfig = toml::from_str(text).unwrap();
        let auth = deployed.iter().find(|one| one.place.ends_with("auth")).unwrap();
        let needed: BTreeSet<_> = config.clients.into_iter().filter_map(|client| client.secret_env).collect();
        assert!(!needed.is_empty() && needed.is_subset(&auth.variables), "{}: {needed:?}", auth.place);
    }
}

#[test]
fn a_node_that_is_told_to_end_has_time_to_drain() {
    let drain_s = GatewayConfig::default().drain_total.as_secs();
    for deployed in all().into_iter().filter(|one| one.place.contains("gateway")) {
        assert!(
            deployed.grace_s > drain_s,
            "{}: {} s for a drain of {drain_s} s",
            deployed.place,
            deployed.grace_s
        );
    }
}
