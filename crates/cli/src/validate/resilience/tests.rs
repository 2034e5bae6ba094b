//! Parts against the embedded backend, and against one that breaks what they show.

use super::TrialPart;
use crate::serve::EmbeddedBackend;
use crate::validate::{CategoryEnd, Plan, Quiet, drive};
use goldenpath_checkers::{Category, Judge, JudgeConfig, Judgement, Verdict};
use goldenpath_faults::{Plan as FaultPlan, Proxy, fault_info};
use goldenpath_harness::{Auth, MintSettings, Minter, Recording, Session, Target};
use goldenpath_history::Header;
use rstest::rstest;
use std::sync::Arc;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

const RETURNS: [TrialPart; 10] = [
    TrialPart::MidRun,
    TrialPart::Twice,
    TrialPart::EndsWhileAway,
    TrialPart::WrongPoint,
    TrialPart::UnreadablePoint,
    TrialPart::ForeignPoint,
    TrialPart::DuringReplay,
    TrialPart::Displaced,
    TrialPart::BehindAcks,
    TrialPart::SecondTab,
];

/// Drives the parts, with a fault in between if there is one, and judges what came.
async fn judged(parts: &[TrialPart], fault: Option<&str>, seed: u64) -> Judgement {
    let backend = EmbeddedBackend::start().await.unwrap();
    let mut between = FaultPlan::aware(seed);
    if let Some(row) = fault {
        between = between.fault(fault_info(row).unwrap());
    }
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let proxy = Proxy::start(listener, &backend.url(), between).await.unwrap();
    let minter = Minter::new(MintSettings::default(), backend.secret()).unwrap();
    let recording = Recording::in_memory().unwrap();
    let target = Target::new(&proxy.ws_url()).unwrap();
    let session = Session::new(target, Auth::mint(minter), recording.recorder());
    let categories = vec![Category::Resilience];
    let plan = Plan { users: 2, trials: parts.to_vec(), categories: categories.clone(), ..Plan::new(seed) };
    let end = drive(plan, session, Arc::new(Quiet), CancellationToken::new()).await;
    assert_eq!(end.categories, [(Category::Resilience, CategoryEnd::Ran)]);
    proxy.stop().await;
    backend.end().await;
    let header = Header::new("resilience", "ws://127.0.0.1/ws", "goldenpath");
    let config = JudgeConfig { categories, ..JudgeConfig::default() };
    Judge::new(&header, config).judge_all(&recording.finish().unwrap().records)
}

fn failed(judgement: &Judgement) -> Vec<&str> {
    judgement.checks.iter().filter(|check| check.verdict == Verdict::Fail).map(|check| check.id).collect()
}

#[tokio::test]
async fn what_comes_back_to_a_backend_that_keeps_its_promises_is_whole() {
    let judgement = judged(&RETURNS, None, 1).await;
    assert_eq!(failed(&judgement), [""; 0], "{:?}", judgement.checks);
    for check in judgement.checks.iter().filter(|check| check.id.starts_with("continuity/")) {
        assert_eq!(check.verdict, Verdict::Pass, "{check:?}");
    }
}

#[rstest]
#[case::restarted("R01", "continuity/same-run")]
#[case::from_the_start("R02", "continuity/no-double")]
#[case::skipped("R03", "continuity/no-gap")]
#[case::off_by_one("R04", "continuity/no-gap")]
#[case::another_epoch("R07", "continuity/epoch")]
#[case::never_noted("R09", "continuity/no-double")]
#[case::seam("R10", "continuity/no-gap")]
#[tokio::test]
async fn a_resume_that_breaks_its_promise_is_found(#[case] fault: &str, #[case] owner: &str) {
    let judgement = judged(&RETURNS, Some(fault), 1).await;
    assert!(failed(&judgement).contains(&owner), "{fault}: {:?}", failed(&judgement));
}

#[rstest]
#[case::lost_again(TrialPart::DuringReplay, "R04", "continuity/no-gap")]
#[case::further_back(TrialPart::DuringReplay, "R09", "continuity/no-double")]
#[case::replaced(TrialPart::Displaced, "R03", "continuity/no-gap")]
#[case::acknowledged(TrialPart::BehindAcks, "R03", "continuity/no-gap")]
#[case::foreign(TrialPart::ForeignPoint, "R07", "continuity/epoch")]
#[tokio::test]
async fn each_way_back_shows_its_broken_promise_alone(
    #[case] part: TrialPart,
    #[case] fault: &str,
    #[case] owner: &str,
) {
    let judgement = judged(&[part], Some(fault), 1).await;
    assert!(failed(&judgement).contains(&owner), "{fault}: {:?}", failed(&judgement));
}

#[tokio::test]
async fn a_second_tab_that_costs_the_first_one_its_place_is_found() {
    let judgement = judged(&[TrialPart::SecondTab], Some("W06"), 1).await;
    assert!(failed(&judgement).contains(&"connection/close-codes"), "{:?}", failed(&judgement));
}
