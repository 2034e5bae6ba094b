//! Who may import whom, as data. The judge and the judged share only the wire contract.

use std::collections::{BTreeMap, BTreeSet};
use std::process::Command;

/// Crate → the crates of this workspace that it may depend on, outside its own tests and benches.
const MAP: &[(&str, &[&str])] = &[
    // Pure: no I/O, no clock.
    ("protocol", &[]),
    ("history", &["protocol"]),
    ("checkers", &["protocol", "history"]),
    // A witness is told record by record, in the words of the wire contract.
    ("report", &["protocol", "history", "checkers"]),
    ("simulator", &["protocol", "history"]),
    // Drives from outside.
    // What a fault rewrites has the shape of a history's records, so that it breaks live and saved sessions alike.
    ("faults", &["protocol", "history"]),
    // Puts faults into simulated sessions and asks the checks; live ones are driven elsewhere and assessed alike. A crate, since the
    // command and the unit tier share it, and neither may import the other. Whether a fault of the tester's own leads to an
    // approval is for the gate to say: hence `report`.
    ("detection", &["history", "checkers", "report", "simulator", "faults"]),
    ("harness", &["protocol", "history"]),
    // The reference backend.
    ("agent", &[]),
    // A client of a server of others; what is kept there is for those who keep it.
    ("redis-link", &[]),
    ("storage", &["protocol", "redis-link"]),
    ("gateway", &["protocol", "storage", "agent"]),
    // Its contract with the gateway is the wire: published keys, signed tokens, a list of revocations. Neither imports the other.
    ("auth", &["protocol", "redis-link"]),
    // Servers of others, which every test may need: it knows nothing of what uses them.
    ("services", &[]),
    // Composition.
    // Backend faults decorate what a backend is composed of, choose as the catalogue's kinds choose, and sign the same receipts.
    (
        "testbed",
        &["protocol", "history", "faults", "harness", "agent", "storage", "gateway", "auth", "services"],
    ),
    (
        "cli",
        &[
            "protocol",
            "history",
            "checkers",
            "report",
            "simulator",
            "faults",
            "detection",
            "harness",
            "agent",
            "storage",
            "gateway",
            // `serve --role auth`.
            "auth",
            // `selftest` drives backends with faults inside, which only the testbed composes.
            "testbed",
        ],
    ),
];

/// Test tier → the crates of this workspace that its tests may use.
const TIERS: &[(&str, &[&str])] = &[
    (
        "tests-unit",
        &[
            "protocol",
            "history",
            "checkers",
            "simulator",
            "faults",
            "detection",
            "harness",
            "agent",
            "storage",
            "gateway",
            "testbed",
        ],
    ),
    // What every store owes is asked of the stores themselves, beside the servers that some of them need.
    ("tests-integration", &["protocol", "history", "checkers", "harness", "storage", "testbed"]),
    // From outside only: whatever is driven, no part of it is known here. The stand-in stands on servers of others.
    ("tests-e2e", &["protocol", "history", "checkers", "harness", "services"]),
    // Any target, or the embedded one, which only the testbed knows how to compose.
    ("tests-mission-critical", &["protocol", "history", "checkers", "harness", "testbed"]),
];

/// Crates that think only: none of these may be among their dependencies.
const PURE: &[&str] = &["protocol", "history", "checkers", "report", "simulator", "detection"];
const IMPURE_LIBRARIES: &[&str] =
    &["tokio", "axum", "reqwest", "tokio-tungstenite", "sqlx", "redis", "socket2"];

/// Package name → names of its dependencies of one kind (`None`: the normal ones), from `cargo metadata`.
fn dependencies(kind: Option<&str>) -> BTreeMap<String, BTreeSet<String>> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    let packages = metadata["packages"].as_array().unwrap();
    packages
        .iter()
        .map(|package| {
            let name = package["name"].as_str().unwrap().to_owned();
            let of_kind = package["dependencies"]
                .as_array()
                .unwrap()
                .iter()
                .filter(|dependency| dependency["kind"].as_str() == kind)
                .map(|dependency| dependency["name"].as_str().unwrap().to_owned())
                .collect();
            (name, of_kind)
        })
        .collect()
}

#[test]
fn crates_import_only_what_the_map_allows() {
    let found = dependencies(None);
    let mut wrong = Vec::new();
    for (package, dependencies) in &found {
        let Some(name) = package.strip_prefix("goldenpath-") else { continue };
        let Some((_, allowed)) = MAP.iter().find(|(known, _)| *known == name) else {
            wrong.push(format!("crate `{name}` has no place in the map"));
            continue;
        };
        for dependency in dependencies.iter().filter_map(|d| d.strip_prefix("goldenpath-")) {
            if !allowed.contains(&dependency) {
                wrong.push(format!("`{name}` imports `{dependency}`, which the map does not allow"));
            }
        }
    }
    for (name, _) in MAP {
        if !found.contains_key(&format!("goldenpath-{name}")) {
            wrong.push(format!("the map names `{name}`, which is no crate"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn tiers_use_only_what_the_map_allows() {
    let (found, normal) = (dependencies(Some("dev")), dependencies(None));
    let mut wrong = Vec::new();
    for tier in found.keys().filter(|name| name.starts_with("tests-")) {
        let Some((_, allowed)) = TIERS.iter().find(|(known, _)| known == tier) else {
            wrong.push(format!("tier `{tier}` has no place in the map"));
            continue;
        };
        for dependency in found[tier].union(&normal[tier]).filter_map(|d| d.strip_prefix("goldenpath-")) {
            if !allowed.contains(&dependency) {
                wrong.push(format!("`{tier}` uses `{dependency}`, which the map does not allow"));
            }
        }
    }
    for (tier, _) in TIERS {
        if !found.contains_key(*tier) {
            wrong.push(format!("the map names `{tier}`, which is no package"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn pure_crates_have_no_io_library() {
    let found = dependencies(None);
    for name in PURE {
        let used = &found[&format!("goldenpath-{name}")];
        let impure: Vec<_> = IMPURE_LIBRARIES.iter().filter(|library| used.contains(**library)).collect();
        assert!(impure.is_empty(), "`{name}` is pure and depends on {impure:?}");
    }
}

#[test]
fn no_crate_is_named_after_nothing() {
    let vague = ["common", "utils", "helpers", "types", "core"];
    for package in dependencies(None).keys() {
        let name = package.strip_prefix("goldenpath-").unwrap_or(package);
        assert!(!vague.contains(&name), "`{name}` says nothing about what is inside");
    }
}
