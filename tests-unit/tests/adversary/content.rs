//! Texts and shapes that parse and are still wrong.

use super::Row;
use super::notes::{by, each, events, extra, frames, raw, replaced, retold};
use goldenpath_faults::{Aim, Fault};
use goldenpath_simulator::{Content, Ending, Scenario};
use serde_json::{Value, json};

pub(super) const ROWS: &[Row] = &[
    Row::new("characters as HTML references", &["content/unicode", "content/whole"], |seed| {
        answers(seed, |text| text.replace('"', "&quot;").replace('\'', "&#39;").replace('<', "&lt;"))
    })
    .in_session(unicode),
    Row::new("line ends and quotes escaped twice", &["content/whole"], |seed| {
        answers(seed, |text| text.replace('\n', "\\n").replace('"', "\\\""))
    }),
    Row::new("a question mark for every letter beyond ASCII", &["content/unicode"], |seed| {
        answers(seed, |text| text.chars().map(|c| if c.is_ascii() { c } else { '?' }).collect())
    })
    .in_session(unicode),
    Row::new("letters beyond ASCII left out", &["content/unicode"], |seed| {
        answers(seed, |text| text.chars().filter(char::is_ascii).collect())
    })
    .in_session(|| {
        let prompt = "Compare what the clusters in Zürich, Malmö, Córdoba and Düsseldorf cost us";
        Scenario::golden_path().prompts([prompt]).without_store()
    }),
    Row::new("CP1252 read as Latin-1 in thoughts", &["content/unicode"], |seed| {
        each("agent_thinking", seed, "quotes of another code page", |message, _| {
            retold(&message, "reasoning", |own| format!("\u{93}{own}\u{94} \u{96} so far"))
        })
    }),
    Row::new("a trace of another language", &["content/no-internals"], |seed| {
        each("agent_thinking", seed, "a trace", |message, choice| {
            retold(&message, "reasoning", |own| format!("{own} {}", TRACES[choice % TRACES.len()]))
        })
    }),
    Row::new("a trace in a limitation", &["content/no-internals"], |seed| {
        each("agent_completed", seed, "a trace", |message, choice| {
            message.with("degraded", true).with("limitations", json!([TRACES[choice % TRACES.len()]]))
        })
    }),
    Row::new("an address with its password in an error", &["content/no-internals"], |seed| {
        frames("error", seed, "an address with a password", |message, aim| {
            let address = ADDRESSES[aim.pick(ADDRESSES.len())];
            retold(&message, "message", |own| format!("{own}: cannot reach {address}"))
        })
    })
    .in_session(|| Scenario::golden_path().with_refused_requests().without_store()),
    Row::new("a key in what a tool found", &["content/no-internals"], |seed| {
        each("tool_completed", seed, "a key", |message, choice| {
            let mut results = message.get("results").cloned().unwrap_or_default();
            results["connection"] = json!({ "auth": KEYS[choice % KEYS.len()] });
            message.with("results", results)
        })
    }),
    Row::new("a key in a type of its own", &["content/no-internals"], |seed| {
        let mut aim = Aim::new(seed);
        by(move |step, act| {
            let Some((message, run)) = act.event() else { return };
            if message.is("tool_executing") && aim.hits(run) {
                let key = KEYS[aim.pick(KEYS.len())];
                let note = json!({ "type": "x.call", "headers": { "authorization": key } });
                act.add(raw(step, note.to_string()), "a key beside the run");
            }
        })
    }),
    Row::new(
        "what a template or a language leaves where a thought should be",
        &["content/meaningful"],
        |seed| {
            each("agent_thinking", seed, "nothing thought", |message, choice| {
                message.with("reasoning", LEFT[choice % LEFT.len()])
            })
        },
    ),
    Row::new("what a template or a language leaves in a purpose", &["content/meaningful"], |seed| {
        each("tool_executing", seed, "no purpose", |message, choice| {
            message.with("tool_purpose", LEFT[choice % LEFT.len()])
        })
    }),
    Row::new("numbers out of their range", &["content/schema"], |seed| {
        events(seed, "a number out of its range", |case| {
            let with = |field: &str, value: Value| Some(case.message.clone().with(field, value));
            match (case.message.kind(), case.aim.choice(case.run, 0, 3)) {
                ("agent_thinking", 0) => with("progress_percentage", json!(140)),
                ("agent_thinking", 1) => with("step_number", json!(0)),
                ("agent_thinking", 2) => with("progress_percentage", json!(-3)),
                _ => None,
            }
        })
    }),
    Row::new("durations below nothing", &["content/schema"], |seed| {
        each("tool_completed", seed, "a duration below nothing", |message, _| {
            message.with("duration_ms", -12)
        })
    }),
    Row::new("a type that no protocol has", &["content/schema"], |seed| {
        extra(seed, "a type that no protocol has", |message, _| {
            message.is("agent_thinking").then(|| message.clone().with("type", "agent_progress"))
        })
    }),
    Row::new("one key twice in an object", &["content/json", "content/schema"], |seed| {
        let mut aim = Aim::new(seed);
        by(move |step, act| {
            let Some((message, run)) = act.event() else { return };
            if message.is("tool_completed") && aim.hits(run) {
                let twice = message.to_raw().replacen('{', "{\"success\":false,", 1);
                act.alter(raw(step, twice), "one key twice");
            }
        })
    }),
    Row::new("numbers as text, late in a run", &["content/schema"], |seed| {
        events(seed, "a number as text", |case| {
            let field = ["seq", "offset"][case.aim.choice(case.run, 0, 2)];
            let number = case.message.whole(field)?;
            (case.message.whole("seq")? > 8).then(|| case.message.clone().with(field, number.to_string()))
        })
    }),
    Row::new("whole numbers with a fraction, late in a run", &["content/schema"], |seed| {
        events(seed, "a fraction", |case| {
            let number = case.message.whole("seq")?;
            (number > 8).then(|| case.message.clone().with("seq", number as f64 + 0.5))
        })
    }),
    Row::new("a failure without code or without word", &["content/schema", "content/meaningful"], |seed| {
        each("agent_failed", seed, "a failure that says little", |message, choice| {
            let mut error = message.get("error").cloned().unwrap_or_default();
            match choice % 3 {
                0 => error["code"] = json!(""),
                1 => error["message"] = json!(" "),
                _ => error["retryable"] = json!(null),
            }
            message.with("error", error)
        })
    })
    .in_session(|| Scenario::golden_path().ending(Ending::Failed).without_store()),
    Row::new("results of nothing but blanks", &["content/meaningful"], |seed| {
        each("tool_completed", seed, "results of blanks", |message, _| {
            let mut results = message.get("results").cloned().unwrap_or_default();
            replaced(&mut results, &mut |_| String::new());
            message.with("results", json!({ "a": results["by_resource"], "b": null, "c": [], "d": "" }))
        })
    }),
];

fn unicode() -> Scenario {
    Scenario::golden_path().content(Content::Unicode).without_store()
}

/// Both the pieces of an answer and the whole are spelt like this.
fn answers(seed: u64, spelling: fn(&str) -> String) -> Box<dyn Fault> {
    events(seed, "an answer spelt otherwise", move |case| match case.message.kind() {
        "response_delta" => Some(retold(case.message, "text", spelling)),
        "agent_completed" => Some(retold(case.message, "final_response", spelling)),
        _ => None,
    })
}

/// What languages write when something went wrong.
const TRACES: [&str; 6] = [
    "goroutine 17 [running]:\nmain.(*Ranker).Rank(0xc000112a80)\n\t/srv/app/ranker.go:88 +0x1d2",
    "java.lang.NullPointerException\n\tat com.acme.costs.Ranker.rank(Ranker.java:118)\n\tat com.acme.costs.Main.main(Main.java:9)",
    "TypeError: Cannot read properties of undefined (reading 'cost')\n    at rank (/usr/src/app/dist/ranker.js:41:17)",
    "thread 'tokio-runtime-worker' panicked at crates/ranker/src/lib.rs:88:14:\ncalled `Option::unwrap()` on a `None` value",
    "System.NullReferenceException: Object reference not set\n   at Acme.Costs.Ranker.Rank() in C:\\build\\src\\Ranker.cs:line 88",
    "ranker.rb:12:in `rank': undefined method `cost' for nil:NilClass (NoMethodError)\n\tfrom /app/lib/main.rb:4:in `<main>'",
];

const ADDRESSES: [&str; 4] = [
    "postgres://costs:h7Gq2pLx@10.4.2.17:5432/billing",
    "redis://:Zk81mmQa@cache-3.internal:6379/0",
    "mongodb+srv://svc:9fJx2Lwq@cluster0.ab1cd.mongodb.net/costs",
    "amqp://agent:tR5vv0Pz@mq.svc.cluster.local:5672",
];

const KEYS: [&str; 7] = [
    "AKIAIOSFODNN7EXAMPQE",
    "ghp_16C7e42F292c6912E7710c838347Ae178B4a",
    "xoxb-263594206564-2343594206574-FGqddMF8t08v8N7Oq4i57vs1",
    "sk-proj-Zx81mmQaT0vv0PzfJx2LwqT3BlbkFJh7Gq2pLxAb1cd9Ef",
    "-----BEGIN RSA PRIVATE KEY-----\nMIIEowIBAAKCAQEAx\n-----END RSA PRIVATE KEY-----",
    "Bearer eyJhbGciOiJFZERTQSJ9.eyJzdWIiOiJzdmMiLCJleHAiOjE4MDAwMDAwMDB9.c2lnbmF0dXJlLW9mLWEtc2VydmljZQ",
    "AIzaSyD-9tSrke72PouQMnMX-a7eZSW0jkFMBWY",
];

const LEFT: [&str; 8] = [
    "[object Object]",
    "undefined",
    "{{reasoning}}",
    "\u{200b}\u{200b}",
    "None",
    "%s",
    "lorem ipsum dolor sit amet",
    "<no value>",
];
