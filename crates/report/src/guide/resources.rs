//! `resources`: what the server keeps and frees.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "resources/memory-growth",
        meaning: "Memory does not grow beyond its limit over a run.",
        broken_by: &[],
        remedy: "look at what is kept per run and per connection",
    },
    Guide {
        id: "resources/memory-plateau",
        meaning: "Memory comes back to its plateau after load.",
        broken_by: &[("G01", "memory per connection kept")],
        remedy: "release what belongs to a connection when it ends",
    },
    Guide {
        id: "resources/descriptors",
        meaning: "Open files come back to the baseline.",
        broken_by: &[("G03", "descriptors kept")],
        remedy: "close sockets and files on every way out",
    },
    Guide {
        id: "resources/work-stops",
        meaning: "Work ends with its run or its cancel; nobody pays for answers that nobody reads.",
        broken_by: &[("G02", "work goes on after cancel")],
        remedy: "pass a cancellation token down to model and tools",
    },
    Guide {
        id: "resources/contained",
        meaning: "One run's or user's failure stays its own.",
        broken_by: &[("E06", "one run's failure kills others")],
        remedy: "isolate runs in their own tasks, and share no locks across users",
    },
    Guide {
        id: "resources/recovers",
        meaning: "Service is back after a fault heals.",
        broken_by: &[("E07", "no recovery after the fault heals")],
        remedy: "retry with backoff, and let breakers close again",
    },
];
