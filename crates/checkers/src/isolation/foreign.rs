//! Foreign access: what happens when a user asks for another's run.

use crate::check::{Check, Tally};
use crate::event_view::{Field, fields_of};
use crate::evidence::{excerpt, run_words};
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx, UserIx};
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::RecordKind;
use goldenpath_protocol::EventType;
use serde::Deserialize;

/// What a probe did and what it got.
#[derive(Debug, Deserialize)]
struct Probe {
    kind: String,
    owner: Option<String>,
    #[serde(default)]
    target: String,
    status: Option<u16>,
    answer: Option<String>,
}

/// A cancel of a foreign run: the run must go on.
#[derive(Debug)]
struct Cancel {
    target: Box<str>,
    user: Option<UserIx>,
    line: u64,
}

/// Judges `isolation/foreign-access`.
#[derive(Debug, Default)]
pub(super) struct ForeignAccess {
    tally: Tally,
    cancels: Vec<Cancel>,
}

impl Check for ForeignAccess {
    fn ids(&self) -> &'static [&'static str] {
        &["isolation/foreign-access"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let RecordKind::Mark { name, note: Some(note) } = &seen.record.kind else { return };
        if name != "probe" {
            return;
        }
        let Ok(probe) = serde_json::from_str::<Probe>(note) else { return };
        let Some(what) = probe.kind.strip_prefix("foreign_") else { return };
        if what == "cancel" {
            self.cancels.push(Cancel {
                target: probe.target.as_str().into(),
                user: seen.user,
                line: seen.line,
            });
        }
        if probe.status.is_none() && probe.answer.is_none() {
            // Silence grants nothing, but it does not show a refusal either; a cancel shows at its run.
            if what != "cancel" {
                self.tally.doubt(Reason::TargetUnavailable);
            }
            return;
        }
        match probe.granted() {
            None => self.tally.kept(),
            Some(how) => self.tally.broke(|| Finding {
                summary: format!(
                    "user `{}` could {what} what is user `{}`'s: `{}`",
                    index.user_name(seen.user),
                    excerpt(probe.owner.as_deref().unwrap_or("another")),
                    excerpt(&probe.target)
                ),
                expected: "a foreign id looks like an unknown one".to_owned(),
                observed: how,
                records: vec![seen.line],
                witness: None,
            }),
        }
    }

    fn run_settled(&mut self, _: RunIx, view: &RunView, index: &Index) {
        let Some(end) = view.terminal.filter(|end| end.kind == EventType::AgentCancelled) else { return };
        let foreign = |cancel: &&Cancel| *cancel.target == *view.id && cancel.user != Some(view.owner);
        let Some(cancel) = self.cancels.iter().find(foreign) else { return };
        if view.cancel_line.is_none() {
            self.tally.broke(|| Finding {
                summary: format!(
                    "{} was cancelled by user `{}`",
                    run_words(index, view),
                    index.user_name(cancel.user)
                ),
                expected: "only its owner can cancel a run".to_owned(),
                observed: "the run ended with `agent_cancelled`, and its owner had sent no `cancel`"
                    .to_owned(),
                records: vec![cancel.line.min(end.line), cancel.line.max(end.line)],
                witness: None,
            });
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("isolation/foreign-access")]
    }
}

impl Probe {
    /// How the answer grants what was asked for; `None` for a refusal.
    fn granted(&self) -> Option<String> {
        let fields = self.answer.as_deref().and_then(|answer| fields_of(answer).ok());
        let kind = fields.as_ref().and_then(|fields| fields.text(Field::Type));
        match kind.as_deref() {
            Some("error") => return None,
            Some("request_accepted" | "agent_cancelled") => {
                return self.answer.as_deref().map(excerpt);
            }
            Some("connection_established") => {
                let fields = fields.as_ref()?;
                let full = fields.text(Field::Recovered).as_deref() == Some("full");
                let replayed = fields.whole(Field::Replay).is_some_and(|events| events > 0);
                return (full || replayed).then(|| "the stream was resumed".to_owned());
            }
            _ => {}
        }
        let status = self.status.filter(|status| (200..300).contains(status))?;
        Some(format!("HTTP {status}: {}", excerpt(self.answer.as_deref().unwrap_or_default())))
    }
}
