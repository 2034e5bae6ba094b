//! What a session must hold for a fault, made what its users do and how the embedded backend is set up.

use super::acts::{Act, Away, failing_run, failing_tool, large, many_tools, refused_by_the_model, unicode};
use super::setting::Setting;
use super::site::Site;
use crate::validate::Plan;
use goldenpath_checkers::{Category, check_info};
use goldenpath_faults::{Driver, FaultInfo, Need};
use std::time::Duration;

/// Questions that a user asks in a row: a fault hits one of the first two runs of a session, and some of the others.
const TURNS: usize = 3;

/// The same where it matters when things came: what a machine does while users arrive excuses the first runs, not these.
const LASTING_TURNS: usize = 5;

/// Rows that hold answers back for seconds.
const LATE: [&str; 5] = ["T03", "T04", "T05", "T06", "T08"];

/// A run that is over sooner comes all at once to whoever watches: a tenth of a second, and half as much that it must be late.
const STREAMS_FROM: Duration = Duration::from_millis(150);

/// A run that is over sooner is made within one reading of many a clock.
const STANDS_FROM: Duration = Duration::from_millis(50);

/// Users where answers are compared with those of others.
const MANY: usize = 3;

/// How often users come and go.
const CYCLES: usize = 30;

/// How long an answer that stays away is waited for; a healthy one takes two seconds.
const PATIENCE: Duration = Duration::from_secs(12);

/// The same where answers are made late.
const LONG_PATIENCE: Duration = Duration::from_secs(46);

/// How long each tool takes where users go away in the midst of a run.
const TOOLS_TAKE: Duration = Duration::from_millis(200);

/// When everybody's network goes silent, since the session began: by then even a busy machine has let everybody in.
const SILENT_FROM: Duration = Duration::from_secs(4);

/// What pays for specialists, who work at the same time.
const MOST: &str = "enterprise";

/// A session that brings a fault about.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Script {
    /// What users do, in a few words.
    pub(super) name: &'static str,
    pub(super) users: usize,
    pub(super) tier: Option<&'static str>,
    pub(super) acts: Vec<Act>,
    pub(super) categories: Vec<Category>,
    pub(super) patience: Duration,
    pub(super) setting: Setting,
    /// From when on nothing that users send arrives.
    pub(super) silent_from: Option<Duration>,
    /// Whether it takes long, most of it waiting.
    pub(super) slow: bool,
    /// Whether what is judged of it is how long things took.
    pub(super) timed: bool,
    /// What a target may lack that the fault needs, where users can only hope for it.
    pub(super) hoped: Option<&'static str>,
    /// How long a run that the fault touches must last before anything can be seen of it.
    pub(super) shows_from: Duration,
    /// The row of a fault that is made inside the backend.
    pub(super) inside: Option<&'static str>,
}

/// Why no session brings a fault about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Unable {
    /// Nothing here does what it takes.
    DriverMissing(String),
    /// It takes what only the embedded backend lets us do.
    EmbeddedOnly(String),
}

impl Script {
    /// The session for a fault.
    pub(super) fn of(row: &FaultInfo, site: &Site) -> Result<Self, Unable> {
        let embedded = site.is_embedded();
        let inside = row.driver == Driver::Backend;
        if inside && !embedded {
            return Err(Unable::EmbeddedOnly("it is made inside the reference backend".to_owned()));
        }
        let mut script = Self {
            name: "a talk",
            users: 2,
            tier: None,
            acts: Vec::new(),
            categories: vec![Category::Functional, Category::Integration],
            patience: PATIENCE,
            setting: Setting::default(),
            silent_from: None,
            slow: false,
            timed: false,
            hoped: None,
            shows_from: Duration::ZERO,
            inside: inside.then_some(row.id),
        };
        for need in row.needs {
            if site.is_tokenless() && needs_a_name(*need) {
                return Err(Unable::EmbeddedOnly("nobody shows a token there".to_owned()));
            }
            script.meet(*need, embedded)?;
        }
        if script.acts.is_empty() {
            script.acts.push(Act::Talk(TURNS));
        }
        script.fit(row.id);
        if LATE.contains(&row.id) {
            (script.patience, script.slow) = (LONG_PATIENCE, true);
        }
        if let Some(owner) =
            check_info(row.owner).filter(|owner| !script.categories.contains(&owner.category))
        {
            script.categories.push(owner.category);
        }
        script.timed = judged_by_time(row.owner);
        Ok(script)
    }

    /// What rows need beside what they say.
    fn fit(&mut self, row: &str) {
        let plain = self.acts == [Act::Talk(TURNS)] && self.inside.is_none();
        match row.as_bytes().first() {
            // What is wrong with an answer shows beside other answers, and as a model writes them.
            Some(b'B') => {
                (self.name, self.users, self.setting.in_pieces) = ("answers in pieces", MANY, true);
            }
            Some(b'L') if row == "L09" => {
                (self.name, self.setting.in_pieces) = ("answers in pieces", true);
                self.hoped = Some("no answer here came in more than one piece");
            }
            // Who answers with another's answer quotes another's reference.
            Some(b'I') if plain => {
                (self.name, self.users, self.acts) =
                    ("answers with references", MANY, vec![Act::Quote(TURNS)]);
                self.hoped = Some("there was only one user");
            }
            // Clocks that stand and events that wait show only in runs that last.
            Some(b'S' | b'T') if plain => {
                (self.name, self.setting.tools_take) = ("runs that last", TOOLS_TAKE);
                // Each turn that waits for half a minute is one too many.
                if !LATE.contains(&row) {
                    self.acts = vec![Act::Talk(LASTING_TURNS)];
                }
                match row {
                    "S04" => {
                        self.shows_from = STANDS_FROM;
                        self.hoped = Some("no run here lasted long enough to see a clock stand still");
                    }
                    "T07" => {
                        self.shows_from = STREAMS_FROM;
                        self.hoped = Some("no run here lasted long enough to be streamed");
                    }
                    _ => {}
                }
            }
            _ => {}
        }
    }

    fn meet(&mut self, need: Need, embedded: bool) -> Result<(), Unable> {
        let (name, act) = match need {
            Need::TwoTabs => ("two tabs", Act::Tabs(TURNS)),
            Need::TwoThreads => ("two threads", Act::Threads(2)),
            Need::NestedAgents => {
                self.tier = Some(MOST);
                ("specialists at work", Act::Ask(vec![many_tools(); TURNS]))
            }
            Need::ParallelTools => {
                self.tier = Some(MOST);
                self.hoped = Some("no tools of one run worked at the same time here");
                ("tools side by side", Act::Talk(TURNS))
            }
            Need::FailingTool => {
                self.hoped = Some("no tool failed here, although its question was about a time without data");
                ("tools that fail", Act::Ask(vec![failing_tool(); TURNS]))
            }
            Need::FailingRun if self.inside.is_some() => {
                ("runs that fail", Act::Ask(vec![refused_by_the_model(); TURNS]))
            }
            Need::OneFailingUser => {
                self.users = MANY;
                ("one user's runs fail", Act::OneFails(TURNS))
            }
            Need::Refusal => ("requests that cannot be served", Act::Unservable(TURNS)),
            Need::Retry => ("requests sent again", Act::Retry(TURNS)),
            Need::Expiry => {
                self.slow = true;
                ("a token that ends", Act::OutliveToken)
            }
            Need::Refresh => {
                self.acts.push(Act::Tokens);
                ("tokens renewed", Act::Talk(TURNS))
            }
            Need::Cycles if matches!(self.inside, Some("G01" | "G03")) => {
                let why =
                    "what is left over is measured of a process, and here one process holds all sessions"
                        .to_owned();
                return Err(Unable::DriverMissing(why));
            }
            Need::Cycles => {
                self.slow = true;
                ("coming and going", Act::Cycles(CYCLES))
            }
            Need::FailingRun if embedded => {
                self.setting.no_data = true;
                ("runs that fail", Act::Ask(vec![failing_run(); TURNS]))
            }
            Need::FailingRun => return Err(only_embedded("runs that must fail")),
            Need::Cancel => {
                // One that is over before its cancel comes is nobody's fault.
                self.setting.tools_take = TOOLS_TAKE;
                ("runs that are cancelled", Act::Cancel(TURNS))
            }
            Need::LargeResults if embedded => {
                self.setting.no_data = true;
                ("large events", Act::Ask(vec![large(); 2]))
            }
            Need::LargeResults => {
                self.hoped = Some("no event here was larger than 32 KiB");
                ("a talk", Act::Talk(TURNS))
            }
            Need::Unicode => {
                self.hoped = Some("no event here repeated a name beyond ASCII");
                ("names beyond ASCII", Act::Ask(vec![unicode(); TURNS]))
            }
            Need::LongTexts => {
                self.hoped = Some("no text here was longer than 500 characters");
                ("a talk", Act::Talk(TURNS))
            }
            Need::ManyCalls => {
                (self.users, self.tier, self.slow) = (5, Some(MOST), true);
                self.hoped = Some("fewer than 200 tool calls were made here");
                ("many calls", Act::Talk(7))
            }
            Need::Resume => ("going away in a run", self.leaves(Away::Once)),
            Need::ResumeTwice => ("going away twice in a run", self.leaves(Away::Twice)),
            Need::EndsWhileAway => {
                self.setting.tools_take = TOOLS_TAKE;
                ("being away when a run ends", Act::Return(Away::UntilItEnds, 1))
            }
            Need::NewEpoch => ("resuming in another log", self.leaves(Away::OfAnotherLife)),
            Need::Overrun => {
                self.tier = Some(MOST);
                ("missing more than is replayed", Act::Return(Away::TooLong, 1))
            }
            Need::Idle => {
                (self.setting.short_waits, self.slow) = (true, true);
                ("idle time", Act::Idle)
            }
            Need::HalfOpen => {
                (self.setting.short_waits, self.slow, self.silent_from) = (true, true, Some(SILENT_FROM));
                ("silent peers", Act::FallSilent(SILENT_FROM))
            }
            Need::SlowReader => {
                (self.users, self.slow) = (1, true);
                self.setting.short_waits = true;
                ("readers that stop", Act::StopReading)
            }
            Need::Drain if embedded => {
                (self.setting.short_waits, self.slow) = (true, true);
                ("a drain", Act::SeeItStop)
            }
            Need::Drain => return Err(only_embedded("a backend that is told to stop")),
            Need::TokenProbes => {
                self.acts.push(Act::Tokens);
                ("bad tokens", Act::Talk(TURNS))
            }
            Need::ForeignProbes => ("foreign ids", Act::Foreign),
            Need::Crowd | Need::Overload => {
                let why = "users in crowds come with the driver of load".to_owned();
                return Err(Unable::DriverMissing(why));
            }
            Need::Revocation => {
                self.slow = true;
                self.acts.push(Act::Revocation);
                ("a token that is revoked", Act::Talk(TURNS))
            }
            missing => {
                let why = format!("no driver here does what it takes: {missing:?}");
                return Err(Unable::DriverMissing(why));
            }
        };
        (self.name, self.acts) = (name, std::mem::take(&mut self.acts).into_iter().chain([act]).collect());
        Ok(())
    }

    /// Whether its users do what those of `other` do, on the same backend.
    pub(super) fn does_the_same(&self, other: &Self) -> bool {
        (&self.acts, &self.setting, self.users, self.tier, self.inside)
            == (&other.acts, &other.setting, other.users, other.tier, other.inside)
    }

    /// Judges it by the categories of `other` as well.
    pub(super) fn judged_too(&mut self, other: &Self) {
        for category in &other.categories {
            if !self.categories.contains(category) {
                self.categories.push(*category);
            }
        }
    }

    /// Users go away from runs that take their time.
    fn leaves(&mut self, away: Away) -> Act {
        self.setting.tools_take = TOOLS_TAKE;
        Act::Return(away, 2)
    }

    /// The plan of its users.
    pub(super) fn plan(&self, seed: u64) -> Plan {
        let mut plan = Plan::new(seed);
        plan.users = self.users;
        plan.tier = self.tier;
        plan.categories.clone_from(&self.categories);
        plan.patience = self.patience;
        plan
    }
}

/// Whether the verdict of a check rests on when things came, so that an overloaded client could not give it.
fn judged_by_time(check: &str) -> bool {
    let performance = check_info(check).is_some_and(|info| info.category == Category::Performance);
    performance || matches!(check, "connection/heartbeat" | "connection/slow-reader")
}

/// Whether it takes users whose connections are known to be theirs.
fn needs_a_name(need: Need) -> bool {
    use Need::{
        EndsWhileAway, ForeignProbes, NewEpoch, Overrun, Resume, ResumeTwice, SlowReader, TokenProbes,
        TwoTabs,
    };
    matches!(
        need,
        EndsWhileAway
            | ForeignProbes
            | NewEpoch
            | Overrun
            | Resume
            | ResumeTwice
            | SlowReader
            | TokenProbes
            | TwoTabs
    )
}

fn only_embedded(what: &str) -> Unable {
    Unable::EmbeddedOnly(format!("{what} can only be had of the embedded backend"))
}

#[cfg(test)]
mod tests {
    use super::{Script, Site, Unable};
    use goldenpath_faults::{Driver, catalogue};

    #[test]
    fn every_fault_between_sockets_has_a_session_but_those_whose_driver_comes_later() {
        let without: Vec<&str> = catalogue()
            .filter(|row| row.driver == Driver::Proxy && Script::of(row, &Site::Embedded).is_err())
            .map(|row| row.id)
            .collect();
        assert_eq!(without, ["P01", "P02", "P03", "P04"]);
    }

    #[test]
    fn what_is_not_driven_says_why() {
        for row in catalogue() {
            if let Err(Unable::DriverMissing(why) | Unable::EmbeddedOnly(why)) =
                Script::of(row, &Site::Embedded)
            {
                assert!(why.len() > 20, "{}: {why}", row.id);
            }
        }
    }

    #[test]
    fn the_owner_of_a_fault_is_judged() {
        for row in catalogue() {
            let Ok(script) = Script::of(row, &Site::Embedded) else { continue };
            let owner = goldenpath_checkers::check_info(row.owner).unwrap();
            assert!(script.categories.contains(&owner.category), "{}", row.id);
        }
    }
}
