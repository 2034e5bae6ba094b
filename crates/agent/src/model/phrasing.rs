//! Choosing words: `{this|that}` picks one, `<name>` puts a value in. The same user and prompt always
//! get the same words, and another user or prompt gets others.

use rand::seq::IndexedRandom;
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

/// A source of words for one purpose of one run.
#[derive(Debug)]
pub(super) struct Voice(ChaCha8Rng);

impl Voice {
    pub(super) fn of(user_id: &str, prompt: &str, purpose: &str) -> Self {
        let mut hash = Sha256::new();
        for part in [user_id, prompt, purpose] {
            hash.update((part.len() as u64).to_le_bytes());
            hash.update(part.as_bytes());
        }
        Self(ChaCha8Rng::from_seed(hash.finalize().into()))
    }

    /// One of the templates, its choices made and its values put in.
    pub(super) fn say(&mut self, templates: &[&str], values: &[(&str, &str)]) -> String {
        let template = templates.choose(&mut self.0).copied().unwrap_or_default();
        let mut out = String::with_capacity(template.len() * 2);
        self.expand(template, values, &mut out);
        out
    }

    /// Whether to do something that is done one time in `n`.
    pub(super) fn one_in(&mut self, n: u32) -> bool {
        self.0.random_ratio(1, n.max(1))
    }

    fn expand(&mut self, template: &str, values: &[(&str, &str)], out: &mut String) {
        let mut rest = template;
        while let Some(at) = rest.find(['{', '<']) {
            let (before, from) = rest.split_at(at);
            out.push_str(before);
            if let Some(name) = from.strip_prefix('<') {
                let (name, after) = name.split_once('>').unwrap_or((name, ""));
                let value = values.iter().find(|(known, _)| *known == name).map_or("", |(_, value)| *value);
                out.push_str(value);
                rest = after;
            } else {
                let (options, after) = choices(from);
                if let Some(option) = options.choose(&mut self.0) {
                    self.expand(option, values, out);
                }
                rest = after;
            }
        }
        out.push_str(rest);
    }
}

/// The options of the choice that `text` begins with, and what follows it.
fn choices(text: &str) -> (Vec<&str>, &str) {
    let (mut depth, mut begin, mut options) = (0_usize, 1, Vec::new());
    for (at, letter) in text.char_indices() {
        match letter {
            '{' => depth += 1,
            '|' if depth == 1 => {
                options.push(&text[begin..at]);
                begin = at + 1;
            }
            '}' => {
                depth -= 1;
                if depth == 0 {
                    options.push(&text[begin..at]);
                    return (options, &text[at + 1..]);
                }
            }
            _ => {}
        }
    }
    (vec![&text[begin..]], "")
}

/// Makes the first letter a capital one.
pub(super) fn sentence(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map_or_else(String::new, |first| first.to_uppercase().chain(letters).collect())
}

/// `a`, `a and b`, `a, b and c`.
pub(super) fn enumerated(items: &[String]) -> String {
    match items {
        [] => String::new(),
        [only] => only.clone(),
        [first @ .., last] => format!("{} and {last}", first.join(", ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn choices_nest_and_values_are_put_in_verbatim() {
        let mut voice = Voice::of("u", "p", "test");
        let mut seen = std::collections::BTreeSet::new();
        for _ in 0..64 {
            seen.insert(voice.say(&["{a|b {c|d}} <x>"], &[("x", "{1|2}")]));
        }
        let all: Vec<_> = seen.iter().map(String::as_str).collect();
        assert_eq!(all, ["a {1|2}", "b c {1|2}", "b d {1|2}"]);
    }

    #[test]
    fn the_same_seed_says_the_same() {
        let say = |user| Voice::of(user, "p", "x").say(&["{a|b|c|d}{e|f|g|h}{i|j|k|l}{m|n|o|p}"], &[]);
        assert_eq!(say("u1"), say("u1"));
        assert_ne!(say("u1"), say("u2"));
    }
}
