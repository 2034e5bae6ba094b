//! Runs whose events come in order and still say what cannot be: ends, calls, numbers, ids.

use super::Row;
use super::notes::{all_events, by, each, events, extra};
use goldenpath_faults::{Aim, Fault, Message};
use goldenpath_simulator::{Ending, Scenario};
use serde_json::json;
use std::collections::HashMap;

pub(super) const ROWS: &[Row] = &[
    Row::new("a sub-agent ends the run before its supervisor does", &["sequence/one-terminal"], |seed| {
        sub_agent_ends(seed)
    })
    .in_session(|| Scenario::golden_path().with_nested_agents().without_store()),
    Row::new("a tool fails, another works, nothing is said of it", &["sequence/terminal-true"], |seed| {
        failure_forgotten(seed)
    }),
    Row::new("degraded, with no limitation named", &["sequence/terminal-true", "content/schema"], |seed| {
        each("agent_completed", seed, "no limitations", |message, _| message.with("limitations", json!([])))
    })
    .in_session(|| Scenario::golden_path().ending(Ending::Degraded).without_store()),
    Row::new("one call completes twice, with two results", &["sequence/tool-pairs"], |seed| {
        extra(seed, "a second completion", |message, _| {
            let completed = message.is("tool_completed");
            completed.then(|| {
                let subject = message.get("results").map_or(json!(""), |results| results["subject"].clone());
                message.clone().with("results", json!({ "subject": subject, "total_monthly_usd": 41_202.5 }))
            })
        })
    }),
    Row::new("an id of a call is used again by the next", &["sequence/tool-pairs"], same_call),
    Row::new("two events of a run share a number", &["sequence/seq-dense"], same_number),
    Row::new(
        "the stream skips an offset, no run lacks a number",
        &["delivery/no-loss", "continuity/no-gap"],
        offset_skipped,
    ),
    Row::new("an event has an id that another run's event had", &["delivery/unique-ids"], |seed| {
        all_events(seed, "the id of an earlier event", |case| {
            let earlier = case.notes.earlier(case.message).next()?;
            Some(case.message.clone().with("event_id", earlier.text("event_id")?))
        })
    }),
    Row::new("an event has an id that another user's event had", &["delivery/unique-ids"], |seed| {
        events(seed, "the id of a foreign event", |case| {
            let kind = case.message.kind().to_owned();
            let id = case.notes.foreign(case.user, &kind).next()?.text("event_id")?.to_owned();
            case.message.is("agent_thinking").then(|| case.message.clone().with("event_id", id))
        })
    }),
    Row::new("a failed run counts one event more than came", &["delivery/no-loss"], |seed| {
        each("agent_failed", seed, "counted one too many", |message, _| {
            let count = message.whole("event_count").unwrap_or(0);
            message.with("event_count", count + 1)
        })
    })
    .in_session(|| Scenario::golden_path().ending(Ending::Failed).without_store()),
    Row::new("a cancelled run counts one event less than came", &["delivery/no-loss"], |seed| {
        each("agent_cancelled", seed, "counted one too few", |message, _| {
            let count = message.whole("event_count").unwrap_or(1);
            message.with("event_count", count - 1)
        })
    })
    .in_session(|| Scenario::golden_path().ending(Ending::Cancelled).without_store()),
    Row::new("a success with an error in it", &["sequence/terminal-true", "content/schema"], |seed| {
        each("tool_completed", seed, "an error beside success", |message, _| {
            message
                .with("error", json!({ "code": "timeout", "message": "the billing source gave no answer" }))
        })
    }),
    Row::new("a success whose results say that it failed", &["sequence/terminal-true"], |seed| {
        each("tool_completed", seed, "results that tell of a failure", |message, choice| {
            let subject = message.get("results").map_or(json!(""), |results| results["subject"].clone());
            let results = match choice % 3 {
                0 => json!({ "subject": subject, "status": "failed", "error": "upstream timeout" }),
                1 => json!({ "subject": subject, "ok": false, "reason": "connection refused" }),
                _ => json!({ "subject": subject, "error": { "code": 503, "message": "unavailable" } }),
            };
            message.with("results", results)
        })
    }),
    Row::new("results of an earlier run of the same user", &["sequence/tool-pairs"], |seed| {
        all_events(seed, "stale results", |case| {
            let tool = case.message.text("tool_name")?;
            let told = case.message.get("results")?;
            let stale = case.notes.earlier(case.message).filter(|told| told.text("tool_name") == Some(tool));
            let stale =
                stale.filter_map(|told| told.get("results")).find(|old| old["subject"] != told["subject"])?;
            Some(case.message.clone().with("results", stale.clone()))
        })
    }),
];

fn sub_agent_ends(seed: u64) -> Box<dyn Fault> {
    extra(seed, "the sub-agent's own end", |message, _| {
        let last = message.is("tool_completed") && message.text("tool_name") == Some("recommendation_ranker");
        last.then(|| {
            let mut end = message.clone();
            for field in ["tool_name", "execution_id", "success", "results", "duration_ms"] {
                end = end.without(field);
            }
            let seq = message.whole("seq").unwrap_or(0);
            end.with("type", "agent_completed")
                .with("status", "completed")
                .with(
                    "final_response",
                    "Ranked: three resources could be smaller, which leaves the rest to the analyst.",
                )
                .with("summary", "Three resources ranked.")
                .with("degraded", false)
                .with("limitations", json!([]))
                .with("duration_ms", 150)
                .with("event_count", seq + 1)
        })
    })
}

/// The first call of each run hit fails, and the answer knows nothing of it.
fn failure_forgotten(seed: u64) -> Box<dyn Fault> {
    let mut failed: HashMap<String, String> = HashMap::new();
    events(seed, "a failure that nobody mentions", move |case| {
        let call = case.message.is("tool_completed").then(|| case.message.text("execution_id")).flatten()?;
        let known = failed.entry(case.run.to_owned()).or_insert_with(|| call.to_owned());
        (known == call).then(|| {
            let error = json!({ "code": "tool_unavailable", "message": "the billing source gave no answer" });
            case.message.clone().without("results").with("success", false).with("error", error)
        })
    })
}

/// Later calls of a run have the id of its first.
fn same_call(seed: u64) -> Box<dyn Fault> {
    let mut first: HashMap<String, String> = HashMap::new();
    events(seed, "the id of the call before", move |case| {
        let call = case.message.text("execution_id")?;
        let known = first.entry(case.run.to_owned()).or_insert_with(|| call.to_owned());
        (known != call).then(|| case.message.clone().with("execution_id", known.as_str()))
    })
}

/// From its second delta on, a run's numbers are one too low; its count fits them.
fn same_number(seed: u64) -> Box<dyn Fault> {
    let mut deltas: HashMap<String, u32> = HashMap::new();
    events(seed, "a number that another event has", move |case| {
        let seen = deltas.entry(case.run.to_owned()).or_default();
        *seen += u32::from(case.message.is("response_delta"));
        let less = |message: Message, field: &str| match message.whole(field) {
            Some(number) => message.with(field, number - 1),
            None => message,
        };
        (*seen > 1).then(|| less(less(case.message.clone(), "seq"), "event_count"))
    })
}

/// A user's offsets are one too high after an event of the last run.
fn offset_skipped(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut skipped: HashMap<String, u64> = HashMap::new();
    by(move |_, act| {
        let Some((message, run)) = act.event() else { return };
        let (user, offset) =
            (message.text("user_id").unwrap_or_default(), message.whole("offset").unwrap_or(0));
        let place = 3 + aim.choice(run, 1, 8) as u64;
        if message.whole("seq") == Some(place) && aim.hits(run) && !skipped.contains_key(user) {
            skipped.insert(user.to_owned(), 1);
        }
        if let Some(by) = skipped.get(user) {
            act.say(message.clone().with("offset", offset + by), "an offset that leaves one out");
        }
    })
}
