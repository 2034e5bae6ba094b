//! The inside of a machine, shown to a user.

use super::said::{Said, one_of};
use crate::Message;
use goldenpath_protocol::EventType;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::{Value, json};

/// What runtimes print when something breaks; `#` stands for a line number.
const TRACES: &[&str] = &[
    "Traceback (most recent call last):\n  File \"/srv/agents/costs/tools.py\", line #, in run\n    raise KeyError(\"region\")\nKeyError: 'region'",
    "thread 'tokio-runtime-worker' panicked at crates/agent/src/tools.rs:#:17:\ncalled `Option::unwrap()` on a `None` value",
    "TypeError: Cannot read properties of undefined (reading 'map')\n    at rank (/usr/src/service/dist/rank.js:#:19)\n    at process.processTicksAndRejections (node:internal/process/task_queues:95:5)",
    "java.lang.NullPointerException: region\n\tat com.example.costs.Ranker.rank(Ranker.java:#)",
    "System.InvalidOperationException: Sequence contains no elements\n   at Costs.Ranker.Rank(String region) in /build/Costs/Ranker.cs:line #",
    "panic: runtime error: index out of range [3] with length 3\n\ngoroutine #7 [running]:\nmain.rank(0xc000010000)\n\t/go/src/costs/rank.go:# +0x1d",
    "could not read /home/deploy/costs/current/config/prices.yml (line #)",
    "ENOENT: no such file or directory, open '/var/lib/costs/cache/prices.sqlite', attempt #",
    "PHP Fatal error:  Uncaught Error in /var/www/html/src/Ranker.php on line #",
    "/usr/lib/ruby/gems/costs/lib/ranker.rb:#:in `rank': undefined method `[]' for nil (NoMethodError)",
    "could not connect to postgresql://costs:s3cr3t-#@db.internal:5432/costs",
    "sqlalchemy.exc.OperationalError: (psycopg2.OperationalError) connection refused, try #",
];

/// A stack trace or a path of the machine in a text of the event.
pub(super) fn trace(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let trace = one_of(rng, TRACES)?.replace('#', &rng.random_range(11..240).to_string());
    let kind = message.kind();
    let (field, value) = match message.event()? {
        EventType::AgentThinking => ("reasoning", with_text(message, "reasoning", &trace)),
        EventType::ToolExecuting => ("tool_purpose", with_text(message, "tool_purpose", &trace)),
        EventType::AgentCompleted if rng.random_bool(0.5) => {
            ("summary", with_text(message, "summary", &trace))
        }
        EventType::AgentCompleted => ("limitations", json!([trace])),
        EventType::ToolCompleted | EventType::AgentFailed => {
            let field = if message.get("error").is_some_and(Value::is_object) { "error" } else { "results" };
            let mut value = message.get(field)?.as_object()?.clone();
            let member = if field == "error" { "message" } else { "debug" };
            value.insert(member.to_owned(), trace.into());
            (field, Value::Object(value))
        }
        _ => return None,
    };
    let what = format!("`{field}` of `{kind}` shows the inside of the machine");
    Some((Said::Message(message.clone().with(field, value)), what))
}

fn with_text(message: &Message, field: &str, more: &str) -> Value {
    format!("{}\n{more}", message.text(field).unwrap_or_default()).into()
}

/// So many characters of a key.
fn letters(rng: &mut ChaCha8Rng, length: usize, alphabet: &[u8]) -> String {
    let mut key: String =
        (0..length - 2).map(|_| char::from(alphabet[rng.random_range(0..alphabet.len())])).collect();
    // Every key has a letter and a digit.
    key.push('A');
    key.push('7');
    key
}

/// A secret among the parameters of a tool.
pub(super) fn key(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    const MIXED: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789";
    const UPPER: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    const HEX: &[u8] = b"0123456789abcdef";
    (message.event() == Some(EventType::ToolExecuting)).then_some(())?;
    let mut parameters = message.get("parameters")?.as_object()?.clone();
    let (name, value) = match rng.random_range(0..11) {
        0 => ("api_key", json!(format!("sk-proj-{}", letters(rng, 40, MIXED)))),
        1 => ("headers", json!({ "Authorization": format!("Bearer {}", letters(rng, 36, MIXED)) })),
        2 => ("headers", json!({ "Authorization": format!("Basic {}=", letters(rng, 27, MIXED)) })),
        3 => (
            "credentials",
            json!({
                "aws_access_key_id": format!("AKIA{}", letters(rng, 16, UPPER)),
                "aws_secret_access_key": letters(rng, 40, MIXED),
            }),
        ),
        4 => ("aws_secret_access_key", json!(letters(rng, 40, MIXED))),
        5 => ("token", json!(format!("ghp_{}", letters(rng, 36, MIXED)))),
        6 => (
            "url",
            json!(format!("https://prices.example.com/v1?region=eu&api_key={}", letters(rng, 32, HEX))),
        ),
        7 => ("key", json!(format!("AIza{}", letters(rng, 35, MIXED)))),
        8 => ("database", json!(format!("postgres://costs:{}@db.internal/costs", letters(rng, 12, MIXED)))),
        9 => ("x-api-key", json!(letters(rng, 32, HEX))),
        _ => ("config", json!(json!({ "client_secret": letters(rng, 32, MIXED) }).to_string())),
    };
    parameters.insert(name.to_owned(), value);
    let what = format!("the parameters of a tool hold a secret `{name}`");
    Some((Said::Message(message.clone().with("parameters", parameters)), what))
}
