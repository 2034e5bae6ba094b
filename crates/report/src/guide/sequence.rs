//! `sequence`: the order of a run's events.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
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
];
