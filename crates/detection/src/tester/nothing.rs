//! Nothing ran (V01), all was skipped (V02), what had to happen never did (V07).

use super::decided::{decided, facts, judged};
use super::sound::sound;
use super::{TesterVerdict, Trials};
use goldenpath_checkers::{CHECKS, Category, Judge, JudgeConfig};
use goldenpath_report::{CategoryRun, decide};
use goldenpath_simulator::{Resume, Scenario, simulate};

pub(super) const RAN: Trials = &[
    ("a history without a record", |seed| {
        let mut history = sound(seed);
        history.records.clear();
        decided(&history).outcome.into()
    }),
    ("users came and went and asked nothing", |seed| {
        let categories = ["functional", "integration", "performance", "security"];
        let scenario = Scenario::golden_path().users(3).runs(0).in_categories(categories);
        decided(&simulate(&scenario, seed)).outcome.into()
    }),
];

pub(super) const SKIPPED: Trials = &[
    ("no category ran", |seed| left_out(seed, false)),
    ("no category ran, and all were asked for", |seed| left_out(seed, true)),
    ("every check is said to be unobservable", |seed| {
        let history = sound(seed);
        let unseen = CHECKS.iter().map(|info| (info.id.to_owned(), "said so".to_owned())).collect();
        let config = JudgeConfig { not_observable: unseen, ..JudgeConfig::default() };
        let judgement = Judge::new(&history.header, config).judge_all(&history.records);
        decide(&judgement, &facts(&history), None).outcome.into()
    }),
];

fn left_out(seed: u64, asked: bool) -> TesterVerdict {
    let history = sound(seed);
    let mut facts = facts(&history);
    let run = |category| CategoryRun { asked, ..CategoryRun::left_out(category, "skipped") };
    facts.categories = Category::ALL.into_iter().map(run).collect();
    let mut judgement = judged(&history);
    // What is skipped is not judged either.
    judgement.checks.clear();
    decide(&judgement, &facts, None).outcome.into()
}

pub(super) const REPLAYED: Trials = &[("connections resumed, and nothing had been missed", |seed| {
    let resuming = Scenario::golden_path().users(3).resuming(Resume::WithoutGap);
    decided(&simulate(&resuming.in_categories(["resilience"]), seed)).outcome.into()
})];

#[cfg(test)]
mod tests {
    use super::super::decided::judged;
    use goldenpath_checkers::{Reason, Verdict};
    use goldenpath_simulator::{Resume, Scenario, simulate};

    /// What makes the trial of V07 inconclusive is that nothing was replayed.
    #[test]
    fn a_resume_is_judged_as_soon_as_it_replays() {
        for (resume, verdict) in
            [(Resume::MidRun, Verdict::Pass), (Resume::WithoutGap, Verdict::Inconclusive(Reason::NoCoverage))]
        {
            let scenario = Scenario::golden_path().users(3).resuming(resume).in_categories(["resilience"]);
            let judgement = judged(&simulate(&scenario, 1));
            let said = judgement.checks.iter().find(|check| check.id == "continuity/no-gap");
            assert_eq!(said.map(|check| &check.verdict), Some(&verdict), "{resume:?}");
        }
    }
}
