//! Every Close has a known code, is announced, says the truth, and tells whether to come back.

use super::words::{client_id, conn_words, end_words, owed_on};
use crate::check::{Check, Tally};
use crate::event_view::{ControlType, ControlView, Field, Seen};
use crate::index::{ConnView, Index};
use crate::instant::unix_ms_of;
use crate::observation::{ConnIx, Observation, UserIx, ms};
use crate::timing::{Lag, Stretch};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{CLOSE_NOT_ANSWERED, ClosedBy, Direction, RecordKind, Trial};
use goldenpath_protocol::CloseCode;
use rustc_hash::FxHashMap;

/// How soon a Close follows its `closing`: the protocol's second, and what the way may add.
const CLOSE_AFTER_NS: u64 = 3_000_000_000;

/// A connection on which a frame came so shortly before is no slow consumer.
const PROGRESS_NS: u64 = 5_000_000_000;

/// A client that was late by half of this, there and back, may have been slow, or silent, without its driver's will,
/// milliseconds…
const EXCUSING_LAG_MS: f64 = 2_000.0;

/// …in so much time before it was told so.
const LOOKED_AT_NS: u64 = 60_000_000_000;

/// Messages beyond this are more than the server has to take.
const MESSAGE_BYTES: usize = 64 * 1024;

/// What is said of a reason that the history contradicts.
const UNTRUE: &str = "was told a reason that is not true";

/// What a connection heard, as far as it bears on the truth of its close.
#[derive(Debug, Default)]
struct Life {
    client_id: Option<Box<str>>,
    expires_unix_ms: Option<f64>,
    closing: Option<Announced>,
    last_frame_ns: u64,
    rate_refusals: u32,
    bad_frames: u32,
    too_large: bool,
}

/// A `closing` frame.
#[derive(Debug, Clone, Copy)]
struct Announced {
    line: u64,
    t_ns: u64,
    code: Option<u64>,
}

/// A connection that was closed with 4507 before the one that took its place was heard of: both ends of that are clients,
/// and neither waits for the other to be recorded.
#[derive(Debug)]
struct Replaced {
    user: Option<UserIx>,
    client_id: Box<str>,
    t_ns: u64,
    finding: Finding,
}

/// Judges `connection/close-codes`.
#[derive(Debug, Default)]
pub(super) struct CloseCodes {
    tally: Tally,
    replaced: Vec<Replaced>,
    lives: FxHashMap<ConnIx, Life>,
    lag: Lag,
}

impl Check for CloseCodes {
    fn ids(&self) -> &'static [&'static str] {
        &["connection/close-codes"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.lag.observe(seen);
        let Some(conn) = seen.conn else { return };
        let Some(view) = index.conn(conn) else { return };
        match (&seen.record.kind, seen.seen) {
            (RecordKind::Open { .. }, _) => {
                let life = Life { client_id: client_id(&seen.record.kind), ..Life::default() };
                self.take_place(view, &life);
                self.lives.insert(conn, life);
            }
            (RecordKind::Frame { dir: Direction::Out, raw, .. }, _) => {
                self.lives.entry(conn).or_default().too_large |= raw.len() > MESSAGE_BYTES;
            }
            (RecordKind::Close { code, reason, by }, _) => {
                let unanswered = reason.as_deref() == Some(CLOSE_NOT_ANSWERED);
                self.close(seen, index, view, (conn, *code, *by, unanswered));
            }
            (_, Some(Seen::Control(control))) if control.kind == ControlType::Closing => {
                let code = control.fields.whole(Field::Code);
                let life = self.lives.entry(conn).or_default();
                life.closing = Some(Announced { line: seen.line, t_ns: seen.t_ns, code });
                self.announced(seen, index, view, control);
            }
            (RecordKind::Frame { .. }, Some(frame)) => {
                let life = self.lives.entry(conn).or_default();
                life.last_frame_ns = seen.t_ns;
                if let Seen::Control(control) = frame {
                    life.hear(control);
                }
            }
            _ => {}
        }
    }

    fn finish(mut self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut open: Vec<(ConnIx, Announced)> =
            self.lives.iter().filter_map(|(conn, life)| Some((*conn, life.closing?))).collect();
        open.sort_unstable_by_key(|(conn, _)| *conn);
        for replaced in std::mem::take(&mut self.replaced) {
            self.tally.broke(|| replaced.finding);
        }
        for (conn, closing) in open {
            let Some(view) = index.conn(conn) else { continue };
            if view.closed.is_none() && index.last_t_ns() > closing.t_ns.saturating_add(CLOSE_AFTER_NS) {
                self.tally.broke(|| unfinished(index, view, closing.line, None));
            }
        }
        vec![self.tally.into_result("connection/close-codes")]
    }
}

impl CloseCodes {
    /// The flag of `closing` is that of the code's family.
    fn announced(
        &mut self,
        seen: &Observation<'_>,
        index: &Index,
        view: &ConnView,
        control: &ControlView<'_>,
    ) {
        let told = control.fields.flag(Field::Reconnect);
        let code = control.fields.whole(Field::Code).and_then(|code| u16::try_from(code).ok());
        let family = code.and_then(|code| CloseCode::try_from(code).ok()).map(CloseCode::reconnect);
        let Some(family) = family.filter(|family| told != Some(*family)) else { return };
        self.tally.broke(|| Finding {
            summary: format!("{} was told wrongly whether to come back", conn_words(index, view)),
            expected: format!("`reconnect: {family}` with code {}", code.unwrap_or_default()),
            observed: told.map_or("no `reconnect`".to_owned(), |told| format!("`reconnect: {told}`")),
            records: vec![seen.line],
            witness: None,
        });
    }

    fn close(
        &mut self,
        seen: &Observation<'_>,
        index: &Index,
        view: &ConnView,
        (conn, code, by, unanswered): (ConnIx, Option<u16>, ClosedBy, bool),
    ) {
        let life = self.lives.remove(&conn).unwrap_or_default();
        let late = life.closing.filter(|closing| {
            seen.t_ns > closing.t_ns.saturating_add(CLOSE_AFTER_NS)
                && !view.stalled_between(closing.t_ns, seen.t_ns)
        });
        // Who is silent still reads: a Close that was announced would have been seen.
        let silent = view.ordeal.is_some_and(|ordeal| ordeal.step == Trial::PeerSilent);
        let heard = silent && view.stall.is_none() && by == ClosedBy::Client && late.is_some();
        let ended = match (by, code) {
            // What was cut off, or left without readers, cannot be told.
            (ClosedBy::Transport, _) | (_, None) if !heard && (view.forsaken() || view.stall.is_some()) => {
                return;
            }
            (ClosedBy::Client, _) if unanswered || late.is_some() => {
                let from = life.closing.map_or(0, |closing| closing.line);
                self.tally.broke(|| unfinished(index, view, from, Some(seen.line)));
                return;
            }
            (ClosedBy::Client, Some(_)) => return self.tally.kept(),
            (ClosedBy::Client, None) => return,
            (ClosedBy::Server, Some(code)) => self.told(seen, index, view, (conn, code), &life),
            (ClosedBy::Transport, _) | (ClosedBy::Server, None) => {
                let owed = owed_on(index, conn, view.user);
                let from = owed.or(life.closing.map(|closing| closing.line));
                let Some(from) = from else { return };
                Some(("ended without a Close", "a Close with a code, announced by `closing`", from))
            }
        };
        let Some((what, expected, from)) = ended else { return self.tally.kept() };
        let finding = || Finding {
            summary: format!("{} {what}", conn_words(index, view)),
            expected: expected.to_owned(),
            observed: end_words(code, by),
            records: lines(from, seen.line),
            witness: None,
        };
        match life.client_id.filter(|_| what == UNTRUE && code == Some(CloseCode::Replaced.code())) {
            None => self.tally.broke(finding),
            Some(client_id) => {
                let (user, t_ns, finding) = (view.user, seen.t_ns, finding());
                self.replaced.push(Replaced { user, client_id, t_ns, finding });
            }
        }
    }

    /// A connection that was asked for before another one was closed for its sake.
    fn take_place(&mut self, view: &ConnView, life: &Life) {
        let asked_ns = view.intended_t_ns.unwrap_or(view.opened_t_ns);
        let made_way = |replaced: &Replaced| {
            replaced.user == view.user
                && life.client_id.as_ref() == Some(&replaced.client_id)
                && asked_ns <= replaced.t_ns
        };
        let before = self.replaced.len();
        self.replaced.retain(|replaced| !made_way(replaced));
        for _ in self.replaced.len()..before {
            self.tally.kept();
        }
    }

    /// What is wrong with a Close of the server's.
    fn told(
        &self,
        seen: &Observation<'_>,
        index: &Index,
        view: &ConnView,
        (conn, code): (ConnIx, u16),
        life: &Life,
    ) -> Option<(&'static str, &'static str, u64)> {
        let from = life.closing.map_or(0, |closing| closing.line);
        // The client broke WebSocket: such a Close is not announced.
        if matches!(code, 1002 | 1007 | 1009) {
            let broke = life.too_large || life.bad_frames > 0;
            return (!broke).then_some((
                "was blamed for breaking WebSocket",
                "such a code only after what the client sent broke it",
                from,
            ));
        }
        // Where nobody greeted, these are WebSocket's own words for an end at which nothing is owed.
        if view.greeting.is_none() && matches!(code, 1000 | 1001) && owed_on(index, conn, view.user).is_none()
        {
            return None;
        }
        let Ok(known) = CloseCode::try_from(code) else {
            return Some(("was closed with a code that says nothing", "a close code of the protocol", from));
        };
        if life.closing.is_none_or(|closing| closing.code != Some(u64::from(code))) {
            return Some((
                "was closed without a word before",
                "`closing` with the same code, then the Close",
                from,
            ));
        }
        if self.lied(seen, index, view, (conn, known), life) {
            return Some((UNTRUE, "the reason for which it was closed", from));
        }
        None
    }

    /// Whether the history shows that the reason cannot be true.
    fn lied(
        &self,
        seen: &Observation<'_>,
        index: &Index,
        view: &ConnView,
        (conn, code): (ConnIx, CloseCode),
        life: &Life,
    ) -> bool {
        let our_own_lag = || {
            let before = Stretch { from_ns: seen.t_ns.saturating_sub(LOOKED_AT_NS), to_ns: seen.t_ns };
            self.lag.explains(before, EXCUSING_LAG_MS)
        };
        match code {
            CloseCode::Replaced => !self.replaced(index, view, conn, life),
            CloseCode::TokenExpired => {
                let clock = index.clock().offset_ms(1);
                clock
                    .zip(life.expires_unix_ms)
                    .is_some_and(|((_, upper), expires)| ms(seen.t_ns) + upper < expires)
            }
            CloseCode::SlowConsumer => {
                let progress = life.last_frame_ns.saturating_add(PROGRESS_NS) > seen.t_ns;
                view.stall.is_none() && progress && !our_own_lag()
            }
            CloseCode::NoPong => {
                let silent = view.ordeal.is_some_and(|ordeal| ordeal.step != Trial::LinkCut);
                !silent && view.stall.is_none() && !our_own_lag()
            }
            CloseCode::RateLimited => life.rate_refusals == 0,
            CloseCode::BadFrame => life.bad_frames < 3,
            _ => false,
        }
    }

    /// Whether another connection of the same user came with the same `client_id`.
    fn replaced(&self, index: &Index, view: &ConnView, conn: ConnIx, life: &Life) -> bool {
        let Some(own) = &life.client_id else { return false };
        let others = view.user.and_then(|user| index.user(user)).map_or(&[][..], |user| &user.conns);
        others
            .iter()
            .filter(|other| **other > conn)
            .any(|other| self.lives.get(other).is_some_and(|life| life.client_id.as_ref() == Some(own)))
    }
}

impl Life {
    fn hear(&mut self, control: &ControlView<'_>) {
        match control.kind {
            ControlType::ConnectionEstablished | ControlType::TokenRefreshed => {
                let expires = control.fields.text(Field::TokenExpiresAt).and_then(|text| unix_ms_of(&text));
                #[allow(clippy::cast_precision_loss, reason = "Unix milliseconds are below 2^53")]
                if let Some(expires) = expires {
                    self.expires_unix_ms = Some(expires as f64);
                }
            }
            ControlType::Error => match control.fields.text(Field::Code).as_deref() {
                Some("rate_limited") => self.rate_refusals += 1,
                Some(
                    "bad_json" | "binary_frame" | "unknown_type" | "missing_field" | "wrong_type"
                    | "too_large",
                ) => self.bad_frames += 1,
                _ => {}
            },
            _ => {}
        }
    }
}

/// A closing that never came to its end.
fn unfinished(index: &Index, view: &ConnView, from: u64, to: Option<u64>) -> Finding {
    Finding {
        summary: format!("the end of {} was never finished", conn_words(index, view)),
        expected: "a Close that is answered, and one soon after `closing`".to_owned(),
        observed: if from > 0 { "`closing`, and no Close" } else { "the client's Close was not answered" }
            .to_owned(),
        records: lines(from, to.unwrap_or(from)),
        witness: None,
    }
}

fn lines(from: u64, to: u64) -> Vec<u64> {
    let mut lines = vec![from, to];
    lines.retain(|line| *line > 0);
    lines.sort_unstable();
    lines.dedup();
    lines
}
