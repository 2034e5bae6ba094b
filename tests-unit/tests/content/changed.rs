//! Words of a prompt that come back as HTML, with question marks, or without their letters.

use super::{of_event, of_thought};
use crate::story::assert_told;
use serde_json::json;

const ID: &str = "content/unicode";

#[test]
fn a_word_of_the_prompt_as_html_is_told() {
    let of = |text: &str| of_thought(ID, "Compare \"R&D\" <b>now</b>, it's a<b>c and 'ab' at x", text);
    assert_told(
        &[
            ("for &quot;R&amp;D&quot; now", "`&quot;R&amp;D&quot;` in `reasoning`"),
            ("for &#34;R&amp;D&#34;: now", "`&#34;R&amp;D&#34;:` in `reasoning`"),
            ("for &lt;b&gt;now&lt;/b&gt;, it", "`&lt;b&gt;now&lt;/b&gt;,` in `reasoning`"),
            ("so it&#39;s dear", "`it&#39;s` in `reasoning`"),
            ("so it&#x27;s dear", "`it&#x27;s` in `reasoning`"),
            ("so it&apos;s dear.", "`it&apos;s` in `reasoning`"),
            ("so it&apos;s! dear", "`it&apos;s!` in `reasoning`"),
            // Three characters are too few, and what is not in the prompt may be meant.
            ("so R&amp;D it is", ""),
            ("so &lt;i&gt;now&lt;/i&gt; it is", ""),
            ("so R&D; it is", ""),
            ("so it&#40;s dear", ""),
            ("so it's dear", ""),
            ("so it& s; dear", ""),
        ],
        of,
    );
    let nbsp = of_thought(ID, "What of \"a b c\" now?", "It is \"a&nbsp;b&nbsp;c\" now");
    assert_eq!(nbsp, "`\"a&nbsp;b&nbsp;c\"` in `reasoning`");
    assert_eq!(
        of_thought(ID, "What does &quot;R&amp;D&quot; and \"R&D\" mean?", "It is &quot;R&amp;D&quot;"),
        ""
    );
}

#[test]
fn html_is_seen_however_json_spells_it() {
    let of = |raw: &str| {
        let mut story = super::asked("Compare \"R&D\" now");
        let event = story.event_text("run", "agent_thinking", &json!({ "reasoning": "@" }));
        story.frame("ada", event.replace('@', raw));
        super::observed(&story, ID)
    };
    let told = "`&quot;R&amp;D&quot;` in `reasoning`";
    assert_eq!(of("of &quot;R&amp;D&quot;"), told);
    assert_eq!(of("of \\u0026quot;R\\u0026amp;D\\u0026quot;"), told);
    assert_eq!(of("of \\\"R and D\\\""), "");
}

#[test]
fn letters_that_became_question_marks_are_told() {
    let of = |text: &str| {
        of_thought(
            ID,
            "R\u{e9}duis les co\u{fb}ts \u{e9}lev\u{e9}s pour l'\u{e9}t\u{e9} \u{e0} M\u{fc}, \u{6771}\u{4eac}\u{30c8}\u{30fc} et \u{6771}\u{4eac}",
            text,
        )
    };
    assert_told(
        &[
            ("R?duis cela", "`R?duis` in `reasoning`"),
            ("?lev?s ici", "`?lev?s` in `reasoning`"),
            ("co?ts", "`co?ts` in `reasoning`"),
            ("l'?t? l\u{e0}", "`?t?` in `reasoning`"),
            // Behind a letter it is a question; alone it says nothing; of four nobody asks.
            ("M? oui", ""),
            ("? M", ""),
            ("?? oui", ""),
            ("???? oui", "`????` in `reasoning`"),
            // As a part of another word, or beside the word itself.
            ("R?duisez cela", ""),
            ("aR?duis cela", ""),
            ("R?duis? cela", ""),
            ("R\u{e9}duis ou R?duis cela", ""),
        ],
        of,
    );
    assert_eq!(of_thought(ID, "R\u{e9}duis ou R?duis", "R?duis cela"), "");
    for (word, marked) in [("\u{c0}B", "?B"), ("M\u{fc}\u{fc}", "M??"), ("Mo\u{fc}", "Mo?")] {
        assert_eq!(
            of_thought(ID, &format!("Que dit {word} ici"), &format!("{marked} dit tout")),
            "",
            "{marked}"
        );
    }
}

#[test]
fn letters_that_are_gone_are_told_of_two_words() {
    let prompt = "R\u{e9}duis les co\u{fb}ts, na\u{ef}ve for\u{ea}t cafe\u{301}s et \u{e9}t\u{e9}";
    let of = |text: &str| of_thought(ID, prompt, text);
    assert_told(
        &[
            ("Rduis les cots", "`Rduis` in `reasoning`"),
            ("Rduis cela", ""),
            ("les cots de fort", "`cots` in `reasoning`"),
            ("les cots de nave", "`cots` in `reasoning`"),
            ("les cots de cafes", ""),
            ("les cots de t", ""),
            ("les cotsa de Rduis", ""),
            ("Reduis les couts", ""),
        ],
        of,
    );
    assert_eq!(of_thought(ID, "Rduis R\u{e9}duis les co\u{fb}ts", "Rduis les cots"), "");
    assert_eq!(of_thought(ID, "R\u{e9}duis r\u{e9}duis, R\u{e9}duis R\u{e9}duis", "Rduis cela"), "");
    assert_eq!(
        of_thought(ID, "Du c\u{f4}t\u{e9}s, \u{e9}abc\u{e9} l\u{e0}", "cts abc"),
        "`cts` in `reasoning`"
    );
    assert_eq!(of_thought(ID, "Du c\u{f4}t\u{e9}, \u{e9}abc\u{e9} l\u{e0}", "ct abc"), "");
}

#[test]
fn only_what_repeats_a_prompt_is_looked_at() {
    let prompt = "R\u{e9}duis cela pour \"R&D\"";
    for (kind, field, looked_at) in [
        ("agent_started", "task_description", true),
        ("agent_thinking", "reasoning", true),
        ("agent_completed", "final_response", true),
        ("agent_completed", "summary", true),
        ("tool_executing", "tool_purpose", false),
        ("agent_cancelled", "reason", false),
        ("tool_completed", "summary", false),
    ] {
        for text in ["R?duis cela", "pour &quot;R&amp;D&quot;"] {
            let told = of_event(ID, prompt, kind, json!({ field: text }));
            assert_eq!(told.ends_with(&format!("in `{field}`")), looked_at, "{kind} {field}: {told}");
        }
    }
    assert_eq!(of_thought(ID, "Reduis cela", "R?duis cela"), "");
    // The prompt is that of the event's own run.
    let mut story = super::asked("R\u{e9}duis cela");
    story.ask("ada", "other", Some("Cela"), goldenpath_history::Expect::default());
    story.event("other", "agent_thinking", json!({ "reasoning": "R?duis cela" }));
    assert_eq!(super::observed(&story, ID), "");
    story.connect("bob").event_to("bob", "run", "agent_thinking", json!({ "reasoning": "R?duis cela" }));
    assert_eq!(super::observed(&story, ID), "");
    story.event("run", "agent_thinking", json!({ "reasoning": "R?duis cela" }));
    assert_eq!(super::observed(&story, ID), "`R?duis` in `reasoning`");
    let expected = story.says(ID).findings.remove(0).expected;
    assert_eq!(expected, "`R\u{e9}duis`, as its user wrote it");
}
