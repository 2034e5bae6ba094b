//! `continuity`: runs across a lost connection.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "continuity/same-run",
        meaning: "A resumed connection goes on with the same run.",
        broken_by: &[("R01", "restarts the run")],
        remedy: "tie runs to users and threads, not to connections",
    },
    Guide {
        id: "continuity/no-gap",
        meaning: "Before, replay and live fit together without a hole.",
        broken_by: &[("R03", "gap skipped"), ("R04", "off by one"), ("R10", "the seam between replay and live loses one")],
        remedy: "replay from the log and go on from the same cursor",
    },
    Guide {
        id: "continuity/no-double",
        meaning: "Nothing comes twice after a resume.",
        broken_by: &[("D04", "whole run replayed after reconnect"), ("R02", "replays from the start"), ("R09", "cursor never moves")],
        remedy: "replay only what lies after the client's offset",
    },
    Guide {
        id: "continuity/gap-signalled",
        meaning: "What cannot be replayed is said.",
        broken_by: &[("R06", "overrun not signalled (`full` with a hole)")],
        remedy: "answer `failed` when the offset is no longer kept",
    },
    Guide {
        id: "continuity/epoch",
        meaning: "Offsets of another life of the log are refused.",
        broken_by: &[("R07", "old epoch accepted")],
        remedy: "compare the epoch before the offset",
    },
    Guide {
        id: "continuity/terminal-arrives",
        meaning: "The terminal that was missed while away arrives.",
        broken_by: &[("R05", "terminal in the gap never sent")],
        remedy: "keep the terminal in the log and in the store until it is read",
    },
    Guide {
        id: "continuity/completed-replays",
        meaning: "A run that ended while away can still be read.",
        broken_by: &[("R08", "completed run replays nothing")],
        remedy: "keep ended runs in the log and behind an HTTP route",
    },
];
