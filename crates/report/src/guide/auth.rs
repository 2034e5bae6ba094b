//! `auth`: who gets in, and for how long.

use super::Guide;

#[rustfmt::skip]
pub(super) const GUIDES: &[Guide] = &[
    Guide {
        id: "auth/refused",
        meaning: "Missing, expired, early, forged or foreign tokens, and tokens in the URL, are refused before the upgrade.",
        broken_by: &[("A01", "no token accepted"), ("A02", "expired accepted"), ("A03", "bad signature accepted"), ("A04", "`alg:none` accepted"), ("A05", "wrong `aud`/`iss` accepted"), ("A11", "accepted at connect, refused at the first message"), ("A13", "token in query accepted")],
        remedy: "verify signature, algorithm, exp, nbf, iss and aud before accepting the socket",
    },
    Guide {
        id: "auth/accepted",
        meaning: "Valid tokens get in, also after others failed.",
        broken_by: &[("A08", "valid refused"), ("A12", "auth breaker: three bad tokens block everybody")],
        remedy: "do not count failures across users",
    },
    Guide {
        id: "auth/refresh",
        meaning: "A token is refreshed in mid-stream, for the same user only.",
        broken_by: &[("A14", "refresh changes the user")],
        remedy: "compare the subject of the new token with the connection's",
    },
    Guide {
        id: "auth/expiry",
        meaning: "The stream ends when the token has expired and its grace is over.",
        broken_by: &[("A06", "stream goes on past expiry + grace")],
        remedy: "put a timer of the token's expiry on the connection",
    },
    Guide {
        id: "auth/revocation",
        meaning: "The stream ends soon after the token was revoked.",
        broken_by: &[("A07", "revoked goes on"), ("R11", "middleware skipped on resume (revoked user gets in)")],
        remedy: "subscribe connections to revocations",
    },
    Guide {
        id: "auth/uniform-errors",
        meaning: "Refusals say one text for all causes, never close 1011, never echo the token.",
        broken_by: &[("A09", "token echoed in an event or error"), ("A10", "failure closed as 1011, so that clients storm back")],
        remedy: "map all authentication errors to one answer",
    },
];
