//! Answers that read well and are not what was made, and stores that tell almost the same story.

use super::Row;
use super::notes::{by, each, extra, retold};
use goldenpath_faults::{Act, Aim, Fault, Message, Step};
use goldenpath_history::RecordKind;
use goldenpath_simulator::{Content, Scenario};
use serde_json::{Value, json};
use std::collections::HashMap;

pub(super) const ROWS: &[Row] = &[
    Row::new(
        "the whole answer differs from its deltas by one word",
        &["delivery/deltas-concatenate"],
        |seed| {
            each("agent_completed", seed, "one word is another", |message, _| {
                retold(&message, "final_response", |own| {
                    own.replacen(" a month", " per month", 1)
                        .replacen(" in ", " at ", 1)
                        .replacen(',', ";", 1)
                })
            })
        },
    ),
    Row::new("the whole answer is trimmed or normalised", &["delivery/deltas-concatenate"], |seed| {
        each("agent_completed", seed, "normalised", |message, choice| {
            retold(&message, "final_response", |own| match choice % 3 {
                0 => own.replace("cafe\u{301}", "caf\u{e9}"),
                1 => format!("{own}\n"),
                _ => own.replace('\t', " "),
            })
        })
    })
    .in_session(|| Scenario::golden_path().content(Content::Unicode).without_store()),
    Row::new("a delta told twice under a number of its own", &["delivery/deltas-concatenate"], |seed| {
        let mut done: HashMap<String, u64> = HashMap::new();
        extra(seed, "a delta told twice", move |message, aim| {
            let run = message.run()?;
            let seen = done.entry(run.to_owned()).or_default();
            *seen += u64::from(message.is("response_delta"));
            (message.is("response_delta") && *seen == 2 + aim.choice(run, 0, 4) as u64)
                .then(|| message.clone())
        })
    }),
    Row::new(
        "two runs at once get each other's answer",
        &["delivery/deltas-concatenate", "value/own-prompt"],
        exchanged,
    )
    .in_session(|| Scenario::golden_path().runs(4).at_once(2).without_store()),
    Row::new("the whole answer said twice in one", &["value/gates"], |seed| {
        answered(seed, |own, _| format!("{own}\n\n{own}"))
    }),
    Row::new(
        "the answer to the same user's prompt before",
        &["value/own-prompt", "value/facts", "value/demands"],
        |seed| answered(seed, |own, before| before.unwrap_or(own).to_owned()),
    ),
    Row::new("the reference of the same user's run before", &["value/demands"], |seed| {
        answered(seed, |own, before| {
            let reference =
                |text: &str| text.find("gp-").and_then(|at| text.get(at..at + 35)).map(str::to_owned);
            match (reference(own), before.and_then(reference)) {
                (Some(this), Some(other)) => own.replace(&this, &other),
                _ => own.to_owned(),
            }
        })
    }),
    Row::new(
        "a result list cut to its first entry, as the store knows",
        &["delivery/stream-equals-store"],
        |seed| {
            each("tool_completed", seed, "a list cut short", |message, _| {
                let mut results = message.get("results").cloned().unwrap_or_default();
                for list in results.as_object_mut().into_iter().flat_map(|fields| fields.values_mut()) {
                    if let Some(list) = list.as_array_mut() {
                        list.truncate(1);
                    }
                }
                message.with("results", results)
            })
        },
    )
    .in_session(Scenario::golden_path),
    Row::new("figures of a result rounded, as the store knows", &["delivery/stream-equals-store"], |seed| {
        each("tool_completed", seed, "rounded", |message, _| {
            let mut results = message.get("results").cloned().unwrap_or_default();
            rounded(&mut results);
            message.with("results", results)
        })
    })
    .in_session(Scenario::golden_path),
    Row::new("the store's answer differs by one word", &["delivery/stream-equals-store"], |seed| {
        kept(seed, |body| {
            let answer = body["final_response"].as_str().unwrap_or_default().replacen("month", "year", 1);
            let answer = if body["final_response"] == answer { answer + "." } else { answer };
            body["final_response"] = answer.into();
        })
    })
    .in_session(Scenario::golden_path),
    Row::new("the store says that an ended run goes on", &["delivery/stream-equals-store"], |seed| {
        kept(seed, |body| body["state"] = json!("running"))
    })
    .in_session(Scenario::golden_path),
    Row::new(
        "the store keeps a run in another thread or under another request",
        &["delivery/stream-equals-store"],
        |seed| {
            let field = ["thread_id", "request_id"][Aim::new(seed).pick(2)];
            kept(seed, move |body| {
                let id = body[field].as_str().unwrap_or_default().to_owned();
                body[field] = format!("{}0123456789ab", &id[..id.len().saturating_sub(12)]).into();
            })
        },
    )
    .in_session(Scenario::golden_path),
    Row::new("one parameter differs in the store", &["delivery/stream-equals-store"], |seed| {
        kept(seed, |body| {
            let events = body["events"].as_array_mut().into_iter().flatten();
            for event in events.filter(|event| event["type"] == "tool_executing") {
                event["parameters"]["days"] = json!(30);
            }
        })
    })
    .in_session(Scenario::golden_path),
    Row::new("two events change places in the store", &["delivery/stream-equals-store"], |seed| {
        kept(seed, |body| {
            if let Some(events) = body["events"].as_array_mut().filter(|events| events.len() > 4) {
                events.swap(2, 3);
            }
        })
    })
    .in_session(Scenario::golden_path),
];

fn rounded(value: &mut Value) {
    match value {
        Value::Number(number) => {
            if let Some(figure) = number.as_f64().filter(|figure| figure.fract() != 0.0) {
                *value = json!(figure.round());
            }
        }
        Value::Array(items) => items.iter_mut().for_each(rounded),
        Value::Object(fields) => fields.values_mut().for_each(rounded),
        _ => {}
    }
}

/// The store's document of the runs hit is told otherwise.
fn kept(seed: u64, change: impl Fn(&mut Value) + Send + 'static) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    by(move |step, act| {
        let RecordKind::Mark { name, note: Some(note) } = &step.kind else { return };
        let Ok(mut document) = serde_json::from_str::<Value>(note) else { return };
        let Some(run) = document["run_id"].as_str().filter(|_| name == "store").map(str::to_owned) else {
            return;
        };
        if aim.hits(&run) {
            change(&mut document["body"]);
            let kind = RecordKind::Mark { name: name.clone(), note: Some(document.to_string().into()) };
            act.alter(Step { kind, ..step.clone() }, "kept otherwise");
            act.concerning(&run);
        }
    })
}

/// Answers of the runs hit are told otherwise, in one delta and as a whole; the change sees the user's answer before.
fn answered(seed: u64, change: fn(&str, Option<&str>) -> String) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut before: HashMap<String, String> = HashMap::new();
    let mut held: HashMap<String, Vec<Step>> = HashMap::new();
    by(move |step, act| {
        let Some((message, run)) = act.event() else { return };
        let user = message.text("user_id").unwrap_or_default();
        let later = act.scene().run(run).is_some_and(|run| run.earlier > 0);
        let hit = later && aim.hits(run);
        if hit && message.is("response_delta") {
            held.entry(run.to_owned()).or_default().push(step.clone());
            act.keep_back("a piece of what was really made");
        } else if let Some(own) = message.text("final_response").map(str::to_owned) {
            if hit {
                let made = change(&own, before.get(user).map(String::as_str));
                tell(&made, held.remove(run).unwrap_or_default(), act);
                act.say(message.clone().with("final_response", made), "another answer");
            }
            before.insert(user.to_owned(), own);
        }
    })
}

/// Gives the deltas back, the whole answer in the first.
fn tell(answer: &str, deltas: Vec<Step>, act: &mut Act<'_>) {
    let chars: Vec<char> = answer.chars().collect();
    let size = chars.len().div_ceil(deltas.len().max(1)).max(1);
    let mut pieces = chars.chunks(size).map(|piece| piece.iter().collect::<String>());
    for delta in deltas {
        let piece = pieces.next().unwrap_or_default();
        if let Some(message) = Message::of(&delta) {
            act.give_back_before(message.with("text", piece).in_place_of(&delta));
        }
    }
}

/// The terminals of two runs of one user that end one after the other tell each other's answer.
fn exchanged(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut waiting: HashMap<String, (String, Step)> = HashMap::new();
    by(move |step, act| {
        let Some((message, run)) = act.event().filter(|(message, _)| message.is("agent_completed")) else {
            return;
        };
        let user = message.text("user_id").unwrap_or_default().to_owned();
        if let Some((_, first)) = waiting.remove(&user) {
            let Some(other) = Message::of(&first) else { return };
            let answer = |of: &Message| of.text("final_response").unwrap_or_default().to_owned();
            let (own, foreign) = (answer(message), answer(&other));
            act.give_back_before(other.with("final_response", own).in_place_of(&first));
            act.say(message.clone().with("final_response", foreign), "the other run's answer");
        } else if aim.hits(&user) {
            let under_way =
                act.scene().runs().any(|(id, other)| id != run && other.user == user && !other.ended);
            if under_way {
                waiting.insert(user, (run.to_owned(), step.clone()));
                act.keep_back("waits for the other's answer");
            }
        }
    })
}
