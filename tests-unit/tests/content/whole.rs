//! Texts that were cut, or encoded twice, and those that only look like it.

use super::{asked, observed, of_event, of_thought};
use crate::story::{Story, assert_told};
use serde_json::{Value, json};

const ID: &str = "content/whole";
const REFERENCE: &str = "gp-000102030405060708090a0b0c0d0e0f";

fn thought(text: &str) -> String {
    of_thought(ID, "What?", text)
}

/// A text of so many characters that ends in the middle of a word.
fn long(length: usize) -> String {
    "so it is and ".repeat(3_000).chars().take(length - 1).collect::<String>() + "x"
}

#[test]
fn an_answer_is_as_long_as_its_pieces() {
    let answered = |pieces: &[&str], answer: &str| {
        let mut story = asked("What?");
        for piece in pieces {
            story.event("run", "response_delta", json!({ "text": piece }));
        }
        story.answer("run", answer);
        observed(&story, ID)
    };
    let cut = "`final_response` ends after 5 of 6 bytes streamed";
    assert_eq!(answered(&["so ", "it", "s"], "so it"), cut);
    assert_eq!(answered(&["so ", "its"], "so its"), "");
    assert_eq!(answered(&["so ", "its"], "so itsx"), "");
    assert_eq!(answered(&["so ", "its"], "so at"), "");
    assert_eq!(answered(&[], "so it"), "");
    let mut story = asked("What?");
    story.connect("bob");
    story.event_to("bob", "run", "response_delta", json!({ "text": "to bob " }));
    story.event("run", "response_delta", json!({ "text": "so its" }));
    story.answer("run", "so it");
    let shown = story.says(ID).findings.remove(0).observed;
    assert_eq!(shown, cut);
    // The pieces of one run are nothing to another, and a piece that comes again is one piece.
    let mut two = asked("What?");
    two.ask("ada", "second", None, goldenpath_history::Expect::default());
    two.event("run", "response_delta", json!({ "text": "so it" }));
    let piece = two.event_text("second", "response_delta", &json!({ "text": "so i" }));
    two.frame("ada", piece.clone()).frame("ada", piece);
    two.answer("second", "so i").answer("run", "so it");
    assert_eq!(observed(&two, ID), "");
}

#[test]
fn pieces_are_kept_up_to_a_quarter_of_a_megabyte() {
    let streamed = |first: usize, more: usize| {
        let mut story = asked("What?");
        for length in [first, more] {
            story.event("run", "response_delta", json!({ "text": "x".repeat(length) }));
        }
        story.answer("run", "x");
        observed(&story, ID)
    };
    let told = |bytes: usize| format!("`final_response` ends after 1 of {bytes} bytes streamed");
    assert_eq!(streamed(262_140, 4), told(262_144));
    assert_eq!(streamed(262_140, 5), told(262_140));
}

#[test]
fn texts_that_say_that_they_were_cut() {
    for mark in
        ["[truncated]", "(truncated)", "<truncated>", "[cut off]", "[output truncated]", "[text truncated]"]
    {
        assert_eq!(
            thought(&format!("So it is {mark}")),
            format!("`reasoning` says that it was cut: `\u{2026}So it is {mark}`")
        );
        assert_ne!(thought(&format!("So it is {mark}. \u{2026}")), "");
        assert_eq!(thought(&format!("So it is {mark} indeed")), "");
    }
    let told = thought(&format!("{} [cut off]", "abcdefghij".repeat(5)));
    assert_eq!(told, "`reasoning` says that it was cut: `\u{2026}abcdefghijabcdefghij [cut off]`");
}

#[test]
fn texts_that_are_encoded_twice() {
    assert_told(
        &[
            ("\"so\\nit\"", "`reasoning` is a string that holds JSON: `\"so\\nit\"`"),
            ("\"so it\"", ""),
            (" \"so\\nit\"", ""),
            ("\"so\\nit\" ", ""),
            ("\"so\\nit", ""),
            ("so\\nit\"", ""),
            ("\"so\\qit\"", ""),
            ("so\\nIt is\\nAnd", "`reasoning` is full of `\\n`: `so\\nIt is\\nAnd`"),
            ("so\\nIt is", ""),
            ("so\\nIt is\\n", "`reasoning` is full of `\\n`: `so\\nIt is\\n`"),
            ("so\\nit is\\nand", ""),
            ("so\\n- it\\n* and", "`reasoning` is full of `\\n`: `so\\n- it\\n* and`"),
            ("so\\n1. it\\n2. and", "`reasoning` is full of `\\n`: `so\\n1. it\\n2. and`"),
            ("so\\n\\nit", ""),
            ("so\\n\\nIt", "`reasoning` is full of `\\n`: `so\\n\\nIt`"),
            ("so\\nIt is\\nAnd\nso", ""),
            ("so `\\nIt is\\nAnd`", ""),
            ("so \\\"it\\\" is", "`reasoning` is full of `\\\"`: `so \\\"it\\\" is`"),
            ("so \\\"it is", ""),
            ("so \\\"it\\\" \"is\"", ""),
            ("so {\\\"it\\\" is", ""),
        ],
        thought,
    );
    assert_eq!(of_thought(ID, "Why \\n?", "so\\nIt is\\nAnd"), "");
    assert_ne!(of_thought(ID, "Why \\t?", "so\\nIt is\\nAnd"), "");
}

#[test]
fn objects_that_came_as_strings() {
    let of = |kind: &str, field: &str, text: &str| of_event(ID, "What?", kind, json!({ field: text }));
    for field in ["results", "parameters", "error"] {
        let told = format!("`{field}` is a string that holds JSON: `{{\"a\":1}}`");
        assert_eq!(of("tool_completed", field, "{\"a\":1}"), told);
        assert_eq!(of("tool_completed", field, "a string"), "");
    }
    let results = |text: &str| of("tool_completed", "results", text);
    assert_ne!(results(" {\"a\":1} "), "");
    assert_eq!(results("{a:1}"), "");
    assert_eq!(results("{\"a\":1"), "");
    assert_ne!(results("[{\"a\":1}]"), "");
    assert_eq!(results("[{\"a\":1}"), "");
    assert_eq!(results("[1]"), "");
}

/// A run with the results of one tool.
fn found(results: Value) -> String {
    of_event(ID, "What of \\\"it\\\"?", "tool_completed", json!({ "results": results }))
}

#[test]
fn members_of_results_that_hold_json_or_were_cut() {
    let json_in = |text: &str| format!("`results.a` is a string that holds JSON: `{text}`");
    assert_eq!(found(json!({ "a": "{\"b\":1}" })), json_in("{\"b\":1}"));
    assert_eq!(found(json!({ "a": "[{\"b\":1}]" })), json_in("[{\"b\":1}]"));
    assert_eq!(found(json!({ "a": "it says \"b\"" })), "");
    assert_eq!(found(json!({ "a": { "b": "{\"b\":1}" } })), "");
    assert_eq!(found(json!({ "a": "so \"it\" is [truncated]" })), "`results.a` says that it was cut");
    assert_eq!(found(json!({ "a": long(200) })), "`results.a` stops after exactly 200 characters");
    assert_eq!(found(json!({ "a": long(199) })), "");
    assert_eq!(found(json!({ "a": long(201) })), "");
    assert_eq!(
        found(json!({ "a": "so \"it\" is", "b": long(200) })),
        "`results.b` stops after exactly 200 characters"
    );
    let long_of_user = long(200);
    let of_user = of_event(ID, &long_of_user, "tool_completed", json!({ "results": { "a": long_of_user } }));
    assert_eq!(of_user, "");
    assert_eq!(of_event(ID, "What?", "agent_completed", json!({ "results": { "a": long(200) } })), "");
}

#[test]
fn texts_that_stop_at_a_round_length() {
    let told = |length: &str, tail: &str| {
        format!("`reasoning` stops in mid-sentence after exactly {length}: `\u{2026}{tail}`")
    };
    let tail =
        |text: &str| text.chars().rev().take(30).collect::<Vec<_>>().into_iter().rev().collect::<String>();
    for cut in [
        200, 250, 255, 256, 300, 400, 500, 512, 1000, 1024, 1500, 2000, 2048, 4000, 4096, 5000, 8000, 8192,
        10_000, 16_384, 32_768,
    ] {
        let text = long(cut);
        assert_eq!(thought(&text), told(&format!("{cut} characters"), &tail(&text)));
        assert_eq!(thought(&long(cut + 2)), "", "{cut}");
    }
    assert_eq!(thought(&long(199)), "");
    let ends = |end: &str| thought(&format!("{}{end}", &long(200)[..200 - end.len()]));
    for open in ["x", "7", ",", "-", " ", "("] {
        assert_ne!(ends(open), "", "{open:?}");
    }
    for closed in [".", "!", ")", "\"", ":", ";", "\n"] {
        assert_eq!(ends(closed), "", "{closed:?}");
    }
    assert_eq!(ends(REFERENCE), "");
    assert_ne!(ends(&REFERENCE[1..]), "");
    let with_dots = format!("{}...", long(200));
    assert_eq!(thought(&with_dots), told("200 characters and an ellipsis", &tail(&with_dots)));
    let with_ellipsis = format!("{}\u{2026}", long(199));
    assert_eq!(thought(&with_ellipsis), told("200 characters", &tail(&with_ellipsis)));
    let sentence = format!("{}.\u{2026}", long(198));
    assert_eq!(thought(&sentence), told("200 characters", &tail(&sentence)));
    let wide = format!("\u{e9}{}", long(198));
    assert_eq!(thought(&wide), told("200 bytes", &tail(&wide)));
    let wide = format!("\u{e9}{}...", long(198));
    assert_eq!(thought(&wide), told("200 bytes and an ellipsis", &tail(&wide)));
}

/// Thoughts, the first so long, the others not cut.
fn thoughts(lengths: &[usize]) -> Story {
    let mut story = asked("What?");
    for length in lengths {
        let thought = long(*length);
        story.event("run", "agent_thinking", json!({ "reasoning": thought }));
    }
    story
}

#[test]
fn one_text_in_ten_of_a_round_length_is_no_chance() {
    let found = |lengths: &[usize]| thoughts(lengths).says(ID).findings.len();
    let others = |n: usize| [vec![333; n], vec![200]].concat();
    assert_eq!(found(&others(9)), 1);
    assert_eq!(found(&others(10)), 0);
    // Short texts are none of them.
    assert_eq!(found(&[vec![199; 20], vec![200]].concat()), 1);
    assert_eq!(found(&[vec![333; 19], vec![200, 200]].concat()), 0);
    assert_eq!(found(&[vec![333; 18], vec![200, 200]].concat()), 1);
    assert_eq!(found(&[vec![333; 18], vec![200, 250]].concat()), 0);
}

#[test]
fn an_answer_that_came_in_pieces_is_cut_when_others_are() {
    let told = |runs: &[(usize, bool)]| {
        let mut story = Story::new();
        story.connect("ada");
        for (place, (length, whole)) in runs.iter().enumerate() {
            let run = format!("run {place}");
            let text = long(*length);
            story.ask("ada", &run, None, goldenpath_history::Expect::default());
            if *whole {
                story.event(&run, "response_delta", json!({ "text": text }));
            }
            story.answer(&run, &text);
        }
        story.says(ID).findings.len()
    };
    assert_eq!(told(&[(200, false)]), 1);
    assert_eq!(told(&[(200, true)]), 0);
    assert_eq!(told(&[(200, true), (200, true)]), 1);
    assert_eq!(told(&[(200, true), (250, true)]), 0);
    let others = |n: usize| [vec![(333, true); n], vec![(200, true), (200, true)]].concat();
    assert_eq!((told(&others(8)), told(&others(9))), (1, 0));
}
