//! `junit.xml`: what CI systems show. A check is a test case, a category a suite; what stayed open is an
//! error, because CI must not show it green; what nobody asked for is skipped.

use crate::model::{CheckEntry, CheckVerdict, Report};
use quick_junit::{NonSuccessKind, TestCase, TestCaseStatus, TestSuite};
use std::fmt::Write;

/// The document could not be made.
#[derive(Debug, thiserror::Error)]
#[error("failed to write the JUnit document: {0}")]
pub struct JunitError(#[from] quick_junit::SerializeError);

/// The report as JUnit XML.
///
/// # Errors
/// When it cannot be serialised.
pub fn junit(report: &Report) -> Result<String, JunitError> {
    let mut document = quick_junit::Report::new("goldenpath");
    let mut suites: Vec<TestSuite> = Vec::new();
    for entry in &report.execution_results.checks {
        if suites.last().is_none_or(|suite| suite.name.as_str() != entry.category) {
            suites.push(TestSuite::new(&entry.category));
        }
        if let Some(suite) = suites.last_mut() {
            suite.add_test_case(case(entry));
        }
    }
    document.add_test_suites(suites);
    Ok(document.to_string()?)
}

fn case(entry: &CheckEntry) -> TestCase {
    let why = entry.reason.as_deref().unwrap_or_default();
    let status = match entry.verdict {
        CheckVerdict::Pass => TestCaseStatus::success(),
        CheckVerdict::Fail if entry.required => {
            let first =
                entry.findings.first().map_or("the promise was broken", |finding| finding.summary.as_str());
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
            status.set_message(first).set_type(entry.id.clone()).set_description(evidence(entry));
            status
        }
        CheckVerdict::Inconclusive if entry.required => {
            let mut status = TestCaseStatus::non_success(NonSuccessKind::Error);
            status.set_message(format!("inconclusive: {why}")).set_type("inconclusive");
            status
        }
        other => {
            let mut status = TestCaseStatus::skipped();
            status.set_message(format!("{}: {why}", other.as_str()));
            status
        }
    };
    let mut case = TestCase::new(&entry.id, status);
    case.set_classname(format!("goldenpath.{}", entry.category));
    case
}

fn evidence(entry: &CheckEntry) -> String {
    let mut text = String::new();
    for finding in &entry.findings {
        let _ = writeln!(text, "{}", finding.summary);
        let _ = writeln!(text, "  expected: {}", finding.expected);
        let _ = writeln!(text, "  observed: {}", finding.observed);
        let _ = writeln!(text, "  records:  {:?}", finding.records);
    }
    text
}
