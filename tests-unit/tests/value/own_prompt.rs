//! Answers that fit another prompt of the session better than their own.

use crate::story::{Story, brief};
use goldenpath_history::Expect;

const OTHER: &str = "gp-0f0e0d0c0b0a09080706050403020100";

/// So many words that only prompt `of` holds.
fn words(of: &str, range: std::ops::Range<usize>) -> String {
    range.map(|i| format!("{of}x{i}")).collect::<Vec<_>>().join(" ")
}

/// A session of one user: prompts, each with its answer or none. All are asked before the first is answered.
fn session(runs: &[(&str, &str)]) -> Story {
    let mut story = Story::new();
    story.connect("ada");
    for (place, (prompt, _)) in runs.iter().enumerate() {
        story.ask("ada", &format!("run {place}"), Some(prompt), Expect::default());
    }
    for (place, (_, answer)) in runs.iter().enumerate().filter(|(_, (_, answer))| !answer.is_empty()) {
        story.begin(&format!("run {place}")).answer(&format!("run {place}"), answer);
    }
    story
}

/// What is said, and of each finding why.
fn said(runs: &[(&str, &str)]) -> String {
    let check = session(runs).says("value/own-prompt");
    let whys = check
        .findings
        .iter()
        .map(|finding| format!(" {}", finding.summary.split_once("another prompt: ").unwrap().1));
    let counts = brief(&check);
    format!("{}{}", counts.split(" [").next().unwrap(), whys.collect::<String>())
}

/// One answer to the first of two prompts, of so many words each.
fn answered(own: usize, others: usize, answer: &str) -> String {
    let (own, others) = (words("p", 0..own), words("q", 0..others));
    said(&[(&own, answer), (&others, "")])
}

const BETTER: &str = "fails 0/1 it fits `";

#[test]
fn half_of_the_words_more_than_of_its_own_prompt_is_another_answer() {
    assert_eq!(answered(6, 6, &words("q", 0..3)), format!("{BETTER}{}` better", words("q", 0..6)));
    assert_eq!(answered(6, 7, &words("q", 0..3)), "passes 1/1");
    assert_eq!(answered(6, 4, &words("q", 0..2)), "passes 1/1", "two words are chance");
    let both = |own: usize, others: usize| {
        answered(8, 8, &format!("{} {}", words("q", 0..others), words("p", 0..own)))
    };
    assert!(both(2, 6).starts_with(BETTER) && both(4, 8).starts_with(BETTER));
    assert_eq!((both(3, 6), both(2, 5)), ("passes 1/1".to_owned(), "passes 1/1".to_owned()));
    assert_eq!(answered(6, 6, &words("p", 0..3)), "passes 1/1");
}

#[test]
fn prompts_that_share_most_words_ask_the_same() {
    let pair = |shared: usize, own: usize, others: usize| {
        let own = format!("{} {}", words("s", 0..shared), words("p", shared..own));
        let rest = words("q", shared..others);
        said(&[(&own, &rest), (&format!("{} {rest}", words("s", 0..shared)), "")])
    };
    assert!(pair(6, 10, 10).starts_with(BETTER));
    assert_eq!(pair(7, 10, 10), "passes 1/1");
    assert_eq!(pair(7, 10, 12), "passes 1/1", "most of the shorter one's words");
    assert_eq!(pair(7, 12, 10), "passes 1/1", "most of the shorter one's words");
    assert_eq!(said(&[("of the and", &words("q", 0..6)), (&words("q", 0..6), "")]), "passes 1/1");
}

#[test]
fn only_words_of_content_tell_prompts_apart() {
    let asked = "\u{6771}\u{4eac}\u{306e}\u{8cbb}\u{7528}";
    assert_eq!(said(&[(&words("p", 0..6), asked), (asked, "")]), "passes 1/1");
    assert_eq!(said(&[(&words("p", 0..6), "the of and to"), ("the of and to", "")]), "passes 1/1");
    assert_eq!(
        said(&[(&words("p", 0..6), "11 22 33"), ("11 22 33", "")]),
        format!("{BETTER}11 22 33` better")
    );
}

#[test]
fn what_a_third_of_the_answers_say_unasked_is_everybodys() {
    let [p, q] = ["p", "q"].map(|of| words(of, 0..6));
    let told = words("q", 0..3);
    let of = |others: usize, telling: usize| {
        let prompts: Vec<String> = (0..others).map(|i| words(&format!("o{i}"), 0..4)).collect();
        let answers: Vec<String> = prompts
            .iter()
            .enumerate()
            .map(|(i, prompt)| if i < telling { format!("{prompt} {told}") } else { prompt.clone() })
            .collect();
        let mut runs = vec![(p.as_str(), told.as_str()), (q.as_str(), q.as_str())];
        runs.extend(prompts.iter().map(String::as_str).zip(answers.iter().map(String::as_str)));
        said(&runs)
    };
    assert!(of(3, 0).starts_with("fails 4/5 it fits"));
    assert!(of(3, 1).starts_with("fails 4/5 it fits"));
    assert_eq!(of(3, 2), "passes 5/5");
    assert_eq!(of(2, 1), "passes 4/4");
    assert!(of(6, 2).starts_with("fails 7/8 it fits"));
    assert_eq!(of(6, 3), "passes 8/8");
}

/// Answers to the first prompts say words of the other's, those behind it do not, or the other way round.
#[test]
fn what_is_common_is_known_at_the_end() {
    let [p, q] = ["p", "q"].map(|of| words(of, 0..7));
    let others = |tell: &[bool], said_by_all: &str| -> Vec<(String, String)> {
        tell.iter()
            .enumerate()
            .map(|(i, telling)| {
                let prompt = words(&format!("o{i}{telling}"), 0..4);
                let answer = if *telling { format!("{prompt} {said_by_all}") } else { prompt.clone() };
                (prompt, answer)
            })
            .collect()
    };
    let told = |before: &[bool], behind: &[bool], suspect: &str, said_by_all: &str| {
        let (before, behind) = (others(before, said_by_all), others(behind, said_by_all));
        let mut runs: Vec<(&str, &str)> =
            before.iter().map(|(prompt, answer)| (prompt.as_str(), answer.as_str())).collect();
        runs.extend([(p.as_str(), suspect), (q.as_str(), "")]);
        runs.extend(behind.iter().map(|(prompt, answer)| (prompt.as_str(), answer.as_str())));
        said(&runs)
    };
    let four = words("q", 0..4);
    // Common for two answers, but not for six more.
    assert!(told(&[true; 2], &[false; 6], &four, &four).contains("it fits"));
    assert!(told(&[true; 3], &[], &four, &four).starts_with("passes"));
    // A word that it does not hold counts, common or not: three of seven are too few.
    assert!(told(&[true; 3], &[], &words("q", 0..3), &words("q", 6..7)).starts_with("passes"));
}

#[test]
fn the_same_text_answers_one_prompt() {
    let [p, q] = ["p", "q"].map(|of| words(of, 0..4));
    let eight = "so it is and so it will be";
    let word_for_word = "word for word it answered another prompt before";
    assert_eq!(said(&[(&p, eight), (&q, eight)]), format!("fails 1/2 {word_for_word}"));
    assert_eq!(
        said(&[(&p, eight), (&q, "So, it is; and so it WILL be!")]),
        format!("fails 1/2 {word_for_word}")
    );
    assert_eq!(said(&[(&p, eight), (&q, "so it is and so it be will")]), "passes 2/2");
    assert_eq!(said(&[(&p, "so it is and so it will"), (&q, "so it is and so it will")]), "passes 2/2");
    assert_eq!(said(&[(&p, eight), (&p, eight)]), "passes 2/2");
    let finding = session(&[(&p, eight), (&q, eight)]).says("value/own-prompt").findings.remove(0);
    assert_eq!(finding.records, [6, 10, 13]);
    assert_eq!(finding.expected, format!("an answer to `{q}`"));
    assert_eq!(finding.observed, format!("`{eight}`"));
    assert_eq!(
        finding.summary,
        format!("run `{}` of `ada` answers another prompt: {word_for_word}", crate::story::id("run 1"))
    );
    let better = session(&[(&p, &q), (&q, "")]).says("value/own-prompt").findings.remove(0);
    assert_eq!(better.records, [4, 10]);
    // The answer is where it first came.
    let mut again = session(&[(&p, ""), (&q, "")]);
    again.begin("run 0");
    let answer = again.event_text("run 0", "agent_completed", &serde_json::json!({ "final_response": q }));
    let line = again.line() + 1;
    again.frame("ada", answer.clone()).frame("ada", answer);
    assert_eq!(again.says("value/own-prompt").findings[0].records, [4, line]);
    // What comes third is held against the first.
    assert_eq!(said(&[(&p, eight), (&q, eight), (&p, eight)]), format!("fails 2/3 {word_for_word}"));
}

#[test]
fn another_prompts_reference_is_proof() {
    let p = words("p", 0..4);
    let quoting = format!("{p} and {OTHER}");
    let why = format!("it quotes `{OTHER}`, another prompt's reference");
    assert_eq!(said(&[(&p, &quoting)]), format!("fails 0/1 {why}"));
    let own = |reference: Option<&str>, answer: &str| {
        let mut story = Story::new();
        story
            .connect("ada")
            .ask_quoting("ada", "run", Some(&p), reference, Expect::default())
            .begin("run")
            .answer("run", answer);
        brief(&story.says("value/own-prompt")).split(" [").next().unwrap().to_owned()
    };
    assert_eq!(own(Some(OTHER), &quoting), "passes 1/1");
    assert_eq!(own(Some(&OTHER.replace('f', "e")), &quoting), "fails 0/1");
    // References are no words: without them it is the same prompt and the same text.
    let eight = "so it is and so it will be";
    let q = words("q", 0..4);
    for (with, without) in [
        (format!("{p}{OTHER}"), p.clone()),
        (format!("{p}\nReference: {OTHER}\n{q}"), format!("{p}\n{q}")),
        (format!("Reference: {OTHER}\n{q}"), q.clone()),
    ] {
        assert_eq!(said(&[(&with, eight), (&without, eight)]), "passes 2/2", "{with}");
    }
}

#[test]
fn two_hundred_and_fifty_six_prompts_are_kept() {
    let prompts: Vec<String> = (0..257).map(|i| words(&format!("p{i}"), 0..3)).collect();
    let answering = |place: usize, with: usize| {
        let mut runs: Vec<(&str, &str)> = prompts.iter().map(|prompt| (prompt.as_str(), "")).collect();
        runs[place].1 = &prompts[with];
        said(&runs)
    };
    assert_eq!(answering(0, 255), format!("{BETTER}{}` better", prompts[255]));
    assert_eq!(answering(0, 256), "passes 1/1");
    assert_eq!(answering(256, 0), "passes 1/1");
}

#[test]
fn runs_without_a_prompt_or_of_others_are_not_judged() {
    let mut story = Story::new();
    story.connect("ada").connect("bob");
    story.ask("ada", "run", None, Expect::default()).begin("run").answer("run", "so it is");
    assert_eq!(brief(&story.says("value/own-prompt")), "open (NoCoverage) 0/0");
    let [p, q] = ["p", "q"].map(|of| words(of, 0..6));
    let mut other = Story::new();
    other.connect("ada").connect("bob").ask("ada", "a", Some(&p), Expect::default());
    other.ask("bob", "b", Some(&q), Expect::default()).begin("a");
    let mut leaked = |to: &str| {
        other.event_to(to, "a", "agent_completed", serde_json::json!({ "final_response": q }));
        brief(&other.says("value/own-prompt"))
    };
    assert_eq!(leaked("bob"), "open (NoCoverage) 0/0");
    assert!(leaked("ada").starts_with("fails 0/1"));
    // The first of two answers is the answer.
    assert!(leaked("ada").starts_with("fails 0/1"));
}
