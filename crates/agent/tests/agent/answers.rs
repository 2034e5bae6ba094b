//! Answers hold figures of the run's own tools and differ between users and prompts.

use crate::run::{PROMPTS, analyst, answer, results, run, task};
use goldenpath_agent::{Step, TaskEnd};
use std::collections::{BTreeMap, BTreeSet};

#[tokio::test]
async fn an_answer_reads_like_this() {
    let (steps, answer) = answer(&analyst(), task("user-1", PROMPTS[0], "enterprise")).await;
    insta::assert_snapshot!("answer", answer.final_response);
    let thoughts: Vec<_> = steps
        .iter()
        .filter_map(|step| match step {
            Step::Thinking { agent, reasoning, .. } if agent == "analyst" => Some(reasoning.as_str()),
            _ => None,
        })
        .collect();
    insta::assert_snapshot!("thoughts", thoughts.join("\n"));
}

#[tokio::test]
async fn every_answer_ranks_actions_with_figures_of_its_own_tools() {
    let agent = analyst();
    for tier in ["free", "early", "mid", "enterprise"] {
        for prompt in PROMPTS {
            let (steps, answer) = answer(&agent, task("user-7", prompt, tier)).await;
            let text = &answer.final_response;
            assert!(
                !answer.degraded && answer.limitations.is_empty(),
                "{tier}, {prompt}: {:?}",
                answer.limitations
            );
            assert!((700..=3000).contains(&text.len()), "{tier}: {} characters\n{text}", text.len());
            let numbered =
                |line: &&str| line.split_once(". ").is_some_and(|(rank, _)| rank.parse::<u8>().is_ok());
            let ranked: Vec<_> = text.lines().filter(numbered).collect();
            let ranking = results(&steps, "recommendation_ranker");
            let actions = ranking[0]["actions"].as_array().unwrap();
            assert!(ranked.len() >= 3 && ranked.len() == actions.len(), "{text}");
            for (line, action) in ranked.iter().zip(actions) {
                assert!(line.contains(action["resource"].as_str().unwrap()), "{line}");
                assert!(line.contains('$'), "{line}");
            }
            assert!(!text.contains(prompt) && !text.contains(['{', '}', '<', '>']), "{text}");
            assert!(!text.contains("Reference:"));
        }
    }
}

#[tokio::test]
async fn money_in_an_answer_comes_from_tool_results() {
    let (steps, answer) = answer(&analyst(), task("user-3", PROMPTS[1], "enterprise")).await;
    let told: String = steps
        .iter()
        .filter_map(|step| match step {
            Step::ToolCompleted { outcome: Ok(found), .. } => Some(serde_json::to_string(found).unwrap()),
            _ => None,
        })
        .collect();
    for figure in answer.final_response.split('$').skip(1) {
        let figure: String = figure.chars().take_while(|c| c.is_ascii_digit() || ".,".contains(*c)).collect();
        let figure = figure.trim_end_matches(['.', ',']).replace(',', "");
        let figure = figure.trim_end_matches('0').trim_end_matches('.');
        assert!(told.contains(figure), "${figure} in no result");
    }
}

#[tokio::test]
async fn the_same_question_gets_the_same_answer() {
    let one = answer(&analyst(), task("user-1", PROMPTS[2], "mid")).await.1;
    let two = answer(&analyst(), task("user-1", PROMPTS[2], "mid")).await.1;
    assert_eq!(one, two);
}

#[tokio::test]
async fn the_reference_is_quoted_only_where_asked_for() {
    let prompt =
        "Optimize my AI costs and quote the reference.\nReference: gp-00112233445566778899aabbccddeeff";
    let (_, end) = run(&analyst(), task("user-1", prompt, "free")).await;
    let TaskEnd::Completed(answer) = end else { panic!("{end:?}") };
    assert!(answer.final_response.ends_with("Reference: gp-00112233445566778899aabbccddeeff"));
}

/// The share of an answer's five-word shingles that three or more other answers hold too.
#[tokio::test]
async fn answers_of_twenty_users_share_little_text() {
    let agent = analyst();
    let mut answers = Vec::new();
    for user in 0..20 {
        for (at, prompt) in PROMPTS.iter().enumerate() {
            let message = format!("{prompt}\nReference: gp-{:032x}", user * 4 + at);
            let tier = ["free", "early", "mid", "enterprise"][user % 4];
            let (_, answer) = answer(&agent, task(&format!("user-{user}"), &message, tier)).await;
            answers.push((*prompt, answer.final_response));
        }
    }
    let shingles: Vec<BTreeSet<String>> =
        answers.iter().map(|(prompt, text)| shingles(prompt, text)).collect();
    let mut held: BTreeMap<&str, usize> = BTreeMap::new();
    for shingle in shingles.iter().flatten() {
        *held.entry(shingle).or_default() += 1;
    }
    let mut worst = (0.0, 0);
    let mut sum = 0.0;
    for (at, mine) in shingles.iter().enumerate() {
        let shared = mine.iter().filter(|shingle| held[shingle.as_str()] >= 4).count();
        let share = shared as f64 / mine.len() as f64;
        sum += share;
        if share > worst.0 {
            worst = (share, at);
        }
    }
    let mean = sum / shingles.len() as f64;
    let mut common: Vec<_> = held.iter().filter(|(_, count)| **count >= 4).collect();
    common.sort_by(|left, right| right.1.cmp(left.1));
    common.truncate(20);
    assert!(worst.0 < 0.15, "worst {:.3}, mean {mean:.3}\n{}\n{common:#?}", worst.0, answers[worst.1].1);
}

fn shingles(prompt: &str, text: &str) -> BTreeSet<String> {
    let words = |text: &str| {
        let lower = text.to_lowercase();
        lower
            .split(|c: char| !c.is_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect::<Vec<_>>()
    };
    let masked: BTreeSet<_> = words(prompt).into_iter().collect();
    let words: Vec<_> = words(text)
        .into_iter()
        .map(|word| if masked.contains(&word) { "_".to_owned() } else { word })
        .collect();
    words.windows(5).map(|window| window.join(" ")).collect()
}
