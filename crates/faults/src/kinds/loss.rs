//! What is made and never arrives.

mod after_thinking;
mod before_terminal;
mod early_close;
mod event_type;
mod friendly_ack;
mod large_events;
mod one_delta;
mod one_event;
mod second_run;
mod second_tab;
mod sub_agent;
mod whole_run;

use super::connection::DroppedWhileSlow;
use crate::catalogue::{Driver, FaultInfo, Need};
use after_thinking::StopsAfterThinking;
use before_terminal::LastEventLost;
use early_close::ClosedEarly;
use event_type::EventTypeLost;
use friendly_ack::FriendlyAck;
use goldenpath_protocol::EventType;
use large_events::LargeEventsLost;
use one_delta::OneDeltaLost;
use one_event::OneEventLost;
use second_run::SecondRunLosesEvents;
use second_tab::SecondTabLosesEvents;
use sub_agent::SubAgentToolsLost;
use whole_run::WholeRunLost;

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
        id: "L06",
        summary: "a clean close without a terminal",
        owner: "sequence/one-terminal",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(ClosedEarly::new(seed)),
    },
    FaultInfo {
        id: "L07",
        summary: "one event lost in the middle",
        owner: "delivery/no-loss",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(OneEventLost::new(seed)),
    },
    FaultInfo {
        id: "L08",
        summary: "the last event before the terminal lost",
        owner: "delivery/no-loss",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(LastEventLost::new(seed)),
    },
    FaultInfo {
        id: "L09",
        summary: "one delta lost",
        owner: "delivery/deltas-concatenate",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(OneDeltaLost::new(seed)),
    },
    FaultInfo {
        id: "L10",
        summary: "a request is accepted and nothing follows",
        owner: "delivery/request-answered",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(WholeRunLost::new(seed)),
    },
    FaultInfo {
        id: "L11",
        summary: "events lost only in the second run on a connection",
        owner: "delivery/no-loss",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(SecondRunLosesEvents::new(seed)),
    },
    FaultInfo {
        id: "L12",
        summary: "events lost only on the second tab",
        owner: "delivery/tabs-agree",
        driver: Driver::Proxy,
        needs: &[Need::TwoTabs],
        make: |seed| Box::new(SecondTabLosesEvents::new(seed)),
    },
    FaultInfo {
        id: "L13",
        summary: "dropped while the reader is slow",
        owner: "connection/slow-reader",
        driver: Driver::Proxy,
        needs: &[Need::SlowReader],
        make: |seed| Box::new(DroppedWhileSlow::new(seed)),
    },
    FaultInfo {
        id: "L14",
        summary: "only events over 32 KiB lost",
        owner: "delivery/no-loss",
        driver: Driver::Proxy,
        needs: &[Need::LargeResults],
        make: |seed| Box::new(LargeEventsLost::new(seed)),
    },
    FaultInfo {
        id: "L15",
        summary: "an error run stops after thinking, without a terminal",
        owner: "sequence/one-terminal",
        driver: Driver::Proxy,
        needs: &[Need::FailingRun],
        make: |seed| Box::new(StopsAfterThinking::new(seed)),
    },
    FaultInfo {
        id: "L16",
        summary: "a sub-agent's tool events missing",
        owner: "sequence/tool-pairs",
        driver: Driver::Backend,
        needs: &[Need::NestedAgents],
        make: |seed| Box::new(SubAgentToolsLost::new(seed)),
    },
    FaultInfo {
        id: "L17",
        summary: "an unknown request gets a friendly ack and then silence",
        owner: "delivery/request-answered",
        driver: Driver::Backend,
        needs: &[Need::Refusal],
        make: |seed| Box::new(FriendlyAck::new(seed)),
    },
];
