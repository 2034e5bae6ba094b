//! Canned answers: five words in a row that at least three other answers hold.

use crate::story::{Story, brief};
use goldenpath_history::{Expect, WitnessOf};

/// One run: who asks, what, and the answer.
type Told<'a> = (&'a str, Option<&'a str>, &'a str);

fn session(runs: &[Told<'_>]) -> Story {
    let mut story = Story::new();
    for user in ["ada", "bob", "cyd", "dan"] {
        story.connect(user);
    }
    for (place, (user, prompt, answer)) in runs.iter().enumerate() {
        let run = format!("run {place}");
        story.ask(user, &run, *prompt, Expect::default()).begin(&run).answer(&run, answer);
    }
    story
}

/// The verdict, and the mean share that was found.
fn said(runs: &[Told<'_>]) -> String {
    let check = session(runs).says("value/boilerplate");
    let verdict = brief(&check);
    let value = check.value.map_or("nothing".to_owned(), |value| format!("{value:.4}"));
    format!("{}, {value}", verdict.split(" [").next().unwrap())
}

fn words(of: &str, n: usize) -> String {
    (0..n).map(|i| format!("{of}x{i}")).collect::<Vec<_>>().join(" ")
}

/// The answers to so many different questions of one user.
fn answers(texts: &[String]) -> String {
    let prompts: Vec<String> = (0..texts.len()).map(|i| format!("question{i}")).collect();
    let runs: Vec<Told<'_>> = prompts
        .iter()
        .zip(texts)
        .map(|(prompt, text)| ("ada", Some(prompt.as_str()), text.as_str()))
        .collect();
    said(&runs)
}

/// So many answers that begin with the same words, and go on with their own.
fn alike(answers_alike: usize, same: usize, own: usize) -> Vec<String> {
    (0..answers_alike).map(|i| format!("{} {}", words("s", same), words(&format!("o{i}"), own))).collect()
}

#[test]
fn words_are_common_when_three_others_hold_them() {
    assert_eq!(answers(&alike(4, 9, 0)), "fails 0/4, 1.0000");
    assert_eq!(answers(&alike(3, 9, 0)), "passes 3/3, 0.0000");
    // Four of five words are no phrase of five.
    assert_eq!(answers(&alike(4, 4, 0)), "open (NoCoverage) 0/0, nothing");
    assert_eq!(answers(&alike(4, 5, 0)), "fails 0/4, 1.0000");
    let mut five = alike(4, 9, 0);
    five.push(words("z", 9));
    assert_eq!(answers(&five), "fails 1/5, 0.8000");
}

#[test]
fn half_of_an_answer_may_be_common() {
    assert_eq!(answers(&alike(4, 9, 5)), "passes 4/4, 0.5000");
    assert_eq!(answers(&alike(4, 9, 4)), "fails 0/4, 0.5556");
    let check = session(&[("ada", None, ""); 0]).says("value/boilerplate");
    assert_eq!((check.limit, check.value), (Some(0.5), None));
    // A phrase that an answer repeats is one phrase.
    let twice: Vec<String> =
        alike(4, 9, 0).iter().zip(alike(4, 0, 9)).map(|(same, own)| format!("{same} {same} {own}")).collect();
    assert_eq!(answers(&twice), "passes 4/4, 0.5000");
}

#[test]
fn findings_say_how_much_and_of_what() {
    let texts = alike(4, 9, 4);
    let prompts = ["q0", "q1", "q2", "q3"];
    let runs: Vec<Told<'_>> =
        texts.iter().zip(prompts).map(|(text, prompt)| ("ada", Some(prompt), text.as_str())).collect();
    let check = session(&runs).says("value/boilerplate");
    let second = &check.findings[1];
    assert_eq!(
        second.summary,
        "the answer to `ada` is mostly what others were told too: 56 % of its phrases"
    );
    assert_eq!(second.expected, "at most 50 % of its five-word phrases in 3 or more other answers");
    assert_eq!(second.observed, format!("56 %: `{}` (2 answers above 15 % so far)", texts[1]));
    assert_eq!(second.records, [19]);
    // What is above 15 % is worth a look: 5 of 33 phrases are, of 34 are not.
    let mut fewer = alike(4, 9, 0);
    fewer.insert(0, format!("{} {}", words("s", 9), words("own", 28)));
    // Three of twenty are just 15 %.
    fewer.insert(1, format!("{} {}", words("s", 7), words("just", 17)));
    fewer.insert(1, format!("{} {}", words("s", 9), words("many", 29)));
    let prompts: Vec<String> = (0..7).map(|i| format!("question{i}")).collect();
    let runs: Vec<Told<'_>> = fewer
        .iter()
        .zip(&prompts)
        .map(|(text, prompt)| ("ada", Some(prompt.as_str()), text.as_str()))
        .collect();
    let check = session(&runs).says("value/boilerplate");
    assert!(
        check.findings[0].observed.ends_with("(2 answers above 15 % so far)"),
        "{}",
        check.findings[0].observed
    );
}

#[test]
fn the_nouns_of_a_prompt_make_no_answer_its_own() {
    let filled = |nouns: &[&str; 4], prompts: &[&str; 4]| {
        let texts = nouns.map(|noun| format!("we looked at {noun} and found that {noun} is dear so far"));
        let runs: Vec<Told<'_>> =
            texts.iter().zip(prompts).map(|(text, prompt)| ("ada", Some(*prompt), text.as_str())).collect();
        said(&runs)
    };
    let nouns = ["tapes", "disks", "nodes", "lakes"];
    assert_eq!(filled(&nouns, &["my tapes", "my disks", "my nodes", "my lakes"]), "fails 0/4, 1.0000");
    assert_eq!(filled(&nouns, &["my lakes", "my tapes", "my disks", "my nodes"]), "passes 4/4, 0.0000");
    // Words of function are no nouns: the same ones stay as they are.
    assert_eq!(filled(&nouns, &["at that we", "is so far", "and found", "we dear"]), "passes 4/4, 0.0000");
}

#[test]
fn one_question_of_one_user_is_counted_once() {
    let text = words("s", 9);
    let asked = |users: [&str; 4], prompts: [Option<&str>; 4]| {
        let runs: Vec<Told<'_>> =
            users.into_iter().zip(prompts).map(|(user, prompt)| (user, prompt, text.as_str())).collect();
        said(&runs)
    };
    assert_eq!(asked(["ada"; 4], [Some("what of it"); 4]), "passes 4/4, 0.0000");
    assert_eq!(asked(["ada", "bob", "cyd", "dan"], [Some("what of it"); 4]), "fails 0/4, 1.0000");
    assert_eq!(asked(["ada"; 4], [Some("a1"), Some("b1"), Some("c1"), Some("d1")]), "fails 0/4, 1.0000");
    assert_eq!(asked(["ada"; 4], [None; 4]), "fails 0/4, 1.0000");
    // Three that count, and a repeated one: three others for it, two for each of them.
    assert_eq!(asked(["ada"; 4], [Some("a1"), Some("b1"), Some("c1"), Some("c1")]), "fails 3/4, 0.2500");
}

#[test]
fn of_a_long_answer_a_sample_must_be_sure() {
    // Three fifths of fifty phrases are common; of forty-eight, which all are looked at, that fails.
    let share = |same: usize, own: usize| answers(&alike(4, same, own));
    assert!(share(33, 19).starts_with("fails 0/4"), "{}", share(33, 19));
    assert!(share(33, 20).starts_with("passes 4/4"), "{}", share(33, 20));
    assert_eq!(share(60, 0), "fails 0/4, 1.0000");
    assert!(share(124, 20).starts_with("fails 0/4"));
}

#[test]
fn an_answer_counts_when_it_first_comes_to_its_owner() {
    let text = words("s", 9);
    let texts = [text.as_str(); 3];
    let runs: Vec<Told<'_>> =
        ["q0", "q1", "q2"].into_iter().zip(texts).map(|(prompt, text)| ("ada", Some(prompt), text)).collect();
    let mut story = session(&runs);
    story.ask("ada", "more", Some("q3"), Expect::default());
    let answer =
        story.event_text("more", "agent_completed", &serde_json::json!({ "final_response": words("t", 9) }));
    story.frame("ada", answer.clone()).frame("ada", answer);
    assert_eq!(story.says("value/boilerplate").of, 4);
    story.event_to("bob", "more", "agent_completed", serde_json::json!({ "final_response": text }));
    assert_eq!(brief(&story.says("value/boilerplate")), "passes 4/4");
}

#[test]
fn the_first_four_hundred_answers_are_shown() {
    let text = words("s", 9);
    let prompts: Vec<String> = (0..402).map(|i| format!("question{i}")).collect();
    let own: Vec<String> = (0..402)
        .map(|i| if [0, 1, 399, 400].contains(&i) { text.clone() } else { words(&format!("o{i}"), 5) })
        .collect();
    let runs: Vec<Told<'_>> = prompts
        .iter()
        .zip(&own)
        .map(|(prompt, text)| ("ada", Some(prompt.as_str()), text.as_str()))
        .collect();
    let findings = session(&runs).says("value/boilerplate").findings;
    assert_eq!(findings.len(), 4);
    assert!(findings[2].observed.starts_with("100 %: `sx0 sx1"), "{}", findings[2].observed);
    assert_eq!(findings[3].observed, "100 %");
}

/// Of more phrases than are kept in mind every second one is forgotten; what is left of an answer is a sample.
#[test]
fn so_many_phrases_that_some_are_forgotten_are_judged_by_the_others() {
    let many = (0..400_005).map(|i| i.to_string()).collect::<Vec<_>>().join(" ");
    let [text, few] = [words("s", 44), words("t", 8)];
    let prompts: Vec<String> = (0..9).map(|i| format!("question{i}")).collect();
    let answers = [&text, &text, &few, &few, &many, &text, &text, &few, &few];
    let runs: Vec<Told<'_>> = prompts
        .iter()
        .zip(answers)
        .map(|(prompt, text)| ("ada", Some(prompt.as_str()), text.as_str()))
        .collect();
    let mut story = session(&runs);
    story.history_mut().header.witness =
        Some(WitnessOf { check: "value/boilerplate".to_owned(), lines: Vec::new() });
    let check = story.says("value/boilerplate");
    let told = brief(&check);
    assert_eq!(told.split(" [").next(), Some("fails 1/5"));
    assert_eq!(check.value, Some(0.8));
}
