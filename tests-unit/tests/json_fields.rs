//! The JSON of frames: read as any parser reads it, whatever its spelling, and nothing taken that is none.
//!
//! `serde_json` is the measure: of small objects with every single character left out, changed or put in, both must say the same.

use goldenpath_checkers::{ControlType, Field, Fields, Flaw, JsonType, Seen, fields_of, text_of};
use serde_json::value::RawValue;
use std::collections::BTreeMap;
use std::fmt::Write as _;

/// Objects whose every neighbour is read.
const OBJECTS: [&str; 5] = [
    r#"{"type":"a\n\u00e9","seq":-10.5e+3,"x":[1,{"y":[]},true]}"#,
    r#" { "text" : "" , "data":{"a":{},"b":"]\"}"} ,"n":0} "#,
    r#"{"code":[null,false,[{}],{"k":0.1E-2}],"offset":12,"":1}"#,
    r#"{"results":{"a":[[1,2],"\/\b\f\r\t\\"]},"success":false}"#,
    // Longer than the blocks that are searched at once, and more quotation marks than letters.
    r#"{"a":"","b":"c","text":"d","e":["","f","",""],"type":"","g":{"h":"","i":""},"reasoning":"j","seq":1,"k":"","code":"","l":"m"}"#,
];

/// Characters that mean something in JSON, and some that mean nothing.
const CHARACTERS: &str = "\"\\{}[]:, \n\u{1}01-+.eEtfnux/é";

/// What a parser that builds says of an object: each member, raw.
fn plainly(text: &str) -> Option<BTreeMap<String, Box<RawValue>>> {
    serde_json::from_str(text).ok()
}

/// Where the two differ.
fn difference(text: &str) -> Option<String> {
    match (fields_of(text), plainly(text)) {
        (Err(_), None) => None,
        (Ok(_), None) => Some(format!("{text}: no object, and taken for one")),
        (Err(why), Some(_)) => Some(format!("{text}: {why}")),
        (Ok(fields), Some(members)) => Field::ALL.iter().find_map(|field| {
            let (read, plain) = (fields.raw(*field), members.get(field.as_str()).map(|raw| raw.get()));
            (read != plain).then(|| format!("{text}: `{}` is {read:?}, plainly {plain:?}", field.as_str()))
        }),
    }
}

/// Every text that is one character away.
fn neighbours(text: &str) -> Vec<String> {
    let chars: Vec<char> = text.chars().collect();
    let joined = |before: &[char], put: Option<char>, after: &[char]| {
        before.iter().copied().chain(put).chain(after.iter().copied()).collect::<String>()
    };
    let mut all = Vec::new();
    for at in 0..chars.len() {
        let (before, after) = (&chars[..at], &chars[at + 1..]);
        all.push(joined(before, None, after));
        all.extend(CHARACTERS.chars().map(|put| joined(before, Some(put), after)));
        all.extend(CHARACTERS.chars().map(|put| joined(before, Some(put), &chars[at..])));
    }
    all
}

#[test]
fn an_object_and_its_neighbours_are_read_as_any_parser_reads_them() {
    let texts: Vec<String> = OBJECTS.iter().flat_map(|text| neighbours(text)).collect();
    let objects = texts.iter().filter(|text| plainly(text).is_some()).count();
    assert!(objects > 300 && texts.len() - objects > 5_000, "{objects} of {} are objects", texts.len());
    let wrong: Vec<String> = texts.iter().filter_map(|text| difference(text)).collect();
    assert!(wrong.is_empty(), "{} wrong, such as\n{}", wrong.len(), wrong[..wrong.len().min(5)].join("\n"));
}

#[test]
fn texts_of_any_length_and_depth_are_read() {
    for length in 0..200 {
        for piece in ["", "\\\"", "\\u00e9", "é", "\\x", "\n"] {
            let (before, after) = ("a".repeat(length), "b".repeat(200 - length));
            let text = format!(r#"{{"text":"{before}{piece}{after}","seq":{length}}}"#);
            assert_eq!(difference(&text), None);
        }
    }
    for depth in [1, 2, 62, 63, 64, 65, 66, 126, 127, 128, 129] {
        for (open, close) in [("[", "]"), (r#"{"a":"#, "}"), (r#"[{"a":1},"#, "]")] {
            let text = format!(r#"{{"data":{}0{},"seq":7}}"#, open.repeat(depth), close.repeat(depth));
            assert_eq!(difference(&text), None);
        }
    }
}

#[test]
fn every_field_is_known_by_its_whole_name_only() {
    let all: Vec<String> =
        (0..).zip(Field::ALL).map(|(at, field)| format!(r#""{}":{at}"#, field.as_str())).collect();
    let text = format!("{{{}}}", all.join(","));
    let fields = fields_of(&text).unwrap();
    for (at, field) in (0..).zip(Field::ALL) {
        assert_eq!((fields.whole(*field), fields.number(*field)), (Some(at), Some(at as f64)), "{field:?}");
        let name = field.as_str();
        for near in [&name[1..], &name[..name.len() - 1], &name.replacen('_', "-", 1).to_uppercase()] {
            let near = format!(r#"{{"{near}":1,"{near}s":2,"":3}}"#);
            let read = fields_of(&near).unwrap();
            let known =
                Field::ALL.iter().filter(|field| near.contains(&format!("\"{}\"", field.as_str()))).count();
            assert_eq!(read.unnamed as usize, 3 - known, "{near}");
        }
    }
    assert_eq!((fields.unnamed, fields.repeated), (0, None));
    let (seen, closer) = (r#"{"seq":1,"x":2,"seq":3}"#, r#"{"seq":1,"\u0078":2,"y":{"seq":1},"seq":3}"#);
    for (text, unnamed) in [(seen, 1), (closer, 2)] {
        let fields = fields_of(text).unwrap();
        assert_eq!(
            (fields.repeated, fields.unnamed, fields.whole(Field::Seq)),
            (Some(Field::Seq), unnamed, Some(3))
        );
    }
    assert_eq!(fields_of(r#"{"\u0073eq":5}"#).unwrap().whole(Field::Seq), Some(5));
}

/// All that can be asked of a value.
fn asked(fields: &Fields<'_>) -> String {
    let field = Field::Data;
    let mut told = format!("{:?}", fields.json_type(field).map(JsonType::as_str));
    let _ = fields.text(field).map(|text| write!(told, " text {text}"));
    let _ = fields.number(field).map(|number| write!(told, " number {number}"));
    let _ = fields.whole(field).map(|number| write!(told, " whole {number}"));
    let _ = fields.flag(field).map(|flag| write!(told, " flag {flag}"));
    let _ = fields.texts(field).map(|texts| write!(told, " texts {texts:?}"));
    let _ = fields.object(field).map(|inner| write!(told, " object with seq {:?}", inner.whole(Field::Seq)));
    told
}

#[test]
fn a_value_is_what_its_json_says_and_nothing_else() {
    let values = [
        ("null", r#"Some("null")"#),
        ("true", r#"Some("a boolean") flag true"#),
        ("false", r#"Some("a boolean") flag false"#),
        ("7", r#"Some("a number") number 7 whole 7"#),
        ("-7", r#"Some("a number") number -7"#),
        ("7.0", r#"Some("a number") number 7"#),
        ("1e2", r#"Some("a number") number 100"#),
        (
            "18446744073709551615",
            r#"Some("a number") number 18446744073709552000 whole 18446744073709551615"#,
        ),
        ("18446744073709551616", r#"Some("a number") number 18446744073709552000"#),
        (r#""7""#, r#"Some("a string") text 7"#),
        (r#""true""#, r#"Some("a string") text true"#),
        (r#""\u00e9\n""#, "Some(\"a string\") text é\n"),
        (r#""\ud800""#, r#"Some("a string")"#),
        (r#"["a","b"]"#, r#"Some("an array") texts ["a", "b"]"#),
        ("[]", r#"Some("an array") texts []"#),
        (r#"["a",1]"#, r#"Some("an array")"#),
        (r#"{"seq":4}"#, r#"Some("an object") object with seq Some(4)"#),
        ("{}", r#"Some("an object") object with seq None"#),
    ];
    for (value, told) in values {
        assert_eq!(asked(&fields_of(&format!(r#"{{"data":{value}}}"#)).unwrap()), told, "{value}");
    }
    assert_eq!(asked(&fields_of("{}").unwrap()), "None");
    let why = fields_of("7").unwrap_err().to_string();
    assert_eq!(why, "invalid type: integer `7`, expected an object at line 1 column 1");
    assert_eq!(text_of(r#""a\"b""#).as_deref(), Some("a\"b"));
    assert_eq!(["7", "", "\"", "\"a"].map(text_of), [None, None, None, None]);
}

/// What a frame is, in words.
fn is(raw: &str, opcode: Option<&str>) -> String {
    match Seen::received(raw, opcode) {
        Seen::Event(event) => format!("event {} {:?} {:?}", event.kind.as_str(), event.run_id, event.seq),
        Seen::Control(control) => format!("control {}", control.kind.as_str()),
        Seen::Extension => "extension".to_owned(),
        Seen::Sent(sent) => format!("sent {:?}", sent.kind),
        Seen::Malformed(Flaw::NotJson(why)) => format!("no JSON: {why}"),
        Seen::Malformed(Flaw::Several(rest)) => format!("several, {rest}"),
        Seen::Malformed(Flaw::NotAnObject(kind)) => format!("{} is no object", kind.as_str()),
        Seen::Malformed(Flaw::NoType(fields)) => format!("no type, {} unnamed", fields.unnamed),
        Seen::Malformed(Flaw::UnknownType(name, _)) => format!("unknown type {name}"),
        Seen::Malformed(Flaw::Binary) => "binary".to_owned(),
        Seen::Malformed(Flaw::InvalidUtf8) => "invalid UTF-8".to_owned(),
    }
}

#[test]
fn a_frame_is_what_its_type_says() {
    let frames = [
        (r#"{"type":"agent_failed","run_id":"r1","seq":2}"#, r#"event agent_failed Some("r1") Some(2)"#),
        (r#"{"type":"agent_failed","run_id":1,"seq":"2"}"#, "event agent_failed None None"),
        (r#"{"type":"x.note"}"#, "extension"),
        (r#"{"type":"xnote"}"#, "unknown type xnote"),
        (r#"{"type":7,"a":1}"#, "no type, 1 unnamed"),
        ("{}", "no type, 0 unnamed"),
        ("[1]", "an array is no object"),
        (" 7 ", "a number is no object"),
        (r#""a""#, "a string is no object"),
        ("null", "null is no object"),
        (r#"{"type":"pong"} {"#, "several, {"),
        (r#"{"type":"pong"}x"#, "several, x"),
        ("{", "no JSON: EOF while parsing an object at line 1 column 1"),
        ("", "no JSON: EOF while parsing a value at line 1 column 0"),
    ];
    for (raw, told) in frames {
        assert_eq!(is(raw, None), told, "{raw}");
        assert_eq!((is(raw, Some("text")), is(raw, Some("binary"))), (told.to_owned(), "binary".to_owned()));
        assert_eq!(is(raw, Some("invalid_utf8")), "invalid UTF-8");
    }
    for name in
        "connection_established replay_end request_accepted error pong heartbeat token_refreshed closing"
            .split(' ')
    {
        assert_eq!(is(&format!(r#"{{"type":"{name}"}}"#), None), format!("control {name}"));
        assert_eq!(ControlType::from_name(name).map(ControlType::as_str), Some(name));
    }
    let sent = |raw| match Seen::sent(raw) {
        Seen::Sent(sent) => (sent.kind.map(String::from), sent.fields.whole(Field::N)),
        other => panic!("{other:?}"),
    };
    assert_eq!(sent(r#"{"type":"ping","n":3}"#), (Some("ping".to_owned()), Some(3)));
    assert_eq!(sent("nonsense"), (None, None));
}

#[test]
fn an_event_gives_its_texts_and_its_error() {
    let raw = r#"{"type":"agent_failed","text":"one \"two\"","final_response":"Yes\n","reason":"because",
        "error":{"code":"model","message":"none"},"summary":7}"#;
    let seen = Seen::received(raw, None);
    let event = seen.event().unwrap();
    let texts = [Field::Text, Field::FinalResponse, Field::Reason, Field::Summary, Field::Status];
    let told = texts.map(|field| event.text(field).map(String::from));
    assert_eq!(
        told,
        [Some("one \"two\""), Some("Yes\n"), Some("because"), None, None].map(|told| told.map(str::to_owned))
    );
    let plain = Seen::received(r#"{"type":"response_delta","text":"plain"}"#, None);
    assert_eq!(plain.event().unwrap().text(Field::Text).as_deref(), Some("plain"));
    assert_eq!(event.error(Field::Code).as_deref(), Some("model"));
    assert_eq!((event.error(Field::Message).as_deref(), event.error(Field::Reason)), (Some("none"), None));
    assert!(Seen::received(r#"{"type":"pong"}"#, None).event().is_none());
}
