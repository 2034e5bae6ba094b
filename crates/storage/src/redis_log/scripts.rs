//! What the server does in one step each: every script begins by opening the user's stream.

use goldenpath_redis_link::Script;

/// All of them.
#[derive(Debug)]
pub(super) struct Scripts {
    pub(super) append: Script,
    pub(super) head: Script,
    pub(super) read: Script,
    pub(super) acknowledge: Script,
    pub(super) acknowledged: Script,
}

impl Scripts {
    pub(super) fn new() -> Self {
        Self {
            append: opening(include_str!("append.lua")),
            head: opening(include_str!("head.lua")),
            read: opening(include_str!("read.lua")),
            acknowledge: opening(include_str!("acknowledge.lua")),
            acknowledged: opening(include_str!("acknowledged.lua")),
        }
    }
}

/// A script, which begins by opening the user's stream.
fn opening(body: &str) -> Script {
    Script::new(&format!("{}\n{body}", include_str!("stream.lua")))
}
