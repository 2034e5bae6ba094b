//! What somebody can do about it: sentences, items and rows that are counted, and those that are not.

use super::desk::{Desk, insights};
use crate::story::assert_told;

#[track_caller]
fn assert_insights(cases: &[(&str, &str)]) {
    assert_told(cases, insights);
}

#[track_caller]
fn assert_counts(cases: &[(&str, usize)]) {
    let counts: Vec<String> = cases.iter().map(|(_, count)| count.to_string()).collect();
    let cases: Vec<(&str, &str)> =
        cases.iter().zip(&counts).map(|((text, _), count)| (*text, count.as_str())).collect();
    assert_told(&cases, |text| insights(text).split(':').next().unwrap_or_default().to_owned());
}

#[test]
fn advice_has_four_words_and_three_of_content() {
    assert_counts(&[
        ("Move batch jobs", 0),
        ("Move batch jobs now", 1),
        ("Move it to the spot", 0),
        ("Move it to the spot pool", 1),
        ("Move batch jobs now?", 0),
        ("Move batch jobs now?  ", 0),
        ("Move batch jobs now\u{ff1f}", 0),
        ("", 0),
    ]);
}

#[test]
fn advice_begins_with_its_verb_or_follows_a_word_of_advice() {
    assert_counts(&[
        ("You move batch jobs now", 0),
        ("You should move batch jobs now", 1),
        ("Costs fall: move batch jobs now", 1),
        ("Costs fall, move batch jobs now", 1),
        ("Costs fall \u{2014} move batch jobs now", 1),
        ("Costs fall (move batch jobs now)", 1),
        ("Costs fall / move batch jobs now", 0),
        ("2 / move batch jobs now", 1),
        ("Jobs fall batch now", 0),
        ("Consider shifting batch jobs", 1),
        ("Batch jobs consider shifting", 1),
        ("Should many jobs be shifted", 0),
        ("Frobs of batch jobs", 0),
        ("Frob the batch jobs now", 0),
        // A figure is no verb, whatever its letters are.
        ("5 night jobs cost much", 0),
    ]);
}

#[test]
fn what_nobody_can_act_on_is_no_advice() {
    assert_counts(&[
        ("Stop to try again with jobs", 0),
        ("Stop to try once with jobs", 1),
        ("Stop to TRY AGAIN with jobs", 0),
        ("Stop \u{2014} please wait \u{2014} later with jobs", 0),
        ("Stop \u{2014} PLEASE WAIT \u{2014} later with jobs", 0),
        ("Stop \u{2014} please hurry \u{2014} later with jobs", 1),
        ("Contact support about batch jobs", 0),
        ("Contact others about batch jobs", 1),
    ]);
}

#[test]
fn an_item_with_a_figure_and_its_worth_needs_no_verb() {
    for mark in ["-", "*", "\u{2022}", "|", "\u{2013}"] {
        assert_counts(&[
            (&format!("{mark} Frobs of 12 gizmos save"), 1),
            (&format!("{mark} Frobs of 12 gizmos shine"), 0),
            (&format!("{mark} Frobs of many gizmos save"), 0),
        ]);
    }
    assert_counts(&[
        ("+ Frobs of 12 gizmos save", 0),
        // A figure may have one letter for its unit, in any script.
        ("- Frobs of 12\u{e9} gizmos save", 1),
        ("- Frobs of 12\u{e9}\u{e9} gizmos save", 0),
        ("- Frobs of \u{e9}12 gizmos save", 0),
        ("Frobs of 12 gizmos save", 0),
        ("1. Frobs of 12 gizmos save", 1),
        ("1) Frobs of 12 gizmos save", 1),
        ("1: Frobs of 12 gizmos save", 0),
        ("123. Frobs of 12 gizmos save", 1),
        ("1234. Frobs of 12 gizmos save", 0),
        ("a) Frobs of 12 gizmos save", 0),
        // The number of an item is no figure of it.
        ("1. Frobs of many gizmos save", 0),
        ("1. Frobs of many gizmos save\n2. Nodes of 12 racks gain", 1),
    ]);
}

#[test]
fn other_languages_advise_by_items_and_figures() {
    assert_counts(&[
        ("Der Umzug spart uns 4120 Euro im Monat", 1),
        ("Der Umzug spart uns viele Euro im Monat", 0),
        ("- Der Umzug spart uns viele Euro im Monat", 1),
        ("Umzug spart 4120 Euro Monat", 0),
        ("\u{6bce}\u{6708}\u{8cbb}\u{7528}\u{3092}\u{7bc0} 12", 1),
        ("- \u{6bce}\u{6708}\u{8cbb}\u{7528}\u{3092}\u{7bc0}", 0),
        ("- \u{6bce}\u{6708}\u{8cbb}\u{7528}\u{3092}\u{7bc0}\u{7d04}", 1),
        ("- \u{6bce}\u{6708}\u{8cbb}\u{7528}\u{3092}", 0),
        ("\u{6bce}\u{6708}\u{8cbb}\u{7528}\u{3092}\u{7bc0}\u{7d04}", 0),
    ]);
    // One English word of function in twenty-five makes a text English.
    let german = "Der Umzug spart uns 4120 Euro im Monat";
    let with = |others: usize| format!("{german}\nthe{}", " frob".repeat(others));
    assert_counts(&[(&with(16), 0), (&with(17), 1)]);
}

#[test]
fn the_same_advice_counts_once() {
    assert_insights(&[
        ("Move batch jobs to spot. Move batch jobs to spot.", "1: `Move batch jobs to spot.`"),
        (
            "Move batch jobs to spot. Move batch jobs to pools.",
            "2: `Move batch jobs to spot.`, `Move batch jobs to pools.`",
        ),
        ("Move 12 batch jobs. Move 15 batch jobs.", "1: `Move 12 batch jobs.`"),
        (
            "Stop etl-12 jobs nightly. Stop etl-15 jobs nightly.",
            "2: `Stop etl-12 jobs nightly.`, `Stop etl-15 jobs nightly.`",
        ),
        (
            "Stop etl_12 jobs nightly. Stop etl_15 jobs nightly.",
            "2: `Stop etl_12 jobs nightly.`, `Stop etl_15 jobs nightly.`",
        ),
        ("Stop etl/12 jobs nightly. Stop etl/15 jobs nightly.", "1: `Stop etl/12 jobs nightly.`"),
    ]);
    // Seven of ten words in common is another thing to do, eight of eleven is the same.
    assert_counts(&[
        ("Move aa bb cc dd ee ff gg. Move aa bb cc dd ee ff hh ii.", 2),
        ("Move aa bb cc dd ee ff gg hh. Move aa bb cc dd ee ff gg ii jj.", 1),
        ("Move aa bb cc dd ee ff gg hh. Move aa bb cc dd ee ff gg ii jj kk.", 2),
    ]);
}

#[test]
fn more_than_a_hundred_are_a_hundred() {
    let advice = |n: usize| (0..n).map(|i| format!("Move a{i}x b{i}x c{i}x\n")).collect::<String>();
    assert_counts(&[(&advice(99), 99), (&advice(100), 100), (&advice(101), 100)]);
}

#[test]
fn sentences_end_where_people_end_them() {
    let pair = "2: `Move batch jobs now.`, `Stop idle nodes today.`";
    assert_insights(&[
        ("Move batch jobs now. Stop idle nodes today.", pair),
        ("Move batch jobs now.\nStop idle nodes today.", pair),
        ("\n\n  Move batch jobs now.\n\n\n  Stop idle nodes today.  \n \n", pair),
        ("Move batch jobs now.\u{b}Stop idle nodes today.", pair),
        ("Move batch jobs now.\u{a0}Stop idle nodes today.", pair),
        ("Move batch jobs now.Stop idle nodes today.", "1: `Move batch jobs now.Stop idle nodes today.`"),
        (
            "Move batch jobs now.\u{e9} Stop idle nodes today.",
            "1: `Move batch jobs now.\u{e9} Stop idle nodes today.`",
        ),
        (
            "Move batch jobs now! Stop idle nodes today!",
            "2: `Move batch jobs now!`, `Stop idle nodes today!`",
        ),
        ("Move batch jobs now? Stop idle nodes today.", "1: `Stop idle nodes today.`"),
        ("Move batch jobs now\nStop idle nodes today", "2: `Move batch jobs now`, `Stop idle nodes today`"),
        ("Move batch jobs now; stop idle nodes today", "1: `Move batch jobs now; stop idle nodes today`"),
        (
            "Move batch jobs now\u{3002}Stop idle nodes today\u{ff01}Trim old logs daily",
            "3: `Move batch jobs now\u{3002}`, `Stop idle nodes today\u{ff01}`, `Trim old logs daily`",
        ),
        ("Move batch jobs now\u{ff1f}Stop idle nodes today", "1: `Stop idle nodes today`"),
        ("Move batch jobs now\u{3001}stop idle nodes", "1: `Move batch jobs now\u{3001}stop idle nodes`"),
        ("Move batch jobs now\u{ff0c}stop idle nodes", "1: `Move batch jobs now\u{ff0c}stop idle nodes`"),
        ("1. Move batch jobs now\n2. Stop idle nodes", "2: `1. Move batch jobs now`, `2. Stop idle nodes`"),
        ("  12. Move batch jobs now", "1: `12. Move batch jobs now`"),
        ("See etl 1. Move batch jobs now", "1: `Move batch jobs now`"),
        ("Move 1.5 batch jobs now", "1: `Move 1.5 batch jobs now`"),
        ("... Move batch jobs now", "1: `Move batch jobs now`"),
    ]);
}

#[test]
fn as_many_as_are_owed_are_enough() {
    let answer = "Your bill is led by the trainers, which idle at night and cost most of the month.\n\
        Move batch jobs to spot pools.\nStop idle nodes every night.";
    let owing = |insights| Desk { insights, ..Desk::bare() }.says("value/demands", answer);
    assert_eq!((owing(2).n, owing(2).of), (1, 1));
    let three = owing(3);
    assert_eq!((three.n, three.of), (0, 1));
    assert_eq!(three.findings[0].expected, "at least 3 distinct actionable insights");
    assert_eq!(
        three.findings[0].observed,
        "2: `Move batch jobs to spot pools.`, `Stop idle nodes every night.`"
    );
    assert_eq!(three.findings[0].records, [4, 8]);
    let none = Desk { insights: 1, ..Desk::bare() }
        .lacks(&answer.replace("Move ", "We move ").replace("Stop", "Is"));
    assert!(none.starts_with("0: Your bill is led by the trainers, which idle"), "{none}");
}
