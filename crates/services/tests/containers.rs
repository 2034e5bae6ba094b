//! Services in containers do what those from local binaries do. It needs an engine, hence the feature `containers`: `scripts/containers.sh`
//! starts one and runs this.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test that cannot go on fails")]

use goldenpath_services::{Postgres, Redis};
use std::process::Command;
use std::time::Duration;

/// How long silence must last to be one.
const SILENCE: Duration = Duration::from_secs(2);

fn containers() -> String {
    let engine = std::env::var("GOLDENPATH_ENGINE").unwrap_or_else(|_| "docker".to_owned());
    let output =
        Command::new(engine).args(["ps", "--all", "--format", "{{.Names}} {{.Ports}}"]).output().unwrap();
    assert!(output.status.success());
    String::from_utf8(output.stdout).unwrap()
}

/// The line of the engine's list that tells of whatever is published at the port of this address.
fn listed(url: &str) -> Option<String> {
    let port = url.rsplit_once("127.0.0.1:").unwrap().1.split('/').next().unwrap().to_owned();
    containers().lines().find(|line| line.contains(&format!("127.0.0.1:{port}->"))).map(str::to_owned)
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_in_a_container_is_paused_killed_and_started_again_with_what_it_held() {
    let redis = Redis::in_container().await.unwrap();
    let url = redis.url().to_owned();
    let _: String = redis.command(&["SET", "key", "kept"]).await.unwrap();

    redis.pause().unwrap();
    tokio::time::timeout(SILENCE, redis.command::<String>(&["GET", "key"])).await.expect_err("paused");
    redis.resume().unwrap();
    assert_eq!(redis.command::<String>(&["GET", "key"]).await.unwrap(), "kept");

    redis.kill().unwrap();
    redis.command::<String>(&["GET", "key"]).await.expect_err("killed");
    redis.start_again().await.unwrap();
    assert_eq!(redis.command::<String>(&["GET", "key"]).await.unwrap(), "kept");
    redis.restart().await.unwrap();
    assert_eq!(redis.command::<String>(&["GET", "key"]).await.unwrap(), "kept");

    assert!(listed(&url).is_some(), "{}", containers());
    drop(redis);
    assert_eq!(listed(&url), None);
}

#[tokio::test(flavor = "multi_thread")]
async fn postgres_in_a_container_gives_databases_and_keeps_what_was_committed() {
    let postgres = Postgres::in_container().await.unwrap();
    let database = postgres.database().await.unwrap();
    let url = database.url().to_owned();
    database.execute("CREATE TABLE kept (value int)").await.unwrap();

    postgres.pause().unwrap();
    tokio::time::timeout(SILENCE, database.execute("SELECT 1")).await.expect_err("paused");
    postgres.resume().unwrap();
    database.execute("INSERT INTO kept VALUES (1)").await.unwrap();

    postgres.kill().unwrap();
    database.execute("SELECT 1").await.expect_err("killed");
    postgres.start_again().await.unwrap();
    // Refused where the first one is gone.
    database.execute("ALTER TABLE kept ADD CHECK (value = 1)").await.unwrap();
    database.execute("INSERT INTO kept SELECT value + 1 FROM kept").await.expect_err("the row was kept");
    postgres.restart().await.unwrap();
    database.execute("INSERT INTO kept SELECT value FROM kept").await.unwrap();

    assert!(listed(&url).is_some(), "{}", containers());
    drop(postgres);
    assert_eq!(listed(&url), None);
}
