//! Figures and names that a tool gave: which they are, and in which words an answer quotes them.

use super::desk::Desk;
use crate::story::assert_told;
use serde_json::{Value, json};

/// How many facts of the result, beside one that is never quoted, an answer quotes.
fn quoted(results: &Value, answer: &str) -> String {
    let desk = Desk::bare().knowing(json!({ "of": results, "z": "never-quoted-9z" }));
    desk.facts(answer).0
}

/// The facts of a result, as a finding shows them.
fn given(results: &Value) -> String {
    let (counts, examples) =
        Desk::bare().knowing(json!({ "of": results, "z": "never-quoted-9z" })).facts("Nothing");
    format!("{counts} {}", examples.trim_end_matches("`never-quoted-9z`").trim_end_matches(", "))
}

#[track_caller]
fn assert_given(cases: &[(Value, &str)]) {
    let texts: Vec<String> = cases.iter().map(|(results, _)| results.to_string()).collect();
    let cases: Vec<(&str, &str)> =
        cases.iter().zip(&texts).map(|((_, facts), text)| (text.as_str(), *facts)).collect();
    assert_told(&cases, |text| given(&serde_json::from_str(text).unwrap()));
}

#[track_caller]
fn assert_quoted(cases: &[(Value, &str, &str)]) {
    for (results, answer, counts) in cases {
        assert_told(&[(answer, counts)], |answer| quoted(results, answer));
    }
}

#[test]
fn numbers_of_two_digits_that_say_something_are_facts() {
    assert_given(&[
        (json!(7), "0 of 1 "),
        (json!(70), "0 of 1 "),
        (json!(12), "0 of 2 `12`"),
        (json!(120), "0 of 2 `120`"),
        (json!(1200), "0 of 2 `1200`"),
        (json!(-12), "0 of 2 `-12`"),
        (json!(0.5), "0 of 1 "),
        (json!(0.25), "0 of 2 `0.25`"),
        (json!(0.05), "0 of 1 "),
        (json!(1.5), "0 of 2 `1.5`"),
        (json!(12.0), "0 of 2 `12.0`"),
        (json!(20.0), "0 of 1 "),
        (json!(0), "0 of 1 "),
        (json!(1e22), "0 of 1 "),
        (json!(1.5e22), "0 of 2 `1.5e+22`"),
        (json!(1.5e-7), "0 of 2 `1.5e-7`"),
        (json!(123_456_789_012_345_u64), "0 of 2 `123456789012345`"),
        (json!(1_000_000_000_000_000_u64), "0 of 1 "),
        (json!(1_234_567_890_123_456_u64), "0 of 2 `1234567890123456`"),
        (json!(12_000_000_000_000_000_000_u64), "0 of 2 `12000000000000000000`"),
        (json!([12, 12, 12]), "0 of 2 `12`, `12`, `12`"),
        (json!([12, 34, 56, 78, 91, 23, 45]), "0 of 8 `12`, `34`, `56`, `78`, `91`, `23`"),
        (json!(true), "0 of 1 "),
        (json!(null), "0 of 1 "),
    ]);
}

#[test]
fn texts_of_results_give_names_and_figures_and_keys_give_none() {
    assert_given(&[
        (json!({ "key-12ab": 3, "33": 4 }), "0 of 1 "),
        (json!({ "key" : "name-12ab" }), "0 of 2 `name-12ab`"),
        (json!("at 12.5 of it"), "0 of 2 `12.5`"),
        (json!("at 5 of it"), "0 of 1 "),
        (json!("quoted \"name-12ab\" and \\ 34"), "0 of 3 `name-12ab`, `34`"),
        (json!("Amazon Redshift"), "0 of 2 `Redshift`"),
        (json!("amazon redshift"), "0 of 1 "),
        (json!("Amazon redshift"), "0 of 1 "),
        (json!("Amazon, Redshift Cluster"), "0 of 3 `Redshift`, `Cluster`"),
        (json!("Amazon of Redshift"), "0 of 1 "),
        (json!("A B"), "0 of 1 "),
        (json!("\u{c9}t\u{e9} \u{c0}lpin"), "0 of 2 `\u{c0}lpin`"),
    ]);
}

#[test]
fn identifiers_hold_letters_with_digits_or_ties() {
    assert_given(&[
        (json!("ab1"), "0 of 1 "),
        (json!("abc1"), "0 of 2 `abc1`"),
        (json!("a-bc"), "0 of 2 `a-bc`"),
        (json!("a_bc"), "0 of 2 `a_bc`"),
        (json!("a/bc"), "0 of 2 `a/bc`"),
        (json!("a@bc"), "0 of 2 `a@bc`"),
        (json!("a.bc"), "0 of 1 "),
        (json!("a:bc1"), "0 of 2 `a:bc1`"),
        (json!("abcd"), "0 of 1 "),
        (json!("-abcd-"), "0 of 1 "),
        (json!("(x-abcd)."), "0 of 2 `x-abcd`"),
        (json!(".x-abcd:"), "0 of 2 `x-abcd`"),
        (json!("12-34"), "0 of 2 `12`"),
        (json!("gp-1234"), "0 of 1 "),
        (json!("\u{e9}t\u{e9}1"), "0 of 2 `\u{e9}t\u{e9}1`"),
        (json!("\u{e9}\u{2014}bc1d"), "0 of 2 `bc1d`"),
        (json!("x-\u{e9}\u{e9}"), "0 of 2 `x-\u{e9}\u{e9}`"),
        (json!("12\u{e9}-34"), "0 of 4 `12\u{e9}-34`, `12`, `34`"),
        (json!("\u{663}\u{664}-12"), "0 of 2 `12`"),
        (json!("abc1 abc1 ABC1"), "0 of 2 `abc1`"),
        (json!("abc1 abc2"), "0 of 3 `abc1`, `abc2`"),
    ]);
    let long = |length: usize| format!("a-{}", "b".repeat(length - 2));
    assert_given(&[(json!(long(200)), &format!("0 of 2 `{}`", long(200))), (json!(long(201)), "0 of 1 ")]);
}

#[test]
fn names_are_quoted_whatever_their_case() {
    let name = json!("Trainer-0a1b");
    assert_quoted(&[
        (name.clone(), "It is trainer-0a1b.", "1 of 2"),
        (name.clone(), "It is TRAINER-0A1B!", "1 of 2"),
        (name.clone(), "It is `trainer-0a1b`, of us", "1 of 2"),
        (name.clone(), "It is trainer-0a1bc", "0 of 2"),
        (name, "trainer-0a1b trainer-0a1b", "1 of 2"),
        (json!("\u{c9}t\u{e9}-x12"), "\u{e9}t\u{c9}-x12", "1 of 2"),
        (json!("abcd1 abcd2"), "abcd1 and abcd2", "2 of 3"),
    ]);
}

/// What anybody might say counts only beside what nobody could guess, or where the tools gave nothing better.
#[test]
fn common_names_count_beside_others_only() {
    let beside = |common: &str, answer: &str| {
        Desk::bare()
            .knowing(json!({ "a": common, "b": "trainer-0a1b", "z": "never-quoted-9z" }))
            .facts(answer)
            .0
    };
    for common in [
        "us-east-1",
        "EU-west-22",
        "m5.large",
        "m5.2xLARGE",
        "t3.medium",
        "t3.small",
        "ab1c",
        "by-week",
        "Spot Fleet",
    ] {
        assert_eq!(beside(common, common), "0 of 3", "{common}");
        assert_eq!(beside(common, &format!("{common} trainer-0a1b")), "2 of 3", "{common}");
        let alone = Desk::bare().knowing(json!({ "a": common, "b": "of-others" })).facts(common).0;
        assert_eq!(alone, "1 of 2", "{common}");
    }
    for own in [
        "us-east-x1y",
        "us-east-1-2",
        "use-east-1",
        "us-eastern-region-1",
        "us-eastest-regi1",
        "m5.larger9",
        "m5large",
        "abc1d",
        "us-east-1x",
    ] {
        let counted = beside(own, own);
        let expected = if own == "us-eastest-regi1" { "0 of 3" } else { "1 of 3" };
        assert_eq!(counted, expected, "{own}");
    }
}

#[test]
fn each_common_name_counts_once() {
    let facts = Desk::bare().knowing(json!(["us-east-1", "eu-west-2", "ap-south-3", "trainer-0a1b"]));
    assert_eq!(facts.facts("us-east-1 eu-west-2 trainer-0a1b").0, "3 of 4");
}

/// So much was known of before that no more is remembered.
#[test]
fn two_thousand_things_that_were_known_are_enough() {
    let counts = |figures: usize, names: usize| {
        let figures: Vec<String> = (0..figures).map(|i| format!("{}.5", 1_001 + i)).collect();
        let names: Vec<String> = (0..names).map(|i| format!("known-{i}a")).collect();
        let desk = Desk {
            prompt: Some("What of etl-77ff?".to_owned()),
            parameters: json!({ "a": figures.join(" "), "b": names }),
            ..Desk::bare().knowing(json!(["etl-77ff", "trainer-0a1b"]))
        };
        desk.facts("Nothing").0
    };
    assert_eq!((counts(2_047, 0), counts(2_048, 0)), ("0 of 1".to_owned(), "0 of 2".to_owned()));
    assert_eq!((counts(2_045, 2), counts(2_046, 2)), ("0 of 1".to_owned(), "0 of 2".to_owned()));
}

#[test]
fn what_was_known_before_is_no_fact() {
    let desk = |prompt: &str, parameters: Value, results: Value| Desk {
        prompt: Some(prompt.to_owned()),
        parameters,
        ..Desk::bare().knowing(json!({ "of": results, "z": "never-quoted-9z" }))
    };
    let counts = |desk: Desk| desk.facts("Nothing").0;
    assert_eq!(
        counts(desk("What of etl-77ff and $1,234.50?", json!({}), json!(["etl-77ff", 1234.5, 99]))),
        "0 of 2"
    );
    assert_eq!(
        counts(desk("What?", json!({ "days": 90, "of": "etl-77ff" }), json!(["etl-77ff", 90, 91]))),
        "0 of 2"
    );
    assert_eq!(counts(desk("What of Spot Fleet?", json!({}), json!(["Spot Fleet", "m5.large"]))), "0 of 2");
    assert_eq!(counts(desk("What of 12.5?", json!({}), json!([12.500_000_000_5, 12.500_000_005]))), "0 of 2");
}

#[test]
fn figures_are_quoted_as_people_write_them() {
    let of = |figure: f64, answer: &str| (json!(figure), answer.to_owned());
    let hits = [
        of(12_345.67, "12345.67"),
        of(12_345.67, "$12,345.67."),
        of(12_345.67, "12.345,67 EUR"),
        of(12_345.67, "12,346"),
        of(12_345.67, "12.3k"),
        of(12_345.67, "12.3K of it"),
        of(1_234_567.0, "1,234,567"),
        of(1_234_567.0, "1.23m"),
        of(1_234_567.0, "1.23M"),
        of(1_230_000_000.0, "1.23b"),
        of(1_230_000_000.0, "1.23B"),
        of(0.3456, "34.6 %"),
        of(0.3456, "35%"),
        of(0.3456, "34.6   % of it"),
        of(0.3456, "34.6 percent"),
        of(34.56, "34.6 %"),
        of(34.56, "34.6"),
        of(12_345.0, "12,345"),
        of(12.345, "12.345"),
        of(12.3, "12,3"),
        of(123.45, "123,45"),
        of(1_234_567.89, "1,234,567.89"),
        of(1_234_567.89, "1.234.567,89"),
        of(12.0, "at (12)"),
        of(12.0, "x 12"),
        of(12.0, "-12-"),
        of(0.25, "0.250"),
        of(123_456_789_012_345_678.0, "123456789012345678"),
    ];
    for (results, answer) in hits {
        assert_eq!(quoted(&results, &answer), "1 of 2", "{results} in {answer:?}");
    }
    let misses = [
        of(12_345.67, "12,345.68"),
        of(12_345.67, "12,34567"),
        of(12_345.67, "12.4k"),
        of(12_345.67, "12.3kb"),
        of(12_345.67, "12.3k_"),
        of(12_345.67, "12.3k9"),
        of(1_234_567.0, "1.23mb"),
        of(1_230_000_000.0, "1.23bn"),
        of(12_345.0, "12.345"),
        of(0.3456, "34.6"),
        of(0.3456, "34.6\n%"),
        of(0.3456, "33 %"),
        of(12.3, "12 of us"),
        of(12.0, "12x"),
        of(12.0, "x12"),
        of(12.0, "_12"),
        of(12.0, "12_"),
        of(12.0, "x-12"),
        of(12.0, "9-12"),
        of(1.2, "1.2.3"),
        of(123.0, "1.2.3"),
        of(12.0, "1 2"),
        of(345.67, "12 345.68"),
    ];
    for (results, answer) in misses {
        assert_eq!(quoted(&results, &answer), "0 of 2", "{results} in {answer:?}");
    }
}

#[test]
fn a_figure_may_be_rounded_to_three_digits_and_to_no_fewer() {
    let of = |figure: f64, answer: &str| quoted(&json!(figure), answer);
    assert_eq!(of(123.4, "123"), "1 of 2");
    assert_eq!(of(123.5, "123"), "1 of 2");
    assert_eq!(of(123.6, "123"), "0 of 2");
    assert_eq!(of(122.5, "123"), "1 of 2");
    assert_eq!(of(122.4, "123"), "0 of 2");
    assert_eq!(of(1.234, "1.23"), "1 of 2");
    assert_eq!(of(12.4, "12"), "0 of 2");
    assert_eq!(of(0.123, "0.12"), "0 of 2");
    assert_eq!(of(0.1234, "0.123"), "1 of 2");
    assert_eq!(of(0.124, "12 %"), "1 of 2");
    assert_eq!(of(0.125_1, "12 %"), "0 of 2");
    assert_eq!(of(0.114_9, "12 %"), "0 of 2");
    assert_eq!(of(12_345.0, "12.3k"), "1 of 2");
    assert_eq!(of(12_351.0, "12.3k"), "0 of 2");
    assert_eq!(of(12_249.0, "12.3k"), "0 of 2");
    // One figure of an answer means one fact.
    assert_eq!(quoted(&json!([123.4, 123.45]), "123"), "1 of 3");
    assert_eq!(quoted(&json!([123.4, 123.45]), "123.4 123.45"), "2 of 3");
    assert_eq!(quoted(&json!([12, 34, 56]), "12 and 34 and 56"), "3 of 4");
}

#[test]
fn a_figure_of_many_digits_is_read_exactly() {
    let of = |figure: Value, answer: &str| quoted(&figure, answer);
    assert_eq!(of(json!(123_456_789_012.345), "123456789012.345"), "1 of 2");
    assert_eq!(of(json!(1.234_567_890_123_456_7), "1.2345678901234567"), "1 of 2");
    assert_eq!(of(json!(0.123_456_789_012_345_68), "0.12345678901234568"), "1 of 2");
    assert_eq!(of(json!(1_234_567_890_123_456_u64), "1,234,567,890,123,456"), "1 of 2");
    assert_eq!(of(json!(0.000_000_123_4), "0.0000001234"), "1 of 2");
    // As templates print them that do not round.
    for figure in [446.270_000_000_000_04, 207.647_000_000_000_02, 919.111_111_111_111_1] {
        assert_eq!(of(json!(figure), &figure.to_string()), "1 of 2", "{figure}");
    }
    // Nineteen digits are read, twenty are not.
    assert_eq!(of(json!(1_234_567_890_123_456_789_u64), "1234567890123456789"), "1 of 2");
    assert_eq!(of(json!(12_345_678_901_234_567_890_u64), "12345678901234567890"), "0 of 2");
    assert_eq!(of(json!(1_234_567_890_123_456.5), "1234567890123456.500"), "1 of 2");
    assert_eq!(of(json!(1_234_567_890_123_456.5), "1234567890123456.5000"), "0 of 2");
}

#[test]
fn beyond_two_thousand_facts_no_more_are_kept() {
    let counts = |figures: u32, extra: &Value| {
        let figures: Vec<f64> = (0..figures).map(|i| f64::from(1_001 + i) + 0.5).collect();
        Desk::bare().knowing(json!({ "a": figures, "b": extra })).facts("Nothing").0
    };
    assert_eq!(counts(2_047, &json!("trainer-0a1b")), "0 of 2048");
    assert_eq!(counts(2_048, &json!("trainer-0a1b")), "0 of 2048");
    assert_eq!(counts(2_046, &json!(["trainer-0a1b", "m5.large", "etl-77ff"])), "0 of 2048");
    // Many names are told apart as few are.
    let names: Vec<String> = (0..40).map(|i| format!("name-{i}a")).collect();
    let twice: Vec<&String> = names.iter().chain(&names).collect();
    assert_eq!(Desk::bare().knowing(json!(twice)).facts("name-0a name-35a").0, "2 of 40");
}

#[test]
fn results_that_are_cut_give_what_came_before() {
    let facts = |raw: &str| {
        let desk = Desk { results: vec![json!("@raw@")], ..Desk::bare() };
        let mut story = desk.story("Nothing");
        for record in &mut story.history_mut().records {
            if let goldenpath_history::RecordKind::Frame { raw: text, .. } = &mut record.kind {
                *text = text.replace("\"@raw@\"", raw).into();
            }
        }
        let check = story.says("value/facts");
        check.findings.first().map(|finding| finding.expected.clone()).unwrap_or_default()
    };
    assert_eq!(facts("[34 , 56.5]"), "at least 2 of its tools' figures or names, such as `34`, `56.5`");
    assert_eq!(
        facts("{\"a\" : 34, \"b\" :\n56}"),
        "at least 2 of its tools' figures or names, such as `34`, `56`"
    );
    assert_eq!(facts("{\"a\\\"\" : 34}"), "at least 1 of its tools' figures or names, such as `34`");
    assert_eq!(
        facts("[\"x\\\"etl-77ff\\\\\", 34]"),
        "at least 2 of its tools' figures or names, such as `etl-77ff`, `34`"
    );
}
