//! The names of keys and channels: all of a user's share one hash tag, so that they lie in one slot of a cluster.

use goldenpath_protocol::UserId;
use std::fmt::Write as _;

/// Names under one prefix.
#[derive(Debug)]
pub(super) struct Names {
    prefix: String,
    /// Channels are the server's, not the database's: without its number two logs on one server would wake each other.
    database: i64,
}

/// The keys of one user's stream, in the order the scripts take them.
pub(super) const KEYS: [&str; 4] = ["stream", "events", "ids", "acks"];

impl Names {
    pub(super) fn new(prefix: &str, database: i64) -> Self {
        Self { prefix: prefix.to_owned(), database }
    }

    /// A user as part of a key: any byte that could end the hash tag early, or make it empty, is written as `%XX`.
    pub(super) fn tag(user: &UserId) -> String {
        let mut tag = String::with_capacity(user.as_str().len());
        for &byte in user.as_str().as_bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'@' | b'|' | b':' => {
                    tag.push(char::from(byte));
                }
                _ => {
                    // Into a string this cannot fail.
                    let _ = write!(tag, "%{byte:02X}");
                }
            }
        }
        tag
    }

    /// One key of a user's stream.
    pub(super) fn key(&self, tag: &str, what: &str) -> String {
        let prefix = &self.prefix;
        format!("{prefix}:{{{tag}}}:{what}")
    }

    /// Where a user's stream tells that it changed.
    pub(super) fn channel(&self, tag: &str) -> String {
        let Self { prefix, database } = self;
        format!("{prefix}:{{{tag}}}:head:{database}")
    }

    /// Whose channel it is.
    pub(super) fn tag_of<'a>(&self, channel: &'a str) -> Option<&'a str> {
        let rest = channel.strip_prefix(self.prefix.as_str())?.strip_prefix(":{")?;
        let (tag, rest) = rest.split_once("}:head:")?;
        (rest.parse() == Ok(self.database)).then_some(tag)
    }

    /// A key of no user, written to see whether anything can be written.
    pub(super) fn probe(&self) -> String {
        format!("{}:ready", self.prefix)
    }
}

#[cfg(test)]
mod tests {
    use super::{KEYS, Names};
    use goldenpath_protocol::UserId;

    /// What a cluster hashes of a key: from the first `{` to the next `}`, if anything lies between.
    fn hashed(key: &str) -> &str {
        let Some((_, rest)) = key.split_once('{') else { return key };
        match rest.split_once('}') {
            Some(("", _)) | None => key,
            Some((tag, _)) => tag,
        }
    }

    #[test]
    fn all_keys_of_a_user_lie_in_one_slot() {
        let names = Names::new("goldenpath", 3);
        let users = ["alice", "}x", "{}", "{a}b", "auth0|5f:7", "jürgen@example.com", "%7D", "💥"];
        let tags: Vec<_> = users.map(|user| Names::tag(&UserId::new(user).unwrap())).into();
        for (user, tag) in users.iter().zip(&tags) {
            for what in KEYS {
                assert_eq!(hashed(&names.key(tag, what)), tag, "{user}");
            }
            assert_eq!(hashed(&names.channel(tag)), tag, "{user}");
            assert_eq!(names.tag_of(&names.channel(tag)), Some(tag.as_str()), "{user}");
            assert_eq!(tags.iter().filter(|other| *other == tag).count(), 1, "`{user}` shares its keys");
        }
        assert_eq!(tags[0], "alice", "plain names stay readable");
    }

    #[test]
    fn other_logs_channels_are_nobodys() {
        let names = Names::new("goldenpath", 3);
        for channel in ["goldenpath:{alice}:head:1", "other:{alice}:head:3", "goldenpath:{alice}", ""] {
            assert_eq!(names.tag_of(channel), None, "{channel}");
        }
    }
}
