//! `timing`: how long users wait.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "timing/agent-started",
        meaning: "Soon after asking, the user sees that work began.",
        broken_by: &[("T01", "started > 1 s")],
        remedy: "send agent_started before anything slow (model, database) is awaited",
    },
    Guide {
        id: "timing/first-event",
        meaning: "The first sign of life comes at once; without it users send again.",
        broken_by: &[("T02", "first event > 100 ms")],
        remedy: "emit the first event right after accepting the request",
    },
    Guide {
        id: "timing/agent-thinking",
        meaning: "The first thought follows soon.",
        broken_by: &[("T03", "thinking > 2 s")],
        remedy: "emit a thought before the first call of the model, and stream its reasoning",
    },
    Guide {
        id: "timing/tool-executing",
        meaning: "Tools begin soon after the step before.",
        broken_by: &[("T04", "executing > 3 s")],
        remedy: "look for slow planning or queueing before the tool",
    },
    Guide {
        id: "timing/tool-completed",
        meaning: "Tools answer soon.",
        broken_by: &[("T05", "tool > 5 s"), ("T09", "only the slowest 5 % late")],
        remedy: "put a time-out on tools, and look at the slowest ones",
    },
    Guide {
        id: "timing/agent-completed",
        meaning: "The answer comes inside its time.",
        broken_by: &[("T06", "run > 30 s")],
        remedy: "look at the slowest runs: which gap between events is the longest",
    },
    Guide {
        id: "timing/whole-answer",
        meaning: "No run takes longer than users wait.",
        broken_by: &[],
        remedy: "keep a deadline per run that ends it with agent_failed",
    },
    Guide {
        id: "timing/delivery-latency",
        meaning: "Events arrive soon after they are made.",
        broken_by: &[],
        remedy: "look for batching, full queues, missing TCP_NODELAY, slow fan-out",
    },
    Guide {
        id: "timing/silence",
        meaning: "No long gap without a sign of work; heartbeats do not count.",
        broken_by: &[("T08", "12 s of silence under heartbeats")],
        remedy: "emit progress in long steps",
    },
    Guide {
        id: "timing/streamed",
        meaning: "Events arrive while the work is done, not all at the end.",
        broken_by: &[("T07", "everything flushed at the end"), ("T10", "thinking made up after the work is done")],
        remedy: "flush each event when it is made, and check proxies for buffering",
    },
    Guide {
        id: "timing/durations-true",
        meaning: "Reported durations agree with the clock.",
        broken_by: &[("T11", "`duration_ms` contradicts the clock")],
        remedy: "measure durations with a monotonic clock around the work itself",
    },
    Guide {
        id: "timing/cold-start",
        meaning: "The first run on a connection keeps the limits too; it is the one that new users see.",
        broken_by: &[("T12", "first run on a connection slow only")],
        remedy: "warm up pools, models and caches before saying ready",
    },
    Guide {
        id: "timing/throughput",
        meaning: "Events reach one user fast enough.",
        broken_by: &[],
        remedy: "send without waiting per event, and batch writes in the socket's task",
    },
];
