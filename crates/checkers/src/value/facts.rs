//! Figures and names that a run's own tools gave, and how many of them its answer quotes. A canned answer quotes none.

mod distinct;
mod figures;
mod names;

use crate::event_view::text_of;
use distinct::Distinct;
use figures::{figures, nearest, says_more};
use names::each_name;

/// Figures and names that are kept of one run; a tool that gives more gives enough.
const KEPT: usize = 2_048;

/// Facts that are kept to be shown in findings.
const SHOWN: usize = 6;

/// What the tools of one run gave.
#[derive(Debug, Default)]
pub(crate) struct Facts {
    figures: Vec<f64>,
    names: Distinct,
    common_names: Distinct,
    known_figures: Vec<f64>,
    known_names: Distinct,
    /// The first few, for findings: their texts one after the other, and where each ends.
    shown: String,
    shown_ends: Vec<usize>,
    /// Which facts the answer quotes, while they are counted.
    marks: Vec<bool>,
}

/// How many facts there were to quote, and how many were quoted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Quoted {
    /// Distinct facts of the tools that neither the prompt nor the parameters held.
    pub(crate) given: usize,
    /// Those of them in the answer.
    pub(crate) quoted: usize,
}

impl Facts {
    /// Forgets everything but the room that it took, for the next run.
    pub(crate) fn clear(&mut self) {
        self.figures.clear();
        self.names.clear();
        self.common_names.clear();
        self.known_figures.clear();
        self.known_names.clear();
        self.shown.clear();
        self.shown_ends.clear();
    }

    /// Words that were known before the tools spoke: the prompt, a tool's parameters.
    pub(crate) fn know(&mut self, text: &str) {
        if self.known_figures.len() + self.known_names.hashes.len() < KEPT {
            self.known_figures.extend(figures(text).map(|figure| figure.value));
            each_name(text, |name| {
                self.known_names.insert(name.hash);
            });
        }
    }

    fn is_full(&self) -> bool {
        self.figures.len() + self.names.hashes.len() + self.common_names.hashes.len() >= KEPT
    }

    /// Takes in the results of a tool, as raw JSON, without building it: only values speak, keys do not.
    pub(crate) fn take_in(&mut self, results: &str) {
        let bytes = results.as_bytes();
        let speaks = |byte: &u8| matches!(byte, b'"' | b'-' | b'0'..=b'9');
        let mut at = 0;
        while let Some(skipped) = bytes[at..].iter().position(speaks)
            && !self.is_full()
        {
            at += skipped;
            if bytes[at] == b'"' {
                let end = string_end(bytes, at);
                let after = bytes[end..].iter().find(|b| !b.is_ascii_whitespace());
                if after != Some(&b':')
                    && let Some(text) = results.get(at..end).and_then(text_of)
                {
                    self.words(&text);
                }
                at = end;
            } else {
                let length = bytes[at..]
                    .iter()
                    .take_while(|b| b.is_ascii_digit() || matches!(b, b'-' | b'+' | b'.' | b'e' | b'E'))
                    .count();
                let written = &results[at..at + length];
                if says_more(written)
                    && let Ok(value) = written.parse()
                {
                    self.figure(value, written);
                }
                at += length;
            }
        }
    }

    fn words(&mut self, text: &str) {
        each_name(text, |name| {
            let new =
                if name.common { self.common_names.insert(name.hash) } else { self.names.insert(name.hash) };
            if new {
                self.show(name.text);
            }
        });
        for figure in figures(text).filter(|figure| says_more(figure.text)) {
            self.figure(figure.value, figure.text);
        }
    }

    fn figure(&mut self, value: f64, shown: &str) {
        if value.is_finite() {
            self.figures.push(value);
            self.show(shown);
        }
    }

    fn show(&mut self, text: &str) {
        if self.shown_ends.len() < SHOWN {
            self.shown.push_str(text);
            self.shown_ends.push(self.shown.len());
        }
    }

    /// Some of the facts, for findings.
    pub(crate) fn examples(&self) -> String {
        let starts = std::iter::once(0).chain(self.shown_ends.iter().copied());
        let shown =
            starts.zip(&self.shown_ends).map(|(start, end)| format!("`{}`", &self.shown[start..*end]));
        shown.collect::<Vec<_>>().join(", ")
    }

    /// Holds the run's answer against the facts; what was known before they came counts no more.
    pub(crate) fn quoted(&mut self, answer: &str) -> Quoted {
        let Self { figures: given, names, common_names, known_figures, known_names, marks, .. } = self;
        let (own, common, known) = (&mut names.hashes, &mut common_names.hashes, &mut known_names.hashes);
        given.sort_unstable_by(f64::total_cmp);
        given.dedup();
        given.retain(|figure| !known_figures.iter().any(|known| (known - figure).abs() < 1e-9));
        known.sort_unstable();
        for names in [&mut *own, &mut *common] {
            names.sort_unstable();
            names.retain(|name| known.binary_search(name).is_err());
        }
        // One mark for each figure, then each name, then each common one.
        let (to_own, to_common) = (given.len(), given.len() + own.len());
        marks.clear();
        marks.resize(to_common + common.len(), false);
        for figure in figures(answer) {
            if let Some(at) = nearest(given, &figure) {
                marks[at] = true;
            }
        }
        each_name(answer, |name| {
            if let Ok(at) = own.binary_search(&name.hash) {
                marks[to_own + at] = true;
            }
            if let Ok(at) = common.binary_search(&name.hash) {
                marks[to_common + at] = true;
            }
        });
        let marked = |marks: &[bool]| marks.iter().filter(|&&marked| marked).count();
        let strong = marked(&marks[..to_common]);
        // Names that anybody might say prove nothing alone where the tools gave something better.
        let weak = if strong == 0 && to_common > 0 { 0 } else { marked(&marks[to_common..]) };
        Quoted { given: marks.len(), quoted: strong + weak }
    }
}

/// The byte after the string that begins at `at`; the end of the text when it is cut.
fn string_end(bytes: &[u8], at: usize) -> usize {
    let mut end = at + 1;
    while end < bytes.len() {
        match bytes[end] {
            b'\\' => end += 2,
            b'"' => return end + 1,
            _ => end += 1,
        }
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::{Facts, Quoted};
    use rstest::rstest;

    fn facts() -> Facts {
        let mut facts = Facts::default();
        facts.know("I spend $50k on 90 days");
        facts.take_in(
            r#"{"subject":"spend","total":12345.67,"share":0.3456,"days":90,"rows":[{"name":"trainer-0a1b2c","usd":9876.5},
            {"name":"etl-77ff00","service":"Amazon SageMaker","region":"us-east-1","usd":50000}]}"#,
        );
        facts
    }

    #[rstest]
    #[case("You pay $12,345.67; trainer-0a1b2c and etl-77ff00 lead.", 3)]
    #[case("You pay 12.3k, of which 34.6 % are idle, and 9,877 for one.", 3)]
    #[case("Use reserved instances in us-east-1 with Amazon SageMaker to save 30 % over 90 days of $50k.", 0)]
    #[case("Nothing to see.", 0)]
    fn only_what_the_tools_gave_counts(#[case] answer: &str, #[case] quoted: usize) {
        assert_eq!(facts().quoted(answer).quoted, quoted, "{answer}");
    }

    #[test]
    fn results_that_cannot_be_read_give_nothing() {
        let mut facts = Facts::default();
        facts.take_in("{\"cut\":");
        assert_eq!(facts.quoted("12345"), Quoted::default());
    }
}
