//! The sentences of thoughts and answers, by what they speak of.

pub(super) mod bill;
pub(super) mod frame;
pub(super) mod thoughts;
pub(super) mod waste;
