//! The labels of events: whose they are, of which run and which thread.

use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Field, Fields, JsonType, Seen};
use crate::evidence::{excerpt, run_words};
use crate::index::{Index, RunView, fingerprint};
use crate::observation::{Observation, RequestIx, RunIx};
use crate::verdict::{CheckResult, Finding};
use rustc_hash::FxHashMap;

/// Words that stand for "nobody" in careless backends. Fewer than our own ids refuse: elsewhere somebody may well be
/// called `user` or `test`.
const PLACEHOLDERS: &[&str] = &[
    "",
    "null",
    "none",
    "nil",
    "undefined",
    "nan",
    "registry",
    "default",
    "anonymous",
    "unknown",
    "placeholder",
    "system",
    "todo",
    "...",
    "-",
    "0",
];

/// The ids that every run event carries beside `user_id`.
const IDS: &[Field] = &[Field::RunId, Field::ThreadId, Field::RequestId];

/// Requests kept for a run that is known by none.
const NAMED_KEPT: usize = 8;

/// Judges `isolation/run-owner`, `isolation/identity` and `isolation/thread`.
#[derive(Debug, Default)]
pub(super) struct Labels {
    owner: Tally,
    identity: Tally,
    thread: Tally,
    /// Threads that requests asked for, until their first run is settled.
    asked: FxHashMap<RequestIx, Box<str>>,
    /// Requests that events named, and their lines, while nobody knew which began the run.
    unknown: FxHashMap<RunIx, Vec<(Box<str>, u64)>>,
}

impl Check for Labels {
    fn ids(&self) -> &'static [&'static str] {
        &["isolation/run-owner", "isolation/identity", "isolation/thread"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match seen.seen {
            Some(Seen::Event(event)) => {
                self.judge_owner(seen, index);
                self.judge_identity(seen, &event.fields, IDS, index);
                self.judge_thread(seen, &event.fields, index);
            }
            Some(Seen::Control(control)) if control.kind == ControlType::ConnectionEstablished => {
                self.judge_identity(seen, &control.fields, &[], index);
            }
            Some(Seen::Sent(sent)) if sent.kind.as_deref() == Some("agent_request") => {
                let request = sent.fields.text(Field::RequestId);
                let request = request.zip(seen.user).and_then(|(id, user)| index.request_of(user, &id));
                if let (Some(request), Some(thread)) = (request, sent.fields.text(Field::ThreadId)) {
                    self.asked.entry(request).or_insert_with(|| thread.into());
                }
            }
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        self.judge_unknown(run, view, index);
        let named = view.request.and_then(|request| self.asked.remove(&request));
        let (Some(request), Some(thread)) = (index.request_of_run(view), view.thread.as_deref()) else {
            return;
        };
        let kept = match &named {
            Some(named) => **named == *thread,
            // A second run of the request: of the thread that was named only its fingerprint is left.
            None => request.thread.is_none_or(|named| named == fingerprint(thread)),
        };
        if kept {
            return;
        }
        self.thread.broke(|| Finding {
            summary: format!("{} ran in another thread than its request named", run_words(index, view)),
            expected: named.as_deref().map_or_else(
                || "the thread that the request named".to_owned(),
                |named| format!("thread `{}`", excerpt(named)),
            ),
            observed: format!("thread `{}`", excerpt(thread)),
            records: vec![request.line, view.first_line],
            witness: None,
        });
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![
            self.owner.into_result("isolation/run-owner"),
            self.identity.into_result("isolation/identity"),
            self.thread.into_result("isolation/thread"),
        ]
    }
}

impl Labels {
    fn judge_owner(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some((event, arrival)) = seen.event() else { return };
        if !arrival.foreign {
            return self.owner.kept();
        }
        let owner = index.user_name(index.owner(arrival.run));
        // An event that names somebody else's request may be the first that anybody sees of its run.
        let began = index.run(arrival.run).map(|view| view.first_line).filter(|line| *line < seen.line);
        self.owner.broke(|| Finding {
            summary: format!(
                "user `{}` received `{}` of run `{}`, which is user `{owner}`'s",
                index.user_name(seen.user),
                event.kind.as_str(),
                excerpt(event.run_id.as_deref().unwrap_or_default()),
            ),
            expected: "a run's events reach its owner only".to_owned(),
            observed: excerpt(seen.raw().unwrap_or_default()),
            records: began.into_iter().chain([seen.line]).collect(),
            witness: None,
        });
    }

    fn judge_identity(&mut self, seen: &Observation<'_>, fields: &Fields<'_>, ids: &[Field], index: &Index) {
        let Some(user) = seen.user.and_then(|user| index.user(user)) else { return };
        let wrong = match (fields.json_type(Field::UserId), fields.text(Field::UserId)) {
            (None, _) => None,
            (Some(_), Some(named)) if *named == *user.name => None,
            (Some(_), Some(named)) => Some((Field::UserId, format!("`{}`", excerpt(&named)))),
            (Some(kind), None) => Some((Field::UserId, kind.as_str().to_owned())),
        };
        let wrong = wrong
            .or_else(|| ids.iter().find_map(|id| placeholder(fields, *id)))
            .or_else(|| another_request(seen, fields, index));
        match wrong {
            None if self.names_unknown(seen, fields, index) => {}
            None => self.identity.kept(),
            Some((field, observed)) => self.identity.broke(|| Finding {
                summary: format!("user `{}` received a frame with a wrong `{}`", user.name, field.as_str()),
                expected: if field == Field::UserId {
                    format!("`user_id` is the token's: `{}`", user.name)
                } else {
                    format!("`{}` is a real id", field.as_str())
                },
                observed,
                records: vec![seen.line],
                witness: None,
            }),
        }
    }

    /// Whether an event names a request, for the first time, of a run that no known request began yet: judged when the run is over.
    fn names_unknown(&mut self, seen: &Observation<'_>, fields: &Fields<'_>, index: &Index) -> bool {
        let Some((_, arrival)) = seen.event().filter(|(_, arrival)| !arrival.foreign) else { return false };
        if index.run(arrival.run).is_none_or(|view| view.request.is_some()) {
            return false;
        }
        let Some(named) = fields.text(Field::RequestId) else { return false };
        let known = self.unknown.entry(arrival.run).or_default();
        if known.len() >= NAMED_KEPT || known.iter().any(|(id, _)| **id == *named) {
            return false;
        }
        known.push((named.into(), seen.line));
        true
    }

    fn judge_unknown(&mut self, run: RunIx, view: &RunView, index: &Index) {
        for (named, line) in self.unknown.remove(&run).unwrap_or_default() {
            let own = view.request.is_none_or(|began| index.request_of(view.owner, &named) == Some(began));
            if own {
                self.identity.kept();
                continue;
            }
            self.identity.broke(|| Finding {
                summary: format!(
                    "an event of {} names another request than began it",
                    run_words(index, view)
                ),
                expected: "`request_id` is a real id".to_owned(),
                observed: format!("`{}`, which did not begin this run", excerpt(&named)),
                records: vec![line],
                witness: None,
            });
        }
    }

    fn judge_thread(&mut self, seen: &Observation<'_>, fields: &Fields<'_>, index: &Index) {
        let Some((_, arrival)) = seen.event() else { return };
        let Some(view) = index.run(arrival.run).filter(|_| !arrival.foreign) else { return };
        let (Some(thread), Some(named)) = (view.thread.as_deref(), fields.text(Field::ThreadId)) else {
            return;
        };
        if *named == *thread {
            return self.thread.kept();
        }
        self.thread.broke(|| Finding {
            summary: format!("an event of {} is labelled with another thread", run_words(index, view)),
            expected: format!("thread `{}`", excerpt(thread)),
            observed: format!("thread `{}`", excerpt(&named)),
            records: vec![view.first_line, seen.line],
            witness: None,
        });
    }
}

/// The `request_id` of an event, when another request began its run.
fn another_request(seen: &Observation<'_>, fields: &Fields<'_>, index: &Index) -> Option<(Field, String)> {
    let (_, arrival) = seen.event()?;
    let view = index.run(arrival.run).filter(|_| !arrival.foreign)?;
    let (began, named) = (view.request?, fields.text(Field::RequestId)?);
    // Nearly always it is the very one: no need to look for it among all.
    if index.request(began).is_some_and(|request| request.user == view.owner && *request.id == *named) {
        return None;
    }
    (index.request_of(view.owner, &named) != Some(began))
        .then(|| (Field::RequestId, format!("`{}`, which did not begin this run", excerpt(&named))))
}

/// What is wrong with an id that is there: `null`, or a word for nobody.
fn placeholder(fields: &Fields<'_>, id: Field) -> Option<(Field, String)> {
    match fields.json_type(id)? {
        JsonType::Null => return Some((id, "null".to_owned())),
        JsonType::String => {}
        _ => return None,
    }
    let text = fields.text(id)?;
    let word = text.trim();
    let nobody = word.len() <= 11 && PLACEHOLDERS.iter().any(|known| word.eq_ignore_ascii_case(known));
    nobody.then(|| (id, format!("`{}`", excerpt(&text))))
}
