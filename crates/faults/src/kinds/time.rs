//! What comes at the wrong time, or lies about it.

mod afterthought;
mod cold_start;
mod durations;
mod flush;
mod late;
mod shift;
mod silence;
mod slow_calls;
mod slow_run;

use crate::catalogue::{Driver, FaultInfo, Need};
use afterthought::Afterthought;
use cold_start::ColdStart;
use durations::UntrueDuration;
use flush::Flush;
use goldenpath_protocol::EventType;
use late::StepLate;
use silence::Silence;
use slow_calls::SlowCalls;
use slow_run::SlowRun;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "T01",
        summary: "agent_started more than 1 s after the request",
        owner: "timing/agent-started",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(StepLate::new(Some(EventType::AgentStarted), 1, 1_000..3_000, seed)),
    },
    FaultInfo {
        id: "T02",
        summary: "the first event more than 100 ms after the request",
        owner: "timing/first-event",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(StepLate::new(None, 1, 110..900, seed)),
    },
    FaultInfo {
        id: "T03",
        summary: "agent_thinking more than 2 s after agent_started",
        owner: "timing/agent-thinking",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(StepLate::new(Some(EventType::AgentThinking), 1, 2_000..5_000, seed)),
    },
    FaultInfo {
        id: "T04",
        summary: "tool_executing more than 3 s after what it follows",
        owner: "timing/tool-executing",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(StepLate::new(Some(EventType::ToolExecuting), 2, 3_000..8_000, seed)),
    },
    FaultInfo {
        id: "T05",
        summary: "a tool that takes more than 5 s",
        owner: "timing/tool-completed",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(StepLate::new(Some(EventType::ToolCompleted), 2, 5_000..9_500, seed)),
    },
    FaultInfo {
        id: "T06",
        summary: "a run that takes more than 30 s",
        owner: "timing/agent-completed",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(SlowRun::new(seed)),
    },
    FaultInfo {
        id: "T07",
        summary: "everything is flushed at the end",
        owner: "timing/streamed",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Flush::new(seed)),
    },
    FaultInfo {
        id: "T08",
        summary: "12 s of silence under heartbeats",
        owner: "timing/silence",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Silence::new(seed)),
    },
    FaultInfo {
        id: "T09",
        summary: "only the slowest 5 % of the tool calls are late",
        owner: "timing/tool-completed",
        driver: Driver::Proxy,
        needs: &[Need::ManyCalls],
        make: |seed| Box::new(SlowCalls::new(seed)),
    },
    FaultInfo {
        id: "T10",
        summary: "thinking made up after the work is done",
        owner: "timing/streamed",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Afterthought::new(seed)),
    },
    FaultInfo {
        id: "T11",
        summary: "duration_ms contradicts the clock",
        owner: "timing/durations-true",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(UntrueDuration::new(seed)),
    },
    FaultInfo {
        id: "T12",
        summary: "only the first run on a connection is slow",
        owner: "timing/cold-start",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(ColdStart::new(seed)),
    },
];
