//! What must really have happened in a history for the verdicts of a category to mean anything.

mod trials;

use crate::catalogue::Category;
use crate::event_view::{ControlType, Seen};
use crate::index::{Index, Joined};
use crate::judge::Terms;
use crate::observation::{Observation, UserIx};
use crate::verdict::Coverage;
use goldenpath_history::{Outcome, RecordKind};
use goldenpath_protocol::EventType;
use trials::TrialsSeen;

/// One thing that must have happened.
struct Item {
    name: &'static str,
    category: Category,
    /// The checks that mean nothing without it: ids, or groups (`isolation/`).
    backs: &'static [&'static str],
    happened: fn(&CoverageFold) -> bool,
}

/// What each category lists.
const ITEMS: &[Item] = &[
    Item {
        name: "a connection was opened",
        category: Category::Functional,
        backs: &["sequence/", "content/", "timestamps/"],
        happened: |seen| seen.connected,
    },
    Item {
        name: "a run was asked for",
        category: Category::Functional,
        backs: &["sequence/"],
        happened: |seen| seen.asked,
    },
    Item { name: "a run ended", category: Category::Functional, backs: &[], happened: |seen| seen.ended },
    Item {
        name: "a tool was used",
        category: Category::Functional,
        backs: &[],
        happened: |seen| seen.tool || !seen.tools_owed,
    },
    Item {
        name: "a run was answered",
        category: Category::Integration,
        backs: &[],
        happened: |seen| seen.answered || !seen.answer_owed,
    },
    Item {
        name: "the server's clock was read three times",
        category: Category::Performance,
        backs: &[],
        happened: |seen| seen.clock_readings >= 3,
    },
    Item {
        name: "a connection resumed",
        category: Category::Resilience,
        backs: &["continuity/"],
        happened: |seen| seen.resumed,
    },
    Item {
        name: "a resume replayed something",
        category: Category::Resilience,
        backs: &["continuity/no-gap", "continuity/no-double"],
        happened: |seen| seen.replayed,
    },
    Item {
        name: "a resume could not be replayed",
        category: Category::Resilience,
        backs: &["continuity/gap-signalled", "continuity/epoch"],
        happened: |seen| seen.resume_refused,
    },
    Item {
        name: "two users had runs",
        category: Category::Security,
        backs: &["isolation/run-owner", "isolation/canary"],
        happened: |seen| seen.users_with_runs.len() >= 2,
    },
    Item {
        name: "two users' runs overlapped",
        category: Category::Security,
        backs: &["isolation/run-owner", "isolation/canary"],
        happened: |seen| seen.overlapped,
    },
    Item {
        name: "a forged or stale credential was shown",
        category: Category::Security,
        backs: &["auth/refused"],
        happened: |seen| seen.probed,
    },
    Item {
        name: "a token was revoked",
        category: Category::Security,
        backs: &["auth/revocation"],
        happened: |seen| seen.revoked,
    },
    Item {
        name: "a connection stayed until a heartbeat was due",
        category: Category::Resilience,
        backs: &["connection/heartbeat"],
        happened: |seen| seen.trials.heartbeat_due,
    },
    Item {
        name: "a peer fell silent",
        category: Category::Resilience,
        backs: &["connection/half-open"],
        happened: |seen| seen.trials.silent_peer,
    },
    Item {
        name: "the server was told to stop",
        category: Category::Resilience,
        backs: &["connection/drain"],
        happened: |seen| seen.trials.stopping,
    },
    Item {
        name: "a reader stalled past its buffer",
        category: Category::Resilience,
        backs: &["connection/slow-reader"],
        happened: |seen| seen.trials.reader_overrun,
    },
    Item {
        name: "a user came and went ten times",
        category: Category::Resilience,
        backs: &["connection/slots"],
        happened: |seen| seen.trials.cycled,
    },
    Item {
        name: "a run was cancelled",
        category: Category::Stress,
        backs: &["resources/work-stops"],
        happened: |seen| seen.trials.cancelled,
    },
    Item {
        name: "a run failed that had to",
        category: Category::Stress,
        backs: &["resources/contained"],
        happened: |seen| seen.trials.failed_as_owed,
    },
    Item {
        name: "an outage healed",
        category: Category::Stress,
        backs: &["resources/recovers"],
        happened: |seen| seen.trials.healed,
    },
    Item {
        name: "twenty users had runs",
        category: Category::Stress,
        backs: &["load/ladder", "load/fairness"],
        happened: |seen| seen.users_with_runs.len() >= 20,
    },
    Item {
        name: "something was refused",
        category: Category::Stress,
        backs: &["load/explicit-refusal"],
        happened: |seen| seen.trials.refused,
    },
];

/// The fold behind [`Coverage`].
#[derive(Debug, Default)]
#[allow(clippy::struct_excessive_bools, reason = "one flag per thing that happened")]
pub(crate) struct CoverageFold {
    connected: bool,
    asked: bool,
    ended: bool,
    tool: bool,
    tools_owed: bool,
    answered: bool,
    answer_owed: bool,
    overlapped: bool,
    probed: bool,
    resumed: bool,
    replayed: bool,
    resume_refused: bool,
    revoked: bool,
    clock_readings: u32,
    users_with_runs: Vec<UserIx>,
    trials: TrialsSeen,
}

impl CoverageFold {
    pub(crate) fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.trials.observe(seen, index);
        match (&seen.record.kind, seen.seen) {
            (RecordKind::Open { status, credential, .. }, _) => {
                self.connected |= *status == Some(101);
                self.probed |= credential.as_deref().is_some_and(|case| case != "valid");
            }
            (RecordKind::Request { expect, .. }, _) => {
                self.asked = true;
                self.tools_owed |= expect.tools.least() > 0;
                self.answer_owed |= expect.outcome == Outcome::Completed;
            }
            (RecordKind::Mark { name, note: Some(note) }, _) if name == "probe" => {
                self.revoked |= note.contains("\"revocation\"");
            }
            (_, Some(Seen::Control(control))) => {
                self.connected = true;
                if matches!(control.kind, ControlType::ConnectionEstablished | ControlType::Pong) {
                    self.clock_readings = index.clock().readings();
                }
                if control.kind == ControlType::ConnectionEstablished {
                    self.greeted(seen, index);
                }
            }
            _ => {}
        }
        let Some((event, arrival)) = seen.event() else { return };
        self.connected = true;
        self.ended |= event.kind.is_terminal();
        self.answered |= event.kind == EventType::AgentCompleted;
        self.tool |= event.kind == EventType::ToolCompleted;
        self.replayed |= arrival.replayed;
        if event.kind == EventType::AgentStarted && arrival.first {
            self.started(index, arrival.run);
        }
    }

    fn greeted(&mut self, seen: &Observation<'_>, index: &Index) {
        let greeting = seen.conn.and_then(|conn| index.conn(conn)).and_then(|view| view.greeting);
        let joined = greeting.map_or(Joined::Unknown, |greeting| greeting.joined);
        self.resumed |= matches!(joined, Joined::Full | Joined::Failed);
        self.resume_refused |= joined == Joined::Failed;
    }

    fn started(&mut self, index: &Index, run: crate::observation::RunIx) {
        let Some(owner) = index.owner(run) else { return };
        if !self.users_with_runs.contains(&owner) && self.users_with_runs.len() < 64 {
            self.users_with_runs.push(owner);
        }
        // One that starts again after its end is open no more.
        let open = index.run(run).is_some_and(|view| view.terminal.is_none());
        if open && !self.overlapped {
            self.overlapped = index.users().any(|(user, view)| {
                user != owner
                    && view
                        .open_runs
                        .iter()
                        .filter_map(|open| index.run(*open))
                        .any(|open| open.terminal.is_none() && !open.sights.is_empty())
            });
        }
    }

    /// The lists for `categories`, and the ids or groups that mean nothing because of what is missing.
    pub(crate) fn finish(&self, terms: &Terms) -> (Coverage, Vec<&'static str>) {
        // Where nobody shows a token there is none to forge.
        let tokenless = terms.auth_mode.as_deref() == Some("none");
        let issued = terms.auth_mode.as_deref() == Some("oauth");
        // What nobody can see need not have happened.
        let hidden = |item: &&Item| {
            !item.backs.is_empty() && item.backs.iter().all(|id| terms.not_observable.contains_key(*id))
        };
        let declared = ITEMS
            .iter()
            .filter(|item| terms.categories.contains(&item.category))
            .filter(|item| !hidden(item))
            .filter(|item| !(tokenless && item.backs.contains(&"auth/refused")))
            .filter(|item| issued || !item.backs.contains(&"auth/revocation"));
        let mut coverage = Coverage::default();
        let mut unbacked = Vec::new();
        for item in declared {
            let happened = (item.happened)(self);
            if !happened {
                unbacked.extend_from_slice(item.backs);
            }
            if !happened && terms.if_shown.contains(&item.category) {
                continue;
            }
            coverage.declared.push(item.name.to_owned());
            let list = if happened { &mut coverage.exercised } else { &mut coverage.missing };
            list.push(item.name.to_owned());
        }
        (coverage, unbacked)
    }
}
