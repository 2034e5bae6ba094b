//! What is said of a request and what becomes of it do not fit.

use super::Row;
use super::notes::{MS, all_events, by, frames, raw};
use goldenpath_faults::{Aim, Fault, Message};
use goldenpath_simulator::Scenario;
use serde_json::json;
use std::collections::HashMap;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "accepted as a run that nothing ever belongs to",
        &["delivery/request-answered", "delivery/one-run-per-request"],
        |seed| frames("request_accepted", seed, "accepted as a run that is none", other_run),
    ),
    Row::new("refused, and done all the same", &["delivery/request-answered"], refused_and_done),
    Row::new("a retry answered with a run that is none", &["delivery/one-run-per-request"], |seed| {
        let mut aim = Aim::new(seed);
        by(move |_, act| {
            let Some(message) = act.message().filter(|message| message.is("request_accepted")) else {
                return;
            };
            let again = message.get("duplicate") == Some(&json!(true));
            if again && aim.hits(&message.to_raw()) {
                act.say(other_run(message.clone(), &mut aim), "the retry is another run");
            }
        })
    })
    .in_session(|| Scenario::golden_path().with_retries().without_store()),
    Row::new("accepted in another thread than the events'", &["isolation/thread"], |seed| {
        frames("request_accepted", seed, "accepted in another thread", |message, _| {
            let thread = message.text("thread_id").unwrap_or_default();
            let other = format!("{}0123456789ab", &thread[..thread.len().saturating_sub(12)]);
            message.with("thread_id", other)
        })
    }),
    Row::new(
        "accepted after the run has begun",
        &["delivery/request-answered", "sequence/after-request"],
        |seed| {
            let mut aim = Aim::new(seed);
            by(move |step, act| {
                let Some(message) = act.message().filter(|message| message.is("request_accepted")) else {
                    return;
                };
                if aim.hits(&message.to_raw()) {
                    let mut late = step.clone();
                    late.t_ns += 60 * MS;
                    act.alter(late, "accepted when the run was under way");
                }
            })
        },
    ),
    Row::new(
        "two runs at once carry each other's request",
        &["delivery/one-run-per-request", "isolation/identity"],
        other_request,
    )
    .in_session(|| Scenario::golden_path().runs(4).at_once(2).without_store()),
    Row::new(
        "later events carry the request of the run before",
        &["delivery/one-run-per-request", "isolation/identity"],
        |seed| {
            all_events(seed, "the request of the run before", |case| {
                let before = case.notes.earlier(case.message).last()?.text("request_id")?.to_owned();
                (case.message.whole("seq")? > 6).then(|| case.message.clone().with("request_id", before))
            })
        },
    ),
];

fn other_run(message: Message, aim: &mut Aim) -> Message {
    let run = message.text("run_id").unwrap_or_default();
    let other = format!("{}{:012x}", &run[..run.len().saturating_sub(12)], 0xabc_def0 + aim.pick(1 << 24));
    message.with("run_id", other)
}

fn refused_and_done(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    by(move |step, act| {
        let Some(message) = act.message().filter(|message| message.is("request_accepted")) else { return };
        if aim.hits(&message.to_raw()) {
            let refusal = json!({
                "type": "error", "code": "run_limit", "message": "too many runs at once",
                "request_id": message.text("request_id"), "retryable": true,
            });
            let run = message.text("run_id").unwrap_or_default().to_owned();
            if aim.choice(&run, 0, 2) == 0 {
                act.alter(raw(step, refusal.to_string()), "refused, and begun");
            } else {
                act.add(raw(step, refusal.to_string()), "accepted, refused, and begun");
            }
            act.concerning(&run);
        }
    })
}

/// Where two runs of a user are under way, each carries the other's request.
fn other_request(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut pairs: HashMap<String, String> = HashMap::new();
    let mut waiting: HashMap<String, (String, String)> = HashMap::new();
    by(move |_, act| {
        if let Some(message) = act.message().filter(|message| message.is("request_accepted")) {
            let text = |field: &str| message.text(field).unwrap_or_default().to_owned();
            waiting.insert(text("run_id"), (text("request_id"), text("thread_id")));
            return;
        }
        let Some((message, run)) = act.event() else { return };
        if !pairs.contains_key(run) {
            let user = message.text("user_id").unwrap_or_default();
            let own =
                |other: &&str| act.scene().run(other).is_some_and(|other| other.user == user && !other.ended);
            let other = waiting.keys().map(String::as_str).filter(|other| *other != run).filter(own).min();
            if let Some(other) = other.filter(|other| !pairs.contains_key(*other)).map(str::to_owned)
                && aim.hits(run)
            {
                pairs.insert(run.to_owned(), other);
            }
        }
        if let Some((request, _)) = pairs.get(run).and_then(|other| waiting.get(other)) {
            act.say(message.clone().with("request_id", request.as_str()), "carries the other run's request");
        }
    })
}
