//! Insides of a machine that reach a user, and texts that only look like it.

use super::{of_event, of_thought};
use crate::story::assert_told;
use serde_json::json;

const ID: &str = "content/no-internals";

fn found(text: &str) -> String {
    of_thought(ID, "What?", text)
}

/// What was found, without the piece.
fn kind(text: &str) -> String {
    found(text).split(": `").next().unwrap_or_default().to_owned()
}

const TRACE: &str = "a stack trace";
const PATH: &str = "an internal path";
const SECRET: &str = "a secret";

#[test]
fn words_that_are_proof_alone() {
    assert_told(
        &[
            ("Traceback (most recent call last)", "a stack trace or an internal path"),
            ("stack backtrace:", "a stack trace or an internal path"),
            ("Traceback (most recent)", ""),
        ],
        kind,
    );
    assert_eq!(
        found(
            "So it went: Traceback (most recent call last): it broke where nobody had looked for long and long"
        ),
        "a stack trace or an internal path: `oning\":\"So it went: Traceback (most recent call last): it broke where nobody had`"
    );
}

#[test]
fn places_in_sources_are_found() {
    assert_told(
        &[
            ("thread panicked at src/main.rs:10:5: no", TRACE),
            ("thread panicked at 'no', src/main.rs:10", TRACE),
            ("thread panicked at src/main.rs:x", ""),
            ("thread panicked at src/main.py:10", ""),
            ("thread panicked at \"src/main.rs:10", ""),
            ("thread panicked at\nsrc/main.rs:10", ""),
            ("goroutine 17 [running]:", TRACE),
            ("goroutine 17: [running]", ""),
            ("goroutine x [running]", ""),
            ("goroutine [running]", ""),
            ("goroutine  [running]", ""),
        ],
        kind,
    );
}

#[test]
fn exceptions_that_say_something_are_found() {
    assert_told(
        &[
            ("It was java.lang.IllegalStateException: no pool", TRACE),
            ("It was java.lang.IllegalStateException\n at", TRACE),
            ("It was java.lang.IllegalStateException, so", ""),
            ("It was java.lang.StackOverflowError: deep", TRACE),
            ("It was java.lang.OutOfIt: deep", ""),
            ("It was java.lang.Exception: deep", ""),
            ("It was java.lang.AnError: deep", ""),
            ("It was java.lang.AbcdeError: deep", TRACE),
            ("It was java.lang.AbcdError: deep", ""),
            ("It was psycopg2.errors.UniqueViolation: twice", TRACE),
            ("It was psycopg2.errorsUnique.Violations: twice", ""),
            ("It was x.java.lang.IllegalStateException: no pool", ""),
            ("It was xjava.lang.IllegalStateException: no pool", ""),
        ],
        kind,
    );
}

#[test]
fn frames_of_a_stack_stand_at_the_start_of_a_line() {
    assert_told(
        &[
            ("It broke\n    at run (file.js:10:3)", TRACE),
            ("It broke\n at com.acme.Main.main(Main.java:9)", TRACE),
            ("It broke\t at run (file.js:10)", TRACE),
            ("It broke at run (file.js:10:3)", ""),
            ("It broke\n    at run (file.js:)", ""),
            ("It broke\n    at run (file.js:10a)", ""),
            ("It broke\n    at run (file.js 10)", ""),
            ("It broke\n    at run (file.js:10", ""),
            ("It broke\n    at run file.js:10)", ""),
            ("It broke\n    at run \"(file.js:10)", ""),
            ("It broke\n   at Acme.Rank(String name) in /src/R.cs:line 88", TRACE),
            ("It broke\n   at Acme.Rank(String name) in /src/R.cs:line x", ""),
            ("It broke\n   at Acme.Rank(String name) of /src/R.cs:line 88", ""),
            ("It broke at Acme.Rank(String name) in /src/R.cs:line 88", ""),
        ],
        kind,
    );
}

#[test]
fn paths_of_machines_are_found() {
    assert_told(
        &[
            ("see lib/node_modules/x", PATH),
            ("see _/node_modules/x", PATH),
            ("see (/node_modules/x", ""),
            ("see /home/ada/costs", PATH),
            ("see /home/ada", ""),
            ("see /home/ada/", ""),
            ("see /home//ada/costs", PATH),
            ("see x/home/ada/costs", ""),
            ("see (/home/ada/costs)", PATH),
            ("see \n/home/ada/costs", PATH),
            ("see /app/costs.py", PATH),
            ("see /app/costs.pyx", ""),
            ("see /app/costs.py.", PATH),
            ("see /app/costs", ""),
            ("see /app/py", ""),
            ("see /etc/passwd", PATH),
            ("see /etc/shadow", PATH),
            ("see /etc/hosts", PATH),
            ("see /etc/motd", ""),
            ("see https://x.example/app/costs.py", ""),
            ("see x-/app/costs.py", ""),
            ("see x_/app/costs.py", ""),
            ("see x:/app/costs.py", ""),
            ("see =/app/costs.py", PATH),
            ("see \\n/app/costs.py", ""),
            ("see \t/app/costs.py", PATH),
            ("see \r/app/costs.py", PATH),
            ("see \u{8}/app/costs.py", ""),
        ],
        kind,
    );
}

#[test]
fn keys_are_as_long_as_theirs_and_random() {
    let key = |prefix: &str, length: usize| {
        format!("use {prefix}{}", "a1".repeat(30).chars().take(length).collect::<String>())
    };
    for (prefix, least) in [
        ("sk-", 20),
        ("sk_live_", 12),
        ("sk_test_", 12),
        ("AKIA", 16),
        ("ASIA", 16),
        ("AIza", 30),
        ("ghp_", 30),
        ("gho_", 30),
        ("github_pat_", 20),
        ("glpat-", 16),
        ("xoxb-", 20),
        ("xoxp-", 20),
        ("Bearer ", 20),
    ] {
        assert_eq!(kind(&key(prefix, least)), SECRET, "{prefix}");
        assert_eq!(kind(&key(prefix, least - 1)), "", "{prefix}");
    }
    let long = |body: &str| kind(&format!("use sk-{body}"));
    assert_eq!(long(&"a".repeat(30)), "");
    assert_eq!(long(&"1".repeat(30)), "");
    assert_eq!(long("a1a1_a1a1-a1a1.a1a1_a1"), SECRET);
    assert_eq!(long("a1a1a1a1 a1a1a1a1a1a1a1"), "");
    assert_eq!(kind("use risk-a1a1a1a1a1a1a1a1a1a1a1"), "");
    assert_eq!(found("use sk-a1b2c3a1b2c3a1b2c3a1b2c3"), "a secret: `sk-a1b\u{2026}`");
}

#[test]
fn web_tokens_have_a_head_and_a_body() {
    assert_told(
        &[
            ("see eyJhbGci.eyJzdWIi.c2ln", "a token"),
            ("see eyJhbGc.eyJzdWIi.c2ln", ""),
            ("see eyJhbGci.ezJzdWIi.c2ln", ""),
            ("see eyJhbGci eyJzdWIi", ""),
            ("see xeyJhbGci.eyJzdWIi.c2ln", ""),
        ],
        kind,
    );
    assert_eq!(found("see eyJhbGci.eyJzdWIi.c2ln"), "a token: `eyJhbG\u{2026}`");
}

#[test]
fn members_with_a_secrets_name_hold_no_secret() {
    let member = |name: &str, value: &str| {
        let told = of_event(ID, "What?", "tool_completed", json!({ "results": { name: value } }));
        told.split(": `").next().unwrap_or_default().to_owned()
    };
    for name in [
        "api_key",
        "apiKey",
        "client_secret",
        "db_password",
        "access_token",
        "token",
        "authorization",
        "passwordValue",
        "passwordvalue",
    ] {
        assert_eq!(member(name, "h7Gq2pLx"), SECRET, "{name}");
    }
    for name in ["token_expires_at", "password_policy", "passwords", "xtoken"] {
        assert_eq!(member(name, "h7Gq2pLx"), "", "{name}");
    }
    let password = |value: &str| member("password", value);
    assert_eq!(password("h7Gq2pL"), "");
    assert_eq!(password("Basic h7Gq2pLx"), SECRET);
    assert_eq!(password("Basic h7Gq2pL"), "");
    for hidden in [
        "********",
        "xxxxXXXX",
        "....----",
        "\u{2022}\u{2022}\u{2022}\u{2022}",
        "[redacted by us]",
        "<your-password>",
        "{{password}}",
        "*hidden-one",
        "REDACTED",
        "h7Gq***x",
        "of two words",
    ] {
        assert_eq!(password(hidden), "", "{hidden}");
    }
    assert_eq!(password("xxxxXXXXy"), SECRET);
    assert_eq!(found("it says \"password\": \"h7Gq2pLx\" there"), "a secret: `h7Gq2p\u{2026}`");
    assert_eq!(found("it says \"password\" \"h7Gq2pLx\" there"), "");
    assert_eq!(found("it says 'password': 'h7Gq2pLx' there"), "");
}

#[test]
fn secrets_in_addresses_are_found() {
    assert_told(
        &[
            ("call https://x.example/?api_key=a1b2c3d4e5f6a7b8", SECRET),
            ("call https://x.example/?api_key=a1b2c3d4e5f6a7b", ""),
            ("call https://x.example/?api_key=abcdefghabcdefgh", ""),
            ("call https://x.example/?api_key=1234567812345678", ""),
            ("call https://x.example/?api_key=a1b2%3d4+5f6/7_8-", SECRET),
            ("call https://x.example/?api_key=a1b2c3d4&e5f6a7b8", ""),
            ("call https://x.example/?api_keys=a1b2c3d4e5f6a7b8", ""),
            ("call postgres://costs:h7Gq@10.4.2.17/x", "an internal address with a password"),
            ("call postgres://10.4.2.17/x", ""),
            ("call postgres://10.4.2.17/x a@b", ""),
            ("call postgres://<user>@host", ""),
        ],
        kind,
    );
    assert_eq!(
        found("call redis://:h7Gq@10.4.2.17/x"),
        "an internal address with a password: `redis:\u{2026}`"
    );
}

#[test]
fn what_was_hidden_by_the_recorder_is_told_whole() {
    assert_eq!(found("use \u{ab}redacted key 0a1b\u{bb} there"), "a secret: `\u{ab}redacted key 0a1b\u{bb}`");
    assert_eq!(found("use \u{ab}redacted key 0a1b there"), "");
}

#[test]
fn what_a_user_wrote_may_be_shown_again() {
    let text = "It is /app/costs.py then";
    assert_eq!(of_thought(ID, "What is in /app/costs.py?", text), "");
    assert_ne!(of_thought(ID, "What is in /app/cost.py?", text), "");
    let goroutine = "So: goroutine 17 [running]:";
    assert_eq!(of_thought(ID, "What is goroutine 17 [?", goroutine), "");
    assert_ne!(of_thought(ID, "What is goroutine 1 of it?", goroutine), "");
    // The next one is told all the same.
    let both = "It is /app/costs.py or /app/other.py then";
    assert!(of_thought(ID, "What is in /app/costs.py?", both).contains("/app/other.py"));
}
