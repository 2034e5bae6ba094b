//! The session that trials of the tester start from: with it nothing is wrong, and it is approved.

use goldenpath_simulator::{History, Scenario, simulate};

/// A session that shows all that four categories need.
pub(super) fn sound(seed: u64) -> History {
    simulate(&Scenario::full_session(), seed)
}

#[cfg(test)]
mod tests {
    use super::super::decided::decided;
    use super::sound;
    use goldenpath_report::Outcome;

    /// Else no trial would show that its fault is what keeps a session from being approved.
    #[test]
    fn without_a_fault_of_the_tester_the_session_is_approved() {
        for seed in 0..3 {
            let decision = decided(&sound(seed));
            assert_eq!(decision.outcome, Outcome::Approved, "{}", decision.report.deployment_decision.reason);
        }
    }
}
