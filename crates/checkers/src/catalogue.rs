//! The catalogue: every check there is, by id, with its category, its limit and the promise it guards.

use std::fmt;
use std::str::FromStr;

/// What a user can ask `goldenpath` to judge.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Category {
    /// Sequence, content, timestamps.
    Functional,
    /// Delivery and the value of the answer.
    Integration,
    /// Timing.
    Performance,
    /// Continuity over reconnects, and connections.
    Resilience,
    /// Isolation and authentication.
    Security,
    /// Resources, and everything under load.
    Stress,
}

impl Category {
    /// Every category, in the order they are run.
    pub const ALL: [Self; 6] = [
        Self::Functional,
        Self::Integration,
        Self::Performance,
        Self::Resilience,
        Self::Security,
        Self::Stress,
    ];

    /// The category as flags and reports write it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Functional => "functional",
            Self::Integration => "integration",
            Self::Performance => "performance",
            Self::Resilience => "resilience",
            Self::Security => "security",
            Self::Stress => "stress",
        }
    }
}

impl fmt::Display for Category {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A text that names no category.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UnknownCategory(pub String);

impl fmt::Display for UnknownCategory {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is no category", self.0)
    }
}

impl std::error::Error for UnknownCategory {}

impl FromStr for Category {
    type Err = UnknownCategory;
    fn from_str(name: &str) -> Result<Self, UnknownCategory> {
        Self::ALL
            .into_iter()
            .find(|known| known.as_str() == name)
            .ok_or_else(|| UnknownCategory(name.to_owned()))
    }
}

/// Whether a check must be judged before a release can be approved.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Required {
    /// For any target.
    Always,
    /// Unless the profile or the authentication mode says that it cannot be seen.
    IfObservable,
    /// Never: advice.
    Advice,
}

/// One row of the catalogue.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CheckInfo {
    /// `group/name`.
    pub id: &'static str,
    /// Where it is judged.
    pub category: Category,
    /// Whether it must be judged.
    pub required: Required,
    /// The default limit, in `unit`.
    pub limit: Option<f64>,
    /// The limit's unit.
    pub unit: Option<&'static str>,
    /// What users were promised.
    pub promise: &'static str,
}

impl CheckInfo {
    /// The part of the id before the slash.
    #[must_use]
    pub fn group(&self) -> &'static str {
        self.id.split_once('/').map_or(self.id, |(group, _)| group)
    }
}

/// The row of `id`.
#[must_use]
pub fn check_info(id: &str) -> Option<&'static CheckInfo> {
    CHECKS.iter().find(|known| known.id == id)
}

const fn row(id: &'static str, category: Category, required: Required, promise: &'static str) -> CheckInfo {
    CheckInfo { id, category, required, limit: None, unit: None, promise }
}

const fn limited(
    id: &'static str,
    category: Category,
    required: Required,
    limit: (f64, &'static str),
    promise: &'static str,
) -> CheckInfo {
    CheckInfo { id, category, required, limit: Some(limit.0), unit: Some(limit.1), promise }
}

use Category::{Functional, Integration, Performance, Resilience, Security, Stress};
use Required::{Advice, Always, IfObservable};

/// Every check, in the order of reports.
pub const CHECKS: &[CheckInfo] = &[
    row(
        "sequence/five-in-order",
        Functional,
        Always,
        "the five critical events come in order, as far as the scenario owes them (superset: extra and repeated ones allowed)",
    ),
    row(
        "sequence/tool-pairs",
        Functional,
        Always,
        "every tool_executing has its tool_completed, by execution_id, same tool, in parallel too",
    ),
    row("sequence/one-terminal", Functional, Always, "exactly one terminal per run, before its deadline"),
    row("sequence/nothing-after-terminal", Functional, Always, "no event of a run after its terminal"),
    row(
        "sequence/terminal-true",
        Functional,
        Always,
        "the terminal says what happened: failed, cancelled and degraded runs are not shown as plain success",
    ),
    row(
        "sequence/seq-dense",
        Functional,
        IfObservable,
        "seq 1, 2, 3 without hole or step back; replay before live",
    ),
    row("sequence/after-request", Functional, Always, "nothing of a run before its request"),
    row("content/json", Functional, Always, "every text message is one whole JSON value, valid UTF-8"),
    row("content/text-frames", Functional, Always, "events are text frames, one event each"),
    row(
        "content/schema",
        Functional,
        Always,
        "known type, required fields, right types, one shape live and on replay",
    ),
    row(
        "content/meaningful",
        Functional,
        Always,
        "fields that people read are not empty, not placeholders, not filler",
    ),
    row("content/unicode", Functional, Always, "text survives unchanged"),
    row("content/whole", Functional, Always, "nothing cut off, nothing encoded twice"),
    row("content/no-internals", Functional, Always, "no stack trace, internal path, secret, token"),
    row("timestamps/present", Functional, IfObservable, "every event carries one"),
    row("timestamps/format", Functional, IfObservable, "RFC 3339, UTC, milliseconds, one format"),
    row(
        "timestamps/in-session",
        Functional,
        IfObservable,
        "inside the session, not in the future, right unit",
    ),
    row("timestamps/monotone", Functional, IfObservable, "never back along seq, and they advance"),
    limited(
        "timestamps/skew",
        Functional,
        IfObservable,
        (2000.0, "ms"),
        "server clock within bound of the client's",
    ),
    row(
        "delivery/request-answered",
        Integration,
        Always,
        "every request gets its run or an explicit refusal",
    ),
    row(
        "delivery/no-loss",
        Integration,
        IfObservable,
        "nothing lost in the middle or at the tail (seq, event_count, ledger)",
    ),
    row("delivery/unique-ids", Integration, IfObservable, "no event twice, under its own id or a new one"),
    row("delivery/one-run-per-request", Integration, Always, "a request id makes one run"),
    row("delivery/tabs-agree", Integration, IfObservable, "all connections of a user see the same"),
    row("delivery/deltas-concatenate", Integration, IfObservable, "the deltas add up to the answer"),
    row("delivery/stream-equals-store", Integration, IfObservable, "the store tells the same story"),
    limited("delivery/success-rate", Integration, Always, (95.0, "%"), "runs that kept every promise"),
    row("value/gates", Integration, IfObservable, "the answer is no junk"),
    row(
        "value/demands",
        Integration,
        IfObservable,
        "substantive, relevant, enough distinct actionable insights",
    ),
    limited(
        "value/facts",
        Integration,
        IfObservable,
        (3.0, "count"),
        "facts from the run's own tool results are in the answer",
    ),
    row("value/own-prompt", Integration, IfObservable, "an answer fits its own prompt better than others'"),
    limited(
        "value/boilerplate",
        Integration,
        IfObservable,
        (0.5, "share"),
        "answers are not one canned text",
    ),
    limited(
        "value/quality",
        Integration,
        Advice,
        (4.0, "of 5"),
        "judged quality, only from a calibrated judge or against a baseline",
    ),
    limited(
        "value/confidence",
        Integration,
        IfObservable,
        (0.8, "share"),
        "user_confidence_score, a named proxy",
    ),
    limited(
        "value/continue",
        Integration,
        IfObservable,
        (0.7, "share"),
        "likelihood_to_continue, a named proxy",
    ),
    limited("timing/agent-started", Performance, Always, (1000.0, "ms"), "from the request"),
    limited("timing/first-event", Performance, Always, (100.0, "ms"), "first run event, from the request"),
    limited(
        "timing/agent-thinking",
        Performance,
        IfObservable,
        (2000.0, "ms"),
        "first one, from agent_started",
    ),
    limited(
        "timing/tool-executing",
        Performance,
        IfObservable,
        (3000.0, "ms"),
        "from the nearest earlier started, thinking or tool_completed of its run",
    ),
    limited("timing/tool-completed", Performance, IfObservable, (5000.0, "ms"), "from its tool_executing"),
    limited("timing/agent-completed", Performance, Always, (30000.0, "ms"), "from the request"),
    limited("timing/whole-answer", Performance, Always, (45000.0, "ms"), "from the request, every run"),
    limited(
        "timing/delivery-latency",
        Performance,
        IfObservable,
        (100.0, "ms"),
        "average of receipt minus timestamp, on one clock; single events over 200 ms at most 5 %",
    ),
    limited("timing/silence", Performance, Always, (10000.0, "ms"), "longest gap between run events"),
    row("timing/streamed", Performance, Always, "events arrive as they are made, not all at the end"),
    row("timing/durations-true", Performance, IfObservable, "reported durations agree with the clock"),
    row("timing/cold-start", Performance, Always, "the first run on a connection keeps the limits too"),
    limited("timing/throughput", Performance, Always, (20.0, "events/s"), "to one user"),
    row("continuity/same-run", Resilience, IfObservable, "a resumed connection goes on with the same run"),
    row("continuity/no-gap", Resilience, IfObservable, "nothing missing between before, replay and live"),
    row("continuity/no-double", Resilience, IfObservable, "nothing twice after a resume"),
    row(
        "continuity/gap-signalled",
        Resilience,
        IfObservable,
        "what cannot be replayed is said, never hidden",
    ),
    row("continuity/epoch", Resilience, IfObservable, "epochs are respected"),
    row("continuity/terminal-arrives", Resilience, Always, "the terminal missed while away arrives"),
    row(
        "continuity/completed-replays",
        Resilience,
        IfObservable,
        "a run that ended while away can still be read",
    ),
    row("connection/close-codes", Resilience, IfObservable, "known, announced, true, right reconnect flag"),
    row("connection/heartbeat", Resilience, IfObservable, "pongs and heartbeats come"),
    row("connection/half-open", Resilience, IfObservable, "dead peers are found and freed"),
    row("connection/drain", Resilience, IfObservable, "a stopping server says so and loses nothing"),
    row(
        "connection/slow-reader",
        Resilience,
        Always,
        "a stalled reader harms nobody else and gets all or is told",
    ),
    row("connection/slots", Resilience, Always, "slots are free again after many cycles"),
    limited(
        "connection/reliability",
        Resilience,
        Always,
        (99.9, "%"),
        "connections that lived as long as they should",
    ),
    row("isolation/run-owner", Security, Always, "a run's events reach its owner only"),
    row(
        "isolation/canary",
        Security,
        Always,
        "no user's content anywhere in another's frames, plain or encoded",
    ),
    row(
        "isolation/identity",
        Security,
        IfObservable,
        "ids in events are the token's, never null or placeholders",
    ),
    row("isolation/thread", Security, IfObservable, "threads do not mix"),
    row("isolation/foreign-access", Security, IfObservable, "foreign runs can't be resumed, cancelled, read"),
    row(
        "auth/refused",
        Security,
        IfObservable,
        "missing, expired, early, forged, tampered, wrong audience or issuer, in the query: refused before the upgrade",
    ),
    row("auth/accepted", Security, IfObservable, "valid tokens are accepted, also after others' failures"),
    row("auth/refresh", Security, IfObservable, "in mid-stream, same user only"),
    row("auth/expiry", Security, IfObservable, "the stream ends at expiry plus grace"),
    limited("auth/revocation", Security, IfObservable, (2000.0, "ms"), "the stream ends after a revocation"),
    row(
        "auth/uniform-errors",
        Security,
        IfObservable,
        "one text for all causes, never 1011, no token echoed",
    ),
    limited("resources/memory-growth", Stress, IfObservable, (500.0, "MB"), "over the run"),
    row("resources/memory-plateau", Stress, IfObservable, "back to the plateau after load"),
    row("resources/descriptors", Stress, IfObservable, "back to the baseline"),
    row("resources/work-stops", Stress, IfObservable, "work ends with its run or its cancel"),
    row("resources/contained", Stress, Always, "one run's or user's failure stays its own"),
    row("resources/recovers", Stress, Always, "service is back after the fault heals"),
    limited("load/ladder", Stress, Always, (80.0, "%"), "users with full value at 20 users"),
    row("load/fairness", Stress, Always, "no user starves"),
    row("load/explicit-refusal", Stress, Always, "what is not served is refused, not dropped"),
];

#[cfg(test)]
mod tests {
    use super::{CHECKS, Category, check_info};

    #[test]
    fn ids_are_unique_and_have_a_group() {
        for (at, info) in CHECKS.iter().enumerate() {
            assert!(
                info.id
                    .split_once('/')
                    .is_some_and(|(group, name)| group == info.group() && !name.is_empty())
            );
            assert!(CHECKS[at + 1..].iter().all(|other| other.id != info.id), "{}", info.id);
        }
        assert_eq!(check_info("timing/first-event").and_then(|info| info.limit), Some(100.0));
    }

    #[test]
    fn a_category_survives_its_text() {
        for category in Category::ALL {
            assert_eq!(category.as_str().parse(), Ok(category));
        }
    }
}
