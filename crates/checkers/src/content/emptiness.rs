//! Texts that say nothing: blank, placeholders, templates that nobody filled in, words of mere activity.

/// Texts that stand where something should be said, without case and closing marks.
const PLACEHOLDERS: &[&str] = &[
    "agent is thinking",
    "agent is working",
    "agent started",
    "agent thinking",
    "analyzing",
    "coming soon",
    "done",
    "executing tool",
    "fill me in",
    "foo",
    "in progress",
    "insert text here",
    "loading",
    "lorem ipsum",
    "n/a",
    "na",
    "nan",
    "nil",
    "no response",
    "none",
    "not available",
    "not implemented",
    "null",
    "[object object]",
    "placeholder",
    "please wait",
    "processing",
    "processing request",
    "processing your request",
    "reasoning",
    "sample text",
    "string",
    "tbd",
    "test",
    "text",
    "the agent is thinking",
    "thinking",
    "to be determined",
    "todo",
    "undefined",
    "unknown",
    "working",
    "working on it",
    "xxx",
    "your text here",
];

/// Words of which texts consist that only say that something goes on, and about whom.
const ACTIVITY: &[&str] = &[
    "a",
    "agent",
    "ai",
    "an",
    "analysing",
    "analysis",
    "analyzing",
    "and",
    "are",
    "assistant",
    "being",
    "busy",
    "calling",
    "completed",
    "complete",
    "computing",
    "executing",
    "execution",
    "fetching",
    "finished",
    "for",
    "generating",
    "gathering",
    "hold",
    "i",
    "in",
    "is",
    "it",
    "just",
    "loading",
    "moment",
    "now",
    "on",
    "one",
    "our",
    "please",
    "preparing",
    "processing",
    "progress",
    "query",
    "ready",
    "reasoning",
    "request",
    "response",
    "results",
    "running",
    "started",
    "starting",
    "step",
    "still",
    "task",
    "the",
    "thinking",
    "this",
    "tool",
    "tools",
    "user",
    "users",
    "using",
    "wait",
    "waiting",
    "we",
    "while",
    "working",
    "your",
];

/// One of these must be among them: without a word of activity it is some other short text.
const ACTIVE: &[&str] = &[
    "analysing",
    "analyzing",
    "calling",
    "computing",
    "executing",
    "fetching",
    "gathering",
    "generating",
    "loading",
    "preparing",
    "processing",
    "running",
    "starting",
    "thinking",
    "wait",
    "waiting",
    "working",
];

/// Beginnings of placeholders, before a colon or a blank.
const OPENINGS: &[&str] = &["todo", "tbd", "fixme", "lorem ipsum", "placeholder"];

/// What shows as nothing, though it is no white space.
fn is_blank(c: char) -> bool {
    c.is_whitespace()
        || c.is_control()
        || matches!(c, '\u{ad}' | '\u{200b}'..='\u{200f}' | '\u{2060}'..='\u{2064}' | '\u{feff}' | '\u{3164}' | '\u{2800}')
}

/// Why a text says nothing, if it does.
pub(super) fn emptiness(text: &str) -> Option<&'static str> {
    let text = text.trim_matches(is_blank);
    if text.is_empty() {
        return Some("empty");
    }
    if text.chars().all(|c| c.is_ascii_punctuation() || is_blank(c) || matches!(c, '…' | '—' | '–' | '•'))
    {
        return Some("a placeholder");
    }
    // The longest placeholder is short; most texts are done here.
    if text.len() > 64 {
        return begins_as(text, "lorem ipsum").then_some("filler");
    }
    let bare = bare(text);
    let known = PLACEHOLDERS.contains(&bare.as_str())
        || OPENINGS.iter().any(|opening| opens(&bare, opening))
        || is_template(text)
        || is_mere_activity(&bare);
    known.then_some("a placeholder")
}

/// Whether a text, blank ends aside, is a known placeholder, word for word.
pub(super) fn is_known_placeholder(text: &str) -> bool {
    PLACEHOLDERS.contains(&bare(text.trim_matches(is_blank)).as_str())
}

/// A text without what placeholders are put in.
fn bare(text: &str) -> String {
    let around = |c| matches!(c, '.' | '…' | '!' | '?' | ':' | ' ' | '<' | '>' | '{' | '}' | '-' | '_' | '*');
    text.trim_matches(around).to_lowercase()
}

fn begins_as(text: &str, opening: &str) -> bool {
    text.get(..opening.len()).is_some_and(|head| head.eq_ignore_ascii_case(opening))
}

/// `todo: fill in`, `lorem ipsum dolor`: the opening as a word of its own. A sentence about a to-do list goes on
/// otherwise.
fn opens(bare: &str, opening: &str) -> bool {
    let rest = bare.strip_prefix(opening);
    rest.is_some_and(|rest| {
        rest.is_empty() || rest.starts_with(':') || opening == "lorem ipsum" || rest == " text"
    })
}

/// A name in the brackets of a template, or a directive of a format, and nothing else.
fn is_template(text: &str) -> bool {
    let pairs = [("${", "}"), ("{{", "}}"), ("{", "}"), ("<%=", "%>"), ("<", ">"), ("[", "]"), ("%(", ")s")];
    let inside = pairs.iter().find_map(|(open, close)| text.strip_prefix(open)?.strip_suffix(close));
    let names = |inside: &str| {
        let inside = inside.trim();
        !inside.is_empty()
            && inside.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && inside.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '.' | ' ' | '-'))
    };
    matches!(text, "%s" | "%d" | "%v" | "%r" | "{0}" | "{}") || inside.is_some_and(names)
}

/// Words of activity alone: that somebody thinks or works, not about what.
fn is_mere_activity(bare: &str) -> bool {
    let words =
        || bare.split(|c: char| !c.is_ascii_alphanumeric() && c != '\'').filter(|word| !word.is_empty());
    bare.is_ascii()
        && words().all(|word| ACTIVITY.contains(&word))
        && words().any(|word| ACTIVE.contains(&word))
}

#[cfg(test)]
mod tests {
    use super::emptiness;
    use rstest::rstest;

    #[rstest]
    #[case("\u{200b}")]
    #[case("\u{2060} \u{a0}")]
    #[case("TODO: fill in")]
    #[case("{{ summary }}")]
    #[case("${text}")]
    #[case("[insert answer here]")]
    #[case("%s")]
    #[case("Analyzing your request…")]
    #[case("Please wait while the agent is working...")]
    #[case("Lorem ipsum dolor sit amet, consectetur adipiscing elit, sed do eiusmod tempor")]
    fn what_says_nothing_is_told(#[case] text: &str) {
        assert!(emptiness(text).is_some(), "{text:?}");
    }

    #[rstest]
    #[case("The TODO list grows by nine jobs a day.")]
    #[case("todo lists cost you $40 a month")]
    #[case("Analyzing the spend on S3.")]
    #[case("Ready.")]
    #[case("Stop trainer-7.")]
    #[case("[1, 2]")]
    #[case("费用")]
    fn what_says_little_says_something(#[case] text: &str) {
        assert_eq!(emptiness(text), None, "{text:?}");
    }
}
