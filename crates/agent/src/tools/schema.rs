//! What tools can be asked, as JSON Schemas: for models that choose the parameters themselves.

use crate::workload::Workload;
use serde_json::{Value, json};

/// Longer lists would fit neither into an event nor into a model's memory.
const MOST_ENTRIES: u32 = 50;

/// The parameters that every tool takes.
pub(super) fn scope() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "properties": {
            "workload": {
                "type": "string",
                "enum": Workload::ALL.map(Workload::as_str),
                "description": "A part of the bill by what it is for; everything when absent",
            },
            "service": { "type": "string", "description": "Words of a service's name, such as `Simple Storage`" },
            "region": { "type": "string", "description": "A region as the bill writes it, such as `us-west-2`" },
            "tag": { "type": "string", "description": "`key=value`, or a key alone" },
            "days": {
                "type": "integer", "minimum": 1,
                "description": "The last so many days of the data; all days when absent",
            },
            "from": { "type": "string", "description": "The first day, as `2024-09-01`; together with `to`, without `days`" },
            "to": { "type": "string", "description": "The last day, as `2024-09-30`; together with `from`, without `days`" },
            "limit": {
                "type": "integer", "minimum": 1, "maximum": MOST_ENTRIES,
                "description": "How many entries lists have at most",
            },
        },
    })
}

/// The same, for a tool that groups what it finds.
pub(super) fn grouped() -> Value {
    let mut schema = scope();
    schema["properties"]["group_by"] = json!({
        "type": "string",
        "description": "`service`, `category`, `region`, `account` or `tag:KEY`; by service when absent",
    });
    schema
}
