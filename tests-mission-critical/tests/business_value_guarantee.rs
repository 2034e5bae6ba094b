//! An answer is worth its price: figures that tools computed, actions that can be taken, words for this question.

use crate::answers::{actions, computed};
use crate::backend::Backend;
use crate::driving::{Ran, Stage, kept};
use goldenpath_checkers::Verdict;
use std::collections::HashSet;

/// Three users ask the four known questions.
async fn three_users(stage: &Stage) -> Vec<Ran> {
    stage.everybody_asks(&stage.users(3), 1).await
}

/// Fails when one answer is junk, empty, canned, or holds no figures that its own tools computed.
#[tokio::test(flavor = "multi_thread")]
async fn every_execution_generates_value() {
    let backend = Backend::open().await;
    let ids = ["value/gates", "value/demands", "value/facts", "delivery/success-rate"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    for id in ids {
        seen.assert_all(id, runs.len());
    }
    for run in &runs {
        let (answer, amounts) = (seen.answer(run), computed(&seen, run));
        let used = amounts.iter().filter(|amount| answer.contains(*amount)).count();
        assert!(used >= 3, "{used} of the computed {amounts:?} are in: {answer}");
    }
}

/// Fails when an answer names fewer than three actions with their worth, or reads like the answer to another question.
#[tokio::test(flavor = "multi_thread")]
async fn substantive_and_actionable_content() {
    let backend = Backend::open().await;
    let ids = ["value/gates", "value/demands", "value/own-prompt", "value/boilerplate", "content/whole"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    seen.assert_all("value/demands", runs.len());
    let answers: Vec<String> = runs.iter().map(|run| seen.answer(run)).collect();
    assert_eq!(answers.iter().collect::<HashSet<_>>().len(), runs.len(), "one answer for two questions");
    for answer in &answers {
        assert!(answer.len() >= 300, "not substantive: {answer}");
        let actions = actions(answer);
        let worth = actions.iter().filter(|action| action.contains('$')).count();
        assert!(worth >= 3, "fewer than three actions with what they are worth: {answer}");
        assert_eq!(actions.iter().collect::<HashSet<_>>().len(), actions.len(), "an action twice: {answer}");
    }
}

/// Fails when too few runs were in order, on time and free of junk for a user to trust the chat and to go on with it.
#[tokio::test(flavor = "multi_thread")]
async fn satisfaction_through_event_analysis() {
    let backend = Backend::open().await;
    let ids = ["value/confidence", "value/continue", "delivery/success-rate", "sequence/five-in-order"];
    let (runs, seen) = kept(&backend, &ids, three_users).await;
    for (id, least) in [("value/confidence", 0.8), ("value/continue", 0.7), ("delivery/success-rate", 95.0)] {
        let check = seen.check(id);
        assert_eq!((check.limit, check.of), (Some(least), runs.len() as u64), "{check:?}");
        assert!(check.value.unwrap() >= least, "{check:?}");
    }
    // Nobody pretends to know the quality of a text without having asked a judge.
    assert_ne!(seen.check("value/quality").verdict, Verdict::Pass);
}
