//! `load`: many users at once.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "load/ladder",
        meaning: "Users keep getting full value as their number grows.",
        broken_by: &[],
        remedy: "find the first resource that saturates, and refuse early instead of slowing everybody",
    },
    Guide {
        id: "load/fairness",
        meaning: "No user starves.",
        broken_by: &[("P02", "one user starved")],
        remedy: "serve users in turn, not requests in order",
    },
    Guide {
        id: "load/explicit-refusal",
        meaning: "What is not served is refused, not dropped.",
        broken_by: &[("P03", "silent rate limit")],
        remedy: "answer over-limit requests with an error that says when to come back",
    },
];
