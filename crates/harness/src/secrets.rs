//! Takes secrets out of all that is recorded, whatever kind of record holds them.
//!
//! JWTs and keys are known by their shape. A token that was given to us may look like nothing: such are remembered, and
//! taken out wherever a target repeats them.

use crate::Token;
use goldenpath_history::{RecordKind, redact, redact_known, was_redacted};
use std::borrow::Cow;
use std::sync::{Arc, PoisonError, RwLock};

/// Shorter tokens are words, which answers hold by themselves.
const LEAST: usize = 8;

/// The tokens of a session that do not show what they are.
#[derive(Debug, Default)]
pub(crate) struct Secrets(RwLock<Arc<Vec<String>>>);

impl Secrets {
    /// Remembers a token that is about to be shown.
    pub(crate) fn keep(&self, token: &Token) {
        let text = token.reveal();
        if text.len() < LEAST || was_redacted(&redact(text)) || self.known().iter().any(|known| known == text)
        {
            return;
        }
        Arc::make_mut(&mut self.0.write().unwrap_or_else(PoisonError::into_inner)).push(text.to_owned());
    }

    /// Those remembered so far.
    pub(crate) fn known(&self) -> Arc<Vec<String>> {
        self.0.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// What happened, without secrets. Names, ids and addresses are ours and hold none.
    pub(crate) fn out_of(&self, kind: RecordKind<'static>) -> RecordKind<'static> {
        let known = self.known();
        let clean = |text: Cow<'static, str>| match redact_known(&text, &known) {
            Cow::Borrowed(_) => text,
            Cow::Owned(clean) => Cow::Owned(clean),
        };
        match kind {
            // Only text: what is base64 was cleaned before.
            RecordKind::Frame { dir, raw, opcode: None } => {
                RecordKind::Frame { dir, raw: clean(raw), opcode: None }
            }
            RecordKind::Open { url, status, intended_t_ns, credential, body } => {
                RecordKind::Open { url, status, intended_t_ns, credential, body: body.map(clean) }
            }
            RecordKind::Close { code, reason, by } => {
                RecordKind::Close { code, reason: reason.map(clean), by }
            }
            RecordKind::Request { request_id, intended_t_ns, scenario, reference, prompt, expect } => {
                let prompt = prompt.map(clean);
                RecordKind::Request { request_id, intended_t_ns, scenario, reference, prompt, expect }
            }
            RecordKind::Fault { id, phase, receipt } => {
                RecordKind::Fault { id, phase, receipt: receipt.map(clean) }
            }
            RecordKind::Mark { name, note } => RecordKind::Mark { name, note: note.map(clean) },
            other => other,
        }
    }

    /// The bytes of a binary frame, without secrets where they are text that holds some.
    pub(crate) fn out_of_bytes<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        match redact_known(&String::from_utf8_lossy(bytes), &self.known()) {
            Cow::Borrowed(_) => Cow::Borrowed(bytes),
            Cow::Owned(clean) => Cow::Owned(clean.into_bytes()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Secrets;
    use crate::Token;
    use goldenpath_history::{
        ClosedBy, Direction, Expect, FaultPhase, REDACTED_JWT, REDACTED_TOKEN, RecordKind,
    };

    const JWT: &str = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl";
    const OPAQUE: &str = "correct horse";

    #[test]
    fn no_kind_of_record_keeps_a_secret() {
        let secrets = Secrets::default();
        secrets.keep(&Token::new(OPAQUE));
        let text = || format!("{{\"echo\":\"{JWT} and {OPAQUE}\"}}");
        let kinds = [
            RecordKind::Frame { dir: Direction::Out, raw: text().into(), opcode: None },
            RecordKind::Open {
                url: None,
                status: Some(401),
                intended_t_ns: None,
                credential: None,
                body: Some(text().into()),
            },
            RecordKind::Close { code: Some(4001), reason: Some(text().into()), by: ClosedBy::Server },
            RecordKind::Request {
                request_id: "q".into(),
                intended_t_ns: 1,
                scenario: "s".into(),
                reference: None,
                prompt: Some(text().into()),
                expect: Expect::default(),
            },
            RecordKind::Fault { id: "L01".into(), phase: FaultPhase::Acted, receipt: Some(text().into()) },
            RecordKind::Mark { name: "store".into(), note: Some(text().into()) },
        ];
        for kind in kinds {
            let kept = format!("{:?}", secrets.out_of(kind));
            assert!(!kept.contains(JWT) && !kept.contains(OPAQUE), "{kept}");
            assert!(kept.contains(REDACTED_JWT) && kept.contains(REDACTED_TOKEN), "{kept}");
        }
        let bytes = secrets.out_of_bytes(OPAQUE.as_bytes());
        assert_eq!(std::str::from_utf8(&bytes), Ok(REDACTED_TOKEN));
        assert_eq!(&*secrets.out_of_bytes(&[0xff, 0, 1]), [0xff, 0, 1]);
    }

    #[test]
    fn only_what_does_not_show_that_it_is_a_token_is_remembered() {
        let secrets = Secrets::default();
        for token in [JWT, "", "short", OPAQUE, OPAQUE] {
            secrets.keep(&Token::new(token));
        }
        assert_eq!(*secrets.known(), [OPAQUE]);
    }
}
