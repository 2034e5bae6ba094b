//! Peers that are gone and never found.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::RecordKind;
use goldenpath_protocol::CloseCode;

/// Keeps connections whose peer answers nothing any more: the close with 4011 never comes.
pub(super) struct HalfOpenKept {
    aim: Aim,
}

impl HalfOpenKept {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed) }
    }
}

impl Fault for HalfOpenKept {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let no_pong = CloseCode::NoPong.code();
        let announced = act.message().is_some_and(|message| {
            message.is("closing") && message.whole("code") == Some(u64::from(no_pong))
        });
        let closed = matches!(step.kind, RecordKind::Close { code: Some(code), .. } if code == no_pong);
        let hit = (announced || closed) && step.conn.is_some_and(|conn| self.aim.hits(&conn.to_string()));
        if hit {
            act.lose("a silent peer is kept");
        }
    }
}
