//! The reference of a prompt in what somebody else receives, as it is or spelt otherwise.

use super::{REFERENCE, base64, each, leaked, told, two_users};
use crate::story::assert_told;
use goldenpath_history::{ClosedBy, Expect, RecordKind};
use serde_json::json;

const TEXT: &str = "the reference of a prompt, as text";
const HEX: &str = "the reference of a prompt, in hex";
const BASE64: &str = "the reference of a prompt, in base64";
const NESTED: &str = "the reference of a prompt, encoded more than once";

#[test]
fn plain_and_escaped_references_are_found() {
    let all = |spell: fn(u8) -> String| each(REFERENCE, spell);
    let rest = &REFERENCE[1..];
    let cases = [
        (REFERENCE.to_owned(), TEXT),
        (format!("x{REFERENCE}x"), TEXT),
        (REFERENCE.to_uppercase(), TEXT),
        (REFERENCE.replace('-', "%2D"), TEXT),
        (REFERENCE.replace('-', "%2d"), TEXT),
        (REFERENCE.replace('-', "%252D"), TEXT),
        (REFERENCE.replace('-', "\\u002d"), TEXT),
        (REFERENCE.replace('5', "%35"), TEXT),
        (REFERENCE.replace('5', "&#53;"), TEXT),
        (REFERENCE.replace('5', "&#x35;"), TEXT),
        (REFERENCE.replace('5', "\\u0035"), TEXT),
        (REFERENCE.replace('5', "%2535"), TEXT),
        (REFERENCE.replacen("gp", "g%70", 1), TEXT),
        (REFERENCE.replacen("gp", "g\\u0070", 1), TEXT),
        (format!("&#103;{rest}"), TEXT),
        (format!("&#x67;{rest}"), TEXT),
        (format!("&#X67;{rest}"), TEXT),
        (format!("%67{rest}"), TEXT),
        (format!("%2567{rest}"), TEXT),
        (format!("\\u0067{rest}"), TEXT),
        (all(|byte| format!("%{byte:02X}")), TEXT),
        (all(|byte| format!("\\u{byte:04x}")), TEXT),
        (all(|byte| format!("&#{byte};")), TEXT),
        (all(|byte| format!("{byte:02x}")), HEX),
        (all(|byte| format!("{byte:02X}")), HEX),
        (each(&REFERENCE.to_uppercase(), |byte| format!("{byte:02x}")), HEX),
        (each(&REFERENCE.to_uppercase(), |byte| format!("{byte:02X}")), HEX),
        (format!("{}0", &REFERENCE[..34]), ""),
        (REFERENCE[..34].to_owned(), ""),
        (REFERENCE.replace('5', "%"), ""),
        (REFERENCE.replace('5', "%3"), ""),
        (REFERENCE.replace('5', "%3g"), ""),
        (REFERENCE.replace('5', "&#53"), ""),
        (REFERENCE.replace('5', "&#0000053;"), ""),
        (REFERENCE.replace('5', "&#00053;"), TEXT),
        (REFERENCE.replace('5', "\\u0135"), ""),
        (REFERENCE.replace('5', "g"), ""),
        (REFERENCE.replace('-', "%2F"), ""),
        (format!("&#103;a{}", &REFERENCE[2..]), ""),
        (all(|byte| format!("{byte:02x}"))[..68].to_owned(), ""),
    ];
    let cases: Vec<(&str, &str)> = cases.iter().map(|(text, told)| (text.as_str(), *told)).collect();
    assert_told(&cases, leaked);
}

#[test]
fn base64_is_read_wherever_it_begins() {
    for before in ["", "a", "ab", "abc", "abcd", "Reference: ", "\u{7f}~", "\u{e9}?"] {
        let text = base64(format!("{before}{REFERENCE} and so on").as_bytes());
        assert_eq!(leaked(&text), BASE64, "{before:?}");
        let url = text.replace('+', "-").replace('/', "_");
        assert_eq!(leaked(&url), BASE64, "{before:?}");
        assert_eq!(leaked(&text.replace('/', "\\/").replace('+', "\\u002b")), BASE64, "{before:?}");
        assert_eq!(
            leaked(&text.replace('c', "\\u0063")),
            if text.contains("ncC") { "" } else { BASE64 },
            "{before:?}"
        );
    }
    // Which letters it holds depends on the reference.
    for number in [
        "ffffffffffffffffffffffffffffffff",
        "00000000000000000000000000000000",
        "fb3eef7f8ff3cf3efefbefbe0a5aa55f",
    ] {
        let mut story = two_users();
        let reference = format!("gp-{number}");
        story.ask_quoting("ada", "more", None, Some(&reference), Expect::default());
        for before in ["", "a", "ab"] {
            let mut one = two_users();
            one.ask_quoting("ada", "more", None, Some(&reference), Expect::default());
            one.frame(
                "bob",
                json!({ "type": "x.a", "a": base64(format!("{before}{reference}>").as_bytes()) }).to_string(),
            );
            assert_eq!(told(&one), BASE64, "{before}{reference}");
        }
    }
    assert_eq!(leaked(&base64(&REFERENCE.as_bytes()[..34])), "");
}

#[test]
fn lines_of_base64_are_one_text() {
    let text = base64(format!("{}{REFERENCE}", "y".repeat(30)).as_bytes());
    let lines = |width: usize, end: &str| {
        let all: Vec<char> = text.chars().collect();
        all.chunks(width).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join(end)
    };
    assert_eq!(leaked(&lines(60, "\\n")), BASE64);
    assert_eq!(leaked(&lines(60, "\\r\\n")), BASE64);
    assert_eq!(leaked(&lines(59, "\\n")), "");
    assert_eq!(leaked(&lines(60, "\\t")), "");
    assert_eq!(leaked(&format!(". {}", lines(60, "\\n"))), BASE64);
    let long = base64(format!("{}{REFERENCE}", "y".repeat(75)).as_bytes());
    let all: Vec<char> = long.chars().collect();
    let three = all.chunks(62).map(|line| line.iter().collect::<String>()).collect::<Vec<_>>().join("\\n");
    assert_eq!(leaked(&three), BASE64);
}

#[test]
fn what_is_encoded_twice_and_thrice_is_found() {
    let once = base64(format!("so it is: {REFERENCE}").as_bytes());
    let twice = base64(once.as_bytes());
    let thrice = base64(twice.as_bytes());
    let more = base64(thrice.as_bytes());
    assert_eq!([leaked(&twice), leaked(&thrice), leaked(&more)], [NESTED, NESTED, NESTED]);
    assert_eq!(leaked(&base64(more.as_bytes())), "");
    // As short as it gets: nothing beside it, and no padding.
    let bare = |text: &str| base64(text.as_bytes()).trim_end_matches('=').to_owned();
    let short = bare(&bare(REFERENCE));
    assert_eq!((short.len(), leaked(&short).as_str()), (63, NESTED));
    let hex = |text: &str| each(text, |byte| format!("{byte:02x}"));
    assert_eq!(leaked(&hex(&once)), NESTED);
    let wide: Vec<u8> = format!("so {REFERENCE}").bytes().flat_map(|byte| [byte, 0]).collect();
    assert_eq!(leaked(&base64(&wide)), NESTED);
    assert_eq!(leaked(&format!("see:{twice}.")), NESTED);
    assert_eq!(leaked(&format!("gp-{} {twice}", "f".repeat(32))), NESTED);
}

#[test]
fn whose_a_reference_is_decides() {
    let mut story = two_users();
    story.frame("ada", json!({ "type": "x.a", "a": REFERENCE }).to_string());
    assert_eq!(told(&story), "");
    // Bob asked with it, too: it is nobody's.
    story.ask_quoting("bob", "bob's", None, Some(REFERENCE), Expect::default());
    story.frame("bob", json!({ "type": "x.a", "a": REFERENCE }).to_string());
    assert_eq!(told(&story), "");
    // Bob saw it before Ada sent it.
    let mut early = crate::story::Story::new();
    early.connect("ada").connect("bob");
    early.frame("bob", json!({ "type": "x.a", "a": REFERENCE }).to_string());
    assert_eq!(told(&early), "");
    early.ask_quoting("ada", "run", None, Some(REFERENCE), Expect::default());
    assert_eq!(told(&early), TEXT);
    let finding = early.says("isolation/canary").findings.remove(0);
    assert_eq!(finding.records, [6, 7]);
    assert_eq!(finding.observed, format!("{{\"a\":\"{REFERENCE}\",\"type\":\"x.a\"}}"));
    let mut own = crate::story::Story::new();
    own.connect("ada").frame("ada", json!({ "type": "x.a", "a": REFERENCE }).to_string());
    own.ask_quoting("ada", "run", None, Some(REFERENCE), Expect::default());
    assert_eq!(told(&own), "");
}

#[test]
fn every_way_to_a_user_is_searched() {
    let mark = |name: &'static str| {
        let mut story = two_users();
        let note = Some(format!("{{\"final_response\":\"{REFERENCE}\"}}").into());
        story.record("bob", RecordKind::Mark { name: name.into(), note });
        (told(&story), story.says("isolation/canary").of)
    };
    assert_eq!((mark("store"), mark("other")), ((TEXT.to_owned(), 4), (String::new(), 3)));
    let mut closed = two_users();
    closed.record(
        "bob",
        RecordKind::Close { code: Some(1000), reason: Some(REFERENCE.into()), by: ClosedBy::Server },
    );
    assert_eq!(told(&closed), TEXT);
    let mut refused = two_users();
    let body = Some(REFERENCE.into());
    refused.record(
        "bob",
        RecordKind::Open { url: None, status: Some(401), intended_t_ns: None, credential: None, body },
    );
    assert_eq!(told(&refused), TEXT);
    let check = two_users().says("isolation/canary");
    assert_eq!((check.n, check.of), (3, 3));
}

#[test]
fn pieces_of_an_answer_are_searched_together() {
    let streamed = |pieces: &[&str], end: Option<&str>| {
        let mut story = two_users();
        story.ask("bob", "bob's", None, Expect::default());
        for piece in pieces {
            story.event("bob's", "response_delta", json!({ "text": piece }));
        }
        if let Some(answer) = end {
            story.answer("bob's", answer);
        }
        let check = story.says("isolation/canary");
        (told(&story), check.of)
    };
    let (head, tail) = REFERENCE.split_at(9);
    assert_eq!(streamed(&[head, tail], Some("so it is")), (TEXT.to_owned(), 8));
    assert_eq!(streamed(&[head, tail], None), (TEXT.to_owned(), 7));
    assert_eq!(streamed(&[head, tail], Some(REFERENCE)), (TEXT.to_owned(), 7));
    assert_eq!(streamed(&["so ", "it is"], Some("so it is")), (String::new(), 7));
    assert_eq!(streamed(&["so ", "it was"], Some("so it is")), (String::new(), 8));
    assert_eq!(streamed(&[head, "!", tail], Some("so it is")), (String::new(), 9));
    // A piece that comes again is one piece, and one that came to somebody else is none.
    let mut again = two_users();
    again.ask("bob", "bob's", None, Expect::default());
    let piece = again.event_text("bob's", "response_delta", &json!({ "text": "so it is" }));
    again.frame("bob", piece.clone()).frame("bob", piece).answer("bob's", "so it is");
    assert_eq!(again.says("isolation/canary").of, 7);
    let mut foreign = two_users();
    foreign.ask("bob", "bob's", None, Expect::default());
    for user in ["bob", "ada"] {
        foreign.event_to(user, "bob's", "response_delta", json!({ "text": "so it is" }));
    }
    foreign.answer("bob's", "so it is");
    assert_eq!(foreign.says("isolation/canary").of, 7);
    let fill = "x".repeat(262_144 - REFERENCE.len());
    assert_eq!(streamed(&[&fill, head, tail], Some("so")).0, TEXT);
    assert_eq!(streamed(&[&fill, "x", head, tail], Some("so")).0, "");
}
