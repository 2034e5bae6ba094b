//! JSON that was encoded twice: the whole event, or a part of it.

use super::said::{Said, one_of};
use crate::Message;
use rand::Rng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;

/// A string that holds JSON where the JSON itself was promised.
pub(super) fn twice(message: &Message, rng: &mut ChaCha8Rng) -> Option<(Said, String)> {
    let kind = message.kind();
    let parts: Vec<&str> = ["results", "parameters", "error"]
        .into_iter()
        .filter(|field| {
            message.get(field).and_then(Value::as_object).is_some_and(|object| !object.is_empty())
        })
        .collect();
    let part = one_of(rng, &parts).filter(|_| rng.random_bool(0.8));
    if let Some(field) = part {
        let value = message.get(field)?;
        let member = value.as_object()?.iter().find(|(_, member)| holds_more(member));
        let (encoded, what) = match member.filter(|_| field == "results" && rng.random_bool(0.4)) {
            Some((name, member)) => {
                let mut object = value.as_object()?.clone();
                object.insert(name.clone(), Value::String(member.to_string()));
                (Value::Object(object), format!("`{field}.{name}`"))
            }
            None => (Value::String(value.to_string()), format!("`{field}`")),
        };
        return Some((
            Said::Message(message.clone().with(field, encoded)),
            format!("{what} of `{kind}` is encoded twice"),
        ));
    }
    let answer = message.text("final_response").filter(|text| text.contains(['\n', '"']));
    if let Some(answer) = answer.filter(|_| rng.random_bool(0.5)) {
        let encoded = Value::from(answer).to_string();
        return Some((
            Said::Message(message.clone().with("final_response", encoded)),
            "`final_response` is encoded twice".to_owned(),
        ));
    }
    let encoded = Value::String(message.to_json()).to_string();
    Some((Said::Text(encoded), format!("`{kind}` is encoded twice")))
}

/// An object with members, or an array of objects.
fn holds_more(value: &Value) -> bool {
    match value {
        Value::Object(members) => !members.is_empty(),
        Value::Array(items) => items.first().is_some_and(Value::is_object),
        _ => false,
    }
}
