//! Texts that say nothing, and those that say little.

use super::{of_event, of_thought};
use crate::story::assert_told;
use serde_json::{Value, json};

const ID: &str = "content/meaningful";

fn thought(text: &str) -> String {
    let told = of_thought(ID, "What?", text);
    told.strip_prefix("`reasoning` is ")
        .and_then(|rest| rest.split_once(": `"))
        .map(|(why, _)| why.to_owned())
        .unwrap_or(told)
}

#[test]
fn blanks_and_signs_say_nothing() {
    assert_told(
        &[
            ("", "empty"),
            (" \n\t", "empty"),
            ("\u{200b}\u{2060}\u{feff}\u{ad}\u{3164}\u{2800}", "empty"),
            ("\u{1}", "empty"),
            ("...", "a placeholder"),
            ("- \u{2026} \u{2014} \u{2013} \u{2022} !", "a placeholder"),
            ("-\u{200b}-", "a placeholder"),
            ("- a -", ""),
            ("\u{8cbb}\u{7528}", ""),
            ("7", ""),
            ("\u{1f680}", ""),
        ],
        thought,
    );
    assert_eq!(of_thought(ID, "What?", ".\u{200b}."), "`reasoning` is a placeholder: `.\u{200b}.`");
}

#[test]
fn known_placeholders_say_nothing_in_any_case() {
    assert_told(
        &[
            ("done", "a placeholder"),
            ("DONE!", "a placeholder"),
            ("** Done **", "a placeholder"),
            ("<done>", "a placeholder"),
            ("_done_: ", "a placeholder"),
            ("{done?}", "a placeholder"),
            ("\u{200b}done", "a placeholder"),
            ("done it", ""),
            ("(done)", ""),
            ("[object Object]", "a placeholder"),
            ("todo", "a placeholder"),
            ("TODO: the rest", "a placeholder"),
            ("todo text", "a placeholder"),
            ("todo texts", ""),
            ("todo the rest", ""),
            ("fixme", "a placeholder"),
            ("fixme: all", "a placeholder"),
            ("lorem ipsum", "a placeholder"),
            ("Lorem ipsums of it", "a placeholder"),
            ("placeholder: x", "a placeholder"),
        ],
        thought,
    );
}

#[test]
fn long_texts_say_something_but_latin() {
    let of = |begin: &str, length: usize| format!("{begin}{}", "x".repeat(length - begin.len()));
    assert_eq!(thought(&of("TODO: ", 64)), "a placeholder");
    assert_eq!(thought(&of("TODO: ", 65)), "");
    assert_eq!(thought(&of("LOREM ipsum", 64)), "a placeholder");
    assert_eq!(thought(&of("LOREM ipsum", 65)), "filler");
    assert_eq!(thought(&of("lorem xpsum", 65)), "");
    assert_eq!(thought(&"\u{e9}".repeat(33)), "");
}

#[test]
fn templates_are_names_in_their_brackets() {
    for (open, close) in
        [("${", "}"), ("{{", "}}"), ("{", "}"), ("<%=", "%>"), ("<", ">"), ("[", "]"), ("%(", ")s")]
    {
        let inside = |text: &str| thought(&format!("{open}{text}{close}"));
        for name in ["name", " a_b.c d-e ", "_x", "x9"] {
            assert_eq!(inside(name), "a placeholder", "{open}{name}{close}");
        }
        for other in ["9x", "a,b", "a+b"] {
            assert_eq!(inside(other), "", "{open}{other}{close}");
        }
        assert_eq!(thought(&format!("{open}naming")), "", "{open}");
        assert_eq!(thought(&format!("naming{close}")), "", "{close}");
    }
    assert_told(
        &[
            ("%s", "a placeholder"),
            ("%d", "a placeholder"),
            ("%v", "a placeholder"),
            ("%r", "a placeholder"),
            ("{0}", "a placeholder"),
            ("%x", ""),
            ("{1}", ""),
        ],
        thought,
    );
}

#[test]
fn words_of_activity_alone_say_nothing() {
    assert_told(
        &[
            ("Analyzing your request\u{2026}", "a placeholder"),
            ("Analyzing your requests\u{2026}", ""),
            ("Analyzing, your request", "a placeholder"),
            ("Your request is ready", ""),
            ("Your request is waiting", "a placeholder"),
            ("Working on caf\u{e9}", ""),
            ("Working on it - now", "a placeholder"),
            ("Working on it 7", ""),
            ("I'm working", ""),
        ],
        thought,
    );
}

fn of(kind: &str, fields: Value) -> String {
    of_event(ID, "What?", kind, fields)
}

#[test]
fn each_type_of_event_owes_its_texts() {
    let owed = [
        ("agent_started", "task_description"),
        ("agent_thinking", "reasoning"),
        ("tool_executing", "tool_purpose"),
        ("agent_completed", "final_response"),
        ("agent_completed", "summary"),
        ("agent_cancelled", "reason"),
    ];
    let texts = ["task_description", "reasoning", "tool_purpose", "final_response", "summary", "reason"];
    for kind in [
        "agent_started",
        "agent_thinking",
        "tool_executing",
        "tool_completed",
        "agent_completed",
        "response_delta",
        "agent_failed",
        "agent_cancelled",
    ] {
        for text in texts {
            let told = of(kind, json!({ text: "todo" }));
            let expected = if owed.contains(&(kind, text)) {
                format!("`{text}` is a placeholder: `todo`")
            } else {
                String::new()
            };
            assert_eq!(told, expected, "{kind} {text}");
        }
    }
    assert_eq!(
        of("agent_completed", json!({ "final_response": "Yes", "summary": "" })),
        "`summary` is empty: ``"
    );
}

#[test]
fn pieces_names_limitations_and_errors_say_something() {
    assert_eq!(of("response_delta", json!({ "text": "" })), "`text` is empty: ``");
    assert_eq!(of("response_delta", json!({ "text": " " })), "");
    assert_eq!(of("agent_thinking", json!({ "text": "" })), "");
    let limited = |texts: Value| of("agent_completed", json!({ "limitations": texts }));
    assert_eq!(limited(json!(["No data", "n/a"])), "`limitations` is a placeholder: `n/a`");
    assert_eq!(limited(json!([])), "");
    for kind in ["tool_executing", "tool_completed"] {
        let named = |name: &str| of(kind, json!({ "tool_name": name }));
        assert_eq!(named(""), "`tool_name` is empty: ``");
        assert_eq!(named("tbd"), "`tool_name` is a placeholder: `tbd`");
        assert_eq!(named("cost_tool"), "");
        assert_eq!(named("run_loading"), "");
        assert_eq!(named("loading_it"), "`tool_name` is a placeholder: `loading_it`");
        assert_eq!(named("loading_this"), "");
        assert_eq!(named("loading_task"), "");
        assert_eq!(named("loading_one"), "`tool_name` is a placeholder: `loading_one`");
        assert_eq!(named("processing request"), "`tool_name` is a placeholder: `processing request`");
        assert_eq!(named("             "), "`tool_name` is empty: `             `");
    }
    assert_eq!(of("agent_thinking", json!({ "tool_name": "" })), "");
    for kind in ["agent_failed", "tool_completed"] {
        let failed = |code: &str, message: &str| {
            of(kind, json!({ "success": false, "error": { "code": code, "message": message } }))
        };
        assert_eq!(failed(" ", "It broke"), "`error` is empty: ` `");
        assert_eq!(failed("unknown", "It broke"), "");
        assert_eq!(failed("X", "unknown"), "`error` is a placeholder: `unknown`");
        assert_eq!(failed("X", ""), "`error` is empty: ``");
    }
    assert_eq!(of("agent_completed", json!({ "error": { "code": "" } })), "");
}

#[test]
fn results_of_a_success_hold_something() {
    let results = |results: Value| of("tool_completed", json!({ "success": true, "results": results }));
    for empty in [
        json!({}),
        json!({ "a": null }),
        json!({ "a": "", "b": " " }),
        json!({ "a": [], "b": [{}, null, ""] }),
        json!({ "a": { "b": { "c": [] } } }),
        json!({ "a\"b": null, "c": {} }),
    ] {
        assert_eq!(results(empty.clone()), format!("`results` is `{empty}`"));
    }
    for full in [
        json!({ "a": 0 }),
        json!({ "a": false }),
        json!({ "a": "", "b": "x" }),
        json!({ "a": [null, 7] }),
        json!({ "a": null, "b": { "c": [[0]] } }),
        json!({ "a\"b": null, "c": 7 }),
        json!({ "a\"b": 7, "c": null }),
        json!([]),
        json!(""),
    ] {
        assert_eq!(results(full.clone()), "", "{full}");
    }
    // Eight values inside each other are looked into.
    let deep = |levels: usize| {
        let mut value = json!({});
        for _ in 1..levels {
            value = json!({ "a": value });
        }
        value
    };
    assert_eq!(results(deep(8)), format!("`results` is `{}`", deep(8)));
    assert_eq!(results(deep(9)), "");
    let wide = |levels: usize| {
        let mut value = json!([]);
        for _ in 1..levels {
            value = json!([value]);
        }
        json!({ "a": value })
    };
    assert_eq!(results(wide(7)), format!("`results` is `{}`", wide(7)));
    assert_eq!(results(wide(8)), "");
    let escaped = |levels: usize| {
        let mut value = json!({});
        for _ in 1..levels {
            value = json!({ "a\"b": value });
        }
        value
    };
    assert_eq!(results(escaped(8)), format!("`results` is `{}`", escaped(8)));
    assert_eq!(results(escaped(9)), "");
    assert_eq!(of("tool_completed", json!({ "success": false, "results": {} })), "");
    assert_eq!(of("tool_completed", json!({ "success": "yes", "results": {} })), "");
    assert_eq!(of("agent_completed", json!({ "success": true, "results": {} })), "");
}
