//! What is made and never arrives.

mod event_type;
mod one_event;

use crate::catalogue::{Driver, FaultInfo};
use event_type::EventTypeLost;
use goldenpath_protocol::EventType;
use one_event::OneEventLost;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "L01",
        summary: "no agent_started",
        owner: "sequence/five-in-order",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventTypeLost::new(EventType::AgentStarted, seed)),
    },
    FaultInfo {
        id: "L02",
        summary: "no agent_thinking",
        owner: "sequence/five-in-order",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventTypeLost::new(EventType::AgentThinking, seed)),
    },
    FaultInfo {
        id: "L03",
        summary: "no tool_executing",
        owner: "sequence/five-in-order",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventTypeLost::new(EventType::ToolExecuting, seed)),
    },
    FaultInfo {
        id: "L04",
        summary: "no tool_completed",
        owner: "sequence/tool-pairs",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventTypeLost::new(EventType::ToolCompleted, seed)),
    },
    FaultInfo {
        id: "L05",
        summary: "no agent_completed, the socket stays open",
        owner: "sequence/one-terminal",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventTypeLost::new(EventType::AgentCompleted, seed)),
    },
    FaultInfo {
        id: "L07",
        summary: "one event lost in the middle",
        owner: "delivery/no-loss",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(OneEventLost::new(seed)),
    },
];
