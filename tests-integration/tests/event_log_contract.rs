//! What every `EventLog` owes, one suite run over each implementation; and what only a server can do to its log.

mod acks;
mod given;
mod keeping;
mod numbering;
mod reading;
mod server;
mod together;
mod watching;

use crate::driving::DEADLINE;
use futures_util::future::BoxFuture;
use goldenpath_protocol::Timestamp;
use goldenpath_storage::{EventLog, LogLimits, MemoryEventLog, RedisEventLog, RedisLogSettings};
use goldenpath_testbed::services::Redis;
use rstest::rstest;
use std::sync::Arc;

#[derive(Debug, Clone, Copy)]
enum Backend {
    Memory,
    Redis,
}

/// An empty log as two nodes have it. One that lives in memory has one node.
struct Bench {
    log: Arc<dyn EventLog>,
    other: Arc<dyn EventLog>,
}

impl Backend {
    async fn bench(self) -> Bench {
        match self {
            Self::Memory => {
                let clock = Arc::new(|| Timestamp::from_unix_ms(1_800_000_000_000));
                let log = Arc::new(MemoryEventLog::new(LogLimits::default(), clock));
                Bench { log: log.clone(), other: log }
            }
            Self::Redis => {
                let server = Redis::shared().await.unwrap();
                let settings = RedisLogSettings {
                    prefix: Redis::fresh_prefix(),
                    // A busy machine breaks no promise.
                    patience: DEADLINE,
                    // Looks at positions would make good what is not told.
                    look_every: DEADLINE * 10,
                    ..RedisLogSettings::default()
                };
                Bench { log: redis(server, &settings).await, other: redis(server, &settings).await }
            }
        }
    }
}

async fn redis(server: &Redis, settings: &RedisLogSettings) -> Arc<dyn EventLog> {
    Arc::new(RedisEventLog::open(server.url(), settings.clone()).await.unwrap())
}

type Promise = for<'b> fn(&'b Bench) -> BoxFuture<'b, ()>;

macro_rules! promises {
    ($($part:ident: $($name:ident),+;)+) => {
        /// What every log owes, by name. A new promise is a function over a [`Bench`] that is named here.
        const PROMISES: &[(&str, Promise)] =
            &[$($((stringify!($name), |bench| Box::pin($part::$name(bench)))),+),+];
    };
}

promises! {
    numbering:
        a_new_user_has_an_empty_stream_with_a_lasting_epoch,
        offsets_grow_by_one_per_user,
        the_offset_is_spliced_in_and_no_other_byte_changes,
        what_is_no_object_is_refused_and_takes_no_offset,
        the_same_event_id_is_kept_once;
    reading:
        a_read_gives_what_follows_densely_and_the_same_bytes_each_time,
        large_and_small_events_are_read_alike,
        what_is_not_there_is_gone_and_the_answer_says_where_the_stream_stands,
        users_of_any_name_have_streams_of_their_own,
        a_working_log_is_ready;
    keeping:
        the_last_thousand_events_are_kept,
        the_last_eight_mebibytes_are_kept,
        an_event_larger_than_the_log_is_refused_and_takes_no_offset;
    watching:
        every_append_wakes_who_watches,
        a_duplicate_wakes_nobody,
        who_watches_again_is_woken_again;
    acks:
        acks_only_grow_and_never_trim,
        acks_are_a_users_and_a_clients_own,
        made_up_client_ids_cost_a_bounded_room;
    together:
        what_one_node_appends_the_other_reads,
        appends_of_two_nodes_that_come_together_leave_no_hole,
        the_same_event_from_two_nodes_is_kept_once,
        every_append_wakes_who_watches_on_another_node,
        cancelled_calls_leave_the_log_working;
}

#[rstest]
#[case::memory(Backend::Memory)]
#[case::redis(Backend::Redis)]
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn event_log_contract(#[case] backend: Backend) {
    let mut broken = Vec::new();
    for (name, promise) in PROMISES {
        let bench = backend.bench().await;
        let kept = tokio::spawn(async move {
            tokio::time::timeout(DEADLINE, promise(&bench)).await.expect("it never ended");
        });
        // What was wrong is told by the panic of the task.
        if kept.await.is_err() {
            broken.push(*name);
        }
    }
    assert_eq!(broken, Vec::<&str>::new(), "broken promises of {backend:?}");
}
