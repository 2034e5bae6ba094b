//! Histories that the two sides once judged differently, as small as they get: what each says of them now is the same, and is
//! written here.

use super::session::{Item, T0_MS, What, reference, timestamp, user_name};
use super::{Counts, Tallies, differences, judge, word};
use goldenpath_history::{ClosedBy, Expect, Record, ToolDemand};
use serde_json::{Value, json};

const MS: u64 = 1_000_000;

/// A history, told record by record, 5 ms apart.
#[derive(Default)]
struct Tale {
    items: Vec<Item>,
    waited_ms: u64,
}

impl Tale {
    fn then(mut self, conn: u32, user: usize, what: What) -> Self {
        let t_ns = self.now_ms() * MS;
        self.items.push(Item { t_ns, conn: Some(conn), user: Some(user_name(user)), what });
        self
    }

    fn now_ms(&self) -> u64 {
        self.waited_ms + (self.items.len() as u64 + 1) * 5
    }

    fn now_text(&self) -> String {
        timestamp(T0_MS + i64::try_from(self.now_ms()).unwrap_or_default())
    }

    /// A connection of a user joins where the stream stands.
    fn connects(self, conn: u32, user: usize, recovered: &str, offset: u64) -> Self {
        let joined = self.joins(conn, user, recovered, offset);
        if recovered == "full" {
            joined.then(conn, user, What::In(json!({"type": "replay_end", "offset": offset})))
        } else {
            joined
        }
    }

    /// A connection of a user is greeted; what it missed is not yet told.
    fn joins(self, conn: u32, user: usize, recovered: &str, offset: u64) -> Self {
        let greeting = json!({
            "type": "connection_established", "connection_id": format!("conn-{conn}"), "user_id": user_name(user),
            "epoch": "epoch", "offset": offset, "recovered": recovered, "replay": 0, "server_time": self.now_text(),
        });
        self.then(conn, user, What::Open).then(conn, user, What::In(greeting))
    }

    fn leaves(self, conn: u32, user: usize) -> Self {
        self.then(conn, user, What::Close(Some(1006), ClosedBy::Transport))
    }

    fn asks(self, conn: u32, user: usize, id: &str) -> Self {
        let reference = reference(user);
        let expect = Expect { tools: ToolDemand::None, ..Expect::default() };
        self.then(conn, user, What::Request { id: id.to_owned(), reference, expect })
    }

    fn accepts(self, conn: u32, user: usize, request: &str, run: &str) -> Self {
        let accepted =
            json!({"type": "request_accepted", "request_id": request, "run_id": run, "duplicate": false});
        self.then(conn, user, What::In(accepted))
    }

    fn refuses(self, conn: u32, user: usize, request: &str) -> Self {
        let refused = json!({"type": "error", "code": "unknown_agent", "message": "No agent of that name is known here.",
            "request_id": request, "retryable": false});
        self.then(conn, user, What::In(refused))
    }

    /// An event of the user's only run, which names its request or none.
    fn tells(self, conn: u32, user: usize, kind: &str, seq: u64, request: Option<&str>) -> Self {
        let mut event = json!({
            "type": kind, "event_id": format!("event-{user}-{seq}"), "timestamp": self.now_text(),
            "user_id": user_name(user), "thread_id": format!("thread-{user}"), "run_id": format!("run-{user}"),
            "seq": seq, "offset": seq,
        });
        if let Some(request) = request {
            event["request_id"] = json!(request);
        }
        let told = match kind {
            "agent_started" => {
                json!({"status": "starting", "task_description": "Rank the clusters by cost."})
            }
            "agent_thinking" => {
                json!({"reasoning": "The bills of two months are compared.", "step_number": seq})
            }
            _ => {
                json!({"status": "completed", "final_response": "Stop cluster 2 at night.", "event_count": seq})
            }
        };
        if let (Value::Object(event), Value::Object(told)) = (&mut event, told) {
            event.extend(told);
        }
        self.then(conn, user, What::In(event))
    }

    /// What came last has a timestamp of another spelling.
    fn misdated(mut self) -> Self {
        if let Some(Item { what: What::In(event), .. }) = self.items.last_mut() {
            event["timestamp"] = json!(T0_MS);
        }
        self
    }

    /// What comes next comes so much later.
    fn after_ms(mut self, ms: u64) -> Self {
        self.waited_ms += ms;
        self
    }

    /// What both sides say of it, check by check.
    #[track_caller]
    fn judged_as(self, expected: &[(&str, &str)]) {
        let records: Vec<Record<'static>> = self.items.into_iter().map(Item::record).collect();
        let differing = differences(&records, &mut Counts::new(), &mut Tallies::default());
        assert!(differing.is_empty(), "{}\n{}", differing.join("\n"), super::story::of(&records));
        let judgement = judge(&records);
        for (id, expected) in expected {
            let said = judgement.checks.iter().find(|check| check.id == *id).unwrap();
            assert_eq!(word(&said.verdict), *expected, "{id}: {:#?}", said.findings);
        }
    }
}

/// Its only event, the fourth, came before its request was sent: who was there at its start was learnt when nothing more came.
#[test]
fn a_run_that_showed_all_of_itself_before_its_request_owes_the_whole() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .asks(1, 0, "request-of-another-run")
        .refuses(1, 0, "request-of-another-run")
        .tells(1, 0, "agent_completed", 4, Some("request-0"))
        .asks(1, 0, "request-0")
        .accepts(1, 0, "request-0", "run-0")
        .judged_as(&[
            ("sequence/five-in-order", "fail"),
            ("sequence/tool-pairs", "pass"),
            ("sequence/after-request", "fail"),
        ]);
}

/// Its first event after the client's return does not say what it answers; it was asked for before the client was away.
#[test]
fn what_a_run_showed_while_nobody_was_there_is_no_loss_whenever_its_request_is_learnt() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .asks(1, 0, "request-0")
        .leaves(1, 0)
        .connects(2, 0, "fresh", 2)
        .tells(2, 0, "agent_thinking", 3, None)
        .tells(2, 0, "agent_completed", 4, Some("request-0"))
        .judged_as(&[("delivery/no-loss", "pass"), ("sequence/five-in-order", "inconclusive")]);
}

/// What came while nobody knew the request came after the gap as well: it says nothing of how long anything took.
#[test]
fn what_came_after_a_gap_says_nothing_of_time_whenever_the_request_is_learnt() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .asks(1, 0, "request-0")
        .leaves(1, 0)
        .after_ms(1_500)
        .connects(2, 0, "fresh", 0)
        .tells(2, 0, "agent_started", 1, None)
        .after_ms(2_500)
        .tells(2, 0, "agent_thinking", 2, None)
        .tells(2, 0, "agent_completed", 3, Some("request-0"))
        .judged_as(&[("timing/first-event", "inconclusive"), ("timing/agent-thinking", "inconclusive")]);
}

/// It was asked for after the gap: its first events are waited for as any other's.
#[test]
fn a_run_asked_for_after_the_return_is_waited_for_whenever_its_request_is_learnt() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .leaves(1, 0)
        .connects(2, 0, "fresh", 0)
        .asks(2, 0, "request-0")
        .tells(2, 0, "agent_started", 1, None)
        .after_ms(2_500)
        .tells(2, 0, "agent_thinking", 2, None)
        .tells(2, 0, "agent_completed", 3, Some("request-0"))
        .judged_as(&[("timing/first-event", "pass"), ("timing/agent-thinking", "fail")]);
}

/// It looked as if it had begun on the second connection, which joined after it was asked for and owes nothing of it.
#[test]
fn a_connection_that_joined_after_the_request_owes_no_beginning_whenever_that_is_learnt() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .asks(1, 0, "request-0")
        .leaves(1, 0)
        .connects(2, 0, "fresh", 0)
        .tells(2, 0, "agent_started", 1, None)
        .tells(2, 0, "agent_completed", 2, Some("request-0"))
        .judged_as(&[("sequence/five-in-order", "inconclusive"), ("sequence/one-terminal", "pass")]);
}

/// The first event that came is the second, and does not say what it answers.
#[test]
fn a_run_begins_with_its_first_number_whenever_its_request_is_learnt() {
    for recovered in ["fresh", "full"] {
        Tale::default()
            .connects(1, 0, recovered, 1)
            .asks(1, 0, "request-0")
            .tells(1, 0, "agent_thinking", 2, None)
            .tells(1, 0, "agent_completed", 3, Some("request-0"))
            .judged_as(&[("sequence/seq-dense", "fail"), ("delivery/no-loss", "fail")]);
    }
}

/// Its own run had begun when it was accepted as another user's.
#[test]
fn a_request_accepted_as_the_run_of_another_after_its_own_began_has_two() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .connects(2, 1, "fresh", 0)
        .asks(1, 0, "request-0")
        .accepts(1, 0, "request-0", "run-0")
        .asks(2, 1, "request-1")
        .tells(2, 1, "agent_started", 1, Some("request-1"))
        .accepts(2, 1, "request-1", "run-0")
        .tells(2, 1, "agent_completed", 2, Some("request-1"))
        .tells(1, 0, "agent_started", 1, Some("request-0"))
        .tells(1, 0, "agent_completed", 2, Some("request-0"))
        .judged_as(&[("delivery/one-run-per-request", "fail"), ("delivery/request-answered", "pass")]);
}

/// On the tab that showed its only event first it had no timestamp that anybody can read: there is nothing to compare.
#[test]
fn an_event_that_only_a_second_tab_showed_with_its_timestamp_tells_nothing_of_time() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .connects(2, 0, "fresh", 0)
        .asks(1, 0, "request-0")
        .tells(1, 0, "agent_started", 1, Some("request-0"))
        .misdated()
        .tells(2, 0, "agent_started", 1, Some("request-0"))
        .judged_as(&[("timestamps/monotone", "inconclusive"), ("timestamps/format", "fail")]);
}

/// Nobody said that the replay was over, but the connection was: what is recorded of it after that is no replay.
#[test]
fn a_replay_ends_with_its_connection() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .asks(1, 0, "request-0")
        .tells(1, 0, "agent_started", 1, Some("request-0"))
        .leaves(1, 0)
        .joins(2, 0, "full", 1)
        .tells(2, 0, "agent_completed", 2, Some("request-0"))
        .leaves(2, 0)
        .tells(2, 0, "agent_completed", 2, Some("request-0"))
        .judged_as(&[("delivery/unique-ids", "fail")]);
}

/// Nobody can accept what was not asked yet: the close is the first that it was answered with.
#[test]
fn an_acceptance_before_its_request_does_not_keep_a_close_from_refusing_it() {
    Tale::default()
        .then(1, 0, What::Open)
        .accepts(1, 0, "request-0", "run-0")
        .asks(1, 0, "request-0")
        .then(1, 0, What::Close(Some(4002), ClosedBy::Server))
        .judged_as(&[("delivery/request-answered", "pass")]);
}

/// Its event came before anything said that the connection was there, and before the request.
#[test]
fn a_connection_that_showed_an_event_was_there_by_then() {
    Tale::default()
        .connects(1, 0, "fresh", 0)
        .tells(2, 0, "agent_thinking", 2, Some("request-0"))
        .asks(1, 0, "request-0")
        .accepts(1, 0, "request-0", "run-0")
        .tells(1, 0, "agent_started", 1, Some("request-0"))
        .connects(2, 0, "full", 1)
        .tells(2, 0, "agent_completed", 3, Some("request-0"))
        .judged_as(&[("sequence/seq-dense", "fail"), ("sequence/after-request", "fail")]);
}
