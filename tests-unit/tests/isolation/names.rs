//! Names of what only one user's tools found, in what another is told.

use super::{base64, each, told, two_users};
use crate::story::Story;
use goldenpath_history::{ClosedBy, Direction, Expect, RecordKind};
use serde_json::{Value, json};

const NAMES: &str = "names that only their tools found";

/// Ada's tool found something; Bob has a run of his own.
fn found(results: &Value) -> Story {
    let mut story = two_users();
    story.ask("bob", "bob's", None, Expect::default());
    story.tool("ada's", &json!({}), results);
    story
}

/// Bob is told a text, after Ada's tool found something.
fn thought(results: &str, text: &str) -> String {
    let mut story = found(&json!({ "of": results }));
    story.event("bob's", "agent_thinking", json!({ "reasoning": text, "thread_id": "t" }));
    names(&story)
}

/// What reached Bob, if it is names.
fn names(story: &Story) -> String {
    let findings = story.says("isolation/canary").findings;
    let found = findings.iter().filter(|finding| finding.summary.ends_with(NAMES));
    found.map(|finding| finding.observed.clone()).collect::<Vec<_>>().join("; ")
}

fn is_told(results: &str, text: &str) -> bool {
    !thought(results, text).is_empty()
}

#[test]
fn names_that_look_drawn_are_known_again() {
    for name in ["trainer-1f9c02ab", "etl_0a1b2c3d4e", "node-0a1b2c3d", "xyz_deadbe12", "x-1f9c02ab-spot"] {
        assert!(is_told(name, &format!("Stop {name} now")), "{name}");
        assert!(is_told(&format!("the {name}, dear"), &format!("({})", name.to_uppercase())), "{name}");
        assert!(!is_told(name, &format!("Stop {name}x now")), "{name}");
        assert!(!is_told(name, &format!("Stop a{name} now")), "{name}");
    }
    for name in [
        "trainer-1f9c02a",
        "trainer-deadbeef",
        "trainer-deadbee1",
        "trainer-12345678",
        "trainer-1f9c02ag",
        "us-east-1",
        "trainer_basalt",
    ] {
        assert!(!is_told(name, &format!("Stop {name} now")), "{name}");
    }
    assert!(!is_told("trainer-1f9c02ab", "Stop trainer-1f9c02ac now"));
    let shown = thought("trainer-1f9c02ab", "Stop trainer-1f9c02ab now");
    assert_eq!(shown, "Stop trainer-1f9c02ab now");
}

#[test]
fn a_digest_alone_may_be_chance_and_two_are_not() {
    for digest in [
        "1f9c02ab",
        "0192aaaa-bbbb-7ccc-8ddd-eeeeffff0003",
        "i-0abc12345def67890",
        "ab-1f9c02ab",
        "abc-1f9c02ab",
    ] {
        assert!(!is_told(digest, &format!("See {digest} now")), "{digest}");
    }
    assert!(is_told("xyz-1f9c02ab", "See xyz-1f9c02ab now"));
    assert!(!is_told("xy-1f9c02ab", "See xy-1f9c02ab now"));
    assert!(!is_told("x1z-1f9c02ab", "See x1z-1f9c02ab now"));
    assert!(is_told("1f9c02ab 2e8d13bc", "See 1f9c02ab and 2e8d13bc now"));
    assert!(!is_told("1f9c02ab 2e8d13bc", "See 1f9c02ab and 1f9c02ab now"));
    assert!(!is_told("1f9c02ab 2e8d13bc", "See 1f9c02ab and 3e8d13bc now"));
}

#[test]
fn names_begin_behind_escapes() {
    let raw = |text: &str| {
        let mut story = found(&json!({ "of": "trainer-1f9c02ab" }));
        story.frame("bob", format!("{{\"type\":\"x.a\",\"a\":\"{text}\"}}"));
        !names(&story).is_empty()
    };
    assert!(raw("\\ntrainer-1f9c02ab") && raw("\\\\trainer-1f9c02ab") && raw("\\\"trainer-1f9c02ab"));
    assert!(!raw("\\\\ntrainer-1f9c02ab"));
    assert!(raw("\\\\\\ntrainer-1f9c02ab"));
    assert!(raw("x, x, x trainer-1f9c02ab"));
}

#[test]
fn what_others_know_too_is_nobodys() {
    let name = json!({ "of": "trainer-1f9c02ab" });
    let tell = |story: &mut Story| {
        story.event("bob's", "agent_thinking", json!({ "reasoning": "Stop trainer-1f9c02ab" }));
        names(story)
    };
    assert_ne!(tell(&mut found(&name)), "");
    // Bob's tool found it as well, before or after.
    let mut both = found(&name);
    both.tool("bob's", &json!({}), &name);
    assert_eq!(tell(&mut both), "");
    let mut after = found(&name);
    tell(&mut after);
    after.tool("bob's", &json!({}), &name);
    assert_eq!(names(&after), "");
    // Bob, or Ada before she found it, asked about it.
    let asks = |story: &mut Story, user: &str| {
        let raw = json!({ "type": "agent_request", "message": "What of Trainer-1F9C02AB?" }).to_string();
        story.record(user, RecordKind::Frame { dir: Direction::Out, raw: raw.into(), opcode: None });
    };
    let mut asked = found(&name);
    asks(&mut asked, "bob");
    assert_eq!(tell(&mut asked), "");
    let mut own = two_users();
    own.ask("bob", "bob's", None, Expect::default());
    asks(&mut own, "ada");
    own.tool("ada's", &json!({}), &name);
    assert_eq!(tell(&mut own), "");
    let mut later = found(&name);
    asks(&mut later, "ada");
    assert_ne!(tell(&mut later), "");
    // Told before anybody found it, it was nobody's then.
    let mut before = two_users();
    before.ask("bob", "bob's", None, Expect::default());
    tell(&mut before);
    before.tool("ada's", &json!({}), &name);
    assert_eq!(names(&before), "");
    // An event of Ada's own run is hers, wherever it comes.
    let mut leaked = found(&name);
    leaked.event_to("bob", "ada's", "agent_thinking", json!({ "reasoning": "Stop trainer-1f9c02ab" }));
    assert_eq!(names(&leaked), "");
    // Its owner may be told.
    let mut herself = found(&name);
    herself.event("ada's", "agent_thinking", json!({ "reasoning": "Stop trainer-1f9c02ab" }));
    assert_eq!(names(&herself), "");
}

#[test]
fn what_people_read_is_searched() {
    let of = |kind: &str, fields: Value| {
        let mut story = found(&json!({ "of": "trainer-1f9c02ab" }));
        story.event("bob's", kind, fields);
        !names(&story).is_empty()
    };
    let text = "Stop trainer-1f9c02ab";
    for (kind, field, read) in [
        ("agent_started", "task_description", true),
        ("agent_started", "reasoning", false),
        ("agent_thinking", "reasoning", true),
        ("agent_thinking", "summary", false),
        ("tool_executing", "tool_purpose", true),
        ("tool_completed", "tool_purpose", false),
        ("agent_completed", "final_response", true),
        ("agent_completed", "summary", true),
        ("response_delta", "text", true),
        ("agent_cancelled", "reason", false),
    ] {
        assert_eq!(of(kind, json!({ field: text })), read, "{kind} {field}");
    }
    assert!(of("agent_completed", json!({ "limitations": [text] })));
    assert!(of("tool_executing", json!({ "parameters": { "of": text } })));
    assert!(of("agent_failed", json!({ "error": { "code": "x", "message": text } })));
    let control = |raw: Value| {
        let mut story = found(&json!({ "of": "trainer-1f9c02ab" }));
        story.frame("bob", raw.to_string());
        !names(&story).is_empty()
    };
    assert!(control(json!({ "type": "error", "code": "x", "message": text, "retryable": false })));
    assert!(control(json!({ "type": "x.note", "text": text })));
    let mut closed = found(&json!({ "of": "trainer-1f9c02ab" }));
    closed.record(
        "bob",
        RecordKind::Close { code: Some(1000), reason: Some(text.into()), by: ClosedBy::Server },
    );
    assert_ne!(names(&closed), "");
}

#[test]
fn names_are_found_in_other_spellings() {
    let secret = "Stop trainer-basalt-1f9c02ab at night?>~";
    let mut cases = Vec::new();
    for before in ["", "x", "xy", "xyz"] {
        let plain = format!("{before}{secret}");
        let coded = base64(plain.as_bytes());
        cases.push(coded.clone());
        cases.push(format!("{before}{}", coded.trim_end_matches('=')));
        cases.push(coded.replace('+', "-").replace('/', "_"));
        cases.push(each(&plain, |byte| format!("{byte:02x}")));
        cases.push(each(&plain, |byte| format!("{byte:02X}")));
        cases.push(each(&plain, |byte| format!("%{byte:02X}")));
        cases.push(each(&plain, |byte| format!("\\u{byte:04x}")));
        let wide: Vec<u8> = plain.bytes().flat_map(|byte| [byte, 0]).collect();
        cases.push(base64(&wide));
    }
    // Of base64 every sign is read: here each fourth one is no letter.
    for sign in ["ab>", "ab?"] {
        let coded = base64(format!("{} trainer-basalt-1f9c02ab", sign.repeat(8)).as_bytes());
        cases.extend([coded.replace('+', "-").replace('/', "_"), coded]);
    }
    for text in cases {
        assert!(is_told("trainer-basalt-1f9c02ab", &text), "{text}");
    }
}

#[test]
fn what_is_no_spelling_is_not_read_as_one() {
    let told = |text: &str| is_told("trainer-1f9c02ab", text);
    let name = "trainer-1f9c02ab";
    // Seven escapes are an accident, eight are a spelling.
    let escaped = |n: usize| each(&name[..n], |byte| format!("%{byte:02x}")) + &name[n..];
    assert!(told(&escaped(8)) && !told(&escaped(7)));
    let slashes = |n: usize| each(&name[..n], |byte| format!("\\u{byte:04x}")) + &name[n..];
    assert!(told(&slashes(8)) && !told(&slashes(7)));
    // Twenty-four characters are a run; fewer are an identifier.
    let hex = |text: &str| each(text, |byte| format!("{byte:02x}"));
    assert!(is_told("xyz_1f9c02ab", &hex("xyz_1f9c02ab")));
    assert!(!is_told("xy-1f9c02ab 2e8d13bc", &hex("2e8d13bc1f9")));
    // One byte in ten may be no text.
    let noisy = |noise: usize, all: usize| {
        let mut bytes = vec![0x80_u8; noise];
        bytes.extend(format!(" {name} ").bytes());
        bytes.extend(vec![b'.'; all - bytes.len()]);
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert!(told(&noisy(4, 40)) && !told(&noisy(5, 40)));
    assert!(told(&noisy(2, 20)) && !told(&noisy(3, 21)));
    // A third of zeros and more is a wide encoding.
    let zeros = |n: usize| {
        let mut bytes: Vec<u8> = Vec::new();
        for (at, byte) in format!("{name}..").bytes().enumerate() {
            bytes.push(byte);
            if at < n {
                bytes.push(0);
            }
        }
        bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>()
    };
    assert!(told(&zeros(10)) && !told(&zeros(9)));
    // Fewer than twelve characters are no text.
    let wide = |text: &str| each(text, |byte| format!("{byte:02x}00"));
    let digests = |text: String| is_told("1f9c02ab-4d 2e8d13bc-5e", &text);
    assert!(digests(format!("{} {}", wide(" 1f9c02ab-4d"), wide(" 2e8d13bc-5e"))));
    assert!(!digests(format!("{} {}", wide("1f9c02ab-4d"), wide("2e8d13bc-5e"))));
    // Base64 mixes capitals and others.
    let coded = base64(format!("..{name}..").as_bytes());
    assert!(told(&coded));
    assert!(!told(&coded.to_uppercase()) && !told(&coded.to_lowercase()));
}

#[test]
fn what_is_hidden_in_results_is_searched_too() {
    let hidden = each("Stop trainer-1f9c02ab now", |byte| format!("{byte:02x}"));
    let mut story = found(&json!({ "of": "trainer-1f9c02ab" }));
    story.tool("bob's", &json!({}), &json!({ "of": hidden }));
    assert_eq!(names(&story), "Stop trainer-1f9c02ab now");
    // In plain text it is what his own tool found.
    let mut plain = found(&json!({ "of": "trainer-1f9c02ab" }));
    plain.tool("bob's", &json!({}), &json!({ "of": "Stop trainer-1f9c02ab now" }));
    assert_eq!(names(&plain), "");
}

#[test]
fn one_line_of_one_owner_is_told_once() {
    let lines = |texts: &[&str]| {
        let mut story = found(&json!({ "of": "trainer-1f9c02ab etl-2e8d13bc" }));
        for text in texts {
            story.event("bob's", "agent_thinking", json!({ "reasoning": text, "thread_id": "t" }));
        }
        let findings = story.says("isolation/canary").findings;
        findings.iter().filter(|finding| finding.summary.ends_with(NAMES)).count()
    };
    assert_eq!(lines(&["trainer-1f9c02ab and etl-2e8d13bc"]), 1);
    assert_eq!(lines(&["trainer-1f9c02ab", "and etl-2e8d13bc"]), 2);
    let mut story = found(&json!({ "of": "trainer-1f9c02ab" }));
    let owned = story.line();
    story.event("bob's", "agent_thinking", json!({ "reasoning": "trainer-1f9c02ab", "thread_id": "t" }));
    let finding = story
        .says("isolation/canary")
        .findings
        .into_iter()
        .find(|finding| finding.summary.ends_with(NAMES))
        .unwrap();
    assert_eq!(finding.records, [owned, owned + 1]);
    assert!(told(&story).ends_with(NAMES));
}
