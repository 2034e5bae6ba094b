//! What goes wrong behind a backend, and is hidden by it.

mod canned;
mod failing_tool;
mod hanging;
mod other_story;

use crate::catalogue::{Driver, FaultInfo, Need};
use canned::CannedAnswer;
use failing_tool::{ErrorAsSuccess, FailureUntold};
use hanging::Hanging;
use other_story::OtherStory;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "E01",
        summary: "a tool's error is shown as a success",
        owner: "sequence/terminal-true",
        driver: Driver::Proxy,
        needs: &[Need::FailingTool],
        make: |seed| Box::new(ErrorAsSuccess::new(seed)),
    },
    FaultInfo {
        id: "E02",
        summary: "a tool's error brings no tool_completed",
        owner: "sequence/tool-pairs",
        driver: Driver::Proxy,
        needs: &[Need::FailingTool],
        make: |seed| Box::new(FailureUntold::new(seed)),
    },
    FaultInfo {
        id: "E03",
        summary: "a refusal of the model is swallowed, and a canned answer given",
        owner: "sequence/terminal-true",
        driver: Driver::Backend,
        needs: &[Need::FailingRun],
        make: |seed| Box::new(CannedAnswer::new(seed)),
    },
    FaultInfo {
        id: "E04",
        summary: "the store gives no answer, and the run hangs",
        owner: "sequence/one-terminal",
        driver: Driver::Backend,
        needs: &[],
        make: |seed| Box::new(Hanging::new(seed)),
    },
    FaultInfo {
        id: "E05",
        summary: "the stream and the store differ",
        owner: "delivery/stream-equals-store",
        driver: Driver::Backend,
        needs: &[],
        make: |seed| Box::new(OtherStory::new(seed)),
    },
];
