//! Slots that stay taken after their connections are gone.

use crate::{Act, Aim, Fault, Step};
use goldenpath_history::RecordKind;
use std::collections::{BTreeMap, BTreeSet};

/// Connections of a user that the reference backend allows.
const SLOTS: usize = 10;

/// Keeps the slots of connections that are gone, for the users it hits: of all, or of those that went without a Close. When ten are
/// taken, nobody of theirs gets in any more.
pub(super) struct SlotsKept {
    aim: Aim,
    abrupt_only: bool,
    taken: BTreeMap<String, usize>,
    /// Connections that never came to be.
    refused: BTreeSet<u32>,
}

impl SlotsKept {
    pub(super) fn new(seed: u64) -> Self {
        let mut aim = Aim::new(seed);
        let abrupt_only = aim.pick(2) == 0;
        Self { aim, abrupt_only, taken: BTreeMap::new(), refused: BTreeSet::new() }
    }
}

impl Fault for SlotsKept {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(conn) = step.conn else { return };
        let Some(user) = act.scene().user_of(conn).map(str::to_owned) else { return };
        if !self.aim.hits(&user) {
            return;
        }
        if self.refused.contains(&conn) {
            return act.lose("nothing comes of a refused connection");
        }
        let taken = self.taken.entry(user.clone()).or_default();
        match &step.kind {
            RecordKind::Close { code, .. } => *taken += usize::from(code.is_none() || !self.abrupt_only),
            RecordKind::Open { status: Some(101), url, intended_t_ns, credential, .. } => {
                let open =
                    act.scene().open_conns().filter(|(_, view)| view.user.as_deref() == Some(&user)).count();
                if *taken + open < SLOTS {
                    return;
                }
                self.refused.insert(conn);
                let body =
                    r#"{"error":{"code":"user_limit","message":"this user has too many connections"}}"#;
                let kind = RecordKind::Open {
                    url: url.clone(),
                    status: Some(429),
                    intended_t_ns: *intended_t_ns,
                    credential: credential.clone(),
                    body: Some(body.into()),
                };
                act.alter(Step { kind, ..step.clone() }, "refused for slots that nobody uses");
            }
            _ => {}
        }
    }
}
