//! What arrives in the wrong shape, or says nothing, or too much.

mod cut;
mod encoded;
mod garbled;
mod hollow;
mod internals;
mod joined;
mod said;
mod shape;
mod unicode;

use crate::catalogue::{Driver, FaultInfo, Need};
use cut::Cut;
use joined::Joined;
use said::EventSaid;

/// The rows of this group.
pub(crate) const ROWS: &[FaultInfo] = &[
    FaultInfo {
        id: "C01",
        summary: "not JSON",
        owner: "content/json",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, garbled::no_json)),
    },
    FaultInfo {
        id: "C02",
        summary: "truncated JSON",
        owner: "content/json",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, garbled::truncated)),
    },
    FaultInfo {
        id: "C03",
        summary: "a misspelt type",
        owner: "content/schema",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, shape::misspelt_type)),
    },
    FaultInfo {
        id: "C04",
        summary: "a required field is missing",
        owner: "content/schema",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, shape::missing_field)),
    },
    FaultInfo {
        id: "C05",
        summary: "a field of the wrong type",
        owner: "content/schema",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, shape::wrong_type)),
    },
    FaultInfo {
        id: "C06",
        summary: "empty reasoning",
        owner: "content/meaningful",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, hollow::reasoning)),
    },
    FaultInfo {
        id: "C07",
        summary: "a placeholder where something should be said",
        owner: "content/meaningful",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, hollow::placeholder)),
    },
    FaultInfo {
        id: "C08",
        summary: "mojibake",
        owner: "content/unicode",
        driver: Driver::Proxy,
        needs: &[Need::Unicode],
        make: |seed| Box::new(EventSaid::new(seed, unicode::mojibake)),
    },
    FaultInfo {
        id: "C09",
        summary: "a NUL or a byte order mark",
        owner: "content/unicode",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, unicode::nul_or_bom)),
    },
    FaultInfo {
        id: "C10",
        summary: "two events in one message",
        owner: "content/text-frames",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(Joined::new(seed)),
    },
    FaultInfo {
        id: "C11",
        summary: "a binary frame",
        owner: "content/text-frames",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, garbled::binary)),
    },
    FaultInfo {
        id: "C12",
        summary: "texts are cut at 500 characters",
        owner: "content/whole",
        driver: Driver::Proxy,
        needs: &[Need::LongTexts],
        make: |seed| Box::new(Cut::new(seed)),
    },
    FaultInfo {
        id: "C13",
        summary: "double-encoded JSON",
        owner: "content/whole",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, encoded::twice)),
    },
    FaultInfo {
        id: "C14",
        summary: "the payload overwrites the event's type",
        owner: "content/schema",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, shape::overwritten_type)),
    },
    FaultInfo {
        id: "C15",
        summary: "flat live, nested on replay",
        owner: "content/schema",
        driver: Driver::Proxy,
        needs: &[Need::Resume],
        make: |seed| Box::new(EventSaid::on_replay(seed, shape::nested)),
    },
    FaultInfo {
        id: "C16",
        summary: "wrapped in system_message",
        owner: "content/schema",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, shape::wrapped)),
    },
    FaultInfo {
        id: "C17",
        summary: "results that hold nothing",
        owner: "content/meaningful",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, hollow::results)),
    },
    FaultInfo {
        id: "C18",
        summary: "a stack trace or an internal path in an event",
        owner: "content/no-internals",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, internals::trace)),
    },
    FaultInfo {
        id: "C19",
        summary: "an API key in tool parameters",
        owner: "content/no-internals",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, internals::key)),
    },
    FaultInfo {
        id: "C20",
        summary: "invalid UTF-8",
        owner: "content/json",
        driver: Driver::Proxy,
        needs: &[],
        make: |seed| Box::new(EventSaid::new(seed, garbled::no_utf8)),
    },
];
