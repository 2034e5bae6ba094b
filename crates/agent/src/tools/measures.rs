//! What could be done about one kind of charge: by the provider's words, its unit and how steady it is.
//!
//! Each measure rests on more than the bill says, so each names its assumption.

/// What a commitment saves when the bill shows none to learn from.
const USUAL_DISCOUNT: f64 = 0.25;

/// How much work something is, or what may go wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Degree {
    Low,
    Medium,
    High,
}

impl Degree {
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }

    /// The part of a saving that is left after the trouble of this degree.
    pub(super) fn keeps(self) -> f64 {
        match self {
            Self::Low => 1.0,
            Self::Medium => 0.75,
            Self::High => 0.5,
        }
    }
}

/// One kind of charge of one resource that nothing covers.
#[derive(Debug)]
pub(super) struct OpenCharge<'d> {
    pub(super) description: &'d str,
    pub(super) unit: &'d str,
    pub(super) dev: bool,
    pub(super) steady: bool,
}

/// Something that could be done about a charge.
#[derive(Debug)]
pub(super) struct Measure {
    pub(super) kind: &'static str,
    pub(super) share: f64,
    pub(super) effort: Degree,
    pub(super) risk: Degree,
    pub(super) assumption: String,
}

/// Where a rule applies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum To {
    /// To rented machines.
    Instances,
    /// To rented machines that only developers use.
    DevInstances,
    /// To every charge.
    All,
}

/// A measure for charges whose description says one of `says` and none of `unless`.
#[derive(Debug)]
struct Rule {
    kind: &'static str,
    to: To,
    says: &'static [&'static str],
    unless: &'static [&'static str],
    share: f64,
    effort: Degree,
    risk: Degree,
    assumption: &'static str,
}

macro_rules! rules {
    ($($kind:literal, $to:ident, $says:expr, $unless:expr, $share:literal, $effort:ident, $risk:ident, $assumption:literal;)*) => {
        &[$(Rule {
            kind: $kind, to: To::$to, says: &$says, unless: &$unless, share: $share,
            effort: Degree::$effort, risk: Degree::$risk, assumption: $assumption,
        }),*]
    };
}

/// What makes a charge one of a rented machine.
const INSTANCES: [&str; 2] = ["Instance Hour", "Virtual Machines"];
const OLD: [&str; 6] = [" g3.", " m4.", " c4.", " r4.", " t2.", " p2."];

static RULES: &[Rule] = rules! {
    "schedule_off",       DevInstances, INSTANCES, [], 0.5, Low, Low, "off at night and on weekends: half of the hours";
    "modernise",          Instances, OLD, [], 0.18, Medium, Low, "the next generation does the same work for 18% less";
    "use_spot",           Instances, [" g5.", " g4dn.", " p3."], [], 0.35, High, Medium, "half of the hours can be interrupted, at 70% off";
    "modernise_disk",     All, ["(gp2)"], [], 0.2, Low, Low, "gp3 costs a fifth less than gp2";
    "use_arm",            All, ["Fargate"], ["ARM"], 0.2, Medium, Low, "Fargate on ARM is priced a fifth lower";
    "tier_storage",       All, ["TB / month of storage", "Hot LRS - Data Stored"], [], 0.3, Low, Low, "two thirds are read less than once a month";
    "use_endpoint",       All, ["Data Processed by NAT"], [], 0.5, Medium, Low, "half of the traffic stays with the same provider";
    "trim_logs",          All, ["data ingested", "logs ingested"], [], 0.3, Low, Low, "debug lines are a third of the volume";
    "batch_calls",        All, ["SQS", "state transition"], [], 0.3, Medium, Low, "calls can be sent in groups";
    "provision_capacity", All, ["read request units", "write request units"], [], 0.25, Medium, Medium, "load is even enough for provisioned capacity";
    "flat_io",            All, ["I/O requests (Aurora", "RDS million I/O"], [], 0.25, Medium, Medium, "I/O-optimised storage has no charge per request";
    "expire_snapshots",   All, ["snapshot data stored"], [], 0.5, Low, Low, "half of the snapshots are past their use";
    "cut_egress",         All, ["data transfer out"], [], 0.2, Medium, Low, "a fifth can be cached or compressed";
    "right_size",         All, ["Aurora Capacity Unit", "Lambda - Total Compute"], [], 0.2, Medium, Low, "the lower bound is set a fifth too high";
};

impl OpenCharge<'_> {
    /// What could be done about it; `discount` is what commitments save on this bill.
    pub(super) fn measures(&self, discount: Option<f64>) -> Vec<Measure> {
        let rules = RULES.iter().filter(|rule| self.falls_under(rule)).map(|rule| Measure {
            kind: rule.kind,
            share: rule.share,
            effort: rule.effort,
            risk: rule.risk,
            assumption: rule.assumption.to_owned(),
        });
        self.commitment(discount).into_iter().chain(rules).collect()
    }

    /// The one measure whose share is learnt from the bill.
    fn commitment(&self, discount: Option<f64>) -> Option<Measure> {
        let share = discount.unwrap_or(USUAL_DISCOUNT);
        let source =
            if discount.is_some() { "the discount this bill already reaches" } else { "a usual discount" };
        (self.is_instance() && self.steady).then(|| Measure {
            kind: "buy_commitment",
            share,
            effort: Degree::Low,
            risk: Degree::Medium,
            assumption: format!("a one-year commitment at {source}, {:.0}%", share * 100.0),
        })
    }

    fn falls_under(&self, rule: &Rule) -> bool {
        let applies = match rule.to {
            To::All => true,
            To::Instances => self.is_instance(),
            To::DevInstances => self.is_instance() && self.dev,
        };
        applies && self.says(rule.says) && !self.says(rule.unless)
    }

    fn is_instance(&self) -> bool {
        self.unit == "Hours" && self.says(&INSTANCES)
    }

    fn says(&self, words: &[&str]) -> bool {
        words.iter().any(|word| self.description.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::{Degree, OpenCharge};

    fn charge(description: &str) -> OpenCharge<'_> {
        OpenCharge { description, unit: "Hours", dev: true, steady: true }
    }

    #[test]
    fn every_kind_of_charge_has_its_measures_in_order() {
        for (description, kinds) in [
            ("a cpu of m5.large Instance Hour", "buy_commitment schedule_off"),
            ("Virtual Machines D11 v2", "buy_commitment schedule_off"),
            ("an m4.large Instance Hour", "buy_commitment schedule_off modernise"),
            ("a g5.4xlarge Instance Hour", "buy_commitment schedule_off use_spot"),
            ("General Purpose SSD (gp2) provisioned storage", "modernise_disk"),
            ("AWS Fargate - vCPU", "use_arm"),
            ("AWS Fargate - ARM - vCPU", ""),
            ("first 50 TB / month of storage", "tier_storage"),
            ("Hot LRS - Data Stored", "tier_storage"),
            ("Data Processed by NAT Gateways", "use_endpoint"),
            ("custom log data ingested", "trim_logs"),
            ("vended logs ingested", "trim_logs"),
            ("per million Amazon SQS standard requests", "batch_calls"),
            ("per state transition", "batch_calls"),
            ("per million write request units", "provision_capacity"),
            ("per million read request units", "provision_capacity"),
            ("per million I/O requests (Aurora)", "flat_io"),
            ("RDS million I/O requests", "flat_io"),
            ("snapshot data stored - US West", "expire_snapshots"),
            ("first 10 TB / month data transfer out", "cut_egress"),
            ("Aurora Capacity Unit hour", "right_size"),
            ("AWS Lambda - Total Compute", "right_size"),
            ("per metric-month", ""),
        ] {
            let measures = charge(description).measures(None);
            let found: Vec<_> = measures.iter().map(|measure| measure.kind).collect();
            assert_eq!(found.join(" "), kinds, "{description}");
            assert!(measures.iter().all(|one| (0.0..1.0).contains(&one.share) && !one.assumption.is_empty()));
        }
    }

    #[test]
    fn an_instance_is_measured_by_how_it_is_used() {
        let kinds = |charge: OpenCharge<'_>| -> Vec<_> {
            charge.measures(Some(0.4)).into_iter().map(|measure| measure.kind).collect()
        };
        let instance = "a g5.4xlarge Instance Hour";
        assert_eq!(kinds(OpenCharge { dev: false, ..charge(instance) }), ["buy_commitment", "use_spot"]);
        assert_eq!(kinds(OpenCharge { steady: false, ..charge(instance) }), ["schedule_off", "use_spot"]);
        assert!(kinds(OpenCharge { unit: "GB-Mo", ..charge(instance) }).is_empty());

        let [bought, usual] = [Some(0.4), None].map(|known| charge(instance).measures(known).remove(0));
        assert_eq!((bought.share, bought.effort, bought.risk), (0.4, Degree::Low, Degree::Medium));
        assert_eq!(bought.assumption, "a one-year commitment at the discount this bill already reaches, 40%");
        assert_eq!(usual.assumption, "a one-year commitment at a usual discount, 25%");
    }
}
