//! Answers that belong to other prompts.

use crate::kinds::retelling::{Case, Earlier, Retelling, Tale};
use crate::{Aim, Fault};
use rand::Rng;
use rand_chacha::ChaCha8Rng;

/// Answers the runs it hits with what another prompt was answered before: in some seeds only prompts of the same user, as
/// by futures that were mixed up; in some the reference fits, as by a backend that appends it itself.
pub(super) fn another_prompts(seed: u64) -> Box<dyn Fault> {
    let (own_only, fits) = (seed.is_multiple_of(2), !seed.is_multiple_of(3));
    let teller = move |case: &Case<'_>, rng: &mut ChaCha8Rng| {
        let other = |earlier: &&Earlier| {
            earlier.asked.prompt != case.asked.prompt && (!own_only || earlier.user == case.user)
        };
        let others: Vec<&Earlier> = case.earlier.iter().filter(other).collect();
        let chosen = others.get(rng.random_range(0..others.len().max(1)))?;
        let answer = match (&chosen.asked.reference, &case.asked.reference) {
            (Some(theirs), Some(own)) if fits => chosen.answer.replace(theirs.as_str(), own),
            _ => chosen.answer.clone(),
        };
        Some(Tale::text(&answer, chosen.summary.as_str()))
    };
    Retelling::boxed("another prompt's answer", Aim::new(seed), seed, Box::new(teller))
}
