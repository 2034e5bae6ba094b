//! `value/quality`: nothing here can judge it. Text heuristics do not rank quality; a calibrated judge, asked
//! elsewhere, adds its own verdict.

use crate::check::{Check, Tally};
use crate::index::Index;
use crate::observation::Observation;
use crate::verdict::CheckResult;

/// Says that it cannot say.
#[derive(Debug, Default)]
pub(crate) struct Quality;

impl Check for Quality {
    fn ids(&self) -> &'static [&'static str] {
        &["value/quality"]
    }

    fn observe(&mut self, _seen: &Observation<'_>, _index: &Index) {}

    fn finish(self: Box<Self>, _index: &Index) -> Vec<CheckResult> {
        vec![Tally::default().into_result("value/quality")]
    }
}
