//! What was missed comes in the order of its importance.

use crate::{Act, Aim, Fault, Message, Step};
use goldenpath_history::RecordKind;
use goldenpath_protocol::EventType;
use std::collections::BTreeMap;

/// Lets the replay of a resumed connection wait for its end, and then gives it out like a heap does: the
/// weighty first, and those of one weight the other way round.
pub(super) struct FlushedByPriority {
    aim: Aim,
    waiting: BTreeMap<u32, Vec<(Step, u8)>>,
}

/// The smaller, the sooner.
fn weight(message: &Message) -> u8 {
    match message.event() {
        Some(kind) if kind.is_terminal() => 0,
        Some(EventType::ResponseDelta) => 1,
        Some(EventType::ToolCompleted) => 2,
        Some(EventType::ToolExecuting) => 3,
        Some(EventType::AgentStarted) => 4,
        _ => 5,
    }
}

impl FlushedByPriority {
    pub(super) fn new(seed: u64) -> Self {
        Self { aim: Aim::new(seed), waiting: BTreeMap::new() }
    }
}

impl Fault for FlushedByPriority {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(conn) = step.conn else { return };
        let over = act.message().is_some_and(|message| message.is("replay_end"));
        if over || matches!(step.kind, RecordKind::Close { .. }) {
            let mut queue = self.waiting.remove(&conn).unwrap_or_default();
            queue.reverse();
            queue.sort_by_key(|(_, weight)| *weight);
            queue.into_iter().for_each(|(kept, _)| act.give_back_before(kept));
            return;
        }
        let Some((message, _)) = act.event() else { return };
        let replaying = act.scene().conn(conn).is_some_and(|conn| conn.replaying);
        if replaying && self.aim.hits(&conn.to_string()) {
            self.waiting.entry(conn).or_default().push((step.clone(), weight(message)));
            act.keep_back(format!("queued a replayed `{}`", message.kind()));
        }
    }
}
