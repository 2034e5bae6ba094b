//! `delivery`: what reaches a user, once and whole.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "delivery/request-answered",
        meaning: "Every request gets its run, or a clear refusal. Silence leaves the user with an empty screen.",
        broken_by: &[("L10", "request accepted, nothing follows"), ("L17", "unknown request gets a friendly ack and then silence")],
        remedy: "answer each request with its acceptance or an error, and refuse unknown frames with an error",
    },
    Guide {
        id: "delivery/no-loss",
        meaning: "Nothing is lost in the middle of a run or at its end, by `seq`, by event_count and by the server's own ledger.",
        broken_by: &[("L07", "one event lost in the middle"), ("L08", "last event before the terminal lost"), ("L11", "only the second run on a connection"), ("L14", "only events over 32 KiB"), ("P01", "loss only above 20 users")],
        remedy: "keep events in a log until each connection has read them, and let no full queue drop any",
    },
    Guide {
        id: "delivery/unique-ids",
        meaning: "No event comes twice, neither with its own id nor under a new one.",
        broken_by: &[("D01", "same event twice"), ("D02", "sent again under a new id")],
        remedy: "give an event its id when it is made, and append by that id only once",
    },
    Guide {
        id: "delivery/one-run-per-request",
        meaning: "A request id makes one run, however often it is sent; a retry must not spend money twice.",
        broken_by: &[("D05", "retry of a request id starts a second run")],
        remedy: "keep (user, request id) unique in the store, and answer a repetition with the first run",
    },
    Guide {
        id: "delivery/tabs-agree",
        meaning: "All connections of a user see the same events in the same order.",
        broken_by: &[("L12", "only the second tab"), ("O07", "tabs disagree")],
        remedy: "send from one log per user to all connections",
    },
    Guide {
        id: "delivery/deltas-concatenate",
        meaning: "The pieces of a streamed answer add up to the answer, or the user has read something else than what is stored.",
        broken_by: &[("L09", "one delta lost"), ("B07", "cut off at 60 % with status completed")],
        remedy: "build the answer from the pieces that were sent, and flush the last piece before the terminal",
    },
    Guide {
        id: "delivery/stream-equals-store",
        meaning: "What was shown live is what the store tells later.",
        broken_by: &[("E05", "stream and store differ")],
        remedy: "store first, and send what was stored",
    },
    Guide {
        id: "delivery/success-rate",
        meaning: "The share of runs that kept every promise.",
        broken_by: &[],
        remedy: "look at the findings of the checks that failed: each names its runs",
    },
];
