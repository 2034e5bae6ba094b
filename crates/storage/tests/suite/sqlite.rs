//! What only the SQLite store does: files that stay, files of others, and two processes on one file.

use goldenpath_protocol::{EventId, RequestId, RunId, ThreadId, Timestamp, UserId};
use goldenpath_storage::{
    BeginRun, Begun, NewRun, OpenError, SchemaError, SqliteStore, Store, StoreError, StoredEvent, open_store,
};
use sqlx::ConnectOptions;
use sqlx::sqlite::SqliteConnectOptions;
use std::path::Path;

fn user(name: &str) -> UserId {
    UserId::new(name).unwrap()
}

fn request(name: &str, request_id: &str) -> NewRun {
    NewRun {
        user_id: user(name),
        request_id: RequestId::new(request_id).unwrap(),
        thread_id: None,
        agent: "analyst".to_owned(),
        message: "what do I pay for?".to_owned(),
        run_id: RunId::from(uuid::Uuid::now_v7()),
        new_thread_id: ThreadId::from(uuid::Uuid::now_v7()),
        now: Timestamp::from_unix_ms(1_800_000_000_000),
    }
}

fn event(run: &RunId, seq: u64) -> StoredEvent {
    StoredEvent {
        run_id: run.clone(),
        seq,
        event_id: EventId::from(uuid::Uuid::now_v7()),
        envelope: format!("{{\"seq\":{seq}}}"),
        ends: None,
    }
}

async fn started(store: &dyn Store, request: NewRun) -> Begun {
    match store.begin_run(request).await.unwrap() {
        BeginRun::Started(begun) => begun,
        other => panic!("not a new run: {other:?}"),
    }
}

async fn sql(path: &Path, statements: &'static str) {
    let mut connection =
        SqliteConnectOptions::new().filename(path).create_if_missing(true).connect().await.unwrap();
    sqlx::raw_sql(statements).execute(&mut connection).await.unwrap();
    sqlx::Connection::close(connection).await.unwrap();
}

async fn refusal(path: &Path) -> (SchemaError, String) {
    let error = SqliteStore::open_file(path).await.unwrap_err();
    let shown = error.to_string();
    assert!(shown.contains(&path.display().to_string()), "{shown}");
    match error {
        OpenError::Database { error, .. } => (error, shown),
        other => panic!("{other}"),
    }
}

#[tokio::test]
async fn what_was_stored_is_there_after_a_restart() {
    let dir = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}", dir.path().join("not/there/yet/store.db").display());
    let store = SqliteStore::open(&url).await.unwrap();
    let begun = started(&store, request("alice", "r-1")).await;
    store.append_event(event(&begun.run_id, 1)).await.unwrap();
    store.close().await;
    let store = SqliteStore::open(&url).await.unwrap();
    assert_eq!(store.events(&user("alice"), &begun.run_id).await.unwrap().len(), 1);
    assert_eq!(store.take_over().await.unwrap().len(), 1, "what a dead node left behind");
    assert_eq!(store.begin_run(request("alice", "r-1")).await.unwrap(), BeginRun::Duplicate(begun));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn two_stores_on_one_file_make_it_once_and_share_it() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let (one, two) = tokio::join!(SqliteStore::open_file(&path), SqliteStore::open_file(&path));
    let (one, two) = (one.unwrap(), two.unwrap());
    let fill = async |store: &SqliteStore, name: &str| {
        for n in 0..10 {
            started(store, request(name, &format!("r-{n}"))).await;
        }
    };
    tokio::join!(fill(&one, "alice"), fill(&two, "bob"));
    assert_eq!(one.take_over().await.unwrap(), two.take_over().await.unwrap());
    assert_eq!(one.take_over().await.unwrap().len(), 20);
}

#[tokio::test]
async fn another_programs_database_is_refused_and_left_alone() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("other.db");
    sql(&path, "CREATE TABLE runs (x)").await;
    let (error, shown) = refusal(&path).await;
    assert!(matches!(error, SchemaError::Foreign), "{shown}");
    assert!(shown.contains("another program"), "{shown}");
    sql(&path, "INSERT INTO runs VALUES (1)").await;
}

#[tokio::test]
async fn another_versions_database_is_refused_with_both_versions() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    SqliteStore::open_file(&path).await.unwrap().close().await;
    sql(&path, "PRAGMA user_version = 7").await;
    let (error, shown) = refusal(&path).await;
    assert!(matches!(error, SchemaError::Version { found: 7, known: 1 }), "{shown}");
    assert!(shown.contains('7') && shown.contains("hint"), "{shown}");
}

#[tokio::test]
async fn a_file_that_is_no_database_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    std::fs::write(&path, "this is a letter, not a database. ".repeat(100)).unwrap();
    assert!(matches!(refusal(&path).await.0, SchemaError::Sqlite(_)));
}

#[tokio::test]
async fn a_directory_that_cannot_be_made_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let error = SqliteStore::open_file(&file.join("below/store.db")).await.unwrap_err();
    assert!(matches!(error, OpenError::Directory { .. }) && error.to_string().contains("below"), "{error}");
}

#[tokio::test]
async fn a_lock_that_another_process_keeps_makes_it_unavailable() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("store.db");
    let store = SqliteStore::open_file(&path).await.unwrap();
    let mut other = SqliteConnectOptions::new().filename(&path).connect().await.unwrap();
    sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
    let begun = store.begin_run(request("alice", "r-1")).await;
    assert!(matches!(begun, Err(StoreError::Unavailable)), "{begun:?}");
    assert_eq!(store.threads(&user("alice")).await.unwrap(), [], "readers go on meanwhile");
    sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap();
    started(&store, request("alice", "r-1")).await;
}

#[tokio::test]
async fn a_closed_store_is_not_ready() {
    let store = SqliteStore::in_memory().await.unwrap();
    store.close().await;
    store.ready().await.unwrap_err();
}

#[tokio::test]
async fn a_url_that_names_no_store_is_refused_and_not_shown() {
    for url in [
        "",
        "store.db",
        "mysql://alice:s3cret@db/runs",
        "s3cret",
        "postgres:s3cret",
        "postgres://a:s3cret@b:c/d",
    ] {
        let error = open_store(url).await.unwrap_err();
        let shown = format!("{error} {error:?}");
        assert!(shown.contains("postgres://USER@HOST/DATABASE") && !shown.contains("s3cret"), "{shown}");
    }
    open_store("sqlite::memory:").await.unwrap().ready().await.unwrap();
}
