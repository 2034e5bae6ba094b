//! The judge beside a running session: sees every record as it is written, and can say in between whether the
//! category that just ended holds a failure.

use crate::progress::Meter;
use crate::session::ExecutionLog;
use crate::validate::{CategoryEnd, Progress};
use goldenpath_checkers::{Category, Judge, JudgeConfig, Judgement, Required, Verdict, check_info};
use goldenpath_harness::{Observer, Recorder};
use goldenpath_history::{Header, Record, RecordKind};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

/// The mark that closes a category; what lies before it belongs to the category.
const CATEGORY_END: &str = "category_end";
/// How long the writer may take to reach that mark.
const CATCH_UP: Duration = Duration::from_secs(10);

/// The judge of a running session.
#[derive(Debug, Clone)]
pub(crate) struct LiveJudge {
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    bench: Mutex<Bench>,
    caught_up: Condvar,
    header: Header,
    config: JudgeConfig,
    fail_fast: bool,
}

#[derive(Debug)]
struct Bench {
    whole: Option<Judge>,
    /// Judges the category under way alone, so that one failure can be enough.
    part: Option<Judge>,
    ended: Option<Category>,
}

impl LiveJudge {
    /// A judge of the session that `header` begins.
    pub(crate) fn new(header: &Header, config: JudgeConfig, fail_fast: bool) -> Self {
        let whole = Some(Judge::new(header, config.clone()));
        let bench = Mutex::new(Bench { whole, part: None, ended: None });
        let header = header.clone();
        Self { shared: Arc::new(Shared { bench, caught_up: Condvar::new(), header, config, fail_fast }) }
    }

    /// What the recorder calls with every record.
    pub(crate) fn observer(&self) -> Observer {
        let shared = Arc::clone(&self.shared);
        Box::new(move |line, record| shared.observe(line, record))
    }

    /// Says the verdicts on all that was seen; only once, after the recording has ended.
    pub(crate) fn finish(&self, complete: bool) -> Option<Judgement> {
        let mut judge = self.shared.bench().whole.take()?;
        if !complete {
            judge.mark_incomplete();
        }
        Some(judge.finish())
    }

    /// Waits until the recorder has reached the end of `category` and says whether it holds a failure.
    fn holds_failure(&self, category: Category, recorder: &Recorder) -> bool {
        recorder.mark(None, None, CATEGORY_END, Some(category.as_str().to_owned()));
        let bench = self.shared.bench();
        let waited =
            self.shared.caught_up.wait_timeout_while(bench, CATCH_UP, |bench| bench.ended != Some(category));
        let mut bench = waited.unwrap_or_else(PoisonError::into_inner).0;
        let part = bench.part.take();
        drop(bench);
        let blocks = |id: &str| check_info(id).is_some_and(|info| info.required != Required::Advice);
        part.is_some_and(|part| {
            part.finish().checks.iter().any(|check| check.verdict == Verdict::Fail && blocks(check.id))
        })
    }
}

impl Shared {
    fn bench(&self) -> MutexGuard<'_, Bench> {
        self.bench.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn observe(&self, line: u64, record: &Record<'_>) {
        let mut bench = self.bench();
        if self.fail_fast
            && let RecordKind::Mark { name, note: Some(note) } = &record.kind
            && let Ok(category) = note.parse::<Category>()
        {
            match name.as_ref() {
                "category" => {
                    let config = JudgeConfig { categories: vec![category], ..self.config.clone() };
                    bench.part = Some(Judge::new(&self.header, config));
                }
                CATEGORY_END => {
                    bench.ended = Some(category);
                    self.caught_up.notify_all();
                }
                _ => {}
            }
        }
        if let Some(judge) = &mut bench.whole {
            judge.observe(line, record);
        }
        if let Some(judge) = &mut bench.part {
            judge.observe(line, record);
        }
    }
}

/// Tells the screen and the log how far the drive is, and stops it after a failed category where asked to.
pub(crate) struct Watch {
    meter: Meter,
    log: ExecutionLog,
    /// With the recorder that the end of a category is marked by.
    fail_fast: Option<(LiveJudge, Recorder)>,
}

impl Watch {
    /// A watch; with a judge and a recorder, one failed category is enough.
    pub(crate) fn new(meter: Meter, log: ExecutionLog, fail_fast: Option<(LiveJudge, Recorder)>) -> Self {
        Self { meter, log, fail_fast }
    }
}

impl Progress for Watch {
    fn began(&self, category: Category, steps: u64) {
        self.meter.stage(category.as_str(), steps);
        self.log.line(&format!("{category}: began, about {steps} steps"));
    }

    fn step(&self) {
        self.meter.step();
    }

    fn ended(&self, category: Category, end: &CategoryEnd) {
        let how = match end {
            CategoryEnd::Ran => "done".to_owned(),
            CategoryEnd::Cut(why) => format!("cut off: {why}"),
            CategoryEnd::NotRun(why) => format!("not run: {why}"),
        };
        self.log.line(&format!("{category}: {how}"));
    }

    fn note(&self, text: &str) {
        self.log.line(text);
    }

    fn go_on(&self, after: Category) -> bool {
        match &self.fail_fast {
            Some((judge, recorder)) => !judge.holds_failure(after, recorder),
            None => true,
        }
    }
}
