//! `value/own-prompt`: an answer fits its own prompt better than other prompts of the session.
//!
//! A quoted foreign reference, or the text of another answer, is proof at once. Words are weighed at the end, when it
//! is known which of them tell prompts apart: what answers say whatever they are asked speaks for no prompt.

use super::text::{Kind, Token, excerpt, tokens, without_references, word_hash};
use super::words::Words;
use crate::check::{Check, Tally};
use crate::index::{Index, RunView};
use crate::observation::{Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::RecordKind;
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;
use std::borrow::Cow;

/// Distinct prompts that are kept; later ones are judged against these.
const PROMPTS_KEPT: usize = 256;
/// Distinct answers that are kept to recognise one that comes again.
const ANSWERS_KEPT: usize = 100_000;
/// Words of content that are kept of a prompt.
const WORDS_KEPT: usize = 32;
/// Answers that are kept until their words can be weighed.
const SUSPECTS_KEPT: usize = 10_000;
/// By how much of its distinguishing words another prompt must be nearer.
const MARGIN: f64 = 0.5;
/// Fewer words of another prompt are chance.
const LEAST_WORDS: u32 = 3;
/// Prompts that share more of the shorter one's words ask the same thing.
const SAME_QUESTION: f64 = 0.6;
/// A word that a greater share of the answers holds without being asked about it is everybody's.
const COMMON: f64 = 1.0 / 3.0;

/// The fold.
#[derive(Debug, Default)]
pub(crate) struct OwnPrompt {
    tally: Tally,
    prompts: Vec<Prompt>,
    prompt_at: FxHashMap<u64, usize>,
    answers: FxHashMap<RunIx, Answer>,
    texts: FxHashMap<u64, (u64, u64)>,
    /// The prompts' words, and what the answers make of them.
    vocabulary: FxHashMap<u64, Usage>,
    settled: u64,
    /// Of each prompt, how many of its words one answer holds without being asked about them.
    held: Vec<u32>,
    suspects: Vec<Suspect>,
}

/// Of the answers to prompts without a word: how many there are, and how many hold it all the same. `asked` counts the
/// others.
#[derive(Debug, Default)]
struct Usage {
    asked: u64,
    unasked_and_held: u64,
    /// Places of the prompts that hold it, in order.
    prompts: Vec<u32>,
}

#[derive(Debug)]
struct Prompt {
    text: Box<str>,
    words: Words,
}

#[derive(Debug)]
struct Answer {
    line: u64,
    request_line: u64,
    prompt: u64,
    words: Words,
    opening: Box<str>,
    complaint: Option<(String, u64)>,
}

/// An answer that holds words of other prompts and lacks its own.
#[derive(Debug)]
struct Suspect {
    answer: Answer,
    who: String,
    /// Places of the prompts that it may belong to.
    others: Vec<usize>,
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
    /// Takes in a prompt without its reference; its tokens are asked for only if it is new.
    fn ask<'t>(&mut self, prompt: &str, read: impl FnOnce() -> Cow<'t, [Token]>) -> u64 {
        let hash = word_hash(prompt);
        if self.prompts.len() < PROMPTS_KEPT && !self.prompt_at.contains_key(&hash) {
            let place = self.prompts.len();
            self.prompt_at.insert(hash, place);
            let words = Words::of(words(&read()).take(WORDS_KEPT));
            for word in words.iter() {
                self.vocabulary.entry(*word).or_default().prompts.push(place as u32);
            }
            self.prompts.push(Prompt { text: excerpt(prompt).into(), words });
            self.held.push(0);
        }
        hash
    }

    fn answer(&mut self, seen: &Observation<'_>, index: &Index) {
        let Some((event, arrival)) = seen.event() else { return };
        if event.kind != EventType::AgentCompleted || !arrival.first {
            return;
        }
        let Some(request) = index.run(arrival.run).and_then(|run| index.request_of_run(run)) else { return };
        let (Some(prompt), Some(answer)) = (request.prompt.as_deref(), event.answer()) else {
            return;
        };
        let (prompt, asked) = answer.prompt(prompt);
        let prompt = self.ask(prompt, || asked.into());
        let foreign = answer.references().iter().find(|(_, number)| Some(*number) != request.reference);
        let mut complaint = foreign.map(|&(at, _)| {
            (format!("it quotes `{}`, another prompt's reference", &answer.text[at..at + 35]), seen.line)
        });
        let read = answer.tokens();
        if read.len() >= 8 && self.texts.len() < ANSWERS_KEPT {
            let (first_prompt, first_line) =
                *self.texts.entry(same_text(read)).or_insert((prompt, seen.line));
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
                words: Words::of(words(read)),
                opening: excerpt(answer.bare()).into(),
                complaint,
            },
        );
    }

    /// Counts what the answer makes of the prompts' words. The prompts that it may belong to rather than to its own.
    fn count(&mut self, answer: &Answer) -> Vec<usize> {
        let own = self.prompt_at.get(&answer.prompt).map(|&at| &self.prompts[at].words);
        self.settled += 1;
        for word in own.into_iter().flat_map(Words::iter) {
            self.vocabulary.entry(*word).or_default().asked += 1;
        }
        self.held.fill(0);
        for word in answer.words.iter() {
            if let Some(usage) = self.vocabulary.get_mut(word)
                && own.is_none_or(|own| !own.contains(*word))
            {
                usage.unasked_and_held += 1;
                for &prompt in &usage.prompts {
                    self.held[prompt as usize] += 1;
                }
            }
        }
        let fits = |(at, held): (usize, &u32)| {
            // Few prompts get as far as being compared word by word.
            let other = &self.prompts[at];
            (*held >= LEAST_WORDS && self.fits_better(answer, other, false)).then_some(at)
        };
        self.held.iter().enumerate().filter_map(fits).collect()
    }

    /// Whether other answers hold the word without being asked about it. `answer` is one that holds it so.
    fn is_common(&self, word: u64) -> bool {
        let Some(usage) = self.vocabulary.get(&word) else { return false };
        let unasked = self.settled.saturating_sub(usage.asked);
        // Without the answer in question, which is no witness for itself.
        let (held, all) = (usage.unasked_and_held.saturating_sub(1), unasked.saturating_sub(1));
        held as f64 > all as f64 * COMMON
    }

    /// Whether the answer holds the words of `other` that are not its own prompt's, while it lacks those of its own
    /// prompt that are not the other's; of all words, or of those that tell prompts apart.
    fn fits_better(&self, answer: &Answer, other: &Prompt, only_telling: bool) -> bool {
        let Some(&own) = self.prompt_at.get(&answer.prompt) else { return false };
        let own = &self.prompts[own];
        let count = |of: &Words, without: &Words| {
            let (mut all, mut held) = (0_u32, 0_u32);
            for &word in of.iter().filter(|word| !without.contains(**word)) {
                let holds = answer.words.contains(word);
                if only_telling && holds && !own.words.contains(word) && self.is_common(word) {
                    continue;
                }
                all += 1;
                held += u32::from(holds);
            }
            (all, held)
        };
        let (own_all, own_held) = count(&own.words, &other.words);
        let (all, held) = count(&other.words, &own.words);
        let share = |held: u32, all: u32| f64::from(held) / f64::from(all);
        let shared = own.words.shared(&other.words);
        let same_question = shared as f64 > own.words.len().min(other.words.len()) as f64 * SAME_QUESTION;
        !same_question
            && own_all > 0
            && held >= LEAST_WORDS
            && share(held, all) - share(own_held, own_all) >= MARGIN
    }

    fn broke(&mut self, answer: &Answer, who: &str, why: &str, line: u64) {
        let prompt = self.prompt_at.get(&answer.prompt).map_or("its prompt", |&at| &*self.prompts[at].text);
        let mut records = vec![answer.request_line, line, answer.line];
        records.sort_unstable();
        records.dedup();
        self.tally.broke(|| Finding {
            summary: format!("{who} answers another prompt: {why}"),
            expected: format!("an answer to `{prompt}`"),
            observed: format!("`{}`", answer.opening),
            records,
            witness: None,
        });
    }
}

impl Check for OwnPrompt {
    fn ids(&self) -> &'static [&'static str] {
        &["value/own-prompt"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        match &seen.record.kind {
            RecordKind::Request { prompt: Some(prompt), .. } => {
                let prompt = without_references(prompt);
                self.ask(&prompt, || tokens(&prompt).into());
            }
            RecordKind::Frame { .. } => self.answer(seen, index),
            _ => {}
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let Some(answer) = self.answers.remove(&run) else { return };
        let others = self.count(&answer);
        let who = || format!("run `{}` of `{}`", view.id, index.user_name(Some(view.owner)));
        if let Some((why, line)) = &answer.complaint {
            return self.broke(&answer, &who(), why, *line);
        }
        if others.is_empty() || self.suspects.len() >= SUSPECTS_KEPT {
            return self.tally.kept();
        }
        self.suspects.push(Suspect { who: who(), others, answer });
    }

    fn finish(mut self: Box<Self>, _index: &Index) -> Vec<CheckResult> {
        for suspect in std::mem::take(&mut self.suspects) {
            let fits = |at: &&usize| self.fits_better(&suspect.answer, &self.prompts[**at], true);
            match suspect.others.iter().find(fits) {
                Some(&other) => {
                    let why = format!("it fits `{}` better", self.prompts[other].text);
                    self.broke(&suspect.answer, &suspect.who, &why, suspect.answer.line);
                }
                None => self.tally.kept(),
            }
        }
        vec![self.tally.into_result("value/own-prompt")]
    }
}
