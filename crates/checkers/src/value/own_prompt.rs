//! `value/own-prompt`: an answer fits its own prompt better than other prompts of the session.

use super::text::{Kind, Token, excerpt, references, tokens, without_references, word_hash};
use crate::check::{Check, Tally};
use crate::event_view::Field;
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::RecordKind;
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHashSet};

/// Distinct prompts that are kept; later ones are judged against these.
const PROMPTS_KEPT: usize = 256;
/// Distinct answers that are kept to recognise one that comes again.
const ANSWERS_KEPT: usize = 100_000;
/// Words of content that are kept of a prompt.
const WORDS_KEPT: usize = 32;
/// By how much of its distinguishing words another prompt must be nearer.
const MARGIN: f64 = 0.5;

/// The fold.
#[derive(Debug, Default)]
pub(crate) struct OwnPrompt {
    tally: Tally,
    prompts: Vec<Prompt>,
    prompt_at: FxHashMap<u64, usize>,
    answers: FxHashMap<RunIx, Answer>,
    texts: FxHashMap<u64, (u64, u64)>,
}

#[derive(Debug)]
struct Prompt {
    hash: u64,
    text: Box<str>,
    words: FxHashSet<u64>,
}

#[derive(Debug)]
struct Answer {
    line: u64,
    request_line: u64,
    prompt: u64,
    words: FxHashSet<u64>,
    opening: Box<str>,
    complaint: Option<(String, u64)>,
}

fn words(tokens: &[Token]) -> impl Iterator<Item = u64> + '_ {
    tokens.iter().filter(|token| token.is_content() && token.kind != Kind::Ideograph).map(|token| token.stem)
}

/// Texts are the same when their tokens are.
fn same_text(tokens: &[Token]) -> u64 {
    tokens
        .iter()
        .fold(0, |key: u64, token| key.rotate_left(7).wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ token.hash)
}

impl OwnPrompt {
    fn ask(&mut self, prompt: &str) -> u64 {
        let prompt = without_references(prompt);
        let hash = word_hash(&prompt);
        if self.prompts.len() < PROMPTS_KEPT && !self.prompt_at.contains_key(&hash) {
            self.prompt_at.insert(hash, self.prompts.len());
            let words = words(&tokens(&prompt)).take(WORDS_KEPT).collect();
            self.prompts.push(Prompt { hash, text: excerpt(&prompt).into(), words });
        }
        hash
    }

    fn answer(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some((event, arrival)) = seen.event() else { return };
        if event.kind != EventType::AgentCompleted || !arrival.first || arrival.foreign {
            return;
        }
        let Some(request) = index.run(arrival.run).and_then(|run| index.request_of_run(run)) else { return };
        let (Some(prompt), Some(text)) = (request.prompt.as_deref(), event.text(Field::FinalResponse)) else {
            return;
        };
        let prompt = self.ask(prompt);
        let foreign = references(&text).find(|(_, number)| Some(*number) != request.reference);
        let mut complaint = foreign.map(|(at, _)| {
            (format!("it quotes `{}`, another prompt's reference", &text[at..at + 35]), seen.line)
        });
        let bare = without_references(&text);
        let read = tokens(&bare);
        if read.len() >= 8 && self.texts.len() < ANSWERS_KEPT {
            let (first_prompt, first_line) =
                *self.texts.entry(same_text(&read)).or_insert((prompt, seen.line));
            if first_prompt != prompt && complaint.is_none() {
                complaint = Some(("word for word it answered another prompt before".to_owned(), first_line));
            }
        }
        self.answers.insert(
            arrival.run,
            Answer {
                line: seen.line,
                request_line: request.line,
                prompt,
                words: words(&read).collect(),
                opening: excerpt(&bare).into(),
                complaint,
            },
        );
    }

    /// The prompt whose own words the answer holds, while it lacks those of its own prompt.
    fn nearer(&self, answer: &Answer) -> Option<&Prompt> {
        let own = &self.prompts[*self.prompt_at.get(&answer.prompt)?];
        let share = |of: &FxHashSet<u64>, without: &FxHashSet<u64>| {
            let (all, held) = of.difference(without).fold((0_u32, 0_u32), |(all, held), word| {
                (all + 1, held + u32::from(answer.words.contains(word)))
            });
            (all >= 2).then(|| f64::from(held) / f64::from(all))
        };
        self.prompts.iter().filter(|other| other.hash != own.hash).find(|other| {
            match (share(&own.words, &other.words), share(&other.words, &own.words)) {
                (Some(mine), Some(theirs)) => theirs - mine >= MARGIN,
                _ => false,
            }
        })
    }
}

impl Check for OwnPrompt {
    fn ids(&self) -> &'static [&'static str] {
        &["value/own-prompt"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Request { prompt: Some(prompt), .. } => {
                self.ask(prompt);
            }
            RecordKind::Frame { .. } => self.answer(seen, index),
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(answer) = self.answers.remove(&run) else { return };
        let (why, line) = match (&answer.complaint, self.nearer(&answer)) {
            (Some((why, line)), _) => (why.clone(), *line),
            (None, Some(other)) => (format!("it fits `{}` better", other.text), answer.line),
            (None, None) => return self.tally.kept(),
        };
        let prompt = self.prompt_at.get(&answer.prompt).map_or("its prompt", |&at| &*self.prompts[at].text);
        let mut records = vec![answer.request_line, line, answer.line];
        records.sort_unstable();
        records.dedup();
        self.tally.broke(|| Finding {
            summary: format!(
                "run `{}` of `{}` answers another prompt: {why}",
                view.id,
                index.user_name(Some(view.owner))
            ),
            expected: format!("an answer to `{prompt}`"),
            observed: format!("`{}`", answer.opening),
            records,
            witness: None,
        });
    }

    fn finish(self: Box<Self>, _index: &Index) -> Vec<CheckResult> {
        vec![self.tally.into_result("value/own-prompt")]
    }
}
