//! `connection`: the life of sockets.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "connection/close-codes",
        meaning: "Every Close has a known code, is announced, says the truth, and tells whether to come back.",
        broken_by: &[("W01", "1006 mid-run"), ("W02", "1000 on an error"), ("W06", "second tab evicts the first"), ("W07", "close never finishes"), ("W09", "wrong reconnect flag")],
        remedy: "close through one function with a table of codes",
    },
    Guide {
        id: "connection/heartbeat",
        meaning: "Pongs and heartbeats come in time.",
        broken_by: &[("W03", "no pong")],
        remedy: "answer pings in the socket's task, and keep it free of slow work",
    },
    Guide {
        id: "connection/half-open",
        meaning: "Dead peers are found and freed.",
        broken_by: &[("W04", "half-open kept for ever")],
        remedy: "ping, and close without an answer",
    },
    Guide {
        id: "connection/drain",
        meaning: "A stopping server says so and loses nothing.",
        broken_by: &[("W05", "drop without drain on SIGTERM")],
        remedy: "on SIGTERM refuse new work, let runs end, close with a code that tells clients to return",
    },
    Guide {
        id: "connection/slow-reader",
        meaning: "A stalled reader harms nobody else, and gets everything or is told.",
        broken_by: &[("L13", "dropped while the reader is slow"), ("W10", "slow reader stalls the others")],
        remedy: "give each connection its own cursor and a bounded buffer",
    },
    Guide {
        id: "connection/slots",
        meaning: "Slots are free again after many cycles.",
        broken_by: &[("W08", "no slot after 10 cycles")],
        remedy: "release the slot where the connection ends, on every way out",
    },
    Guide {
        id: "connection/reliability",
        meaning: "Connections live as long as they should.",
        broken_by: &[],
        remedy: "look at the close codes, and at idle limits of proxies",
    },
];
