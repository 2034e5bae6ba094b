//! What every `Store` owes, one suite run over each implementation; and what only a server can do to its store.

mod events;
mod given;
mod reading;
mod requests;
mod server;
mod together;

use crate::driving::DEADLINE;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use goldenpath_storage::{PostgresStore, SqliteStore, Store};
use goldenpath_testbed::services::{Database, Postgres};
use rstest::rstest;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use tempfile::TempDir;

#[derive(Debug, Clone, Copy)]
enum Backend {
    Sqlite,
    SqliteInMemory,
    Postgres,
}

/// An empty store as two nodes have it. One that lives in memory has one node.
struct Bench {
    store: Arc<dyn Store>,
    other: Arc<dyn Store>,
    // After the stores, what holds their data.
    _data: Data,
}

enum Data {
    Folder { _dir: TempDir },
    Server { _database: Database },
    Memory,
}

impl Backend {
    async fn bench(self) -> Bench {
        let (store, other, data): (Arc<dyn Store>, Arc<dyn Store>, _) = match self {
            Self::Sqlite => {
                let dir = tempfile::tempdir().unwrap();
                let file = dir.path().join("store.db");
                let open = async || Arc::new(SqliteStore::open_file(&file).await.unwrap());
                (open().await, open().await, Data::Folder { _dir: dir })
            }
            Self::SqliteInMemory => {
                let store = Arc::new(SqliteStore::open("sqlite::memory:").await.unwrap());
                (store.clone(), store, Data::Memory)
            }
            Self::Postgres => {
                let database = Postgres::shared().await.unwrap().database().await.unwrap();
                let open = async || Arc::new(PostgresStore::open(database.url()).await.unwrap());
                (open().await, open().await, Data::Server { _database: database })
            }
        };
        Bench { store, other, _data: data }
    }
}

type Promise = for<'b> fn(&'b Bench) -> BoxFuture<'b, ()>;

macro_rules! promises {
    ($($part:ident: $($name:ident),+;)+) => {
        /// What every store owes, by name. A new promise is a function over a [`Bench`] that is named here.
        const PROMISES: &[(&str, Promise)] =
            &[$($((stringify!($name), |bench| Box::pin($part::$name(bench)))),+),+];
    };
}

promises! {
    requests:
        a_request_begins_one_running_run,
        the_same_request_finds_the_same_run,
        another_body_under_the_same_id_is_a_conflict,
        a_request_id_is_its_users_own,
        a_request_id_is_free_again_after_a_day,
        a_taken_request_id_is_found_and_nothing_begins,
        an_unknown_or_foreign_thread_is_refused_and_the_id_stays_unused;
    events:
        events_come_back_in_order_and_byte_for_byte,
        the_same_event_again_changes_nothing,
        another_event_in_a_taken_place_is_refused,
        nothing_follows_a_terminal,
        an_event_of_an_unknown_run_is_refused;
    reading:
        nobody_reads_anothers_data,
        threads_come_latest_first_with_their_runs_oldest_first,
        what_came_in_the_same_millisecond_keeps_its_order,
        running_runs_are_those_without_a_terminal,
        a_run_is_held_where_it_began,
        hostile_and_large_text_is_only_text,
        a_working_store_is_ready;
    together:
        what_one_node_writes_the_other_reads,
        requests_that_come_together_begin_one_run,
        an_id_that_is_out_of_date_is_taken_over_once,
        requests_of_many_users_at_once_begin_a_run_each,
        requests_in_one_thread_at_once_all_begin,
        the_same_event_at_once_is_kept_once,
        of_two_events_in_one_place_one_is_kept,
        an_event_beside_a_terminal_is_kept_before_it_or_refused,
        cancelled_calls_leave_the_store_working;
}

#[rstest]
#[case::sqlite(Backend::Sqlite)]
#[case::postgres(Backend::Postgres)]
#[case::sqlite_in_memory(Backend::SqliteInMemory)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn storage_contract(#[case] backend: Backend) {
    let mut broken = Vec::new();
    for (name, promise) in PROMISES {
        let kept = async {
            let bench = backend.bench().await;
            tokio::time::timeout(DEADLINE, promise(&bench)).await.expect("it never ended");
        };
        // What was wrong is told by the panic; the others are looked at all the same.
        if AssertUnwindSafe(kept).catch_unwind().await.is_err() {
            broken.push(*name);
        }
    }
    assert_eq!(broken, Vec::<&str>::new(), "broken promises of {backend:?}");
}
