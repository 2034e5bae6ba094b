//! Requests: what was asked, and what is owed for it.

use super::hash_of;
use crate::observation::{ConnIx, RunIx, UserIx};
use goldenpath_history::Expect;
use std::num::NonZeroU16;

/// One request, however often it was sent.
#[derive(Debug, Clone)]
pub struct RequestView {
    /// Who asked.
    pub user: UserIx,
    /// On which connection, first.
    pub conn: Option<ConnIx>,
    /// The client's id; emptied when its run is settled.
    pub id: Box<str>,
    /// The line of the first sending.
    pub line: u64,
    /// When it was first sent.
    pub t_ns: u64,
    /// When the plan wanted it sent: response limits count from here.
    pub intended_t_ns: u64,
    /// The scenario's name; emptied when its run is settled.
    pub scenario: Box<str>,
    /// The canary in the prompt, `gp-` and 32 hex digits, as its number.
    pub reference: Option<u128>,
    /// The prompt without its reference line; given up when its run is settled.
    pub prompt: Option<Box<str>>,
    /// What is owed.
    pub expect: Expect,
    /// How often it was sent.
    pub attempts: u16,
    /// The fingerprint of the thread that it named, for runs that begin when the first has been forgotten.
    pub thread: Option<NonZeroU16>,
    /// The first run that answers it.
    pub run: Option<RunIx>,
    /// The line of the first `request_accepted`.
    pub accepted_line: Option<u64>,
    /// The line of the first `error` that names it.
    pub refused_line: Option<u64>,
}

/// A few bits of the name of a thread: equal names have equal ones, and of others one in 65 535 has the same.
#[must_use]
pub(crate) fn fingerprint(thread: &str) -> NonZeroU16 {
    let bits = u16::try_from(hash_of(thread) >> 48).unwrap_or_default();
    NonZeroU16::new(bits).unwrap_or(NonZeroU16::MIN)
}

/// The number of a reference `gp-<32 hex>`.
#[must_use]
pub fn reference_number(reference: &str) -> Option<u128> {
    let digits = reference.strip_prefix("gp-")?;
    if digits.len() == 32 { u128::from_str_radix(digits, 16).ok() } else { None }
}
