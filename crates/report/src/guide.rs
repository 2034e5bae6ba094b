//! What every check means, what is known to break it, and what to do: the text of `explain` and of remediation plans.

/// One check, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Guide {
    /// `group/name`, as in the catalogue.
    pub id: &'static str,
    /// What it guards, and why that matters.
    pub meaning: &'static str,
    /// Known faults that it owns: their row, and what they do.
    pub broken_by: &'static [(&'static str, &'static str)],
    /// What to do when it fails.
    pub remedy: &'static str,
}

/// The guide of `id`.
#[must_use]
pub fn guide(id: &str) -> Option<&'static Guide> {
    GUIDES.iter().find(|known| known.id == id)
}

/// Every check, in the order of the catalogue.
#[rustfmt::skip]
pub const GUIDES: &[Guide] = &[
    Guide {
        id: "sequence/five-in-order",
        meaning: "A user follows the work by five events: started, thinking, tool called, tool answered, done. If one is missing or late in line, the chat looks frozen or makes no sense. What is owed comes from the scenario; extra and repeated events are fine.",
        broken_by: &[("L01", "no agent_started"), ("L02", "no agent_thinking"), ("L03", "no tool_executing")],
        remedy: "find where the missing event is made, and emit it before the next step begins; look for code paths (errors, sub-agents, second runs) that skip the notifier",
    },
    Guide {
        id: "sequence/tool-pairs",
        meaning: "Every tool call that is shown must be answered, with the same execution_id and the same tool name, whether the tool worked or not; otherwise a spinner turns for ever.",
        broken_by: &[("L04", "no tool_completed"), ("L16", "sub-agent's tool events missing"), ("O02", "agent_completed before tool_completed"), ("O08", "tool_completed for an unknown execution_id"), ("O09", "results of two parallel tools swapped"), ("O10", "run ends with an open tool"), ("O12", "tool name differs inside a pair"), ("E02", "tool error, no tool_completed")],
        remedy: "emit tool_completed in the same place that awaits the tool, also when it fails, times out or is cancelled, and carry the execution_id through",
    },
    Guide {
        id: "sequence/one-terminal",
        meaning: "A run ends with exactly one agent_completed, agent_failed or agent_cancelled. None means that the user waits for ever; two mean that nobody knows which is true.",
        broken_by: &[("L05", "no agent_completed, socket open"), ("L06", "clean close without a terminal"), ("L15", "error run stops after thinking, no terminal"), ("D03", "two terminals"), ("D06", "agent_failed twice"), ("E04", "store timeout hangs the run")],
        remedy: "give the terminal one owner, send it on every way out of the run, and keep a deadline that ends silent runs",
    },
    Guide {
        id: "sequence/nothing-after-terminal",
        meaning: "After the terminal the chat closes the run; what comes later is lost or shown in the wrong place.",
        broken_by: &[("O03", "event after the terminal")],
        remedy: "stop and await everything that emits for the run before its terminal is sent",
    },
    Guide {
        id: "sequence/terminal-true",
        meaning: "A run that failed, was cancelled, or rests on a failed tool must say so. A failure shown as success is the worst answer of all.",
        broken_by: &[("O13", "cancelled run shown as completed"), ("O14", "failed run shown as completed (`success:false` inside)"), ("E01", "tool error as success"), ("E03", "429 swallowed, canned answer")],
        remedy: "derive the terminal from the outcome of the run, label answers that rest on failed tools as degraded, never catch an error into a normal answer",
    },
    Guide {
        id: "sequence/seq-dense",
        meaning: "`seq` counts the events of a run without a hole, and never goes back; replayed events come before live ones. Clients need it to see what they lost.",
        broken_by: &[("O01", "neighbours swapped"), ("O04", "seq goes back"), ("O05", "live before replay"), ("O06", "queue flushed by priority after a reconnect")],
        remedy: "number events in one place per run, and write to a socket from one task",
    },
    Guide {
        id: "sequence/after-request",
        meaning: "Nothing of a run may be seen before it was asked for.",
        broken_by: &[("O11", "event before its request")],
        remedy: "accept the request before the run begins, and do not reuse run ids",
    },
    Guide {
        id: "content/json",
        meaning: "Every text message is exactly one JSON value in valid UTF-8, or clients break on it.",
        broken_by: &[("C01", "not JSON"), ("C02", "truncated JSON"), ("C20", "invalid UTF-8")],
        remedy: "serialise with a JSON library, once, at the edge, and never cut a text by bytes",
    },
    Guide {
        id: "content/text-frames",
        meaning: "Events are text frames, one event in each; browsers' clients read nothing else.",
        broken_by: &[("C10", "two events in one message"), ("C11", "binary frame")],
        remedy: "send each event as its own text frame",
    },
    Guide {
        id: "content/schema",
        meaning: "Known type, all required fields, right types, the same shape live and on replay: what clients were promised.",
        broken_by: &[("C03", "misspelt type"), ("C04", "required field missing"), ("C05", "wrong type of field"), ("C14", "payload overwrites `type`"), ("C15", "flat live, nested on replay"), ("C16", "wrapped in system_message")],
        remedy: "build events from one typed definition, and replay the stored bytes instead of building them anew",
    },
    Guide {
        id: "content/meaningful",
        meaning: "Fields that people read hold something worth reading: no empty reasoning, no placeholder, no empty results.",
        broken_by: &[("C06", "empty reasoning"), ("C07", "placeholder (\"...\", \"Agent is thinking…\", \"TODO\")"), ("C17", "results `{}`")],
        remedy: "fill the field from the work that is being done, or do not send the event",
    },
    Guide {
        id: "content/unicode",
        meaning: "Text survives unchanged: no mojibake, no NUL, no byte order mark.",
        broken_by: &[("C08", "mojibake"), ("C09", "NUL or BOM")],
        remedy: "keep UTF-8 from end to end, and remove conversions between encodings",
    },
    Guide {
        id: "content/whole",
        meaning: "Nothing is cut off, nothing is encoded twice.",
        broken_by: &[("C12", "cut at 500 characters"), ("C13", "double-encoded JSON")],
        remedy: "remove limits that cut texts (refuse or split instead), and encode JSON only once",
    },
    Guide {
        id: "content/no-internals",
        meaning: "No stack trace, internal path, secret or token reaches a user.",
        broken_by: &[("C18", "stack trace or internal path in an event"), ("C19", "API key in tool parameters")],
        remedy: "turn errors into messages for users at the edge of the agent, and redact tool parameters",
    },
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
    Guide {
        id: "value/gates",
        meaning: "The answer is no junk: no echo, apology, placeholder, dump, filler or off-topic text.",
        broken_by: &[("B01", "apology as a normal answer"), ("B02", "echo"), ("B06", "keyword stuffing"), ("B08", "JSON dump"), ("B09", "judge injection (\"rate this 5/5\")")],
        remedy: "read the quoted excerpt; make failures fail, and check the prompt that reaches the model",
    },
    Guide {
        id: "value/demands",
        meaning: "The answer has substance, fits the question and gives enough distinct things to do.",
        broken_by: &[],
        remedy: "ask the model for concrete, ranked actions, and give it the tools' results",
    },
    Guide {
        id: "value/facts",
        meaning: "Figures and names from the run's own tool results are in the answer; a canned answer cannot do that.",
        broken_by: &[("B04", "answer ignores tool results")],
        remedy: "put the tools' results into the model's context, and ask it to cite them",
    },
    Guide {
        id: "value/own-prompt",
        meaning: "An answer fits its own prompt better than the prompts of other users.",
        broken_by: &[("B05", "another prompt's answer")],
        remedy: "look for answers that are cached or routed without the prompt or user in the key",
    },
    Guide {
        id: "value/boilerplate",
        meaning: "Answers are not one text with the nouns exchanged.",
        broken_by: &[("B03", "the same canned plan for everyone, prompt nouns filled in")],
        remedy: "remove fallbacks that return fixed text, and let the answer depend on data and prompt",
    },
    Guide {
        id: "value/quality",
        meaning: "Judged quality; only a calibrated judge or an approved baseline can say it.",
        broken_by: &[],
        remedy: "configure a judge, or read the answers",
    },
    Guide {
        id: "value/confidence",
        meaning: "Named proxy: the share of runs in order, on time, without a leak and without a gate that caught junk.",
        broken_by: &[],
        remedy: "repair what the sequence, timing, isolation and value checks found",
    },
    Guide {
        id: "value/continue",
        meaning: "Named proxy: the share of runs without a gate, inside the limits, with the first event in time.",
        broken_by: &[],
        remedy: "repair what the timing and value checks found",
    },
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
    Guide {
        id: "isolation/run-owner",
        meaning: "A run's events reach its owner only. One leak blocks a release.",
        broken_by: &[("I01", "broadcast to all"), ("I02", "one event to a second user"), ("I04", "run ids collide"), ("I13", "leak only within 10 ms after a reconnect")],
        remedy: "address events to the user of the run, and remove every broadcast",
    },
    Guide {
        id: "isolation/canary",
        meaning: "No user's content is anywhere in what another user received, plain or encoded.",
        broken_by: &[("I03", "foreign content under own ids (labels rewritten)"), ("I08", "first user's context serves all"), ("I09", "shared answer cache: ids right, content foreign"), ("I14", "leak base64-encoded inside a result"), ("P04", "leak only under load")],
        remedy: "look for shared caches, contexts and globals; put the user into every key",
    },
    Guide {
        id: "isolation/identity",
        meaning: "Ids in events are those of the token, never null, never placeholders.",
        broken_by: &[("I05", "wrong `user_id`"), ("I06", "run id `registry`, `null`, empty")],
        remedy: "take the identity from the verified token, and pass it on as a typed value",
    },
    Guide {
        id: "isolation/thread",
        meaning: "Threads of a user do not mix.",
        broken_by: &[("I07", "an event of thread A labelled thread B")],
        remedy: "carry the thread id with the run, not with the connection",
    },
    Guide {
        id: "isolation/foreign-access",
        meaning: "Runs of others cannot be resumed, cancelled or read, and look like unknown ones.",
        broken_by: &[("I10", "foreign run can be resumed"), ("I11", "foreign run can be cancelled"), ("I12", "foreign `GET /runs/{id}`")],
        remedy: "check the owner in the store's query itself",
    },
    Guide {
        id: "auth/refused",
        meaning: "Missing, expired, early, forged or foreign tokens, and tokens in the URL, are refused before the upgrade.",
        broken_by: &[("A01", "no token accepted"), ("A02", "expired accepted"), ("A03", "bad signature accepted"), ("A04", "`alg:none` accepted"), ("A05", "wrong `aud`/`iss` accepted"), ("A11", "accepted at connect, refused at the first message"), ("A13", "token in query accepted")],
        remedy: "verify signature, algorithm, exp, nbf, iss and aud before accepting the socket",
    },
    Guide {
        id: "auth/accepted",
        meaning: "Valid tokens get in, also after others failed.",
        broken_by: &[("A08", "valid refused"), ("A12", "auth breaker: three bad tokens block everybody")],
        remedy: "do not count failures across users",
    },
    Guide {
        id: "auth/refresh",
        meaning: "A token is refreshed in mid-stream, for the same user only.",
        broken_by: &[("A14", "refresh changes the user")],
        remedy: "compare the subject of the new token with the connection's",
    },
    Guide {
        id: "auth/expiry",
        meaning: "The stream ends when the token has expired and its grace is over.",
        broken_by: &[("A06", "stream goes on past expiry + grace")],
        remedy: "put a timer of the token's expiry on the connection",
    },
    Guide {
        id: "auth/revocation",
        meaning: "The stream ends soon after the token was revoked.",
        broken_by: &[("A07", "revoked goes on"), ("R11", "middleware skipped on resume (revoked user gets in)")],
        remedy: "subscribe connections to revocations",
    },
    Guide {
        id: "auth/uniform-errors",
        meaning: "Refusals say one text for all causes, never close 1011, never echo the token.",
        broken_by: &[("A09", "token echoed in an event or error"), ("A10", "failure closed as 1011, so that clients storm back")],
        remedy: "map all authentication errors to one answer",
    },
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

#[cfg(test)]
mod tests {
    use super::GUIDES;
    use goldenpath_checkers::CHECKS;

    #[test]
    fn every_check_of_the_catalogue_is_explained_in_its_order() {
        let explained: Vec<&str> = GUIDES.iter().map(|guide| guide.id).collect();
        let known: Vec<&str> = CHECKS.iter().map(|info| info.id).collect();
        assert_eq!(explained, known);
        assert!(GUIDES.iter().all(|guide| !guide.meaning.is_empty() && !guide.remedy.is_empty()));
    }
}
