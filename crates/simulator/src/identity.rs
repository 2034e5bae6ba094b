//! Identities as functions of seed, user and number, so that one user can name another's without waiting for it.

use goldenpath_protocol::{ConnectionId, Epoch, EventId, ExecutionId, RequestId, RunId, ThreadId, UserId};
use uuid::{Builder, Uuid};

/// Gives every identity of a session.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Identities {
    seed: u64,
}

/// SplitMix64: one step of a well-mixed counter.
fn mixed(value: u64) -> u64 {
    let mut z = value.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

impl Identities {
    pub(crate) fn new(seed: u64) -> Self {
        Self { seed }
    }

    fn bits(self, kind: u64, user: u32, number: u64) -> u128 {
        let first = mixed(mixed(mixed(self.seed ^ kind.rotate_left(56)) ^ u64::from(user)) ^ number);
        (u128::from(first) << 64) | u128::from(mixed(first ^ kind))
    }

    fn uuid(self, kind: u64, user: u32, number: u64) -> Uuid {
        Builder::from_random_bytes(self.bits(kind, user, number).to_be_bytes()).into_uuid()
    }

    pub(crate) fn session(self) -> String {
        format!("simulated-{:016x}", mixed(self.seed))
    }

    pub(crate) fn user(self, user: u32) -> UserId {
        UserId::from(self.uuid(1, user, 0))
    }

    pub(crate) fn run(self, user: u32, run: u32) -> RunId {
        RunId::from(self.uuid(2, user, u64::from(run)))
    }

    pub(crate) fn request(self, user: u32, run: u32) -> RequestId {
        RequestId::from(self.uuid(3, user, u64::from(run)))
    }

    pub(crate) fn thread(self, user: u32, lane: u32) -> ThreadId {
        ThreadId::from(self.uuid(4, user, u64::from(lane)))
    }

    pub(crate) fn connection(self, user: u32, number: u32) -> ConnectionId {
        ConnectionId::from(self.uuid(5, user, u64::from(number)))
    }

    pub(crate) fn client(self, user: u32, tab: u32) -> Uuid {
        self.uuid(6, user, u64::from(tab))
    }

    pub(crate) fn execution(self, user: u32, run: u32, call: u32) -> ExecutionId {
        ExecutionId::from(self.uuid(7, user, (u64::from(run) << 32) | u64::from(call)))
    }

    /// The event that was made as the user's `number`th, at `unix_ms`.
    pub(crate) fn event(self, user: u32, number: u64, unix_ms: i64) -> EventId {
        let bytes = self.bits(8, user, number).to_be_bytes();
        let mut random = [0; 10];
        random.copy_from_slice(&bytes[..10]);
        EventId::from(Builder::from_unix_timestamp_millis(unix_ms.unsigned_abs(), &random).into_uuid())
    }

    /// The epoch of a user's stream in one of the lives of its log: 128 bits in hex.
    pub(crate) fn epoch(self, user: u32, life: u64) -> Epoch {
        Epoch::new(format!("{:032x}", self.bits(9, user, life)))
            .unwrap_or_else(|_| self.uuid(9, user, life).into())
    }

    /// The canary of a run's prompt.
    pub(crate) fn reference(self, user: u32, run: u32) -> String {
        format!("gp-{:032x}", self.bits(10, user, u64::from(run)))
    }

    /// A short mark that only this user's data carries.
    pub(crate) fn mark(self, user: u32, number: u64) -> String {
        format!("{:010x}", self.bits(11, user, number) & 0xff_ffff_ffff)
    }

    /// The seed of a user's own random numbers.
    pub(crate) fn stream(self, user: u32) -> u64 {
        mixed(self.seed ^ mixed(u64::from(user) + 1))
    }
}
