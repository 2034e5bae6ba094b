//! `value`: what the answers are worth.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
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
];
