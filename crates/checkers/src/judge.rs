//! The judge: reads each record once, shows it to every check, and says the verdicts.

#[cfg(test)]
mod tests;

use crate::at_sight::AtSight;
use crate::catalogue::{CHECKS, Category, CheckInfo, check_info};
use crate::check::Check;
use crate::coverage::CoverageFold;
use crate::groups;
use crate::index::Index;
use crate::metrics::MetricsFold;
use crate::observation::RunIx;
use crate::read_ahead::ReadRecord;
use crate::slo::Slo;
use crate::verdict::{CheckResult, Judgement, Reason, Verdict};
use goldenpath_history::{Header, Record};
use goldenpath_protocol::EventType;
use std::collections::{BTreeMap, BTreeSet};
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Checks that find what lies between records: a record that we missed there looks as if the target had failed.
const EXPLAINED_BY_HOLES: &[&str] = &[
    "sequence/terminal-true",
    "sequence/seq-dense",
    "sequence/after-request",
    "delivery/no-loss",
    "delivery/tabs-agree",
    "delivery/deltas-concatenate",
    "delivery/stream-equals-store",
    "timing/first-event",
    "timing/agent-thinking",
    "timing/tool-executing",
    "timing/silence",
    "timing/streamed",
    "timing/cold-start",
    "timing/durations-true",
    "continuity/same-run",
    "continuity/no-gap",
    "continuity/gap-signalled",
    "continuity/terminal-arrives",
    "continuity/completed-replays",
    "connection/close-codes",
    "connection/heartbeat",
    "connection/drain",
    "connection/slow-reader",
    "connection/reliability",
    "resources/contained",
    "resources/recovers",
    "load/fairness",
    "load/explicit-refusal",
];

/// Checks that take several connections, or a request beside them, for one user's: a target that asks for no token
/// cannot.
const ONE_USER_SEVERAL_CONNECTIONS: &[&str] = &[
    "delivery/tabs-agree",
    "delivery/stream-equals-store",
    "isolation/identity",
    "isolation/foreign-access",
    "continuity/same-run",
    "continuity/no-gap",
    "continuity/no-double",
    "continuity/gap-signalled",
    "continuity/epoch",
    "continuity/completed-replays",
];

/// What to judge, and how strictly.
#[derive(Debug, Clone)]
pub struct JudgeConfig {
    /// The categories asked for. Empty: the header's; if those are empty too, [`JudgeConfig::JUDGED`].
    pub categories: Vec<Category>,
    /// The limits. [`Judge::new`] lays the header's over the catalogue's; these win over both.
    pub limits: BTreeMap<String, f64>,
    /// Whether response limits mean anything: not for a capture of unknown make.
    pub judge_timing: bool,
    /// Checks that the profile or the authentication mode makes impossible to see, with why.
    pub not_observable: BTreeMap<String, String>,
    /// Critical events that the profile declares absent.
    pub absent_events: Vec<EventType>,
    /// Whether the target quotes references when asked.
    pub quotes_reference: bool,
    /// Whether the history was read to its end, unbroken; see also [`Judge::mark_incomplete`].
    pub complete: bool,
}

impl JudgeConfig {
    /// The categories that a history is judged by unless somebody asks for others.
    pub const JUDGED: [Category; 5] = [
        Category::Functional,
        Category::Integration,
        Category::Performance,
        Category::Resilience,
        Category::Security,
    ];

    /// Those of [`JudgeConfig::JUDGED`] that a history need not show unless somebody asks for them: where nobody made a
    /// connection go away, nothing is said about its return.
    pub const IF_SHOWN: [Category; 1] = [Category::Resilience];
}

impl Default for JudgeConfig {
    fn default() -> Self {
        Self {
            categories: Vec::new(),
            limits: BTreeMap::new(),
            judge_timing: true,
            not_observable: BTreeMap::new(),
            absent_events: Vec::new(),
            quotes_reference: true,
            complete: true,
        }
    }
}

/// What checks are made from: the configuration with everything decided.
#[derive(Debug, Clone)]
pub struct Terms {
    /// The limits in force.
    pub slo: Slo,
    /// The categories judged.
    pub categories: Vec<Category>,
    /// Those of them that nobody asked for: a check of theirs that finds nothing to look at is not run.
    pub if_shown: Vec<Category>,
    /// Whether response limits mean anything.
    pub judge_timing: bool,
    /// Checks that can't be seen on this target, with why.
    pub not_observable: BTreeMap<String, String>,
    /// Critical events that the profile declares absent.
    pub absent_events: Vec<EventType>,
    /// Whether the target quotes references when asked.
    pub quotes_reference: bool,
    /// How tokens were had, as the header says.
    pub auth_mode: Option<String>,
    /// Whether 99.9 % delivery is required.
    pub sla: bool,
    /// The session's seed, for checks that sample.
    pub seed: u64,
    /// The one check that is judged, where the history is a witness of it.
    pub witness: Option<String>,
}

struct Bench {
    check: Option<Box<dyn Check + Send>>,
    ids: &'static [&'static str],
}

/// Judges one history, record by record.
#[must_use = "a judge says nothing until it is asked to `finish`"]
pub struct Judge {
    index: Index,
    checks: Vec<Bench>,
    coverage: CoverageFold,
    metrics: MetricsFold,
    config: JudgeConfig,
    terms: Terms,
}

impl std::fmt::Debug for Judge {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Judge").field("terms", &self.terms).finish_non_exhaustive()
    }
}

impl Judge {
    /// A judge of the history that `header` begins.
    pub fn new(header: &Header, mut config: JudgeConfig) -> Self {
        if header.auth_mode.as_deref() == Some("none") {
            for id in ONE_USER_SEVERAL_CONNECTIONS {
                let why = "without tokens the target cannot know whose a connection is";
                config.not_observable.entry((*id).to_owned()).or_insert_with(|| why.to_owned());
            }
        }
        for (id, why) in &header.not_observable {
            config.not_observable.entry(id.clone()).or_insert_with(|| why.clone());
        }
        let mut slo = Slo::with_overrides(&header.limits);
        slo.apply(&config.limits);
        let mut categories = config.categories.clone();
        if categories.is_empty() {
            categories = header.categories.iter().filter_map(|name| name.parse().ok()).collect();
        }
        let mut if_shown = Vec::new();
        if categories.is_empty() {
            categories = JudgeConfig::JUDGED.to_vec();
            if_shown = JudgeConfig::IF_SHOWN.to_vec();
        }
        let witness = header.witness.as_ref().map(|of| of.check.clone());
        if let Some(info) = witness.as_deref().and_then(check_info) {
            categories = vec![info.category];
        }
        let terms = Terms {
            slo,
            categories,
            if_shown,
            judge_timing: config.judge_timing,
            not_observable: config.not_observable.clone(),
            absent_events: config.absent_events.clone(),
            quotes_reference: config.quotes_reference,
            auth_mode: header.auth_mode.clone(),
            sla: header.sla,
            seed: header.seed,
            witness,
        };
        let mut judge = Self {
            index: Index::new(header.t0_unix_ms),
            checks: Vec::new(),
            coverage: CoverageFold::default(),
            metrics: MetricsFold::default(),
            config,
            terms,
        };
        let checks = match &judge.terms.witness {
            Some(id) => groups::of_check(&judge.terms, id),
            None => groups::all(&judge.terms),
        };
        for check in checks {
            judge.add(check);
        }
        judge
    }

    /// Adds a check of one's own for ids of the catalogue; of two verdicts for one id the worse wins.
    pub fn add(&mut self, check: Box<dyn Check + Send>) {
        let ids = check.ids();
        self.checks.push(Bench { check: Some(check), ids });
    }

    /// The limits, categories and modes in force.
    #[must_use]
    pub fn terms(&self) -> &Terms {
        &self.terms
    }

    /// Says that records are missing from here on, between others that may follow: what a hole explains is no
    /// evidence from now on. What was judged before stands.
    pub fn mark_incomplete(&mut self) {
        let next = self.index.last_line().saturating_add(1);
        let trouble = self.index.trouble_mut();
        trouble.incomplete = true;
        trouble.first_hole.get_or_insert(next);
    }

    /// Says that the history ends early: what would have come after its end is no evidence, and nothing passes.
    /// What lies before it is whole and is judged as ever.
    pub fn mark_cut(&mut self) {
        self.index.trouble_mut().cut = true;
    }

    /// Takes in the record of one line (the header is line 1).
    pub fn observe(&mut self, line: u64, record: &Record<'_>) {
        self.take_in(line, record, &AtSight::of(&record.kind));
    }

    /// Takes in a record that was read ahead.
    pub fn observe_read(&mut self, read: &ReadRecord<'_>) {
        match &read.at_sight {
            None => self.observe(read.line, &read.record),
            Some(at_sight) => self.take_in(read.line, &read.record, at_sight),
        }
    }

    pub(crate) fn take_in<'a>(&mut self, line: u64, record: &'a Record<'a>, at_sight: &'a AtSight<'a>) {
        let observation = self.index.take_in(line, record, at_sight);
        self.coverage.observe(&observation, &self.index);
        self.metrics.observe(&observation, &self.index);
        for bench in &mut self.checks {
            bench.guarded(|check| check.observe(&observation, &self.index));
        }
        while let Some(run) = self.index.next_to_settle(record.t_ns) {
            self.settle(run);
        }
    }

    fn settle(&mut self, run: RunIx) {
        if let Some(view) = self.index.run(run) {
            for bench in &mut self.checks {
                bench.guarded(|check| check.run_settled(run, view, &self.index));
            }
        }
        self.index.settle(run);
    }

    /// Takes in every record of a history that is whole and at hand, the first of them at line 2, and says the verdicts.
    #[must_use]
    pub fn judge_all<'a, 'r: 'a>(mut self, records: impl IntoIterator<Item = &'a Record<'r>>) -> Judgement {
        for (line, record) in (2..).zip(records) {
            self.observe(line, record);
        }
        self.finish()
    }

    /// Says the verdicts: one per row of the catalogue, in its order.
    #[must_use]
    pub fn finish(mut self) -> Judgement {
        self.index.trouble_mut().incomplete |= !self.config.complete;
        for run in self.index.unsettled() {
            self.settle(run);
        }
        let mut results: Vec<CheckResult> = Vec::new();
        let mut panicked = BTreeSet::new();
        for bench in self.checks {
            let index = &self.index;
            let said =
                bench.check.and_then(|check| catch_unwind(AssertUnwindSafe(|| check.finish(index))).ok());
            match said {
                Some(said) => results.extend(said),
                None => panicked.extend(bench.ids),
            }
        }
        let (coverage, unbacked) = self.coverage.finish(&self.terms);
        let ruling = Ruling {
            config: &self.config,
            terms: &self.terms,
            index: &self.index,
            panicked: &panicked,
            unbacked: &unbacked,
        };
        let checks: Vec<CheckResult> = CHECKS.iter().map(|info| ruling.rule(info, &mut results)).collect();
        let metrics = self.metrics.finish(&self.index, &checks);
        Judgement { checks, coverage, metrics }
    }
}

impl Bench {
    /// Calls the check; one that panics is never called again.
    fn guarded(&mut self, call: impl FnOnce(&mut dyn Check)) {
        if let Some(check) = &mut self.check
            && catch_unwind(AssertUnwindSafe(|| call(check.as_mut()))).is_err()
        {
            self.check = None;
        }
    }
}

/// Turns what the checks said into what is reported.
struct Ruling<'a> {
    config: &'a JudgeConfig,
    terms: &'a Terms,
    index: &'a Index,
    panicked: &'a BTreeSet<&'static str>,
    unbacked: &'a [&'static str],
}

impl Ruling<'_> {
    fn rule(&self, info: &'static CheckInfo, results: &mut Vec<CheckResult>) -> CheckResult {
        let limit = self.terms.slo.limit(info.id);
        let empty = |verdict| CheckResult {
            id: info.id,
            verdict,
            limit,
            value: None,
            n: 0,
            of: 0,
            findings: Vec::new(),
        };
        if let Some(only) = self.terms.witness.as_deref().filter(|only| *only != info.id) {
            return empty(Verdict::NotRun(format!(
                "the history is a witness of `{only}` and holds nothing else"
            )));
        }
        if !self.terms.categories.contains(&info.category) {
            return empty(Verdict::NotRun(format!("category `{}` was not asked for", info.category)));
        }
        if let Some(why) = self.config.not_observable.get(info.id) {
            return empty(Verdict::NotObservable(why.clone()));
        }
        if info.category == Category::Performance && !self.config.judge_timing {
            return empty(Verdict::NotRun("timing is judged only against given limits".to_owned()));
        }
        let mut worst: Option<CheckResult> = None;
        while let Some(at) = results.iter().position(|result| result.id == info.id) {
            let result = results.swap_remove(at);
            worst = Some(match worst {
                Some(other) if severity(&other.verdict) >= severity(&result.verdict) => other,
                _ => result,
            });
        }
        let panicked = self.panicked.contains(info.id);
        let Some(mut result) = worst else {
            return empty(if panicked {
                Verdict::Inconclusive(Reason::CheckPanicked)
            } else {
                Verdict::NotRun("this version does not judge it".to_owned())
            });
        };
        result.limit = result.limit.or(limit);
        self.forgive(&mut result);
        let unseen = result.verdict == Verdict::Inconclusive(Reason::NoCoverage);
        result.verdict = self.temper(info, result.verdict, panicked);
        let unseen = unseen || result.verdict == Verdict::Inconclusive(Reason::NoCoverage);
        if unseen && self.terms.if_shown.contains(&info.category) {
            result.verdict = Verdict::NotRun("the history shows nothing of it".to_owned());
        }
        result
    }

    /// Takes back findings that records of ours, missing before their last line, may explain.
    fn forgive(&self, result: &mut CheckResult) {
        let Some(hole) = self.index.trouble().first_hole else { return };
        if result.verdict != Verdict::Fail || !EXPLAINED_BY_HOLES.contains(&result.id) {
            return;
        }
        result.findings.retain(|finding| finding.records.iter().all(|line| *line < hole));
        if result.findings.is_empty() {
            result.verdict = Verdict::Inconclusive(Reason::CaptureIncomplete);
        }
    }

    /// A pass stands only when nothing was wrong with the looking; a missing coverage names its cause.
    fn temper(&self, info: &CheckInfo, verdict: Verdict, panicked: bool) -> Verdict {
        let unbacked = || {
            self.unbacked
                .iter()
                .any(|backed| *backed == info.id || backed.strip_suffix('/') == Some(info.group()))
        };
        match verdict {
            Verdict::Pass if panicked => Verdict::Inconclusive(Reason::CheckPanicked),
            Verdict::Pass => match self.index.trouble().taints_passes() {
                Some(reason) => Verdict::Inconclusive(reason),
                None if unbacked() => Verdict::Inconclusive(Reason::NoCoverage),
                None => Verdict::Pass,
            },
            Verdict::Inconclusive(Reason::NoCoverage) => {
                Verdict::Inconclusive(self.index.trouble().excuses_absence().unwrap_or(Reason::NoCoverage))
            }
            other => other,
        }
    }
}

fn severity(verdict: &Verdict) -> u8 {
    match verdict {
        Verdict::Fail => 4,
        Verdict::Inconclusive(_) => 3,
        Verdict::Pass => 2,
        Verdict::NotObservable(_) => 1,
        Verdict::NotRun(_) => 0,
    }
}
