//! Answers that look like answers.

mod canned;
mod cut;
mod junk;
mod swapped;

use crate::catalogue::{Driver, FaultInfo};

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "B01",
        summary: "an apology as a normal answer",
        owner: "value/gates",
        driver: Driver::Proxy,
        needs: &[],
        make: junk::apology,
    },
    FaultInfo {
        id: "B02",
        summary: "the prompt as its own answer",
        owner: "value/gates",
        driver: Driver::Proxy,
        needs: &[],
        make: junk::echo,
    },
    FaultInfo {
        id: "B03",
        summary: "the same canned plan for everyone, the prompt's nouns filled in",
        owner: "value/boilerplate",
        driver: Driver::Proxy,
        needs: &[],
        make: canned::same_plan,
    },
    FaultInfo {
        id: "B04",
        summary: "the answer ignores what the tools found",
        owner: "value/facts",
        driver: Driver::Proxy,
        needs: &[],
        make: canned::without_facts,
    },
    FaultInfo {
        id: "B05",
        summary: "another prompt's answer",
        owner: "value/own-prompt",
        driver: Driver::Proxy,
        needs: &[],
        make: swapped::another_prompts,
    },
    FaultInfo {
        id: "B06",
        summary: "keyword stuffing",
        owner: "value/gates",
        driver: Driver::Proxy,
        needs: &[],
        make: junk::keywords,
    },
    FaultInfo {
        id: "B07",
        summary: "cut off at 60 % with status completed",
        owner: "delivery/deltas-concatenate",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(cut::CutOff::new(seed)),
    },
    FaultInfo {
        id: "B08",
        summary: "a JSON dump",
        owner: "value/gates",
        driver: Driver::Proxy,
        needs: &[],
        make: junk::dump,
    },
    FaultInfo {
        id: "B09",
        summary: "words to whoever grades the answer",
        owner: "value/gates",
        driver: Driver::Proxy,
        needs: &[],
        make: junk::judge_injection,
    },
];
