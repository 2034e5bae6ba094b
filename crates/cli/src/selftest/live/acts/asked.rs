//! Questions that bring out what the known ones do not: tools and runs that fail, long and foreign texts.

use goldenpath_harness::Scenario;
use goldenpath_history::{Expect, Outcome, ToolDemand};
use goldenpath_testbed::faulty::REFUSED_WORDS;

/// More than fits a buffer of 32 KiB, less than the largest message.
const LARGE: usize = 40 * 1024;

/// The same question, with the wish to quote its reference: who answers with another's answer quotes another's.
pub(in crate::selftest::live) fn quoting(scenario: &Scenario) -> Scenario {
    let expect = Expect { quote_reference: true, ..scenario.expect.clone() };
    let message = format!("{} Quote the reference below in your answer.", scenario.message.trim_end());
    Scenario { name: format!("{}-quoted", scenario.name), message, ..scenario.clone() }.expecting(expect)
}

/// A question about a time that the billing data do not cover: its first tool fails, and the answer says so.
pub(in crate::selftest::live) fn failing_tool() -> Scenario {
    let expect = Expect { failing_tool: true, ..Expect::default() };
    Scenario::new("failing-tool", "What was our cloud bill in January 2019, and how can I lower that cost?")
        .expecting(expect)
}

/// A question to somebody who has no data at all.
pub(in crate::selftest::live) fn failing_run() -> Scenario {
    let expect = Expect { tools: ToolDemand::None, outcome: Outcome::Failed, ..Expect::default() };
    Scenario::new("failing-run", "I'm spending $50k/month on AI infrastructure. Help me optimize costs.")
        .expecting(expect)
}

/// A question that keeps every specialist busy: seven calls, or at least four of them.
pub(in crate::selftest::live) fn many_tools() -> Scenario {
    let expect = Expect { tools: ToolDemand::AtLeast(4), ..Expect::default() };
    Scenario::new("many-tools", "Analyze my entire AI infrastructure and provide cost optimization")
        .expecting(expect)
}

/// A question to a model that takes no more requests, where the backend has one.
pub(in crate::selftest::live) fn refused_by_the_model() -> Scenario {
    let asked = failing_run();
    Scenario { message: format!("{} {REFUSED_WORDS}", asked.message), ..asked }
}

/// A question with a name beyond ASCII, which thoughts and answers repeat.
pub(in crate::selftest::live) fn unicode() -> Scenario {
    Scenario::new("unicode", "Where does the money of team=データ基盤-Zoë go? Help me optimize costs.")
        .expecting(any())
}

/// A question with a name so long that the events which repeat it are large.
pub(in crate::selftest::live) fn large() -> Scenario {
    let name: String = (0..LARGE / 8).map(|n| format!("n{n:06}-")).collect();
    let question =
        format!("Where does the money of team={} go? Help me optimize costs.", name.trim_end_matches('-'));
    Scenario::new("large", question).expecting(any())
}

/// What such a question owes: an ending, whichever.
fn any() -> Expect {
    Expect { tools: ToolDemand::None, outcome: Outcome::Any, ..Expect::default() }
}
