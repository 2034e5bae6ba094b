//! What an answer must hold of its question: substance, and enough of what was asked; and which of its words are references only.

use super::desk::{Desk, content_words};
use crate::story::assert_told;
use serde_json::json;

const CALM: &str = "The figures of this month look as usual for a firm of this size and of that age, \
    with zebras, yaks and gnus in all rooms and gardens.";
const REFERENCE: &str = "gp-000102030405060708090a0b0c0d0e0f";

/// How much of the question is told to be taken up; nothing where it is enough.
fn covered(prompt: &str, answer: &str) -> String {
    let lacks = Desk::asked(prompt).lacks(&format!("{CALM} {answer}"));
    lacks.split(" %").next().unwrap_or_default().to_owned()
}

fn prompt(words: usize) -> String {
    (0..words).map(|i| format!("p{i}p")).collect::<Vec<_>>().join(" ")
}

#[test]
fn twelve_words_are_substance() {
    let words = |n: usize| (0..n).map(|i| format!("w{i}w")).collect::<Vec<_>>().join(" ");
    assert_eq!(Desk::bare().lacks(&words(11)), format!("11: `{}`", words(11)));
    assert_eq!(Desk::bare().lacks(&words(12)), "");
    assert_eq!(Desk::bare().lacks(&words(13)), "");
    assert_eq!(Desk::bare().lacks(&format!("{} w0w w1w", words(11))), format!("11: `{} w0w w1w`", words(11)));
}

#[test]
fn fifteen_percent_of_a_question_are_taken_up() {
    assert_eq!(covered(&prompt(20), "p1p p2p p3p"), "");
    assert_eq!(covered(&prompt(21), "p1p p2p p3p"), "14");
    assert_eq!(covered(&prompt(20), "p1p p2p"), "10");
    assert_eq!(covered(&prompt(2), ""), "0");
    assert_eq!(covered(&prompt(1), ""), "");
    assert_eq!(covered("", ""), "");
    assert_eq!(covered(&format!("{} of the and", prompt(20)), "of the and"), "0");
    assert_eq!(covered(&format!("{} 12 13 14", prompt(20)), "p1p p2p p3p"), "");
    let lacks = Desk::asked(&prompt(2)).says("value/demands", CALM).findings.remove(0);
    assert_eq!(lacks.expected, "an answer that takes up its question");
    assert!(lacks.observed.starts_with("0 % of the question's words, weighted: `The figures of this"));
}

#[test]
fn words_of_requests_weigh_a_quarter_and_words_of_money_are_one() {
    assert_eq!(covered(&format!("{} help", prompt(8)), "help"), "3");
    assert_eq!(covered(&format!("{} help", prompt(8)), "p1p"), "12");
    assert_eq!(covered(&format!("{} budget", prompt(8)), "spending"), "11");
    assert_eq!(covered(&format!("{} budget price", prompt(8)), "spending"), "11");
    assert_eq!(covered(&format!("{} budgets", prompt(8)), "bill"), "11");
    assert_eq!(covered(&format!("{} frobs", prompt(8)), "frob"), "11");
}

#[test]
fn scripts_without_blanks_are_compared_by_pairs() {
    let asked = "\u{6771}\u{4eac}\u{306e}\u{8cbb}\u{7528}\u{3092}\u{6559}\u{3048}";
    assert_eq!(covered(asked, ""), "0");
    assert_eq!(covered(asked, "\u{6771}\u{4eac}"), "14");
    assert_eq!(covered(asked, "\u{6771}\u{4eac}\u{306e}"), "");
    assert_eq!(covered(asked, "\u{6771}\u{306e}\u{7528}"), "0");
    // Four pairs are the least that tells.
    let first = |n: usize| asked.chars().take(n).collect::<String>();
    assert_eq!((covered(&first(5), ""), covered(&first(4), "")), ("0".to_owned(), String::new()));
    // Half of a prompt must be of such a script, and more.
    assert_eq!(covered(&format!("{} p1p p2p p3p p4p", first(5)), "p1p p2p"), "0");
    assert_eq!(covered(&format!("{} p1p p2p p3p p4p p5p", first(5)), "p1p p2p"), "");
    assert_eq!(
        covered("\u{6771} \u{4eac} p1p \u{306e}\u{8cbb}\u{7528} p2p \u{3092}", "\u{6771}\u{4eac}"),
        ""
    );
}

#[test]
fn who_quotes_three_facts_takes_up_the_question() {
    let desk = Desk::asked(&prompt(20)).knowing(json!([123.5, 234.5, 345.5]));
    assert!(desk.lacks(&format!("{CALM} 123.5 234.5")).starts_with("0 % of"));
    assert_eq!(desk.lacks(&format!("{CALM} 123.5 234.5 345.5")), "");
}

#[test]
fn references_are_no_words() {
    let other = REFERENCE.replace("0f", "0e");
    let cases = [
        ("", "0"),
        (REFERENCE, "0"),
        (&format!("aa {REFERENCE} bb"), "2"),
        (&format!("aa{REFERENCE}bb"), "1"),
        (&format!("aa\nReference: {REFERENCE}\nbb"), "2"),
        (&format!("aa\n**REF** {REFERENCE} \nbb"), "2"),
        (&format!("aa\ncc Reference: {REFERENCE}\nbb"), "4"),
        (&format!("Reference: {REFERENCE}"), "0"),
        (&format!("Reference: {REFERENCE} {other}"), "0"),
        (&format!("Reference: {REFERENCE} aa {other} bb\ncc {other}"), "4"),
        (&format!("aa\nReference: {REFERENCE}\n{other}\nReference: {REFERENCE}\nbb Reference"), "3"),
        (&format!("{}0 aa", &REFERENCE[..34]), "1"),
        (&format!("{}g aa", &REFERENCE[..34]), "3"),
        (&REFERENCE[..34], "2"),
        (&format!("gp-\u{e9}{}", &REFERENCE[4..]), "2"),
        (&format!("aa gp- gp-gp {REFERENCE} bb"), "3"),
        ("Reference: aa", "2"),
    ];
    assert_told(&cases, content_words);
}

#[test]
fn a_piece_of_a_text_is_shown_in_one_line_of_120_characters() {
    let shown = |text: &str| {
        let lacks = Desk::bare().lacks(text);
        lacks.split_once(": `").unwrap().1.trim_end_matches('`').to_owned()
    };
    assert_eq!(shown(&"x".repeat(120)), "x".repeat(120));
    assert_eq!(shown(&"x".repeat(121)), format!("{}\u{2026}", "x".repeat(119)));
    assert_eq!(shown(&"\u{e9}".repeat(120)), "\u{e9}".repeat(120));
    assert_eq!(shown(&"\u{e9}".repeat(200)), format!("{}\u{2026}", "\u{e9}".repeat(119)));
    let words = "abc ".repeat(30);
    assert_eq!(shown(&words), words.trim());
    assert_eq!(shown(&format!("{words} ab")), format!("{}\u{2026}", &words[..119]));
    assert_eq!(
        shown(&format!("  {}\n\n{}  ", "x".repeat(60), "y".repeat(59))),
        format!("{} {}", "x".repeat(60), "y".repeat(59))
    );
    assert_eq!(
        shown(&format!("{} {}", "x".repeat(60), "y".repeat(60))),
        format!("{} {}\u{2026}", "x".repeat(60), "y".repeat(58))
    );
}
