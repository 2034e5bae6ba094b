//! Which tools are called for a question, by whom, and in which order.

use super::question::Question;
use super::tier::Tier;
use crate::tools::Parameters;

/// What a call is for; an answer is written from these.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum Lookup {
    Costs,
    Idle,
    Anomalies,
    Categories,
    Regions,
    Teams,
    Ranking,
}

impl Lookup {
    pub(super) fn tool(self) -> &'static str {
        match self {
            Self::Costs | Self::Categories | Self::Regions | Self::Teams => "cost_analyzer",
            Self::Idle => "idle_resources",
            Self::Anomalies => "usage_anomalies",
            Self::Ranking => "recommendation_ranker",
        }
    }

    pub(super) fn purpose(self, topic: &str) -> String {
        match self {
            Self::Costs => {
                format!("Break the spend on {topic} down by service and compare it with list price")
            }
            Self::Categories => format!("See which categories of {topic} are covered by commitments"),
            Self::Regions => format!("See in which regions the money for {topic} is spent"),
            Self::Teams => format!("See which teams spend the money for {topic}"),
            Self::Idle => format!("Find what is paid for and not used in {topic}"),
            Self::Anomalies => format!("Find days on which {topic} cost far more than usual"),
            Self::Ranking => format!("Rank what would lower {topic} by saving, effort and risk"),
        }
    }

    /// The call's parameters for a question.
    pub(super) fn parameters(self, question: &Question, tier: Tier) -> Parameters {
        let scope = question.scope.clone();
        let group = |by: &str| Some(by.to_owned());
        match self {
            Self::Costs => Parameters { group_by: group("service"), limit: Some(6), ..scope },
            Self::Categories => Parameters { group_by: group("category"), limit: Some(5), ..scope },
            Self::Regions => Parameters { group_by: group("region"), limit: Some(4), ..scope },
            Self::Teams => Parameters { group_by: group("tag:team"), limit: Some(4), ..scope },
            Self::Idle => Parameters { limit: Some(tier.actions()), ..scope },
            Self::Anomalies => {
                let days = scope.days.map(|days| days.max(tier.anomaly_days()));
                Parameters { limit: Some(tier.actions()), days, ..scope }
            }
            Self::Ranking => Parameters { limit: Some(tier.actions()), ..scope },
        }
    }
}

/// One speaker's share of a stage; its calls are made at the same time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Part {
    /// A specialist, or the supervisor itself.
    pub(super) specialist: Option<&'static str>,
    pub(super) lookups: Vec<Lookup>,
}

/// What follows the first look at the costs; the parts work at the same time.
pub(super) fn second_stage(tier: Tier) -> Vec<Part> {
    let alone = |lookups: Vec<Lookup>| Part { specialist: None, lookups };
    let by = |name, lookups: Vec<Lookup>| Part { specialist: Some(name), lookups };
    match tier {
        Tier::Free => vec![alone(vec![Lookup::Idle])],
        Tier::Early => vec![alone(vec![Lookup::Idle, Lookup::Anomalies])],
        Tier::Mid => vec![
            by("waste_specialist", vec![Lookup::Idle, Lookup::Anomalies]),
            by("commitment_specialist", vec![Lookup::Categories]),
        ],
        Tier::Enterprise => vec![
            by("waste_specialist", vec![Lookup::Idle, Lookup::Anomalies]),
            by("commitment_specialist", vec![Lookup::Categories]),
            by("allocation_specialist", vec![Lookup::Regions, Lookup::Teams]),
        ],
    }
}

/// Whether a tier's plan calls a tool; what no plan knows is nobody's privilege.
pub(super) fn buys(tier: Tier, tool: &str) -> bool {
    let planned = |tier| {
        let second = second_stage(tier).into_iter().flat_map(|part| part.lookups);
        second.chain([Lookup::Costs, Lookup::Ranking]).any(|lookup| lookup.tool() == tool)
    };
    planned(tier) || !planned(Tier::Enterprise)
}

#[cfg(test)]
mod tests {
    use super::buys;
    use crate::model::tier::Tier;

    #[test]
    fn anomalies_are_bought_with_the_second_tier() {
        assert!(!buys(Tier::Free, "usage_anomalies") && buys(Tier::Early, "usage_anomalies"));
        assert!(buys(Tier::Free, "cost_analyzer") && buys(Tier::Free, "a_tool_of_ones_own"));
    }
}
