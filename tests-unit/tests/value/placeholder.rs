//! Templates that nobody filled in.

use super::desk::Desk;

const CALM: &str = "The figures of this month look as usual for a firm of this size and age";

fn found(piece: &str) -> String {
    Desk::bare().gates(&format!("{CALM} {piece} and so on."))
}

#[track_caller]
fn assert_found(pieces: &[&str]) {
    for piece in pieces {
        assert_eq!(found(piece), format!("placeholder: `{piece}`"));
    }
}

#[track_caller]
fn assert_calm(pieces: &[&str]) {
    for piece in pieces {
        assert_eq!(found(piece), "", "{piece}");
    }
}

#[test]
fn names_in_double_braces_wait_to_be_filled_in() {
    let longest = format!("{{{{{}}}}}", "n".repeat(60));
    let too_long = format!("{{{{{}}}}}", "n".repeat(61));
    assert_found(&["{{name}}", "{{ user.name }}", "{{_n}}", "{{n-1|x y}}", "{{N9}}", &longest]);
    assert_calm(&[
        "{{}}",
        "{{ }}",
        "{{9n}}",
        "{{-n}}",
        "{{n,m}}",
        "{{n\u{e9}}}",
        "{{name}",
        "{name}}",
        &too_long,
    ]);
    assert_eq!(found("{{ 1 }} {{name}}"), "placeholder: `{{name}}`");
    assert_eq!(found("{{a,b}}c}} {{name}}"), "placeholder: `{{name}}`");
    assert_eq!(found("{{first}} {{second}}"), "placeholder: `{{first}}`");
}

#[test]
fn names_behind_a_dollar_wait_to_be_filled_in() {
    assert_found(&["${name}", "${ user.name }", "${_n}"]);
    assert_calm(&["${}", "${9n}", "${n,m}", "$name", "$ {name}", "${name"]);
    assert_eq!(found("${1} ${name}"), "placeholder: `${name}`");
    assert_eq!(found("${first} ${second}"), "placeholder: `${first}`");
}

#[test]
fn brackets_wait_for_texts_of_others() {
    for word in ["insert", "your", "placeholder", "add", "fill", "enter", "name of", "todo"] {
        assert_found(&[
            &format!("[{word}]"),
            &format!("[{word} it here]"),
            &format!("[{word}_it]"),
            &format!("[{word}-it]"),
            &format!("[{word}: it]"),
            &format!("[ {word} ]"),
            &format!("<{word} it here>"),
        ]);
        assert_calm(&[&format!("[{word}s it]"), &format!("[it {word}]"), &format!("({word} it)")]);
    }
    assert_found(&["[INSERT amount]", "[Your \u{c9}t\u{e9}]"]);
    assert_calm(&["[your guide](https://example.com)", "[your", "<your"]);
    assert_eq!(found("[your guide](x) [your amount]"), "placeholder: `[your amount]`");
    assert_eq!(found("[it] [your amount]"), "placeholder: `[your amount]`");
    // The closing bracket is among the sixty characters behind the opening one.
    let inside = |length: usize| format!("[your {}]", "n".repeat(length - 5));
    assert_found(&[&inside(59)]);
    assert_calm(&[&inside(60)]);
    // At most sixty bytes of what waits.
    let wide = |letters: usize| format!("[your {}x]", "\u{e9}".repeat(letters));
    assert_found(&[&wide(27)]);
    assert_calm(&[&wide(28)]);
    // What could not be closed in time does not hide the next.
    assert_eq!(found(&format!("[{} [your amount]", "n".repeat(70))), "placeholder: `[your amount]`");
}

#[test]
fn what_the_prompt_holds_may_be_quoted() {
    let asked = Desk::asked("Why does it say {{name}} and [your amount] at the figures of this month?");
    let said = |piece: &str| asked.stopped(&format!("{CALM} {piece} and so on."));
    assert_eq!((said("{{name}}"), said("[your amount]")), (String::new(), String::new()));
    assert_eq!(
        (said("{{names}}").as_str(), said("{{name}} <your amount>").as_str()),
        ("placeholder", "placeholder")
    );
}

#[test]
fn lines_of_nothing_but_marks_are_hollow() {
    let hollow = |lines: &[&str]| Desk::bare().stopped(&lines.join("\n")).contains("placeholder");
    let said = "The figures of this month look as usual";
    for mark in ["TODO", "tbd", "N/A", "xxx", "placeholder", "To be done", "...", "-", "- TBD", "# todo"] {
        assert!(hollow(&[mark, mark, said]), "{mark}");
        assert!(!hollow(&[mark, said]), "{mark}");
        assert!(hollow(&[&format!("Costs: {mark}"), mark, said]), "{mark}");
    }
    assert!(hollow(&["1. TODO", "2. TODO", said]) && !hollow(&["1. TODO", said]));
    assert!(hollow(&["Costs:all: TODO", "TODO", said]) && !hollow(&["Costs: all: TODO", "TODO", said]));
    assert!(hollow(&["12.5 * TODO", "TODO", said]));
    assert!(!hollow(&["TODOS", "TODOS", "TODOS"]));
    assert!(!hollow(&["Costs:TODO", "Costs:TODO", said]));
    assert!(hollow(&["", "  ", "TODO", "", " TODO ", "\t", said]));
    assert!(!hollow(&["", "  ", "TODO", "", said, "\t"]));
    // Where brackets were looked for first, too.
    assert!(hollow(&["[TODO", "{ TODO", said]));
    assert!(!hollow(&[""]));
    let all = "TODO\nxxx";
    assert_eq!(Desk::bare().gates(all), "too short: `TODO xxx`; placeholder: `TODO xxx`");
}
