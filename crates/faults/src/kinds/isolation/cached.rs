//! A cache of answers that all users share.

use crate::kinds::retelling::{Case, Retelling, Tale};
use crate::{Aim, Fault};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Answers the runs it hits with what another user was told before. In some seeds the reference is made to fit, as by a
/// cache that fills in what differs.
pub(super) fn shared_cache(seed: u64) -> Box<dyn Fault> {
    let fits = seed % 3 == 1;
    let teller = move |case: &Case<'_>, rng: &mut ChaCha8Rng| {
        let others: Vec<_> = case.earlier.iter().filter(|earlier| earlier.user != case.user).collect();
        let same = others.iter().find(|earlier| earlier.asked.prompt == case.asked.prompt);
        let chosen = match same {
            Some(same) => same,
            None => others.get(rng.random_range(0..others.len().max(1)))?,
        };
        let answer = match (&chosen.asked.reference, &case.asked.reference) {
            (Some(theirs), Some(own)) if fits => chosen.answer.replace(theirs.as_str(), own),
            _ => chosen.answer.clone(),
        };
        Some(Tale::text(&answer, chosen.summary.as_str()))
    };
    Retelling::boxed("another user's answer out of a cache", Aim::new(seed), seed, Box::new(teller))
}
