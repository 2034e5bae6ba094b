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

impl OpenCharge<'_> {
    pub(super) fn measures(&self, discount: Option<f64>) -> Vec<Measure> {
        let mut measures = Vec::new();
        let mut add = |kind, share, effort, risk, assumption: &str| {
            measures.push(Measure { kind, share, effort, risk, assumption: assumption.to_owned() });
        };
        let has = |words: &[&str]| words.iter().any(|word| self.description.contains(word));
        let instance = self.unit == "Hours" && has(&["Instance Hour", "Virtual Machines"]);
        if instance && self.steady {
            let share = discount.unwrap_or(USUAL_DISCOUNT);
            let source = if discount.is_some() {
                "the discount this bill already reaches"
            } else {
                "a usual discount"
            };
            let assumption = format!("a one-year commitment at {source}, {:.0}%", share * 100.0);
            add("buy_commitment", share, Degree::Low, Degree::Medium, &assumption);
        }
        if instance && self.dev {
            add(
                "schedule_off",
                0.5,
                Degree::Low,
                Degree::Low,
                "off at night and on weekends: half of the hours",
            );
        }
        if instance && has(&[" g3.", " m4.", " c4.", " r4.", " t2.", " p2."]) {
            add(
                "modernise",
                0.18,
                Degree::Medium,
                Degree::Low,
                "the next generation does the same work for 18% less",
            );
        }
        if instance && has(&[" g5.", " g4dn.", " p3."]) {
            add(
                "use_spot",
                0.35,
                Degree::High,
                Degree::Medium,
                "half of the hours can be interrupted, at 70% off",
            );
        }
        if has(&["(gp2)"]) {
            add("modernise_disk", 0.2, Degree::Low, Degree::Low, "gp3 costs a fifth less than gp2");
        }
        if has(&["Fargate"]) && !has(&["ARM"]) {
            add("use_arm", 0.2, Degree::Medium, Degree::Low, "Fargate on ARM is priced a fifth lower");
        }
        if has(&["TB / month of storage", "Hot LRS - Data Stored"]) {
            add("tier_storage", 0.3, Degree::Low, Degree::Low, "two thirds are read less than once a month");
        }
        if has(&["Data Processed by NAT"]) {
            add(
                "use_endpoint",
                0.5,
                Degree::Medium,
                Degree::Low,
                "half of the traffic stays with the same provider",
            );
        }
        if has(&["data ingested", "logs ingested"]) {
            add("trim_logs", 0.3, Degree::Low, Degree::Low, "debug lines are a third of the volume");
        }
        if has(&["SQS", "state transition"]) {
            add("batch_calls", 0.3, Degree::Medium, Degree::Low, "calls can be sent in groups");
        }
        if has(&["read request units", "write request units"]) {
            add(
                "provision_capacity",
                0.25,
                Degree::Medium,
                Degree::Medium,
                "load is even enough for provisioned capacity",
            );
        }
        if has(&["I/O requests (Aurora"]) || has(&["RDS million I/O"]) {
            add(
                "flat_io",
                0.25,
                Degree::Medium,
                Degree::Medium,
                "I/O-optimised storage has no charge per request",
            );
        }
        if has(&["snapshot data stored"]) {
            add(
                "expire_snapshots",
                0.5,
                Degree::Low,
                Degree::Low,
                "half of the snapshots are past their use",
            );
        }
        if has(&["data transfer out"]) {
            add("cut_egress", 0.2, Degree::Medium, Degree::Low, "a fifth can be cached or compressed");
        }
        if has(&["Aurora Capacity Unit", "Lambda - Total Compute"]) {
            add("right_size", 0.2, Degree::Medium, Degree::Low, "the lower bound is set a fifth too high");
        }
        measures
    }
}
