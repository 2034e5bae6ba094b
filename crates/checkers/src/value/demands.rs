//! What an answer must hold: substance, relevance, distinct things to do, its own reference.

use super::gates::Reading;
use super::text::{AnswerText, Kind, Sentence, Token, excerpt, stem_hash};
use super::words::Words;
use aho_corasick::AhoCorasick;
use rustc_hash::FxHashSet;
use std::sync::LazyLock;

/// Fewer distinct words of content than this carry no substance; ideographs count a half.
const LEAST_WORDS: usize = 12;
/// The least weighted share of the prompt that an answer takes up, unless it quotes the run's own facts.
const LEAST_RELEVANCE: f64 = 0.15;
/// Two insights that share more of their words than this are one.
const SAME: f64 = 0.7;

/// Verbs that begin something to do.
const VERBS: &str = "move stop buy rightsize right-size delete consolidate schedule switch archive reduce cut migrate resize \
     terminate shut commit reserve negotiate enable disable turn use replace downsize downgrade scale cache batch compress \
     tier upgrade set purchase convert merge remove release review investigate cap limit tag automate rotate add create index \
     fix apply adopt configure implement optimize optimise optimizing introduce deduplicate prune expire offload parallelize \
     profile quantize distill shorten lower decrease eliminate drop retire decommission deallocate pause hibernate suspend \
     start run share pool refactor partition filter restrict renew cancel split shift leverage prioritize restructure lease \
     rebalance redeploy autoscale throttle trim tune monitor track measure alert audit check ask contact verify test plan \
     extend invest increase assign train update change clean drain defer evaluate explore choose pick select store lock put cover send \
     route bring take trace explain fill let allow swap rebuild repackage port bypass redirect widen define establish adjust \
     refine keep go give get ensure separate combine group transfer transition simplify standardize upsize raise grant \
     require document discuss plan map compare estimate calculate identify find locate detect inspect analyze analyse \
     rewrite decouple preload prefetch stagger sample aggregate denormalize materialize tier vacuum reindex rotate patch \
     encrypt deploy launch turn spread balance isolate dedicate reallocate relocate rehost replatform outsource";

/// Words after which a verb is advice: `you should move …`, `consider shifting …`.
const ADVICE: &str = "should could can must to recommend consider suggest by and then first next please try";

/// Words that weigh an item of a list, whatever verb begins it.
const WORTH: &str =
    "save saving savings saved reduce cut gain return freed payback worth benefit cheaper effort risk";

static VERB_STEMS: LazyLock<FxHashSet<u64>> =
    LazyLock::new(|| VERBS.split_whitespace().map(stem_hash).collect());
static ADVICE_STEMS: LazyLock<Words> = LazyLock::new(|| Words::of(ADVICE.split_whitespace().map(stem_hash)));
static WORTH_STEMS: LazyLock<Words> = LazyLock::new(|| Words::of(WORTH.split_whitespace().map(stem_hash)));

/// What nobody can act on, although it begins with a verb.
const IDLE: [&str; 9] = [
    "try again",
    "contact support",
    "check back",
    "ask again",
    "check your connection",
    "let me know",
    "feel free",
    "please wait",
    "contact us",
];

// Building fails only on too many patterns; then nothing is idle.
static IDLE_SEARCH: LazyLock<Option<AhoCorasick>> =
    LazyLock::new(|| AhoCorasick::builder().ascii_case_insensitive(true).build(IDLE).ok());

/// Whether a sentence holds one of [`IDLE`], in any case.
fn is_idle(sentence: &str) -> bool {
    IDLE_SEARCH.as_ref().is_some_and(|searcher| searcher.is_match(sentence))
}

/// The distinct actionable insights of an answer: the byte ranges of their sentences, items or rows.
pub(crate) fn insights(text: &str, tokens: &[Token], sentences: &[Sentence]) -> Vec<(usize, usize)> {
    let english = tokens.iter().filter(|token| token.function & 1 != 0).count() * 25 >= tokens.len();
    let mut found: Vec<((usize, usize), Words)> = Vec::with_capacity(sentences.len().min(8));
    for sentence in sentences {
        let words = sentence.tokens(tokens);
        let (start, end) = (sentence.start, sentence.end);
        if !actionable(&text[start..end], start, text, words, english) {
            continue;
        }
        // Two sums do not make two insights; two names do, also names such as `etl-936958`.
        let in_name = |token: &Token| text[..token.start].ends_with(['-', '_']);
        let stems = Words::of(
            words
                .iter()
                .filter(|token| token.is_content() && (token.kind != Kind::Figure || in_name(token)))
                .map(|token| token.stem),
        );
        let new = found.iter().all(|(_, other)| {
            let both = stems.shared(other);
            both as f64 <= SAME * (stems.len() + other.len() - both) as f64
        });
        // An answer with a hundred insights is as good as one with more; comparing all would be quadratic.
        if new && found.len() < 100 {
            found.push(((start, end), stems));
        }
    }
    found.into_iter().map(|(span, _)| span).collect()
}

/// Whether a sentence, an item or a row says what to do, and with what.
fn actionable(sentence: &str, start: usize, text: &str, words: &[Token], english: bool) -> bool {
    if words.len() < 4 {
        return false;
    }
    let ideographs = words.iter().filter(|token| token.kind == Kind::Ideograph).count();
    if words.len() < 4 + ideographs / 2 || sentence.trim_end().ends_with(['?', '？']) {
        return false;
    }
    let content = words.iter().filter(|token| token.is_content()).count();
    if content < 3 {
        return false;
    }
    let trimmed = sentence.trim_start();
    let listed = trimmed.starts_with(['-', '*', '•', '|', '–'])
        || trimmed.starts_with(|c: char| c.is_ascii_digit())
            && trimmed.chars().take(4).any(|c| matches!(c, '.' | ')'));
    let figure = words.iter().skip(usize::from(listed)).any(|token| token.kind == Kind::Figure);
    if listed && figure && words.iter().any(|token| WORTH_STEMS.contains(token.stem)) {
        return true;
    }
    // Other languages: an item of a list, or a sentence with a figure.
    if !english
        && (listed || figure)
        && words.iter().any(|token| token.function & !1 != 0 || token.kind == Kind::Ideograph)
    {
        return true;
    }
    let advised = words.iter().enumerate().any(|(i, token)| {
        if token.kind != Kind::Word || !VERB_STEMS.contains(&token.stem) {
            return false;
        }
        let before = text[start..token.start].trim_end();
        let told = || i > 0 && ADVICE_STEMS.contains(words[i - 1].stem);
        before.ends_with([':', ';', '|', '—', '–', ',', '*', '('])
            || !before.contains(char::is_alphabetic)
            || told()
    });
    advised && !is_idle(sentence)
}

/// How many different words of content there are, counted up to [`LEAST_WORDS`].
fn first_words(tokens: &[Token]) -> usize {
    let mut distinct = [0; LEAST_WORDS];
    let mut found = 0;
    for token in tokens.iter().filter(|token| token.is_content()) {
        if !distinct[..found].contains(&token.stem) {
            distinct[found] = token.stem;
            found += 1;
            if found == LEAST_WORDS {
                break;
            }
        }
    }
    found
}

/// What an answer lacks, one line each; with the spans of its insights for the reader.
pub(crate) fn lacking(
    reading: &Reading<'_>,
    answer: &AnswerText<'_>,
    least_insights: u32,
    own_reference: Option<u128>,
    quoting: bool,
) -> Vec<(String, String)> {
    let mut lacks = Vec::new();
    let distinct = first_words(reading.tokens);
    if distinct < LEAST_WORDS {
        let promised = format!("at least {LEAST_WORDS} different words of content");
        lacks.push((promised, format!("{distinct}: `{}`", excerpt(reading.text))));
    }
    if reading.facts < 3
        && let Some(covered) = reading.coverage()
        && covered < LEAST_RELEVANCE
    {
        let observed = format!(
            "{:.0} % of the question's words, weighted: `{}`",
            covered * 100.0,
            excerpt(reading.text)
        );
        lacks.push(("an answer that takes up its question".to_owned(), observed));
    }
    if (reading.insights as u64) < u64::from(least_insights) {
        let spans: Vec<String> = insights(reading.text, reading.tokens, reading.sentences)
            .into_iter()
            .map(|(start, end)| format!("`{}`", excerpt(&reading.text[start..end])))
            .collect();
        let shown = if spans.is_empty() { excerpt(reading.text) } else { spans.join(", ") };
        lacks.push((
            format!("at least {least_insights} distinct actionable insights"),
            format!("{}: {shown}", reading.insights),
        ));
    }
    if quoting
        && let Some(own) = own_reference
        && !answer.references().iter().any(|(_, number)| *number == own)
    {
        let end: String = answer.text.chars().rev().take(100).collect::<Vec<_>>().into_iter().rev().collect();
        lacks.push((
            "the reference that the prompt asked to quote".to_owned(),
            format!("an answer that ends `{}`", excerpt(&end)),
        ));
    }
    lacks
}
