//! `isolation`: users kept apart.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "isolation/run-owner",
        meaning: "A run's events reach its owner only. One leak blocks a release.",
        broken_by: &[("I01", "broadcast to all"), ("I02", "one event to a second user"), ("I04", "run ids collide"), ("I13", "leak only within 10 ms after a reconnect")],
        remedy: "address events to the user of the run, and remove every broadcast",
    },
    Guide {
        id: "isolation/canary",
        meaning: "No user's content is anywhere in what another user received, plain or encoded.",
        broken_by: &[("I03", "foreign content under own ids (labels rewritten)"), ("I08", "first user's context serves all"), ("I09", "shared answer cache: ids right, content foreign"), ("I14", "leak base64-encoded inside a result"), ("P04", "leak only under load")],
        remedy: "look for shared caches, contexts and globals; put the user into every key",
    },
    Guide {
        id: "isolation/identity",
        meaning: "Ids in events are those of the token, never null, never placeholders.",
        broken_by: &[("I05", "wrong `user_id`"), ("I06", "run id `registry`, `null`, empty")],
        remedy: "take the identity from the verified token, and pass it on as a typed value",
    },
    Guide {
        id: "isolation/thread",
        meaning: "Threads of a user do not mix.",
        broken_by: &[("I07", "an event of thread A labelled thread B")],
        remedy: "carry the thread id with the run, not with the connection",
    },
    Guide {
        id: "isolation/foreign-access",
        meaning: "Runs of others cannot be resumed, cancelled or read, and look like unknown ones.",
        broken_by: &[("I10", "foreign run can be resumed"), ("I11", "foreign run can be cancelled"), ("I12", "foreign `GET /runs/{id}`")],
        remedy: "check the owner in the store's query itself",
    },
];
