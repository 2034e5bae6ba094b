//! What a refusal tells: one text for all causes, never 1011, never the token.

use crate::check::{Check, Tally};
use crate::event_view::{ControlType, Field, Seen, fields_of};
use crate::evidence::{around, excerpt};
use crate::index::Index;
use crate::observation::{ConnIx, Observation, UserIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{Direction, REDACTED_JWT, REDACTED_TOKEN, RecordKind, redact};
use memchr::memmem::Finder;
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// How every mark of a redacted secret begins.
static GUILLEMET: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("«"));
/// How every web token begins.
static TOKEN_START: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("eyJ"));

/// `internal error`: clients come back at once, which makes a storm of a refusal.
const INTERNAL: u16 = 1011;

/// Codes of closes that speak of a token: expired, invalid, revoked.
const TOKEN_CODES: [u64; 3] = [4005, 4500, 4503];

/// What a close says that speaks of a token.
const OF_TOKENS: [&str; 7] = ["token", "auth", "credential", "jwt", "signature", "expired", "revoked"];

/// What one refusal said, and of what.
#[derive(Debug)]
struct Refusal {
    line: u64,
    case: Box<str>,
    status: u16,
    /// `None` when the recorder did not get the whole of it.
    text: Option<String>,
}

impl Refusal {
    fn shown(&self) -> String {
        format!("HTTP {}: {}", self.status, self.text.as_deref().unwrap_or_default())
    }
}

/// Judges `auth/uniform-errors`.
#[derive(Debug, Default)]
pub(super) struct UniformErrors {
    tally: Tally,
    /// Connections that were told to go because of their token.
    told: FxHashSet<ConnIx>,
    /// The first refusal.
    first: Option<Refusal>,
    /// Users who sent something that looks like a token in their own text, and may get it back.
    senders: FxHashSet<UserIx>,
}

impl Check for UniformErrors {
    fn ids(&self) -> &'static [&'static str] {
        &["auth/uniform-errors"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Open { status: Some(status), credential: Some(case), body, .. }
                if case != "valid" =>
            {
                if *status >= 300 {
                    self.refusal(seen, case, *status, body.as_deref());
                }
                self.echo(seen, body.as_deref().unwrap_or_default(), index);
            }
            RecordKind::Close { code: Some(INTERNAL), reason, .. } => {
                let probe = seen.conn.and_then(|conn| index.conn(conn)).is_some_and(|view| view.probe);
                let told = seen.conn.is_some_and(|conn| self.told.contains(&conn));
                let said = reason.as_deref().unwrap_or_default();
                let reason = said.to_ascii_lowercase();
                if probe || told || OF_TOKENS.iter().any(|word| reason.contains(word)) {
                    self.tally.broke(|| Finding {
                        summary: "a refused credential was answered as an internal error".to_owned(),
                        expected: "an authentication failure is never closed with 1011".to_owned(),
                        observed: format!("closed with 1011 {}", excerpt(&reason)),
                        records: vec![seen.line],
                        witness: None,
                    });
                }
                self.echo(seen, said, index);
            }
            RecordKind::Frame { dir: Direction::Out, raw, .. } => {
                let asks =
                    matches!(seen.seen, Some(Seen::Sent(sent)) if sent.kind.as_deref() != Some("refresh"));
                if let Some(user) = seen.user.filter(|_| asks && token_in(raw).is_some()) {
                    self.senders.insert(user);
                }
            }
            RecordKind::Close { reason: Some(reason), .. } => self.echo(seen, reason, index),
            // What an HTTP answer or a probe got reached its user as well.
            RecordKind::Mark { name, note: Some(note) }
                if (name == "store" || name == "probe")
                    && (name != "store" || *seen.at_sight.token.get())
                    && seen.user.is_none_or(|user| !self.senders.contains(&user)) =>
            {
                self.echo(seen, note, index);
            }
            RecordKind::Frame { dir: Direction::In, raw, .. } => {
                if let (Some(Seen::Control(control)), Some(conn)) = (seen.seen, seen.conn)
                    && control.kind == ControlType::Closing
                    && control.fields.whole(Field::Code).is_some_and(|code| TOKEN_CODES.contains(&code))
                {
                    self.told.insert(conn);
                }
                let says = matches!(
                    seen.seen,
                    Some(Seen::Control(control)) if matches!(control.kind, ControlType::Error | ControlType::Closing)
                );
                let judged = says || seen.user.is_none_or(|user| !self.senders.contains(&user));
                if judged && *seen.at_sight.token.get() {
                    self.echo(seen, raw, index);
                }
            }
            _ => {}
        }
    }

    fn finish(self: Box<Self>, _: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("auth/uniform-errors")]
    }
}

impl UniformErrors {
    fn refusal(&mut self, seen: &Observation<'_>, case: &str, status: u16, body: Option<&str>) {
        // A token in the query is refused whatever it holds: that text tells nothing of the token.
        // A limit or a drain answers before anybody looks at the token.
        if case == "in_query" || matches!(status, 429 | 503) {
            return self.tally.kept();
        }
        let now = Refusal { line: seen.line, case: case.into(), status, text: body.map(said) };
        let Some(first) = &mut self.first else {
            self.first = Some(now);
            return self.tally.kept();
        };
        let same_text = first.text.is_none() || now.text.is_none() || first.text == now.text;
        if first.status == now.status && same_text {
            if first.text.is_none() {
                *first = now;
            }
            return self.tally.kept();
        }
        self.tally.broke(|| Finding {
            summary: format!(
                "the refusals of `{}` and `{}` tell them apart",
                excerpt(&first.case),
                excerpt(&now.case)
            ),
            expected: format!("one text for all causes: {}", excerpt(&first.shown())),
            observed: excerpt(&now.shown()),
            records: vec![first.line, now.line],
            witness: None,
        });
    }

    fn echo(&mut self, seen: &Observation<'_>, text: &str, index: &Index) {
        if let Some(at) = token_in(text) {
            self.tally.broke(|| Finding {
                summary: format!("a token was sent back to user `{}`", index.user_name(seen.user)),
                expected: "no token in any frame or error".to_owned(),
                observed: around(&redact(text), at),
                records: vec![seen.line],
                witness: None,
            });
        }
    }
}

/// Whether a token may be in the text, or may have been before it was redacted: worth a closer look.
pub(crate) fn may_hold_token(text: &str) -> bool {
    GUILLEMET.find(text.as_bytes()).is_some() || TOKEN_START.find(text.as_bytes()).is_some()
}

/// Where a token is in the text, or was before it was redacted.
fn token_in(text: &str) -> Option<usize> {
    let find = |text: &str, what: &str| memchr::memmem::find(text.as_bytes(), what.as_bytes());
    if GUILLEMET.find(text.as_bytes()).is_some() {
        return find(text, REDACTED_JWT).or_else(|| find(text, REDACTED_TOKEN));
    }
    TOKEN_START.find(text.as_bytes())?;
    find(&redact(text), REDACTED_JWT)
}

/// What a body says: its error's code and message, or all of it.
fn said(body: &str) -> String {
    let error = fields_of(body).ok().and_then(|fields| fields.object(Field::Error));
    match error.map(|error| (error.text(Field::Code), error.text(Field::Message))) {
        Some((code, message)) if code.is_some() || message.is_some() => {
            format!("{} {}", code.unwrap_or_default(), message.unwrap_or_default())
        }
        _ => body.trim().to_owned(),
    }
}
