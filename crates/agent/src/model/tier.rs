//! What a customer's tier buys: tools, depth, specialists.

/// The tiers, from the smallest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Tier {
    /// Three tools, three actions, no specialist.
    Free,
    /// Anomalies too, and four actions.
    Early,
    /// Two specialists, five actions.
    Mid,
    /// Three specialists, six actions, 90 days of anomalies.
    Enterprise,
}

impl Tier {
    /// The tier called `name`; an unknown one gets what the smallest gets.
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "enterprise" => Self::Enterprise,
            "mid" => Self::Mid,
            "early" => Self::Early,
            _ => Self::Free,
        }
    }

    /// How many actions an answer ranks.
    #[must_use]
    pub fn actions(self) -> u32 {
        match self {
            Self::Free => 3,
            Self::Early => 4,
            Self::Mid => 5,
            Self::Enterprise => 6,
        }
    }

    /// How many days back anomalies are looked for.
    #[must_use]
    pub fn anomaly_days(self) -> u32 {
        match self {
            Self::Free | Self::Early => 30,
            Self::Mid => 60,
            Self::Enterprise => 90,
        }
    }
}
