//! What users ask: the four prompts every run knows, each with a reference of its own, all fixed by the seed.

use goldenpath_history::{Expect, ToolDemand, make_reference, with_reference};
use rand::{RngCore as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;

/// A question and what its answer owes.
#[derive(Debug, Clone, PartialEq)]
pub struct Scenario {
    /// Its name in histories and reports.
    pub name: String,
    /// The question, without a reference.
    pub message: String,
    /// Which agent is asked; `None`: the target's default.
    pub agent: Option<String>,
    /// What is owed.
    pub expect: Expect,
}

impl Scenario {
    /// A scenario that owes a complete answer with tools.
    #[must_use]
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), message: message.into(), agent: None, expect: Expect::default() }
    }

    /// The same, owing something else.
    #[must_use]
    pub fn expecting(mut self, expect: Expect) -> Self {
        self.expect = expect;
        self
    }
}

/// The four prompts every run knows.
#[must_use]
pub fn known_scenarios() -> Vec<Scenario> {
    let owed = Expect { tools: ToolDemand::Some, min_insights: 3, ..Expect::default() };
    [
        ("costs", "I'm spending $50k/month on AI infrastructure. Help me optimize costs."),
        ("overview", "Analyze my entire AI infrastructure and provide cost optimization"),
        ("training", "Review my model training pipeline for efficiency improvements"),
        ("data", "Audit my data processing costs and recommend alternatives"),
    ]
    .into_iter()
    .map(|(name, message)| Scenario::new(name, message).expecting(owed.clone()))
    .collect()
}

/// One question as it is asked: its ids are fixed by the seed.
#[derive(Debug, Clone, PartialEq)]
pub struct Prompt {
    /// The client's id of the request.
    pub request_id: String,
    /// The canary: `gp-` and 32 hex digits.
    pub reference: String,
    /// The question, with the reference as its last line.
    pub message: String,
    /// What is asked and owed.
    pub scenario: Scenario,
}

/// Makes prompts; the same seed and stream make the same ones, whatever else happens beside.
#[derive(Debug, Clone)]
pub struct Prompts {
    random: ChaCha8Rng,
}

impl Prompts {
    /// The prompts of one stream (a user in a category, say) of a seed.
    #[must_use]
    pub fn new(seed: u64, stream: &str) -> Self {
        // FNV-1a: spreads names over streams; no secret hangs on it.
        let hash = stream.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
        });
        let mut random = ChaCha8Rng::seed_from_u64(seed);
        random.set_stream(hash);
        Self { random }
    }

    /// The next prompt, asking `scenario`.
    pub fn next(&mut self, scenario: &Scenario) -> Prompt {
        let mut id = [0; 16];
        self.random.fill_bytes(&mut id);
        let mut canary = [0; 16];
        self.random.fill_bytes(&mut canary);
        let reference = make_reference(u128::from_be_bytes(canary));
        Prompt {
            request_id: uuid::Builder::from_random_bytes(id).into_uuid().to_string(),
            message: with_reference(&scenario.message, &reference),
            reference,
            scenario: scenario.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Prompts, known_scenarios};

    #[test]
    fn a_seed_fixes_prompts_and_ids() {
        let scenarios = known_scenarios();
        let ask = |seed, stream| Prompts::new(seed, stream).next(&scenarios[0]);
        assert_eq!(ask(1, "a"), ask(1, "a"));
        assert_ne!(ask(1, "a"), ask(1, "b"));
        assert_ne!(ask(1, "a"), ask(2, "a"));
        let prompt = ask(1, "a");
        assert!(prompt.message.ends_with(&format!("\nReference: {}", prompt.reference)));
    }
}
