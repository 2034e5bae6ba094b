//! Backends that give back what they took, and one that does not.

use crate::fixture::{judged_with, verdict};
use crate::{Category, JudgeConfig, Reason, Verdict};
use goldenpath_history::{Header, Record, RecordKind};
use goldenpath_simulator::History;
use rstest::rstest;

fn says(name: &'static str, values: &[f64], id: &str) -> Verdict {
    let sample = |(at, value): (u64, &f64)| Record {
        t_ns: at * 1_000_000_000,
        conn: None,
        user: None,
        kind: RecordKind::Sample { name: name.into(), value: *value },
    };
    let records = (0..).zip(values).map(sample).collect();
    let history = History { header: Header::new("s", "t", "goldenpath"), records };
    let config = JudgeConfig { categories: vec![Category::Stress], ..JudgeConfig::default() };
    verdict(&judged_with(&history, config), id).clone()
}

fn memory(megabytes: impl Fn(f64) -> f64) -> Vec<f64> {
    (0..60).map(|at| megabytes(f64::from(at)) * 1e6).collect()
}

const MEMORY: &str = "process_resident_memory_bytes";

#[rstest]
#[case::warms_up(memory(|at| 80.0 + at.min(15.0) * 10.0), Verdict::Pass)]
#[case::leaks(memory(|at| 80.0 + at * 10.0), Verdict::Fail)]
#[case::too_short(vec![1e6, 2e6], Verdict::Inconclusive(Reason::TooFewSamples))]
#[case::none(vec![], Verdict::Inconclusive(Reason::NoCoverage))]
fn memory_comes_to_a_plateau(#[case] samples: Vec<f64>, #[case] verdict: Verdict) {
    assert_eq!(says(MEMORY, &samples, "resources/memory-plateau"), verdict);
}

#[rstest]
#[case(&[100e6, 599e6, 120e6], Verdict::Pass)]
#[case(&[100e6, 601e6, 120e6], Verdict::Fail)]
#[case(&[100e6, f64::NAN], Verdict::Inconclusive(Reason::TooFewSamples))]
fn memory_grows_no_further_than_its_limit(#[case] samples: &[f64], #[case] verdict: Verdict) {
    assert_eq!(says(MEMORY, samples, "resources/memory-growth"), verdict);
}

#[rstest]
#[case(&[40.0, 900.0, 44.0], Verdict::Pass)]
#[case(&[40.0, 900.0, 140.0], Verdict::Fail)]
fn descriptors_are_given_back(#[case] samples: &[f64], #[case] verdict: Verdict) {
    assert_eq!(says("process_open_fds", samples, "resources/descriptors"), verdict);
}
