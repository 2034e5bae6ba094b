//! `timestamps`: the times that events claim.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "timestamps/present",
        meaning: "Every event says when it was made; without that no latency is known.",
        broken_by: &[("S01", "missing")],
        remedy: "stamp events where they are made",
    },
    Guide {
        id: "timestamps/format",
        meaning: "One format everywhere: RFC 3339, UTC, milliseconds.",
        broken_by: &[("S02", "no zone"), ("S03", "seconds instead of milliseconds"), ("S08", "ISO and float mixed by path")],
        remedy: "use one function for all time stamps",
    },
    Guide {
        id: "timestamps/in-session",
        meaning: "Times lie inside the session, not in the future, and in the right unit.",
        broken_by: &[("S06", "an hour off"), ("S07", "in the future")],
        remedy: "check unit and zone of the time stamps, and the clock of the host",
    },
    Guide {
        id: "timestamps/monotone",
        meaning: "Times never go back along `seq`, and they advance.",
        broken_by: &[("S04", "frozen"), ("S05", "going back")],
        remedy: "stamp each event when it is made, and never earlier than the run's previous one",
    },
    Guide {
        id: "timestamps/skew",
        meaning: "The server's clock is near the client's, or every latency is a guess.",
        broken_by: &[],
        remedy: "synchronise the clocks (NTP) of the hosts",
    },
];
