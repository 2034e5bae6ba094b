//! Machine text in place of an answer: JSON, HTML, frames of a stack; how much of it is too much.

use super::desk::Desk;

fn gates(answer: &str) -> String {
    Desk::bare().gates(answer)
}

fn is_dump(answer: &str) -> bool {
    Desk::bare().stopped(answer).split(", ").any(|gate| gate == "dump")
}

/// A text of so many characters, with no sign of a machine in it.
fn prose(length: usize) -> String {
    "so it is ".repeat(40).chars().take(length - 1).collect::<String>() + "x"
}

/// An object of so many characters.
fn object(length: usize) -> String {
    format!("{{\"a\":\"{}\"}}", "b".repeat(length - 8))
}

#[test]
fn json_that_fills_three_fifths_is_a_dump() {
    assert!(is_dump(&format!("{}{}", prose(40), object(60))));
    assert!(!is_dump(&format!("{}{}", prose(41), object(60))));
    assert!(is_dump(&format!("  {}{}  \n", prose(40), object(60))));
    // All values count together, shown from the first.
    let two = format!("{}{}{}{}", prose(20), object(30), prose(20), object(30));
    assert_eq!(gates(&two), format!("dump: `{}`", &two[20..]));
    let less = format!("{}{}{}{}", prose(20), object(30), prose(21), object(30));
    assert!(!is_dump(&less));
    // Lists are JSON, too; empty values and what is no value are not.
    let list = format!("[{}]", "1,".repeat(28) + "23");
    assert_eq!(list.len(), 60);
    assert!(is_dump(&format!("{}{list}", prose(40))));
    assert!(!is_dump(&format!("{}{}", prose(40), "{}".repeat(40))));
    assert!(is_dump(&format!("{}{}", prose(40), "[1]".repeat(20))));
    assert!(!is_dump(&format!("{}{}", prose(40), "{a: 1}".repeat(10))));
}

#[test]
fn after_thirty_two_brackets_nobody_looks_for_json() {
    let text = |misses: usize| format!("{}{}", "{x ".repeat(misses), object(300));
    assert!(is_dump(&text(31)) && !is_dump(&text(32)));
    let empty = |misses: usize| format!("{}{}", "{} ".repeat(misses), object(300));
    assert!(is_dump(&empty(31)) && !is_dump(&empty(32)));
}

#[test]
fn an_object_that_was_cut_is_a_dump() {
    // One quote in twelve characters of what stands inside: three of thirty-six.
    let cut = |length: usize| format!("{{\"k\":\"{}", "x".repeat(length - 5));
    assert!(is_dump(&cut(36)) && !is_dump(&cut(37)));
    for before in ["[", "[ ", "```json", "```json\n", "```", "``` [\n", " \n"] {
        assert!(is_dump(&format!("{before}{}", cut(36))), "{before}");
    }
    assert_eq!(
        gates(&format!("```json\n{}", cut(36))),
        format!("too short: ````json {0}`; dump: `{0}`", cut(36))
    );
    for other in ["(", "x ", "[[", "{"] {
        assert!(!is_dump(&format!("{other}{}", cut(36))), "{other}");
    }
    assert!(!is_dump("{\"k\" is what it is called \"here\" and \"there\""));
    assert!(!is_dump("{k\":\"xxxxxx\"x\"xxxxxx"));
}

#[test]
fn pages_are_dumps() {
    assert!(is_dump("<!DOCTYPE html> and so on"));
    assert!(is_dump("<!doctype html> and so on"));
    assert!(is_dump("<HTML lang=\"en\"> and so on"));
    assert!(!is_dump("<!doctyp html> and so on") && !is_dump("<htm> and so on") && !is_dump("x <html>"));
    // Three closing tags, and three tenths in brackets.
    let tags = "<bbb></b><bbb></b><bbb></b>";
    assert_eq!(tags.len(), 27);
    assert!(is_dump(&format!("{tags}{}", prose(63))));
    assert!(!is_dump(&format!("{tags}{}", prose(64))));
    assert!(!is_dump(&format!("<bbb></b><bbb></b><bbb><bb>{}", prose(43))));
    assert!(is_dump(&format!("{}{}{}", prose(30), tags, prose(33))));
    assert!(!is_dump(&format!("{}{}{}", prose(30), tags, prose(34))));
    assert!(is_dump(&format!("{}{}<", prose(30), tags)));
    assert!(is_dump(&format!("<>{tags}{}", prose(60))));
    let page = format!("{}{}{}", prose(10), tags, prose(40));
    assert_eq!(gates(&page), format!("dump: `{page}`"));
}

#[test]
fn two_frames_of_a_stack_are_a_dump() {
    let frames = [
        "at com.acme.Main.main(Main.java:3)",
        "File \"/app/costs.py\", line 12, in run",
        "main.rank+0x1 /srv/app/ranker.go:88 +0x1d2",
        "at src/ranker.rs:88",
        "from main.rb:4:in `main'",
    ];
    for frame in frames {
        assert!(!is_dump(&format!("{}\n{frame}", prose(60))), "{frame}");
        let two = format!("{}\n  {frame}\nand\n{frame}", prose(60));
        assert_eq!(gates(&two), format!("dump: `{frame}`"), "{frame}");
    }
    for no_frame in [
        "com.acme.Main.main(Main.java:3)",
        "at com.acme.Main.main Main.java:3)",
        "at com.acme.Main.main(Main.java 3)",
        "at com.acme.Main.main(Main.java:3) once",
        "file \"/app/costs.py\", line 12, in run",
        "File \"/app/costs.py\", at 12, in run",
        "main.rank /srv/app/ranker.go:88 0x1d2",
        "main.rank+0x1 /srv/app/ranker.py:88 +0x1d2",
        "main.rank+0x1 /srv/app/ranker.go:88 + 0x1d2",
        "main.rank 0x1 /srv/app/ranker.go 88 +0x1d2",
        "src/ranker.rs:88",
        "at src/ranker.rs 88",
        "main.rb:4:in `main'",
        "from main.py:4:in `main'",
        "from main.rb:4 in `main'",
    ] {
        assert!(!is_dump(&format!("{}\n{no_frame}\n{no_frame}", prose(60))), "{no_frame}");
    }
}

#[test]
fn the_head_of_a_trace_is_enough() {
    for head in [
        "Traceback (most recent call last):",
        "thread 'main' panicked at src/main.rs:3:5:",
        "goroutine 17 [running]:",
        "Exception in thread \"main\" java.lang.NullPointerException",
    ] {
        assert_eq!(gates(&format!("{}\n{head}\nand more", prose(60))), format!("dump: `{head}`"));
        assert!(!is_dump(&format!("{} {head}\nand more", prose(60))), "{head}");
    }
    for no_head in [
        "Traceback (most recent):",
        "thread 'main' went on",
        "a thread panicked at noon",
        "goroutine 17 [runnable]:",
        "goroutines [running]:",
        "Exception in threads",
    ] {
        assert!(!is_dump(&format!("{}\n{no_head}\nand more", prose(60))), "{no_head}");
    }
}
