//! Every key there is, with its type: holds a table against it, and lays the environment over it.

use super::Environment;
use crate::nearest::nearest;
use goldenpath_checkers::CHECKS;
use toml::{Table, Value};

/// What may stand at a place.
#[derive(Clone, Copy)]
enum Key {
    Text,
    Texts,
    Whole,
    Number,
    Switch,
    /// Anything: its reader looks at it.
    Free,
    /// Exactly these keys.
    Table(&'static [(&'static str, Key)]),
    /// Any name, each with this.
    Named(&'static Key),
    /// Check ids.
    Limits,
}

const AUTH: Key = Key::Table(&[
    ("mode", Key::Text),
    ("placement", Key::Text),
    ("token_env", Key::Text),
    ("token_file", Key::Text),
    ("users", Key::Free),
    ("alg", Key::Text),
    ("key_env", Key::Text),
    ("key_file", Key::Text),
    ("kid", Key::Text),
    ("issuer", Key::Text),
    ("audience", Key::Text),
    ("ttl_s", Key::Whole),
    ("claims", Key::Free),
    ("token_url", Key::Text),
    ("client_id", Key::Text),
    ("client_secret_env", Key::Text),
    ("client_secret_file", Key::Text),
    ("grant", Key::Text),
    ("scope", Key::Text),
    ("subject_token_env", Key::Text),
    ("user_field", Key::Text),
]);

const TARGET: Key = Key::Table(&[
    ("url", Key::Text),
    ("profile", Key::Text),
    ("ca_file", Key::Text),
    ("metrics_url", Key::Text),
    ("pid", Key::Whole),
    ("auth", AUTH),
]);

const SCENARIO: Key = Key::Table(&[
    ("message", Key::Text),
    (
        "expect",
        Key::Table(&[
            ("tools", Key::Free),
            ("outcome", Key::Text),
            ("min_insights", Key::Whole),
            ("quote_reference", Key::Switch),
        ]),
    ),
]);

const ROOT: Key = Key::Table(&[
    ("environment", Key::Text),
    ("profile", Key::Text),
    ("categories", Key::Texts),
    ("users", Key::Whole),
    ("timeout", Key::Whole),
    ("performance_threshold", Key::Number),
    ("output_dir", Key::Text),
    ("seed", Key::Whole),
    ("fail_fast", Key::Switch),
    ("baseline", Key::Text),
    ("sla", Key::Switch),
    ("duration", Key::Text),
    ("target", TARGET),
    ("environments", Key::Named(&TARGET)),
    ("limits", Key::Limits),
    ("scenarios", Key::Named(&SCENARIO)),
]);

/// Variables of the same prefix that are no configuration keys: other parts read them.
const OTHERS: &[&str] = &[
    "GOLDENPATH_AUTH_AUDIENCE",
    "GOLDENPATH_AUTH_CONFIG",
    "GOLDENPATH_AUTH_ISSUER",
    "GOLDENPATH_AUTH_JWKS_URL",
    "GOLDENPATH_AUTH_PUBLIC_URL",
    "GOLDENPATH_AUTH_REVOCATIONS_URL",
    "GOLDENPATH_CONFIG",
    "GOLDENPATH_ENGINE",
    "GOLDENPATH_EVENT_LOG",
    "GOLDENPATH_IMAGE",
    "GOLDENPATH_IMAGE_NGINX",
    "GOLDENPATH_IMAGE_POSTGRES",
    "GOLDENPATH_IMAGE_REDIS",
    "GOLDENPATH_IMAGES",
    "GOLDENPATH_JWT_SECRET",
    "GOLDENPATH_LLM_URL",
    "GOLDENPATH_LLM_MODEL",
    "GOLDENPATH_LLM_KEY",
    "GOLDENPATH_LOG",
    "GOLDENPATH_PORT",
    "GOLDENPATH_SERVICES",
    "GOLDENPATH_STORE",
    "GOLDENPATH_TEST_POSTGRES_URL",
    "GOLDENPATH_TEST_REDIS_URL",
    "GOLDENPATH_TRUSTED_PROXIES",
];

/// A key that is none, or holds what it can't.
#[derive(Debug)]
pub(super) struct WrongKey {
    /// The keys that lead to it, itself the last.
    path: Vec<String>,
    why: String,
}

impl WrongKey {
    /// What is wrong, with the line of `text` where the key stands.
    pub(super) fn with_line_of(&self, text: &str) -> String {
        match line_of(text, &self.path) {
            Some(line) => format!("line {line}: {}", self.why),
            None => self.why.clone(),
        }
    }
}

/// The line of a key, the first being 1.
fn line_of(text: &str, path: &[String]) -> Option<usize> {
    let document = toml::de::DeTable::parse(text).ok()?;
    let mut table = document.get_ref();
    let (last, above) = path.split_last()?;
    for key in above {
        table = table.get(key.as_str())?.get_ref().as_table()?;
    }
    let (key, _) = table.get_key_value(last.as_str())?;
    Some(text.get(..key.span().start)?.matches('\n').count() + 1)
}

/// Holds every key of `table` against those there are; an unknown one names the nearest.
pub(super) fn check(table: &Table) -> Result<(), WrongKey> {
    walk(&ROOT, table, &mut Vec::new())
}

fn walk(key: &Key, table: &Table, at: &mut Vec<String>) -> Result<(), WrongKey> {
    for (name, value) in table {
        let above = at.join(".");
        at.push(name.clone());
        let wrong = |why: String| WrongKey { path: at.clone(), why };
        let inner = inside(key, name).ok_or_else(|| wrong(unknown(key, name, &above)))?;
        match (inner, value) {
            (Key::Table(_) | Key::Named(_) | Key::Limits, Value::Table(table)) => walk(&inner, table, at)?,
            (Key::Table(_) | Key::Named(_) | Key::Limits, _) => {
                return Err(wrong(format!("`{0}` must be a table (hint: `[{0}]`)", at.join("."))));
            }
            _ => {}
        }
        at.pop();
    }
    Ok(())
}

fn inside(key: &Key, name: &str) -> Option<Key> {
    match key {
        Key::Table(keys) => keys.iter().find(|(known, _)| *known == name).map(|(_, key)| *key),
        Key::Named(key) => Some(**key),
        Key::Limits => CHECKS.iter().any(|info| info.id == name).then_some(Key::Number),
        _ => None,
    }
}

fn names(key: &Key) -> Vec<&'static str> {
    match key {
        Key::Table(keys) => keys.iter().map(|(name, _)| *name).collect(),
        Key::Limits => CHECKS.iter().map(|info| info.id).collect(),
        _ => Vec::new(),
    }
}

fn unknown(key: &Key, name: &str, at: &str) -> String {
    let known = names(key);
    let place = if at.is_empty() { String::new() } else { format!(" in `[{at}]`") };
    // A secret itself is never a key; where it lies is.
    let where_it_lies = format!("{name}_env");
    let near = known.iter().copied().find(|known| *known == where_it_lies);
    let hint = match near.or_else(|| nearest(name, known.iter().copied())) {
        Some(near) => format!("; did you mean `{near}`?"),
        None if matches!(key, Key::Limits) => " (hint: `goldenpath explain` lists the checks)".to_owned(),
        None => format!(" (valid: {})", known.join(", ")),
    };
    format!("unknown key `{name}`{place}{hint}")
}

/// Lays every `GOLDENPATH_*` variable over the table: `__` goes one level down, and `GOLDENPATH_TARGET` itself
/// is the target's address.
pub(super) fn overlay(table: &mut Table, environment: &Environment) -> Result<(), String> {
    for (variable, text) in environment {
        let Some(rest) = variable.strip_prefix("GOLDENPATH_") else { continue };
        if OTHERS.contains(&variable.as_str()) {
            continue;
        }
        let path = if rest == "TARGET" { "TARGET__URL" } else { rest };
        let wrong = |why: String| format!("failed to read the variable `{variable}`: {why}");
        let segments: Vec<String> = path.split("__").map(str::to_lowercase).collect();
        let (keys, kind) = locate(&segments).map_err(&wrong)?;
        let value = value_of(kind, text).map_err(&wrong)?;
        insert(table, &keys, value).map_err(&wrong)?;
    }
    Ok(())
}

/// The keys that a variable's segments name, with the type at their end.
fn locate(segments: &[String]) -> Result<(Vec<String>, Key), String> {
    let mut key = ROOT;
    let mut keys = Vec::new();
    for segment in segments {
        let name = match key {
            // A variable's name can hold neither slash nor dash.
            Key::Limits => CHECKS
                .iter()
                .map(|info| info.id)
                .find(|id| id.replace(['/', '-'], "_") == *segment)
                .unwrap_or(segment)
                .to_owned(),
            _ => segment.clone(),
        };
        key = inside(&key, &name).ok_or_else(|| unknown(&key, &name, &keys.join(".")))?;
        keys.push(name);
    }
    match key {
        Key::Table(_) | Key::Named(_) | Key::Limits => {
            Err(format!("`{}` is a table; name a key in it, after `__`", keys.join(".")))
        }
        _ => Ok((keys, key)),
    }
}

fn value_of(kind: Key, text: &str) -> Result<Value, String> {
    let wrong = |what: &str| format!("`{text}` is no {what}");
    match kind {
        Key::Whole => text.parse().map(Value::Integer).map_err(|_| wrong("whole number")),
        Key::Number => text.parse().map(Value::Float).map_err(|_| wrong("number")),
        Key::Switch => match text {
            "true" | "1" | "yes" => Ok(Value::Boolean(true)),
            "false" | "0" | "no" | "" => Ok(Value::Boolean(false)),
            _ => Err(format!("{} (valid: true, false)", wrong("switch"))),
        },
        Key::Texts => Ok(words(text).map(|word| Value::String(word.to_owned())).collect::<Vec<_>>().into()),
        Key::Free => {
            let document: Table = format!("value = {text}").parse().unwrap_or_default();
            Ok(document.get("value").cloned().unwrap_or_else(|| Value::String(text.to_owned())))
        }
        Key::Text | Key::Table(_) | Key::Named(_) | Key::Limits => Ok(Value::String(text.to_owned())),
    }
}

/// The words of a comma or space list.
pub(crate) fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split([',', ' ', '\t', '\n']).filter(|word| !word.is_empty())
}

fn insert(table: &mut Table, keys: &[String], value: Value) -> Result<(), String> {
    let Some((last, path)) = keys.split_last() else { return Ok(()) };
    let mut here = table;
    for key in path {
        let next = here.entry(key.clone()).or_insert_with(|| Value::Table(Table::new()));
        here = next.as_table_mut().ok_or_else(|| format!("`{key}` must be a table"))?;
    }
    here.insert(last.clone(), value);
    Ok(())
}
