//! Names of each user's own data: what their tools found, and nobody else's did.
//!
//! A name counts only when it looks drawn at random, when the first who got it from a tool is the only one who ever did,
//! and when nobody else asked about it, in capitals or not. One that says more than its digits (`trainer-1f9c02ab`) is no
//! chance in what another is told, nor are two of one user's; a single digest might be, which everybody knows. Data that users
//! share never counts, because their own tools find it too.

use super::traces::is_word;
use super::unfold::unfolded;
use super::whose::Whose;
use crate::check::Tally;
use crate::event_view::{EventView, Field, Seen};
use crate::evidence::{around, excerpt};
use crate::index::Index;
use crate::observation::{Observation, UserIx};
use crate::verdict::Finding;
use goldenpath_protocol::EventType;
use rustc_hash::{FxHashMap, FxHashSet, FxHasher};
use std::hash::Hasher;

/// A shorter run of hexadecimal digits may be a word or a number.
const DRAWN: usize = 8;

/// So many digests of one user in what another was told are no chance.
const NO_CHANCE: usize = 2;

/// Names that are remembered; a session with more has shown enough. The most that a table of 2^18 places takes in.
const NAMES_KEPT: usize = 229_376;

/// Sights of foreign names that are remembered until the end.
const SIGHTS_KEPT: usize = 10_000;

/// Fields that people read, by the events that hold them.
const fn told_in(kind: EventType) -> &'static [Field] {
    match kind {
        EventType::AgentStarted => &[Field::TaskDescription],
        EventType::AgentThinking => &[Field::Reasoning],
        EventType::ToolExecuting => &[Field::ToolPurpose, Field::Parameters],
        EventType::AgentCompleted => &[Field::FinalResponse, Field::Summary, Field::Limitations],
        EventType::AgentFailed => &[Field::Error],
        _ => &[],
    }
}

/// The names in one frame that a user received, as hashes.
#[derive(Debug, Default)]
pub(crate) struct Drawn {
    /// In what a tool found, in plain text.
    found: Vec<u64>,
    /// In what people read, and in what is hidden anywhere.
    told: Vec<u64>,
}

impl Drawn {
    /// Reads a frame.
    pub(crate) fn of(raw: &str, seen: &Seen<'_>) -> Self {
        let mut drawn = Self::default();
        match seen {
            Seen::Event(event) => {
                let results = event.fields.raw(Field::Results);
                if let Some(results) = results.filter(|_| event.kind == EventType::ToolCompleted) {
                    each_name(results, |name, _, _| drawn.found.push(name));
                }
                told_texts(event, |text| each_name(text, |name, _, _| drawn.told.push(name)));
            }
            // What says nothing of a run says nothing of another's either.
            Seen::Control(_) | Seen::Extension => drawn.told = names_in(raw),
            _ => {}
        }
        drawn
    }
}

/// The names in a text and in what is hidden in it.
fn names_in(text: &str) -> Vec<u64> {
    let mut names = Vec::new();
    each_spelling(text, &mut |spelling| each_name(spelling, |name, _, _| names.push(name)));
    names
}

/// A text as it is, and every other that stands in it in another spelling.
fn each_spelling(text: &str, each: &mut dyn FnMut(&str)) {
    each(text);
    unfolded(text, &mut |inner: &str| each(inner));
}

/// The texts of an event that are no data of the user's own tools. What a tool gives in plain text is its user's; what
/// is hidden in it has to be, too.
fn told_texts(event: &EventView<'_>, mut each: impl FnMut(&str)) {
    if let Some(results) = event.fields.raw(Field::Results).filter(|_| event.kind == EventType::ToolCompleted)
    {
        unfolded(results, &mut each);
    }
    for field in told_in(event.kind) {
        let text = event.fields.text(*field);
        if let Some(text) = text.as_deref().or_else(|| event.fields.raw(*field)) {
            each(text);
            unfolded(text, &mut each);
        }
    }
}

/// A name in what somebody was told, which was another's then.
#[derive(Debug)]
struct Sight {
    name: u64,
    owner: UserIx,
    own_line: u64,
    user: UserIx,
    line: u64,
    excerpt: Box<str>,
    /// It is a name of something, and no mere digest.
    telling: bool,
}

/// Knows whose names are whose, and who was told them.
#[derive(Debug, Default)]
pub(super) struct Names {
    /// The first user whose tools gave a name, and where.
    whose: FxHashMap<u64, Whose>,
    sights: Vec<Sight>,
}

impl Names {
    /// Takes in what a user asked, what their tools found and what they were told.
    pub(super) fn observe(&mut self, seen: &Observation<'_>) {
        let Some(user) = seen.user else { return };
        match seen.seen {
            Some(Seen::Sent(sent)) => {
                if let Some(message) = sent.fields.text(Field::Message) {
                    each_name(&message, |name, _, _| self.asked(name, user));
                }
            }
            Some(Seen::Event(event)) if seen.arrival.is_some_and(|arrival| !arrival.foreign) => {
                let drawn = seen.at_sight.drawn.get();
                for name in &drawn.found {
                    self.found(*name, user, seen.line);
                }
                for name in &drawn.told {
                    self.told(*name, user, seen.line, |each| told_texts(event, each));
                }
            }
            Some(Seen::Control(_) | Seen::Extension) => {
                for name in &seen.at_sight.drawn.get().told {
                    self.told(*name, user, seen.line, |each| {
                        each_spelling(seen.raw().unwrap_or_default(), each)
                    });
                }
            }
            _ => {}
        }
    }

    /// A name that a user's own tool gave.
    fn found(&mut self, name: u64, user: UserIx, line: u64) {
        self.known_to(name, user, Whose::of(user, line));
    }

    /// A name that a user knew already.
    fn asked(&mut self, name: u64, user: UserIx) {
        self.known_to(name, user, Whose::NOBODY);
    }

    /// A user knows a name: it is nobody's if it was another's, and as `new` says if it was unknown.
    fn known_to(&mut self, name: u64, user: UserIx, new: Whose) {
        let room = self.whose.len() < NAMES_KEPT;
        match self.whose.get_mut(&name) {
            Some(whose) => whose.claim(user),
            None if room => {
                self.whose.insert(name, new);
            }
            None => {}
        }
    }

    /// Whose a name is, if it is one user's, and where their tool gave it.
    fn owned(&self, name: u64) -> Option<(UserIx, u64)> {
        self.whose.get(&name)?.owner()
    }

    /// Takes in a text that a user was told, whatever it came in.
    pub(super) fn observe_text(&mut self, text: &str, user: UserIx, line: u64) {
        for name in names_in(text) {
            self.told(name, user, line, |each| each_spelling(text, each));
        }
    }

    /// A name in what a user was told; `texts` shows it again, if it has to be found.
    fn told(&mut self, name: u64, user: UserIx, line: u64, texts: impl FnOnce(&mut dyn FnMut(&str))) {
        if let Some((owner, own_line)) = self.owned(name)
            && owner != user
            && self.sights.len() < SIGHTS_KEPT
        {
            let (mut excerpt, mut telling) = (Box::default(), false);
            texts(&mut |text| {
                each_name(text, |told, at, word| {
                    if told == name {
                        excerpt = around(text, at).into();
                        telling = is_telling(word);
                    }
                });
            });
            self.sights.push(Sight { name, owner, own_line, user, line, excerpt, telling });
        }
    }

    /// Says who was told names that are another's to the end.
    pub(super) fn judge(&mut self, tally: &mut Tally, index: &Index) {
        let mut sights = std::mem::take(&mut self.sights);
        sights.retain(|sight| self.owned(sight.name).is_some());
        let mut between: FxHashMap<(UserIx, UserIx), FxHashSet<u64>> = FxHashMap::default();
        for sight in &sights {
            between.entry((sight.owner, sight.user)).or_default().insert(sight.name);
        }
        sights.retain(|sight| sight.telling || between[&(sight.owner, sight.user)].len() >= NO_CHANCE);
        sights.dedup_by_key(|sight| (sight.line, sight.owner));
        for sight in sights {
            tally.note(|| {
                let (owner, user) = (index.user_name(Some(sight.owner)), index.user_name(Some(sight.user)));
                Finding {
                    summary: format!(
                        "user `{user}` received content of user `{owner}`: names that only their tools found"
                    ),
                    expected: "no user's content anywhere in another's frames, plain or encoded".to_owned(),
                    observed: excerpt(&sight.excerpt),
                    records: vec![sight.own_line, sight.line],
                    witness: None,
                }
            });
        }
    }
}

/// The names of a text that look drawn at random, as hashes, where they stand and how they are spelt. Escapes of raw JSON
/// are gaps.
fn each_name(text: &str, mut found: impl FnMut(u64, usize, &[u8])) {
    let bytes = text.as_bytes();
    let mut at = 0;
    // A word that begins here and is long enough has no gap among its first bytes; the last gap tells how far away the next
    // such word begins at least.
    while let Some(head) = bytes.get(at..at + DRAWN) {
        if let Some(gap) = head.iter().rposition(|byte| !is_word(*byte)) {
            at += gap + 1;
            continue;
        }
        let more = bytes[at + DRAWN..].iter().take_while(|byte| is_word(**byte)).count();
        let (start, end) = (at + usize::from(is_escaped(bytes, at)), at + DRAWN + more);
        let word = &bytes[start..end];
        if word.len() >= DRAWN && is_drawn(word) {
            found(hash_of(word), start, word);
        }
        at = end;
    }
}

/// Whether the byte there belongs to an escape of JSON: `\nid` is the word `id`.
fn is_escaped(bytes: &[u8], at: usize) -> bool {
    bytes[..at].iter().rev().take_while(|byte| **byte == b'\\').count() % 2 == 1
}

/// Whether a part of the name is a long enough run of hexadecimal digits, of both kinds.
fn is_drawn(word: &[u8]) -> bool {
    word.split(|byte| !byte.is_ascii_alphanumeric()).any(|part| {
        part.len() >= DRAWN
            && part.iter().all(u8::is_ascii_hexdigit)
            && part.iter().filter(|byte| byte.is_ascii_digit()).count() >= 2
            && part.iter().any(u8::is_ascii_alphabetic)
    })
}

/// Whether a name that holds something drawn says more than that: a word, in a part of its own.
fn is_telling(name: &[u8]) -> bool {
    name.split(|byte| !byte.is_ascii_alphanumeric()).any(|part| {
        part.len() > 2 && part.iter().all(u8::is_ascii_alphabetic) && !part.iter().all(u8::is_ascii_hexdigit)
    })
}

/// The same for all spellings in capitals or not.
fn hash_of(word: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    for eight in word.chunks(8) {
        let mut bytes = [0; 8];
        bytes[..eight.len()].copy_from_slice(eight);
        // The bit that tells capitals; of digits and signs it is set either way, but for the underscore.
        hasher.write_u64(u64::from_le_bytes(bytes) | 0x2020_2020_2020_2020);
    }
    hasher.finish()
}

#[cfg(test)]
mod tests {
    use super::{each_name, hash_of, is_drawn, is_telling};

    #[test]
    fn a_name_is_known_in_capitals_and_a_digest_tells_nothing() {
        assert_eq!(hash_of(b"trainer-basalt-1f9c02ab"), hash_of(b"Trainer-BASALT-1F9C02AB"));
        assert_ne!(hash_of(b"trainer-basalt-1f9c02ab"), hash_of(b"trainer-basalt-1f9c02ac"));
        for (name, telling) in [
            ("trainer-basalt-1f9c02ab", true),
            ("etl_0a1b2c3d4e", true),
            ("9f86d081884c7d65", false),
            ("0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003", false),
            ("i-0abc12345def67890", false),
        ] {
            assert_eq!(is_telling(name.as_bytes()), telling, "{name}");
        }
    }

    #[test]
    fn names_begin_behind_escapes_and_end_at_gaps() {
        let name = "1f9c02ab";
        let found = |text: &str| {
            let mut all = Vec::new();
            each_name(text, |name, at, _| all.push((name, at)));
            all
        };
        let own = hash_of(name.as_bytes());
        for before in 0..20 {
            let before = "x, ".repeat(before);
            for (gap, at) in [
                (" ", 1),
                ("\\n", 2),
                ("\\\\", 2),
                ("\\\"", 2),
                ("\\\\\\t", 4),
                ("\u{e9}", 2),
                (", short ", 8),
            ] {
                let text = format!("{before}{gap}{name}");
                assert_eq!(found(&text), [(own, before.len() + at)], "{text}");
                assert_eq!(found(&format!("{text}{gap}{name}{gap}")).len(), 2, "{text}");
            }
        }
        for none in ["", "1f9c02a", "\\1f9c02a", "\\\\\\1f9c02a", "1f9c 02ab"] {
            assert_eq!(found(none), [], "{none}");
        }
    }

    #[test]
    fn only_what_looks_drawn_at_random_is_a_name() {
        for name in ["trainer-basalt-1f9c02ab", "etl_0a1b2c3d4e", "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003"] {
            assert!(is_drawn(name.as_bytes()), "{name}");
        }
        for name in [
            "us-east-1",
            "gpt-4o-2024-08-06",
            "CVE-2024-12345",
            "p4d24xlarge",
            "deadbeef",
            "invoice-20240101",
        ] {
            assert!(!is_drawn(name.as_bytes()), "{name}");
        }
    }
}
