//! Characters that did not survive, and those that only look like it.

use super::{asked, observed, of_frame, of_thought};
use crate::story::assert_told;

const ID: &str = "content/unicode";

/// What was found in a thought; the piece around it is left out.
fn found(text: &str) -> String {
    of_thought(ID, "What?", text).split(" in `").next().unwrap_or_default().to_owned()
}

const MOJIBAKE: &str = "mojibake (UTF-8 read as Latin-1)";

#[test]
fn characters_that_no_text_holds_are_found() {
    let control = "a control character";
    assert_told(
        &[
            ("a\u{0}b", "a NUL"),
            ("a\u{feff}b", "a byte order mark"),
            ("a\u{fffd}b", "a replacement character"),
            ("a\u{1}b", control),
            ("a\tb\nc\rd", ""),
            ("a\u{8}b", control),
            ("a\u{b}b", control),
            ("a\u{c}b", control),
            ("a\n\u{c}b", ""),
            ("a\u{c}\nb", ""),
            ("a\u{c}", ""),
            ("\u{c}b", ""),
            ("a\u{e}b", control),
            ("a\u{1a}b", control),
            ("a\u{1b}b", ""),
            ("a\u{1c}b", control),
            ("a\u{1f}b", control),
            ("a\u{1b}b\u{1}", control),
            ("a\u{80}b", control),
            ("a\u{84}b", control),
            ("a\u{85}b", ""),
            ("a\u{86}b", control),
            ("a\u{9f}b", control),
            ("a\u{a0}b", ""),
            ("a\u{fffe}b", "a noncharacter"),
            ("a\u{ffff}b", "a noncharacter"),
            ("a\u{fffc}b", ""),
            ("caf\u{e9} \u{1f680} \u{6771}", ""),
        ],
        found,
    );
    // A character below the blank comes escaped; one above need not.
    assert_eq!(of_frame(ID, "{\"type\":\"x.a\",\"a\":\"b\u{7f}c\"}"), "");
    assert_eq!(
        of_frame(ID, "{\"type\":\"x.a\",\"a\":\"\u{e9}b\u{7f}c\"}"),
        "a control character in `type\":\"x.a\",\"a\":\"\u{e9}b\u{2423}c\"}`"
    );
}

#[test]
fn escapes_are_read_as_what_they_stand_for() {
    let of = |text: &str| {
        let told = of_frame(ID, &format!("{{\"type\":\"x.a\",\"a\":\"{text}\"}}"));
        told.split(" in `").next().unwrap_or_default().to_owned()
    };
    let cases = [
        ("\\u0000", "a NUL"),
        ("\\u0001", "a control character"),
        ("\\ufeff", "a byte order mark"),
        ("\\uFFFD", "a replacement character"),
        ("\\\\u0000", ""),
        ("\\\\\\u0000", "a NUL"),
        ("\\n\\u0000", "a NUL"),
        ("a \\beta b", "a control character"),
        ("a \\frac b", "a control character"),
        ("a \\u000crac b", "a control character"),
        ("a \\\\beta \\\\frac b", ""),
        ("page 1\\n\\fpage 2", ""),
        ("page 1\\f\\npage 2\\f", ""),
        ("page 1\\u000a\\u000cpage 2\\u000c\\r\\n", ""),
        ("\\u00e9", ""),
        ("\\ud83d\\ude80", ""),
        ("\\ud83d", "a replacement character"),
        ("\\ud83d\\ud83d\\ude80", "a replacement character"),
        ("\\ude80\\ud83d", "a replacement character"),
        ("\\ud83dx\\ude80", "a replacement character"),
        ("\\ud83d\\u0041", "a replacement character"),
        ("\\udbff\\udfff", ""),
        ("\\ud800\\udc00", ""),
        ("\\u00c3\\u00a9", MOJIBAKE),
        ("\\u00f0\\u009f\\u009a\\u0080", "a control character"),
    ];
    assert_told(&cases, of);
    assert_eq!(
        of_frame(ID, "{\"type\":\"x.a\",\"a\":\"\\ud83d\\ude80\\u0000 b\"}"),
        "a NUL in `ype\":\"x.a\",\"a\":\"\u{1f680}\u{2423} b\"}`"
    );
    assert_eq!(
        of_frame(ID, "{\"type\":\"x.a\",\"a\":\"\\ud800\\udc00\\udbff\\udfff\\u0000\"}"),
        "a NUL in `:\"x.a\",\"a\":\"\u{10000}\u{10ffff}\u{2423}\"}`"
    );
}

#[test]
fn utf8_that_was_read_as_another_code_is_found() {
    /// UTF-8 read as Windows-1252, where that has a character, else as Latin-1.
    fn misread(text: &str) -> String {
        const HIGH: &str = "\u{20ac}\u{81}\u{201a}\u{192}\u{201e}\u{2026}\u{2020}\u{2021}\u{2c6}\u{2030}\u{160}\u{2039}\u{152}\u{8d}\u{17d}\u{8f}\u{90}\u{2018}\u{2019}\u{201c}\u{201d}\u{2022}\u{2013}\u{2014}\u{2dc}\u{2122}\u{161}\u{203a}\u{153}\u{9d}\u{17e}\u{178}";
        let high: Vec<char> = HIGH.chars().collect();
        let read = |byte: u8| match byte {
            0x80..0xa0 => high[usize::from(byte - 0x80)],
            _ => char::from(byte),
        };
        text.bytes().map(read).collect()
    }
    let of = |text: &str| found(&misread(text));
    let cases = [
        // Latin letters: one is proof.
        ("\u{e9}", MOJIBAKE),
        ("\u{e0}", MOJIBAKE),
        ("\u{a0}", MOJIBAKE),
        ("\u{bf}", MOJIBAKE),
        ("\u{ff}", MOJIBAKE),
        // Longer sequences, too.
        ("\u{2019}", MOJIBAKE),
        ("\u{20ac}", MOJIBAKE),
        ("\u{1f600}", MOJIBAKE),
        ("\u{8cbb}", MOJIBAKE),
        ("\u{8ad6}", MOJIBAKE),
        // Greek, Cyrillic, Hebrew, Arabic: two are.
        ("\u{3b1}", ""),
        ("\u{3b1}\u{3b2}", MOJIBAKE),
        ("\u{3c9}a\u{3c9}", MOJIBAKE),
        ("\u{430}", ""),
        ("\u{430}\u{431}", MOJIBAKE),
        ("\u{440}\u{442}", MOJIBAKE),
        ("\u{5d1}\u{5d2}", MOJIBAKE),
        ("\u{6c2}\u{6c3}", MOJIBAKE),
        ("\u{5d1}", ""),
        // Others of two bytes may be meant.
        ("\u{109}\u{109}", ""),
        ("\u{159}\u{159}", ""),
        ("\u{700}\u{700}", ""),
        // A capital letter before a quotation mark is meant.
        ("\u{eb}", ""),
        ("\u{fb}", ""),
        ("\u{ab}", ""),
        ("\u{bb}", ""),
        ("a \u{eb} \u{e9}", MOJIBAKE),
    ];
    assert_told(&cases, of);
    assert_told(
        &[
            ("\u{c3} la carte", ""),
            ("\u{c3}", ""),
            ("\u{c3}\u{c3}\u{a9}", MOJIBAKE),
            ("\u{c1}\u{a9}", ""),
            ("\u{e2}\u{20ac}", ""),
            ("\u{e2}\u{20ac}x", ""),
            ("\u{e2}\u{201a}\u{ac}", MOJIBAKE),
            ("\u{e0}\u{20ac}\u{20ac}", ""),
            ("\u{f4}\u{8f}\u{bf}\u{bf}", "a control character"),
            ("\u{f5}\u{bf}\u{bf}\u{bf}", ""),
        ],
        found,
    );
    let told = of_thought(ID, "What?", "The first \u{ce}\u{b1} is told, not the second \u{ce}\u{b2}");
    let shown =
        "mojibake (UTF-8 read as Latin-1) in `asoning\":\"The first \u{ce}\u{b1} is told, not the second";
    assert!(told.starts_with(shown), "{told}");
}

#[test]
fn what_a_user_wrote_may_come_back() {
    let text = "It is a\u{fffd}b";
    assert_eq!(of_thought(ID, "What of a\u{fffd}b?", text), "");
    assert_ne!(of_thought(ID, "What of a\u{fffd}c?", text), "");
    // Also what they wrote for another run; but not what others wrote.
    let mut story = asked("What of a\u{fffd}b?");
    story.ask("ada", "second", Some("And?"), goldenpath_history::Expect::default());
    story.event("second", "agent_thinking", serde_json::json!({ "reasoning": text }));
    assert_eq!(observed(&story, ID), "");
    story.connect("bob").ask("bob", "third", Some("And?"), goldenpath_history::Expect::default());
    story.event("third", "agent_thinking", serde_json::json!({ "reasoning": text }));
    assert!(observed(&story, ID).starts_with("a replacement character"));
}
