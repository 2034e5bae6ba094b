//! What is one user's and reached another, rule by rule: in which spelling it is found, and what only looks like it.

mod foreign;
mod ids;
mod labels;
mod names;
mod references;

use crate::story::Story;
use goldenpath_history::Expect;

/// The reference in Ada's prompt.
const REFERENCE: &str = "gp-0123456789abcdef0f1e2d3c4b5a6978";

/// Ada and Bob are connected; Ada asked for a run, in line 6.
fn two_users() -> Story {
    let mut story = Story::new();
    story.connect("ada").connect("bob");
    story.ask_quoting("ada", "ada's", Some("What of it?"), Some(REFERENCE), Expect::default());
    story
}

/// What `isolation/canary` says of a frame that Bob received: what reached him.
fn leaked(text: &str) -> String {
    let mut story = two_users();
    story.frame("bob", format!("{{\"type\":\"x.a\",\"a\":\"{text}\"}}"));
    told(&story)
}

/// What reached somebody else, of the first finding.
fn told(story: &Story) -> String {
    let check = story.says("isolation/canary");
    assert!(check.of > 0, "{check:?}");
    let finding = check.findings.into_iter().next();
    let summary = finding.map(|finding| finding.summary).unwrap_or_default();
    summary.strip_prefix("user `bob` received content of user `ada`: ").unwrap_or(&summary).to_owned()
}

/// Base64 of some bytes.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let bits =
            three.iter().enumerate().fold(0_u32, |bits, (at, byte)| bits | u32::from(*byte) << (16 - 8 * at));
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) & 63;
            text.push(if place <= three.len() { char::from(ALPHABET[sextet as usize]) } else { '=' });
        }
    }
    text
}

/// Each byte of a text, spelt.
fn each(text: &str, spell: impl Fn(u8) -> String) -> String {
    text.bytes().map(spell).collect()
}
