//! The streaming checks against a plain reading of their promises: a checker that holds the whole history in lists, and states
//! each promise as its sentence does, judges the same generated histories.
//!
//! `session` and `faults` make a history from a [`Plan`], a few numbers that proptest draws and shrinks. `sequence` to `timing`
//! are the plain checks; they share only the records with those of the crate. What they leave open is said where they do.
//! `disagreements` keeps the histories of which the two once said different things.
//! `PROPTEST_CASES` says how many histories, `DIFFERENTIAL_SEED` which (`scripts/differential.sh`: a hundred thousand).

mod content;
mod delivery;
mod disagreements;
mod faults;
mod isolation;
mod plan;
mod reading;
mod said;
mod sequence;
mod session;
mod story;
pub(crate) mod tallies;
mod timestamps;
mod timing;

use goldenpath_checkers::{Category, Judge, JudgeConfig, Judgement, Verdict};
use goldenpath_history::{Header, Record};
use plan::{Plan, plan};
use proptest::test_runner::{Config, RngAlgorithm, TestCaseError, TestRng, TestRunner};
use reading::Reading;
use said::Said;
use std::cell::RefCell;
use std::collections::BTreeMap;
use tallies::Tallies;

/// Histories, unless `PROPTEST_CASES` says otherwise.
const CASES: u32 = 1_000;

/// A check, as plainly as its sentence.
type Plainly = fn(&Reading) -> Said;

const PLAINLY: &[(&str, Plainly)] = &[
    ("sequence/five-in-order", sequence::five_in_order),
    ("sequence/tool-pairs", sequence::tool_pairs),
    ("sequence/one-terminal", sequence::one_terminal),
    ("sequence/nothing-after-terminal", sequence::nothing_after_terminal),
    ("sequence/terminal-true", sequence::terminal_true),
    ("sequence/seq-dense", sequence::seq_dense),
    ("sequence/after-request", sequence::after_request),
    ("content/json", content::json),
    ("content/text-frames", content::text_frames),
    ("content/schema", content::schema),
    ("content/meaningful", content::meaningful),
    ("timestamps/present", timestamps::present),
    ("timestamps/format", timestamps::format),
    ("timestamps/in-session", timestamps::in_session),
    ("timestamps/monotone", timestamps::monotone),
    ("delivery/request-answered", delivery::request_answered),
    ("delivery/no-loss", delivery::no_loss),
    ("delivery/unique-ids", delivery::unique_ids),
    ("delivery/one-run-per-request", delivery::one_run_per_request),
    ("delivery/tabs-agree", delivery::tabs_agree),
    ("delivery/deltas-concatenate", delivery::deltas_concatenate),
    ("timing/agent-started", |history| timing::limit(history, "agent-started")),
    ("timing/first-event", |history| timing::limit(history, "first-event")),
    ("timing/agent-thinking", |history| timing::limit(history, "agent-thinking")),
    ("timing/tool-executing", |history| timing::limit(history, "tool-executing")),
    ("timing/tool-completed", |history| timing::limit(history, "tool-completed")),
    ("timing/agent-completed", |history| timing::limit(history, "agent-completed")),
    ("timing/whole-answer", |history| timing::limit(history, "whole-answer")),
    ("timing/silence", |history| timing::limit(history, "silence")),
    ("timing/cold-start", timing::cold_start),
    ("isolation/run-owner", isolation::run_owner),
    ("isolation/canary", isolation::canary),
    ("isolation/identity", isolation::identity),
    ("isolation/thread", isolation::thread),
];

fn records(plan: &Plan) -> Vec<Record<'static>> {
    let mut items = session::session(plan);
    for fault in &plan.faults {
        faults::apply(&mut items, fault);
    }
    items.into_iter().map(session::Item::record).collect()
}

fn judge(records: &[Record<'static>]) -> Judgement {
    #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
    let t0_unix_ms = Some(session::T0_MS as f64);
    let auth_mode = Some("mint".to_owned());
    let header = Header {
        t0_unix_ms,
        auth_mode,
        ..Header::new("generated", "ws://generated.invalid/ws", "goldenpath")
    };
    let config = JudgeConfig { categories: Category::ALL.to_vec(), ..JudgeConfig::default() };
    let mut judge = Judge::new(&header, config);
    for (line, record) in (2..).zip(records) {
        judge.observe(line, record);
    }
    judge.finish()
}

fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Pass => "pass",
        Verdict::Fail => "fail",
        Verdict::Inconclusive(_) => "inconclusive",
        Verdict::NotObservable(_) | Verdict::NotRun(_) => "not judged",
    }
}

/// How often each check said what, and how often it was not compared.
type Counts = BTreeMap<(&'static str, &'static str), u64>;

/// Where the two differ on one history.
fn differences(records: &[Record<'static>], counts: &mut Counts, tallies: &mut Tallies) -> Vec<String> {
    let reading = Reading::of(records);
    let judgement = judge(records);
    tallies.add(&judgement);
    let mut differences = Vec::new();
    for (id, plainly) in PLAINLY {
        let mut said = plainly(&reading);
        // Where nothing was asked, nothing of a run is owed.
        said.unbacked |= id.starts_with("sequence/") && reading.requests.is_empty();
        if said.open || reading.is_out_of_line() {
            *counts.entry((id, "not compared")).or_default() += 1;
            continue;
        }
        let Some(check) = judgement.checks.iter().find(|check| check.id == *id) else {
            differences.push(format!("{id}: no check of that name"));
            continue;
        };
        let (streaming, plain) = (word(&check.verdict), said.word());
        *counts.entry((id, streaming)).or_default() += 1;
        // When the capture lost records nothing passes; what they explain is the crate's own matter.
        let agree = if reading.lost { streaming != "pass" } else { streaming == plain };
        if !agree {
            let found =
                check.findings.first().map(|finding| (&finding.summary, &finding.observed, &finding.records));
            let why = said.broken.first();
            differences.push(format!("{id}: streaming {streaming} {found:?}, plainly {plain} {why:?}"));
        }
    }
    differences
}

/// Equal seeds draw equal histories.
fn rng(seed: u64) -> TestRng {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&seed.to_le_bytes());
    TestRng::from_seed(RngAlgorithm::ChaCha, &bytes)
}

#[test]
fn streaming_checks_agree_with_a_plain_reading_of_their_promises() {
    let asked = std::env::var("PROPTEST_CASES").ok();
    let cases = asked.map_or(CASES, |cases| cases.parse().expect("`PROPTEST_CASES` is a number"));
    let seed = std::env::var("DIFFERENTIAL_SEED").ok();
    let seed: u64 = seed.map_or(0, |seed| seed.parse().expect("`DIFFERENTIAL_SEED` is a number"));
    let config = Config { cases, failure_persistence: None, ..Config::default() };
    let mut runner = TestRunner::new_with_rng(config, rng(seed));
    let (counts, tallies) = (RefCell::new(Counts::new()), RefCell::new(Tallies::default()));
    let outcome = runner.run(&plan(), |plan| {
        let records = records(&plan);
        let found = differences(&records, &mut counts.borrow_mut(), &mut tallies.borrow_mut());
        if found.is_empty() {
            return Ok(());
        }
        Err(TestCaseError::fail(format!("{}\n{}", found.join("\n"), story::of(&records))))
    });
    let counts = counts.into_inner();
    let of = |id, word| counts.get(&(id, word)).copied().unwrap_or_default();
    for (id, _) in PLAINLY {
        let [pass, fail, rest, open] =
            ["pass", "fail", "inconclusive", "not compared"].map(|word| of(*id, word));
        println!("{id:32} pass {pass:7} fail {fail:7} inconclusive {rest:7} not compared {open:6}");
    }
    println!("{cases} histories of seed {seed}");
    assert!(outcome.is_ok(), "{}", outcome.err().map(|why| why.to_string()).unwrap_or_default());
    for (id, _) in PLAINLY {
        assert!(
            of(*id, "pass") > 0 && of(*id, "fail") > 0,
            "{id} never passed, or never failed: not compared"
        );
    }
    if (cases, seed) == (CASES, 0) {
        insta::assert_snapshot!("tallies", tallies.into_inner());
    }
}
