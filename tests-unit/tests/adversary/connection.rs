//! Connections, tokens and doors: almost as they should be.

use super::Row;
use super::notes::{MS, by, events, frames};
use goldenpath_faults::{Aim, Fault, Step};
use goldenpath_history::RecordKind;
use goldenpath_simulator::{Ending, Resume, Scenario};
use serde_json::{Value, json};

pub(super) const ROWS: &[Row] = &[
    Row::new("announced as one end, closed with another", &["connection/close-codes"], |seed| {
        closed_with(seed, 4002)
    })
    .in_session(drain),
    Row::new("closed with a code that nobody knows", &["connection/close-codes"], |seed| {
        closed_with(seed, 4777)
    })
    .in_session(drain),
    Row::new("told to come back before it may", &["connection/close-codes", "content/schema"], |seed| {
        frames("closing", seed, "a wait below nothing", |message, _| message.with("after_ms", -1))
    })
    .in_session(drain),
    Row::new("an expired token gets a socket, then 4500", &["auth/refused"], upgraded).in_session(tokens),
    Row::new("one refused token is told why", &["auth/uniform-errors"], told_why).in_session(tokens),
    Row::new("one refused token gets another status", &["auth/uniform-errors", "auth/refused"], |seed| {
        let case = ["expired", "bad_signature", "wrong_audience", "garbage"][Aim::new(seed).pick(4)];
        refused(case, |status, body| (if status == 401 { 403 } else { status }, body))
    })
    .in_session(tokens),
    Row::new("a bad refresh is confirmed", &["auth/refresh"], refreshed)
        .in_session(|| Scenario::golden_path().with_refresh().without_store()),
    Row::new("a return is greeted as somebody else", &["isolation/identity"], greeted_as)
        .in_session(|| Scenario::golden_path().resuming(Resume::MidRun).without_store()),
    Row::new("a user's id in capitals, late in a run", &["isolation/identity"], |seed| {
        events(seed, "an id in capitals", |case| {
            let id = case.user.to_uppercase();
            (case.message.whole("seq")? > 9 && id != case.user)
                .then(|| case.message.clone().with("user_id", id))
        })
    }),
    Row::new("a user's id with a blank, late in a run", &["isolation/identity"], |seed| {
        events(seed, "an id with a blank", |case| {
            let id = format!("{} ", case.user);
            (case.message.whole("seq")? > 9).then(|| case.message.clone().with("user_id", id))
        })
    }),
    Row::new(
        "a cancelled run goes on for twenty seconds",
        &["resources/work-stops", "timing/silence"],
        |seed| {
            let mut aim = Aim::new(seed);
            by(move |step, act| {
                let Some((message, run)) = act.event() else { return };
                if message.is("agent_cancelled") && aim.hits(run) {
                    act.hold(step.t_ns + 20_000 * MS, "goes on after its cancel");
                }
            })
        },
    )
    .in_session(|| Scenario::golden_path().runs(1).ending(Ending::Cancelled).without_store()),
];

fn drain() -> Scenario {
    Scenario::golden_path().with_drain().without_store()
}

fn tokens() -> Scenario {
    Scenario::golden_path().runs(1).with_token_probes().without_store()
}

fn probe(step: &Step, kind: &str) -> Option<Value> {
    let RecordKind::Mark { name, note: Some(note) } = &step.kind else { return None };
    let note: Value = serde_json::from_str(note).ok().filter(|_| name == "probe")?;
    (note["kind"] == kind).then_some(note)
}

fn noted(like: &Step, note: &Value) -> Step {
    let kind = RecordKind::Mark { name: "probe".into(), note: Some(note.to_string().into()) };
    Step { kind, ..like.clone() }
}

fn closed_with(seed: u64, other: u16) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    by(move |step, act| {
        let RecordKind::Close { code: Some(4001), reason, by } = &step.kind else { return };
        if aim.hits(step.user.as_deref().unwrap_or_default()) {
            let kind = RecordKind::Close { code: Some(other), reason: reason.clone(), by: *by };
            act.alter(Step { kind, ..step.clone() }, "closed with another code");
        }
    })
}

/// The answer to a token of this kind is another.
fn refused(
    case: &'static str,
    change: impl Fn(u16, String) -> (u16, String) + Send + 'static,
) -> Box<dyn Fault> {
    by(move |step, act| {
        let RecordKind::Open { url, status: Some(status), intended_t_ns, credential, body: Some(body) } =
            &step.kind
        else {
            return;
        };
        if credential.as_deref() == Some(case) {
            let (status, body) = change(*status, body.to_string());
            let kind = RecordKind::Open {
                url: url.clone(),
                status: Some(status),
                intended_t_ns: *intended_t_ns,
                credential: credential.clone(),
                body: Some(body.into()),
            };
            act.alter(Step { kind, ..step.clone() }, "refused otherwise");
        }
    })
}

fn told_why(seed: u64) -> Box<dyn Fault> {
    let (case, why) = [
        ("expired", "the token is missing or no longer valid"),
        ("wrong_issuer", "the token is missing or not valid here"),
        ("bad_signature", "the token is missing or not  valid"),
        ("tampered", "the token is missing or not valid."),
    ][Aim::new(seed).pick(4)];
    refused(case, move |status, body| (status, body.replace("the token is missing or not valid", why)))
}

fn upgraded(seed: u64) -> Box<dyn Fault> {
    let case = ["expired", "bad_signature", "alg_none", "wrong_audience"][Aim::new(seed).pick(4)];
    by(move |step, act| {
        let RecordKind::Open { url, intended_t_ns, credential, .. } = &step.kind else { return };
        if credential.as_deref() != Some(case) {
            return;
        }
        let kind = RecordKind::Open {
            url: url.clone(),
            status: Some(101),
            intended_t_ns: *intended_t_ns,
            credential: credential.clone(),
            body: None,
        };
        act.alter(Step { kind, ..step.clone() }, "upgraded with a bad token");
        let frame = json!({ "type": "closing", "code": 4500, "reason": "invalid_token", "reconnect": false, "after_ms": 0 });
        let after = |ms: u64, kind| Step { t_ns: step.t_ns + ms * MS, kind, ..step.clone() };
        let closing = super::notes::raw(step, frame.to_string());
        act.add(Step { t_ns: step.t_ns + 2 * MS, ..closing }, "said after the upgrade");
        let close = RecordKind::Close {
            code: Some(4500),
            reason: Some("invalid_token".into()),
            by: goldenpath_history::ClosedBy::Server,
        };
        act.add(after(3, close), "closed after the upgrade");
    })
}

/// A refused refresh is confirmed all the same.
fn refreshed(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    by(move |step, act| {
        let confirmed = json!({ "type": "token_refreshed", "token_expires_at": "2026-12-01T00:00:00.000Z" });
        let note = probe(step, "refresh").filter(|note| note["owner"].as_str() != step.user.as_deref());
        let user = step.user.as_deref().unwrap_or_default().to_owned();
        if let Some(mut note) = note.filter(|_| aim.hits(&user)) {
            note["answer"] = confirmed.to_string().into();
            act.alter(noted(step, &note), "a foreign token was taken");
        } else if act.message().is_some_and(|message| message.text("code") == Some("refresh_refused"))
            && aim.hits(&user)
        {
            act.alter(super::notes::raw(step, confirmed.to_string()), "a foreign token was taken");
        }
    })
}

fn greeted_as(seed: u64) -> Box<dyn Fault> {
    let mut aim = Aim::new(seed);
    let mut users: Vec<String> = Vec::new();
    by(move |step, act| {
        let Some(message) = act.message().filter(|message| message.is("connection_established")) else {
            return;
        };
        let own = step.user.as_deref().unwrap_or_default();
        if message.text("recovered") == Some("full")
            && aim.hits(own)
            && let Some(other) = users.iter().find(|user| *user != own)
        {
            act.say(message.clone().with("user_id", other.as_str()), "greeted as somebody else");
        }
        users.push(own.to_owned());
    })
}
