//! Billing rows of one user in memory: descriptions interned once, rows as plain numbers.

use crate::focus::{BillingRow, ChargeCategory};
use crate::workload::Workloads;
use std::collections::HashMap;
use std::sync::Arc;
use time::Date;

/// An interned text.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Sym(u32);

/// What rows have in common: everything but day and amounts.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Line {
    pub(crate) charge: ChargeCategory,
    pub(crate) service: Sym,
    pub(crate) category: Sym,
    pub(crate) region: Option<Sym>,
    pub(crate) resource: Option<Sym>,
    pub(crate) account: Option<Sym>,
    pub(crate) description: Sym,
    pub(crate) unit: Option<Sym>,
    pub(crate) commitment: Option<Sym>,
    pub(crate) commitment_unused: bool,
    pub(crate) tags: Box<[(Sym, Sym)]>,
    pub(crate) workloads: Workloads,
}

/// One charge: 40 bytes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Charge {
    pub(crate) line: u32,
    /// Julian day.
    pub(crate) day: i32,
    pub(crate) quantity: f64,
    pub(crate) cost: f64,
    pub(crate) billed: f64,
    pub(crate) list: f64,
}

/// Billing rows of one user, ready to be asked.
#[derive(Debug)]
pub struct Dataset {
    texts: Vec<Arc<str>>,
    lines: Vec<Line>,
    charges: Vec<Charge>,
    days: (i32, i32),
    currency: String,
    basis: &'static str,
}

impl Dataset {
    /// How many rows there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.charges.len()
    }

    /// Whether there is no row.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.charges.is_empty()
    }

    /// The first and the last day on which something was charged.
    #[must_use]
    pub fn period(&self) -> (Date, Date) {
        (date(self.days.0), date(self.days.1))
    }

    /// The currency of every amount.
    #[must_use]
    pub fn currency(&self) -> &str {
        &self.currency
    }

    /// The column that costs are taken from: `EffectiveCost`, or `BilledCost` where an export leaves
    /// the effective cost of most billed rows at zero.
    #[must_use]
    pub fn cost_basis(&self) -> &'static str {
        self.basis
    }

    /// Every resource that is named, sorted.
    #[must_use]
    pub fn resources(&self) -> Vec<&str> {
        let mut names: Vec<_> = self.lines.iter().filter_map(|line| line.resource).collect();
        names.sort_unstable();
        names.dedup();
        let mut names: Vec<_> = names.into_iter().map(|name| self.text(name)).collect();
        names.sort_unstable();
        names
    }

    pub(crate) fn text(&self, sym: Sym) -> &str {
        self.texts.get(sym.0 as usize).map_or("", |text| text)
    }

    pub(crate) fn lines(&self) -> &[Line] {
        &self.lines
    }

    pub(crate) fn charges(&self) -> impl Iterator<Item = (&Charge, &Line)> {
        self.charges.iter().filter_map(|charge| Some((charge, self.lines.get(charge.line as usize)?)))
    }

    pub(crate) fn days(&self) -> (i32, i32) {
        self.days
    }
}

/// A date from a Julian day of our own making.
pub(crate) fn date(day: i32) -> Date {
    Date::from_julian_day(day).unwrap_or(Date::MIN)
}

/// Collects rows into a [`Dataset`].
#[derive(Debug, Default)]
pub struct DatasetBuilder {
    texts: Vec<Arc<str>>,
    known: HashMap<Arc<str>, Sym>,
    lines: Vec<Line>,
    line_ids: HashMap<Line, u32>,
    charges: Vec<Charge>,
    currency: Option<String>,
    billed_rows: usize,
    unpriced_rows: usize,
}

/// The amounts of one charge.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Amounts {
    pub(crate) quantity: f64,
    pub(crate) billed: f64,
    pub(crate) effective: f64,
    pub(crate) list: f64,
}

impl DatasetBuilder {
    /// Adds a row.
    pub fn push(&mut self, row: &BillingRow) {
        let line = self.line(row);
        let amounts = Amounts {
            quantity: row.quantity.unwrap_or(0.0),
            billed: row.billed,
            effective: row.effective,
            list: row.list,
        };
        self.charge(line, row.day.to_julian_day(), amounts);
    }

    /// Where charges that share `row`'s description belong; its day and amounts are left aside.
    pub(crate) fn line(&mut self, row: &BillingRow) -> u32 {
        self.currency.get_or_insert_with(|| row.currency.clone());
        let words: Vec<_> = row.tags.iter().map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let line = Line {
            charge: row.charge,
            service: self.sym(&row.service),
            category: self.sym(&row.category),
            region: row.region.as_deref().map(|text| self.sym(text)),
            resource: row.resource.as_deref().map(|text| self.sym(text)),
            account: row.account.as_deref().map(|text| self.sym(text)),
            description: self.sym(&row.description),
            unit: row.unit.as_deref().map(|text| self.sym(text)),
            commitment: row.commitment.as_deref().map(|text| self.sym(text)),
            commitment_unused: row.commitment_unused,
            tags: row.tags.iter().map(|(key, value)| (self.sym(key.trim()), self.sym(value))).collect(),
            workloads: Workloads::of(&row.category, &row.service, &row.description, &words),
        };
        if let Some(id) = self.line_ids.get(&line) {
            return *id;
        }
        let id = u32::try_from(self.lines.len()).unwrap_or(u32::MAX);
        self.lines.push(line.clone());
        self.line_ids.insert(line, id);
        id
    }

    pub(crate) fn charge(&mut self, line: u32, day: i32, amounts: Amounts) {
        if amounts.billed != 0.0 {
            self.billed_rows += 1;
            self.unpriced_rows += usize::from(amounts.effective == 0.0);
        }
        let Amounts { quantity, billed, effective, list } = amounts;
        self.charges.push(Charge { line, day, quantity, cost: effective, billed, list });
    }

    /// The finished set; `None` without a row.
    #[must_use]
    pub fn finish(mut self) -> Option<Dataset> {
        let first = self.charges.iter().map(|charge| charge.day).min()?;
        let last = self.charges.iter().map(|charge| charge.day).max()?;
        // Some exporters fill the billed cost only; spreading nothing over everything would call all of it free.
        let effective = self.unpriced_rows * 2 <= self.billed_rows;
        if !effective {
            for charge in &mut self.charges {
                charge.cost = charge.billed;
            }
        }
        self.charges.shrink_to_fit();
        Some(Dataset {
            texts: self.texts,
            lines: self.lines,
            charges: self.charges,
            days: (first, last),
            currency: self.currency.unwrap_or_else(|| "USD".to_owned()),
            basis: if effective { "EffectiveCost" } else { "BilledCost" },
        })
    }

    fn sym(&mut self, text: &str) -> Sym {
        if let Some(sym) = self.known.get(text) {
            return *sym;
        }
        let sym = Sym(u32::try_from(self.texts.len()).unwrap_or(u32::MAX));
        let text: Arc<str> = text.into();
        self.texts.push(Arc::clone(&text));
        self.known.insert(text, sym);
        sym
    }
}
