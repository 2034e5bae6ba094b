//! The five critical events, in order, as far as the scenario owes them.

use goldenpath_history::Expect;
use goldenpath_protocol::EventType;

/// How far a run has come through the five.
#[derive(Debug, Default)]
pub(super) struct Five {
    /// The line of each critical event's first coming, in the order of `EventType::CRITICAL`.
    first: [Option<u64>; 5],
    /// How many of `EventType::CRITICAL` came in order, when tools are owed, and when none are.
    with_tools: usize,
    without_tools: usize,
    /// A critical event or a terminal that came before `agent_started`.
    early: Option<EventType>,
    tools: u32,
}

fn is_tool(kind: EventType) -> bool {
    matches!(kind, EventType::ToolExecuting | EventType::ToolCompleted)
}

impl Five {
    pub(super) fn take_in(&mut self, kind: EventType, line: u64, absent: &[EventType]) {
        let at = EventType::CRITICAL.iter().position(|critical| *critical == kind);
        if kind != EventType::AgentStarted && (at.is_some() || kind.is_terminal()) && self.first[0].is_none()
        {
            self.early.get_or_insert(kind);
        }
        if let Some(at) = at {
            self.first[at].get_or_insert(line);
        }
        self.tools = self.tools.saturating_add(u32::from(kind == EventType::ToolExecuting));
        advance(&mut self.with_tools, kind, |critical| absent.contains(&critical));
        advance(&mut self.without_tools, kind, |critical| is_tool(critical) || absent.contains(&critical));
    }

    /// The lines of the first comings.
    pub(super) fn lines(&self) -> impl Iterator<Item = u64> + '_ {
        self.first.iter().flatten().copied()
    }

    /// What is missing, or out of order, before the furthest critical event that came: a run may stop early, but what it
    /// shows is a beginning of the five.
    fn left_out(&self) -> Option<String> {
        let furthest = self.first.iter().rposition(Option::is_some)?;
        let stopped = EventType::CRITICAL.get(self.with_tools).filter(|_| self.with_tools <= furthest)?;
        Some(if self.first[self.with_tools].is_some() {
            format!("`{}` came out of order", stopped.as_str())
        } else {
            format!("`{}` came, and `{}` never did", EventType::CRITICAL[furthest].as_str(), stopped.as_str())
        })
    }

    /// What is missing or out of order in a run that ended with `end`.
    pub(super) fn broken(&self, end: EventType, expect: &Expect, absent: &[EventType]) -> Option<String> {
        let came = self.first[0].is_some() || absent.contains(&EventType::AgentStarted);
        if !came {
            return Some("no `agent_started` came".to_owned());
        }
        if let Some(early) = self.early.filter(|_| !absent.contains(&EventType::AgentStarted)) {
            return Some(format!("`{}` came before `agent_started`", early.as_str()));
        }
        if end != EventType::AgentCompleted {
            return self.left_out();
        }
        let least = expect.tools.least();
        let reached = if least > 0 { self.with_tools } else { self.without_tools };
        if let Some(stopped) = EventType::CRITICAL.get(reached) {
            let at = EventType::CRITICAL.iter().position(|critical| critical == stopped).unwrap_or(0);
            let how = if self.first[at].is_some() { "came out of order" } else { "never came" };
            return Some(format!("`{}` {how}", stopped.as_str()));
        }
        let tools_seen = absent.contains(&EventType::ToolExecuting);
        (self.tools < least && !tools_seen)
            .then(|| format!("{} tool calls, and the scenario owes {least}", self.tools))
    }
}

/// Moves over what is not owed, then over `kind` if it is the next owed.
fn advance(reached: &mut usize, kind: EventType, not_owed: impl Fn(EventType) -> bool) {
    let skip = |reached: &mut usize| {
        while EventType::CRITICAL.get(*reached).is_some_and(|next| not_owed(*next)) {
            *reached += 1;
        }
    };
    skip(reached);
    if EventType::CRITICAL.get(*reached) == Some(&kind) {
        *reached += 1;
        skip(reached);
    }
}

/// The owed order, in words.
pub(super) fn owed(end: EventType, expect: &Expect, absent: &[EventType]) -> String {
    if end != EventType::AgentCompleted {
        return "agent_started, and an ordered prefix of the five".to_owned();
    }
    let names: Vec<&str> = EventType::CRITICAL
        .into_iter()
        .filter(|kind| !absent.contains(kind) && (expect.tools.least() > 0 || !is_tool(*kind)))
        .map(EventType::as_str)
        .collect();
    names.join(", ")
}
