//! A model's arguments for a tool, held against the tool's schema. What is wrong is said so that the model can mend it.

use crate::model::session::failure;
use crate::runtime::TaskFailure;
use crate::tools::Tool;
use serde_json::{Map, Value};

/// A name that is no further from a known one than this is meant to be it.
const ALIKE: f64 = 0.7;

/// The parameters that `arguments` hold.
pub(super) fn parameters(tool: &dyn Tool, arguments: &str) -> Result<Map<String, Value>, TaskFailure> {
    let given = if arguments.trim().is_empty() {
        Ok(Value::Object(Map::new()))
    } else {
        serde_json::from_str(arguments)
    };
    let Ok(Value::Object(mut given)) = given else {
        let message = format!("the model's arguments for `{}` are no JSON object", tool.name());
        return Err(failure("invalid_arguments", &message, false));
    };
    // Models write `null` for what they leave out.
    given.retain(|_, value| !value.is_null());
    let schema = tool.schema();
    let known = schema.get("properties").and_then(Value::as_object);
    for (name, value) in &given {
        match known.and_then(|known| known.get(name)) {
            Some(property) => in_bounds(name, value, property)?,
            None => return Err(unknown(name, known)),
        }
    }
    Ok(given)
}

fn in_bounds(name: &str, value: &Value, property: &Value) -> Result<(), TaskFailure> {
    let most = property.get("maximum").and_then(Value::as_u64);
    match most.filter(|most| value.as_u64().is_some_and(|value| value > *most)) {
        Some(most) => {
            let message = format!("parameter `{name}` is `{value}`; valid: up to {most}");
            Err(failure("bad_parameter", &message, false))
        }
        None => Ok(()),
    }
}

fn unknown(name: &str, known: Option<&Map<String, Value>>) -> TaskFailure {
    let known: Vec<&str> = known.into_iter().flatten().map(|(name, _)| name.as_str()).collect();
    let alike = |other: &&str| strsim::jaro_winkler(name, other);
    let near = known.iter().copied().max_by(|a, b| alike(a).total_cmp(&alike(b)));
    let hint = near.filter(|near| alike(near) >= ALIKE).map(|near| format!("; did you mean `{near}`?"));
    let name: String = name.chars().take(40).collect();
    let message =
        format!("there is no parameter `{name}`{} (valid: {})", hint.unwrap_or_default(), known.join(", "));
    failure("bad_parameter", &message, false)
}

#[cfg(test)]
mod tests {
    use super::parameters;
    use crate::tools::Registry;
    use rstest::rstest;
    use serde_json::json;

    #[rstest]
    #[case("", json!({}))]
    #[case("{}", json!({}))]
    #[case(r#"{"days":30,"group_by":"tag:team"}"#, json!({"days":30,"group_by":"tag:team"}))]
    #[case(r#"{"service":null,"limit":50}"#, json!({"limit":50}))]
    fn arguments_become_parameters(#[case] arguments: &str, #[case] expected: serde_json::Value) {
        let tool = Registry::default().get("cost_analyzer").unwrap();
        assert_eq!(parameters(&*tool, arguments).map(serde_json::Value::Object), Ok(expected));
    }

    #[rstest]
    #[case("cost_analyzer", r#"{"days":3"#, "invalid_arguments", "`cost_analyzer` are no JSON object")]
    #[case("cost_analyzer", "[1]", "invalid_arguments", "no JSON object")]
    #[case("cost_analyzer", r#"{"groupby":"service"}"#, "bad_parameter", "did you mean `group_by`?")]
    #[case(
        "idle_resources",
        r#"{"group_by":"service"}"#,
        "bad_parameter",
        "there is no parameter `group_by`"
    )]
    #[case("cost_analyzer", r#"{"limit":51}"#, "bad_parameter", "up to 50")]
    fn what_is_wrong_is_said(
        #[case] tool: &str,
        #[case] arguments: &str,
        #[case] code: &str,
        #[case] says: &str,
    ) {
        let tool = Registry::default().get(tool).unwrap();
        let wrong = parameters(&*tool, arguments).unwrap_err();
        assert_eq!(wrong.code, code);
        assert!(wrong.message.contains(says), "{}", wrong.message);
    }
}
