//! What nobody could answer, although the decision needs it: none of it ever approves.

use crate::facts::{Demand, Ending, RunFacts};
use crate::model::{CheckEntry, CheckVerdict, ComplianceCheck};
use goldenpath_checkers::{CHECKS, Judgement, Required};

/// Something required that nobody could answer: what, and what would answer it.
pub(crate) struct Open {
    pub(crate) what: String,
    pub(crate) action: String,
}

pub(crate) fn open_questions(checks: &[CheckEntry], judgement: &Judgement, facts: &RunFacts) -> Vec<Open> {
    let mut open: Vec<Open> = ending_question(&facts.ending).into_iter().collect();
    for run in facts.categories.iter().filter(|run| run.asked) {
        if let Some(why) = &run.not_run {
            open.push(Open {
                what: format!("category `{}` was asked for and did not run: {why}", run.category),
                action: format!("run `{}`, or leave it out and decide on a part", run.category),
            });
        }
    }
    if !checks.iter().any(|entry| matches!(entry.verdict, CheckVerdict::Pass | CheckVerdict::Fail)) {
        open.push(Open {
            what: "nothing was judged".to_owned(),
            action: "drive the target until at least one check has something to look at".to_owned(),
        });
    }
    open.extend(checks.iter().filter_map(|entry| unanswered(entry, facts)));
    if facts.demand == Demand::EveryRequiredCheck {
        open.extend(judgement.coverage.missing.iter().map(|what| Open {
            what: format!("never happened, and had to: {what}"),
            action: format!("make it happen: {what}"),
        }));
    }
    open
}

pub(crate) fn ending_question(ending: &Ending) -> Option<Open> {
    let (what, action) = match ending {
        Ending::Complete => return None,
        Ending::TimedOut => {
            ("the run's time was over (timed_out)".to_owned(), "raise `--timeout`, or make the target faster")
        }
        Ending::Interrupted => ("the run was interrupted".to_owned(), "run it to its end"),
        Ending::TargetUnavailable(how) => {
            (format!("the target was not available: {how}"), "start the target, check its address, run again")
        }
        Ending::CaptureIncomplete(what) => {
            (format!("the record is incomplete: {what} (capture_incomplete)"), "record the run again, whole")
        }
    };
    Some(Open { what, action: action.to_owned() })
}

fn unanswered(entry: &CheckEntry, facts: &RunFacts) -> Option<Open> {
    let always = CHECKS.iter().any(|info| info.id == entry.id && info.required == Required::Always);
    let ran =
        facts.categories.iter().any(|run| run.category.as_str() == entry.category && run.not_run.is_none());
    let demanded = facts.demand == Demand::EveryRequiredCheck;
    let blocks = match entry.verdict {
        CheckVerdict::Pass | CheckVerdict::Fail => false,
        CheckVerdict::Inconclusive => entry.required,
        CheckVerdict::NotObservable => always,
        CheckVerdict::NotRun => entry.required && ran && demanded,
    };
    let why = entry.reason.as_deref().unwrap_or("no reason given");
    blocks.then(|| Open {
        what: format!("`{}` could not be judged: {why}", entry.id),
        action: match why {
            "too_few_samples" => format!("`{}`: give it more runs or users", entry.id),
            "no_coverage" => {
                format!("`{}`: make what it judges happen (see `goldenpath explain {0}`)", entry.id)
            }
            "clock_uncertain" => {
                format!("`{}`: measure from a host with a shorter way to the target", entry.id)
            }
            "client_overloaded" => format!("`{}`: measure from an idle machine", entry.id),
            _ => format!("`{}`: have it judged ({why})", entry.id),
        },
    })
}

/// Rules whose check passed while the number they rest on is missing.
pub(crate) fn unmeasured_rules(checks: &[CheckEntry], compliance: &ComplianceCheck) -> Vec<Open> {
    let passed = |id: &str| checks.iter().any(|entry| entry.id == id && entry.verdict == CheckVerdict::Pass);
    let rules = [
        ("timing/delivery-latency", "average delivery latency", &compliance.checks.latency),
        ("delivery/success-rate", "success rate", &compliance.checks.success_rate),
    ];
    let missing = rules.into_iter().filter(|(id, _, rule)| passed(id) && rule.passed.is_none());
    missing
        .map(|(id, name, _)| Open {
            what: format!("the {name} is no number"),
            action: format!("`{id}`: measure it again"),
        })
        .collect()
}
