//! What arrives at the wrong place, or contradicts what came before it.

mod after_end;
mod by_priority;
mod early_event;
mod false_end;
mod late_result;
mod live_first;
mod numbers_back;
mod open_tool;
mod other_tab;
mod pair_labels;
mod swapped;

use crate::catalogue::{Driver, FaultInfo, Need};
use after_end::AfterTheEnd;
use by_priority::FlushedByPriority;
use early_event::EarlyEvent;
use false_end::ShownAsCompleted;
use goldenpath_protocol::EventType;
use late_result::ResultAfterTheEnd;
use live_first::LiveBeforeReplay;
use numbers_back::NumbersGoBack;
use open_tool::OpenTool;
use other_tab::OtherTabDiffers;
use pair_labels::{OtherExecution, OtherName, SwappedResults};
use swapped::NeighboursSwapped;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "O01",
        summary: "neighbours swapped",
        owner: "sequence/seq-dense",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(NeighboursSwapped::new(seed)),
    },
    FaultInfo {
        id: "O02",
        summary: "agent_completed before tool_completed",
        owner: "sequence/tool-pairs",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(ResultAfterTheEnd::new(seed)),
    },
    FaultInfo {
        id: "O03",
        summary: "an event after the terminal",
        owner: "sequence/nothing-after-terminal",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(AfterTheEnd::new(seed)),
    },
    FaultInfo {
        id: "O04",
        summary: "seq goes back",
        owner: "sequence/seq-dense",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(NumbersGoBack::new(seed)),
    },
    FaultInfo {
        id: "O05",
        summary: "live before replay",
        owner: "sequence/seq-dense",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(LiveBeforeReplay::new(seed)),
    },
    FaultInfo {
        id: "O06",
        summary: "the queue is flushed by priority after a reconnect",
        owner: "sequence/seq-dense",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(FlushedByPriority::new(seed)),
    },
    FaultInfo {
        id: "O07",
        summary: "tabs disagree",
        owner: "delivery/tabs-agree",
        driver: Driver::Proxy,
        needs: &[Need::TwoTabs],
        make: |seed| Box::new(OtherTabDiffers::new(seed)),
    },
    FaultInfo {
        id: "O08",
        summary: "tool_completed for an unknown execution_id",
        owner: "sequence/tool-pairs",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(OtherExecution::new(seed)),
    },
    FaultInfo {
        id: "O09",
        summary: "the results of two parallel tools swapped",
        owner: "sequence/tool-pairs",
        driver: Driver::Proxy,
        needs: &[Need::ParallelTools],
        make: |seed| Box::new(SwappedResults::new(seed)),
    },
    FaultInfo {
        id: "O10",
        summary: "a run ends with an open tool",
        owner: "sequence/tool-pairs",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(OpenTool::new(seed)),
    },
    FaultInfo {
        id: "O11",
        summary: "an event before its request",
        owner: "sequence/after-request",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EarlyEvent::new(seed)),
    },
    FaultInfo {
        id: "O12",
        summary: "the tool name differs inside a pair",
        owner: "sequence/tool-pairs",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(OtherName::new(seed)),
    },
    FaultInfo {
        id: "O13",
        summary: "a cancelled run shown as completed",
        owner: "sequence/terminal-true",
        driver: Driver::Proxy,
        needs: &[Need::Cancel],
        make: |seed| Box::new(ShownAsCompleted::new(EventType::AgentCancelled, seed)),
    },
    FaultInfo {
        id: "O14",
        summary: "a failed run shown as completed",
        owner: "sequence/terminal-true",
        driver: Driver::Proxy,
        needs: &[Need::FailingRun],
        make: |seed| Box::new(ShownAsCompleted::new(EventType::AgentFailed, seed)),
    },
];
