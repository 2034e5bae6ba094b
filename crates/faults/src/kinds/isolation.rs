//! What is one user's reaches another.

mod access;
mod cached;
mod collision;
mod content;
mod encoded;
mod labels;
mod strays;

use crate::catalogue::{Driver, FaultInfo, Need};

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "I01",
        summary: "a run's events go to everybody",
        owner: "isolation/run-owner",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(strays::Broadcast::new(seed)),
    },
    FaultInfo {
        id: "I02",
        summary: "one event goes to a second user",
        owner: "isolation/run-owner",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(strays::OneAstray::new(seed)),
    },
    FaultInfo {
        id: "I03",
        summary: "foreign content under own ids",
        owner: "isolation/canary",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(content::Relabelled::new(seed)),
    },
    FaultInfo {
        id: "I04",
        summary: "run ids collide",
        owner: "isolation/run-owner",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(collision::RunIdCollision::new(seed)),
    },
    FaultInfo {
        id: "I05",
        summary: "wrong user_id",
        owner: "isolation/identity",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(labels::WrongUser::new(seed)),
    },
    FaultInfo {
        id: "I06",
        summary: "run id `registry`, `null` or empty",
        owner: "isolation/identity",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(labels::NoRunId::new(seed)),
    },
    FaultInfo {
        id: "I07",
        summary: "an event of one thread names another",
        owner: "isolation/thread",
        driver: Driver::Proxy,
        needs: &[Need::TwoThreads],
        make: |seed| Box::new(labels::WrongThread::new(seed)),
    },
    FaultInfo {
        id: "I08",
        summary: "the first user's context serves all",
        owner: "isolation/canary",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(content::FirstContext::new(seed)),
    },
    FaultInfo {
        id: "I09",
        summary: "a shared cache of answers: ids right, content foreign",
        owner: "isolation/canary",
        driver: Driver::Proxy,
        needs: &[],
        make: cached::shared_cache,
    },
    FaultInfo {
        id: "I10",
        summary: "a foreign run can be resumed",
        owner: "isolation/foreign-access",
        driver: Driver::Backend,
        needs: &[Need::ForeignProbes],
        make: |seed| Box::new(access::ForeignResume::new(seed)),
    },
    FaultInfo {
        id: "I11",
        summary: "a foreign run can be cancelled",
        owner: "isolation/foreign-access",
        driver: Driver::Backend,
        needs: &[Need::ForeignProbes],
        make: |seed| Box::new(access::ForeignCancel::new(seed)),
    },
    FaultInfo {
        id: "I12",
        summary: "a foreign run can be read",
        owner: "isolation/foreign-access",
        driver: Driver::Backend,
        needs: &[Need::ForeignProbes],
        make: |seed| Box::new(access::ForeignRead::new(seed)),
    },
    FaultInfo {
        id: "I13",
        summary: "a leak only within 10 ms after a reconnect",
        owner: "isolation/run-owner",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(strays::AfterReconnect::new(seed)),
    },
    FaultInfo {
        id: "I14",
        summary: "a leak in an encoding inside a result",
        owner: "isolation/canary",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(encoded::EncodedLeak::new(seed)),
    },
];
