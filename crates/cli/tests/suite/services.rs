//! `services` without an engine, or with one that does not answer. With one: `scripts/containers.sh`.

use crate::support::Place;

#[test]
fn an_engine_that_is_not_there_is_named() {
    let place = Place::new();
    let ran = place.goldenpath(&["services", "up", "--engine", "no-such-engine"]).ended_with(2);
    assert!(ran.err.contains("`no-such-engine`") && ran.err.contains("--engine"), "{}", ran.said());
    assert!(place.names().is_empty(), "nothing is made for services that cannot be");
}

#[test]
fn an_engine_that_does_not_answer_is_named() {
    let place = Place::new();
    let ran = place.goldenpath(&["services", "status", "--engine", "false"]).ended_with(2);
    assert!(ran.err.contains("`false` does not answer"), "{}", ran.said());
}
