//! A token renewed in mid-stream: for the same user only.

use crate::check::{Check, Tally};
use crate::event_view::{Field, fields_of};
use crate::evidence::excerpt;
use crate::index::Index;
use crate::observation::Observation;
use crate::verdict::{CheckResult, Finding, Reason};
use goldenpath_history::RecordKind;
use serde::Deserialize;

/// A `refresh` that was sent, and its answer. `owner` is whose token it was: nobody's or the sender's own
/// must be taken, another's refused.
#[derive(Debug, Deserialize)]
struct Probe {
    kind: String,
    owner: Option<String>,
    answer: Option<String>,
}

/// Judges `auth/refresh`.
#[derive(Debug, Default)]
pub(super) struct Refresh {
    tally: Tally,
}

impl Check for Refresh {
    fn ids(&self) -> &'static [&'static str] {
        &["auth/refresh"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        let RecordKind::Mark { name, note: Some(note) } = &seen.record.kind else { return };
        if name != "probe" {
            return;
        }
        let Ok(probe) = serde_json::from_str::<Probe>(note) else { return };
        if probe.kind != "refresh" {
            return;
        }
        let Some(answer) = probe.answer else { return self.tally.doubt(Reason::TargetUnavailable) };
        let user = index.user_name(seen.user);
        let own = probe.owner.as_deref().is_none_or(|owner| owner == user);
        let kind = fields_of(&answer).ok().and_then(|fields| fields.text(Field::Type));
        let taken = kind.as_deref() == Some("token_refreshed");
        if taken == own {
            return self.tally.kept();
        }
        self.tally.broke(|| Finding {
            summary: if own {
                format!("user `{user}` could not renew the token in mid-stream")
            } else {
                let owner = excerpt(probe.owner.as_deref().unwrap_or_default());
                format!("the connection of user `{user}` took a token of user `{owner}`")
            },
            expected: if own { "`token_refreshed`" } else { "`error` with `refresh_refused`" }.to_owned(),
            observed: excerpt(&answer),
            records: vec![seen.line],
            witness: None,
        });
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("auth/refresh")]
    }
}
