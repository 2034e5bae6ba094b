//! Names that belong to one user: a role, a word and a fingerprint of the user id.

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use sha2::{Digest, Sha256};

const WORDS: [&str; 40] = [
    "alder", "amber", "aspen", "basalt", "birch", "bramble", "cedar", "cinder", "cobalt", "copper", "coral",
    "delta", "ember", "falcon", "fjord", "flint", "garnet", "glacier", "harbor", "hazel", "heron", "indigo",
    "juniper", "kestrel", "lagoon", "larch", "lichen", "maple", "marlin", "meadow", "mistral", "onyx",
    "osprey", "poplar", "quartz", "raven", "saffron", "tundra", "umber", "willow",
];

/// A fingerprint of (user, purpose); hashing keeps users apart who differ in one character.
fn digest(user_id: &str, purpose: &str) -> [u8; 32] {
    let mut hash = Sha256::new();
    hash.update((user_id.len() as u64).to_le_bytes());
    hash.update(user_id.as_bytes());
    hash.update(purpose.as_bytes());
    hash.finalize().into()
}

/// Randomness that depends on the user alone.
pub(super) fn random(user_id: &str) -> ChaCha8Rng {
    ChaCha8Rng::from_seed(digest(user_id, "billing"))
}

/// `role-word-1f9c02ab`.
pub(super) fn name(user_id: &str, role: &str) -> String {
    let digest = digest(user_id, role);
    let word = WORDS[usize::from(digest[4]) % WORDS.len()];
    let [a, b, c, d, ..] = digest;
    format!("{role}-{word}-{a:02x}{b:02x}{c:02x}{d:02x}")
}
