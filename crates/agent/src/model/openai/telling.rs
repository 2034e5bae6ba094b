//! What users see of a reply while it comes, and when. No I/O: given what was heard and the time, it says what to tell.
//!
//! Text is told as it comes, after a short pause: what a model writes just before it calls tools is a thought, not the
//! answer. Thoughts are told in whole sentences. Nobody is left without a word for long.

use super::reply::Heard;
use std::time::Duration;
use tokio::time::Instant;

/// More text than this announces no tool: it is the answer.
const ANNOUNCEMENT_CHARS: usize = 240;
/// And text that stands for so long is shown, whatever follows.
const PAUSE: Duration = Duration::from_millis(1_500);
/// Thoughts are told after so much of them, or so much time.
const THOUGHT_BYTES: usize = 1_200;
const THOUGHT_PAUSE: Duration = Duration::from_secs(2);
/// A thought without the end of a sentence is cut between words once it is so long.
const LONGEST_SENTENCE: usize = 4_000;
/// After so long without a word, users are told that we wait, and for what.
const QUIET: Duration = Duration::from_secs(6);
/// A shorter thought says too little to stand alone.
const SHORT_THOUGHT: usize = 64;

/// Something to tell.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Say {
    Thought(String),
    /// The next piece of the answer.
    Text(String),
}

/// See the module: of one reply.
#[derive(Debug)]
pub(super) struct Telling {
    began: Instant,
    told: Instant,
    thought: String,
    thought_since: Option<Instant>,
    held: String,
    held_since: Option<Instant>,
    /// Text is shown as it comes.
    open: bool,
    /// Whether tools may be called, so that text is held back at first.
    tools: bool,
}

impl Telling {
    pub(super) fn new(tools: bool, now: Instant) -> Self {
        Self {
            began: now,
            told: now,
            thought: String::new(),
            thought_since: None,
            held: String::new(),
            held_since: None,
            open: false,
            tools,
        }
    }

    /// Whether a part of the answer was told: it cannot be taken back.
    pub(super) fn shown(&self) -> bool {
        self.open
    }

    /// When to look again, if nothing is heard before.
    pub(super) fn due(&self) -> Instant {
        let thought = self.thought_since.map(|since| since + THOUGHT_PAUSE);
        let held = self.held_since.map(|since| since + PAUSE);
        [thought, held].into_iter().flatten().fold(self.told + QUIET, Instant::min)
    }

    /// Takes what a chunk brought; gives what is to be told now.
    pub(super) fn hear(&mut self, heard: &Heard, now: Instant) -> Vec<Say> {
        let mut says = Vec::new();
        if !heard.thought.is_empty() {
            self.thought.push_str(&heard.thought);
            self.thought_since.get_or_insert(now);
        }
        if !heard.text.is_empty() || heard.calls {
            self.all_thoughts(&mut says);
        }
        self.held.push_str(&heard.text);
        if !self.held.trim().is_empty() {
            self.held_since.get_or_insert(now);
        }
        self.what_is_due(now, &mut says);
        self.note(says, now)
    }

    /// Nothing was heard until now; gives what is to be told all the same.
    pub(super) fn wait(&mut self, now: Instant) -> Vec<Say> {
        let mut says = Vec::new();
        self.what_is_due(now, &mut says);
        if says.is_empty() && now >= self.told + QUIET {
            let seconds = now.duration_since(self.began).as_secs();
            says.push(Say::Thought(format!(
                "The language model has been at it for {seconds} s; I wait for what it sends next."
            )));
        }
        self.note(says, now)
    }

    /// The reply is whole. When it `calls` tools, what was held back announced them.
    pub(super) fn end(&mut self, calls: bool, now: Instant) -> Vec<Say> {
        let mut says = Vec::new();
        self.all_thoughts(&mut says);
        let held = std::mem::take(&mut self.held);
        self.held_since = None;
        if calls && !self.open {
            says.extend(thought(&held));
        } else {
            self.show(&held, &mut says);
        }
        self.note(says, now)
    }

    fn note(&mut self, says: Vec<Say>, now: Instant) -> Vec<Say> {
        if !says.is_empty() {
            self.told = now;
        }
        says
    }

    fn what_is_due(&mut self, now: Instant, says: &mut Vec<Say>) {
        let waited = |since: Option<Instant>, pause| since.is_some_and(|since| now >= since + pause);
        if self.thought.len() >= THOUGHT_BYTES || waited(self.thought_since, THOUGHT_PAUSE) {
            let end = sentences(&self.thought);
            let rest = self.thought.split_off(end);
            says.extend(thought(&std::mem::replace(&mut self.thought, rest)));
            self.thought_since = (!self.thought.is_empty()).then_some(now);
        }
        let long = || self.held.chars().count() > ANNOUNCEMENT_CHARS;
        if self.open || !self.tools || waited(self.held_since, PAUSE) || long() {
            let held = std::mem::take(&mut self.held);
            self.held_since = None;
            self.show(&held, says);
        }
    }

    /// An answer begins with its first word.
    fn show(&mut self, text: &str, says: &mut Vec<Say>) {
        let text = if self.open { text } else { text.trim_start() };
        if !text.is_empty() {
            self.open = true;
            says.push(Say::Text(text.to_owned()));
        }
    }

    fn all_thoughts(&mut self, says: &mut Vec<Say>) {
        self.thought_since = None;
        says.extend(thought(&std::mem::take(&mut self.thought)));
    }
}

/// A thought as it is told; `None` when it says nothing.
fn thought(text: &str) -> Option<Say> {
    let text = text.trim();
    if !text.chars().any(char::is_alphanumeric) {
        return None;
    }
    let told = if text.len() <= SHORT_THOUGHT {
        format!("The language model says: {text}")
    } else {
        text.to_owned()
    };
    Some(Say::Thought(told))
}

/// Where the last whole sentence or line ends; 0 when none does.
fn sentences(text: &str) -> usize {
    let ends = |(at, c): (usize, char)| {
        let next = at + c.len_utf8();
        let followed = text.get(next..).is_some_and(|rest| rest.starts_with(char::is_whitespace));
        let sentence = matches!(c, '.' | '!' | '?' | ':') && followed;
        (c == '\n' || sentence || matches!(c, '。' | '！' | '？')).then_some(next)
    };
    let end = text.char_indices().rev().find_map(ends);
    let cut = || text.rfind(char::is_whitespace).filter(|_| text.len() >= LONGEST_SENTENCE);
    end.or_else(cut).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::{ANNOUNCEMENT_CHARS, PAUSE, QUIET, Say, THOUGHT_PAUSE, Telling, sentences};
    use crate::model::openai::reply::Heard;
    use rstest::rstest;
    use std::time::Duration;
    use tokio::time::Instant;

    fn text(text: &str) -> Heard {
        Heard { text: text.to_owned(), ..Heard::default() }
    }

    fn thought(thought: &str) -> Heard {
        Heard { thought: thought.to_owned(), ..Heard::default() }
    }

    const CALLS: Heard = Heard { thought: String::new(), text: String::new(), calls: true };

    #[test]
    fn an_announcement_of_tools_is_a_thought() {
        let now = Instant::now();
        let mut telling = Telling::new(true, now);
        assert_eq!(
            telling.hear(
                &text("Let me look at your bill first, service by service, and then at what is idle."),
                now
            ),
            []
        );
        assert_eq!(telling.hear(&CALLS, now), []);
        let told = telling.end(true, now);
        assert!(matches!(&told[..], [Say::Thought(said)] if said.starts_with("Let me look")), "{told:?}");
        assert!(!telling.shown());
    }

    #[test]
    fn an_answer_is_shown_as_it_comes() {
        let now = Instant::now();
        let mut telling = Telling::new(true, now);
        let long = "word ".repeat(ANNOUNCEMENT_CHARS);
        assert_eq!(telling.hear(&text("\n\nBegin "), now), []);
        assert_eq!(telling.hear(&text(&long), now), [Say::Text(format!("Begin {long}"))]);
        assert!(telling.shown());
        assert_eq!(telling.hear(&text(" and"), now), [Say::Text(" and".to_owned())]);
        assert_eq!(telling.end(false, now), []);
    }

    #[test]
    fn a_short_text_is_shown_after_a_pause_or_at_the_end() {
        let now = Instant::now();
        let mut telling = Telling::new(true, now);
        assert_eq!(telling.hear(&text("Short"), now), []);
        assert_eq!(telling.due(), now + PAUSE);
        assert_eq!(telling.wait(now + PAUSE), [Say::Text("Short".to_owned())]);
        let mut telling = Telling::new(true, now);
        telling.hear(&text("Short"), now);
        assert_eq!(telling.end(false, now), [Say::Text("Short".to_owned())]);
    }

    #[test]
    fn nothing_is_held_back_where_no_tool_can_follow() {
        let now = Instant::now();
        assert_eq!(Telling::new(false, now).hear(&text("A"), now), [Say::Text("A".to_owned())]);
    }

    #[test]
    fn thoughts_are_told_in_sentences_and_before_the_answer() {
        let now = Instant::now();
        let first = "The bill has forty services, and most of the money goes to three of them.";
        let mut telling = Telling::new(true, now);
        assert_eq!(telling.hear(&thought(&format!("{first} Now the")), now), []);
        assert_eq!(telling.wait(now + THOUGHT_PAUSE), [Say::Thought(first.to_owned())]);
        assert_eq!(
            telling.hear(&text("So"), now + THOUGHT_PAUSE),
            [Say::Thought("The language model says: Now the".to_owned())]
        );
        assert_eq!(telling.hear(&thought(" \n... "), now), []);
        assert_eq!(telling.end(true, now), [Say::Thought("The language model says: So".to_owned())]);
    }

    #[test]
    fn silence_is_told_and_each_time_in_other_words() {
        let now = Instant::now();
        let mut telling = Telling::new(true, now);
        assert_eq!(telling.due(), now + QUIET);
        assert_eq!(telling.wait(now + QUIET - Duration::from_millis(1)), []);
        let first = telling.wait(now + QUIET);
        let second = telling.wait(now + QUIET + QUIET);
        assert!(matches!(&first[..], [Say::Thought(said)] if said.contains("6 s")), "{first:?}");
        assert_ne!(first, second);
    }

    #[rstest]
    #[case("One. Two", 4)]
    #[case("One. Two.", 4)]
    #[case("A line\nand", 7)]
    #[case("3.5 percent", 0)]
    #[case("费用。是", 9)]
    #[case("", 0)]
    fn sentences_end_where_they_end(#[case] text: &str, #[case] end: usize) {
        assert_eq!(sentences(text), end);
    }
}
