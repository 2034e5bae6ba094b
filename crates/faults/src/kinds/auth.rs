//! Doors that let the wrong ones in, keep the right ones out, or talk too much.

pub(super) mod admitted;
mod echoed;
mod internal;
mod outlived;
mod refresh;
mod refused;

use crate::catalogue::{Driver, FaultInfo, Need};

/// A row of a bad token that is let in.
const fn admits(
    id: &'static str,
    summary: &'static str,
    make: fn(u64) -> Box<dyn crate::Fault>,
) -> FaultInfo {
    FaultInfo {
        id,
        summary,
        owner: "auth/refused",
        driver: Driver::Backend,
        needs: &[Need::TokenProbes],
        make,
    }
}

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    admits("A01", "no token is accepted", |seed| admitted::boxed(&["missing"], seed)),
    admits("A02", "an expired token is accepted", |seed| admitted::boxed(&["expired"], seed)),
    admits("A03", "a bad signature is accepted", |seed| {
        admitted::boxed(
            if seed.is_multiple_of(3) { &["bad_signature", "tampered"] } else { &["bad_signature"] },
            seed,
        )
    }),
    admits("A04", "`alg: none` is accepted", |seed| admitted::boxed(&["alg_none"], seed)),
    admits("A05", "a wrong `aud` or `iss` is accepted", |seed| {
        admitted::boxed(
            match seed % 3 {
                0 => &["wrong_audience"],
                1 => &["wrong_issuer"],
                _ => &["wrong_audience", "wrong_issuer"],
            },
            seed,
        )
    }),
    FaultInfo {
        id: "A06",
        summary: "the stream goes on past expiry and grace",
        owner: "auth/expiry",
        driver: Driver::Backend,
        needs: &[Need::Expiry],
        make: |seed| Box::new(outlived::Outlived::expiry(seed)),
    },
    FaultInfo {
        id: "A07",
        summary: "the stream goes on after a revocation",
        owner: "auth/revocation",
        driver: Driver::Backend,
        needs: &[Need::Revocation],
        make: |seed| Box::new(outlived::Outlived::revocation(seed)),
    },
    FaultInfo {
        id: "A08",
        summary: "a valid token is refused",
        owner: "auth/accepted",
        driver: Driver::Backend,
        needs: &[Need::TokenProbes],
        make: |seed| Box::new(refused::ValidRefused::new(seed)),
    },
    FaultInfo {
        id: "A09",
        summary: "a token is echoed in an event or an error",
        owner: "auth/uniform-errors",
        driver: Driver::Proxy,
        needs: &[Need::TokenProbes],
        make: |seed| Box::new(echoed::TokenEchoed::new(seed)),
    },
    FaultInfo {
        id: "A10",
        summary: "a failure is closed as 1011, and clients storm back",
        owner: "auth/uniform-errors",
        driver: Driver::Backend,
        needs: &[Need::TokenProbes],
        make: |seed| Box::new(internal::ClosedAsInternal::new(seed)),
    },
    admits("A11", "accepted at connect, refused at the first message", |seed| {
        Box::new(admitted::RefusedLate::new(seed))
    }),
    FaultInfo {
        id: "A12",
        summary: "three bad tokens block everybody",
        owner: "auth/accepted",
        driver: Driver::Backend,
        needs: &[Need::TokenProbes],
        make: |seed| Box::new(refused::Breaker::new(seed)),
    },
    admits("A13", "a token in the query is accepted", |seed| admitted::boxed(&["in_query"], seed)),
    FaultInfo {
        id: "A14",
        summary: "a refresh changes the user",
        owner: "auth/refresh",
        driver: Driver::Backend,
        needs: &[Need::Refresh],
        make: |seed| Box::new(refresh::UserChanged::new(seed)),
    },
];
