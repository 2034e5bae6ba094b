//! Drives a target through the chosen categories. It only acts and waits; every verdict is a fold over what was recorded.
//!
//! The seed fixes users, prompts, request ids and order; times are the target's. A step that does not come
//! about is noted and the plan goes on: the history holds what is needed to judge it.

mod end;
mod plan;
mod stage;

mod functional;
mod integration;
mod performance;
mod resilience;
mod security;

mod expiry;
pub(crate) mod foreign;
mod own;
pub(crate) mod revocation;
pub(crate) mod stored;
pub(crate) mod tokens;

pub use end::{CategoryEnd, DriveEnd, Stop};
pub use own::{Doing, OwnTarget};
pub use plan::{Plan, Progress, Quiet};
pub use resilience::TrialPart;
pub(crate) use resilience::readers;
pub(crate) use stage::{ANSWER, Stage, Trouble};

pub(crate) use expiry::Expiry;
use goldenpath_checkers::Category;
use goldenpath_harness::{AuthMode, Canary, Sampler, Session};
use resilience::Vigil;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// The categories that this version can drive a target through.
pub(crate) const DRIVEN: [Category; 5] = [
    Category::Functional,
    Category::Integration,
    Category::Performance,
    Category::Resilience,
    Category::Security,
];

/// The categories as they are driven: the one that may stop the target comes last.
const ORDER: [Category; 6] = [
    Category::Functional,
    Category::Integration,
    Category::Performance,
    Category::Security,
    Category::Stress,
    Category::Resilience,
];

/// Between two looks at the target's memory.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// Drives the plan's categories, one after the other, until they are done, time is up, or somebody cancels.
pub async fn drive(
    plan: Plan,
    session: Session,
    progress: Arc<dyn Progress>,
    cancel: CancellationToken,
) -> DriveEnd {
    let deadline = Instant::now() + plan.timeout;
    let recorder = session.recorder().clone();
    let minted = matches!(session.auth().mode, AuthMode::Mint(_));
    let stage = Stage::new(plan, session, progress.clone());
    let canary = Canary::start(recorder.clone());
    let _sampler = stage.probe().map(|probe| Sampler::start(probe.clone(), recorder.clone(), SAMPLE_EVERY));
    let secured = stage.plan().categories.contains(&Category::Security);
    // A token's end and its grace take half a minute, so they pass beside everything else.
    let mut expiry = (secured && minted).then(|| Expiry::begin(&stage));
    // And so do silent peers.
    let resilient = stage.plan().categories.contains(&Category::Resilience);
    let mut vigil = resilient.then(|| Vigil::begin(&stage));
    let mut end = DriveEnd::default();

    for category in ORDER.into_iter().filter(|category| stage.plan().categories.contains(category)) {
        if let Some(stop) = &end.stop {
            end.categories.push((category, CategoryEnd::NotRun(stop.to_string())));
            continue;
        }
        let Some(steps) = steps(category, &stage) else {
            end.categories.push((category, CategoryEnd::NotRun("this version makes no load yet".to_owned())));
            continue;
        };
        recorder.mark(None, None, "category", Some(category.as_str().to_owned()));
        progress.began(category, steps);
        let outcome = tokio::select! {
            biased;
            () = cancel.cancelled() => Err(Stop::Interrupted),
            () = tokio::time::sleep_until(deadline) => Err(Stop::TimedOut),
            done = run(category, &stage, &mut expiry, &mut vigil) => match (done, stage.turned_away()) {
                (Err(why), _) | (Ok(()), Some(why)) => Err(Stop::TargetUnavailable(why)),
                (Ok(()), None) => Ok(()),
            },
        };
        let done = match outcome {
            Ok(()) => CategoryEnd::Ran,
            Err(stop) => {
                let mark = match &stop {
                    Stop::TimedOut => Some("timed_out"),
                    Stop::Interrupted => Some("interrupted"),
                    _ => None,
                };
                if let Some(mark) = mark {
                    recorder.mark(None, None, mark, Some(category.as_str().to_owned()));
                }
                let cut = CategoryEnd::Cut(stop.to_string());
                end.stop = Some(stop);
                cut
            }
        };
        progress.ended(category, &done);
        end.categories.push((category, done));
        // Whether to go on is judged by what was recorded up to here.
        canary.sample();
        if end.stop.is_none() && !progress.go_on(category) {
            end.stop = Some(Stop::FailFast(category));
        }
    }
    end.categories.sort_by_key(|(category, _)| Category::ALL.iter().position(|known| known == category));
    end
}

/// How many steps a category takes; `None` when this version cannot run it.
fn steps(category: Category, stage: &Stage) -> Option<u64> {
    match category {
        Category::Functional => Some(functional::steps(stage)),
        Category::Integration => Some(integration::steps(stage)),
        Category::Performance => Some(performance::steps(stage)),
        Category::Security => Some(security::steps(stage)),
        Category::Resilience => Some(resilience::steps(stage)),
        Category::Stress => None,
    }
}

async fn run(
    category: Category,
    stage: &Stage,
    expiry: &mut Option<Expiry>,
    vigil: &mut Option<Vigil>,
) -> Result<(), String> {
    match category {
        Category::Functional => functional::run(stage).await,
        Category::Integration => integration::run(stage).await,
        Category::Performance => performance::run(stage).await,
        Category::Security => security::run(stage, expiry.take()).await,
        Category::Resilience => resilience::run(stage, vigil.take()).await,
        Category::Stress => Ok(()),
    }
}
