//! Answers that are told otherwise: their pieces, their end and what the store keeps of them, all in agreement.

use crate::noted::{note, note_in_place_of};
use crate::{Act, Aim, Fault, Message, Step};
use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// What a user asked.
#[derive(Debug, Clone, Default)]
pub(super) struct Asked {
    /// The prompt without its reference.
    pub(super) prompt: String,
    /// The reference that the answer is to quote.
    pub(super) reference: Option<String>,
}

impl Asked {
    fn of(message: &str) -> Self {
        let at = message.rfind("Reference: gp-");
        let (prompt, reference) = at.map_or((message, None), |at| (&message[..at], Some(&message[at..])));
        Self {
            prompt: prompt.trim().to_owned(),
            reference: reference.map(|line| line["Reference: ".len()..].trim().to_owned()),
        }
    }
}

/// An answer that somebody got.
#[derive(Debug, Clone)]
pub(super) struct Earlier {
    pub(super) user: String,
    pub(super) asked: Asked,
    pub(super) answer: String,
    pub(super) summary: String,
}

/// A run whose answer begins.
pub(super) struct Case<'a> {
    pub(super) user: &'a str,
    pub(super) asked: &'a Asked,
    /// What its tools found.
    pub(super) results: &'a [Value],
    /// Answers of other runs, the latest last.
    pub(super) earlier: &'a [Earlier],
}

/// How an answer is told.
#[derive(Debug, Clone)]
pub(super) enum Tale {
    /// These pieces instead, and after the last of them `filler`, or all over again; all at once in place of a first piece that is
    /// as long as they are together.
    Instead { pieces: Vec<String>, filler: Option<String>, summary: String },
    /// The answer itself, with this somewhere in its first piece, which may be all of it: before it, after its first paragraph,
    /// or behind it.
    Beside { line: String, at: usize },
}

impl Tale {
    /// A finished text instead, in pieces of no meaning.
    pub(super) fn text(text: &str, summary: impl Into<String>) -> Self {
        let chars: Vec<char> = text.chars().collect();
        let pieces = chars.chunks(chars.len().div_ceil(4).max(1)).map(|piece| piece.iter().collect());
        Self::Instead { pieces: pieces.collect(), filler: Some("\n".to_owned()), summary: summary.into() }
    }

    /// Sentences instead, for as long as the answer goes on.
    pub(super) fn sentences(pieces: Vec<String>, summary: impl Into<String>) -> Self {
        Self::Instead { pieces, filler: None, summary: summary.into() }
    }

    fn piece(&self, at: usize, original: &str) -> String {
        match self {
            // Who answers in one piece tells all of it at once.
            Self::Instead { pieces, .. }
                if at == 0 && pieces.iter().map(String::len).sum::<usize>() <= original.len() =>
            {
                pieces.concat()
            }
            Self::Instead { pieces, filler, .. } => {
                let again = || pieces.get(at % pieces.len().max(1)).cloned();
                let filled = || filler.clone().or_else(again);
                pieces.get(at).cloned().or_else(filled).unwrap_or_default()
            }
            Self::Beside { line, at: place } if at == 0 => beside(original, line, *place),
            Self::Beside { .. } => original.to_owned(),
        }
    }

    fn whole(&self, original: &str) -> String {
        match self {
            Self::Instead { pieces, .. } => pieces.concat(),
            Self::Beside { line, at } => beside(original, line, *at),
        }
    }
}

/// A text with a line before it, after its first paragraph, or behind it.
fn beside(text: &str, line: &str, place: usize) -> String {
    let at = match place {
        0 => 0,
        1 => text.find('\n').unwrap_or(text.len()),
        _ => text.len(),
    };
    let (before, after) = text.split_at(at);
    format!("{before}{line}{after}")
}

/// What a tale is made of: the case, and random choices. None where this run offers nothing to tell.
pub(super) type Teller = Box<dyn FnMut(&Case<'_>, &mut ChaCha8Rng) -> Option<Tale> + Send>;

/// Tells the answers of the runs it hits otherwise.
pub(super) struct Retelling {
    what: &'static str,
    teller: Teller,
    aim: Aim,
    rng: ChaCha8Rng,
    asked: HashMap<String, Asked>,
    results: HashMap<String, Vec<Value>>,
    earlier: Vec<Earlier>,
    /// Runs that were looked at: none for those that are told as they are.
    runs: HashMap<String, Option<Telling>>,
}

/// A run under way.
struct Telling {
    tale: Tale,
    by_seq: BTreeMap<u64, String>,
    answer: Option<(String, String)>,
}

impl Telling {
    fn piece(&mut self, seq: u64, original: &str) -> String {
        let at = self.by_seq.len();
        let tale = &self.tale;
        self.by_seq.entry(seq).or_insert_with(|| tale.piece(at, original)).clone()
    }

    /// The answer and its summary: what the pieces add up to.
    fn end(&mut self, answer: &str, summary: &str) -> (String, String) {
        let (tale, pieces) = (&self.tale, &self.by_seq);
        self.answer
            .get_or_insert_with(|| {
                let told = match pieces.is_empty() {
                    true => tale.whole(answer),
                    false => pieces.values().map(String::as_str).collect(),
                };
                let summary = match tale {
                    Tale::Instead { summary, .. } => summary.clone(),
                    Tale::Beside { .. } => summary.to_owned(),
                };
                (told, summary)
            })
            .clone()
    }
}

impl Retelling {
    /// `what` says on receipts what became of a piece or an answer.
    pub(super) fn boxed(what: &'static str, aim: Aim, seed: u64, teller: Teller) -> Box<dyn Fault> {
        Box::new(Self {
            what,
            teller,
            aim,
            rng: ChaCha8Rng::seed_from_u64(seed.wrapping_mul(31)),
            asked: HashMap::new(),
            results: HashMap::new(),
            earlier: Vec::new(),
            runs: HashMap::new(),
        })
    }

    /// Decides at its first piece how a run's answer is told.
    fn begin(&mut self, message: &Message, run: &str) {
        if self.runs.contains_key(run) {
            return;
        }
        let none = Asked::default();
        let case = Case {
            user: message.text("user_id").unwrap_or_default(),
            asked: message.text("request_id").and_then(|id| self.asked.get(id)).unwrap_or(&none),
            results: self.results.get(run).map_or(&[], Vec::as_slice),
            earlier: &self.earlier,
        };
        let tale = (self.teller)(&case, &mut self.rng).filter(|_| self.aim.hits(run));
        let telling = tale.map(|tale| Telling { tale, by_seq: BTreeMap::new(), answer: None });
        self.runs.insert(run.to_owned(), telling);
    }

    /// Keeps what the backend really answered, once.
    fn keep(&mut self, message: &Message, first: bool) {
        let (Some(answer), Some(user)) = (message.text("final_response"), message.text("user_id")) else {
            return;
        };
        if first {
            let asked = message.text("request_id").and_then(|id| self.asked.get(id)).cloned();
            self.earlier.push(Earlier {
                user: user.to_owned(),
                asked: asked.unwrap_or_default(),
                answer: answer.to_owned(),
                summary: message.text("summary").unwrap_or_default().to_owned(),
            });
        }
    }

    fn stored(&mut self, step: &Step, act: &mut Act<'_>) {
        let Some(mut document) = note(step, "store") else { return };
        let run = document["run_id"].as_str().unwrap_or_default().to_owned();
        let Some(Some(telling)) = self.runs.get_mut(&run) else { return };
        let Some(body) = document["body"].as_object_mut() else { return };
        let (answer, summary) = telling.end("", "");
        for event in body.get_mut("events").and_then(Value::as_array_mut).into_iter().flatten() {
            let piece = event["seq"].as_u64().and_then(|seq| telling.by_seq.get(&seq));
            match (event["type"].as_str(), piece) {
                (Some("response_delta"), Some(piece)) => event["text"] = piece.as_str().into(),
                (Some("agent_completed"), _) => {
                    event["final_response"] = answer.as_str().into();
                    event["summary"] = summary.as_str().into();
                }
                _ => {}
            }
        }
        body.insert("final_response".to_owned(), answer.into());
        act.alter(note_in_place_of(step, &document), format!("the store keeps {}", self.what));
    }
}

impl Fault for Retelling {
    fn rewrite(&mut self, step: &Step, act: &mut Act<'_>) {
        if let Some(sent) = Message::sent(step).filter(|sent| sent.is("agent_request")) {
            if let (Some(id), Some(message)) = (sent.text("request_id"), sent.text("message")) {
                self.asked.insert(id.to_owned(), Asked::of(message));
            }
            return;
        }
        let Some((message, run)) = act.event() else { return self.stored(step, act) };
        let Some(seq) = message.whole("seq") else { return };
        match message.kind() {
            "tool_completed" => {
                if let Some(results) = message.get("results") {
                    let known = self.results.entry(run.to_owned()).or_default();
                    if !known.contains(results) {
                        known.push(results.clone());
                    }
                }
            }
            "response_delta" => {
                self.begin(message, run);
                if let Some(Some(telling)) = self.runs.get_mut(run) {
                    let piece = telling.piece(seq, message.text("text").unwrap_or_default());
                    act.say(message.clone().with("text", piece), format!("a piece of {}", self.what));
                }
            }
            "agent_completed" => {
                self.begin(message, run);
                let first =
                    !self.earlier.iter().any(|known| Some(&*known.answer) == message.text("final_response"));
                self.keep(message, first);
                let original = (message.text("final_response").unwrap_or_default(), message.text("summary"));
                if let Some(Some(telling)) = self.runs.get_mut(run) {
                    let (answer, summary) = telling.end(original.0, original.1.unwrap_or_default());
                    let made = message.clone().with("final_response", answer).with("summary", summary);
                    act.say(made, self.what);
                }
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Tale;

    #[test]
    fn an_answer_in_one_piece_tells_the_whole_tale() {
        let tale = Tale::sentences(vec!["one. ".to_owned(), "two. ".to_owned()], "both");
        assert_eq!(tale.piece(0, "as long as."), "one. two. ");
        assert_eq!(tale.piece(1, "as long as."), "two. ");
        assert_eq!([0, 1, 2].map(|at| tale.piece(at, "shorter")), ["one. ", "two. ", "one. "]);
    }

    #[test]
    fn a_finished_text_ends_in_filler() {
        let tale = Tale::text("abcdefgh", "");
        assert_eq!([0, 3, 4].map(|at| tale.piece(at, "short")), ["ab", "gh", "\n"]);
    }
}
