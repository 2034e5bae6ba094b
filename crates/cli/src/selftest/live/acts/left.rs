//! Connections on which nobody speaks, and connections that are given up: by silence, or because the backend stops.

use super::leave;
use super::talk::known;
use crate::selftest::live::site::Place;
use crate::validate::{ANSWER, Stage, Trouble};
use goldenpath_harness::{Client, Connect, TestUser};
use goldenpath_history::Trial;
use serde_json::Value;
use std::time::Duration;

/// Between two heartbeats, and the time for a pong, where the greeting tells neither.
const PING: Duration = Duration::from_secs(20);
const PONG: Duration = Duration::from_secs(8);

/// What heartbeats and closes may be late by, and a second to see it.
const SLACK: Duration = Duration::from_secs(4);

/// Pings in a row, and the time between two.
const PINGS: u64 = 8;
const BETWEEN: Duration = Duration::from_millis(200);

/// When a place is free at the latest after its connection went, and some.
const FREED: Duration = Duration::from_millis(2_500);

/// How long users are there before the backend is told to stop.
const SETTLED: Duration = Duration::from_millis(1_500);

/// How long a drain takes at most, and some.
const DRAINED: Duration = Duration::from_secs(40);

/// The intervals that a greeting tells.
fn pulse(client: &Client) -> (Duration, Duration) {
    let greeting = client.view(|view| view.greeting.clone());
    let ping = greeting.as_ref().and_then(|greeting| greeting.ping_interval);
    let told = greeting.and_then(|greeting| serde_json::from_str::<Value>(&greeting.raw).ok());
    let pong = told.and_then(|told| told["limits"]["pong_timeout_ms"].as_u64()).map(Duration::from_millis);
    (ping.unwrap_or(PING), pong.unwrap_or(PONG))
}

/// Sends pings, waits for no pong, and stays for two heartbeats.
pub(super) async fn idle(stage: &Stage, user: &TestUser) -> Result<(), Trouble> {
    let client = stage.session().connect(user, Connect::fresh()).await?;
    client.wait_for_greeting(ANSWER).await?;
    let (ping, pong) = pulse(&client);
    for n in 1..=PINGS {
        client.ping(n).await?;
        // Whatever ends it meanwhile is recorded.
        let _ = client.wait_for_close(BETWEEN).await;
    }
    let _ = client.wait_for_close((ping * 2).max(pong) + SLACK).await;
    client.close().await;
    Ok(())
}

/// Is there when everybody's network goes silent, and waits for as long as the backend may take to see it. Another connection
/// comes and goes before, as healthy ones do.
pub(super) async fn silent(stage: &Stage, user: &TestUser, at: Duration) -> Result<(), Trouble> {
    let client = stage.enter(user).await?;
    let passing = stage.enter(user).await?;
    let (ping, pong) = pulse(&client);
    let falling = async {
        let already = Duration::from_nanos(stage.recorder().now_ns());
        // Whatever ends it meanwhile is recorded.
        let _ = client.wait_for_close(at.saturating_sub(already)).await;
        stage.recorder().record(Some(client.conn()), Some(client.user()), Trial::PeerSilent.mark());
        let _ = client.wait_for_close(ping + pong + SLACK).await;
    };
    tokio::join!(falling, passing.close());
    Ok(())
}

/// Comes and goes, in turn with a Close and without a word.
pub(super) async fn cycles(stage: &Stage, user: &TestUser, times: usize) -> Result<(), Trouble> {
    for cycle in 0..times {
        let came = stage.session().connect(user, Connect::fresh()).await.map_err(Trouble::from);
        // Who is refused has a record of it, and tries again.
        let Some(client) = stage.go_on(user, came)? else { continue };
        client.wait_for_greeting(ANSWER).await?;
        if cycle % 2 == 0 {
            client.close().await;
        }
    }
    // Whose places are free comes back a moment later.
    tokio::time::sleep(FREED).await;
    let done = stage.enter(user).await;
    if let Some(client) = stage.go_on(user, done)? {
        leave(&client).await;
    }
    Ok(())
}

/// Asks, and stays until the backend closes.
pub(super) async fn stopped(stage: &Stage, user: &TestUser, n: usize) -> Result<(), Trouble> {
    let client = stage.enter(user).await?;
    if let Some(scenario) = known(stage, n, 1).first() {
        let prompt = stage.prompts("selftest/stopped", user).next(scenario);
        let done = stage.answer(&client, &prompt, None).await;
        stage.go_on(user, done)?;
    }
    client.wait_for_close(DRAINED).await?;
    Ok(())
}

/// Tells the backend to stop when everybody is there.
pub(super) async fn stop(stage: &Stage, place: &Place) {
    tokio::time::sleep(SETTLED).await;
    stage.recorder().record(None, None, Trial::TargetStopping.mark());
    place.drain().await;
    stage.recorder().record(None, None, Trial::TargetStopped.mark());
}
