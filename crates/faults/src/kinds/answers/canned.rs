//! Plans that were written before anybody asked.

use super::junk::nouns;
use crate::kinds::retelling::{Asked, Case, Retelling, Tale};
use crate::{Aim, Fault};
use rand::Rng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;

/// Canned plans; `{}` is filled with what the prompt is about.
const PLANS: &[&[&str]] = &[
    &[
        "Here is a proven plan for {}.\n",
        "1. Take stock: list every part of {} with its owner, its purpose and what it costs in a month.\n",
        "2. Cut the obvious: switch off what nobody has used for thirty days, beginning with test systems.\n",
        "3. Commit where use is steady: reserve three quarters of the base load for one year.\n",
        "4. Move whatever can be interrupted to spot capacity, with a fallback that is tried every week.\n",
        "5. Put a budget and an alert on {}, and look at both on the first Monday of each month.\n",
        "Teams that follow these steps usually spend a third less after one quarter, without slowing anybody down.\n",
    ],
    &[
        "To improve {}, we recommend a three-phase approach that has worked for many customers.\n",
        "Phase one (weeks 1 and 2): tag all resources behind {} and build a dashboard that every team can read.\n",
        "Phase two (weeks 3 to 6): rightsize the largest instances, delete orphaned volumes and compress cold data.\n",
        "Phase three (from week 7): automate the schedule of development systems and renegotiate support contracts.\n",
        "Make one person responsible for {} and let them report the savings to the board every quarter.\n",
        "Start small, measure often, and celebrate every saving with the people who made it possible.\n",
    ],
    &[
        "We looked at {} and suggest the following measures, ordered by effort.\n",
        "Quick win: turn off idle machines at night and at weekends, which takes one afternoon to set up.\n",
        "Quick win: move old backups to archive storage and keep only the last seven daily copies online.\n",
        "Medium effort: introduce autoscaling for everything around {}, with a sensible lower bound.\n",
        "Larger project: consolidate overlapping tools and retire the ones that fewer than five people use.\n",
        "Review these measures together with finance after two months and adjust the plan where it is needed.\n",
    ],
];

/// A topic in the prompt's own words.
fn topic(asked: &Asked, rng: &mut ChaCha8Rng) -> String {
    let nouns = nouns(&asked.prompt);
    if nouns.is_empty() {
        return "your environment".to_owned();
    }
    let length = rng.random_range(2..=3).min(nouns.len());
    let from = rng.random_range(0..=nouns.len() - length);
    format!("your {}", nouns[from..from + length].join(" "))
}

fn quoting(asked: &Asked) -> String {
    asked.reference.as_ref().map(|reference| format!("Reference: {reference}\n")).unwrap_or_default()
}

/// From one of the first runs on everybody gets one plan.
pub(super) fn same_plan(seed: u64) -> Box<dyn Fault> {
    #[allow(clippy::cast_possible_truncation, reason = "a place in a short list")]
    let plan = PLANS[(seed % PLANS.len() as u64) as usize];
    let mut spared = (seed / 3) % 3;
    let teller = move |case: &Case<'_>, rng: &mut ChaCha8Rng| {
        if spared > 0 {
            spared -= 1;
            return None;
        }
        let topic = topic(case.asked, rng);
        let mut pieces: Vec<String> = plan.iter().map(|line| line.replace("{}", &topic)).collect();
        pieces[0].push_str(&quoting(case.asked));
        Some(Tale::Instead { pieces, filler: Some("\n".to_owned()), summary: plan[0].replace("{}", &topic) })
    };
    Retelling::boxed("the one canned plan", Aim::all(seed), seed, Box::new(teller))
}

/// Advice that holds for everybody.
const ADVICE: &[&str] = &[
    "Rightsize the largest machines behind {} and watch them for a week before going further.\n",
    "Schedule development systems around {} so that they sleep at night and at weekends.\n",
    "Buy a one-year commitment for whatever in {} runs all the time.\n",
    "Move interruptible work in {} to spot capacity and keep a fallback.\n",
    "Archive the data of {} that nobody has read since last quarter.\n",
    "Delete volumes and snapshots left behind by machines of {} that are long gone.\n",
    "Consolidate the many small clusters of {} into one that is shared.\n",
    "Reduce the replicas of {} where nobody needs that much safety.\n",
    "Negotiate the support contract of {} before it renews itself.\n",
    "Cache what {} computes again and again for the same question.\n",
    "Compress the transfers between the regions of {} and keep them local where that works.\n",
    "Batch the small jobs of {} so that they share one start.\n",
];

/// Advice to the point that could have been given without a tool.
pub(super) fn without_facts(seed: u64) -> Box<dyn Fault> {
    let teller = |case: &Case<'_>, rng: &mut ChaCha8Rng| {
        let topic = topic(case.asked, rng);
        let mut advice = ADVICE.to_vec();
        advice.shuffle(rng);
        let mut pieces: Vec<String> = advice.iter().take(6).map(|line| line.replace("{}", &topic)).collect();
        let first = quoting(case.asked);
        pieces.insert(0, format!("What can be done about {topic}:\n{first}"));
        let summary = format!("Six measures for {topic}, none of which takes long.");
        Some(Tale::Instead { pieces, filler: Some("\n".to_owned()), summary })
    };
    Retelling::boxed("advice without a fact", Aim::new(seed), seed, Box::new(teller))
}
