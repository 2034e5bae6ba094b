//! A promise to answer, or word that one was made, instead of the answer.

use super::{Reading, Set};

pub(super) const PHRASES: &[&str] = &[
    "i'll get back",
    "i will get back",
    "we'll get back",
    "we will get back",
    "get back to you",
    "i'll analyze",
    "i will analyze",
    "i'll analyse",
    "i will analyse",
    "i'll look into",
    "i will look into",
    "i'll review",
    "i will review",
    "i'll start",
    "i will start",
    "i'll begin",
    "i will begin",
    "let me analyze",
    "let me look",
    "let me start",
    "let me check",
    "i'm going to",
    "i am going to",
    "i am working on",
    "i'm working on",
    "working on it",
    "working on your request",
    "is being processed",
    "are being processed",
    "is being analyzed",
    "is in progress",
    "has been received",
    "have received your request",
    "received your request",
    "your request was received",
    "please wait",
    "please stand by",
    "hold on while",
    "analysis complete",
    "analysis is complete",
    "analysis completed",
    "completed the analysis",
    "completed your request",
    "request completed",
    "completed successfully",
    "successfully completed",
    "successfully processed",
    "processed successfully",
    "task complete",
    "task completed",
    "task is complete",
    "has been completed",
    "results will be",
    "report will be",
    "will be available shortly",
    "will follow shortly",
    "will be with you",
    "one moment",
    "stay tuned",
    "coming soon",
    "all done",
    "finished processing",
];

/// So many insights make an answer, whatever words surround them.
pub(super) const ENOUGH: usize = 2;

pub(super) fn judge(reading: &Reading<'_>) -> Option<String> {
    if reading.insights >= ENOUGH || reading.facts >= 3 {
        return None;
    }
    reading.phrase(Set::Promise).map(str::to_owned)
}
