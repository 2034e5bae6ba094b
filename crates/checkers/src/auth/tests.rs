//! Doors that hold, and doors that do not.

use crate::Verdict;
use crate::fixture::{alarms, judged, verdict};
use goldenpath_history::{ClosedBy, Direction, Header, Record, RecordKind};
use goldenpath_simulator::{History, Scenario, healthy_variations, simulate};
use rstest::rstest;

const REFUSAL: &str = r#"{"error":{"code":"unauthorized","message":"the token was refused"}}"#;

fn history(records: Vec<Record<'static>>) -> History {
    let mut header = Header::new("s", "ws://x/ws", "goldenpath");
    header.auth_mode = Some("mint".to_owned());
    History { header, records }
}

fn open(conn: u32, credential: &'static str, status: u16, body: &'static str) -> Record<'static> {
    let kind = RecordKind::Open {
        url: None,
        status: Some(status),
        intended_t_ns: None,
        credential: Some(credential.into()),
        body: Some(body.into()).filter(|_| !body.is_empty()),
    };
    Record { t_ns: u64::from(conn) * 1_000_000, conn: Some(conn), user: Some("alice".into()), kind }
}

fn frame(t_s: u64, conn: u32, raw: impl Into<String>) -> Record<'static> {
    let kind = RecordKind::Frame { dir: Direction::In, raw: raw.into().into(), opcode: None };
    Record { t_ns: t_s * 1_000_000_000, conn: Some(conn), user: Some("alice".into()), kind }
}

fn says(records: Vec<Record<'static>>, id: &str) -> Verdict {
    verdict(&judged(&history(records)), id).clone()
}

#[test]
fn healthy_histories_raise_no_alarm() {
    for (row, scenario) in healthy_variations() {
        let judgement = judged(&simulate(&scenario, 3));
        assert_eq!(alarms(&judgement, &["auth/"]), Vec::<String>::new(), "{row}");
    }
}

#[test]
fn a_session_with_revocations_passes_them() {
    let judgement = judged(&simulate(&Scenario::golden_path().users(3).with_revocation_probe(), 3));
    assert_eq!(verdict(&judgement, "auth/revocation"), &Verdict::Pass);
    assert_eq!(alarms(&judgement, &[""]), Vec::<String>::new());
}

#[test]
fn a_full_session_passes_what_it_shows() {
    let judgement = judged(&simulate(&Scenario::full_session(), 3));
    for check in judgement.checks.iter().filter(|check| check.id.starts_with("auth/")) {
        match check.id {
            "auth/revocation" => {
                assert!(matches!(check.verdict, Verdict::NotObservable(_)), "{:?}", check.verdict)
            }
            _ => assert_eq!(check.verdict, Verdict::Pass, "{}: {:?}", check.id, check.findings),
        }
    }
}

#[rstest]
#[case::which_is_none("resume=nowhere", 400, Verdict::Pass)]
#[case::blamed_on_the_token("resume=nowhere", 401, Verdict::Fail)]
#[case::that_could_be_read("resume=00ff:12", 400, Verdict::Fail)]
fn a_point_may_be_refused(#[case] asked: &str, #[case] status: u16, #[case] verdict: Verdict) {
    let mut asking = open(2, "valid", status, REFUSAL);
    if let RecordKind::Open { url, .. } = &mut asking.kind {
        *url = Some(format!("ws://x/ws?{asked}").into());
    }
    assert_eq!(says(vec![open(1, "valid", 101, ""), asking], "auth/accepted"), verdict);
}

#[rstest]
#[case("missing")]
#[case("expired")]
#[case("not_yet_valid")]
#[case("bad_signature")]
#[case("alg_none")]
#[case("wrong_audience")]
#[case("wrong_issuer")]
#[case("tampered")]
#[case("in_query")]
fn a_forged_token_that_gets_in_is_found(#[case] credential: &'static str) {
    assert_eq!(says(vec![open(1, credential, 101, "")], "auth/refused"), Verdict::Fail);
    assert_eq!(says(vec![open(1, credential, 401, REFUSAL)], "auth/refused"), Verdict::Pass);
}

#[test]
fn a_true_token_that_is_refused_is_found() {
    assert_eq!(says(vec![open(1, "valid", 401, REFUSAL)], "auth/accepted"), Verdict::Fail);
    // Three bad tokens block everybody.
    let bad = |conn| open(conn, "bad_signature", 401, REFUSAL);
    let blocked = vec![open(1, "valid", 101, ""), bad(2), bad(3), bad(4), open(5, "valid", 429, "")];
    assert_eq!(says(blocked, "auth/accepted"), Verdict::Fail);
    // A limit alone is no judgment of the token.
    assert_eq!(
        says(vec![open(1, "valid", 101, ""), open(2, "valid", 429, "")], "auth/accepted"),
        Verdict::Pass
    );
}

/// A limit answers before anybody looks at the token.
#[test]
fn limits_are_no_judgment_of_tokens() {
    let limit = r#"{"error":{"code":"user_limit","message":"too many connections of this user"}}"#;
    let bad = |conn| open(conn, "bad_signature", 401, REFUSAL);
    let limited = || {
        vec![open(1, "valid", 101, ""), bad(2), open(3, "valid", 429, limit), open(4, "expired", 429, limit)]
    };
    assert_eq!(says(limited(), "auth/accepted"), Verdict::Pass);
    assert_eq!(says(limited(), "auth/uniform-errors"), Verdict::Pass);
    assert!(matches!(says(vec![open(1, "expired", 429, limit)], "auth/refused"), Verdict::Inconclusive(_)));
}

#[test]
fn refusals_that_tell_causes_apart_are_found() {
    let two = |body| vec![open(1, "expired", 401, REFUSAL), open(2, "bad_signature", 401, body)];
    assert_eq!(says(two(REFUSAL), "auth/uniform-errors"), Verdict::Pass);
    let other = r#"{"error":{"code":"unauthorized","message":"the signature is wrong"}}"#;
    assert_eq!(says(two(other), "auth/uniform-errors"), Verdict::Fail);
    // A body that did not come whole says nothing; the ones before and after it do.
    let around = |body| [two(""), vec![open(3, "tampered", 401, body)]].concat();
    assert_eq!(says(two(""), "auth/uniform-errors"), Verdict::Pass);
    assert_eq!(says(around(REFUSAL), "auth/uniform-errors"), Verdict::Pass);
    assert_eq!(says(around(other), "auth/uniform-errors"), Verdict::Fail);
    let status = vec![open(1, "expired", 401, ""), open(2, "bad_signature", 403, "")];
    assert_eq!(says(status, "auth/uniform-errors"), Verdict::Fail);
}

#[test]
fn a_token_sent_back_is_found_also_when_it_was_redacted() {
    for secret in ["«redacted jwt»", "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl"] {
        let error =
            format!(r#"{{"type":"error","code":"internal","message":"bad {secret}","retryable":false}}"#);
        let records = vec![open(1, "valid", 101, ""), frame(1, 1, error)];
        assert_eq!(says(records, "auth/uniform-errors"), Verdict::Fail, "{secret}");
    }
}

#[test]
fn a_refusal_as_internal_error_is_found() {
    let mut close = frame(1, 1, "");
    close.kind =
        RecordKind::Close { code: Some(1011), reason: Some("auth failed".into()), by: ClosedBy::Server };
    assert_eq!(says(vec![open(1, "expired", 101, ""), close], "auth/uniform-errors"), Verdict::Fail);
}

#[test]
fn a_stream_that_outlives_its_token_is_found() {
    let greeting = r#"{"type":"connection_established","connection_id":"c1","user_id":"alice","epoch":"e","offset":0,"recovered":"fresh","replay":0,"acked":0,"server_time":"2026-01-01T00:00:01.000Z","token_expires_at":"2026-01-01T00:00:10.000Z","ping_interval_ms":20000,"limits":{"token_grace_ms":5000}}"#;
    let event = r#"{"type":"agent_thinking","run_id":"r1","user_id":"alice"}"#;
    let close = |t_s| {
        let mut record = frame(t_s, 1, "");
        record.kind = RecordKind::Close { code: Some(4005), reason: None, by: ClosedBy::Server };
        record
    };
    let mut opened = open(1, "valid", 101, "");
    if let RecordKind::Open { intended_t_ns, .. } = &mut opened.kind {
        *intended_t_ns = Some(900_000_000);
    }
    let lived = |event_s, close_s| {
        vec![opened.clone(), frame(1, 1, greeting), frame(event_s, 1, event), close(close_s)]
    };
    assert_eq!(says(lived(14, 15), "auth/expiry"), Verdict::Pass);
    assert_eq!(says(lived(30, 31), "auth/expiry"), Verdict::Fail);
    assert_eq!(says(lived(12, 60), "auth/expiry"), Verdict::Fail);
    assert!(matches!(says(lived(3, 4), "auth/expiry"), Verdict::Inconclusive(_)));
}

#[test]
fn a_refresh_keeps_the_user() {
    let probe = |owner: Option<&str>, answer: &str| {
        let note =
            serde_json::json!({"kind":"refresh","owner":owner,"target":"c1","status":null,"answer":answer});
        let mut record = frame(1, 1, "");
        record.kind = RecordKind::Mark { name: "probe".into(), note: Some(note.to_string().into()) };
        says(vec![open(1, "valid", 101, ""), record], "auth/refresh")
    };
    let (taken, refused) = (r#"{"type":"token_refreshed"}"#, r#"{"type":"error","code":"refresh_refused"}"#);
    assert_eq!(probe(None, taken), Verdict::Pass);
    assert_eq!(probe(Some("alice"), refused), Verdict::Fail);
    assert_eq!(probe(Some("bob"), refused), Verdict::Pass);
    assert_eq!(probe(Some("bob"), taken), Verdict::Fail);
}

/// A connection whose token is revoked at `t_s` 2, and what comes after it.
fn revoked(status: u16, after: Vec<Record<'static>>) -> Verdict {
    let note =
        serde_json::json!({"kind":"revocation","owner":"alice","target":"c1","status":status,"answer":""});
    let mut mark = frame(2, 1, "");
    mark.kind = RecordKind::Mark { name: "probe".into(), note: Some(note.to_string().into()) };
    let mut history = history([vec![open(1, "valid", 101, ""), mark], after].concat());
    history.header.auth_mode = Some("oauth".to_owned());
    verdict(&judged(&history), "auth/revocation").clone()
}

#[test]
fn a_stream_that_outlives_a_revocation_is_found() {
    let close = |t_s| {
        let mut record = frame(t_s, 1, "");
        record.kind = RecordKind::Close { code: Some(4503), reason: None, by: ClosedBy::Server };
        record
    };
    let event = |t_s| frame(t_s, 1, r#"{"type":"agent_thinking","run_id":"r1","user_id":"alice"}"#);
    assert_eq!(revoked(200, vec![close(3)]), Verdict::Pass);
    assert_eq!(revoked(200, vec![close(7)]), Verdict::Fail);
    assert_eq!(revoked(200, vec![event(6)]), Verdict::Fail);
    assert!(matches!(revoked(200, vec![event(3)]), Verdict::Inconclusive(_)), "too early to say");
    assert!(matches!(revoked(503, vec![close(7)]), Verdict::Inconclusive(_)), "nothing was revoked");
}

#[test]
fn a_revoked_token_that_opens_something_is_found() {
    let again = |t_s: u64, status| {
        let mut record = open(2, "revoked", status, "");
        record.t_ns = t_s * 1_000_000_000;
        record
    };
    let close = || {
        let mut record = frame(2, 1, "");
        record.kind = RecordKind::Close { code: Some(4503), reason: None, by: ClosedBy::Server };
        record
    };
    assert_eq!(revoked(200, vec![close(), again(5, 401)]), Verdict::Pass);
    assert_eq!(revoked(200, vec![close(), again(5, 101)]), Verdict::Fail);
    assert_eq!(revoked(200, vec![close(), again(3, 101)]), Verdict::Pass, "the news is under way");
}

#[test]
fn a_token_in_a_closes_reason_or_a_stored_answer_is_found() {
    let secret = "eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJ1c2VyLTEifQ.c2lnbmF0dXJl";
    for kind in [
        RecordKind::Close { code: Some(4500), reason: Some(secret.into()), by: ClosedBy::Server },
        RecordKind::Mark { name: "store".into(), note: Some(format!("{{\"token\":\"{secret}\"}}").into()) },
    ] {
        let mut record = frame(1, 1, "");
        record.kind = kind;
        assert_eq!(says(vec![open(1, "valid", 101, ""), record], "auth/uniform-errors"), Verdict::Fail);
    }
}

#[test]
fn an_expired_token_closed_as_internal_error_is_found() {
    let closing = r#"{"type":"closing","code":4005,"reason":"token_expired","reconnect":true,"after_ms":0}"#;
    let mut close = frame(2, 1, "");
    close.kind = RecordKind::Close { code: Some(1011), reason: None, by: ClosedBy::Server };
    let records = |said: Option<&'static str>| {
        let said = said.map(|said| frame(1, 1, said));
        [open(1, "valid", 101, "")].into_iter().chain(said).chain([close.clone()]).collect::<Vec<_>>()
    };
    assert_eq!(says(records(Some(closing)), "auth/uniform-errors"), Verdict::Fail);
    assert_ne!(says(records(None), "auth/uniform-errors"), Verdict::Fail);
}

#[test]
fn a_target_without_tokens_shows_nothing_of_them() {
    let mut history = history(vec![]);
    history.header.auth_mode = Some("none".to_owned());
    assert!(matches!(verdict(&judged(&history), "auth/refused"), Verdict::NotObservable(_)));
}
