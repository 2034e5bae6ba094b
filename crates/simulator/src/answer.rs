//! The texts of a run: thoughts, and an answer that says what was asked and quotes what the tools found.

use crate::estate::{Estate, Resource};
use crate::scenario::Content;
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Words of a prompt that carry no subject.
const EMPTY_WORDS: &[&str] = &[
    "i'm", "my", "me", "our", "the", "and", "a", "an", "to", "for", "of", "on", "is", "what", "we", "us",
    "with", "does", "should", "first", "each", "please", "help", "provide", "such", "holds",
];

/// What a prompt is about: its words of content, in order, at most eight.
pub(crate) fn subject(prompt: &str) -> String {
    let words: Vec<&str> = prompt
        .split_whitespace()
        .map(|word| word.trim_matches(|c: char| matches!(c, '.' | ',' | ':' | '?' | '"' | '!')))
        .filter(|word| !word.is_empty() && !word.contains(['{', '=', '$']))
        .filter(|word| !EMPTY_WORDS.contains(&word.to_lowercase().as_str()))
        .take(8)
        .collect();
    if words.is_empty() { "the spend".to_owned() } else { words.join(" ") }
}

/// A number with thousands separated: `12,345.67`.
fn money(value: f64) -> String {
    let cents = (value * 100.0).round() as i64;
    let digits = (cents / 100).to_string();
    let mut whole = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            whole.push(',');
        }
        whole.push(digit);
    }
    format!("${whole}.{:02}", cents % 100)
}

/// The thought number `step` (from 1) of a run.
pub(crate) fn thought(estate: &Estate, step: u32) -> String {
    let r = &estate.resources[step as usize % estate.resources.len()];
    match step % 4 {
        1 => format!(
            "The question is about {}; {} in {} looks like a good start.",
            estate.subject, r.service, r.region
        ),
        2 => format!("Comparing what {} costs with what {} of its size should cost.", r.name, r.kind),
        3 => format!("Ranking the actions by money: {} may matter most in {}.", r.name, r.region),
        _ => format!("Checking whether {} is still needed before anything is said about it.", r.name),
    }
}

/// What a run says it thinks: one thought, or, where texts are long, what it makes of every resource.
pub(crate) fn reasoning(estate: &Estate, step: u32, content: Content) -> String {
    let first = thought(estate, step);
    if content != Content::Long {
        return first;
    }
    estate.resources.iter().fold(first, |text, resource| text + " " + &particulars(resource))
}

/// A resource in two sentences.
pub(crate) fn particulars(r: &Resource) -> String {
    format!(
        "{} runs on {} in {} as {}, at {} a month. It was idle for {} days, and {} of that could stay with you.",
        r.name,
        r.service,
        r.region,
        r.kind,
        money(r.monthly),
        r.idle_days,
        money(r.saving)
    )
}

/// One action with its figure, in one of several wordings.
fn action(r: &Resource, rng: &mut ChaCha8Rng) -> String {
    let (name, saving, kind, region, service, days) =
        (&r.name, money(r.saving), r.kind, r.region, r.service, r.idle_days);
    match rng.random_range(0..10) {
        0 => format!("Move {name} from {kind} to spot capacity, worth {saving} a month."),
        1 => format!("Stop {name} outside working hours: {saving} less on {service}."),
        2 => format!("Buy a commitment for {name} in {region}, which saves {saving}."),
        3 => format!("Rightsize {name}; {kind} is twice its peak and {saving} would stay with you."),
        4 => format!("Delete {name}, idle for {days} days, and keep {saving}."),
        5 => format!("Consolidate {name} with its neighbour in {region} to cut {saving}."),
        6 => format!("Schedule {name} at night on {service}, since {saving} goes into idle hours."),
        7 => format!("Switch {name} to a cheaper class than {kind} ({saving} monthly)."),
        8 => format!("Archive what {name} keeps on {service}: {saving} each month."),
        _ => format!("Reduce the replicas of {name} by half, {saving} in {region} alone."),
    }
}

/// The answer of a run, its summary, and its last line when a reference is quoted.
pub(crate) fn answer(
    estate: &Estate,
    content: Content,
    lacks: Option<&str>,
    reference: Option<&str>,
    rng: &mut ChaCha8Rng,
) -> (String, String) {
    let [a, b, c] = [&estate.resources[0], &estate.resources[1], &estate.resources[2]];
    let subject = &estate.subject;
    let mut text = if content == Content::ShortTable {
        format!(
            "| {subject} | action | saving |\n|---|---|---|\n| {} | Stop at night | {} |\n| {} | Move to spot | {} |\n| {} | Rightsize {} | {} |",
            a.name,
            money(a.saving),
            b.name,
            money(b.saving),
            c.name,
            c.kind,
            money(c.saving)
        )
    } else {
        let total = money(estate.total);
        let opening = match rng.random_range(0..6) {
            0 => format!("{subject}: {total} a month in all, {} of it for {}.", money(a.monthly), a.name),
            1 => format!("For {subject} you pay {total}, and {} leads with {}.", a.name, money(a.monthly)),
            2 => format!("Of {total} behind {subject}, {} alone takes {}.", a.name, money(a.monthly)),
            3 => {
                format!("Looking at {subject}, {} ({}) stands out against {total}.", a.name, money(a.monthly))
            }
            4 => format!(
                "{} is the largest part ({}) of {subject}, {total} altogether.",
                a.name,
                money(a.monthly)
            ),
            _ => format!("{total} a month goes to {subject}; {} needs {}.", a.name, money(a.monthly)),
        };
        let mut text = opening;
        for (rank, r) in [a, b, c].into_iter().enumerate() {
            text.push_str(&format!("\n{}. {}", rank + 1, action(r, rng)));
            if content == Content::Long {
                text.push_str(&format!(" {}", particulars(r)));
            }
        }
        let sum = money(a.saving + b.saving + c.saving);
        text.push_str(&match rng.random_range(0..4) {
            0 => format!("\nTogether {sum} a month on {subject}; begin with {}.", b.name),
            1 => format!("\n{sum} in sum, {} being the least risky.", b.name),
            2 => format!("\nThe three add up to {sum}, of which {} is quickest.", c.name),
            _ => format!("\nIf {} goes first, {sum} can be had within {} days.", c.name, c.idle_days),
        });
        text
    };
    if let Some(lacks) = lacks {
        text.push_str(&format!("\nNot looked at: {lacks}."));
    }
    if content == Content::Unicode {
        text.push_str(
            " 🚀 費用は「東京リージョン」 – \u{202b}خدمة التخزين\u{202c}, cafe\u{301} \"naïve\"\t\\o/ ✅",
        );
    }
    if let Some(reference) = reference {
        text.push_str(&format!("\nReference: {reference}"));
    }
    let summary =
        format!("{} and two more actions save {} a month.", a.name, money(a.saving + b.saving + c.saving));
    (text, summary)
}

/// Cuts a text into `pieces` parts that add up to it; fewer when it is shorter.
pub(crate) fn pieces(text: &str, pieces: u32) -> Vec<String> {
    let chars = text.chars().count();
    if pieces == 0 || chars == 0 {
        return Vec::new();
    }
    let size = chars.div_ceil(pieces as usize);
    let mut parts = Vec::new();
    let mut part = String::new();
    for (i, c) in text.chars().enumerate() {
        part.push(c);
        if (i + 1) % size == 0 {
            parts.push(std::mem::take(&mut part));
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    parts
}
