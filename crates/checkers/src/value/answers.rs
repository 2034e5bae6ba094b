//! Judges each answer once, when its run completes: gates, demands, facts, and the proxies that rest on them.

use super::demands;
use super::facts::Facts;
use super::gates::{self, Reading};
use super::proxies::{Proxies, Reached};
use super::text::excerpt;
use crate::check::{Check, Tally};
use crate::event_view::{EventView, Field};
use crate::index::{Index, RunView};
use crate::judge::Terms;
use crate::observation::{Arrival, Observation, RunIx};
use crate::verdict::{CheckResult, Finding};
use goldenpath_history::{Outcome, RecordKind};
use goldenpath_protocol::EventType;
use rustc_hash::FxHashMap;

/// So many runs may begin at once without asking for new room for their facts.
const SPARE: usize = 64;

/// The fold.
#[derive(Debug)]
pub(crate) struct Answers {
    quotes_reference: bool,
    facts_owed: usize,
    open: FxHashMap<RunIx, Open>,
    /// Those of runs that are over, for their room.
    #[expect(clippy::vec_box, reason = "they go from run to run and shall not be copied")]
    spare: Vec<Box<Facts>>,
    gates: Tally,
    demands: Tally,
    facts: Tally,
    fewest_facts: Option<usize>,
    proxies: Proxies,
}

/// A run whose answer is still to come.
#[derive(Debug, Default)]
struct Open {
    facts: Option<Box<Facts>>,
    fact_lines: Vec<u64>,
    reached: Reached,
}

impl Answers {
    pub(crate) fn new(terms: &Terms) -> Self {
        let owed = terms.slo.limit("value/facts").unwrap_or(3.0).max(0.0);
        Self {
            quotes_reference: terms.quotes_reference,
            facts_owed: owed as usize,
            open: FxHashMap::default(),
            spare: Vec::new(),
            gates: Tally::default(),
            demands: Tally::default(),
            facts: Tally { limit: Some(owed), ..Tally::default() },
            fewest_facts: None,
            proxies: Proxies::new(&terms.slo),
        }
    }

    fn event(&mut self, seen: &Observation<'_>, event: &EventView<'_>, arrival: Arrival, index: &Index) {
        let open = self.open.entry(arrival.run).or_default();
        if arrival.foreign {
            open.reached.leaked = true;
            return;
        }
        if !arrival.first {
            return;
        }
        open.reached.event(event.kind, seen.t_ns, arrival.replayed);
        match event.kind {
            EventType::ToolExecuting => {
                let facts = open.facts.get_or_insert_with(|| self.spare.pop().unwrap_or_default());
                if let Some(parameters) = event.fields.raw(Field::Parameters) {
                    facts.know(parameters);
                }
            }
            EventType::ToolCompleted if event.fields.flag(Field::Success) != Some(false) => {
                if let Some(results) = event.fields.raw(Field::Results) {
                    let facts = open.facts.get_or_insert_with(|| self.spare.pop().unwrap_or_default());
                    facts.take_in(results);
                    if open.fact_lines.len() < 4 {
                        open.fact_lines.push(seen.line);
                    }
                }
            }
            EventType::AgentCompleted => self.answer(seen, event, arrival.run, index),
            _ => {}
        }
    }

    fn answer(&mut self, seen: &Observation<'_>, event: &EventView<'_>, run: RunIx, index: &Index) {
        let Some(view) = index.run(run) else { return };
        let request = index.request_of_run(view);
        if request.is_some_and(|request| !matches!(request.expect.outcome, Outcome::Completed | Outcome::Any))
        {
            return;
        }
        let (Some(answer), Some(outline), Some(open)) =
            (event.answer(), seen.at_sight.outline.get(), self.open.get_mut(&run))
        else {
            return;
        };
        let prompt = request.and_then(|request| request.prompt.as_deref());
        let mut facts = open.facts.take();
        let quoted = facts.as_mut().map(|facts| {
            prompt.into_iter().for_each(|prompt| facts.know(prompt));
            facts.quoted(&answer.text)
        });
        let quoted = quoted.unwrap_or_default();
        let reading = Reading::of(answer, outline, prompt, quoted.quoted);
        let user = index.user_name(Some(view.owner));
        let answered_by = |extra: &[u64]| {
            let mut records: Vec<u64> =
                request.map(|request| request.line).into_iter().chain(extra.iter().copied()).collect();
            records.push(seen.line);
            records
        };

        let junk = gates::judge(&reading);
        open.reached.junk = !junk.is_empty();
        open.reached.leaked |=
            answer.references().iter().any(|(_, n)| request.is_some_and(|r| r.reference != Some(*n)));
        self.gates.judge((!junk.is_empty()).then(|| {
            Finding {
                summary: format!("the answer of run `{}` of `{user}` is junk: {}", view.id, names(&junk)),
                expected: "an answer that passes every gate".to_owned(),
                observed: junk
                    .iter()
                    .map(|junk| format!("{}: `{}`", junk.gate, junk.excerpt))
                    .collect::<Vec<_>>()
                    .join("; "),
                records: answered_by(&[]),
                witness: None,
            }
        }));

        let least = request.map_or(0, |request| request.expect.min_insights);
        let quoting = self.quotes_reference && request.is_some_and(|request| request.expect.quote_reference);
        let own = request.and_then(|request| request.reference);
        let lacks = demands::lacking(&reading, answer, least, own, quoting);
        self.demands.judge((!lacks.is_empty()).then(|| Finding {
            summary: format!("the answer of run `{}` of `{user}` lacks what it owes", view.id),
            expected: lacks.iter().map(|(owed, _)| owed.as_str()).collect::<Vec<_>>().join("; "),
            observed: lacks.iter().map(|(_, found)| found.as_str()).collect::<Vec<_>>().join("; "),
            records: answered_by(&[]),
            witness: None,
        }));

        // A tool that gave one figure owes one; one that gave none owes nothing.
        let owed = self.facts_owed.min(quoted.given);
        if let Some(facts) = facts.as_ref().filter(|_| owed > 0) {
            if owed == self.facts_owed || quoted.quoted < owed {
                self.fewest_facts = Some(self.fewest_facts.unwrap_or(usize::MAX).min(quoted.quoted));
            }
            let missing = (quoted.quoted < owed).then(|| Finding {
                summary: format!("the answer of run `{}` of `{user}` ignores what its tools found", view.id),
                expected: format!(
                    "at least {owed} of its tools' figures or names, such as {}",
                    facts.examples()
                ),
                observed: format!("{} of {}: `{}`", quoted.quoted, quoted.given, excerpt(reading.text)),
                records: answered_by(&open.fact_lines),
                witness: None,
            });
            self.facts.judge(missing);
        }
        self.spare(facts);
    }

    fn spare(&mut self, facts: Option<Box<Facts>>) {
        if let Some(mut facts) = facts.filter(|_| self.spare.len() < SPARE) {
            facts.clear();
            self.spare.push(facts);
        }
    }
}

fn names(junk: &[gates::Junk]) -> String {
    junk.iter().map(|junk| junk.gate).collect::<Vec<_>>().join(", ")
}

impl Check for Answers {
    fn ids(&self) -> &'static [&'static str] {
        &["value/gates", "value/demands", "value/facts", "value/confidence", "value/continue"]
    }

    fn observe(&mut self, seen: &Observation<'_>, index: &Index) {
        self.proxies.observe(seen);
        if let (RecordKind::Frame { .. }, Some((event, arrival))) = (&seen.record.kind, seen.event()) {
            self.event(seen, event, arrival, index);
        }
    }

    fn run_settled(&mut self, run: RunIx, view: &RunView, index: &Index) {
        let open = self.open.remove(&run).unwrap_or_default();
        self.proxies.run(&open.reached, view, index);
        self.spare(open.facts);
    }

    fn finish(self: Box<Self>, index: &Index) -> Vec<CheckResult> {
        let mut facts = self.facts;
        facts.value = self.fewest_facts.map(|fewest| fewest as f64);
        let mut results = vec![
            self.gates.into_result("value/gates"),
            self.demands.into_result("value/demands"),
            facts.into_result("value/facts"),
        ];
        results.extend(self.proxies.finish(index));
        results
    }
}
