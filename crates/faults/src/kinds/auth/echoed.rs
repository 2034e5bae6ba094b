//! Tokens that come back.

use super::admitted::refused_for;
use crate::message::raw_in_place_of;
use crate::{Act, Aim, Fault, Step};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use goldenpath_history::RecordKind;
use serde_json::json;
use std::collections::HashMap;

/// Where a token comes back.
#[derive(Debug, Clone, Copy)]
enum Place {
    /// In the body of a refusal.
    Refusal,
    /// In an `error` frame.
    Error,
    /// In what a tool was asked.
    Parameters,
    /// In what a tool found.
    Results,
    /// In a thought.
    Reasoning,
}

const PLACES: [Place; 5] =
    [Place::Refusal, Place::Error, Place::Parameters, Place::Results, Place::Reasoning];

/// A token as this user's might look.
fn token_of(user: &str, tail: usize) -> String {
    let part = |text: String| URL_SAFE_NO_PAD.encode(text);
    let header = part(json!({ "alg": "HS256", "typ": "at+jwt" }).to_string());
    let claims =
        json!({ "iss": "goldenpath", "sub": user, "aud": "goldenpath", "exp": 1_800_000_000 + tail });
    format!("{header}.{}.{}", part(claims.to_string()), part(format!("signature-of-{tail:019}")))
}

/// What tells a refusal of a token from other refusals: its case where the record names it, else, as between sockets, the
/// connection of whoever showed a token that names them.
fn shown(step: &Step) -> Option<String> {
    if let Some(case) = refused_for(step) {
        return (!matches!(case, "missing" | "garbage")).then(|| case.to_owned());
    }
    let refused = matches!(&step.kind, RecordKind::Open { status: Some(401 | 403), credential: None, .. });
    step.user.as_ref().zip(step.conn).filter(|_| refused).map(|(user, conn)| format!("{user} {conn}"))
}

/// Shows users their tokens.
pub(super) struct TokenEchoed {
    aim: Aim,
    place: Place,
    tails: HashMap<String, usize>,
}

impl TokenEchoed {
    pub(super) fn new(seed: u64) -> Self {
        let aim = Aim::new(seed);
        #[allow(clippy::cast_possible_truncation, reason = "a place in a short list")]
        let place = PLACES[(seed % PLACES.len() as u64) as usize];
        Self { aim, place, tails: HashMap::new() }
    }

    fn token(&mut self, user: &str) -> String {
        let tail = self.aim.pick(1_000_000);
        token_of(user, *self.tails.entry(user.to_owned()).or_insert(tail))
    }

    fn refusal(&mut self, step: &Step, act: &mut Act<'_>) {
        if !shown(step).is_some_and(|shown| self.aim.hits(&shown)) {
            return;
        }
        let token = self.token(step.user.as_deref().unwrap_or_default());
        let mut made = step.clone();
        if let RecordKind::Open { body, .. } = &mut made.kind {
            let said = match self.aim.pick(2) {
                0 => json!({ "error": { "code": "unauthorized", "message": format!("cannot verify {token}") } }).to_string(),
                _ => format!("invalid token: {token}"),
            };
            *body = Some(said.into());
        }
        act.alter(made, "a refusal holds the token");
    }
}

impl Fault for TokenEchoed {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if matches!(self.place, Place::Refusal) {
            return self.refusal(step, act);
        }
        let Some((message, run)) = act.event() else { return };
        let user = message.text("user_id").unwrap_or_default().to_owned();
        let here = match self.place {
            Place::Error => message.is("agent_thinking"),
            Place::Parameters => message.is("tool_executing"),
            Place::Results => message.is("tool_completed"),
            _ => message.is("agent_thinking"),
        };
        if !here || !self.aim.hits(run) {
            return;
        }
        let token = self.token(&user);
        let mut made = message.clone();
        match self.place {
            Place::Error => {
                let said = json!({ "type": "error", "code": "internal", "retryable": true,
                    "message": format!("upstream refused `Bearer {token}`") });
                return act.add(raw_in_place_of(step, said.to_string()), "an error that holds the token");
            }
            Place::Reasoning => {
                let text = message.text("reasoning").unwrap_or_default();
                made = made.with("reasoning", format!("{text} (called with {token})"));
            }
            Place::Parameters | Place::Results | Place::Refusal => {
                let field = if message.is("tool_executing") { "parameters" } else { "results" };
                let Some(inside) = made.fields().get_mut(field).and_then(|field| field.as_object_mut())
                else {
                    return;
                };
                inside.insert("headers".to_owned(), json!({ "Authorization": format!("Bearer {token}") }));
            }
        }
        act.say(made, format!("a `{}` that holds the token", message.kind()));
    }
}
