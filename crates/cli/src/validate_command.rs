//! `validate`: configuration → target → recording, judged as it grows → decision → documents → exit code.

use crate::args::{Format, GlobalArgs, ValidateArgs};
use crate::calibration::Calibration;
use crate::clock::rfc3339;
use crate::config::{self, Environment, Length, Settings};
use crate::exit::{CommandError, Exit};
use crate::failure::last_words;
use crate::interrupt::{ENDING, Interrupt};
use crate::live::{LiveJudge, Watch};
use crate::output::Output;
use crate::progress::Meter;
use crate::session::{ExecutionLog, HISTORY, REPORT, SessionFolder};
use crate::target::{Reached, reach, scenarios};
use crate::validate::{CategoryEnd, DRIVEN, DriveEnd, OwnTarget, Plan, Stop, TrialPart, drive};
use crate::witnesses::{Source, witness};
use goldenpath_checkers::{Category, JudgeConfig};
use goldenpath_harness::{AuthMode, Recording, Session, SessionClock};
use goldenpath_history::{HISTORY_VERSION, Header};
use goldenpath_report::{
    CategoryRun, Decision, Demand, Ending, Outcome, Report, RunFacts, decide, formats, read_baseline,
};
use serde_json::{Map, Value, json};
use std::collections::BTreeMap;
use std::future::Future;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use time::OffsetDateTime;
use tokio_util::sync::CancellationToken;

/// How much longer than its time-out a drive may take to end, before it is left where it is.
const GRACE: Duration = Duration::from_secs(15);

/// Validates a target and says how it came out.
pub(crate) async fn validate(
    args: &ValidateArgs,
    global: &GlobalArgs,
    environment: &Environment,
    output: &Output,
) -> Result<Exit, CommandError> {
    let interrupt = Interrupt::listen(*output, ENDING)?;
    let config = config::load(global.config.as_deref(), environment)?;
    let settings = config::resolve_validate(args, &config, environment)?;
    let baseline = settings.baseline.as_deref().map(|path| baseline(path, &settings)).transpose()?;
    let scenarios = scenarios(&settings.chosen)?;
    let calibration = Calibration::begin()?;
    let reached = reach(&settings.chosen, environment).await?;
    calibration.held()?;
    let folder = SessionFolder::create(&settings.chosen.output_dir, OffsetDateTime::now_utc())?;
    let run = Run::new(&settings, &reached, &folder);
    run.announce(output, &folder.log());
    let plan = run.plan(scenarios, &reached);
    let driven = run.drive(plan, reached, global, &folder, interrupt.token()).await?;
    let mut judgement = driven
        .judge
        .finish(driven.incomplete.is_none())
        .ok_or_else(|| CommandError::Bug("the session was judged twice".to_owned()))?;
    let source = Source::File(saved_history(folder.path()));
    let stories = witness(&mut judgement, &run.header, &run.judge_config(), &source, Some(&folder), output);
    let mut facts = run.facts(&driven);
    let mut decision = decide(&judgement, &facts, baseline.as_ref());
    decision.report.stories.clone_from(&stories);
    let said = &decision.report.deployment_decision.reason;
    folder.log().line(&format!("{}: {said}", decision.outcome.as_str()));
    let path = folder.path().to_owned();
    let kept = folder.write_documents(&decision.report).and_then(|()| folder.close());
    // An approval that nobody can look up is none; what was found is said even when there is no room to keep it.
    if let (Err(why), Ending::Complete) = (&kept, &facts.ending) {
        facts.ending = Ending::CaptureIncomplete(why.to_string());
        decision = decide(&judgement, &facts, baseline.as_ref());
        decision.report.stories = stories;
    }
    let Decision { outcome, report } = decision;
    say(&report, outcome, &path, output)?;
    let kept = kept.map_or_else(
        |why| {
            output.note(&format!("error: {why}"));
            why.exit()
        },
        |_| Exit::Approved,
    );
    let exit = Exit::from(outcome).worse(kept);
    Ok(match driven.end.stop {
        Some(Stop::Broke(_)) => Exit::Bug,
        _ => exit,
    })
}

fn baseline(path: &Path, settings: &Settings) -> Result<Report, CommandError> {
    let refuse = |why: &dyn std::fmt::Display| {
        CommandError::Usage(format!("failed to use the baseline `{}`: {why}", path.display()))
    };
    let text = std::fs::read_to_string(path).map_err(|why| refuse(&why))?;
    read_baseline(&text, &settings.chosen.profile, settings.chosen.users).map_err(|why| refuse(&why))
}

/// What cannot be seen of a target: nobody stops one that serves others, and an issuer's tokens hold as long as it says.
fn not_observable(asked: &[Category], ours: bool, auth: &AuthMode) -> BTreeMap<String, String> {
    let mut hidden = BTreeMap::new();
    let mut hide = |id: &str, why: &str| drop(hidden.insert(id.to_owned(), why.to_owned()));
    if !ours && asked.contains(&Category::Resilience) {
        hide("connection/drain", "the target is not ours to stop");
    }
    if let AuthMode::OAuth(issuer) = auth
        && asked.contains(&Category::Security)
    {
        hide("auth/expiry", "the issuer decides how long its tokens hold");
        if !issuer.takes_revocations() {
            hide("auth/revocation", "the issuer does not say where tokens are revoked");
        }
    }
    hidden
}

/// Where the history of a session lies, finished or not.
fn saved_history(folder: &Path) -> PathBuf {
    let whole = folder.join(HISTORY);
    if whole.exists() { whole } else { folder.join(format!("{HISTORY}.partial")) }
}

/// What is said at the end: the report, what to do next, the one line that counts.
fn say(report: &Report, outcome: Outcome, path: &Path, output: &Output) -> Result<(), CommandError> {
    let history = saved_history(path);
    match output.format() {
        Format::Json => {
            output.document(&formats::json(report).map_err(|why| CommandError::Bug(why.to_string()))?);
        }
        Format::Text => output.text(&formats::text(report)),
    }
    let kept = path.join(REPORT);
    output.text(&if kept.exists() { format!("\nreport    {}\n", kept.display()) } else { "\n".to_owned() });
    if outcome != Outcome::Approved {
        let again = format!("goldenpath check {}", history.display());
        output.text(&last_words(report, history.exists().then_some(history.as_path()), Some(path), &again));
    }
    output.text(&format!("{}\n", formats::last_line(report)));
    Ok(())
}

/// A run with everything decided.
struct Run<'a> {
    settings: &'a Settings,
    header: Header,
    clock: SessionClock,
    begun: Instant,
    timestamp: String,
    asked: Vec<Category>,
    users: u32,
    target: String,
    auth_mode: &'static str,
}

/// What is left when a drive has ended.
struct Driven {
    end: DriveEnd,
    judge: LiveJudge,
    incomplete: Option<String>,
    took: Duration,
}

impl<'a> Run<'a> {
    fn new(settings: &'a Settings, reached: &Reached, folder: &SessionFolder) -> Self {
        let asked = settings.categories.clone().unwrap_or_else(|| {
            Category::ALL.into_iter().filter(|category| *category != Category::Stress).collect()
        });
        let driven = asked.iter().filter(|category| DRIVEN.contains(category));
        let clock = SessionClock::start();
        let header = Header {
            history: HISTORY_VERSION,
            session_id: folder.id().to_owned(),
            target: reached.target.safe_url(),
            profile: settings.chosen.profile.clone(),
            seed: settings.chosen.seed,
            limits: settings.limits.clone(),
            t0_unix_ms: Some(clock.t0_unix_ms()),
            auth_mode: Some(reached.auth.mode.name().to_owned()),
            categories: driven.map(|category| category.as_str().to_owned()).collect(),
            sla: settings.sla,
            not_observable: not_observable(&asked, reached.embedded.is_some(), &reached.auth.mode),
            witness: None,
        };
        // Fewer tokens than users: then there are as many users as tokens.
        let users = match &reached.auth.mode {
            AuthMode::Token(tokens) => {
                settings.chosen.users.min(u32::try_from(tokens.len()).unwrap_or(u32::MAX))
            }
            AuthMode::OAuth(issuer) => {
                settings.chosen.users.min(u32::try_from(issuer.issued().len()).unwrap_or(u32::MAX))
            }
            AuthMode::None | AuthMode::Mint(_) => settings.chosen.users,
        };
        Self {
            settings,
            header,
            clock,
            begun: Instant::now(),
            timestamp: rfc3339(OffsetDateTime::now_utc()),
            asked,
            users,
            target: reached.target.safe_url(),
            auth_mode: reached.auth.mode.name(),
        }
    }

    fn announce(&self, output: &Output, log: &ExecutionLog) {
        let said = format!(
            "{} · {} · {} user(s) · seed {}",
            self.settings.chosen.environment, self.target, self.users, self.settings.chosen.seed
        );
        log.line(&said);
        output.note(&said);
    }

    fn plan(&self, scenarios: Vec<goldenpath_harness::Scenario>, reached: &Reached) -> Plan {
        let mut plan = Plan::new(self.settings.chosen.seed);
        plan.own = reached.embedded.clone().map(|embedded| embedded as Arc<dyn OwnTarget>);
        if plan.own.is_none() {
            plan.trials.retain(|part| *part != TrialPart::Drain);
        }
        plan.users = self.users as usize;
        plan.categories.clone_from(&self.asked);
        plan.scenarios = scenarios;
        plan.timeout = self.settings.chosen.timeout;
        if self.settings.length == Length::Nightly {
            plan.measured_runs = plan.measured_runs.max(5_000);
            plan.measured_time = plan.measured_time.max(Duration::from_secs(600));
        }
        if self.settings.sla {
            // 99.9 % is claimed from 10 000 events on; the shortest run has about a dozen.
            plan.measured_runs = plan.measured_runs.max(1_000);
            plan.measured_time = plan.measured_time.max(Duration::from_secs(180));
        }
        plan
    }

    fn judge_config(&self) -> JudgeConfig {
        let driven = |asked: &Category| DRIVEN.contains(asked);
        let categories = self.asked.iter().copied().filter(driven).collect();
        JudgeConfig { categories, ..JudgeConfig::default() }
    }

    async fn drive(
        &self,
        plan: Plan,
        reached: Reached,
        global: &GlobalArgs,
        folder: &SessionFolder,
        cancel: CancellationToken,
    ) -> Result<Driven, CommandError> {
        let judge = LiveJudge::new(&self.header, self.judge_config(), self.settings.fail_fast);
        let history = folder.path().join(HISTORY);
        let recording = Recording::start_at(self.clock, &self.header, Some(&history), Some(judge.observer()))
            .map_err(|why| CommandError::Outside(why.to_string()))?;
        let Reached { target, auth, embedded } = reached;
        let fail_fast = self.settings.fail_fast.then(|| (judge.clone(), recording.recorder()));
        let meter = Meter::new(global.ci_mode);
        let watch = Arc::new(Watch::new(meter.clone(), folder.log(), fail_fast));
        let session = Session::new(target, auth, recording.recorder());
        let bound = plan.timeout.saturating_add(GRACE);
        let stop = bounded(bound, drive(plan, session, watch, cancel)).await;
        let end = stop.unwrap_or_else(|stop| {
            // It could not say so itself; without the mark the target would be blamed for what we left.
            let mark = if stop == Stop::TimedOut { "timed_out" } else { "interrupted" };
            recording.recorder().mark(None, None, mark, None);
            self.stopped(&stop)
        });
        meter.finish();
        if let Some(embedded) = embedded {
            embedded.end().await;
        }
        let incomplete = match recording.finish() {
            Ok(finished) if finished.lost > 0 => Some(format!("{} record(s) were lost", finished.lost)),
            Ok(_) => None,
            Err(why) => Some(why.to_string()),
        };
        if let Some(why) = &incomplete {
            folder.log().line(why);
        }
        Ok(Driven { end, judge, incomplete, took: self.begun.elapsed() })
    }

    /// The end of a drive that did not end itself.
    fn stopped(&self, stop: &Stop) -> DriveEnd {
        let cut = |category: &Category| (*category, CategoryEnd::Cut(stop.to_string()));
        DriveEnd { categories: self.asked.iter().map(cut).collect(), stop: Some(stop.clone()) }
    }

    fn facts(&self, driven: &Driven) -> RunFacts {
        let chosen = &self.settings.chosen;
        let ending = match (&driven.end.stop, &driven.incomplete) {
            (Some(Stop::Interrupted), _) => Ending::Interrupted,
            (Some(Stop::TimedOut), _) => Ending::TimedOut,
            (Some(Stop::TargetUnavailable(why)), _) => Ending::TargetUnavailable(why.clone()),
            (Some(stop @ Stop::Broke(_)), _) => Ending::CaptureIncomplete(stop.to_string()),
            (Some(Stop::FailFast(_)) | None, Some(why)) => Ending::CaptureIncomplete(why.clone()),
            (Some(Stop::FailFast(_)) | None, None) => Ending::Complete,
        };
        RunFacts {
            session_id: self.header.session_id.clone(),
            timestamp: self.timestamp.clone(),
            duration_seconds: driven.took.as_secs_f64(),
            target_environment: chosen.environment.clone(),
            target: self.target.clone(),
            profile: chosen.profile.clone(),
            seed: chosen.seed,
            users: self.users,
            configuration: self.configuration(),
            categories: Category::ALL
                .into_iter()
                .map(|category| self.category(category, &driven.end))
                .collect(),
            demand: Demand::EveryRequiredCheck,
            sla: self.settings.sla,
            ending,
        }
    }

    fn category(&self, category: Category, end: &DriveEnd) -> CategoryRun {
        if !self.asked.contains(&category) {
            return CategoryRun::left_out(category, "it was not asked for");
        }
        let ended = end.categories.iter().find(|(ended, _)| *ended == category).map(|(_, end)| end);
        let not_run = match ended {
            Some(CategoryEnd::Ran | CategoryEnd::Cut(_)) => None,
            Some(CategoryEnd::NotRun(why)) => Some(why.clone()),
            None => Some("the run ended before it".to_owned()),
        };
        // Without `--categories` a run is asked for what exists; what does not is left out, and said.
        let exists = DRIVEN.contains(&category);
        CategoryRun { category, asked: exists || self.settings.categories.is_some(), not_run }
    }

    fn configuration(&self) -> Map<String, Value> {
        let settings = self.settings;
        let asked: Vec<&str> = self.asked.iter().map(|category| category.as_str()).collect();
        let value = json!({
            "categories": asked,
            "timeout_seconds": settings.chosen.timeout.as_secs(),
            "limits": settings.limits,
            "fail_fast": settings.fail_fast,
            "sla": settings.sla,
            "duration": if settings.length == Length::Nightly { "nightly" } else { "short" },
            "auth_mode": self.auth_mode,
            "baseline": settings.baseline.as_ref().map(|path| path.display().to_string()),
        });
        value.as_object().cloned().unwrap_or_default()
    }
}

/// Runs `work` on a task of its own; says what stopped it when it did not end in time, or not by itself.
async fn bounded<T: Send + 'static>(
    bound: Duration,
    work: impl Future<Output = T> + Send + 'static,
) -> Result<T, Stop> {
    let mut working = tokio::spawn(work);
    match tokio::time::timeout(bound, &mut working).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(why)) => Err(Stop::Broke(panic_words(why))),
        Err(_) => {
            working.abort();
            Err(Stop::TimedOut)
        }
    }
}

fn panic_words(why: tokio::task::JoinError) -> String {
    let Ok(panic) = why.try_into_panic() else { return "a task ended early".to_owned() };
    let text = panic.downcast_ref::<&str>().map(|text| (*text).to_owned());
    text.or_else(|| panic.downcast_ref::<String>().cloned()).unwrap_or_else(|| "a panic".to_owned())
}

#[cfg(test)]
mod tests {
    use super::bounded;
    use crate::validate::Stop;
    use std::time::Duration;

    const SOON: Duration = Duration::from_secs(10);

    #[tokio::test]
    async fn work_that_ends_is_what_it_was() {
        assert_eq!(bounded(SOON, async { 7 }).await, Ok(7));
    }

    #[tokio::test]
    async fn work_that_panics_is_our_bug_and_says_how() {
        let broke = bounded(SOON, async { std::panic::resume_unwind(Box::new("out of cheese")) });
        assert_eq!(broke.await, Err::<(), _>(Stop::Broke("out of cheese".to_owned())));
    }

    #[tokio::test]
    async fn work_that_does_not_end_is_left() {
        assert_eq!(bounded(Duration::ZERO, std::future::pending::<()>()).await, Err(Stop::TimedOut));
    }
}
